"""Blocks of pairs going into an estimator, and fitted blocks coming out of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.core.errors import Fault, SchemaError, nearest
from osteobiome.core.estimate import Estimate, Status, Test, failed
from osteobiome.stats.strength import f_kernel
from osteobiome.stats.tails import neg_log10_p_chi2, neg_log10_p_normal, neg_log10_p_t, normal_quantile, t_quantile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments

STATUSES: tuple[Status, ...] = tuple(Status)
OK = STATUSES.index(Status.OK)
ROUNDING = 1e-20
"""Q per degree of freedom below which scatter is rounding error."""

Model = Literal["multiplicative", "multiplicative_unfloored", "fixed"]
Weights = Literal["first_order", "second_order"]
Reference = Literal["normal", "t"]


@dataclass(frozen=True, slots=True)
class Block:
    """Many pairs side by side; variants last, padding masked.

    Parameters
    ----------
    beta_exposure, se_exposure, beta_outcome, se_outcome : numpy.ndarray, shape (n_pairs, n_variants)
        Effects and standard errors, units of the traits. Values under a false mask are never looked at.
    mask : numpy.ndarray of bool, shape (n_pairs, n_variants)
        True where a pair has a variant.
    """

    beta_exposure: NDArray[np.float64]
    se_exposure: NDArray[np.float64]
    beta_outcome: NDArray[np.float64]
    se_outcome: NDArray[np.float64]
    mask: NDArray[np.bool_]

    def __post_init__(self) -> None:
        """Check that all arrays have one shape."""
        shape = self.beta_exposure.shape
        assert len(shape) == 2
        assert shape == self.se_exposure.shape == self.beta_outcome.shape == self.se_outcome.shape == self.mask.shape

    @classmethod
    def from_pairs(cls, pairs: Sequence[Instruments]) -> Block:
        """Pad several pairs to one width."""
        width = max((pair.n_variants for pair in pairs), default=0)
        data = np.zeros((4, len(pairs), width))
        data[[1, 3]] = 1.0  # standard errors of padding: harmless in divisions
        mask = np.zeros((len(pairs), width), dtype=bool)
        for i, pair in enumerate(pairs):
            n = pair.n_variants
            data[:, i, :n] = pair.beta_exposure, pair.se_exposure, pair.beta_outcome, pair.se_outcome
            mask[i, :n] = True
        return cls(data[0], data[1], data[2], data[3], mask)

    def rows(self, start: int, stop: int) -> Block:
        """Return pairs ``start`` to ``stop``."""
        part = slice(start, stop)
        return Block(
            self.beta_exposure[part],
            self.se_exposure[part],
            self.beta_outcome[part],
            self.se_outcome[part],
            self.mask[part],
        )

    @property
    def n_pairs(self) -> int:
        """Number of pairs."""
        return int(self.beta_exposure.shape[0])

    @property
    def n_variants(self) -> NDArray[np.int64]:
        """Variants per pair, shape (n_pairs,)."""
        return np.asarray(self.mask.sum(axis=1), dtype=np.int64)

    def weights(self, kind: Weights, *, psi: float = 0.0) -> NDArray[np.float64]:
        r"""Return the inverse variance of each outcome effect given the slope, shape (n_pairs, n_variants).

        ``first_order`` is :math:`1/\sigma_Y^2`. ``second_order`` adds what the ratio inherits from the error of the
        exposure effect: :math:`1/(\sigma_Y^2 + \hat\Gamma^2 \sigma_X^2/\hat\gamma^2 -
        2\psi\hat\Gamma\sigma_X\sigma_Y/\hat\gamma)`, with the correlation :math:`\psi` of the sampling errors where
        people are in both samples; a variant without effect on the exposure then has weight 0.
        """
        variance = np.square(self.se_outcome)  # (n_pairs, n_variants)
        if kind == "second_order":
            with np.errstate(divide="ignore", invalid="ignore"):  # an exposure effect of 0 gives weight 0
                passed_on = self.beta_outcome * self.se_exposure / self.beta_exposure
                inherited = np.square(passed_on) - 2.0 * psi * passed_on * self.se_outcome
            variance = variance + np.where(self.beta_exposure == 0.0, np.inf, inherited)
        with np.errstate(divide="ignore", invalid="ignore"):  # padding may hold anything
            return np.where(self.mask, 1.0 / variance, 0.0)


@dataclass(frozen=True, slots=True)
class TestColumn:
    """One diagnostic for all pairs of a block; arrays of shape (n_pairs,), NaN where it does not exist."""

    __test__ = False

    name: str
    statistic: NDArray[np.float64]
    df: NDArray[np.float64] | None = None
    neg_log_10_p_value: NDArray[np.float64] | None = None
    null: str = ""
    estimate: NDArray[np.float64] | None = None
    se: NDArray[np.float64] | None = None
    messages: tuple[str, ...] = ()

    def test(self, row: int) -> Test:
        """Return the diagnostic of one pair; one of ``messages`` (one per pair) says why there is no number."""

        def pick(values: NDArray[np.float64] | None) -> float | None:
            if values is None or np.isnan(values[row]):
                return None
            return float(values[row])

        return Test(
            self.name,
            pick(self.statistic),
            pick(self.df),
            pick(self.neg_log_10_p_value),
            self.null,
            pick(self.estimate),
            pick(self.se),
            self.messages[row] if self.messages else "",
        )


@dataclass(frozen=True, slots=True)
class BatchFit:
    """A fitted block: one estimate per pair, as arrays of shape (n_pairs,).

    Parameters
    ----------
    method : str
        Name of the estimator.
    beta, se : numpy.ndarray
        Estimates and standard errors; NaN where ``status`` is not ok.
    df : numpy.ndarray or None
        Degrees of freedom of the t distribution; None means normal.
    n_variants : numpy.ndarray of int
        Variants used.
    status : numpy.ndarray of int8
        Place of each pair's :class:`Status` in ``STATUSES``; ``OK`` is 0.
    tests : tuple of TestColumn
        Diagnostics.
    level : float
        Coverage of the intervals.
    """

    method: str
    beta: NDArray[np.float64]
    se: NDArray[np.float64]
    df: NDArray[np.float64] | None
    n_variants: NDArray[np.int64]
    status: NDArray[np.int8]
    tests: tuple[TestColumn, ...]
    level: float = 0.95

    def neg_log_10_p_value(self) -> NDArray[np.float64]:
        """Return minus log10 of the two-sided p value of no effect, shape (n_pairs,)."""
        return neg_log10_p(self.beta / self.se, self.df)

    def interval(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return lower and upper ends of the intervals."""
        half = self.se * quantile(self.level, self.df)
        return self.beta - half, self.beta + half

    @np.errstate(over="ignore", invalid="ignore")  # interval ends and p of estimates near the limit of doubles
    def estimates(self) -> list[Estimate]:
        """Return one Estimate per pair, in order."""
        p = self.neg_log_10_p_value()
        low, high = self.interval()
        return [self._estimate(i, p, low, high) for i in range(len(self.beta))]

    def _estimate(
        self, i: int, p: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
    ) -> Estimate:
        status = STATUSES[self.status[i]]
        n = int(self.n_variants[i])
        tests = tuple(column.test(i) for column in self.tests)
        if status is not Status.OK:
            return replace(failed(self.method, status, n_variants=n, level=self.level), diagnostics=tests)
        return Estimate(
            self.method,
            beta=float(self.beta[i]),
            se=float(self.se[i]),
            level=self.level,
            ci_low=float(low[i]),
            ci_high=float(high[i]),
            ci_set=((float(low[i]), float(high[i])),),
            neg_log_10_p_value=float(p[i]),
            n_variants=n,
            distribution="normal" if self.df is None else "t",
            df=None if self.df is None else float(self.df[i]),
            diagnostics=tests,
        )


