r"""Statistics that a noisy threshold selects: chance of selection, and what is left of effect and square without bias.

A statistic :math:`z \sim N(\mu, 1)` is selected if :math:`|z + \eta N| > c`, with :math:`N \sim N(0, 1)` drawn for the
purpose. As :math:`z - N/\eta` is independent of :math:`z + \eta N`, its mean is :math:`\mu` whatever was selected;
averaged over the draws that would have selected z, it no longer holds their noise.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_ROOT_2_PI = math.sqrt(2.0 * math.pi)
FEWEST_ABOVE, SHARE_BELOW = 50, 0.01
"""A cut is an edge if this many statistics lie within reach above it, and less than this share of them below it."""


class Terms(NamedTuple):
    r"""What statistics contribute on average over the draws; arrays of shape (n_variants,)."""

    chance: NDArray[np.float64]
    """P, the chance to be selected given z."""
    first: NDArray[np.float64]
    r"""P times the estimate of :math:`\mu`: without bias for :math:`\mu\Pr(\mathrm{selected})`."""
    second: NDArray[np.float64]
    r"""P times the estimate of :math:`\mu^2`: without bias for :math:`\mu^2\Pr(\mathrm{selected})`."""


def rerandomised_terms(z: ArrayLike, *, cutoff: float, eta: float) -> Terms:
    r"""Return chance of selection and unbiased first and second moments, averaged over the noise of the selection.

    Parameters
    ----------
    z : array_like, shape (n_variants,)
        Statistics, effect over standard error.
    cutoff : float
        Selected is :math:`|z + \eta N| > c`.
    eta : float
        Standard deviation of the noise, above 0.

    Returns
    -------
    Terms
        Divided by their first, the others are estimates of mean and squared mean for a statistic that was selected.

    Notes
    -----
    With :math:`A_\pm = (\pm c - z)/\eta`, :math:`P = 1 - \Phi(A_+) + \Phi(A_-)` and
    :math:`m = (\varphi(A_+) - \varphi(A_-))/P`, the mean of N given selection, the estimate is
    :math:`\hat\mu = z - m/\eta`. Its variance, that of :math:`z - N/\eta` less what the average over N takes away, is
    estimated by :math:`s^2 = 1 - \eta^{-2}(A_+\varphi(A_+) - A_-\varphi(A_-))/P + m^2/\eta^2` (Ma, Wang & Wu
    2023). In the products with P the squares of m cancel,

    .. math:: P(\hat\mu^2 - s^2) = P(z^2 - 1) - 2z\,\frac{\varphi(A_+) - \varphi(A_-)}{\eta}
              + \frac{A_+\varphi(A_+) - A_-\varphi(A_-)}{\eta^2},

    so nothing is divided by a chance near 0.

    References
    ----------
    Ma, Wang & Wu 2023, doi:10.1214/22-AOS2247

    Examples
    --------
    >>> terms = rerandomised_terms([2.0, 4.0, 8.0], cutoff=4.06, eta=0.5)
    >>> terms.chance.round(5).tolist(), (terms.first / terms.chance).round(3).tolist()
    ([2e-05, 0.45224, 1.0], [-6.68, 2.248, 8.0])
    """
    assert eta > 0.0
    statistic = np.asarray(z, dtype=np.float64)
    upper, lower = (cutoff - statistic) / eta, (-cutoff - statistic) / eta
    high, low = (np.exp(-0.5 * np.square(a)) / _ROOT_2_PI for a in (upper, lower))
    chance = special.ndtr(-upper) + special.ndtr(lower)
    step = (high - low) / eta
    first = chance * statistic - step
    bend = (upper * high - lower * low) / (eta * eta)
    second = chance * (np.square(statistic) - 1.0) - 2.0 * statistic * step + bend
    return Terms(chance, first, second)


def is_cut_off(z: ArrayLike, *, lowest: float, cutoff: float, width: float) -> bool:
    """Return whether a list of statistics looks as if a threshold had been laid on it before.

    Parameters
    ----------
    z : array_like, shape (n_variants,)
        Statistics.
    lowest, cutoff : float
        Sizes between which, ``width`` added above, an earlier threshold would matter.
    width : float
        How far around a cut statistics are counted.

    Notes
    -----
    At each size in that range, statistics up to ``width`` above it and below it are counted. A scan has more of the
    small than of the large ones; a list that has at least 50 above and less than 1 % of that below has an edge there.
    Lists too short for that are not judged.

    Examples
    --------
    >>> import numpy as np
    >>> scan = np.random.default_rng(1).normal(0.0, 2.0, 20_000)
    >>> is_cut_off(scan, lowest=2.56, cutoff=4.06, width=1.5)
    False
    >>> hits = np.append(scan[np.abs(scan) > 4.06], [0.5, -1.0])
    >>> is_cut_off(hits, lowest=2.56, cutoff=4.06, width=1.5)
    True
    """
    size = np.sort(np.abs(np.asarray(z, dtype=np.float64)))
    start, stop = np.searchsorted(size, [max(lowest, width), cutoff + width])
    cuts = size[start:stop]
    here = np.searchsorted(size, cuts)
    above = np.searchsorted(size, cuts + width) - here
    below = here - np.searchsorted(size, cuts - width)
    return bool(np.any((above >= FEWEST_ABOVE) & (below < SHARE_BELOW * above)))
