"""Simulation extrapolation of MR-Egger: against other draws and plain regressions, and hard cases."""

import dataclasses
import time

import numpy as np
import pytest
from scipy import stats

from osteobiome.core.errors import SchemaError
from osteobiome.instruments import Instruments, i2_gx
from osteobiome.mr import egger
from osteobiome.mr.checks.simex import FACTORS, simex

pytestmark = pytest.mark.kernel
AS_R = {"model": "multiplicative_unfloored"}


def pair_of(n=14, *, error=0.03, seed=1):
    rng = np.random.default_rng([seed, n])
    gamma, turn = rng.uniform(0.05, 0.25, n), rng.choice([-1.0, 1.0], n)
    se_x, se_y = rng.uniform(0.8, 1.2, n) * error, rng.uniform(0.01, 0.03, n)
    x = np.abs(gamma + se_x * rng.normal(size=n))
    y = 0.5 * gamma + 0.02 + 1.5 * se_y * rng.normal(size=n)
    return Instruments.from_arrays(turn * x, se_x, turn * y, se_y)


def by_numpy(pair, n_draws, seed):
    """Return slope and intercept, their variances, and the Monte Carlo error of the slope."""
    rng = np.random.default_rng(seed)
    sign = np.sign(pair.beta_exposure)
    x, y, w = np.abs(pair.beta_exposure), pair.beta_outcome * sign, 1 / pair.se_outcome**2
    places = np.array([0.0, *FACTORS])
    means, variances, spread = [], [], []
    for place in places:
        star = x + np.sqrt(place) * pair.se_exposure * rng.normal(size=(n_draws if place else 1, x.size))
        mean = (star @ w / w.sum())[:, np.newaxis]
        square = ((star - mean) ** 2) @ w
        slope = ((star - mean) * y) @ w / square
        level = (w @ y) / w.sum() - slope * mean[:, 0]
        left = ((y - level[:, np.newaxis] - slope[:, np.newaxis] * star) ** 2) @ w / (x.size - 2)
        fits = np.stack([slope, level])
        own = np.stack([left / square, left * (1 / w.sum() + mean[:, 0] ** 2 / square)]).mean(axis=1)
        drawn = fits.var(axis=1, ddof=1) if place else np.zeros(2)
        means.append(fits.mean(axis=1))
        variances.append(own - drawn)
        spread.append(drawn[0] / n_draws)
    # Lagrange: what each place contributes to the value of the least-squares quadratic at -1
    share = np.array([np.polyval(np.polyfit(places, unit, 2), -1.0) for unit in np.eye(places.size)])
    return share @ np.array(means), share @ np.array(variances), np.sqrt(share**2 @ np.array(spread))


@pytest.mark.parametrize("error", [0.01, 0.03])
def test_simex__equals_plain_regressions_on_other_draws(error):
    pair = pair_of(error=error)
    (slope, level), variance, mc_error = by_numpy(pair, 40_000, 5)
    result = simex(pair, seed=1, n_bootstrap=40_000, **AS_R)
    assert result.slope.estimate == pytest.approx(slope, abs=4 * np.hypot(mc_error, result.slope_error))
    assert result.intercept.estimate == pytest.approx(level, abs=4 * 0.15 * np.hypot(mc_error, result.slope_error))
    assert result.slope.se == pytest.approx(np.sqrt(variance[0]), rel=0.02)
    assert result.intercept.se == pytest.approx(np.sqrt(variance[1]), rel=0.02)


def test_simex__monte_carlo_errors_are_those_of_repetitions():
    pair = pair_of()
    runs = [simex(pair, seed=seed, n_bootstrap=200) for seed in range(200)]
    for values, stated in (
        ([r.slope.estimate for r in runs], [r.slope_error for r in runs]),
        ([r.slope.se for r in runs], [r.se_error for r in runs]),
    ):
        ratio = np.var(values, ddof=1) / np.mean(np.square(stated))
        low, high = stats.chi2.ppf([0.0005, 0.9995], 199) / 199
        assert 0.8 * low < ratio < 1.25 * high  # the draws are not normal


def test_simex__undoes_most_of_the_dilution():
    """4,000 variants: sampling error is small, and the slope is diluted by the share of spread that is no error."""
    pair = pair_of(4000, error=0.03)
    naive, result = egger(pair), simex(pair, seed=1, n_bootstrap=200)
    assert naive.beta == pytest.approx(0.5 / (1 + np.mean(pair.se_exposure**2) / (0.2**2 / 12)), abs=0.02)
    assert result.slopes[0] == pytest.approx(naive.beta, rel=1e-12)
    assert np.all(np.diff(result.slopes) < 0.0)
    assert abs(result.slope.estimate - 0.5) < 0.3 * abs(naive.beta - 0.5)
    assert result.ci_low < result.slope.estimate < result.ci_high


