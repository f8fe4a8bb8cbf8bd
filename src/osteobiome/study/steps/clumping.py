"""Step `clumping`: all exposures of one ancestry clumped with its panel, in one pass."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import polars as pl

from osteobiome.core.errors import InputFileError
from osteobiome.core.findings import fault_of
from osteobiome.core.schema import table
from osteobiome.instruments.candidates import passing
from osteobiome.instruments.panel_leads import LeadOptions, expected_leads, window_leads
from osteobiome.instruments.sweep import swept
from osteobiome.ld.fit import MAX_VARIANTS, check_fit
from osteobiome.ld.matching import PanelIndex
from osteobiome.ld.panel import open_panel
from osteobiome.ld.panel_clumping import PanelClumpOptions
from osteobiome.ld.trait_clumping import clump_traits
from osteobiome.store import write_table
from osteobiome.study.eligible import cis_of, eligibility_of
from osteobiome.study.steps.ingest import finding_records
from osteobiome.study.task import STEPS, Inputs, Step

if TYPE_CHECKING:
    from pathlib import Path

    from osteobiome.ld.panel import Panel

GENOME_KB = 1e6
"""A window wider than any chromosome: without one, all of a chromosome may clump."""

BELOW_NOISE = "r² is below the noise of the panel: of those found and those expected, too few are counted."


def run(inputs: Inputs, out: Path) -> None:
    """Clump the candidates of every exposure and keep what became of each.

    Parameters
    ----------
    inputs : Inputs
        Params ancestry, genome_build, exposures (the rule of each), selecting (selected_in and its ancestry, by
        exposure), r2, window_kb, by, mode, seed, allow;
        locations ``panel``, ``ingest:<exposure>`` and perhaps ``exclude``.
    out : pathlib.Path
        Folder to fill.
    """
    params = cast("dict[str, Any]", dict(inputs.params))
    panel = open_panel(inputs.locations["panel"], ancestry=params["ancestry"], genome_build=params["genome_build"])
    index = PanelIndex(panel.variants)
    folders = {name: inputs.locations[f"ingest:{name}"] for name in params["exposures"]}
    found = [
        row
        for name, folder in folders.items()
        for row in _fit(folder, panel, index, trait_id=name, **params["selecting"][name], allow=params["allow"])
    ]
    write_table(table("findings", found), out / "findings.parquet", schema="findings")
    thresholds = {name: swept(one["p_threshold"], by=params["by"]) for name, one in params["exposures"].items()}
    clumps = _clumps(inputs, folders, panel, index, {name: max(some) for name, some in thresholds.items()})
    write_table(pl.concat([table("clumps"), *clumps.values()]), out / "clumps.parquet", schema="clumps")
    leads = _null_leads(params, folders, panel, sorted({p for some in thresholds.values() for p in some}))
    write_table(leads, out / "null_leads.parquet", schema="null_leads")


def _clumps(
    inputs: Inputs, folders: dict[str, Path], panel: Panel, index: PanelIndex, loosest: dict[str, float]
) -> dict[str, pl.DataFrame]:
    """Return what became of every candidate of every exposure."""
    params = cast("dict[str, Any]", dict(inputs.params))
    tables = {}
    for name, folder in folders.items():
        strong, _ = passing(folder, p_threshold=loosest[name])
        places = eligibility_of(params["exposures"][name], inputs.locations, genome_build=params["genome_build"])
        tables[name], _ = places.apply(strong, trait_id=name)
    options = PanelClumpOptions(
        p1=max(loosest.values()),
        r2=params["r2"],
        kb=params["window_kb"] or GENOME_KB,
        by=params["by"],
        mode=params["mode"],
    )
    return clump_traits(tables, panel, index=index, options=options, keep_constant=False)


def _null_leads(
    params: dict[str, Any], folders: dict[str, Path], panel: Panel, thresholds: list[float]
) -> pl.DataFrame:
    """Return the leads that chance yields in the whole study of each exposure, or in its cis window."""
    options = LeadOptions(
        p_thresholds=tuple(p for p in thresholds if p < 1.0),
        r2=params["r2"],
        window_kb=params["window_kb"],
        seed=params["seed"],
    )
    paths = {name: folder / "variants.parquet" for name, folder in folders.items()}
    windows = {name: cis_of(params["exposures"][name], genome_build=params["genome_build"]) for name in paths}
    whole = {name: path for name, path in paths.items() if windows[name] is None}
    found = [
        expected_leads(whole, panel, options=options),
        *(
            window_leads(paths[name], panel, region, trait_id=name, options=options)
            for name, region in windows.items()
            if region is not None
        ),
    ]
    return table("null_leads").vstack(
        pl.concat(found).select(
            pl.col("trait_id").alias("exposure"),
            "p_threshold",
            pl.col("expected").alias("expected_null_leads"),
            pl.col("expected_se").alias("expected_null_leads_se"),
            pl.when(pl.col("below_noise") & (pl.col("message") == ""))
            .then(pl.lit(BELOW_NOISE))
            .otherwise("message")
            .alias("message"),
        )
    )


def _fit(
    folder: Path, panel: Panel, index: PanelIndex, *, trait_id: str, selected_in: str, ancestry: str, allow: list[str]
) -> list[dict[str, object]]:
    """Return what speaks against a panel for a trait, or raise if the panel is not to be used.

    Raises
    ------
    InputFileError
        Places, alleles or frequencies are those of another build, of other alleles or of another ancestry, and the
        study does not allow that.
    """
    whole = pl.scan_parquet(folder / "variants.parquet")
    n_rows = int(whole.select(pl.len()).collect().item())
    some = whole.gather_every(max(1, n_rows // MAX_VARIANTS)).collect(engine="streaming")
    fit = check_fit(some, panel, index=index, genome_build=panel.genome_build, ancestry=ancestry)
    where = f"panel of {panel.ancestry} for {selected_in}"
    fatal = [
        fault_of(replace(found, hint=f'{found.hint}; or add "{found.id}" to `allow` under [ingest]'), where=where)
        for found in fit.findings
        if found.severity == "fatal" and found.id not in allow
    ]
    if fatal:
        raise InputFileError(*fatal)
    return finding_records(trait_id, fit.findings, doubts=fit.doubts)


STEPS.add("clumping", Step("clumping", 3, ("clumps", "null_leads", "findings"), run))
