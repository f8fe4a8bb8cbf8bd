"""From one table of a harmonised pair to estimates: what `osteobiome mr estimate` does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, InputFileError, SchemaError, nearest
from osteobiome.core.estimate import Estimate, Test
from osteobiome.core.rows import RowLedger, RowReport
from osteobiome.instruments import Instruments, f_statistic
from osteobiome.ld import check_correlation
from osteobiome.mr.batch import grid
from osteobiome.mr.checks import TableRows, TraitFacts, influence, leave_one_out, power, steiger
from osteobiome.mr.estimators.wald_ratio import wald_ratios
from osteobiome.mr.profiles import PROFILES, Profile, run_profile
from osteobiome.mr.registry import ESTIMATORS
from osteobiome.mr.sensitivity import CORRELATED, LINKED, Sensitivity, largest_r, sensitivity
from osteobiome.sumstats.numbers import blank, number
from osteobiome.sumstats.qc import drop_duplicates, pair_checks, split
from osteobiome.sumstats.reading import LINE, read_text, read_text_table

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

NUMBERS = ("beta_exposure", "se_exposure", "beta_outcome", "se_outcome")
FACTS = ("eaf", "n_exposure", "n_outcome", "chromosome", "position")
INFLUENCE = ("leverage", "q_contribution", "studentised_residual", "cooks_distance", "is_outlier")
_COMMA = re.compile(r",(?![^(]*\))")
NAMES_OF_PAIR = ("family", "exposure", "outcome")


@dataclass(frozen=True, slots=True)
class TableResult:
    """Estimates from one table.

    Parameters
    ----------
    rows : RowReport
        Rows in, kept, dropped by reason.
    estimates : tuple of Estimate
        One per method; with a profile, named as in its package.
    uncorrelated : tuple of str
        Methods that count variants as independent.
    pair : Instruments
        The kept variants.
    influence, leave_one_out : TableRows
        How much each variant moves the IVW estimate, and the estimate without it; with the LD matrix if there is one.
    checks : tuple of (str, Test)
        Direction and power, with the name of the check.
    sensitivity : Sensitivity or str
        Further checks, or why there are none; empty if they were not asked for.
    differences : dict of str
        With a profile: calls whose numbers are not those of the package, and why.
    """

    rows: RowReport
    estimates: tuple[Estimate, ...]
    uncorrelated: tuple[str, ...]
    pair: Instruments
    influence: TableRows
    leave_one_out: TableRows
    checks: tuple[tuple[str, Test], ...] = ()
    sensitivity: Sensitivity | str = ""
    differences: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """Return everything as plain data for JSON."""
        tests = [(e.method, test) for e in self.estimates for test in e.diagnostics]
        diagnostics = [{"method": method, **test.as_dict()} for method, test in (*tests, *self.checks)]
        beyond = {"message": self.sensitivity} if isinstance(self.sensitivity, str) else self.sensitivity.as_dict()
        return {
            "n_in": self.rows.n_in,
            "n_kept": self.rows.n_kept,
            "n_dropped": self.rows.by_reason(),
            "estimates": [e.as_dict() for e in self.estimates],
            "diagnostics": diagnostics,
            "variants": self._variants(),
            "leave_one_out": [_without(row, NAMES_OF_PAIR) for row in self.leave_one_out.rows()],
            **({"sensitivity": beyond} if self.sensitivity else {}),
            **({"differences": self.differences} if self.differences else {}),
        }

    def _variants(self) -> list[dict[str, object]]:
        pair = self.pair
        ratio, se = wald_ratios(pair.beta_exposure, pair.se_exposure, pair.beta_outcome, pair.se_outcome)
        names = pair.rsid or tuple(f"row {i + 1}" for i in range(pair.n_variants))
        strength = f_statistic(pair.beta_exposure, pair.se_exposure)
        moved = self.influence.rows() or [{}] * pair.n_variants
        return [
            {
                "rsid": name,
                "f_statistic": float(f),
                "wald_ratio": None if np.isnan(r) else float(r),
                "wald_ratio_se": None if np.isnan(s) else float(s),
                **{key: row.get(key) for key in INFLUENCE},
            }
            for name, f, r, s, row in zip(names, strength, ratio, se, moved, strict=True)
        ]


def resolve_methods(text: str, *, n_variants: int, has_ld: bool, has_positions: bool = False) -> tuple[str, ...]:
    """Return method names from ``all`` or a list with commas.

    ``all`` means every method that the data can feed: those that need an LD matrix or positions only if there are
    some, the Wald ratio only for one variant. A method with a limit is kept beyond it, and its status then says so.

    Parameters
    ----------
    text : str
        As typed by the user.
    n_variants : int
        Variants at hand.
    has_ld, has_positions : bool
        Whether an LD matrix, and chromosome and position, were given.

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
            if (has_ld or not entry.needs_ld)
            and (has_positions or not entry.needs_positions)
            and (entry.max_variants != 1 or n_variants <= 1)
        )
    names = _split(text)
    for name in names:
        ESTIMATORS[name]  # raises with the nearest match
    return names


