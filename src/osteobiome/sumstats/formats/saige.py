"""SAIGE, step 2, single-variant tests (Zhou et al. 2018, doi:10.1038/s41588-018-0184-y).

The effect belongs to ``Allele2``, whose frequency is ``AF_Allele2``. For binary traits BETA is a log odds ratio and
``p.value`` the one with saddlepoint approximation, which BETA / SE need not reproduce. Where there is no ``N``, the
sample size is the sum of cases and controls.
"""

from __future__ import annotations

from osteobiome.sumstats.formats.cells import plink_chromosomes
from osteobiome.sumstats.formats.naming import Spelling
from osteobiome.sumstats.formats.registry import FORMATS, Format

SPELLING = Spelling(
    {
        "rsid": ("rsid", "MarkerID", "SNPID"),
        "chromosome": ("CHR",),
        "position": ("POS",),
        "effect_allele": ("Allele2",),
        "other_allele": ("Allele1",),
        "beta": ("BETA",),
        "se": ("SE",),
        "eaf": ("AF_Allele2",),
        "p_value": ("p.value",),
        "n": ("N",),
        "n_cases": ("N_case", "N.Cases"),
        "n_controls": ("N_ctrl", "N.Controls"),
        "info": ("imputationInfo",),
    }
)

FORMATS.add(
    "saige",
    Format(
        "saige",
        "SAIGE",
        SPELLING.columns,
        SPELLING.expected,
        signature=(
            frozenset({"Allele1", "Allele2", "AF_Allele2", "p.value"}),
            frozenset({"MarkerID", "Allele1", "Allele2", "p.value"}),
        ),
        rank=80,
        prepare=plink_chromosomes,
        effect="Allele2",
        source="SAIGE manual, 'Single-variant association tests'; Zhou et al. 2018, doi:10.1038/s41588-018-0184-y",
    ),
)
