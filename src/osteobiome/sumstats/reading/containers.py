"""Bytes out of plain, gzip, bgzip, zstd, xz and zip files, block by block; what is cut off or damaged is named.

A container is known by its first bytes, never by the name of the file.
"""

from __future__ import annotations

import io
import lzma
import stat
import zlib
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from backports import zstd
from isal import isal_zlib

from osteobiome.core.errors import InputFileError
from osteobiome.sumstats.reading.faults import AGAIN, fault
from osteobiome.sumstats.reading.zipped import zip_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


GZIP_MAGIC = b"\x1f\x8b"
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
"""The empty block that ends every complete bgzip file (SAM specification, section 4.1.2)."""
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_NO_GZIP = cast("tuple[type[Exception], ...]", (isal_zlib.error, zlib.error))
"""What unpacking damaged gzip raises; the type stubs of isal do not call its error an exception."""
_DAMAGED: tuple[type[Exception], ...] = (*_NO_GZIP, zstd.ZstdError, lzma.LZMAError)
SKIPPABLE_ZSTD = b"\x2a\x4d\x18"
"""Bytes 2 to 4 of a skippable frame, which pzstd writes first (RFC 8878, section 3.1.2)."""
XZ_MAGIC = b"\xfd7zXZ\x00"
ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
PARQUET_MAGIC = b"PAR1"
BLOCK = 1 << 20
"""Bytes read from disk at a time."""
MAX_UNPACKED = 4 * BLOCK
"""Bytes unpacked at a time, so that a block of zeros cannot fill the memory."""
BGZF_HEADER = 18
MAX_XZ_MEMORY = 1 << 28
"""Bytes that xz may use; level 9 needs 65 MiB (xz manual, table of presets)."""
BOMB_OUTPUT = 100_000_000
BOMB_RATIO = 500
"""Our choice: above 100 MB of text, more than 500 bytes of text from one byte of file are no table. Summary statistics
shrink three- to tenfold. Deflate cannot pass 1032, so a threshold of 1000 would stop only the purest gzip bomb."""


class Unpacker(Protocol):
    """What the decompressors of gzip, zstd and xz have in common."""

    @property
    def eof(self) -> bool:
        """Whether the end of the member was reached."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing is left to be unpacked without more input."""

    @property
    def unused_data(self) -> bytes:
        """Bytes behind the end of the member."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return at most ``max_length`` unpacked bytes."""


