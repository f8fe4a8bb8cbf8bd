"""PLINK 1 files: two bits a genotype, variant after variant, so that any row is one stretch of the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.errors import Fault, InputFileError
from osteobiome.ld.genotypes import Genotypes, packed, unpacked
from osteobiome.ld.sources.tables import read_bim, read_fam
from osteobiome.sumstats.reading.containers import GZIP_MAGIC, open_file

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

MAGIC = b"\x6c\x1b"
HEAD = 3
"""Bytes in front of the genotypes: two of magic, and the order, 1 for variant after variant."""
BY_VARIANT = 1
PEOPLE_PER_BYTE = 4
PIECE = 1 << 15
"""Rows unpacked at a time, so that the text of a whole panel is never in memory."""


@dataclass(frozen=True, slots=True)
class BedSource:
    """A PLINK 1 file.

    Parameters
    ----------
    where : str
        The ``.bed`` file.
    variants : polars.DataFrame
        Columns rsid, chromosome, position, counted (A1), other (A2).
    people : polars.DataFrame
        Columns family, person, is_founder.
    n_variants_left_out : int
        0: every line of the ``.bim`` file is a row.
    """

    where: str
    variants: pl.DataFrame
    people: pl.DataFrame
    n_variants_left_out: int = 0

    def read(self, rows: NDArray[np.int64]) -> Genotypes:
        """Return the genotypes of the founders for some rows, in the order asked for.

        Parameters
        ----------
        rows : numpy.ndarray of int64, shape (n,)
            Rows of ``variants``, from 0.
        """
        n_bytes = bytes_per_variant(self.people.height)
        file = np.memmap(self.where, dtype=np.uint8, mode="r", offset=HEAD, shape=(self.variants.height, n_bytes))
        is_founder = self.people["is_founder"].to_numpy()
        pieces = [self._piece(file[rows[at : at + PIECE]], is_founder) for at in range(0, max(1, rows.size), PIECE)]
        return pieces[0] if len(pieces) == 1 else joined(pieces)

    def _piece(self, part: NDArray[np.uint8], is_founder: NDArray[np.bool_]) -> Genotypes:
        found = Genotypes.from_bed(np.asarray(part), n_people=self.people.height)
        return found if is_founder.all() else only(found, is_founder)


def bytes_per_variant(n_people: int) -> int:
    """Return the bytes that the genotypes of one variant take."""
    return -(-n_people // PEOPLE_PER_BYTE)


def only(genotypes: Genotypes, people: NDArray[np.bool_]) -> Genotypes:
    """Return the genotypes of some people.

    Parameters
    ----------
    genotypes : Genotypes
        Of all.
    people : numpy.ndarray of bool, shape (n_people,)
        Whom to keep.
    """
    planes = (genotypes.one, genotypes.two, genotypes.called)
    one, two, called = (packed(unpacked(plane, genotypes.n_people)[:, people]) for plane in planes)
    return Genotypes(one, two, called, int(people.sum()))


def joined(pieces: list[Genotypes]) -> Genotypes:
    """Return variants of the same people as one.

    Parameters
    ----------
    pieces : list of Genotypes
        At least one.
    """
    return Genotypes(
        np.concatenate([piece.one for piece in pieces]),
        np.concatenate([piece.two for piece in pieces]),
        np.concatenate([piece.called for piece in pieces]),
        pieces[0].n_people,
    )


def open_bed(prefix: str) -> BedSource:
    """Open a PLINK 1 file; genotypes stay on disk.

    Parameters
    ----------
    prefix : str
        Path without ``.bed``, ``.bim`` (or ``.bim.gz``) and ``.fam``.

    Raises
    ------
    InputFileError
        A file is missing, is no PLINK 1 file, goes person after person, or the three do not belong together.

    Notes
    -----
    A file of m variants and n people has ``3 + m ceil(n / 4)`` bytes.
    """
    bed = Path(f"{prefix}.bed")
    size = _checked_size(bed)
    bim = Path(f"{prefix}.bim")
    if not bim.exists() and (packed_bim := Path(f"{prefix}.bim.gz")).exists():
        bim = packed_bim
    people = read_fam(Path(f"{prefix}.fam"))
    variants = read_bim(bim)
    n_bytes = bytes_per_variant(people.height)
    if size != HEAD + variants.height * n_bytes:
        raise _size_fault(bed, bim, size=size, n_variants=variants.height, n_people=people.height)
    return BedSource(str(bed), variants, people)


def _checked_size(bed: Path) -> int:
    """Return the size of a file that begins as it should, or raise."""
    where = str(bed)
    with open_file(bed) as handle:
        head = handle.read(HEAD)
        size = handle.seek(0, 2)
    if head.startswith(GZIP_MAGIC):
        hint = f"Unpack it: gunzip -c {bed.name} > unpacked.bed; single variants cannot be read from a packed file"
        raise InputFileError(Fault("panel_packed", where, "a gzip file", "an unpacked .bed file", hint))
    if head[:2] != MAGIC or len(head) < HEAD:
        found = f"the file begins with {head.hex(' ')}"
        hint = "Intervals of a genome browser also end in .bed; name a file that PLINK wrote"
        raise InputFileError(Fault("not_a_bed_file", where, found, "6c 1b 01, a PLINK 1 file", hint))
    if head[2] != BY_VARIANT:
        hint = "Write it anew with plink1.9 --bfile ... --make-bed"
        found = "genotypes person after person" if head[2] == 0 else f"an unknown order of genotypes ({head[2]})"
        raise InputFileError(Fault("bed_not_by_variant", where, found, "variant after variant", hint))
    return size


def _size_fault(bed: Path, bim: Path, *, size: int, n_variants: int, n_people: int) -> InputFileError:
    """Return the error that says which file was cut or does not belong to the others."""
    n_bytes = bytes_per_variant(n_people)
    expected = f"{HEAD + n_variants * n_bytes} bytes for {n_variants} variants and {n_people} people"
    content = size - HEAD
    n_whole, rest = divmod(content, n_bytes)
    causes = []
    if rest == 0:
        cut = bim if n_whole > n_variants else bed
        causes.append(f"{cut.name} was cut, as there are genotypes of {n_whole} variants")
    per, left = divmod(content, max(1, n_variants))
    if left == 0 and n_variants:
        n_most = PEOPLE_PER_BYTE * per
        causes.append(f"the .fam file was cut or is another, as there are genotypes of {n_most - 3} to {n_most} people")
    if not causes and content < n_variants * n_bytes:
        causes.append(f"{bed.name} was cut inside variant {n_whole + 1}")
    causes.append("the three files do not belong together")
    hint = f"Either {', or '.join(causes)}; copy them anew"
    return InputFileError(Fault("panel_size_differs", str(bed), f"{size} bytes", expected, hint))
