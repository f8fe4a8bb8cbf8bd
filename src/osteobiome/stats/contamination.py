r"""Profile likelihood of the contamination mixture, maximised exactly.

With ratios :math:`r_j` and their errors :math:`s_j`, a variant is valid at the effect :math:`\theta` if the density
:math:`N(r_j; \theta, s_j^2)` exceeds :math:`N(r_j; 0, \psi^2 + s_j^2)`; that is within :math:`h_j` of its ratio,

.. math:: h_j^2 = s_j^2 \left(\frac{r_j^2}{\psi^2 + s_j^2} + \log\frac{\psi^2 + s_j^2}{s_j^2}\right).

Up to a constant the profile log-likelihood is therefore
:math:`g(\theta) = \sum_j \max(0, h_j^2 - (\theta - r_j)^2) / 2s_j^2`: a parabola between any two neighbours of the 2 n
points :math:`r_j \pm h_j`. One sort and one pass give every local maximum and every crossing of a level. (Burgess et
al. 2020, doi:10.1038/s41467-019-14156-4)

Shape convention: one pair at a time, arrays are ``(n_variants,)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_STEPS = 100
MAX_POLISHED = 64
"""Local maxima or crossings that are evaluated once more term by term; more than these tie only in made-up data."""
NEARLY = 1e-9
"""Share of the highest value within which local maxima are compared term by term."""


def reach(ratio: NDArray[np.float64], se: NDArray[np.float64], psi: float) -> NDArray[np.float64]:
    """Return the distance from its ratio within which each variant counts as valid, shape (n_variants,).

    Parameters
    ----------
    ratio, se : numpy.ndarray, shape (n_variants,)
        Ratio estimates and their standard errors.
    psi : float
        Standard deviation of the ratios of invalid variants, in the unit of the ratios.

    Examples
    --------
    >>> reach(np.array([0.0, 3.0]), np.array([1.0, 1.0]), 1.0).round(4).tolist()
    [0.8326, 2.2788]
    """
    wide = np.hypot(psi, se)
    distance: NDArray[np.float64] = se * np.sqrt(np.square(ratio / wide) + 2.0 * np.log(wide / se))
    return distance


@kernel
def gain(
    theta: float, ratio: NDArray[np.float64], weight: NDArray[np.float64], distance: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Return the profile above the likelihood without any valid variant, its slope and minus its curvature.

    Parameters
    ----------
    theta : float
        Effect.
    ratio, weight, distance : numpy.ndarray, shape (n_variants,)
        Ratios, inverse variances, and where each variant is valid: :func:`reach`.
    """
    value = 0.0
    slope = 0.0
    bend = 0.0
    for j in range(ratio.size):
        off = ratio[j] - theta
        if abs(off) < distance[j]:
            value += 0.5 * weight[j] * (distance[j] - off) * (distance[j] + off)
            slope += weight[j] * off
            bend += weight[j]
    return value, slope, bend


