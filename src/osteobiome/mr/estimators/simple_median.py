"""Median of the ratios, every variant counting alike (Bowden et al. 2016, doi:10.1002/gepi.21965)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.core.estimate import Estimate
from osteobiome.mr.bootstrap import MIN_VARIANTS, Resampling
from osteobiome.mr.estimators.weighted_median import fit_median
from osteobiome.mr.registry import estimator

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments


@estimator(
    name="simple_median",
    label="Simple median",
    doi="10.1002/gepi.21965",
    assumptions=(
        "every variant is associated with the exposure",
        "at least half of the variants act on the outcome through the exposure only",
        "variants are mutually uncorrelated",
    ),
    min_variants=MIN_VARIANTS,
    stochastic=True,
)
def simple_median(
    inst: Instruments, *, n_bootstrap: int = 1000, seed: int | None = None, level: float = 0.95
) -> Estimate:
    r"""Estimate the effect of an exposure when half of the variants may be invalid instruments.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 3. Variants whose exposure effect is 0 have no ratio and are left out.
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
    The median of :math:`\hat\Gamma_j/\hat\gamma_j`; for an even number of variants the mean of the middle two. The
    standard error is that of :func:`osteobiome.mr.estimators.weighted_median.weighted_median` with equal weights. It
    makes no use of precision: among weak instruments, whose ratios scatter widely, it has little power.

    References
    ----------
    Bowden et al. 2016, doi:10.1002/gepi.21965

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.4], [0.01] * 4, [0.06, 0.11, 0.14, 0.2], [0.02] * 4)
    >>> print(simple_median(pair, seed=1))
    simple_median: 0.525 (se 0.0499, 4 variants)
    """
    return fit_median(inst, Resampling("simple_median", n_bootstrap, seed, level), weights="equal").raise_if_failed()
