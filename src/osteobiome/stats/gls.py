"""Generalised least squares through the origin for correlated variants, with an honest answer when it has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import linalg

if TYPE_CHECKING:
    from numpy.typing import NDArray

RELATIVE_TOLERANCE = 1e-10
"""Eigenvalues below this share of the largest one count as zero."""

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
    factor = linalg.cholesky(correlation, lower=True)
    white = linalg.solve_triangular(factor, np.column_stack([x / se_y, y / se_y]), lower=True)
    white_x, white_y = white[:, 0], white[:, 1]
    information = float(white_x @ white_x)
    slope = float(np.divide(white_x @ white_y, information))  # numpy's division: an underflow is not an exception
    residual = white_y - slope * white_x
    se = float(np.sqrt(np.divide(1.0, information)))
    return GlsFit(slope, se, float(residual @ residual), condition)
