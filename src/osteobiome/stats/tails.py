"""Tail probabilities on the scale of minus log10, exact far below the smallest double.

All functions work element by element on arrays and accept any |z|; none of them underflows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LN10 = float(np.log(10.0))
_DIRECT = 1e-280
"""Above this p the library function is used as it is; below, the tail is summed in log space."""
_MAX_TERMS = 10_000


def neg_log10_p_normal(z: ArrayLike) -> NDArray[np.float64]:
    r"""Return minus log10 of the two-sided p value of a standard normal statistic.

    Parameters
    ----------
    z : array_like, shape (...)
        Statistic, no unit. NaN gives NaN.

    Returns
    -------
    numpy.ndarray, shape (...)
        :math:`-\log_{10}(2\Phi(-|z|))`; 0 for z = 0.

    Examples
    --------
    >>> float(neg_log10_p_normal(1.959963984540054).round(12))
    1.301029995664
    >>> float(neg_log10_p_normal(50.0).round(3))
    544.665
    """
    size = np.abs(np.asarray(z, dtype=np.float64))
    log_tail: NDArray[np.float64] = np.asarray(special.log_ndtr(-size))
    result: NDArray[np.float64] = -(log_tail + np.log(2.0)) / LN10
    return result


def z_from_neg_log10_p(neg_log_10_p_value: ArrayLike) -> NDArray[np.float64]:
    r"""Return the absolute value of the standard normal statistic that has this two-sided p value.

    Parameters
    ----------
    neg_log_10_p_value : array_like, shape (...)
        Minus log10 of p, >= 0. NaN gives NaN, infinity gives infinity.

    Returns
    -------
    numpy.ndarray, shape (...)
        The :math:`z \ge 0` with :math:`-\log_{10}(2\Phi(-z))` equal to the argument.

    Notes
    -----
    Inverts :func:`neg_log10_p_normal` through the logarithm of the tail, so p far below the smallest double are
    fine.

    Examples
    --------
    >>> float(z_from_neg_log10_p(1.301029995664).round(9))
    1.959963985
    >>> float(z_from_neg_log10_p(544.665).round(3))
    50.0
    """
    log_tail = -np.asarray(neg_log_10_p_value, dtype=np.float64) * LN10 - np.log(2.0)
    z: NDArray[np.float64] = np.abs(np.asarray(special.ndtri_exp(log_tail)))
    return z


def neg_log10_p_t(t: ArrayLike, df: ArrayLike) -> NDArray[np.float64]:
    r"""Return minus log10 of the two-sided p value of Student's t.

    Parameters
    ----------
    t : array_like, shape (...)
        Statistic, no unit.
    df : array_like, broadcastable to t
        Degrees of freedom, > 0.

    Returns
    -------
    numpy.ndarray, shape (...)
        :math:`-\log_{10} I_x(\nu/2, 1/2)` with :math:`x = \nu/(\nu + t^2)`.

    Notes
    -----
    Where the incomplete beta function underflows it is
    :math:`x^a (1-x)^b / (a B(a, b))` times a continued fraction (DLMF 8.17.22).

    Examples
    --------
    >>> float(neg_log10_p_t(2.0, 10.0).round(10))
    1.1343747419
    >>> float(neg_log10_p_t(1e40, 26.0).round(2))
    1022.42
    """
    t, df = np.broadcast_arrays(np.asarray(t, dtype=np.float64), np.asarray(df, dtype=np.float64))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # |t| up to 1e308, and t = 0
        ratio = np.abs(t) / np.sqrt(df)
        x = 1.0 / (1.0 + ratio * ratio)
        p = special.betainc(df / 2.0, 0.5, x)
        result: NDArray[np.float64] = np.asarray(-np.log10(p))
    deep = (p < _DIRECT) & np.isfinite(t)
    if np.any(deep):
        result[deep] = -_log_betainc_half(df[deep] / 2.0, ratio[deep]) / LN10
    result[np.isinf(t)] = np.inf
    return result


def _log_betainc_half(a: NDArray[np.float64], ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log I_x(a, 1/2) for x = 1 / (1 + ratio^2) in the far tail, by the modified Lentz method.

    x is never formed: it is 0 once the ratio passes 1e154, and 1 - x is lost to rounding for many degrees of freedom.
    """
    b = 0.5
    with np.errstate(over="ignore"):  # the other branch of np.where
        log_x = np.where(
            ratio > 1.0, -2.0 * np.log(ratio) - np.log1p(np.square(1.0 / ratio)), -np.log1p(np.square(ratio))
        )
    x = np.exp(log_x)
    tiny = 1e-300
    c = np.ones_like(x)
    d = 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    h = d.copy()
    for m in range(1, _MAX_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        delta = np.ones_like(x)
        for coefficient in (even, odd):
            d = 1.0 + coefficient * d
            c = 1.0 + coefficient / c
            d = 1.0 / np.where(d == 0.0, tiny, d)
            c = np.where(c == 0.0, tiny, c)
            delta = d * c
            h = h * delta
        if np.all(np.abs(delta - 1.0) < 1e-15):
            break
    log_rest = log_x + 2.0 * np.log(ratio)  # log(1 - x)
    log_power: NDArray[np.float64] = a * log_x + b * log_rest - np.log(a) - special.betaln(a, b)
    return log_power + np.log(h)


def neg_log10_p_chi2(statistic: ArrayLike, df: ArrayLike) -> NDArray[np.float64]:
    r"""Return minus log10 of the upper tail of the chi-squared distribution.

    Parameters
    ----------
    statistic : array_like, shape (...)
        Statistic, >= 0, no unit.
    df : array_like, broadcastable to statistic
        Degrees of freedom; 0 gives NaN, as there is no test.

    Returns
    -------
    numpy.ndarray, shape (...)
        :math:`-\log_{10} \Gamma(\nu/2, x/2)/\Gamma(\nu/2)`.

    Notes
    -----
    Where the incomplete gamma function underflows, its continued fraction (DLMF 8.9.2) is evaluated in log space.

    Examples
    --------
    >>> float(neg_log10_p_chi2(99.5304255484988, 27).round(9))
    9.512339174
    >>> float(neg_log10_p_chi2(1e5, 27).round(2))
    21665.22
    """
    statistic, df = np.broadcast_arrays(np.asarray(statistic, dtype=np.float64), np.asarray(df, dtype=np.float64))
    a, x = df / 2.0, statistic / 2.0
    with np.errstate(divide="ignore", invalid="ignore"):  # p = 0 is taken care of below
        p = special.gammaincc(a, x)
        result: NDArray[np.float64] = np.asarray(0.0 - np.log10(p))  # p of 1 is 0, not -0
    deep = (p < _DIRECT) & (x > a) & np.isfinite(x)
    if np.any(deep):
        result[deep] = -_log_gammaincc_large(a[deep], x[deep]) / LN10
    result[(df <= 0) | np.isnan(statistic)] = np.nan
    return result


def _log_gammaincc_large(a: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log Q(a, x) for x far above a, by the modified Lentz method."""
    tiny = 1e-300
    b = x + 1.0 - a
    c = np.full_like(x, 1.0 / tiny)
    d = 1.0 / b
    h = d.copy()
    for i in range(1, _MAX_TERMS):
        numerator = -i * (i - a)
        b = b + 2.0
        d = 1.0 / (numerator * d + b)
        c = b + numerator / c
        delta = c * d
        h = h * delta
        if np.all(np.abs(delta - 1.0) < 1e-15):
            break
    log_power: NDArray[np.float64] = a * np.log(x) - x - special.gammaln(a)
    return log_power + np.log(h)


def neg_log10_p_chi2_lower(statistic: ArrayLike, df: ArrayLike) -> NDArray[np.float64]:
    r"""Return minus log10 of the lower tail of the chi-squared distribution, the chance of so little scatter.

    Parameters
    ----------
    statistic : array_like, shape (...)
        Statistic, >= 0, no unit. 0 gives infinity.
    df : array_like, broadcastable to statistic
        Degrees of freedom; 0 gives NaN, as there is no test.

    Returns
    -------
    numpy.ndarray, shape (...)
        :math:`-\log_{10} P(\nu/2, x/2)` with the regularised lower incomplete gamma function.

    Notes
    -----
    A Cochran's Q far below its degrees of freedom means that the variants agree more closely than independent
    estimates can: they are correlated, or their standard errors are too large. Where the incomplete gamma function
    underflows, its series (DLMF 8.7.1) is summed in log space.

    Examples
    --------
    >>> float(neg_log10_p_chi2_lower(252.017876220233, 591).round(3))
    37.167
    >>> float(neg_log10_p_chi2_lower(1.0, 600).round(2))
    705.01
    """
    statistic, df = np.broadcast_arrays(np.asarray(statistic, dtype=np.float64), np.asarray(df, dtype=np.float64))
    a, x = df / 2.0, statistic / 2.0
    with np.errstate(divide="ignore", invalid="ignore"):  # p = 0 is taken care of below
        p = special.gammainc(a, x)
        upper = special.gammaincc(a, x)
        result: NDArray[np.float64] = np.asarray(np.where(upper < 0.5, -np.log1p(-upper), -np.log(p)) / LN10)
    deep = (p < _DIRECT) & (x > 0.0) & (x < a)
    if np.any(deep):
        result[deep] = -_log_gammainc_small(a[deep], x[deep]) / LN10
    result[(df <= 0) | np.isnan(statistic)] = np.nan
    return result


def _log_gammainc_small(a: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log P(a, x) for x far below a, by its power series."""
    term = np.ones_like(x)
    total = np.ones_like(x)
    for k in range(1, _MAX_TERMS):
        term = term * (x / (a + k))
        total = total + term
        if np.all(term <= 1e-17 * total):
            break
    log_first: NDArray[np.float64] = a * np.log(x) - x - special.gammaln(a + 1.0)
    return log_first + np.log(total)


def normal_quantile(level: float) -> float:
    """Return the two-sided normal quantile of an interval with this coverage.

    Examples
    --------
    >>> round(normal_quantile(0.95), 12)
    1.95996398454
    """
    return float(special.ndtri(0.5 + level / 2.0))


def t_quantile(level: float, df: ArrayLike) -> NDArray[np.float64]:
    """Return the two-sided t quantile of an interval with this coverage.

    Examples
    --------
    >>> float(t_quantile(0.95, 26).round(9))
    2.055529439
    """
    values, place = np.unique(np.asarray(df, dtype=np.float64), return_inverse=True)
    quantiles: NDArray[np.float64] = np.asarray(special.stdtrit(values, 0.5 + level / 2.0))
    return quantiles[place]  # many pairs share few sizes, and the inversion is slow
