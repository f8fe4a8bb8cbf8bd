"""VCF and BCF panels, converted once to PLINK 1 files, in which any variant can be read by itself."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, InputFileError
from osteobiome.core.rows import RowLedger
from osteobiome.ld.sources.bcf import MAGIC as BCF_MAGIC
from osteobiome.ld.sources.bcf import read_bcf
from osteobiome.ld.sources.bed import BY_VARIANT, PEOPLE_PER_BYTE
from osteobiome.ld.sources.bed import MAGIC as BED_MAGIC
from osteobiome.ld.sources.record import ABSENT, MISSING, POLYPLOID, Calls, Record, copies
from osteobiome.ld.sources.tables import plink_chromosomes, read_bim
from osteobiome.ld.sources.vcf_text import read_vcf
from osteobiome.store import writing
from osteobiome.store.files import sync_folder
from osteobiome.sumstats.reading.containers import blocks, identify, open_file
from osteobiome.sumstats.writing.files import new_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from osteobiome.core.rows import DropKind, RowReport

LETTERS = frozenset("ACGTN")
_BED_CODE = np.zeros(256, dtype=np.uint8)
"""Two bits of a PLINK 1 file by copies of A1; -9 as a byte is 247."""
_BED_CODE[[2, 247, 1, 0]] = (0b00, 0b01, 0b10, 0b11)
_SHIFTS = np.array([1, 4, 16, 64], dtype=np.uint8)
_POSITION_BITS = 32
SHOWN = 60
"""Letters of a variant shown as an example; structural variants can be long."""


def convert_vcf(source: str | Path, prefix: str | Path, *, sites: pl.DataFrame | None = None) -> RowReport:
    """Write the genotypes of a VCF or BCF file as PLINK 1 files.

    Parameters
    ----------
    source : str or pathlib.Path
        VCF, plain or packed, or BCF; one or several chromosomes.
    prefix : str or pathlib.Path
        ``.bed``, ``.bim`` and ``.fam`` are put behind it. Files that are there are replaced, and only when all three
        are complete.
    sites : polars.DataFrame, optional
        Columns chromosome (Int8, X 23, Y 24, MT 25) and position (Int64, 1-based): only records at these places are
        converted.

    Returns
    -------
    RowReport
        Rows are alternate alleles; a site without one counts as a row. Dropped: ``not_in_sites``,
        ``no_alternate_allele``, ``symbolic_allele`` (not spelt in letters: structural variants, ``*``),
        ``no_genotypes``, ``duplicate`` (place and alleles as in a record before at this place). Notes count the rows
        ``split_from_multi_allelic_site``, ``several_names`` (the first is kept), ``duplicate_name``, and the calls
        ``haploid_call``, ``half_call``, ``polyploid_call``, ``missing_call``.

    Raises
    ------
    InputFileError
        Missing, damaged, nobody in it, a record that is not as the header says, or nothing left.
    StoreWriteError
        No permission, no space, or a file where a folder is needed.

    Notes
    -----
    A1, the counted allele, is ALT. Each alternate allele of a site becomes a row; whoever lacks this allele counts as
    having none, whichever other one there is. Phase is not kept. A haploid call is written as two copies. Half calls
    (``./1``) and calls of more than two alleles are written as missing. Sex and parents are unknown in a VCF: all are
    founders.
    """
    path, target = Path(source), Path(prefix)
    wanted = None if sites is None else _places(sites)
    ledger = RowLedger(str(path), "convert_vcf")
    parts = {ending: Path(f"{target}.{ending}") for ending in ("fam", "bim", "bed")}
    drafts = {ending: part.with_name(f".{part.name}.part") for ending, part in parts.items()}
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with writing(target), open_file(path) as handle, contextlib.ExitStack() as stack:
            files = {ending: stack.enter_context(new_file(draft)) for ending, draft in drafts.items()}
            calls = _open(handle, str(path))
            files["fam"].write("".join(f"{name}\t{name}\t0\t0\t0\t-9\n" for name in map(_word, calls.people)).encode())
            writer = _Writer(files["bed"], files["bim"], ledger)
            for record in calls.records:
                writer.take(record, wanted)
            n_rows = writer.n_rows
        if not n_rows:
            found = f"none of {ledger.n_in} rows can be converted"
            raise InputFileError(Fault("vcf_without_variants", str(path), found, "genotypes of short variants"))
        ledger.note("duplicate_name", _repeated(drafts["bim"]))
        with writing(target):
            for ending, part in parts.items():
                drafts[ending].replace(part)
            sync_folder(target.parent)
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
    return ledger.close(n_rows)


def _open(handle: BinaryIO, where: str) -> Calls:
    """Return people and records of an open file, whether text or binary."""
    content = blocks(handle, identify(handle, where), where)
    first = next(content, b"")
    while len(first) < len(BCF_MAGIC) and (more := next(content, b"")):
        first += more
    read = read_bcf if first.startswith(BCF_MAGIC) else read_vcf
    return read(itertools.chain([first], content), where)


def _word(name: str) -> str:
    """Return a name without blanks, which would be two cells of a .fam file."""
    return "_".join(name.split())


def _places(sites: pl.DataFrame) -> frozenset[int]:
    chromosome, position = sites["chromosome"].cast(pl.Int64), sites["position"]
    return frozenset(((chromosome * (1 << _POSITION_BITS)) + position).drop_nulls().to_list())


def _repeated(bim: Path) -> int:
    """Return how many rows have a name that another has, too."""
    return int(read_bim(bim)["rsid"].drop_nulls().is_duplicated().sum())


@dataclass(slots=True)
class _Writer:
    """Writes records as they come, and counts what is left out."""

    bed: BinaryIO
    bim: BinaryIO
    ledger: RowLedger
    n_rows: int = 0
    _place: tuple[str, int] = ("", 0)
    _seen: set[tuple[str, str]] = field(default_factory=set)
    _codes: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Write the first bytes."""
        self.bed.write(BED_MAGIC + bytes([BY_VARIANT]))

    def take(self, record: Record, wanted: frozenset[int] | None) -> None:
        """Write the rows of one record."""
        self.ledger.receive(max(1, len(record.alts)))
        if wanted is not None and self._code(record) not in wanted:
            self._drop("not_in_sites", record, max(1, len(record.alts)))
            return
        if not record.alts:
            self._drop("no_alternate_allele", record)
            return
        usable = list(self._usable(record))
        if not usable:
            return
        calls = record.calls()
        if calls is None:
            self._drop("no_genotypes", record, len(usable))
            return
        if calls.max(initial=0) > len(record.alts):
            found = f"an allele number {calls.max()} where there are {len(record.alts)} alternate alleles"
            where = f"{self.ledger.subject}, record at line {record.line}"
            raise InputFileError(Fault("broken_vcf_record", where, found, "numbers of alleles", line=record.line))
        self._count(calls)
        if len(record.alts) > 1:
            self.ledger.note("split_from_multi_allelic_site", len(usable))
        for allele in usable:
            self._write(record, calls, allele)

    def _usable(self, record: Record) -> Iterator[int]:
        """Yield the numbers of the alternate alleles that can be written; the others are counted."""
        place = (record.chromosome, record.position)
        if place != self._place:
            self._place, self._seen = place, set()
        for allele, alt in enumerate(record.alts, start=1):
            if not record.ref or not alt or not LETTERS.issuperset(record.ref + alt):
                self._drop("symbolic_allele", record)
            elif (record.ref, alt) in self._seen:
                self._drop("duplicate", record)
            else:
                self._seen.add((record.ref, alt))
                yield allele

    def _write(self, record: Record, calls: NDArray[np.int32], allele: int) -> None:
        name, _, more = record.name.partition(";")
        if more:
            self.ledger.note("several_names", 1)
        self.bed.write(bed_row(copies(calls, allele)))
        cells = (record.chromosome, name, "0", str(record.position), record.alts[allele - 1], record.ref)
        self.bim.write(("\t".join(cells) + "\n").encode())
        self.n_rows += 1

    def _count(self, calls: NDArray[np.int32]) -> None:
        """Note calls that are not two known alleles."""
        if calls.min(initial=0) >= 0:
            return
        first, second = calls[:, 0], calls[:, 1]
        is_half = ((first == MISSING) & (second >= 0)) | ((second == MISSING) & (first >= 0))
        self.ledger.note("haploid_call", int(((second == ABSENT) & (first >= 0)).sum()))
        self.ledger.note("half_call", int(is_half.sum()))
        self.ledger.note("polyploid_call", int((first == POLYPLOID).sum()))
        self.ledger.note("missing_call", int(((first == MISSING) & (second < 0)).sum()))

    def _code(self, record: Record) -> int:
        """Return chromosome and position as one number; -1 for a contig."""
        if record.chromosome not in self._codes:
            code = plink_chromosomes(pl.Series([record.chromosome]))[0]
            self._codes[record.chromosome] = -1 if code is None else code
        code = self._codes[record.chromosome]
        return -1 if code < 0 else (code << _POSITION_BITS) + record.position

    def _drop(self, reason: str, record: Record, count: int = 1) -> None:
        shown = f"{record.chromosome}:{record.position}:{record.ref}:{','.join(record.alts)}"[:SHOWN]
        is_policy = reason in {"not_in_sites", "no_alternate_allele"}
        kind: DropKind = "policy" if is_policy else "fault"
        self.ledger.drop(reason, count, lines=[record.line], examples=[shown], kind=kind)


def bed_row(dosages: NDArray[np.int8]) -> bytes:
    """Return one variant of a PLINK 1 file.

    Parameters
    ----------
    dosages : numpy.ndarray of int8, shape (n_people,)
        Copies of A1; -9 where not called.

    Examples
    --------
    >>> bed_row(np.array([2, 1, 0, -9, 2], dtype=np.int8)).hex()
    '7800'
    """
    codes = _BED_CODE[dosages.view(np.uint8)]
    padded = np.zeros(-(-dosages.size // PEOPLE_PER_BYTE) * PEOPLE_PER_BYTE, dtype=np.uint8)
    padded[: dosages.size] = codes
    return bytes((padded.reshape(-1, PEOPLE_PER_BYTE) * _SHIFTS).sum(axis=1, dtype=np.uint8))
