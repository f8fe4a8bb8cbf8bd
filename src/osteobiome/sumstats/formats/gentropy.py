"""Summary statistics of gentropy, the Open Targets pipeline (Parquet; gentropy documentation, 'SummaryStatistics').

The effect belongs to the alternative allele, the last part of ``variantId`` (chr_pos_ref_alt on GRCh38). p is stored
as mantissa and exponent, so that very small ones keep their size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.sumstats.formats.cells import split_packed
from osteobiome.sumstats.formats.naming import Spelling
from osteobiome.sumstats.formats.registry import FORMATS, Columns, Format, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

SPELLING = Spelling(
    {
        "rsid": ("variantId",),
        "chromosome": ("chromosome", "variantId"),
        "position": ("position", "variantId"),
        "effect_allele": ("variantId",),
        "other_allele": ("variantId",),
        "beta": ("beta",),
        "se": ("standardError",),
        "eaf": ("effectAlleleFrequencyFromSource",),
        "p_value": ("pValueMantissa",),
        "n": ("sampleSize",),
        "_packed": ("variantId",),
        "_exponent": ("pValueExponent",),
        "_trait": ("studyId",),
    }
)


def columns(header: Sequence[str], side: Side) -> Columns:
    """Return our names for a gentropy table; a mantissa without exponent is no p value."""
    found = SPELLING.columns(header, side)
    if "_exponent" not in found:
        found.pop("p_value", None)
    return found


def prepare(frame: pl.DataFrame) -> pl.DataFrame:
    """Take ``variantId`` apart and write p as one number."""
    if "_packed" in frame.columns:
        into = {"other_allele": "first", "effect_allele": "second"}
        frame = split_packed(frame, "_packed", into=into)
    if "p_value" not in frame.columns:
        return frame
    return frame.with_columns(pl.concat_str("p_value", "_exponent", separator="e").alias("p_value"))


FORMATS.add(
    "gentropy",
    Format(
        "gentropy",
        "gentropy (Open Targets)",
        columns,
        SPELLING.expected,
        signature=(frozenset({"studyId", "variantId", "beta", "pValueMantissa", "pValueExponent", "standardError"}),),
        rank=80,
        prepare=prepare,
        effect="alt, the last part of variantId",
        source="gentropy documentation, schema of SummaryStatistics, Open Targets",
    ),
)