@kernel
def sweep(
    ratio: NDArray[np.float64], weight: NDArray[np.float64], distance: NDArray[np.float64], order: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the parabolas of the profile, shape (2 n_variants, 4): start, value, slope and minus curvature there.

    Parameters
    ----------
    ratio, weight, distance : numpy.ndarray, shape (n_variants,)
        As in :func:`gain`.
    order : numpy.ndarray of int, shape (2 n_variants,)
        Sorting of the points ratio - distance (first half) and ratio + distance (second half).
    """
    n = ratio.size
    out = np.empty((2 * n, 4))
    place = 0.0
    # sums with what rounding took from them, as weights may differ by twelve orders of magnitude
    total = np.zeros(3)
    lost = np.zeros(3)
    step = np.zeros(3)
    for k in range(2 * n):
        j = order[k] % n
        enters = order[k] < n
        here = ratio[j] - distance[j] if enters else ratio[j] + distance[j]
        width = here - place if k > 0 else 0.0
        slope = total[1] + lost[1]
        bend = total[2] + lost[2]
        step[0] = width * (slope - 0.5 * bend * width)
        step[1] = weight[j] * distance[j] - bend * width
        step[2] = weight[j] if enters else -weight[j]
        for i in range(3):
            new = total[i] + step[i]
            if abs(total[i]) >= abs(step[i]):
                lost[i] += (total[i] - new) + step[i]
            else:
                lost[i] += (step[i] - new) + total[i]
            total[i] = new
        place = here
        out[k, 0] = here
        for i in range(3):
            out[k, i + 1] = total[i] + lost[i]
    return out


def parabolas(
    ratio: NDArray[np.float64], weight: NDArray[np.float64], distance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return :func:`sweep` over the sorted ends of validity, shape (2 n_variants, 4)."""
    ends = np.concatenate([ratio - distance, ratio + distance])
    return sweep(ratio, weight, distance, np.argsort(ends, kind="stable"))


def highest(
    ratio: NDArray[np.float64], weight: NDArray[np.float64], distance: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the effect at which the profile has its highest value, and that value.

    Parameters
    ----------
    ratio, weight, distance : numpy.ndarray, shape (n_variants,)
        As in :func:`gain`; n_variants >= 1.

    Returns
    -------
    theta, value : float
        Of maxima of one height the effect nearest to 0. NaN if no variant is ever valid.

    Examples
    --------
    >>> r, s = np.array([1.0, 1.1, 4.0]), np.array([0.1, 0.1, 0.1])
    >>> theta, value = highest(r, s**-2, reach(r, s, 2.0))
    >>> round(theta, 12), round(value, 4)
    (1.05, 6.0195)
    """
    pieces = parabolas(ratio, weight, distance)
    start, value, slope, bend = pieces[:-1].T
    width = np.diff(pieces[:, 0])
    with np.errstate(divide="ignore", invalid="ignore"):  # no variant is valid between some ends
        shift = slope / bend
        top = value + 0.5 * slope * shift
    inside = (bend > 0.0) & (shift > -NEARLY * width) & (shift < width * (1.0 + NEARLY))
    if not inside.any():
        return np.nan, np.nan
    places, tops = (start + shift)[inside], top[inside]
    close = np.flatnonzero(tops >= tops.max() * (1.0 - NEARLY))
    close = close[np.lexsort((np.abs(places[close]), -tops[close]))][:MAX_POLISHED]
    found = [_climb(float(theta), ratio, weight, distance) for theta in places[close]]
    best = max(value for _, value in found)
    return min((pair for pair in found if pair[1] == best), key=lambda pair: abs(pair[0]))


def _climb(
    theta: float, ratio: NDArray[np.float64], weight: NDArray[np.float64], distance: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the weighted mean of the variants that are valid at it, starting from an effect next to it."""
    value, slope, bend = gain(theta, ratio, weight, distance)
    for _ in range(MAX_STEPS):
        if not bend > 0.0:
            break
        other = theta + slope / bend
        value_there, slope, bend = gain(other, ratio, weight, distance)
        if not value_there > value:
            if value_there == value:
                theta = other
            break
        theta, value = other, value_there
    return theta, value


def level_set(
    ratio: NDArray[np.float64], weight: NDArray[np.float64], distance: NDArray[np.float64], *, level: float
) -> list[tuple[float, float]]:
    """Return the effects at which the profile is at least ``level``, as disjoint intervals in ascending order.

    Parameters
    ----------
    ratio, weight, distance : numpy.ndarray, shape (n_variants,)
        As in :func:`gain`.
    level : float
        On the scale of :func:`gain`; at 0 or below the set is the whole line.

    Examples
    --------
    >>> r, s = np.array([1.0, 1.1, 4.0]), np.array([0.1, 0.1, 0.1])
    >>> [(round(a, 3), round(b, 3)) for a, b in level_set(r, s**-2, reach(r, s, 2.0), level=4.0)]
    [(0.908, 1.192), (3.859, 4.141)]
    """
    if level <= 0.0:
        return [(-np.inf, np.inf)]
    pieces = parabolas(ratio, weight, distance)
    start, value, slope, bend = pieces[:-1].T
    width = np.diff(pieces[:, 0])
    above = pieces[:, 1] >= level
    short = value - level
    with np.errstate(invalid="ignore", divide="ignore"):  # parabolas that do not reach the level
        root = np.sqrt(np.square(slope) + 2.0 * bend * short)
        big = slope + np.copysign(root, slope)
        first, second = -2.0 * short / big, np.where(bend > 0.0, big / bend, np.nan)
    low, high = np.fmin(first, second), np.fmax(first, second)
    ups = np.where(bend > 0.0, low, np.where(slope > 0.0, first, np.nan))
    downs = np.where(bend > 0.0, high, np.where(slope < 0.0, first, np.nan))
    rises = ~above[:-1] & (ups >= 0.0) & (ups <= width) & (above[1:] | (downs <= width))
    falls = ~above[1:] & (downs >= 0.0) & (downs <= width) & (above[:-1] | (ups >= 0.0))
    enters, leaves = (start + ups)[rises], (start + downs)[falls]
    if len(enters) != len(leaves):  # a touch lost to rounding: the smallest interval that holds everything
        enters, leaves = enters[:1], leaves[-1:]
    if len(enters) <= MAX_POLISHED:
        enters = np.array([_cross(float(x), level, ratio, weight, distance) for x in enters])
        leaves = np.array([_cross(float(x), level, ratio, weight, distance) for x in leaves])
    return list(zip(enters.tolist(), leaves.tolist(), strict=True))


def _cross(
    theta: float, level: float, ratio: NDArray[np.float64], weight: NDArray[np.float64], distance: NDArray[np.float64]
) -> float:
    """Return a crossing of the level, freed from the rounding of running sums by two steps of Newton."""
    for _ in range(2):
        value, slope, bend = gain(theta, ratio, weight, distance)
        scale = max(abs(value), abs(level))
        if slope == 0.0 or slope * slope < NEARLY * bend * scale:  # next to a maximum the step means nothing
            break
        theta -= (value - level) / slope
    return theta
