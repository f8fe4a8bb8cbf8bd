"""Ratio estimates of a pair, drawn again: what medians and modes share."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.mr.fit import BatchFit, Block, Reference, TestColumn, beyond_range_is_a_status, check_level, strength
from osteobiome.stats.random import fresh_seed, stream_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments

MIN_VARIANTS = 3
MAX_DRAWS = 10_000_000
Order = Literal["first_order", "second_order"]


@dataclass(frozen=True, slots=True)
class Ratios:
    """Ratio estimates of variants that have one, in ascending order.

    Effects are kept as sizes: whichever alleles a study counts, and whichever direction of the exposure is asked for,
    the same numbers are drawn. They are divided by powers of two, which is exact, so that no square leaves the range
    of doubles.

    Parameters
    ----------
    effects : numpy.ndarray, shape (4, n_variants)
        Size of the exposure effect, its standard error, size of the outcome effect, its standard error.
    sign : numpy.ndarray, shape (n_variants,)
        Sign of the ratio, 1 or -1.
    column : numpy.ndarray of int, shape (n_variants,)
        Where a variant's numbers stand in the stream: its place by strength, so that order does not matter.
    exponent : int
        Ratios are to be multiplied by this power of two in the end.
    """

    effects: NDArray[np.float64]
    sign: NDArray[np.float64]
    column: NDArray[np.int64]
    exponent: int

    @classmethod
    def of(cls, inst: Instruments) -> Self:
        """Return the ratios of a pair whose exposure effects are not 0.

        Parameters
        ----------
        inst : Instruments
            Harmonised pair, n_variants >= 1.
        """
        x, y = np.abs(inst.beta_exposure), np.abs(inst.beta_outcome)
        down_x, down_y = _exponent(x), _exponent(y if y.any() else inst.se_outcome)
        effects = np.stack(
            [
                np.ldexp(x, -down_x),
                np.ldexp(inst.se_exposure, -down_x),
                np.ldexp(y, -down_y),
                np.ldexp(inst.se_outcome, -down_y),
            ]
        )
        sign = np.where(np.sign(inst.beta_exposure) * np.sign(inst.beta_outcome) < 0.0, -1.0, 1.0)
        x, se_x, y, se_y = effects
        column = np.empty(x.size, dtype=np.int64)
        column[np.lexsort((se_y, x, sign, y / se_y, x / se_x))] = np.arange(x.size)
        order = np.lexsort((column, sign * y / x))
        return cls(effects[:, order].copy(), sign[order], column[order], down_y - down_x)

    @property
    def ratio(self) -> NDArray[np.float64]:
        """Ratio estimates, shape (n_variants,)."""
        ratio: NDArray[np.float64] = self.sign * (self.effects[2] / self.effects[0])
        return ratio

    def se(self, order: Order) -> NDArray[np.float64]:
        r"""Return standard errors of the ratios by the delta method, shape (n_variants,).

        Parameters
        ----------
        order : {"first_order", "second_order"}
            :math:`\sigma_Y/|\hat\gamma|`, or
            :math:`\sqrt{\sigma_Y^2/\hat\gamma^2 + \hat\Gamma^2\sigma_X^2/\hat\gamma^4}`.
        """
        x, se_x, y, se_y = self.effects
        first: NDArray[np.float64] = se_y / x
        if order == "first_order":
            return first
        second: NDArray[np.float64] = np.hypot(first, y / x * (se_x / x))
        return second

    def weight(self, order: Order | Literal["equal"]) -> NDArray[np.float64]:
        """Return inverse variances of the ratios as shares of the largest, shape (n_variants,).

        Parameters
        ----------
        order : {"first_order", "second_order", "equal"}
            Which standard errors; or 1 for every variant.
        """
        if order == "equal":
            return np.ones(self.sign.size)
        se = self.se(order)
        shares: NDArray[np.float64] = np.square(se.min() / se)
        return shares


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a method makes of ratios, in their scaled unit.

    Parameters
    ----------
    beta, se : float
        Estimate and standard error.
    se_error : float
        Monte Carlo error of the standard error.
    tests : tuple of TestColumn
        Further diagnostics.
    """

    beta: float
    se: float
    se_error: float
    tests: tuple[TestColumn, ...] = ()


