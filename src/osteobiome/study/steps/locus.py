"""Step `locus`: the associations of one region for some traits, LD with the lead variant, and the genes there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, InputFileError
from osteobiome.core.schema import conform, table
from osteobiome.ld import LdMatrix
from osteobiome.ld.reading import read_ld
from osteobiome.store import write_table
from osteobiome.study.loci import in_region, read_genes
from osteobiome.study.steps.ingest import read_ingested
from osteobiome.study.task import STEPS, Inputs, Step

if TYPE_CHECKING:
    from pathlib import Path


def run(inputs: Inputs, out: Path) -> None:
    """Cut the region out of every trait, name the lead variant, add r² with it.

    Parameters
    ----------
    inputs : Inputs
        Params locus, chromosome, start, end, traits, lead (may be null); locations ``trait:<trait>``, and if declared
        ``ld:matrix``, ``ld:variants``, ``genes``.
    out : pathlib.Path
        Folder to fill.

    Raises
    ------
    InputFileError
        The declared lead variant is in no trait's file.
    """
    params = cast("dict[str, Any]", dict(inputs.params))
    region = (params["chromosome"], params["start"], params["end"])
    parts = {
        trait_id: in_region(read_ingested(inputs.locations[f"trait:{trait_id}"], trait_id=trait_id).frame, region)
        for trait_id in params["traits"]
    }
    lead = _lead(parts, params)
    ld = None
    if "ld:matrix" in inputs.locations:
        ld = read_ld(inputs.locations["ld:matrix"], inputs.locations.get("ld:variants"))
    frames = [_regional(part, trait_id, lead, params, ld) for trait_id, part in parts.items()]
    write_table(pl.concat(frames), out / "regional.parquet", schema="regional")
    write_table(_genes(inputs, params), out / "genes.parquet", schema="genes")


def _lead(parts: dict[str, pl.DataFrame], params: dict[str, Any]) -> dict[str, Any] | None:
    """Return the row of the lead variant: the declared one, or the one of smallest p in the first trait."""
    if params["lead"] is None:
        first = next(iter(parts.values())).sort("neg_log_10_p_value", descending=True, maintain_order=True)
        return first.row(0, named=True) if first.height else None
    for part in parts.values():
        found = part.filter(pl.col("rsid") == params["lead"])
        if found.height:
            return found.row(0, named=True)
    raise InputFileError(
        Fault(
            "unknown_lead",
            f"locus '{params['locus']}'",
            f"variant '{params['lead']}' is in the region of no trait",
            "a variant of the region",
            "Leave `lead` out to take the smallest p",
        )
    )


def _regional(
    part: pl.DataFrame, trait_id: str, lead: dict[str, Any] | None, params: dict[str, Any], ld: LdMatrix | None
) -> pl.DataFrame:
    """Return the variants of one trait, schema ``REGIONAL``."""
    is_lead = pl.repeat(value=False, n=part.height, eager=True)
    if lead is not None:
        is_lead = part["variant_key"] == lead["variant_key"]
        if not is_lead.any():  # by name only where place and alleles do not find it: a name may stand for several
            is_lead = (part["rsid"] == lead["rsid"]).fill_null(value=False)
    full = part.with_columns(
        pl.lit(params["locus"]).alias("locus"),
        pl.lit(trait_id).alias("trait_id"),
        _r2(part, lead, ld).alias("ld_r2"),
        is_lead.alias("is_lead"),
    )
    return conform(full, "regional")


def _r2(part: pl.DataFrame, lead: dict[str, Any] | None, ld: LdMatrix | None) -> pl.Series:
    """Return r² with the lead variant: null for variants that the matrix lacks or knows with other alleles."""
    nothing = pl.Series([None] * part.height, dtype=pl.Float64)
    if ld is None or lead is None:
        return nothing
    # the strand plays no part here: r² has no sign
    (at, _, problem), *_ = ld.find(
        [lead["rsid"] or ""], [lead["effect_allele"]], [lead["other_allele"]], trust_strand=True
    )
    if problem:
        return nothing
    found = ld.find(
        part["rsid"].fill_null("").to_list(),
        part["effect_allele"].to_list(),
        part["other_allele"].to_list(),
        trust_strand=True,
    )
    r2 = np.array([np.nan if problem else ld.r[at, row] ** 2 for row, _, problem in found], dtype=np.float64)
    return pl.Series(r2).fill_nan(None)


def _genes(inputs: Inputs, params: dict[str, Any]) -> pl.DataFrame:
    """Return the genes that touch the region, schema ``GENES``."""
    if "genes" not in inputs.locations:
        return table("genes")
    touching = (
        (pl.col("chromosome") == params["chromosome"])
        & (pl.col("end") >= params["start"])
        & (pl.col("start") <= params["end"])
    )
    genes = read_genes(inputs.locations["genes"]).filter(touching).sort("start", "end", "gene")
    return conform(genes.with_columns(pl.lit(params["locus"]).alias("locus")), "genes")


STEPS.add("locus", Step("locus", 1, ("regional", "genes"), run))
