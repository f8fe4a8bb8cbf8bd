"""Which variants lie close together on the genome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.core.thresholds import BASES_PER_KB

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def loci(chromosome: ArrayLike, position: ArrayLike, *, window_kb: float = 1000.0) -> NDArray[np.int64]:
    """Return the locus of each variant: neighbours within a window are chained.

    Parameters
    ----------
    chromosome : array_like, shape (n_variants,)
        1-22, 23 = X, 24 = Y, 25 = MT.
    position : array_like, shape (n_variants,)
        Base pairs.
    window_kb : float
        Largest distance between neighbours of one locus, in thousands of base pairs.

    Returns
    -------
    numpy.ndarray of int, shape (n_variants,)
        Number of the locus, 0 for the first on the genome. A variant whose place is unknown has -1.

    Raises
    ------
    SchemaError
        The window is negative or not a number.

    Notes
    -----
    Distance stands in for linkage disequilibrium. Chaining means that the two ends of a locus may be farther apart than
    the window; variants of two loci are never nearer than it. Long-range LD (the HLA region, inversions) can reach
    beyond 1,000 kb.

    Examples
    --------
    >>> loci([17, 17, 1, 17], [41_774_270, 41_808_374, 500, 60_000_000]).tolist()
    [1, 1, 0, 2]
    """
    check_window(window_kb)
    chrom, place = np.asarray(chromosome, dtype=np.float64), np.asarray(position, dtype=np.float64)
    assert chrom.shape == place.shape
    number = np.full(chrom.shape, -1, dtype=np.int64)
    known = np.flatnonzero(np.isfinite(chrom) & np.isfinite(place))
    order = known[np.lexsort((place[known], chrom[known]))]
    if order.size:
        apart = (np.diff(chrom[order]) != 0) | (np.diff(place[order]) > window_kb * BASES_PER_KB)
        number[order] = np.concatenate(([0], np.cumsum(apart)))
    return number


def check_window(window_kb: float) -> None:
    """Raise SchemaError unless the window is a number of at least 0."""
    if not window_kb >= 0.0:
        raise SchemaError(
            Fault("bad_option", "option window_kb", f"value {window_kb}", "thousands of base pairs, 0 or more")
        )


def locus_label(chromosome: NDArray[np.float64], position: NDArray[np.float64]) -> str:
    """Return the name of a locus, ``chromosome:first-last``.

    Parameters
    ----------
    chromosome, position : numpy.ndarray, shape (n_variants,)
        Places of the variants of one locus.

    Examples
    --------
    >>> locus_label(np.array([17.0, 17.0]), np.array([41_808_374.0, 41_774_270.0]))
    '17:41774270-41808374'
    """
    return f"{int(chromosome[0])}:{int(position.min())}-{int(position.max())}"
