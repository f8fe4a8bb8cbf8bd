"""LDSC ``.sumstats``, as ``munge_sumstats.py`` writes them (Bulik-Sullivan et al. 2015, doi:10.1038/ng.3211).

Z belongs to ``A1``. The file has neither effects nor frequencies nor positions: effects follow from Z only where a map
gives the frequency of A1.
"""

from __future__ import annotations

from osteobiome.sumstats.formats.naming import Spelling
from osteobiome.sumstats.formats.registry import FORMATS, Format

SPELLING = Spelling(
    {"rsid": ("SNP",), "effect_allele": ("A1",), "other_allele": ("A2",), "z": ("Z",), "n": ("N",), "eaf": ("FRQ",)}
)

FORMATS.add(
    "ldsc",
    Format(
        "ldsc",
        "LDSC .sumstats",
        SPELLING.columns,
        SPELLING.expected,
        signature=(frozenset({"SNP", "A1", "A2", "N", "Z"}),),
        refuses=frozenset({"BETA", "beta", "b", "OR", "or", "Effect", "SE", "se", "CHR", "BP", "POS"}),
        rank=60,
        is_loose=True,
        effect="A1",
        source="LDSC wiki, 'Summary Statistics File Format'; Bulik-Sullivan et al. 2015, doi:10.1038/ng.3211",
    ),
)
