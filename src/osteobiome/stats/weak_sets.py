r"""Confidence sets that hold whatever the strength of the instruments, from summary data of two samples.

For an effect :math:`\beta` and variant j, with :math:`V_j = \sigma_{Yj}^2 + \beta^2\sigma_{Xj}^2`,

.. math:: S_j = \frac{\hat\Gamma_j - \beta\hat\gamma_j}{\sqrt{V_j}}, \qquad
          T_j = \frac{\beta\hat\Gamma_j\sigma_{Xj}^2 + \hat\gamma_j\sigma_{Yj}^2}{\sigma_{Xj}\sigma_{Yj}\sqrt{V_j}}

are independent with variance 1, and S has mean 0 if :math:`\beta` is the effect. As
:math:`S_j^2 + T_j^2 = \hat\gamma_j^2/\sigma_{Xj}^2 + \hat\Gamma_j^2/\sigma_{Yj}^2` does not depend on :math:`\beta`,
the pair is a vector of fixed length :math:`A_j` that turns: :math:`S_j = A_j\sin\alpha_j`,
:math:`T_j = A_j\cos\alpha_j`. The score of :math:`S^\top S` points along :math:`D_j = T_j\alpha_j'`, which depends on T
alone; where the ratio of the two standard errors is the same for all variants it is T itself. Sets are found on the
circle, where no effect is infinite, by halving intervals until bounds from slope and bend tell them inside or outside;
ends are then solved for.
(Wang & Kang 2022, doi:10.1111/biom.13524; direction: Kleibergen 2005, doi:10.1111/j.1468-0262.2005.00610.x)

Shape convention: one pair at a time, arrays are ``(n_variants,)``.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import optimize, special

from osteobiome.stats.jit import kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Margin = Callable[[float, float], float]

Statistic = Literal["anderson_rubin", "kleibergen", "conditional_likelihood_ratio"]
NODES, WEIGHTS = np.polynomial.legendre.leggauss(64)
FAR = 9.0
"""Standard deviations beyond which a normal or chi variable is not looked for: 1e-19."""
FINEST = 1e-3
"""Width of the narrowest interval that is halved, in units of the angle that changes a statistic by 1."""
MAX_INTERVALS = 200_000
MAX_STEPS = 5000
"""Steps of the search for an end: halving takes a thousand from the largest double to the smallest."""
SQRT_2PI = math.sqrt(2.0 * math.pi)


@kernel
def moments(
    z_x: NDArray[np.float64], z_y: NDArray[np.float64], k: NDArray[np.float64], ends: NDArray[np.float64]
) -> tuple[float, float, float, float, float]:
    """Return S'S, S'D and D'D at an angle, and the most that the slopes of the latter two can be on an interval.

    Parameters
    ----------
    z_x, z_y : numpy.ndarray, shape (n_variants,)
        Effects in units of their standard errors.
    k : numpy.ndarray, shape (n_variants,)
        Ratio of exposure and outcome error, times the effect at half a right angle.
    ends : numpy.ndarray, shape (n_ends, 2)
        Cosine and sine of the angle; in further rows those where the speed of a variant is least or greatest on the
        interval.
    """
    ss, sd, dd, bend, turn = 0.0, 0.0, 0.0, 0.0, 0.0
    c, s = ends[0]
    for j in range(z_x.size):
        across = k[j] * s
        square = c * c + across * across
        root = np.sqrt(square)
        one = (z_y[j] * c - z_x[j] * across) / root
        other = (z_y[j] * across + z_x[j] * c) / root
        speed = k[j] / square
        ss += one * one
        sd += one * other * speed
        dd += other * other * speed * speed
        slowest = square
        for i in range(1, ends.shape[0]):
            slowest = min(slowest, ends[i, 0] ** 2 + (k[j] * ends[i, 1]) ** 2)
        fastest = k[j] / slowest
        change = fastest * abs(k[j] * k[j] - 1.0) / slowest
        length = one * one + other * other
        bend += length * (fastest * fastest + 0.5 * change)
        turn += length * fastest * (fastest * fastest + 2.0 * change)
    return ss, abs(sd), dd, bend, turn


@dataclass(frozen=True, slots=True)
class Turning:
    r"""A pair as vectors that turn with the effect.

    Parameters
    ----------
    z_x, z_y, k : numpy.ndarray, shape (n_variants,)
        Effects in units of their standard errors; ratio of exposure and outcome error in units of its median.
    scale : float
        Effect that is half a right angle from 0: the median of the ratios of outcome and exposure error.
    total : float
        Sum of squared lengths, the most that S'S can be.
    """

    z_x: NDArray[np.float64]
    z_y: NDArray[np.float64]
    k: NDArray[np.float64]
    scale: float
    total: float

    @classmethod
    def of(
        cls, *, x: NDArray[np.float64], se_x: NDArray[np.float64], y: NDArray[np.float64], se_y: NDArray[np.float64]
    ) -> Turning:
        """Return the vectors of a pair.

        Parameters
        ----------
        x, se_x, y, se_y : numpy.ndarray, shape (n_variants,)
            Effects on exposure and outcome, and their standard errors.
        """
        ratio = se_x / se_y
        scale = 1.0 / float(np.median(ratio))
        z_x, z_y = x / se_x, y / se_y
        return cls(z_x, z_y, ratio * scale, scale, float(z_x @ z_x + z_y @ z_y))

    def sums(self, effect: float) -> tuple[float, float]:
        """Return S'S and (S'D)²/D'D at an effect, which may be infinite."""
        if math.isinf(effect):
            c, s = 0.0, math.copysign(1.0, effect)
        else:
            tangent = effect / self.scale
            c = 1.0 / math.hypot(1.0, tangent)
            s = tangent * c
        ss, sd, dd = moments(self.z_x, self.z_y, self.k, np.array([[c, s]]))[:3]
        return ss, min(sd * sd / dd, ss) if dd > 0.0 else 0.0

    def effect(self, angle: float) -> float:
        """Return the effect at an angle from -pi/2 to pi/2; infinite at the ends."""
        if abs(angle) >= 0.5 * math.pi:
            return math.copysign(math.inf, angle)
        return self.scale * math.tan(angle)

    def bounds(self, low: float, high: float) -> Bounds:
        """Return what S'S and (S'D)²/D'D can be on an interval of angles."""
        middle, half = 0.5 * (low + high), 0.5 * (high - low)
        angles = [middle, low, high, *([0.0] if low < 0.0 < high else [])]
        ends = np.array([(math.cos(angle), math.sin(angle)) for angle in angles])
        ss, sd, dd, bend, turn = moments(self.z_x, self.z_y, self.k, ends)
        reach = 2.0 * half * sd + half * half * bend
        ss_high = min(ss + reach, self.total)
        least, most = max(sd - half * bend, 0.0), sd + half * bend
        narrow, wide = dd - half * turn, dd + half * turn
        return Bounds(
            max(ss - reach, 0.0),
            ss_high,
            least * least / wide if wide > 0.0 else 0.0,
            min(most * most / narrow, ss_high) if narrow > 0.0 else ss_high,
        )


