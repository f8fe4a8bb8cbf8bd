"""Where the header of a table is, what separates its cells, and what its columns are called."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from osteobiome.core.errors import InputFileError
from osteobiome.core.findings import Example, Finding
from osteobiome.sumstats.reading.encoding import BYTE_ORDER_MARK, check_text, even_line_ends
from osteobiome.sumstats.reading.faults import fault

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE = "__line__"
"""Column of line numbers, which is added to every table."""
ROW_INDEX = "row_index"
SEPARATORS = ("\t", ";", ",", " ")
"""In the order in which they win; the blank stands for any run of white space."""
UNREADABLE_SEPARATORS = {"|": "a bar", "\\t": "a backslash and a t", "~": "a tilde", "^": "a caret", ":": "a colon"}
WORDS = {"\t": "tabs", ";": "semicolons", ",": "commas", " ": "blanks"}
N_SAMPLE = 20
"""Rows that are looked at to find the separator."""
USUAL_COMMENTED = frozenset({"chrom", "chr", "chromosome"})
"""First names that stand behind a '#' by the convention of VCF, PLINK 2 and BED (VCF 4.3, section 1.5)."""
FIRST_NAME = re.compile(r"[\s;,]")
NEWLINE = ord("\n")
_EMPTY_LINES = re.compile(rb"\n+")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
MAX_HEADER = 2_000_000
"""Characters of a line above which it is no header without rows (our choice)."""
NUCLEOTIDES = frozenset("ACGTacgt")


@dataclass(frozen=True, slots=True)
class Layout:
    """How the text of a table is laid out.

    Parameters
    ----------
    separator : str
        One of tab, semicolon, comma and blank; a blank stands for any run of white space.
    header : tuple of str
        Names of the columns.
    preamble : tuple of str
        Lines above the header that begin with '#'.
    header_line : int
        Line of the header, 1-based.
    has_trailing : bool
        Whether every row ends in a separator, behind which there is nothing.
    start : int
        Bytes of unpacked text before the first row.
    findings : tuple of Finding
        Notes.
    """

    separator: str
    header: tuple[str, ...]
    preamble: tuple[str, ...]
    header_line: int
    has_trailing: bool
    start: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str
    end: int


@dataclass(frozen=True, slots=True)
class _Columns:
    names: tuple[str, ...]
    has_trailing: bool
    findings: tuple[Finding, ...]


def split(line: str, separator: str) -> list[str]:
    """Return the cells of one line as they stand, quotes of a comma or semicolon table taken off by the rules of CSV.

    Parameters
    ----------
    line : str
        A line without its end.
    separator : str
        One of :data:`SEPARATORS`.

    Examples
    --------
    >>> split('"a,b",c', ","), split(" a  b ", " ")
    (['a,b', 'c'], ['a', 'b'])
    """
    if separator == " ":
        return line.split()
    if separator == "\t" or '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator), [""])
    except csv.Error:  # a cell above the limit of the csv module
        return line.split(separator)


def unquote(cell: str) -> str:
    """Return a cell without blanks around it and without the quotes around a whole cell."""
    cell = cell.strip()
    is_quoted = len(cell) > 1 and cell.startswith('"') and cell.endswith('"')
    return cell[1:-1].strip() if is_quoted else cell


def find_layout(head: bytes, where: str, *, at_end: bool) -> Layout | None:
    """Return the layout of a table from the first part of its text, or None if that part is too short to tell.

    Parameters
    ----------
    head : bytes
        First bytes of the unpacked text.
    where : str
        The file, for messages.
    at_end : bool
        Whether this is all there is.

    Raises
    ------
    InputFileError
        No header, no rows, a separator that is not known, columns without a name or with the same.
    """
    comments: list[_Line] = []
    filled: list[_Line] = []
    for line in _lines(head, where, at_end=at_end):
        if not filled and line.text.startswith("#"):
            comments.append(line)
        elif line.text.strip():
            filled.append(line)
        if len(filled) > N_SAMPLE:
            break
    else:
        if not at_end:
            return None
    if comments and filled and _is_header(comments[-1].text, [line.text for line in filled]):
        filled.insert(0, comments.pop())
    if len(filled) < 2:
        _refuse_long_line(filled, where)
        raise no_rows(where)
    header, rows = filled[0], [line.text for line in filled[1:]]
    is_commented = header.text.startswith("#")
    separator = _separator(header.text.removeprefix("#"), rows, where, header.number)
    if not is_commented:
        _refuse_data([unquote(cell) for cell in split(header.text, separator)], where, header.number)
    columns = _columns(header, rows, separator, where)
    notes = [*_notes_on_bytes(head), *columns.findings]
    if is_commented and columns.names[0].lower() not in USUAL_COMMENTED:
        found = "a '#' before the first column name"
        notes.append(_note("commented_header", found, "Nothing: it is left off", header.number, header.text[:40]))
    preamble = tuple(line.text for line in comments)
    start = header.end
    return Layout(separator, columns.names, preamble, header.number, columns.has_trailing, start, tuple(notes))


def _note(check: str, found: str, hint: str, line: int, value: str = "") -> Finding:
    return Finding(check, "note", 1, found, hint, (Example(line, value=value),))


def _refuse_long_line(filled: list[_Line], where: str) -> None:
    """Refuse a file that is one line of a size that no header has."""
    size = len(filled[0].text) if filled else 0
    if size > MAX_HEADER:
        found = f"one line of {size // 1_000_000} MB and nothing below it"
        hint = "Look at the file with head -c 1000; its line ends may have been lost"
        raise InputFileError(
            fault("unreadable_table", where, found, expected="a header and rows", hint=hint, line=filled[0].number)
        )


def no_rows(where: str) -> InputFileError:
    """Return the error of a table without rows."""
    hint = "The file was cut off or never filled; download it again"
    return InputFileError(fault("no_rows", where, "no rows below the header", expected="a header and rows", hint=hint))


def _lines(head: bytes, where: str, *, at_end: bool) -> Iterator[_Line]:
    """Yield the whole lines of the first part of a text."""
    position, number = len(BYTE_ORDER_MARK) if head.startswith(BYTE_ORDER_MARK) else 0, 1
    while position < len(head):
        if head[position] == NEWLINE:  # empty lines, of which there may be millions
            end = _EMPTY_LINES.match(head, position).end()  # type: ignore[union-attr]
            position, number = end, number + end - position
            continue
        end = head.find(b"\n", position) + 1
        if not end and not at_end:
            # a carriage return inside what is no whole line yet: old Mac, or a line that will be refused anyway
            even_line_ends(head[position:].rstrip(b"\r"), where, first_line=number)
            return
        end = end or len(head)
        raw = head[position:end]
        if not raw.isascii() or b"\x00" in raw:
            check_text(raw, where, first_line=number, first_byte=position)
        text = (even_line_ends(raw, where, first_line=number) if b"\r" in raw else raw).decode()
        yield _Line(number, text.removesuffix("\n"), end)
        position, number = end, number + 1


def _notes_on_bytes(head: bytes) -> Iterator[Finding]:
    if head.startswith(BYTE_ORDER_MARK):
        yield _note("byte_order_mark", "a byte order mark at the beginning", "Nothing: it is skipped", 1)
    if b"\r\n" in head:
        yield _note("crlf_line_ends", "line ends as Windows writes them", "Nothing: they are taken off", 1)


def _is_number(cell: str) -> bool:
    return NUMBER.fullmatch(unquote(cell)) is not None


def _has_number(line: str, separator: str) -> bool:
    return any(_is_number(cell) for cell in split(line, separator))


def _is_header(comment: str, lines: list[str]) -> bool:
    """Tell whether the last line with a '#' holds the names of the columns below it."""
    names = comment.removeprefix("#")
    if names.startswith("#") or not names.strip():
        return False
    if unquote(FIRST_NAME.split(names.strip(), maxsplit=1)[0]).lower() in USUAL_COMMENTED:
        return True
    separator = _best(names, lines)[0]
    if separator is None or len(split(names, separator)) != len(split(lines[0], separator)):
        return False
    if _has_number(lines[0], separator):
        return True
    # a sentence may have as many words as a header below it, so words alone prove nothing
    return separator != " " and not any(_has_number(line, separator) for line in lines[1:])


def _consistency(header: str, rows: list[str], separator: str) -> float:
    """Return the share of rows with as many cells as the header; row names or a separator at the end are allowed."""
    width = len(split(header, separator))
    counts = [len(split(row, separator)) for row in rows]
    if not counts:
        return 0.0
    if all(n == width + 1 for n in counts) or (split(header, separator)[-1] == "" and set(counts) == {width - 1}):
        return 1.0
    return sum(n == width for n in counts) / len(counts)


def _is_mixed(header: str, rows: list[str]) -> bool:
    """Tell whether some rows of a tab table have blanks instead, as RAREMETAL writes genes with one variant."""
    width = len(header.split("\t"))
    is_tabbed = [row.count("\t") + 1 == width for row in rows]
    others = [row for row, tabbed in zip(rows, is_tabbed, strict=True) if not tabbed]
    if not others or any("\t" in row for row in others):
        return False
    return all(len(row.split()) == width for row in [header, *rows])


def _best(header: str, rows: list[str]) -> tuple[str | None, float]:
    """Return the separator that splits header and rows most alike, and the share of rows; None if none splits it."""
    candidates = [mark for mark in SEPARATORS if len(split(header, mark)) > 1]
    scores = [_consistency(header, rows, mark) for mark in candidates]
    # half of the rows are enough for an earlier one: cells of a broken tab table may happen to hold the right blanks
    if "\t" in candidates and " " in candidates and _is_mixed(header, rows):
        return " ", 1.0
    for mark, score in zip(candidates, scores, strict=True):
        if score >= 0.5 or (mark != " " and score > 0.0):
            return mark, score
    if not candidates:
        return None, 0.0
    best = max(range(len(scores)), key=lambda i: scores[i])
    return candidates[best], scores[best]


def _separator(header: str, rows: list[str], where: str, line: int) -> str:
    """Return the separator of a table, or raise if header and rows do not agree on one."""
    mark, score = _best(header, rows)
    if mark is not None and (score > 0.0 or any(len(split(row, mark)) > 1 for row in rows)):
        return mark
    for other, word in UNREADABLE_SEPARATORS.items():
        if mark is None and other in header and all(row.count(other) == header.count(other) for row in rows):
            raise _wrong_delimiter(where, f"columns separated by {word} ('{other}')", line)
    for other in SEPARATORS:
        counts = {len(split(row, other)) for row in rows}
        if len(counts) == 1 and counts != {1}:
            in_header = f"by {WORDS[mark]}" if mark else "into one column"
            found = f"a header that is split {in_header}, and rows that are split by {WORDS[other]}"
            raise _wrong_delimiter(where, found, line)
    return mark or "\t"


def _wrong_delimiter(where: str, found: str, line: int) -> InputFileError:
    expected = "tabs, commas, semicolons or blanks, the same in header and rows"
    hint = "Replace the separators, for example with tr or sed"
    return InputFileError(fault("wrong_delimiter", where, found, expected=expected, hint=hint, line=line))


def _columns(header: _Line, rows: list[str], separator: str, where: str) -> _Columns:
    """Return the names of all columns, those that the file leaves without one included."""
    text = header.text.removeprefix("#")
    names = [unquote(cell) for cell in split(text, separator)]
    if text == header.text:
        names[0] = names[0].removeprefix("#").strip()  # within quotes
    cells = [split(row, separator) for row in rows]
    counts = {len(row) for row in cells}
    findings: list[Finding] = []
    has_trailing = False
    ends_empty = all(not row[-1].strip() for row in cells)
    if len(names) > 1 and not names[-1] and (counts == {len(names) - 1} or (counts == {len(names)} and ends_empty)):
        has_trailing = counts == {len(names)}
        names.pop()
        found = "a separator at the end of the header"
        findings.append(_note("trailing_delimiter", found, "Nothing: it is left off", header.number))
    elif len(names) > 1 and counts == {len(names) + 1} and ends_empty:
        has_trailing = True
        found = "a separator at the end of every row"
        findings.append(_note("trailing_delimiter", found, "Nothing: it is left off", header.number + 1))
    elif len(names) > 1 and counts == {len(names) + 1} and len({row[0] for row in cells}) == len(cells):
        names.insert(0, _free_name(names))
        found = "rows with one cell more than the header, as R writes row names"
        hint = "Look whether the columns are where they belong; write with row.names = FALSE"
        findings.append(_note("header_without_row_names", found, hint, header.number))
    elif len(names) > 1 and not names[0]:
        names[0] = _free_name(names)
        found = f"a first column without a name, called '{names[0]}' here"
        hint = "Nothing: it is an index that R or pandas wrote"
        findings.append(_note("unnamed_first_column", found, hint, header.number))
    _check_names(names, where, header.number)
    return _Columns(tuple(names), has_trailing, tuple(findings))


def _free_name(names: list[str]) -> str:
    free = (name for name in (ROW_INDEX, *(f"{ROW_INDEX}_{i}" for i in range(2, len(names) + 3))) if name not in names)
    return next(free)


def _check_names(names: list[str], where: str, line: int) -> None:
    if "" in names:
        found = f"column {names.index('') + 1} of {len(names)} has no name"
        hint = "Name it in the header"
        raise InputFileError(
            fault("empty_column_name", where, found, expected="a name for every column", hint=hint, line=line)
        )
    refuse_repeated(names, where, line=line)


def refuse_repeated(names: list[str], where: str, *, line: int | None = None) -> None:
    """Refuse names that stand twice, and the one name that this package needs for itself.

    Parameters
    ----------
    names : list of str
        Column names.
    where : str
        The file, for messages.
    line : int, optional
        Line of the header.

    Raises
    ------
    InputFileError
        ``duplicate_column``.
    """
    seen: set[str] = {LINE}
    for name in names:
        if name in seen:
            found = (
                f"column '{name}' twice" if name != LINE else f"a column '{LINE}', the name of the line numbers here"
            )
            hint = "Rename or remove one of them"
            raise InputFileError(
                fault("duplicate_column", where, found, expected="distinct column names", hint=hint, line=line)
            )
        seen.add(name)


def _refuse_data(names: list[str], where: str, line: int) -> None:
    """Refuse a first line that is a row."""
    n_numbers = sum(_is_number(name) for name in names)
    n_data = n_numbers + sum(name in NUCLEOTIDES for name in names)
    if n_numbers and 2 * n_data > len(names):
        shown = ", ".join(names[:5])
        found = f"a first line that looks like a row ({shown}{', ...' if len(names) > 5 else ''})"
        hint = "Write the names of the columns above the rows"
        raise InputFileError(fault("no_header", where, found, expected="column names", hint=hint, line=line))
