"""`open_table`: a table of text cells in chunks, whatever it is packed in and however its cells are separated."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from osteobiome.core.errors import InputFileError
from osteobiome.sumstats.reading import parquet
from osteobiome.sumstats.reading.containers import blocks, empty, identify, open_file
from osteobiome.sumstats.reading.encoding import BYTE_ORDER_MARK, check_start
from osteobiome.sumstats.reading.faults import fault
from osteobiome.sumstats.reading.layout import Layout, find_layout, no_rows
from osteobiome.sumstats.reading.rows import Grid, count_lines, parse

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    import polars as pl

    from osteobiome.core.findings import Finding

T = TypeVar("T")

N_BYTES = 48_000_000
"""Text per chunk, in bytes: about 700,000 rows of a usual file."""
ENOUGH = 1 << 16
"""Bytes of text that are waited for before anything is said about the content."""
MAX_HEAD = 1 << 26
"""Our choice: bytes within which the header and the first rows must be; headers of VCF files have some MB at most."""
MAX_LINE = 1 << 26
"""Our choice: bytes that one line may have."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines of a file that are not cut into cells yet.

    Parameters
    ----------
    content : bytes or polars.DataFrame
        Text; of Parquet, which has no lines, the frame itself.
    first_line : int
        Number of the first line in the file, 1-based.
    first_byte : int
        Bytes of unpacked text before it.
    n_lines : int
        Lines of text.
    """

    content: bytes | pl.DataFrame = field(repr=False)
    first_line: int = 0
    first_byte: int = 0
    n_lines: int = 0


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table that was opened: what is known before its rows are read.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    container : str
        ``plain``, ``gzip``, ``bgzip``, ``zstd``, ``xz``, ``zip`` or ``parquet``.
    encoding : str
        ``utf-8``, or ``utf-8-sig`` if a byte order mark stands at the beginning.
    separator : str
        Tab, comma, semicolon, or a blank, which stands for any run of white space; empty for Parquet.
    header : tuple of str
        Names as in the file, without blanks and quotes around them, the first one without a leading '#'.
    preamble : tuple of str
        Lines above the header that begin with '#'.
    header_line : int
        Line of the header, 1-based.
    findings : list of Finding
        Notes.
    """

    path: Path
    container: str
    encoding: str
    separator: str
    header: tuple[str, ...]
    preamble: tuple[str, ...]
    header_line: int
    findings: list[Finding]
    _has_trailing: bool = field(default=False, repr=False)
    _start: int = field(default=0, repr=False)

    def chunks(self, *, n_bytes: int = N_BYTES) -> Iterator[pl.DataFrame]:
        """Yield the rows in order, as frames of text cells; memory does not grow with the file.

        Parameters
        ----------
        n_bytes : int
            Bytes of text per chunk, about; the next chunk is unpacked while one is in use.

        Yields
        ------
        polars.DataFrame
            Columns of the header (String, an empty cell is null) and ``__line__`` (Int64, 1-based line of the file).

        Raises
        ------
        InputFileError
            Cut off or damaged, not text, a row that does not fit the header, no rows at all.
        """
        is_empty = True
        with closing(self.pieces(n_bytes=n_bytes)) as pieces:
            for piece in pieces:
                frame = self.parsed(piece)
                del piece  # not kept while the frame is in use
                if frame.height:
                    is_empty = False
                    yield frame
                del frame
        if is_empty:
            raise no_rows(str(self.path))

    def pieces(self, *, n_bytes: int = N_BYTES) -> Generator[Piece, None, None]:
        """Yield the rows in order as they stand in the file, to be cut into cells by :meth:`parsed` in any thread.

        Parameters
        ----------
        n_bytes : int
            Bytes of text per piece, about; the next piece is unpacked while one is in use.

        Raises
        ------
        InputFileError
            Cut off or damaged.
        """
        if n_bytes < 1:
            message = "n_bytes must be positive"
            raise ValueError(message)
        if self.container == "parquet":
            yield from map(Piece, parquet.chunks(self.path, self.header, n_bytes=n_bytes))
            return
        line, byte = self.header_line + 1, self._start
        with closing(_ahead(_pieces(self, n_bytes))) as texts:
            for text in texts:
                piece = Piece(text, line, byte, count_lines(text))
                line, byte = line + piece.n_lines, byte + len(text)
                del text
                yield piece
                del piece

    def parsed(self, piece: Piece) -> pl.DataFrame:
        """Return a piece as a frame of text cells, as :meth:`chunks` yields them; it may have no rows.

        Parameters
        ----------
        piece : Piece
            From :meth:`pieces` of the same table.

        Raises
        ------
        InputFileError
            Not text, or a row that does not fit the header.
        """
        if not isinstance(piece.content, bytes):
            return piece.content
        grid = Grid(str(self.path), self.header, self.separator, self._has_trailing)
        return parse(
            piece.content, grid, first_line=piece.first_line, first_byte=piece.first_byte, n_lines=piece.n_lines
        )


