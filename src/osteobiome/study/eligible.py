"""From what a task declares about the places of instruments to the rule that leaves variants out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osteobiome.instruments.eligibility import Eligibility
from osteobiome.instruments.windows import Region, read_exclusions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def eligibility_of(selection: Mapping[str, Any], locations: Mapping[str, Path], *, genome_build: str) -> Eligibility:
    """Return the rule.

    Parameters
    ----------
    selection : mapping
        exclude_loci and cis, as the plan writes them.
    locations : mapping of pathlib.Path
        ``exclude``, if there is a list of what is left out.
    genome_build : str
        Of the study.
    """
    path = locations.get("exclude")
    return Eligibility(
        exclude_loci=tuple(selection["exclude_loci"]),
        exclusions=None if path is None else read_exclusions(path, build=genome_build),
        cis=cis_of(selection, genome_build=genome_build),
        genome_build=genome_build,
    )


def cis_of(selection: Mapping[str, Any], *, genome_build: str) -> Region | None:
    """Return the cis window, if there is one.

    Parameters
    ----------
    selection : mapping
        cis, as the plan writes it.
    genome_build : str
        Of the study.
    """
    cis = selection["cis"]
    return None if cis is None else Region(cis["chromosome"], cis["start"], cis["end"], genome_build)
