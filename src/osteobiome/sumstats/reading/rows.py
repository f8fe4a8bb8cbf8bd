"""Lines of text to a frame of text cells with line numbers; a row that does not fit the header is named.

Everything that is rare (quotes, blanks, empty lines, rows of another length) is looked for by one fast search of the
whole piece of text, and handled only where it is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import InputFileError
from osteobiome.sumstats.reading.encoding import check_text, even_line_ends
from osteobiome.sumstats.reading.faults import fault
from osteobiome.sumstats.reading.layout import LINE

if TYPE_CHECKING:
    from numpy.typing import NDArray


TRAILING = "__trailing__"
NEWLINE, BLANK = ord("\n"), ord(" ")
EDGES = " \t\u00a0\ufeff"
"""Taken off both ends of a cell: blank, tab, no-break space, byte order mark (polars takes it off a first cell)."""


@dataclass(frozen=True, slots=True)
class Grid:
    """What the rows of a table look like.

    Parameters
    ----------
    where : str
        The file, for messages.
    names : tuple of str
        Columns.
    separator : str
        Tab, comma, semicolon, or a blank for any run of white space.
    has_trailing : bool
        Whether a row has one more cell, which is empty.
    """

    where: str
    names: tuple[str, ...]
    separator: str
    has_trailing: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns as they are parsed."""
        return (*self.names, TRAILING) if self.has_trailing else self.names

    @property
    def has_csv_quotes(self) -> bool:
        """Whether a quote may hide a separator; in the other tables it is a character like any other."""
        return self.separator in {",", ";"}


def count_lines(text: bytes) -> int:
    """Return the number of lines, the last one counted with or without its newline."""
    n_ends = int(np.count_nonzero(np.frombuffer(text, dtype=np.uint8) == NEWLINE))  # four times as fast as bytes.count
    return n_ends + bool(text and not text.endswith(b"\n"))


def parse(text: bytes, grid: Grid, *, first_line: int, first_byte: int = 0, n_lines: int = 0) -> pl.DataFrame:
    r"""Return whole lines of text as a frame.

    Parameters
    ----------
    text : bytes
        Whole lines below the header.
    grid : Grid
        What a row looks like.
    first_line : int
        Number of the first line in the file, 1-based.
    first_byte : int
        Bytes of unpacked text before this piece, for messages.
    n_lines : int
        Lines of the text if they were counted before.

    Returns
    -------
    polars.DataFrame
        Columns of the grid (String, an empty cell is null) and ``__line__`` (Int64). Blank lines are no rows.

    Raises
    ------
    InputFileError
        Not text, a row with more or fewer cells than the header, a quote that is not closed.

    Examples
    --------
    >>> parse(b"rs1,0.5\n\nrs2,\n", Grid("t.csv", ("rsid", "p"), ","), first_line=2).rows()
    [('rs1', '0.5', 2), ('rs2', None, 4)]
    """
    check_text(text, grid.where, first_line=first_line, first_byte=first_byte)
    even = even_line_ends(text, grid.where, first_line=first_line)
    n_lines = n_lines if even is text else 0
    text = even
    if grid.separator == " ":
        text = squeeze(text)
    if not text or text.isspace():
        return _nothing(grid)
    if not text.endswith(b"\n"):
        text += b"\n"  # polars overlooks an empty cell too many at the very end
    if grid.has_csv_quotes and b'"' in text:
        _refuse_open_quote(text, grid, first_line=first_line)
    frame = _read(text, grid)
    if frame is not None and frame.height == (n_lines or count_lines(text)) and not _may_be_short(frame, text, grid):
        numbers = pl.int_range(first_line, first_line + frame.height, dtype=pl.Int64, eager=True)
    else:
        filled, numbers = _without_blank_lines(text, grid, first_line=first_line)
        if not filled:
            return _nothing(grid)
        if frame is None or filled is not text:
            text, frame = filled, _read(filled, grid)
        if frame is None or frame.height != len(numbers):
            raise _unreadable(text, grid, numbers)
    frame = _clean(frame, text, grid).with_columns(numbers.alias(LINE))
    return _without_empty_rows(_without_trailing(frame, grid), grid)


