"""Inverse-variance weighted estimate with fixed effects (Burgess et al. 2013, doi:10.1002/gepi.21758)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from osteobiome.core.estimate import Estimate
from osteobiome.mr.estimators.ivw import ASSUMPTIONS, ivw_batch
from osteobiome.mr.fit import Block, check_level
from osteobiome.mr.registry import estimator

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments

ivw_fixed_batch = partial(ivw_batch, method="ivw_fixed", model="fixed")


@estimator(
    name="ivw_fixed",
    label="Inverse-variance weighted (fixed effects)",
    short="IVW, fixed effects",
    doi="10.1002/gepi.21758",
    assumptions=(*ASSUMPTIONS, "no pleiotropy at all: scatter is sampling error"),
    min_variants=1,
    batch=ivw_fixed_batch,
)
def ivw_fixed(inst: Instruments, *, level: float = 0.95) -> Estimate:
    r"""Estimate by inverse-variance weighting with errors at face value; the same as ``ivw(model="fixed")``.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 1.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        As :func:`osteobiome.mr.estimators.ivw.ivw`, with :math:`se = 1/\sqrt{\sum_j w_j\hat\gamma_j^2}`.

    Raises
    ------
    EstimationError
        No variant, or exposure effects all zero.

    Notes
    -----
    Too confident as soon as Cochran's Q exceeds its degrees of freedom; meant for few variants of one gene region.

    References
    ----------
    Burgess et al. 2013, doi:10.1002/gepi.21758

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3], [0.01] * 3, [0.05, 0.11, 0.14], [0.02] * 3)
    >>> print(ivw_fixed(pair))
    ivw_fixed: 0.4929 (se 0.0535, 3 variants)
    """
    check_level(level)
    fit = ivw_fixed_batch(Block.from_pairs([inst]), level=level)
    return fit.estimates()[0].label(exposure=inst.exposure, outcome=inst.outcome, unit=inst.unit).raise_if_failed()
