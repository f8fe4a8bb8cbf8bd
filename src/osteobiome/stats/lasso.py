r"""Lasso with one direct effect per variant: one dimension, solved exactly for every penalty.

The problem of Rees et al. 2019 (doi:10.1371/journal.pone.0222362),

.. math:: \min_{\theta, a} \frac{1}{2n} \sum_j \frac{(\hat\Gamma_j - \theta\hat\gamma_j - a_j)^2}{\sigma_{Yj}^2}
          + \lambda \sum_j c_j |a_j|,

has :math:`a_j = 0` for variants with :math:`|z_j| \le \tau_j`, :math:`z_j` being the residual in standard errors and
:math:`\tau_j = n\lambda c_j\sigma_{Yj}`, and leaves for :math:`\theta` one equation,
:math:`\sum_j u_j \min(\max(z_j, -\tau_j), \tau_j) = 0`, which falls from piece to straight piece. Memory and time per
penalty are linear in the number of variants; the projection matrix that the packages build is never needed.

Shape convention: one pair at a time, arrays are ``(n_variants,)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_PENALTIES = 100
SMALLEST = 1e-4
"""Penalties of a path, and the last as share of the first: the defaults of glmnet."""
FEWEST, LEAST_GAIN, ENOUGH = 5, 1e-5, 0.999
"""When glmnet ends a path: not before this many, if the explained share grows by less, or is as high."""
MAX_STEPS = 500
EDGE = 1.0 + 1e-12
"""At the largest penalty the first direct effect is exactly about to set in: this keeps rounding from deciding."""
NOTHING = 1e-14
"""Scale, as share of the largest possible, at which a direct effect cannot be told from the effect."""


def scales(u: NDArray[np.float64]) -> NDArray[np.float64]:
    r"""Return the standard deviations :math:`c_j\sigma_{Yj}` by which glmnet standardises the direct effects.

    Parameters
    ----------
    u : numpy.ndarray, shape (n_variants,)
        Exposure effects in standard errors of the outcome.

    Returns
    -------
    numpy.ndarray, shape (n_variants,)
        Of the columns of :math:`I - vv'`, :math:`v = u/|u|`, about their means; infinite for a column of zeros, whose
        direct effect then never appears.

    Examples
    --------
    >>> scales(np.array([1.0, 1.0, 2.0])).round(4).tolist()
    [0.5152, 0.5152, 0.3143]
    """
    v = u / np.linalg.norm(u)
    rest = np.square(v)
    total, n = float(v.sum()), v.size
    # 1 - v_j^2 from the other variants where v_j is nearly all there is
    largest = int(np.argmax(rest))
    left = 1.0 - rest
    left[largest] = float(np.delete(rest, largest).sum())
    variance = left / n - np.square((1.0 - v * total) / n)
    result: NDArray[np.float64] = np.where(variance > NOTHING / n, np.sqrt(np.maximum(variance, 0.0)), np.inf)
    return result


@kernel
def solve(theta: float, u: NDArray[np.float64], z: NDArray[np.float64], limit: NDArray[np.float64]) -> float:
    """Return the effect for one penalty.

    Parameters
    ----------
    theta : float
        Where to begin.
    u, z : numpy.ndarray, shape (n_variants,)
        Effects on exposure and outcome in standard errors of the outcome.
    limit : numpy.ndarray, shape (n_variants,)
        Residual at which a direct effect sets in, >= 0.
    """
    low = -np.inf
    high = np.inf
    for _ in range(MAX_STEPS):
        pull = 0.0
        bend = 0.0
        for j in range(u.size):
            off = z[j] - theta * u[j]
            if abs(off) <= limit[j]:
                pull += u[j] * off
                bend += u[j] * u[j]
            else:
                pull += u[j] * limit[j] * (1.0 if off > 0.0 else -1.0)
        if pull > 0.0:
            low = theta
        elif pull < 0.0:
            high = theta
        else:
            break
        other = theta + pull / bend if bend > 0.0 else np.nan
        if not low < other < high:
            # off the straight piece, or on no piece at all: halve, or step towards the side that pulls
            if np.isfinite(low) and np.isfinite(high):
                other = 0.5 * (low + high)
            else:
                towards = np.nan
                for j in range(u.size):
                    ratio = z[j] / u[j] if u[j] != 0.0 else np.nan
                    if pull > 0.0 and ratio > theta and not ratio <= towards:
                        towards = ratio
                    if pull < 0.0 and ratio < theta and not ratio >= towards:
                        towards = ratio
                other = towards
        if not np.isfinite(other) or abs(other - theta) <= 1e-16 * abs(theta):
            break
        theta = other
    return theta


@kernel
def limits(penalty: float, scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the residuals in standard errors at which direct effects set in, shape (n_variants,).

    Parameters
    ----------
    penalty : float
        Of the problem in the head of this module.
    scale : numpy.ndarray, shape (n_variants,)
        What it is multiplied with: :func:`scales`, or ones.
    """
    return scale.size * penalty * EDGE * scale


