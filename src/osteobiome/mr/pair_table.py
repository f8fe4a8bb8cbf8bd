"""A table of one harmonised pair as a user has it: names of columns, rows left out, columns that were not used."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, InputFileError, SchemaError, nearest
from osteobiome.core.rows import RowLedger, RowReport
from osteobiome.core.text import reason
from osteobiome.instruments import Instruments
from osteobiome.ld import check_correlation
from osteobiome.sumstats.identity import chromosome
from osteobiome.sumstats.numbers import blank, number
from osteobiome.sumstats.qc import drop_duplicates, pair_checks, split
from osteobiome.sumstats.qc.rows import author_excluded, is_true
from osteobiome.sumstats.reading import LINE, read_text, read_text_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

NUMBERS = ("beta_exposure", "se_exposure", "beta_outcome", "se_outcome")
PLACES = ("chromosome", "position")
FACTS = ("eaf_exposure", "eaf_outcome", "n_exposure", "n_outcome", *PLACES)
ROW = "__row__"
NAMES: dict[str, tuple[str, ...]] = {
    "rsid": ("SNP",),
    "effect_allele": ("effect_allele.exposure",),
    **{f"{stem}_{side}": (f"{stem}.{side}",) for stem in ("beta", "se", "eaf") for side in ("exposure", "outcome")},
    "n_exposure": ("samplesize.exposure",),
    "n_outcome": ("samplesize.outcome",),
    "chromosome": ("chr.exposure", "chr"),
    "position": ("pos.exposure", "pos"),
}
"""Our columns and what TwoSampleMR calls them in a harmonised table."""
OTHER_ALLELE = "effect_allele.outcome"
"""In a harmonised table the same as the effect allele."""
PAIR_NAMES = (("id.exposure", "exposure"), ("id.outcome", "outcome"))
"""Columns that name the traits; a table of one pair holds one of each."""


@dataclass(frozen=True, slots=True)
class PairTable:
    """A pair and how it came about.

    Parameters
    ----------
    pair : Instruments
        The kept variants.
    rows : RowReport
        Rows in, kept, dropped by reason.
    unused : tuple of str
        Columns of the table that were not used.
    """

    pair: Instruments
    rows: RowReport
    unused: tuple[str, ...]


def read_pair(
    path: Path,
    *,
    ld: Path | None = None,
    max_bad_rows: float = 0.05,
    n_exposure: float | None = None,
    n_outcome: float | None = None,
) -> PairTable:
    """Read a table of one harmonised pair.

    Parameters
    ----------
    path : pathlib.Path
        CSV or TSV with ``beta_exposure``, ``se_exposure``, ``beta_outcome``, ``se_outcome``; optional ``rsid``,
        ``effect_allele``, ``eaf``, ``n_exposure``, ``n_outcome``, ``chromosome``, ``position``, ``mr_keep``. Names of
        TwoSampleMR (``beta.exposure``) are known, too.
    ld : pathlib.Path, optional
        Square table of signed r, one row per row of the table, no header; counted in the effect alleles.
    max_bad_rows : float
        Share of rows that one fault may take.
    n_exposure, n_outcome : float, optional
        People of each study, where the table does not say.

    Raises
    ------
    InputFileError, SchemaError
        The table or the matrix is unusable, or a sample size stands in the table as well.
    """
    raw = read_text_table(path).with_row_index(ROW)
    renamed, unused = _renamed(raw, str(path))
    _check_one_pair(renamed, str(path))
    ledger = RowLedger(str(path), "table", renamed.height)
    kept = _without_bad(renamed, ledger)
    _note_places(kept, ledger)
    rows = ledger.close(kept.height)
    faults = rows.excess(max_bad_rows=max_bad_rows)
    if faults:
        hint = "Look at these lines; --max-bad-rows allows more"
        raise InputFileError(*(replace(fault, hint=f"{hint}. In words: {reason(fault.code)}") for fault in faults))
    pair = _pair(kept, None if ld is None else _read_square(ld, raw.height))
    people = {name: n for name, n in (("n_exposure", n_exposure), ("n_outcome", n_outcome)) if n is not None}
    return PairTable(_with_people(pair, people), rows, unused)


def _renamed(raw: pl.DataFrame, where: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the table with our names, and the columns that nothing reads."""
    header = [name for name in raw.columns if name not in {LINE, ROW}]
    theirs = {ours: [name for name in (ours, *others) if name in header] for ours, others in NAMES.items()}
    found = {ours: names[0] for ours, names in theirs.items() if names}
    faults = [
        Fault("column_given_twice", where, f"columns {names[0]!r} and {names[1]!r}", "one of them", "Remove the other")
        for ours, names in theirs.items()
        if len(names) > 1 and ours not in PLACES
    ]
    wanted = "columns " + ", ".join(NUMBERS) + "; or TwoSampleMR's beta.exposure, se.exposure, ..."
    faults += [
        Fault(f"no_{name}_column", where, f"no column '{name}'", wanted, nearest(name, header))
        for name in NUMBERS
        if name not in found
    ]
    if faults:
        raise SchemaError(*faults)
    frame = raw.rename({name: ours for ours, name in found.items()})
    for side in ("eaf_exposure", "eaf_outcome"):
        if "eaf" in header and side not in found:
            frame = frame.with_columns(pl.col("eaf").alias(side))
    read = {*found.values(), "mr_keep", OTHER_ALLELE, *(name for pair in PAIR_NAMES for name in pair)}
    if "eaf" in header and not {"eaf_exposure", "eaf_outcome"} <= set(found):
        read.add("eaf")
    return frame, tuple(name for name in header if name not in read)


