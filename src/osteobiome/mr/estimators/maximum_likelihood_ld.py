"""Maximum likelihood for correlated variants (Burgess et al. 2016, doi:10.1002/sim.6835)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.mr.correlated import ld_diagnostics, ld_obstacle
from osteobiome.mr.fit import beyond_range_is_a_status, check_level, check_option, heterogeneity
from osteobiome.mr.registry import estimator
from osteobiome.mr.scaled import Scaled, concluded, labelled, strength_tests
from osteobiome.stats.gls import both_whitened
from osteobiome.stats.profile_score import lowest_slope, profile_curvature

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments
    from osteobiome.mr.estimators.maximum_likelihood import Model

METHOD = "maximum_likelihood_ld"
ASSUMPTIONS = (
    "every variant is associated with the exposure, or correlated with one that is",
    "no variant shares a cause with the outcome",
    "pleiotropic effects average to zero and are independent of instrument strength",
    "the samples of exposure and outcome do not overlap",
    "the LD matrix comes from the population of both studies, in the same effect alleles",
)


@beyond_range_is_a_status
def _estimate(inst: Instruments, *, model: Model, level: float) -> Estimate:
    n = inst.n_variants
    status, message = ld_obstacle(inst)
    if status is not Status.OK or inst.ld_r is None:
        return labelled(failed(METHOD, status, n_variants=n, message=message, level=level), inst)
    data = Scaled.of(inst)
    # alleles as the canonical form counts them; an effect of 0 has no allele, so its own order is kept
    turned = np.where(inst.beta_exposure[data.order] < 0.0, -1.0, 1.0)
    outcome = turned * np.ldexp(inst.beta_outcome[data.order], -data.exponent_y)
    ld_r = inst.ld_r[np.ix_(data.order, data.order)] * np.outer(turned, turned)
    x, y, se_x, condition = both_whitened((data.x, data.se_x, outcome, data.se_y), ld_r)
    effects = x, se_x, y, np.ones_like(y)
    slope, loss = lowest_slope(effects)
    q, curvature = 2.0 * loss, profile_curvature(effects, slope=slope)
    se = 1.0 / math.sqrt(curvature) if curvature > 0.0 else math.nan
    factor = max(1.0, math.sqrt(q / (n - 1))) if model == "multiplicative" and n > 1 else 1.0
    beta, error = np.ldexp([slope, se * factor], data.exponent).tolist()
    columns = (*heterogeneity("cochran_q", np.array([q]), np.array([n - 1.0])), *ld_diagnostics(inst.ld_r, condition))
    tests = (*(column.test(0) for column in columns), *strength_tests(inst))
    return concluded(inst, METHOD, beta=beta, se=error, level=level, tests=tests)


@estimator(
    name=METHOD,
    label="Maximum likelihood with LD matrix",
    doi="10.1002/sim.6835",
    assumptions=ASSUMPTIONS,
    min_variants=1,
    needs_ld=True,
)
def maximum_likelihood_ld(inst: Instruments, *, model: Model = "multiplicative", level: float = 0.95) -> Estimate:
    r"""Estimate by the likelihood of both effects of variants in linkage disequilibrium.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair with ``ld_r``: signed correlation of the variants, counted in the same effect alleles.
    model : {"multiplicative", "fixed"}
        Whether scatter beyond sampling error inflates the standard error by :math:`\max(1, \sqrt{Q/(n-1)})`.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        With ``cochran_q`` (twice the loss at the minimum), ``i2``, ``ld_condition_number``, ``max_abs_ld_r``,
        ``mean_f`` and ``min_f``.

    Raises
    ------
    EstimationError
        ``missing_ld``, ``singular`` or ``not_positive_semidefinite``: the matrix is never repaired in silence; exposure
        effects all zero, or a likelihood that is highest at an infinite effect.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    With the exposure effects maximised out, and the errors of both studies correlated as the variants are,

    .. math:: Q(\theta) = (\hat\Gamma - \theta\hat\gamma)'(\Omega_Y + \theta^2\Omega_X)^{-1}(\hat\Gamma -
              \theta\hat\gamma), \qquad \Omega_{jk} = \sigma_j\sigma_k\rho_{jk}.

    One change of coordinates makes :math:`\Omega_Y` the identity and :math:`\Omega_X` diagonal at once; in them Q is
    that of uncorrelated variants, and its lowest point is searched on the whole circle of slopes, as
    :func:`~osteobiome.mr.estimators.maximum_likelihood.maximum_likelihood` does. MendelianRandomization
    (``mr_maxlik(correl=TRUE)``) maximises over all n + 1 parameters by steps that end too early: Q is lower here. It
    fails, as ``ivw_ld`` does, when the matrix is from other people than the studies, and takes samples without common
    people for granted.

    References
    ----------
    Burgess, Dudbridge & Thompson 2016, doi:10.1002/sim.6835

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2], [0.01] * 2, [0.05, 0.11], [0.02] * 2, ld_r=[[1, 0.5], [0.5, 1]])
    >>> print(maximum_likelihood_ld(pair))
    maximum_likelihood_ld: 0.5501 (se 0.104, 2 variants)
    """
    check_option("model", model, ("multiplicative", "fixed"))
    check_level(level)
    return _estimate(inst, model=model, level=level).raise_if_failed()
