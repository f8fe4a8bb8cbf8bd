"""Step `ingest`: one trait's file becomes a checked table in canonical orientation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from osteobiome.core.rows import RowReport
from osteobiome.core.schema import table
from osteobiome.instruments.candidates import write_candidates
from osteobiome.store import file_sha256, read_table, write_atomic, write_table
from osteobiome.study.files import reading_from
from osteobiome.study.task import STEPS, Inputs, Step
from osteobiome.sumstats import SumStats
from osteobiome.sumstats.qc import casts_doubt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl

    from osteobiome.core.findings import Finding


def run(inputs: Inputs, out: Path) -> None:
    """Read the file, refuse it if one fault takes too many rows, write table and row report.

    Parameters
    ----------
    inputs : Inputs
        Params trait_id, reading (``study.files``), max_bad_rows, allow; locations ``file`` and, if there is one,
        ``map``.
    out : pathlib.Path
        Folder to fill.
    """
    params = inputs.params
    trait_id, path = str(params["trait_id"]), inputs.locations["file"]
    ingest = reading_from(params).begin(path, trait_id=trait_id, variant_map=inputs.locations.get("map"))
    ingest.store(
        out / "variants.parquet",
        max_bad_rows=cast("float", params["max_bad_rows"]),
        allow=frozenset(cast("list[str]", params["allow"])),
    )
    write_candidates(out / "variants.parquet", out / "candidates.parquet")
    _write_rest(
        out,
        rows=ingest.report(),
        findings=ingest.findings(),
        genome_build=ingest.genome_build,
        alignment=file_sha256(path) if ingest.fmt.is_prealigned else "",
    )


def _write_rest(out: Path, *, rows: RowReport, findings: Sequence[Finding], genome_build: str, alignment: str) -> None:
    """Write what is known about a table besides its rows."""
    write_table(table("row_report", rows.records()), out / "row_report.parquet", schema="row_report")
    write_table(table("findings", finding_records(rows.subject, findings)), out / "findings.parquet", schema="findings")
    facts = {"genome_build": genome_build, "alignment": alignment}
    write_atomic(out / "facts.json", json.dumps(facts, sort_keys=True).encode())


def finding_records(
    subject: str, findings: Sequence[Finding], *, doubts: frozenset[str] = frozenset()
) -> list[dict[str, object]]:
    """Return findings as rows of schema ``findings``; ``doubts`` names further checks that cast doubt on results."""
    return [
        {
            "subject": subject,
            "check": found.id,
            "severity": found.severity,
            "casts_doubt": casts_doubt(found) or found.id in doubts,
            "count": found.count,
            "found": found.found,
            "hint": found.hint,
            "lines": [example.line for example in found.examples if example.line is not None],
            "examples": [example.value for example in found.examples],
        }
        for found in findings
    ]


def write_sumstats(sumstats: SumStats, out: Path) -> None:
    """Write a trait's table, row report and the facts that hold for the whole table."""
    write_table(sumstats.frame, out / "variants.parquet", schema="variants")
    _write_rest(
        out,
        rows=sumstats.rows,
        findings=sumstats.findings,
        genome_build=sumstats.genome_build,
        alignment=sumstats.alignment,
    )


def read_ingested(folder: Path, *, trait_id: str, frame: pl.DataFrame | None = None) -> SumStats:
    """Read what :func:`write_sumstats` wrote; the row report stays on disk.

    Parameters
    ----------
    folder : pathlib.Path
        Where the trait is stored.
    trait_id : str
        Its name.
    frame : polars.DataFrame, optional
        Some of its variants, read before; left out, all are read.
    """
    frame = read_table(folder / "variants.parquet", schema="variants") if frame is None else frame
    facts = json.loads((folder / "facts.json").read_text())
    rows = RowReport(trait_id, "read", frame.height, frame.height)
    return SumStats(trait_id, frame, rows, facts["genome_build"], facts["alignment"])


STEPS.add("ingest", Step("ingest", 3, ("variants", "candidates", "row_report", "findings"), run))
