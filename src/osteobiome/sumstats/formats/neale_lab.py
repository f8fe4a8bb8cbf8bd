"""UK Biobank GWAS of the Neale lab, round 2 (2018; README of the results files).

The effect belongs to the alternative allele, the last part of ``variant`` (chr:pos:ref:alt on the forward strand of
GRCh37). The frequency of the effect allele follows from ``minor_allele`` and ``minor_AF``. Rows that the authors
marked as ``low_confidence_variant`` (rare in the sample, or few expected in cases) are left out by name, as they
advise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.sumstats.formats.cells import is_true, mark, split_packed, text, value
from osteobiome.sumstats.formats.naming import Spelling
from osteobiome.sumstats.formats.registry import FORMATS, Columns, Format, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

SPELLING = Spelling(
    {
        "rsid": ("rsid", "variant"),
        "chromosome": ("variant",),
        "position": ("variant",),
        "effect_allele": ("variant",),
        "other_allele": ("variant",),
        "beta": ("beta",),
        "se": ("se",),
        "eaf": ("minor_AF",),
        "p_value": ("pval",),
        "n": ("n_complete_samples",),
        "_packed": ("variant",),
        "_minor_allele": ("minor_allele",),
        "_low_confidence": ("low_confidence_variant",),
    }
)


def columns(header: Sequence[str], side: Side) -> Columns:
    """Return our names for a header of the Neale lab; a frequency of an unknown allele is none."""
    found = SPELLING.columns(header, side)
    if "_minor_allele" not in found:
        found.pop("eaf", None)
    return found


def prepare(frame: pl.DataFrame) -> pl.DataFrame:
    """Take ``variant`` apart, turn the minor allele frequency to the effect allele, mark rows of low confidence."""
    if "_packed" not in frame.columns:
        return frame
    into = {"chromosome": "chromosome", "position": "position", "other_allele": "first", "effect_allele": "second"}
    frame = split_packed(frame, "_packed", into=into)
    if "eaf" in frame.columns:
        minor = pl.col("_minor_allele")
        eaf = (
            pl.when(minor == pl.col("effect_allele"))
            .then("eaf")
            .when(minor == pl.col("other_allele"))
            .then(text(1.0 - value("eaf")))
        )
        frame = frame.with_columns(eaf.alias("eaf"))
    if "_low_confidence" not in frame.columns:
        return frame
    return mark(frame, is_true("_low_confidence"), "low_confidence_variant")


FORMATS.add(
    "neale_lab",
    Format(
        "neale_lab",
        "Neale lab, UK Biobank round 2",
        columns,
        SPELLING.expected,
        signature=(
            frozenset({"variant", "minor_allele", "minor_AF", "beta", "pval"}),
            frozenset({"variant", "n_complete_samples", "beta", "pval"}),
        ),
        rank=80,
        prepare=prepare,
        effect="alt, the last part of variant",
        source="README of the UK Biobank round 2 results, Neale lab, 2018",
    ),
)
