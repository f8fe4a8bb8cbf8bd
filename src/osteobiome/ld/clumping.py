"""Clumping: of variants in linkage disequilibrium the one with the smallest p value stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.thresholds import BASES_PER_KB

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import ArrayLike, NDArray

    from osteobiome.ld.matrix import LdMatrix


@dataclass(frozen=True, slots=True)
class ClumpOptions:
    """How variants are made nearly independent.

    Parameters
    ----------
    r2 : float
        Largest squared correlation of two variants that both stay, between 0 and 1.
    window_kb : float, optional
        Variants further apart than this (kilobases) do not clump each other; left out, all of a matrix do.
    trust_strand : bool
        Believe that summary statistics and LD are on the forward strand.
    """

    r2: float
    window_kb: float | None = None
    trust_strand: bool = False


def clump(
    neg_log_10_p_value: ArrayLike,
    ld_r: ArrayLike,
    *,
    r2: float,
    window_kb: float | None = None,
    chromosome: ArrayLike | None = None,
    position: ArrayLike | None = None,
    rsid: Sequence[str] = (),
) -> NDArray[np.bool_]:
    r"""Return which variants stay when each clump keeps its strongest.

    Parameters
    ----------
    neg_log_10_p_value : array_like, shape (n_variants,)
        Minus log10 of the p values.
    ld_r : array_like, shape (n_variants, n_variants)
        Correlation (r, not r²); the sign plays no part.
    r2 : float
        Largest squared correlation of two variants that both stay.
    window_kb : float, optional
        Variants further apart than this (kilobases), or on different chromosomes, do not clump each other. A variant
        without position is near to all.
    chromosome, position : array_like, shape (n_variants,), optional
        Place (position in base pairs); NaN where unknown.
    rsid : sequence of str
        Names, to order variants of equal p at one place.

    Returns
    -------
    numpy.ndarray of bool, shape (n_variants,)
        True for variants that stay.

    Notes
    -----
    Variants are taken in the order of their p values; equal ones by chromosome, position and name, so that the order of
    rows plays no part. Each one that is still there stays and removes those after it with :math:`r_{jk}^2` above the
    threshold. What stays is independent (no two above the threshold) and maximal (each one removed is above the
    threshold with one that stays and has a p value at least as small). It is not the largest such set.

    References
    ----------
    Purcell et al. 2007, doi:10.1086/519795 (PLINK, the procedure)

    Examples
    --------
    >>> r = np.array([[1.0, 0.9, 0.1], [0.9, 1.0, 0.1], [0.1, 0.1, 1.0]])
    >>> clump([8.0, 12.0, 9.0], r, r2=0.1).tolist()
    [False, True, True]
    """
    strength = np.asarray(neg_log_10_p_value, dtype=np.float64)
    n_variants = strength.shape[0]
    correlation = np.asarray(ld_r, dtype=np.float64)
    assert correlation.shape == (n_variants, n_variants)
    places = [_known(values, n_variants) for values in (chromosome, position)]
    linked = np.square(correlation) > r2
    if window_kb is not None:
        linked &= _near(*places, reach=window_kb * BASES_PER_KB)
    names = np.array(rsid if len(rsid) else [""] * n_variants, dtype=str)
    stays = np.zeros(n_variants, dtype=bool)
    removed = np.zeros(n_variants, dtype=bool)
    for i in np.lexsort((names, places[1], places[0], -strength)):
        if not removed[i]:
            stays[i] = True
            removed |= linked[i]
    return stays


def _known(values: ArrayLike | None, n_variants: int) -> NDArray[np.float64]:
    """Return places as numbers, NaN where unknown."""
    known = np.full(n_variants, np.nan) if values is None else np.asarray(values, dtype=np.float64)
    assert known.shape == (n_variants,)
    return known


def _near(chromosome: NDArray[np.float64], position: NDArray[np.float64], *, reach: float) -> NDArray[np.bool_]:
    """Return which pairs may be within a distance: a place that is unknown excludes nothing."""
    apart = np.abs(position[:, None] - position[None, :]) > reach  # false where a place is NaN
    elsewhere = np.abs(chromosome[:, None] - chromosome[None, :]) > 0
    return ~(apart | elsewhere)


def clump_with_matrix(
    frame: pl.DataFrame, ld: LdMatrix, options: ClumpOptions
) -> tuple[NDArray[np.bool_], NDArray[np.str_]]:
    """Clump the variants of a trait with an LD matrix.

    Parameters
    ----------
    frame : polars.DataFrame
        Schema ``VARIANTS``.
    ld : LdMatrix
        Correlation with alleles.
    options : ClumpOptions
        Threshold and window.

    Returns
    -------
    stays : numpy.ndarray of bool, shape (n_variants,)
        True for variants that stay.
    reason : numpy.ndarray of str, shape (n_variants,)
        Why each other one does not: ``not_in_ld_matrix`` (missing there, or there with other alleles),
        ``palindromic_strand_unknown`` or ``clumped``; empty for those that stay.
    """
    rsid = frame["rsid"].fill_null("").to_list()
    found = ld.find(
        rsid,
        frame["effect_allele"].to_list(),
        frame["other_allele"].to_list(),
        eaf=frame["eaf"].to_list(),
        trust_strand=options.trust_strand,
    )
    words = {"allele_mismatch": "not_in_ld_matrix"}  # a variant of other alleles is another variant
    reason = np.array([words.get(problem, problem) for _, _, problem in found], dtype=np.dtype("U30"))
    known = np.flatnonzero(reason == "")
    rows = [found[i][0] for i in known]
    part = frame[known.tolist()]
    kept = clump(
        part["neg_log_10_p_value"].to_numpy(),
        ld.r[np.ix_(rows, rows)],
        r2=options.r2,
        window_kb=options.window_kb,
        chromosome=part["chromosome"].cast(float).fill_null(np.nan).to_numpy(),
        position=part["position"].cast(float).fill_null(np.nan).to_numpy(),
        rsid=[rsid[i] for i in known],
    )
    reason[known[~kept]] = "clumped"
    return reason == "", reason
