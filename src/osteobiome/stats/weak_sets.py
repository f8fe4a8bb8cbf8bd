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
(Wang & Kang 2022, doi:10.1111/biom.13524; direction: Kleibergen 2005, doi:10.1111/j.1468-0262.2005.00610.x)

Shape convention: one pair at a time, arrays are ``(n_variants,)``.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import optimize, special

from osteobiome.stats.tails import LN10, neg_log10_p_chi2, neg_log10_p_normal
from osteobiome.stats.turning import CIRCLE, Bounds, Turning

if TYPE_CHECKING:
    from collections.abc import Callable

    Margin = Callable[[float, float], float]

Statistic = Literal["anderson_rubin", "kleibergen", "conditional_likelihood_ratio"]
NODES, WEIGHTS = np.polynomial.legendre.leggauss(64)
PIECES = 32
"""Parts into which each smooth stretch is cut where p is needed to digits of its logarithm."""
FAR = 9.0
"""Standard deviations beyond which a normal or chi variable is not looked for: 1e-19."""
FINEST = 1e-3
"""Way of the vector S on the narrowest arc that is halved, in standard deviations."""
FINEST_SCORE = 1e-2
"""Range of its part along D on that arc: D may turn round where S stands nearly still."""
MAX_ARCS = 20_000
MAX_WORK = 2e8
"""Variants looked at for one set, all arcs together: a few seconds."""
MIN_ARCS = 500
MAX_STEPS = 5000
"""Steps of the search for an end: halving takes a thousand from the largest double to the smallest."""
SQRT_2PI = math.sqrt(2.0 * math.pi)


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
    total = 0.0
    for low, high in itertools.pairwise(_places(m, whole, df)):
        angle = 0.5 * (high + low) + 0.5 * (high - low) * NODES
        sine = np.sin(angle)
        inside = np.exp(-0.5 * m * np.square(np.cos(angle))) * special.gammaincc(
            0.5 * df, 0.5 * whole * np.square(sine)
        )
        total += 0.5 * (high - low) * float(WEIGHTS @ (inside * sine))
    return min(1.0, beyond + 2.0 * math.sqrt(m) / SQRT_2PI * total)


def neg_log10_conditional_p(statistic: float, tt: float, n_variants: int) -> float:
    """Return minus log10 of :func:`conditional_p`, also where p is no double any more.

    Parameters
    ----------
    statistic, tt : float
        As there.
    n_variants : int
        Length of S and T.

    Examples
    --------
    >>> round(neg_log10_conditional_p(3.841458820694124, 1e9, 20), 4), round(neg_log10_conditional_p(9e3, 1e9, 20), 1)
    (1.301, 1956.4)
    """
    m, df = statistic, n_variants - 1
    if m <= 0.0:
        return 0.0
    beyond = -float(neg_log10_p_normal(math.sqrt(m))) * LN10
    if df == 0:
        return -beyond / LN10
    whole = m + tt
    places = _places(m, whole, df)
    ends = np.concatenate([np.linspace(low, high, PIECES, endpoint=False) for low, high in itertools.pairwise(places)])
    width = np.diff(np.append(ends, places[-1]))
    angle = (ends + 0.5 * width)[:, None] + 0.5 * width[:, None] * NODES
    sine = np.sin(angle)
    tail = -neg_log10_p_chi2(whole * np.square(sine), float(df)) * LN10
    with np.errstate(divide="ignore"):  # pieces without width have no weight
        logs = np.log(0.5 * width[:, None] * WEIGHTS * sine) - 0.5 * m * np.square(np.cos(angle)) + tail
    inside = math.log(2.0 * math.sqrt(m) / SQRT_2PI) + float(special.logsumexp(logs))
    return max(0.0, -float(np.logaddexp(beyond, inside)) / LN10)


def _places(m: float, whole: float, df: int) -> list[float]:
    """Return the angles between which the integrand of the conditional p is smooth.

    Of the rest of S: begin and end of the fall of its tail, and the end of what small p can be made of; of the part
    along D: where it is likely.
    """
    lengths = [max(0.0, math.sqrt(df) - FAR), math.sqrt(df) + FAR, math.sqrt(df) + FAR + math.sqrt(m)]
    edges = {0.0} | {math.asin(min(1.0, length / math.sqrt(whole))) for length in lengths}
    edges.add(min(max(edges), math.acos(min(1.0, FAR / math.sqrt(m)))))
    return sorted(edges)


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
            elif arc.is_point or _is_fine(bounds, statistic):
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


def _is_fine(bounds: Bounds, statistic: Statistic) -> bool:
    """Return whether a statistic changes so little on an arc that its values at the ends tell it."""
    if statistic == "anderson_rubin" or not bounds.has_direction:
        return bounds.way <= FINEST
    return bounds.way <= FINEST and math.sqrt(bounds.k_high) - math.sqrt(bounds.k_low) <= FINEST_SCORE


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
