"""Profile score of a ratio of effects that are both measured with error: losses, global search, overdispersion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import optimize

from osteobiome.stats.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

Loss = Literal["l2", "huber", "tukey"]
Effects = tuple["NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.float64]"]
"""Exposure effects, their errors, outcome effects, their errors."""
LOSSES: tuple[Loss, ...] = ("l2", "huber", "tukey")
TUNING = {"l2": math.inf, "huber": 1.345, "tukey": 4.685}
"""Tuning constants of 95 % efficiency for normal errors (Huber 1964, doi:10.1214/aoms/1177703732; Beaton & Tukey 1974,
doi:10.1080/00401706.1974.10489171)."""
GRID = 720
"""Slopes that are tried, spread over the circle."""
MOST_RATIOS = 500
"""Ratios of single variants that are tried too: Tukey's loss may fall nowhere but near some."""
FIRST_STEP = 1e-12
"""Angle by which the way down from a start begins, in radians."""
MAX_STEPS = 300
DAMPED_AFTER = 100
TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Moments:
    r"""What a loss is on average, for a standard normal Z.

    Parameters
    ----------
    slope, square, spread, bend : float
        :math:`E[Z\psi(Z)]`, :math:`E[\psi(Z)^2]`, the variance of :math:`Z\psi(Z)` and :math:`E[Z^2\psi'(Z)]`.
    """

    slope: float
    square: float
    spread: float
    bend: float


def loss_moments(loss: Loss) -> Moments:
    r"""Return the moments of a loss, in closed form.

    Parameters
    ----------
    loss : {"l2", "huber", "tukey"}
        Squares; Huber's function with 1.345; Tukey's biweight with 4.685, scaled to rise to 1.

    Examples
    --------
    >>> loss_moments("l2")
    Moments(slope=1.0, square=1.0, spread=2.0, bend=1.0)
    >>> round(loss_moments("huber").slope, 6)
    0.821375
    """
    if loss == "l2":
        return Moments(1.0, 1.0, 2.0, 1.0)
    k = TUNING[loss]
    inside = _truncated(k)
    if loss == "huber":
        outside = 1.0 - inside[0]
        slope = inside[0]
        square = inside[2] + k * k * outside
        fourth = inside[4] + k * k * (1.0 - inside[2])
        return Moments(slope, square, fourth - slope**2, inside[2])
    c = 6.0 / k**2  # psi = c z (1 - z²/k²)²
    u = [(-1.0) ** j * math.comb(2, j) / k ** (2 * j) for j in range(3)]
    v = [(-1.0) ** j * math.comb(4, j) / k ** (2 * j) for j in range(5)]
    slope = c * sum(u[j] * inside[2 + 2 * j] for j in range(3))
    square = c * c * sum(v[j] * inside[2 + 2 * j] for j in range(5))
    fourth = c * c * sum(v[j] * inside[4 + 2 * j] for j in range(5))
    bend = c * (inside[2] - 6.0 * inside[4] / k**2 + 5.0 * inside[6] / k**4)
    return Moments(slope, square, fourth - slope**2, bend)


def _truncated(k: float) -> list[float]:
    """Return the integrals of z^j over (-k, k) under the standard normal density; those of odd j are 0."""
    density = math.exp(-0.5 * k * k) / math.sqrt(2.0 * math.pi)
    moments = [math.erf(k / math.sqrt(2.0))] + [0.0] * 13
    for j in range(2, 14, 2):
        moments[j] = (j - 1) * moments[j - 2] - 2.0 * k ** (j - 1) * density
    return moments


@kernel
def _psi(t: float, loss: int, k: float) -> float:
    if loss == 0:
        return t
    if loss == 1:
        return min(max(t, -k), k)
    inside = 1.0 - (t / k) ** 2
    return 6.0 * t / k**2 * inside * inside if inside > 0.0 else 0.0


@kernel
def _rho(t: float, loss: int, k: float) -> float:
    if loss == 0:
        return 0.5 * t * t
    if loss == 1:
        size = abs(t)
        return 0.5 * t * t if size <= k else k * (size - 0.5 * k)
    inside = 1.0 - (t / k) ** 2
    return 1.0 - inside**3 if inside > 0.0 else 1.0


