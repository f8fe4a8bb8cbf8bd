"""Step `clumping`: all exposures of one ancestry clumped with its panel, in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import polars as pl

from osteobiome.core.errors import InputFileError
from osteobiome.core.findings import fault_of
from osteobiome.core.schema import table
from osteobiome.instruments.candidates import passing
from osteobiome.instruments.selection import in_loci
from osteobiome.ld.fit import MAX_VARIANTS, check_fit
from osteobiome.ld.matching import PanelIndex
from osteobiome.ld.panel import open_panel
from osteobiome.ld.panel_clumping import PanelClumpOptions
from osteobiome.ld.trait_clumping import clump_traits
from osteobiome.store import write_table
from osteobiome.study.steps.ingest import finding_records
from osteobiome.study.task import STEPS, Inputs, Step

if TYPE_CHECKING:
    from pathlib import Path

    from osteobiome.ld.panel import Panel

GENOME_KB = 1e6
"""A window wider than any chromosome: without one, all of a chromosome may clump."""


def run(inputs: Inputs, out: Path) -> None:
    """Clump the candidates of every exposure and keep what became of each.

    Parameters
    ----------
    inputs : Inputs
        Params ancestry, genome_build, exposures, p_threshold, r2, window_kb, exclude_loci; locations ``panel`` and
        ``ingest:<exposure>``.
    out : pathlib.Path
        Folder to fill.
    """
    params = inputs.params
    p_threshold = cast("float", params["p_threshold"])
    panel = open_panel(
        inputs.locations["panel"], ancestry=str(params["ancestry"]), genome_build=str(params["genome_build"])
    )
    excluded = cast("list[str]", params["exclude_loci"])
    tables = {}
    for name in cast("list[str]", params["exposures"]):
        strong, _ = passing(inputs.locations[f"ingest:{name}"], p_threshold=p_threshold)
        inside = in_loci(strong, excluded, genome_build=panel.genome_build).fill_null(value=False)
        tables[name] = strong.filter(~inside)
    window = cast("float | None", params["window_kb"])
    options = PanelClumpOptions(p1=p_threshold, r2=cast("float", params["r2"]), kb=window or GENOME_KB)
    index = PanelIndex(panel.variants)
    found = [
        row
        for name in tables
        for row in _fit(inputs.locations[f"ingest:{name}"], panel, index, trait_id=name, ancestry=panel.ancestry)
    ]
    write_table(table("findings", found), out / "findings.parquet", schema="findings")
    clumps = clump_traits(tables, panel, index=index, options=options)
    write_table(pl.concat([table("clumps"), *clumps.values()]), out / "clumps.parquet", schema="clumps")


def _fit(folder: Path, panel: Panel, index: PanelIndex, *, trait_id: str, ancestry: str) -> list[dict[str, object]]:
    """Return what speaks against a panel for a trait, or raise if the panel is not to be used.

    Raises
    ------
    InputFileError
        Places, alleles or frequencies are those of another build, of other alleles or of another ancestry.
    """
    whole = pl.scan_parquet(folder / "variants.parquet")
    n_rows = int(whole.select(pl.len()).collect().item())
    some = whole.gather_every(max(1, n_rows // MAX_VARIANTS)).collect(engine="streaming")
    fit = check_fit(some, panel, index=index, genome_build=panel.genome_build, ancestry=ancestry)
    fatal = [
        fault_of(found, where=f"panel of {ancestry} for {trait_id}")
        for found in fit.findings
        if found.severity == "fatal"
    ]
    if fatal:
        raise InputFileError(*fatal)
    return finding_records(trait_id, fit.findings, doubts=fit.doubts)


STEPS.add("clumping", Step("clumping", 1, ("clumps", "findings"), run))
