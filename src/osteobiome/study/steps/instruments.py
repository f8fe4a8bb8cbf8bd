"""Step `instruments`: the variants of an exposure that serve as instruments."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl

from osteobiome.instruments.candidates import passing
from osteobiome.instruments.selection import select
from osteobiome.ld import ClumpOptions, clump_with_matrix, read_ld_matrix
from osteobiome.store import read_table, write_table
from osteobiome.study.steps.ingest import read_ingested, write_sumstats
from osteobiome.study.task import STEPS, Inputs, Step

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from osteobiome.instruments.selection import Clumping


def run(inputs: Inputs, out: Path) -> None:
    """Apply the p threshold and clump, or take the list as given.

    Parameters
    ----------
    inputs : Inputs
        Params trait_id, p_threshold, given, exclude_loci, genome_build, and clump (r2, window_kb, trust_strand) if
        there is an LD matrix; locations ``ingest`` and ``ld:matrix``, ``ld:variants`` or, if there is a panel,
        ``clumping``.
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
        exclude_loci=cast("list[str]", params["exclude_loci"]),
        genome_build=sumstats.genome_build or str(params["genome_build"]),
    )
    write_sumstats(replace(sumstats, frame=kept, rows=rows, findings=()), out)
    if "clumping" in inputs.locations:
        found = read_table(inputs.locations["clumping"] / "findings.parquet", schema="findings")
        write_table(found.filter(subject=trait_id), out / "findings.parquet", schema="findings")


def _clumping(inputs: Inputs) -> Clumping | None:
    """Return how the variants are clumped; None if they are not."""
    if "clumping" in inputs.locations:
        clumps = read_table(inputs.locations["clumping"] / "clumps.parquet", schema="clumps")
        return partial(_by_panel, clumps=clumps.filter(pl.col("exposure") == inputs.params["trait_id"]))
    if "clump" not in inputs.params:
        return None
    ld = read_ld_matrix(inputs.locations["ld:matrix"], inputs.locations["ld:variants"])
    options = ClumpOptions(**cast("dict[str, Any]", inputs.params["clump"]))
    return partial(clump_with_matrix, ld=ld, options=options)


def _by_panel(frame: pl.DataFrame, *, clumps: pl.DataFrame) -> tuple[NDArray[np.bool_], NDArray[np.str_]]:
    """Return what step ``clumping`` made of each variant."""
    reason = frame.select("variant_key").join(clumps, on="variant_key", how="left", maintain_order="left")["reason"]
    reasons: NDArray[np.str_] = np.array(reason.to_list(), dtype=np.str_)
    return reasons == "", reasons


STEPS.add("instruments", Step("instruments", 3, ("variants", "row_report", "findings"), run))
