"""The five modes: what each weighs and draws by, options, hard cases."""

import dataclasses

import numpy as np
import pytest

from osteobiome.core.errors import EstimationError, SchemaError
from osteobiome.instruments import Instruments
from osteobiome.mr.estimators import (
    penalised_mode,
    simple_mode,
    simple_mode_nome,
    weighted_mode,
    weighted_mode_nome,
)
from osteobiome.stats.mode import grid_step, mode_on_grid
from osteobiome.stats.penalty import PENALTY, penalised_weights

pytestmark = pytest.mark.kernel

MODES = [simple_mode, weighted_mode, simple_mode_nome, weighted_mode_nome, penalised_mode]
QUICK = {"n_bootstrap": 12, "seed": 1}


def some_pair(n=9, seed=0):
    rng = np.random.default_rng([seed, n])
    x, se_y = rng.uniform(0.05, 0.2, n) * rng.choice([-1, 1], n), rng.uniform(0.01, 0.05, n)
    y = 0.4 * x + se_y * rng.normal(size=n)
    y[: n // 3] += 0.2
    return Instruments.from_arrays(x, rng.uniform(0.005, 0.03, n), y, se_y)


def plain(pair):
    ratio = pair.beta_outcome / pair.beta_exposure
    first = (pair.se_outcome / pair.beta_exposure) ** 2
    return ratio, first, first + (ratio * pair.se_exposure / pair.beta_exposure) ** 2


@pytest.mark.parametrize("phi", [0.5, 1.0])
def test_modes__use_their_own_weights(phi):
    pair = some_pair()
    ratio, first, second = plain(pair)
    simple, _ = mode_on_grid(ratio, np.ones(9), phi)
    weighted, _ = mode_on_grid(ratio, 1 / second, phi)
    penalised = penalised_weights(ratio, np.sqrt(second), 1 / second, weighted, PENALTY)
    for mode, want in {
        simple_mode: simple,
        simple_mode_nome: simple,
        weighted_mode: weighted,
        weighted_mode_nome: mode_on_grid(ratio, 1 / first, phi)[0],
        penalised_mode: mode_on_grid(ratio, penalised, phi)[0],
    }.items():
        assert mode(pair, phi=phi, **QUICK).beta == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize(("mode", "order"), [(simple_mode, 2), (simple_mode_nome, 1), (weighted_mode_nome, 1)])
def test_modes__se_is_that_of_plain_draws(mode, order):
    """Numpy's own 250 draws from N(ratio, se); the bound is four times the errors of both sides."""
    pair = some_pair()
    ratio, first, second = plain(pair)
    se = np.sqrt(first if order == 1 else second)
    weight = 1 / first if mode is weighted_mode_nome else np.ones(9)
    rng = np.random.default_rng(4)
    draws = np.array([mode_on_grid(ratio + se * rng.normal(size=9), weight, 1.0)[0] for _ in range(250)])
    result = mode(pair, n_bootstrap=250, seed=1)
    error = result.diagnostic("bootstrap_se_error").statistic
    want = 1.4826 * np.median(np.abs(draws - np.median(draws)))
    assert abs(result.se - want) < 4 * 2**0.5 * error
    assert 0.02 < error / result.se < 0.2


@pytest.mark.parametrize("mode", MODES)
def test_modes__reference_distribution(mode):
    t, normal = mode(some_pair(), **QUICK), mode(some_pair(), distribution="normal", **QUICK)
    assert (t.distribution, t.df, normal.distribution, normal.df) == ("t", 8.0, "normal", None)
    assert (t.beta, t.se) == (normal.beta, normal.se)
    assert t.ci_high - t.beta == pytest.approx(2.306004135204166 * t.se, rel=1e-10)
    assert normal.ci_high - normal.beta == pytest.approx(1.959963984540054 * t.se, rel=1e-10)
    assert normal.p_value < t.p_value


@pytest.mark.parametrize("mode", MODES)
def test_modes__find_the_largest_group(mode):
    """Four variants say 1; the other five say something else each."""
    x = np.full(9, 0.1)
    y = x * np.array([1.0, 1.02, 0.99, 1.01, -4.0, 3.0, 6.0, -2.0, 9.0])
    result = mode(Instruments.from_arrays(x, [1e-4] * 9, y, [0.003] * 9), **QUICK)
    assert abs(result.beta - 1.0) < 0.15


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("exposure", [[0.1, -0.2, 0.4], [0.3, 0.1, 0.7]])
def test_modes__all_ratios_equal(mode, exposure):
    """The bandwidth is 0, or nothing but rounding: the estimate is the common ratio, the error comes from the draws."""
    exposure = np.array(exposure)
    result = mode(Instruments.from_arrays(exposure, [0.01] * 3, exposure * 0.3, [0.02] * 3), **QUICK)
    assert result.beta == pytest.approx(0.3, rel=1e-14)
    assert result.se > 0


def test_modes__grid_step_is_missing_without_a_bandwidth():
    pair = Instruments.from_arrays([0.1, 0.2, 0.4], [0.01] * 3, [0.0, 0.0, 0.0], [0.02] * 3)
    assert weighted_mode(pair, **QUICK).diagnostic("mode_grid_step").statistic is None
    ratio, _, second = plain(some_pair())
    width = mode_on_grid(ratio, 1 / second, 1.0)[1]
    step = weighted_mode(some_pair(), **QUICK).diagnostic("mode_grid_step").statistic
    assert step == pytest.approx(grid_step(ratio, width), rel=1e-12)


@pytest.mark.parametrize("mode", MODES)
def test_modes__two_variants_are_too_few(mode):
    with pytest.raises(EstimationError) as caught:
        mode(some_pair(2), seed=1)
    assert caught.value.status == "too_few_instruments"


@pytest.mark.parametrize("mode", MODES)
def test_modes__a_variant_without_exposure_effect_is_as_if_it_were_not_there(mode):
    pair = some_pair()
    plus = Instruments.from_arrays(
        np.append(pair.beta_exposure, 0.0),
        np.append(pair.se_exposure, 0.01),
        np.append(pair.beta_outcome, 9.0),
        np.append(pair.se_outcome, 1e-6),
    )
    result = mode(plus, **QUICK)
    assert result.message == "1 variant has an exposure effect of 0, hence no ratio: left out."
    assert dataclasses.replace(result, message="") == mode(pair, **QUICK)


@pytest.mark.parametrize("mode", [weighted_mode, weighted_mode_nome])
def test_weighted_modes__errors_over_six_orders_of_magnitude(mode):
    """One variant holds nearly all of the weight: the estimate is its ratio, up to a step of the grid."""
    pair = dataclasses.replace(some_pair(), se_outcome=10.0 ** np.linspace(-6, 0, 9), se_exposure=np.full(9, 1e-9))
    result = mode(pair, **QUICK)
    ratio = plain(pair)[0]
    step = result.diagnostic("mode_grid_step").statistic * mode_on_grid(ratio, np.ones(9), 1.0)[1]
    assert abs(result.beta - ratio[0]) < step


def test_penalised_mode__loses_a_ratio_that_is_too_precise_for_the_grid():
    """The most precise ratio lies a fraction of a grid step from the mode, and that is hundreds of its errors."""
    pair = dataclasses.replace(some_pair(), se_outcome=10.0 ** np.linspace(-6, 0, 9), se_exposure=np.full(9, 1e-9))
    ratio = plain(pair)[0]
    centre = weighted_mode(pair, **QUICK).beta
    assert abs(centre - ratio[0]) * abs(pair.beta_exposure[0]) / 1e-6 > 100
    assert abs(penalised_mode(pair, **QUICK).beta - ratio[0]) > 1


@pytest.mark.parametrize("mode", MODES)
def test_modes__p_values_far_below_the_smallest_double(mode):
    x = np.linspace(0.1, 0.4, 60)
    y = 0.5 * x * (1 + 1e-7 * np.sin(np.arange(60)))
    result = mode(Instruments.from_arrays(x, [1e-9] * 60, y, [1e-9] * 60), distribution="normal", **QUICK)
    assert result.neg_log_10_p_value > 400
    assert result.p_value == 0.0


@pytest.mark.parametrize("mode", MODES)
def test_modes__errors_lost_beside_the_effects_are_a_status(mode):
    pair = dataclasses.replace(some_pair(), se_outcome=np.full(9, 1e-30), se_exposure=np.full(9, 1e-30))
    with pytest.raises(EstimationError, match="draws do not differ") as caught:
        mode(pair, **QUICK)
    assert caught.value.status == "not_finite"


@pytest.mark.parametrize("mode", MODES)
def test_modes__seed_and_method_choose_the_draws(mode):
    pair = some_pair()
    again, other = mode(pair, **QUICK), mode(pair, n_bootstrap=12, seed=2)
    assert again == mode(pair, **QUICK)
    assert again.beta == other.beta
    assert again.se != other.se
    fresh = mode(pair, n_bootstrap=12)
    assert fresh == mode(pair, n_bootstrap=12, seed=fresh.seed)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "options",
    [
        {"phi": 0.0},
        {"phi": -1.0},
        {"phi": float("nan")},
        {"phi": float("inf")},
        {"distribution": "z"},
        {"level": 2.0},
        {"n_bootstrap": 0},
        {"seed": -1},
    ],
)
def test_modes__bad_options(mode, options):
    with pytest.raises(SchemaError, match=f"option {next(iter(options))}"):
        mode(some_pair(), **options)
