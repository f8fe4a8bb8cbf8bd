"""Rerandomised inverse-variance weighted estimate (Ma, Wang & Wu 2023, doi:10.1214/22-AOS2247)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.mr.bootstrap import Resampling
from osteobiome.mr.candidates import ASSUMPTIONS, UNDECLARED, check_between, selection_obstacle, strength_of_selected
from osteobiome.mr.fit import beyond_range_is_a_status, check_level, check_option
from osteobiome.mr.registry import estimator
from osteobiome.mr.scaled import Scaled, concluded, labelled, obstacle, plain
from osteobiome.stats.random import fresh_seed, normals, stream_key
from osteobiome.stats.rerandomised import Terms, rerandomised_terms
from osteobiome.stats.tails import z_from_neg_log10_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments

SMALLEST = 1e-12
"""Chance of selection below which a candidate adds nothing to the variance."""
METHOD = "rivw"
FEWEST = 3
"""Fewer selected variants say nothing of their own scatter, which the standard error is made of."""
Rerandomisation = Literal["averaged", "drawn"]
ErrorModel = Literal["floored", "sandwich"]


@dataclass(frozen=True, slots=True)
class _Options:
    cutoff: float
    eta: float
    rerandomisation: Rerandomisation
    model: ErrorModel
    seed: int | None
    level: float


@beyond_range_is_a_status
def _estimate(inst: Instruments, options: _Options) -> Estimate:
    level = options.level
    failure = obstacle(inst, method=METHOD, min_variants=FEWEST + 1, level=level)
    failure = failure or selection_obstacle(inst, method=METHOD, cutoff=options.cutoff, eta=options.eta, level=level)
    if failure is not None:
        return failure
    data = Scaled.of(inst)
    z = data.x / data.se_x
    terms = rerandomised_terms(z, cutoff=options.cutoff, eta=options.eta)
    seed = None
    if options.rerandomisation == "drawn":
        seed = fresh_seed() if options.seed is None else options.seed
        terms = _drawn(terms, z, options, stream_key(seed, inst.exposure, inst.outcome, METHOD))
    selected = float(terms.chance.sum())
    if round(selected) < FEWEST:
        status = Status.TOO_FEW_INSTRUMENTS
        return labelled(failed(METHOD, status, n_variants=round(selected), level=level), inst)
    above = data.y * data.se_x / np.square(data.se_y) * terms.first
    below = np.square(data.se_x / data.se_y) * terms.second
    total = float(below.sum())
    if total <= 0.0:
        return labelled(failed(METHOD, Status.TOO_WEAK, n_variants=round(selected), level=level), inst)
    slope = float(above.sum()) / total
    variance = float(np.sum(np.square(above - slope * below)))
    if options.model == "floored":
        variance = max(variance, _sampling_variance(terms, data.se_x / data.se_y, slope))
    se = math.sqrt(variance) / total
    beta, error = np.ldexp([slope, se], data.exponent).tolist()
    tests = (
        plain("n_selected", selected),
        plain("largest_share", float(below.max()) / total),
        *strength_of_selected(z, terms.chance, float(terms.second.sum()) / selected),
    )
    is_complete = inst.selection == "complete"
    message = "" if is_complete else UNDECLARED
    result = concluded(inst, METHOD, beta=beta, se=error, level=level, tests=tests, message=message)
    if result.status is not Status.OK:
        return result
    return replace(
        result,
        n_variants=round(selected),
        selection_corrected=is_complete,
        seed=seed,
        n_draws=None if seed is None else 1,
    )


def _sampling_variance(terms: Terms, ratio: NDArray[np.float64], slope: float) -> float:
    """Return the variance of the estimating equation that errors of both traits make, without any pleiotropy.

    Parameters
    ----------
    terms : Terms
        Chance and moments, statistics in standard errors.
    ratio : numpy.ndarray, shape (n_variants,)
        Standard error of the exposure effect over that of the outcome effect.
    slope : float
        Effect.
    """
    known = terms.chance > SMALLEST
    square = np.divide(np.square(terms.first), terms.chance, out=np.zeros_like(terms.first), where=known)
    spread = np.maximum(square - terms.second, 0.0) * known  # P times the variance of the corrected effect
    of_outcome = np.sum(np.square(ratio * terms.first))
    return float(of_outcome + slope**2 * np.sum(ratio**4 * spread * (square + spread)))


def _drawn(terms: Terms, z: NDArray[np.float64], options: _Options, key: np.uint64) -> Terms:
    """Return the terms of those that one draw selects: the rest is 0."""
    noise = normals(key, 1, z.size)[0]
    selected = np.abs(z + options.eta * noise) > options.cutoff
    share = np.zeros_like(z)
    share[selected] = 1.0 / terms.chance[selected]
    return Terms(selected.astype(np.float64), terms.first * share, terms.second * share)


@estimator(
    name=METHOD,
    label="Rerandomised inverse-variance weighted",
    short="RIVW",
    doi="10.1214/22-AOS2247",
    assumptions=(*ASSUMPTIONS, "the samples of exposure and outcome do not overlap"),
    min_variants=FEWEST + 1,
    needs_candidates=True,
)
def rivw(
    inst: Instruments,
    *,
    p_threshold: float = 5e-5,
    eta: float = 0.5,
    rerandomisation: Rerandomisation = "averaged",
    model: ErrorModel = "floored",
    seed: int | None = None,
    level: float = 0.95,
) -> Estimate:
    r"""Estimate from all candidates of one study, with the winner's curse of the selection taken out.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair that holds every independent candidate, selected or not, n_variants >= 4.
    p_threshold : float
        Two-sided p of the exposure effect that selects, between 0 and 1; the paper takes 5e-5, which is z = 4.06.
    eta : float
        Standard deviation of the noise added to z before it is compared, above 0 and at most 10; the paper takes 0.5.
        More noise selects weaker variants, less noise makes the corrected effects scatter more.
    rerandomisation : {"averaged", "drawn"}
        ``drawn`` is the paper: one draw of the noise selects. ``averaged`` puts in place of every variant its mean
        over all draws, in closed form, so that the result does not hang on a seed and is more precise.
    model : {"floored", "sandwich"}
        ``sandwich`` is the standard error of the paper, from the scatter alone; ``floored`` does not let it fall below
        what the errors of both effects make it, as less scatter than that is chance, not precision.
    seed : int or None
        Seed of ``drawn``; None draws one. The estimate records it.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        ``selection_corrected`` is true where the pair declares itself ``complete``; if it declares nothing, a message
        says what that means. ``n_variants`` is the number selected, for ``averaged`` its mean over draws,
        rounded. Diagnostics: ``n_selected`` (the mean itself), ``largest_share`` (of the denominator, held by one
        variant), ``mean_f`` (of the selected, free of winner's curse) and ``min_f`` (smallest among those selected
        with a chance of at least one half).

    Raises
    ------
    EstimationError
        Fewer than four variants are given, or fewer than three selected; the weak candidates are missing
        (``already_selected``); another study selected, or the effects are no longer raw (``already_corrected``);
        exposure effects all zero, or no larger than their errors make them.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    Selected is :math:`|\hat\gamma_j/\sigma_{Xj} + \eta N_j| > c`. With the chance :math:`P_j` of that, given the data,
    and the estimates :math:`\hat\gamma_{j,RB}`, :math:`s_j^2` of
    :func:`osteobiome.stats.rerandomised.rerandomised_terms`, in the unit of the exposure, and :math:`D_j` = 1 for
    selected variants and 0 for others,

    .. math:: \hat\theta = \frac{\sum_j D_j\hat\gamma_{j,RB}\hat\Gamma_j/\sigma_{Yj}^2}
              {\sum_j D_j(\hat\gamma_{j,RB}^2 - s_j^2)/\sigma_{Yj}^2}, \qquad
              u_j = \frac{D_j}{\sigma_{Yj}^2}[\hat\gamma_{j,RB}\hat\Gamma_j -
              \hat\theta(\hat\gamma_{j,RB}^2 - s_j^2)],

    and the standard error is the root of :math:`\sum_j u_j^2` over the denominator, which holds balanced pleiotropy;
    floored, of at least what the errors of both traits make of it without pleiotropy,

    .. math:: \sum_j \frac{D_j\hat\gamma_{j,RB}^2}{\sigma_{Yj}^2} +
              \hat\theta^2\sum_j \frac{D_j s_j^2(\hat\gamma_{j,RB}^2 + s_j^2)}{\sigma_{Yj}^4}.

    With a handful of selected variants the scatter alone is too small: at 7 of them, outcome errors a sixth of those of
    the exposure, it covers 84 % of the time, the floor 96 % (2,000 simulated scans).
    ``averaged`` has :math:`P_j` in place of :math:`D_j`: each term keeps its mean, 0 at the true effect, and loses the
    noise of the draw, so the estimating equation is the paper's, Rao-Blackwellised once more. That it may replace the
    draw is derived here; the authors' MR.Rerand has a ``smoothing`` option for the same purpose.

    It fails on a list of hits: their statistics are truncated already, and it cannot be told from them by how much.
    Such a list is refused where it can be seen. It also fails after clumping by p: the strongest variant of a locus is
    the largest of many. Prune by position or standard error, not by effect. With a handful of selected variants, or
    one that holds most of the denominator (``largest_share``), scatter says little, and the floor is all there is.

    References
    ----------
    Ma, Wang & Wu 2023, doi:10.1214/22-AOS2247; preprint doi:10.48550/arXiv.2302.10470

    Examples
    --------
    >>> import numpy as np
    >>> from osteobiome.instruments import Instruments
    >>> rng = np.random.default_rng(1)
    >>> gamma = rng.normal(0.0, 0.03, 5000)
    >>> x, y = gamma + 0.01 * rng.normal(size=5000), 0.5 * gamma + 0.01 * rng.normal(size=5000)
    >>> everything = Instruments.from_arrays(x, [0.01] * 5000, y, [0.01] * 5000, selection="complete")
    >>> print(rivw(everything))
    rivw: 0.5201 (se 0.00732, 1001 variants)
    """
    check_level(level)
    check_between("p_threshold", p_threshold, high=1.0)
    check_between("eta", eta, high=float(np.nextafter(10.0, 11.0)))
    check_option("model", model, ("floored", "sandwich"))
    check_option("rerandomisation", rerandomisation, ("averaged", "drawn"))
    Resampling(METHOD, 2, seed, level)  # refuses a seed that cannot be meant
    options = _Options(float(z_from_neg_log10_p(-math.log10(p_threshold))), eta, rerandomisation, model, seed, level)
    return _estimate(inst, options).raise_if_failed()
