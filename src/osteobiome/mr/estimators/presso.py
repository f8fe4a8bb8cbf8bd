"""MR-PRESSO: IVW without outliers, with its three tests (Verbanck et al. 2018, doi:10.1038/s41588-018-0099-7)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.core.estimate import Estimate, Status, Test, failed
from osteobiome.core.text import count, p_value
from osteobiome.mr.bootstrap import Resampling
from osteobiome.mr.fit import Model, Reference, beyond_range_is_a_status, check_option, overdispersion, without_scatter
from osteobiome.mr.naming import named
from osteobiome.mr.registry import estimator
from osteobiome.mr.scaled import Scaled, concluded, labelled, obstacle, plain, strength_tests
from osteobiome.stats.presso import beyond, resampled_sums
from osteobiome.stats.random import fresh_seed, stream_key
from osteobiome.stats.tails import neg_log10_p_chi2, neg_log10_p_normal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments

METHOD = "presso"
MIN_VARIANTS = 4
NULL = "variants scatter about one effect by sampling error alone"
NULL_DISTORTION = "outliers distort the estimate no more than other variants do"
ONE_EFFECT = (
    "Not estimable: fewer than two variants have an effect on the exposure, so there is no fit without that variant. "
    "Choose instruments associated with the exposure."
)
TOO_MANY_OUTLIERS = "Not estimable: half of the variants or more are outliers, which leaves nothing to compare with."
MASKS = 0.5
"""Share of the weight of one variant beyond which the slopes without the others are mostly its own."""
STRONG = 100.0
"""Q rejects strongly where its p is this much smaller than the level."""
OutlierTest = Literal["exact", "draws"]


@dataclass(frozen=True, slots=True)
class Presso:
    """What the tests found, in the order of the pair's variants.

    Parameters
    ----------
    rss : float
        Sum of squares of standardised residuals, every variant about the slope without it.
    neg_log_10_p_value : float
        Of it, by draws: minus log10 of (1 + draws beyond) / (1 + draws).
    n_beyond, n_lost : int
        Draws with a larger sum, and draws whose sum left the range of doubles.
    residual : numpy.ndarray, shape (n_variants,)
        Square of each variant's residual, in the squared unit of the outcome: MRPRESSO's ``RSSobs``.
    variant_neg_log_10_p_value : numpy.ndarray, shape (n_variants,)
        Of each residual, times the number of variants (Bonferroni), at least 0.
    is_outlier : numpy.ndarray of bool, shape (n_variants,)
        Both p values are at most the level.
    """

    rss: float
    neg_log_10_p_value: float
    n_beyond: int
    n_lost: int
    residual: NDArray[np.float64]
    variant_neg_log_10_p_value: NDArray[np.float64]
    is_outlier: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Options:
    alpha: float
    outlier_test: OutlierTest
    model: Model
    resampling: Resampling


def presso_tests(
    inst: Instruments,
    *,
    alpha: float = 0.05,
    outlier_test: OutlierTest = "exact",
    n_bootstrap: int = 1000,
    seed: int = 1,
) -> Presso:
    """Run the global and the outlier test.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 4, two of them with an effect on the exposure.
    alpha, outlier_test, n_bootstrap, seed
        As in :func:`presso`.

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> x, y = [0.1, 0.2, 0.3, 0.2, 0.25, 0.15], [0.05, 0.1, 0.15, 0.24, 0.125, 0.08]
    >>> found = presso_tests(Instruments.from_arrays(x, [0.01] * 6, y, [0.02] * 6))
    >>> found.is_outlier.tolist()
    [False, False, False, True, False, False]
    """
    data, n = Scaled.of(inst), inst.n_variants
    key = stream_key(seed, inst.exposure, inst.outcome, METHOD)
    noise = data.se_x / data.se_y
    u, z = data.x / data.se_y, data.y / data.se_y
    rss, larger, lost, slope, single = beyond(u, noise, z, data.sign, key, n_bootstrap)
    residual = z - slope * u
    if outlier_test == "exact":
        score = neg_log10_p_normal(residual / np.hypot(1.0, slope * noise))
    else:
        score = math.log10(1.0 + n_bootstrap) - np.log10(1.0 + single)
    overall = math.log10(1.0 + n_bootstrap) - math.log10(1.0 + larger)
    corrected = np.maximum(score - math.log10(n), 0.0)
    limit = -math.log10(alpha)
    squares, scores = np.empty(n), np.empty(n)
    squares[data.order] = np.square(np.ldexp(residual * data.se_y, data.exponent_y))
    scores[data.order] = corrected
    return Presso(rss, overall, larger, lost, squares, scores, (scores >= limit) & (overall >= limit))


def _slope(u: NDArray[np.float64], z: NDArray[np.float64]) -> float:
    return float(u @ z / (u @ u))


def distortion(inst: Instruments, outlier: NDArray[np.bool_], *, n_bootstrap: int, seed: int) -> tuple[Test, ...]:
    """Test whether the outliers distort the estimate, in the readings of the paper and of the package.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    outlier : numpy.ndarray of bool, shape (n_variants,)
        At least one, and not all.
    n_bootstrap, seed
        As in :func:`presso`.

    Returns
    -------
    tuple of Test
        Both tests, and then the Monte Carlo errors of their p values, without a number where there is no test.
    """
    data, names = Scaled.of(inst), ("distortion_paper", "distortion_package")
    out = outlier[data.order]
    u, z = data.x / data.se_y, data.y / data.se_y
    raw, rest = _slope(u, z), _slope(u[~out], z[~out])
    percent = 100.0 * (raw - rest) / abs(rest) if rest != 0.0 else math.nan
    n_drawn = u.size - 2 * int(out.sum())
    if n_drawn < 1 or not math.isfinite(percent):
        tests = [Test(name, None, null=NULL_DISTORTION, message=TOO_MANY_OUTLIERS) for name in names]
        return *tests, *(Test(f"{name}_p_error", None, message=TOO_MANY_OUTLIERS) for name in names)
    key = stream_key(seed, inst.exposure, inst.outcome, METHOD, "distortion")
    drawn = resampled_sums(u[~out], z[~out], n_drawn, key, n_bootstrap)
    paper = drawn[:, 1] / drawn[:, 0]
    package = (drawn[:, 1] + u[out] @ z[out]) / (drawn[:, 0] + u[out] @ u[out])
    expected = (np.abs(paper - rest) / abs(rest), np.abs(raw - package) / np.abs(package))
    tests, errors = [], []
    for name, by_chance in zip(names, expected, strict=True):
        larger = int(np.sum(by_chance > abs(raw - rest) / abs(rest)))
        score = math.log10(1.0 + n_bootstrap) - math.log10(1.0 + larger)
        tests.append(Test(name, percent, None, score, NULL_DISTORTION))
        errors.append(_error_of_p(f"{name}_p_error", score, n_bootstrap))
    return *tests, *errors


def _error_of_p(name: str, score: float, n_draws: int) -> Test:
    """Return the Monte Carlo error of a p value by draws."""
    p = 10.0**-score
    return plain(name, math.sqrt(p * (1.0 - p) / n_draws))


def _masking(inst: Instruments, found: Presso, options: _Options) -> str:
    """Return why the global test may not see an outlier, or nothing.

    Draws are made about the slopes without each variant, so the distance of an outlier of large weight from the others
    is in them too.
    """
    data = Scaled.of(inst)
    u, z, noise = data.x / data.se_y, data.y / data.se_y, data.se_x / data.se_y
    share = np.square(u / np.linalg.norm(u))
    heaviest, text = int(share.argmax()), ""
    if share[heaviest] > MASKS:
        name = named(inst, data.order[[heaviest]])
        text = (
            f" {100.0 * share[heaviest]:.0f} % of the weight belong to {name}: the draws then contain its distance "
            "from the others, and the global test may not see it. Compare the estimates with and without it."
        )
    slope = _slope(u, z)
    q = float(np.sum(np.square(z - slope * u) / (1.0 + np.square(slope * noise))))
    score, limit = float(neg_log10_p_chi2(q, u.size - 1.0)), -math.log10(options.alpha)
    if found.neg_log_10_p_value < limit and score > limit + math.log10(STRONG):
        text += (
            f" Cochran's Q rejects (p {p_value(score)}) although the global test does not, as where the draws contain "
            "the scatter: that the test does not reject is no sign that there is none."
        )
    return text


def _message(found: Presso, inst: Instruments, options: _Options) -> str:
    """Return what the tests came to, and what the draws cannot tell."""
    n = inst.n_variants
    draws, k = options.resampling.n_draws, int(found.is_outlier.sum())
    limit = -math.log10(options.alpha)
    if found.neg_log_10_p_value < limit:
        p = 10.0**-found.neg_log_10_p_value
        text = f"The global test does not reject (p = {p:.2g}): the estimate is that of all variants."
    elif not k:
        text = "The global test rejects, but no variant is an outlier: the estimate is that of all variants."
    else:
        names = named(inst, np.flatnonzero(found.is_outlier))
        text = f"{count(k, 'variant', 'variants')} of {n} called outliers and left out: {names}."
    if found.n_beyond == 0:
        text += f" No draw of {draws:,} reached the sum of squares: its p value is at most 1/{draws + 1:,}."
    finest = math.log10(1.0 + draws)
    if finest < limit:
        text += f" {draws:,} draws cannot resolve a p value of {options.alpha:g}: take more."
    elif options.outlier_test == "draws" and finest - math.log10(n) < limit:
        text += f" {draws:,} draws cannot call any of {n} variants an outlier: take {math.ceil(n / options.alpha):,}."
    return text + _masking(inst, found, options)


def _unusual(inst: Instruments, level: float) -> Estimate | None:
    """Return why a pair cannot be estimated before any draw, or None."""
    failure = obstacle(inst, method=METHOD, min_variants=MIN_VARIANTS, level=level)
    if failure is None and np.count_nonzero(inst.beta_exposure) < 2:
        status = Status.TOO_FEW_INSTRUMENTS
        failure = labelled(failed(METHOD, status, n_variants=inst.n_variants, message=ONE_EFFECT, level=level), inst)
    return failure


@beyond_range_is_a_status
def _estimate(inst: Instruments, options: _Options) -> Estimate:
    resampling, n = options.resampling, inst.n_variants
    level = resampling.level
    failure = _unusual(inst, level)
    if failure is not None:
        return failure

    def fails(status: Status, message: str = "") -> Estimate:
        return labelled(failed(METHOD, status, n_variants=n, message=message, level=level), inst)

    seed = fresh_seed() if resampling.seed is None else resampling.seed
    draws = {"n_bootstrap": resampling.n_draws, "seed": seed}
    found = presso_tests(inst, alpha=options.alpha, outlier_test=options.outlier_test, **draws)
    if found.n_lost or not math.isfinite(found.rss):
        return fails(Status.NOT_FINITE)
    data = Scaled.of(inst)
    kept = ~found.is_outlier[data.order]
    n_kept = int(kept.sum())
    u, z = data.x / data.se_y, data.y / data.se_y
    if n_kept < 2 or not u[kept].any():
        return fails(Status.NO_VALID_VARIANT, f"{Status.NO_VALID_VARIANT.message} Outliers: {n - n_kept} of {n}.")
    every = np.ones(n, dtype=bool)
    (raw, raw_se, _), (beta, se, q) = (_ivw(u[keep], z[keep], options.model) for keep in (every, kept))
    df = n_kept - 1.0
    if without_scatter(np.array([q]), np.array([df]), options.model)[0]:
        return fails(Status.NO_SCATTER)
    numbers = np.ldexp([beta, se, raw, raw_se], data.exponent).tolist()
    tests = [
        Test("presso_global", found.rss, None, found.neg_log_10_p_value, NULL),
        _error_of_p("presso_global_p_error", found.neg_log_10_p_value, resampling.n_draws),
        plain("n_outliers", float(n - n_kept)),
        Test("raw_estimate", None, estimate=numbers[2], se=numbers[3]),
    ]
    if n_kept < n:
        tests += distortion(inst, found.is_outlier, **draws)
    result = concluded(
        inst,
        METHOD,
        beta=numbers[0],
        se=numbers[1],
        level=level,
        df=df if resampling.distribution == "t" else None,
        tests=(*tests, *strength_tests(inst)),
        message=_message(found, inst, options),
    )
    if result.status is not Status.OK:
        return result
    return replace(result, n_variants=n_kept, seed=seed, n_draws=resampling.n_draws)


def _ivw(u: NDArray[np.float64], z: NDArray[np.float64], model: Model) -> tuple[float, float, float]:
    """Return slope, standard error and Cochran's Q."""
    slope = _slope(u, z)
    q = float(np.sum(np.square(z - slope * u)))
    factor = overdispersion(np.array([q]), np.array([u.size - 1.0]), model)[0]
    return slope, float(factor / np.sqrt(u @ u)), q


