r"""Mode of a smoothed density on a grid, and its draws.

The definition is that of Hartwig et al. 2017 (doi:10.1093/ije/dyx102), whose code evaluates the density with R's
``density``. There, a grid of 512 points over the data and 7 bandwidths on each side takes up the weights by linear
binning, the grid is convolved with the normal kernel, and the result is interpolated at 512 points over the data and 3
bandwidths on each side. The mode is the first of the highest of these. As R before 4.4 does it, the kernel is
evaluated at 1022/1023 of the distance between grid points; with two peaks of nearly one height even this decides.

The convolution is summed directly, out to where the kernel is lost to rounding. Shape convention: one pair at a time,
arrays are ``(n_variants,)``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.jit import kernel
from osteobiome.stats.median import sort_together
from osteobiome.stats.penalty import penalise
from osteobiome.stats.random import normal_pair
from osteobiome.stats.spread import MAD_TO_SD

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRID = 512
"""Points of the grid: R's default."""
STRETCH = 2.0 * (GRID - 1) / (2.0 * GRID - 1)
"""Kernel distance per grid distance in R before 4.4, which spreads 2 n points over twice the range."""
INNER, OUTER = 3.0, 7.0
"""Bandwidths beyond the data, of the points that are looked at and of the grid."""
REACH = 8.6
"""Bandwidths after which the kernel is below 1e-16 of its peak."""
TIED = 1e-12
"""Values that differ by less than this share of the largest are one value."""