@dataclass(frozen=True, slots=True)
class Bounds:
    """Range of S'S and of (S'D)²/D'D."""

    ss_low: float
    ss_high: float
    k_low: float
    k_high: float


def likelihood_ratio(ss: float, score: float, total: float) -> float:
    """Return the likelihood ratio statistic from S'S, (S'D)²/D'D and S'S + T'T."""
    gap, product = total - 2.0 * ss, 4.0 * max(total - ss, 0.0) * score
    root = math.sqrt(gap * gap + product)
    return 0.5 * product / (root + gap) if gap > 0.0 else 0.5 * (root - gap)


def conditional_p(statistic: float, tt: float, n_variants: int) -> float:
    r"""Return the p value of the likelihood ratio given T'T.

    Parameters
    ----------
    statistic : float
        Likelihood ratio m, >= 0.
    tt : float
        T'T, >= 0.
    n_variants : int
        Length of S and T.

    Notes
    -----
    With z the part of S along D, the ratio is at most m where the squares of the rest, chi-squared with n - 1 degrees
    of freedom, are at most :math:`(m + T'T)(1 - z^2/m)`. The integral over z is taken by Gauss' rule in the angle
    :math:`\arccos(z/\sqrt m)`, in pieces between the places where an integrand this smooth begins and ends. (Moreira
    2003, doi:10.1111/1468-0262.00438; Andrews, Moreira & Stock 2007, doi:10.1016/j.jeconom.2006.10.004)

    Examples
    --------
    >>> round(conditional_p(3.841458820694124, 1e9, 20), 6), round(conditional_p(31.410432844230918, 0.0, 20), 6)
    (0.05, 0.05)
    """
    m, df = statistic, n_variants - 1
    if m <= 0.0:
        return 1.0
    beyond = float(special.erfc(math.sqrt(0.5 * m)))
    if df == 0:
        return beyond
    whole = m + tt
    # of the rest, begin and end of its fall, and the end of what small p can be made of; of z, where it is likely
    lengths = [max(0.0, math.sqrt(df) - FAR), math.sqrt(df) + FAR, math.sqrt(df) + FAR + math.sqrt(m)]
    edges = {0.0} | {math.asin(min(1.0, length / math.sqrt(whole))) for length in lengths}
    edges.add(min(max(edges), math.acos(min(1.0, FAR / math.sqrt(m)))))
    places = sorted(edges)
    total = 0.0
    for low, high in itertools.pairwise(places):
        angle = 0.5 * (high + low) + 0.5 * (high - low) * NODES
        sine = np.sin(angle)
        inside = np.exp(-0.5 * m * np.square(np.cos(angle))) * special.gammaincc(
            0.5 * df, 0.5 * whole * np.square(sine)
        )
        total += 0.5 * (high - low) * float(WEIGHTS @ (inside * sine))
    return min(1.0, beyond + 2.0 * math.sqrt(m) / SQRT_2PI * total)


