"""From a file on disk to a table of text with line numbers; anything unreadable is named, nothing is repaired."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from pathlib import Path

import polars as pl

from osteobiome.core.errors import Fault, InputFileError

GZIP_MAGIC = b"\x1f\x8b"
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
"""The empty block that ends every complete bgzip file (SAM specification, section 4.1.2)."""
LINE = "__line__"
HEADER_BYTES = 1_000_000


def read_bytes(path: Path) -> bytes:
    """Return the content of a plain, gzip or bgzip file, or raise with the reason.

    Parameters
    ----------
    path : pathlib.Path
        File to read.

    Raises
    ------
    InputFileError
        Missing, a folder, no permission, empty, cut off or damaged.
    """
    where = str(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputFileError(Fault("missing_file", where, "no such file", "a table", "Check the path")) from None
    except ValueError:
        raise InputFileError(Fault("bad_path", repr(where), "a path that no file can have", "a path")) from None
    except IsADirectoryError:
        raise InputFileError(Fault("not_a_file", where, "a folder", "a file", "Name the file in it")) from None
    except PermissionError:
        raise InputFileError(
            Fault("no_permission", where, "no permission to read it", "a readable file", f"Try: chmod +r {path.name}")
        ) from None
    if not raw:
        raise InputFileError(Fault("empty_file", where, "the file is empty", "a header and rows", "Download it again"))
    if not raw.startswith(GZIP_MAGIC):
        return raw
    if raw[12:14] == b"BC" and not raw.endswith(BGZF_END):
        raise _truncated(where, "a bgzip file without its end block")
    try:
        content = gzip.decompress(raw)
    except EOFError:
        raise _truncated(where, "a gzip file that ends in the middle") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InputFileError(
            Fault("damaged_gzip", where, f"a damaged gzip file ({error})", "an intact one", "Download it again")
        ) from None
    if not content:
        raise InputFileError(Fault("empty_file", where, "the gzip file holds nothing", "a header and rows"))
    return content


def _truncated(where: str, found: str) -> InputFileError:
    return InputFileError(
        Fault("truncated_gzip", where, found, "a complete file", "Download it again and compare its checksum")
    )


def read_text(path: Path) -> str:
    """Return the content of a plain, gzip or bgzip file as text.

    Parameters
    ----------
    path : pathlib.Path
        File to read.

    Raises
    ------
    InputFileError
        As :func:`read_bytes`; or bytes that are not UTF-8, or NUL.
    """
    content, where = read_bytes(path), str(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputFileError(
            Fault(
                "not_utf8",
                where,
                f"bytes that are not UTF-8 text (first at byte {error.start})",
                "UTF-8 text",
                "Convert it, for example with iconv",
            )
        ) from None
    if "\x00" in text:
        raise InputFileError(Fault("nul_bytes", where, "NUL bytes", "text", "The file is binary or damaged"))
    return text


def read_text_table(path: Path) -> pl.DataFrame:
    """Read a delimited table with every cell as text and a column of line numbers.

    Parameters
    ----------
    path : pathlib.Path
        Tab-, comma- or semicolon-separated text with one header line; plain, gzip or bgzip.

    Returns
    -------
    polars.DataFrame
        Columns of type String in file order, and ``__line__`` (Int64, the header is line 1).

    Raises
    ------
    InputFileError
        As :func:`read_bytes`; or not text, no rows, duplicated columns, rows of different length.
    """
    text, where = read_text(path), str(path)

    header, _, body = text.partition("\n")
    if not header.strip() or not body.strip():
        raise InputFileError(Fault("no_rows", where, "no rows below the header", "a header and rows"))
    separator = _separator(header)
    names = _names(header, separator)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputFileError(
            Fault(
                "duplicate_column",
                where,
                f"column '{repeated[0]}' twice",
                "distinct column names",
                "Rename or remove one of them",
            )
        )
    try:
        frame = pl.read_csv(
            io.BytesIO(body.encode()),
            separator=separator,
            has_header=False,
            schema=dict.fromkeys(names, pl.String),
            # in a tab table a quote is a character like any other: one that is never closed must not swallow rows
            quote_char=None if separator == "\t" else '"',
        )
    except pl.exceptions.PolarsError as error:
        raise InputFileError(_ragged(where, text, separator, len(names)) or _unparsed(where, error)) from None
    ragged = _ragged(where, text, separator, len(names)) if _may_be_ragged(frame) else None
    if ragged:
        raise InputFileError(ragged)
    if separator == "\t":
        frame = frame.with_columns(pl.all().str.replace(r'^"(.*)"$', "$1"))  # as R's write.table puts them
    elif frame.height != body.removesuffix("\n").count("\n") + 1:
        raise InputFileError(
            Fault(
                "open_quote",
                where,
                "a quoted cell that runs over several lines",
                "each row on a line of its own",
                'Look for a " that is never closed',
            )
        )
    numbered = frame.with_columns(pl.int_range(2, pl.len() + 2, dtype=pl.Int64).alias(LINE))
    trimmed = numbered.with_columns(pl.col(names).str.strip_chars())
    blank = pl.all_horizontal(pl.col(names).is_null() | (pl.col(names) == ""))
    rows = trimmed.filter(~blank)  # blank lines are not rows, but they count as lines
    if rows.is_empty():
        raise InputFileError(Fault("no_rows", where, "no rows below the header", "a header and rows"))
    return rows


def _separator(header: str) -> str:
    """Return the separator of a header line; tab wins over semicolon and comma."""
    return next((mark for mark in ("\t", ";", ",") if mark in header), "\t")


def _names(header: str, separator: str) -> list[str]:
    """Return the column names of a header line."""
    line = header.rstrip("\r")
    cells = next(csv.reader([line], delimiter=separator)) if '"' in line else line.split(separator)
    return [cell.strip() for cell in cells]


def read_header(path: Path) -> list[str]:
    """Return the column names of a table without reading its rows.

    Parameters
    ----------
    path : pathlib.Path
        Plain or gzip text.

    Raises
    ------
    InputFileError
        The first line cannot be read as text.
    """
    try:
        with path.open("rb") as raw:
            is_gzip = raw.read(2) == GZIP_MAGIC
        with gzip.open(path, "rb") if is_gzip else path.open("rb") as handle:
            header = handle.readline(HEADER_BYTES).decode("utf-8-sig").rstrip("\r\n")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputFileError(Fault("unreadable_file", str(path), f"no readable header ({error})", "a table")) from None
    return _names(header, _separator(header))


def _may_be_ragged(frame: pl.DataFrame) -> bool:
    """Tell whether a row may be too short: polars fills it with nulls at the end."""
    return bool(frame.width > 1 and frame[frame.columns[-1]].null_count() > 0)


def _ragged(where: str, text: str, separator: str, width: int) -> Fault | None:
    """Return the first row with another number of fields than the header."""
    for number, line in enumerate(text.split("\n")[1:], start=2):
        fields = line.count(separator) + 1
        if '"' in line and separator != "\t":
            fields = len(next(csv.reader([line], delimiter=separator)))
        if line.strip() and fields != width:
            return Fault(
                "ragged_row",
                f"{where}, line {number}",
                f"{fields} fields",
                f"{width} as in the header",
                "The file is cut off here, or a field holds the separator",
            )
    return None


def _unparsed(where: str, error: Exception) -> Fault:
    return Fault("unreadable_table", where, f"not a delimited table ({error})", "tab- or comma-separated text")
