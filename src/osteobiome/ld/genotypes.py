"""Genotypes of a panel as bits, 64 people to a word: counts of pairs of variants are then a few population counts."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORD = 64
"""People in a word."""
MISSING = -9
"""Dosage of a person whose genotype was not called."""


@dataclass(frozen=True, slots=True)
class Genotypes:
    """Genotypes of some variants, each person with 0, 1 or 2 copies of the counted allele, or not called.

    Person ``i`` is bit ``i % 64`` of word ``i // 64``; bits beyond the last person are 0 in all planes.

    Parameters
    ----------
    one : numpy.ndarray of uint64, shape (n_variants, n_words)
        People with one copy or two.
    two : numpy.ndarray of uint64, shape (n_variants, n_words)
        People with two copies.
    called : numpy.ndarray of uint64, shape (n_variants, n_words)
        People whose genotype is known.
    n_people : int
        People.

    Notes
    -----
    The copies of a person are ``one + two``, their square ``one + 3 two``; so the sums that a correlation needs are
    population counts of planes and of conjunctions of planes.
    """

    one: NDArray[np.uint64]
    two: NDArray[np.uint64]
    called: NDArray[np.uint64]
    n_people: int

    @classmethod
    def from_dosages(cls, dosages: NDArray[np.int8]) -> Genotypes:
        """Pack copies of an allele.

        Parameters
        ----------
        dosages : numpy.ndarray of int8, shape (n_variants, n_people)
            0, 1, 2; anything else is a genotype that was not called.

        Examples
        --------
        >>> Genotypes.from_dosages(np.array([[0, 1, 2, -9]], dtype=np.int8)).dosages().tolist()
        [[0, 1, 2, -9]]
        """
        called = (dosages >= 0) & (dosages <= 2)
        return cls(packed((dosages >= 1) & called), packed(dosages == 2), packed(called), dosages.shape[1])

    @classmethod
    def from_bed(cls, rows: NDArray[np.uint8], *, n_people: int) -> Genotypes:
        """Take rows of a PLINK 1 file apart.

        Parameters
        ----------
        rows : numpy.ndarray of uint8, shape (n_variants, n_bytes)
            Rows of the file, four people to a byte, the first in the lowest bits: 00 two copies of A1, 01 not called,
            10 one copy, 11 none.
        n_people : int
            People; bits beyond them play no part.

        Notes
        -----
        The counted allele is A1, the fifth column of the ``.bim`` file.

        Examples
        --------
        >>> Genotypes.from_bed(np.array([[0b01_11_10_00]], dtype=np.uint8), n_people=4).dosages().tolist()
        [[2, 1, 0, -9]]
        """
        n_words = -(-n_people // WORD)
        padded = np.zeros((len(rows), 2 * n_words * 8), dtype=np.uint8)
        padded[:, : rows.shape[1]] = rows[:, : padded.shape[1]]
        pairs = padded.view("<u2")
        people = packed(np.ones((1, n_people), dtype=bool))
        one, two, called = (table[pairs].view("<u8").astype(np.uint64, copy=False) & people for table in _bed_tables())
        return cls(one, two, called, n_people)

    @property
    def n_variants(self) -> int:
        """Number of variants."""
        return int(self.one.shape[0])

    def take(self, rows: NDArray[np.int64]) -> Genotypes:
        """Return some variants, in the order asked for.

        Parameters
        ----------
        rows : numpy.ndarray of int64, shape (n,)
            Which.
        """
        return Genotypes(self.one[rows], self.two[rows], self.called[rows], self.n_people)

    def dosages(self) -> NDArray[np.int8]:
        """Return copies of the counted allele, ``MISSING`` where not called; shape (n_variants, n_people)."""
        one, two, called = (unpacked(plane, self.n_people) for plane in (self.one, self.two, self.called))
        copies = one.astype(np.int8) + two.astype(np.int8)
        return np.where(called, copies, np.int8(MISSING))

    def n_called(self) -> NDArray[np.int64]:
        """Return how many people were called, per variant."""
        return counted(self.called)

    def frequency(self) -> NDArray[np.float64]:
        """Return the frequency of the counted allele among the called, per variant; NaN where nobody was called."""
        copies = counted(self.one) + counted(self.two)
        n_called = self.n_called()
        with np.errstate(invalid="ignore"):  # nobody called: 0 / 0
            return np.where(n_called > 0, copies / (2.0 * n_called), np.nan)


@functools.cache
def _bed_tables() -> tuple[NDArray[np.uint8], ...]:
    """Return the planes of eight people for each two bytes of a PLINK 1 file: one look-up instead of sixteen shifts."""
    two_bytes = np.arange(1 << 16, dtype=np.uint32)[:, None] >> np.arange(0, 16, 2, dtype=np.uint32)
    first, second = (two_bytes & 1).astype(bool), (two_bytes & 2).astype(bool)
    planes = (~first, ~first & ~second, ~(first & ~second))
    return tuple(np.packbits(plane, axis=1, bitorder="little")[:, 0] for plane in planes)


def packed(plane: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return a plane of people as words.

    Parameters
    ----------
    plane : numpy.ndarray of bool, shape (n_variants, n_people)
        One person to a column.
    """
    n_variants, n_people = plane.shape
    n_words = -(-n_people // WORD)
    bits = np.zeros((n_variants, n_words * 8), dtype=np.uint8)
    made = np.packbits(plane, axis=1, bitorder="little")
    bits[:, : made.shape[1]] = made
    return bits.view("<u8").astype(np.uint64, copy=False)


def unpacked(words: NDArray[np.uint64], n_people: int) -> NDArray[np.bool_]:
    """Return a plane of words as one person to a column; the inverse of :func:`packed`."""
    as_bytes = np.ascontiguousarray(words).view(np.uint8)
    return np.unpackbits(as_bytes, axis=1, count=n_people, bitorder="little").astype(bool)


def counted(words: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the number of people in each row of a plane."""
    people: NDArray[np.int64] = np.bitwise_count(words).sum(axis=1, dtype=np.int64)
    return people
