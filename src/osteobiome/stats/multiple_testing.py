"""False discovery rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def benjamini_hochberg(neg_log10_p: ArrayLike) -> NDArray[np.float64]:
    r"""Return Benjamini-Hochberg q-values from p values on the minus log10 scale.

    Parameters
    ----------
    neg_log10_p : array_like, shape (n_tests,)
        Minus log10 p; NaN marks a test that was not done and does not count.

    Returns
    -------
    numpy.ndarray, shape (n_tests,)
        :math:`q_{(i)} = \min_{k \ge i} p_{(k)} m / k`, at most 1; NaN stays NaN.

    References
    ----------
    Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> benjamini_hochberg(-np.log10([0.01, 0.02, 0.03, np.nan])).round(3).tolist()
    [0.03, 0.03, 0.03, nan]
    """
    q: NDArray[np.float64] = 10.0 ** -neg_log10_q(neg_log10_p)
    return q


def neg_log10_q(neg_log10_p: ArrayLike) -> NDArray[np.float64]:
    r"""Return minus log10 of Benjamini-Hochberg q-values; nothing underflows.

    Parameters
    ----------
    neg_log10_p : array_like, shape (n_tests,)
        Minus log10 p; NaN marks a test that was not done and does not count.

    Returns
    -------
    numpy.ndarray, shape (n_tests,)
        At least 0; NaN stays NaN.

    References
    ----------
    Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> neg_log10_q([400.0, 2.0]).round(3).tolist()
    [399.699, 2.0]
    """
    scores = np.asarray(neg_log10_p, dtype=np.float64)
    result = np.full(scores.shape, np.nan)
    done = np.flatnonzero(~np.isnan(scores))
    if done.size == 0:
        return result
    order = done[np.argsort(-scores[done], kind="stable")]
    log_q = -scores[order] + np.log10(done.size) - np.log10(np.arange(1, done.size + 1))
    log_q = np.minimum.accumulate(log_q[::-1])[::-1]
    result[order] = np.maximum(-log_q, 0.0)
    return result
