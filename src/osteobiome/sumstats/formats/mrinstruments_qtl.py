"""QTL tables of the R package MRInstruments: metabolites (Kettunen et al. 2016) and proteins (Deming et al. 2016).

The effect belongs to ``effect_allele``. ``phenotype`` or ``analyte`` tells the traits of one table apart.
``n_studies`` counts studies; the protein table has no sample size.
"""

from __future__ import annotations

from osteobiome.sumstats.formats.naming import Spelling
from osteobiome.sumstats.formats.registry import FORMATS, Format

SPELLING = Spelling(
    {
        "rsid": ("SNP",),
        "chromosome": ("chromosome", "chr"),
        "position": ("position",),
        "effect_allele": ("effect_allele",),
        "other_allele": ("other_allele",),
        "beta": ("beta",),
        "se": ("se",),
        "eaf": ("eaf",),
        "p_value": ("pval",),
        "n": ("n",),
        "_trait": ("phenotype", "analyte"),
    }
)

FORMATS.add(
    "mrinstruments_qtl",
    Format(
        "mrinstruments_qtl",
        "MRInstruments QTL table",
        SPELLING.columns,
        SPELLING.expected,
        signature=(
            frozenset({"phenotype", "SNP", "effect_allele", "beta", "n_studies"}),
            frozenset({"analyte", "SNP", "effect_allele", "beta"}),
        ),
        rank=60,
        is_loose=True,
        effect="effect_allele",
        source="MRInstruments 0.3, metab_qtls (doi:10.1038/ncomms11122) and proteomic_qtls (doi:10.1038/srep18092)",
    ),
)