@estimator(
    name=METHOD,
    label="MR-PRESSO",
    doi="10.1038/s41588-018-0099-7",
    assumptions=(
        "every variant is associated with the exposure",
        "direct effects on the outcome are those of outliers, which are fewer than half of the variants",
        "direct effects of the variants that are kept average to zero and are independent of instrument strength",
        "variants are mutually uncorrelated",
    ),
    min_variants=MIN_VARIANTS,
    stochastic=True,
)
def presso(
    inst: Instruments,
    *,
    alpha: float = 0.05,
    outlier_test: OutlierTest = "exact",
    model: Model = "multiplicative",
    distribution: Reference = "normal",
    n_bootstrap: int = 1000,
    seed: int | None = None,
    level: float = 0.95,
) -> Estimate:
    r"""Estimate by IVW without the variants whose residuals are larger than chance makes them.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 4.
    alpha : float
        Level of the global test, and of the outlier test over all variants, between 0 and 1.
    outlier_test : {"exact", "draws"}
        p values of single variants in closed form, or by draws as in MRPRESSO, see Notes.
    model : {"multiplicative", "multiplicative_unfloored", "fixed"}
        How scatter enters the standard error; see :func:`osteobiome.mr.estimators.ivw.ivw`. MRPRESSO is
        ``multiplicative_unfloored``.
    distribution : {"normal", "t"}
        Reference of interval and p value; t has one degree of freedom less than variants kept, as in MRPRESSO.
    n_bootstrap : int
        Draws of the global and the distortion test. For ``draws``, n / alpha are needed to call any of n variants an
        outlier; the message says so where there are fewer.
    seed : int or None
        Seed of the draws; None draws one. The estimate records it.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        The outlier-corrected estimate, or that of all variants if there is no outlier; the message says which.
        ``n_variants`` are those kept. With ``presso_global`` (RSS, p), ``presso_global_p_error`` (Monte Carlo error of
        p), ``n_outliers``, ``raw_estimate``, with outliers ``distortion_paper`` and ``distortion_package`` (per cent of
        the corrected estimate, p) and ``distortion_paper_p_error`` and ``distortion_package_p_error``, ``mean_f`` and
        ``min_f`` of all variants; ``seed`` and ``n_draws``, the number of draws of each test. The message names the
        outliers.

    Raises
    ------
    EstimationError
        Fewer than four variants, fewer than two with an effect on the exposure, or fewer than two that are kept.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    With :math:`\hat\theta_{-j}` the IVW estimate without variant j,

    .. math:: \mathrm{RSS} = \sum_j \frac{(\hat\Gamma_j - \hat\theta_{-j}\hat\gamma_j)^2}{\sigma_{Yj}^2}

    is compared with draws :math:`\gamma_j^* \sim N(\hat\gamma_j, \sigma_{Xj}^2)`,
    :math:`\Gamma_j^* \sim N(\hat\theta_{-j}\hat\gamma_j, \sigma_{Yj}^2)`, whose slopes are fitted anew. p is
    (1 + draws beyond) / (1 + draws), which is never 0 whatever the number of draws; where no draw is beyond it is a
    bound, and the message says so. (MRPRESSO divides by the draws and prints 0 as "<1/draws".) Draws start from slopes
    and exposure effects that have errors already: with weak instruments and an effect their slopes are diluted twice,
    and the global test rejects too often, with 100 valid variants of mean F 10 and errors of both traits alike in 16 %
    of pairs at the level of 5 %; without an effect it keeps its level.

    If it rejects, each residual is compared with :math:`\Gamma_j^* - \hat\theta_{-j}\gamma_j^*`, whose slope is that of
    the data. This is normal with variance :math:`\sigma_{Yj}^2 + \hat\theta_{-j}^2\sigma_{Xj}^2`, so its p value needs
    no draws: ``exact`` is what MRPRESSO's tends to, of any size, and the list of outliers does not change with the
    seed. Both are multiplied by the number of variants. MRPRESSO calls a variant beyond all draws an outlier even if
    the draws are too few to tell; ``draws`` does not. It also sets the outcome effect to 0 where the exposure effect is
    0; here it counts.

    The distortion is :math:`D = (\hat\theta - \hat\theta_c)/|\hat\theta_c|` of raw and corrected estimate. With k
    outliers among n variants, n - 2k of the others are drawn with replacement. The paper says that they are put in
    place of the outliers: ``distortion_paper`` compares D with that of their estimate :math:`\theta^*`,
    :math:`(\theta^* - \hat\theta_c)/|\hat\theta_c|`. The package keeps the outliers in every set:
    ``distortion_package`` compares D with :math:`(\hat\theta - \theta^*)/|\theta^*|`, the distortion when as many other
    variants are left out. The readings may disagree; neither exists if half of the variants are outliers.

    Draws are made about the slope without each variant. An outlier of large weight pulls the slopes of all others, and
    stands at their slope itself, in every draw: its distance is part of what the test expects, and the test is blind
    to it. The message says so where one variant holds more than half of the weight, and where Cochran's Q, with
    variances :math:`\sigma_{Yj}^2 + \hat\theta^2\sigma_{Xj}^2`, has a p below a hundredth of ``alpha`` but the global
    test does not reject.

    Near the level, the global test may reject with one seed and not with another; ``presso_global_p_error`` tells.
    Outliers are called about slopes that the others have pulled: one gross outlier of large weight makes outliers of
    the variants that fit, up to all of them. The estimate without outliers is too sure of itself, as the data chose
    what to drop. It fails when half of the variants are invalid, or err in one direction.

    References
    ----------
    Verbanck et al. 2018, doi:10.1038/s41588-018-0099-7; p by draws: Phipson & Smyth 2010, doi:10.2202/1544-6115.1585

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> x, y = [0.1, 0.2, 0.3, 0.2, 0.25, 0.15], [0.05, 0.1, 0.15, 0.24, 0.125, 0.08]
    >>> result = presso(Instruments.from_arrays(x, [0.01] * 6, y, [0.02] * 6), seed=1)
    >>> result.n_variants, round(result.beta, 3)
    (5, 0.503)
    >>> result.message.partition(". ")[0]
    '1 variant of 6 called outliers and left out: variant 4'
    """
    resampling = Resampling(METHOD, n_bootstrap, seed, level, distribution)
    check_option("outlier_test", outlier_test, ("exact", "draws"))
    check_option("model", model, ("multiplicative", "multiplicative_unfloored", "fixed"))
    check_option("distribution", distribution, ("normal", "t"))
    if not 0.0 < alpha < 1.0:
        raise SchemaError(Fault("bad_option", "option alpha", f"value {alpha}", "a level between 0 and 1 such as 0.05"))
    return _estimate(inst, _Options(alpha, outlier_test, model, resampling)).raise_if_failed()
