"""RAREMETAL, single-variant meta-analysis (Feng et al. 2014, doi:10.1093/bioinformatics/btu367).

The effect belongs to ``ALT``, whose frequency is ``POOLED_ALT_AF``. ``EFFECT_SIZE_SD`` is the standard error. The
tables of the Global Lipids Genetics Consortium (Graham et al. 2021, doi:10.1038/s41586-021-04064-3) have the same
columns with other names for position, standard error and p; those without correction by genomic control are read.
Tables of burden tests are refused: their rows are genes.
"""

from __future__ import annotations

from osteobiome.sumstats.formats.naming import Spelling
from osteobiome.sumstats.formats.registry import FORMATS, Format

SPELLING = Spelling(
    {
        "rsid": ("rsID",),
        "chromosome": ("CHROM",),
        "position": ("POS", "POS_b37"),
        "effect_allele": ("ALT",),
        "other_allele": ("REF",),
        "beta": ("EFFECT_SIZE",),
        "se": ("EFFECT_SIZE_SD", "SE"),
        "eaf": ("POOLED_ALT_AF",),
        "p_value": ("PVALUE", "pvalue"),
        "neg_log_10_p_value": ("pvalue_neg_log10",),
        "n": ("N",),
    }
)

FORMATS.add(
    "raremetal",
    Format(
        "raremetal",
        "RAREMETAL",
        SPELLING.columns,
        SPELLING.expected,
        signature=(frozenset({"CHROM", "REF", "ALT", "POOLED_ALT_AF", "EFFECT_SIZE"}),),
        rank=80,
        effect="ALT",
        source="RAREMETAL documentation, University of Michigan; Feng et al. 2014, doi:10.1093/bioinformatics/btu367",
    ),
)
