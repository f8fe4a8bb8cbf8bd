r"""Confidence sets that hold whatever the strength of the instruments, from summary data of two samples.

For an effect :math:`\beta` and variant j, with :math:`V_j = \sigma_{Yj}^2 + \beta^2\sigma_{Xj}^2`,

.. math:: S_j = \frac{\hat\Gamma_j - \beta\hat\gamma_j}{\sqrt{V_j}}, \qquad
          T_j = \frac{\beta\hat\Gamma_j\sigma_{Xj}^2 + \hat\gamma_j\sigma_{Yj}^2}{\sigma_{Xj}\sigma_{Yj}\sqrt{V_j}}

are independent with variance 1, and S has mean 0 if :math:`\beta` is the effect. As
:math:`S_j^2 + T_j^2 = \hat\gamma_j^2/\sigma_{Xj}^2 + \hat\Gamma_j^2/\sigma_{Yj}^2` does not depend on :math:`\beta`,
the pair is a vector of fixed length :math:`A_j` that turns: :math:`S_j = A_j\sin\alpha_j`,
:math:`T_j = A_j\cos\alpha_j`. The score of :math:`S^\top S` points along :math:`D_j = T_j\alpha_j'`, which depends on T
alone; where the ratio of the two standard errors is the same for all variants it is T itself. Sets are found on the
circle, where no effect is infinite, by halving arcs until bounds tell them inside or outside; ends are then solved for.
Each variant turns one way only, so on an arc its S, T and speed have ranges that are known exactly: bounds on sums of
them keep their relative precision where T of a variant that dominates vanishes, and halvings grow with the logarithm of
the spread of standard errors, not with the spread.
(Wang & Kang 2022, doi:10.1111/biom.13524; direction: Kleibergen 2005, doi:10.1111/j.1468-0262.2005.00610.x)

Shape convention: one pair at a time, arrays are ``(n_variants,)``.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field, replace
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
"""Way of the vector S on the narrowest arc that is halved, in standard deviations."""
FINEST_SCORE = 1e-2
"""Range of its part along D on that arc: D may turn round where S stands nearly still."""
ROUNDING = 1e-30
"""D'D, as a share of what it is with T as long as S and T together, below which it is rounding error."""
MAX_ARCS = 20_000
MAX_WORK = 2e8
"""Variants looked at for one set, all arcs together: a few seconds."""
MIN_ARCS = 500
MOST_TOTAL = 1e24
"""S'S + T'T beyond which rounding moves S by a thousandth: sets are then lost between two doubles."""
MOST_RATIO = 1e50
"""Spread of the ratio of standard errors beyond which sums leave the range of doubles."""
MAX_STEPS = 5000
"""Steps of the search for an end: halving takes a thousand from the largest double to the smallest."""
SQRT_2PI = math.sqrt(2.0 * math.pi)


@kernel
def moments(
    z_x: NDArray[np.float64], z_y: NDArray[np.float64], k: NDArray[np.float64], c: float, s: float
) -> tuple[float, float]:
    """Return S'S and (S'D)²/D'D at an angle.

    Parameters
    ----------
    z_x, z_y : numpy.ndarray, shape (n_variants,)
        Effects in units of their standard errors.
    k : numpy.ndarray, shape (n_variants,)
        Ratio of exposure and outcome error, times the effect at half a right angle.
    c, s : float
        Cosine and sine of the angle.

    Notes
    -----
    Where T of all variants vanishes together, D is rounding error. The second number is then its limit, in which D has
    the direction that it takes next to that angle, along S times the squared speed.
    """
    ss, sd, dd, rate, limit_sd, limit_dd = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for j in range(z_x.size):
        across = k[j] * s
        square = c * c + across * across
        root = np.sqrt(square)
        one = (z_y[j] * c - z_x[j] * across) / root
        other = (z_y[j] * across + z_x[j] * c) / root
        fast = (k[j] / square) ** 2
        ss += one * one
        sd += one * other * k[j] / square
        dd += other * other * fast
        rate += (one * one + other * other) * fast
        limit_sd += one * one * fast
        limit_dd += one * one * fast * fast
    score = 0.0
    if dd > ROUNDING * rate:
        score = sd * sd / dd
    elif limit_dd > 0.0:
        score = limit_sd * limit_sd / limit_dd
    return ss, min(score, ss)


