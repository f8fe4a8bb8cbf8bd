"""Parquet files as tables of text, so that everything behind them is the same as for text files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.errors import InputFileError
from osteobiome.sumstats.reading.faults import AGAIN, fault
from osteobiome.sumstats.reading.layout import LINE, no_rows, refuse_repeated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


MAX_ROWS = 500_000
"""Rows per chunk."""
BYTES_PER_ROW = 96
"""What a row counts as in ``n_bytes``, so that the usual chunk of 48 MB has 500,000 rows."""
ERRORS = (pl.exceptions.PolarsError, OSError, ValueError)


def header(path: Path) -> tuple[str, ...]:
    """Return the column names of a Parquet file.

    Parameters
    ----------
    path : pathlib.Path
        File that begins with the mark of Parquet.

    Raises
    ------
    InputFileError
        Damaged, no rows, columns without a name, with the same name, or with lists in them.
    """
    where = str(path)
    try:
        schema = pl.read_parquet_schema(path)
        n_rows = _n_rows(path)
    except ERRORS as error:
        raise _damaged(where, error) from None
    names = [name.strip() for name in schema]
    nested = next((name for name, kind in schema.items() if kind.is_nested() or kind in {pl.Binary, pl.Object}), None)
    if nested is not None:
        found = f"column '{nested}' holds {schema[nested]}"
        hint = "Write one value per cell"
        raise InputFileError(fault("unreadable_table", where, found, expected="numbers or text", hint=hint))
    if "" in names:
        found = f"column {names.index('') + 1} of {len(names)} has no name"
        raise InputFileError(
            fault("empty_column_name", where, found, expected="a name for every column", hint="Name it")
        )
    refuse_repeated(names, where)
    if not names or not n_rows:
        raise no_rows(where)
    return tuple(names)


def _n_rows(path: Path) -> int:
    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())


def _damaged(where: str, error: Exception) -> InputFileError:
    reason = str(error).split("\n", maxsplit=1)[0]
    found = f"a damaged or cut off Parquet file ({reason})"
    return InputFileError(fault("damaged_parquet", where, found, expected="an intact one", hint=AGAIN))


def chunks(path: Path, names: tuple[str, ...], *, n_bytes: int) -> Iterator[pl.DataFrame]:
    """Yield the rows of a Parquet file as text cells with line numbers.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    names : tuple of str
        Its columns, as :func:`header` returns them.
    n_bytes : int
        Bytes per chunk, at 96 bytes a row; at most 500,000 rows.

    Yields
    ------
    polars.DataFrame
        Columns of type String, floats with as few digits as read back to the same number, and ``__line__`` (Int64):
        the number of the row plus one, as if the header were line 1.

    Raises
    ------
    InputFileError
        A damaged file.
    """
    size = max(1, min(MAX_ROWS, n_bytes // BYTES_PER_ROW))
    text = pl.all().cast(pl.String).str.strip_chars()
    start, is_empty = 0, True
    while True:
        try:
            scanned = pl.scan_parquet(path, glob=False).slice(start, size).select(text)
            frame = scanned.select(pl.when(pl.all() != "").then(pl.all())).collect()
        except ERRORS as error:
            raise _damaged(str(path), error) from None
        if not frame.height:
            break
        frame.columns = list(names)
        lines = pl.int_range(start + 2, start + 2 + frame.height, dtype=pl.Int64, eager=True)
        rows = frame.with_columns(lines.alias(LINE)).filter(~pl.all_horizontal(pl.all().exclude(LINE).is_null()))
        if rows.height:
            is_empty = False
            yield rows
        start += size
    if is_empty:
        raise no_rows(str(path))
