"""MR-Egger for correlated variants (Burgess & Thompson 2017, doi:10.1007/s10654-017-0255-x)."""

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
    TestColumn,
    beyond_range,
    beyond_range_is_a_status,
    check_level,
    check_option,
    heterogeneity,
    neg_log10_p,
    overdispersion,
    strength,
    without_scatter,
)
from osteobiome.mr.registry import estimator
from osteobiome.stats.gls import GlsLine, gls_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments

MIN_VARIANTS = 3


@beyond_range_is_a_status
def _fit(inst: Instruments, *, model: Model, distribution: Reference, level: float) -> Estimate:
    """Fit one pair and return an estimate with its status."""
    n = inst.n_variants
    label = {"exposure": inst.exposure, "outcome": inst.outcome, "unit": inst.unit}
    status, message = ld_obstacle(inst)
    if 0 < n < MIN_VARIANTS:
        status, message = Status.TOO_FEW_INSTRUMENTS, ""
    if status is not Status.OK or inst.ld_r is None:
        return failed("egger_ld", status, n_variants=n, message=message, level=level).label(**label)
    sign = np.where(inst.beta_exposure < 0.0, -1.0, 1.0)
    line = gls_line(
        sign * inst.beta_exposure,
        sign * inst.beta_outcome,
        se_y=inst.se_outcome,
        correlation=inst.ld_r * np.outer(sign, sign),
    )
    q, df = np.array([line.q]), np.array([n - 2.0])
    status = _outcome(line, q, df, model)
    if status is not Status.OK:
        return failed("egger_ld", status, n_variants=n, level=level).label(**label)
    factor = overdispersion(q, df, model)
    df_used = df if distribution == "t" else None
    q_test, i2 = heterogeneity("rucker_q", q, df, null="the variants scatter about the line by sampling error alone")
    batch = BatchFit(
        "egger_ld",
        np.array([line.slope]),
        line.se * factor,
        df_used,
        np.array([n]),
        np.zeros(1, dtype=np.int8),
        (
            _intercept_test(line, factor, df_used),
            q_test,
            i2,
            *strength(Block.from_pairs([inst])),
            *ld_diagnostics(inst.ld_r, line.condition),
        ),
        level,
    )
    return batch.estimates()[0].label(**label)


def _outcome(line: GlsLine, q: NDArray[np.float64], df: NDArray[np.float64], model: Model) -> Status:
    """Return why a fitted line is no estimate, or ok."""
    if np.isnan(line.slope):
        return Status.NO_SPREAD
    if beyond_range(np.array([line.slope]), np.array([line.se]), q, np.array([line.se_intercept]))[0]:
        return Status.NOT_FINITE
    return Status.NO_SCATTER if without_scatter(q, df, model)[0] else Status.OK


def _intercept_test(line: GlsLine, factor: NDArray[np.float64], df: NDArray[np.float64] | None) -> TestColumn:
    """Return the test of directional pleiotropy."""
    se = line.se_intercept * factor
    statistic = line.intercept / se
    return TestColumn(
        "egger_intercept",
        statistic,
        df,
        neg_log10_p(statistic, df),
        "pleiotropic effects average to zero (no directional pleiotropy)",
        np.array([line.intercept]),
        se,
    )


@estimator(
    name="egger_ld",
    label="MR-Egger with LD matrix",
    short="MR-Egger with LD",
    doi="10.1007/s10654-017-0255-x",
    assumptions=(
        "every variant is associated with the exposure, or correlated with one that is",
        "pleiotropic effects are independent of instrument strength (InSIDE); they need not average to zero",
        "exposure effects are measured without error",
        "the LD matrix comes from the population of both studies, in the same effect alleles",
    ),
    min_variants=MIN_VARIANTS,
    needs_ld=True,
)
def egger_ld(
    inst: Instruments,
    *,
    model: Model = "multiplicative",
    distribution: Reference = "t",
    level: float = 0.95,
) -> Estimate:
    r"""Estimate from variants in linkage disequilibrium while allowing pleiotropy a common direction.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair with ``ld_r``, n_variants >= 3.
    model : {"multiplicative", "multiplicative_unfloored", "fixed"}
        How scatter enters the standard errors of slope and intercept; see :func:`osteobiome.mr.estimators.ivw.ivw`.
    distribution : {"t", "normal"}
        Reference for slope and intercept: t with n - 2 degrees of freedom (our default), or normal
        (MendelianRandomization's default).
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        The slope, with ``egger_intercept``, generalised ``rucker_q``, ``i2``, ``mean_f``, ``min_f``,
        ``ld_condition_number`` and ``max_abs_ld_r``.

    Raises
    ------
    EstimationError
        Fewer than three variants, no spread of exposure effects, or ``missing_ld``, ``singular``,
        ``not_positive_semidefinite``: the matrix is never repaired in silence.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    Every variant is turned so that its exposure effect is positive, and its correlations change sign with it. Then

    .. math:: \hat\Gamma = \theta_0 1 + \theta \hat\gamma + \varepsilon, \quad
              \mathrm{cov}(\varepsilon) = \Omega,\ \Omega_{jk} = \sigma_{Yj}\sigma_{Yk}\rho_{jk}

    is fitted by generalised least squares. Turning is less harmless than for uncorrelated variants: a variant whose
    exposure effect comes from its neighbours may be turned against its own pleiotropy. Variants of one region share
    their pleiotropy, InSIDE then has little to average over.

    References
    ----------
    Burgess & Thompson 2017, doi:10.1007/s10654-017-0255-x; generalised least squares: Burgess, Dudbridge & Thompson
    2016, doi:10.1002/sim.6835

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> ld = [[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]]
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3], [0.01] * 3, [0.06, 0.11, 0.14], [0.02] * 3, ld_r=ld)
    >>> print(egger_ld(pair))
    egger_ld: 0.425 (se 0.132, 3 variants)
    """
    check_option("model", model, ("multiplicative", "multiplicative_unfloored", "fixed"))
    check_option("distribution", distribution, ("t", "normal"))
    check_level(level)
    return _fit(inst, model=model, distribution=distribution, level=level).raise_if_failed()
