"""Strength of instruments for many pairs at once; variants are added up one by one, so that padding changes no bit.

Shape convention: arrays are ``(n_pairs, n_variants)``; a variant under a false mask is never looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel
def f_kernel(effect: NDArray[np.float64], se: NDArray[np.float64], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return mean and smallest squared ratio of effect and standard error.

    Parameters
    ----------
    effect, se : numpy.ndarray, shape (n_pairs, n_variants)
        Effect and its standard error, same unit.
    mask : numpy.ndarray of bool, shape (n_pairs, n_variants)
        False leaves a variant out.

    Returns
    -------
    numpy.ndarray, shape (n_pairs, 2)
        NaN for a pair without variants.
    """
    n_pairs, n_variants = effect.shape
    out = np.full((n_pairs, 2), np.nan)
    for pair in range(n_pairs):
        total = 0.0
        smallest = np.inf
        count = 0
        for j in range(n_variants):
            if mask[pair, j]:
                ratio = effect[pair, j] / se[pair, j]
                total += ratio * ratio
                smallest = min(smallest, ratio * ratio)
                count += 1
        if count > 0:
            out[pair, 0] = total / count
            out[pair, 1] = smallest
    return out


@kernel
def i2_kernel(
    effect: NDArray[np.float64], se: NDArray[np.float64], scale: NDArray[np.float64], mask: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the share of the spread of absolute effects that is not sampling error.

    Parameters
    ----------
    effect, se, scale : numpy.ndarray, shape (n_pairs, n_variants)
        Effect, its standard error, and what both are divided by first.
    mask : numpy.ndarray of bool, shape (n_pairs, n_variants)
        False leaves a variant out.

    Returns
    -------
    numpy.ndarray, shape (n_pairs,)
        Between 0 and 1; NaN for fewer than two variants.
    """
    n_pairs, n_variants = effect.shape
    out = np.full(n_pairs, np.nan)
    for pair in range(n_pairs):
        sum_w = 0.0
        sum_wx = 0.0
        count = 0
        for j in range(n_variants):
            if mask[pair, j]:
                w = (scale[pair, j] / se[pair, j]) ** 2
                sum_w += w
                sum_wx += w * abs(effect[pair, j]) / scale[pair, j]
                count += 1
        if count < 2:
            continue
        mean = sum_wx / sum_w
        q = 0.0
        for j in range(n_variants):
            if mask[pair, j]:
                w = (scale[pair, j] / se[pair, j]) ** 2
                q += w * (abs(effect[pair, j]) / scale[pair, j] - mean) ** 2
        out[pair] = max(0.0, (q - (count - 1)) / q) if q > 0.0 else 0.0
    return out
