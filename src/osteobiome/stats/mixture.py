r"""Mixture of ratio estimates: clusters with effects of their own, a null cluster and a junk cluster.

Ratio :math:`r_j` with standard error :math:`s_j` comes from

.. math:: \sum_{k=1}^{K} \pi_k N(r_j; \mu_k, s_j^2) + \pi_0 N(r_j; 0, s_j^2) + \pi_J\, t_4(r_j/\tau)/\tau,

with the junk scale :math:`\tau` fixed at the range of the ratios plus the standard error of the most extreme one.
(Foley et al. 2021, doi:10.1093/bioinformatics/btaa778)

Shape convention: ratios are ``(n_variants,)``; components are in the order: K clusters, null, junk.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_STEPS = 5000
COARSE, FINE = 1e-7, 1e-11
"""Gain of the log-likelihood, per unit of its size, below which steps end: while starts compete, and for the winner."""
RISES = 3
"""Numbers of clusters in a row with a rising criterion after which no more are tried."""
LOG_T4 = math.log(3.0 / 8.0)
"""Log density of Student's t with four degrees of freedom at 0."""
CANDIDATES = 40
"""Places at which a further cluster is tried."""
TRIED = 4
"""Of these, how many are followed to the end."""
HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)
FIRST_SHARE = 0.1
EXTREME = 2.0


@dataclass(frozen=True, slots=True)
class Mixture:
    """A fitted mixture.

    Parameters
    ----------
    mean : numpy.ndarray, shape (n_clusters,)
        Effects of the clusters, ascending.
    weight : numpy.ndarray, shape (n_clusters + 2,)
        Shares of clusters, null and junk.
    log_likelihood : float
        At the end.
    trace : numpy.ndarray, shape (n_steps,)
        Log-likelihood after every step; it never falls.
    """

    mean: NDArray[np.float64]
    weight: NDArray[np.float64]
    log_likelihood: float
    trace: NDArray[np.float64]

    def bic(self, n_variants: int) -> float:
        """Return the Bayesian information criterion; a cluster costs two parameters."""
        return -2.0 * self.log_likelihood + (2.0 * self.mean.size + 1.0) * math.log(n_variants)


@kernel
def log_densities(
    ratio: NDArray[np.float64], se: NDArray[np.float64], mean: NDArray[np.float64], scale: float
) -> NDArray[np.float64]:
    """Return the log density of every ratio under every component, shape (n_variants, n_clusters + 2).

    Parameters
    ----------
    ratio, se : numpy.ndarray, shape (n_variants,)
        Ratio estimates and their standard errors.
    mean : numpy.ndarray, shape (n_clusters,)
        Effects of the clusters.
    scale : float
        Scale of the junk component, > 0.
    """
    n, k = ratio.size, mean.size
    out = np.empty((n, k + 2))
    for j in range(n):
        base = -HALF_LOG_TWO_PI - math.log(se[j])
        for c in range(k):
            out[j, c] = base - 0.5 * ((ratio[j] - mean[c]) / se[j]) ** 2
        out[j, k] = base - 0.5 * (ratio[j] / se[j]) ** 2
        out[j, k + 1] = LOG_T4 - 2.5 * math.log1p(0.25 * (ratio[j] / scale) ** 2) - math.log(scale)
    return out