def _margins(
    data: Turning, statistic: Statistic, alpha: float
) -> tuple[Margin, Callable[[Bounds], tuple[float, float]]]:
    """Return the margin by which S'S and (S'D)²/D'D are inside a set, and its range under bounds."""
    n, total = data.z_x.size, data.total
    if statistic == "conditional_likelihood_ratio":

        def p(ss: float, score: float, tt: float) -> float:
            return conditional_p(likelihood_ratio(ss, score, total), max(tt, 0.0), n) - alpha

        def ranged(b: Bounds) -> tuple[float, float]:
            # p falls with the ratio, which grows with both, and with T'T
            high = p(b.ss_low, min(b.k_low, b.ss_low), total - b.ss_high)
            return (p(b.ss_high, b.k_high, total - b.ss_low), high) if high > 0.0 else (high, high)

        return (lambda ss, score: p(ss, score, total - ss)), ranged
    if statistic == "kleibergen":
        limit = float(special.chdtri(1.0, alpha))
        return (lambda _, score: limit - score), (lambda b: (limit - b.k_high, limit - b.k_low))
    limit = float(special.chdtri(float(n), alpha))
    return (lambda ss, _: limit - ss), (lambda b: (limit - b.ss_high, limit - b.ss_low))


def confidence_set(data: Turning, *, statistic: Statistic, level: float) -> tuple[tuple[float, float], ...]:
    """Return the effects that a test does not reject, as disjoint intervals in ascending order.

    Parameters
    ----------
    data : Turning
        One pair.
    statistic : {"anderson_rubin", "kleibergen", "conditional_likelihood_ratio"}
        Which test.
    level : float
        Coverage.

    Returns
    -------
    tuple of (float, float)
        Empty if every effect is rejected; ends may be infinite.
    """
    margin, ranged = _margins(data, statistic, 1.0 - level)

    def at(effect: float) -> float:
        return margin(*data.sums(effect))

    finest = FINEST / math.sqrt(max(1.0, data.total))
    quarter = 0.25 * math.pi
    waiting = [(i * quarter, (i + 1) * quarter) for i in (-2, -1, 0, 1)]
    crossings = []
    for _ in range(MAX_INTERVALS):
        if not waiting:
            break
        low, high = waiting.pop()
        worst, best = ranged(data.bounds(low, high))
        if worst > 0.0 or best < 0.0:
            continue
        if high - low > finest:
            middle = 0.5 * (low + high)
            waiting += [(low, middle), (middle, high)]
            continue
        a, b = data.effect(low), data.effect(high)
        if (at(a) >= 0.0) != (at(b) >= 0.0):
            crossings.append(_crossing(at, a, b))
    crossings.sort()
    inside = at(math.inf) >= 0.0
    ends = [-math.inf, *crossings, math.inf] if inside else crossings
    return tuple(zip(ends[::2], ends[1::2], strict=True))


def _crossing(at: Callable[[float], float], low: float, high: float) -> float:
    """Return where a margin changes its sign; next to infinity in terms of the reciprocal of the effect."""
    tiny = np.finfo(float).tiny
    if math.isinf(low) or math.isinf(high):
        far = math.copysign(math.inf, low + high)

        def of_reciprocal(u: float) -> float:
            return at(far if u == 0.0 else 1.0 / u)

        start, stop = (0.0, 1.0 / high) if math.isinf(low) else (1.0 / low, 0.0)
        u = float(optimize.brentq(of_reciprocal, start, stop, xtol=tiny, maxiter=MAX_STEPS))
        return far if u == 0.0 else 1.0 / u
    return float(optimize.brentq(at, low, high, xtol=tiny, maxiter=MAX_STEPS))
