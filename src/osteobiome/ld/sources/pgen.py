"""PLINK 2 files, through the ``pgenlib`` package (extra ``pgen``)."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, InputFileError
from osteobiome.ld.genotypes import Genotypes
from osteobiome.ld.sources.bed import joined
from osteobiome.ld.sources.tables import (
    broken,
    checked_people,
    read_bim,
    read_fam,
    variant_cells,
    variant_table,
)
from osteobiome.sumstats.reading import read_bytes
from osteobiome.sumstats.reading.containers import open_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

MAGIC = b"\x6c\x1b"
PIECE = 1 << 13
"""Rows read at a time: one byte a genotype, so 4 MB for 503 people."""
_PVAR_NEEDS = ("POS", "ID", "REF", "ALT")


@dataclass(frozen=True, slots=True)
class PgenSource:
    """A PLINK 2 file.

    Parameters
    ----------
    where : str
        The ``.pgen`` file.
    variants : polars.DataFrame
        Columns rsid, chromosome, position, counted (ALT), other (REF); those with two alleles.
    people : polars.DataFrame
        Columns family, person, is_founder.
    file_rows : numpy.ndarray of uint32, shape (n_variants,)
        Where each of ``variants`` stands in the file.
    allele_offsets : numpy.ndarray of uint64, shape (n_in_file + 1,)
        Number of alleles in front of each variant of the file.
    """

    where: str
    variants: pl.DataFrame
    people: pl.DataFrame
    file_rows: NDArray[np.uint32]
    allele_offsets: NDArray[np.uint64]

    @property
    def n_variants_left_out(self) -> int:
        """Variants with more than two alleles."""
        return self.allele_offsets.size - 1 - self.file_rows.size

    def read(self, rows: NDArray[np.int64]) -> Genotypes:
        """Return the hard calls of the founders for some rows, in the order asked for.

        Parameters
        ----------
        rows : numpy.ndarray of int64, shape (n,)
            Rows of ``variants``, from 0.
        """
        founders = np.flatnonzero(self.people["is_founder"].to_numpy()).astype(np.uint32)
        reader = self._reader(founders)
        try:
            pieces = []
            for at in range(0, max(1, rows.size), PIECE):
                wanted = self.file_rows[rows[at : at + PIECE]]
                dosages = np.empty((wanted.size, founders.size), dtype=np.int8)
                if wanted.size:
                    reader.read_list(wanted, dosages)
                pieces.append(Genotypes.from_dosages(dosages))
        finally:
            reader.close()
        return pieces[0] if len(pieces) == 1 else joined(pieces)

    def _reader(self, founders: NDArray[np.uint32]) -> _Reader:
        """Return a reader of the founders."""
        offsets = self.allele_offsets if self.n_variants_left_out else None
        n_variants = self.allele_offsets.size - 1
        try:
            return _pgenlib(self.where).PgenReader(
                self.where.encode(),
                raw_sample_ct=self.people.height,
                variant_ct=n_variants,
                sample_subset=None if founders.size == self.people.height else founders,
                allele_idx_offsets=offsets,
            )
        except RuntimeError as error:
            expected = f"{n_variants} variants of {self.people.height} people, as .pvar and .psam say"
            hint = "The files may be cut, or belong to different genotypes; copy them anew"
            raise InputFileError(
                Fault("damaged_pgen", self.where, f"cannot be read ({error})", expected, hint)
            ) from None


class _Reader(Protocol):
    """What is used of pgenlib's reader; the package has no types."""

    def read_list(self, variant_idxs: NDArray[np.uint32], geno_int_out: NDArray[np.int8]) -> None:
        """Fill in copies of ALT, -9 where not called."""

    def close(self) -> None:
        """Close the file."""


class _Package(Protocol):
    """What is used of pgenlib."""

    PgenReader: Callable[..., _Reader]


def _pgenlib(where: str) -> _Package:
    """Return the package that reads PLINK 2 files, or raise with how to get it."""
    try:
        return cast("_Package", importlib.import_module("pgenlib"))
    except ImportError:
        hint = "pip install 'osteobiome[pgen]', or convert it: plink2 --pfile ... --make-bed --out ..."
        raise InputFileError(
            Fault("pgenlib_missing", where, "a PLINK 2 file, and no pgenlib", "the package pgenlib", hint)
        ) from None


