r"""Frequencies of the haplotypes of two variants from unphased genotypes, by maximum likelihood, and their r².

Of nine combinations of genotypes eight show both haplotypes of a person; only double heterozygotes may carry 11 and 22
or 12 and 21 (the two alleles of each variant are called 1 and 2). Let :math:`f_{ij}` be the known haplotypes, as shares
of all, and :math:`h` half the share of people who are double heterozygotes: their haplotypes add :math:`x` to 11 and to
22, and :math:`h - x` to 12 and to 21. Expectation maximisation stands still where

.. math:: \frac{x}{h} = \frac{(f_{11} + x)(f_{22} + x)}{(f_{11} + x)(f_{22} + x) + (f_{12} + h - x)(f_{21} + h - x)}

which is a cubic equation in :math:`x`, solved here in closed form. Of its roots in :math:`[0, h]` the one of highest
likelihood counts (an iteration may end in a lower one). Then :math:`D = f_{11} + x - p_1 q_1` and
:math:`r^2 = D^2 / (p_1 p_2 q_1 q_2)`.

The tolerances are those of PLINK 1.9, so that boundary cases are decided alike.

References
----------
Hill 1974, doi:10.1038/hdy.1974.89 (likelihood, cubic equation)
Gaunt, Rodríguez & Day 2007, doi:10.1186/1471-2105-8-428 (closed form, several roots)
Chang et al. 2015, doi:10.1186/s13742-015-0047-8 (PLINK 1.9)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.bits import Sums, pair_sums, plane_counts
from osteobiome.stats.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAME_ROOT = 2.0**-30
"""Roots nearer to each other than this are one."""
OUTSIDE = 2.0**-35
"""A root further than this outside of its range is not admissible."""
NO_DISEQUILIBRIUM = 2.0**-44
"""Smaller D is rounding error."""
THIRD_OF_TURN = 2.0 * math.pi / 3.0


@kernel
def real_roots(a: float, b: float, c: float) -> tuple[int, float, float, float]:
    r"""Return the distinct real roots of :math:`x^3 + a x^2 + b x + c`, smallest first.

    Returns
    -------
    n : int
        How many.
    first, second, third : float
        Roots; those beyond ``n`` are NaN.

    Notes
    -----
    Three roots by cosines, one (or one and a double one) by a cube root; roots that differ by less than 2^-30 are
    returned once.

    Examples
    --------
    >>> n, *roots = real_roots(-6.0, 11.0, -6.0)
    >>> n, np.round(roots, 12).tolist()
    (3, [1.0, 2.0, 3.0])
    """
    q = (a * a - 3.0 * b) * (1.0 / 9.0)
    r = (2.0 * a * a * a - 9.0 * a * b + 27.0 * c) * (1.0 / 54.0)
    shift = a * (1.0 / 3.0)
    if r * r < q * q * q:
        size = -2.0 * math.sqrt(q)
        angle = math.acos(r / (q * math.sqrt(q))) * (1.0 / 3.0)  # between 0 and a sixth of a turn: the order is known
        low = size * math.cos(angle) - shift
        middle = size * math.cos(angle - THIRD_OF_TURN) - shift
        high = size * math.cos(angle + THIRD_OF_TURN) - shift
        if middle - low < SAME_ROOT:
            if high - low < SAME_ROOT:
                return 1, low, np.nan, np.nan
            return 2, low, high, np.nan
        if high - middle < SAME_ROOT:
            return 2, low, middle, np.nan
        return 3, low, middle, high
    s = -((abs(r) + math.sqrt(r * r - q * q * q)) ** (1.0 / 3.0))
    if s == 0.0:
        return 1, -shift, np.nan, np.nan
    if r < 0.0:
        s = -s
    t = q / s
    single = s + t - shift
    double = -s - shift
    if abs(s - t) >= 8.0 * SAME_ROOT:
        return 1, single, np.nan, np.nan
    if s >= 0.0:
        return 2, double, single, np.nan
    return 2, single, double, np.nan


@kernel
def _log(x: float) -> float:
    return math.log(x) if x > 0.0 else -np.inf


@kernel
def log_likelihood(counts: tuple[float, float, float, float], n_unphased: float, total: float, x: float) -> float:
    """Return the log likelihood when a share x of all haplotypes are 11 of double heterozygotes, up to a constant.

    Parameters
    ----------
    counts : tuple of float
        Haplotypes 11, 12, 21, 22 that are known.
    n_unphased : float
        Double heterozygotes.
    total : float
        Haplotypes in all.
    x : float
        Between 0 and ``n_unphased / total``.
    """
    other = n_unphased / total - x
    f11, f12 = counts[0] / total + x, counts[1] / total + other
    f21, f22 = counts[2] / total + other, counts[3] / total + x
    found = n_unphased * _log(f11 * f22 + f12 * f21)
    for count, frequency in ((counts[0], f11), (counts[1], f12), (counts[2], f21), (counts[3], f22)):
        if count != 0.0:
            found += count * _log(frequency)
    return found


@kernel
def stationary_points(f11: float, f12: float, f21: float, f22: float, h: float) -> tuple[int, float, float, float]:
    """Return the shares x at which expectation maximisation stands still, within [0, h], smallest first.

    Parameters
    ----------
    f11, f12, f21, f22 : float
        Shares of known haplotypes.
    h : float
        Half the share of people who are double heterozygotes; above 0.

    Returns
    -------
    n : int
        How many, at least one.
    first, second, third : float
        Those beyond ``n`` play no part.
    """
    same, cross = f11 * f22, f12 * f21
    if same == 0.0 and cross == 0.0:  # 0 and h are roots, and the equation left is linear
        along, across = f11 + f22, f12 + f21
        if along + OUTSIDE < h + across and across + OUTSIDE < h + along:
            return 3, 0.0, (h + across - along) * 0.5, h
        return 2, 0.0, h, np.nan
    n, low, middle, high = real_roots(
        0.5 * (f11 + f22 - f12 - f21 - 3.0 * h),
        0.5 * (same + cross + h * (f12 + f21 - f11 - f22 + h)),
        -0.5 * h * same,
    )
    while n > 0 and (low if n == 1 else middle if n == 2 else high) > h + OUTSIDE:
        n -= 1
    while n > 0 and low < -OUTSIDE:
        low, middle = middle, high
        n -= 1
    if n == 0:  # a double root at one of the ends, lost by rounding
        return 2, 0.0, h, np.nan
    low = max(low, 0.0)
    if n == 1:
        return 1, min(low, h), np.nan, np.nan
    if n == 2:
        return 2, low, min(middle, h), np.nan
    return 3, low, middle, min(high, h)


@kernel
def disequilibrium(n11: float, n12: float, n21: float, n22: float, n_unphased: float) -> tuple[float, float, float]:
    """Return D and the frequencies of allele 1 of both variants; D is NaN where a variant does not vary.

    Parameters
    ----------
    n11, n12, n21, n22 : float
        Known haplotypes.
    n_unphased : float
        Double heterozygotes.
    """
    total = n11 + n12 + n21 + n22 + 2.0 * n_unphased
    if total == 0.0:
        return np.nan, np.nan, np.nan
    each = 1.0 / total
    f11, f12, f21, f22 = n11 * each, n12 * each, n21 * each, n22 * each
    h = n_unphased * each
    p = f11 + f12 + h
    q = f11 + f21 + h
    if n_unphased == 0.0:
        if f11 * f22 == 0.0 and f12 * f21 == 0.0:  # with no double heterozygote: a variant without variation
            return np.nan, p, q
        return f11 - p * q, p, q
    n, x, middle, high = stationary_points(f11, f12, f21, f22, h)
    if n > 1:
        counts = (n11, n12, n21, n22)
        best = log_likelihood(counts, n_unphased, total, x)
        for k in range(1, n):
            other = middle if k == 1 else high
            found = log_likelihood(counts, n_unphased, total, other)
            if found > best:
                best = found
                x = other
    return f11 + x - p * q, p, q


@kernel
def signed_r2_of_sums(
    sums: Sums,
    turn_first: bool,  # noqa: FBT001 - kernels have no keyword-only parameters
    turn_second: bool,  # noqa: FBT001
) -> float:
    """Return r² of two variants with the sign of D; NaN where one does not vary among those called at both.

    Parameters
    ----------
    sums : tuple of int
        What :func:`osteobiome.stats.bits.pair_sums` returns.
    turn_first, turn_second : bool
        Calculate with the other allele of the variant. r² is the same, but for the last digit: whoever turns variants
        so that allele 1 is the rarer one gets results that do not depend on how a file codes alleles.
    """
    n, a1, a2, b1, b2, n11, n12, n21, n22 = sums
    unphased = n11 - n12 - n21 + n22
    both = n12 + n21  # two haplotypes of each double homozygote, one of each single heterozygote
    first = a1 + a2 - unphased - both
    second = b1 + b2 - unphased - both
    neither = 2 * (n - unphased) - both - first - second
    if turn_first:
        both, second = second, both
        first, neither = neither, first
    if turn_second:
        both, first = first, both
        second, neither = neither, second
    d, p, q = disequilibrium(float(both), float(first), float(second), float(neither), float(unphased))
    if np.isnan(d):
        return np.nan
    if abs(d) < NO_DISEQUILIBRIUM:
        return 0.0
    r2 = abs(d) * d / (p * q * (1.0 - p) * (1.0 - q))
    return -r2 if turn_first != turn_second else r2


@kernel
def turned(counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return where the counted allele is the commoner one, per variant.

    Parameters
    ----------
    counts : numpy.ndarray of int64, shape (n_variants, 3)
        What :func:`osteobiome.stats.bits.plane_counts` returns.
    """
    out = np.empty(counts.shape[0], dtype=np.bool_)
    for i in range(counts.shape[0]):
        out[i] = counts[i, 0] + counts[i, 1] > counts[i, 2]
    return out


@kernel
def signed_r2_of_pairs(
    one: NDArray[np.uint64],
    two: NDArray[np.uint64],
    called: NDArray[np.uint64],
    n_people: int,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return haplotype r² with the sign of D, pair by pair, over the people called at both variants.

    Parameters
    ----------
    one, two, called : numpy.ndarray of uint64, shape (n_variants, n_words)
        Planes; see :mod:`osteobiome.stats.bits`.
    n_people : int
        People.
    first, second : numpy.ndarray of int64, shape (n_pairs,)
        Rows of the two variants of each pair.
    """
    counts = plane_counts(one, two, called)
    turn = turned(counts)
    out = np.empty(first.size)
    for k in range(first.size):
        i, j = first[k], second[k]
        out[k] = signed_r2_of_sums(pair_sums(one, two, called, counts, n_people, i, j), turn[i], turn[j])
    return out
