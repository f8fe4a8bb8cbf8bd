"""From one table of a harmonised pair to estimates: what `osteobiome mr estimate` does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, InputFileError, SchemaError, nearest
from osteobiome.core.estimate import Estimate
from osteobiome.core.rows import RowLedger, RowReport
from osteobiome.core.text import decimals_for, fixed, interval, p_value, reason, significant
from osteobiome.instruments import Instruments, f_statistic
from osteobiome.ld import check_correlation
from osteobiome.mr.batch import grid
from osteobiome.mr.estimators.wald_ratio import wald_ratios
from osteobiome.mr.registry import ESTIMATORS
from osteobiome.sumstats.numbers import blank, number
from osteobiome.sumstats.qc import drop_duplicates, pair_checks, split
from osteobiome.sumstats.reading import LINE, read_text, read_text_table

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

NUMBERS = ("beta_exposure", "se_exposure", "beta_outcome", "se_outcome")


@dataclass(frozen=True, slots=True)
class TableResult:
    """Estimates from one table.

    Parameters
    ----------
    rows : RowReport
        Rows in, kept, dropped by reason.
    estimates : tuple of Estimate
        One per method.
    pair : Instruments
        The kept variants.
    """

    rows: RowReport
    estimates: tuple[Estimate, ...]
    pair: Instruments

    def as_dict(self) -> dict[str, object]:
        """Return everything as plain data for JSON."""
        diagnostics = [{"method": e.method, **test.as_dict()} for e in self.estimates for test in e.diagnostics]
        return {
            "n_in": self.rows.n_in,
            "n_kept": self.rows.n_kept,
            "n_dropped": self.rows.by_reason(),
            "estimates": [e.as_dict() for e in self.estimates],
            "diagnostics": diagnostics,
            "variants": self._variants(),
        }

    def _variants(self) -> list[dict[str, object]]:
        pair = self.pair
        ratio, se = wald_ratios(pair.beta_exposure, pair.se_exposure, pair.beta_outcome, pair.se_outcome)
        names = pair.rsid or tuple(f"row {i + 1}" for i in range(pair.n_variants))
        strength = f_statistic(pair.beta_exposure, pair.se_exposure)
        return [
            {
                "rsid": name,
                "f_statistic": float(f),
                "wald_ratio": None if np.isnan(r) else float(r),
                "wald_ratio_se": None if np.isnan(s) else float(s),
            }
            for name, f, r, s in zip(names, strength, ratio, se, strict=True)
        ]

    def dropped_lines(self) -> list[str]:
        """Return one line per reason for dropped rows."""
        return [
            f"{drop.count} dropped: {reason(drop.reason)} (line {', '.join(map(str, drop.lines[:5]))})"
            for drop in self.rows.dropped
        ]

    def estimate_table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Return header and rows of the estimates for a terminal."""
        rows: list[tuple[str, ...]] = []
        for e in self.estimates:
            if e.beta is None or e.se is None:
                rows.append((e.method, "–", "–", "–", "–", str(e.status)))
                continue
            decimals = decimals_for(e.se, digits=4)
            cells = (fixed(e.beta, decimals), fixed(e.se, decimals), interval(e.ci_low, e.ci_high, decimals))
            rows.append((e.method, *cells, p_value(e.neg_log_10_p_value), str(e.status)))
        return ("method", "estimate", "se", "95 % interval", "p", "status"), rows

    def diagnostic_table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Return header and rows of the diagnostics for a terminal, each quantity once."""
        rows: dict[tuple[str, str], tuple[str, ...]] = {}
        for e in self.estimates:
            for test in e.diagnostics:
                value = test.statistic if test.estimate is None else test.estimate
                df = "" if test.df is None else f"{test.df:.0f}"
                p = "" if test.neg_log_10_p_value is None else p_value(test.neg_log_10_p_value)
                rows.setdefault((test.name, significant(value, 4)), (test.name, e.method, significant(value, 4), df, p))
        return ("test or quantity", "of", "value", "df", "p"), list(rows.values())

    def remarks(self) -> list[str]:
        """Return what the statuses and stand-ins have to say."""
        return [f"{e.method}: {e.message}" for e in self.estimates if e.message]


def resolve_methods(text: str, *, n_variants: int, has_ld: bool) -> tuple[str, ...]:
    """Return method names from ``all`` or a list with commas.

    ``all`` means every method that the data can feed: those that need an LD matrix only if there is one, the Wald
    ratio only for one variant.

    Parameters
    ----------
    text : str
        As typed by the user.
    n_variants : int
        Variants at hand.
    has_ld : bool
        Whether an LD matrix was given.

    Raises
    ------
    UnknownNameError
        A name is not registered.
    SchemaError
        The list is empty.
    """
    if text.strip() == "all":
        entries = sorted(ESTIMATORS.items(), key=lambda item: (item[1].min_variants, item[0]))
        return tuple(
            name
            for name, entry in entries
            if (has_ld or not entry.needs_ld) and (not entry.max_variants or n_variants <= entry.max_variants)
        )
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not names:
        raise SchemaError(Fault("no_method", "--methods", "no name", "all, or names separated by commas"))
    for name in names:
        ESTIMATORS[name]  # raises with the nearest match
    return names


def estimate_table(
    path: Path, *, methods: str = "all", ld: Path | None = None, max_bad_rows: float = 0.05
) -> TableResult:
    """Estimate from a table of one harmonised pair.

    Parameters
    ----------
    path : pathlib.Path
        CSV or TSV with ``beta_exposure``, ``se_exposure``, ``beta_outcome``, ``se_outcome``; optional ``rsid``,
        ``effect_allele``, ``eaf``, ``n_exposure``, ``n_outcome``.
    methods : str
        ``all`` or names separated by commas.
    ld : pathlib.Path, optional
        Square table of signed r, one row per row of the table, no header; counted in the effect alleles.
    max_bad_rows : float
        Share of rows that one fault may take.

    Returns
    -------
    TableResult
        Estimates with status, row report, variants.

    Raises
    ------
    InputFileError, SchemaError, UnknownNameError
        The table, the matrix or a method name is unusable.
    """
    raw = read_text_table(path).with_row_index("__row__")
    missing = [name for name in NUMBERS if name not in raw.columns]
    if missing:
        header = [name for name in raw.columns if name not in {LINE, "__row__"}]
        raise SchemaError(
            *(
                Fault(
                    f"no_{name}_column",
                    str(path),
                    f"no column '{name}'",
                    "columns " + ", ".join(NUMBERS),
                    nearest(name, header),
                )
                for name in missing
            )
        )
    ledger = RowLedger(str(path), "table", raw.height)
    kept = split(raw, pair_checks(frozenset(raw.columns)), ledger)
    if "rsid" in raw.columns:
        typed = kept.with_columns(*(number(name).alias(f"__{name}__") for name in NUMBERS), line=pl.col(LINE))
        kept = drop_duplicates(typed, ledger, key="rsid", values=tuple(f"__{name}__" for name in NUMBERS))
    rows = ledger.close(kept.height)
    faults = rows.excess(max_bad_rows=max_bad_rows)
    if faults:
        raise InputFileError(*(_with_option(fault) for fault in faults))
    matrix = None if ld is None else _read_square(ld, raw.height)
    pair = _pair(kept, matrix)
    names = resolve_methods(methods, n_variants=pair.n_variants, has_ld=matrix is not None)
    return TableResult(rows, tuple(grid([pair], names)[0]), pair)


def _with_option(fault: Fault) -> Fault:
    """Name the option of the command instead of the key of a study file."""
    return Fault(
        fault.code, fault.where, fault.found, fault.expected, "Look at these lines; --max-bad-rows allows more"
    )


def _pair(kept: pl.DataFrame, matrix: NDArray[np.float64] | None) -> Instruments:
    text = {
        name: tuple(kept.select(blank(name).fill_null("")).to_series().to_list()) if name in kept.columns else ()
        for name in ("rsid", "effect_allele")
    }
    bx, sx, by, sy = (
        np.asarray(kept.select(number(name)).to_series().to_numpy(), dtype=np.float64) for name in NUMBERS
    )
    ld_r = None
    if matrix is not None:
        lines = kept["__row__"].to_numpy()
        ld_r = matrix[np.ix_(lines, lines)]
    return Instruments(bx, sx, by, sy, rsid=text["rsid"], effect_allele=text["effect_allele"], ld_r=ld_r)


def _read_square(path: Path, size: int) -> NDArray[np.float64]:
    """Read a square table of numbers without header."""
    text = read_text(path)
    lines = [line.replace("\t", ",").split(",") for line in text.splitlines() if line.strip()]
    if len({len(cells) for cells in lines}) > 1:
        raise InputFileError(Fault("ld_ragged", str(path), "rows of different length", "a square table"))
    try:
        matrix = np.array([[float(cell) for cell in cells] for cells in lines], dtype=np.float64)
    except ValueError as error:
        raise InputFileError(
            Fault("ld_bad_value", str(path), f"a cell that is no number ({error})", "numbers only, no header")
        ) from None
    if matrix.shape != (size, size):
        raise SchemaError(
            Fault(
                "ld_shape",
                str(path),
                f"shape {matrix.shape}",
                f"({size}, {size}): one row and column per row of the table",
            )
        )
    check_correlation(matrix, where=str(path))
    return matrix
