"""Simple, weighted and penalised weighted median: options, weights, hard cases."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from scipy import special

from osteobiome.core.errors import EstimationError, SchemaError
from osteobiome.instruments import Instruments
from osteobiome.mr.estimators import penalised_weighted_median, simple_median, weighted_median
from osteobiome.stats.median import weighted_median_of

pytestmark = pytest.mark.kernel

MEDIANS = [simple_median, weighted_median, penalised_weighted_median]
QUICK = {"n_bootstrap": 40, "seed": 1}


def some_pair(n=9, seed=0):
    rng = np.random.default_rng([seed, n])
    x, se_y = rng.uniform(0.05, 0.2, n) * rng.choice([-1, 1], n), rng.uniform(0.01, 0.05, n)
    y = 0.4 * x + se_y * rng.normal(size=n)
    y[: n // 3] += 0.2
    return Instruments.from_arrays(x, rng.uniform(0.005, 0.02, n), y, se_y)


def plain(pair):
    ratio = pair.beta_outcome / pair.beta_exposure
    first = (pair.se_outcome / pair.beta_exposure) ** 2
    return ratio, first, first + (ratio * pair.se_exposure / pair.beta_exposure) ** 2


def test_simple_median__is_the_median_of_the_ratios():
    for n in (9, 10):
        pair = some_pair(n)
        assert simple_median(pair, **QUICK).beta == pytest.approx(np.median(plain(pair)[0]), rel=1e-13)


@pytest.mark.parametrize("weights", ["first_order", "second_order"])
def test_weighted_medians__use_the_weights_they_are_told(weights):
    pair = some_pair()
    ratio, first, second = plain(pair)
    w = 1 / (first if weights == "first_order" else second)
    centre = weighted_median_of(ratio, w)
    assert weighted_median(pair, weights=weights, **QUICK).beta == pytest.approx(centre, rel=1e-12)
    p = 2 * special.ndtr(-np.abs(ratio - centre) * np.sqrt(w))
    assert (20 * p < 1).any()  # something is penalised
    want = weighted_median_of(ratio, w * np.minimum(1, 20 * p))
    assert penalised_weighted_median(pair, weights=weights, **QUICK).beta == pytest.approx(want, rel=1e-12)
    assert want != pytest.approx(centre, rel=1e-6)


def test_weighted_median__first_order_is_the_default():
    pair = some_pair()
    assert weighted_median(pair, **QUICK) == weighted_median(pair, weights="first_order", **QUICK)
    assert weighted_median(pair, **QUICK).beta != weighted_median(pair, weights="second_order", **QUICK).beta


def test_weighted_median__se_is_that_of_plain_draws():
    """Numpy's own 4,000 draws; the bound is four times the errors of both sides."""
    pair = some_pair()
    rng = np.random.default_rng(4)
    shape = (4000, pair.n_variants)
    x = pair.beta_exposure + pair.se_exposure * rng.normal(size=shape)
    y = pair.beta_outcome + pair.se_outcome * rng.normal(size=shape)
    w = 1 / plain(pair)[1]
    draws = np.array([weighted_median_of(ratio, w) for ratio in y / x])
    result = weighted_median(pair, n_bootstrap=4000, seed=1)
    error = result.diagnostic("bootstrap_se_error").statistic
    assert abs(result.se - draws.std(ddof=1)) < 4 * 2**0.5 * error
    assert 0.005 < error / result.se < 0.03


@pytest.mark.parametrize("median", MEDIANS)
def test_medians__survive_a_third_of_outliers(median):
    clean, dirty = some_pair(15), some_pair(15)
    dirty.beta_outcome[:5] += 50.0
    assert abs(median(dirty, **QUICK).beta - median(clean, **QUICK).beta) < 0.3


@pytest.mark.parametrize("median", MEDIANS)
def test_medians__all_ratios_equal(median):
    pair = Instruments.from_arrays([0.1, -0.2, 0.4, 0.3], [0.01] * 4, [0.05, -0.1, 0.2, 0.15], [0.02] * 4)
    result = median(pair, **QUICK)
    assert result.beta == pytest.approx(0.5, rel=1e-15)
    assert result.se > 0


@pytest.mark.parametrize("median", MEDIANS)
def test_medians__two_variants_are_too_few(median):
    with pytest.raises(EstimationError) as caught:
        median(some_pair(2), seed=1)
    assert caught.value.status == "too_few_instruments"