def open_pgen(prefix: str) -> PgenSource:
    """Open a PLINK 2 file; genotypes stay on disk.

    Parameters
    ----------
    prefix : str
        Path without ``.pgen``, ``.pvar`` (or ``.pvar.zst``) and ``.psam``.

    Raises
    ------
    InputFileError
        A file is missing or damaged, the three do not belong together, or pgenlib is not installed.

    Notes
    -----
    Hard calls are read, dosages are not. The counted allele is ALT. Variants with several ALT alleles are no rows;
    their number is ``n_variants_left_out``.
    """
    where = f"{prefix}.pgen"
    with open_file(Path(where)) as handle:
        head = handle.read(len(MAGIC))
    if head != MAGIC:
        hint = "Name a file that plink2 wrote"
        found = f"the file begins with {head.hex(' ')}"
        raise InputFileError(Fault("not_a_pgen_file", where, found, "6c 1b, a PLINK 2 file", hint))
    pvar = Path(f"{prefix}.pvar")
    if not pvar.exists() and (packed := Path(f"{prefix}.pvar.zst")).exists():
        pvar = packed
    variants, n_alleles = read_pvar(pvar)
    people = read_psam(Path(f"{prefix}.psam"))
    offsets = np.concatenate([[0], np.cumsum(n_alleles)]).astype(np.uint64)
    rows = np.flatnonzero(n_alleles == 2).astype(np.uint32)
    source = PgenSource(where, variants[rows], people, rows, offsets)
    source.read(np.arange(min(1, rows.size)))  # whether the three belong together is told by the first look
    return source


def read_pvar(path: Path) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Read the variants of a PLINK 2 file.

    Parameters
    ----------
    path : pathlib.Path
        ``.pvar``, plain or packed; one without header has the columns of a ``.bim`` file.

    Returns
    -------
    variants : polars.DataFrame
        Columns rsid, chromosome, position, counted (ALT), other (REF); all lines.
    n_alleles : numpy.ndarray of int64, shape (n_variants,)
        2 for most.

    Raises
    ------
    InputFileError
        Missing, damaged, without a needed column, or a position that is no whole number.
    """
    content = read_bytes(path)
    head_end = 0
    while content.startswith(b"##", head_end):
        head_end = content.find(b"\n", head_end) + 1 or len(content)
    if not content.startswith(b"#CHROM", head_end):
        variants = read_bim(path)
    else:
        end = content.find(b"\n", head_end) + 1 or len(content)
        names = content[head_end:end].decode().lstrip("#").split()
        if missing := [name for name in _PVAR_NEEDS if name not in names]:
            raise broken(path, f"no column {missing[0]}", "#CHROM, POS, ID, REF, ALT")
        columns = {"rsid": "ID", "chromosome": "CHROM", "position": "POS", "counted": "ALT", "other": "REF"}
        places = {ours: names.index(theirs) for ours, theirs in columns.items()}
        variants = variant_table(variant_cells(path, content[end:], width=len(names), names=places))
    n_alleles = 2 + variants["counted"].str.count_matches(",", literal=True).to_numpy().astype(np.int64)
    return variants, n_alleles


def read_psam(path: Path) -> pl.DataFrame:
    """Read the people of a PLINK 2 file.

    Parameters
    ----------
    path : pathlib.Path
        ``.psam``; one without header has the columns of a ``.fam`` file. Without the columns PAT and MAT, all are
        founders.

    Returns
    -------
    polars.DataFrame
        Columns family (``0`` where there is none), person, is_founder.

    Raises
    ------
    InputFileError
        Missing, damaged, without the column IID, nobody, or the same person twice.
    """
    lines = read_bytes(path).decode().splitlines()
    head = next((i for i, line in enumerate(lines) if line.startswith(("#FID", "#IID"))), None)
    if head is None:
        return read_fam(path)
    names = lines[head].lstrip("#").split()
    rows = [line.split() for line in lines[head + 1 :] if line.strip()]
    short = next((i for i, row in enumerate(rows) if len(row) < len(names)), None)
    if "IID" not in names or short is not None or not rows:
        what = "no people" if not rows else "no column IID" if "IID" not in names else "a line with too few cells"
        raise broken(path, what, f"a line of {len(names)} cells for each person")
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    nobody = ["0"] * len(rows)
    parents = zip(columns.get("PAT", nobody), columns.get("MAT", nobody), strict=True)
    people = pl.DataFrame(
        {
            "family": columns.get("FID", nobody),
            "person": columns["IID"],
            "is_founder": [father == mother == "0" for father, mother in parents],
        }
    )
    return checked_people(people, path)
