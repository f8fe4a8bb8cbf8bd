"""Simulated sample splitting, MR-SimSS (Forde, Hemani & Ferguson 2026, doi:10.1371/journal.pgen.1011949)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.mr.bootstrap import Resampling
from osteobiome.mr.candidates import ASSUMPTIONS, UNDECLARED, check_between, selection_obstacle, strength_of_selected
from osteobiome.mr.fit import beyond_range_is_a_status, check_option, check_psi
from osteobiome.mr.registry import estimator
from osteobiome.mr.scaled import Scaled, concluded, labelled, obstacle, plain
from osteobiome.stats.random import fresh_seed, stream_key
from osteobiome.stats.rerandomised import rerandomised_terms
from osteobiome.stats.sample_splits import COUNT, Split, debiased_fits, ivw_fits, split_of, split_sums
from osteobiome.stats.tails import z_from_neg_log10_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.core.estimate import Test
    from osteobiome.instruments import Instruments

METHOD = "simss"
FEWEST = 3
"""Variants that a split must select to count, as in mr.simss."""
NEVER = 1e-3
"""Candidates are left out of the draws while all of them together would be selected less often than this, per split."""
Inner = Literal["divw", "ivw"]
MOST_WEAK = 0.05
"""Share of splits that may be too weak; leaving more out would choose among estimates."""
WEAK = (
    "Not estimable: in more than one split of twenty the selected variants are so weak that the denominator may be 0. "
    "Use rerandomised IVW, which pools the splits before it divides."
)
CLEAR = 2.0
"""Monte Carlo errors that the variance, a difference, must be above 0."""
SCATTER = (
    "Not estimable: the variance of the mean over splits is a difference, and with these draws it is not clearly above "
    "0. Take more draws; if that does not help, use rerandomised IVW."
)


@dataclass(frozen=True, slots=True)
class _Options:
    cutoff: float
    split: Split
    psi: float
    inner: Inner
    resampling: Resampling


@dataclass(frozen=True, slots=True)
class _Mean:
    """Mean over splits, its standard error, and Monte Carlo errors of both."""

    beta: float
    variance: float
    beta_error: float
    variance_error: float

    @classmethod
    def of(cls, fits: NDArray[np.float64]) -> _Mean:
        """Return the mean of estimates; a split and its mirror image count as one draw."""
        slopes, variances, extra = fits
        each = slopes.mean(axis=0)
        beta = float(each.mean())
        parts = (variances - np.square(slopes - beta)).mean(axis=0)
        if extra.mean() > 0.0:  # less scatter than sampling error explains is chance, not precision
            parts = parts + extra.mean(axis=0)
        errors = [float(values.std(ddof=1)) / math.sqrt(each.size) for values in (each, parts)]
        return cls(beta, float(parts.mean()), *errors)


@beyond_range_is_a_status
def _estimate(inst: Instruments, options: _Options) -> Estimate:
    resampling, split, level = options.resampling, options.split, options.resampling.level
    failure = obstacle(inst, method=METHOD, min_variants=FEWEST + 1, level=level)
    failure = failure or selection_obstacle(
        inst, method=METHOD, cutoff=options.cutoff, eta=split.noise_select, level=level
    )
    if failure is not None:
        return failure
    data = Scaled.of(inst)
    z = data.x / data.se_x
    terms = rerandomised_terms(z, cutoff=options.cutoff, eta=split.noise_select)
    drawn = _worth_drawing(terms.chance)
    seed = fresh_seed() if resampling.seed is None else resampling.seed
    sums = split_sums(
        np.stack([data.x, data.se_x, data.y, data.se_y])[:, drawn],
        data.sign[drawn],
        drawn,
        (options.cutoff, options.psi),
        split,
        stream_key(seed, inst.exposure, inst.outcome, METHOD),
        resampling.n_draws,
    )
    sums = sums[sums[:, COUNT] >= FEWEST]
    fits = (debiased_fits if options.inner == "divw" else ivw_fits)(sums, split)
    usable = np.isfinite(fits).all(axis=(0, 1))
    n_used = int(usable.sum())
    n_selected = round(float(terms.chance.sum()))
    if len(sums) < max(2.0, resampling.n_draws / 2.0):
        return labelled(failed(METHOD, Status.TOO_FEW_INSTRUMENTS, n_variants=n_selected, level=level), inst)
    if n_used < max(2.0, (1.0 - MOST_WEAK) * len(sums)):
        failure = failed(METHOD, Status.TOO_WEAK, n_variants=n_selected, message=WEAK, level=level)
        return labelled(failure, inst)
    mean = _Mean.of(fits[:, :, usable])
    strength = strength_of_selected(z, terms.chance, float(terms.second.sum() / terms.chance.sum()))
    result = _concluded(inst, options, mean, n_used=n_used, exponent=data.exponent, tests=strength)
    if result.status is not Status.OK:
        return result
    return replace(result, n_variants=n_selected, seed=seed, n_draws=resampling.n_draws)


def _worth_drawing(chance: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the places of candidates that may be selected, in order."""
    order = np.argsort(chance, kind="stable")
    never = int(np.searchsorted(np.cumsum(chance[order]), NEVER))
    return np.sort(order[never:]).astype(np.int64)


