r"""Profile score whose exposure effects are shrunk towards 0, and its errors by the observed information.

The effect of variant j that fits both files best, and its error on the scale of the exposure z statistic, are

.. math:: \tilde\gamma_j = \hat\gamma_j + \theta\sigma_{Xj}^2\frac{\hat\Gamma_j - \theta\hat\gamma_j}{v_j}, \qquad
          \sigma_j^2 = \frac{\sigma_{Yj}^2 + \tau^2}{v_j}, \qquad v_j = \sigma_{Yj}^2 + \tau^2 + \theta^2\sigma_{Xj}^2.

(Zhao et al. 2019, doi:10.1093/ije/dyz142)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize

from osteobiome.stats.profile_score import (
    DAMPED_AFTER,
    GRID,
    MAX_STEPS,
    TOLERANCE,
    TUNING,
    Effects,
    Loss,
    loss_moments,
    scatter_at,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST_SD, SMALLEST_SHARE = 0.01, 0.01
"""Bounds of the prior, as in mr.raps."""
SCREENED = 2_000
"""Variants by which starts of the prior are compared; all are used from there."""
SCALES, SHARES = 14, (0.05, 0.25, 0.5, 0.75, 0.95)
KEPT_STARTS = 4
FIRST_STEP = 1e-9
"""Angle by which the search for a root begins, in radians."""


@dataclass(frozen=True, slots=True)
class Prior:
    """Distribution of true z statistics of the exposure: two normal ones about 0.

    Parameters
    ----------
    share : float
        Part of the variants that belong to the narrow one.
    narrow, wide : float
        Standard deviations, in standard errors of the exposure effects.
    log_likelihood : float
        Of the observed z statistics.
    """

    share: float
    narrow: float
    wide: float
    log_likelihood: float


def mixture_log_likelihood(z: NDArray[np.float64], *, share: float, narrow: float, wide: float) -> float:
    r"""Return the log likelihood of z statistics: :math:`\pi N(0, 1 + s_1^2) + (1 - \pi) N(0, 1 + s_2^2)`.

    Parameters
    ----------
    z : numpy.ndarray, shape (n_variants,)
        Exposure effects over their standard errors.
    share, narrow, wide : float
        As in :class:`Prior`.
    """
    logs = _log_parts(np.square(z), share, np.array([narrow, wide]))
    return float(np.sum(np.logaddexp(logs[0], logs[1])))


def _log_parts(z2: NDArray[np.float64], share: float, sd: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log density of each component, shape (2, n_variants)."""
    variance = 1.0 + np.square(sd)[:, None]
    shares = np.log(np.array([share, 1.0 - share]))[:, None]
    parts: NDArray[np.float64] = shares - 0.5 * (np.log(2.0 * math.pi * variance) + z2 / variance)
    return parts


def fit_prior(z: NDArray[np.float64]) -> Prior:
    """Fit the distribution of true effects to observed z statistics by maximum likelihood.

    Parameters
    ----------
    z : numpy.ndarray, shape (n_variants,)
        Exposure effects over their standard errors.

    Returns
    -------
    Prior
        Of highest likelihood. Where one component is enough, both are alike and the share means nothing.

    Notes
    -----
    All pairs of a grid of standard deviations, with five shares each, are compared; the best four are climbed to the
    end. There are no random starts. Shares are at least 0.01, standard deviations at least 0.01.

    Examples
    --------
    >>> prior = fit_prior(np.concatenate([np.linspace(-2.0, 2.0, 81), np.linspace(-12.0, 12.0, 21)]))
    >>> 0.5 < prior.share < 0.9, prior.narrow < 1.0 < 5.0 < prior.wide
    (True, True)
    """
    z2 = np.square(z)
    some = np.sort(z2)[np.unique(np.linspace(0, z2.size - 1, min(z2.size, SCREENED)).astype(np.int64))]
    scales = np.geomspace(0.1, 1.5 * math.sqrt(float(z2.max()) + 1.0), SCALES)
    starts = []
    for i in range(SCALES):
        for j in range(i, SCALES):
            for share in SHARES:
                logs = _log_parts(some, share, scales[[i, j]])
                starts.append((-float(np.sum(np.logaddexp(logs[0], logs[1]))), share, scales[i], scales[j]))
    starts.sort()
    best = None
    for _, share, narrow, wide in starts[:KEPT_STARTS]:
        found = optimize.minimize(
            _cost,
            np.array([share, math.log(narrow), math.log(wide)]),
            args=(z2,),
            jac=True,
            method="L-BFGS-B",
            bounds=[(SMALLEST_SHARE, 1.0 - SMALLEST_SHARE), *[(math.log(SMALLEST_SD), None)] * 2],
            options={"ftol": 1e-15, "gtol": 1e-12, "maxiter": 1000},
        )
        if best is None or found.fun < best.fun:
            best = found
    assert best is not None
    share, narrow, wide = float(best.x[0]), math.exp(best.x[1]), math.exp(best.x[2])
    if narrow > wide:
        share, narrow, wide = 1.0 - share, wide, narrow
    return Prior(share, narrow, wide, -float(best.fun) * z2.size)


