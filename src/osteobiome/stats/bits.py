r"""Kernels on bit planes of genotypes: what a pair of variants has in common, by population counts.

Shape convention: planes ``one``, ``two``, ``called`` are uint64 of shape ``(n_variants, n_words)``, 64 people to a
word; ``one`` holds people with at least one copy of the counted allele, ``two`` those with two copies, and neither
holds anybody who was not called. Copies are ``one + two``, their square ``one + 3 two``.

With missing calls a pair is judged by the people called at both variants. Nine sums over them determine means,
variances, the cross product and the 3 × 3 table of genotypes:

.. math:: n, \; \sum A_1, \; \sum A_2, \; \sum B_1, \; \sum B_2, \;
          \sum A_1 B_1, \; \sum A_1 B_2, \; \sum A_2 B_1, \; \sum A_2 B_2

where :math:`A_1` and :math:`A_2` are the planes of the first variant. Where everybody was called at both, only the last
four depend on the pair.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from osteobiome.stats.jit import kernel, popcount

if TYPE_CHECKING:
    from numpy.typing import NDArray

Sums: TypeAlias = tuple[int, int, int, int, int, int, int, int, int]
"""The nine sums of a pair, in the order above."""


@kernel
def plane_counts(one: NDArray[np.uint64], two: NDArray[np.uint64], called: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return how many people each plane holds, per variant.

    Parameters
    ----------
    one, two, called : numpy.ndarray of uint64, shape (n_variants, n_words)
        Planes.

    Returns
    -------
    numpy.ndarray of int64, shape (n_variants, 3)
        People in ``one``, in ``two`` and in ``called``.
    """
    n_variants, n_words = one.shape
    out = np.zeros((n_variants, 3), dtype=np.int64)
    for i in range(n_variants):
        in_one = in_two = in_called = 0
        for w in range(n_words):
            in_one += popcount(one[i, w])
            in_two += popcount(two[i, w])
            in_called += popcount(called[i, w])
        out[i, 0] = in_one
        out[i, 1] = in_two
        out[i, 2] = in_called
    return out


@kernel
def shared(one: NDArray[np.uint64], two: NDArray[np.uint64], i: int, j: int) -> tuple[int, int, int, int]:
    """Return the four conjunctions of a pair: one and one, one and two, two and one, two and two.

    Missing calls play no part: who was not called at a variant is in none of its planes.
    """
    n11 = n12 = n21 = n22 = 0
    for w in range(one.shape[1]):
        a1 = one[i, w]
        a2 = two[i, w]
        b1 = one[j, w]
        b2 = two[j, w]
        n11 += popcount(a1 & b1)
        n12 += popcount(a1 & b2)
        n21 += popcount(a2 & b1)
        n22 += popcount(a2 & b2)
    return n11, n12, n21, n22


@kernel
def pair_sums(
    one: NDArray[np.uint64],
    two: NDArray[np.uint64],
    called: NDArray[np.uint64],
    counts: NDArray[np.int64],
    n_people: int,
    i: int,
    j: int,
) -> Sums:
    """Return the nine sums of a pair over the people called at both variants.

    Parameters
    ----------
    one, two, called : numpy.ndarray of uint64, shape (n_variants, n_words)
        Planes.
    counts : numpy.ndarray of int64, shape (n_variants, 3)
        What :func:`plane_counts` returns: tells where everybody was called.
    n_people : int
        People.
    i, j : int
        Rows of the two variants.

    Returns
    -------
    tuple of int
        n, sums of the planes of the first and of the second variant, and the conjunctions of :func:`shared`.
    """
    n11, n12, n21, n22 = shared(one, two, i, j)
    n = n_people
    a1, a2 = counts[i, 0], counts[i, 1]
    b1, b2 = counts[j, 0], counts[j, 1]
    if counts[j, 2] < n_people:  # who was not called at the second leaves the sums of the first
        n = a1 = a2 = 0
        for w in range(one.shape[1]):
            known = called[j, w]
            n += popcount(called[i, w] & known)
            a1 += popcount(one[i, w] & known)
            a2 += popcount(two[i, w] & known)
    else:
        n = counts[i, 2]
    if counts[i, 2] < n_people:
        b1 = b2 = 0
        for w in range(one.shape[1]):
            known = called[i, w]
            b1 += popcount(one[j, w] & known)
            b2 += popcount(two[j, w] & known)
    return n, a1, a2, b1, b2, n11, n12, n21, n22


@kernel
def table_of_sums(sums: Sums) -> NDArray[np.int64]:
    """Return the table of genotypes of a pair.

    Parameters
    ----------
    sums : tuple of int
        What :func:`pair_sums` returns.

    Returns
    -------
    numpy.ndarray of int64, shape (3, 3)
        People by copies of the first variant (rows: 0, 1, 2) and of the second (columns).
    """
    n, a1, a2, b1, b2, n11, n12, n21, n22 = sums
    table = np.empty((3, 3), dtype=np.int64)
    table[2, 2] = n22
    table[2, 1] = n21 - n22
    table[2, 0] = a2 - n21
    table[1, 2] = n12 - n22
    table[1, 1] = n11 - n12 - n21 + n22
    table[1, 0] = a1 - a2 - n11 + n21
    table[0, 2] = b2 - n12
    table[0, 1] = b1 - b2 - n11 + n12
    table[0, 0] = n - a1 - b1 + n11
    return table


@kernel
def r_of_sums(sums: Sums) -> float:
    """Return the correlation of the copies of two variants; NaN where one of them does not vary."""
    n, a1, a2, b1, b2, n11, n12, n21, n22 = sums
    a = a1 + a2
    b = b1 + b2
    # whole numbers, so that a variant without variation gives exactly 0 and r² of equal variants exactly 1
    variance_a = n * (a1 + 3 * a2) - a * a
    variance_b = n * (b1 + 3 * b2) - b * b
    if variance_a <= 0 or variance_b <= 0:
        return np.nan
    covariance = float(n * (n11 + n12 + n21 + n22) - a * b)
    return math.copysign(math.sqrt(covariance * covariance / (float(variance_a) * float(variance_b))), covariance)


@kernel
def r_of_pairs(
    one: NDArray[np.uint64],
    two: NDArray[np.uint64],
    called: NDArray[np.uint64],
    counts: NDArray[np.int64],
    n_people: int,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the correlation of copies, pair by pair, over the people called at both variants.

    Parameters
    ----------
    one, two, called : numpy.ndarray of uint64, shape (n_variants, n_words)
        Planes.
    counts : numpy.ndarray of int64, shape (n_variants, 3)
        What :func:`plane_counts` returns.
    n_people : int
        People.
    first, second : numpy.ndarray of int64, shape (n_pairs,)
        Rows of the two variants of each pair.

    Returns
    -------
    numpy.ndarray of float64, shape (n_pairs,)
        r, exactly 1 or -1 where the variants are the same; NaN where one does not vary among those called at both.
    """
    out = np.empty(first.size)
    for k in range(first.size):
        out[k] = r_of_sums(pair_sums(one, two, called, counts, n_people, first[k], second[k]))
    return out