@kernel
def profile_loss(
    x: NDArray[np.float64],
    sx: NDArray[np.float64],
    y: NDArray[np.float64],
    sy: NDArray[np.float64],
    tau2: float,
    slope: float,
    loss: int,
    k: float,
    psi: float,
) -> tuple[float, float]:
    r"""Return the loss of a slope and its derivative.

    Parameters
    ----------
    x, sx, y, sy : numpy.ndarray, shape (n_variants,)
        Exposure effects with errors, outcome effects with errors.
    tau2 : float
        Variance of direct effects, squared unit of the outcome.
    slope : float
        Outcome units per exposure unit.
    loss : int
        Place in ``LOSSES``.
    k : float
        Tuning constant.
    psi : float
        Correlation of the sampling errors.

    Returns
    -------
    total, derivative : float
        :math:`\sum_j\rho(t_j)`, :math:`t_j = (y_j - \theta x_j)/\sqrt{\sigma_{Yj}^2 + \tau^2 + \theta^2\sigma_{Xj}^2 -
        2\theta\psi\sigma_{Xj}\sigma_{Yj}}`, and its derivative by :math:`\theta`.
    """
    total = 0.0
    derivative = 0.0
    for j in range(x.shape[0]):
        v = sy[j] * sy[j] + tau2 + slope * slope * sx[j] * sx[j] - 2.0 * slope * psi * sx[j] * sy[j]
        s = np.sqrt(v)
        r = y[j] - slope * x[j]
        t = r / s
        total += _rho(t, loss, k)
        derivative -= _psi(t, loss, k) * (x[j] / s + t * (slope * sx[j] * sx[j] - psi * sx[j] * sy[j]) / v)
    return total, derivative


@kernel
def _descended(
    x: NDArray[np.float64],
    sx: NDArray[np.float64],
    y: NDArray[np.float64],
    sy: NDArray[np.float64],
    tau2: float,
    loss: int,
    k: float,
    psi: float,
    start: float,
) -> float:
    """Return the angle of the minimum on the way down from a start: doubling steps, then the root of the derivative."""
    rises = profile_loss(x, sx, y, sy, tau2, np.tan(start), loss, k, psi)[1]
    if rises == 0.0:
        return start
    direction = -1.0 if rises > 0.0 else 1.0
    inside = start
    width = FIRST_STEP
    while True:
        outside = inside + direction * width
        if abs(outside) >= 0.5 * np.pi:
            return start
        if direction * profile_loss(x, sx, y, sy, tau2, np.tan(outside), loss, k, psi)[1] > 0.0:
            break
        inside = outside
        width = min(2.0 * width, np.pi / GRID)
    low = min(inside, outside)
    high = max(inside, outside)
    for _ in range(60):
        middle = 0.5 * (low + high)
        if profile_loss(x, sx, y, sy, tau2, np.tan(middle), loss, k, psi)[1] > 0.0:
            high = middle
        else:
            low = middle
    return 0.5 * (low + high)


@kernel
def _golden(
    x: NDArray[np.float64],
    sx: NDArray[np.float64],
    y: NDArray[np.float64],
    sy: NDArray[np.float64],
    tau2: float,
    loss: int,
    k: float,
    psi: float,
    centre: float,
) -> float:
    """Return the angle of least loss within a step of the grid about a centre, by golden section."""
    golden = 0.6180339887498949
    low = centre - np.pi / GRID
    high = centre + np.pi / GRID
    left = high - golden * (high - low)
    right = low + golden * (high - low)
    at_left = profile_loss(x, sx, y, sy, tau2, np.tan(left), loss, k, psi)[0]
    at_right = profile_loss(x, sx, y, sy, tau2, np.tan(right), loss, k, psi)[0]
    for _ in range(30):
        if at_left <= at_right:
            high = right
            right = left
            at_right = at_left
            left = high - golden * (high - low)
            at_left = profile_loss(x, sx, y, sy, tau2, np.tan(left), loss, k, psi)[0]
        else:
            low = left
            left = right
            at_left = at_right
            right = low + golden * (high - low)
            at_right = profile_loss(x, sx, y, sy, tau2, np.tan(right), loss, k, psi)[0]
    return 0.5 * (low + high)


