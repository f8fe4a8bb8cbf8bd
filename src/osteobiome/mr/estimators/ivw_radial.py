"""Radial IVW (Bowden et al. 2018, doi:10.1093/ije/dyy101), with outliers and exact weights (doi:10.1093/ije/dyy258)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.core.estimate import Estimate, Status
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
    without_effect,
    without_scatter,
)
from osteobiome.mr.registry import estimator
from osteobiome.stats.radial import (
    Adjust,
    RadialFit,
    RadialWeights,
    Regression,
    exact_kernel,
    iterative_kernel,
    radial_contributions,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments

NO_EFFECT = "the exposure has no effect on the outcome"
MAX_ITERATIONS = 10_000
NOT_CONVERGED = (
    "Not estimable: weights and estimate did not settle, as happens when instruments are weak. Use the exact estimate."
)
NO_EXACT = "Not estimable: the exact Q has no finite minimum. Check the units and the strength of the instruments."
NO_EXACT_SE = "A standard error needs three variants."


def fit_radial(
    block: Block, *, regression: Regression, weights: RadialWeights, alpha: float, adjust: Adjust
) -> RadialFit:
    """Return the radial regression of a block."""
    return radial_contributions(
        beta_exposure=block.beta_exposure,
        se_exposure=block.se_exposure,
        beta_outcome=block.beta_outcome,
        se_outcome=block.se_outcome,
        mask=block.mask,
        regression=regression,
        weights=weights,
        alpha=alpha,
        adjust=adjust,
    )


def outlier_tests(
    block: Block,
    fit: RadialFit,
    ok: NDArray[np.bool_],
    *,
    regression: Regression,
    weights: RadialWeights,
    model: Model,
    distribution: Reference,
) -> tuple[TestColumn, TestColumn]:
    """Return how many variants were called outliers, and the estimate that the others give.

    Parameters
    ----------
    block : Block
        Pairs, shape (n_pairs, n_variants).
    fit : RadialFit
        Their radial regression.
    ok : numpy.ndarray of bool, shape (n_pairs,)
        Pairs that have an estimate.
    regression, weights, model, distribution
        As in the estimator.
    """
    rest = replace(block, mask=block.mask & ~fit.is_outlier)
    again = fit_radial(rest, regression=regression, weights=weights, alpha=0.05, adjust="bonferroni")
    df = again.count - (1.0 if regression == "ivw" else 2.0)
    enough = (df >= (0.0 if regression == "ivw" and distribution == "normal" else 1.0)) & np.isfinite(again.slope)
    usable = ok & enough & ~without_scatter(again.q, df, model)
    se = np.where(usable, again.se * overdispersion(again.q, df, model), np.nan)
    slope = np.where(usable, again.slope, np.nan)
    df_used = np.where(usable, df, np.nan) if distribution == "t" else None
    number = fit.is_outlier.sum(axis=1).astype(np.float64)
    messages = tuple(
        "" if usable[i] or not ok[i] else f"Not estimable: too few variants are left without the {int(n)} outliers."
        for i, n in enumerate(number)
    )
    return (
        TestColumn("n_outliers", np.where(ok, number, np.nan)),
        TestColumn(
            "without_outliers",
            slope / se,
            df_used,
            neg_log10_p(slope / se, df_used),
            f"{NO_EFFECT} (variants called outliers left out)",
            slope,
            se,
            messages,
        ),
    )


def weight_tests(
    block: Block, ok: NDArray[np.bool_], *, model: Model, distribution: Reference, tolerance: float
) -> tuple[TestColumn, ...]:
    """Return the estimates with weights that agree with the estimate itself: iterative, exact fixed, exact random.

    Parameters
    ----------
    block : Block
        Pairs, shape (n_pairs, n_variants).
    ok : numpy.ndarray of bool, shape (n_pairs,)
        Pairs that have an estimate.
    model, distribution, tolerance
        As in :func:`ivw_radial`.
    """
    data = (block.beta_exposure, block.se_exposure, block.beta_outcome, block.se_outcome, block.mask)
    df = np.asarray(block.n_variants, dtype=np.float64) - 1.0
    slope, se, q, _ = np.where(ok[:, np.newaxis], iterative_kernel(*data, tolerance, MAX_ITERATIONS), np.nan).T
    se = np.where(without_scatter(q, df, model), np.nan, se * overdispersion(q, df, model))
    df_used = np.where(ok, df, np.nan) if distribution == "t" else None
    columns = [_wald("radial_iterative", slope, se, df_used, _missing(ok, slope, NOT_CONVERGED))]
    exact = np.where(ok[:, np.newaxis], exact_kernel(*data), np.nan)
    exact[~np.isfinite(exact)] = np.nan
    fixed, fixed_se, _, random, random_se, _ = exact.T
    columns.append(_wald("radial_exact_fe", fixed, fixed_se, None, _missing(ok, fixed, NO_EXACT)))
    messages = tuple(
        first or second
        for first, second in zip(_missing(ok, random, NO_EXACT), _missing(ok, random_se, NO_EXACT_SE), strict=True)
    )
    t_df = np.where(ok & (df > 0), df, np.nan)
    columns.append(_wald("radial_exact_re", random, random_se, t_df, messages))
    return tuple(columns)


def _wald(
    name: str,
    slope: NDArray[np.float64],
    se: NDArray[np.float64],
    df: NDArray[np.float64] | None,
    messages: tuple[str, ...],
) -> TestColumn:
    z = slope / se
    return TestColumn(name, z, df, neg_log10_p(z, df), NO_EFFECT, slope, se, messages)


def _missing(ok: NDArray[np.bool_], values: NDArray[np.float64], message: str) -> tuple[str, ...]:
    """Return the message for pairs that are fine but have no value here."""
    return tuple(message if fine and absent else "" for fine, absent in zip(ok, np.isnan(values), strict=True))


def check_radial(*, weights: str, model: str, distribution: str, alpha: float, adjust: str) -> None:
    """Raise SchemaError if an option of the radial estimators has a value that does not exist."""
    check_option("weights", weights, ("first_order", "second_order", "modified_second_order"))
    check_option("model", model, ("multiplicative", "multiplicative_unfloored", "fixed"))
    check_option("distribution", distribution, ("normal", "t"))
    check_option("adjust", adjust, ("bonferroni", "none"))
    if not 0.0 < alpha < 1.0:
        raise SchemaError(Fault("bad_option", "option alpha", f"value {alpha}", "a level between 0 and 1 such as 0.05"))


@beyond_range_is_a_status
def ivw_radial_batch(
    block: Block,
    *,
    weights: RadialWeights = "modified_second_order",
    model: Model = "multiplicative",
    distribution: Reference = "normal",
    alpha: float = 0.05,
    adjust: Adjust = "bonferroni",
    tolerance: float = 0.0,
    level: float = 0.95,
) -> BatchFit:
    """Fit radial IVW to every pair of a block; options as in :func:`ivw_radial`.

    Parameters
    ----------
    block : Block
        Pairs, shape (n_pairs, n_variants).
    weights, model, distribution, alpha, adjust, tolerance, level
        As in :func:`ivw_radial`.
    """
    fit = fit_radial(block, regression="ivw", weights=weights, alpha=alpha, adjust=adjust)
    # without a first slope no variant has a weight: those that there are count
    n = np.where(fit.count > 0.0, fit.count, block.n_variants).astype(np.int64)
    df = fit.count - 1.0
    status = statuses(
        block.n_pairs,
        [
            (block.n_variants == 0, Status.NO_COMMON_VARIANTS),
            (without_effect(block), Status.ZERO_EXPOSURE_EFFECT),
            (beyond_range(fit.slope, fit.se, fit.q), Status.NOT_FINITE),
            ((n < 2) & (distribution == "t"), Status.TOO_FEW_INSTRUMENTS),
            (without_scatter(fit.q, df, model), Status.NO_SCATTER),
        ],
    )
    ok = status == OK
    q = np.where(ok, fit.q, np.nan)
    return BatchFit(
        "ivw_radial",
        np.where(ok, fit.slope, np.nan),
        np.where(ok, fit.se * overdispersion(fit.q, df, model), np.nan),
        df if distribution == "t" else None,
        n,
        status,
        (
            *heterogeneity("cochran_q", q, df),
            *outlier_tests(block, fit, ok, regression="ivw", weights=weights, model=model, distribution=distribution),
            *weight_tests(block, ok, model=model, distribution=distribution, tolerance=tolerance),
            *strength(block),
        ),
        level,
    )


@estimator(
    name="ivw_radial",
    label="Radial inverse-variance weighted",
    short="Radial IVW",
    doi="10.1093/ije/dyy101",
    assumptions=(
        "every variant is associated with the exposure",
        "no variant shares a cause with the outcome",
        "pleiotropic effects average to zero and are independent of instrument strength",
        "variants are mutually uncorrelated",
    ),
    min_variants=1,
    batch=ivw_radial_batch,
)
def ivw_radial(
    inst: Instruments,
    *,
    weights: RadialWeights = "modified_second_order",
    model: Model = "multiplicative",
    distribution: Reference = "normal",
    alpha: float = 0.05,
    adjust: Adjust = "bonferroni",
    tolerance: float = 0.0,
    level: float = 0.95,
) -> Estimate:
    r"""Estimate by IVW with weights that know the error of the exposure effects, and name the outliers.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 1.
    weights : {"modified_second_order", "second_order", "first_order"}
        How the error of the exposure effects enters; see Notes. ``first_order`` is plain IVW.
    model : {"multiplicative", "multiplicative_unfloored", "fixed"}
        How scatter enters the standard error; see :func:`osteobiome.mr.estimators.ivw.ivw`. RadialMR and TwoSampleMR
        ``mr_ivw_radial`` are ``multiplicative_unfloored``.
    distribution : {"normal", "t"}
        Reference of interval and p value; t has n - 1 degrees of freedom. RadialMR 1.2.3 takes the normal.
    alpha : float
        Level at which a variant's term of Q makes it an outlier.
    adjust : {"bonferroni", "none"}
        Whether ``alpha`` is shared among the variants. RadialMR does not.
    tolerance : float
        Largest change that ends the iterative estimate, in its own unit; 0 iterates to a relative change of 1e-14.
        RadialMR stops at 1e-4 or 1e-5.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        With ``cochran_q``, ``i2``, ``n_outliers``, ``without_outliers``, ``radial_iterative``, ``radial_exact_fe``,
        ``radial_exact_re``, ``mean_f`` and ``min_f``.

    Raises
    ------
    EstimationError
        No variant, exposure effects all zero, or no scatter at all for the unfloored model.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    The ordinate :math:`\hat\theta_j\sqrt{W_j}` is regressed on :math:`\sqrt{W_j}` through the origin;
    :math:`Q = \sum_j W_j(\hat\theta_j - \hat\theta)^2`, and each term is compared with chi-squared, one degree of
    freedom. ``modified_second_order``: :math:`W_j = \hat\gamma_j^2/(\sigma_{Yj}^2 + \tilde\theta^2\sigma_{Xj}^2)` with
    the first-order estimate :math:`\tilde\theta`; under the null these have the right Q, which ``second_order``
    (:math:`\hat\theta_j` in place of :math:`\tilde\theta`) makes too small. ``radial_iterative`` puts each new estimate
    into the weights until it stands still. ``radial_exact_fe`` minimises
    :math:`Q(\theta) = \sum_j (\hat\Gamma_j-\theta\hat\gamma_j)^2/(\sigma_{Yj}^2+\theta^2\sigma_{Xj}^2)`; its error is
    :math:`(\sum_j W_j)^{-1/2}`. ``radial_exact_re`` multiplies :math:`\sigma_{Yj}^2` by the :math:`\phi \ge 1` at which
    the smallest Q is n - 1; its error is the sandwich of the two equations times :math:`\sqrt{n/(n-1)}`.

    The method fails as IVW does. Outliers are called about an estimate that they have pulled, and the estimate without
    them is too sure of itself, as the data chose what to drop.

    References
    ----------
    Bowden et al. 2018, doi:10.1093/ije/dyy101; exact and modified weights: Bowden et al. 2019,
    doi:10.1093/ije/dyy258; sandwich: Stefanski & Boos 2002, doi:10.1198/000313002753631330

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.2], [0.01] * 4, [0.05, 0.11, 0.14, 0.2], [0.02] * 4)
    >>> result = ivw_radial(pair)
    >>> print(result)
    ivw_radial: 0.6056 (se 0.123, 4 variants)
    >>> result.diagnostic("n_outliers").statistic
    1.0
    """
    check_radial(weights=weights, model=model, distribution=distribution, alpha=alpha, adjust=adjust)
    check_level(level)
    fit = ivw_radial_batch(
        Block.from_pairs([inst]),
        weights=weights,
        model=model,
        distribution=distribution,
        alpha=alpha,
        adjust=adjust,
        tolerance=tolerance,
        level=level,
    )
    return fit.estimates()[0].label(exposure=inst.exposure, outcome=inst.outcome, unit=inst.unit).raise_if_failed()
