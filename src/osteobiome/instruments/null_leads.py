r"""How many leads a threshold yields where nothing is associated, from the LD of a panel.

A lead is what clumping leaves of the variants that pass. If their number in a study is not well above what chance
yields, instruments at that threshold are mostly noise, and so is whatever is estimated with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from osteobiome.core.errors import ConfigError, Fault
from osteobiome.core.thresholds import BASES_PER_KB
from osteobiome.ld.genotypes import MISSING
from osteobiome.stats.jit import kernel
from osteobiome.stats.random import fresh_seed, normals, stream_key, uniforms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from osteobiome.ld.genotypes import Genotypes

EXPLORATORY_SHARE = 0.5
"""Expected null leads above this share of the leads found make a result exploratory."""


@dataclass(frozen=True, slots=True)
class NullBlock:
    """Variants in LD, as factors: null statistics are ``loadings @ e`` with standard normal ``e``.

    Parameters
    ----------
    name : str
        Of the block, such as ``chr22:1``; random numbers belong to it, so that the order of blocks plays no part.
    loadings : numpy.ndarray, shape (n_variants, n_factors)
        Rows of length 1; LD (r) is ``loadings @ loadings.T`` and is never formed as a whole.
    position : numpy.ndarray, shape (n_variants,), optional
        Base pairs, for clumping within a window.
    """

    name: str
    loadings: NDArray[np.float64]
    position: NDArray[np.float64] | None = None

    @classmethod
    def of_genotypes(cls, name: str, genotypes: Genotypes, *, position: ArrayLike | None = None) -> NullBlock:
        """Take LD from genotypes: people are the factors.

        Parameters
        ----------
        name : str
            Of the block.
        genotypes : Genotypes
            A genotype that was not called counts as the mean of its variant; variants without variation play no part.
        position : array_like, shape (n_variants,), optional
            Base pairs.
        """
        copies = genotypes.dosages()
        called = copies != MISSING
        values = np.where(called, copies, 0).astype(np.float64)
        with np.errstate(invalid="ignore"):  # nobody called: such a variant is left out
            values -= (values.sum(axis=1) / called.sum(axis=1))[:, None]
        values[~called] = 0.0
        length = np.sqrt(np.square(values).sum(axis=1))
        varies = length > 0.0
        place = None if position is None else np.asarray(position, dtype=np.float64)[varies]
        return cls(name, values[varies] / length[varies, None], place)

    @classmethod
    def of_matrix(cls, name: str, ld_r: ArrayLike, *, position: ArrayLike | None = None) -> NullBlock:
        """Take LD from a matrix; what rounding made negative among its eigenvalues is taken as 0.

        Parameters
        ----------
        name : str
            Of the block.
        ld_r : array_like, shape (n_variants, n_variants)
            Signed correlation (r).
        position : array_like, shape (n_variants,), optional
            Base pairs.
        """
        values, vectors = np.linalg.eigh(np.asarray(ld_r, dtype=np.float64))
        loadings = vectors * np.sqrt(np.maximum(values, 0.0))
        loadings /= np.sqrt(np.square(loadings).sum(axis=1))[:, None]
        return cls(name, loadings, None if position is None else np.asarray(position, dtype=np.float64))


@dataclass(frozen=True, slots=True)
class EffectiveLeads:
    """Independent tests that the variants of some blocks amount to, as far as leads at one threshold go.

    Parameters
    ----------
    p_threshold : float
        Two-sided p at or below which a variant passes.
    count, count_se : float
        Expected number of leads under the null, divided by the threshold; Monte Carlo standard error.
    n_variants : int
        Variants of the blocks.
    n_draws : int
        Draws per block.
    seed : int
        Of the draws.
    """

    p_threshold: float
    count: float
    count_se: float
    n_variants: int
    n_draws: int
    seed: int


@dataclass(frozen=True, slots=True)
class NullLeads:
    """Leads to expect by chance in a study, beside those that were found.

    Parameters
    ----------
    p_threshold : float
        Threshold of selection.
    expected, expected_se : float
        Leads under the null in the whole genome; Monte Carlo standard error.
    observed : int
        Leads found.
    genome_share : float
        Share of the genome that the blocks stand for; the number of their tests was divided by it.
    is_exploratory : bool
        More than half as many are expected as were found.
    """

    p_threshold: float
    expected: float
    expected_se: float
    observed: int
    genome_share: float
    is_exploratory: bool

    @property
    def message(self) -> str:
        """What this means, in a sentence."""
        text = (
            f"{self.expected:.3g} leads are expected by chance at p = {self.p_threshold:g}, {self.observed} were found"
        )
        if self.genome_share < 1.0:
            text += f" (scaled from {100.0 * self.genome_share:.3g} % of the genome)"
        return text + (": results are exploratory, never a finding." if self.is_exploratory else ".")


def effective_leads(
    blocks: Iterable[NullBlock],
    *,
    p_thresholds: Sequence[float],
    r2: float,
    window_kb: float | None = None,
    n_draws: int = 400,
    seed: int | None = None,
) -> tuple[EffectiveLeads, ...]:
    r"""Return how many independent tests the variants of blocks amount to, at each threshold.

    Parameters
    ----------
    blocks : iterable of NullBlock
        Variants as dense as those of the study; blocks are taken as independent of each other.
    p_thresholds : sequence of float
        Two-sided, above 0 and below 1.
    r2 : float
        Largest squared correlation of two leads.
    window_kb : float, optional
        Variants further apart do not clump each other.
    n_draws : int
        Draws per block, 2 or more.
    seed : int, optional
        Left out, one is drawn and recorded.

    Returns
    -------
    tuple of EffectiveLeads
        In the order of the thresholds.

    Raises
    ------
    ConfigError
        An option is out of range.

    Notes
    -----
    With :math:`L` leads among :math:`N` variants that pass, out of :math:`m`, and a threshold :math:`t`, the number
    wanted is :math:`E(L)/t`. Passing is so rare that plain draws would never see it. So a variant is drawn at random
    and made to pass: its statistic comes from the tail beyond the threshold, all others from their distribution given
    it. That distribution has the density :math:`N/(mt)` with respect to the null one, hence

    .. math:: E(L)/t = m\,E^*(L/N),

    and the quotient lies between 0 and 1 whatever the threshold. Without LD the result is about m (a little less at
    loose thresholds, if variants are correlated by chance), with complete LD exactly 1.

    LD of a panel of n people has noise of about 1/n in r²: an r² below that merges unlinked variants, and fewer leads
    are expected than with exact LD, as fewer are left in a study that is clumped with the panel. Ties of LD across
    block borders are lost: a few leads too many. The statistics are taken as normal.

    References
    ----------
    Pe'er et al. 2008, doi:10.1002/gepi.20303 (effective number of tests of the genome)

    Examples
    --------
    >>> unlinked, copies = NullBlock.of_matrix("a", np.eye(50)), NullBlock.of_matrix("b", np.ones((50, 50)))
    >>> [found.count for found in effective_leads([unlinked, copies], p_thresholds=[5e-8], r2=0.1, seed=1)]
    [51.0]
    """
    _check(p_thresholds, r2=r2, n_draws=n_draws)
    seed = fresh_seed() if seed is None else seed
    cutoffs = -special.ndtri(0.5 * np.asarray(p_thresholds, dtype=np.float64))
    total, variance = np.zeros(cutoffs.size), np.zeros(cutoffs.size)
    n_variants = 0
    for block in blocks:
        m = block.loadings.shape[0]
        if m == 0:
            continue
        shares = _shares(block, cutoffs, r2=r2, window_kb=window_kb, n_draws=n_draws, seed=seed)
        total += m * shares.mean(axis=1)
        variance += m**2 * shares.var(axis=1, ddof=1) / n_draws
        n_variants += m
    return tuple(
        EffectiveLeads(p, float(count), float(np.sqrt(square)), n_variants, n_draws, seed)
        for p, count, square in zip(p_thresholds, total, variance, strict=True)
    )


def null_leads(effective: EffectiveLeads, *, observed: int, genome_share: float = 1.0) -> NullLeads:
    """Compare the leads of a study with what chance yields.

    Parameters
    ----------
    effective : EffectiveLeads
        Of the study's threshold and clumping.
    observed : int
        Leads found.
    genome_share : float
        Share of the genome that the blocks stand for, above 0 and at most 1: their length over that of the genome, or
        their variants over those of the study.

    Returns
    -------
    NullLeads
        Expected number, and whether the result is exploratory (design: more than half of those found).

    Raises
    ------
    ConfigError
        The share is out of range.

    Examples
    --------
    >>> found = null_leads(EffectiveLeads(1e-5, 5_000.0, 20.0, 17_000, 400, 1), observed=12, genome_share=0.01)
    >>> round(found.expected, 6), found.is_exploratory
    (5.0, False)
    >>> found.message
    '5 leads are expected by chance at p = 1e-05, 12 were found (scaled from 1 % of the genome).'
    """
    if not 0.0 < genome_share <= 1.0:
        raise ConfigError(Fault("bad_option", "genome_share", f"value {genome_share}", "above 0 and at most 1"))
    factor = effective.p_threshold / genome_share
    expected = factor * effective.count
    exploratory = expected > EXPLORATORY_SHARE * observed
    return NullLeads(effective.p_threshold, expected, factor * effective.count_se, observed, genome_share, exploratory)


def _shares(
    block: NullBlock,
    cutoffs: NDArray[np.float64],
    *,
    r2: float,
    window_kb: float | None,
    n_draws: int,
    seed: int,
) -> NDArray[np.float64]:
    """Return leads over passing variants, shape (n_thresholds, n_draws), where one drawn variant is made to pass."""
    m, n_factors = block.loadings.shape
    statistics = normals(stream_key(seed, "null_leads", block.name), n_draws, n_factors) @ block.loadings.T
    chance = uniforms(stream_key(seed, "null_leads", block.name, "which"), n_draws, 2)
    which = np.minimum((chance[:, 0] * m).astype(np.int64), m - 1)
    beyond = -special.ndtri_exp(np.log1p(-chance[:, 1]) + special.log_ndtr(-cutoffs)[:, None])
    place = np.zeros(m) if block.position is None else block.position
    return _clumped_shares(
        np.ascontiguousarray(block.loadings),
        statistics,
        block.loadings[which] @ block.loadings.T,
        which,
        beyond,
        cutoffs,
        place,
        np.argsort(place, kind="stable"),
        np.inf if window_kb is None else window_kb * BASES_PER_KB,
        r2,
    )


@kernel
def _clumped_shares(
    loadings: NDArray[np.float64],
    statistics: NDArray[np.float64],
    r_with_drawn: NDArray[np.float64],
    which: NDArray[np.int64],
    beyond: NDArray[np.float64],
    cutoffs: NDArray[np.float64],
    place: NDArray[np.float64],
    by_place: NDArray[np.int64],
    reach: float,
    r2: float,
) -> NDArray[np.float64]:
    """Return leads over passing variants, shape (n_thresholds, n_draws).

    The rule is that of :func:`osteobiome.ld.clumping.clump`: strongest first, equal ones by place; NaN is near to all.
    ``statistics`` and ``r_with_drawn`` have shape (n_draws, n_variants), ``beyond`` (n_thresholds, n_draws).
    """
    n_draws, m = statistics.shape
    shares = np.ones((cutoffs.size, n_draws))
    passing = np.empty(m, dtype=np.int64)
    strength = np.empty(m)
    for k in range(cutoffs.size):
        for draw in range(n_draws):
            drawn = which[draw]
            shift = beyond[k, draw] - statistics[draw, drawn]
            n = 0
            for i in by_place:
                z = abs(statistics[draw, i] + r_with_drawn[draw, i] * shift)
                if i == drawn:
                    z = beyond[k, draw]
                if z >= cutoffs[k] or i == drawn:  # what is made to pass does, however its statistic was rounded
                    passing[n] = i
                    strength[n] = z
                    n += 1
            if n == 1:
                continue
            order = np.argsort(-strength[:n], kind="mergesort")  # stable: equal ones stay in the order of places
            removed = np.zeros(n, dtype=np.bool_)
            n_leads = 0
            for a in range(n):
                if removed[a]:
                    continue
                n_leads += 1
                lead = passing[order[a]]
                for b in range(a + 1, n):
                    other = passing[order[b]]
                    if removed[b] or abs(place[other] - place[lead]) > reach:
                        continue
                    r = np.dot(loadings[lead], loadings[other])
                    removed[b] = r * r > r2
            shares[k, draw] = n_leads / n
    return shares


def _check(p_thresholds: Sequence[float], *, r2: float, n_draws: int) -> None:
    """Raise with every option that is out of range."""
    faults = [
        Fault("bad_option", "p_thresholds", f"value {p}", "above 0 and below 1") for p in p_thresholds if not 0 < p < 1
    ]
    if not 0.0 <= r2 < 1.0:
        faults.append(Fault("bad_option", "r2", f"value {r2}", "from 0 to below 1"))
    if n_draws < 2:
        faults.append(Fault("bad_option", "n_draws", f"value {n_draws}", "2 or more"))
    if faults:
        raise ConfigError(*faults)
