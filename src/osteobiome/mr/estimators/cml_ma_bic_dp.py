"""Constrained maximum likelihood with data perturbation (Xue et al. 2021, doi:10.1016/j.ajhg.2021.05.014)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.estimate import Estimate, Status, Test
from osteobiome.core.text import p_value
from osteobiome.mr.bootstrap import Resampling
from osteobiome.mr.constrained import (
    ASSUMPTIONS,
    BOUNDED,
    MIN_VARIANTS,
    NEGLIGIBLE,
    Path,
    Search,
    check_cml,
    cml_obstacle,
    descent_tolerance,
    finished,
    left_out_words,
    path_of,
    path_tests,
    sample_size_of,
    scale_of,
    search_limits,
    unbounded,
    weights_of,
)
from osteobiome.mr.fit import beyond_range_is_a_status
from osteobiome.mr.registry import estimator
from osteobiome.mr.scaled import Scaled, plain
from osteobiome.stats.cml_perturbed import perturbed_paths, predicted_variance, variance_of_pairs
from osteobiome.stats.random import fresh_seed, stream_key
from osteobiome.stats.tails import neg_log10_p_normal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments

METHOD = "cml_ma_bic_dp"
MAX_VARIANTS = 1000
TOLERANCE = 0.1
"""As for the data themselves, but coarser: a draw is one of hundreds."""
UNBOUNDED_DRAWS = 0.05
"""Share of draws whose 95 % confidence set has no end up to which they are left out of a model; beyond, it is."""
COUNTS = 0.01
"""Weight from which on a model's draws without a bounded effect are counted in the message."""
POOR_FIT = 2.0
"""-log10 p of the goodness of fit from which on the message warns."""
WHERE = ", in the data or in more than 5 % of the draws"
NULL_FIT = "perturbed estimates scatter as they would if the valid variants were known"


@dataclass(frozen=True, slots=True)
class Usable:
    """Which draws of which models exclude an infinite effect.

    Parameters
    ----------
    is_bounded : numpy.ndarray of bool, shape (n_draws, n_models)
        Draws whose effect has a bound.
    left_out : numpy.ndarray of bool, shape (n_models,)
        Models of whose draws too many have none.
    weight : numpy.ndarray, shape (n_models,)
        Weights of the models by their mean criterion over all draws.
    """

    is_bounded: NDArray[np.bool_]
    left_out: NDArray[np.bool_]
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, draws: NDArray[np.float64], penalty: float) -> Usable:
        """Return the usable draws.

        Parameters
        ----------
        draws : numpy.ndarray, shape (n_draws, 4, n_models)
            Effect, Q, curvature and margin by number of invalid variants; neighbouring draws are mirror images.
        penalty : float
            Log of the sample size.
        """
        is_bounded: NDArray[np.bool_] = draws[:, 3] >= BOUNDED
        left_out: NDArray[np.bool_] = np.mean(~is_bounded, axis=0) > UNBOUNDED_DRAWS
        weight = weights_of(draws[:, 1].mean(axis=0) + penalty * np.arange(left_out.size))
        return cls(is_bounded, left_out, weight)

    @property
    def share_left_out(self) -> float:
        """Weight of the models that are left out."""
        return float(self.weight[self.left_out].sum())

    @property
    def words(self) -> str:
        """In how many draws the effect of a model that counts has no bound; empty if in none."""
        counts = ~self.left_out & (self.weight >= COUNTS)
        lost = int(np.any(~self.is_bounded[:, counts], axis=1).sum())
        n = len(self.is_bounded)
        return f"In {lost:,} of {n:,} draws an infinite effect is not excluded: left out." if lost else ""


