r"""Weighted median with linear interpolation (Bowden et al. 2016, doi:10.1002/gepi.21965), and its draws.

Shape convention: one pair at a time, arrays are ``(n_variants,)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.jit import kernel
from osteobiome.stats.random import normal_pair

if TYPE_CHECKING:
    from numpy.typing import NDArray

INSERTION_LIMIT = 64
"""Up to this many numbers insertion is the faster way to sort, the more so as draws come nearly in order."""


@kernel
def sort_together(values: NDArray[np.float64], partner: NDArray[np.float64]) -> None:
    """Sort values in place, smallest first, and move the partner along.

    Parameters
    ----------
    values, partner : numpy.ndarray, shape (n_variants,)
        Both are changed.
    """
    n = values.size
    if n <= INSERTION_LIMIT:
        for i in range(1, n):
            value = values[i]
            companion = partner[i]
            j = i - 1
            while j >= 0 and values[j] > value:
                values[j + 1] = values[j]
                partner[j + 1] = partner[j]
                j -= 1
            values[j + 1] = value
            partner[j + 1] = companion
        return
    order = np.argsort(values)
    values[:] = values[order]
    partner[:] = partner[order]


@kernel
def median_of_sorted(values: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Return the weighted median of values in ascending order; see :func:`weighted_median_of`."""
    n = values.size
    total = 0.0
    for j in range(n):
        total += weight[j]
    half = 0.5 * total
    below = 0.0
    place_before = 0.0
    for j in range(n):
        place = below + 0.5 * weight[j]
        if place >= half:
            if j == 0 or place == half:
                return float(values[j])
            share = (half - place_before) / (place - place_before)
            return float(values[j - 1] + (values[j] - values[j - 1]) * share)
        below += weight[j]
        place_before = place
    return float(values[n - 1])


@kernel
def weighted_median_of(values: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    r"""Return the weighted median.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_variants,)
        At least one; not changed.
    weight : numpy.ndarray, shape (n_variants,)
        Not negative, not all zero; only ratios of weights matter.

    Returns
    -------
    float
        With values in ascending order and :math:`s_j = (\sum_{k \le j} w_k - w_j/2)/\sum_k w_k`, the linear
        interpolation of the values at s = 1/2. If a single value at an end holds more than half of the weight, it is
        this value.
    """
    ordered = values.copy()
    partner = weight.copy()
    sort_together(ordered, partner)
    return median_of_sorted(ordered, partner)


@kernel
def median_draws(
    effects: NDArray[np.float64],
    sign: NDArray[np.float64],
    weight: NDArray[np.float64],
    column: NDArray[np.int64],
    key: np.uint64,
    n_draws: int,
) -> NDArray[np.float64]:
    r"""Return weighted medians of ratios whose two effects are drawn again.

    Parameters
    ----------
    effects : numpy.ndarray, shape (4, n_variants)
        Size of the exposure effect, its standard error, size of the outcome effect, its standard error.
    sign : numpy.ndarray, shape (n_variants,)
        Sign of the ratio, 1 or -1.
    weight : numpy.ndarray, shape (n_variants,)
        As in :func:`weighted_median_of`; the same for all draws.
    column : numpy.ndarray of int, shape (n_variants,)
        Where each variant's numbers stand in the stream.
    key : numpy.uint64
        Stream, see :func:`osteobiome.stats.random.stream_key`.
    n_draws : int
        How many.

    Returns
    -------
    numpy.ndarray, shape (n_draws,)
        Draw d has the ratios :math:`\pm(|\hat\Gamma_j| + \sigma_{Yj} z)/(|\hat\gamma_j| + \sigma_{Xj} z')`.

    Notes
    -----
    Variants in ascending order of their ratios are sorted fastest; the result does not depend on their order.
    """
    n = weight.size
    out = np.empty(n_draws)
    values = np.empty(n)
    partner = np.empty(n)
    for draw in range(n_draws):
        for j in range(n):
            z_exposure, z_outcome = normal_pair(key, draw, column[j])
            x = effects[0, j] + effects[1, j] * z_exposure
            y = effects[2, j] + effects[3, j] * z_outcome
            values[j] = sign[j] * y / x
            partner[j] = weight[j]
        sort_together(values, partner)
        out[draw] = median_of_sorted(values, partner)
    return out
