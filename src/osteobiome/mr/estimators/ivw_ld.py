"""Inverse-variance weighting for correlated variants (Burgess et al. 2016, doi:10.1002/sim.6835)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.mr.correlated import ld_diagnostics, ld_obstacle
from osteobiome.mr.fit import (
    BatchFit,
    Block,
    Model,
    Reference,
    beyond_range,
    beyond_range_is_a_status,
    check_level,
    check_option,
    heterogeneity,
    overdispersion,
    strength,
    without_scatter,
)
from osteobiome.mr.registry import estimator
from osteobiome.stats.gls import gls_origin

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments

ASSUMPTIONS = (
    "every variant is associated with the exposure, or correlated with one that is",
    "no variant shares a cause with the outcome",
    "pleiotropic effects average to zero and are independent of instrument strength",
    "the LD matrix comes from the population of both studies, in the same effect alleles",
)


@beyond_range_is_a_status
def fit_ivw_ld(inst: Instruments, *, method: str, model: Model, distribution: Reference, level: float) -> Estimate:
    """Fit one pair and return an estimate with its status; shared by the two registered models."""
    n = inst.n_variants
    label = {"exposure": inst.exposure, "outcome": inst.outcome, "unit": inst.unit}
    status, message = ld_obstacle(inst)
    if status is Status.OK and distribution == "t" and n < 2:
        status, message = Status.TOO_FEW_INSTRUMENTS, ""
    if status is not Status.OK or inst.ld_r is None:
        return failed(method, status, n_variants=n, message=message, level=level).label(**label)
    fit = gls_origin(inst.beta_exposure, inst.beta_outcome, inst.se_outcome, inst.ld_r)
    q, df = np.array([fit.q]), np.array([n - 1.0])
    if beyond_range(np.array([fit.slope]), np.array([fit.se]), q)[0]:
        return failed(method, Status.NOT_FINITE, n_variants=n, level=level).label(**label)
    if without_scatter(q, df, model)[0]:
        return failed(method, Status.NO_SCATTER, n_variants=n, level=level).label(**label)
    block = Block.from_pairs([inst])
    batch = BatchFit(
        method,
        np.array([fit.slope]),
        fit.se * overdispersion(q, df, model),
        df if distribution == "t" else None,
        np.array([n]),
        np.zeros(1, dtype=np.int8),
        (
            *heterogeneity("cochran_q", q, df),
            *strength(block),
            *ld_diagnostics(inst.ld_r, fit.condition),
        ),
        level,
    )
    return batch.estimates()[0].label(**label)


@estimator(
    name="ivw_ld",
    label="Inverse-variance weighted with LD matrix (multiplicative random effects)",
    short="IVW with LD",
    doi="10.1002/sim.6835",
    assumptions=ASSUMPTIONS,
    min_variants=1,
    needs_ld=True,
)
def ivw_ld(
    inst: Instruments,
    *,
    model: Model = "multiplicative",
    distribution: Reference = "normal",
    level: float = 0.95,
) -> Estimate:
    r"""Estimate the effect of an exposure from variants in linkage disequilibrium.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair with ``ld_r``: signed correlation of the variants, counted in the same effect alleles.
    model : {"multiplicative", "multiplicative_unfloored", "fixed"}
        How scatter enters the standard error; see :func:`osteobiome.mr.estimators.ivw.ivw`.
    distribution : {"normal", "t"}
        Reference distribution of interval and p value.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        With generalised ``cochran_q``, ``i2``, ``mean_f``, ``min_f``, ``ld_condition_number`` and ``max_abs_ld_r``.

    Raises
    ------
    EstimationError
        ``missing_ld``, ``singular`` or ``not_positive_semidefinite``: the matrix is never repaired in silence.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    .. math:: \hat\theta = \frac{\hat\gamma'\Omega^{-1}\hat\Gamma}{\hat\gamma'\Omega^{-1}\hat\gamma}, \quad
              \Omega_{jk} = \sigma_{Yj}\sigma_{Yk}\rho_{jk}

    It fails when the matrix is from other people than the studies: nearly equal variants with opposite residuals
    then dominate. Look at the condition number; above about 1000 prune first.

    References
    ----------
    Burgess, Dudbridge & Thompson 2016, doi:10.1002/sim.6835

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2], [0.01] * 2, [0.05, 0.11], [0.02] * 2, ld_r=[[1, 0.5], [0.5, 1]])
    >>> print(ivw_ld(pair))
    ivw_ld: 0.55 (se 0.1, 2 variants)
    """
    check_option("model", model, ("multiplicative", "multiplicative_unfloored", "fixed"))
    check_option("distribution", distribution, ("normal", "t"))
    check_level(level)
    return fit_ivw_ld(inst, method="ivw_ld", model=model, distribution=distribution, level=level).raise_if_failed()