def _cost(at: NDArray[np.float64], z2: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Return minus the mean log likelihood and its gradient by share and log standard deviations."""
    share, sd = float(at[0]), np.exp(at[1:])
    logs = _log_parts(z2, share, sd)
    total = np.logaddexp(logs[0], logs[1])
    belongs = np.exp(logs - total)
    variance = 1.0 + np.square(sd)[:, None]
    by_sd = belongs * (z2 / variance - 1.0) / variance * np.square(sd)[:, None]
    by_share = belongs[0] / share - belongs[1] / (1.0 - share)
    gradient = np.array([np.mean(by_share), *np.mean(by_sd, axis=1)])
    return -float(np.mean(total)), -gradient


def posterior_mean(
    z: NDArray[np.float64], variance: NDArray[np.float64], prior: Prior
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Return the expected true z statistic of each variant, and its derivative by the observed one.

    Parameters
    ----------
    z, variance : numpy.ndarray, shape (n_variants,)
        Observed values and their squared errors.
    prior : Prior
        Distribution of the true ones.

    Notes
    -----
    :math:`E[\gamma\mid z] = z\sum_k w_k(z)\,s_k^2/(s_k^2 + \sigma^2)`, with :math:`w_k` the probability of component k.
    """
    sd2 = np.square(np.array([prior.narrow, prior.wide]))[:, None]
    spread = sd2 + variance
    shares = np.log(np.array([prior.share, 1.0 - prior.share]))[:, None]
    logs = shares - 0.5 * (np.log(spread) + np.square(z) / spread)
    belongs = np.exp(logs - np.logaddexp(logs[0], logs[1]))
    kept = sd2 / spread
    mean = np.sum(belongs * kept, axis=0)
    slope = -z / spread
    change = np.sum(belongs * kept * (slope - np.sum(belongs * slope, axis=0)), axis=0)
    return z * mean, mean + z * change


def exposure_effects(
    data: Effects, *, slope: float, tau2: float, prior: Prior | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the exposure effects by which residuals are weighted, and what multiplies the derivatives of them.

    Parameters
    ----------
    data : tuple of numpy.ndarray, each of shape (n_variants,)
        Exposure effects, their errors, outcome effects, their errors.
    slope, tau2 : float
        Effect, and variance of direct effects.
    prior : Prior or None
        Shrinks the effects; None leaves them at the best fit of both files.

    Returns
    -------
    effect, by_slope, by_tau2 : numpy.ndarray, shape (n_variants,)
        Effects, and how they move with slope and overdispersion when the precision is held fixed.
    """
    x, sx, y, sy = data
    own = np.square(sy) + tau2
    v = own + np.square(slope * sx)
    best = x + slope * np.square(sx) * (y - slope * x) / v
    by_slope = y * np.square(sx) / v
    by_tau2 = -slope * by_slope / own
    if prior is None:
        return best, by_slope, by_tau2
    shrunk, share = posterior_mean(best / sx, own / v, prior)
    return shrunk * sx, by_slope * share, by_tau2 * share


def shrunk_score(data: Effects, *, slope: float, tau2: float, loss: Loss, prior: Prior | None) -> float:
    r"""Return the equation of the slope: :math:`\sum_j \check\gamma_j\,\psi(t_j)/\sqrt{v_j}`.

    Parameters
    ----------
    data, slope, tau2, prior
        As in :func:`exposure_effects`.
    loss : {"l2", "huber", "tukey"}
        Which loss.
    """
    x, sx, y, sy = data
    root = np.sqrt(np.square(sy) + tau2 + np.square(slope * sx))
    effect, _, _ = exposure_effects(data, slope=slope, tau2=tau2, prior=prior)
    return float(np.sum(effect * psi((y - slope * x) / root, loss) / root))


def psi(t: NDArray[np.float64], loss: Loss) -> NDArray[np.float64]:
    """Return the derivative of a loss."""
    k = TUNING[loss]
    if loss == "l2":
        return t
    if loss == "huber":
        return np.clip(t, -k, k)
    return 6.0 * t / k**2 * np.square(np.maximum(1.0 - np.square(t / k), 0.0))


def nearest_root(data: Effects, *, near: float, tau2: float, loss: Loss, prior: Prior) -> float:
    """Return the root of the shrunken equation next to a slope, going round the circle of slopes; NaN if there is none.

    Only roots at which the equation falls count: at the others the scatter is highest, not lowest. Nor do stretches
    along which it is 0, as Tukey's is where no variant is near. Steps are tiny at first, as roots of precise data are
    narrow, and double up to a 720th of the circle.

    Parameters
    ----------
    data, tau2, loss, prior
        As in :func:`shrunk_score`.
    near : float
        Slope to begin at.
    """
    scale = float(np.exp(np.mean(np.log(data[3])) - np.mean(np.log(data[1]))))
    step = math.pi / GRID

    def score(angle: float) -> float:
        return shrunk_score(data, slope=scale * math.tan(angle), tau2=tau2, loss=loss, prior=prior)

    start = math.atan(near / scale)
    left = right = start
    at_left = at_right = at_start = score(start)
    width = FIRST_STEP
    while left - width > -0.5 * math.pi or right + width < 0.5 * math.pi:
        roots = []
        if left - width > -0.5 * math.pi:
            before = score(left - width)
            if before > 0.0 > at_left:
                roots.append(float(optimize.brentq(score, left - width, left, xtol=1e-15, rtol=1e-15)))
            left, at_left = left - width, before
        if right + width < 0.5 * math.pi:
            after = score(right + width)
            if at_right > 0.0 > after:
                roots.append(float(optimize.brentq(score, right, right + width, xtol=1e-15, rtol=1e-15)))
            right, at_right = right + width, after
        if at_start == 0.0 and width == FIRST_STEP and at_left > 0.0 > at_right:
            return near
        if roots:
            return scale * math.tan(min(roots, key=lambda angle: abs(angle - start)))
        width = min(2.0 * width, step)
    return math.nan


def solve_shrunk(
    data: Effects, *, near: tuple[float, float], loss: Loss, prior: Prior, overdispersion: bool
) -> tuple[float, float, bool]:
    """Return slope and overdispersion that solve the shrunken equations, and whether they were found.

    Parameters
    ----------
    data, loss, prior
        As in :func:`shrunk_score`.
    near : (float, float)
        Slope and overdispersion without shrinkage; the root nearest to that slope is taken.
    overdispersion : bool
        Whether there is an overdispersion to solve for; without it is 0.

    Notes
    -----
    In turn, until both stand still to 1e-12; steps are halved after a hundred.
    """
    slope, tau2 = near if overdispersion else (near[0], 0.0)
    unit = float(np.median(np.square(data[3])))
    scale = 1e-3 * float(np.median(data[3]) / np.median(data[1]))
    for step in range(MAX_STEPS):
        better = nearest_root(data, near=slope, tau2=tau2, loss=loss, prior=prior)
        new = scatter_at(data, slope=better, loss=loss, alike=True) if overdispersion and math.isfinite(better) else 0.0
        if not (math.isfinite(better) and math.isfinite(new)):
            return math.nan, math.nan, False
        if step >= DAMPED_AFTER:
            new = 0.5 * (new + tau2)
        still = abs(better - slope) <= TOLERANCE * max(abs(better), scale) and abs(new - tau2) <= TOLERANCE * unit
        slope, tau2 = better, new
        if still:
            return slope, tau2, True
    return slope, tau2, False


def observed_errors(
    data: Effects, *, slope: float, tau2: float, loss: Loss, prior: Prior | None, overdispersion: bool
) -> tuple[float, float]:
    """Return the standard errors of slope and overdispersion by the sandwich with observed derivatives.

    Parameters
    ----------
    data, slope, tau2, loss, prior
        As in :func:`shrunk_score`.
    overdispersion : bool
        Whether the overdispersion was estimated; if not, or if it is 0, its error is NaN and the other ignores it.
    """
    x, sx, y, sy = data
    of = loss_moments(loss)
    v = np.square(sy) + tau2 + np.square(slope * sx)
    root = np.sqrt(v)
    pull = psi((y - slope * x) / root, loss)
    effect, by_slope, by_tau2 = exposure_effects(data, slope=slope, tau2=tau2, prior=prior)
    meat = of.square * float(np.sum(np.square(effect) / v))
    own = float(np.sum((by_slope * pull - effect * of.slope * x / root) / root))
    if own == 0.0:
        return math.nan, math.nan
    if not overdispersion or tau2 == 0.0:
        return math.sqrt(meat) / abs(own), math.nan
    cross = float(np.sum(by_tau2 * pull / root))
    squares = float(np.sum(1.0 / np.square(v)))
    other, spread = 0.5 * (of.slope + of.bend) * squares, of.spread * squares
    return math.sqrt(meat + (cross / other) ** 2 * spread) / abs(own), math.sqrt(spread) / other
