"""One record of a VCF or BCF file, as the conversion to PLINK 1 needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

MISSING, ABSENT, POLYPLOID = -1, -2, -3
"""In place of an allele's number: not called; no second allele, as of a haploid call; more than two alleles."""


@dataclass(frozen=True, slots=True)
class Record:
    """A site and the calls of all people.

    Parameters
    ----------
    line : int
        Line of a VCF file, 1-based; in a BCF file the number of the record, from 1.
    chromosome : str
        As the file names it.
    position : int
        1-based.
    name : str
        Identifiers as the file has them; ``.`` where there is none.
    ref : str
        Reference allele.
    alts : tuple of str
        Alternate alleles; empty where the site has none.
    calls : callable
        Returns the numbers of both alleles of each person, shape (n_people, 2), or None if the record has no
        genotypes: 0 for REF, 1 for the first of ``alts``; ``MISSING``, ``ABSENT``, ``POLYPLOID``. Nothing is unpacked
        before it is called.
    """

    line: int
    chromosome: str
    position: int
    name: str
    ref: str
    alts: tuple[str, ...]
    calls: Callable[[], NDArray[np.int32] | None]


@dataclass(frozen=True, slots=True)
class Calls:
    """People of a file and its records.

    Parameters
    ----------
    people : tuple of str
        Samples, in the order of ``Record.calls``.
    records : iterator of Record
        In the order of the file.
    """

    people: tuple[str, ...]
    records: Iterator[Record]


def copies(calls: NDArray[np.int32], allele: int) -> NDArray[np.int8]:
    """Return copies of an allele per person.

    Parameters
    ----------
    calls : numpy.ndarray of int32, shape (n_people, 2)
        As in :class:`Record`.
    allele : int
        Number of the allele.

    Returns
    -------
    numpy.ndarray of int8, shape (n_people,)
        0, 1, 2; -9 where the genotype is not wholly known. A haploid call counts as two copies, as PLINK writes it.

    Examples
    --------
    >>> copies(np.array([[0, 1], [1, 1], [2, 1], [1, ABSENT], [MISSING, 1]]), 1).tolist()
    [1, 2, 1, 2, -9]
    """
    first, second = calls[:, 0], calls[:, 1]
    other = np.where(second == ABSENT, first, second)
    count = (first == allele).astype(np.int8) + (other == allele).astype(np.int8)
    return np.where((first < 0) | (other < 0), np.int8(-9), count)
