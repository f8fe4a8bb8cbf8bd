r"""Mixture of valid and invalid variants at a given effect, and the effect with the most valid variants.

At the effect :math:`\theta` residuals :math:`e_j = \hat\Gamma_j - \theta\hat\gamma_j` are taken for

.. math:: \pi_0 N(0, v_j) + (1 - \pi_0) N(0, \sigma^2), \quad v_j = \sigma_{Yj}^2 + \theta^2\sigma_{Xj}^2,

fitted by expectation-maximisation. (Qi & Chatterjee 2019, doi:10.1038/s41467-019-09432-2)

Shape convention: one pair at a time, arrays are ``(n_variants,)``; ``data`` is ``(4, n_variants)``: effects on the
exposure and their variances, effects on the outcome and their variances.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

CAP = 0.9999
"""Largest share of valid variants, as in the package; its smallest is 1 - CAP."""
START = 0.6
"""Share of valid variants that fits begin with."""
MAX_STEPS = 400
BETWEEN = 3
"""Steps of expectation-maximisation between two tries of Newton's method."""
CLOSE = 1e-11
NEAR = 1e-4
"""Share of the effect by which Newton's method may move what golden section found."""
BLOCK = 1000
MAX_BLOCKS = 50
ALIKE = 1e-4
"""The package looks every 1000 steps whether share and variance have changed by less than this share of themselves."""
TINY_DENSITY = 1e-300
SURE = 0.9999999
PACKAGE_LIMIT = 0.01
PACKAGE_START = 1e-5
"""Variance of invalid variants in the package: upper bound and start, on the scale of standardised effects."""
SURE_EFFECT = 3.0
GOLDEN = 0.5 * (math.sqrt(5.0) - 1.0)


@kernel
def expectation(
    theta: float, share: float, variance: float, data: NDArray[np.float64]
) -> tuple[float, float, float, NDArray[np.float64]]:
    """Return log-likelihood, and share and variance after a step; and gradient and curvature of the first.

    Parameters
    ----------
    theta : float
        Effect.
    share, variance : float
        Share of valid variants and variance of the residuals of the others.
    data : numpy.ndarray, shape (4, n_variants)
        See the head of this module.
    """
    n = data.shape[1]
    log_ratio = math.log(1.0 - share) - math.log(share)
    value = 0.0
    total = 0.0
    squares = 0.0
    slope = np.zeros(5)
    for j in range(n):
        e2 = (data[2, j] - theta * data[0, j]) ** 2
        v = data[3, j] + theta * theta * data[1, j]
        a = -0.5 * (math.log(v) + e2 / v)
        b = -0.5 * (math.log(variance) + e2 / variance)
        gap = b + log_ratio - a
        if gap > 0.0:
            rest = math.exp(-gap)
            p = rest / (1.0 + rest)
            q = 1.0 / (1.0 + rest)
            value += b + math.log(1.0 - share) + math.log1p(rest)
        else:
            rest = math.exp(gap)
            p = 1.0 / (1.0 + rest)
            q = rest / (1.0 + rest)
            value += a + math.log(share) + math.log1p(rest)
        total += p
        squares += q * e2
        d = 0.5 * (e2 / variance - 1.0) / variance
        g = p / share - q / (1.0 - share)
        slope[0] += g
        slope[1] += q * d
        slope[2] -= g * g
        slope[3] -= q / (1.0 - share) * d + g * q * d
        slope[4] += q * (0.5 / variance**2 - e2 / variance**3 + d * d) - (q * d) ** 2
    return value, total / n, squares / max(n - total, TINY_DENSITY), slope


