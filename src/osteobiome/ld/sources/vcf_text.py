"""VCF as text: header and records; of a record only site and genotypes are read."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.errors import Fault, InputFileError
from osteobiome.ld.sources.record import ABSENT, MISSING, POLYPLOID, Calls, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

FIXED = 9
"""Columns in front of the genotypes, FORMAT being the last."""
_UNKNOWN = -100
_DIGITS = np.full(256, _UNKNOWN, dtype=np.int32)
"""Allele numbers by character."""
_DIGITS[ord("0") : ord("9") + 1] = range(10)
_DIGITS[ord(".")] = MISSING
_CELL = 4
"""Bytes of a call such as ``0|1`` and the tab behind it."""


def lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield lines without their ends.

    Parameters
    ----------
    blocks : iterator of bytes
        Text in pieces of any size.
    """
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        yield from whole
    if rest:
        yield rest


def read_vcf(blocks: Iterator[bytes], where: str) -> Calls:
    """Read a VCF file.

    Parameters
    ----------
    blocks : iterator of bytes
        Its unpacked text.
    where : str
        The file, for messages.

    Returns
    -------
    Calls
        Records are read as they are asked for.

    Raises
    ------
    InputFileError
        No header, nobody in it, or, later, a record that is not as the header says.
    """
    numbered = enumerate(lines(blocks), start=1)
    for _, line in numbered:
        if line.startswith(b"##"):
            continue
        return Calls(people_of(line.decode(errors="replace"), where), _records(numbered, where, line.count(b"\t") + 1))
    raise _no_header(where)


def people_of(line: str, where: str) -> tuple[str, ...]:
    """Return the samples that the header line names.

    Parameters
    ----------
    line : str
        The line that begins with ``#CHROM``.
    where : str
        The file, for messages.
    """
    names = line.rstrip("\r").split("\t")
    if names[0] != "#CHROM":
        raise _no_header(where)
    people = tuple(names[FIXED:])
    if not people:
        hint = "Use a file with genotypes; lists of sites cannot serve as a panel"
        raise InputFileError(Fault("vcf_without_people", where, "no samples in the header", "genotypes", hint))
    if len(set(people)) < len(people):
        repeated = next(name for name in people if people.count(name) > 1)
        found = f"sample '{repeated}' in several columns"
        raise InputFileError(Fault("panel_duplicate_people", where, found, "each person once"))
    return people


def _no_header(where: str) -> InputFileError:
    return InputFileError(Fault("not_a_vcf_file", where, "no line that begins with #CHROM", "a VCF or BCF file"))


def _records(numbered: Iterator[tuple[int, bytes]], where: str, width: int) -> Iterator[Record]:
    n_people = width - FIXED
    for number, raw in numbered:
        line = raw.removesuffix(b"\r")
        if not line:
            continue
        cells = line.split(b"\t", FIXED)
        if len(cells) <= FIXED or not cells[1].isdigit():
            found = "fewer cells than the header" if len(cells) <= FIXED else f"the position {cells[1]!r}"
            raise broken(where, found, line=number)
        chromosome, position, name, ref, alt = (cell.decode(errors="replace") for cell in cells[:5])
        alts = () if alt == "." else tuple(alt.upper().split(","))
        calls = functools.partial(_calls, cells[FIXED - 1], cells[FIXED], n_people, (where, number))
        yield Record(number, chromosome, int(position), name, ref.upper(), alts, calls)


def broken(where: str, found: str, *, line: int) -> InputFileError:
    """Return the error of a record that is not as it should be.

    Parameters
    ----------
    where, found : str
        Parts of the message.
    line : int
        Line, 1-based.
    """
    hint = "The file may be cut here; download it again and compare its checksum"
    return InputFileError(Fault("broken_vcf_record", f"{where}, line {line}", found, "a record", hint, line=line))


def _calls(form: bytes, text: bytes, n_people: int, place: tuple[str, int]) -> NDArray[np.int32] | None:
    """Return the genotypes of a line; the standard has GT in front of all else."""
    if form != b"GT" and not form.startswith(b"GT:"):
        return None
    if form == b"GT" and len(text) == _CELL * n_people - 1:
        cells = np.frombuffer(text + b"\t", dtype=np.uint8).reshape(n_people, _CELL)
        numbers = _DIGITS[cells[:, ::2]]
        is_plain = (cells[:, 3] == ord("\t")).all() and np.isin(cells[:, 1], (ord("|"), ord("/"))).all()
        if is_plain and (numbers > _UNKNOWN).all():
            return numbers
    words = text.split(b"\t")
    if len(words) != n_people:
        raise broken(place[0], f"{len(words)} genotypes where the header names {n_people} people", line=place[1])
    try:
        return np.array([_pair(word.partition(b":")[0]) for word in words], dtype=np.int32)
    except ValueError:
        raise broken(place[0], "a genotype that is none", line=place[1]) from None


@functools.lru_cache(maxsize=4096)
def _pair(call: bytes) -> tuple[int, int]:
    """Return the numbers of the two alleles of a call."""
    numbers = [MISSING if allele == b"." else int(allele) for allele in call.replace(b"|", b"/").split(b"/")]
    if len(numbers) == 1:
        return numbers[0], ABSENT
    if len(numbers) > 2:
        return POLYPLOID, POLYPLOID
    return numbers[0], numbers[1]
