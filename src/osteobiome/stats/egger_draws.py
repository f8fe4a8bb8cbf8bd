"""MR-Egger on effects that are drawn again about those observed.

Shape convention: one pair at a time, arrays are ``(n_variants,)``; memory does not grow with the variants times draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.jit import kernel
from osteobiome.stats.random import normal_pair

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel
def egger_line(
    x: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64], of_products: int
) -> tuple[float, float]:
    """Return slope and intercept of a line.

    Parameters
    ----------
    x, y, weight : numpy.ndarray, shape (n_variants,)
        Effects on exposure and outcome; weights, any common factor.
    of_products : int
        If not 0, the slope is that of weight times y on weight times x, unweighted, and the line goes through the
        plain means: what TwoSampleMR's bootstrap computes. Otherwise weighted least squares.
    """
    n = x.size
    w, wx, wy, mx, my = 0.0, 0.0, 0.0, 0.0, 0.0
    for j in range(n):
        w += weight[j]
        wx += weight[j] * x[j]
        wy += weight[j] * y[j]
        mx += x[j]
        my += y[j]
    xx, xy = 0.0, 0.0
    for j in range(n):
        if of_products:
            off = weight[j] * x[j] - wx / n
            xx += off * off
            xy += off * (weight[j] * y[j] - wy / n)
        else:
            off = x[j] - wx / w
            xx += weight[j] * off * off
            xy += weight[j] * off * (y[j] - wy / w)
    slope = xy / xx
    if of_products:
        return slope, my / n - slope * mx / n
    return slope, wy / w - slope * wx / w


@kernel
def egger_draws(
    effects: NDArray[np.float64],
    sign: NDArray[np.float64],
    weight: NDArray[np.float64],
    of_products: int,
    key: np.uint64,
    n_draws: int,
) -> NDArray[np.float64]:
    """Return slopes and intercepts of drawn effects, shape (n_draws, 2).

    Parameters
    ----------
    effects : numpy.ndarray, shape (4, n_variants)
        Exposure effect >= 0, its standard error, outcome effect, its standard error.
    sign : numpy.ndarray, shape (n_variants,)
        1 or -1, what the outcome effect has: draws turn with it.
    weight : numpy.ndarray, shape (n_variants,)
        As in :func:`egger_line`; not drawn.
    of_products : int
        As in :func:`egger_line`.
    key : numpy.uint64
        Stream; row and column are draw and variant.
    n_draws : int
        Draws.

    Notes
    -----
    A variant whose drawn exposure effect is below 0 is turned, as the data were.
    """
    n = sign.size
    x, y = np.empty(n), np.empty(n)
    out = np.empty((n_draws, 2))
    for draw in range(n_draws):
        for j in range(n):
            first, second = normal_pair(key, draw, j)
            drawn = effects[0, j] + effects[1, j] * first
            turn = -1.0 if drawn < 0.0 else 1.0
            x[j] = turn * drawn
            y[j] = turn * (effects[2, j] + sign[j] * effects[3, j] * second)
        out[draw, 0], out[draw, 1] = egger_line(x, y, weight, of_products)
    return out
