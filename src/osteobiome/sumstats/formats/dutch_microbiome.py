"""Taxa and pathways of the Dutch Microbiome Project (Lopera-Maya et al. 2022, doi:10.1038/s41588-021-00992-y).

The files are public as deposits in the GWAS Catalog (GCST90027446 to GCST90027857), in the spelling from before
GWAS-SSF: the same column names, in another order, with the identifier in ``variant_id``. They are sniffed as
``gwas_ssf``; this name is for declaring where they come from. The effect belongs to ``effect_allele``.
"""

from __future__ import annotations

from osteobiome.sumstats.formats import gwas_ssf
from osteobiome.sumstats.formats.naming import Spelling
from osteobiome.sumstats.formats.registry import FORMATS, Format

SPELLING = Spelling({**gwas_ssf.SPELLING.names, "rsid": ("variant_id", "rsid")})

FORMATS.add(
    "dutch_microbiome",
    Format(
        "dutch_microbiome",
        "Dutch Microbiome Project, as deposited in the GWAS Catalog",
        SPELLING.columns,
        SPELLING.expected,
        effect="effect_allele",
        source="Lopera-Maya et al. 2022, doi:10.1038/s41588-021-00992-y",
    ),
)