@kernel
def fit_from(
    theta: float, share: float, variance: float, low: float, data: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Return share, variance and log-likelihood of the mixture from one start; the likelihood never falls.

    Parameters
    ----------
    theta, share, variance, data
        As in :func:`expectation`.
    low : float
        Smallest variance.
    """
    value, next_share, next_variance, slope = expectation(theta, share, variance, data)
    for step in range(MAX_STEPS):
        if step % BETWEEN == BETWEEN - 1:
            det = slope[2] * slope[4] - slope[3] * slope[3]
            # where the bound holds the variance down, only the share is free to move
            held = variance <= low and slope[1] <= 0.0
            if held or (det > 0.0 and slope[2] < 0.0):
                if held:
                    newton_share = share - slope[0] / slope[2]
                    newton_variance = low
                else:
                    newton_share = share - (slope[4] * slope[0] - slope[3] * slope[1]) / det
                    newton_variance = variance - (slope[2] * slope[1] - slope[3] * slope[0]) / det
                newton_share = min(max(newton_share, 1.0 - CAP), CAP)
                if newton_variance >= low:
                    there, s, v, bend = expectation(theta, newton_share, newton_variance, data)
                    if there >= value:
                        near = (
                            abs(newton_share - share) <= CLOSE and abs(newton_variance - variance) <= CLOSE * variance
                        )
                        share, variance, value = newton_share, newton_variance, there
                        next_share, next_variance, slope = s, v, bend
                        if near:
                            break
                        continue
        new_share = min(max(next_share, 1.0 - CAP), CAP)
        new_variance = max(next_variance, low)
        still = abs(new_share - share) <= CLOSE and abs(new_variance - variance) <= CLOSE * variance
        share, variance = new_share, new_variance
        value, next_share, next_variance, slope = expectation(theta, share, variance, data)
        if still:
            break
    return share, variance, value


@kernel
def fit_at(theta: float, data: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return share of valid variants, variance of the others and log-likelihood at an effect.

    Invalid variants scatter with at least twice the median sampling variance. Of two starts, a narrow and a wide
    one, the likelier end is taken.

    Parameters
    ----------
    theta, data
        As in :func:`expectation`.
    """
    v = data[3] + theta * theta * data[1]
    low = 2.0 * np.median(v)
    wide = np.mean((data[2] - theta * data[0]) ** 2)
    share, variance, value = fit_from(theta, START, 1.25 * low, low, data)
    if wide > 1.25 * low:
        other = fit_from(theta, START, 2.0 * wide, low, data)
        if other[2] > value:
            share, variance, value = other
    return share, variance, value


@kernel
def profile(grid: NDArray[np.float64], data: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return share, variance and log-likelihood at every effect of a grid, shape (n_effects, 3).

    Parameters
    ----------
    grid : numpy.ndarray, shape (n_effects,)
        Effects.
    data : numpy.ndarray, shape (4, n_variants)
        See the head of this module.
    """
    out = np.empty((grid.size, 3))
    for k in range(grid.size):
        out[k, 0], out[k, 1], out[k, 2] = fit_at(grid[k], data)
    return out


@kernel
def refine(low: float, high: float, data: NDArray[np.float64]) -> float:
    """Return the effect between two others with the highest share, by golden section.

    Parameters
    ----------
    low, high : float
        Effects to either side of the maximum.
    data : numpy.ndarray, shape (4, n_variants)
        See the head of this module.
    """
    left = high - GOLDEN * (high - low)
    right = low + GOLDEN * (high - low)
    at_left = fit_at(left, data)
    at_right = fit_at(right, data)
    for _ in range(60):
        if at_left[0] >= at_right[0]:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = fit_at(left, data)
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = fit_at(right, data)
        if high - low <= 1e-9 * max(abs(low), abs(high)):
            break
    return 0.5 * (low + high)


@kernel
def package_profile(grid: NDArray[np.float64], data: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return share and variance at every effect as MRMix 0.1 fits them, shape (n_effects, 2).

    Its printed numbers have variances from the sum of the squared median standard errors, at the effect, to 0.01.

    Parameters
    ----------
    grid : numpy.ndarray, shape (n_effects,)
        Effects.
    data : numpy.ndarray, shape (4, n_variants)
        In the units that the package is given: its bounds of the variance have a unit.
    """
    n = data.shape[1]
    out = np.empty((grid.size, 2))
    for k in range(grid.size):
        e2 = np.square(data[2] - grid[k] * data[0])
        v = data[3] + grid[k] ** 2 * data[1]
        valid = np.maximum(np.exp(-0.5 * e2 / v) / np.sqrt(2.0 * np.pi * v), TINY_DENSITY)
        low = np.median(data[3]) + grid[k] ** 2 * np.median(data[1])
        share, variance = START, PACKAGE_START
        for _ in range(MAX_BLOCKS):
            share_before, variance_before = share, variance
            for _ in range(BLOCK):
                total = 0.0
                squares = 0.0
                for j in range(n):
                    other = math.exp(-0.5 * e2[j] / variance) / math.sqrt(2.0 * math.pi * variance)
                    other = max(other, TINY_DENSITY)
                    p = min(share * valid[j] / (share * valid[j] + (1.0 - share) * other), SURE)
                    total += p
                    squares += (1.0 - p) * e2[j]
                share = min(max(total / n, 1.0 - CAP), CAP)
                variance = min(max(squares / (n - total), low), PACKAGE_LIMIT)
            if abs(share - share_before) < ALIKE * share and abs(variance - variance_before) < ALIKE * variance:
                break
        out[k, 0], out[k, 1] = share, variance
    return out


def _derivatives(
    at: list[NDArray[np.complex128]], vx: NDArray[np.float64], vy: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """Return derivatives of each variant's log-likelihood, shape (7, n_variants).

    The place is effect, share, variance, and effects on exposure and outcome, all with an imaginary part. Derivatives:
    by share and by variance; twice by share, by both, twice by variance; by share and effect, by variance and effect.
    """
    theta, share, s, x, y = at
    v, e = vy + theta * theta * vx, y - theta * x
    a, b = -0.5 * (np.log(v) + e * e / v), -0.5 * (np.log(s) + e * e / s)
    gap = b + np.log(1.0 - share) - a - np.log(share)
    rest = np.exp(-np.where(gap.real > 0.0, gap, -gap))
    p = np.where(gap.real > 0.0, rest, 1.0) / (1.0 + rest)
    q = 1.0 - p
    of_s = 0.5 * (e * e / s - 1.0) / s
    tilt = theta * vx / v
    a_theta = -tilt + e * x / v + e * e * tilt / v
    b_theta = e * x / s
    g, h = p / share - q / (1.0 - share), q * of_s
    slope = p * a_theta + q * b_theta
    return np.stack(
        [
            g,
            h,
            -g * g,
            -q / (1.0 - share) * of_s - g * h,
            q * (0.5 / s**2 - e * e / s**3 + of_s**2) - h * h,
            p / share * a_theta - q / (1.0 - share) * b_theta - g * slope,
            q * (of_s * b_theta - e * x / s**2) - h * slope,
        ]
    )


def null_distance(theta: float, data: NDArray[np.float64]) -> tuple[float, float, float]:
    r"""Return how badly an effect fits if every variant is valid, and slope and curvature of minus that.

    Parameters
    ----------
    theta : float
        Effect.
    data : numpy.ndarray, shape (4, n_variants)
        See the head of this module.

    Notes
    -----
    The likelihood of both estimates of every variant, maximised over the true exposure effects, leaves
    :math:`-\frac12\sum_j e_j^2/v_j`, which has no :math:`\log v_j`. The density of :math:`e_j` alone has one; but as
    :math:`e_j` depends on the effect too, that density is no likelihood of it, and its highest point lies nearer to 0
    by a share of about 1/F.
    """
    x, vx, y, vy = data
    v, e = vy + theta**2 * vx, y - theta * x
    tilt = theta * vx / v
    slope = np.sum(e / v * (x + e * tilt))
    bend = np.sum((x + 2.0 * e * tilt) ** 2 / v - e**2 * vx / v**2)
    return 0.5 * float(np.sum(e**2 / v)), float(slope), float(bend)


def null_error(theta: float, data: NDArray[np.float64]) -> float:
    """Return the standard error of the effect if every variant is valid, from the curvature of the likelihood.

    Parameters
    ----------
    theta : float
        Effect with the highest likelihood.
    data : numpy.ndarray, shape (4, n_variants)
        See the head of this module.
    """
    bend = null_distance(theta, data)[2]
    return bend**-0.5 if bend > 0.0 else math.nan


def grid_of(data: NDArray[np.float64], n_points: int) -> NDArray[np.float64]:
    """Return the effects to be searched: evenly over the ratios that count, and the ratios themselves.

    Parameters
    ----------
    data : numpy.ndarray, shape (4, n_variants)
        See the head of this module; effects on the exposure >= 0.
    n_points : int
        Points of the even part, and at most of the other.

    Returns
    -------
    numpy.ndarray, shape (n_effects,)
        In ascending order, to two standard errors beyond the ratios of variants whose exposure effect is at least
        three standard errors, or above the median in them.
    """
    x, vx, y, vy = data
    has = x > 0.0
    ratio, error = y[has] / x[has], np.sqrt(vy[has]) / x[has]
    strength = x[has] / np.sqrt(vx[has])
    sure = strength >= min(SURE_EFFECT, float(np.median(strength)))
    low = float((ratio - 2.0 * error)[sure].min())
    high = float((ratio + 2.0 * error)[sure].max())
    inside = np.sort(ratio[(ratio >= low) & (ratio <= high)])
    if inside.size > n_points:
        places = np.linspace(0, inside.size - 1, n_points)
        inside = np.interp(places, np.arange(inside.size), inside)
    grid: NDArray[np.float64] = np.unique(np.concatenate([np.linspace(low, high, n_points), inside]))
    return grid


def _implicit(theta: float, share: float, variance: float, data: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the condition of a peak of the share, its derivative by the effect, and its sampling variance."""
    x, vx, y, vy = data
    unit = math.sqrt(float(np.median(vy)))  # steps are small against every number below
    at = [np.full(x.size, z, dtype=np.complex128) for z in (theta, share, variance)]
    at += [x.astype(np.complex128), y.astype(np.complex128)]
    steps = [1e-25 * size for size in (unit / max(float(np.abs(x).max()), unit), share, variance, unit, unit)]

    def by(i: int) -> NDArray[np.float64]:
        """Return the derivatives of all seven by argument i, shape (7, n_variants)."""
        moved = [z + 1j * steps[i] if k == i else z for k, z in enumerate(at)]
        result: NDArray[np.float64] = _derivatives(moved, vx, vy).imag / steps[i]
        return result

    _, _, pp, ps, ss, pt, st = _derivatives(at, vx, vy).real.sum(axis=1).tolist()
    det = pp * ss - ps * ps
    # the condition is ss pt - ps st = 0; its derivatives by the sums that it is made of
    of_sums = np.array([0.0, 0.0, 0.0, -st, pt, ss, -ps])
    by_share, by_variance = (float((of_sums @ by(i)).sum()) for i in (1, 2))
    # at a peak the share stands still when the effect moves, and only the variance follows
    variance_moves = -(pp * st - ps * pt) / det
    slope = float((of_sums @ by(0)).sum()) + by_variance * variance_moves
    squares = 0.0
    for i, sampling in ((3, vx), (4, vy)):
        derivatives = by(i)
        share_moves = -(ss * derivatives[0] - ps * derivatives[1]) / det
        variance_moves_by = -(pp * derivatives[1] - ps * derivatives[0]) / det
        change = of_sums @ derivatives + by_share * share_moves + by_variance * variance_moves_by
        squares += float(np.sum(np.square(change) * sampling))
    return ss * pt - ps * st, slope, squares


def effect_error(data: NDArray[np.float64], *, theta: float, share: float, variance: float) -> float:
    r"""Return the standard error of the effect with the highest share, by the delta method.

    Parameters
    ----------
    data : numpy.ndarray, shape (4, n_variants)
        See the head of this module.
    theta, share, variance : float
        The effect, and share and variance there.

    Notes
    -----
    The effect solves :math:`\partial\hat\pi_0/\partial\theta = 0`, and its derivatives by every
    :math:`\hat\gamma_j` and :math:`\hat\Gamma_j` follow from the implicit function theorem; their squares are weighted
    with the sampling variances. Third derivatives of the likelihood are taken by complex steps (Martins, Sturdza &
    Alonso 2003, doi:10.1145/838250.838251), which are exact to rounding.
    """
    _, slope, squares = _implicit(theta, share, variance, data)
    return math.sqrt(squares) / abs(slope) if slope != 0.0 else math.inf


def exact_peak(theta: float, data: NDArray[np.float64]) -> float:
    """Return the peak of the share next to an effect, to the last digits, by Newton's method.

    Parameters
    ----------
    theta : float
        From :func:`refine`, which compares values and so knows half of the digits.
    data : numpy.ndarray, shape (4, n_variants)
        See the head of this module.
    """
    share, variance, _ = fit_at(theta, data)
    first = theta
    for _ in range(4):
        if variance <= 2.0 * float(np.median(data[3] + theta**2 * data[1])) * (1.0 + CLOSE):
            return first  # the bound of the variance decides: no smooth peak
        condition, slope, _ = _implicit(theta, share, variance, data)
        step = -condition / slope if slope != 0.0 else math.nan
        if not abs(theta + step - first) <= NEAR * max(abs(first), abs(theta)):
            return first
        theta += step
        share, variance, _ = fit_at(theta, data)
    return theta


def null_peak(theta: float, data: NDArray[np.float64]) -> float:
    """Return the effect with the highest likelihood near another one if every variant is valid.

    Parameters
    ----------
    theta : float
        Where to begin.
    data : numpy.ndarray, shape (4, n_variants)
        See the head of this module.
    """
    x, vx, _, vy = data
    for _ in range(MAX_STEPS):
        _, slope, bend = null_distance(theta, data)
        gauss = float(np.sum(x**2 / (vy + theta**2 * vx)))
        bend = bend if bend > 0.0 else gauss
        if not (gauss > 0.0 and math.isfinite(slope)):
            return math.nan
        step = slope / bend
        if abs(step) > 1.0 / math.sqrt(gauss):  # no further than a standard error
            step = math.copysign(1.0 / math.sqrt(gauss), step)
        theta += step
        if abs(step) <= 1e-16 * abs(theta):
            break
    return theta
