"""METAL (Willer et al. 2010, doi:10.1093/bioinformatics/btq340), both schemes.

The effect belongs to ``Allele1``, whose frequency is ``Freq1``; alleles are in lower case. Scheme STDERR gives Effect
and StdErr, scheme SAMPLESIZE a Z score and the Weight, which is the sample size unless the analyst chose another
weight. METAL names no positions unless asked to; a ``MarkerName`` such as ``1:869334:A:G`` gives them. Its alleles are
not read: METAL orders Allele1 and Allele2 by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.sumstats.formats.cells import split_packed
from osteobiome.sumstats.formats.naming import Spelling
from osteobiome.sumstats.formats.registry import FORMATS, Columns, Format, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

SPELLING = Spelling(
    {
        "rsid": ("MarkerName",),
        "chromosome": ("Chromosome", "CHR", "chr", "Chr"),
        "position": ("Position", "BP", "POS", "pos", "bp"),
        "effect_allele": ("Allele1",),
        "other_allele": ("Allele2",),
        "beta": ("Effect",),
        "z": ("Zscore",),
        "se": ("StdErr",),
        "eaf": ("Freq1",),
        "p_value": ("P-value",),
        "n": ("TotalSampleSize", "N", "n", "n_total", "TotalN", "Weight"),
    }
)


def columns(header: Sequence[str], side: Side) -> Columns:
    """Return our names for a METAL header; without positions of their own they stand for the marker name."""
    found = SPELLING.columns(header, side)
    if "rsid" in found and not {"chromosome", "position"} <= found.keys():
        found |= dict.fromkeys(("chromosome", "position", "_packed"), found["rsid"])
    return found


def prepare(frame: pl.DataFrame) -> pl.DataFrame:
    """Read positions off marker names that have them."""
    if "_packed" not in frame.columns:
        return frame
    return split_packed(frame, "_packed", into={"chromosome": "chromosome", "position": "position"})


FORMATS.add(
    "metal",
    Format(
        "metal",
        "METAL",
        columns,
        SPELLING.expected,
        signature=(
            frozenset({"MarkerName", "Allele1", "Allele2", "Effect", "StdErr"}),
            frozenset({"MarkerName", "Allele1", "Allele2", "Zscore"}),
        ),
        rank=80,
        prepare=prepare,
        effect="Allele1",
        source="METAL documentation, 2011; Willer et al. 2010, doi:10.1093/bioinformatics/btq340",
    ),
)
