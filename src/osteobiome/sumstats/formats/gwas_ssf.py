"""GWAS-SSF, the standard of the GWAS Catalog (Hayhurst et al. 2022, doi:10.1101/2022.07.15.500230)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.sumstats.formats.registry import FORMATS, Columns, Format, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = {
    "rsid": "rsid",
    "chromosome": "chromosome",
    "position": "base_pair_location",
    "effect_allele": "effect_allele",
    "other_allele": "other_allele",
    "beta": "beta",
    "odds_ratio": "odds_ratio",
    "se": "standard_error",
    "eaf": "effect_allele_frequency",
    "neg_log_10_p_value": "neg_log_10_p_value",
    "p_value": "p_value",
    "n": "n",
}


def columns(header: Sequence[str], side: Side) -> Columns:
    """Return our names for the columns of a GWAS-SSF header; the side plays no part."""
    del side
    found = {ours: theirs for ours, theirs in NAMES.items() if theirs in header}
    if "rsid" not in found and "variant_id" in header:
        found["rsid"] = "variant_id"
    return found


def expected(name: str, side: Side) -> str:
    """Return the GWAS-SSF spelling of one of our names."""
    del side
    return NAMES.get(name, name)


FORMATS.add("gwas_ssf", Format("gwas_ssf", "GWAS-SSF", columns, expected))
