"""From a chunk in a format's own columns to our columns, cell by cell, still as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.sumstats.formats.cells import DROP, TRAIT, text, value
from osteobiome.sumstats.formats.registry import LINE

if TYPE_CHECKING:
    from osteobiome.sumstats.formats.registry import Columns, Format


def our_columns(chunk: pl.DataFrame, fmt: Format, found: Columns) -> pl.DataFrame:
    """Rename the columns of a chunk to ours and let the format take apart what it packs.

    Parameters
    ----------
    chunk : polars.DataFrame
        Text columns as the file names them, and ``__line__``.
    fmt : Format
        Format of the file.
    found : dict of str to str
        What ``fmt.columns`` found in the header.

    Returns
    -------
    polars.DataFrame
        Text columns of our names, ``_drop`` (reason, null where the row stays) and ``_trait`` where the format gives
        them, and ``__line__``. One line of several alleles may have become several rows.
    """
    frame = chunk.select([pl.col(theirs).cast(pl.String).alias(ours) for ours, theirs in found.items()] + [LINE])
    if "_n_controls" in found:
        frame = frame.with_columns(text(value("n_cases") + value("_n_controls")).alias("n"))
    if fmt.prepare is not None:
        frame = fmt.prepare(frame)
    return frame.select([name for name in frame.columns if not name.startswith("_") or name in {DROP, TRAIT, LINE}])
