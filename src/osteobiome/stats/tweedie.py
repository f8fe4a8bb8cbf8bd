r"""Posterior means of statistics by Tweedie's formula, with the density of the statistics estimated from them.

A statistic :math:`Z \sim N(\mu, 1)` whose mean comes from any distribution has

.. math:: E(\mu \mid z) = z + \frac{d}{dz} \log f(z),

with :math:`f` the density of the statistics. Whatever selects by :math:`z` alone selects nothing given :math:`z`, so
the average error of the posterior mean is 0 among the selected, for any threshold. That of :math:`z` itself, among
those with :math:`|z| \ge c` and counted in the direction of z, is the hazard :math:`f(c)/\int_c^\infty f` of
:math:`|Z|`.

Here :math:`f` is a mixture of :math:`N(0, 1 + \tau_k^2)` on a fixed grid of :math:`\tau_k`, one of them 0: true effects
have a density that is symmetric and falls away from 0. Then :math:`0 \le E(\mu \mid z)/z \le 1` and the formula goes on
beyond the largest statistic, neither of which a spline through the logarithm of a histogram does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_SMALLEST = 0.25
_PER_DOUBLING = 3
_FARTHEST = 1e3
"""Statistics beyond have spreads no larger than for this one; they are changed by less than one part in a million."""
_WIDTH = 0.02
"""Of the bins in which statistics are counted; a density is no narrower than a standard normal one."""
_STEPS = 3000
_GAP = 0.1
_HALVINGS = 50
_REACH = 9.0
_DUST = 1e-9
_NEGLIGIBLE = 1e-12


class Marginal(NamedTuple):
    """Density of statistics: a mixture of normal ones with mean 0; arrays of shape (n_components,)."""

    spread: NDArray[np.float64]
    """Standard deviations of the true means, ascending, the first one 0; standard errors."""
    share: NDArray[np.float64]
    """Shares among statistics of any size, up to a common factor, as nothing is known of those not seen."""
    gap: float
    """How far the log-likelihood can at most lie below its maximum."""


class Posterior(NamedTuple):
    """What is known of means given their statistics; arrays of shape (n_variants,), on the scale of z."""

    mean: NDArray[np.float64]
    """Posterior mean."""
    low: NDArray[np.float64]
    """Lower end of the interval."""
    high: NDArray[np.float64]
    """Upper end of the interval."""


def marginal_density(z: ArrayLike, *, cutoff: float = 0.0) -> Marginal:
    r"""Estimate the density of statistics of which only those beyond a cut-off are seen.

    Parameters
    ----------
    z : array_like, shape (n_variants,)
        Statistics, effect over standard error, finite, all with :math:`|z| \ge c` and at least one.
    cutoff : float
        Seen is :math:`|z| \ge c`; 0 or more. With 0 all are seen.

    Returns
    -------
    Marginal
        Spreads and shares.

    Notes
    -----
    The shares maximise :math:`\sum_i \log \sum_k \omega_k f_k(z_i)` with
    :math:`f_k(z) = s_k^{-1}\varphi(z/s_k)/\Phi(-c/s_k)`, :math:`s_k^2 = 1 + \tau_k^2`, the density of the
    k-th component beyond the cut-off. The problem is convex; expectation-maximisation from equal shares ends where
    :math:`n\,(\max_k g_k - 1) < 0.1`, with g the mean likelihood ratio of a component, a bound of the log-likelihood
    still to be gained, or after 3000 steps. Statistics are counted in bins of width 0.02.

    It fails where true effects avoid 0 (all of one size, say), where the errors are not normal with variance 1
    (inflation, relatedness), and with few statistics.

    References
    ----------
    Stephens 2017, doi:10.1093/biostatistics/kxw041

    Examples
    --------
    >>> z = 3.0 * np.random.default_rng(1).normal(size=5000)
    >>> marginal = marginal_density(z)
    >>> variance = marginal.share @ (1.0 + marginal.spread**2) / marginal.share.sum()
    >>> bool(abs(variance - z.var()) < 0.1)
    True
    """
    assert cutoff >= 0.0
    size = np.abs(np.asarray(z, dtype=np.float64))
    assert size.ndim == 1
    assert size.size > 0
    assert np.isfinite(size).all()
    assert (size >= cutoff).all()
    size, count = _counted(np.minimum(size, max(_FARTHEST, cutoff)), cutoff)
    spread = _grid(float(size[-1]))
    scale = np.sqrt(1.0 + np.square(spread))
    log_seen = special.log_ndtr(-cutoff / scale)
    log_density = _log_normal(size, scale) - log_seen
    density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    seen, gap = _shares(density, count)
    return Marginal(spread, seen * np.exp(log_seen.max() - log_seen), gap)


def tweedie(z: ArrayLike, marginal: Marginal, *, level: float = 0.95) -> Posterior:
    r"""Return posterior means and intervals of the means of statistics.

    Parameters
    ----------
    z : array_like, shape (n_variants,)
        Statistics, effect over standard error; NaN and infinite ones give NaN.
    marginal : Marginal
        Density of the statistics.
    level : float
        Posterior probability of the interval, between 0 and 1.

    Returns
    -------
    Posterior
        Mean and interval.

    Notes
    -----
    With :math:`w_k(z) \propto \pi_k N(z; 0, s_k^2)`, :math:`s_k^2 = 1 + \tau_k^2`:

    .. math:: z + (\log f)'(z) = z \sum_k w_k(z)\,\tau_k^2/s_k^2.

    The interval leaves out :math:`(1-\mathrm{level})/2` of the posterior, the mixture of
    :math:`N(z\tau_k^2/s_k^2, \tau_k^2/s_k^2)`, at either end; more where an end falls on the probability of exactly 0.
    It holds its level on average over the selected, not for every mean, and takes the density as known.

    References
    ----------
    Efron 2011, doi:10.1198/jasa.2011.tm11181; Ferguson et al. 2013, doi:10.1002/gepi.21683

    Examples
    --------
    Means N(0, 2²), and half of them 0:

    >>> one = Marginal(np.array([2.0]), np.array([1.0]), 0.0)
    >>> tweedie([5.0, -1.0], one).mean.round(6).tolist()
    [4.0, -0.8]
    >>> half = Marginal(np.array([0.0, 2.0]), np.array([0.5, 0.5]), 0.0)
    >>> tweedie([5.0, -1.0], half).mean.round(4).tolist()
    [3.9996, -0.3201]
    """
    assert 0.0 < level < 1.0
    statistic = np.asarray(z, dtype=np.float64)
    assert statistic.ndim == 1
    known = np.isfinite(statistic)
    sign, size = np.where(statistic[known] < 0.0, -1.0, 1.0), np.abs(statistic[known])
    kept = np.square(marginal.spread) / (1.0 + np.square(marginal.spread))
    weight = _weights(size, marginal)
    ends = [_quantile(size, weight, kept, share=share) for share in ((1.0 - level) / 2.0, (1.0 + level) / 2.0)]
    found = (
        sign * size * (weight * kept).sum(axis=1),
        np.where(sign > 0.0, ends[0], -ends[1]),
        np.where(sign > 0.0, ends[1], -ends[0]),
    )
    out = [np.full(statistic.shape, np.nan) for _ in found]
    for whole, values in zip(out, found, strict=True):
        whole[known] = values
    return Posterior(*out)


def _counted(size: NDArray[np.float64], cutoff: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean of the sizes in each bin that holds any, ascending, and how many it holds."""
    size = np.sort(size)
    place = np.floor((size - cutoff) / _WIDTH).astype(np.int64)
    first = np.flatnonzero(np.r_[True, place[1:] != place[:-1]])
    count = np.diff(np.r_[first, size.size]).astype(np.float64)
    return np.add.reduceat(size, first) / count, count


