"""CSV for spreadsheets: text stays text, numbers are numbers, and nothing is computed on opening.

Text that a spreadsheet would take for a formula, a date, a number or a truth value has an apostrophe in front; taking
off one apostrophe gives each text back. Numbers are written in full; a spreadsheet shows 15 digits of them. Simulated
data have a column ``is_simulated``, as with a comment above its header the file would be no table any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.sumstats.writing.cells import real, spreadsheet_text, whole
from osteobiome.sumstats.writing.files import new_text, put_line, put_rows
from osteobiome.sumstats.writing.order import in_pieces
from osteobiome.sumstats.writing.registry import WRITERS, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osteobiome.sumstats.writing.registry import Job

TEXT = ("rsid", "effect_allele", "other_allele")
SHOWN = (
    "rsid", "chromosome", "position", "effect_allele", "other_allele", "eaf", "beta", "se", "neg_log_10_p_value", "n",
    "is_palindromic", "is_p_derived", "is_beta_derived", "is_se_derived",
)  # fmt: skip
"""Columns for readers; keys and line numbers are for the store."""


def shown(frame: pl.DataFrame, *, is_simulated: bool) -> pl.DataFrame:
    """Return the columns for readers.

    Parameters
    ----------
    frame : polars.DataFrame
        Schema ``variants``; marks of derived values that it lacks are false.
    is_simulated : bool
        Add a column that says so in each row.
    """
    lacking = [pl.lit(value=False).alias(name) for name in SHOWN if name not in frame.columns]
    label = [pl.lit(value=True).alias("is_simulated")] if is_simulated else []
    columns = [real(name) if frame.schema.get(name) == pl.Float64 else pl.col(name) for name in SHOWN]
    return frame.with_columns(lacking).select(*columns, *label)


def write(frames: Iterator[pl.DataFrame], job: Job) -> int:
    """Write the columns for readers; rows keep their order.

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
    names = [*SHOWN, *(["is_simulated"] if job.facts.is_simulated else [])]
    with new_text(job.path) as (text, _):
        put_line(text, names, separator=",")
        for frame in in_pieces(frames):
            rows = shown(frame, is_simulated=job.facts.is_simulated)
            safe = rows.with_columns(*(spreadsheet_text(name) for name in TEXT), whole("n"))
            put_rows(text, safe, separator=",", missing="", quote=True)
            n_rows += frame.height
    return n_rows


WRITERS.add("csv", Writer("csv", "CSV for spreadsheets", (".csv", ".csv.gz"), write))
