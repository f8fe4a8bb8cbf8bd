r"""Constrained maximum likelihood with up to K invalid variants, for every K at once.

With K variants free to act on the outcome by other ways, the likelihood of Xue, Shen & Pan 2021
(doi:10.1016/j.ajhg.2021.05.014), maximised over everything but the effect, leaves

.. math:: Q_K(\theta) = \sum_{j \in S} d_j(\theta), \quad
          d_j(\theta) = \frac{(\hat\Gamma_j - \theta\hat\gamma_j)^2}{\sigma_{Yj}^2 + \theta^2\sigma_{Xj}^2},

S being the m - K variants with the smallest :math:`d_j`. One sort at an effect gives it for all K. The search for the
lowest points runs over angles, :math:`\theta = c\tan\varphi`, so that the whole line is covered. Between two angles
every :math:`d_j` lies above a straight line (:func:`fill_bounds`), and a sum of the m - K lowest lines bends downwards,
so that it is lowest at one of the two ends: two sorts bound every :math:`Q_K`, and intervals that cannot hold a lower
point are given up. What is found is a global minimum up to a stated tolerance, whatever the data; no random starts.

Shape convention: one pair at a time, arrays are ``(n_variants,)``; results are ``(n_variants - 1,)``, by K from 0.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST = 64
"""Intervals of angle that the search begins with."""
MAX_LEVELS = 40
"""Halvings; afterwards an interval is as narrow as the rounding of its ends."""
MAX_STEPS = 60
ALL = 300
"""Variants up to which the lowest point is polished for every K, however unlikely."""


@kernel
def fill_distances(
    c: float,
    t: float,
    x: NDArray[np.float64],
    vx: NDArray[np.float64],
    y: NDArray[np.float64],
    vy: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Fill the squared distances at the effect t / c; c = 0 is an infinite effect.

    Parameters
    ----------
    c, t : float
        Cosine of the angle, and sine times the scale of effects.
    x, vx, y, vy : numpy.ndarray, shape (n_variants,)
        Effects on exposure and outcome, each with its sampling variance.
    out : numpy.ndarray, shape (n_variants,)
        Is overwritten.
    """
    for j in range(x.size):
        miss = c * y[j] - t * x[j]
        out[j] = miss * miss / (c * c * vy[j] + t * t * vx[j])


@kernel
def slopes(
    theta: float,
    keep: int,
    x: NDArray[np.float64],
    vx: NDArray[np.float64],
    y: NDArray[np.float64],
    vy: NDArray[np.float64],
    work: NDArray[np.float64],
) -> tuple[float, float, float, float]:
    """Return value, slope, curvature and Gauss-Newton curvature of the sum of the ``keep`` smallest distances.

    Parameters
    ----------
    theta : float
        Effect.
    keep : int
        Variants that are valid.
    x, vx, y, vy : numpy.ndarray, shape (n_variants,)
        As in :func:`fill_distances`.
    work : numpy.ndarray, shape (n_variants,)
        Is overwritten with the distances.
    """
    fill_distances(1.0, theta, x, vx, y, vy, work)
    highest = np.partition(work, keep - 1)[keep - 1] if keep < x.size else np.inf
    tied = keep - int(np.sum(work < highest))  # of variants just as far, the first ones count
    value = 0.0
    first = 0.0
    second = 0.0
    gauss = 0.0
    for j in range(x.size):
        if not work[j] < highest:
            if work[j] > highest or tied <= 0:
                continue
            tied -= 1
        v = vy[j] + theta * theta * vx[j]
        miss = y[j] - theta * x[j]
        tilt = theta * vx[j]
        value += work[j]
        first += -2.0 * miss / v * (x[j] + miss * tilt / v)
        bend = x[j] + 2.0 * miss * tilt / v
        # second derivative of miss^2 / v, with the terms gathered into squares
        second += 2.0 * bend * bend / v - 2.0 * miss * miss * vx[j] / (v * v)
        gauss += 2.0 * x[j] * x[j] / v
    return value, first, second, gauss


