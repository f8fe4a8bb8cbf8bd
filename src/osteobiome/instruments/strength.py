"""How strong the instruments are, and how much a weak one would bias MR-Egger."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.strength import i2_kernel

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def f_statistic(beta_exposure: ArrayLike, se_exposure: ArrayLike) -> NDArray[np.float64]:
    r"""Return the F statistic of each variant.

    Parameters
    ----------
    beta_exposure, se_exposure : array_like, shape (..., n_variants)
        Effect on the exposure and its standard error, same unit.

    Returns
    -------
    numpy.ndarray, shape (..., n_variants)
        :math:`F_j = (\hat\gamma_j / \sigma_{Xj})^2`, no unit. Below 10 an instrument is called weak.

    References
    ----------
    Bowden et al. 2016, doi:10.1093/ije/dyw220 (approximation from summary data).

    Examples
    --------
    >>> f_statistic([0.2, 0.1], [0.02, 0.05]).tolist()
    [100.0, 4.0]
    """
    with np.errstate(over="ignore"):  # an infinite F is an honest answer to an absurd effect
        ratio = np.asarray(beta_exposure, dtype=np.float64) / np.asarray(se_exposure, dtype=np.float64)
        return np.square(ratio)


def i2_gx(
    beta_exposure: NDArray[np.float64],
    se_exposure: NDArray[np.float64],
    *,
    se_outcome: NDArray[np.float64] | None = None,
    mask: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    r"""Return I²_GX, the share by which MR-Egger is *not* diluted by error in the exposure effects.

    Parameters
    ----------
    beta_exposure, se_exposure : numpy.ndarray, shape (..., n_variants)
        Effect on the exposure and its standard error, same unit.
    se_outcome : numpy.ndarray, shape (..., n_variants), optional
        Standard errors of the outcome effects. Given: effects are first divided by them, which is the quantity that
        belongs to weighted MR-Egger (and what the R package MendelianRandomization prints). Left out: unweighted.
    mask : numpy.ndarray of bool, shape (..., n_variants), optional
        False leaves a variant out.

    Returns
    -------
    numpy.ndarray, shape (...)
        Share between 0 and 1; below 0.9 the slope of MR-Egger is visibly diluted towards the null. NaN for fewer
        than two variants.

    Notes
    -----
    With :math:`x_j = |\hat\gamma_j|/\sigma_{Yj}` and :math:`s_j = \sigma_{Xj}/\sigma_{Yj}`,
    :math:`Q = \sum_j (x_j-\bar x)^2/s_j^2` and :math:`I^2 = \max(0, (Q-(n-1))/Q)`.

    References
    ----------
    Bowden et al. 2016, doi:10.1093/ije/dyw220

    Examples
    --------
    >>> i2_gx(np.array([0.1, 0.2, 0.3]), np.array([0.01, 0.01, 0.01])).round(3).item()
    0.99
    """
    shape = beta_exposure.shape
    scale = np.ones(shape) if se_outcome is None else se_outcome
    used = np.ones(shape, dtype=bool) if mask is None else mask
    rows = (math.prod(shape[:-1]), shape[-1])
    x, se, divisor, keep = (np.ascontiguousarray(a).reshape(rows) for a in (beta_exposure, se_exposure, scale, used))
    return i2_kernel(x, se, divisor, keep).reshape(shape[:-1])
