"""MM regression with one or two coefficients: a robust scale from a global search, then an efficient M-estimate."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

TUNING_SCALE, TUNING_EFFICIENCY = 1.54764, 4.685061
"""Of Tukey's biweight: breakdown of one half, and 95 % efficiency, as in lmrob of robustbase."""
HALF = 0.5
NORMAL_MAD = 0.6745
MAX_STARTS = 500
"""Exact fits to subsets that are tried; all of them where there are no more."""
KEPT_STARTS = 5
SCREENED, SCREENING_STEPS = 2_000, 20
"""Rows and steps of the scale by which starts are compared."""
MAX_STEPS = 500
TOLERANCE = 1e-13


@dataclass(frozen=True, slots=True)
class MmFit:
    """A fit.

    Parameters
    ----------
    coefficients, se : numpy.ndarray, shape (n_coefficients,)
        Estimates and standard errors (without any floor).
    scale : float
        Robust standard deviation of the residuals; 0 if more than half of them are 0.
    converged : bool
        Whether both searches stood still.
    weights : numpy.ndarray, shape (n,)
        Weight that each row has in the last step, 0 to 1.
    """

    coefficients: NDArray[np.float64]
    se: NDArray[np.float64]
    scale: float
    converged: bool
    weights: NDArray[np.float64]


def mm_regression(x: NDArray[np.float64], y: NDArray[np.float64]) -> MmFit:
    r"""Fit a line that up to half of the rows cannot spoil.

    Parameters
    ----------
    x : numpy.ndarray, shape (n, n_coefficients)
        Columns of the model, rows already divided by their standard errors.
    y : numpy.ndarray, shape (n,)
        Values, divided likewise.

    Returns
    -------
    MmFit
        NaN throughout if the columns are dependent.

    Notes
    -----
    The S-estimate minimises the scale s that solves :math:`\sum_j \rho(r_j/s) = (n-p)/2` with Tukey's biweight. Starts
    are exact fits to subsets of p rows: all of them if there are at most 500, else 500 spread evenly over their list,
    without random numbers; the five of smallest scale are iterated to the end. With that scale the M-estimate of 95 %
    efficiency starts there. Standard errors are those of Croux, Dhaene & Hoorelbeke without assumptions about
    symmetry, as in lmrob (``.vcov.avar1``), which takes random subsets and stops at 1e-7.

    References
    ----------
    Yohai 1987, doi:10.1214/aos/1176350366; Salibian-Barrera & Yohai 2006, doi:10.1198/106186006X113629; standard
    errors: Croux, Dhaene & Hoorelbeke 2003, doi:10.2139/ssrn.876604

    Examples
    --------
    >>> x = np.arange(1.0, 8.0)[:, None]
    >>> fit = mm_regression(x, np.array([2.1, 3.9, 6.0, 8.1, 9.9, 12.0, 99.0]))
    >>> fit.coefficients.round(2).tolist(), fit.weights.round(2)[-1].item()
    ([2.0], 0.0)
    """
    n, p = x.shape
    nothing = MmFit(np.full(p, np.nan), np.full(p, np.nan), float("nan"), converged=False, weights=np.zeros(n))
    start, scale, stood = _s_estimate(x, y)
    if start is None:
        return nothing
    if scale == 0.0:
        return MmFit(start, np.full(p, np.nan), 0.0, converged=True, weights=np.ones(n))
    found, stands = _reweighted(x, y, start, lambda r: _weight(r / scale, TUNING_EFFICIENCY))
    if found is None:
        return nothing
    se = _standard_errors(x, (y - x @ found) / scale, (y - x @ start) / scale, scale)
    weights = _weight((y - x @ found) / scale, TUNING_EFFICIENCY)
    return MmFit(found, se, scale, stood and stands, weights)


def _s_estimate(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64] | None, float, bool]:
    """Return coefficients of smallest scale, that scale, and whether the search stood still."""
    n, p = x.shape
    some = np.unique(np.linspace(0, n - 1, min(n, SCREENED)).astype(np.int64))
    order = np.lexsort((x[:, -1], y))
    seen = order[some]  # many rows are screened by some of them, spread over all values
    tried = []
    for rows in _subsets(x, y):
        exact = _solve(x[rows], y[rows])
        if exact is not None:
            tried.append((_scale(y[seen] - x[seen] @ exact, p, steps=SCREENING_STEPS), exact))
    tried.sort(key=lambda one: one[0])
    best: tuple[NDArray[np.float64] | None, float, bool] = (None, np.inf, False)
    for _, coefficients in tried[:KEPT_STARTS]:
        found, stood = _concentrated(x, y, coefficients)
        if found is None:
            continue
        scale = _scale(y - x @ found, p)
        if scale < best[1]:
            best = found, scale, stood
    return best


