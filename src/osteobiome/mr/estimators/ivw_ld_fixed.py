"""Inverse-variance weighting for correlated variants, fixed effects (Burgess et al. 2016, doi:10.1002/sim.6835)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.core.estimate import Estimate
from osteobiome.mr.estimators.ivw_ld import ASSUMPTIONS, fit_ivw_ld
from osteobiome.mr.fit import check_level
from osteobiome.mr.registry import estimator

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments


@estimator(
    name="ivw_ld_fixed",
    label="Inverse-variance weighted with LD matrix (fixed effects)",
    short="IVW with LD, fixed effects",
    doi="10.1002/sim.6835",
    assumptions=(*ASSUMPTIONS, "no pleiotropy at all: scatter is sampling error"),
    min_variants=1,
    needs_ld=True,
)
def ivw_ld_fixed(inst: Instruments, *, level: float = 0.95) -> Estimate:
    r"""Estimate from variants in linkage disequilibrium with errors at face value.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair with ``ld_r``.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        As :func:`osteobiome.mr.estimators.ivw_ld.ivw_ld`, with
        :math:`se = (\hat\gamma'\Omega^{-1}\hat\gamma)^{-1/2}`.

    Raises
    ------
    EstimationError
        ``missing_ld``, ``singular`` or ``not_positive_semidefinite``.

    Notes
    -----
    Too confident as soon as the generalised Q exceeds its degrees of freedom.

    References
    ----------
    Burgess, Dudbridge & Thompson 2016, doi:10.1002/sim.6835

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2], [0.01] * 2, [0.05, 0.11], [0.02] * 2, ld_r=[[1, 0.5], [0.5, 1]])
    >>> print(ivw_ld_fixed(pair))
    ivw_ld_fixed: 0.55 (se 0.1, 2 variants)
    """
    check_level(level)
    return fit_ivw_ld(inst, method="ivw_ld_fixed", model="fixed", distribution="normal", level=level).raise_if_failed()
