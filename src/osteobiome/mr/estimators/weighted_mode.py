"""Weighted mode of the ratios (Hartwig et al. 2017, doi:10.1093/ije/dyx102)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.core.estimate import Estimate
from osteobiome.mr.bootstrap import MIN_VARIANTS, Fitted, Order, Ratios, Resampling, fit_ratios
from osteobiome.mr.fit import Reference, TestColumn, check_option
from osteobiome.mr.registry import estimator
from osteobiome.stats.mode import grid_step, mode_draws, mode_on_grid
from osteobiome.stats.penalty import PENALTY, penalised_weights
from osteobiome.stats.spread import mad_with_error

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments


def fit_mode(
    inst: Instruments,
    resampling: Resampling,
    *,
    weights: Order | Literal["equal"],
    errors: Order,
    phi: float,
    penalised: bool = False,
) -> Estimate:
    """Fit one pair by a mode and return an estimate with its status; shared by the five modes.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    resampling : Resampling
        Method, draws, seed.
    weights : {"first_order", "second_order", "equal"}
        Inverse variances of the ratios, or 1.
    errors : {"first_order", "second_order"}
        Standard errors of the ratios, in draws and penalty.
    phi : float
        Factor on the bandwidth.
    penalised : bool
        Whether ratios far from the weighted mode lose weight.
    """
    check_option("distribution", resampling.distribution, ("t", "normal"))
    if not 0.0 < phi < math.inf:
        raise SchemaError(Fault("bad_option", "option phi", f"value {phi}", "a finite number above 0 such as 1"))

    def fit(ratios: Ratios, key: np.uint64) -> Fitted:
        ratio, se, weight = ratios.ratio, ratios.se(errors), ratios.weight(weights)
        beta, width = mode_on_grid(ratio, weight, phi)
        if penalised:
            beta, _ = mode_on_grid(ratio, penalised_weights(ratio, se, weight, beta, PENALTY), phi)
        drawn = np.stack([np.abs(ratio), ratios.sign, se])
        factor = PENALTY if penalised else 0.0
        draws = mode_draws(drawn, weight, ratios.column, phi, factor, key, resampling.n_draws)
        step = np.array([grid_step(ratio, width)])
        return Fitted(beta, *mad_with_error(draws), (TestColumn("mode_grid_step", step),))

    return fit_ratios(inst, resampling, fit)


@estimator(
    name="weighted_mode",
    label="Weighted mode",
    doi="10.1093/ije/dyx102",
    assumptions=(
        "every variant is associated with the exposure",
        "of all groups of variants with one and the same ratio, the one with the most weight acts on the outcome "
        "through the exposure only",
        "variants are mutually uncorrelated",
    ),
    min_variants=MIN_VARIANTS,
    stochastic=True,
)
def weighted_mode(
    inst: Instruments,
    *,
    phi: float = 1.0,
    distribution: Reference = "t",
    n_bootstrap: int = 1000,
    seed: int | None = None,
    level: float = 0.95,
) -> Estimate:
    r"""Estimate the effect of an exposure by the ratio that most weight gathers about.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 3. Variants whose exposure effect is 0 have no ratio and are left out.
    phi : float
        Factor on the bandwidth; smaller separates groups of variants better and is less precise.
    distribution : {"t", "normal"}
        Reference distribution of interval and p value: t with n - 1 degrees of freedom (our default; TwoSampleMR's p
        value), or normal (MendelianRandomization's default).
    n_bootstrap : int
        Draws for the standard error.
    seed : int or None
        Seed of the draws; None draws one. The estimate records it.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        With ``bootstrap_se_error`` (Monte Carlo error of the standard error), ``mode_grid_step`` (distance of grid
        points in bandwidths, missing for a bandwidth of 0), ``mean_f`` and ``min_f``; ``seed`` and ``n_draws``.

    Raises
    ------
    EstimationError
        Fewer than three variants with a ratio.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    The estimate maximises :math:`\sum_j w_j \exp(-(\theta - \hat\theta_j)^2 / 2h^2)` over a grid of 512 points, with
    :math:`h = 0.9\,\varphi\min(\mathrm{sd}, 1.4826\,\mathrm{mad})\,n^{-1/5}` of the ratios, weights
    :math:`w_j = 1/\sigma_j^2` and
    :math:`\sigma_j^2 = \sigma_{Yj}^2/\hat\gamma_j^2 + \hat\Gamma_j^2\sigma_{Xj}^2/\hat\gamma_j^4`. The grid is that of
    R's ``density``, see :mod:`osteobiome.stats.mode`. The standard error is 1.4826 times the median absolute deviation
    of modes from ratios drawn from :math:`N(\hat\theta_j, \sigma_j^2)`, with the weights as they were and a new
    bandwidth each.

    Where more than half of the ratios are equal the bandwidth is 0, and the estimate is the ratio that most weight
    shares. With two peaks of similar height the estimate jumps between them on small changes of the data, and a median
    absolute deviation hardly shows it as long as the other peak wins in fewer than half of the draws. If one ratio lies
    so far out that ``mode_grid_step`` passes 1, the grid is too coarse for the peak.

    References
    ----------
    Hartwig et al. 2017, doi:10.1093/ije/dyx102; random numbers: Salmon et al. 2011, doi:10.1145/2063384.2063405

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.2, 0.2, 0.3, 0.3], [0.01] * 4, [0.09, 0.1, 0.16, 0.3], [0.02] * 4)
    >>> result = weighted_mode(pair, seed=1)
    >>> print(result)
    weighted_mode: 0.5168 (se 0.058, 4 variants)
    >>> result.distribution, result.df, result.seed, result.n_draws
    ('t', 3.0, 1, 1000)
    """
    resampling = Resampling("weighted_mode", n_bootstrap, seed, level, distribution)
    return fit_mode(inst, resampling, weights="second_order", errors="second_order", phi=phi).raise_if_failed()
