"""Names of the columns of a table of one pair: ours, and those that R packages give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.errors import Fault, SchemaError, nearest
from osteobiome.sumstats.reading import LINE

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMBERS = ("beta_exposure", "se_exposure", "beta_outcome", "se_outcome")
PLACES = ("chromosome", "position")
ROW = "__row__"
SHORT = {"beta_exposure": "bx", "se_exposure": "bxse", "beta_outcome": "by", "se_outcome": "byse"}
"""What MendelianRandomization calls the numbers."""
NAMES: dict[str, tuple[str, ...]] = {
    "rsid": ("SNP",),
    "effect_allele": ("effect_allele.exposure",),
    **{
        f"{stem}_{side}": (f"{stem}.{side}", *([SHORT[f"{stem}_{side}"]] if stem != "eaf" else []))
        for stem in ("beta", "se", "eaf")
        for side in ("exposure", "outcome")
    },
    "n_exposure": ("samplesize.exposure",),
    "n_outcome": ("samplesize.outcome",),
    "chromosome": ("chr.exposure", "chr"),
    "position": ("pos.exposure", "pos"),
}
"""Our columns and what TwoSampleMR, in a harmonised table, and MendelianRandomization call them."""
OTHER_ALLELE = "effect_allele.outcome"
"""In a harmonised table the same as the effect allele."""
PAIR_NAMES = (("id.exposure", "exposure"), ("id.outcome", "outcome"))
"""Columns that name the traits; a table of one pair holds one of each."""
KNOWN = (
    *(name for ours, others in NAMES.items() for name in (ours, *others)),
    "eaf", "mr_keep", OTHER_ALLELE, *(name for names in PAIR_NAMES for name in names),
)  # fmt: skip
"""Every name that is read, in any case of its letters."""


def renamed(raw: pl.DataFrame, where: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the table with our names, and the columns that nothing reads.

    Parameters
    ----------
    raw : polars.DataFrame
        Table as it was read.
    where : str
        File, for messages.

    Raises
    ------
    SchemaError
        A column is missing, or there under two names.
    """
    raw = _in_known_case(raw)
    header = [name for name in raw.columns if name not in {LINE, ROW}]
    theirs = {ours: [name for name in (ours, *others) if name in header] for ours, others in NAMES.items()}
    found = {ours: names[0] for ours, names in theirs.items() if names}
    faults = [
        Fault("column_given_twice", where, f"columns {names[0]!r} and {names[1]!r}", "one of them", "Remove the other")
        for ours, names in theirs.items()
        if len(names) > 1 and ours not in PLACES
    ]
    missing = [name for name in NUMBERS if name not in found]
    if missing:
        faults.append(_missing(missing, header, where))
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


def _in_known_case(raw: pl.DataFrame) -> pl.DataFrame:
    """Return the table with known names as we write them, if only the case of letters differs."""
    known = {name.lower(): name for name in KNOWN}
    new = {
        name: known[name.lower()]
        for name in raw.columns
        if name not in KNOWN and name.lower() in known and known[name.lower()] not in raw.columns
    }
    return raw.rename(new) if len(set(new.values())) == len(new) else raw


def _missing(missing: Sequence[str], header: Sequence[str], where: str) -> Fault:
    """Return the one fault of all columns that are missing."""
    wanted = ", ".join(NUMBERS)
    others = "; or as TwoSampleMR (beta.exposure, se.exposure, ...) or MendelianRandomization (bx, bxse, by, byse)"
    found = ("no column " if len(missing) == 1 else "no columns ") + ", ".join(f"'{name}'" for name in missing)
    hints = [nearest(name, header) for name in missing]
    likely = [hint for hint in hints if hint.startswith("Did")]
    hint = likely[0] if len(missing) == len(likely) == 1 else f"Rename your columns to {', '.join(missing)}"
    if len(missing) > 1 and likely:
        meant = ", ".join(hint.split("'")[1] for hint in likely)
        hint += f"; among yours, {meant} may be meant"
    code = f"no_{missing[0]}_column" if len(missing) == 1 else "missing_columns"
    return Fault(code, where, found, f"columns {wanted}{others}", hint)
