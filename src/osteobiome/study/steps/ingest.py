"""Step `ingest`: one trait's file becomes a checked table in canonical orientation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from osteobiome.core.errors import InputFileError
from osteobiome.core.rows import RowReport
from osteobiome.core.schema import table
from osteobiome.store import read_table, write_atomic, write_table
from osteobiome.study.task import STEPS, Inputs, Step
from osteobiome.sumstats import SumStats, read_sumstats
from osteobiome.sumstats.formats import Side

if TYPE_CHECKING:
    from pathlib import Path


def run(inputs: Inputs, out: Path) -> None:
    """Read the file, refuse it if one fault takes too many rows, write table and row report.

    Parameters
    ----------
    inputs : Inputs
        Params trait_id, format, side, genome_build, max_bad_rows, allow; location ``file``.
    out : pathlib.Path
        Folder to fill.
    """
    params = inputs.params
    sumstats = read_sumstats(
        inputs.locations["file"],
        file_format=str(params["format"]),
        trait_id=str(params["trait_id"]),
        side=cast("Side", params["side"]),
        genome_build=str(params["genome_build"]),
    )
    faults = sumstats.rows.excess(
        max_bad_rows=cast("float", params["max_bad_rows"]), allow=frozenset(cast("list[str]", params["allow"]))
    )
    if faults:
        raise InputFileError(*faults)
    write_sumstats(sumstats, out)


def write_sumstats(sumstats: SumStats, out: Path) -> None:
    """Write a trait's table, row report and the facts that hold for the whole table."""
    write_table(sumstats.frame, out / "variants.parquet", schema="variants")
    write_table(table("row_report", sumstats.rows.records()), out / "row_report.parquet", schema="row_report")
    facts = {"genome_build": sumstats.genome_build, "alignment": sumstats.alignment}
    write_atomic(out / "facts.json", json.dumps(facts, sort_keys=True).encode())


def read_ingested(folder: Path, *, trait_id: str) -> SumStats:
    """Read what :func:`write_sumstats` wrote; the row report stays on disk."""
    frame = read_table(folder / "variants.parquet", schema="variants")
    facts = json.loads((folder / "facts.json").read_text())
    rows = RowReport(trait_id, "read", frame.height, frame.height)
    return SumStats(trait_id, frame, rows, facts["genome_build"], facts["alignment"])


STEPS.add("ingest", Step("ingest", 1, ("variants", "row_report"), run))
