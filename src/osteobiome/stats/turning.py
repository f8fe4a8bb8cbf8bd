r"""Effects of a pair in units of their errors, as vectors that turn with the causal effect.

The vectors (S, T) of :mod:`osteobiome.stats.weak_sets` have fixed lengths. Each turns one way only, so on an arc of the
circle of effects its S, T and speed have ranges that are known exactly: bounds on sums of them keep their relative
precision where T of a variant that dominates vanishes, and halvings of arcs grow with the logarithm of the spread of
standard errors, not with the spread.

Shape convention: one pair at a time, arrays are ``(n_variants,)``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDING = 1e-30
"""D'D, as a share of what it is with T as long as S and T together, below which it is rounding error."""
MOST_TOTAL = 1e24
"""S'S + T'T beyond which rounding moves S by a thousandth: sets are then lost between two doubles."""
MOST_RATIO = 1e50
"""Spread of the ratio of standard errors beyond which sums leave the range of doubles."""


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
def _products(one: NDArray[np.float64], other: NDArray[np.float64], length: float) -> tuple[float, float]:
    """Return the least and the most that S T of a variant can be between the first two places."""
    first, last = one[0] * other[0], one[1] * other[1]
    least, most = min(first, last), max(first, last)
    # it is half the squared length times the sine of twice the angle, which turns by two right angles at most
    if one[0] * one[1] + other[0] * other[1] <= 0.0:
        return -0.5 * length, 0.5 * length
    if (one[0] * one[0] - other[0] * other[0]) * (one[1] * one[1] - other[1] * other[1]) <= 0.0:
        if first + last >= 0.0:
            most = 0.5 * length
        if first + last <= 0.0:
            least = -0.5 * length
    return least, most


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
        p_least, p_most = _products(one, other, length)
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
CIRCLE = (
    Arc(0.0, QUARTER, -1.0, from_infinity=True),
    Arc(QUARTER, 0.0, -1.0, from_infinity=False),
    Arc(0.0, QUARTER, 1.0, from_infinity=False),
    Arc(QUARTER, 0.0, 1.0, from_infinity=True),
)
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
