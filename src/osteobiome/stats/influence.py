r"""Deletion diagnostics of weighted and generalised least squares, without refitting.

Shape convention: design ``(n_variants, n_parameters)``, everything else ``(n_variants,)``. With precision :math:`V`
(inverse covariance of the responses), :math:`\hat e = y - X\hat\beta`, :math:`C = (X'VX)^{-1}` and
:math:`P = V - VXCX'V`, leaving out response :math:`j` (its row and column of the covariance too) changes

- the fit by :math:`\hat\beta - \hat\beta_{(j)} = C X'V e_j \, (V\hat e)_j / P_{jj}`,
- the residual sum of squares by :math:`Q - Q_{(j)} = (V\hat e)_j^2 / P_{jj}`.

(Baade 2018, doi:10.48550/arXiv.1809.01319; for a diagonal :math:`V` these are the textbook formulas.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import linalg

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDING = 1e-12
"""1 - leverage below this is rounding error: nothing is left to judge the variant by."""
LEFT = 1e-3
"""Share of the information or of Q that must be left without a response for the deletion formula to keep its digits."""


@dataclass(frozen=True, slots=True)
class Deletions:
    r"""What each response does to a fit; arrays of shape (n_variants,), NaN where undefined.

    Parameters
    ----------
    leverage : numpy.ndarray
        Share of the information of the response that the fit uses up, between 0 and 1: the diagonal of the hat matrix
        if responses are independent, else :math:`1 - P_{jj}/V_{jj}`.
    q_contribution : numpy.ndarray
        :math:`(V\hat e)_j^2/V_{jj}`: squared residual over its variance; given the correlated neighbours, if any.
    studentised_residual : numpy.ndarray
        Residual over its standard error, the scatter being that of the fit without the response.
    cooks_distance : numpy.ndarray
        Squared change of the fit in units of its estimated covariance, per parameter.
    """

    leverage: NDArray[np.float64]
    q_contribution: NDArray[np.float64]
    studentised_residual: NDArray[np.float64]
    cooks_distance: NDArray[np.float64]


def wls_deletions(design: NDArray[np.float64], response: NDArray[np.float64], weight: NDArray[np.float64]) -> Deletions:
    """Return deletion diagnostics for independent responses.

    Parameters
    ----------
    design : numpy.ndarray, shape (n_variants, n_parameters)
        Regressors, of full column rank.
    response : numpy.ndarray, shape (n_variants,)
        Responses.
    weight : numpy.ndarray, shape (n_variants,)
        Inverse variances up to a common factor, > 0.

    Returns
    -------
    Deletions
        As R's ``hatvalues``, ``rstudent`` and ``cooks.distance`` for ``lm`` with weights.

    References
    ----------
    Cook 1977, doi:10.1080/00401706.1977.10489493; Baade 2018, doi:10.48550/arXiv.1809.01319

    Examples
    --------
    >>> fit = wls_deletions(np.array([[1.0], [2.0], [3.0]]), np.array([1.0, 2.0, 4.0]), np.ones(3))
    >>> fit.leverage.round(4).tolist()
    [0.0714, 0.2857, 0.6429]
    >>> fit.cooks_distance.round(4).tolist()
    [0.0213, 0.576, 3.6]
    """
    root = np.sqrt(weight)
    x, y = design * root[:, np.newaxis], response * root
    basis = np.linalg.qr(x)[0]
    leverage = np.sum(np.square(basis), axis=1)
    residual = y - basis @ (basis.T @ y)
    return _deletions(weight, leverage, residual * root, float(residual @ residual), design.shape[1])


def gls_deletions(
    design: NDArray[np.float64], response: NDArray[np.float64], covariance: NDArray[np.float64]
) -> Deletions:
    """Return deletion diagnostics for correlated responses.

    Parameters
    ----------
    design : numpy.ndarray, shape (n_variants, n_parameters)
        Regressors, of full column rank.
    response : numpy.ndarray, shape (n_variants,)
        Responses.
    covariance : numpy.ndarray, shape (n_variants, n_variants)
        Covariance of the responses up to a common factor, positive definite.

    Returns
    -------
    Deletions
        What a refit without each response, with its row and column of the covariance struck out, would give.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the covariance is not positive definite.

    References
    ----------
    Baade 2018, doi:10.48550/arXiv.1809.01319; Cook 1977, doi:10.1080/00401706.1977.10489493

    Examples
    --------
    >>> x, y = np.array([[1.0], [2.0], [3.0]]), np.array([1.0, 2.0, 4.0])
    >>> gls_deletions(x, y, np.eye(3)).cooks_distance.round(4).tolist()
    [0.0213, 0.576, 3.6]
    """
    scale = np.sqrt(np.diag(covariance))
    factor = linalg.cholesky(covariance / np.outer(scale, scale), lower=True)
    inverse = linalg.solve_triangular(factor, np.eye(len(response)), lower=True) / scale
    x, y = inverse @ design, inverse @ response
    basis = np.linalg.qr(x)[0]
    precision = np.sum(np.square(inverse), axis=0)
    leverage = np.sum(np.square(inverse.T @ basis), axis=1) / precision
    residual = y - basis @ (basis.T @ y)
    return _deletions(precision, leverage, inverse.T @ residual, float(residual @ residual), design.shape[1])


class OriginDeletions(NamedTuple):
    """Fits through the origin without each response; arrays of shape (n_variants,).

    Parameters
    ----------
    slope, se : numpy.ndarray
        Estimate, and its standard error for a known covariance.
    q : numpy.ndarray
        Quadratic form of the residuals.
    is_heavy : numpy.ndarray of bool
        So little information or Q is left without the response that the formula loses digits: refit these. One or two
        at most, as shares add up to 1 where responses are independent.
    """

    slope: NDArray[np.float64]
    se: NDArray[np.float64]
    q: NDArray[np.float64]
    is_heavy: NDArray[np.bool_]


def origin_deletions(
    regressor: NDArray[np.float64], response: NDArray[np.float64], correlation: NDArray[np.float64] | None = None
) -> OriginDeletions:
    r"""Return the fit through the origin without each response, from one fit of all.

    With :math:`V` the inverse correlation, deletion lowers :math:`x'Vx` by :math:`(Vx)_j^2/V_{jj}`, :math:`x'Vy` by
    :math:`(Vx)_j(Vy)_j/V_{jj}`, and Q as at the top of this module.

    Parameters
    ----------
    regressor, response : numpy.ndarray, shape (n_variants,)
        Each over the standard error of the response.
    correlation : numpy.ndarray, shape (n_variants, n_variants), optional
        Of the responses, positive definite; left out, they are independent.

    Examples
    --------
    >>> found = origin_deletions(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]))
    >>> found.slope.round(4).tolist()  # the first is (2 * 2 + 3 * 4) / (2 * 2 + 3 * 3)
    [1.2308, 1.3, 1.0]
    """
    vx, vy, own_precision = regressor, response, np.ones(len(response))
    if correlation is not None:
        factor = linalg.cholesky(correlation, lower=True)
        inverse = linalg.solve_triangular(factor, np.eye(len(response)), lower=True)
        vx, vy = inverse.T @ (inverse @ regressor), inverse.T @ (inverse @ response)
        own_precision = np.sum(np.square(inverse), axis=0)
    own = np.square(vx) / own_precision
    total, crossed = regressor @ vx, regressor @ vy
    left = total - own
    residual = vy - crossed / total * vx
    q = (response - crossed / total * regressor) @ residual
    without = np.maximum(q - np.square(residual) / (own_precision * (1.0 - own / total)), 0.0)
    slope = (crossed - vx * vy / own_precision) / left
    return OriginDeletions(slope, 1.0 / np.sqrt(left), without, (left < LEFT * total) | (without < LEFT * q))


def _deletions(
    precision: NDArray[np.float64],
    leverage: NDArray[np.float64],
    weighted_residual: NDArray[np.float64],
    q: float,
    n_parameters: int,
) -> Deletions:
    """Put the diagnostics together from diag(V), leverage, V e and Q."""
    n = len(precision)
    leverage = np.clip(leverage, 0.0, 1.0)
    left = np.where(leverage > 1.0 - ROUNDING, np.nan, 1.0 - leverage)
    contribution = np.square(weighted_residual) / precision
    df = n - n_parameters
    with np.errstate(divide="ignore", invalid="ignore"):  # no degrees of freedom, or a perfect fit: NaN
        drop = contribution / left
        scatter = np.maximum(q - drop, 0.0) / (df - 1) if df > 1 else np.full(n, np.nan)
        # what is left of Q after the largest term is taken away may be rounding error
        scatter = np.where(scatter <= ROUNDING * q, np.nan, scatter)
        studentised = np.sign(weighted_residual) * np.sqrt(drop / scatter)
        variance = q / df if df > 0 and q > 0.0 else np.nan
        cooks = drop * leverage / (left * n_parameters * variance)
    return Deletions(leverage, contribution, studentised, cooks)