@kernel
def bandwidth(ordered: NDArray[np.float64], phi: float) -> float:
    r"""Return the bandwidth of Hartwig et al. 2017 (doi:10.1093/ije/dyx102) for values in ascending order.

    Parameters
    ----------
    ordered : numpy.ndarray, shape (n_variants,)
        At least two values.
    phi : float
        Factor.

    Returns
    -------
    float
        :math:`0.9\,\varphi \min(\mathrm{sd}, 1.4826\,\mathrm{mad})\, n^{-1/5}`; 0 if more than half of the values are
        equal, NaN if a value is not finite.
    """
    n = ordered.size
    total = 0.0
    for j in range(n):
        total += ordered[j]
    mean = total / n
    squares = 0.0
    for j in range(n):
        squares += (ordered[j] - mean) ** 2
    if math.isnan(squares):
        return np.nan
    middle = 0.5 * (ordered[(n - 1) // 2] + ordered[n // 2])
    # deviations come in ascending order when taken from the middle outwards, on the nearer side first
    left = (n - 1) // 2
    right = left + 1
    before = 0.0
    deviation = 0.0
    for _ in range(n // 2 + 1):
        before = deviation
        if right >= n or (left >= 0 and middle - ordered[left] <= ordered[right] - middle):
            deviation = middle - ordered[left]
            left -= 1
        else:
            deviation = ordered[right] - middle
            right += 1
    if n % 2 == 0:
        deviation = 0.5 * (before + deviation)
    return float(0.9 * phi * min(math.sqrt(squares / (n - 1)), MAD_TO_SD * deviation) * n**-0.2)


@kernel
def heaviest(ordered: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Return the value that holds most weight: the mode in the limit of no smoothing.

    Parameters
    ----------
    ordered, weight : numpy.ndarray, shape (n_variants,)
        Values in ascending order; equal up to rounding counts as equal, and of equal weights the smallest value wins.
    """
    n = ordered.size
    tolerance = TIED * max(abs(ordered[0]), abs(ordered[n - 1]))
    best = -1.0
    result = ordered[0]
    start = 0
    while start < n:
        stop = start
        total = 0.0
        while stop < n and ordered[stop] - ordered[start] <= tolerance:
            total += weight[stop]
            stop += 1
        if total > best:
            best = total
            result = ordered[start]
        start = stop
    return float(result)


@kernel
def fill_density(
    ordered: NDArray[np.float64],
    weight: NDArray[np.float64],
    width: float,
    density: NDArray[np.float64],
    table: NDArray[np.float64],
) -> None:
    """Fill the density on the outer grid; work space is given so that draws share it.

    Parameters
    ----------
    ordered, weight : numpy.ndarray, shape (n_variants,)
        Values in ascending order and their weights; the density is in units of the weights, up to a factor.
    width : float
        Bandwidth, > 0.
    density : numpy.ndarray, shape (GRID,)
        Is overwritten.
    table : numpy.ndarray, shape (2 * GRID,)
        Is overwritten: the kernel at all distances.
    """
    low = ordered[0] - OUTER * width
    step = (ordered[-1] - ordered[0] + 2.0 * OUTER * width) / (GRID - 1)
    ratio = step * STRETCH / width
    reach = min(GRID - 1, int(REACH / ratio) + 1)
    for k in range(reach + 1):
        height = math.exp(-0.5 * (k * ratio) ** 2)
        table[reach + k] = height
        table[reach - k] = height
    density[:] = 0.0
    for j in range(ordered.size):
        place = (ordered[j] - low) / step
        bin_below = min(int(place), GRID - 2)
        upper = (place - bin_below) * weight[j]
        lower = weight[j] - upper
        first = max(0, bin_below - reach)
        last = min(GRID - 1, bin_below + reach)
        shift = reach - bin_below
        for i in range(first, last + 1):
            density[i] += lower * table[i + shift]
        first = max(0, bin_below + 1 - reach)
        last = min(GRID - 1, bin_below + 1 + reach)
        for i in range(first, last + 1):
            density[i] += upper * table[i + shift - 1]


@kernel
def mode_of_sorted(
    ordered: NDArray[np.float64],
    weight: NDArray[np.float64],
    width: float,
    density: NDArray[np.float64],
    table: NDArray[np.float64],
) -> float:
    """Return the mode of values in ascending order; see :func:`mode_on_grid` and :func:`fill_density`."""
    n = ordered.size
    if math.isnan(width):
        return width
    if not width > TIED * max(abs(ordered[0]), abs(ordered[n - 1])):
        return heaviest(ordered, weight)
    fill_density(ordered, weight, width, density, table)
    span = ordered[n - 1] - ordered[0]
    step = (span + 2.0 * OUTER * width) / (GRID - 1)
    step_looked_at = (span + 2.0 * INNER * width) / (GRID - 1)
    offset = (OUTER - INNER) * width / step
    ratio = step_looked_at / step
    best = -1.0
    result = 0
    for k in range(GRID):
        place = offset + k * ratio
        i = int(place)
        height = density[i] + (density[i + 1] - density[i]) * (place - i)
        if height > best:
            best = height
            result = k
    return float(ordered[0] - INNER * width + result * step_looked_at)


@kernel
def mode_on_grid(values: NDArray[np.float64], weight: NDArray[np.float64], phi: float) -> tuple[float, float]:
    """Return the mode and the bandwidth that was used.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_variants,)
        At least two; not changed.
    weight : numpy.ndarray, shape (n_variants,)
        Not negative, not all zero; only ratios of weights matter.
    phi : float
        Factor on the bandwidth.

    Returns
    -------
    mode, width : float
        In the unit of the values. Where more than half of the values are equal the bandwidth is 0, and the mode is
        the value that holds most weight.
    """
    ordered = values.copy()
    partner = weight.copy()
    sort_together(ordered, partner)
    width = bandwidth(ordered, phi)
    return mode_of_sorted(ordered, partner, width, np.empty(GRID), np.empty(2 * GRID)), width


@kernel
def mode_draws(
    ratios: NDArray[np.float64],
    weight: NDArray[np.float64],
    column: NDArray[np.int64],
    phi: float,
    factor: float,
    key: np.uint64,
    n_draws: int,
) -> NDArray[np.float64]:
    r"""Return modes of ratios that are drawn again.

    Parameters
    ----------
    ratios : numpy.ndarray, shape (3, n_variants)
        Size of the ratio, its sign (1 or -1), its standard error.
    weight : numpy.ndarray, shape (n_variants,)
        As in :func:`mode_on_grid`; the same for all draws, but for the penalty.
    column : numpy.ndarray of int, shape (n_variants,)
        Where each variant's numbers stand in the stream.
    phi : float
        Factor on the bandwidth.
    factor : float
        Penalty factor, see :func:`penalise`; 0 for none. Each draw is penalised about its own mode.
    key : numpy.uint64
        Stream, see :func:`osteobiome.stats.random.stream_key`.
    n_draws : int
        How many.

    Returns
    -------
    numpy.ndarray, shape (n_draws,)
        Draw d has the ratios :math:`\pm(|\hat\theta_j| + \sigma_j z)`. The two numbers at an address serve two
        variants.
    """
    n = weight.size
    out = np.empty(n_draws)
    values = np.empty(n)
    ordered = np.empty(n)
    partner = np.empty(n)
    density = np.empty(GRID)
    table = np.empty(2 * GRID)
    for draw in range(n_draws):
        for j in range(n):
            first, second = normal_pair(key, draw, column[j] // 2)
            z = first if column[j] % 2 == 0 else second
            values[j] = ratios[1, j] * (ratios[0, j] + ratios[2, j] * z)
        ordered[:] = values
        partner[:] = weight
        sort_together(ordered, partner)
        width = bandwidth(ordered, phi)
        out[draw] = mode_of_sorted(ordered, partner, width, density, table)
        if factor > 0.0 and not math.isnan(width):
            penalise(values, ratios[2], weight, out[draw], factor, partner)
            ordered[:] = values
            sort_together(ordered, partner)
            out[draw] = mode_of_sorted(ordered, partner, width, density, table)
    return out


def grid_step(values: NDArray[np.float64], width: float) -> float:
    """Return the distance of grid points in bandwidths; NaN for a bandwidth of 0.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_variants,)
        Values whose mode was taken.
    width : float
        Bandwidth.

    Examples
    --------
    >>> round(grid_step(np.array([0.0, 1.0]), 0.1), 4)
    0.047
    """
    if not width > 0.0:
        return math.nan
    return float((np.ptp(values) / width + 2.0 * OUTER) / (GRID - 1))