@kernel
def path(
    u: NDArray[np.float64], z: NDArray[np.float64], scale: NDArray[np.float64], penalties: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a row per penalty: effect, unexplained sum of squares, valid variants, their IVW effect and its Q.

    Parameters
    ----------
    u, z : numpy.ndarray, shape (n_variants,)
        As in :func:`solve`.
    scale : numpy.ndarray, shape (n_variants,)
        As in :func:`limits`.
    penalties : numpy.ndarray, shape (n_penalties,)
        In descending order.

    Returns
    -------
    numpy.ndarray, shape (n_penalties, 5)
        Effect and Q are NaN without a valid variant.
    """
    n = u.size
    out = np.empty((penalties.size, 5))
    theta = float(np.sum(u * z) / np.sum(u * u))
    for k in range(penalties.size):
        limit = limits(penalties[k], scale)
        theta = solve(theta, u, z, limit)
        unexplained = 0.0
        count = 0
        cross = 0.0
        square = 0.0
        for j in range(n):
            off = z[j] - theta * u[j]
            if abs(off) <= limit[j]:
                unexplained += off * off
                count += 1
                cross += u[j] * z[j]
                square += u[j] * u[j]
            else:
                unexplained += limit[j] * limit[j]
        slope = np.nan
        q = np.nan
        if square > 0.0:
            slope = cross / square
            q = 0.0
            for j in range(n):
                if abs(z[j] - theta * u[j]) <= limit[j]:
                    q += (z[j] - slope * u[j]) ** 2
        out[k, 0], out[k, 1], out[k, 2], out[k, 3], out[k, 4] = theta, unexplained, count, slope, q
    return out


def penalties_of(u: NDArray[np.float64], z: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 100 penalties from the smallest without any direct effect down to a ten-thousandth of it.

    Parameters
    ----------
    u, z, scale : numpy.ndarray, shape (n_variants,)
        As in :func:`path`.

    Returns
    -------
    numpy.ndarray, shape (n_penalties,)
        In geometric progression; empty if the variants agree to the last digit.
    """
    theta = float(np.sum(u * z) / np.sum(u * u))
    residual = np.abs(z - theta * u)
    if residual.max() <= 1e-14 * max(float(np.abs(z).max()), abs(theta) * float(np.abs(u).max())):
        return np.empty(0)
    first = float((residual / (u.size * scale)).max())
    steps = np.arange(N_PENALTIES) / (N_PENALTIES - 1.0)
    grid: NDArray[np.float64] = first * SMALLEST**steps
    return grid


def stop_of(fits: NDArray[np.float64], u: NDArray[np.float64], z: NDArray[np.float64]) -> int:
    """Return how many penalties of a path glmnet would look at.

    Parameters
    ----------
    fits : numpy.ndarray, shape (n_penalties, 5)
        From :func:`path`.
    u, z : numpy.ndarray, shape (n_variants,)
        As in :func:`path`.
    """
    theta = float(np.sum(u * z) / np.sum(u * u))
    residual = z - theta * u
    # glmnet centres the response for its scale although the model has no intercept
    total = float(np.sum(np.square(residual - residual.mean())))
    explained = (float(np.sum(np.square(residual))) - fits[:, 1]) / total
    for k in range(FEWEST - 1, len(fits)):
        if explained[k] - explained[k - 1] < LEAST_GAIN * explained[k] or explained[k] > ENOUGH:
            return k + 1
    return len(fits)


def choice_of(fits: NDArray[np.float64], threshold: float) -> int:
    """Return the penalty that the rule of heterogeneity chooses, or -1 if none leaves two valid variants.

    Parameters
    ----------
    fits : numpy.ndarray, shape (n_penalties, 5)
        From :func:`path`, penalties in descending order.
    threshold : float
        Quantile of chi-squared with one degree of freedom.

    Notes
    -----
    From the smallest penalty upwards, it is the last before the residual standard error of the valid variants passes 1
    and rises by more than the quantile over their number (Rees et al. 2019, doi:10.1371/journal.pone.0222362).
    """
    rising = fits[::-1]
    count = rising[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):  # fewer than two valid variants: no standard error
        error = np.sqrt(np.where(count > 1.0, rising[:, 4] / (count - 1.0), np.nan))
        jump = (error[1:] > 1.0) & (np.diff(error) > threshold / count[1:])
    enough = np.flatnonzero(count > 1.0)
    if enough.size == 0:
        return -1
    chosen = int(np.flatnonzero(jump)[0]) if jump.any() else len(rising) - 1
    return len(rising) - 1 - max(chosen, int(enough[0]))
