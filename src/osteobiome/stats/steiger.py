"""Variance explained by variants, and the Steiger test (Hemani et al. 2017, doi:10.1371/journal.pgen.1007081).

Everything works element by element on arrays, except :func:`combined_r`, which sums over the variants.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import linalg, special

from osteobiome.stats.tails import LN10, neg_log10_p_normal, neg_log10_p_t

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LOGISTIC_VARIANCE = float(np.pi**2 / 3.0)
"""Variance of the standard logistic distribution: the residual of liability on the log odds scale."""
_DIRECT = 280.0
"""Up to this minus log10 p the library quantile of t is used; beyond, the tail is inverted by bisection."""

GenotypeVariance = Literal["two_alleles", "one_allele"]


def r_from_effect(beta: ArrayLike, se: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    r"""Return the correlation of variant and quantitative trait from a linear regression.

    Parameters
    ----------
    beta, se : array_like, shape (...)
        Effect and standard error, any unit.
    n : array_like, broadcastable
        People.

    Returns
    -------
    numpy.ndarray, shape (...)
        :math:`\operatorname{sign}(\beta)\sqrt{t^2/(n-2+t^2)}` with :math:`t = \beta/\mathrm{se}`.

    References
    ----------
    Hemani et al. 2017, doi:10.1371/journal.pgen.1007081

    Examples
    --------
    >>> float(r_from_effect(0.1, 0.02, 1002).round(6))
    0.156174
    """
    with np.errstate(over="ignore"):  # an infinite t is a correlation of 1
        t = np.asarray(beta, dtype=np.float64) / np.asarray(se, dtype=np.float64)
    return _r_from_t(t, np.asarray(n, dtype=np.float64))


def r_from_p(neg_log_10_p_value: ArrayLike, n: ArrayLike, *, df_lost: int = 2) -> NDArray[np.float64]:
    r"""Return the size of the correlation of variant and quantitative trait from a p value of any smallness.

    Parameters
    ----------
    neg_log_10_p_value : array_like, shape (...)
        Minus log10 of the two-sided p value of the t test.
    n : array_like, broadcastable
        People.
    df_lost : int
        Degrees of freedom of that test are n minus this. A regression has 2; TwoSampleMR ``get_r_from_pn`` takes 1.

    Returns
    -------
    numpy.ndarray, shape (...)
        :math:`\sqrt{t^2/(n-2+t^2)}` with the quantile :math:`t` of the p value; the sign is unknown.

    References
    ----------
    Hemani et al. 2017, doi:10.1371/journal.pgen.1007081

    Examples
    --------
    >>> r_from_p([7.0, 400.0], 10_000).round(6).tolist()
    [0.053236, 0.409404]
    """
    p, people = np.broadcast_arrays(np.asarray(neg_log_10_p_value, dtype=np.float64), np.asarray(n, dtype=np.float64))
    df = people - df_lost
    with np.errstate(under="ignore"):  # beyond the range of the direct branch
        t = np.asarray(np.abs(special.stdtrit(df, 0.5 * np.exp(-np.minimum(p, _DIRECT) * LN10))))
    deep = p > _DIRECT
    if np.any(deep):
        t[deep] = _deep_t(p[deep], df[deep])
    return _r_from_t(t, people)


def _deep_t(p: NDArray[np.float64], df: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return t of p values too small for a double, by bisection on log t."""
    low = np.zeros_like(p)
    # the tail of t is never lighter than the normal one nor heavier than that of one degree of freedom
    high = p * LN10 + 5.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        below = neg_log10_p_t(np.exp(np.minimum(middle, 700.0)), df) < p
        low, high = np.where(below, middle, low), np.where(below, high, middle)
        if np.all(high - low <= 1e-15 * high):
            break
    return np.exp(0.5 * (low + high))