@dataclass(frozen=True, slots=True)
class Resampling:
    """How an estimate by draws is to be made.

    Parameters
    ----------
    method : str
        Name of the estimator; part of the name of the stream.
    n_draws : int
        Bootstrap draws, 2 to 10 million.
    seed : int or None
        Seed, 0 to 2**63 - 1; None draws one, which is then recorded.
    level : float
        Coverage of the interval, between 0 and 1.
    distribution : {"normal", "t"}
        Reference distribution; t has one degree of freedom less than there are variants.
    """

    method: str
    n_draws: int
    seed: int | None
    level: float
    distribution: Reference = "normal"

    def __post_init__(self) -> None:
        """Refuse options that cannot be meant."""
        check_level(self.level)
        if not 2 <= self.n_draws <= MAX_DRAWS:
            raise SchemaError(_bad("n_bootstrap", self.n_draws, f"a whole number from 2 to {MAX_DRAWS}"))
        if self.seed is not None and not 0 <= self.seed < 2**63:
            raise SchemaError(_bad("seed", self.seed, "a whole number from 0 to 2**63 - 1"))


@beyond_range_is_a_status
def fit_ratios(inst: Instruments, resampling: Resampling, fit: Callable[[Ratios, np.uint64], Fitted]) -> Estimate:
    """Fit a pair by a method that needs nothing but ratios, and return an estimate with its status.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair. A variant whose exposure effect is 0 has no ratio: it is left out, counted and named.
    resampling : Resampling
        Method, draws, seed.
    fit : callable
        From ratios and the key of a stream to estimate and error. The key is made of seed, exposure, outcome and
        method: results depend neither on other pairs nor on other methods.
    """
    method = resampling.method
    label = {"exposure": inst.exposure, "outcome": inst.outcome, "unit": inst.unit}
    used = inst.beta_exposure != 0.0
    n, n_used = inst.n_variants, int(used.sum())
    status, message = _obstacle(n, n_used), _left_out(n - n_used)
    if status is not Status.OK:
        words = f"{status.message} {message}" if message and n_used else ""
        return failed(method, status, n_variants=n_used or n, message=words, level=resampling.level).label(**label)
    pair = inst if n_used == n else inst.subset(used)
    seed = fresh_seed() if resampling.seed is None else resampling.seed
    ratios = Ratios.of(pair)
    fitted = fit(ratios, stream_key(seed, inst.exposure, inst.outcome, method))
    beta, se, error = np.ldexp([fitted.beta, fitted.se, fitted.se_error], ratios.exponent).tolist()
    if not (math.isfinite(beta) and math.isfinite(error) and 0.0 < se < math.inf):
        words = NO_SPREAD_OF_DRAWS if fitted.se == 0.0 else ""
        failure = failed(method, Status.NOT_FINITE, n_variants=n_used, message=words, level=resampling.level)
        return failure.label(**label)
    batch = BatchFit(
        method,
        np.array([beta]),
        np.array([se]),
        np.array([n_used - 1.0]) if resampling.distribution == "t" else None,
        np.array([n_used]),
        np.zeros(1, dtype=np.int8),
        (TestColumn("bootstrap_se_error", np.array([error])), *fitted.tests, *strength(Block.from_pairs([pair]))),
        resampling.level,
    )
    return replace(batch.estimates()[0].label(**label), seed=seed, n_draws=resampling.n_draws, message=message)


NO_SPREAD_OF_DRAWS = (
    "Not estimable: the standard errors are so small beside the effects that draws do not differ, and an error taken "
    "from them would be 0. Check the units of the effects and standard errors."
)


def _obstacle(n: int, n_used: int) -> Status:
    """Return the reason why there can be no estimate, or ok."""
    if n == 0:
        return Status.NO_COMMON_VARIANTS
    if n_used == 0 and n >= MIN_VARIANTS:
        return Status.ZERO_EXPOSURE_EFFECT
    return Status.OK if n_used >= MIN_VARIANTS else Status.TOO_FEW_INSTRUMENTS


def _left_out(number: int) -> str:
    """Return the sentence about variants without a ratio; empty if there is none."""
    if number == 0:
        return ""
    words = "1 variant has" if number == 1 else f"{number} variants have"
    return f"{words} an exposure effect of 0, hence no ratio: left out."


def _exponent(values: NDArray[np.float64]) -> int:
    """Return the power of two that the largest value stays below."""
    return int(np.frexp(values.max())[1])


def _bad(name: str, value: object, expected: str) -> Fault:
    return Fault("bad_option", f"option {name}", f"value {value}", expected)