def _concluded(
    inst: Instruments, options: _Options, mean: _Mean, *, n_used: int, exponent: int, tests: tuple[Test, ...]
) -> Estimate:
    """Return the mean as an estimate in the units of the pair."""
    resampling = options.resampling
    if not mean.variance > CLEAR * mean.variance_error:
        failure = failed(
            METHOD, Status.NOT_CONVERGED, n_variants=inst.n_variants, message=SCATTER, level=resampling.level
        )
        return labelled(failure, inst)
    root = math.sqrt(mean.variance)
    numbers = (mean.beta, root, mean.beta_error, mean.variance_error / (2.0 * root))
    beta, se, beta_error, se_error = np.ldexp(numbers, exponent).tolist()
    tests = (
        plain("bootstrap_error", beta_error),
        plain("bootstrap_se_error", se_error),
        plain("n_splits_used", n_used),
        *tests,
    )
    unused = resampling.n_draws - n_used
    is_complete = inst.selection == "complete"
    parts = [] if is_complete else [UNDECLARED]
    if unused:
        parts.append(f"{unused} of {resampling.n_draws} splits selected too little and were left out.")
    message = " ".join(parts)
    result = concluded(inst, METHOD, beta=beta, se=se, level=resampling.level, tests=tests, message=message)
    if result.status is not Status.OK:
        return result
    return replace(result, selection_corrected=is_complete, overlap_corrected=options.split.noise_x > 0.0)


