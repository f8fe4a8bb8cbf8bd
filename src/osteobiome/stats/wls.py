r"""Weighted least squares through the origin and with an intercept, for many small problems at once.

Shape convention: arrays are ``(n_pairs, n_variants)``, variants last; a variant with weight 0 does not exist, so pairs
of different length share one block. Sums of squares are taken about the weighted mean in a second pass: the
one-pass textbook formula loses half the digits when all exposure effects are alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel
def ivw_kernel(
    beta_exposure: NDArray[np.float64], beta_outcome: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Regress outcome effects on exposure effects through the origin, one row per pair.

    Parameters
    ----------
    beta_exposure, beta_outcome, weight : numpy.ndarray, shape (n_pairs, n_variants)
        Effects (unit of the trait) and weights (1 / variance); weight 0 leaves a variant out.

    Returns
    -------
    numpy.ndarray, shape (n_pairs, 4)
        Slope, its standard error under weights known up to no factor, Cochran's Q, number of variants. Slope and
        error are NaN where the exposure effects are all zero.
    """
    n_pairs, n_variants = beta_exposure.shape
    out = np.empty((n_pairs, 4))
    for pair in range(n_pairs):
        sum_xx = 0.0
        sum_xy = 0.0
        count = 0
        for j in range(n_variants):
            w = weight[pair, j]
            if w > 0.0:
                x = beta_exposure[pair, j]
                sum_xx += w * x * x
                sum_xy += w * x * beta_outcome[pair, j]
                count += 1
        if sum_xx > 0.0:
            slope = sum_xy / sum_xx
            q = 0.0
            for j in range(n_variants):
                w = weight[pair, j]
                if w > 0.0:
                    residual = beta_outcome[pair, j] - slope * beta_exposure[pair, j]
                    q += w * residual * residual
            out[pair, 0] = slope
            out[pair, 1] = 1.0 / np.sqrt(sum_xx)
            out[pair, 2] = q
        else:
            out[pair, 0] = np.nan
            out[pair, 1] = np.nan
            out[pair, 2] = np.nan
        out[pair, 3] = count
    return out


@kernel
def egger_kernel(
    beta_exposure: NDArray[np.float64], beta_outcome: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Regress outcome effects on exposure effects with an intercept, after turning all exposure effects positive.

    Parameters
    ----------
    beta_exposure, beta_outcome, weight : numpy.ndarray, shape (n_pairs, n_variants)
        Effects (unit of the trait) and weights (1 / variance); weight 0 leaves a variant out.

    Returns
    -------
    numpy.ndarray, shape (n_pairs, 6)
        Slope, its standard error, intercept, its standard error (both errors for weights known up to no factor),
        Ruecker's Q, number of variants. NaN where slope and intercept cannot be told apart.
    """
    n_pairs, n_variants = beta_exposure.shape
    out = np.empty((n_pairs, 6))
    for pair in range(n_pairs):
        sum_w = 0.0
        sum_x = 0.0
        sum_y = 0.0
        largest = 0.0
        count = 0
        for j in range(n_variants):
            w = weight[pair, j]
            if w > 0.0:
                x = beta_exposure[pair, j]
                y = beta_outcome[pair, j]
                if x < 0.0:
                    x = -x
                    y = -y
                sum_w += w
                sum_x += w * x
                sum_y += w * y
                largest = max(largest, x)
                count += 1
        out[pair, :5] = np.nan
        out[pair, 5] = count
        if count < 2:
            continue
        mean_x = sum_x / sum_w
        mean_y = sum_y / sum_w
        sum_xx = 0.0
        sum_xy = 0.0
        for j in range(n_variants):
            w = weight[pair, j]
            if w > 0.0:
                x = beta_exposure[pair, j]
                y = beta_outcome[pair, j]
                if x < 0.0:
                    x = -x
                    y = -y
                sum_xx += w * (x - mean_x) * (x - mean_x)
                sum_xy += w * (x - mean_x) * (y - mean_y)
        # effects equal up to rounding leave only noise in the denominator
        if sum_xx <= 1e-26 * sum_w * largest * largest:
            continue
        slope = sum_xy / sum_xx
        intercept = mean_y - slope * mean_x
        q = 0.0
        for j in range(n_variants):
            w = weight[pair, j]
            if w > 0.0:
                x = beta_exposure[pair, j]
                y = beta_outcome[pair, j]
                if x < 0.0:
                    x = -x
                    y = -y
                residual = y - intercept - slope * x
                q += w * residual * residual
        out[pair, 0] = slope
        out[pair, 1] = 1.0 / np.sqrt(sum_xx)
        out[pair, 2] = intercept
        out[pair, 3] = np.sqrt(1.0 / sum_w + mean_x * mean_x / sum_xx)
        out[pair, 4] = q
    return out
