r"""Radial regression (Bowden et al. 2018, doi:10.1093/ije/dyy101) and exact weights (doi:10.1093/ije/dyy258).

Shape convention: arrays are ``(n_pairs, n_variants)``, variants last; a variant whose mask is false does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.stats.jit import kernel
from osteobiome.stats.tails import neg_log10_p_chi2
from osteobiome.stats.wls import egger_kernel, ivw_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

RadialWeights = Literal["first_order", "second_order", "modified_second_order"]
Adjust = Literal["bonferroni", "none"]
Regression = Literal["ivw", "egger"]

GRID = 64
"""Directions at which the exact Q is looked at before its minimum is refined."""


@dataclass(frozen=True, slots=True)
class RadialFit:
    r"""Radial regression of many pairs.

    Parameters
    ----------
    slope, se : numpy.ndarray, shape (n_pairs,)
        Estimate and standard error for errors taken at face value; NaN where there is none.
    intercept, se_intercept : numpy.ndarray, shape (n_pairs,)
        In units of standard errors of a ratio; NaN for IVW.
    q, count : numpy.ndarray, shape (n_pairs,)
        Heterogeneity about the fitted line, and the variants that carry weight.
    root_weight, weighted_ratio : numpy.ndarray, shape (n_pairs, n_variants)
        Abscissa :math:`\sqrt{W_j}` and ordinate :math:`\hat\theta_j\sqrt{W_j}` of the radial plot.
    q_contribution, neg_log_10_p_value : numpy.ndarray, shape (n_pairs, n_variants)
        Each variant's term of Q and its minus log10 p, chi-squared with one degree of freedom.
    is_outlier : numpy.ndarray of bool, shape (n_pairs, n_variants)
        Whether that p is below the declared level.
    """

    slope: NDArray[np.float64]
    se: NDArray[np.float64]
    intercept: NDArray[np.float64]
    se_intercept: NDArray[np.float64]
    q: NDArray[np.float64]
    count: NDArray[np.float64]
    root_weight: NDArray[np.float64]
    weighted_ratio: NDArray[np.float64]
    q_contribution: NDArray[np.float64]
    neg_log_10_p_value: NDArray[np.float64]
    is_outlier: NDArray[np.bool_]


def radial_contributions(
    *,
    beta_exposure: NDArray[np.float64],
    se_exposure: NDArray[np.float64],
    beta_outcome: NDArray[np.float64],
    se_outcome: NDArray[np.float64],
    mask: NDArray[np.bool_] | None = None,
    regression: Regression = "ivw",
    weights: RadialWeights = "modified_second_order",
    alpha: float = 0.05,
    adjust: Adjust = "bonferroni",
) -> RadialFit:
    r"""Fit a radial regression and split its heterogeneity into one term per variant.

    Parameters
    ----------
    beta_exposure, se_exposure, beta_outcome, se_outcome : numpy.ndarray, shape (n_pairs, n_variants)
        Effects and standard errors, units of the traits.
    mask : numpy.ndarray of bool, shape (n_pairs, n_variants), optional
        False leaves a variant out.
    regression : {"ivw", "egger"}
        Through the origin of the radial plot, or with an intercept.
    weights : {"first_order", "second_order", "modified_second_order"}
        See Notes.
    alpha : float
        Level at which a variant is called an outlier.
    adjust : {"bonferroni", "none"}
        Whether ``alpha`` is shared among the variants of a pair.

    Returns
    -------
    RadialFit
        Arrays; a variant without effect on the exposure has no ratio and no weight in the radial plot.

    Notes
    -----
    With ratios :math:`\hat\theta_j = \hat\Gamma_j/\hat\gamma_j` the weights :math:`W_j` are
    :math:`\hat\gamma_j^2/\sigma_{Yj}^2` (first order),
    :math:`1/(\sigma_{Yj}^2/\hat\gamma_j^2 + \hat\Gamma_j^2\sigma_{Xj}^2/\hat\gamma_j^4)` (second order), or
    :math:`\hat\gamma_j^2/(\sigma_{Yj}^2 + \tilde\theta^2\sigma_{Xj}^2)` with the first-order slope
    :math:`\tilde\theta` (modified second order).

    References
    ----------
    Bowden et al. 2018, doi:10.1093/ije/dyy101; Bowden et al. 2019, doi:10.1093/ije/dyy258

    Examples
    --------
    >>> x, y = np.array([[0.1, 0.2, 0.3, 0.4]]), np.array([[0.15, 0.1, 0.15, 0.2]])
    >>> se = np.full((1, 4), 0.02)
    >>> fit = radial_contributions(beta_exposure=x, se_exposure=se / 2, beta_outcome=y, se_outcome=se)
    >>> fit.is_outlier.tolist()
    [[True, False, False, False]]
    """
    x, y = beta_exposure, beta_outcome
    assert x.ndim == 2
    assert x.shape == y.shape == se_exposure.shape == se_outcome.shape
    used = np.ones(x.shape, dtype=bool) if mask is None else mask
    with np.errstate(all="ignore"):  # padding may hold anything; absurd magnitudes end as NaN or infinity
        first = np.where(used, 1.0 / np.square(se_outcome), 0.0)
        if weights == "first_order":
            fit = _fit(x, y, first, regression)
        elif weights == "second_order":
            inherited = np.square(y * se_exposure / x)
            fit = _fit(x, y, np.where(used & (x != 0.0), 1.0 / (np.square(se_outcome) + inherited), 0.0), regression)
        else:
            start = _fit(x, y, first, regression).slope[:, np.newaxis]
            second = 1.0 / (np.square(se_outcome) + np.square(start * se_exposure))
            fit = _fit(x, y, np.where(used & np.isfinite(start), second, 0.0), regression)
        share = np.maximum(fit.count, 1.0) if adjust == "bonferroni" else np.ones_like(fit.count)
        limit = -np.log10(alpha / share)[:, np.newaxis]
        is_outlier = used & (fit.neg_log_10_p_value > limit)
    return RadialFit(
        fit.slope,
        fit.se,
        fit.intercept,
        fit.se_intercept,
        fit.q,
        fit.count,
        fit.root_weight,
        fit.weighted_ratio,
        fit.q_contribution,
        fit.neg_log_10_p_value,
        is_outlier,
    )


def _fit(
    x: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64], regression: Regression
) -> RadialFit:
    """Fit with given weights, inverse variances of the outcome effects about the line."""
    root = np.sqrt(weight)
    radial_x, radial_y = np.abs(x) * root, np.sign(x) * y * root
    if regression == "ivw":
        slope, se, q, count = ivw_kernel(x, y, weight).T
        intercept, se_intercept = np.full_like(slope, np.nan), np.full_like(slope, np.nan)
        residual = root * (y - slope[:, np.newaxis] * x)
    else:
        has_ratio = np.where(radial_x > 0.0, 1.0, 0.0)
        slope, se, intercept, se_intercept, q, count = egger_kernel(radial_x, radial_y, has_ratio).T
        residual = has_ratio * (radial_y - intercept[:, np.newaxis] - slope[:, np.newaxis] * radial_x)
    contribution = np.where(weight > 0.0, np.square(residual), np.nan)
    p = neg_log10_p_chi2(contribution, 1.0)
    called = np.zeros(x.shape, dtype=bool)
    return RadialFit(slope, se, intercept, se_intercept, q, count, radial_x, radial_y, contribution, p, called)


@kernel
def iterative_kernel(
    beta_exposure: NDArray[np.float64],
    se_exposure: NDArray[np.float64],
    beta_outcome: NDArray[np.float64],
    se_outcome: NDArray[np.float64],
    mask: NDArray[np.bool_],
    tolerance: float,
    max_iterations: int,
) -> NDArray[np.float64]:
    """Repeat IVW, taking the weights from the slope of the round before, until the slope stands still.

    Parameters
    ----------
    beta_exposure, se_exposure, beta_outcome, se_outcome : numpy.ndarray, shape (n_pairs, n_variants)
        Effects and standard errors.
    mask : numpy.ndarray of bool, shape (n_pairs, n_variants)
        False leaves a variant out.
    tolerance : float
        Largest change of the slope, in its own unit, that ends the search; 0 means a relative change of 1e-14.
    max_iterations : int
        Rounds after which the search is given up.

    Returns
    -------
    numpy.ndarray, shape (n_pairs, 4)
        Slope, its standard error for errors at face value, Q, rounds. NaN where the search did not end.
    """
    n_pairs, n_variants = beta_exposure.shape
    out = np.full((n_pairs, 4), np.nan)
    for pair in range(n_pairs):
        slope = 0.0
        for iteration in range(max_iterations):
            sum_xx = 0.0
            sum_xy = 0.0
            for j in range(n_variants):
                if mask[pair, j]:
                    x = beta_exposure[pair, j]
                    w = 1.0 / (se_outcome[pair, j] ** 2 + (slope * se_exposure[pair, j]) ** 2)
                    sum_xx += w * x * x
                    sum_xy += w * x * beta_outcome[pair, j]
            if not sum_xx > 0.0:
                break
            new = sum_xy / sum_xx
            change = abs(new - slope)
            if change < tolerance or change <= 1e-14 * abs(new):
                q = 0.0
                for j in range(n_variants):
                    if mask[pair, j]:
                        w = 1.0 / (se_outcome[pair, j] ** 2 + (slope * se_exposure[pair, j]) ** 2)
                        q += w * (beta_outcome[pair, j] - new * beta_exposure[pair, j]) ** 2
                out[pair, 0] = new
                out[pair, 1] = 1.0 / np.sqrt(sum_xx)
                out[pair, 2] = q
                out[pair, 3] = iteration + 1
                break
            slope = new
    return out


@kernel
def _exact_q(
    x: NDArray[np.float64],
    sx: NDArray[np.float64],
    y: NDArray[np.float64],
    sy: NDArray[np.float64],
    phi: float,
    angle: float,
) -> tuple[float, float]:
    """Return the exact Q and its derivative at the slope tan(angle), for effects in units that make errors alike."""
    sine = np.sin(angle)
    cosine = np.cos(angle)
    q = 0.0
    derivative = 0.0
    for j in range(x.shape[0]):
        a = phi * sy[j] * sy[j]
        d = sx[j] * sx[j]
        v = a * cosine * cosine + d * sine * sine
        r = y[j] * cosine - x[j] * sine
        dr = -y[j] * sine - x[j] * cosine
        dv = 2.0 * sine * cosine * (d - a)
        q += r * r / v
        derivative += (2.0 * r * dr * v - r * r * dv) / (v * v)
    return q, derivative


@kernel
def _exact_angle(
    x: NDArray[np.float64], sx: NDArray[np.float64], y: NDArray[np.float64], sy: NDArray[np.float64], phi: float
) -> float:
    """Return the angle at which the exact Q is smallest: grid, golden section, then the root of the derivative."""
    step = np.pi / GRID
    best = 0.0
    lowest = np.inf
    for k in range(GRID):
        angle = -0.5 * np.pi + (k + 0.5) * step
        q = _exact_q(x, sx, y, sy, phi, angle)[0]
        if q < lowest:
            lowest = q
            best = angle
    golden = 0.6180339887498949
    low = best - step
    high = best + step
    left = high - golden * (high - low)
    right = low + golden * (high - low)
    q_left = _exact_q(x, sx, y, sy, phi, left)[0]
    q_right = _exact_q(x, sx, y, sy, phi, right)[0]
    for _ in range(28):
        if q_left <= q_right:
            high = right
            right = left
            q_right = q_left
            left = high - golden * (high - low)
            q_left = _exact_q(x, sx, y, sy, phi, left)[0]
        else:
            low = left
            left = right
            q_left = q_right
            right = low + golden * (high - low)
            q_right = _exact_q(x, sx, y, sy, phi, right)[0]
    middle = 0.5 * (low + high)
    # values of Q cannot tell angles apart below the root of the rounding error; its derivative can
    low = middle - 1e-6
    high = middle + 1e-6
    if _exact_q(x, sx, y, sy, phi, low)[1] < 0.0 < _exact_q(x, sx, y, sy, phi, high)[1]:
        for _ in range(36):
            middle = 0.5 * (low + high)
            if _exact_q(x, sx, y, sy, phi, middle)[1] > 0.0:
                high = middle
            else:
                low = middle
        middle = 0.5 * (low + high)
    return middle


@kernel
def _sandwich(
    x: NDArray[np.float64],
    sx: NDArray[np.float64],
    y: NDArray[np.float64],
    sy: NDArray[np.float64],
    phi: float,
    slope: float,
) -> float:
    """Return the sandwich standard error of the slope when slope and phi solve their two equations together."""
    n = x.shape[0]
    a11 = 0.0
    a12 = 0.0
    a22 = 0.0
    score = np.empty(n)
    excess = np.empty(n)
    for j in range(n):
        s2 = sy[j] * sy[j]
        d = sx[j] * sx[j]
        v = phi * s2 + slope * slope * d
        dv = 2.0 * slope * d
        r = y[j] - slope * x[j]
        score[j] = -2.0 * r * x[j] / v - r * r * dv / (v * v)
        excess[j] = r * r / v - (n - 1.0) / n
        a11 += 2.0 * x[j] * x[j] / v + 4.0 * r * x[j] * dv / (v * v)
        a11 += 2.0 * r * r * dv * dv / (v * v * v) - 2.0 * r * r * d / (v * v)
        a12 += 2.0 * r * x[j] * s2 / (v * v) + 2.0 * r * r * dv * s2 / (v * v * v)
        a22 -= r * r * s2 / (v * v)
    total = 0.0
    for j in range(n):
        total += ((score[j] - a12 / a22 * excess[j]) / a11) ** 2
    return float(np.sqrt(total * n / (n - 1.0)))


@kernel
def exact_kernel(
    beta_exposure: NDArray[np.float64],
    se_exposure: NDArray[np.float64],
    beta_outcome: NDArray[np.float64],
    se_outcome: NDArray[np.float64],
    mask: NDArray[np.bool_],
) -> NDArray[np.float64]:
    r"""Minimise the exact Q over the slope, with errors at face value and with a common factor on the outcome's.

    Parameters
    ----------
    beta_exposure, se_exposure, beta_outcome, se_outcome : numpy.ndarray, shape (n_pairs, n_variants)
        Effects and standard errors.
    mask : numpy.ndarray of bool, shape (n_pairs, n_variants)
        False leaves a variant out.

    Returns
    -------
    numpy.ndarray, shape (n_pairs, 6)
        Fixed effect: slope, standard error :math:`(\sum_j W_j)^{-1/2}`, Q. Random effects: slope, standard error, phi.
        NaN where there is none.

    Notes
    -----
    :math:`Q(\theta, \phi) = \sum_j (\hat\Gamma_j - \theta\hat\gamma_j)^2 / (\phi\sigma_{Yj}^2 +
    \theta^2\sigma_{Xj}^2)`. As a function of the angle of the slope, in units in which both errors are alike, each
    term is a squared sine, so the sum has one minimum if the ratio of the errors is the same for all variants, and
    rarely more than one otherwise. The whole circle is searched; it has no end to run into. With random effects
    :math:`\phi \ge 1` is the factor at which the smallest Q equals n - 1; it is found by Newton steps on 1 / Q.
    """
    n_pairs = beta_exposure.shape[0]
    out = np.full((n_pairs, 6), np.nan)
    for pair in range(n_pairs):
        keep = mask[pair]
        n = int(keep.sum())
        if n == 0:
            continue
        # same errors in both coordinates on average: the slope is measured in units of scale
        scale = np.exp(np.mean(np.log(se_outcome[pair][keep])) - np.mean(np.log(se_exposure[pair][keep])))
        x = beta_exposure[pair][keep] * scale
        sx = se_exposure[pair][keep] * scale
        y = beta_outcome[pair][keep]
        sy = se_outcome[pair][keep]
        phi = 1.0
        angle = _exact_angle(x, sx, y, sy, phi)
        q = _exact_q(x, sx, y, sy, phi, angle)[0]
        slope = np.tan(angle)
        information = np.sum(x * x / (sy * sy + slope * slope * sx * sx))
        out[pair, 0] = slope * scale
        out[pair, 1] = scale / np.sqrt(information)
        out[pair, 2] = q
        done = not q > n - 1.0
        for _ in range(100):
            if done:
                break
            v = phi * sy * sy + slope * slope * sx * sx
            pull = np.sum((y - slope * x) ** 2 * sy * sy / (v * v))
            new = max(1.0, phi + q * (q / (n - 1.0) - 1.0) / pull)
            done = abs(new - phi) <= 1e-12 * phi
            phi = new
            angle = _exact_angle(x, sx, y, sy, phi)
            slope = np.tan(angle)
            q = _exact_q(x, sx, y, sy, phi, angle)[0]
        if done and phi == 1.0:
            out[pair, 3:] = out[pair, 0], out[pair, 1], 1.0
        elif done:
            out[pair, 3] = slope * scale
            out[pair, 5] = phi
            if n > 2:
                out[pair, 4] = _sandwich(x, sx, y, sy, phi, slope) * scale
    return out