def open_table(path: Path) -> TextTable:
    """Open a table of any of the known containers and separators, and read as far as its first rows.

    Parameters
    ----------
    path : pathlib.Path
        Text with one header line, plain or packed with gzip, bgzip, zstd, xz or zip; or Parquet.

    Returns
    -------
    TextTable
        Header, preamble and notes; its rows are read by :meth:`TextTable.chunks`.

    Raises
    ------
    InputFileError
        Missing, empty, cut off, damaged, packed twice, not a table. The code of the fault names the reason.
    """
    where = str(path)
    with open_file(path) as handle:
        container = identify(handle, where)
        if container == "parquet":
            header = parquet.header(path)
            return TextTable(path, container, "utf-8", "", header, (), 1, [])
        layout, encoding = _layout(handle, container, where)
    return TextTable(
        path,
        container,
        encoding,
        layout.separator,
        layout.header,
        layout.preamble,
        layout.header_line,
        list(layout.findings),
        layout.has_trailing,
        layout.start,
    )


def _layout(handle: BinaryIO, container: str, where: str) -> tuple[Layout, str]:
    """Read as much as is needed to know the layout."""
    head, is_checked, n_tried = b"", False, 0
    for block in blocks(handle, container, where):
        head += block
        # twice as much each time, or a long preamble would be looked at again and again
        if len(head) < max(ENOUGH, 2 * n_tried) and len(head) <= MAX_HEAD:
            continue
        n_tried = len(head)
        if not is_checked:
            check_start(head, where, container=container)
            is_checked = True
        layout = find_layout(head, where, at_end=False)
        if layout is not None:
            return layout, _encoding(head)
        if len(head) > MAX_HEAD:
            found = f"no header with rows in the first {len(head) // 1_000_000} MB"
            raise InputFileError(
                fault("unreadable_table", where, found, expected="a table", hint="Look at the file with head")
            )
    if not head:
        raise empty(where, f"the {container} file holds nothing")
    if not is_checked:
        check_start(head, where, container=container)
    layout = find_layout(head, where, at_end=True)
    assert layout is not None, "all of the text was there"
    return layout, _encoding(head)


def _encoding(head: bytes) -> str:
    return "utf-8-sig" if head.startswith(BYTE_ORDER_MARK) else "utf-8"


def _pieces(table: TextTable, n_bytes: int) -> Generator[bytes]:
    """Yield the text below the header in pieces of whole lines."""
    where = str(table.path)
    with open_file(table.path) as handle:
        yield from whole_lines(_below(blocks(handle, table.container, where), table._start), n_bytes, where)


def _below(texts: Iterator[bytes], start: int) -> Iterator[bytes]:
    """Yield blocks of text without the first ``start`` bytes."""
    for text in texts:
        if start < len(text):
            yield text[start:] if start else text
        start = max(0, start - len(text))


def whole_lines(texts: Iterator[bytes], n_bytes: int, where: str) -> Generator[bytes]:
    r"""Yield text in pieces of about ``n_bytes`` that end in a newline; only the last may end without.

    Parameters
    ----------
    texts : iterator of bytes
        Text in blocks of any size.
    n_bytes : int
        Bytes per piece; a line that is longer makes a longer piece.
    where : str
        The file, for messages.

    Examples
    --------
    >>> list(whole_lines(iter([b"1 2", b"\n3 4\n5", b" 6"]), 4, "t"))
    [b'1 2\n', b'3 4\n', b'5 6']
    """
    parts: list[bytes] = []
    size = 0
    for text in texts:
        for start in range(0, len(text), n_bytes):
            part = text[start : start + n_bytes]
            size += len(part)
            cut = part.rfind(b"\n") + 1 if size >= n_bytes else 0
            if cut:
                parts.append(part[:cut])
                part = part[cut:]
                size = len(part)
                yield _joined(parts)
            elif size > n_bytes + MAX_LINE:
                found = f"a line of more than {MAX_LINE // 1_000_000} MB"
                raise InputFileError(
                    fault("unreadable_table", where, found, expected="a table", hint="Look at the file with head")
                )
            parts.append(part)
    if size:
        yield _joined(parts)


def _joined(parts: list[bytes]) -> bytes:
    """Return the parts as one and forget them: they would be kept while the whole is in use."""
    text = b"".join(parts)
    parts.clear()
    return text


def _ahead(items: Generator[T]) -> Generator[T]:
    """Yield items while the next one is being made in another thread: zlib lets other threads run meanwhile."""
    with closing(items), ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            held = [item]
            del item
            yield held.pop()  # so that nothing here keeps it alive