@kernel
def ranges(
    z_x: NDArray[np.float64],
    z_y: NDArray[np.float64],
    k: NDArray[np.float64],
    ends: NDArray[np.float64],
    half: float,
) -> tuple[float, float, float, float, float, float, float]:
    """Return what S'S, S'D and D'D can be on an arc, each as least and most, and how fast the arc is passed.

    Parameters
    ----------
    z_x, z_y : numpy.ndarray, shape (n_variants,)
        Effects in units of their standard errors.
    k : numpy.ndarray, shape (n_variants,)
        Ratio of exposure and outcome error, times the effect at half a right angle.
    ends : numpy.ndarray, shape (3, 2)
        Cosine and sine of the two ends and of the middle of an arc that does not cross a multiple of a right angle.
    half : float
        Half of its length.

    Notes
    -----
    The last number is the largest sum of squared lengths times squared speeds: times the squared length of the arc, it
    is the square of the way that the vector S can go.
    """
    ss_low, ss_high, sd_low, sd_high, dd_low, dd_high = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    middle_ss, middle_sd, bend, rate = 0.0, 0.0, 0.0, 0.0
    one, other, square = np.empty(3), np.empty(3), np.empty(3)
    for j in range(z_x.size):
        for i in range(3):
            c, across = ends[i, 0], k[j] * ends[i, 1]
            square[i] = c * c + across * across
            root = np.sqrt(square[i])
            one[i] = (z_y[j] * c - z_x[j] * across) / root
            other[i] = (z_y[j] * across + z_x[j] * c) / root
        length = one[2] * one[2] + other[2] * other[2]
        slow, fast = k[j] / max(square[0], square[1]), k[j] / min(square[0], square[1])
        # a component is 0, and the other one largest, where its sign changes
        s_least = 0.0 if one[0] * one[1] <= 0.0 else min(one[0] * one[0], one[1] * one[1])
        s_most = length if other[0] * other[1] <= 0.0 else max(one[0] * one[0], one[1] * one[1])
        t_least = 0.0 if other[0] * other[1] <= 0.0 else min(other[0] * other[0], other[1] * other[1])
        t_most = length if one[0] * one[1] <= 0.0 else max(other[0] * other[0], other[1] * other[1])
        ss_low += s_least
        ss_high += s_most
        dd_low += t_least * slow * slow
        dd_high += t_most * fast * fast
        # S T is half the squared length times the sine of twice the angle
        first, last = one[0] * other[0], one[1] * other[1]
        p_least, p_most = min(first, last), max(first, last)
        if ends[0, 0] * ends[1, 0] + k[j] * k[j] * ends[0, 1] * ends[1, 1] <= 0.0 or (
            one[0] * one[1] + other[0] * other[1] <= 0.0
        ):
            p_least, p_most = -0.5 * length, 0.5 * length  # turned by a right angle or more
        elif (one[0] * one[0] - other[0] * other[0]) * (one[1] * one[1] - other[1] * other[1]) <= 0.0:
            if first + last >= 0.0:
                p_most = 0.5 * length
            if first + last <= 0.0:
                p_least = -0.5 * length
        sd_low += p_least * (fast if p_least < 0.0 else slow)
        sd_high += p_most * (fast if p_most > 0.0 else slow)
        # second order: half the second derivative of S'S is at most this
        middle_ss += one[2] * one[2]
        middle_sd += one[2] * other[2] * k[j] / square[2]
        bend += length * fast * (fast + 0.5 * abs(k[j] * k[j] - 1.0) * fast / k[j])
        rate += length * fast * fast
    reach = 2.0 * half * abs(middle_sd) + half * half * bend
    return (
        max(ss_low, middle_ss - reach),
        min(ss_high, middle_ss + reach),
        sd_low,
        sd_high,
        dd_low,
        dd_high,
        rate,
    )


@dataclass(frozen=True, slots=True)
class Arc:
    """Angles on one side of 0, counted from the effect of 0 or from that without limit, so that none loses digits.

    Parameters
    ----------
    start, stop : float
        Angles from 0 to a quarter of pi, in the order of ascending effects; ``start`` is the larger where angles
        count towards the origin.
    sign : float
        1 or -1, that of the effects.
    from_infinity : bool
        Whether angles are those from the effect without limit.
    """

    start: float
    stop: float
    sign: float
    from_infinity: bool

    @property
    def middle(self) -> float:
        """Angle half-way."""
        return 0.5 * (self.start + self.stop)

    @property
    def half(self) -> float:
        """Half of the length."""
        return 0.5 * abs(self.stop - self.start)

    def place(self, angle: float) -> tuple[float, float]:
        """Return cosine and sine."""
        near, across = math.cos(angle), math.sin(angle)
        return (across, self.sign * near) if self.from_infinity else (near, self.sign * across)

    def halves(self) -> tuple[Arc, Arc]:
        """Return the two halves, that with the smaller effects first."""
        return replace(self, stop=self.middle), replace(self, start=self.middle)

    @property
    def is_point(self) -> bool:
        """Whether no double lies between the ends."""
        return self.middle in (self.start, self.stop)


QUARTER = 0.25 * math.pi
CIRCLE = (Arc(0.0, QUARTER, -1.0, True), Arc(QUARTER, 0.0, -1.0, False), Arc(0.0, QUARTER, 1.0, False),
          Arc(QUARTER, 0.0, 1.0, True))  # fmt: skip
