r"""Summary statistics of halves of a sample, drawn given those of the whole, as MR-SimSS does.

If people are split at random into shares :math:`\pi` and :math:`1-\pi`, effects of the whole are the weighted mean of
those of the parts, and given the whole, the effect in the first part is normal around it with variance
:math:`\sigma^2(1-\pi)/\pi`. (Forde, Hemani & Ferguson 2026, doi:10.1371/journal.pgen.1011949)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from osteobiome.stats.jit import kernel
from osteobiome.stats.random import normal_pair

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_SUMS = 11
COUNT, W, XX, WSX, XY, XY_MIRRORED, YY, YY_MIRRORED, WWXX, WWSXX, WWSS = range(N_SUMS)
"""Columns of :func:`split_sums`."""
CLEAR = 3.0
"""Standard errors that the denominator of a split must be above 0."""


class Split(NamedTuple):
    """How a sample is split.

    ``noise_select`` is what is added to z in the first part (in standard errors of the whole), ``noise_x`` and
    ``noise_y`` what a second split adds to the rest, 0 without one; ``scale_x`` and ``scale_y`` are the standard errors
    in the parts that estimate, in those of the whole.
    """

    noise_select: float
    noise_x: float
    noise_y: float
    scale_x: float
    scale_y: float


def split_of(select: float, exposure: float | None) -> Split:
    """Return the constants of a split.

    Parameters
    ----------
    select : float
        Share of people that selects, between 0 and 1.
    exposure : float, optional
        Share of the rest that estimates exposure effects, the others outcome effects; None uses the rest for both.

    Examples
    --------
    >>> [round(value, 6) for value in split_of(0.5, None)]
    [1.0, 0.0, 0.0, 1.414214, 1.414214]
    """
    noise = math.sqrt((1.0 - select) / select)
    rest = 1.0 / math.sqrt(1.0 - select)
    if exposure is None:
        return Split(noise, 0.0, 0.0, rest, rest)
    other = math.sqrt((1.0 - exposure) / exposure)
    return Split(noise, rest * other, rest / other, rest / math.sqrt(exposure), rest / math.sqrt(1.0 - exposure))


@kernel
def split_sums(
    effects: NDArray[np.float64],
    sign: NDArray[np.float64],
    column: NDArray[np.int64],
    limits: tuple[float, float],
    split: Split,
    key: np.uint64,
    n_draws: int,
) -> NDArray[np.float64]:
    r"""Return sums over the variants that the first part selects, of effects in the other parts.

    Parameters
    ----------
    effects : numpy.ndarray, shape (4, n_variants)
        Exposure effect, its standard error, outcome effect, its standard error, in the whole sample.
    sign : numpy.ndarray, shape (n_variants,)
        1 or -1: turns that half of the outcome noise that is independent of the exposure.
    column : numpy.ndarray of int, shape (n_variants,)
        Where a variant's numbers stand in the stream.
    limits : (float, float)
        Cut-off c on the scale of the whole: selected is :math:`|z + k N| > c` with the noise of ``split``; and the
        correlation of the sampling errors of exposure and outcome in the whole, from people in both.
    split : Split
        Constants.
    key : numpy.uint64
        Stream.
    n_draws : int
        Splits.

    Returns
    -------
    numpy.ndarray, shape (n_draws, 11)
        Number of variants; and with w = 1/se_y² of the whole: sums of w, wx², w se_x², wxy, the same with mirrored
        noise, wy², the same mirrored, w²x², w²x² se_x², w² se_x⁴; x and y are those of the parts that estimate.
    """
    cutoff, psi = limits
    noise_select, noise_x, noise_y, _, _ = split
    own = math.sqrt(1.0 - psi * psi)
    out = np.zeros((n_draws, N_SUMS))
    for draw in range(n_draws):
        for j in range(effects.shape[1]):
            se_x = effects[1, j]
            first, second = normal_pair(key, draw, 2 * column[j])
            if abs(effects[0, j] / se_x + noise_select * first) <= cutoff:
                continue
            se_y = effects[3, j]
            weight = 1.0 / (se_y * se_y)
            shared = -psi * first / noise_select
            alone = -second / noise_select
            x = effects[0, j] - se_x * first / noise_select
            if noise_x > 0.0:
                third, fourth = normal_pair(key, draw, 2 * column[j] + 1)
                x += noise_x * se_x * third
                shared -= noise_y * psi * third
                alone -= noise_y * fourth
            middle = effects[2, j] + se_y * shared
            apart = sign[j] * own * se_y * alone
            y, mirrored = middle + apart, middle - apart
            of_x = weight * se_x * se_x
            out[draw, COUNT] += 1.0
            out[draw, W] += weight
            out[draw, XX] += weight * x * x
            out[draw, WSX] += of_x
            out[draw, XY] += weight * x * y
            out[draw, XY_MIRRORED] += weight * x * mirrored
            out[draw, YY] += weight * y * y
            out[draw, YY_MIRRORED] += weight * mirrored * mirrored
            out[draw, WWXX] += weight * weight * x * x
            out[draw, WWSXX] += weight * of_x * x * x
            out[draw, WWSS] += of_x * of_x
    return out


def debiased_fits(sums: NDArray[np.float64], split: Split) -> NDArray[np.float64]:
    r"""Return debiased IVW estimate and variance of every split and its mirror image; NaN where there is none.

    Parameters
    ----------
    sums : numpy.ndarray, shape (n_draws, 11)
        Of :func:`split_sums`.
    split : Split
        Constants.

    Returns
    -------
    numpy.ndarray, shape (3, 2, n_draws)
        Estimate, variance, and what scatter beyond sampling error adds to it; drawn and mirrored. The last may be
        negative: a floor at 0 for each split would raise the mean over splits.

    Notes
    -----
    As :func:`osteobiome.mr.estimators.divw` (Ye, Shao & Kang 2021, doi:10.1214/20-AOS2027). There is no estimate where
    the denominator is not above three times its standard error, of which
    :math:`\sum_j w_j^2(4x_j^2\sigma_j^2 - 2\sigma_j^4)` is the square without bias: the ratio of such a split may be
    anything.
    """
    per_y, of_x = 1.0 / split.scale_y**2, split.scale_x**2
    below = per_y * (sums[:, XX] - of_x * sums[:, WSX])
    error = per_y * np.sqrt(np.maximum(of_x * (4.0 * sums[:, WWSXX] - 2.0 * of_x * sums[:, WWSS]), 0.0))
    below = np.where(below > CLEAR * error, below, np.nan)
    fits = np.empty((3, 2, sums.shape[0]))
    for i, (xy, yy) in enumerate(((XY, YY), (XY_MIRRORED, YY_MIRRORED))):
        slope = per_y * sums[:, xy] / below
        square = np.square(slope)
        q = per_y * (sums[:, yy] - 2.0 * slope * sums[:, xy] + square * (sums[:, XX] - of_x * sums[:, WSX]))
        tau2 = (q - sums[:, COUNT]) / (per_y * sums[:, W])
        inherited = square * of_x * per_y**2 * (sums[:, WWSXX] + of_x * sums[:, WWSS])
        fits[0, i] = slope
        fits[1, i] = (per_y * sums[:, XX] + inherited) / np.square(below)
        fits[2, i] = tau2 * per_y**2 * sums[:, WWXX] / np.square(below)
    return fits


def ivw_fits(sums: NDArray[np.float64], split: Split) -> NDArray[np.float64]:
    """Return IVW estimate and variance of every split and its mirror image, with multiplicative random effects.

    Parameters
    ----------
    sums : numpy.ndarray, shape (n_draws, 11)
        Of :func:`split_sums`.
    split : Split
        Constants.

    Returns
    -------
    numpy.ndarray, shape (3, 2, n_draws)
        As in :func:`debiased_fits`; the variance holds the scatter, with the floor of each split, and the last is 0.
    """
    per_y = 1.0 / split.scale_y**2
    below = per_y * np.where(sums[:, XX] > 0.0, sums[:, XX], np.nan)
    fits = np.zeros((3, 2, sums.shape[0]))
    for i, (xy, yy) in enumerate(((XY, YY), (XY_MIRRORED, YY_MIRRORED))):
        slope = per_y * sums[:, xy] / below
        q = per_y * (sums[:, yy] - slope * sums[:, xy])
        fits[0, i] = slope
        fits[1, i] = np.maximum(1.0, q / (sums[:, COUNT] - 1.0)) / below
    return fits
