"""Weighted mode with less weight on outlying ratios (Hartwig et al. 2017, doi:10.1093/ije/dyx102)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.core.estimate import Estimate
from osteobiome.mr.bootstrap import MIN_VARIANTS, Resampling
from osteobiome.mr.estimators.weighted_mode import fit_mode
from osteobiome.mr.fit import Reference
from osteobiome.mr.registry import estimator

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments


@estimator(
    name="penalised_mode",
    label="Penalised mode",
    doi="10.1093/ije/dyx102",
    assumptions=(
        "every variant is associated with the exposure",
        "of all groups of variants with one and the same ratio, the one with the most weight acts on the outcome "
        "through the exposure only",
        "invalid variants are those whose ratios lie far from the weighted mode",
        "variants are mutually uncorrelated",
    ),
    min_variants=MIN_VARIANTS,
    stochastic=True,
)
def penalised_mode(
    inst: Instruments,
    *,
    phi: float = 1.0,
    distribution: Reference = "t",
    n_bootstrap: int = 1000,
    seed: int | None = None,
    level: float = 0.95,
) -> Estimate:
    r"""Estimate by the weighted mode after taking weight from variants that disagree with it.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 3. Variants whose exposure effect is 0 have no ratio and are left out.
    phi : float
        Factor on the bandwidth.
    distribution : {"t", "normal"}
        Reference distribution: t with n - 1 degrees of freedom, or normal.
    n_bootstrap : int
        Draws for the standard error.
    seed : int or None
        Seed of the draws; None draws one. The estimate records it.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        As :func:`osteobiome.mr.estimators.weighted_mode.weighted_mode`.

    Raises
    ------
    EstimationError
        Fewer than three variants with a ratio.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    With the weighted mode :math:`\hat\theta_0` the weights become :math:`w_j \min(1, 20\,p_j)`, where :math:`p_j` is
    the upper tail of :math:`\chi^2_1` at :math:`(\hat\theta_j - \hat\theta_0)^2/\sigma_j^2`; the estimate is the mode
    with these. In each draw the penalty is taken anew about the weighted mode of the draw. The estimate stays close to
    the weighted mode, as ratios far from a peak add nothing to its height. The penalty follows the first choice of
    peak: if that was wrong, it takes weight from the right one.

    References
    ----------
    Hartwig et al. 2017, doi:10.1093/ije/dyx102; penalty: Bowden et al. 2016, doi:10.1002/gepi.21965

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.2, 0.2, 0.3, 0.3], [0.01] * 4, [0.09, 0.1, 0.16, 0.3], [0.02] * 4)
    >>> print(penalised_mode(pair, seed=1))
    penalised_mode: 0.5168 (se 0.0558, 4 variants)
    """
    resampling = Resampling("penalised_mode", n_bootstrap, seed, level, distribution)
    return fit_mode(
        inst, resampling, weights="second_order", errors="second_order", phi=phi, penalised=True
    ).raise_if_failed()