def _check_one_pair(frame: pl.DataFrame, where: str) -> None:
    """Raise if the table holds several exposures or outcomes: their estimates would be one mixture."""
    faults = []
    for names in PAIR_NAMES:
        name = next((name for name in names if name in frame.columns), None)
        values = [] if name is None else frame[name].drop_nulls().unique(maintain_order=True).to_list()
        if len(values) > 1:
            shown = ", ".join(repr(value) for value in values[:3]) + (", ..." if len(values) > 3 else "")
            found = f"{len(values)} different values in column {name!r} ({shown})"
            faults.append(Fault("several_pairs", where, found, "one exposure and one outcome", "Split the table"))
    if faults:
        raise SchemaError(*faults)


def _without_bad(frame: pl.DataFrame, ledger: RowLedger) -> pl.DataFrame:
    """Return the rows that can be used; the ledger takes the others."""
    if "mr_keep" in frame.columns:
        left_out = author_excluded("mr_keep")
        unreadable = blank("mr_keep").is_null() | ~(left_out | is_true("mr_keep"))
        frame = split(frame, [("mr_keep_false", left_out, "mr_keep")], ledger, kind="policy")
        frame = split(frame, [("unreadable_mr_keep", unreadable, "mr_keep")], ledger)
    checks = pair_checks(frozenset(frame.columns))
    if {"effect_allele", OTHER_ALLELE} <= set(frame.columns):
        ours, theirs = (blank(name).str.to_uppercase() for name in ("effect_allele", OTHER_ALLELE))
        checks.append(("effect_alleles_differ", ours != theirs, OTHER_ALLELE))
    kept = split(frame, checks, ledger)
    if "rsid" not in kept.columns:
        return kept
    typed = kept.with_columns(*(number(name).alias(f"__{name}__") for name in NUMBERS), line=pl.col(LINE))
    return drop_duplicates(typed, ledger, key="rsid", values=tuple(f"__{name}__" for name in NUMBERS))


def _values(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Return a fact of the variants as a number; null where it cannot be read."""
    return chromosome(name).cast(pl.Float64) if name == "chromosome" else number(name).cast(pl.Float64)


def _note_places(frame: pl.DataFrame, ledger: RowLedger) -> None:
    """Count the variants whose place cannot be read; they stay, as most methods do without."""
    names = [name for name in PLACES if name in frame.columns]
    if names:
        odd = pl.any_horizontal(blank(name).is_not_null() & _values(frame, name).is_null() for name in names)
        ledger.note("unusable_position", int(frame.select(odd.sum()).item()))


def _pair(kept: pl.DataFrame, matrix: NDArray[np.float64] | None) -> Instruments:
    """Return the kept rows as a pair."""
    text = {
        name: tuple(kept.select(blank(name).fill_null("")).to_series().to_list()) if name in kept.columns else ()
        for name in ("rsid", "effect_allele")
    }
    bx, sx, by, sy = (
        np.asarray(kept.select(number(name)).to_series().to_numpy(), dtype=np.float64) for name in NUMBERS
    )
    ld_r = None
    if matrix is not None:
        lines = kept[ROW].to_numpy()
        ld_r = matrix[np.ix_(lines, lines)]
    pair = Instruments(bx, sx, by, sy, rsid=text["rsid"], effect_allele=text["effect_allele"], ld_r=ld_r)
    facts = kept.select(_values(kept, name).alias(name) for name in FACTS if name in kept.columns)
    return _with_facts(pair, {name: facts[name].fill_null(np.nan).to_numpy() for name in facts.columns})


def _with_facts(pair: Instruments, facts: Mapping[str, NDArray[np.float64]]) -> Instruments:
    """Return the pair with facts of its variants."""
    return replace(
        pair,
        eaf_exposure=facts.get("eaf_exposure", pair.eaf_exposure),
        eaf_outcome=facts.get("eaf_outcome", pair.eaf_outcome),
        n_exposure=facts.get("n_exposure", pair.n_exposure),
        n_outcome=facts.get("n_outcome", pair.n_outcome),
        chromosome=facts.get("chromosome", pair.chromosome),
        position=facts.get("position", pair.position),
    )


def _with_people(pair: Instruments, people: dict[str, float]) -> Instruments:
    """Return the pair with sample sizes where the table has none."""
    filled: dict[str, NDArray[np.float64]] = {}
    for name, n in people.items():
        where = f"--{name.replace('_', '-')}"
        if not 0.0 < n < np.inf:
            raise SchemaError(Fault("bad_option", where, f"value {n:g}", "a number of people above 0"))
        own: NDArray[np.float64] | None = getattr(pair, name)
        if own is not None and own.size and not np.isnan(own).any():
            found = "the table has the sample size of every variant"
            raise SchemaError(Fault("n_given_twice", where, found, "one of the two", "Remove the option or the column"))
        values = np.full(pair.n_variants, np.nan) if own is None else own
        filled[name] = np.where(np.isnan(values), float(n), values)
    return _with_facts(pair, filled)


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
        wanted = f"({size}, {size}): one row and column per row of the table"
        raise SchemaError(Fault("ld_shape", str(path), f"shape {matrix.shape}", wanted))
    check_correlation(matrix, where=str(path))
    return matrix
