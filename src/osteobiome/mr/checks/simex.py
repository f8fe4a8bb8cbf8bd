"""MR-Egger freed from dilution by simulation extrapolation (Bowden et al. 2016, doi:10.1093/ije/dyw220)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.errors import EstimationError, Fault, SchemaError
from osteobiome.core.estimate import Status, Test
from osteobiome.instruments.strength import i2_gx
from osteobiome.mr.bootstrap import Resampling
from osteobiome.mr.estimators.egger import egger
from osteobiome.mr.fit import Model, Reference, beyond_range_is_a_status, check_option, neg_log10_p, quantile
from osteobiome.mr.scaled import Scaled, turned_outcome
from osteobiome.stats.random import fresh_seed, stream_key
from osteobiome.stats.simex import egger_with_noise, extrapolation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments

FACTORS = (0.5, 1.0, 1.5, 2.0)
NO_VARIANCE = (
    "Not estimable: the extrapolated variance is not above 0. The exposure effects differ by little more than their "
    "errors; nothing corrects MR-Egger then."
)


@dataclass(frozen=True, slots=True)
class Simex:
    r"""MR-Egger before and after extrapolation.

    Parameters
    ----------
    slope, intercept : Test or None
        Estimate, standard error, statistic and p value without dilution; None where there is no fit. If only a
        standard error is missing, the message of the test says why.
    ci_low, ci_high : float or None
        Interval of the slope.
    slope_error, se_error : float or None
        Monte Carlo errors of the slope and of its standard error.
    factors, slopes : tuple of float
        Share of the error variance that was added (0: the data), and the mean slope at each.
    i2_gx : float or None
        Share of the weighted spread of exposure effects that is no error: MR-Egger is diluted by about this factor.
    seed, n_draws : int or None
        Of the draws.
    message : str
        Why there is no fit, with what to do.
    """

    slope: Test | None = None
    intercept: Test | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    slope_error: float | None = None
    se_error: float | None = None
    factors: tuple[float, ...] = ()
    slopes: tuple[float, ...] = ()
    i2_gx: float | None = None
    seed: int | None = None
    n_draws: int | None = None
    message: str = ""


def simex(
    inst: Instruments,
    *,
    factors: Sequence[float] = FACTORS,
    model: Model = "multiplicative",
    distribution: Reference = "t",
    n_bootstrap: int = 1000,
    seed: int | None = None,
    level: float = 0.95,
) -> Simex:
    r"""Return slope and intercept of MR-Egger as they would be without error in the exposure effects.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 3.
    factors : sequence of float
        How much of the error variance is added, above 0 and different; at least two.
    model : {"multiplicative", "multiplicative_unfloored", "fixed"}
        How scatter enters the standard errors; R's ``simex`` of an ``lm`` is ``multiplicative_unfloored``.
    distribution : {"t", "normal"}
        Reference of tests and interval; t has n - 2 degrees of freedom.
    n_bootstrap : int
        Draws per factor.
    seed : int or None
        Seed of the draws; None draws one. The result records it.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Simex
        Or a message where MR-Egger itself has no fit.

    Raises
    ------
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    With the exposure effects turned positive, MR-Egger is fitted to
    :math:`\hat\gamma_j + \sqrt\lambda\sigma_{Xj}z_j` for each factor :math:`\lambda`; a quadratic in :math:`\lambda`
    through the mean slopes, and the slope of the data at 0, is read off at :math:`\lambda = -1`, where the error is
    gone. The variance is the same extrapolation of the mean model variance less the variance of the draws (Stefanski &
    Cook 1995). All factors share their draws, so the curve is smooth; Monte Carlo errors are those of the
    extrapolated means.

    The weaker the instruments, the more the extrapolant matters: a quadratic takes back most, not all, of the dilution
    when I²_GX is below about 0.7, and the standard error grows. It takes the errors of different variants, and of the
    two traits, for independent. It does nothing about strength that goes with pleiotropy.

    References
    ----------
    Bowden et al. 2016, doi:10.1093/ije/dyw220; simulation extrapolation: Cook & Stefanski 1994,
    doi:10.1080/01621459.1994.10476871; variance: Stefanski & Cook 1995, doi:10.1080/01621459.1995.10476629

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.4], [0.04] * 4, [0.06, 0.11, 0.14, 0.2], [0.02] * 4)
    >>> result = simex(pair, seed=1)
    >>> round(egger(pair).beta, 3), round(result.slope.estimate, 3), round(result.slope_error, 3)
    (0.45, 0.46, 0.005)
    """
    resampling = Resampling("simex", n_bootstrap, seed, level, distribution)
    check_option("model", model, ("multiplicative", "multiplicative_unfloored", "fixed"))
    check_option("distribution", distribution, ("t", "normal"))
    places = np.array(factors, dtype=np.float64)
    if len(set(places.tolist())) < max(2, places.size) or not ((places > 0.0) & np.isfinite(places)).all():
        raise SchemaError(Fault("bad_option", "option factors", f"values {list(factors)}", "two or more, above 0"))
    try:
        egger(inst, model=model)  # it knows why there may be no fit
    except EstimationError as error:
        return Simex(message=error.faults[0].found)
    return _fit(inst, resampling, places, model)


@beyond_range_is_a_status
def _fit(inst: Instruments, resampling: Resampling, factors: NDArray[np.float64], model: Model) -> Simex:
    data = Scaled.of(inst)
    n, seed = inst.n_variants, fresh_seed() if resampling.seed is None else resampling.seed
    raw = np.square(data.se_y.min() / data.se_y)
    weight = raw / raw.sum()
    # inverse variances are this times the shares
    information = float(np.sum(1.0 / np.square(data.se_y)))
    y, _ = turned_outcome(data, inst)
    mean_x, mean_y = float(weight @ data.x), float(weight @ y)
    key = stream_key(seed, inst.exposure, inst.outcome, resampling.method)
    centred = (data.x - mean_x, y - mean_y, weight)
    drawn = egger_with_noise(*centred, data.se_x, factors, key, resampling.n_draws)
    naive = egger_with_noise(*centred, 0.0 * data.se_x, np.array([1.0]), key, 1)[0, 0]
    slope, noise, rest, square = (np.moveaxis(drawn, 2, 0)[i] for i in range(4))
    coefficients = extrapolation(factors)
    dispersion = _dispersion(information * np.append(rest, naive[2]), n - 2.0, model)
    own = dispersion[-1] / (information * naive[3])
    modelled = dispersion[:-1].reshape(rest.shape) / (information * square)
    beta, beta_error, variance, variance_error = _extrapolated(slope, modelled, float(naive[0]), own, coefficients)
    level = mean_y - slope * (mean_x + noise)
    level_variance = dispersion[:-1].reshape(rest.shape) / information + np.square(mean_x + noise) * modelled
    naive_level = mean_y - float(naive[0]) * mean_x
    naive_variance = dispersion[-1] / information + mean_x**2 * own
    alpha, _, spread, _ = _extrapolated(level, level_variance, naive_level, naive_variance, coefficients)
    if not np.isfinite([beta, beta_error, variance, alpha, spread]).all():
        return Simex(message=Status.NOT_FINITE.message)
    return _result(
        inst,
        data,
        resampling,
        numbers=(beta, variance, alpha, spread, beta_error, variance_error),
        curve=np.append(naive[0], slope.mean(axis=0)),
        factors=factors,
        seed=seed,
    )


def _dispersion(q: NDArray[np.float64], df: float, model: Model) -> NDArray[np.float64]:
    """Return what variances under fixed effects are multiplied by."""
    if model == "fixed":
        return np.ones_like(q)
    factor: NDArray[np.float64] = q / df
    return np.maximum(factor, 1.0) if model == "multiplicative" else factor


def _extrapolated(
    draws: NDArray[np.float64],
    modelled: NDArray[np.float64],
    naive: float,
    naive_variance: float,
    coefficients: NDArray[np.float64],
) -> tuple[float, float, float, float]:
    """Return an extrapolated estimate and its variance, with the Monte Carlo error of each."""
    first, rest = coefficients[0], coefficients[1:]
    n_draws = draws.shape[0]
    mean = draws.mean(axis=0)
    off = modelled - np.square(draws - mean) * (n_draws / (n_draws - 1.0))
    estimate = first * naive + float(rest @ mean)
    variance = first * naive_variance + float(rest @ off.mean(axis=0))
    errors = [float(np.std(values @ rest, ddof=1)) / math.sqrt(n_draws) for values in (draws, off)]
    return estimate, errors[0], variance, errors[1]


def _result(
    inst: Instruments,
    data: Scaled,
    resampling: Resampling,
    *,
    numbers: tuple[float, float, float, float, float, float],
    curve: NDArray[np.float64],
    factors: NDArray[np.float64],
    seed: int,
) -> Simex:
    """Return the result in the unit of the pair."""
    beta, variance, alpha, spread, beta_error, variance_error = numbers
    df = np.array([inst.n_variants - 2.0]) if resampling.distribution == "t" else None
    se = math.sqrt(variance) if variance > 0.0 else math.nan
    up, up_y = data.exponent, data.exponent_y
    estimate, error = math.ldexp(beta, up), math.ldexp(se, up)
    half = error * float(np.ravel(quantile(resampling.level, df))[0])
    has_se = math.isfinite(error)
    share = float(i2_gx(data.x, data.se_x, se_outcome=data.se_y))
    return Simex(
        slope=_test("egger_simex", estimate, error, df, "the exposure has no effect on the outcome"),
        intercept=_test(
            "egger_simex_intercept",
            math.ldexp(alpha, up_y),
            math.ldexp(math.sqrt(spread), up_y) if spread > 0.0 else math.nan,
            df,
            "pleiotropic effects average to zero (no directional pleiotropy)",
        ),
        ci_low=estimate - half if has_se else None,
        ci_high=estimate + half if has_se else None,
        slope_error=math.ldexp(beta_error, up),
        se_error=math.ldexp(variance_error / (2.0 * se), up) if has_se else None,
        factors=(0.0, *factors.tolist()),
        slopes=tuple(np.ldexp(curve, up).tolist()),
        i2_gx=share,
        seed=seed,
        n_draws=resampling.n_draws,
    )


def _test(name: str, estimate: float, se: float, df: NDArray[np.float64] | None, null: str) -> Test:
    """Return a Wald test, without a number if there is no standard error."""
    if not (math.isfinite(se) and se > 0.0):
        return Test(name, None, null=null, estimate=estimate, message=NO_VARIANCE)
    z = np.array([estimate / se])
    p = float(neg_log10_p(z, df)[0])
    return Test(name, float(z[0]), None if df is None else float(df[0]), p, null, estimate, se)
