"""Inverse-variance weighted estimate (Burgess et al. 2013, doi:10.1002/gepi.21758)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.estimate import Estimate, Status
from osteobiome.mr.fit import (
    OK,
    BatchFit,
    Block,
    Model,
    Reference,
    Weights,
    beyond_range,
    beyond_range_is_a_status,
    check_level,
    check_option,
    check_psi,
    heterogeneity,
    overdispersion,
    statuses,
    strength,
    without_effect,
    without_scatter,
)
from osteobiome.mr.registry import estimator
from osteobiome.stats.wls import ivw_kernel

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments

ASSUMPTIONS = (
    "every variant is associated with the exposure",
    "no variant shares a cause with the outcome",
    "pleiotropic effects average to zero and are independent of instrument strength",
    "variants are mutually uncorrelated",
)


@beyond_range_is_a_status
def ivw_batch(
    block: Block,
    *,
    method: str = "ivw",
    model: Model = "multiplicative",
    weights: Weights = "first_order",
    psi: float = 0.0,
    distribution: Reference = "normal",
    level: float = 0.95,
) -> BatchFit:
    """Fit IVW to every pair of a block; options as in :func:`ivw`.

    Parameters
    ----------
    block : Block
        Pairs, shape (n_pairs, n_variants).
    method : str
        Name that the estimates carry.
    model, weights, psi, distribution, level
        As in :func:`ivw`.
    """
    weight = block.weights(weights, psi=psi)
    fit = ivw_kernel(block.beta_exposure, block.beta_outcome, weight)
    slope, se_fixed, q, count = fit.T
    n = count.astype(np.int64)
    df = count - 1.0
    status = statuses(
        block.n_pairs,
        [
            (block.n_variants == 0, Status.NO_COMMON_VARIANTS),
            (without_effect(block), Status.ZERO_EXPOSURE_EFFECT),
            (beyond_range(slope, se_fixed, q), Status.NOT_FINITE),
            ((n < 2) & (distribution == "t"), Status.TOO_FEW_INSTRUMENTS),
            (without_scatter(q, df, model), Status.NO_SCATTER),
        ],
    )
    ok = status == OK
    se = np.where(ok, se_fixed * overdispersion(q, df, model), np.nan)
    return BatchFit(
        method,
        np.where(ok, slope, np.nan),
        se,
        df if distribution == "t" else None,
        n,
        status,
        (*heterogeneity("cochran_q", q, df), *strength(block)),
        level,
    )


@estimator(
    name="ivw",
    label="Inverse-variance weighted (multiplicative random effects)",
    short="IVW",
    doi="10.1002/gepi.21758",
    assumptions=ASSUMPTIONS,
    min_variants=1,
    batch=ivw_batch,
)
def ivw(
    inst: Instruments,
    *,
    model: Model = "multiplicative",
    weights: Weights = "first_order",
    psi: float = 0.0,
    distribution: Reference = "normal",
    level: float = 0.95,
) -> Estimate:
    r"""Estimate the effect of an exposure on an outcome by inverse-variance weighting.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 1.
    model : {"multiplicative", "multiplicative_unfloored", "fixed"}
        How scatter beyond sampling error enters the standard error. ``multiplicative`` inflates it by
        :math:`\max(1, \sqrt{Q/(n-1)})`, as TwoSampleMR ``mr_ivw`` and MendelianRandomization ``model="random"`` do;
        ``multiplicative_unfloored`` may also shrink it (TwoSampleMR ``mr_ivw_mre``, and plain ``lm``);
        ``fixed`` takes the errors at face value.
    weights : {"first_order", "second_order"}
        ``second_order`` adds the error of the exposure effects (MendelianRandomization ``weights="delta"``).
    psi : float
        Correlation of the sampling errors of exposure and outcome, between -1 and 1, for ``second_order``: 0 without
        common people; the correlation of the traits times the share of common people with them.
    distribution : {"normal", "t"}
        Reference distribution of interval and p value; t has n - 1 degrees of freedom.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        In outcome units per exposure unit, with ``cochran_q``, ``i2``, ``mean_f`` and ``min_f`` as diagnostics. One
        variant gives the Wald ratio.

    Raises
    ------
    EstimationError
        No variant, exposure effects all zero, or no scatter at all for the unfloored model.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    .. math:: \hat\theta = \frac{\sum_j w_j \hat\gamma_j \hat\Gamma_j}{\sum_j w_j \hat\gamma_j^2}, \quad
              Q = \sum_j w_j (\hat\Gamma_j - \hat\theta \hat\gamma_j)^2

    with :math:`w_j = 1/\sigma_{Yj}^2`. It fails when pleiotropy is directional, when variants are correlated (use
    ``ivw_ld``), and is biased towards the null (two samples) when instruments are weak.

    References
    ----------
    Burgess et al. 2013, doi:10.1002/gepi.21758; random effects: Bowden et al. 2017, doi:10.1002/sim.7221;
    second-order weights: Bowden et al. 2019, doi:10.1093/ije/dyy258

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3], [0.01] * 3, [0.05, 0.11, 0.14], [0.02] * 3)
    >>> print(ivw(pair))
    ivw: 0.4929 (se 0.0535, 3 variants)
    """
    check_option("model", model, ("multiplicative", "multiplicative_unfloored", "fixed"))
    check_option("weights", weights, ("first_order", "second_order"))
    check_option("distribution", distribution, ("normal", "t"))
    check_level(level)
    check_psi(psi)
    block = Block.from_pairs([inst])
    fit = ivw_batch(block, model=model, weights=weights, psi=psi, distribution=distribution, level=level)
    return fit.estimates()[0].label(exposure=inst.exposure, outcome=inst.outcome, unit=inst.unit).raise_if_failed()
