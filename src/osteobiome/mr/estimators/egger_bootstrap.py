"""MR-Egger with errors from draws (Bowden et al. 2015, doi:10.1093/ije/dyv080)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.core.estimate import Estimate, Status, Test, failed
from osteobiome.mr.bootstrap import NO_SPREAD_OF_DRAWS, Resampling
from osteobiome.mr.estimators.egger import egger_batch
from osteobiome.mr.fit import STATUSES, Block, beyond_range_is_a_status, check_option
from osteobiome.mr.registry import estimator
from osteobiome.mr.scaled import Scaled, concluded, labelled, plain, strength_tests, turned_outcome
from osteobiome.stats.egger_draws import egger_draws, egger_line
from osteobiome.stats.random import fresh_seed, stream_key
from osteobiome.stats.spread import sd_with_error
from osteobiome.stats.tails import neg_log10_p_normal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments

METHOD = "egger_bootstrap"
MIN_VARIANTS = 3
NULL = "pleiotropic effects average to zero (no directional pleiotropy)"
Line = Literal["weighted", "products"]
Centre = Literal["data", "draws"]


@beyond_range_is_a_status
def _estimate(inst: Instruments, resampling: Resampling, line: Line, centre: Centre) -> Estimate:
    level, n = resampling.level, inst.n_variants

    def fails(status: Status, message: str = "") -> Estimate:
        return labelled(failed(METHOD, status, n_variants=n, message=message, level=level), inst)

    status = STATUSES[egger_batch(Block.from_pairs([inst])).status[0]]
    if status is not Status.OK:
        return fails(status)
    data = Scaled.of(inst)
    weight, of_products = np.square(data.se_y.min() / data.se_y), int(line == "products")
    seed = fresh_seed() if resampling.seed is None else resampling.seed
    y, sign = turned_outcome(data, inst)
    effects = np.stack([data.x, data.se_x, y, data.se_y])
    key = stream_key(seed, inst.exposure, inst.outcome, METHOD)
    drawn = egger_draws(effects, sign, weight, of_products, key, resampling.n_draws)
    own = np.array(egger_line(data.x, y, weight, of_products))
    centres = own if centre == "data" else drawn.mean(axis=0)
    (se, se_error), (spread, _) = (sd_with_error(np.ascontiguousarray(part)) for part in drawn.T)
    if se == 0.0:
        return fails(Status.NOT_FINITE, NO_SPREAD_OF_DRAWS)
    beta, se, se_error = np.ldexp([centres[0], se, se_error], data.exponent).tolist()
    tests = [
        plain("bootstrap_se_error", se_error),
        _intercept(*np.ldexp([centres[1], spread], data.exponent_y).tolist()),
        plain("slope_other_sign", _other_sign(drawn[:, 0])),
        plain("intercept_other_sign", _other_sign(drawn[:, 1])),
    ]
    if centre == "draws":
        tests.insert(0, plain("bootstrap_error", se / math.sqrt(resampling.n_draws)))
    tests += strength_tests(inst)
    result = concluded(inst, METHOD, beta=beta, se=se, level=level, tests=tuple(tests))
    return replace(result, seed=seed, n_draws=resampling.n_draws) if result.status is Status.OK else result


def _intercept(estimate: float, se: float) -> Test:
    z = estimate / se if se > 0.0 else math.nan
    if not math.isfinite(z):
        return Test("egger_intercept", None, null=NULL, message=NO_SPREAD_OF_DRAWS)
    return Test("egger_intercept", z, None, float(neg_log10_p_normal(z)), NULL, estimate, se)


def _other_sign(draws: NDArray[np.float64]) -> float:
    """Return the share of draws on the other side of 0 than their mean."""
    return float(np.mean(np.sign(draws.mean()) * draws < 0.0))


@estimator(
    name=METHOD,
    label="MR-Egger, errors by bootstrap",
    short="MR-Egger (bootstrap)",
    doi="10.1093/ije/dyv080",
    assumptions=(
        "every variant is associated with the exposure",
        "pleiotropic effects are independent of instrument strength (InSIDE); they need not average to zero",
        "exposure effects are measured without error",
        "variants are mutually uncorrelated, and scatter about the line by sampling error alone",
    ),
    min_variants=MIN_VARIANTS,
    stochastic=True,
)
def egger_bootstrap(
    inst: Instruments,
    *,
    line: Line = "weighted",
    centre: Centre = "data",
    n_bootstrap: int = 1000,
    seed: int | None = None,
    level: float = 0.95,
) -> Estimate:
    r"""Estimate by MR-Egger, with standard errors from effects that are drawn again.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 3.
    line : {"weighted", "products"}
        Weighted least squares; or the slope of :math:`w_j\hat\Gamma_j` on :math:`w_j\hat\gamma_j` without weights,
        through the plain means, which is what TwoSampleMR's ``mr_egger_regression_bootstrap`` computes.
    centre : {"data", "draws"}
        The estimate is that of the data, or the mean of the draws, as in TwoSampleMR.
    n_bootstrap : int
        Draws for the standard errors.
    seed : int or None
        Seed of the draws; None draws one. The estimate records it.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        The slope, with ``bootstrap_se_error`` (Monte Carlo error of the standard error), ``egger_intercept``,
        ``slope_other_sign`` and ``intercept_other_sign`` (shares of draws on the other side of 0 than their mean),
        ``mean_f`` and ``min_f``; with ``centre="draws"`` also ``bootstrap_error`` (Monte Carlo error of the estimate).
        ``seed`` and ``n_draws``. The reference distribution is normal.

    Raises
    ------
    EstimationError
        Fewer than three variants, or no spread of exposure effects.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    Effects are drawn, :math:`\hat\gamma_j^* \sim N(\hat\gamma_j, \sigma_{Xj}^2)` and
    :math:`\hat\Gamma_j^* \sim N(\hat\Gamma_j, \sigma_{Yj}^2)`, every variant is turned so that its drawn exposure
    effect is positive, and the line is fitted with weights :math:`w_j = 1/\sigma_{Yj}^2`; standard errors are the
    standard deviations of slopes and intercepts.

    Draws know sampling error only: where variants scatter more, as under balanced pleiotropy, the error is too small,
    and ``egger`` is to be used. Noise is added to exposure effects that have their own already, so draws are diluted
    twice, and their mean lies nearer to 0 than the estimate of the data; TwoSampleMR reports that mean. Its p value is
    ``slope_other_sign``, which is one-sided, and 0 where no draw of a thousand lies there. ``products`` is no weighted
    least squares: it agrees with MR-Egger only where all outcome errors are equal.

    References
    ----------
    Bowden et al. 2015, doi:10.1093/ije/dyv080; TwoSampleMR: Hemani et al. 2018, doi:10.7554/eLife.34408

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.4], [0.01] * 4, [0.06, 0.11, 0.14, 0.2], [0.02] * 4)
    >>> result = egger_bootstrap(pair, seed=1)
    >>> print(result)
    egger_bootstrap: 0.45 (se 0.0934, 4 variants)
    >>> round(egger_bootstrap(pair, centre="draws", seed=1).beta, 3)
    0.449
    """
    check_option("line", line, ("weighted", "products"))
    check_option("centre", centre, ("data", "draws"))
    return _estimate(inst, Resampling(METHOD, n_bootstrap, seed, level), line, centre).raise_if_failed()
