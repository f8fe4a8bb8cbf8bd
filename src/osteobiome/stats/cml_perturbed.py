"""Constrained maximum likelihood on perturbed data: the draws, and how far they should scatter.

Shape convention: as in :mod:`osteobiome.stats.cml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.cml import global_path
from osteobiome.stats.cml_descent import descent_path
from osteobiome.stats.jit import kernel
from osteobiome.stats.random import normal_pair

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel
def perturbed_paths(
    size: NDArray[np.float64],
    sign: NDArray[np.float64],
    scale: float,
    limits: tuple[float, float, float, int],
    descent: float,
    key: np.uint64,
    n_draws: int,
) -> NDArray[np.float64]:
    """Return the paths of perturbed data, shape (n_draws, 4, n_variants - 1), as :func:`global_path` does.

    Two neighbouring draws are mirror images: the same exposure effects, and outcome noise of opposite sign.

    Parameters
    ----------
    size : numpy.ndarray, shape (4, n_variants)
        Size of the exposure effect, its standard error, size of the outcome effect, its standard error.
    sign : numpy.ndarray, shape (n_variants,)
        Sign of the outcome effect once the exposure effect is positive.
    scale : float
        As in :func:`global_path`.
    limits : tuple of float, float, float, int
        Penalty, spare, tolerance and budget, as in :func:`global_path`.
    descent : float
        Tolerance of :func:`osteobiome.stats.cml_descent.descent_path`, which is used if this is above 0.
    key : numpy.uint64
        Stream.
    n_draws : int
        Draws.
    """
    m = size.shape[1]
    out = np.empty((n_draws, 4, m - 1))
    x = np.empty(m)
    y = np.empty(m)
    vx = np.square(size[1])
    vy = np.square(size[3])
    for draw in range(n_draws):
        mirror = 1.0 if draw % 2 == 0 else -1.0
        for j in range(m):
            first, second = normal_pair(key, draw // 2, j)
            x[j] = size[0, j] + size[1, j] * first
            y[j] = sign[j] * size[2, j] + mirror * sign[j] * size[3, j] * second
            if x[j] < 0.0:
                x[j], y[j] = -x[j], -y[j]
        if descent > 0.0:
            out[draw] = descent_path(x, vx, y, vy, descent)
        else:
            out[draw] = global_path(x, vx, y, vy, scale, limits[0], limits[1], limits[2], limits[3])[0]
    return out


def predicted_variance(theta: float, n_invalid: int, data: NDArray[np.float64]) -> float:
    r"""Return the variance of perturbed estimates if the valid variants stay the same in every draw.

    Parameters
    ----------
    theta : float
        Estimate from the data themselves.
    n_invalid : int
        Variants that fit worst and are called invalid.
    data : numpy.ndarray, shape (4, n_variants)
        Effects on the exposure and their variances, effects on the outcome and their variances.

    Returns
    -------
    float
        NaN where the likelihood bends upwards.

    Notes
    -----
    The slope of the log-likelihood is :math:`\sum_j e_j b_j / v_j` with :math:`e_j = \hat\Gamma_j -
    \theta\hat\gamma_j`, :math:`v_j = \sigma_{Yj}^2 + \theta^2\sigma_{Xj}^2` and :math:`b_j = \hat\gamma_j +
    \theta\sigma_{Xj}^2 e_j/v_j`, which are independent, with variances :math:`v_j` and :math:`w_j =
    \sigma_{Xj}^2\sigma_{Yj}^2/v_j`. A draw adds noise to both, so the variance of the slope is

    .. math:: \sum_j (b_j^2 v_j + e_j^2 w_j + v_j w_j) / v_j^2,

    where maximum likelihood has the curvature. That is :math:`\sum_j \gamma_j^2/v_j` on average, and the sum above is
    larger by :math:`\sum_j 3\sigma_{Xj}^2\sigma_{Yj}^2/v_j^2`, as the data hold noise already before more is added.
    With the same F and errors for all variants this is a share of :math:`3/(F - 1) \cdot \sigma_Y^2/v`: about 3/F only
    where :math:`\theta^2\sigma_X^2` is small beside :math:`\sigma_Y^2`.
    """
    x, vx, y, vy = data
    v = vy + theta * theta * vx
    e = y - theta * x
    kept = np.argsort(e * e / v, kind="stable")[: x.size - n_invalid]
    x, vx, vy, v, e = x[kept], vx[kept], vy[kept], v[kept], e[kept]
    tilt = theta * vx / v
    noise = vx * vy / v
    bend = float(np.sum((x + 2.0 * e * tilt) ** 2 / v - e * e * vx / (v * v)))
    slope = float(np.sum((x + e * tilt) ** 2 / v + (e * e / v + 1.0) * noise / v))
    return slope / bend / bend if bend > 0.0 else float("nan")


def variance_of_pairs(theta: NDArray[np.float64]) -> tuple[float, float, float]:
    r"""Return the variance of mirrored draws, and the sampling variance of it: as found, and if draws are normal.

    Parameters
    ----------
    theta : numpy.ndarray, shape (n_draws,)
        Estimates; of two neighbours the outcome noise is mirrored. A last one without a mirror image is left out.

    Returns
    -------
    variance, empirical, normal : float
        NaN with fewer than three pairs.

    Notes
    -----
    Mirrored draws do not count as two. Half their difference and half their sum are independent of each other and
    between pairs, the variance is the sum of the variances of both, and the pairs are the sample.
    """
    n = theta.size // 2
    if n < 3:
        return float("nan"), float("nan"), float("nan")
    first, second = theta[: 2 * n : 2], theta[1 : 2 * n : 2]
    apart, common = 0.5 * (first - second), 0.5 * (first + second)
    common = common - common.mean()
    of_apart = float(np.mean(apart**2))
    of_common = float(np.sum(common**2)) / (n - 1)
    empirical = float(np.var(apart**2 + common**2, ddof=1)) / n
    return of_apart + of_common, empirical, 2.0 * (of_apart**2 + of_common**2) / n
