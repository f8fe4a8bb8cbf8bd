"""Debiased inverse-variance weighted estimate (Ye, Shao & Kang 2021, doi:10.1214/20-AOS2027)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.mr.debiased import Moments
from osteobiome.mr.fit import beyond_range_is_a_status, check_level
from osteobiome.mr.registry import estimator
from osteobiome.mr.scaled import Scaled, concluded, labelled, obstacle, plain, strength_tests

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments


@beyond_range_is_a_status
def _estimate(inst: Instruments, *, overdispersion: bool, level: float) -> Estimate:
    failure = obstacle(inst, method="divw", min_variants=1, level=level)
    if failure is not None:
        return failure
    data = Scaled.of(inst)
    sums = Moments.of(data)
    if not sums.denominator > 0.0:
        return labelled(failed("divw", Status.TOO_WEAK, n_variants=inst.n_variants, level=level), inst)
    slope = sums.numerator / sums.denominator
    tau2 = sums.scatter(slope) if overdispersion else 0.0
    se = math.sqrt(sums.variance(slope, tau2)) / sums.denominator
    beta, error = np.ldexp([slope, se], data.exponent).tolist()
    tau = float(np.ldexp(math.sqrt(tau2), data.exponent_y)) if math.isfinite(tau2) else math.nan
    tests = (plain("condition", sums.condition), plain("tau", tau), *strength_tests(inst))
    return concluded(inst, "divw", beta=beta, se=error, level=level, tests=tests)


@estimator(
    name="divw",
    label="Debiased inverse-variance weighted",
    short="dIVW",
    doi="10.1214/20-AOS2027",
    assumptions=(
        "every variant is associated with the exposure, if only weakly; together they are strong (condition above 20)",
        "the variants were not selected by the exposure effects that enter",
        "no variant shares a cause with the outcome",
        "pleiotropic effects average to zero and are independent of instrument strength",
        "the samples of exposure and outcome do not overlap",
        "variants are mutually uncorrelated",
    ),
    min_variants=1,
)
def divw(inst: Instruments, *, overdispersion: bool = True, level: float = 0.95) -> Estimate:
    r"""Estimate by IVW with the error of the exposure effects taken off its denominator.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 1.
    overdispersion : bool
        Estimate the variance of direct effects and count it in the standard error, as mr.divw and
        MendelianRandomization do by default.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        With ``condition`` (the paper asks for more than 20), ``tau`` (standard deviation of direct effects, outcome
        units), ``mean_f`` and ``min_f``.

    Raises
    ------
    EstimationError
        No variant; exposure effects all zero, or no larger than their errors make them.
    SchemaError
        The level is not between 0 and 1.

    Notes
    -----
    .. math:: \hat\theta = \frac{\sum_j w_j\hat\gamma_j\hat\Gamma_j}{\sum_j w_j(\hat\gamma_j^2 - \sigma_{Xj}^2)},
              \qquad w_j = 1/\sigma_{Yj}^2

    with the variance :math:`\sum_j [w_j\hat\gamma_j^2(1 + \tau^2w_j) +
    w_j^2\hat\theta^2\sigma_{Xj}^2(\hat\gamma_j^2 + \sigma_{Xj}^2)]` over the squared denominator, and
    :math:`\tau^2 = \max(0, \sum_j w_j[(\hat\Gamma_j - \hat\theta\hat\gamma_j)^2 - \sigma_{Yj}^2 -
    \hat\theta^2\sigma_{Xj}^2] / \sum_j w_j)`. It mends the bias of weak instruments, not that of choosing them: with
    variants selected in the same study it is as biased as IVW. It fails when the condition is small, as the
    denominator may come near 0.

    References
    ----------
    Ye, Shao & Kang 2021, doi:10.1214/20-AOS2027

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3], [0.05] * 3, [0.05, 0.11, 0.14], [0.02] * 3)
    >>> print(divw(pair))
    divw: 0.5208 (se 0.0943, 3 variants)
    """
    check_level(level)
    return _estimate(inst, overdispersion=overdispersion, level=level).raise_if_failed()
