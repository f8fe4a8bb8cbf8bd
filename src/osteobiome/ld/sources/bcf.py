"""BCF 2, the binary form of VCF: header and records; of a record only site and genotypes are read."""

from __future__ import annotations

import functools
import re
import struct
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.errors import Fault, InputFileError
from osteobiome.ld.sources.record import ABSENT, MISSING, POLYPLOID, Calls, Record
from osteobiome.ld.sources.vcf_text import people_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

MAGIC = b"BCF\x02"
_WIDTHS = {1: "<i1", 2: "<i2", 3: "<i4"}
"""numpy's names of BCF's whole numbers; 5 is a float, 7 text."""
_SIZES = {0: 0, 1: 1, 2: 2, 3: 4, 5: 4, 7: 1}
_LONG = 15
"""A length that does not fit stands behind, as a whole number of its own."""
_MAX_PLOIDY = 2
_LINE = re.compile(r"##(contig|FILTER|INFO|FORMAT)=<(.*)>")
_ID, _IDX = re.compile(r"(?:^|,)ID=([^,>]+)"), re.compile(r"(?:^|,)IDX=(\d+)")


class _Bytes:
    """A stream of blocks, taken in pieces of any size."""

    def __init__(self, blocks: Iterator[bytes], where: str) -> None:
        self._blocks = blocks
        self._where = where
        self._data = b""
        self._at = 0

    def take(self, size: int) -> bytes:
        """Return so many bytes; none at the end of the file."""
        if len(self._data) - self._at < size:
            parts = [self._data[self._at :]]
            have = len(parts[0])
            while have < size and (block := next(self._blocks, b"")):
                parts.append(block)
                have += len(block)
            self._data, self._at = b"".join(parts), 0
        piece = self._data[self._at : self._at + size]
        self._at += len(piece)
        if piece and len(piece) < size:
            raise damaged(self._where, "the file ends inside a record")
        return piece


def damaged(where: str, found: str) -> InputFileError:
    """Return the error of a file that is cut or damaged.

    Parameters
    ----------
    where, found : str
        Parts of the message.
    """
    hint = "Download it again and compare its checksum"
    return InputFileError(Fault("damaged_bcf", where, found, "a complete BCF 2 file", hint))


def read_bcf(blocks: Iterator[bytes], where: str) -> Calls:
    """Read a BCF file.

    Parameters
    ----------
    blocks : iterator of bytes
        Its unpacked content.
    where : str
        The file, for messages.

    Returns
    -------
    Calls
        Records are read as they are asked for.

    Raises
    ------
    InputFileError
        No header, nobody in it, or, later, a damaged record.

    References
    ----------
    Danecek P et al. (2011), doi:10.1093/bioinformatics/btr330; the layout is that of the VCF/BCF specification,
    version 4.3, section 6.
    """
    stream = _Bytes(blocks, where)
    head = stream.take(9)
    size = int.from_bytes(head[5:9], "little")
    text = stream.take(size).rstrip(b"\0").decode(errors="replace")
    rows = text.splitlines()
    people = people_of(rows[-1] if rows else "", where)
    return Calls(people, _records(stream, where, _names(rows), len(people)))


def _names(rows: list[str]) -> tuple[dict[int, str], dict[int, str]]:
    """Return the names of chromosomes and of fields by their numbers.

    A number may be given (``IDX``), else lines are counted; ``PASS`` is field 0.
    """
    contigs: dict[int, str] = {}
    fields = {0: "PASS"}
    for row in rows:
        found = _LINE.match(row)
        name = found and _ID.search(found[2])
        if not found or not name:
            continue
        names = contigs if found[1] == "contig" else fields
        given = _IDX.search(found[2])
        if given:
            names[int(given[1])] = name[1]
        elif name[1] not in names.values():
            names[len(names)] = name[1]
    return contigs, fields


def _records(
    stream: _Bytes, where: str, names: tuple[dict[int, str], dict[int, str]], n_people: int
) -> Iterator[Record]:
    contigs, fields = names
    number = 0
    while head := stream.take(8):
        number += 1
        n_shared, n_own = struct.unpack("<II", head)
        shared, own = stream.take(n_shared), stream.take(n_own)
        try:
            contig, position = struct.unpack_from("<ii", shared)
            n_alleles = struct.unpack_from("<I", shared, 16)[0] >> 16
            n_fields = shared[23]
            name, at = _text(shared, 24)
            alleles = []
            for _ in range(n_alleles):
                allele, at = _text(shared, at)
                alleles.append(allele.upper())
            chromosome = contigs[contig]
        except (struct.error, IndexError, KeyError):
            raise damaged(where, f"record {number} cannot be read") from None
        ref, *alts = alleles or ["."]
        calls = functools.partial(_checked_calls, own, n_fields, n_people, (fields, where, number))
        yield Record(
            number, chromosome, position + 1, name or ".", ref, tuple(alt for alt in alts if alt != "."), calls
        )


def _typed(data: bytes, at: int) -> tuple[int, int, int]:
    """Return type, length and where the values begin."""
    kind, length, at = data[at] & 15, data[at] >> 4, at + 1
    if length == _LONG:
        width = _SIZES[data[at] & 15]
        length = int.from_bytes(data[at + 1 : at + 1 + width], "little", signed=True)
        at += 1 + width
    return kind, length, at


def _text(data: bytes, at: int) -> tuple[str, int]:
    """Return a text and where what follows begins."""
    kind, length, at = _typed(data, at)
    end = at + length * _SIZES[kind]
    if end > len(data):
        raise IndexError
    return data[at:end].rstrip(b"\0").decode(errors="replace"), end


def _checked_calls(
    own: bytes, n_fields: int, n_people: int, place: tuple[dict[int, str], str, int]
) -> NDArray[np.int32] | None:
    """Return the genotypes of a record, or raise with its number."""
    fields, where, number = place
    try:
        return _calls(own, n_fields, n_people, fields)
    except (IndexError, ValueError, KeyError):
        raise damaged(where, f"the genotypes of record {number} cannot be read") from None


def _calls(own: bytes, n_fields: int, n_people: int, fields: dict[int, str]) -> NDArray[np.int32] | None:
    """Return the genotypes of a record."""
    at = 0
    for _ in range(n_fields):
        kind, length, at = _typed(own, at)
        width = _SIZES[kind]
        field = int.from_bytes(own[at : at + width], "little")
        kind, length, at = _typed(own, at + width)
        size = length * _SIZES[kind] * n_people
        if fields.get(field) == "GT":
            if not length or kind not in _WIDTHS:
                return None
            values = np.frombuffer(own[at : at + size], dtype=_WIDTHS[kind]).reshape(n_people, length)
            return _numbers(values.astype(np.int32), end=int(np.iinfo(_WIDTHS[kind]).min) + 1)
        at += size
    return None


def _numbers(values: NDArray[np.int32], *, end: int) -> NDArray[np.int32]:
    """Return numbers of alleles; BCF has them twice, plus 2, plus 1 if phased; 0 and 1 are missing."""
    numbers = np.where(values == end, ABSENT, np.where(values < 0, MISSING, (values >> 1) - 1)).astype(np.int32)
    if numbers.shape[1] == 1:
        return np.column_stack([numbers[:, 0], np.full(len(numbers), ABSENT, dtype=np.int32)])
    if numbers.shape[1] > _MAX_PLOIDY:
        numbers[(numbers[:, _MAX_PLOIDY:] != ABSENT).any(axis=1)] = POLYPLOID
    return np.ascontiguousarray(numbers[:, :_MAX_PLOIDY])
