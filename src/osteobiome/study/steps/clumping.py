"""Step `clumping`: all exposures of one ancestry clumped with its panel, in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import polars as pl

from osteobiome.core.schema import table
from osteobiome.instruments.candidates import passing
from osteobiome.ld.panel import open_panel
from osteobiome.ld.panel_clumping import PanelClumpOptions
from osteobiome.ld.trait_clumping import clump_traits
from osteobiome.store import write_table
from osteobiome.study.task import STEPS, Inputs, Step

if TYPE_CHECKING:
    from pathlib import Path

GENOME_KB = 1e6
"""A window wider than any chromosome: without one, all of a chromosome may clump."""


def run(inputs: Inputs, out: Path) -> None:
    """Clump the candidates of every exposure and keep what became of each.

    Parameters
    ----------
    inputs : Inputs
        Params ancestry, genome_build, exposures, p_threshold, r2, window_kb; locations ``panel`` and
        ``ingest:<exposure>``.
    out : pathlib.Path
        Folder to fill.
    """
    params = inputs.params
    p_threshold = cast("float", params["p_threshold"])
    panel = open_panel(
        inputs.locations["panel"], ancestry=str(params["ancestry"]), genome_build=str(params["genome_build"])
    )
    tables = {
        name: passing(inputs.locations[f"ingest:{name}"], p_threshold=p_threshold)[0]
        for name in cast("list[str]", params["exposures"])
    }
    window = cast("float | None", params["window_kb"])
    options = PanelClumpOptions(p1=p_threshold, r2=cast("float", params["r2"]), kb=window or GENOME_KB)
    clumps = clump_traits(tables, panel, options=options)
    write_table(pl.concat([table("clumps"), *clumps.values()]), out / "clumps.parquet", schema="clumps")


STEPS.add("clumping", Step("clumping", 1, ("clumps",), run))
