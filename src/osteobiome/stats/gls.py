"""Generalised least squares for correlated variants, with an honest answer when it has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import linalg

if TYPE_CHECKING:
    from numpy.typing import NDArray

RELATIVE_TOLERANCE = 1e-10
"""Eigenvalues below this share of the largest one count as zero."""

SPREAD = 1e-26
"""Spread of a regressor, as share of its size squared and per condition number, below which it is rounding error."""

Definiteness = Literal["ok", "singular", "not_positive_semidefinite"]


@dataclass(frozen=True, slots=True)
class GlsFit:
    """Result of :func:`gls_origin`.

    Parameters
    ----------
    slope, se : float
        Estimate and its standard error for a known covariance.
    q : float
        Generalised Cochran's Q, the quadratic form of the residuals.
    condition : float
        Condition number of the correlation matrix.
    """

    slope: float
    se: float
    q: float
    condition: float


@dataclass(frozen=True, slots=True)
class GlsLine:
    """Result of :func:`gls_line`.

    Parameters
    ----------
    slope, se, intercept, se_intercept : float
        Estimates and their standard errors for a known covariance; NaN where slope and intercept cannot be told apart.
    q : float
        Quadratic form of the residuals; NaN likewise.
    condition : float
        Condition number of the correlation matrix.
    """

    slope: float
    se: float
    intercept: float
    se_intercept: float
    q: float
    condition: float


def definiteness(correlation: NDArray[np.float64]) -> tuple[Definiteness, float, float]:
    """Tell whether a correlation matrix can be inverted.

    Parameters
    ----------
    correlation : numpy.ndarray, shape (n_variants, n_variants)
        Symmetric, ones on the diagonal.

    Returns
    -------
    verdict : {"ok", "singular", "not_positive_semidefinite"}
        Singular: an eigenvalue is zero up to rounding. Not positive semidefinite: one is clearly negative.
    smallest : float
        Smallest eigenvalue.
    condition : float
        Ratio of largest to smallest eigenvalue; infinite unless the verdict is ok.
    """
    assert correlation.ndim == 2
    assert correlation.shape[0] == correlation.shape[1]
    eigenvalues = linalg.eigvalsh(correlation)
    smallest, largest = float(eigenvalues[0]), float(eigenvalues[-1])
    if smallest < -RELATIVE_TOLERANCE * largest:
        return "not_positive_semidefinite", smallest, np.inf
    if smallest <= RELATIVE_TOLERANCE * largest:
        return "singular", smallest, np.inf
    return "ok", smallest, largest / smallest


def gls_origin(
    x: NDArray[np.float64], y: NDArray[np.float64], se_y: NDArray[np.float64], correlation: NDArray[np.float64]
) -> GlsFit:
    r"""Regress y on x through the origin when the errors of y are correlated.

    Parameters
    ----------
    x, y, se_y : numpy.ndarray, shape (n_variants,)
        Regressor, response and standard error of the response.
    correlation : numpy.ndarray, shape (n_variants, n_variants)
        Correlation of the errors, positive definite.

    Returns
    -------
    GlsFit
        :math:`\hat\theta = x'\Omega^{-1}y / x'\Omega^{-1}x` with :math:`\Omega_{jk} = \sigma_j\sigma_k\rho_{jk}`.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the matrix is not positive definite; ask :func:`definiteness` first.

    Notes
    -----
    The Cholesky factor of the correlation (not of the covariance) is used, after scaling by the standard errors, so
    that errors of very different size do not spoil the condition.
    """
    assert x.shape == y.shape == se_y.shape == correlation.shape[:1]
    _, _, condition = definiteness(correlation)
    white_x, white_y = _whiten(np.column_stack([x, y]), se_y, correlation).T
    information = float(white_x @ white_x)
    slope = float(np.divide(white_x @ white_y, information))  # numpy's division: an underflow is not an exception
    residual = white_y - slope * white_x
    se = float(np.sqrt(np.divide(1.0, information)))
    return GlsFit(slope, se, float(residual @ residual), condition)


def gls_line(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    se_y: NDArray[np.float64],
    correlation: NDArray[np.float64],
) -> GlsLine:
    r"""Regress y on x with an intercept when the errors of y are correlated.

    Parameters
    ----------
    x, y, se_y : numpy.ndarray, shape (n_variants,)
        Regressor, response and standard error of the response; at least two variants.
    correlation : numpy.ndarray, shape (n_variants, n_variants)
        Correlation of the errors, positive definite.

    Returns
    -------
    GlsLine
        :math:`(\hat\theta_0, \hat\theta)' = (X'\Omega^{-1}X)^{-1} X'\Omega^{-1}y` with X = (1, x) and
        :math:`\Omega_{jk} = \sigma_j\sigma_k\rho_{jk}`.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the matrix is not positive definite; ask :func:`definiteness` first.

    Notes
    -----
    After whitening, the intercept's column is taken out of the others before slope and its error are formed: the
    two-by-two inverse would lose half the digits when all x are alike.
    """
    assert x.shape == y.shape == se_y.shape == correlation.shape[:1]
    assert x.size >= 2
    _, _, condition = definiteness(correlation)
    exponent = int(np.frexp(np.abs(x).max())[1])
    unit = np.ldexp(
        x, -exponent
    )  # largest value 0.5 to 1: division by a power of two is exact, and squares stay finite
    one, white_x, white_y = _whiten(np.column_stack([np.ones_like(x), unit, y]), se_y, correlation).T
    weight = one @ one
    mean_x, mean_y = one @ white_x / weight, one @ white_y / weight
    centred_x, centred_y = white_x - mean_x * one, white_y - mean_y * one
    spread = centred_x @ centred_x
    if spread <= SPREAD * condition * weight:
        return GlsLine(np.nan, np.nan, np.nan, np.nan, np.nan, condition)
    slope = np.divide(centred_x @ centred_y, spread)
    residual = centred_y - slope * centred_x
    return GlsLine(
        slope=float(np.ldexp(slope, -exponent)),
        se=float(np.ldexp(np.sqrt(np.divide(1.0, spread)), -exponent)),
        intercept=float(mean_y - slope * mean_x),
        se_intercept=float(np.sqrt(1.0 / weight + np.divide(np.square(mean_x), spread))),
        q=float(residual @ residual),
        condition=condition,
    )


def both_whitened(
    data: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    correlation: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float]:
    r"""Change to coordinates in which the errors of two sets of effects are independent at once.

    Parameters
    ----------
    data : tuple of numpy.ndarray, each of shape (n_variants,)
        First effects, their errors, second effects, their errors.
    correlation : numpy.ndarray, shape (n_variants, n_variants)
        Correlation of the errors within both sets, positive definite.

    Returns
    -------
    first, second : numpy.ndarray, shape (n_variants,)
        Effects in the new coordinates; the errors of the second are 1.
    se_first : numpy.ndarray, shape (n_variants,)
        Errors of the first.
    condition : float
        Condition number of the correlation matrix.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the matrix is not positive definite; ask :func:`definiteness` first.

    Notes
    -----
    With :math:`\rho = LL'` and D the second errors, :math:`L^{-1}D^{-1}` makes the second covariance the identity, and
    the eigenvectors of what the first becomes make that diagonal.
    """
    x, se_x, y, se_y = data
    assert x.shape == y.shape == se_x.shape == se_y.shape == correlation.shape[:1]
    _, _, condition = definiteness(correlation)
    factor = linalg.cholesky(correlation, lower=True)
    root = linalg.solve_triangular(factor, (se_x / se_y)[:, np.newaxis] * factor, lower=True)
    axes, sizes, _ = linalg.svd(root)  # root times its transpose is the first covariance: no squares are formed
    white = axes.T @ _whiten(np.column_stack([x, y]), se_y, correlation)
    return white[:, 0], white[:, 1], sizes, condition


def _whiten(
    columns: NDArray[np.float64], se: NDArray[np.float64], correlation: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return columns whose errors are independent with variance 1, shape (n_variants, n_columns)."""
    factor = linalg.cholesky(correlation, lower=True)
    white: NDArray[np.float64] = linalg.solve_triangular(factor, columns / se[:, np.newaxis], lower=True)
    return white
