"""Harmonised tables of the R package TwoSampleMR: both traits in one row, as their authors kept them.

Rows with ``mr_keep`` FALSE were left out by the authors and are left out here, with their number. Rows that they kept
are not questioned again: alleles stand as aligned, palindromes included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.sumstats.formats.naming import with_n_of_parts
from osteobiome.sumstats.formats.registry import FORMATS, Columns, Format, Side
from osteobiome.sumstats.formats.twosamplemr import STEMS, expected

if TYPE_CHECKING:
    from collections.abc import Sequence


def columns(header: Sequence[str], side: Side) -> Columns:
    """Return our names for one side of a harmonised table."""
    found = {ours: f"{stem}.{side}" for ours, stem in STEMS.items() if f"{stem}.{side}" in header}
    for ours in ("chromosome", "position"):
        # one place for both halves, or the two would not meet: where a proxy stands in, the outcome has the proxy's
        stem = STEMS[ours]
        theirs = next((name for name in (f"{stem}.exposure", f"{stem}.{side}", stem) if name in header), None)
        if theirs is not None:
            found[ours] = theirs
    if "SNP" in header:
        found["rsid"] = "SNP"
    if "mr_keep" in header:
        found["keep"] = "mr_keep"
    if f"proxy.{side}" in header:
        found["proxy"] = f"proxy.{side}"
    return with_n_of_parts(found)


FORMATS.add(
    "twosamplemr_harmonised",
    Format(
        "twosamplemr_harmonised",
        "TwoSampleMR harmonised table",
        columns,
        expected,
        is_prealigned=True,
        signature=(frozenset({"SNP", "beta.exposure", "beta.outcome"}),),
        rank=70,
        effect="effect_allele.exposure and effect_allele.outcome, which are the same",
        source="TwoSampleMR 0.7, 'harmonise_data'; Hemani et al. 2018, doi:10.7554/eLife.34408",
    ),
)