def neg_log10_p(z: NDArray[np.float64], df: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Return minus log10 p of a Wald statistic under normal (df None) or t."""
    return neg_log10_p_normal(z) if df is None else neg_log10_p_t(z, df)


def quantile(level: float, df: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Return the two-sided quantile under normal (df None) or t."""
    return np.asarray(normal_quantile(level)) if df is None else t_quantile(level, df)


def overdispersion(q: NDArray[np.float64], df: NDArray[np.float64], model: Model) -> NDArray[np.float64]:
    r"""Return the factor on the fixed-effect standard error.

    ``fixed`` is 1; ``multiplicative_unfloored`` is :math:`\sqrt{Q/\nu}`; ``multiplicative`` never goes below 1, as
    less scatter than sampling error explains is chance, not precision. Without degrees of freedom it is 1.
    """
    if model == "fixed":
        return np.ones_like(q)
    with np.errstate(divide="ignore", invalid="ignore"):  # df may be 0
        factor = np.sqrt(q / df)
    if model == "multiplicative":
        factor = np.maximum(factor, 1.0)
    return np.where(df > 0, factor, 1.0)


beyond_range_is_a_status = np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore")
"""Decorator of fits: absurd magnitudes overflow without a warning, and end as the status ``not_finite``."""


def without_effect(block: Block) -> NDArray[np.bool_]:
    """Return where no variant of a pair has an effect on the exposure."""
    has_effect: NDArray[np.bool_] = np.any((block.beta_exposure != 0.0) & block.mask, axis=1)
    return ~has_effect


def beyond_range(*values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where the arithmetic left the range of double precision.

    Parameters
    ----------
    *values : numpy.ndarray, shape (n_pairs,)
        Slope and standard error first; an error of 0 has underflowed.
    """
    bad = values[1] <= 0.0
    for value in values:
        bad = bad | ~np.isfinite(value)
    return bad


@beyond_range_is_a_status
def sums_beyond_range(x: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where a line has no slope because its sums leave the range of doubles, not because effects are alike.

    Parameters
    ----------
    x, weight : numpy.ndarray, shape (n_pairs, n_variants)
        Effects and weights of the line; weight 0 leaves a variant out.
    """
    used = weight > 0.0
    size = np.sum(np.where(used, weight, 0.0), axis=1)
    square = np.sum(np.where(used, weight * np.square(x), 0.0), axis=1)
    tiny = np.finfo(float).tiny
    beyond: NDArray[np.bool_] = ~(np.isfinite(size) & np.isfinite(square) & (size >= tiny) & (square >= tiny))
    return beyond


def without_scatter(q: NDArray[np.float64], df: NDArray[np.float64], model: Model) -> NDArray[np.bool_]:
    """Return where the unfloored model would make the standard error 0 for lack of any scatter."""
    if model != "multiplicative_unfloored":
        return np.zeros(q.shape, dtype=bool)
    return (df > 0) & (q <= ROUNDING * df)


def heterogeneity(
    name: str,
    q: NDArray[np.float64],
    df: NDArray[np.float64],
    *,
    null: str = "all variants estimate one and the same effect",
) -> tuple[TestColumn, TestColumn]:
    r"""Return the test of heterogeneity and I² = max(0, (Q - df) / Q), missing without degrees of freedom.

    I² is 0 where Q is 0. (Higgins & Thompson 2002, doi:10.1002/sim.1186)
    """
    has_df = df > 0
    q = np.where(has_df, q, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):  # Q may be 0
        share = np.where(q == 0, 0.0, np.maximum(0.0, (q - df) / q))
    test = TestColumn(
        name,
        q,
        np.where(has_df, df, np.nan),
        neg_log10_p_chi2(q, df),
        null,
    )
    return test, TestColumn("i2", np.where(has_df, share, np.nan))


def strength(block: Block) -> tuple[TestColumn, TestColumn]:
    """Return mean and smallest F statistic of each pair."""
    mean, smallest = f_kernel(block.beta_exposure, block.se_exposure, block.mask).T
    return TestColumn("mean_f", mean), TestColumn("min_f", smallest)


def statuses(n_pairs: int, rules: Iterable[tuple[NDArray[np.bool_], Status]]) -> NDArray[np.int8]:
    """Return a status per pair as its place in ``STATUSES``; of several rules that apply the first wins.

    Parameters
    ----------
    n_pairs : int
        Number of pairs.
    rules : iterable of (mask, Status)
        Where the mask is true and no earlier rule applied, the status is set.
    """
    result = np.full(n_pairs, OK, dtype=np.int8)
    for applies, status in rules:
        result[applies & (result == OK)] = STATUSES.index(status)
    return result


def check_option(name: str, value: str, allowed: Sequence[str]) -> None:
    """Raise SchemaError if an option has a value that the estimator does not know."""
    if value not in allowed:
        raise SchemaError(
            Fault(
                "bad_option",
                f"option {name}",
                f"value {value!r}",
                "one of " + ", ".join(allowed),
                nearest(value, allowed),
            )
        )


def check_psi(psi: float) -> None:
    """Raise unless a correlation of sampling errors lies between -1 and 1."""
    if not -1.0 < psi < 1.0:
        raise SchemaError(Fault("bad_option", "option psi", f"value {psi}", "a correlation between -1 and 1"))


def check_level(level: float) -> None:
    """Raise SchemaError unless the coverage lies strictly between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise SchemaError(Fault("bad_option", "option level", f"value {level}", "a share between 0 and 1 such as 0.95"))
