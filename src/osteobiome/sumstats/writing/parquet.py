"""Parquet: the stored table as it is, with every column and type; facts stand in the file's metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.columns import SCHEMAS
from osteobiome.core.provenance import version
from osteobiome.store import write_frames
from osteobiome.sumstats.metadata import SIMULATED
from osteobiome.sumstats.writing.registry import WRITERS, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osteobiome.sumstats.writing.registry import Job, TraitFacts


def write(frames: Iterator[pl.DataFrame], job: Job) -> int:
    """Write the rows in the order in which they come.

    Parameters
    ----------
    frames : iterator of polars.DataFrame
        Schema ``variants``; marks of derived values that a frame lacks are written as false.
    job : Job
        Where to, and what is known about the trait.

    Returns
    -------
    int
        Rows written.
    """
    n_rows = 0

    def counted() -> Iterator[pl.DataFrame]:
        nonlocal n_rows
        for frame in frames:
            n_rows += frame.height
            lacking = [pl.lit(value=False).alias(name) for name in SCHEMAS["variants"] if name not in frame.columns]
            yield frame.with_columns(lacking)

    facts = facts_as_text(job.facts, date=job.date.isoformat() if job.date else "")
    write_frames(counted(), job.path, schema="variants", metadata=facts)
    return n_rows


def facts_as_text(facts: TraitFacts, *, date: str) -> dict[str, str]:
    """Return what is known about a trait as names and text, for files that have a place for it.

    Parameters
    ----------
    facts : TraitFacts
        What is known.
    date : str
        ISO date, or empty.
    """
    known: dict[str, object] = {
        "trait_id": facts.trait_id,
        "label": facts.name,
        "data": SIMULATED if facts.is_simulated else "",
        "genome_build": facts.genome_build,
        "n": facts.n,
        "n_cases": facts.n_cases,
        "unit": facts.unit,
        "ancestry": facts.ancestry,
        "sex": facts.sex,
        "adjusted_for": facts.adjusted_for,
        "gwas_id": facts.gwas_id,
        "source": facts.source,
        "source_sha256": facts.source_sha256,
        "date": date,
        "written_by": f"osteobiome {version()}",
    }
    return {name: str(value) for name, value in known.items() if value not in {None, ""}}


WRITERS.add("parquet", Writer("parquet", "Parquet", (".parquet",), write, "osteobiome", as_in_file=False))
