"""LD scores: how much each variant is correlated with all variants in a window around it, itself included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.errors import EstimationError, Fault, SchemaError
from osteobiome.core.thresholds import BASES_PER_KB
from osteobiome.ld.correlation import ld_tiles, varies, window_bounds
from osteobiome.ld.genotypes import Genotypes, counted
from osteobiome.stats.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

ONE_IN_COMMON = 20
"""More than one copy in so many is of the rarer allele of a common variant: LDSC counts those above 5 %."""
MIN_PEOPLE = 3


@dataclass(frozen=True, slots=True)
class LdScores:
    """LD scores of the variants of a panel.

    Parameters
    ----------
    score : numpy.ndarray, shape (n_variants,)
        Sum of adjusted r² over the window; NaN for variants that do not vary.
    n_in_window : numpy.ndarray of int64, shape (n_variants,)
        Variants that were summed over, the variant itself among them; 0 for variants that do not vary.
    m : int
        Variants that vary.
    m_common : int
        Those with a rarer allele above 5 %, which LDSC calls M_5_50.
    n_monomorphic : int
        Variants that do not vary: without score, and part of no other.
    """

    score: NDArray[np.float64]
    n_in_window: NDArray[np.int64]
    m: int
    m_common: int
    n_monomorphic: int


def ld_scores(
    genotypes: Genotypes,
    chromosome: NDArray[np.integer],
    position: NDArray[np.integer],
    *,
    window_kb: float = 1000.0,
    window_cm: float | None = None,
    centimorgan: NDArray[np.floating] | None = None,
) -> LdScores:
    r"""Return LD scores with exact windows.

    Parameters
    ----------
    genotypes : Genotypes
        Variants of a panel, sorted by chromosome and position. A person who was not called has the mean of the variant.
    chromosome, position : numpy.ndarray of int, shape (n_variants,)
        Place; position in base pairs.
    window_kb : float
        Pairs up to this distance count (kilobases), to either side.
    window_cm : float, optional
        Pairs up to this genetic distance (centimorgans) count, whatever their distance in kilobases.
    centimorgan : numpy.ndarray, shape (n_variants,), optional
        Genetic position; needed by ``window_cm``.

    Returns
    -------
    LdScores
        Scores and the numbers of variants that go with them.

    Raises
    ------
    SchemaError
        Variants are not sorted, or ``window_cm`` without ``centimorgan``.
    EstimationError
        Fewer than three people: the adjustment of r² does not exist.

    Notes
    -----
    .. math:: \ell_j = \sum_{k:\,|p_j - p_k| \le w} \Big(r_{jk}^2 - \frac{1 - r_{jk}^2}{n - 2}\Big)

    for n people; the subtracted part is what r² of unlinked variants is on average, so a score may be negative.
    Correlations are exact to 1e-15, sums are double precision. Python LDSC works in chunks of 50 variants, which adds
    pairs up to 49 variants outside the window: its scores differ a little from these (``docs/methods/ld.md``).
    Scores of few people are noisy, and those at the edge of a cut panel too small.

    References
    ----------
    Bulik-Sullivan et al. 2015, doi:10.1038/ng.3211

    Examples
    --------
    >>> g = Genotypes.from_dosages(np.array([[0, 1, 2, 1], [0, 1, 1, 0], [2, 1, 0, 1]], dtype=np.int8))
    >>> ld_scores(g, np.array([1, 1, 1]), np.array([1, 900, 1800]), window_kb=1).score.round(6).tolist()
    [1.25, 1.5, 1.25]
    """
    if genotypes.n_people < MIN_PEOPLE:
        raise EstimationError(
            Fault("too_few_people", "LD scores", f"{genotypes.n_people} people in the panel", "three or more")
        )
    place, reach = _windows(position, window_kb, window_cm, centimorgan)
    kept = np.flatnonzero(varies(genotypes))
    some = genotypes.take(kept)
    begin, end = window_bounds(chromosome[kept], place[kept], reach=reach)
    sums = np.zeros(len(kept))
    for tile in ld_tiles(some, end):
        _add_squares(tile.r, (tile.row, tile.column), end, sums)
    n_pairs = (end - begin).astype(np.float64)
    df = genotypes.n_people - 2.0
    score = np.full(genotypes.n_variants, np.nan)
    score[kept] = sums - (n_pairs - sums) / df
    n_in_window = np.zeros(genotypes.n_variants, dtype=np.int64)
    n_in_window[kept] = end - begin
    return LdScores(score, n_in_window, len(kept), _n_common(some), genotypes.n_variants - len(kept))


def _n_common(genotypes: Genotypes) -> int:
    """Return how many variants have a rarer allele above 5 %, in whole numbers: 1 - 0.95 is more than 0.05."""
    copies, of = counted(genotypes.one) + counted(genotypes.two), 2 * genotypes.n_called()
    return int(np.count_nonzero(ONE_IN_COMMON * np.minimum(copies, of - copies) > of))


def _windows(
    position: NDArray[np.integer],
    window_kb: float,
    window_cm: float | None,
    centimorgan: NDArray[np.floating] | None,
) -> tuple[NDArray[np.integer] | NDArray[np.floating], float]:
    """Return places and reach in the unit that the window is given in."""
    if window_cm is None:
        return position, window_kb * BASES_PER_KB
    if centimorgan is None:
        raise SchemaError(
            Fault(
                "no_genetic_map",
                "LD scores",
                f"a window of {window_cm:g} cM and no genetic positions",
                "the genetic position of each variant",
                "Give centimorgan, or a window in kilobases",
            )
        )
    return centimorgan, window_cm


@kernel
def _add_squares(
    r: NDArray[np.float64], corner: tuple[int, int], end: NDArray[np.int64], sums: NDArray[np.float64]
) -> None:
    """Add r² of the wanted pairs of a tile to both variants, of a variant with itself once."""
    row, column = corner
    for i in range(r.shape[0]):
        a = row + i
        own = 0.0
        for b in range(max(a + 1, column), min(end[a], column + r.shape[1])):
            square = r[i, b - column] * r[i, b - column]
            own += square
            sums[b] += square
        sums[a] += own
        if column <= a < column + r.shape[1]:
            sums[a] += 1.0