@kernel
def polish(
    theta: float,
    keep: int,
    x: NDArray[np.float64],
    vx: NDArray[np.float64],
    y: NDArray[np.float64],
    vy: NDArray[np.float64],
    work: NDArray[np.float64],
) -> tuple[float, float, float]:
    """Return the local minimum next to an effect by Newton's method: effect, value, curvature.

    Parameters
    ----------
    theta, keep, x, vx, y, vy, work
        As in :func:`slopes`.
    """
    value, first, second, gauss = slopes(theta, keep, x, vx, y, vy, work)
    for _ in range(MAX_STEPS):
        bend = second if second > 0.0 else gauss
        if not bend > 0.0 or first == 0.0:
            break
        step = -first / bend
        moved = False
        for _ in range(MAX_STEPS):
            other = theta + step
            there, first_there, second_there, gauss_there = slopes(other, keep, x, vx, y, vy, work)
            # at the bottom values differ by rounding only, and the slope is the better judge
            level = abs(there - value) <= 1e-13 * abs(value) and abs(first_there) < abs(first)
            if there < value or level:
                moved = True
                break
            step *= 0.25
            if abs(step) <= 1e-16 * abs(theta):
                break
        if not moved:
            break
        tiny = abs(other - theta) <= 1e-15 * abs(other)
        theta, value, first, second, gauss = other, there, first_there, second_there, gauss_there
        if tiny:
            break
    return theta, value, second


@kernel
def fill_bounds(
    low: float,
    high: float,
    scale: float,
    x: NDArray[np.float64],
    vx: NDArray[np.float64],
    y: NDArray[np.float64],
    vy: NDArray[np.float64],
    at_low: NDArray[np.float64],
    at_high: NDArray[np.float64],
) -> None:
    r"""Fill the ends of straight lines that lie below the squared distances between two angles.

    Parameters
    ----------
    low, high : float
        Angles between -90 and 90 degrees, on one side of 0.
    scale : float
        Effect at the angle of 45 degrees, > 0.
    x, vx, y, vy : numpy.ndarray, shape (n_variants,)
        As in :func:`fill_distances`.
    at_low, at_high : numpy.ndarray, shape (n_variants,)
        Are overwritten with the lines' values at both angles.

    Notes
    -----
    On its own angle :math:`\tan\psi = r\tan\varphi`, with :math:`r = c\sigma_X/\sigma_Y`, a distance is
    :math:`A\sin^2(\psi - \alpha)`, :math:`A = \hat\Gamma^2/\sigma_Y^2 + \hat\gamma^2/\sigma_X^2`. It has one minimum,
    0, and one maximum on the circle, so it is nowhere below the smaller of both ends if the minimum lies outside.
    And its second derivative is at most :math:`L = A(2r^2 + r|r^2 - 1|)/g^2`, g being the smaller end of
    :math:`\cos^2\varphi + r^2\sin^2\varphi`: it is nowhere more than :math:`L w^2/8` below the chord over the
    width w. Of the two lines the one that is higher in the middle is taken.
    """
    c_low, t_low = math.cos(low), math.sin(low)
    c_high, t_high = math.cos(high), math.sin(high)
    fill_distances(c_low, scale * t_low, x, vx, y, vy, at_low)
    fill_distances(c_high, scale * t_high, x, vx, y, vy, at_high)
    for j in range(x.size):
        # the signs of the miss at both ends differ where the ratio lies between them
        has_zero = (c_low * y[j] - scale * t_low * x[j]) * (c_high * y[j] - scale * t_high * x[j]) <= 0.0
        flat = 0.0 if has_zero else min(at_low[j], at_high[j])
        r2 = scale * scale * vx[j] / vy[j]
        g = min(c_low * c_low + r2 * t_low * t_low, c_high * c_high + r2 * t_high * t_high)
        bend = (y[j] * y[j] / vy[j] + x[j] * x[j] / vx[j]) * (2.0 * r2 + math.sqrt(r2) * abs(r2 - 1.0)) / (g * g)
        sag = 0.125 * (high - low) ** 2 * bend
        if 0.5 * (at_low[j] + at_high[j]) - sag > flat:  # false too where the arithmetic overflows
            at_low[j] -= sag
            at_high[j] -= sag
        else:
            at_low[j] = flat
            at_high[j] = flat


