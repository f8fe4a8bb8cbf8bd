"""Exposure and outcome tables of the R package TwoSampleMR (Hemani et al. 2018, doi:10.7554/eLife.34408)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.sumstats.formats.registry import FORMATS, Columns, Format, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

STEMS = {
    "chromosome": "chr",
    "position": "pos",
    "effect_allele": "effect_allele",
    "other_allele": "other_allele",
    "beta": "beta",
    "se": "se",
    "eaf": "eaf",
    "p_value": "pval",
    "n": "samplesize",
}
_OTHER: dict[Side, Side] = {"exposure": "outcome", "outcome": "exposure"}


def columns(header: Sequence[str], side: Side) -> Columns:
    """Return our names for a table whose columns end in ``.exposure`` or ``.outcome``.

    A table that has only the other side's columns is read all the same: TwoSampleMR users reuse an outcome table as
    exposure.
    """
    use: Side = side if any(name.endswith(f".{side}") for name in header) else _OTHER[side]
    found = {"rsid": "SNP"} if "SNP" in header else {}
    for ours, stem in STEMS.items():
        for theirs in (f"{stem}.{use}", stem if ours in {"chromosome", "position"} else ""):
            if theirs in header:
                found[ours] = theirs
                break
    if f"mr_keep.{use}" in header:
        found["keep"] = f"mr_keep.{use}"
    if f"proxy.{use}" in header:
        found["proxy"] = f"proxy.{use}"
    return found


def expected(name: str, side: Side) -> str:
    """Return TwoSampleMR's spelling of one of our names."""
    return "SNP" if name == "rsid" else f"{STEMS.get(name, name)}.{side}"


FORMATS.add("twosamplemr", Format("twosamplemr", "TwoSampleMR exposure or outcome table", columns, expected))
