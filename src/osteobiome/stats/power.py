"""Power and minimum detectable effect (Burgess 2014, doi:10.1093/ije/dyu005).

Everything works element by element on arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MAX_STEPS = 200


def power(effect: ArrayLike, se: ArrayLike, *, level: float = 0.95) -> NDArray[np.float64]:
    r"""Return the chance that a two-sided normal test finds an effect.

    Parameters
    ----------
    effect, se : array_like, shape (...)
        True effect and standard error of its estimate, same unit.
    level : float
        Coverage of the interval, 1 minus the level of the test.

    Returns
    -------
    numpy.ndarray, shape (...)
        :math:`\Phi(\theta/\mathrm{se} - z) + \Phi(-\theta/\mathrm{se} - z)`, both tails, with the quantile
        :math:`z` of the test; 1 - level where the effect is 0.

    References
    ----------
    Burgess 2014, doi:10.1093/ije/dyu005 (there the nearer tail only)

    Examples
    --------
    >>> float(power(0.28, 0.1).round(4))
    0.7996
    """
    z = special.ndtri(0.5 + level / 2.0)
    shift = np.abs(np.asarray(effect, dtype=np.float64)) / np.asarray(se, dtype=np.float64)
    return np.asarray(special.ndtr(shift - z) + special.ndtr(-shift - z))


def minimum_detectable_effect(se: ArrayLike, *, chance: float = 0.8, level: float = 0.95) -> NDArray[np.float64]:
    r"""Return the smallest effect that a two-sided normal test finds with a given chance.

    Parameters
    ----------
    se : array_like, shape (...)
        Standard error of the estimate.
    chance : float
        Power wanted, above 1 - level and below 1.
    level : float
        Coverage of the interval.

    Returns
    -------
    numpy.ndarray, shape (...)
        Size of the effect in the unit of ``se``: about :math:`(z_{1-\alpha/2} + z_{\mathrm{power}})\,\mathrm{se}`,
        2.80 se by default; exact with both tails.

    References
    ----------
    Burgess 2014, doi:10.1093/ije/dyu005

    Examples
    --------
    >>> float(minimum_detectable_effect(0.1).round(6))
    0.280158
    """
    assert 1.0 - level < chance < 1.0
    z = float(special.ndtri(0.5 + level / 2.0))
    # the far tail only adds power, so the answer lies below the one-tailed one
    low, high = 0.0, z + max(float(special.ndtri(chance)), 0.0)
    for _ in range(MAX_STEPS):
        middle = 0.5 * (low + high)
        if float(special.ndtr(middle - z) + special.ndtr(-middle - z)) < chance:
            low = middle
        else:
            high = middle
        if high - low <= 1e-15 * high:
            break
    result: NDArray[np.float64] = 0.5 * (low + high) * np.asarray(se, dtype=np.float64)
    return result


def se_from_sizes(n: ArrayLike, r2: ArrayLike, *, case_share: ArrayLike | None = None) -> NDArray[np.float64]:
    r"""Return the standard error to expect from the size of the outcome study alone.

    Parameters
    ----------
    n : array_like, shape (...)
        People in the outcome study.
    r2 : array_like, broadcastable
        Share of the exposure's variance that the variants explain.
    case_share : array_like, broadcastable, optional
        Cases among the people of a case-control study; None for a quantitative outcome.

    Returns
    -------
    numpy.ndarray, shape (...)
        :math:`1/\sqrt{n R^2}` in SD of the outcome per SD of the exposure, or :math:`1/\sqrt{n R^2 v(1-v)}` in log odds
        per SD of the exposure.

    Notes
    -----
    For effects that leave most of the outcome unexplained, without heterogeneity, in separate studies. Brion et al.
    2013 multiply the variance by the unexplained share of the outcome, here taken as 1.

    References
    ----------
    Burgess 2014, doi:10.1093/ije/dyu005; Brion et al. 2013, doi:10.1093/ije/dyt179

    Examples
    --------
    >>> float(se_from_sizes(10_000, 0.01).round(6)), float(se_from_sizes(10_000, 0.01, case_share=0.5).round(6))
    (0.1, 0.2)
    """
    information = np.asarray(n, dtype=np.float64) * np.asarray(r2, dtype=np.float64)
    if case_share is not None:
        share = np.asarray(case_share, dtype=np.float64)
        information = information * share * (1.0 - share)
    return np.asarray(1.0 / np.sqrt(information))


def power_from_sizes(
    effect: ArrayLike, *, n: ArrayLike, r2: ArrayLike, case_share: ArrayLike | None = None, level: float = 0.95
) -> NDArray[np.float64]:
    """Return the power to expect from the size of the outcome study alone.

    Parameters
    ----------
    effect : array_like, shape (...)
        SD of the outcome (log odds, with ``case_share``) per SD of the exposure.
    n, r2, case_share
        As in :func:`se_from_sizes`.
    level : float
        Coverage of the interval.

    References
    ----------
    Burgess 2014, doi:10.1093/ije/dyu005; Brion et al. 2013, doi:10.1093/ije/dyt179

    Examples
    --------
    >>> float(power_from_sizes(0.1, n=100_000, r2=0.01).round(4))
    0.8854
    """
    return power(effect, se_from_sizes(n, r2, case_share=case_share), level=level)


def minimum_detectable_effect_from_sizes(
    *, n: ArrayLike, r2: ArrayLike, case_share: ArrayLike | None = None, chance: float = 0.8, level: float = 0.95
) -> NDArray[np.float64]:
    """Return the smallest effect that studies of these sizes find with a given chance.

    Parameters
    ----------
    n, r2, case_share
        As in :func:`se_from_sizes`.
    chance, level : float
        As in :func:`minimum_detectable_effect`.

    References
    ----------
    Burgess 2014, doi:10.1093/ije/dyu005; Brion et al. 2013, doi:10.1093/ije/dyt179

    Examples
    --------
    >>> float(minimum_detectable_effect_from_sizes(n=100_000, r2=0.01).round(4))
    0.0886
    """
    return minimum_detectable_effect(se_from_sizes(n, r2, case_share=case_share), chance=chance, level=level)