"""All effects, from minus to plus infinity."""


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

    @property
    def is_usable(self) -> bool:
        """Whether doubles can hold what sets are worked out from."""
        if not (math.isfinite(self.total) and 0.0 < self.scale < math.inf):
            return False
        slow, fast = float(self.k.min()), float(self.k.max())
        # written so that what is not a number is not usable
        return self.total <= MOST_TOTAL and slow >= 1.0 / MOST_RATIO and fast <= MOST_RATIO

    def sums(self, effect: float) -> tuple[float, float]:
        """Return S'S and (S'D)²/D'D at an effect, which may be infinite."""
        if math.isinf(effect):
            c, s = 0.0, math.copysign(1.0, effect)
        else:
            tangent = effect / self.scale
            c = 1.0 / math.hypot(1.0, tangent)
            s = tangent * c
        ss, score = moments(self.z_x, self.z_y, self.k, c, s)
        return ss, score

    def effect(self, arc: Arc, angle: float) -> float:
        """Return the effect at an angle of an arc; infinite where it is 0 from infinity."""
        if not arc.from_infinity:
            return arc.sign * self.scale * math.tan(angle)
        return arc.sign * (self.scale / math.tan(angle) if angle > 0.0 else math.inf)

    def bounds(self, arc: Arc) -> Bounds:
        """Return what S'S and (S'D)²/D'D can be on an arc."""
        ends = np.array([arc.place(angle) for angle in (arc.start, arc.stop, arc.middle)])
        ss_low, ss_high, low, high, dd_low, dd_high, rate = ranges(self.z_x, self.z_y, self.k, ends, arc.half)
        ss_high = min(ss_high, self.total)
        least = 0.0 if low <= 0.0 <= high else min(low * low, high * high)
        most = max(low * low, high * high)
        return Bounds(
            ss_low,
            ss_high,
            min(least / dd_high, ss_low) if dd_high > 0.0 else 0.0,
            min(most / dd_low, ss_high) if dd_low > 0.0 else ss_high,
            2.0 * arc.half * math.sqrt(rate),
            dd_high > ROUNDING * rate,
        )


@dataclass(frozen=True, slots=True)
class Bounds:
    """Range of S'S and of (S'D)²/D'D on an arc, the way that S can go there, and whether D is more than rounding."""

    ss_low: float
    ss_high: float
    k_low: float
    k_high: float
    way: float
    has_direction: bool

    def is_fine(self, statistic: Statistic) -> bool:
        """Whether a statistic changes so little that its values at the ends tell the arc."""
        if statistic == "anderson_rubin" or not self.has_direction:
            return self.way <= FINEST
        return self.way <= FINEST and math.sqrt(self.k_high) - math.sqrt(self.k_low) <= FINEST_SCORE


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


@dataclass(slots=True)
class _Pieces:
    """Intervals of effects that are put together from left to right."""

    parts: list[tuple[float, float]] = field(default_factory=list)
    start: float | None = None

    def at(self, effect: float, *, inside: bool) -> None:
        """Say that the set goes on, or not, to the right of an effect."""
        if inside and self.start is None:
            self.start = effect
        elif not inside and self.start is not None:
            self.parts.append((self.start, effect))
            self.start = None


@dataclass(frozen=True, slots=True)
class Found:
    """Effects that a test does not reject.

    Parameters
    ----------
    parts : tuple of (float, float)
        Disjoint intervals in ascending order, empty if every effect is rejected; ends may be infinite.
    n_undecided : int
        Arcs that the search had no time to decide. They are in the set, which then holds all effects that are not
        rejected, and may hold others.
    """

    parts: tuple[tuple[float, float], ...]
    n_undecided: int


def confidence_set(data: Turning, *, statistic: Statistic, level: float) -> Found:
    """Return the effects that a test does not reject.

    Parameters
    ----------
    data : Turning
        One pair.
    statistic : {"anderson_rubin", "kleibergen", "conditional_likelihood_ratio"}
        Which test.
    level : float
        Coverage.
    """
    margin, ranged = _margins(data, statistic, 1.0 - level)

    def at(effect: float) -> float:
        return margin(*data.sums(effect))

    arcs_left = int(min(MAX_ARCS, max(MIN_ARCS, MAX_WORK / data.z_x.size)))
    # widest first decides most of the circle should the search be cut off
    waiting, done = [(arc, data.bounds(arc)) for arc in CIRCLE], []
    undecided = 0
    while waiting:
        following = []
        for arc, bounds in waiting:
            worst, best = ranged(bounds)
            if worst > 0.0 or best < 0.0:
                done.append((data.effect(arc, arc.start), data.effect(arc, arc.stop), worst > 0.0, False))
            elif arc.is_point or bounds.is_fine(statistic):
                done.append((data.effect(arc, arc.start), data.effect(arc, arc.stop), True, True))
            elif arcs_left <= 0 or not math.isfinite(bounds.way):
                undecided += 1
                done.append((data.effect(arc, arc.start), data.effect(arc, arc.stop), True, False))
            else:
                arcs_left -= 2
                following += [(half, data.bounds(half)) for half in arc.halves()]
        waiting = following
    pieces = _Pieces()
    for low, high, inside, is_fine in sorted(done):
        if not is_fine:
            pieces.at(low, inside=inside)
            continue
        first, last = at(low) >= 0.0, at(high) >= 0.0
        pieces.at(low, inside=first)
        if first != last:
            pieces.at(_crossing(at, low, high), inside=last)
    pieces.at(math.inf, inside=False)
    return Found(tuple(pieces.parts), undecided)


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