@kernel
def _lowest_angle(
    x: NDArray[np.float64],
    sx: NDArray[np.float64],
    y: NDArray[np.float64],
    sy: NDArray[np.float64],
    tau2: float,
    loss: int,
    k: float,
    psi: float,
    starts: NDArray[np.float64],
    grid: int,
) -> tuple[float, float]:
    """Return the angle of least loss and that loss: the way down from the best of a grid and from the best start."""
    best = starts[0]
    lowest = np.inf
    for i in range(grid):
        angle = -0.5 * np.pi + (i + 0.5) * np.pi / grid
        value = profile_loss(x, sx, y, sy, tau2, np.tan(angle), loss, k, psi)[0]
        if value < lowest:
            lowest = value
            best = angle
    first = starts[0]
    at_first = np.inf
    for start in starts:
        value = profile_loss(x, sx, y, sy, tau2, np.tan(start), loss, k, psi)[0]
        if value < at_first:
            at_first = value
            first = start
    found = first
    at_found = np.inf
    for place in (first, _golden(x, sx, y, sy, tau2, loss, k, psi, first), best,
                  _golden(x, sx, y, sy, tau2, loss, k, psi, best)):  # fmt: skip
        end = _descended(x, sx, y, sy, tau2, loss, k, psi, place)
        value = profile_loss(x, sx, y, sy, tau2, np.tan(end), loss, k, psi)[0]
        if value < at_found:
            at_found = value
            found = end
    return found, at_found


def lowest_slope(
    data: Effects, *, tau2: float = 0.0, loss: Loss = "l2", psi: float = 0.0, near: float = math.nan
) -> tuple[float, float]:
    """Return the slope of least loss over the whole circle of slopes, and that loss.

    Parameters
    ----------
    data : tuple of numpy.ndarray, each of shape (n_variants,)
        Exposure effects, their errors, outcome effects, their errors.
    tau2, psi : float
        As in :func:`profile_loss`.
    loss : {"l2", "huber", "tukey"}
        Which loss.
    near : float
        A slope to begin at; only slopes about it are searched. NaN searches all.

    Notes
    -----
    The loss is seen at 720 slopes spread evenly over the circle and at up to 500 ratios of single variants, near which
    a loss that levels off must fall; from the best of either the way leads down to a minimum, and the lower counts.

    Examples
    --------
    >>> x, y = np.array([0.1, 0.2, 0.3]), np.array([0.05, 0.1, 0.15])
    >>> slope, loss = lowest_slope((x, np.full(3, 0.01), y, np.full(3, 0.01)))
    >>> round(slope, 9), round(loss, 9)
    (0.5, 0.0)
    """
    x, sx, y, sy = data
    # errors alike in both coordinates on average: the angle is measured in units of scale
    scale = float(np.exp(np.mean(np.log(sy)) - np.mean(np.log(sx))))
    if math.isnan(near):
        ratios = np.sort(np.arctan(y[x != 0.0] / x[x != 0.0] / scale))
        some = np.unique(np.linspace(0, ratios.size - 1, min(ratios.size, MOST_RATIOS)).astype(np.int64))
        starts, grid = (ratios[some], GRID) if ratios.size else (np.zeros(1), GRID)
    else:
        starts, grid = np.array([math.atan(near / scale)]), 0
    angle, value = _lowest_angle(
        x * scale, sx * scale, y, sy, tau2, LOSSES.index(loss), TUNING[loss], psi, starts, grid
    )
    return float(np.tan(angle)) * scale, value


