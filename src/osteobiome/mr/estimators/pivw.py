"""Penalised inverse-variance weighted estimate (Xu et al. 2023, doi:10.1111/biom.13732)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.core.estimate import Estimate
from osteobiome.mr.debiased import Moments
from osteobiome.mr.fit import beyond_range_is_a_status, check_level
from osteobiome.mr.registry import estimator
from osteobiome.mr.scaled import Scaled, concluded, obstacle, plain, strength_tests

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments


def _penalised(sums: Moments, penalty: float) -> tuple[float, float]:
    """Return slope and penalised denominator."""
    squared = np.square(sums.weight)
    spread = float(np.sum(squared * (4.0 * (sums.x2 - sums.sx2) * sums.sx2 + 2.0 * np.square(sums.sx2))))
    together = float(np.sum(2.0 * squared * sums.y * sums.x * sums.sx2))
    half = 0.5 * sums.denominator
    root = math.sqrt(max(0.0, half * half + penalty * max(0.0, spread)))
    denominator = half + math.copysign(root, sums.denominator)
    return sums.numerator / denominator + penalty * together / denominator**2, denominator


@beyond_range_is_a_status
def _estimate(inst: Instruments, *, penalty: float, overdispersion: bool, level: float) -> Estimate:
    failure = obstacle(inst, method="pivw", min_variants=1, level=level)
    if failure is not None:
        return failure
    data = Scaled.of(inst)
    sums = Moments.of(data)
    try:
        slope, denominator = _penalised(sums, penalty)
        tau2 = sums.scatter(slope) if overdispersion else 0.0
        se = math.sqrt(sums.variance(slope, tau2)) / abs(denominator)
    except (ZeroDivisionError, OverflowError, ValueError):
        slope = se = tau2 = math.nan
    beta, error = np.ldexp([slope, se], data.exponent).tolist()
    tau = float(np.ldexp(math.sqrt(tau2), data.exponent_y)) if math.isfinite(tau2) else math.nan
    tests = (plain("condition", sums.condition), plain("tau", tau), *strength_tests(inst))
    return concluded(inst, "pivw", beta=beta, se=error, level=level, tests=tests)


@estimator(
    name="pivw",
    label="Penalised inverse-variance weighted",
    short="pIVW",
    doi="10.1111/biom.13732",
    assumptions=(
        "every variant is associated with the exposure, if only weakly",
        "the variants were not selected by the exposure effects that enter",
        "no variant shares a cause with the outcome",
        "pleiotropic effects average to zero and are independent of instrument strength",
        "the samples of exposure and outcome do not overlap",
        "variants are mutually uncorrelated",
    ),
    min_variants=1,
)
def pivw(inst: Instruments, *, penalty: float = 1.0, overdispersion: bool = True, level: float = 0.95) -> Estimate:
    r"""Estimate by debiased IVW with a penalty that keeps its denominator away from 0.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 1.
    penalty : float
        :math:`\lambda`, 0 or more; 1 removes the second-order bias, and is what the authors and
        MendelianRandomization take. With 0 it is :func:`~osteobiome.mr.estimators.divw.divw`.
    overdispersion : bool
        Estimate the variance of direct effects and count it in the standard error.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        With ``condition``, ``tau`` (standard deviation of direct effects, outcome units), ``mean_f`` and ``min_f``.

    Raises
    ------
    EstimationError
        No variant, or exposure effects all zero.
    SchemaError
        The penalty is negative, or the level is not between 0 and 1.

    Notes
    -----
    With numerator :math:`\mu_1` and denominator :math:`\mu_2` of dIVW, their covariance
    :math:`v_{12} = \sum_j 2w_j^2\hat\Gamma_j\hat\gamma_j\sigma_{Xj}^2` and the variance
    :math:`v_2 = \sum_j w_j^2[4(\hat\gamma_j^2-\sigma_{Xj}^2)\sigma_{Xj}^2 + 2\sigma_{Xj}^4]` of the second,

    .. math:: \tilde\mu_2 = \tfrac12\mu_2 + \mathrm{sign}(\mu_2)\sqrt{\tfrac14\mu_2^2 + \lambda v_2}, \qquad
              \hat\theta = \frac{\mu_1}{\tilde\mu_2} + \frac{\lambda v_{12}}{\tilde\mu_2^2}.

    The interval is the normal one; the bootstrap Fieller interval of MendelianRandomization is not computed. Variants
    selected in the same study bias it as they do IVW.

    References
    ----------
    Xu, Wang, Fung & Liu 2023, doi:10.1111/biom.13732

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3], [0.05] * 3, [0.05, 0.11, 0.14], [0.02] * 3)
    >>> print(pivw(pair))
    pivw: 0.5027 (se 0.086, 3 variants)
    """
    check_level(level)
    if not 0.0 <= penalty < math.inf:
        raise SchemaError(Fault("bad_option", "option penalty", f"value {penalty}", "a finite number, 0 or more"))
    return _estimate(inst, penalty=penalty, overdispersion=overdispersion, level=level).raise_if_failed()
