"""Step `instruments`: the variants of an exposure that serve as instruments."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from osteobiome.instruments.candidates import passing
from osteobiome.instruments.selection import select
from osteobiome.ld import ClumpOptions, clump_with_matrix, read_ld_matrix
from osteobiome.study.steps.ingest import read_ingested, write_sumstats
from osteobiome.study.task import STEPS, Inputs, Step

if TYPE_CHECKING:
    from pathlib import Path

    from osteobiome.instruments.selection import Clumping


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
    params, folder = inputs.params, inputs.locations["ingest"]
    trait_id, p_threshold = str(params["trait_id"]), cast("float", params["p_threshold"])
    given = bool(params["given"])
    frame, weak = (None, None) if given else passing(folder, p_threshold=p_threshold)
    sumstats = read_ingested(folder, trait_id=trait_id, frame=frame)
    kept, rows = select(
        sumstats.frame,
        trait_id=trait_id,
        p_threshold=p_threshold,
        given=given,
        clumping=_clumping(inputs),
        weak=weak,
    )
    write_sumstats(replace(sumstats, frame=kept, rows=rows, findings=()), out)


def _clumping(inputs: Inputs) -> Clumping | None:
    """Return how the variants are clumped; None if they are not."""
    if "clump" not in inputs.params:
        return None
    ld = read_ld_matrix(inputs.locations["ld:matrix"], inputs.locations["ld:variants"])
    options = ClumpOptions(**cast("dict[str, Any]", inputs.params["clump"]))
    return partial(clump_with_matrix, ld=ld, options=options)


STEPS.add("instruments", Step("instruments", 3, ("variants", "row_report", "findings"), run))