def averaged_draws(
    draws: NDArray[np.float64], penalty: float, usable: Usable
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return estimate and standard error over all draws, and their Monte Carlo errors by the jackknife.

    Parameters
    ----------
    draws, penalty
        As in :meth:`Usable.of`.
    usable : Usable
        Models and draws that enter.

    Returns
    -------
    numbers, errors : numpy.ndarray, shape (2,)
        Estimate and standard error, in the scaled unit.
    """
    n, n_models = usable.is_bounded.shape
    price = np.where(usable.left_out, np.inf, penalty * np.arange(n_models))
    kept = usable.left_out | usable.is_bounded
    theta = np.where(kept & ~usable.left_out, draws[:, 0], 0.0)
    centre = theta.sum(axis=0) / kept.sum(axis=0)
    off = np.where(kept, theta - centre, 0.0)
    starts = np.arange(0, n, 2)  # a mirrored pair is left out as a whole

    def estimates(
        size: NDArray[np.float64],
        held: NDArray[np.float64],
        first: NDArray[np.float64],
        second: NDArray[np.float64],
        fit: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        mean = first / held
        sd = np.sqrt(np.maximum(second - held * np.square(mean), 0.0) / (held - 1.0))
        bic = fit / size + price
        weight = np.exp(-0.5 * (bic - bic.min(axis=-1, keepdims=True)))
        weight /= weight.sum(axis=-1, keepdims=True)
        mean = mean + centre
        average = np.sum(weight * mean, axis=-1, keepdims=True)
        se = np.sum(weight * np.hypot(sd, mean - average), axis=-1)
        return np.stack([average[..., 0], se], axis=-1)

    columns = (np.ones((n, 1)), kept.astype(np.float64), off, np.square(off), draws[:, 1])
    sums = [values.sum(axis=0) for values in columns]
    numbers = estimates(*sums)
    if n < 5:
        return numbers, np.full(2, np.nan)
    parts = [np.add.reduceat(values, starts, axis=0) for values in columns]
    left = estimates(*(s - p for s, p in zip(sums, parts, strict=True)))
    blocks = len(starts)
    errors = np.sqrt((blocks - 1) / blocks * np.sum(np.square(left - left.mean(axis=0)), axis=0))
    return numbers, errors


def goodness_of_fit(data: Scaled, path: Path, theta: NDArray[np.float64]) -> tuple[Test, Test]:
    """Return the two tests of whether draws scatter as the model with the lowest criterion predicts.

    Parameters
    ----------
    data : Scaled
        Pair in canonical form.
    path : Path
        Its fit.
    theta : numpy.ndarray, shape (n_draws,)
        Effects of the draws in that model; neighbouring draws are mirror images.
    """
    best, unit = path.best, float(path.se[path.best])
    arrays = np.stack([data.x, np.square(data.se_x), data.y, np.square(data.se_y)])
    predicted = predicted_variance(float(path.theta[best]), best, arrays) / unit / unit
    variance, *errors = variance_of_pairs((theta - theta.mean()) / unit if theta.size else theta)
    tests = []
    for name, error in zip(("goodness_of_fit_1", "goodness_of_fit_2"), errors, strict=True):
        # on the log scale a variance is nearer to normal
        exists = variance > 0.0 and predicted > 0.0 and error > 0.0
        z = math.log(predicted / variance) * variance / math.sqrt(error) if exists else math.nan
        exists = math.isfinite(z)
        p = float(neg_log10_p_normal(np.array([z]))[0]) if exists else None
        tests.append(Test(name, z if exists else None, None, p, NULL_FIT if exists else ""))
    return tests[0], tests[1]


def paired_draws(draws: NDArray[np.float64], model: int, usable: Usable) -> NDArray[np.float64]:
    """Return effects in one model, of mirrored draws that are both bounded; shape (2 n_pairs,)."""
    even = len(draws) // 2 * 2
    both = usable.is_bounded[:even, model].reshape(-1, 2).all(axis=1)
    effects: NDArray[np.float64] = draws[:even, 0, model].reshape(-1, 2)[both].ravel()
    return effects


def poor_fit_words(tests: tuple[Test, ...]) -> str:
    """Return the warning that draws scatter as no model expects; empty if they may."""
    worst = max((test.neg_log_10_p_value or 0.0 for test in tests), default=0.0)
    if worst < POOR_FIT:
        return ""
    return (
        f"The draws do not scatter as the model expects (goodness of fit p {p_value(worst)}): neither model nor "
        "estimate should be trusted."
    )


@beyond_range_is_a_status
def _fit(inst: Instruments, resampling: Resampling, n: float | None, search: Search) -> Estimate:
    size = sample_size_of(inst, n)
    level = resampling.level
    failure = cml_obstacle(inst, method=METHOD, sample_size=size, max_variants=MAX_VARIANTS, level=level)
    if failure is not None:
        return failure
    assert size.people is not None
    seed = fresh_seed() if resampling.seed is None else resampling.seed
    data = Scaled.of(inst)
    path = path_of(data, size.people, search)
    draws = perturbed_paths(
        np.stack([data.x, data.se_x, np.abs(data.y), data.se_y]),
        data.sign,
        scale_of(data),
        search_limits(inst.n_variants, size.people, TOLERANCE),
        descent_tolerance(data) if search == "descent" else 0.0,
        stream_key(seed, inst.exposure, inst.outcome, METHOD),
        resampling.n_draws,
    )
    penalty = math.log(size.people)
    usable = Usable.of(draws, penalty)
    share = max(usable.share_left_out, float(path.weight[path.is_unbounded].sum()))
    if share > NEGLIGIBLE:
        return unbounded(inst, method=METHOD, share=share, average=True, level=level, where=WHERE)
    numbers, errors = averaged_draws(draws, penalty, usable)
    numbers, errors = np.ldexp(numbers, data.exponent), np.ldexp(errors, data.exponent)
    fit = goodness_of_fit(data, path, paired_draws(draws, path.best, usable))
    tests = (
        plain("bootstrap_error", float(errors[0])),
        plain("bootstrap_se_error", float(errors[1])),
        *fit,
        *path_tests(path, size.people),
    )
    result = finished(inst, method=METHOD, numbers=numbers, tests=tests, level=level)
    if result.status is not Status.OK:
        return result
    message = " ".join(filter(None, (size.message, left_out_words(share), usable.words, poor_fit_words(fit))))
    return replace(result, seed=seed, n_draws=resampling.n_draws, message=message)


@estimator(
    name="cml_ma_bic_dp",
    label="Constrained maximum likelihood, BIC model average, data perturbation",
    short="cML-MA-BIC-DP",
    doi="10.1016/j.ajhg.2021.05.014",
    assumptions=ASSUMPTIONS,
    min_variants=MIN_VARIANTS,
    max_variants=MAX_VARIANTS,
    stochastic=True,
)
def cml_ma_bic_dp(
    inst: Instruments,
    *,
    n: float | None = None,
    search: Search = "global",
    n_bootstrap: int = 200,
    seed: int | None = None,
    level: float = 0.95,
) -> Estimate:
    r"""Estimate the effect as the mean over perturbed data, so that the choice of variants enters the error.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, 3 to 1,000 variants. Effects on the exposure may be 0.
    n : float or None
        Sample size for the criterion; None takes the smallest behind any association of the pair. If none is known
        either, the status is ``missing_sample_size``.
    search : {"global", "descent"}
        ``global`` finds the highest likelihood in every draw; ``descent`` is MRcML without random starts, as in
        :func:`osteobiome.mr.estimators.cml_ma_bic.cml_ma_bic`.
    n_bootstrap : int
        Perturbed data sets; the packages take 200.
    seed : int or None
        Seed of the draws; None draws one. The estimate records it.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        With ``bootstrap_error`` and ``bootstrap_se_error`` (Monte Carlo errors of estimate and standard error),
        ``goodness_of_fit_1`` and ``goodness_of_fit_2``, and ``n_invalid``, ``bic``, ``sample_size``, ``search_gap``,
        ``mean_f``, ``min_f`` of the data themselves; ``seed`` and ``n_draws``. The message says where the sample size
        comes from, what was left out, and if a goodness of fit has p below 0.01.

    Raises
    ------
    EstimationError
        Fewer than three or more than 1,000 variants, exposure effects all zero, no sample size or one that is no
        number of people, or more than 5 % of the weight on models in which the data, or more than 5 % of the draws,
        do not exclude an infinite effect (``too_weak_instruments``).
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    Effects are drawn again, :math:`\hat\gamma_j^* \sim N(\hat\gamma_j, \sigma_{Xj}^2)` and
    :math:`\hat\Gamma_j^* \sim N(\hat\Gamma_j, \sigma_{Yj}^2)`, and every :math:`\hat\theta_K^*` is found anew. With
    means :math:`\bar\theta_K`, standard deviations :math:`s_K` and mean :math:`\bar Q_K` over the draws, weights are
    :math:`w_K \propto \exp(-(\bar Q_K + K\log n)/2)`, the estimate is :math:`\sum_K w_K\bar\theta_K`, and its error
    :math:`\sum_K w_K\sqrt{s_K^2 + (\bar\theta_K - \hat\theta)^2}`. Draws come in pairs with mirrored outcome noise,
    which leaves their distribution as it is and makes the mean more precise. Monte Carlo errors are those of the
    jackknife over such pairs.

    A draw excludes an infinite effect in a model if the criterion there is higher by 3.84, the 5 % point of
    :math:`\chi^2_1`. Other draws have estimates of any size, and a mean over them would mean nothing. A model of whose
    draws more than 5 % are such is left out whole; if it counts, the message gives the weight of what is left out, and
    above 5 % there is no estimate. Up to 5 % the draws alone are left out of the mean and standard deviation of that
    model; the message counts them, for models of 1 % of the weight or more. Both shares are estimated from the draws,
    so that the status does not depend on their number, apart from Monte Carlo noise next to the limits.

    The tests compare :math:`s_K^2` of the model with the lowest BIC with the variance that draws would have if its
    valid variants stayed the same (:func:`osteobiome.stats.cml_perturbed.predicted_variance`), on the log scale; the
    second takes the draws for normal. They reject where perturbed data switch from one group of variants to another:
    then neither model nor estimate should be trusted, as the message says if p of either is below 0.01. The noise of
    the data is counted twice, once in them and once in the draws, so the estimate leans towards the mean of several
    optima.

    The packages compare :math:`s_K^2` with :math:`\mathrm{se}_K^2` of maximum likelihood instead. Perturbed estimates
    scatter more than that, as noise is added to noise: with the same F and errors for all variants by a share of
    :math:`3/(F - 1) \cdot \sigma_Y^2/(\sigma_Y^2 + \theta^2\sigma_X^2)`. At the level of 5 % that comparison rejects
    more than half of the pairs with 100 variants of F 10 and no pleiotropy (200 draws, an effect of 0.3, equal errors).

    Ours, with 200 draws and 300 pairs in each setting (``docs/methods/calibration.md``): if all variants are valid, 9 %
    are rejected with ten variants of F 30, 6 to 7 % with 50 of F 60 or 100 of F 10; if three of ten or six of 20
    are invalid by 20 to 30 standard errors, 5 to 8 %. Where invalid variants are nearer, draws do switch: by 8 to 12
    standard errors, 8 to 9 % with six of 20 variants (F 40), and 22 and 32 % with three of ten (F 30).

    References
    ----------
    Xue et al. 2021, doi:10.1016/j.ajhg.2021.05.014; random numbers: Salmon et al. 2011, doi:10.1145/2063384.2063405

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.2], [0.01] * 4, [0.05, 0.11, 0.14, 0.4], [0.02] * 4)
    >>> result = cml_ma_bic_dp(pair, n=10_000, seed=1)
    >>> print(result)
    cml_ma_bic_dp: 0.494 (se 0.0565, 4 variants)
    >>> result.seed, result.n_draws
    (1, 200)
    """
    check_cml(n=n, search=search, level=level)
    return _fit(inst, Resampling(METHOD, n_bootstrap, seed, level), n, search).raise_if_failed()