class _Gunzip:
    """A gzip member, with the interface that the other decompressors have."""

    def __init__(self) -> None:
        self._member = isal_zlib.decompressobj(31)  # 31: a gzip header and a window of 2**15
        self._is_full = False

    @property
    def eof(self) -> bool:
        return self._member.eof

    @property
    def needs_input(self) -> bool:
        return not self._is_full

    @property
    def unused_data(self) -> bytes:
        return self._member.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        tail = self._member.unconsumed_tail
        out = self._member.decompress(tail + data if tail else data, max_length)
        self._is_full = len(out) >= max_length or bool(self._member.unconsumed_tail)
        return out


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading, or raise with the reason.

    Parameters
    ----------
    path : pathlib.Path
        File to open.

    Raises
    ------
    InputFileError
        Missing, a folder, a pipe, no permission, empty.
    """
    where = str(path)
    try:
        status = path.stat()  # before opening: a pipe would wait for somebody to write
        is_file = stat.S_ISREG(status.st_mode)
        handle = path.open("rb") if is_file and status.st_size else None
    except (OSError, ValueError) as error:
        raise cannot_open(path, error) from None
    if not is_file:
        found = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or device"
        raise InputFileError(fault("not_a_file", where, found, expected="a file", hint="Name a file on disk"))
    if handle is None:
        raise empty(where, "the file is empty")
    return handle


def empty(where: str, found: str) -> InputFileError:
    """Return the error of a file without content."""
    return InputFileError(fault("empty_file", where, found, expected="a header and rows", hint="Download it again"))


def cannot_open(path: Path, error: OSError | ValueError) -> InputFileError:
    """Return the error that says why a file cannot be opened.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    error : OSError or ValueError
        What the system said; a ValueError is about a path that cannot be.
    """
    where = str(path)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return InputFileError(fault("missing_file", where, "no such file", expected="a table", hint="Check the path"))
    if isinstance(error, IsADirectoryError):
        return InputFileError(fault("not_a_file", where, "a folder", expected="a file", hint="Name the file in it"))
    if isinstance(error, PermissionError):
        hint = f"Try: chmod +r {path.name}"
        return InputFileError(
            fault("no_permission", where, "no permission to read it", expected="a readable file", hint=hint)
        )
    if isinstance(error, OSError):
        found = f"cannot be read ({error.strerror or error})"
        return InputFileError(
            fault("unreadable_file", where, found, expected="a readable file", hint="Check the disk and the path")
        )
    return InputFileError(
        fault("bad_path", repr(where), "a path that no file can have", expected="a path", hint="Check the path")
    )


def is_bgzip_block(head: bytes) -> bool:
    """Tell whether bytes begin with the header of a bgzip block, at least 18 bytes long."""
    return head.startswith(GZIP_MAGIC) and len(head) >= BGZF_HEADER and bool(head[3] & 4) and head[12:14] == b"BC"


def container_of(head: bytes) -> str:
    """Return the container that begins with these bytes.

    Parameters
    ----------
    head : bytes
        First bytes of the file, 18 are enough.

    Examples
    --------
    >>> container_of(b"chromosome"), container_of(b"PAR1")
    ('plain', 'parquet')
    """
    if head.startswith(GZIP_MAGIC):
        return "bgzip" if is_bgzip_block(head) else "gzip"
    if head.startswith(ZSTD_MAGIC) or (head[1:4] == SKIPPABLE_ZSTD and 0x50 <= head[0] <= 0x5F):
        return "zstd"
    if head.startswith(XZ_MAGIC):
        return "xz"
    if head.startswith(ZIP_MAGICS):
        return "zip"
    return "parquet" if head.startswith(PARQUET_MAGIC) else "plain"


def identify(handle: BinaryIO, where: str) -> str:
    """Return the container of an open file, and look whether a bgzip file has its end block.

    Parameters
    ----------
    handle : BinaryIO
        Seekable file; stands at its beginning afterwards.
    where : str
        The file, for messages.

    Raises
    ------
    InputFileError
        A bgzip file that was cut off.
    """
    container = container_of(handle.read(BGZF_HEADER))
    if container == "bgzip":
        size = handle.seek(0, io.SEEK_END)
        handle.seek(max(0, size - len(BGZF_END)))
        if handle.read() != BGZF_END:
            container = _bgzip_without_end(handle, size, where)
    handle.seek(0)
    return container


def _bgzip_without_end(handle: BinaryIO, size: int, where: str) -> str:
    """Walk over the headers of the blocks: a file cut between two, inside one, or with gzip members behind them."""
    position = 0
    while position < size:
        handle.seek(position)
        head = handle.read(BGZF_HEADER)
        if not is_bgzip_block(head):
            break
        position += int.from_bytes(head[16:18], "little") + 1
    if position == size:
        found = "a bgzip file without its end block, so rows at its end are probably missing"
        raise InputFileError(fault("bgzip_without_end_block", where, found, expected="a complete file", hint=AGAIN))
    if position > size or size - position < BGZF_HEADER:
        raise _cut(where, "gzip")
    return "gzip"


def blocks(handle: BinaryIO, container: str, where: str) -> Iterator[bytes]:
    """Yield the content of a file, unpacked, in blocks of at most some MB.

    Parameters
    ----------
    handle : BinaryIO
        File at its beginning; seekable if it is a zip.
    container : str
        As :func:`container_of` returns it.
    where : str
        The file, for messages.

    Raises
    ------
    InputFileError
        Cut off, damaged, or a file that grows beyond measure.
    """
    try:
        if container == "plain":
            while block := handle.read(BLOCK):
                yield block
        elif container == "zip":
            yield from _watched(zip_blocks(handle, where, BLOCK), handle, where)
        elif container == "bgzip":
            yield from _watched(_bgzip_blocks(handle, where), handle, where)
        else:
            yield from _watched(_members(handle, container, where), handle, where)
    except OSError as error:
        found = f"the disk gave an error while reading ({error.strerror or error})"
        raise InputFileError(
            fault("unreadable_file", where, found, expected="a readable file", hint="Copy it anew")
        ) from None


def _watched(unpacked: Iterator[bytes], handle: BinaryIO, where: str) -> Iterator[bytes]:
    """Pass blocks on as long as they are in proportion to what was read."""
    total = 0
    for block in unpacked:
        total += len(block)
        if total > BOMB_OUTPUT and total > BOMB_RATIO * max(1, handle.tell()):
            raise InputFileError(
                fault(
                    "compression_bomb",
                    where,
                    f"{total // 1_000_000} MB unpacked from {handle.tell() // 1000} kB, and no end",
                    expected="a table, which shrinks three- to tenfold",
                    hint="Do not unpack it; ask where it comes from",
                )
            )
        yield block


UNPACKERS: dict[str, Callable[[], Unpacker]] = {
    "gzip": _Gunzip,
    "zstd": zstd.ZstdDecompressor,
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_XZ_MEMORY),
}


def _members(handle: BinaryIO, container: str, where: str, data: bytes = b"") -> Iterator[bytes]:
    """Yield the content of one or several members, one after the other as one file."""
    unpacker = UNPACKERS[container]()
    data = data or handle.read(BLOCK)
    try:
        while True:
            if out := unpacker.decompress(data, MAX_UNPACKED):
                yield out
            data = b""
            if unpacker.eof:
                data = _next_member(handle, unpacker.unused_data)
                if not data:
                    return
                if container_of(data) not in {container, "bgzip" if container == "gzip" else container}:
                    raise _damaged(where, container, "other bytes behind its end")
                unpacker = UNPACKERS[container]()
            elif unpacker.needs_input:
                data = handle.read(BLOCK)
                if not data:
                    raise _cut(where, container)
    except _DAMAGED as error:
        raise _damaged(where, container, str(error)) from None


def _next_member(handle: BinaryIO, data: bytes) -> bytes:
    """Return the first bytes of the next member; zeros between members are padding, as tape blocks leave it."""
    while True:
        data = data.lstrip(b"\x00")
        if len(data) >= BGZF_HEADER:
            return data
        more = handle.read(BLOCK)
        if not more:
            return data
        data += more


def _bgzip_blocks(handle: BinaryIO, where: str) -> Iterator[bytes]:
    """Yield the content of a bgzip file: each block says how long it is, so it is unpacked in one call."""
    data = b""
    while more := handle.read(BLOCK):
        data, position = data + more, 0
        out: list[bytes] = []
        while len(data) - position >= BGZF_HEADER:
            if not is_bgzip_block(data[position : position + BGZF_HEADER]):
                yield b"".join(out)
                yield from _members(handle, "gzip", where, data[position:])
                return
            end = position + int.from_bytes(data[position + 16 : position + 18], "little") + 1
            if end > len(data):
                break
            try:
                out.append(isal_zlib.decompress(memoryview(data)[position:end], 31, 1 << 16))
            except _NO_GZIP as error:
                raise _damaged(where, "gzip", str(error)) from None
            position = end
        data = data[position:]
        yield b"".join(out)
    if data:
        raise _cut(where, "gzip")


def _cut(where: str, container: str) -> InputFileError:
    found = f"a {container} file that ends in the middle"
    return InputFileError(fault(f"truncated_{container}", where, found, expected="a complete file", hint=AGAIN))


def _damaged(where: str, container: str, reason: str) -> InputFileError:
    found = f"a damaged {container} file ({reason})"
    return InputFileError(fault(f"damaged_{container}", where, found, expected="an intact one", hint=AGAIN))
