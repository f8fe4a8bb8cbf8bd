"""Step `instruments`: the variants of an exposure that serve as instruments."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from osteobiome.instruments.selection import select
from osteobiome.study.steps.ingest import read_ingested, write_sumstats
from osteobiome.study.task import STEPS, Inputs, Step

if TYPE_CHECKING:
    from pathlib import Path


def run(inputs: Inputs, out: Path) -> None:
    """Apply the p threshold, or take the list as given.

    Parameters
    ----------
    inputs : Inputs
        Params trait_id, p_threshold, given; location ``ingest``.
    out : pathlib.Path
        Folder to fill.
    """
    params = inputs.params
    trait_id = str(params["trait_id"])
    sumstats = read_ingested(inputs.locations["ingest"], trait_id=trait_id)
    frame, rows = select(
        sumstats.frame,
        trait_id=trait_id,
        p_threshold=cast("float", params["p_threshold"]),
        given=bool(params["given"]),
    )
    write_sumstats(replace(sumstats, frame=frame, rows=rows), out)


STEPS.add("instruments", Step("instruments", 1, ("variants", "row_report"), run))
