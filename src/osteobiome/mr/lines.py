"""Weighted and robust lines through the effects of a pair: what penalised and robust IVW and MR-Egger share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.mr.fit import Model, TestColumn, neg_log10_p
from osteobiome.mr.scaled import Scaled, concluded, labelled, plain, strength_tests, turned_outcome
from osteobiome.stats.mm_regression import mm_regression
from osteobiome.stats.tails import neg_log10_p_normal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.core.estimate import Test
    from osteobiome.instruments import Instruments

PENALTY_FACTOR = 100.0
"""A variant keeps its weight unless its p of heterogeneity is below 1 / 100, as in MendelianRandomization."""
MODELS: tuple[Model, ...] = ("multiplicative", "multiplicative_unfloored", "fixed")
LEAST_WEIGHT = 1e-2
"""If the penalty takes more than this from every variant (p below 1e-4), none is left to estimate from; our choice."""
FAR = (
    "Not estimable: every variant lies so far from the line that the penalty takes its weight (p below 1e-4 for each). "
    "The variants do not share one effect; look at their ratios, or use a mode or a mixture."
)
NO_ERROR = (
    "Not estimable: the standard error of the robust line does not exist for these variants. They are few or scatter "
    "widely; look at their ratios, or use a median or a mode."
)
ROUNDING = 1e-10
"""Scatter of the residuals, in standard errors, below which it is rounding."""
NULL = "pleiotropic effects average to zero (no directional pleiotropy)"


@dataclass(frozen=True, slots=True)
class Line:
    """A line: slope last, intercept before it if there is one.

    Parameters
    ----------
    coefficients, se : numpy.ndarray, shape (1,) or (2,)
        In scaled units; standard errors by the model.
    scatter : float
        Standard deviation of the residuals in standard errors of the outcome effects, without the floor.
    weights : numpy.ndarray, shape (n_variants,)
        What is left of the weight of each variant, 0 to 1.
    """

    coefficients: NDArray[np.float64]
    se: NDArray[np.float64]
    scatter: float
    weights: NDArray[np.float64]


def design(data: Scaled, *, intercept: bool) -> NDArray[np.float64]:
    """Return the columns of a line, shape (n_variants, 1 or 2)."""
    return np.stack([np.ones_like(data.x), data.x], axis=1) if intercept else data.x[:, None]


def outcome_of(data: Scaled, inst: Instruments, *, intercept: bool) -> NDArray[np.float64]:
    """Return the outcome effects of a line; with an intercept an exposure effect of 0 leaves its allele as given."""
    return turned_outcome(data, inst)[0] if intercept else data.y


def penalised(
    data: Scaled, y: NDArray[np.float64], *, centre: NDArray[np.float64], intercept: bool
) -> NDArray[np.float64] | None:
    """Return what a penalty leaves of the weight of each variant; None if it leaves nearly nothing of any.

    Parameters
    ----------
    data : Scaled
        Effects.
    y : numpy.ndarray, shape (n_variants,)
        Outcome effects, from :func:`outcome_of`.
    centre : numpy.ndarray
        Coefficients of the line that variants are held against.
    intercept : bool
        Whether it has an intercept.
    """
    miss = (y - design(data, intercept=intercept) @ centre) / data.se_y
    score = math.log10(PENALTY_FACTOR) - neg_log10_p_normal(miss)  # chi-squared with one degree of freedom
    weights: NDArray[np.float64] = 10.0 ** np.minimum(0.0, score)
    return weights if weights.max() > LEAST_WEIGHT else None


def penalised_from_median(data: Scaled, outcome: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return what the penalty leaves of each weight where variants are held against the median of the ratios."""
    ratio = data.y[data.x > 0.0] / data.x[data.x > 0.0]
    return penalised(data, outcome, centre=np.array([np.median(ratio)]), intercept=False)


def least_squares(
    data: Scaled, outcome: NDArray[np.float64], weights: NDArray[np.float64], *, intercept: bool, model: Model
) -> Line | None:
    """Return the line of weighted least squares; None where slope and intercept cannot be told apart.

    Variants without weight are no observations: they do not count among the degrees of freedom.
    """
    root = np.sqrt(weights) / data.se_y
    x, y = design(data, intercept=intercept) * root[:, None], outcome * root
    found = _inverse(x)
    if found is None:
        return None
    coefficients = found @ (x.T @ y)
    free = int(np.count_nonzero(weights)) - x.shape[1]
    scatter = math.sqrt(float(np.sum(np.square(y - x @ coefficients))) / free) if free > 0 else 0.0
    factor = {"fixed": 1.0, "multiplicative": max(1.0, scatter), "multiplicative_unfloored": scatter}[model]
    return Line(coefficients, np.sqrt(np.diag(found)) * factor, scatter, weights)


