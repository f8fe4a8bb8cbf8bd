"""Contamination mixture, lasso, MR-cML and MRMix: options and hard cases."""

import dataclasses
import time

import numpy as np
import pytest

from osteobiome.core.errors import EstimationError, SchemaError
from osteobiome.instruments import Instruments
from osteobiome.mr import ivw_fixed
from osteobiome.mr.constrained import invalid_variants
from osteobiome.mr.estimators import cml_bic, cml_ma_bic, cml_ma_bic_dp, contamination_mixture, lasso, mrmix
from osteobiome.mr.estimators.lasso import lasso_valid

pytestmark = pytest.mark.kernel

METHODS = [contamination_mixture, lasso, cml_bic, cml_ma_bic, cml_ma_bic_dp, mrmix]
CML = (cml_bic, cml_ma_bic, cml_ma_bic_dp)


def call(method, pair, **options):
    more = {"n": 1e5} if method in CML and "n" not in options else {}
    more |= {"seed": 1, "n_bootstrap": 60} if method is cml_ma_bic_dp else {}
    return method(pair, **more, **options)


def some_pair(n=20, seed=0, invalid=0.3):
    rng = np.random.default_rng([seed, n])
    x, se_y = rng.uniform(0.05, 0.2, n) * rng.choice([-1, 1], n), rng.uniform(0.005, 0.01, n)
    y = 0.4 * x + se_y * rng.normal(size=n)
    bad = int(invalid * n)
    y[:bad] += rng.uniform(0.1, 0.3, bad) * rng.choice([-1, 1], bad)
    return Instruments.from_arrays(x, rng.uniform(0.002, 0.005, n), y, se_y)


def failure(method, pair, **options):
    with pytest.raises(EstimationError) as caught:
        call(method, pair, **options)
    return caught.value


@pytest.mark.parametrize("method", METHODS)
def test_outlier_methods__recover_the_effect_with_a_third_of_invalid_variants(method):
    result = call(method, some_pair(60))
    assert abs(result.beta - 0.4) < 5 * result.se
    assert result.se < 0.05


@pytest.mark.parametrize("method", METHODS)
def test_outlier_methods__one_strong_outlier_at_the_largest_weight(method):
    pair = some_pair(20, invalid=0.0)
    clean = call(method, pair)
    pair.beta_exposure[0], pair.beta_outcome[0], pair.se_outcome[0] = 1.0, 3.0, 1e-3
    assert abs(ivw_fixed(pair).beta - 3.0) < 0.1  # it has nearly all the weight
    assert abs(call(method, pair).beta - clean.beta) < 0.05


@pytest.mark.parametrize("method", METHODS)
def test_outlier_methods__all_ratios_equal(method):
    x = np.array([0.1, -0.2, 0.4, 0.3, 0.25])
    pair = Instruments.from_arrays(x, [0.01] * 5, 0.5 * x, [0.02] * 5)
    result = call(method, pair)
    tolerance = 0.02 if method in (cml_ma_bic_dp, mrmix) else 1e-12  # a mean over draws; a likelihood with log v
    assert result.beta == pytest.approx(0.5, abs=tolerance)
    assert result.se > 0


@pytest.mark.parametrize("method", METHODS)
def test_outlier_methods__two_variants_are_too_few_and_three_are_not(method):
    assert failure(method, some_pair(2)).status == "too_few_instruments"
    assert call(method, some_pair(3)).n_variants == 3


@pytest.mark.parametrize("method", METHODS)
def test_outlier_methods__one_exposure_effect_of_zero(method):
    pair = some_pair(20)
    pair.beta_exposure[7] = 0.0
    result = call(method, pair)
    if method is contamination_mixture:
        assert result.n_variants == 19
        assert result.message == "1 of 20 variants have an exposure effect of 0, hence no ratio: left out."
    else:
        assert result.n_variants == 20
    assert abs(result.beta - 0.4) < 6 * result.se