def _concentrated(
    x: NDArray[np.float64], y: NDArray[np.float64], start: NDArray[np.float64]
) -> tuple[NDArray[np.float64] | None, bool]:
    """Return the coefficients of a local minimum of the scale: one step of the scale, one of the line, in turn."""
    n, p = x.shape
    coefficients, residual = start, y - x @ start
    scale = _scale(residual, p)
    for _ in range(MAX_STEPS):
        if scale == 0.0:
            return coefficients, True
        weight = _weight(residual / scale, TUNING_SCALE)
        new = _solve((x.T * weight) @ x, x.T @ (weight * y))
        if new is None:
            return None, False
        moved = np.abs(new - coefficients).max()
        coefficients, residual = new, y - x @ new
        larger = scale * float(np.sqrt(np.sum(_rho(residual / scale)) / ((n - p) * HALF)))
        still = moved <= TOLERANCE * np.abs(new).max() and abs(larger - scale) <= TOLERANCE * scale
        scale = larger
        if still:
            return coefficients, True
    return coefficients, False


def _subsets(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[list[int]]:
    """Return rows of the starts; of many, some spread evenly over the rows in order of their slopes."""
    n, p = x.shape
    order = np.lexsort((x[:, -1], y / np.where(x[:, -1] == 0.0, np.inf, x[:, -1])))
    if p == 1:
        picked = order[np.unique(np.linspace(0, n - 1, min(n, MAX_STARTS)).astype(np.int64))]
        return [[int(row)] for row in picked]
    some = order[np.unique(np.linspace(0, n - 1, min(n, 64)).astype(np.int64))]
    pairs = list(combinations(some.tolist(), 2))
    picked = np.unique(np.linspace(0, len(pairs) - 1, min(len(pairs), MAX_STARTS)).astype(np.int64))
    return [list(pairs[k]) for k in picked]


def _solve(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the exact fit, or None if there is none."""
    try:
        found = np.asarray(np.linalg.solve(x, y), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
    return found if np.isfinite(found).all() else None


def _reweighted(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    start: NDArray[np.float64],
    weigh: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> tuple[NDArray[np.float64] | None, bool]:
    """Return the coefficients at which weighted least squares stand still, and whether they do."""
    coefficients = np.asarray(start, dtype=np.float64)
    for _ in range(MAX_STEPS):
        weight = weigh(y - x @ coefficients)
        new = _solve((x.T * weight) @ x, x.T @ (weight * y))
        if new is None:
            return None, False
        moved = np.abs(new - coefficients).max()
        coefficients = new
        if moved <= TOLERANCE * np.abs(new).max():
            return coefficients, True
    return coefficients, False


def _scale(residual: NDArray[np.float64], p: int, *, steps: int = MAX_STEPS) -> float:
    """Return the scale at which the mean of rho is one half; 0 if more than half of the residuals are 0."""
    n = residual.size
    scale = float(np.median(np.abs(residual))) / NORMAL_MAD
    if scale == 0.0:
        return 0.0
    for _ in range(steps):
        new = scale * float(np.sqrt(np.sum(_rho(residual / scale)) / ((n - p) * HALF)))
        if abs(new - scale) <= TOLERANCE * scale or new == 0.0:
            return new
        scale = new
    return scale


def _rho(u: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = 1.0 - np.square(np.minimum(np.abs(u / TUNING_SCALE), 1.0))
    return 1.0 - inside**3


def _weight(u: NDArray[np.float64], tuning: float) -> NDArray[np.float64]:
    inside = 1.0 - np.square(np.minimum(np.abs(u / tuning), 1.0))
    return np.square(inside)


def _standard_errors(
    x: NDArray[np.float64], r: NDArray[np.float64], r0: NDArray[np.float64], scale: float
) -> NDArray[np.float64]:
    """Return standard errors from the residuals of the M-estimate and of the S-estimate, both over the scale."""
    n = x.shape[0]
    share = np.square(np.minimum(np.abs(r / TUNING_EFFICIENCY), 1.0))
    slope = (1.0 - share) * (1.0 - 5.0 * share)  # derivative of psi
    psi, chi = r * _weight(r, TUNING_EFFICIENCY), _rho(r0)
    chi_slope = 6.0 * r0 * _weight(r0, TUNING_SCALE) / TUNING_SCALE**2
    nothing = np.full(x.shape[1], np.nan)
    try:
        a = np.linalg.inv((x.T * slope) @ x) * scale
    except np.linalg.LinAlgError:
        return nothing
    pull = a @ (x.T @ (slope * r)) / np.mean(chi_slope * r0)
    cross = a @ (x.T @ (psi * chi))
    first = n * a @ ((x.T * np.square(psi)) @ x) @ a
    spread = float(np.mean(np.square(chi)) - HALF**2)
    covariance = (first - np.outer(pull, cross) - np.outer(cross, pull) + spread * np.outer(pull, pull)) / n
    variance = np.diag(covariance)
    return np.sqrt(np.where(variance > 0.0, variance, np.nan))
