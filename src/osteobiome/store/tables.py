"""Parquet tables: typed, checked against their schema, the same bytes for the same content."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import polars as pl
from polars.io.plugins import register_io_source

from osteobiome.core.errors import Fault, StoreError
from osteobiome.core.schema import polars_schema, validate
from osteobiome.store.files import write_atomic, writing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path


def write_table(frame: pl.DataFrame, path: Path, *, schema: str) -> None:
    """Write a table of a declared schema as Parquet (zstd).

    Parameters
    ----------
    frame : polars.DataFrame
        Table.
    path : pathlib.Path
        File to write.
    schema : str
        Key of ``core.columns.SCHEMAS``; a table that does not fit is an error.
    """
    buffer = io.BytesIO()
    validate(frame, schema).write_parquet(buffer, compression="zstd", statistics=False)
    write_atomic(path, buffer.getvalue())


ROW_GROUP = 250_000
"""Rows that a reader of a large table has to hold at once."""


def write_frames(
    frames: Iterable[pl.DataFrame], path: Path, *, schema: str, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a table that comes in pieces as Parquet (zstd); one piece is held at a time.

    Parameters
    ----------
    frames : iterable of polars.DataFrame
        Pieces in order.
    path : pathlib.Path
        File to write. It is flushed to disk but not renamed: write into a folder that is not final yet.
    schema : str
        Key of ``core.columns.SCHEMAS``; a piece that does not fit is an error.
    metadata : mapping of str, optional
        Facts to be kept in the file beside the table.

    Notes
    -----
    The bytes depend on the rows alone, not on how they were cut into pieces. Row groups carry the smallest and largest
    value of each column, so that a reader of one region skips the others.
    """
    raised: list[BaseException] = []

    def pieces(
        columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        del columns, predicate, n_rows, batch_size  # nothing is selected: the plan is source and file
        try:
            for frame in frames:
                yield validate(frame, schema)
        except BaseException as error:
            raised.append(error)  # polars turns it into an error of its own
            raise

    source = register_io_source(pieces, schema=dict(polars_schema(schema)))
    try:
        with writing(path), path.open("wb") as handle:
            source.sink_parquet(
                handle,
                compression="zstd",
                compression_level=1,
                row_group_size=ROW_GROUP,
                statistics=True,
                metadata=dict(metadata) if metadata else None,
            )
            handle.flush()
            os.fsync(handle.fileno())
    finally:
        if raised:
            raise raised[0] from None


def read_table(path: Path, *, schema: str) -> pl.DataFrame:
    """Read a table and check it against its schema.

    Parameters
    ----------
    path : pathlib.Path
        Parquet file of this store.
    schema : str
        Key of ``core.columns.SCHEMAS``.

    Raises
    ------
    StoreError
        The file is missing or damaged.
    """
    try:
        frame = pl.read_parquet(path.read_bytes())
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StoreError(
            Fault(
                "damaged_table",
                str(path),
                f"a table that cannot be read ({error})",
                "a complete Parquet file",
                "Delete the results folder and run again",
            )
        ) from error
    return validate(frame, schema)


FORMULA = r"^[=+\-@\t\r]"
"""Text that a spreadsheet would compute; numbers are written as numbers and are not text."""


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """Write a table as CSV for spreadsheets; lists become text joined by semicolons, empty means missing.

    Parameters
    ----------
    frame : polars.DataFrame
        Table.
    path : pathlib.Path
        File to write.

    Notes
    -----
    Text, also a list made text, that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return gets an
    apostrophe in front: labels come from files of others, and a spreadsheet would compute them. Columns of numbers stay
    as they are. For exact cells read the Parquet file.
    """
    columns = []
    for name, dtype in frame.schema.items():
        column = pl.col(name)
        if isinstance(dtype, pl.List):
            inner = pl.element()
            if isinstance(dtype.inner, pl.List):
                inner = inner.cast(pl.List(pl.String)).list.join(" to ")
            column = column.list.eval(inner.cast(pl.String)).list.join("; ")
        if isinstance(dtype, pl.List) or dtype == pl.String:
            column = pl.when(column.str.contains(FORMULA)).then("'" + column).otherwise(column).alias(name)
        columns.append(column)
    write_atomic(path, frame.select(columns).write_csv().encode())
