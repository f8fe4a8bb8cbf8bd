"""Step `instruments`: the variants of an exposure that serve as instruments."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from osteobiome.instruments.selection import select
from osteobiome.ld import ClumpOptions, read_ld_matrix
from osteobiome.study.steps.ingest import read_ingested, write_sumstats
from osteobiome.study.task import STEPS, Inputs, Step

if TYPE_CHECKING:
    from pathlib import Path


def run(inputs: Inputs, out: Path) -> None:
    """Apply the p threshold and clump, or take the list as given.

    Parameters
    ----------
    inputs : Inputs
        Params trait_id, p_threshold, given, and clump (r2, window_kb, trust_strand) if there is an LD matrix;
        locations ``ingest``, ``ld:matrix``, ``ld:variants``.
    out : pathlib.Path
        Folder to fill.
    """
    params = inputs.params
    trait_id = str(params["trait_id"])
    sumstats = read_ingested(inputs.locations["ingest"], trait_id=trait_id)
    ld, clump = None, None
    if "clump" in params:
        ld = read_ld_matrix(inputs.locations["ld:matrix"], inputs.locations["ld:variants"])
        clump = ClumpOptions(**cast("dict[str, Any]", params["clump"]))
    frame, rows = select(
        sumstats.frame,
        trait_id=trait_id,
        p_threshold=cast("float", params["p_threshold"]),
        given=bool(params["given"]),
        ld=ld,
        clump=clump,
    )
    write_sumstats(replace(sumstats, frame=frame, rows=rows, findings=()), out)


STEPS.add("instruments", Step("instruments", 2, ("variants", "row_report", "findings"), run))
