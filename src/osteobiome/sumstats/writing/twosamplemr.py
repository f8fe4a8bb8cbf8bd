"""Tables for the R package TwoSampleMR (Hemani et al. 2018, doi:10.7554/eLife.34408), as ``format_data`` gives them.

``pval`` is text made from minus log10 p. R reads 1e-400 as 0, as no double is that small; the text keeps it for others.
Reading the text gives minus log10 p back within 1e-12 relative (above 0.001), not bit by bit. All other numbers read
back as the same doubles. Simulated data say so in the name of the trait, the one text that TwoSampleMR carries along.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.sumstats.writing.cells import one_line, p_text, real, whole
from osteobiome.sumstats.writing.files import new_text, put_line, put_rows
from osteobiome.sumstats.writing.order import in_pieces
from osteobiome.sumstats.writing.registry import WRITERS, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osteobiome.sumstats.writing.registry import Job


def write(frames: Iterator[pl.DataFrame], job: Job) -> int:
    """Write one trait as exposure or outcome table; rows keep their order.

    Parameters
    ----------
    frames : iterator of polars.DataFrame
        Schema ``variants``.
    job : Job
        Where to, and what is known about the trait. A name that ends in ``.csv`` or ``.csv.gz`` gives commas, any other
        gives tabs.

    Returns
    -------
    int
        Rows written.
    """
    cells = _cells(job)
    is_csv = ".csv" in job.name[-7:]
    separator = "," if is_csv else "\t"
    n_rows = 0
    with new_text(job.path) as (text, _):
        put_line(text, list(cells), separator=separator)
        for frame in in_pieces(frames):
            rows = frame.select(cell.alias(name) for name, cell in cells.items())
            put_rows(text, rows, separator=separator, missing="NA", quote=is_csv)
            n_rows += frame.height
    return n_rows


def _cells(job: Job) -> dict[str, pl.Expr]:
    side, facts = job.side, job.facts
    name = re.sub(r"\s", " ", facts.name) + (" (SIMULATED)" if facts.is_simulated else "")
    cells = {
        "SNP": one_line("rsid"),
        f"chr.{side}": pl.col("chromosome"),
        f"pos.{side}": pl.col("position"),
        f"effect_allele.{side}": pl.col("effect_allele"),
        f"other_allele.{side}": pl.col("other_allele"),
        f"eaf.{side}": real("eaf"),
        f"beta.{side}": real("beta"),
        f"se.{side}": real("se"),
        f"pval.{side}": p_text("neg_log_10_p_value"),
        f"pval_origin.{side}": pl.when("is_p_derived").then(pl.lit("inferred")).otherwise(pl.lit("reported")),
        f"samplesize.{side}": whole("n"),
        side: pl.lit(name),
        f"id.{side}": pl.lit(re.sub(r"\s", " ", facts.trait_id)),
        f"mr_keep.{side}": pl.lit("TRUE"),
    }
    if facts.unit:
        cells[f"units.{side}"] = pl.lit(re.sub(r"\s", " ", facts.unit))
    return cells


WRITERS.add(
    "twosamplemr",
    Writer(
        "twosamplemr",
        "TwoSampleMR exposure or outcome table",
        (".txt", ".txt.gz", ".tsv", ".tsv.gz", ".csv", ".csv.gz"),
        write,
        "twosamplemr",
    ),
)
