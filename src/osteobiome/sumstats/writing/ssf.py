"""GWAS-SSF v1.0 with its YAML metadata (Hayhurst et al. 2022, doi:10.1101/2022.07.15.500230).

P values are written as ``neg_log_10_p_value``, which the standard permits in place of ``p_value``: it holds p = 1e-400,
and each stored value is read back as the same double. Missing is ``NA``. The standard recommends ``#NA`` and its own
tools take both; R and pandas take ``NA`` as missing, and a row that began with ``#`` would pass for a comment.

Rows known by a name only are written with chromosome and position missing, at the end; the standard has no place for
them, but leaving them out would lose them. Identifiers that are no rs number stand in ``rsid`` too. What has no column
in the standard is not written: which values were derived, and line numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.sumstats.metadata import metadata_yaml
from osteobiome.sumstats.writing.cells import one_line, real, whole
from osteobiome.sumstats.writing.files import new_file, new_text, put_line, put_rows
from osteobiome.sumstats.writing.order import in_genome_order
from osteobiome.sumstats.writing.registry import WRITERS, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from osteobiome.sumstats.writing.registry import Job

HAS_PLACE = pl.col("chromosome").is_not_null() & pl.col("position").is_not_null()
CELLS = {
    "chromosome": pl.when(HAS_PLACE).then("chromosome"),
    "base_pair_location": pl.when(HAS_PLACE).then("position"),
    "effect_allele": pl.col("effect_allele"),
    "other_allele": pl.col("other_allele"),
    "beta": real("beta"),
    "standard_error": real("se"),
    "effect_allele_frequency": real("eaf"),
    "neg_log_10_p_value": real("neg_log_10_p_value"),
    "rsid": one_line("rsid"),
    "n": whole("n"),
}


def targets(path: Path) -> tuple[Path, ...]:
    """Return the table and its metadata file."""
    return path, path.with_name(f"{path.name}-meta.yaml")


def write(frames: Iterator[pl.DataFrame], job: Job) -> int:
    """Write table and metadata.

    Parameters
    ----------
    frames : iterator of polars.DataFrame
        Schema ``variants``.
    job : Job
        Where to, and what is known about the trait.

    Returns
    -------
    int
        Rows written.
    """
    n_rows = 0
    named = (frame.select(cell.alias(name) for name, cell in CELLS.items()) for frame in frames)
    placed = (frame.rename({"base_pair_location": "position"}) for frame in named)
    with new_text(job.path) as (text, file):
        put_line(text, list(CELLS), separator="\t")
        for frame in in_genome_order(placed, job.spool):
            put_rows(text, frame, separator="\t", missing="NA", quote=False)
            n_rows += frame.height
    metadata = metadata_yaml(job.facts, data_file_name=job.name, md5=file.md5, is_sorted=True, date=job.date)
    with new_file(job.folder / f"{job.name}-meta.yaml") as handle:
        handle.write(metadata.encode())
    return n_rows


WRITERS.add(
    "ssf",
    Writer("ssf", "GWAS-SSF", (".tsv", ".tsv.gz", ".txt", ".txt.gz"), write, "gwas_ssf", targets),
)
