"""fastGWA and fastGWA-GLMM of GCTA (Jiang et al. 2019, doi:10.1038/s41588-019-0530-8).

The effect belongs to ``A1``, whose frequency is ``AF1``.
"""

from __future__ import annotations

from osteobiome.sumstats.formats.cells import plink_chromosomes
from osteobiome.sumstats.formats.naming import Spelling
from osteobiome.sumstats.formats.registry import FORMATS, Format

SPELLING = Spelling(
    {
        "rsid": ("SNP",),
        "chromosome": ("CHR",),
        "position": ("POS",),
        "effect_allele": ("A1",),
        "other_allele": ("A2",),
        "beta": ("BETA",),
        "se": ("SE",),
        "eaf": ("AF1",),
        "p_value": ("P",),
        "n": ("N",),
        "info": ("INFO",),
    }
)

FORMATS.add(
    "fastgwa",
    Format(
        "fastgwa",
        "fastGWA (GCTA)",
        SPELLING.columns,
        SPELLING.expected,
        signature=(frozenset({"CHR", "SNP", "POS", "A1", "A2", "N", "AF1"}),),
        rank=80,
        prepare=plink_chromosomes,
        effect="A1",
        source="GCTA manual, 'fastGWA'; Jiang et al. 2019, doi:10.1038/s41588-019-0530-8",
    ),
)
