"""Kernel of greedy clumping: the strongest variant takes its correlated neighbours, then the strongest of those left.

Shape convention: planes as in :mod:`osteobiome.stats.bits`, everything else one value per candidate, candidates in the
order of their places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.bits import pair_sums, r_of_sums
from osteobiome.stats.haplotypes import signed_r2_of_sums
from osteobiome.stats.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOBODY = -1
"""Index variant of those in no clump."""


@kernel
def signed_r2(
    one: NDArray[np.uint64],
    two: NDArray[np.uint64],
    called: NDArray[np.uint64],
    counts: NDArray[np.int64],
    turn: NDArray[np.bool_],
    n_people: int,
    haplotypes: bool,  # noqa: FBT001 - kernels have no keyword-only parameters
    i: int,
    j: int,
) -> float:
    """Return r² of two variants with the sign of r; NaN where one does not vary.

    Parameters
    ----------
    one, two, called : numpy.ndarray of uint64, shape (n_variants, n_words)
        Planes.
    counts : numpy.ndarray of int64, shape (n_variants, 3)
        What :func:`osteobiome.stats.bits.plane_counts` returns.
    turn : numpy.ndarray of bool, shape (n_variants,)
        What :func:`osteobiome.stats.haplotypes.turned` returns.
    n_people : int
        People.
    haplotypes : bool
        r² of haplotypes; otherwise of copies.
    i, j : int
        Rows of the planes.
    """
    sums = pair_sums(one, two, called, counts, n_people, i, j)
    if haplotypes:
        return signed_r2_of_sums(sums, turn[i], turn[j])
    r = r_of_sums(sums)
    return abs(r) * r


@kernel
def greedy_clumps(
    one: NDArray[np.uint64],
    two: NDArray[np.uint64],
    called: NDArray[np.uint64],
    counts: NDArray[np.int64],
    turn: NDArray[np.bool_],
    n_people: int,
    haplotypes: bool,  # noqa: FBT001
    row: NDArray[np.int64],
    chromosome: NDArray[np.int64],
    position: NDArray[np.int64],
    order: NDArray[np.int64],
    radius: int,
    threshold: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the index variant of each candidate, and r² with it.

    Parameters
    ----------
    one, two, called, counts, turn, n_people, haplotypes
        As in :func:`signed_r2`.
    row : numpy.ndarray of int64, shape (n_candidates,)
        Rows of the planes.
    chromosome, position : numpy.ndarray of int64, shape (n_candidates,)
        Ascending.
    order : numpy.ndarray of int64, shape (n_leaders,)
        Candidates that may become index variants, strongest first.
    radius : int
        Largest distance within a clump, in bases.
    threshold : float
        r² of a clump is above this.

    Returns
    -------
    index : numpy.ndarray of int64, shape (n_candidates,)
        Candidate whose clump it is in, itself for index variants, -1 for none.
    r2 : numpy.ndarray of float64, shape (n_candidates,)
        Signed r² with it, 1 for index variants, NaN for none.
    """
    n = row.size
    index = np.full(n, NOBODY, dtype=np.int64)
    r2 = np.full(n, np.nan)
    for leader in order:
        if index[leader] != NOBODY:
            continue
        index[leader] = leader
        r2[leader] = 1.0
        for step in (-1, 1):
            k = leader + step
            while 0 <= k < n and chromosome[k] == chromosome[leader]:
                if abs(position[k] - position[leader]) > radius:
                    break
                if index[k] == NOBODY:
                    found = signed_r2(one, two, called, counts, turn, n_people, haplotypes, row[leader], row[k])
                    if abs(found) > threshold:  # never where it is NaN
                        index[k] = leader
                        r2[k] = found
                k += step
    return index, r2
