"""Exposure and outcome tables of the R package TwoSampleMR (Hemani et al. 2018, doi:10.7554/eLife.34408).

Both the tables that the package makes (``beta.exposure``) and the text files that it reads by default (``beta``). The
effect belongs to ``effect_allele``. Tables may hold several traits: ``id.exposure`` or ``Phenotype`` tells them apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.sumstats.formats.naming import with_n_of_parts
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
    "n_cases": "ncase",
    "n_controls": "ncontrol",
    "info": "info",
}
_OTHER: dict[Side, Side] = {"exposure": "outcome", "outcome": "exposure"}


def columns(header: Sequence[str], side: Side) -> Columns:
    """Return our names for a table whose columns end in ``.exposure`` or ``.outcome``, or in neither.

    A table that has only the other side's columns is read all the same: TwoSampleMR users reuse an outcome table as
    exposure.
    """
    use: Side = side if any(name.endswith(f".{side}") for name in header) else _OTHER[side]
    if not any(name.endswith(f".{use}") for name in header):
        return _plain(header)
    found = {"rsid": "SNP"} if "SNP" in header else {}
    for ours, stem in STEMS.items():
        for theirs in (f"{stem}.{use}", stem if ours in {"chromosome", "position"} else ""):
            if theirs in header:
                found[ours] = theirs
                break
    others = {"keep": (f"mr_keep.{use}",), "proxy": (f"proxy.{use}",), "_trait": (f"id.{use}", use)}
    return with_n_of_parts(found | _first(header, others))


def _plain(header: Sequence[str]) -> Columns:
    """Return our names for a text file with the names that ``read_exposure_data`` takes by default."""
    names = {"rsid": ("SNP",)} | {ours: (stem,) for ours, stem in STEMS.items()}
    return with_n_of_parts(_first(header, {**names, "_trait": ("Phenotype", "phenotype")}))


def _first(header: Sequence[str], names: dict[str, tuple[str, ...]]) -> Columns:
    hits = {ours: next((name for name in spellings if name in header), "") for ours, spellings in names.items()}
    return {ours: theirs for ours, theirs in hits.items() if theirs}


def expected(name: str, side: Side) -> str:
    """Return TwoSampleMR's spelling of one of our names."""
    return "SNP" if name == "rsid" else f"{STEMS.get(name, name)}.{side}"


FORMATS.add(
    "twosamplemr",
    Format(
        "twosamplemr",
        "TwoSampleMR exposure or outcome table",
        columns,
        expected,
        signature=(
            frozenset({"SNP", "effect_allele.exposure", "beta.exposure"}),
            frozenset({"SNP", "effect_allele.outcome", "beta.outcome"}),
            frozenset({"SNP", "effect_allele", "beta", "se"}),
        ),
        rank=40,
        is_loose=True,
        effect="effect_allele",
        source="TwoSampleMR 0.7, 'format_data'; Hemani et al. 2018, doi:10.7554/eLife.34408",
    ),
)
