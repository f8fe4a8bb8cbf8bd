"""Unweighted regression through the origin (Hemani et al. 2018, doi:10.7554/eLife.34408)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.estimate import Estimate
from osteobiome.mr.fit import beyond_range_is_a_status, check_level
from osteobiome.mr.registry import estimator
from osteobiome.mr.scaled import Scaled, concluded, obstacle, strength_tests

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments

METHOD = "ivw_unweighted"
MIN_VARIANTS = 2


@beyond_range_is_a_status
def _estimate(inst: Instruments, level: float) -> Estimate:
    failure = obstacle(inst, method=METHOD, min_variants=MIN_VARIANTS, level=level)
    if failure is not None:
        return failure
    data = Scaled.of(inst)
    total = float(np.sum(np.square(data.x)))
    slope = float(np.sum(data.x * data.y)) / total
    miss = np.square(data.y - slope * data.x)
    by_scatter = math.sqrt(float(np.sum(miss)) / (data.x.size - 1) / total)
    by_errors = math.sqrt(float(np.sum(np.square(data.x * data.se_y)))) / total
    se = max(by_scatter, by_errors)
    beta, error = np.ldexp([slope, se], data.exponent).tolist()
    return concluded(inst, METHOD, beta=beta, se=error, level=level, tests=strength_tests(inst))


@estimator(
    name=METHOD,
    label="Unweighted regression",
    doi="10.7554/eLife.34408",
    assumptions=(
        "every variant is associated with the exposure",
        "no variant shares a cause with the outcome",
        "pleiotropic effects average to zero and are independent of instrument strength",
        "outcome effects scatter equally about the line, whatever their errors",
        "variants are mutually uncorrelated",
    ),
    min_variants=MIN_VARIANTS,
)
def ivw_unweighted(inst: Instruments, *, level: float = 0.95) -> Estimate:
    r"""Estimate by least squares through the origin without weights.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 2.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        With ``mean_f`` and ``min_f``.

    Raises
    ------
    EstimationError
        Fewer than two variants, or exposure effects all zero.
    SchemaError
        The level is not between 0 and 1.

    Notes
    -----
    .. math:: \hat\theta = \frac{\sum_j \hat\gamma_j\hat\Gamma_j}{\sum_j \hat\gamma_j^2}, \qquad
              \mathrm{se}^2 = \max\Big(\frac{\sum_j(\hat\Gamma_j - \hat\theta\hat\gamma_j)^2}{(n-1)\sum_j
              \hat\gamma_j^2}, \frac{\sum_j\hat\gamma_j^2\sigma_{Yj}^2}{(\sum_j\hat\gamma_j^2)^2}\Big):

    the error by scatter, or by the standard errors of the file if that is larger. They play no part in the weights, so
    an imprecise variant counts like a precise one: rarely what one wants, and the estimate is far less precise where
    they differ. The estimate is that of TwoSampleMR's ``mr_uwr``, which divides the standard error by the residual
    scatter where that is below 1, although in an unweighted regression that scatter has the unit of the outcome: the
    number depends on the unit.

    References
    ----------
    Hemani et al. 2018, doi:10.7554/eLife.34408 (TwoSampleMR)

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.2], [0.01] * 4, [0.05, 0.11, 0.14, 0.4], [0.02] * 4)
    >>> print(ivw_unweighted(pair))
    ivw_unweighted: 0.8278 (se 0.362, 4 variants)
    """
    check_level(level)
    return _estimate(inst, level).raise_if_failed()
