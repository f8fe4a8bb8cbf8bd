r"""Effects of instruments corrected for having been selected because they are large, beside the raw ones.

Winner's curse is never corrected twice: corrected effects belong to estimators that take the exposure effects as they
are. Estimators that correct for selection themselves, and effects from a study other than the one that selected
(:mod:`osteobiome.instruments.three_sample`), take raw effects.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import polars as pl

from osteobiome.core.errors import ConfigError, Fault, nearest
from osteobiome.core.thresholds import CANDIDATE_P, ROUNDING
from osteobiome.stats.multiple_testing import neg_log10_q
from osteobiome.stats.tails import neg_log10_p_normal, z_from_neg_log10_p
from osteobiome.stats.tweedie import marginal_density, tweedie
from osteobiome.stats.winners_curse import Conditional, conditional_likelihood

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

Conditioning = Literal["conditional_mode", "conditional_mean", "conditional_average", "conditional_median"]
Method = Conditioning | Literal["fiqt", "empirical_bayes"]
CONDITIONING: tuple[Conditioning, ...] = get_args(Conditioning)
METHODS: tuple[Method, ...] = (*CONDITIONING, "fiqt", "empirical_bayes")
OK, NOT_SELECTED, NOT_FINITE, TOO_FEW = "ok", "not_selected", "not_finite", "too_few"
LARGEST = 1e100
"""Statistics from here on have no square among doubles, and are not those of a study."""
MIN_EFFECTS = 30
"""Fewest effects whose distribution is estimated: with a dozen, errors at the edge average 0.25 standard errors."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """Corrected effects; arrays of shape (n_variants,), in the unit of the raw ones.

    Parameters
    ----------
    method : str
        How they were corrected.
    beta : numpy.ndarray
        Corrected effect; NaN unless the status is ``ok``.
    ci_low, ci_high : numpy.ndarray
        Interval that covers with its level among selected variants, on average over them for ``empirical_bayes``; NaN
        throughout for ``fiqt``, which has none.
    status : numpy.ndarray of str
        ``ok``; ``not_selected``: the effect does not pass the threshold that is said to have selected it, so there is
        nothing to condition on; ``too_few``: so few pass that their distribution cannot be estimated; ``not_finite``:
        effect or standard error is missing, infinite or not above 0.
    p_threshold : float, optional
        Threshold of selection, for ``empirical_bayes`` that of the effects it learns from; None for ``fiqt``.
    level : float, optional
        Coverage of the interval; None for ``fiqt``.
    """

    method: Method
    beta: NDArray[np.float64]
    ci_low: NDArray[np.float64]
    ci_high: NDArray[np.float64]
    status: NDArray[np.str_]
    p_threshold: float | None = None
    level: float | None = None


def conditional_effects(
    beta: ArrayLike,
    se: ArrayLike,
    *,
    p_threshold: float,
    method: Conditioning = "conditional_median",
    level: float = 0.95,
) -> Corrected:
    r"""Correct effects by the likelihood of what was seen, given that it passed the threshold.

    Parameters
    ----------
    beta, se : array_like, shape (n_variants,)
        Raw effects and standard errors, same unit.
    p_threshold : float
        Two-sided p at or below which variants were selected, above 0 and at most 1.
    method : {"conditional_median", "conditional_mode", "conditional_mean", "conditional_average"}
        The median-unbiased estimate; or the mode of the conditional likelihood (its maximum; estimator 1 of Ghosh et
        al.), its mean (2), the average of the two (3).
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Corrected
        Effects, intervals and status; the raw standard errors say nothing about these effects.

    Raises
    ------
    ConfigError
        Threshold, level or method is out of range.

    Notes
    -----
    Everything is done on :math:`z = \beta/\mathrm{se}` with the cut-off :math:`c`,
    :math:`2\Phi(-c) = p_{\mathrm{threshold}}`; see
    :func:`osteobiome.stats.winners_curse.conditional_likelihood`.

    The median is too high as often as too low, whatever the true effect, and the interval covers with its level. The
    *average* error is another matter: no estimator makes it 0 for every true effect
    (:func:`empirical_bayes_effects` makes it 0 on average over a scan). All four turn the bias away from
    zero of the raw effects into a smaller or larger one towards zero for effects near the threshold (figures in
    ``docs/methods/winners_curse.md``), and scatter more than the raw effects do.

    It fails where selection was not by the p value of these numbers alone: after clumping the strongest variant of a
    locus was also the best of many, which the likelihood does not know, so some bias away from zero remains.

    References
    ----------
    Ghosh, Zou & Wright 2008, doi:10.1016/j.ajhg.2008.03.002; Zhong & Prentice 2008, doi:10.1093/biostatistics/kxn001

    Examples
    --------
    >>> corrected = conditional_effects([0.06, 0.2], [0.01, 0.01], p_threshold=5e-8)
    >>> corrected.beta.round(3).tolist(), corrected.ci_low.round(3).tolist()
    ([0.051, 0.2], [0.0, 0.18])
    """
    _check(p_threshold=p_threshold, level=level, method=method, known=CONDITIONING)
    z, error, status = _statistics(beta, se)
    z, passes, cutoff = _beyond(z, p_threshold)
    fit = conditional_likelihood(z, cutoff=cutoff, level=level)
    status[(status == OK) & ~passes] = NOT_SELECTED
    ends = error * fit.low, error * fit.high
    return Corrected(method, error * _of(fit, method), *ends, status, p_threshold=p_threshold, level=level)


def fiqt_effects(beta: ArrayLike, se: ArrayLike, *, n_tests: int | None = None) -> Corrected:
    r"""Correct effects by turning p values into false discovery rates and these back into statistics.

    Parameters
    ----------
    beta, se : array_like, shape (n_variants,)
        Raw effects and standard errors, same unit: **all** tests of the scan, selected or not.
    n_tests : int, optional
        Tests of the whole scan, if only its strongest are given (candidates). A false discovery rate is then the
        smallest over the given ones alone; that is exact where none of the others has a smaller one, and too large,
        so the effect too small, where one has.

    Returns
    -------
    Corrected
        Effects and status, no interval.

    Raises
    ------
    ConfigError
        Fewer tests than effects.

    Notes
    -----
    :math:`\tilde z = \operatorname{sign}(z)\,\Phi^{-1}(1 - q/2)` with the Benjamini-Hochberg q of the two-sided p. It
    needs no threshold, and treats tests as exchangeable: a scan with few signals shrinks more. Nothing underflows, so
    p is not floored as in the published code. LD makes the q values approximate.

    References
    ----------
    Bigdeli et al. 2016, doi:10.1093/bioinformatics/btw303

    Examples
    --------
    >>> fiqt_effects([0.06, 0.01, -0.01, 0.0], [0.01] * 4).beta.round(4).tolist()
    [0.0577, 0.008, -0.008, 0.0]
    """
    z, error, status = _statistics(beta, se)
    known = status == OK
    tested = int(known.sum())
    total = tested if n_tests is None else n_tests
    if total < tested:
        raise ConfigError(
            Fault("bad_option", "n_tests", f"{total} tests for {tested} effects", "the number of all tests of the scan")
        )
    q = neg_log10_q(np.where(known, neg_log10_p_normal(z), np.nan))
    if tested:
        q = np.maximum(q - math.log10(total / tested), 0.0)
    none = np.full(z.shape, np.nan)
    return Corrected("fiqt", error * np.sign(z) * z_from_neg_log10_p(q), none, none.copy(), status)


def empirical_bayes_effects(
    beta: ArrayLike, se: ArrayLike, *, p_max: float = CANDIDATE_P, level: float = 0.95
) -> Corrected:
    r"""Correct effects by what the effects of a scan have in common: posterior means by Tweedie's formula.

    Parameters
    ----------
    beta, se : array_like, shape (n_variants,)
        Raw effects and standard errors, same unit: **all** tests of the scan with p up to ``p_max``, or more.
    p_max : float
        Two-sided p, above 0 and at most 1. Effects at or below are learnt from and corrected; above, nothing is used.
        It must be no smaller than the threshold that selects, better ten times larger: at the edge the distribution is
        known worst. With 1 a whole scan is used.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Corrected
        Effects, intervals and status.

    Raises
    ------
    ConfigError
        ``p_max`` or level is out of range.

    Notes
    -----
    On :math:`z = \beta/\mathrm{se}`: :math:`\hat\mu = z + (\log f)'(z)`, where f is the density of the statistics, see
    :mod:`osteobiome.stats.tweedie`. The average error of :math:`\hat\mu` is 0 among the variants that any threshold
    within ``p_max`` selects, and the interval covers with its level on average over them: averages over the scan, not
    promises for a variant with a given true effect. Simulated figures are in ``docs/methods/winners_curse.md``.

    It fails with fewer than 30 effects (``too_few``); where all effects are of one size; where the statistics are
    inflated; and for the strongest variants of loci, if the effects are those of such variants only. Variants in LD
    count as if independent, which costs precision.

    References
    ----------
    Efron 2011, doi:10.1198/jasa.2011.tm11181; Ferguson et al. 2013, doi:10.1002/gepi.21683; Stephens 2017,
    doi:10.1093/biostatistics/kxw041

    Examples
    --------
    True effects N(0, 0.03²) with errors of 0.01 shrink by one tenth:

    >>> beta = np.random.default_rng(1).normal(0.0, 0.01 * 10**0.5, 20_000)
    >>> corrected = empirical_bayes_effects(beta, np.full(20_000, 0.01))
    >>> ratio = corrected.beta / beta
    >>> round(float(np.nanmedian(ratio)), 2), sorted(set(corrected.status.tolist()))
    (0.9, ['not_selected', 'ok'])
    """
    _check(p_threshold=p_max, level=level, method="empirical_bayes", known=METHODS, name="p_max")
    z, error, status = _statistics(beta, se)
    z, passes, cutoff = _beyond(z, p_max)
    status[(status == OK) & ~passes] = NOT_SELECTED
    mean, low, high = (np.full(z.shape, np.nan) for _ in range(3))
    if passes.sum() < MIN_EFFECTS:
        status[passes] = TOO_FEW
    else:
        found = tweedie(z[passes], marginal_density(z[passes], cutoff=cutoff), level=level)
        mean[passes], low[passes], high[passes] = found
    return Corrected("empirical_bayes", error * mean, error * low, error * high, status, p_threshold=p_max, level=level)


def with_corrected_effects(
    frame: pl.DataFrame, *, p_threshold: float, method: Method = "conditional_median", level: float = 0.95
) -> pl.DataFrame:
    """Return selected variants with corrected effects beside the raw ones.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns beta and se; rows are what a threshold selected (or, for ``fiqt`` and ``empirical_bayes``, all tests of
        a scan).
    p_threshold : float
        Threshold that selected them; not used by ``fiqt``; ``p_max`` of ``empirical_bayes``.
    method : str
        One of ``METHODS``.
    level : float
        Coverage of the interval.

    Returns
    -------
    polars.DataFrame
        All rows in their order, with ``beta_corrected``, ``ci_low_corrected``, ``ci_high_corrected`` (null where there
        is none), ``correction`` (the method) and ``correction_status``.

    Raises
    ------
    ConfigError
        Threshold, level or method is out of range.

    Examples
    --------
    >>> table = pl.DataFrame({"beta": [0.06, 0.01], "se": [0.01, 0.01]})
    >>> with_corrected_effects(table, p_threshold=5e-8)["correction_status"].to_list()
    ['ok', 'not_selected']
    """
    _check(p_threshold=p_threshold, level=level, method=method, known=METHODS)
    raw = [frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in ("beta", "se")]
    if method == "fiqt":
        found = fiqt_effects(*raw)
    elif method == "empirical_bayes":
        found = empirical_bayes_effects(*raw, p_max=p_threshold, level=level)
    else:
        found = conditional_effects(*raw, p_threshold=p_threshold, method=method, level=level)
    return frame.with_columns(
        pl.Series("beta_corrected", found.beta).fill_nan(None),
        pl.Series("ci_low_corrected", found.ci_low).fill_nan(None),
        pl.Series("ci_high_corrected", found.ci_high).fill_nan(None),
        pl.lit(method).alias("correction"),
        pl.Series("correction_status", found.status.tolist(), dtype=pl.String),
    )


def _statistics(beta: ArrayLike, se: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.str_]]:
    """Return statistics (NaN where there is none), standard errors and what is known of the status."""
    effect, error = np.asarray(beta, dtype=np.float64), np.asarray(se, dtype=np.float64)
    assert effect.shape == error.shape
    assert effect.ndim == 1
    known = np.isfinite(effect) & np.isfinite(error) & (error > 0.0)
    z = np.full(effect.shape, np.nan)
    with np.errstate(over="ignore"):
        np.divide(effect, error, out=z, where=known)
    known &= np.abs(np.where(known, z, 0.0)) < LARGEST
    z[~known] = np.nan
    status = np.where(known, OK, NOT_FINITE).astype(np.dtype("U20"))
    return z, error, status


def _beyond(z: NDArray[np.float64], p_threshold: float) -> tuple[NDArray[np.float64], NDArray[np.bool_], float]:
    """Return statistics, which of them pass a threshold, and its quantile.

    p equal to the threshold passes, however the division of effect by error was rounded.
    """
    cutoff = float(z_from_neg_log10_p(-math.log10(p_threshold)))
    passes = neg_log10_p_normal(z) >= -math.log10(p_threshold) - ROUNDING
    return np.where(passes, np.sign(z) * np.maximum(np.abs(z), cutoff), z), passes, cutoff


def _of(fit: Conditional, method: Conditioning) -> NDArray[np.float64]:
    """Return the estimate that a method takes."""
    if method == "conditional_average":
        return 0.5 * (fit.mode + fit.mean)
    return {"conditional_mode": fit.mode, "conditional_mean": fit.mean, "conditional_median": fit.median}[method]


def _check(*, p_threshold: float, level: float, method: str, known: Sequence[str], name: str = "p_threshold") -> None:
    """Raise with every option that is out of range."""
    faults = []
    if not 0.0 < p_threshold <= 1.0:
        faults.append(Fault("bad_option", name, f"value {p_threshold}", "a number above 0 and at most 1"))
    if not 0.0 < level < 1.0:
        faults.append(Fault("bad_option", "level", f"value {level}", "a number between 0 and 1"))
    if method not in known:
        faults.append(Fault("unknown_method", "method", f"'{method}'", ", ".join(known), nearest(method, known)))
    if faults:
        raise ConfigError(*faults)
