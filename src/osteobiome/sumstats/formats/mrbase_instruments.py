"""Instruments of MR-Base: many traits in one table of TwoSampleMR's exposure columns (doi:10.7554/eLife.34408).

The effect belongs to ``effect_allele.exposure``; ``id.exposure`` tells the traits apart. The table is read the same
way for exposures and outcomes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.sumstats.formats import twosamplemr
from osteobiome.sumstats.formats.registry import FORMATS, Columns, Format, Side

if TYPE_CHECKING:
    from collections.abc import Sequence


def columns(header: Sequence[str], side: Side) -> Columns:
    """Return our names for the exposure columns, whatever the side."""
    del side
    return twosamplemr.columns([name for name in header if not name.endswith(".outcome")], "exposure")


def expected(name: str, side: Side) -> str:
    """Return the spelling of one of our names."""
    del side
    return twosamplemr.expected(name, "exposure")


FORMATS.add(
    "mrbase_instruments",
    Format(
        "mrbase_instruments",
        "MR-Base instruments",
        columns,
        expected,
        signature=(frozenset({"id.exposure", "SNP", "beta.exposure", "pval_origin.exposure", "data_source.exposure"}),),
        refuses=frozenset({"beta.outcome"}),
        rank=60,
        effect="effect_allele.exposure",
        source="MRInstruments 0.3, data set mrbase_instruments; Hemani et al. 2018, doi:10.7554/eLife.34408",
    ),
)
