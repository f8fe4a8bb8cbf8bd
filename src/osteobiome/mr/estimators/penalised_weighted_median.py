"""Weighted median with less weight on outlying ratios (Bowden et al. 2016, doi:10.1002/gepi.21965)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.core.estimate import Estimate
from osteobiome.mr.bootstrap import MIN_VARIANTS, Order, Resampling
from osteobiome.mr.estimators.weighted_median import fit_median
from osteobiome.mr.fit import check_option
from osteobiome.mr.registry import estimator

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments


@estimator(
    name="penalised_weighted_median",
    label="Penalised weighted median",
    short="Penalised median",
    doi="10.1002/gepi.21965",
    assumptions=(
        "every variant is associated with the exposure",
        "variants that hold at least half of the weight act on the outcome through the exposure only",
        "invalid variants are those whose ratios lie far from the weighted median",
        "variants are mutually uncorrelated",
    ),
    min_variants=MIN_VARIANTS,
    stochastic=True,
)
def penalised_weighted_median(
    inst: Instruments,
    *,
    weights: Order = "first_order",
    n_bootstrap: int = 1000,
    seed: int | None = None,
    level: float = 0.95,
) -> Estimate:
    r"""Estimate by the weighted median after taking weight from variants that disagree with it.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 3. Variants whose exposure effect is 0 have no ratio and are left out.
    weights : {"first_order", "second_order"}
        As in :func:`osteobiome.mr.estimators.weighted_median.weighted_median`; in weights and penalty alike.
    n_bootstrap : int
        Draws for the standard error.
    seed : int or None
        Seed of the draws; None draws one. The estimate records it.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        As :func:`osteobiome.mr.estimators.weighted_median.weighted_median`.

    Raises
    ------
    EstimationError
        Fewer than three variants with a ratio.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    With the weighted median :math:`\hat\theta_0` the weights become :math:`w_j \min(1, 20\,p_j)`, where :math:`p_j` is
    the upper tail of :math:`\chi^2_1` at :math:`w_j(\hat\theta_j - \hat\theta_0)^2`; the estimate is the weighted
    median with these. They are kept as they are in the draws, so the standard error does not know that the data chose
    them: it is too small when the penalty takes much away.

    References
    ----------
    Bowden et al. 2016, doi:10.1002/gepi.21965

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.4], [0.01] * 4, [0.06, 0.11, 0.14, 0.4], [0.02] * 4)
    >>> print(penalised_weighted_median(pair, seed=1))
    penalised_weighted_median: 0.556 (se 0.0936, 4 variants)
    """
    check_option("weights", weights, ("first_order", "second_order"))
    resampling = Resampling("penalised_weighted_median", n_bootstrap, seed, level)
    return fit_median(inst, resampling, weights=weights, penalised=True).raise_if_failed()
