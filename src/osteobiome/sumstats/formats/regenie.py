"""REGENIE, step 2, single-variant tests (Mbatchou et al. 2021, doi:10.1038/s41588-021-00870-7).

The effect belongs to ``ALLELE1``, whose frequency is ``A1FREQ``; ``LOG10P`` is minus log10 of p. For binary traits
BETA is a log odds ratio. Rows of tests other than ADD (interactions, dominance) are left out by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.core.errors import Fault, InputFileError
from osteobiome.sumstats.formats.cells import only_additive, plink_chromosomes
from osteobiome.sumstats.formats.naming import Spelling
from osteobiome.sumstats.formats.registry import FORMATS, Columns, Format, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

SPELLING = Spelling(
    {
        "rsid": ("ID",),
        "chromosome": ("CHROM",),
        "position": ("GENPOS",),
        "effect_allele": ("ALLELE1",),
        "other_allele": ("ALLELE0",),
        "beta": ("BETA",),
        "se": ("SE",),
        "eaf": ("A1FREQ",),
        "neg_log_10_p_value": ("LOG10P",),
        "n": ("N",),
        "n_cases": ("N_CASES",),
        "n_controls": ("N_CONTROLS",),
        "info": ("INFO",),
        "_test": ("TEST",),
    }
)


def columns(header: Sequence[str], side: Side) -> Columns:
    """Return our names for a REGENIE header.

    Raises
    ------
    InputFileError
        Several traits in one file, as option ``--no-split`` writes them (``BETA.Y1``, ``BETA.Y2``).
    """
    traits = [name.removeprefix("BETA.") for name in header if name.startswith("BETA.")]
    if len(traits) > 1 and "BETA" not in header:
        raise InputFileError(
            Fault(
                "several_traits",
                "header of the REGENIE file",
                f"{len(traits)} traits: {', '.join(traits[:5])}",
                "one trait in a file",
                "Run REGENIE without --no-split, or give each trait its own file",
            )
        )
    found = SPELLING.columns(header, side)
    if len(traits) == 1:
        stems = {"beta": "BETA", "se": "SE", "neg_log_10_p_value": "LOG10P"}
        found |= {ours: f"{stem}.{traits[0]}" for ours, stem in stems.items() if f"{stem}.{traits[0]}" in header}
    return found


def prepare(frame: pl.DataFrame) -> pl.DataFrame:
    """Name the chromosomes and mark rows of other tests."""
    return only_additive(plink_chromosomes(frame))


FORMATS.add(
    "regenie",
    Format(
        "regenie",
        "REGENIE",
        columns,
        SPELLING.expected,
        signature=(frozenset({"CHROM", "GENPOS", "ALLELE0", "ALLELE1"}),),
        rank=80,
        prepare=prepare,
        effect="ALLELE1",
        source="REGENIE manual, 'Output' of step 2; Mbatchou et al. 2021, doi:10.1038/s41588-021-00870-7",
    ),
)
