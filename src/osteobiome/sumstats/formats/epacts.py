"""EPACTS, single-variant tests (University of Michigan, EPACTS documentation).

The effect belongs to the alternative allele, the one after the slash in ``MARKER_ID`` (chr:pos_ref/alt). The frequency
of the effect allele is AC, the count of non-reference alleles, over two alleles for each of the NS people. Score tests
without BETA have no effect to read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.sumstats.formats.cells import split_packed, text, value
from osteobiome.sumstats.formats.naming import Spelling
from osteobiome.sumstats.formats.registry import FORMATS, Columns, Format, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

SPELLING = Spelling(
    {
        "rsid": ("MARKER_ID",),
        "chromosome": ("CHROM",),
        "position": ("BEG", "BEGIN"),
        "effect_allele": ("MARKER_ID",),
        "other_allele": ("MARKER_ID",),
        "beta": ("BETA",),
        "se": ("SEBETA", "SE"),
        "eaf": ("AC",),
        "p_value": ("PVALUE",),
        "n": ("NS",),
        "_packed": ("MARKER_ID",),
    }
)


def columns(header: Sequence[str], side: Side) -> Columns:
    """Return our names for an EPACTS header; a count of alleles without a number of people is no frequency."""
    found = SPELLING.columns(header, side)
    if "n" not in found:
        found.pop("eaf", None)
    return found


def prepare(frame: pl.DataFrame) -> pl.DataFrame:
    """Take ``MARKER_ID`` apart and turn allele counts into frequencies."""
    if "_packed" not in frame.columns:
        return frame
    into = {"other_allele": "first", "effect_allele": "second", "__name__": "rest"}
    frame = split_packed(frame, "_packed", into=into)
    # what follows the alleles is the identifier of the VCF, where it had one
    rs_number = pl.when(pl.col("__name__").str.contains("^rs[0-9]+$")).then("__name__")
    frame = frame.with_columns(pl.coalesce(rs_number, pl.col("rsid")).alias("rsid")).drop("__name__")
    if "eaf" not in frame.columns:
        return frame
    return frame.with_columns(text(value("eaf") / (2.0 * value("n"))).alias("eaf"))


FORMATS.add(
    "epacts",
    Format(
        "epacts",
        "EPACTS",
        columns,
        SPELLING.expected,
        signature=(frozenset({"MARKER_ID", "BEG", "PVALUE"}), frozenset({"MARKER_ID", "BEGIN", "PVALUE"})),
        rank=80,
        prepare=prepare,
        effect="alt, after the slash in MARKER_ID",
        source="EPACTS documentation, 'Output', University of Michigan",
    ),
)
