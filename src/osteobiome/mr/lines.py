"""Weighted and robust lines through the effects of a pair: what penalised and robust IVW and MR-Egger share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.mr.fit import TestColumn, neg_log10_p
from osteobiome.mr.scaled import Scaled, concluded, labelled, plain, strength_tests
from osteobiome.stats.mm_regression import mm_regression

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.core.estimate import Test
    from osteobiome.instruments import Instruments

PENALTY_FACTOR = 100.0
"""A variant keeps its weight unless its p of heterogeneity is below 1 / 100, as in MendelianRandomization."""
ROUNDING = 1e-10
"""Scatter of the residuals, in standard errors, below which it is rounding."""
NULL = "pleiotropic effects average to zero (no directional pleiotropy)"


@dataclass(frozen=True, slots=True)
class Line:
    """A line: slope last, intercept before it if there is one.

    Parameters
    ----------
    coefficients, se : numpy.ndarray, shape (1,) or (2,)
        In scaled units; standard errors with the floor of one on the scatter.
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


def penalised(data: Scaled, *, centre: NDArray[np.float64], intercept: bool) -> NDArray[np.float64]:
    """Return what a penalty leaves of the weight of each variant.

    Parameters
    ----------
    data : Scaled
        Effects.
    centre : numpy.ndarray
        Coefficients of the line that variants are held against.
    intercept : bool
        Whether it has an intercept.
    """
    miss = (data.y - design(data, intercept=intercept) @ centre) / data.se_y
    p = 2.0 * special.ndtr(-np.abs(miss))  # chi-squared with one degree of freedom
    return np.minimum(1.0, PENALTY_FACTOR * p)


def least_squares(data: Scaled, weights: NDArray[np.float64], *, intercept: bool) -> Line | None:
    """Return the line of weighted least squares; None where slope and intercept cannot be told apart."""
    root = np.sqrt(weights) / data.se_y
    x, y = design(data, intercept=intercept) * root[:, None], data.y * root
    found = _inverse(x)
    if found is None:
        return None
    coefficients = found @ (x.T @ y)
    free = data.x.size - x.shape[1]
    scatter = math.sqrt(float(np.sum(np.square(y - x @ coefficients))) / free) if free else 0.0
    se = np.sqrt(np.diag(found)) * max(1.0, scatter)
    return Line(coefficients, se, scatter, weights)


def robust(data: Scaled, weights: NDArray[np.float64], *, intercept: bool) -> Line | None:
    """Return the line of MM regression; None where there is none.

    Where more than half of the variants lie on one line exactly, the scale is 0: the line is that of least squares of
    those, with its errors at face value.
    """
    root = np.sqrt(weights) / data.se_y
    x, y = design(data, intercept=intercept) * root[:, None], data.y * root
    if _inverse(x) is None:
        return None
    fit = mm_regression(x, y)
    if fit.scale <= ROUNDING or np.isnan(fit.se).any():
        near = weights if not fit.scale <= ROUNDING else weights * (np.abs(y - x @ fit.coefficients) <= ROUNDING)
        line = least_squares(data, near, intercept=intercept)
        return None if line is None else Line(line.coefficients, line.se, 0.0, near)
    return Line(fit.coefficients, fit.se / min(fit.scale, 1.0), fit.scale, weights * fit.weights)


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