@pytest.mark.parametrize("method", METHODS)
def test_outlier_methods__p_values_far_below_the_smallest_double(method):
    rng = np.random.default_rng(3)
    x = rng.uniform(0.1, 0.4, 12)
    y = 0.5 * x + 1e-5 * rng.normal(size=12)
    y[0] += 0.3
    pair = Instruments.from_arrays(x, [1e-6] * 12, y, [1e-5] * 12)
    result = call(method, pair)
    assert result.beta == pytest.approx(0.5, abs=1e-3)
    if method is contamination_mixture:  # under no effect all variants are invalid, and these are normal too
        assert 40 < result.neg_log_10_p_value < 60
        assert result.beta / result.se > 10_000
    else:
        assert result.neg_log_10_p_value > 400
        assert result.p_value == 0.0


@pytest.mark.parametrize("method", METHODS)
def test_outlier_methods__errors_over_six_orders_of_magnitude(method):
    rng = np.random.default_rng(4)
    se = 10.0 ** np.linspace(-6, 0, 25)
    x = rng.uniform(0.1, 0.4, 25)
    pair = Instruments.from_arrays(x, np.full(25, 1e-7), 0.5 * x + se * rng.normal(size=25), se)
    result = call(method, pair)
    assert np.isfinite([result.beta, result.se]).all()
    if method is not mrmix:  # its invalid component has one variance for errors of all sizes
        assert result.beta == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_outlier_methods__a_variant_without_weight_changes_nothing(method):
    """Its standard errors are a million times the others', so that its weight is lost to rounding."""
    if method in CML:
        return  # a further variant is a further model: the average of models may change
    pair = some_pair(20)
    plus = Instruments.from_arrays(
        np.append(pair.beta_exposure, 0.1),
        np.append(pair.se_exposure, 0.01),
        np.append(pair.beta_outcome, 0.04),
        np.append(pair.se_outcome, 1e6),
    )
    options = {"psi": 1.0} if method is contamination_mixture else {}
    if method is mrmix:
        assert call(method, plus).beta == pytest.approx(call(method, pair).beta, abs=0.02)
    else:
        assert call(method, plus, **options).beta == pytest.approx(call(method, pair, **options).beta, abs=1e-6)


@pytest.mark.parametrize("method", [contamination_mixture, lasso])
def test_outlier_methods__a_hundred_thousand_variants(method):
    pair = some_pair(100_000)
    call(method, some_pair(50))  # compiled
    start = time.perf_counter()
    result = call(method, pair)
    assert time.perf_counter() - start < 10.0
    assert result.n_variants == 100_000
    assert result.beta == pytest.approx(0.4, abs=0.01)


@pytest.mark.parametrize(
    ("method", "limit"), [(cml_bic, 5000), (cml_ma_bic, 5000), (cml_ma_bic_dp, 1000), (mrmix, 10_000)]
)
def test_outlier_methods__more_variants_than_the_limit_have_a_status(method, limit):
    error = failure(method, some_pair(limit + 1))
    assert error.status == "too_many_instruments"
    assert f"takes up to {limit} variants, and there are {limit + 1}" in str(error)


@pytest.mark.slow
@pytest.mark.parametrize("method", [cml_ma_bic, mrmix])
def test_outlier_methods__two_thousand_variants(method):
    assert call(method, some_pair(2000)).beta == pytest.approx(0.4, abs=0.02)


def test_contamination_mixture__two_effects_have_two_intervals():
    x = np.full(8, 0.2)
    y = x * np.array([-0.5, -0.49, -0.51, -0.5, 0.5, 0.49, 0.51, 0.5])
    result = contamination_mixture(Instruments.from_arrays(x, [0.001] * 8, y, [0.004] * 8))
    (low, high), (low_2, high_2) = result.ci_set
    assert low < -0.5 < high < low_2 < 0.5 < high_2
    assert (result.ci_low, result.ci_high) == (low, high_2)
    assert result.diagnostic("n_intervals").statistic == 2


def test_contamination_mixture__nothing_known_is_the_whole_line():
    pair = some_pair(8)
    vague = dataclasses.replace(pair, se_outcome=np.full(8, 50.0))
    result = contamination_mixture(vague)
    assert result.ci_set == ((-np.inf, np.inf),)
    assert result.p_value > 0.9


