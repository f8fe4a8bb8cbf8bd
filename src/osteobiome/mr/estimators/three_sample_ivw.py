"""Three-sample inverse-variance weighted estimate (design of Zhao et al. 2020, doi:10.1214/19-AOS1866)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.mr.debiased import Moments
from osteobiome.mr.fit import beyond_range_is_a_status, check_level
from osteobiome.mr.registry import estimator
from osteobiome.mr.scaled import Scaled, concluded, labelled, obstacle, plain, strength_tests

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments

METHOD = "three_sample_ivw"
UNDECLARED = (
    "It is not declared that another study selected these variants: if the one whose effects enter did, winner's curse "
    "is in the estimate."
)


@beyond_range_is_a_status
def _estimate(inst: Instruments, *, overdispersion: bool, level: float) -> Estimate:
    n = inst.n_variants
    failure = obstacle(inst, method=METHOD, min_variants=1, level=level)
    if failure is not None:
        return failure
    if inst.selection == "corrected":
        return labelled(failed(METHOD, Status.ALREADY_CORRECTED, n_variants=n, level=level), inst)
    data = Scaled.of(inst)
    sums = Moments.of(data)
    if not sums.denominator > 0.0:
        return labelled(failed(METHOD, Status.TOO_WEAK, n_variants=n, level=level), inst)
    slope = sums.numerator / sums.denominator
    tau2 = sums.scatter(slope) if overdispersion else 0.0
    beta, se, tau = (
        float(np.ldexp(value, exponent)) if math.isfinite(value) else math.nan
        for value, exponent in (
            (slope, data.exponent),
            (math.sqrt(sums.variance(slope, tau2)) / sums.denominator, data.exponent),
            (math.sqrt(tau2), data.exponent_y),
        )
    )
    tests = (plain("condition", sums.condition), plain("tau", tau), *strength_tests(inst))
    message = UNDECLARED if inst.selection == "undeclared" else ""
    result = concluded(inst, METHOD, beta=beta, se=se, level=level, tests=tests, message=message)
    return replace(result, selection_corrected=result.status is Status.OK and inst.selection == "other_study")


@estimator(
    name=METHOD,
    label="Three-sample inverse-variance weighted",
    short="Three-sample IVW",
    doi="10.1214/19-AOS1866",
    assumptions=(
        "another study of the exposure, with none of the people of these two, selected the variants",
        "exposure effects are raw, as the second study gave them, without a threshold of its own",
        "every variant is associated with the exposure, if only weakly; together they are strong (condition above 20)",
        "no variant shares a cause with the outcome",
        "pleiotropic effects average to zero and are independent of instrument strength",
        "the samples of exposure and outcome do not overlap",
        "variants are mutually uncorrelated",
    ),
    min_variants=1,
)
def three_sample_ivw(inst: Instruments, *, overdispersion: bool = True, level: float = 0.95) -> Estimate:
    r"""Estimate from variants that one study selected, with the exposure effects of a second one.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair whose exposure effects come from the estimating study, n_variants >= 1; ``selection`` should be
        ``other_study`` (see :func:`osteobiome.instruments.three_sample.three_sample`).
    overdispersion : bool
        Estimate the variance of direct effects and count it in the standard error.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        ``selection_corrected`` is true where the pair declares that another study selected; if it declares nothing, a
        message says what that means. With ``condition``, ``tau``, ``mean_f`` and ``min_f`` as ``divw`` has them.

    Raises
    ------
    EstimationError
        No variant; the exposure effects are no longer raw (``already_corrected``); they are all zero, or no larger
        than their errors make them.
    SchemaError
        The level is not between 0 and 1.

    Notes
    -----
    The design of three samples, one to select and two to estimate, is that of Zhao et al.: selection depends on none
    of the numbers that enter, so there is no winner's curse to take out. What IVW would still have is the error of the
    exposure effects, larger here as selected effects are not inflated, so it is taken off the denominator:

    .. math:: \hat\theta = \frac{\sum_j w_j\hat\gamma_j\hat\Gamma_j}{\sum_j w_j(\hat\gamma_j^2 - \sigma_{Xj}^2)},
              \qquad w_j = 1/\sigma_{Yj}^2

    with the standard error of ``divw`` (Ye, Shao & Kang). RAPS on the same pair is the robust form.

    It fails where people of the selecting study are in the estimating one: winner's curse is then only reduced. An
    effect that the second study does not confirm adds noise and no bias. Effects corrected for winner's curse are
    refused: they are too small here, twice over.

    References
    ----------
    Design: Zhao et al. 2020, doi:10.1214/19-AOS1866; estimate and error: Ye, Shao & Kang 2021,
    doi:10.1214/20-AOS2027

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays(
    ...     [0.1, 0.2, 0.3], [0.05] * 3, [0.05, 0.11, 0.14], [0.02] * 3, selection="other_study"
    ... )
    >>> result = three_sample_ivw(pair)
    >>> print(result, result.selection_corrected)
    three_sample_ivw: 0.5208 (se 0.0943, 3 variants) True
    """
    check_level(level)
    return _estimate(inst, overdispersion=overdispersion, level=level).raise_if_failed()