def robust(
    data: Scaled, outcome: NDArray[np.float64], weights: NDArray[np.float64], *, intercept: bool, model: Model
) -> Line | None:
    """Return the line of MM regression; None where there is none.

    The error of MM regression already holds its scale. ``fixed`` divides by that, ``multiplicative_unfloored`` by the
    scale where it is below 1, as MendelianRandomization does. With few variants the quotient may lie far below what
    sampling errors alone make it, so ``multiplicative`` is the same, but not below the error of a fixed-effect line
    through the variants that keep their weight.

    Where more than half of the variants lie on one line exactly, the scale is 0: the line is that of least squares of
    those, with its errors at face value. Where the search ends without a line, or the error does not exist, the errors
    of the line are NaN.
    """
    root = np.sqrt(weights) / data.se_y
    x, y = design(data, intercept=intercept) * root[:, None], outcome * root
    if _inverse(x) is None:
        return None
    fit = mm_regression(x, y)
    if fit.scale <= ROUNDING:
        near = weights * (np.abs(y - x @ fit.coefficients) <= ROUNDING)
        line = least_squares(data, outcome, near, intercept=intercept, model="multiplicative")
        return None if line is None else Line(line.coefficients, line.se, 0.0, near)
    se = fit.se / (fit.scale if model == "fixed" else min(fit.scale, 1.0))
    if model == "multiplicative":
        kept = _inverse(x * np.sqrt(fit.weights)[:, None])
        if kept is not None:
            se = np.maximum(se, np.sqrt(np.diag(kept)))
    return Line(fit.coefficients, se, fit.scale, weights * fit.weights)


def _inverse(x: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the inverse of the normal matrix; None if the columns are dependent to rounding."""
    normal = x.T @ x
    if not np.isfinite(normal).all():
        return np.full_like(normal, np.nan)
    size = np.sqrt(np.diag(normal))
    if not (size > 0.0).all() or np.linalg.cond(normal / np.outer(size, size)) > 1e14:
        return None
    inverse: NDArray[np.float64] = np.linalg.inv(normal / np.outer(size, size)) / np.outer(size, size)
    return inverse


def too_far(inst: Instruments, *, method: str, level: float) -> Estimate:
    """Return the status of a pair in which the penalty leaves no variant its weight."""
    failure = failed(method, Status.NO_VALID_VARIANT, n_variants=inst.n_variants, message=FAR, level=level)
    return labelled(failure, inst)


def as_estimate(inst: Instruments, data: Scaled, line: Line | None, *, method: str, level: float) -> Estimate:
    """Return a line as an estimate with its diagnostics.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    data : Scaled
        The same in its canonical form.
    line : Line or None
        Fitted line.
    method : str
        Name of the estimator.
    level : float
        Coverage of the interval.
    """
    if line is None:
        return labelled(failed(method, Status.NO_SPREAD, n_variants=inst.n_variants, level=level), inst)
    if np.isnan(line.se).any():
        n = inst.n_variants
        return labelled(failed(method, Status.NOT_CONVERGED, n_variants=n, message=NO_ERROR, level=level), inst)
    beta, se = np.ldexp([line.coefficients[-1], line.se[-1]], data.exponent).tolist()
    kept = int((line.weights > 0.5).sum())
    tests: tuple[Test, ...] = (plain("residual_standard_error", line.scatter), plain("n_full_weight", kept))
    if line.coefficients.size > 1:
        intercept, error = np.ldexp([line.coefficients[0], line.se[0]], data.exponent_y).tolist()
        ratio = np.array([intercept / error if error > 0.0 else math.nan])
        test = TestColumn(
            "egger_intercept", ratio, None, neg_log10_p(ratio, None), NULL, np.array([intercept]), np.array([error])
        )
        tests = (test.test(0), *tests)
    return concluded(inst, method, beta=beta, se=se, level=level, tests=(*tests, *strength_tests(inst)))
