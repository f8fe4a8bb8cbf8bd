"""Whole small files at once: text, a table with every cell as text, a header."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.errors import InputFileError
from osteobiome.sumstats.reading.containers import BLOCK, blocks, cannot_open, container_of, empty, identify
from osteobiome.sumstats.reading.encoding import BYTE_ORDER_MARK, check_start, check_text
from osteobiome.sumstats.reading.faults import fault
from osteobiome.sumstats.reading.layout import no_rows, refuse_repeated, split
from osteobiome.sumstats.reading.rows import Grid, parse

if TYPE_CHECKING:
    from pathlib import Path

HEADER_BYTES = 1_000_000


def read_bytes(path: Path) -> bytes:
    """Return the content of a file, unpacked if it is packed, or raise with the reason.

    Parameters
    ----------
    path : pathlib.Path
        File to read: plain, gzip, bgzip, zstd, xz or zip.

    Raises
    ------
    InputFileError
        Missing, a folder, no permission, empty, cut off or damaged.
    """
    where = str(path)
    try:
        raw = path.read_bytes()
    except (OSError, ValueError) as error:
        raise cannot_open(path, error) from None
    if not raw:
        raise empty(where, "the file is empty")
    handle = io.BytesIO(raw)
    container = identify(handle, where)
    if container in {"plain", "parquet"}:
        return raw
    content = b"".join(blocks(handle, container, where))
    if not content:
        raise empty(where, f"the {container} file holds nothing")
    return content


def read_text(path: Path) -> str:
    """Return the content of a file as text, without a byte order mark.

    Parameters
    ----------
    path : pathlib.Path
        File to read, as :func:`read_bytes`.

    Raises
    ------
    InputFileError
        As :func:`read_bytes`; or bytes that are not UTF-8, or NUL.
    """
    return _text_bytes(path).decode()


def _text_bytes(path: Path) -> bytes:
    """Return content that is text, without a byte order mark."""
    content, where = read_bytes(path), str(path)
    check_start(content[:BLOCK], where, container="plain")
    check_text(content, where)
    return content.removeprefix(BYTE_ORDER_MARK)


def read_text_table(path: Path) -> pl.DataFrame:
    """Read a delimited table with every cell as text and a column of line numbers.

    Parameters
    ----------
    path : pathlib.Path
        Tab-, comma- or semicolon-separated text with one header line, as :func:`read_bytes` reads it.

    Returns
    -------
    polars.DataFrame
        Columns of type String in file order, and ``__line__`` (Int64, the header is line 1).

    Raises
    ------
    InputFileError
        As :func:`read_text`; or no rows, duplicated columns, rows of different length.
    """
    text, where = _text_bytes(path), str(path)
    first, _, body = text.partition(b"\n")
    header = first.decode()
    if not header.strip() or not body.strip():
        raise no_rows(where)
    names = _names(header)
    refuse_repeated(names, where, line=1)
    grid = Grid(where, tuple(names), _separator(header))
    frame = parse(body, grid, first_line=2, first_byte=len(first) + 1)
    cells = pl.col(pl.String).str.strip_chars()
    rows = frame.with_columns(pl.when(cells != "").then(cells))
    if rows.is_empty():
        raise no_rows(where)
    return rows


def _separator(header: str) -> str:
    """Return the separator of a header line; tab wins over semicolon and comma."""
    return next((mark for mark in ("\t", ";", ",") if mark in header), "\t")


def _names(header: str) -> list[str]:
    """Return the column names of a header line, without the quotes that R puts around them."""
    line = header.rstrip("\r")
    cells = split(line, _separator(line))
    return [cell.strip().removeprefix('"').removesuffix('"') if _is_quoted(cell) else cell.strip() for cell in cells]


def _is_quoted(cell: str) -> bool:
    cell = cell.strip()
    return len(cell) > 1 and cell.startswith('"') and cell.endswith('"')


def read_header(path: Path) -> list[str]:
    """Return the column names of a table without reading its rows.

    Parameters
    ----------
    path : pathlib.Path
        Text, packed or not.

    Raises
    ------
    InputFileError
        The first line cannot be read as text.
    """
    try:
        with path.open("rb") as handle:
            container = container_of(handle.peek(18) if hasattr(handle, "peek") else b"")
            head = b""
            for block in blocks(handle, container, str(path)):
                head += block
                if b"\n" in block or len(head) > HEADER_BYTES:
                    break
        header = head.split(b"\n", 1)[0][:HEADER_BYTES].decode("utf-8-sig")
    except (OSError, UnicodeDecodeError, InputFileError) as error:
        found = f"no readable header ({error})"
        raise InputFileError(
            fault("unreadable_file", str(path), found, expected="a table", hint="Look at the file with head")
        ) from None
    return _names(header.rstrip("\r"))


__all__ = ["read_bytes", "read_header", "read_text", "read_text_table"]
