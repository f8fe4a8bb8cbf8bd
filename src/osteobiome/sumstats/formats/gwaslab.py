"""GWASLab (He et al. 2023, doi:10.51094/jxiv.370).

The effect belongs to ``EA``, whose frequency is ``EAF``. Where there is no rs number, ``SNPID`` is the identifier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.sumstats.formats.cells import known
from osteobiome.sumstats.formats.naming import Spelling
from osteobiome.sumstats.formats.registry import FORMATS, Columns, Format, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

SPELLING = Spelling(
    {
        "rsid": ("rsID", "SNPID"),
        "chromosome": ("CHR",),
        "position": ("POS",),
        "effect_allele": ("EA",),
        "other_allele": ("NEA",),
        "beta": ("BETA",),
        "odds_ratio": ("OR",),
        "hazard_ratio": ("HR",),
        "z": ("Z",),
        "se": ("SE",),
        "eaf": ("EAF",),
        "p_value": ("P",),
        "neg_log_10_p_value": ("MLOG10P",),
        "n": ("N",),
        "n_cases": ("N_CASE",),
        "n_controls": ("N_CONTROL",),
        "info": ("INFO",),
        "_snpid": ("SNPID",),
    }
)


def columns(header: Sequence[str], side: Side) -> Columns:
    """Return our names for a GWASLab header; limits are those of the ratio where there is a ratio."""
    found = SPELLING.columns(header, side)
    stem = "OR" if "odds_ratio" in found else "HR" if "hazard_ratio" in found else "BETA"
    if {f"{stem}_95L", f"{stem}_95U"} <= set(header):
        found |= {"ci_low": f"{stem}_95L", "ci_high": f"{stem}_95U"}
    return found


def prepare(frame: pl.DataFrame) -> pl.DataFrame:
    """Fill missing rs numbers with SNPID."""
    if "_snpid" not in frame.columns:
        return frame
    return frame.with_columns(pl.coalesce(known("rsid"), pl.col("_snpid")).alias("rsid"))


FORMATS.add(
    "gwaslab",
    Format(
        "gwaslab",
        "GWASLab",
        columns,
        SPELLING.expected,
        signature=(frozenset({"SNPID", "EA", "NEA"}), frozenset({"rsID", "CHR", "POS", "EA", "NEA"})),
        rank=60,
        prepare=prepare,
        is_loose=True,
        effect="EA",
        source="GWASLab 4 documentation, 'Reserved headers'; doi:10.51094/jxiv.370",
    ),
)
