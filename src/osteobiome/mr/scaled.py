"""A pair in a canonical form: no effect allele, no order and no unit can be seen in it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.mr.fit import BatchFit, Block, TestColumn, strength

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.core.estimate import Test
    from osteobiome.instruments import Instruments


@dataclass(frozen=True, slots=True)
class Scaled:
    """Effects of a pair, counted in the allele that raises the exposure, strongest variant last.

    Numbers are divided by powers of two, which is exact, so that squares stay within the range of doubles.

    Parameters
    ----------
    x, se_x, y, se_y : numpy.ndarray, shape (n_variants,)
        Exposure effect >= 0, its standard error, outcome effect and its standard error.
    sign : numpy.ndarray, shape (n_variants,)
        1 or -1, what the outcome effect has; draws are made of sizes and given their sign afterwards.
    order : numpy.ndarray of int, shape (n_variants,)
        Place of each variant in the pair.
    exponent_x, exponent_y : int
        Powers of two that exposure and outcome effects were divided by.
    """

    x: NDArray[np.float64]
    se_x: NDArray[np.float64]
    y: NDArray[np.float64]
    se_y: NDArray[np.float64]
    sign: NDArray[np.float64]
    order: NDArray[np.int64]
    exponent_x: int
    exponent_y: int

    @classmethod
    def of(cls, inst: Instruments) -> Self:
        """Return the canonical form of a pair with at least one exposure effect other than 0.

        Parameters
        ----------
        inst : Instruments
            Harmonised pair, n_variants >= 1.
        """
        x, y = np.abs(inst.beta_exposure), np.abs(inst.beta_outcome)
        down_x, down_y = _exponent(x), _exponent(y if y.any() else inst.se_outcome)
        x, se_x = np.ldexp(x, -down_x), np.ldexp(inst.se_exposure, -down_x)
        y, se_y = np.ldexp(y, -down_y), np.ldexp(inst.se_outcome, -down_y)
        sign = np.where(np.sign(inst.beta_exposure) * np.sign(inst.beta_outcome) < 0.0, -1.0, 1.0)
        order = np.lexsort((se_y, x, sign, y / se_y, x / se_x))
        return cls(
            x[order], se_x[order], (sign * y)[order], se_y[order], sign[order], order.astype(np.int64), down_x, down_y
        )

    @property
    def exponent(self) -> int:
        """Effects of the exposure on the outcome are to be multiplied by this power of two."""
        return self.exponent_y - self.exponent_x


def turned_outcome(data: Scaled, inst: Instruments) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return outcome effects and their signs, where an exposure effect of 0 leaves the allele as it is given.

    Parameters
    ----------
    data : Scaled
        Canonical form of the pair, which takes the outcome effect of such a variant as positive.
    inst : Instruments
        The pair; MR-Egger turns variants with an exposure effect below 0 only.
    """
    given = np.ldexp(inst.beta_outcome[data.order], -data.exponent_y)
    none = data.x == 0.0
    return np.where(none, given, data.y), np.where(none & (given < 0.0), -1.0, data.sign)


def obstacle(inst: Instruments, *, method: str, min_variants: int, level: float) -> Estimate | None:
    """Return why a pair cannot be estimated at all, or None.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    method : str
        Name of the estimator.
    min_variants : int
        Fewer are too few.
    level : float
        Coverage the interval would have had.
    """
    n = inst.n_variants
    if n == 0:
        status = Status.NO_COMMON_VARIANTS
    elif n < min_variants:
        status = Status.TOO_FEW_INSTRUMENTS
    elif not inst.beta_exposure.any():
        status = Status.ZERO_EXPOSURE_EFFECT
    else:
        return None
    return labelled(failed(method, status, n_variants=n, level=level), inst)


def labelled(estimate: Estimate, inst: Instruments) -> Estimate:
    """Return the estimate with the names of the pair."""
    return estimate.label(exposure=inst.exposure, outcome=inst.outcome, unit=inst.unit)


def plain(name: str, value: float) -> Test:
    """Return a quantity that is no test; without a number if it is not finite."""
    return TestColumn(name, np.array([value if math.isfinite(value) else math.nan])).test(0)


def strength_tests(inst: Instruments) -> tuple[Test, ...]:
    """Return mean and smallest F statistic."""
    return tuple(column.test(0) for column in strength(Block.from_pairs([inst])))


def _exponent(values: NDArray[np.float64]) -> int:
    """Return the power of two that the largest value stays below."""
    return int(np.frexp(values.max())[1])


def concluded(
    inst: Instruments,
    method: str,
    *,
    beta: float,
    se: float,
    level: float,
    df: float | None = None,
    tests: tuple[Test, ...] = (),
    message: str = "",
) -> Estimate:
    """Return an estimate with interval and p value, or the status that its numbers left the range of doubles.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    method : str
        Name of the estimator.
    beta, se : float
        Outcome units per exposure unit.
    level : float
        Coverage of the interval.
    df : float, optional
        Degrees of freedom of the t distribution; left out, the normal.
    tests : tuple of Test
        Diagnostics.
    message : str
        Worth knowing although there is a number.
    """
    n = inst.n_variants
    if not (math.isfinite(beta) and 0.0 < se < math.inf):
        return labelled(failed(method, Status.NOT_FINITE, n_variants=n, level=level), inst)
    fit = BatchFit(
        method,
        np.array([beta]),
        np.array([se]),
        None if df is None else np.array([df]),
        np.array([n]),
        np.zeros(1, dtype=np.int8),
        (),
        level,
    )
    return labelled(replace(fit.estimates()[0], diagnostics=tests, message=message), inst)
