"""Older harmonised files of the GWAS Catalog: columns that begin with ``hm_`` beside those of the authors.

The effect belongs to ``hm_effect_allele``. Effects, ratios, limits and frequency were turned together with the
alleles, so they come from the ``hm_`` columns or not at all; standard error, p value and sample size do not depend on
the allele and have no ``hm_`` column. Rows that the Catalog could not harmonise (``hm_code`` 14 and more, all ``hm_``
columns NA) are left out by name: their own alleles and positions are on another build.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.sumstats.formats.cells import known, mark
from osteobiome.sumstats.formats.naming import Spelling
from osteobiome.sumstats.formats.registry import FORMATS, Format

if TYPE_CHECKING:
    import polars as pl

SPELLING = Spelling(
    {
        "rsid": ("hm_rsid", "hm_variant_id"),
        "chromosome": ("hm_chrom",),
        "position": ("hm_pos",),
        "effect_allele": ("hm_effect_allele",),
        "other_allele": ("hm_other_allele",),
        "beta": ("hm_beta",),
        "odds_ratio": ("hm_odds_ratio",),
        "se": ("standard_error",),
        "ci_low": ("hm_ci_lower",),
        "ci_high": ("hm_ci_upper",),
        "eaf": ("hm_effect_allele_frequency",),
        "neg_log_10_p_value": ("neg_log_10_p_value",),
        "p_value": ("p_value",),
        "n": ("n", "n_total", "N"),
        "info": ("info",),
        "_code": ("hm_code",),
    }
)


def prepare(frame: pl.DataFrame) -> pl.DataFrame:
    """Mark rows that the Catalog did not harmonise."""
    if "_code" not in frame.columns or "effect_allele" not in frame.columns:
        return frame
    return mark(frame, known("effect_allele").is_null() & known("_code").is_not_null(), "not_harmonised")


FORMATS.add(
    "ebi_harmonised",
    Format(
        "ebi_harmonised",
        "GWAS Catalog, harmonised (hm_ columns)",
        SPELLING.columns,
        SPELLING.expected,
        signature=(frozenset({"hm_effect_allele", "hm_other_allele"}),),
        rank=90,
        prepare=prepare,
        effect="hm_effect_allele",
        source="GWAS Catalog, summary statistics documentation; Buniello et al. 2019, doi:10.1093/nar/gky1120",
    ),
)
