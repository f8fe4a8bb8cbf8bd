"""Maximum likelihood with errors in both effects (Burgess et al. 2013, doi:10.1002/gepi.21758)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.core.estimate import Estimate
from osteobiome.mr.fit import beyond_range_is_a_status, check_level, check_option, check_psi, heterogeneity
from osteobiome.mr.registry import estimator
from osteobiome.mr.scaled import Scaled, concluded, obstacle, strength_tests
from osteobiome.stats.profile_score import lowest_slope, profile_curvature

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments

METHOD = "maximum_likelihood"
Model = Literal["multiplicative", "fixed"]


@beyond_range_is_a_status
def _estimate(inst: Instruments, *, model: Model, psi: float, level: float) -> Estimate:
    failure = obstacle(inst, method=METHOD, min_variants=1, level=level)
    if failure is not None:
        return failure
    data = Scaled.of(inst)
    n = inst.n_variants
    effects = data.x, data.se_x, data.y, data.se_y
    slope, loss = lowest_slope(effects, psi=psi)
    q = 2.0 * loss
    curvature = profile_curvature(effects, slope=slope, psi=psi)
    se = 1.0 / math.sqrt(curvature) if curvature > 0.0 else math.nan
    factor = max(1.0, math.sqrt(q / (n - 1))) if model == "multiplicative" and n > 1 else 1.0
    beta, error = np.ldexp([slope, se * factor], data.exponent).tolist()
    tests = tuple(c.test(0) for c in heterogeneity("cochran_q", np.array([q]), np.array([n - 1.0])))
    return concluded(inst, METHOD, beta=beta, se=error, level=level, tests=(*tests, *strength_tests(inst)))


@estimator(
    name=METHOD,
    label="Maximum likelihood",
    doi="10.1002/gepi.21758",
    assumptions=(
        "every variant is associated with the exposure",
        "no variant shares a cause with the outcome",
        "pleiotropic effects average to zero and are independent of instrument strength",
        "the correlation of the sampling errors is as declared (0 without common people)",
        "variants are mutually uncorrelated",
    ),
    min_variants=1,
)
def maximum_likelihood(
    inst: Instruments, *, model: Model = "multiplicative", psi: float = 0.0, level: float = 0.95
) -> Estimate:
    r"""Estimate by the likelihood of both effects, with the true exposure effect of each variant unknown.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 1.
    model : {"multiplicative", "fixed"}
        Whether scatter beyond sampling error inflates the standard error by :math:`\max(1, \sqrt{Q/(n-1)})`.
    psi : float
        Correlation of the sampling errors of exposure and outcome, between -1 and 1: 0 without common people.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        With ``cochran_q`` (twice the loss at the minimum), ``i2``, ``mean_f`` and ``min_f``.

    Raises
    ------
    EstimationError
        No variant, exposure effects all zero, or a likelihood that is highest at an infinite effect.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    With the exposure effects maximised out, the likelihood depends on one number:

    .. math:: -2\log L(\theta) = Q(\theta) = \sum_j \frac{(\hat\Gamma_j - \theta\hat\gamma_j)^2}
              {\sigma_{Yj}^2 + \theta^2\sigma_{Xj}^2 - 2\theta\psi\sigma_{Xj}\sigma_{Yj}}.

    Its lowest point is searched on the whole circle of slopes. TwoSampleMR and MendelianRandomization maximise over
    all n + 1 parameters by steps that end too early: on LDL cholesterol and coronary heart disease they print 3.22494,
    where Q is higher than at 3.17327. The standard error is that of the curvature at the minimum; with weak
    instruments the likelihood is far from a parabola, and the interval too short.

    References
    ----------
    Burgess et al. 2013, doi:10.1002/gepi.21758; profile: Zhao et al. 2020, doi:10.1214/19-AOS1866

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3], [0.01] * 3, [0.05, 0.11, 0.14], [0.02] * 3)
    >>> print(maximum_likelihood(pair))
    maximum_likelihood: 0.493 (se 0.0551, 3 variants)
    """
    check_option("model", model, ("multiplicative", "fixed"))
    check_level(level)
    check_psi(psi)
    return _estimate(inst, model=model, psi=psi, level=level).raise_if_failed()