def _r_from_t(t: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # an infinite t is a correlation of 1
        r = np.sign(t) / np.sqrt(1.0 + (n - 2.0) / np.square(t))
    return np.where(t == 0.0, 0.0, np.where(n > 2.0, r, np.nan))


def population_frequency(
    eaf: ArrayLike, log_odds: ArrayLike, *, case_share: ArrayLike, prevalence: ArrayLike
) -> NDArray[np.float64]:
    r"""Return the allele frequency in the population from that in a case-control sample.

    Parameters
    ----------
    eaf : array_like, shape (...)
        Frequency of the effect allele in the sample, cases and controls together.
    log_odds : array_like, shape (...)
        Log odds ratio per allele.
    case_share : array_like, broadcastable
        Cases among the people of the sample.
    prevalence : array_like, broadcastable
        Cases among the people of the population.

    Returns
    -------
    numpy.ndarray, shape (...)
        Frequency, between 0 and 1.

    Notes
    -----
    The share :math:`z` of sampled alleles that are effect alleles of cases solves
    :math:`z(1 - f - v + z) = e^b (f - z)(v - z)` with frequency :math:`f`, case share :math:`v` and log odds ratio
    :math:`b`. The frequencies in cases, :math:`z/v`, and controls, :math:`(f-z)/(1-v)`, are then weighted by
    prevalence.

    References
    ----------
    Lee et al. 2012, doi:10.1002/gepi.21614

    Examples
    --------
    >>> float(population_frequency(0.3, 0.2, case_share=0.5, prevalence=0.01).round(6))
    0.279445
    """
    f, b = np.asarray(eaf, dtype=np.float64), np.asarray(log_odds, dtype=np.float64)
    share, rare = np.asarray(case_share, dtype=np.float64), np.asarray(prevalence, dtype=np.float64)
    odds = np.exp(b)
    # a z^2 + b z + c = 0; this form of the root does not cancel where the odds ratio is near 1
    quadratic = odds - 1.0
    linear = -((f + share) * quadratic + 1.0)
    constant = odds * f * share
    z = -2.0 * constant / (linear - np.sqrt(np.square(linear) - 4.0 * quadratic * constant))
    return rare * z / share + (1.0 - rare) * (f - z) / (1.0 - share)


def r_from_log_odds(
    log_odds: ArrayLike,
    eaf: ArrayLike,
    *,
    n_cases: ArrayLike,
    n_controls: ArrayLike,
    prevalence: ArrayLike,
    genotype_variance: GenotypeVariance = "two_alleles",
) -> NDArray[np.float64]:
    r"""Return the correlation of variant and liability from a logistic regression.

    Parameters
    ----------
    log_odds : array_like, shape (...)
        Log odds ratio per effect allele.
    eaf : array_like, shape (...)
        Frequency of the effect allele in the sample.
    n_cases, n_controls : array_like, broadcastable
        People.
    prevalence : array_like, broadcastable
        Cases among the people of the population.
    genotype_variance : {"two_alleles", "one_allele"}
        Variance of the number of effect alleles of a person: :math:`2p(1-p)`, or :math:`p(1-p)` as TwoSampleMR 0.7.9
        ``get_r_from_lor`` has it, which halves the variance explained.

    Returns
    -------
    numpy.ndarray, shape (...)
        :math:`\operatorname{sign}(b)\sqrt{v/(v + \pi^2/3)}` with :math:`v = 2p(1-p)b^2` and the frequency :math:`p` in
        the population.

    Notes
    -----
    Residual liability on the log odds scale has the variance of the standard logistic distribution. The effect is taken
    as additive, the population as in Hardy-Weinberg equilibrium.

    References
    ----------
    Lee et al. 2012, doi:10.1002/gepi.21614

    Examples
    --------
    >>> float(r_from_log_odds(0.2, 0.3, n_cases=5000, n_controls=5000, prevalence=0.01).round(6))
    0.069803
    """
    b = np.asarray(log_odds, dtype=np.float64)
    cases, controls = np.asarray(n_cases, dtype=np.float64), np.asarray(n_controls, dtype=np.float64)
    p = population_frequency(eaf, b, case_share=cases / (cases + controls), prevalence=prevalence)
    alleles = 2.0 if genotype_variance == "two_alleles" else 1.0
    variance = alleles * p * (1.0 - p) * np.square(b)
    return np.sign(b) * np.sqrt(variance / (variance + LOGISTIC_VARIANCE))


def effective_n(n_cases: ArrayLike, n_controls: ArrayLike) -> NDArray[np.float64]:
    r"""Return the people a quantitative trait would need for the same precision of the correlation with liability.

    Parameters
    ----------
    n_cases, n_controls : array_like, shape (...)
        People.

    Returns
    -------
    numpy.ndarray, shape (...)
        :math:`\frac{\pi^2}{3} \, n \, v(1-v)` with the share of cases :math:`v`.

    Notes
    -----
    The log odds ratio of an allele of frequency p has variance :math:`1/(2p(1-p) n v(1-v))`, the correlation with
    liability is about :math:`b\sqrt{2p(1-p)}/\sqrt{\pi^2/3}` (Lee et al. 2012), so its variance is about
    :math:`1/(n v(1-v)\pi^2/3)`, where a quantitative trait has 1/n. Compare :math:`4 n v(1-v)` for z scores (Willer et
    al. 2010, doi:10.1093/bioinformatics/btq340). TwoSampleMR's direction test takes n.

    References
    ----------
    Lee et al. 2012, doi:10.1002/gepi.21614

    Examples
    --------
    >>> float(effective_n(1000, 1000).round(1)), float(effective_n(100, 9900).round(1))
    (1644.9, 325.7)
    """
    cases, controls = np.asarray(n_cases, dtype=np.float64), np.asarray(n_controls, dtype=np.float64)
    return np.asarray(LOGISTIC_VARIANCE * cases * controls / (cases + controls))


def combined_r(r: NDArray[np.float64], *, ld_r: NDArray[np.float64] | None = None, n: float | None = None) -> float:
    r"""Return the multiple correlation of a trait with several variants.

    Parameters
    ----------
    r : numpy.ndarray, shape (n_variants,)
        Correlation of each variant with the trait, signed.
    ld_r : numpy.ndarray, shape (n_variants, n_variants), optional
        Signed correlation of the variants, positive definite, counted in the same alleles.
    n : float, optional
        People. Given, what m variants explain by chance is taken off:
        :math:`1 - (1 - R^2)(n-1)/(n-m-1)`, not below 0; NaN if there are not more people than :math:`m + 1`.

    Returns
    -------
    float
        :math:`R = \sqrt{\sum_j r_j^2}`, or :math:`\sqrt{r'R_{LD}^{-1}r}` with an LD matrix, as the sum would count
        shared signal again and again. Above 1 where the matrix does not fit the effects.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the matrix is not positive definite.

    Notes
    -----
    Under no association :math:`R^2` is about :math:`m/(n-1)`, with or without an LD matrix. For a few genome-wide
    significant variants that is nothing; for hundreds it can be more than the signal, and it is larger in the smaller
    study. TwoSampleMR takes the plain sum.

    References
    ----------
    Sum: Hemani et al. 2017, doi:10.1371/journal.pgen.1007081; chance: Ezekiel 1930, Methods of Correlation
    Analysis, compared with others by Yin and Fan 2001, doi:10.1080/00220970109600656

    Examples
    --------
    >>> ld_r = np.array([[1.0, 0.999], [0.999, 1.0]])
    >>> round(combined_r(np.array([0.3, 0.3]), ld_r=ld_r), 4)
    0.3001
    """
    if ld_r is None:
        r2 = float(np.sum(np.square(r)))
    else:
        r2 = float(np.sum(np.square(linalg.solve_triangular(linalg.cholesky(ld_r, lower=True), r, lower=True))))
    if n is not None:
        left = n - len(r) - 1.0
        r2 = max(0.0, 1.0 - (1.0 - r2) * (n - 1.0) / left) if left > 0.0 else np.nan
    return float(np.sqrt(r2))


def chance_inflation(
    r2_exposure: ArrayLike, r2_outcome: ArrayLike, *, n_exposure: ArrayLike, n_outcome: ArrayLike, n_variants: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Return how much more a multiple correlation varies than one of a single variant, if both traits have the same.

    Parameters
    ----------
    r2_exposure, r2_outcome : array_like, shape (...)
        Shares of the variance explained, less what the variants explain by chance.
    n_exposure, n_outcome : array_like, broadcastable
        People.
    n_variants : int
        Variants behind each share.

    Returns
    -------
    exposure, outcome : numpy.ndarray, shape (...)
        :math:`1 + m/(2 n R^2)` with the mean :math:`R^2` of both sides, weighted by people. Infinite where both are 0.

    Notes
    -----
    :math:`\hat R^2` is the squared length of m correlations with error variance 1/n, so its variance is
    :math:`4R^2/n + 2m/n^2` to second order; the derivative of :math:`\operatorname{artanh}R` by :math:`R^2` is about
    :math:`1/(2R)`, and the delta method gives :math:`(1/n)(1 + m/(2nR^2))`. The null hypothesis has the same
    :math:`R^2` on both sides, so one is taken from both. The normal approximation fails where :math:`nR^2` is not well
    above :math:`\sqrt{m}`: the share is then within chance of 0.

    References
    ----------
    Fisher's z of one correlation: Steiger 1980, doi:10.1037/0033-2909.87.2.245; the inflation is derived here.

    Examples
    --------
    >>> x, y = chance_inflation(0.01, 0.01, n_exposure=2000, n_outcome=100_000, n_variants=60)
    >>> float(x.round(3)), float(y.round(3))
    (2.5, 1.03)
    """
    n_x, n_y = np.asarray(n_exposure, dtype=np.float64), np.asarray(n_outcome, dtype=np.float64)
    pooled = (n_x * np.asarray(r2_exposure) + n_y * np.asarray(r2_outcome)) / (n_x + n_y)
    with np.errstate(divide="ignore"):  # nothing explained on either side: infinite
        return np.asarray(1.0 + n_variants / (2.0 * n_x * pooled)), np.asarray(1.0 + n_variants / (2.0 * n_y * pooled))


def steiger_test(
    r_exposure: ArrayLike,
    r_outcome: ArrayLike,
    *,
    n_exposure: ArrayLike,
    n_outcome: ArrayLike,
    inflation: tuple[ArrayLike, ArrayLike] = (1.0, 1.0),
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Compare two correlations from separate samples.

    Parameters
    ----------
    r_exposure, r_outcome : array_like, shape (...)
        Correlations with exposure and outcome; their sizes are compared.
    n_exposure, n_outcome : array_like, broadcastable
        People.
    inflation : tuple of array_like, broadcastable
        Factors :math:`c` of both variances, from :func:`chance_inflation` for multiple correlations. TwoSampleMR has 1.

    Returns
    -------
    z, neg_log_10_p_value : numpy.ndarray, shape (...)
        :math:`z = (\operatorname{artanh}|r_X| - \operatorname{artanh}|r_Y|)/\sqrt{c_X/(n_X-3)+c_Y/(n_Y-3)}`,
        positive if more of the exposure is explained, and minus log10 of its two-sided p value. NaN for three people or
        fewer.

    References
    ----------
    Hemani et al. 2017, doi:10.1371/journal.pgen.1007081; test: Steiger 1980, doi:10.1037/0033-2909.87.2.245

    Examples
    --------
    >>> z, p = steiger_test(0.2, 0.1, n_exposure=1003, n_outcome=1003)
    >>> float(z.round(4)), float(p.round(4))
    (2.2897, 1.6568)
    """
    x, y = (np.abs(np.asarray(r, dtype=np.float64)) for r in (r_exposure, r_outcome))
    people = [np.asarray(n, dtype=np.float64) - 3.0 for n in (n_exposure, n_outcome)]
    with np.errstate(divide="ignore", invalid="ignore"):  # correlations of 1, too few people
        parts = [np.where(n > 0.0, np.asarray(c) / n, np.nan) for n, c in zip(people, inflation, strict=True)]
        variance = parts[0] + parts[1]
        z = (np.arctanh(x) - np.arctanh(y)) / np.sqrt(variance)
    return np.asarray(z), neg_log10_p_normal(z)


@dataclass(frozen=True, slots=True)
class SteigerSensitivity:
    """How much measurement error could turn the direction round.

    Parameters
    ----------
    agree, disagree : float
        Volumes over all reliabilities at which the true correlations stand in the observed order, and in the other.
    ratio : float
        ``agree / disagree``; infinite if nothing could turn it.
    """

    agree: float
    disagree: float
    ratio: float


def steiger_sensitivity(r_exposure: float, r_outcome: float) -> SteigerSensitivity:
    r"""Weigh the measurement errors that leave the direction as it is against those that turn it.

    Parameters
    ----------
    r_exposure, r_outcome : float
        Multiple correlations with exposure and outcome, above 0 and below 1 in size.

    Returns
    -------
    SteigerSensitivity
        The ratio supports the direction that the correlations show, whichever that is.

    Notes
    -----
    Observed correlations are true ones times a reliability :math:`\rho`. With the larger correlation :math:`a`, the
    smaller :math:`b`, and reliabilities anywhere in :math:`(a, 1)` and :math:`(b, 1)`, the difference of the true
    correlations :math:`a/\rho_1 - b/\rho_2` integrates to
    :math:`V_1 - V_0 = b\ln b - a\ln a + ab(\ln a - \ln b)`, and its negative part to
    :math:`V_0 = 2ab - 2b - b\ln a - ab\ln a`.

    References
    ----------
    Hemani et al. 2017, doi:10.1371/journal.pgen.1007081

    Examples
    --------
    >>> round(steiger_sensitivity(0.2, 0.1).ratio, 4)
    4.1839
    """
    a, b = (float(v) for v in sorted((abs(r_exposure), abs(r_outcome)), reverse=True))
    assert a < 1.0
    if b == 0.0:
        total = -a * float(np.log(a)) if a > 0.0 else 0.0
        return SteigerSensitivity(total, 0.0, np.inf)
    log_a, log_b = float(np.log(a)), float(np.log(b))
    difference = b * log_b - a * log_a + a * b * (log_a - log_b)
    disagree = 2.0 * a * b - 2.0 * b - b * log_a - a * b * log_a
    agree = difference + disagree
    return SteigerSensitivity(agree, disagree, agree / disagree if disagree > 0.0 else np.inf)