def _nothing(grid: Grid) -> pl.DataFrame:
    return pl.DataFrame(schema=dict.fromkeys(grid.names, pl.String) | {LINE: pl.Int64})


def squeeze(text: bytes) -> bytes:
    r"""Return text with one blank for each run of blanks and tabs, and none at the ends of lines.

    Parameters
    ----------
    text : bytes
        Lines that end in a newline alone.

    Examples
    --------
    >>> squeeze(b"  1  rs1\tA \n 2 rs2 C")
    b'1 rs1 A\n2 rs2 C'
    """
    if b"\t" in text:
        text = text.replace(b"\t", b" ")
    if b"  " in text or b"\n " in text or text.startswith(b" "):
        data = np.frombuffer(text, dtype=np.uint8)
        is_blank = data == BLANK
        after = np.empty_like(is_blank)  # whether a blank here would come after a blank or at the start of a line
        after[0] = True
        np.logical_or(is_blank[:-1], data[:-1] == NEWLINE, out=after[1:])
        text = data[~(is_blank & after)].tobytes()
    if b" \n" in text:
        text = text.replace(b" \n", b"\n")
    return text.removesuffix(b" ")


def _read(text: bytes, grid: Grid) -> pl.DataFrame | None:
    """Return the cells, or None if polars finds rows of different length or quotes in odd places."""
    try:
        return pl.read_csv(
            text,
            separator=grid.separator,
            has_header=False,
            schema=dict.fromkeys(grid.columns, pl.String),
            quote_char='"' if grid.has_csv_quotes else None,
        )
    except (pl.exceptions.PolarsError, OSError):  # polars takes text that begins with "x^" for packed, and fails
        return None


def _may_be_short(frame: pl.DataFrame, text: bytes, grid: Grid) -> bool:
    """Tell whether a row may be too short: polars fills it with nulls, and refuses only rows that are too long."""
    if frame[frame.columns[-1]].null_count() == 0:
        return False
    if grid.has_csv_quotes and b'"' in text:
        return True  # a separator within quotes could make up for one that is missing
    n_separators = int(np.count_nonzero(np.frombuffer(text, dtype=np.uint8) == ord(grid.separator)))
    return n_separators != (frame.width - 1) * frame.height


def _refuse_open_quote(text: bytes, grid: Grid, *, first_line: int) -> None:
    """Refuse a quoted cell that runs over the end of its line: it may have swallowed rows."""
    data = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(data == NEWLINE)
    n_quotes = np.searchsorted(np.flatnonzero(data == ord('"')), ends)  # up to the end of each line
    odd = np.flatnonzero(n_quotes & 1)
    if odd.size:
        raise InputFileError(
            fault(
                "open_quote",
                grid.where,
                "a quoted cell that is not closed in its line",
                expected="each row on a line of its own",
                hint='Look for a " that is never closed',
                line=first_line + int(odd[0]),
            )
        )


def _without_blank_lines(text: bytes, grid: Grid, *, first_line: int) -> tuple[bytes, pl.Series]:
    """Return the lines that are not blank and their numbers, or raise for the first that has not the right length."""
    data = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(data == NEWLINE)
    starts = np.concatenate(([0], ends[:-1] + 1))
    n_cells = _cells_per_line(data, starts, ends, grid)
    is_blank = starts == ends
    for i in np.flatnonzero((n_cells != len(grid.columns)) & ~is_blank):
        content = text[starts[i] : ends[i]].strip()
        if content.startswith(b"#"):
            raise _comment(content, grid, line=first_line + int(i))
        if content:
            raise _ragged(grid, int(n_cells[i]), line=first_line + int(i))
        is_blank[i] = True
    numbers = pl.Series(LINE, first_line + np.flatnonzero(~is_blank), dtype=pl.Int64)
    if is_blank.any():
        text = data[np.repeat(~is_blank, ends - starts + 1)].tobytes()
    return text, numbers


def _cells_per_line(
    data: NDArray[np.uint8], starts: NDArray[np.intp], ends: NDArray[np.intp], grid: Grid
) -> NDArray[np.intp]:
    """Return the number of cells of each line; a separator within quotes separates nothing."""
    marks = np.flatnonzero(data == ord(grid.separator))
    if grid.has_csv_quotes:
        quotes = np.flatnonzero(data == ord('"'))
        marks = marks[np.searchsorted(quotes, marks) % 2 == 0]
    return np.searchsorted(marks, ends) - np.searchsorted(marks, starts) + 1


