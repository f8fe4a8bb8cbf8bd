"""Weighted median of the ratios (Bowden et al. 2016, doi:10.1002/gepi.21965)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from osteobiome.core.estimate import Estimate
from osteobiome.mr.bootstrap import MIN_VARIANTS, Fitted, Order, Ratios, Resampling, fit_ratios
from osteobiome.mr.fit import check_option
from osteobiome.mr.registry import estimator
from osteobiome.stats.median import median_draws, weighted_median_of
from osteobiome.stats.penalty import PENALTY, penalised_weights
from osteobiome.stats.spread import sd_with_error

if TYPE_CHECKING:
    import numpy as np

    from osteobiome.instruments import Instruments


def fit_median(
    inst: Instruments, resampling: Resampling, *, weights: Order | Literal["equal"], penalised: bool = False
) -> Estimate:
    """Fit one pair by a median and return an estimate with its status; shared by the three medians.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    resampling : Resampling
        Method, draws, seed.
    weights : {"first_order", "second_order", "equal"}
        Inverse variances of the ratios, or 1.
    penalised : bool
        Whether ratios far from the weighted median lose weight.
    """

    def fit(ratios: Ratios, key: np.uint64) -> Fitted:
        ratio, weight = ratios.ratio, ratios.weight(weights)
        beta = weighted_median_of(ratio, weight)
        if penalised and weights != "equal":
            weight = penalised_weights(ratio, ratios.se(weights), weight, beta, PENALTY)
            beta = weighted_median_of(ratio, weight)
        draws = median_draws(ratios.effects, ratios.sign, weight, ratios.column, key, resampling.n_draws)
        return Fitted(beta, *sd_with_error(draws))

    return fit_ratios(inst, resampling, fit)


@estimator(
    name="weighted_median",
    label="Weighted median",
    doi="10.1002/gepi.21965",
    assumptions=(
        "every variant is associated with the exposure",
        "variants that hold at least half of the weight act on the outcome through the exposure only",
        "variants are mutually uncorrelated",
    ),
    min_variants=MIN_VARIANTS,
    stochastic=True,
)
def weighted_median(
    inst: Instruments,
    *,
    weights: Order = "first_order",
    n_bootstrap: int = 1000,
    seed: int | None = None,
    level: float = 0.95,
) -> Estimate:
    r"""Estimate the effect of an exposure when half of the weight may be on invalid instruments.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 3. Variants whose exposure effect is 0 have no ratio and are left out.
    weights : {"first_order", "second_order"}
        Inverse variances of the ratios: :math:`\hat\gamma^2/\sigma_Y^2` (the paper, MendelianRandomization), or with
        the error of the exposure effect (TwoSampleMR).
    n_bootstrap : int
        Draws for the standard error.
    seed : int or None
        Seed of the draws; None draws one. The estimate records it.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        With ``bootstrap_se_error`` (Monte Carlo error of the standard error), ``mean_f`` and ``min_f``; ``seed`` and
        ``n_draws``. The reference distribution is normal.

    Raises
    ------
    EstimationError
        Fewer than three variants with a ratio.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    With ratios :math:`\hat\theta_j = \hat\Gamma_j/\hat\gamma_j` in ascending order, weights that sum to 1 and
    :math:`s_j = \sum_{k \le j} w_k - w_j/2`, the estimate is the linear interpolation of the ratios at s = 1/2. The
    standard error is the standard deviation of the estimates from effects drawn about those that were observed,
    :math:`\hat\gamma_j^* \sim N(\hat\gamma_j, \sigma_{Xj}^2)` and
    :math:`\hat\Gamma_j^* \sim N(\hat\Gamma_j, \sigma_{Yj}^2)`, with the weights as they were.

    One variant can hold half of the weight: the estimate is then its ratio, and no median protects. With weak
    instruments drawn ratios have heavy tails, and standard error and its Monte Carlo error grow.

    References
    ----------
    Bowden et al. 2016, doi:10.1002/gepi.21965; random numbers: Salmon et al. 2011, doi:10.1145/2063384.2063405

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.4], [0.01] * 4, [0.06, 0.11, 0.14, 0.2], [0.02] * 4)
    >>> result = weighted_median(pair, seed=1)
    >>> print(result)
    weighted_median: 0.4947 (se 0.0409, 4 variants)
    >>> round(result.diagnostic("bootstrap_se_error").statistic, 5)
    0.00095
    """
    check_option("weights", weights, ("first_order", "second_order"))
    return fit_median(inst, Resampling("weighted_median", n_bootstrap, seed, level), weights=weights).raise_if_failed()