def _split(text: str) -> tuple[str, ...]:
    """Return what stands between commas outside of brackets, each once."""
    names = tuple(dict.fromkeys(part.strip() for part in _COMMA.split(text) if part.strip()))
    if not names:
        raise SchemaError(Fault("no_method", "--methods", "no name", "all, or names separated by commas"))
    return names


def estimate_table(
    path: Path,
    *,
    methods: str = "all",
    ld: Path | None = None,
    max_bad_rows: float = 0.05,
    seed: int = 1,
    quantitative: bool = False,
    profile: Profile | None = None,
    with_sensitivity: bool = False,
) -> TableResult:
    """Estimate from a table of one harmonised pair.

    Parameters
    ----------
    path : pathlib.Path
        CSV or TSV with ``beta_exposure``, ``se_exposure``, ``beta_outcome``, ``se_outcome``; optional ``rsid``,
        ``effect_allele``, ``eaf``, ``n_exposure``, ``n_outcome``, ``chromosome``, ``position``.
    methods : str
        ``all`` or names separated by commas; of a profile, calls such as ``mr_ivw``.
    ld : pathlib.Path, optional
        Square table of signed r, one row per row of the table, no header; counted in the effect alleles.
    max_bad_rows : float
        Share of rows that one fault may take.
    seed : int
        Seed of the methods that draw random numbers.
    quantitative : bool
        Both traits are quantitative: the direction is tested, too. (Of log odds the scale is not known from a table.)
    profile : {"twosamplemr", "mendelianrandomization"}, optional
        Estimate with the conventions of this R package (:mod:`osteobiome.mr.profiles`).
    with_sensitivity : bool
        Whether further checks are worked out (:mod:`osteobiome.mr.sensitivity`).

    Returns
    -------
    TableResult
        Estimates with status, row report, variants, checks.

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
    estimates, uncorrelated = _estimates(pair, methods, profile, seed)
    facts = TraitFacts(), TraitFacts()
    checks = [("power", test) for test in power(pair, *facts) if test.name == "minimum_detectable_effect"]
    if quantitative:
        checks += [("steiger", test) for test in steiger(pair, *facts)]
    return TableResult(
        rows,
        estimates,
        uncorrelated,
        pair,
        influence(pair),
        leave_one_out(pair, method="ivw" if matrix is None else "ivw_ld"),
        tuple(checks),
        (LINKED if largest_r(pair) > CORRELATED else sensitivity(pair, seed=seed)) if with_sensitivity else "",
        _differences(estimates, profile),
    )


def _differences(estimates: tuple[Estimate, ...], profile: Profile | None) -> dict[str, str]:
    """Return where estimates differ from those of the package on purpose."""
    if profile is None:
        return {}
    shown = {estimate.method for estimate in estimates if estimate.beta is not None}
    return {entry.call: entry.differs for entry in PROFILES[profile] if entry.call in shown and entry.differs}


def _estimates(
    pair: Instruments, methods: str, profile: Profile | None, seed: int
) -> tuple[tuple[Estimate, ...], tuple[str, ...]]:
    """Return the estimates, and which of them count variants as independent."""
    if profile is None:
        has_positions = pair.chromosome is not None and pair.position is not None
        names = resolve_methods(
            methods, n_variants=pair.n_variants, has_ld=pair.ld_r is not None, has_positions=has_positions
        )
        ours = {name: name for name in names}
        estimates = grid([pair], names, seed=seed)[0]
    else:
        ours = {entry.call: entry.method for entry in PROFILES[profile]} if profile in PROFILES else {}
        calls = None if methods.strip() == "all" else _split(methods)
        estimates = run_profile(pair, profile, methods=calls, seed=seed)
    uncorrelated = tuple(e.method for e in estimates if not ESTIMATORS[ours[e.method]].needs_ld)
    return tuple(estimates), uncorrelated


def _without(row: dict[str, object], names: tuple[str, ...]) -> dict[str, object]:
    return {key: value for key, value in row.items() if key not in names}


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
    pair = Instruments(bx, sx, by, sy, rsid=text["rsid"], effect_allele=text["effect_allele"], ld_r=ld_r)
    facts = kept.select(number(name).cast(pl.Float64).alias(name) for name in FACTS if name in kept.columns)
    values = {name: facts[name].fill_null(np.nan).to_numpy() for name in facts.columns}
    return replace(
        pair,
        eaf_exposure=values.get("eaf"),
        eaf_outcome=values.get("eaf"),
        n_exposure=values.get("n_exposure"),
        n_outcome=values.get("n_outcome"),
        chromosome=values.get("chromosome"),
        position=values.get("position"),
    )


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
