"""Confidence sets that do not need strong instruments (Wang & Kang 2022, doi:10.1111/biom.13524)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from osteobiome.core.estimate import Status, Test
from osteobiome.core.text import count
from osteobiome.mr.fit import beyond_range_is_a_status, check_level
from osteobiome.stats.tails import neg_log10_p_chi2
from osteobiome.stats.turning import Turning
from osteobiome.stats.weak_sets import Found, Statistic, confidence_set, likelihood_ratio, neg_log10_conditional_p

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments

STATISTICS: tuple[Statistic, ...] = ("anderson_rubin", "kleibergen", "conditional_likelihood_ratio")
NULL = "the exposure has no effect on the outcome"
EMPTY = (
    "Every effect is rejected: the variants scatter beyond sampling error, so they do not all share one effect. "
    "Look at heterogeneity and outliers."
)
WHOLE = "No effect is rejected: the instruments are too weak to say anything. Choose stronger ones."
UNBOUNDED = "The set has no end: with instruments this weak, effects of any size cannot be told apart."
SEVERAL = "The set has several parts; effects between them are rejected."
CUT_OFF = (
    "The search was cut off with {arcs} undecided: the set holds every effect that is not rejected, and may hold "
    "others. The standard errors differ by many orders of magnitude; check their units."
)


@dataclass(frozen=True, slots=True)
class ConfidenceSet:
    """Effects that a test does not reject.

    Parameters
    ----------
    statistic : str
        Which test.
    ci_set : tuple of (float, float)
        Disjoint intervals in ascending order, outcome units per exposure unit; ends may be infinite, and there may be
        none.
    level : float
        Coverage.
    n_variants : int
        Variants used.
    no_effect : Test
        The test at an effect of 0, without a number if there is none.
    message : str
        What is unusual about the set, or why there is none.
    status : Status
        Whether the set could be worked out; an empty set whose status is not OK is no set.
    n_undecided : int
        Ranges of effects that the search had no time to decide and took into the set.
    """

    statistic: Statistic
    ci_set: tuple[tuple[float, float], ...]
    level: float
    n_variants: int
    no_effect: Test
    message: str = ""
    status: Status = Status.OK
    n_undecided: int = 0

    @property
    def is_bounded(self) -> bool:
        """Whether all ends are finite; true of an empty set."""
        return all(math.isfinite(end) for interval in self.ci_set for end in interval)

    def covers(self, effect: float) -> bool:
        """Return whether an effect is in the set."""
        return any(low <= effect <= high for low, high in self.ci_set)


def weak_iv(inst: Instruments, *, level: float = 0.95) -> tuple[ConfidenceSet, ...]:
    r"""Return confidence sets that cover with their level however weak the instruments are.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair of two samples without common people, variants uncorrelated.
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    tuple of ConfidenceSet
        ``anderson_rubin``, ``kleibergen`` and ``conditional_likelihood_ratio``, in this order. Without variants, or
        where numbers leave the range of doubles, each has a message and no test.

    Raises
    ------
    SchemaError
        The level is not between 0 and 1.

    Notes
    -----
    For an effect :math:`\beta` the vectors :math:`S_j = (\hat\Gamma_j - \beta\hat\gamma_j)/\sqrt{V_j}`,
    :math:`V_j = \sigma_{Yj}^2 + \beta^2\sigma_{Xj}^2`, and
    :math:`T_j = (\beta\hat\Gamma_j\sigma_{Xj}^2 + \hat\gamma_j\sigma_{Yj}^2)/(\sigma_{Xj}\sigma_{Yj}\sqrt{V_j})` are
    independent and normal with variance 1, and S has mean 0 if :math:`\beta` is the effect. The tests are

    - Anderson-Rubin: :math:`S^\top S`, chi-squared with n degrees of freedom;
    - Kleibergen: :math:`K = (S^\top D)^2/D^\top D`, chi-squared with 1, along the score
      :math:`D_j = T_j\sigma_{Xj}\sigma_{Yj}/V_j`;
    - conditional likelihood ratio: :math:`\frac12\{S^\top S - T^\top T +
      \sqrt{(S^\top S + T^\top T)^2 - 4 T^\top T(S^\top S - K)}\}` given :math:`T^\top T`.

    Where :math:`\sigma_{Xj}/\sigma_{Yj}` is the same for all variants, D goes along T, and these are the statistics as
    printed by Wang & Kang; elsewhere T in place of D has the right level too, and wider sets.

    Ends are solved for, not read from a grid; parts or gaps may be missed where S moves by less than a thousandth of a
    standard deviation, and its part along D by less than a hundredth. A search that runs out of time, which standard
    errors over many orders of magnitude may bring about, adds what is undecided to the set, and the message says so.
    Where rounding alone moves S by a thousandth (effects of 1e12 standard errors), or ratios of standard errors are 50
    orders of magnitude from their median, there is no set but the status ``not_finite``. The Kleibergen set often has a
    second part far from the estimate, where its statistic vanishes, too. The likelihood ratio is the set to
    report: it is nearly the most powerful test where the errors' ratio is one and the same (Andrews, Moreira & Stock
    2006, doi:10.1111/j.1468-0262.2006.00680.x); where ratios differ the statistic has the form of one only, and was in
    simulations never clearly less powerful than the others.

    All three take the variants for valid. Anderson-Rubin also rejects because of pleiotropy, and its set is then
    narrow or empty: a narrow set is no sign of precision. The other two have no allowance for scatter beyond sampling
    error either. MendelianRandomization's ``mr_clr`` inverts the same tests on a grid from -10 to 10.

    References
    ----------
    Wang & Kang 2022, doi:10.1111/biom.13524; likelihood ratio: Moreira 2003, doi:10.1111/1468-0262.00438;
    score: Kleibergen 2005, doi:10.1111/j.1468-0262.2005.00610.x

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.4], [0.01] * 4, [0.06, 0.11, 0.14, 0.2], [0.02] * 4)
    >>> [(s.statistic[:3], [(round(a, 3), round(b, 3)) for a, b in s.ci_set]) for s in weak_iv(pair)]
    [('and', [(0.39, 0.613)]), ('kle', [(-8.016, -7.981), (0.427, 0.575)]), ('con', [(0.427, 0.575)])]
    >>> vague = Instruments.from_arrays([0.1, 0.2, -0.1], [0.1] * 3, [0.06, 0.11, 0.14], [0.1] * 3)
    >>> weak_iv(vague)[2].ci_set
    ((-inf, inf),)
    """
    check_level(level)
    if inst.n_variants == 0:
        return tuple(_nothing(statistic, 0, level, Status.NO_COMMON_VARIANTS) for statistic in STATISTICS)
    return _sets(inst, level)


@beyond_range_is_a_status
def _sets(inst: Instruments, level: float) -> tuple[ConfidenceSet, ...]:
    n = inst.n_variants
    data = Turning.of(x=inst.beta_exposure, se_x=inst.se_exposure, y=inst.beta_outcome, se_y=inst.se_outcome)
    if not data.is_usable:
        return tuple(_nothing(statistic, n, level, Status.NOT_FINITE) for statistic in STATISTICS)
    return tuple(_found(data, statistic, level) for statistic in STATISTICS)


def _found(data: Turning, statistic: Statistic, level: float) -> ConfidenceSet:
    """Return one set with its message."""
    found = confidence_set(data, statistic=statistic, level=level)
    return ConfidenceSet(
        statistic,
        found.parts,
        level,
        data.z_x.size,
        _no_effect(data, statistic),
        _message(found),
        n_undecided=found.n_undecided,
    )


def _no_effect(data: Turning, statistic: Statistic) -> Test:
    """Return the test of an effect of 0."""
    ss, score = data.sums(0.0)
    n = data.z_x.size
    if statistic == "conditional_likelihood_ratio":
        value = likelihood_ratio(ss, score, data.total)
        return Test(statistic, value, None, neg_log10_conditional_p(value, max(data.total - ss, 0.0), n), NULL)
    df = float(n) if statistic == "anderson_rubin" else 1.0
    value = ss if statistic == "anderson_rubin" else score
    return Test(statistic, value, df, float(neg_log10_p_chi2(value, df)), NULL)


def _message(found: Found) -> str:
    if not found.n_undecided:
        return _shape(found.parts)
    arcs = count(found.n_undecided, "range of effects", "ranges of effects")
    return f"{CUT_OFF.format(arcs=arcs)} {_shape(found.parts)}".strip()


def _shape(parts: tuple[tuple[float, float], ...]) -> str:
    if not parts:
        return EMPTY
    if parts == ((-math.inf, math.inf),):
        return WHOLE
    if math.isinf(parts[0][0]) or math.isinf(parts[-1][1]):
        return UNBOUNDED
    return SEVERAL if len(parts) > 1 else ""


def _nothing(statistic: Statistic, n: int, level: float, status: Status) -> ConfidenceSet:
    test = Test(statistic, None, message=status.message)
    return ConfidenceSet(statistic, (), level, n, test, status.message, status)
