"""MR-Egger by bootstrap: against plain draws, and hard cases."""

import dataclasses
import time

import numpy as np
import pytest

from osteobiome import mr
from osteobiome.core.errors import EstimationError, SchemaError
from osteobiome.core.estimate import Status
from osteobiome.instruments import Instruments

pytestmark = pytest.mark.kernel


def pair_of(n, *, seed=1):
    rng = np.random.default_rng([seed, n])
    x, turn, se_y = rng.uniform(0.02, 0.3, n), rng.choice([-1.0, 1.0], n), rng.uniform(0.01, 0.03, n)
    return Instruments.from_arrays(turn * x, rng.uniform(0.01, 0.02, n), turn * (0.4 * x + 0.02) + 0.01 * se_y, se_y)


def by_numpy(pair, line, n_draws):
    rng, shape = np.random.default_rng(7), (n_draws, pair.n_variants)
    x = pair.beta_exposure + pair.se_exposure * rng.normal(size=shape)
    y = (pair.beta_outcome + pair.se_outcome * rng.normal(size=shape)) * np.sign(x)
    x, w = np.abs(x), 1 / pair.se_outcome**2
    fits = []
    for a, b in zip(x, y, strict=True):
        if line == "weighted":
            fits.append(np.polyfit(a, b, 1, w=np.sqrt(w)))
        else:
            slope = np.cov(w * a, w * b)[0, 1] / np.var(w * a, ddof=1)
            fits.append((slope, b.mean() - slope * a.mean()))
    return np.array(fits)


@pytest.mark.parametrize("line", ["weighted", "products"])
def test_egger_bootstrap__equals_plain_draws(line):
    pair, n_draws = pair_of(9), 4000
    fits = by_numpy(pair, line, n_draws)
    result = mr.egger_bootstrap(pair, line=line, centre="draws", n_bootstrap=20_000, seed=1)
    intercept = result.diagnostic("egger_intercept")
    error = np.sqrt(1 / n_draws + 1 / 20_000)
    for (estimate, se), drawn in zip(
        ((result.beta, result.se), (intercept.estimate, intercept.se)), fits.T, strict=True
    ):
        assert estimate == pytest.approx(drawn.mean(), abs=4 * se * error)
        assert se == pytest.approx(drawn.std(), rel=4 * error)  # a little more than normal draws need
    assert result.diagnostic("bootstrap_error").statistic == pytest.approx(result.se / np.sqrt(20_000))


def test_egger_bootstrap__centre_of_the_data_has_no_monte_carlo_error():
    pair = pair_of(9)
    one, two = (mr.egger_bootstrap(pair, seed=seed) for seed in (1, 2))
    assert one.beta == two.beta
    assert one.se != two.se
    assert one.diagnostic("bootstrap_error") is None


@pytest.mark.parametrize("line", ["weighted", "products"])
def test_egger_bootstrap__equal_outcome_errors_make_both_lines_one(line):
    pair = dataclasses.replace(pair_of(9), se_outcome=np.full(9, 0.02))
    result, egger = mr.egger_bootstrap(pair, line=line, seed=1), mr.egger(pair)
    assert result.beta == pytest.approx(egger.beta, rel=1e-10)
    assert result.se == pytest.approx(mr.egger_bootstrap(pair, seed=1).se, rel=1e-10)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_egger_bootstrap__two_variants_are_too_few_and_three_are_not(n):
    with pytest.raises(EstimationError) as caught:
        mr.egger_bootstrap(pair_of(3).subset(np.arange(3) < n), seed=1)
    assert caught.value.status == (Status.TOO_FEW_INSTRUMENTS if n else Status.NO_COMMON_VARIANTS)
    assert mr.egger_bootstrap(pair_of(3), seed=1).n_variants == 3


def test_egger_bootstrap__equal_exposure_effects_have_a_status():
    pair = Instruments.from_arrays([0.1] * 4, [0.01] * 4, [0.05, 0.1, 0.0, 0.07], [0.02] * 4)
    with pytest.raises(EstimationError) as caught:
        mr.egger_bootstrap(pair, seed=1)
    assert caught.value.status == Status.NO_SPREAD


def test_egger_bootstrap__one_exposure_effect_of_zero():
    pair = pair_of(9)
    pair.beta_exposure[3] = 0.0
    assert mr.egger_bootstrap(pair, seed=1).beta == pytest.approx(mr.egger(pair).beta, rel=1e-10)


def test_egger_bootstrap__all_ratios_equal():
    x = np.array([0.1, -0.2, 0.4, 0.3, 0.25])
    result = mr.egger_bootstrap(Instruments.from_arrays(x, [0.01] * 5, 0.5 * x, [0.02] * 5), seed=1)
    assert result.beta == pytest.approx(0.5)
    assert result.se > 0


def test_egger_bootstrap__p_values_far_below_the_smallest_double():
    pair = pair_of(9)
    sharp = dataclasses.replace(pair, se_exposure=np.full(9, 1e-6), se_outcome=np.full(9, 1e-5))
    result = mr.egger_bootstrap(sharp, seed=1)
    assert result.neg_log_10_p_value > 400
    assert result.p_value == 0.0


def test_egger_bootstrap__errors_over_six_orders_of_magnitude():
    rng = np.random.default_rng(4)
    se, x = 10.0 ** np.linspace(-6, 0, 25), rng.uniform(0.1, 0.4, 25)
    pair = Instruments.from_arrays(x, np.full(25, 1e-7), 0.5 * x + se * rng.normal(size=25), se)
    assert mr.egger_bootstrap(pair, seed=1).beta == pytest.approx(0.5, abs=1e-3)


def test_egger_bootstrap__an_outlier_with_all_the_weight_is_on_the_line():
    pair = pair_of(12)
    pair.beta_outcome[0], pair.se_outcome[0] = 3.0, 1e-6
    result = mr.egger_bootstrap(pair, seed=1)
    intercept = result.diagnostic("egger_intercept").estimate
    assert intercept + result.beta * abs(pair.beta_exposure[0]) == pytest.approx(
        3.0 * np.sign(pair.beta_exposure[0]), abs=1e-6
    )


def test_egger_bootstrap__a_variant_without_weight_changes_nothing():
    pair = pair_of(12)
    columns = (pair.beta_exposure, pair.se_exposure, pair.beta_outcome, pair.se_outcome)
    added = [np.append(values, extra) for values, extra in zip(columns, (0.1, 0.01, 0.04, 1e7), strict=True)]
    result = mr.egger_bootstrap(Instruments.from_arrays(*added), seed=1)
    assert result.beta == pytest.approx(mr.egger_bootstrap(pair, seed=1).beta, rel=1e-9)


def test_egger_bootstrap__a_hundred_thousand_variants():
    mr.egger_bootstrap(pair_of(9), seed=1)  # compiled
    pair = pair_of(100_000)
    start = time.perf_counter()
    assert mr.egger_bootstrap(pair, n_bootstrap=50, seed=1).beta == pytest.approx(mr.egger(pair).beta, rel=1e-9)
    assert time.perf_counter() - start < 10.0


@pytest.mark.parametrize(
    "options", [{"line": "robust"}, {"centre": "median"}, {"n_bootstrap": 1}, {"seed": -1}, {"level": 95}]
)
def test_egger_bootstrap__options_that_do_not_exist_are_refused(options):
    with pytest.raises(SchemaError):
        mr.egger_bootstrap(pair_of(9), **options)
