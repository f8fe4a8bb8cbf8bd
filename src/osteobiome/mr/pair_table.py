"""A table of one harmonised pair as a user has it: names of columns, rows left out, columns that were not used."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, InputFileError, SchemaError
from osteobiome.core.rows import RowLedger, RowReport
from osteobiome.core.text import reason
from osteobiome.instruments import Instruments
from osteobiome.mr.pair_columns import NUMBERS, OTHER_ALLELE, PAIR_NAMES, PLACES, ROW, renamed
from osteobiome.mr.pair_matrix import read_matrix
from osteobiome.sumstats.identity import chromosome
from osteobiome.sumstats.numbers import blank, number
from osteobiome.sumstats.qc import drop_duplicates, pair_checks, split
from osteobiome.sumstats.qc.rows import author_excluded, is_true
from osteobiome.sumstats.reading import LINE, read_text_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from osteobiome.core.rows import DroppedRows

FACTS = ("eaf_exposure", "eaf_outcome", "n_exposure", "n_outcome", *PLACES)
OF_A_TABLE = {
    "empty_file": "Write a header and one row per variant into the file",
    "no_rows": "Write one row per variant below the header",
}
"""What to do about files that a user wrote, where the readers of published files say to download them again."""
WRITTEN = {
    "decimal_comma": "Write decimal points, or save the table from the spreadsheet with English number format",
    "unicode_minus": "Write the minus sign as a hyphen: search for \u2212 and replace it by -",
}
MOST = 0.5
"""Share of rows above which a fault is one of the whole column."""


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
        TwoSampleMR (``beta.exposure``) and MendelianRandomization (``bx``) are known, too, in any case of letters.
    ld : pathlib.Path, optional
        Square table of signed r, one row per row of the table, counted in the effect alleles; names of variants in a
        first row or column are compared with ``rsid``.
    max_bad_rows : float
        Share of rows that one fault may take.
    n_exposure, n_outcome : float, optional
        People of each study, where the table does not say.

    Raises
    ------
    InputFileError, SchemaError
        The table or the matrix is unusable, or a sample size stands in the table as well.
    """
    frame, unused = renamed(_read(path), str(path))
    _check_one_pair(frame, str(path))
    ledger = RowLedger(str(path), "table", frame.height)
    kept = _without_bad(frame, ledger)
    _note_places(kept, ledger)
    rows = ledger.close(kept.height)
    faults = rows.excess(max_bad_rows=max_bad_rows)
    if faults:
        drops = {drop.reason: drop for drop in rows.dropped}
        raise InputFileError(*(_in_words(fault, drops[fault.code], rows.n_in) for fault in faults))
    pair = _pair(kept, None if ld is None else _matrix(ld, frame))
    people = {name: n for name, n in (("n_exposure", n_exposure), ("n_outcome", n_outcome)) if n is not None}
    return PairTable(_with_people(pair, people), rows, unused)


def _read(path: Path) -> pl.DataFrame:
    """Return the table as text; what is wrong with it is said as to somebody who wrote it."""
    try:
        return read_text_table(path).with_row_index(ROW)
    except InputFileError as error:
        raise InputFileError(*map(_of_a_table, error.faults)) from None


def _of_a_table(fault: Fault) -> Fault:
    """Return a fault of a file with what to do in a table of one's own."""
    if fault.code != "ragged_row":
        return replace(fault, hint=OF_A_TABLE.get(fault.code, fault.hint))
    found, wanted = (int(text.split()[0]) for text in (fault.found, fault.expected))
    more = "The row has more cells than the header: a cell holds the separator, or the header lacks a name"
    less = (
        "The row has fewer cells than the header: write NA into empty ones; if it is the last row, the file is cut off"
    )
    return replace(fault, hint=more if found > wanted else less)


def _in_words(fault: Fault, drop: DroppedRows, n_in: int) -> Fault:
    """Return the fault of too many bad rows with the words first, then its name and the first cells."""
    lines = ", ".join(map(str, drop.lines[:5])) + (", ..." if drop.count > len(drop.lines[:5]) else "")
    places = [f"fault '{drop.reason}'", f"line {lines}"]
    places += [f"column {drop.columns[0]!r}"] if drop.columns else []
    places += [f"value {drop.examples[0]!r}"] if drop.examples and drop.examples[0] else []
    share = 100 * drop.count / n_in
    found = f"{drop.count} of {n_in} rows ({share:.1f} %): {reason(drop.reason)} ({', '.join(places)})"
    hint = "Look at these lines; --max-bad-rows allows more"
    if drop.count > MOST * n_in:
        hint = "Most rows have it, so the column is not what its name says, or was written in another way"
    return replace(fault, found=found, hint=WRITTEN.get(drop.reason, hint))


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


def _matrix(path: Path, frame: pl.DataFrame) -> NDArray[np.float64]:
    """Return the LD matrix of all rows of the table."""
    known = {
        name: frame.select(blank(name)).to_series().to_list() if name in frame.columns else []
        for name in ("rsid", "effect_allele")
    }
    return read_matrix(path, size=frame.height, rsid=known["rsid"], effect_allele=known["effect_allele"])


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
