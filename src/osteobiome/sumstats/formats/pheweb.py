"""PheWeb input (Gagliano Taliun et al. 2020, doi:10.1038/s41588-020-0622-5).

The effect belongs to ``alt``, whose frequency is ``af``, or ``ac`` over two alleles for each of the ``ns`` people.
``maf`` is the frequency of whichever allele is rarer and is not read. Only some PheWeb files have effects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.sumstats.formats.cells import text, value
from osteobiome.sumstats.formats.naming import Spelling, bare
from osteobiome.sumstats.formats.registry import FORMATS, Columns, Format, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

SPELLING = Spelling(
    {
        "rsid": ("rsids", "rsid"),
        "chromosome": ("chrom", "CHROM"),
        "position": ("pos", "beg", "BEG", "BEGIN"),
        "effect_allele": ("alt",),
        "other_allele": ("ref",),
        "beta": ("beta", "BETA"),
        "odds_ratio": ("or",),
        "se": ("sebeta", "SEBETA"),
        "eaf": ("af",),
        "p_value": ("pval", "PVALUE"),
        "n": ("ns", "n_samples", "num_samples"),
        "n_cases": ("n_cases", "num_cases"),
        "n_controls": ("n_controls", "num_controls"),
    }
)


def columns(header: Sequence[str], side: Side) -> Columns:
    """Return our names for a PheWeb header; without a frequency it stands for the allele count."""
    found = SPELLING.columns(header, side)
    names = bare(header)
    if "eaf" not in found and "ac" in names and "n" in found:
        found |= {"eaf": names["ac"], "_count": names["ac"]}
    return found


def prepare(frame: pl.DataFrame) -> pl.DataFrame:
    """Turn allele counts into frequencies where there are no frequencies."""
    if "_count" not in frame.columns:
        return frame
    return frame.with_columns(text(value("_count") / (2.0 * value("n"))).alias("eaf"))


FORMATS.add(
    "pheweb",
    Format(
        "pheweb",
        "PheWeb",
        columns,
        SPELLING.expected,
        signature=(
            frozenset({"chrom", "pos", "ref", "alt", "pval"}),
            frozenset({"chrom", "beg", "ref", "alt", "pval"}),
            frozenset({"CHROM", "BEG", "ref", "alt", "PVALUE"}),
        ),
        rank=20,
        prepare=prepare,
        is_loose=True,
        effect="alt",
        source="PheWeb README, 'Prepare your association files'; doi:10.1038/s41588-020-0622-5",
    ),
)
