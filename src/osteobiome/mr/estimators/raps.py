"""Robust adjusted profile score (Zhao et al. 2020, doi:10.1214/19-AOS1866)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.mr.fit import beyond_range_is_a_status, check_level, check_option
from osteobiome.mr.registry import estimator
from osteobiome.mr.scaled import Scaled, concluded, labelled, obstacle, plain, strength_tests
from osteobiome.stats.profile_score import LOSSES, Loss, loss_moments, lowest_slope, solve_with_scatter

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments

METHOD = "raps"
MIN_VARIANTS = 3


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


@beyond_range_is_a_status
def _estimate(inst: Instruments, *, loss: Loss, overdispersion: bool, level: float) -> Estimate:
    failure = obstacle(inst, method=METHOD, min_variants=MIN_VARIANTS, level=level)
    if failure is not None:
        return failure
    data = Scaled.of(inst)
    effects = data.x, data.se_x, data.y, data.se_y
    tau2, found = 0.0, True
    if overdispersion:
        slope, tau2, found = solve_with_scatter(effects, loss=loss)
    else:
        slope, _ = lowest_slope(effects, loss=loss)
    if not found:
        return labelled(failed(METHOD, Status.NOT_CONVERGED, n_variants=inst.n_variants, level=level), inst)
    try:
        se, se_tau2 = standard_errors(data, slope, tau2, loss=loss, overdispersion=overdispersion)
    except (ValueError, ZeroDivisionError):
        se = se_tau2 = math.nan
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
def raps(inst: Instruments, *, loss: Loss = "huber", overdispersion: bool = True, level: float = 0.95) -> Estimate:
    r"""Estimate by the profile score of effects that are both measured with error, robust to outliers.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 3.
    loss : {"huber", "l2", "tukey"}
        How much a variant far from the line counts: ever more slowly, its square, or less and less.
    overdispersion : bool
        Whether all variants have small direct effects of a common variance :math:`\tau^2`, to be estimated too.
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

    Of several minima the lowest is taken, of several :math:`\tau^2` the smallest; no root above 0 means 0. Standard
    errors are the sandwich of both equations. ``mr.raps`` solves the same ones without overdispersion. With it, and a
    robust loss, its steps end where the equations do not hold (it prints :math:`\tau^2 = 0` on LDL cholesterol, where
    the second equation is far from 0), and its standard error then takes no account of the scatter.

    It mends weak instruments, not the choice of variants in the same study (design 5.1). It fails when direct effects
    are directional.

    References
    ----------
    Zhao, Wang, Hemani, Bowden & Small 2020, doi:10.1214/19-AOS1866

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> on_outcome = [0.05, 0.11, 0.14, 0.4, 0.13]
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.2, 0.25], [0.01] * 5, on_outcome, [0.02] * 5)
    >>> print(raps(pair, overdispersion=False))
    raps: 0.534 (se 0.0406, 5 variants)
    """
    check_option("loss", loss, LOSSES)
    check_level(level)
    return _estimate(inst, loss=loss, overdispersion=overdispersion, level=level).raise_if_failed()
