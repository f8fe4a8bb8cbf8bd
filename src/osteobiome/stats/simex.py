r"""Simulation extrapolation of MR-Egger: add error to the exposure effects, and extrapolate to none.

All effects of one draw share their noise over the factors :math:`\lambda`, so that sums over variants are needed once:
with :math:`x_j^* = x_j + \sqrt\lambda e_j` every sum of squares is a quadratic in :math:`\sqrt\lambda`. (Cook &
Stefanski 1994, doi:10.1080/01621459.1994.10476871)

Shape convention: one pair at a time, arrays are ``(n_variants,)``; draws are ``(n_draws, n_lambda)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.jit import kernel
from osteobiome.stats.random import normal_pair

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel
def egger_with_noise(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    weight: NDArray[np.float64],
    noise: NDArray[np.float64],
    factors: NDArray[np.float64],
    key: np.uint64,
    n_draws: int,
) -> NDArray[np.float64]:
    """Return MR-Egger fits with noise added to the exposure effects, shape (n_draws, n_lambda, 4).

    Parameters
    ----------
    x, y : numpy.ndarray, shape (n_variants,)
        Effects on exposure and outcome, less their weighted means.
    weight : numpy.ndarray, shape (n_variants,)
        Inverse variances of the outcome effects, shares that sum to 1.
    noise : numpy.ndarray, shape (n_variants,)
        Standard deviation of the noise.
    factors : numpy.ndarray, shape (n_lambda,)
        What the variance of the noise is multiplied by.
    key : numpy.uint64
        Stream; row and column are draw and half of the place of the variant.
    n_draws : int
        Draws.

    Returns
    -------
    numpy.ndarray, shape (n_draws, n_lambda, 4)
        Slope; weighted mean of the noise; weighted mean squares of what the line leaves, and of x about its mean.
    """
    n = x.size
    out = np.empty((n_draws, factors.size, 4))
    for draw in range(n_draws):
        second = 0.0
        e, xe, ee, ye = 0.0, 0.0, 0.0, 0.0
        xx, xy, yy = 0.0, 0.0, 0.0
        for j in range(n):
            if j % 2 == 0:
                z, second = normal_pair(key, draw, j // 2)
            else:
                z = second
            w = weight[j]
            error = noise[j] * z
            e += w * error
            xe += w * x[j] * error
            ee += w * error * error
            ye += w * y[j] * error
            xx += w * x[j] * x[j]
            xy += w * x[j] * y[j]
            yy += w * y[j] * y[j]
        for i in range(factors.size):
            a = np.sqrt(factors[i])
            square = xx + 2.0 * a * xe + a * a * (ee - e * e)
            product = xy + a * ye
            slope = product / square
            out[draw, i, 0] = slope
            out[draw, i, 1] = a * e
            out[draw, i, 2] = max(yy - slope * product, 0.0)
            out[draw, i, 3] = square
    return out


def extrapolation(factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what values at 0 and at the factors are multiplied by to extrapolate a quadratic to -1.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n_lambda,)
        At least two, above 0.

    Returns
    -------
    numpy.ndarray, shape (n_lambda + 1,)
        Coefficients of the least-squares quadratic; they sum to 1.

    Examples
    --------
    >>> extrapolation(np.array([0.5, 1.0, 1.5, 2.0])).round(3).tolist()
    [3.0, -0.4, -1.8, -1.2, 1.4]
    """
    places = np.concatenate([[0.0], factors])
    design = np.column_stack([np.ones_like(places), places, np.square(places)])
    coefficients: NDArray[np.float64] = np.array([1.0, -1.0, 1.0]) @ np.linalg.pinv(design)
    return coefficients
