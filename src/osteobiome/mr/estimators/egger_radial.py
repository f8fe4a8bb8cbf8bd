"""Radial MR-Egger (Bowden et al. 2018, doi:10.1093/ije/dyy101)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.estimate import Estimate, Status
from osteobiome.mr.estimators.ivw_radial import check_radial, fit_radial, outlier_tests
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
    from osteobiome.stats.radial import Adjust, RadialWeights

MIN_VARIANTS = 3


@beyond_range_is_a_status
def egger_radial_batch(
    block: Block,
    *,
    weights: RadialWeights = "modified_second_order",
    model: Model = "multiplicative",
    distribution: Reference = "t",
    alpha: float = 0.05,
    adjust: Adjust = "bonferroni",
    level: float = 0.95,
) -> BatchFit:
    """Fit radial MR-Egger to every pair of a block; options as in :func:`egger_radial`.

    Parameters
    ----------
    block : Block
        Pairs, shape (n_pairs, n_variants).
    weights, model, distribution, alpha, adjust, level
        As in :func:`egger_radial`.
    """
    fit = fit_radial(block, regression="egger", weights=weights, alpha=alpha, adjust=adjust)
    has_ratio = np.where(block.mask & (block.beta_exposure != 0.0), 1.0, 0.0)
    # without a first line no variant has a weight: those with a ratio count
    n = np.where(fit.count > 0.0, fit.count, has_ratio.sum(axis=1)).astype(np.int64)
    df = fit.count - 2.0
    first = np.where(has_ratio > 0.0, np.abs(block.beta_exposure) / block.se_outcome, 0.0)
    alike = np.isnan(egger_kernel(first, first, has_ratio)[:, 0]) & (weights == "modified_second_order")
    status = statuses(
        block.n_pairs,
        [
            (block.n_variants == 0, Status.NO_COMMON_VARIANTS),
            (block.n_variants < MIN_VARIANTS, Status.TOO_FEW_INSTRUMENTS),
            (without_effect(block), Status.ZERO_EXPOSURE_EFFECT),
            (n < MIN_VARIANTS, Status.TOO_FEW_INSTRUMENTS),
            (sums_beyond_range(first, has_ratio), Status.NOT_FINITE),
            (alike, Status.NO_SPREAD),
            (sums_beyond_range(fit.root_weight, np.sign(fit.root_weight)), Status.NOT_FINITE),
            (np.isnan(fit.slope), Status.NO_SPREAD),
            (beyond_range(fit.slope, fit.se, fit.q), Status.NOT_FINITE),
            (without_scatter(fit.q, df, model), Status.NO_SCATTER),
        ],
    )
    ok = status == OK
    factor = np.where(ok, overdispersion(fit.q, df, model), np.nan)
    df_used = np.where(ok, df, np.nan) if distribution == "t" else None
    intercept, intercept_se = np.where(ok, fit.intercept, np.nan), fit.se_intercept * factor
    q_test, i2 = heterogeneity(
        "rucker_q", np.where(ok, fit.q, np.nan), df, null="the variants scatter about the line by sampling error alone"
    )
    return BatchFit(
        "egger_radial",
        np.where(ok, fit.slope, np.nan),
        fit.se * factor,
        df if distribution == "t" else None,
        n,
        status,
        (
            TestColumn(
                "radial_intercept",
                intercept / intercept_se,
                df_used,
                neg_log10_p(intercept / intercept_se, df_used),
                "pleiotropic effects average to zero (no directional pleiotropy)",
                intercept,
                intercept_se,
            ),
            q_test,
            i2,
            *outlier_tests(block, fit, ok, regression="egger", weights=weights, model=model, distribution=distribution),
            *strength(block),
        ),
        level,
    )


@estimator(
    name="egger_radial",
    label="Radial MR-Egger",
    short="Radial MR-Egger",
    doi="10.1093/ije/dyy101",
    assumptions=(
        "every variant is associated with the exposure",
        "pleiotropic effects, in units of their standard errors, are independent of the weight of the variant; they "
        "need not average to zero",
        "exposure effects are measured without error",
        "variants are mutually uncorrelated",
    ),
    min_variants=MIN_VARIANTS,
    batch=egger_radial_batch,
)
def egger_radial(
    inst: Instruments,
    *,
    weights: RadialWeights = "modified_second_order",
    model: Model = "multiplicative",
    distribution: Reference = "t",
    alpha: float = 0.05,
    adjust: Adjust = "bonferroni",
    level: float = 0.95,
) -> Estimate:
    r"""Estimate by MR-Egger on the radial plot, and name the outliers.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 3 with an effect on the exposure.
    weights : {"modified_second_order", "second_order", "first_order"}
        How the error of the exposure effects enters; see :func:`osteobiome.mr.estimators.ivw_radial.ivw_radial`.
    model : {"multiplicative", "multiplicative_unfloored", "fixed"}
        How scatter enters the standard errors; RadialMR is ``multiplicative_unfloored``.
    distribution : {"t", "normal"}
        Reference for slope and intercept; t has n - 2 degrees of freedom, as in RadialMR.
    alpha : float
        Level at which a variant's term of Q makes it an outlier.
    adjust : {"bonferroni", "none"}
        Whether ``alpha`` is shared among the variants. RadialMR does not.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        The slope, with ``radial_intercept``, ``rucker_q``, ``i2``, ``n_outliers``, ``without_outliers``, ``mean_f``
        and ``min_f``.

    Raises
    ------
    EstimationError
        Fewer than three variants, or no spread of their weights.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    :math:`\hat\theta_j\sqrt{W_j} = \theta_0 + \theta\sqrt{W_j} + \varepsilon_j` by least squares, every point with the
    same weight. The intercept is in units of standard errors and cannot be compared with that of ``egger``; slope and
    test differ from those of ``egger`` too unless all outcome errors are alike. ``modified_second_order`` takes the
    slope with first-order weights into :math:`W_j`. A variant without effect on the exposure has no ratio and is left
    out. It has little power, and fails when strong variants are also the more pleiotropic ones.

    References
    ----------
    Bowden et al. 2018, doi:10.1093/ije/dyy101; weights: Bowden et al. 2019, doi:10.1093/ije/dyy258

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.4], [0.01] * 4, [0.06, 0.11, 0.14, 0.2], [0.02] * 4)
    >>> print(egger_radial(pair, weights="first_order"))
    egger_radial: 0.45 (se 0.0894, 4 variants)
    """
    check_radial(weights=weights, model=model, distribution=distribution, alpha=alpha, adjust=adjust)
    check_level(level)
    fit = egger_radial_batch(
        Block.from_pairs([inst]),
        weights=weights,
        model=model,
        distribution=distribution,
        alpha=alpha,
        adjust=adjust,
        level=level,
    )
    return fit.estimates()[0].label(exposure=inst.exposure, outcome=inst.outcome, unit=inst.unit).raise_if_failed()
