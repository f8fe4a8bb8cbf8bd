r"""Spread of bootstrap draws, with the Monte Carlo error that a finite number of draws leaves in it.

Shape convention: draws are ``(n_draws,)``. Neither error assumes a distribution: draws of medians have heavy tails when
instruments are weak, and draws of modes often have two peaks. Formulas for normal draws would be too small there, in
trials on published data down to half of the true error.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAD_TO_SD = 1.4826
"""Factor that makes the median absolute deviation of a normal variable its standard deviation. R's ``mad`` has these
five digits and not 1 / 0.67448975..., and so have the modes compared with it to 1e-8."""
DENSITY_SPAN = 1.25
"""Half width of the window of a density estimate, in units of the square root of the number of draws."""
ROUNDING = 1e-14
"""Spread as share of the draws' size below which they differ by rounding alone."""
NO_GAP = 1e-12
"""Smallest gap between draws, as a share of their spread, so that ties do not make a density infinite."""


def sd_with_error(draws: NDArray[np.float64]) -> tuple[float, float]:
    r"""Return the standard deviation of draws and the standard error of this standard deviation.

    Parameters
    ----------
    draws : numpy.ndarray, shape (n_draws,)
        At least two; any unit.

    Returns
    -------
    sd, error : float
        In the unit of the draws; both 0 if all draws are equal up to rounding, both NaN if one is not finite.

    Notes
    -----
    :math:`\mathrm{Var}(s^2) = (\mu_4 - \sigma^4 (n-3)/(n-1))/n` with the moments of the sample put in, and by the delta
    method the error of s is the root of it over 2s. For normal draws it is near :math:`s/\sqrt{2(n-1)}`.

    References
    ----------
    O'Neill 2014, doi:10.1080/00031305.2014.966589 (variance of the sample variance)

    Examples
    --------
    >>> round(sd_with_error(np.array([1.0, 2.0, 3.0, 4.0]))[0], 12)
    1.290994448736
    """
    n = draws.size
    assert draws.ndim == 1
    assert n >= 2
    if not np.isfinite(draws).all():
        return math.nan, math.nan
    deviation = draws - draws.mean()
    peak = float(np.abs(deviation).max())
    if peak <= ROUNDING * np.abs(draws).max():
        return 0.0, 0.0
    deviation = deviation / peak  # fourth powers of tiny or huge draws would leave the range of doubles
    m2, m4 = float(np.mean(deviation**2)), float(np.mean(deviation**4))
    sd = math.sqrt(m2 * n / (n - 1))
    variance_of_variance = max(m4 - m2 * m2 * (n - 3) / (n - 1), 0.0) / n
    return sd * peak, math.sqrt(variance_of_variance) / (2.0 * sd) * peak


def mad_with_error(draws: NDArray[np.float64]) -> tuple[float, float]:
    r"""Return the scaled median absolute deviation of draws and its standard error.

    Parameters
    ----------
    draws : numpy.ndarray, shape (n_draws,)
        At least two; any unit.

    Returns
    -------
    mad, error : float
        :math:`1.4826\,M` and its error, in the unit of the draws; both 0 if more than half of the draws are equal
        up to rounding, both NaN if one is not finite.

    Notes
    -----
    M is the median distance from the median m. From :math:`F(m+M) - F(m-M) = 1/2` and :math:`F(m) = 1/2` follows the
    influence of a draw x on M,

    .. math:: \frac{\mathrm{sign}(|x-m|-M) - \mathrm{sign}(x-m)\,(f(m+M)-f(m-M))/f(m)}{2\,(f(m+M)+f(m-M))},

    and the error is the root of its mean square over n. The three densities are estimated from the
    :math:`2.5\sqrt{n}` draws around each place. For normal draws the error is near
    :math:`1.166\,\mathrm{se}/\sqrt{n}`, against :math:`0.707\,\mathrm{se}/\sqrt{n}` for the standard deviation.

    References
    ----------
    Falk 1997, doi:10.1023/A:1003258024248 (limit distribution of the median absolute deviation)

    Examples
    --------
    >>> round(mad_with_error(np.array([1.0, 2.0, 3.0, 4.0, 100.0]))[0], 12)
    1.4826
    """
    n = draws.size
    assert draws.ndim == 1
    assert n >= 2
    if not np.isfinite(draws).all():
        return math.nan, math.nan
    centre = float(np.median(draws))
    centred = np.sort(draws) - centre
    mad = float(np.median(np.abs(centred)))
    if mad <= ROUNDING * abs(centre):
        return 0.0, 0.0
    centred = centred / mad
    below, middle, above = (_density(centred, place) for place in (-1.0, 0.0, 1.0))
    tilt = (above - below) / middle
    influence = (np.sign(np.abs(centred) - 1.0) - tilt * np.sign(centred)) / (2.0 * (above + below))
    error = math.sqrt(float(np.mean(np.square(influence))) / n)
    return MAD_TO_SD * mad, MAD_TO_SD * mad * error


def _density(ordered: NDArray[np.float64], place: float) -> float:
    """Return the density of draws at a place, as share of draws over distance."""
    n = ordered.size
    share = np.searchsorted(ordered, place) / n
    half = DENSITY_SPAN / math.sqrt(n)
    window = (max(share - half, 0.0), min(share + half, 1.0))
    low, high = np.interp(window, (np.arange(n) + 0.5) / n, ordered)
    return float((window[1] - window[0]) / max(high - low, NO_GAP))