def profile_curvature(data: Effects, *, slope: float, psi: float = 0.0) -> float:
    """Return the second derivative of the loss of squares by the slope: minus that of the profile log likelihood.

    Parameters
    ----------
    data : tuple of numpy.ndarray, each of shape (n_variants,)
        Exposure effects, their errors, outcome effects, their errors.
    slope, psi : float
        As in :func:`profile_loss`.
    """
    x, sx, y, sy = data
    d, cross = np.square(sx), psi * sx * sy
    v = np.square(sy) + slope * slope * d - 2.0 * slope * cross
    dv, r = 2.0 * (slope * d - cross), y - slope * x
    return float(np.sum(x**2 / v + 2.0 * r * x * dv / v**2 + r**2 * dv**2 / v**3 - r**2 * d / v**2))


def scatter_score(data: Effects, *, slope: float, tau2: float, loss: Loss, alike: bool = False) -> float:
    r"""Return the equation of the overdispersion: above 0 where :math:`\tau^2` is too small.

    :math:`\sum_j w_j (t_j\psi(t_j) - E[Z\psi(Z)]) / v_j` with :math:`w_j = \sigma_{Xj}^2`, or 1 if ``alike``.
    """
    x, sx, y, sy = data
    v = np.square(sy) + tau2 + np.square(slope * sx)
    t = (y - slope * x) / np.sqrt(v)
    k = TUNING[loss]
    if loss == "l2":
        pull = t * t
    elif loss == "huber":
        pull = t * np.clip(t, -k, k)
    else:
        inside = np.maximum(1.0 - np.square(t / k), 0.0)
        pull = 6.0 * np.square(t / k) * np.square(inside)
    weight = 1.0 if alike else np.square(sx)
    return float(np.sum(weight * (pull - loss_moments(loss).slope) / v))


def scatter_at(data: Effects, *, slope: float, loss: Loss, alike: bool = False) -> float:
    """Return the smallest overdispersion that solves its equation; 0 if there is none to be seen."""

    def score(tau2: float) -> float:
        return scatter_score(data, slope=slope, tau2=tau2, loss=loss, alike=alike)

    if score(0.0) <= 0.0:
        return 0.0
    x, _, y, sy = data
    largest = 4.0 * float(np.max(np.square(y - slope * x)) + np.max(np.square(sy)))
    smallest = 1e-8 * float(np.min(np.square(sy)))
    if not (smallest > 0.0 and math.isfinite(largest)):
        return math.nan
    steps = np.geomspace(smallest, largest, 200)
    before = 0.0
    for tau2 in steps.tolist():
        if score(tau2) <= 0.0:
            return float(optimize.brentq(score, before, tau2, xtol=1e-300, rtol=1e-14))
        before = tau2
    return math.nan


def solve_with_scatter(data: Effects, *, loss: Loss, alike: bool = False) -> tuple[float, float, bool]:
    """Return slope and overdispersion that solve their two equations together, and whether they were found.

    Parameters
    ----------
    data : tuple of numpy.ndarray, each of shape (n_variants,)
        Exposure effects, their errors, outcome effects, their errors.
    loss : {"l2", "huber", "tukey"}
        Which loss.
    alike : bool
        Whether all variants count alike in the equation of the overdispersion; as in :func:`scatter_score`.

    Notes
    -----
    The slope is the one of least loss on the whole circle at the current overdispersion, this the smallest root of its
    equation at the current slope, in turn until both stand still to 1e-12; steps are halved after a hundred.
    """
    slope, _ = lowest_slope(data, loss=loss)
    tau2 = 0.0
    unit = float(np.median(np.square(data[3])))
    scale = 1e-3 * float(np.median(data[3]) / np.median(data[1]))
    for step in range(MAX_STEPS):
        new = scatter_at(data, slope=slope, loss=loss, alike=alike)
        if math.isnan(new):
            return slope, new, False
        if step >= DAMPED_AFTER:
            new = 0.5 * (new + tau2)
        better, value = lowest_slope(data, tau2=new, loss=loss, near=slope)
        still = abs(better - slope) <= TOLERANCE * max(abs(better), scale) and abs(new - tau2) <= TOLERANCE * unit
        slope, tau2 = better, new
        if still:
            other, lowest = lowest_slope(data, tau2=tau2, loss=loss)
            if lowest >= value - TOLERANCE * abs(value):
                return slope, tau2, True
            slope = other
    return slope, tau2, False
