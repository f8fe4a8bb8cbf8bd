r"""Residuals of variants that were left out of the fit, and what chance makes of them (MR-PRESSO).

Effects are in units of the outcome errors: :math:`u_j = \hat\gamma_j/\sigma_{Yj}`, :math:`z_j =
\hat\Gamma_j/\sigma_{Yj}`. Slopes without a variant are sums over those before and those after it: the sum over all less
the variant's own share has no digits left where one variant holds nearly all of the weight. (Verbanck et al. 2018,
doi:10.1038/s41588-018-0099-7)

Shape convention: one pair at a time, arrays are ``(n_variants,)``; memory does not grow with the draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.jit import kernel
from osteobiome.stats.random import normal_pair, uniform_pair

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel
def left_out(
    u: NDArray[np.float64], z: NDArray[np.float64], slope: NDArray[np.float64], after: NDArray[np.float64]
) -> float:
    r"""Fill in the slope without each variant, and return the sum of squares that it leaves of that variant.

    Parameters
    ----------
    u, z : numpy.ndarray, shape (n_variants,)
        Effects on exposure and outcome in units of the outcome errors.
    slope : numpy.ndarray, shape (n_variants,)
        Filled with :math:`\hat\theta_{-j}`.
    after : numpy.ndarray, shape (n_variants + 1, 2)
        Room for sums.

    Returns
    -------
    float
        :math:`\sum_j (z_j - \hat\theta_{-j}u_j)^2`; not finite if a slope has no denominator.
    """
    n = u.size
    after[n, 0] = 0.0
    after[n, 1] = 0.0
    for j in range(n - 1, -1, -1):
        after[j, 0] = after[j + 1, 0] + u[j] * u[j]
        after[j, 1] = after[j + 1, 1] + u[j] * z[j]
    uu, uz, rss = 0.0, 0.0, 0.0
    for j in range(n):
        slope[j] = (uz + after[j + 1, 1]) / (uu + after[j + 1, 0])
        residual = z[j] - slope[j] * u[j]
        rss += residual * residual
        uu += u[j] * u[j]
        uz += u[j] * z[j]
    return rss


@kernel
def beyond(
    u: NDArray[np.float64],
    noise: NDArray[np.float64],
    z: NDArray[np.float64],
    sign: NDArray[np.float64],
    key: np.uint64,
    n_draws: int,
) -> tuple[float, int, int, NDArray[np.float64], NDArray[np.int64]]:
    r"""Count the draws in which chance alone leaves more than the data do.

    Parameters
    ----------
    u, noise, z : numpy.ndarray, shape (n_variants,)
        Effects on the exposure, their errors and effects on the outcome, in units of the outcome errors.
    sign : numpy.ndarray, shape (n_variants,)
        1 or -1, what the outcome effect has: draws turn with it.
    key : numpy.uint64
        Stream; row and column are draw and variant.
    n_draws : int
        Draws.

    Returns
    -------
    rss : float
        Sum of squares of the data.
    larger : int
        Draws with a larger one.
    lost : int
        Draws whose sum is not finite.
    slope : numpy.ndarray, shape (n_variants,)
        Slope of the data without each variant.
    single : numpy.ndarray of int64, shape (n_variants,)
        Draws in which the residual of each variant, about the slope of the data, is larger than that of the data.

    Notes
    -----
    In a draw :math:`u_j^* \sim N(u_j, \sigma_{Xj}^2/\sigma_{Yj}^2)` and :math:`z_j^* \sim N(\hat\theta_{-j}u_j, 1)`;
    slopes are those of the draw.
    """
    n = u.size
    slope, after = np.empty(n), np.empty((n + 1, 2))
    rss = left_out(u, z, slope, after)
    drawn_u, drawn_z, drawn_slope = np.empty(n), np.empty(n), np.empty(n)
    single = np.zeros(n, dtype=np.int64)
    larger, lost = 0, 0
    for draw in range(n_draws):
        for j in range(n):
            first, second = normal_pair(key, draw, j)
            drawn_u[j] = u[j] + noise[j] * first
            drawn_z[j] = slope[j] * u[j] + sign[j] * second
            if abs(drawn_z[j] - slope[j] * drawn_u[j]) > abs(z[j] - slope[j] * u[j]):
                single[j] += 1
        chance = left_out(drawn_u, drawn_z, drawn_slope, after)
        if not np.isfinite(chance):
            lost += 1
        elif chance > rss:
            larger += 1
    return rss, larger, lost, slope, single


@kernel
def resampled_sums(
    u: NDArray[np.float64], z: NDArray[np.float64], n_drawn: int, key: np.uint64, n_draws: int
) -> NDArray[np.float64]:
    """Return the sums of u² and u z over variants drawn with replacement, shape (n_draws, 2).

    Parameters
    ----------
    u, z : numpy.ndarray, shape (n_variants,)
        Variants to draw from.
    n_drawn : int
        How many are drawn.
    key : numpy.uint64
        Stream; row and column are draw and half of the number of the variant drawn.
    n_draws : int
        Draws.
    """
    out = np.zeros((n_draws, 2))
    for draw in range(n_draws):
        second = 0.0
        for i in range(n_drawn):
            if i % 2 == 0:
                place, second = uniform_pair(key, draw, i // 2)
            else:
                place = second
            j = int(place * u.size)
            out[draw, 0] += u[j] * u[j]
            out[draw, 1] += u[j] * z[j]
    return out
