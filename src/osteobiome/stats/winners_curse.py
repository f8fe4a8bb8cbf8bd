r"""Effects of variants that were chosen because their statistic is large, on the scale of the statistic.

A statistic :math:`Z \sim N(\mu, 1)` is seen only if :math:`|Z| \ge c`. Its density is then
:math:`\varphi(z-\mu)/A(\mu)` with :math:`A(\mu) = \Phi(\mu-c) + \Phi(-\mu-c)`. The family is exponential in
:math:`\mu`: the logarithm of the likelihood is concave, and tails grow with :math:`\mu`, so every root below is the
only one and bisection finds it. Everything is computed from logarithms of tails, for statistics of any size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

_HALVINGS = 80
_REACH = 9.0
"""Standard errors beyond which a normal density is below 1e-17 of its peak."""
_NODES = 200
_CHUNK = 4096
_LOG_ROOT_2_PI = 0.5 * float(np.log(2.0 * np.pi))


class Conditional(NamedTuple):
    """What conditioning on selection makes of statistics; arrays of shape (n_variants,), all on the scale of z."""

    mode: NDArray[np.float64]
    """Where the conditional likelihood is highest."""
    mean: NDArray[np.float64]
    """Mean of the conditional likelihood, taken as a density of mu."""
    median: NDArray[np.float64]
    """The mu whose conditional distribution has its median at z."""
    low: NDArray[np.float64]
    """Lower end of the interval."""
    high: NDArray[np.float64]
    """Upper end of the interval."""


def conditional_likelihood(z: ArrayLike, *, cutoff: float, level: float = 0.95) -> Conditional:
    r"""Return estimates of the mean of statistics that were selected by size.

    Parameters
    ----------
    z : array_like, shape (n_variants,)
        Statistics, effect over standard error. One with :math:`|z| < c` was not selected and gives NaN.
    cutoff : float
        Selected is :math:`|z| \ge c`; 0 or more. With 0 all five results are those of no selection.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Conditional
        Mode, mean, median and interval of each.

    Notes
    -----
    With :math:`L(\mu) = \varphi(z-\mu)/A(\mu)`:

    - mode: :math:`E(Z \mid |Z| \ge c; \mu) = z`;
    - mean: :math:`\int \mu L(\mu)\,d\mu / \int L(\mu)\,d\mu`, by Gauss-Legendre quadrature on both sides of 0, where
      the integrand has its only narrow feature (width about 1/c);
    - median and interval: :math:`P(Z \ge z \mid |Z| \ge c; \mu)` equals 1/2, :math:`(1-\mathrm{level})/2` and
      :math:`(1+\mathrm{level})/2`. The interval is the set of means whose equal-tailed acceptance region holds z, so
      it covers with exactly its level among the selected, whatever the mean.

    Close to the cut-off the data say little: the mode falls to about :math:`2/c`, and the interval shrinks around 0,
    because no mean makes a statistic exactly at the cut-off likely. The mode may then lie outside the interval.

    References
    ----------
    Ghosh, Zou & Wright 2008, doi:10.1016/j.ajhg.2008.03.002; Zhong & Prentice 2008, doi:10.1093/biostatistics/kxn001

    Examples
    --------
    >>> fit = conditional_likelihood([6.0, -5.2], cutoff=5.0)
    >>> fit.mode.round(2).tolist(), fit.mean.round(2).tolist()
    ([5.48, -0.66], [4.94, -2.53])
    """
    assert cutoff >= 0.0
    assert 0.0 < level < 1.0
    statistic = np.asarray(z, dtype=np.float64)
    assert statistic.ndim == 1
    size = np.abs(statistic)
    selected = (size >= cutoff) & np.isfinite(size)
    sign, size = np.where(statistic[selected] < 0.0, -1.0, 1.0), size[selected]
    ends = [_where_tail_is(size, share, cutoff=cutoff) for share in ((1.0 - level) / 2.0, (1.0 + level) / 2.0)]
    mode = _mode(size, cutoff=cutoff)
    found = Conditional(
        sign * mode,
        sign * _mean(size, mode, cutoff=cutoff),
        sign * _where_tail_is(size, 0.5, cutoff=cutoff),
        np.where(sign > 0.0, ends[0], -ends[1]),
        np.where(sign > 0.0, ends[1], -ends[0]),
    )
    return Conditional(*(_spread(values, selected) for values in found))


def _spread(values: NDArray[np.float64], selected: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the values at their places among all statistics, NaN elsewhere."""
    out = np.full(selected.shape, np.nan)
    out[selected] = values
    return out


