"""GCTA ``.ma``: the input of COJO and SMR (Yang et al. 2012, doi:10.1038/ng.2213).

The effect belongs to ``A1``, whose frequency is ``freq``. The file has no positions.
"""

from __future__ import annotations

from osteobiome.sumstats.formats.cells import plink_chromosomes
from osteobiome.sumstats.formats.naming import Spelling
from osteobiome.sumstats.formats.registry import FORMATS, Format

SPELLING = Spelling(
    {
        "rsid": ("SNP",),
        "chromosome": ("CHR", "Chr"),
        "position": ("BP", "bp"),
        "effect_allele": ("A1",),
        "other_allele": ("A2",),
        "beta": ("b",),
        "se": ("se",),
        "eaf": ("freq", "Freq"),
        "p_value": ("p",),
        "n": ("N", "n"),
    }
)

FORMATS.add(
    "gcta_ma",
    Format(
        "gcta_ma",
        "GCTA .ma",
        SPELLING.columns,
        SPELLING.expected,
        signature=(frozenset({"SNP", "A1", "A2", "freq", "b", "se", "p"}),),
        rank=80,
        prepare=plink_chromosomes,
        is_loose=True,
        effect="A1",
        source="GCTA manual, 'COJO'; Yang et al. 2012, doi:10.1038/ng.2213",
    ),
)