def test_simex__without_error_is_mr_egger():
    pair = pair_of()
    exact = dataclasses.replace(pair, se_exposure=np.full(14, 1e-12))
    naive, result = egger(exact), simex(exact, seed=1)
    assert result.slope.estimate == pytest.approx(naive.beta, rel=1e-9)
    assert result.slope.se == pytest.approx(naive.se, rel=1e-9)
    assert (result.ci_low, result.ci_high) == (pytest.approx(naive.ci_low), pytest.approx(naive.ci_high))
    intercept = naive.diagnostic("egger_intercept")
    assert result.intercept.estimate == pytest.approx(intercept.estimate, rel=1e-9)
    assert result.intercept.se == pytest.approx(intercept.se, rel=1e-9)
    assert result.slope.neg_log_10_p_value == pytest.approx(naive.neg_log_10_p_value, rel=1e-9)


def test_simex__reports_the_share_that_dilutes_mr_egger():
    pair = pair_of()
    share = float(i2_gx(pair.beta_exposure, pair.se_exposure, se_outcome=pair.se_outcome))
    assert simex(pair, seed=1).i2_gx == pytest.approx(share, rel=1e-12)


@pytest.mark.parametrize("c", [2.0, -0.5])
def test_simex__follows_units_and_knows_no_order_or_allele(c):
    pair = pair_of(9)
    order, sign = np.random.default_rng(0).permutation(9), np.array([1, -1, 1, 1, -1, 1, -1, 1, 1.0])
    other = Instruments.from_arrays(
        (c * sign * pair.beta_exposure)[order],
        (abs(c) * pair.se_exposure)[order],
        (sign * pair.beta_outcome)[order],
        pair.se_outcome[order],
    )
    one, two = simex(pair, seed=1), simex(other, seed=1)
    assert two.slope.estimate == pytest.approx(one.slope.estimate / c, rel=1e-10)
    assert two.slope.se == pytest.approx(one.slope.se / abs(c), rel=1e-10)
    assert two.intercept.estimate == pytest.approx(one.intercept.estimate * np.sign(c), rel=1e-9)


def test_simex__seed_is_recorded_and_draws_it_again():
    pair = pair_of()
    result = simex(pair, n_bootstrap=50)
    assert simex(pair, n_bootstrap=50, seed=result.seed) == result
    assert simex(pair, n_bootstrap=50, seed=result.seed + 1).slope != result.slope
    renamed = dataclasses.replace(pair, outcome="other")
    assert simex(renamed, n_bootstrap=50, seed=result.seed).slope != result.slope


def test_simex__instruments_without_strength_have_no_standard_error():
    """Extrapolation of a slope that is all noise may give a variance below 0: then there is no test, and it is said."""
    x = np.array([0.06, 0.1, 0.14, 0.18, 0.22])
    pair = Instruments.from_arrays(x, [0.2] * 5, 0.5 * x, [0.0005] * 5)
    result = simex(pair, seed=1)
    assert np.isfinite(result.slope.estimate)
    assert (result.slope.se, result.slope.statistic, result.ci_low, result.se_error) == (None,) * 4
    assert "extrapolated variance" in result.slope.message


@pytest.mark.parametrize("n", [0, 1, 2])
def test_simex__too_few_variants_have_a_message(n):
    pair = pair_of().subset(np.arange(14) < n)
    assert simex(pair).slope is None
    assert "Not estimable" in simex(pair).message


def test_simex__three_variants_and_an_exposure_effect_of_zero():
    pair = pair_of().subset(np.arange(14) < 3)
    pair.beta_exposure[1] = 0.0
    assert simex(pair, seed=1).slopes[0] == pytest.approx(egger(pair).beta, rel=1e-10)
    nothing = dataclasses.replace(pair, beta_exposure=np.zeros(3))
    assert "no effect on the exposure" in simex(nothing).message


def test_simex__errors_over_six_orders_of_magnitude():
    rng = np.random.default_rng(4)
    se, x = 10.0 ** np.linspace(-6, 0, 25), rng.uniform(0.1, 0.4, 25)
    pair = Instruments.from_arrays(x, np.full(25, 1e-7), 0.5 * x + se * rng.normal(size=25), se)
    assert simex(pair, seed=1).slope.estimate == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("factor", [1e-200, 1e200])
@pytest.mark.parametrize("name", ["beta_exposure", "se_exposure", "beta_outcome", "se_outcome"])
def test_simex__absurd_magnitudes_are_finite_numbers_or_a_message(name, factor):
    pair = pair_of()
    result = simex(dataclasses.replace(pair, **{name: getattr(pair, name) * factor}), seed=1)
    if result.slope is None:
        assert result.message
    else:
        assert np.isfinite(result.slope.estimate)
        assert not any(np.isnan(v) for v in result.slopes)


def test_simex__a_hundred_thousand_variants():
    simex(pair_of(), seed=1)  # compiled
    pair = pair_of(100_000)
    start = time.perf_counter()
    assert simex(pair, seed=1, n_bootstrap=200).slope.se > 0
    assert time.perf_counter() - start < 10.0


@pytest.mark.parametrize(
    "options",
    [
        {"factors": (1.0,)},
        {"factors": (0.0, 1.0)},
        {"factors": (1.0, 1.0)},
        {"factors": (1.0, float("nan"))},
        {"model": "additive"},
        {"distribution": "f"},
        {"n_bootstrap": 1},
        {"seed": -1},
        {"level": 1.0},
    ],
)
def test_simex__options_that_do_not_exist_are_refused(options):
    with pytest.raises(SchemaError):
        simex(pair_of(), **options)
