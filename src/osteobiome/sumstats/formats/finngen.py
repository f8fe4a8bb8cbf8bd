"""FinnGen, also meta-analysed with other biobanks (Kurki et al. 2023, doi:10.1038/s41586-022-05473-8).

The effect belongs to ``alt``. In meta-analyses the columns of the fixed-effects result over all biobanks
(``all_inv_var_meta_*``) are read; ``all_meta_N`` counts biobanks, not people, and is not read, and there is no
frequency over all of them. Of several rs numbers in a cell the first is taken. There is no sample size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.sumstats.formats.cells import known, value
from osteobiome.sumstats.formats.naming import Spelling
from osteobiome.sumstats.formats.registry import FORMATS, Columns, Format, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

SPELLING = Spelling(
    {
        "rsid": ("rsids", "rsid", "SNP"),
        "chromosome": ("chrom", "CHR"),
        "position": ("pos", "POS"),
        "effect_allele": ("alt", "ALT"),
        "other_allele": ("ref", "REF"),
        "beta": ("beta", "all_inv_var_meta_beta"),
        "se": ("sebeta", "all_inv_var_meta_sebeta"),
        "eaf": ("af_alt",),
        "p_value": ("pval", "all_inv_var_meta_p"),
        "neg_log_10_p_value": ("mlogp",),
        "n": ("n",),
    }
)
META = "all_inv_var_meta_mlogp"


def columns(header: Sequence[str], side: Side) -> Columns:
    """Return our names for a FinnGen header."""
    found = SPELLING.columns(header, side)
    if META in header and "neg_log_10_p_value" not in found:
        found |= {"neg_log_10_p_value": META, "_rounded": META}
    return found


def prepare(frame: pl.DataFrame) -> pl.DataFrame:
    """Keep the first of several rs numbers, and the more exact of p and its logarithm."""
    if "rsid" in frame.columns:
        frame = frame.with_columns(pl.col("rsid").str.extract(r"^([^,;]+)", 1))
    if {"_rounded", "p_value"} <= set(frame.columns):
        # minus log10 p of a meta-analysis has two decimals: it is read only where p was too small to be written
        unusable = known("p_value").is_null() | (value("p_value") == 0.0)
        frame = frame.with_columns(pl.when(unusable).then("_rounded").alias("neg_log_10_p_value"))
    return frame


FORMATS.add(
    "finngen",
    Format(
        "finngen",
        "FinnGen",
        columns,
        SPELLING.expected,
        signature=(
            frozenset({"chrom", "pos", "ref", "alt", "mlogp", "beta", "sebeta"}),
            frozenset({"chrom", "pos", "ref", "alt", "rsids", "sebeta", "af_alt"}),
            frozenset({"CHR", "POS", "REF", "ALT", "all_inv_var_meta_beta", "all_inv_var_meta_sebeta"}),
        ),
        rank=80,
        prepare=prepare,
        effect="alt",
        source="FinnGen documentation, 'Summary association statistics'; doi:10.1038/s41586-022-05473-8",
    ),
)
