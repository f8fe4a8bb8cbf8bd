"""Robust adjusted profile score (Zhao et al. 2020, doi:10.1214/19-AOS1866)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.mr.fit import beyond_range_is_a_status, check_level, check_option
from osteobiome.mr.registry import estimator
from osteobiome.mr.scaled import Scaled, concluded, labelled, obstacle, plain, strength_tests
from osteobiome.stats.partial_bayes import fit_prior, observed_errors, solve_shrunk
from osteobiome.stats.profile_score import LOSSES, Loss, loss_moments, lowest_slope, solve_with_scatter

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments

METHOD = "raps"
MIN_VARIANTS = 3
Form = Literal["profile", "observed", "shrinkage"]
FORMS: tuple[Form, ...] = ("profile", "observed", "shrinkage")


def standard_errors(
    data: Scaled, slope: float, tau2: float, *, loss: Loss, overdispersion: bool
) -> tuple[float, float]:
    """Return the standard errors of slope and overdispersion by the sandwich of their two equations."""
    of = loss_moments(loss)
    x2, sx2, y2 = np.square(data.x), np.square(data.se_x), np.square(data.y)
    v = np.square(data.se_y) + tau2
    s2 = v + slope * slope * sx2
    signal = (x2 - sx2) * v + (y2 - v) * sx2
    pull = of.slope * float(np.sum(signal / s2**2))
    meat = of.square * float(np.sum((signal + sx2 * v) / s2**2))
    if not overdispersion:
        return math.sqrt(meat) / abs(pull), math.nan
    cross = of.slope * float(np.sum(slope * sx2 / s2**2))
    own = 0.5 * (of.slope + of.bend) * float(np.sum(sx2 / s2**2))
    spread = of.spread * float(np.sum(np.square(sx2) / s2**2))
    # the matrix of derivatives is triangular: that of the second equation by the slope is 0 on average
    return math.sqrt(meat + (cross / own) ** 2 * spread) / abs(pull), math.sqrt(spread) / own


def _solve(data: Scaled, *, loss: Loss, overdispersion: bool, form: Form) -> tuple[float, float, float, float, bool]:
    """Return slope, overdispersion, their standard errors, and whether the equations were solved."""
    effects = data.x, data.se_x, data.y, data.se_y
    tau2, found, prior = 0.0, True, None
    if overdispersion:
        slope, tau2, found = solve_with_scatter(effects, loss=loss, alike=form != "profile")
    else:
        slope, _ = lowest_slope(effects, loss=loss)
    if found and form == "shrinkage":
        prior = fit_prior(data.x / data.se_x)
        slope, tau2, found = solve_shrunk(
            effects, near=(slope, tau2), loss=loss, prior=prior, overdispersion=overdispersion
        )
    if not found:
        return math.nan, math.nan, math.nan, math.nan, False
    try:
        if form == "profile":
            errors = standard_errors(data, slope, tau2, loss=loss, overdispersion=overdispersion)
        else:
            errors = observed_errors(
                effects, slope=slope, tau2=tau2, loss=loss, prior=prior, overdispersion=overdispersion
            )
    except (ValueError, ZeroDivisionError):
        errors = math.nan, math.nan
    return slope, tau2, *errors, True


@beyond_range_is_a_status
def _estimate(inst: Instruments, *, loss: Loss, overdispersion: bool, form: Form, level: float) -> Estimate:
    failure = obstacle(inst, method=METHOD, min_variants=MIN_VARIANTS, level=level)
    if failure is not None:
        return failure
    data = Scaled.of(inst)
    slope, tau2, se, se_tau2, found = _solve(data, loss=loss, overdispersion=overdispersion, form=form)
    if not found:
        return labelled(failed(METHOD, Status.NOT_CONVERGED, n_variants=inst.n_variants, level=level), inst)
    beta, error = np.ldexp([slope, se], data.exponent).tolist()
    variance, its_error = np.ldexp([tau2, se_tau2], 2 * data.exponent_y).tolist()
    tests = (plain("tau2", variance), plain("tau2_se", its_error), *strength_tests(inst))
    return concluded(inst, METHOD, beta=beta, se=error, level=level, tests=tests)


@estimator(
    name=METHOD,
    label="Robust adjusted profile score",
    short="RAPS",
    doi="10.1214/19-AOS1866",
    assumptions=(
        "most variants are associated with the exposure, if only weakly",
        "the variants were not selected by the exposure effects that enter",
        "no variant shares a cause with the outcome",
        "direct effects are normal about zero, but for a few large ones, and independent of instrument strength",
        "the samples of exposure and outcome do not overlap",
        "variants are mutually uncorrelated",
    ),
    min_variants=MIN_VARIANTS,
)
def raps(
    inst: Instruments,
    *,
    loss: Loss = "huber",
    overdispersion: bool = True,
    form: Form = "profile",
    level: float = 0.95,
) -> Estimate:
    r"""Estimate by the profile score of effects that are both measured with error, robust to outliers.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 3.
    loss : {"huber", "l2", "tukey"}
        How much a variant far from the line counts: ever more slowly, its square, or less and less.
    overdispersion : bool
        Whether all variants have small direct effects of a common variance :math:`\tau^2`, to be estimated too.
    form : {"profile", "observed", "shrinkage"}
        ``profile``: the equations of the notes with expected derivatives in the standard errors (``mr.raps.mle``).
        ``observed``: all variants alike in the equation of :math:`\tau^2`, and observed derivatives (the function
        ``mr.raps``, which TwoSampleMR calls). ``shrinkage``: as that, and exposure effects that weigh the residuals
        are shrunk towards 0, which gains precision when most variants are weak (``mr.raps.shrinkage``).
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        With ``tau2`` (variance of direct effects, squared outcome units), ``tau2_se``, ``mean_f`` and ``min_f``.

    Raises
    ------
    EstimationError
        Too few variants, exposure effects all zero, or equations that were not solved.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    With :math:`v_j = \sigma_{Yj}^2 + \tau^2 + \theta^2\sigma_{Xj}^2` and :math:`t_j = (\hat\Gamma_j -
    \theta\hat\gamma_j)/\sqrt{v_j}`, :math:`\theta` minimises :math:`\sum_j\rho(t_j)`, and

    .. math:: \sum_j \sigma_{Xj}^2\,\frac{t_j\psi(t_j) - E[Z\psi(Z)]}{v_j} = 0.

    With ``observed`` and ``shrinkage`` the factor :math:`\sigma_{Xj}^2` of the second equation is 1. With
    ``shrinkage`` the first is :math:`\sum_j \check\gamma_j\psi(t_j)/\sqrt{v_j} = 0`, with :math:`\check\gamma_j` the
    expected exposure effect given both files, under a mixture of two normal distributions about 0 that is fitted to the
    exposure z statistics; without shrinkage it is the derivative of the loss.

    Of several minima the lowest is taken; with shrinkage, which has no loss, the root nearest to it. Of several
    :math:`\tau^2` the smallest; no root above 0 means 0. ``mr.raps.mle`` with overdispersion and a robust loss ends
    where the second equation does not hold (it prints :math:`\tau^2 = 0` on LDL cholesterol, where it is far from 0),
    so its standard error takes no account of the scatter; the function ``mr.raps`` does solve its own.

    It mends weak instruments, not the bias of choosing variants in the same study. It fails when direct effects are
    directional.

    References
    ----------
    Zhao, Wang, Hemani, Bowden & Small 2020, doi:10.1214/19-AOS1866; shrinkage: Zhao, Chen, Wang & Small 2019,
    doi:10.1093/ije/dyz142

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> on_outcome = [0.05, 0.11, 0.14, 0.4, 0.13]
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.2, 0.25], [0.01] * 5, on_outcome, [0.02] * 5)
    >>> print(raps(pair, overdispersion=False))
    raps: 0.534 (se 0.0406, 5 variants)
    """
    check_option("loss", loss, LOSSES)
    check_option("form", form, FORMS)
    check_level(level)
    return _estimate(inst, loss=loss, overdispersion=overdispersion, form=form, level=level).raise_if_failed()
