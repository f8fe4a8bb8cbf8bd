"""Files that are flushed to disk when they close; their MD5; blocked gzip."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO, Literal, Protocol

from osteobiome.sumstats.reading import BGZF_END

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import polars as pl

BLOCK_BYTES = 0xFF00
"""Uncompressed bytes of a block, as bgzip takes them: whatever they are, the block stays below 64 KiB."""
LEVEL = 4
"""zlib's level: on text of numbers within 5 % of the size of level 6, in less than half of its time."""
THREADS = 4


class ByteSink(Protocol):
    """Where a writer puts its bytes."""

    def write(self, data: bytes | memoryview, /) -> object:
        """Take bytes."""


class Hashed:
    """A file that knows the MD5 of what was written to it.

    Parameters
    ----------
    handle : binary file
        Open for writing.
    """

    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle
        self._md5 = hashlib.md5(usedforsecurity=False)  # the standard asks for an MD5: a checksum, no secret

    def write(self, data: bytes | memoryview) -> int:
        """Write bytes and take them into the hash."""
        self._handle.write(data)
        self._md5.update(data)
        return len(data)

    @property
    def md5(self) -> str:
        """MD5 of all bytes so far, as hexadecimal text."""
        return self._md5.hexdigest()


class Bgzf:
    """Blocked gzip (BGZF, SAM specification v1, section 4.1): any gzip reads it, and tabix can index it.

    Parameters
    ----------
    sink : ByteSink
        Where blocks go. Blocks are compressed by several threads; the bytes do not depend on how many.
    """

    def __init__(self, sink: ByteSink) -> None:
        self._sink = sink
        self._rest = b""
        self._pool = ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1))

    def write(self, data: bytes | memoryview) -> int:
        """Compress whole blocks; what is left over waits for more."""
        content = b"".join((self._rest, data))
        whole = len(content) - len(content) % BLOCK_BYTES
        self._put(content[:whole])
        self._rest = content[whole:]
        return len(data)

    def finish(self) -> None:
        """Write what is left and the end block."""
        self._put(self._rest)
        self._sink.write(BGZF_END)

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown()

    def _put(self, content: bytes) -> None:
        pieces = [content[at : at + BLOCK_BYTES] for at in range(0, len(content), BLOCK_BYTES)]
        for block in self._pool.map(bgzf_block, pieces):
            self._sink.write(block)


def bgzf_block(data: bytes) -> bytes:
    """Return one BGZF block.

    Parameters
    ----------
    data : bytes
        At most ``BLOCK_BYTES`` bytes.

    Examples
    --------
    >>> import gzip
    >>> gzip.decompress(bgzf_block(b"one block"))
    b'one block'
    """
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflate.compress(data) + deflate.flush()
    # gzip header with one extra field "BC" of 2 bytes: size of the whole block (18 + body + 8 bytes) minus 1
    head = struct.pack("<4BI2BH2B2H", 31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, len(body) + 25)
    return head + body + struct.pack("<2I", zlib.crc32(data), len(data))


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Open a new binary file; it is flushed to disk before it closes."""
    with path.open("wb") as handle:
        yield handle
        handle.flush()
        os.fsync(handle.fileno())


@contextlib.contextmanager
def new_text(path: Path) -> Iterator[tuple[ByteSink, Hashed]]:
    """Open a new text file, blocked gzip if its name ends in ``.gz`` or ``.bgz``.

    Yields
    ------
    tuple of (ByteSink, Hashed)
        Where text goes, and the file beneath, whose MD5 is final when the context ends.
    """
    with new_file(path) as handle:
        hashed = Hashed(handle)
        if not path.name.endswith((".gz", ".bgz")):
            yield hashed, hashed
            return
        with contextlib.closing(Bgzf(hashed)) as packed:
            yield packed, hashed
            packed.finish()


def put_rows(sink: ByteSink, frame: pl.DataFrame, *, separator: str, missing: str, quote: bool) -> None:
    """Write the rows of a frame as delimited text, without a header.

    Parameters
    ----------
    sink : ByteSink
        Where the text goes.
    frame : polars.DataFrame
        Rows; numbers are written in the shortest form that reads back as the same double.
    separator, missing : str
        Between cells; in place of null.
    quote : bool
        Put quotes around cells that need them. False for tab-separated text, whose cells hold no tab.
    """
    buffer = io.BytesIO()
    style: Literal["necessary", "never"] = "necessary" if quote else "never"
    frame.write_csv(buffer, include_header=False, separator=separator, null_value=missing, quote_style=style)
    sink.write(buffer.getbuffer())


def put_line(sink: ByteSink, cells: Sequence[str], *, separator: str) -> None:
    """Write one line of text."""
    sink.write((separator.join(cells) + "\n").encode())
