r"""Constrained maximum likelihood with up to K invalid variants, for every K at once.

With K variants free to act on the outcome by other ways, the likelihood of Xue, Shen & Pan 2021
(doi:10.1016/j.ajhg.2021.05.014), maximised over everything but the effect, leaves

.. math:: Q_K(\theta) = \sum_{j \in S} d_j(\theta), \quad
          d_j(\theta) = \frac{(\hat\Gamma_j - \theta\hat\gamma_j)^2}{\sigma_{Yj}^2 + \theta^2\sigma_{Xj}^2},

S being the m - K variants with the smallest :math:`d_j`. One sort at an effect gives it for all K. The search for the
lowest points runs over angles, :math:`\theta = c\tan\varphi`, so that the whole line is covered. Between two angles
:math:`d_j` is at least the smaller of its values at both, or 0 if the ratio lies between them, as it has one minimum
and one maximum on the circle. Sorting these bounds bounds every :math:`Q_K`, and intervals that cannot hold a lower
point are given up. What is found is a global minimum up to a stated tolerance, whatever the data; no random starts.

Shape convention: one pair at a time, arrays are ``(n_variants,)``; results are ``(n_variants - 1,)``, by K from 0.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.jit import kernel
from osteobiome.stats.random import normal_pair

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST = 64
"""Intervals of angle that the search begins with."""
MAX_LEVELS = 40
"""Halvings; afterwards an interval is as narrow as the rounding of its ends."""
MAX_STEPS = 60
ALL = 300
"""Variants up to which the lowest point is polished for every K, however unlikely."""
DESCENT_STEPS = 100
DESCENT_TOLERANCE = 1e-7
"""When and by how much MRcML's own descent has to move to go on."""


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
    order = np.argsort(work)
    value = 0.0
    first = 0.0
    second = 0.0
    gauss = 0.0
    for k in range(keep):
        j = order[k]
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
            if abs(step) <= 1e-17 * abs(theta):
                break
        if not moved:
            break
        tiny = abs(other - theta) <= 1e-15 * abs(other)
        theta, value, first, second, gauss = other, there, first_there, second_there, gauss_there
        if tiny:
            break
    return theta, value, second


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
    path : numpy.ndarray, shape (3, n_variants - 1)
        Effect, Q and curvature of Q there, by K. With more than 300 variants, K too dear to matter are left where
        they were seen, with a curvature of infinity.
    n_sorts : int
        Effects and intervals at which distances were sorted.
    gap : float
        ``tolerance``, or what was still possible when the budget ran out.
    """
    m = x.size
    n_k = m - 1
    best = np.full(n_k, np.inf)
    place = np.zeros(n_k)
    fresh = np.ones(n_k, dtype=np.bool_)
    here = np.empty(m)
    left = np.empty(m)
    angle = np.arctan2(y, scale * x)
    low = -0.5 * math.pi + math.pi / FIRST * np.arange(FIRST)
    high = low + math.pi / FIRST
    sorts = 0
    gap = tolerance
    for level in range(MAX_LEVELS):
        for i in range(low.size):
            middle = 0.5 * (low[i] + high[i])
            fill_distances(math.cos(middle), scale * math.sin(middle), x, vx, y, vy, here)
            here.sort()
            total = here[0]
            for keep in range(2, m + 1):
                total += here[keep - 1]
                if total < best[m - keep]:
                    best[m - keep] = total
                    place[m - keep] = scale * math.tan(middle)
                    fresh[m - keep] = True
        sorts += low.size
        cheapest = np.inf
        for k in range(n_k):
            cheapest = min(cheapest, best[k] + penalty * k)
        for k in range(n_k):
            if fresh[k] and penalty * k < cheapest + spare:
                theta, value, _ = polish(place[k], m - k, x, vx, y, vy, here)
                if value <= best[k]:
                    best[k], place[k] = value, theta
                fresh[k] = False
                cheapest = min(cheapest, best[k] + penalty * k)
        stay = np.zeros(low.size, dtype=np.bool_)
        widest = 0.0
        for i in range(low.size):
            fill_distances(math.cos(low[i]), scale * math.sin(low[i]), x, vx, y, vy, left)
            fill_distances(math.cos(high[i]), scale * math.sin(high[i]), x, vx, y, vy, here)
            for j in range(m):
                here[j] = 0.0 if low[i] < angle[j] < high[i] else min(here[j], left[j])
            here.sort()
            total = here[0]
            for keep in range(2, m + 1):
                total += here[keep - 1]
                k = m - keep
                if total < best[k] - tolerance and total + penalty * k < cheapest + spare:
                    stay[i] = True
                    widest = max(widest, best[k] - total)
        sorts += low.size
        n_stay = int(stay.sum())
        if n_stay == 0:
            break
        if sorts + 4 * n_stay > max_sorts or level == MAX_LEVELS - 1:
            gap = widest
            break
        middle_of = 0.5 * (low[stay] + high[stay])
        low, high = np.concatenate((low[stay], middle_of)), np.concatenate((middle_of, high[stay]))
    out = np.empty((3, n_k))
    for k in range(n_k):
        if m <= ALL or best[k] + penalty * k <= cheapest + spare:
            out[0, k], out[1, k], out[2, k] = polish(place[k], m - k, x, vx, y, vy, here)
        else:
            out[0, k], out[1, k], out[2, k] = place[k], best[k], np.inf
    return out, sorts, gap


@kernel
def descent_path(
    x: NDArray[np.float64],
    vx: NDArray[np.float64],
    y: NDArray[np.float64],
    vy: NDArray[np.float64],
    tolerance: float,
) -> NDArray[np.float64]:
    """Return where coordinate descent from an effect of 0 ends for every K: effect, Q, curvature of Q.

    It is what MRcML does without random starts: in turn the set of invalid variants, the true exposure effects
    (first 0) and the effect are set to their best, until the effect moves by no more than the tolerance.

    Parameters
    ----------
    x, vx, y, vy : numpy.ndarray, shape (n_variants,)
        As in :func:`fill_distances`; n_variants >= 2.
    tolerance : float
        In the unit of the effect.
    """
    m = x.size
    out = np.empty((3, m - 1))
    for k in range(m - 1):
        theta = 0.0
        truth = np.zeros(m)
        valid = np.ones(m, dtype=np.bool_)
        for _ in range(DESCENT_STEPS):
            before = theta
            order = np.argsort(-np.square(y - theta * truth) / vy, kind="mergesort")
            valid[:] = True
            valid[order[:k]] = False
            direct = np.where(valid, 0.0, y - theta * truth)
            truth = (x / vx + theta * (y - direct) / vy) / (1.0 / vx + theta * theta / vy)
            theta = np.sum((y - direct) * truth / vy) / np.sum(truth * truth / vy)
            if not abs(theta - before) > tolerance:
                break
        value = 0.0
        bend = 0.0
        for j in range(m):
            if valid[j]:
                value += (x[j] - truth[j]) ** 2 / vx[j] + (y[j] - theta * truth[j]) ** 2 / vy[j]
                lean = 2.0 * truth[j] * theta - y[j]
                bend += truth[j] ** 2 / vy[j] - lean * lean / (vy[j] * vy[j] / vx[j] + theta * theta * vy[j])
        out[0, k], out[1, k], out[2, k] = theta, value, 2.0 * bend
    return out


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
    """Return the paths of perturbed data, shape (n_draws, 3, n_variants - 1): effect, Q, curvature.

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
        Tolerance of :func:`descent_path`, which is used if this is above 0.
    key : numpy.uint64
        Stream.
    n_draws : int
        Draws.
    """
    m = size.shape[1]
    out = np.empty((n_draws, 3, m - 1))
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