@pytest.mark.parametrize("median", MEDIANS)
def test_medians__a_variant_without_exposure_effect_is_as_if_it_were_not_there(median):
    pair = some_pair()
    plus = Instruments.from_arrays(
        np.append(pair.beta_exposure, 0.0),
        np.append(pair.se_exposure, 0.01),
        np.append(pair.beta_outcome, 9.0),
        np.append(pair.se_outcome, 1e-6),
    )
    result = median(plus, **QUICK)
    assert result.message == "1 variant has an exposure effect of 0, hence no ratio: left out."
    assert dataclasses.replace(result, message="") == median(pair, **QUICK)


def test_weighted_median__errors_over_six_orders_of_magnitude():
    pair = dataclasses.replace(some_pair(), se_outcome=10.0 ** np.linspace(-6, 0, 9))
    ratio, first, _ = plain(pair)
    order = np.argsort(ratio)
    weight = [Fraction(float(1 / first[j])) for j in order]
    total = sum(weight)
    places = [float((sum(weight[:k]) + weight[k] / 2) / total) for k in range(9)]
    want = np.interp(0.5, places, ratio[order])
    assert weighted_median(pair, **QUICK).beta == pytest.approx(want, rel=1e-12)


def test_weighted_median__one_variant_with_almost_all_weight():
    """Its error is a million times smaller than those of the others: estimate and error are its own."""
    se = np.append(1e-6, np.ones(8))
    pair = dataclasses.replace(some_pair(), se_outcome=se, se_exposure=np.full(9, 1e-9))
    result = weighted_median(pair, n_bootstrap=400, seed=1)
    assert result.beta == pytest.approx(pair.beta_outcome[0] / pair.beta_exposure[0], rel=1e-6)
    want = 1e-6 / abs(pair.beta_exposure[0])
    assert abs(result.se - want) < 4 * result.diagnostic("bootstrap_se_error").statistic


def test_medians__p_values_far_below_the_smallest_double():
    x = np.array([0.1, 0.2, 0.3, 0.4])
    pair = Instruments.from_arrays(x, [1e-6] * 4, 0.5 * x, [1e-6] * 4)
    for median in MEDIANS:
        result = median(pair, **QUICK)
        assert result.beta / result.se > 40
        assert result.neg_log_10_p_value > 400
        assert result.p_value == 0.0


def test_penalised_weighted_median__when_every_ratio_is_forty_errors_away_from_the_median():
    """Two tight groups with the median between them: every p value underflows, and there is an estimate."""
    x = np.array([0.1, 0.2, 0.3, 0.4])
    pair = Instruments.from_arrays(x, [1e-9] * 4, x * [0.0, 1.0, 1.0, 0.0], [1e-4, 2e-4, 3e-4, 4e-4])
    ratio, first, _ = plain(pair)
    centre = weighted_median_of(ratio, 1 / first)
    assert np.all(np.abs(ratio - centre) / np.sqrt(first) > 40)
    result = penalised_weighted_median(pair, **QUICK)
    assert result.status == "ok"
    assert 0.0 <= result.beta <= 1.0


@pytest.mark.parametrize("median", MEDIANS)
def test_medians__level_widens_the_interval_and_nothing_else(median):
    narrow, wide = median(some_pair(), level=0.5, **QUICK), median(some_pair(), level=0.99, **QUICK)
    assert (narrow.beta, narrow.se) == (wide.beta, wide.se)
    assert wide.ci_low < narrow.ci_low < narrow.beta < narrow.ci_high < wide.ci_high


@pytest.mark.parametrize("median", MEDIANS)
def test_medians__seed_and_method_choose_the_draws(median):
    pair = some_pair()
    again, other = median(pair, **QUICK), median(pair, n_bootstrap=40, seed=2)
    assert again == median(pair, **QUICK)
    assert again.beta == other.beta
    assert again.se != other.se
    fresh = median(pair, n_bootstrap=40)
    assert fresh == median(pair, n_bootstrap=40, seed=fresh.seed)


def test_medians__equal_weights_give_the_same_estimate_from_another_stream():
    pair = dataclasses.replace(some_pair(), se_outcome=np.abs(some_pair().beta_exposure))
    assert simple_median(pair, **QUICK).beta == pytest.approx(weighted_median(pair, **QUICK).beta, rel=1e-12)
    assert simple_median(pair, **QUICK).se != weighted_median(pair, **QUICK).se


@pytest.mark.parametrize("median", [weighted_median, penalised_weighted_median])
def test_weighted_medians__unknown_weights(median):
    with pytest.raises(SchemaError, match="option weights"):
        median(some_pair(), weights="second", **QUICK)


@pytest.mark.parametrize("median", MEDIANS)
@pytest.mark.parametrize("options", [{"level": 0.0}, {"n_bootstrap": 1}, {"seed": -3}])
def test_medians__bad_options(median, options):
    with pytest.raises(SchemaError, match=f"option {next(iter(options))}"):
        median(some_pair(), **options)