@estimator(
    name=METHOD,
    label="Simulated sample splitting",
    short="MR-SimSS",
    doi="10.1371/journal.pgen.1011949",
    assumptions=(
        *ASSUMPTIONS,
        "the correlation of the sampling errors of exposure and outcome is as stated; with two parts it is 0",
    ),
    min_variants=FEWEST + 1,
    needs_candidates=True,
    stochastic=True,
)
def simss(
    inst: Instruments,
    *,
    p_threshold: float = 5e-8,
    parts: Literal[2, 3] = 3,
    psi: float = 0.0,
    selecting_share: float = 0.5,
    exposure_share: float = 0.5,
    inner: Inner = "divw",
    n_bootstrap: int = 1000,
    seed: int | None = None,
    level: float = 0.95,
) -> Estimate:
    r"""Estimate as if one part of the people had selected the variants and others had estimated, over many splits.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair that holds every independent candidate, selected or not, n_variants >= 4.
    p_threshold : float
        Two-sided p in the selecting part, between 0 and 1.
    parts : {2, 3}
        2: one part selects, the other one gives both effects. 3: effects on exposure and outcome come from different
        people too, so that people in both studies do no harm, at the price of power.
    psi : float
        Correlation of the sampling errors of exposure and outcome, between -1 and 1: 0 without common people; the
        correlation of the traits times :math:`n_{XY}/\sqrt{n_X n_Y}` with :math:`n_{XY}` of them.
    selecting_share : float
        Share of people that selects, between 0 and 1.
    exposure_share : float
        Share of the rest that gives exposure effects, with three parts, between 0 and 1.
    inner : {"divw", "ivw"}
        Method for each split. ``ivw``, the default of mr.simss, keeps the bias of weak instruments towards 0.
    n_bootstrap : int
        Splits, each with a mirror image.
    seed : int or None
        Seed of the draws; None draws one. The estimate records it.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        ``selection_corrected`` is true where the pair declares itself ``complete``; ``overlap_corrected`` for three
        parts; ``n_variants`` is the mean number selected per split, rounded. Diagnostics: ``bootstrap_error`` and
        ``bootstrap_se_error`` (Monte Carlo errors of estimate and standard error), ``n_splits_used``, ``mean_f`` (of
        the selected in the whole sample, free of winner's curse), ``min_f``; ``seed`` and ``n_draws``.

    Raises
    ------
    EstimationError
        As for ``rivw``; most splits select fewer than three variants; more
        than one in twenty is too weak; or the variance, a difference, is not above
        0 by twice its Monte Carlo error.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    Given the whole, effects in the selecting share :math:`\pi` are
    :math:`\hat\gamma_\pi \sim N(\hat\gamma, \frac{1-\pi}{\pi}\sigma_X^2)`, those of the outcome likewise with the
    covariance :math:`\frac{1-\pi}{\pi}\psi\sigma_X\sigma_Y`; the rest has
    :math:`(\hat\gamma - \pi\hat\gamma_\pi)/(1-\pi)` with variance :math:`\sigma_X^2/(1-\pi)`, and is split once more
    for three parts. With estimates :math:`\hat\theta^{(k)}` of K splits,

    .. math:: \hat\theta = \frac1K\sum_k\hat\theta^{(k)}, \qquad \mathrm{se}^2 = \frac1K\sum_k
              \left[\mathrm{se}^2(\hat\theta^{(k)}) - (\hat\theta^{(k)} - \hat\theta)^2\right]:

    the variance of one split is that of the mean plus the scatter among splits. What overdispersion adds is averaged
    before it is cut off at 0 (``divw``). Every draw is used twice, the second
    time with mirrored outcome noise, which leaves the distribution as it is and makes the mean more precise. Candidates
    of which less than one in a thousand splits would select any are not drawn. Selection in the share :math:`\pi` at c
    is that of ``rivw`` at :math:`c/\sqrt\pi` with :math:`\eta = \sqrt{(1-\pi)/\pi}`.

    mr.simss 0.1.0 gives the outcome part the error of the exposure part, which is right only for equal shares. It fails
    as ``rivw`` does on lists of hits and after clumping by p, and where a split selects few variants: the errors of
    single splits are then wrong, and the difference may be negative. A split whose debiased denominator is not clear
    of 0 is left out; if more than one in twenty is, there is no estimate.

    References
    ----------
    Forde, Hemani & Ferguson 2026, doi:10.1371/journal.pgen.1011949; debiased IVW: Ye, Shao & Kang 2021,
    doi:10.1214/20-AOS2027; random numbers: Salmon et al. 2011, doi:10.1145/2063384.2063405

    Examples
    --------
    >>> import numpy as np
    >>> from osteobiome.instruments import Instruments
    >>> rng = np.random.default_rng(1)
    >>> gamma = rng.normal(0.0, 0.05, 1000)
    >>> x, y = gamma + 0.01 * rng.normal(size=1000), 0.5 * gamma + 0.01 * rng.normal(size=1000)
    >>> everything = Instruments.from_arrays(x, [0.01] * 1000, y, [0.01] * 1000, selection="complete")
    >>> print(simss(everything, seed=1))
    simss: 0.4892 (se 0.00978, 136 variants)
    """
    check_option("parts", str(parts), ("2", "3"))
    check_option("inner", inner, ("divw", "ivw"))
    check_psi(psi)
    for name, share in (("p_threshold", p_threshold), ("selecting_share", selecting_share)):
        check_between(name, share, high=1.0)
    check_between("exposure_share", exposure_share, high=1.0)
    cutoff = float(z_from_neg_log10_p(-math.log10(p_threshold))) / math.sqrt(selecting_share)
    split = split_of(selecting_share, exposure_share if parts == 3 else None)
    options = _Options(cutoff, split, psi, inner, Resampling(METHOD, n_bootstrap, seed, level))
    return _estimate(inst, options).raise_if_failed()