def expected_statistic(mu: ArrayLike, *, cutoff: float) -> NDArray[np.float64]:
    r"""Return the mean of a selected statistic; minus ``mu`` it is the winner's curse.

    Parameters
    ----------
    mu : array_like, shape (...)
        Mean before selection, in standard errors.
    cutoff : float
        Selected is :math:`|z| \ge c`.

    Returns
    -------
    numpy.ndarray, shape (...)
        :math:`\mu + (\varphi(\mu-c) - \varphi(\mu+c))/A(\mu)`.

    Examples
    --------
    >>> expected_statistic([0.0, 5.45, 9.0], cutoff=5.45).round(3).tolist()
    [0.0, 6.248, 9.001]
    """
    mean = np.asarray(mu, dtype=np.float64)
    log_selected = _log_selected(mean, cutoff)
    above, below = (np.exp(-0.5 * np.square(mean + c) - _LOG_ROOT_2_PI - log_selected) for c in (-cutoff, cutoff))
    result: NDArray[np.float64] = mean + above - below
    return result


def _log_selected(mean: NDArray[np.float64], cutoff: float) -> NDArray[np.float64]:
    """Return log A, the logarithm of the chance to be selected."""
    result: NDArray[np.float64] = np.logaddexp(special.log_ndtr(mean - cutoff), special.log_ndtr(-mean - cutoff))
    return result


def _rising_root(
    is_below: Callable[[NDArray[np.float64]], NDArray[np.bool_]], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the root of rising functions between bounds."""
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        below = is_below(middle)
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return 0.5 * (low + high)


def _mode(size: NDArray[np.float64], *, cutoff: float) -> NDArray[np.float64]:
    """Return where the likelihood is highest: from 0, where the expected statistic is 0, to z, where it is above z."""
    return _rising_root(lambda mu: expected_statistic(mu, cutoff=cutoff) < size, np.zeros_like(size), size)


def _where_tail_is(size: NDArray[np.float64], share: float, *, cutoff: float) -> NDArray[np.float64]:
    r"""Return the mean at which a selected statistic is at least ``size`` with probability ``share``.

    The tail :math:`\Phi(\mu-z)/A(\mu)` rises with the mean. Without selection the root is z plus a quantile; selection
    only makes the tail heavier, so the root lies below that. It lies above minus the same distance: there the tail is
    smaller than the share, being that of a mean on the other side.
    """
    quantile = float(special.ndtri(share))
    target = float(np.log(share))

    def is_below(mu: NDArray[np.float64]) -> NDArray[np.bool_]:
        tail = special.log_ndtr(mu - size) - _log_selected(mu, cutoff)
        return np.asarray(tail < target)

    reach = abs(quantile) + 1.0
    return _rising_root(is_below, -size - reach, size + reach)


def _mean(size: NDArray[np.float64], mode: NDArray[np.float64], *, cutoff: float) -> NDArray[np.float64]:
    """Return the mean of the likelihood as a density of mu."""
    result = size.copy()  # far from the cut-off, or without one, selection plays no part
    near = np.flatnonzero(size < cutoff + 2.0 * _REACH) if cutoff > 0.0 else np.empty(0, dtype=np.int64)
    for begin in range(0, near.size, _CHUNK):
        few = near[begin : begin + _CHUNK]
        result[few] = _mean_of_few(size[few], mode[few], cutoff=cutoff)
    return result


def _mean_of_few(size: NDArray[np.float64], mode: NDArray[np.float64], *, cutoff: float) -> NDArray[np.float64]:
    """Return the mean by quadrature from where the likelihood begins to matter to where it ends.

    To the right of z it falls at least as fast as a normal density. At -m it is exp(-2 z m) of that at m, and beyond
    the cut-off at least as far down as a normal density.
    """
    nodes, weights = special.roots_legendre(_NODES)
    left = np.minimum(_REACH**2 / (4.0 * size), cutoff + _REACH)
    total, moment = np.zeros_like(size), np.zeros_like(size)
    highest = _log_likelihood(mode, size, cutoff)
    for first, last in ((-left, np.zeros_like(size)), (np.zeros_like(size), size + _REACH)):
        half, centre = 0.5 * (last - first), 0.5 * (last + first)
        mu = centre[:, None] + half[:, None] * nodes
        density = np.exp(_log_likelihood(mu, size[:, None], cutoff) - highest[:, None]) * weights
        total += half * density.sum(axis=1)
        moment += half * (density * mu).sum(axis=1)
    return moment / total


def _log_likelihood(mu: NDArray[np.float64], size: NDArray[np.float64], cutoff: float) -> NDArray[np.float64]:
    """Return the logarithm of the conditional likelihood, without its constant."""
    result: NDArray[np.float64] = -0.5 * np.square(size - mu) - _log_selected(mu, cutoff)
    return result