def _grid(largest: float) -> NDArray[np.float64]:
    """Return 0 and spreads up to twice the largest statistic, three to a doubling."""
    top = 2.0 * max(largest, 2.0)
    steps = int(np.ceil(_PER_DOUBLING * np.log2(top / _SMALLEST)))
    return np.concatenate([[0.0], np.geomspace(_SMALLEST, top, steps + 1)])


def _log_normal(size: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return logarithms of normal densities without their constant, shape (n_variants, n_components)."""
    result: NDArray[np.float64] = -0.5 * np.square(size[:, None] / scale) - np.log(scale)
    return result


def _shares(density: NDArray[np.float64], count: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the shares of components that make counts most likely, and the bound of what is left to gain."""
    total = count.sum()
    share = np.full(density.shape[1], 1.0 / density.shape[1])
    for _ in range(_STEPS):
        ratio = (count / (density @ share)) @ density / total
        gap = float(total * (ratio.max() - 1.0))
        if gap < _GAP:
            break
        share = share * ratio
    return share / share.sum(), gap


def _weights(size: NDArray[np.float64], marginal: Marginal) -> NDArray[np.float64]:
    """Return posterior probabilities of the components, shape (n_variants, n_components)."""
    with np.errstate(divide="ignore"):  # a share of 0 has the logarithm minus infinity
        log_share = np.log(marginal.share)
    scale = np.sqrt(1.0 + np.square(marginal.spread))
    log_weight = _log_normal(np.minimum(size, 1e3 * _FARTHEST), scale) + log_share
    weight: NDArray[np.float64] = special.softmax(log_weight, axis=1)
    return weight


def _quantile(
    size: NDArray[np.float64], weight: NDArray[np.float64], kept: NDArray[np.float64], *, share: float
) -> NDArray[np.float64]:
    """Return quantiles of posteriors by bisection; one that falls on the probability of exactly 0 is 0."""
    counts = weight.max(axis=0, initial=0.0) > _NEGLIGIBLE
    weight, kept = weight[:, counts], kept[counts]
    centre, spread = size[:, None] * kept, np.sqrt(kept)
    low, high = np.full(size.shape, -_REACH), size + _REACH
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        beyond = middle[:, None] - centre
        with np.errstate(divide="ignore", invalid="ignore"):  # a spread of 0 is a step, settled in the next line
            below = special.ndtr(beyond / spread)
        below = np.where(spread > 0.0, below, beyond >= 0.0)
        rises = np.einsum("ij,ij->i", weight, below) < share
        low, high = np.where(rises, middle, low), np.where(rises, high, middle)
    end = 0.5 * (low + high)
    end[np.abs(end) < _DUST] = 0.0
    return end