def _comment(content: bytes, grid: Grid, *, line: int) -> InputFileError:
    shown = content[:40].decode(errors="replace")
    return InputFileError(
        fault(
            "comment_among_rows",
            grid.where,
            f"a comment below the header: '{shown}{'...' if len(content) > len(shown) else ''}'",
            expected="comments above the header only",
            hint="Remove the line, for example with sed -i '2,$ { /^#/d }'",
            line=line,
        )
    )


def _ragged(grid: Grid, n_cells: int, *, line: int) -> InputFileError:
    return InputFileError(
        fault(
            "ragged_row",
            grid.where,
            f"{n_cells} fields",
            expected=f"{len(grid.columns)} as in the header",
            hint="The file is cut off here, or a field holds the separator",
            line=line,
        )
    )


def _unreadable(text: bytes, grid: Grid, numbers: pl.Series) -> InputFileError:
    """Return the error of a piece with the right number of cells that polars cannot read, with its line."""
    line = None
    for number, row in zip(numbers, text.split(b"\n"), strict=False):
        frame = _read(row, grid)
        if frame is None or frame.height != 1:
            line = int(number)
            break
    hint = "Look for quotes in the middle of a cell"
    return InputFileError(
        fault(
            "unreadable_table",
            grid.where,
            "not a delimited table",
            expected="tab- or comma-separated",
            hint=hint,
            line=line,
        )
    )


def _clean(frame: pl.DataFrame, text: bytes, grid: Grid) -> pl.DataFrame:
    """Take blanks and quotes off the cells, if a search of the text says that there are any."""
    has_quotes, has_edges = b'"' in text, _has_edges(text, grid)
    cell = pl.all()
    bare = cell.str.strip_chars(EDGES) if has_edges else cell
    if has_quotes and (has_edges or not grid.has_csv_quotes):
        is_quoted = bare.str.starts_with('"') & bare.str.ends_with('"') & (bare.str.len_bytes() > 1)
        if grid.has_csv_quotes:  # taken off already, but where a blank stands before them
            is_quoted &= bare != cell
        inside = bare.str.slice(1, bare.str.len_chars() - 2).str.strip_chars(EDGES)
        bare = pl.when(is_quoted).then(inside).otherwise(bare)
    if has_quotes or has_edges:
        frame = frame.with_columns(bare)
        frame = frame.with_columns(pl.when(cell != "").then(cell))
    return frame


def _has_edges(text: bytes, grid: Grid) -> bool:
    """Tell whether white space may stand at an end of a cell."""
    if not text.isascii():
        return True
    for blank in (b" ", b"\t"):
        mark = grid.separator.encode()
        if blank == mark or blank not in text or grid.separator == " ":
            continue
        pairs = (blank + mark, mark + blank, blank + b"\n", b"\n" + blank, blank + b'"', b'"' + blank)
        if text.startswith(blank) or text.endswith(blank) or any(pair in text for pair in pairs):
            return True
    return False


def _without_trailing(frame: pl.DataFrame, grid: Grid) -> pl.DataFrame:
    """Drop the column behind the separator at the end of each row, which must be empty."""
    if not grid.has_trailing:
        return frame
    filled = frame.filter(pl.col(TRAILING).is_not_null())
    if filled.height:
        raise InputFileError(
            fault(
                "empty_column_name",
                grid.where,
                f"a value '{filled[TRAILING][0]}' in the column behind the last, which has no name",
                expected="a name for every column",
                hint="Name it in the header",
                line=int(filled[LINE][0]),
            )
        )
    return frame.drop(TRAILING)


def _without_empty_rows(frame: pl.DataFrame, grid: Grid) -> pl.DataFrame:
    """Drop rows without any value: lines of separators and blanks."""
    if any(frame[name].null_count() == 0 for name in grid.names):
        return frame
    return frame.filter(~pl.all_horizontal(pl.all().exclude(LINE).is_null()))
