"""GWAS-SSF, the standard of the GWAS Catalog (Hayhurst et al. 2022, doi:10.1101/2022.07.15.500230).

The effect belongs to ``effect_allele``. Confidence limits are those of the odds or hazard ratio where the file has
one.
"""

from __future__ import annotations

from osteobiome.sumstats.formats.naming import Spelling
from osteobiome.sumstats.formats.registry import FORMATS, Format

SPELLING = Spelling(
    {
        "rsid": ("rsid", "rs_id", "variant_id"),
        "chromosome": ("chromosome",),
        "position": ("base_pair_location",),
        "effect_allele": ("effect_allele",),
        "other_allele": ("other_allele",),
        "beta": ("beta",),
        "odds_ratio": ("odds_ratio",),
        "hazard_ratio": ("hazard_ratio",),
        "z": ("z_score",),
        "se": ("standard_error",),
        "ci_low": ("ci_lower",),
        "ci_high": ("ci_upper",),
        "eaf": ("effect_allele_frequency",),
        "neg_log_10_p_value": ("neg_log_10_p_value",),
        "p_value": ("p_value",),
        "n": ("n",),
        "n_cases": ("n_cases", "num_cases"),
        "n_controls": ("n_controls", "num_controls"),
        "info": ("info",),
    }
)

FORMATS.add(
    "gwas_ssf",
    Format(
        "gwas_ssf",
        "GWAS-SSF",
        SPELLING.columns,
        SPELLING.expected,
        signature=(
            frozenset({"base_pair_location", "effect_allele", "other_allele"}),
            frozenset({"variant_id", "effect_allele", "other_allele", "standard_error"}),
            frozenset({"rsid", "effect_allele", "other_allele", "standard_error"}),
        ),
        rank=30,
        is_loose=True,
        effect="effect_allele",
        source="Hayhurst et al. 2022, doi:10.1101/2022.07.15.500230",
    ),
)
