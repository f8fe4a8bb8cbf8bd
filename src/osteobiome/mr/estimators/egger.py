"""MR-Egger regression (Bowden et al. 2015, doi:10.1093/ije/dyv080)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.estimate import Estimate, Status
from osteobiome.instruments.strength import i2_gx
from osteobiome.mr.fit import (
    OK,
    BatchFit,
    Block,
    Model,
    Reference,
    TestColumn,
    beyond_range,
    beyond_range_is_a_status,
    check_level,
    check_option,
    heterogeneity,
    neg_log10_p,
    overdispersion,
    statuses,
    strength,
    sums_beyond_range,
    without_effect,
    without_scatter,
)
from osteobiome.mr.registry import estimator
from osteobiome.stats.wls import egger_kernel

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments

MIN_VARIANTS = 3


@beyond_range_is_a_status
def egger_batch(
    block: Block,
    *,
    model: Model = "multiplicative",
    distribution: Reference = "t",
    level: float = 0.95,
) -> BatchFit:
    """Fit MR-Egger to every pair of a block; options as in :func:`egger`.

    Parameters
    ----------
    block : Block
        Pairs, shape (n_pairs, n_variants).
    model, distribution, level
        As in :func:`egger`.
    """
    weight = block.weights("first_order")
    fit = egger_kernel(block.beta_exposure, block.beta_outcome, weight)
    slope, se_slope, intercept, se_intercept, q, count = fit.T
    n = count.astype(np.int64)
    df = count - 2.0
    status = statuses(
        block.n_pairs,
        [
            (block.n_variants == 0, Status.NO_COMMON_VARIANTS),
            (block.n_variants < MIN_VARIANTS, Status.TOO_FEW_INSTRUMENTS),
            (without_effect(block), Status.ZERO_EXPOSURE_EFFECT),
            (n == 0, Status.NOT_FINITE),
            (n < MIN_VARIANTS, Status.TOO_FEW_INSTRUMENTS),
            (sums_beyond_range(block.beta_exposure, weight), Status.NOT_FINITE),
            (np.isnan(slope), Status.NO_SPREAD),
            (beyond_range(slope, se_slope, q), Status.NOT_FINITE),
            (without_scatter(q, df, model), Status.NO_SCATTER),
        ],
    )
    ok = status == OK
    factor = np.where(ok, overdispersion(q, df, model), np.nan)
    df_used = df if distribution == "t" else None
    intercept_se = se_intercept * factor
    intercept_test = TestColumn(
        "egger_intercept",
        np.where(ok, intercept / intercept_se, np.nan),
        None if df_used is None else np.where(ok, df_used, np.nan),
        neg_log10_p(np.where(ok, intercept / intercept_se, np.nan), df_used),
        "pleiotropic effects average to zero (no directional pleiotropy)",
        np.where(ok, intercept, np.nan),
        np.where(ok, intercept_se, np.nan),
    )
    dilution = i2_gx(block.beta_exposure, block.se_exposure, se_outcome=block.se_outcome, mask=block.mask)
    q_test, i2 = heterogeneity(
        "rucker_q", np.where(ok, q, np.nan), df, null="the variants scatter about the line by sampling error alone"
    )
    return BatchFit(
        "egger",
        np.where(ok, slope, np.nan),
        se_slope * factor,
        df_used,
        np.where(n > 0, n, block.n_variants),
        status,
        (intercept_test, q_test, i2, TestColumn("i2_gx", dilution), *strength(block)),
        level,
    )


@estimator(
    name="egger",
    label="MR-Egger",
    short="MR-Egger",
    doi="10.1093/ije/dyv080",
    assumptions=(
        "every variant is associated with the exposure",
        "pleiotropic effects are independent of instrument strength (InSIDE); they need not average to zero",
        "exposure effects are measured without error (watch I²_GX)",
        "variants are mutually uncorrelated",
    ),
    min_variants=MIN_VARIANTS,
    batch=egger_batch,
)
def egger(
    inst: Instruments,
    *,
    model: Model = "multiplicative",
    distribution: Reference = "t",
    level: float = 0.95,
) -> Estimate:
    r"""Estimate the effect of an exposure while allowing pleiotropy a common direction.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 3.
    model : {"multiplicative", "multiplicative_unfloored", "fixed"}
        How scatter enters the standard errors of slope and intercept; see :func:`osteobiome.mr.estimators.ivw.ivw`.
    distribution : {"t", "normal"}
        Reference for slope and intercept: t with n - 2 degrees of freedom (our default and TwoSampleMR's), or normal
        (MendelianRandomization's default).
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        The slope, with ``egger_intercept``, ``rucker_q``, ``i2``, ``i2_gx``, ``mean_f`` and ``min_f``.

    Raises
    ------
    EstimationError
        Fewer than three variants, or no spread of exposure effects.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    Every variant is turned so that its exposure effect is positive; then
    :math:`\hat\Gamma_j = \theta_0 + \theta \hat\gamma_j + \varepsilon_j` is fitted with weights
    :math:`1/\sigma_{Yj}^2`; the intercept is the mean pleiotropic effect of the alleles that raise the exposure as
    stated. The slope has little power and is diluted by error in the exposure effects by the factor
    I²_GX; it fails when strong instruments are also the more pleiotropic ones.

    References
    ----------
    Bowden et al. 2015, doi:10.1093/ije/dyv080; dilution: Bowden et al. 2016, doi:10.1093/ije/dyw220;
    Q: Bowden et al. 2017, doi:10.1002/sim.7221

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.4], [0.01] * 4, [0.06, 0.11, 0.14, 0.2], [0.02] * 4)
    >>> result = egger(pair)
    >>> print(result)
    egger: 0.45 (se 0.0894, 4 variants)
    >>> round(result.diagnostic("egger_intercept").estimate, 6)
    0.015
    """
    check_option("model", model, ("multiplicative", "multiplicative_unfloored", "fixed"))
    check_option("distribution", distribution, ("t", "normal"))
    check_level(level)
    fit = egger_batch(Block.from_pairs([inst]), model=model, distribution=distribution, level=level)
    return fit.estimates()[0].label(exposure=inst.exposure, outcome=inst.outcome, unit=inst.unit).raise_if_failed()