@kernel
def fill_sums(values: NDArray[np.float64], last: int, out: NDArray[np.float64]) -> None:
    """Fill the sums of the smallest values, by the number of values left out, from 0 to ``last``.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_variants,)
        In any order.
    last : int
        Below n_variants.
    out : numpy.ndarray, shape (n_variants - 1,)
        The first ``last + 1`` are overwritten.
    """
    m = values.size
    parts = np.partition(values, m - last) if 0 < last < m // 4 else np.sort(values)
    total = 0.0
    for j in range(m - last):
        total += parts[j]
    out[last] = total
    upper = np.sort(parts[m - last :])
    for k in range(last):
        total += upper[k]
        out[last - 1 - k] = total


@kernel
def limits_of_effects(x: NDArray[np.float64], vx: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return every Q_K at an infinite effect, shape (n_variants - 1,)."""
    out = np.empty(x.size - 1)
    fill_sums(x * x / vx, x.size - 2, out)
    return out


@kernel
def see_middles(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    scale: float,
    data: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    last: int,
    best: NDArray[np.float64],
    place: NDArray[np.float64],
    fresh: NDArray[np.bool_],
) -> None:
    """Look at the middle of every interval and note where a Q_K is lower than all seen before.

    Parameters
    ----------
    low, high : numpy.ndarray, shape (n_intervals,)
        Angles.
    scale : float
        As in :func:`global_path`.
    data : tuple of numpy.ndarray
        Exposure effects, their variances, outcome effects, their variances.
    last : int
        Largest K that is looked at.
    best, place, fresh : numpy.ndarray, shape (n_variants - 1,)
        Lowest Q_K, effect there, and whether it was found just now; are overwritten.
    """
    x, vx, y, vy = data
    here = np.empty(x.size)
    sums = np.empty(x.size - 1)
    for i in range(low.size):
        middle = 0.5 * (low[i] + high[i])
        fill_distances(math.cos(middle), scale * math.sin(middle), x, vx, y, vy, here)
        fill_sums(here, last, sums)
        for k in range(last + 1):
            if sums[k] < best[k]:
                best[k] = sums[k]
                place[k] = scale * math.tan(middle)
                fresh[k] = True


@kernel
def polish_fresh(
    data: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    penalty: float,
    spare: float,
    best: NDArray[np.float64],
    place: NDArray[np.float64],
    fresh: NDArray[np.bool_],
    work: NDArray[np.float64],
) -> float:
    """Polish the lowest points that were found just now for K that may count, and return the lowest criterion.

    Parameters
    ----------
    data, best, place, fresh
        As in :func:`see_middles`.
    penalty, spare : float
        As in :func:`global_path`.
    work : numpy.ndarray, shape (n_variants,)
        Is overwritten.
    """
    x, vx, y, vy = data
    cheapest = np.inf
    for k in range(best.size):
        cheapest = min(cheapest, best[k] + penalty * k)
    for k in range(best.size):
        if fresh[k] and penalty * k < cheapest + spare:
            theta, value, _ = polish(place[k], x.size - k, x, vx, y, vy, work)
            if value <= best[k]:
                best[k], place[k] = value, theta
            fresh[k] = False
            cheapest = min(cheapest, best[k] + penalty * k)
    return cheapest


@kernel
def may_hold_lower(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    scale: float,
    data: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    bar: NDArray[np.float64],
    penalty: float,
    dearest: float,
) -> tuple[NDArray[np.bool_], float]:
    """Return the intervals that may hold a lower point, shape (n_intervals,), and by how much lower at most.

    Parameters
    ----------
    low, high, scale, data
        As in :func:`see_middles`.
    bar : numpy.ndarray
        What Q_K is to be below, for the K that are looked at, from 0.
    penalty : float
        As in :func:`global_path`.
    dearest : float
        Criterion from which a model does not count.
    """
    x, vx, y, vy = data
    left, right = np.empty(x.size), np.empty(x.size)
    sums_left, sums_right = np.empty(x.size - 1), np.empty(x.size - 1)
    stay = np.zeros(low.size, dtype=np.bool_)
    widest = 0.0
    for i in range(low.size):
        fill_bounds(low[i], high[i], scale, x, vx, y, vy, left, right)
        fill_sums(left, bar.size - 1, sums_left)
        fill_sums(right, bar.size - 1, sums_right)
        for k in range(bar.size):
            least = min(sums_left[k], sums_right[k])
            if least < bar[k] and least + penalty * k < dearest:
                stay[i] = True
                widest = max(widest, bar[k] - least)
    return stay, widest


@kernel
def global_path(
    x: NDArray[np.float64],
    vx: NDArray[np.float64],
    y: NDArray[np.float64],
    vy: NDArray[np.float64],
    scale: float,
    penalty: float,
    spare: float,
    tolerance: float,
    max_sorts: int,
) -> tuple[NDArray[np.float64], int, float]:
    """Return the lowest point of every Q_K, the number of sorts, and how much lower a point may hide at most.

    Parameters
    ----------
    x, vx, y, vy : numpy.ndarray, shape (n_variants,)
        As in :func:`fill_distances`; n_variants >= 2.
    scale : float
        Effect at the angle of 45 degrees, > 0.
    penalty : float
        Price of an invalid variant on the scale of Q: log of the sample size for BIC.
    spare : float
        The search is exhaustive for K whose Q + penalty K may come within this of the best; for the others the lowest
        of the points seen is polished.
    tolerance : float
        Intervals that can lower Q by no more than this are given up.
    max_sorts : int
        Budget; the search ends when it is spent.

    Returns
    -------
    path : numpy.ndarray, shape (4, n_variants - 1)
        Effect, Q, curvature of Q there, and by how much Q at an infinite effect is higher, by K. With more than 300
        variants, K too dear to matter are left where they were seen, with a curvature of infinity.
    n_sorts : int
        Effects and ends of intervals at which distances were sorted.
    gap : float
        ``tolerance``, or what was still possible when the budget ran out.
    """
    m = x.size
    n_k = m - 1
    data = x, vx, y, vy
    best = np.full(n_k, np.inf)
    place = np.zeros(n_k)
    fresh = np.ones(n_k, dtype=np.bool_)
    here = np.empty(m)
    edges = np.linspace(-0.5 * math.pi, 0.5 * math.pi, FIRST + 1)
    edges[FIRST // 2] = 0.0  # no interval holds it inside
    low, high = edges[:-1], edges[1:]
    sorts = 0
    gap = tolerance
    last = n_k - 1
    cheapest = np.inf
    for level in range(MAX_LEVELS):
        see_middles(low, high, scale, data, last, best, place, fresh)
        cheapest = polish_fresh(data, penalty, spare, best, place, fresh, here)
        if m > ALL:  # no dearer K can matter any more
            last = min(last, int((cheapest + spare) / penalty))
        stay, widest = may_hold_lower(low, high, scale, data, best[: last + 1] - tolerance, penalty, cheapest + spare)
        sorts += 3 * low.size
        n_stay = int(stay.sum())
        if n_stay == 0:
            break
        if sorts + 6 * n_stay > max_sorts or level == MAX_LEVELS - 1:
            gap = widest + tolerance
            break
        middle_of = 0.5 * (low[stay] + high[stay])
        low, high = np.concatenate((low[stay], middle_of)), np.concatenate((middle_of, high[stay]))
    out = np.empty((4, n_k))
    far = limits_of_effects(x, vx)
    for k in range(n_k):
        if m <= ALL or best[k] + penalty * k <= cheapest + spare:
            out[0, k], out[1, k], out[2, k] = polish(place[k], m - k, x, vx, y, vy, here)
        else:
            out[0, k], out[1, k], out[2, k] = place[k], best[k], np.inf
        out[3, k] = far[k] - out[1, k]
    return out, sorts, gap


def farthest(theta: float, n_invalid: int, data: tuple[NDArray[np.float64], ...]) -> NDArray[np.bool_]:
    """Return the variants that lie farthest from an effect, shape (n_variants,).

    Parameters
    ----------
    theta : float
        Effect.
    n_invalid : int
        How many.
    data : tuple of numpy.ndarray
        Exposure effects, their variances, outcome effects, their variances.
    """
    x, vx, y, vy = data
    distance = np.square(y - theta * x) / (vy + theta * theta * vx)
    far = np.zeros(x.size, dtype=np.bool_)
    far[np.argsort(distance, kind="stable")[x.size - n_invalid :]] = True
    return far
