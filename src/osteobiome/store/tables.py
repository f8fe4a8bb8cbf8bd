"""Parquet tables: typed, checked against their schema, the same bytes for the same content."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.errors import Fault, StoreError
from osteobiome.core.schema import validate
from osteobiome.store.files import write_atomic

if TYPE_CHECKING:
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


_FORMULA = r"^[=+\-@\t\r]"
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
            column = pl.when(column.str.contains(_FORMULA)).then("'" + column).otherwise(column).alias(name)
        columns.append(column)
    write_atomic(path, frame.select(columns).write_csv().encode())
