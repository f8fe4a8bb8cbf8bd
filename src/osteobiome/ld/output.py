"""Files that commands about panels write: names that are free, and all of a file or none of it."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING

from osteobiome.core.errors import Fault, StoreWriteError
from osteobiome.store import write_atomic, write_csv

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import polars as pl

TABLE_ENDINGS = (".csv", ".tsv", ".parquet")


def free_names(paths: Sequence[Path], *, overwrite: bool) -> None:
    """Raise if a file that is to be written is there already.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        Files to be written.
    overwrite : bool
        Whether files, not folders, may be replaced.

    Raises
    ------
    StoreWriteError
        With every name that is taken.
    """
    faults = []
    for path in paths:
        with system_errors(path):
            is_folder, is_there = path.is_dir(), path.exists()
        if is_folder or (is_there and not overwrite):
            found = "a folder of this name" if is_folder else "a file of this name is there already"
            hint = "Choose another name" if is_folder else "Choose another name, or replace it with --overwrite"
            faults.append(Fault("file_exists", str(path), found, "a name that is free", hint))
    if faults:
        raise StoreWriteError(*faults)


@contextlib.contextmanager
def system_errors(path: Path) -> Iterator[None]:
    """Turn whatever the system says against a file that is to be written into a StoreWriteError.

    Parameters
    ----------
    path : pathlib.Path
        File, for the message.
    """
    try:
        yield
    except OSError as error:
        found = f"the system does not let it be written: {error.strerror or error}"
        hint = "Choose another folder or name"
        raise StoreWriteError(Fault("cannot_write", str(path), found, "a file that can be made", hint)) from error


def put(path: Path, content: bytes) -> None:
    """Write a file, all of it or none of it.

    Parameters
    ----------
    path : pathlib.Path
        File; its folder is made if needed.
    content : bytes
        All of it.

    Raises
    ------
    StoreWriteError
        Whatever the system says against it.
    """
    with system_errors(path):
        write_atomic(path, content)


def put_table(frame: pl.DataFrame, path: Path) -> None:
    """Write a table as CSV, TSV or Parquet, as the name says.

    Parameters
    ----------
    frame : polars.DataFrame
        Table.
    path : pathlib.Path
        Ends in ``.csv``, ``.tsv`` or ``.parquet``; see :func:`table_name`.

    Raises
    ------
    StoreWriteError
        Whatever the system says against it.
    """
    buffer = io.BytesIO()
    with system_errors(path):
        if path.suffix == ".csv":
            write_csv(frame, path)
        elif path.suffix == ".tsv":
            write_atomic(path, frame.write_csv(separator="\t").encode())
        else:
            frame.write_parquet(buffer, compression="zstd", statistics=False)
            write_atomic(path, buffer.getvalue())


def table_name(path: Path, *, overwrite: bool) -> None:
    """Raise unless a table can be written under this name, before any work is done for it.

    Parameters
    ----------
    path : pathlib.Path
        File to be written.
    overwrite : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    StoreWriteError
        Another ending than ``.csv``, ``.tsv`` or ``.parquet``, or a name that is taken.
    """
    if path.suffix not in TABLE_ENDINGS:
        found = f"a name that ends in none of {', '.join(TABLE_ENDINGS)}"
        raise StoreWriteError(Fault("wrong_suffix", str(path), found, "one of these", "Change the name"))
    free_names([path], overwrite=overwrite)