def test_contamination_mixture__psi_has_the_unit_of_the_ratio():
    pair = some_pair(15)
    scaled = dataclasses.replace(pair, beta_outcome=pair.beta_outcome * 5, se_outcome=pair.se_outcome * 5)
    assert contamination_mixture(scaled, psi=2.5).beta == pytest.approx(
        5 * contamination_mixture(pair, psi=0.5).beta, rel=1e-12
    )
    assert contamination_mixture(pair, psi=0.5).diagnostic("psi").statistic == 0.5


def test_contamination_mixture__p_and_interval_tell_the_same():
    for seed in range(20):
        result = contamination_mixture(some_pair(6, seed))
        holds_zero = any(low <= 0.0 <= high for low, high in result.ci_set)
        assert holds_zero == (result.p_value >= 0.05)


def test_lasso__a_tiny_penalty_leaves_no_valid_variant():
    error = failure(lasso, some_pair(10), penalty=1e-9)
    assert error.status == "no_valid_variant"
    assert "of 10." in str(error)


def test_lasso__a_huge_penalty_is_ivw():
    pair = some_pair(12)
    result = lasso(pair, penalty=1e9)
    assert result.diagnostic("n_valid").statistic == 12
    assert result.beta == pytest.approx(ivw_fixed(pair).beta, rel=1e-12)


def test_lasso__names_the_invalid_variants():
    assert np.flatnonzero(~lasso_valid(some_pair(40))).tolist()[:12] == list(range(12))


def test_lasso__t_has_the_valid_variants_degrees_of_freedom():
    result = lasso(some_pair(20), distribution="t")
    assert result.df == result.diagnostic("n_valid").statistic - 1


def test_cml__sample_size_from_the_pair_or_a_status():
    pair = some_pair(12)
    assert failure(cml_ma_bic, pair, n=None).status == "missing_sample_size"
    sized = dataclasses.replace(pair, n_exposure=np.full(12, 9e4), n_outcome=np.append([np.nan], np.full(11, 4e4)))
    assert cml_ma_bic(sized) == cml_ma_bic(sized, n=4e4)
    assert cml_ma_bic(sized).diagnostic("bic") != cml_ma_bic(sized, n=9e4).diagnostic("bic")


def test_cml__names_the_invalid_variants():
    pair = some_pair(40)
    assert invalid_variants(pair, n=1e5) == tuple(range(12))
    assert cml_bic(pair, n=1e5).diagnostic("n_invalid").statistic == 12


def test_cml_dp__error_of_the_mean_is_that_of_other_seeds():
    pair = some_pair(15, seed=5)
    results = [cml_ma_bic_dp(pair, n=1e5, seed=seed, n_bootstrap=100) for seed in range(30)]
    stated = np.mean([result.diagnostic("bootstrap_error").statistic for result in results])
    assert 0.5 < stated / np.std([result.beta for result in results], ddof=1) < 2.0
    stated = np.mean([result.diagnostic("bootstrap_se_error").statistic for result in results])
    assert 0.5 < stated / np.std([result.se for result in results], ddof=1) < 2.0


def test_mrmix__packages_grid_depends_on_units_and_ours_does_not():
    pair = some_pair(60)
    scaled = dataclasses.replace(pair, beta_outcome=pair.beta_outcome * 20, se_outcome=pair.se_outcome * 20)
    assert mrmix(scaled).beta == pytest.approx(20 * mrmix(pair).beta, rel=1e-9)
    assert abs(mrmix(pair, grid="mrmix").beta - mrmix(pair).beta) < 0.02
    assert abs(mrmix(scaled, grid="mrmix").beta) <= 1.0


@pytest.mark.parametrize(
    ("method", "options"),
    [
        (contamination_mixture, {"psi": -1.0}),
        (contamination_mixture, {"overdispersion_in_p": "none"}),
        (lasso, {"penalty": 0.0}),
        (lasso, {"heterogeneity_level": 1.0}),
        (lasso, {"distribution": "f"}),
        (cml_bic, {"n": 1.0}),
        (cml_ma_bic, {"search": "random"}),
        (mrmix, {"grid": "fine"}),
        *((method, {"level": 1.0}) for method in METHODS),
    ],
)
def test_outlier_methods__options_that_cannot_be_meant(method, options):
    with pytest.raises(SchemaError):
        call(method, some_pair(), **options)