@kernel
def posteriors(logs: NDArray[np.float64], weight: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return probabilities of the components for every variant, and the log-likelihood.

    Parameters
    ----------
    logs : numpy.ndarray, shape (n_variants, n_components)
        From :func:`log_densities`.
    weight : numpy.ndarray, shape (n_components,)
        Shares; a component with share 0 stays empty.
    """
    n, k = logs.shape
    out = np.empty((n, k))
    total = 0.0
    for j in range(n):
        top = -np.inf
        for c in range(k):
            out[j, c] = logs[j, c] + math.log(weight[c]) if weight[c] > 0.0 else -np.inf
            top = max(top, out[j, c])
        norm = 0.0
        for c in range(k):
            out[j, c] = math.exp(out[j, c] - top)
            norm += out[j, c]
        for c in range(k):
            out[j, c] /= norm
        total += top + math.log(norm)
    return out, total


@kernel
def climb(
    ratio: NDArray[np.float64],
    se: NDArray[np.float64],
    mean: NDArray[np.float64],
    weight: NDArray[np.float64],
    scale: float,
    max_steps: int,
    stop: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return effects, shares and the log-likelihood after every step of expectation-maximisation.

    Parameters
    ----------
    ratio, se : numpy.ndarray, shape (n_variants,)
        Ratio estimates and their standard errors.
    mean : numpy.ndarray, shape (n_clusters,)
        First effects.
    weight : numpy.ndarray, shape (n_clusters + 2,)
        First shares, > 0.
    scale : float
        Scale of the junk component.
    max_steps : int
        Steps at most.
    stop : float
        Gain of the log-likelihood, per unit of its size, below which steps end.
    """
    n, k = ratio.size, mean.size
    mean, weight = mean.copy(), weight.copy()
    trace = np.empty(max_steps + 1)
    share, value = posteriors(log_densities(ratio, se, mean, scale), weight)
    trace[0] = value
    done = 0
    for step in range(1, max_steps + 1):
        for c in range(k + 2):
            total = 0.0
            top = 0.0
            bottom = 0.0
            for j in range(n):
                total += share[j, c]
                w = share[j, c] / (se[j] * se[j])
                top += w * ratio[j]
                bottom += w
            weight[c] = total / n
            if c < k and bottom > 0.0:
                mean[c] = top / bottom
        share, value = posteriors(log_densities(ratio, se, mean, scale), weight)
        trace[step] = value
        done = step
        if value - trace[step - 1] <= stop * max(1.0, abs(value)):
            break
    return mean, weight, trace[: done + 1]


def junk_scale(ratio: NDArray[np.float64], se: NDArray[np.float64]) -> float:
    """Return the scale of the junk component: range of the ratios plus the error of the most extreme one."""
    extreme = int(np.argmax(np.abs(ratio) + EXTREME * se))
    return float(ratio.max() - ratio.min() + se[extreme])


def fit_mixture(
    ratio: NDArray[np.float64], se: NDArray[np.float64], *, max_clusters: int, scale: float
) -> list[Mixture]:
    """Return the fits with 0, 1 ... clusters; nothing is drawn at random.

    Parameters
    ----------
    ratio, se : numpy.ndarray, shape (n_variants,)
        Ratio estimates and their standard errors.
    max_clusters : int
        Clusters at most, besides null and junk; fewer are tried if the criterion rises three times in a row.
    scale : float
        Scale of the junk component: :func:`junk_scale`.

    Notes
    -----
    A further cluster is put at each of up to 40 ratios, evenly spaced by rank, or all are put at quantiles of the
    ratios. Three steps of each start are taken, and the most promising are followed to their end; the likeliest stays.

    Examples
    --------
    >>> r = np.array([0.0, 0.1, -0.1, 1.0, 1.1, 0.9, 1.05])
    >>> fits = fit_mixture(r, np.full(7, 0.05), max_clusters=2, scale=2.0)
    >>> [round(fit.bic(7), 1) for fit in fits]
    [20.7, 3.1, 4.5]
    """
    ordered = np.sort(ratio)
    places = np.unique(
        ordered[np.rint(np.linspace(0, ordered.size - 1, min(CANDIDATES, ordered.size))).astype(np.int64)]
    )
    mean, weight, trace = climb(ratio, se, np.empty(0), np.full(2, 0.5), scale, MAX_STEPS, FINE)
    fits = [Mixture(mean, weight, float(trace[-1]), trace)]
    for k in range(1, max_clusters + 1):
        last = fits[-1]
        rest = (1.0 - FIRST_SHARE) * np.maximum(last.weight, 1e-6)
        starts = [
            (np.append(last.mean, place), np.concatenate([rest[:-2], [FIRST_SHARE], rest[-2:]])) for place in places
        ]
        quantiles = np.quantile(ratio, (np.arange(k) + 0.5) / k)
        starts.append((quantiles, np.full(k + 2, 1.0 / (k + 2))))
        first = [climb(ratio, se, m, w / w.sum(), scale, 3, COARSE) for m, w in starts]
        best = sorted(range(len(first)), key=lambda i: -first[i][2][-1])[:TRIED]
        if len(first) - 1 not in best:
            best.append(len(first) - 1)
        ends = [
            climb(ratio, se, starts[i][0], starts[i][1] / starts[i][1].sum(), scale, MAX_STEPS, COARSE) for i in best
        ]
        mean, weight, _ = max(ends, key=lambda end: float(end[2][-1]))
        mean, weight, trace = climb(ratio, se, mean, weight, scale, MAX_STEPS, FINE)
        order = np.argsort(mean)
        fits.append(Mixture(mean[order], np.concatenate([weight[order], weight[-2:]]), float(trace[-1]), trace))
        scores = [fit.bic(ratio.size) for fit in fits[-RISES - 1 :]]
        if len(scores) > RISES and all(np.diff(scores) > 0.0):
            break
    return fits


def mean_errors(
    ratio: NDArray[np.float64], se: NDArray[np.float64], fit: Mixture, *, scale: float
) -> NDArray[np.float64]:
    """Return standard errors of the effects of clusters, shape (n_clusters,); NaN where the information is singular.

    Parameters
    ----------
    ratio, se : numpy.ndarray, shape (n_variants,)
        Ratio estimates and their standard errors.
    fit : Mixture
        From :func:`fit_mixture`.
    scale : float
        Scale of the junk component.

    Notes
    -----
    Observed information of effects and shares by the identity of Louis (1982, doi:10.1111/j.2517-6161.1982.tb01203.x):
    complete information less the variance of the complete score given the data.
    """
    k = fit.mean.size
    if k == 0:
        return np.empty(0)
    used = np.flatnonzero(fit.weight > 0.0)
    free = used[used != used[np.argmax(fit.weight[used])]]  # the largest share is what the others leave
    share, _ = posteriors(log_densities(ratio, se, fit.mean, scale), fit.weight)
    w = 1.0 / np.square(se)
    size = k + free.size
    pull = w[:, np.newaxis] * (ratio[:, np.newaxis] - fit.mean)  # (n_variants, n_clusters)
    information = np.zeros((size, size))
    information[np.arange(k), np.arange(k)] = share[:, :k].T @ w
    shares = fit.weight[free]
    information[k:, k:] = ratio.size * (np.diag(shares) - np.outer(shares, shares))
    mean_score = np.hstack([share[:, :k] * pull, share[:, free] - shares])
    second = np.zeros((size, size))
    for component in range(k + 2):
        score = np.zeros((ratio.size, size))
        if component < k:
            score[:, component] = pull[:, component]
        score[:, k:] = (free == component) - shares
        second += (score * share[:, [component]]).T @ score
    information -= second - mean_score.T @ mean_score
    errors = np.full(k, np.nan)
    size_of = np.sqrt(np.abs(np.diag(information)))
    if not (np.isfinite(information).all() and (size_of > 0.0).all()):
        return errors
    scaled = information / np.outer(size_of, size_of)
    values, vectors = np.linalg.eigh(scaled)
    if values[0] <= 1e-10:
        return errors
    covariance = (vectors / values) @ vectors.T / np.outer(size_of, size_of)
    result: NDArray[np.float64] = np.sqrt(np.diag(covariance)[:k])
    return result
