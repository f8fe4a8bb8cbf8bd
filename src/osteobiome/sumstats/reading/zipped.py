"""The one table in a zip file."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO

from osteobiome.core.errors import InputFileError
from osteobiome.sumstats.reading.faults import AGAIN, fault

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_RATIO = 1100
"""Our choice for the size that a zip file declares: deflate cannot pass 1032, so more is a lie."""
MIN_SUSPICIOUS = 100_000_000
SHOWN = 5
ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    ValueError,
    OSError,
    struct.error,
)


def zip_blocks(handle: BinaryIO, where: str, size: int) -> Iterator[bytes]:
    """Yield the content of the only member of a zip file.

    Parameters
    ----------
    handle : BinaryIO
        Seekable file.
    where : str
        The file, for messages.
    size : int
        Bytes per block.

    Raises
    ------
    InputFileError
        Damaged, encrypted, a spreadsheet, no member, several members, or a size that cannot be.
    """
    try:
        with zipfile.ZipFile(handle) as archive:
            member = _only_member(archive.infolist(), where)
            with archive.open(member) as unpacked:
                while block := unpacked.read(size):
                    yield block
    except InputFileError:  # a ValueError too
        raise
    except ERRORS as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk; a damaged bzip2 member has no errno
        found = f"a damaged or cut off zip file ({error})"
        hint = f"{AGAIN}, or unpack it with another program"
        raise InputFileError(fault("damaged_zip", where, found, expected="an intact one", hint=hint)) from None


def _only_member(infos: list[zipfile.ZipInfo], where: str) -> zipfile.ZipInfo:
    """Return the one file that is content, or raise with the reason."""
    names = [info.filename for info in infos]
    if "[Content_Types].xml" in names or {"mimetype", "content.xml"} <= set(names):
        hint = "Open it and save the sheet as tab-separated text; look whether gene names and p values survived"
        raise InputFileError(fault("spreadsheet_file", where, "a spreadsheet", expected="a text file", hint=hint))
    members = [info for info in infos if not info.is_dir() and not _is_litter(info.filename)]
    if not members:
        raise InputFileError(
            fault(
                "empty_file",
                where,
                "the zip file holds no file",
                expected="a header and rows",
                hint="Download it again",
            )
        )
    if len(members) > 1:
        shown = ", ".join(f"'{info.filename}'" for info in members[:SHOWN])
        more = f" and {len(members) - SHOWN} more" if len(members) > SHOWN else ""
        found = f"a zip file of {len(members)} files: {shown}{more}"
        raise InputFileError(
            fault("zip_of_several", where, found, expected="one file", hint="Unpack it and name the table")
        )
    (member,) = members
    if member.flag_bits & 1:
        hint = "Unpack it with its password first"
        raise InputFileError(
            fault("zip_encrypted", where, "a zip file under a password", expected="a file without", hint=hint)
        )
    if member.file_size > MIN_SUSPICIOUS and member.file_size > MAX_RATIO * max(1, member.compress_size):
        raise InputFileError(
            fault(
                "compression_bomb",
                where,
                f"a zip file of {member.compress_size} bytes that declares to hold {member.file_size}",
                expected="a table, which shrinks three- to tenfold",
                hint="Do not unpack it; ask where it comes from",
            )
        )
    return member


def _is_litter(name: str) -> bool:
    """Tell whether a member is what macOS adds by itself."""
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1] == ".DS_Store"
