"""Contamination mixture, lasso, MR-cML and MRMix: options and hard cases."""

import dataclasses
import time

import numpy as np
import pytest

from osteobiome.core.errors import EstimationError, SchemaError
from osteobiome.instruments import Instruments
from osteobiome.mr import ivw_fixed, maximum_likelihood
from osteobiome.mr.constrained import invalid_variants, path_of
from osteobiome.mr.estimators import cml_bic, cml_ma_bic, cml_ma_bic_dp, contamination_mixture, lasso, mrmix
from osteobiome.mr.estimators.lasso import lasso_valid
from osteobiome.mr.scaled import Scaled

pytestmark = pytest.mark.kernel

METHODS = [contamination_mixture, lasso, cml_bic, cml_ma_bic, cml_ma_bic_dp, mrmix]
CML = (cml_bic, cml_ma_bic, cml_ma_bic_dp)


def call(method, pair, **options):
    more = {"n": 1e5} if method in CML else {}
    more |= {"seed": 1, "n_bootstrap": 60} if method is cml_ma_bic_dp else {}
    return method(pair, **(more | options))


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
    tolerance = 0.02 if method is cml_ma_bic_dp else 1e-12  # a mean over draws
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
        lost = "1 of 20 variants have an exposure effect of 0, hence no ratio: left out."
        assert result.message.startswith(f"{lost} 6 variants of 20 called invalid: variant 1,")
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
    found, given = cml_ma_bic(sized), cml_ma_bic(sized, n=4e4)
    assert found.message == f"Sample size in the criterion: 40,000, the smallest of n_outcome. {given.message}"
    assert dataclasses.replace(found, message=given.message) == given
    assert found.diagnostic("sample_size").statistic == 4e4
    assert cml_ma_bic(sized).diagnostic("bic") != cml_ma_bic(sized, n=9e4).diagnostic("bic")


@pytest.mark.parametrize("method", CML)
@pytest.mark.parametrize("bad", [0.0, -5.0, 1.0, -np.inf, np.inf])
def test_cml__a_sample_size_that_is_no_number_of_people(method, bad):
    pair = dataclasses.replace(some_pair(12), n_exposure=np.full(12, bad), n_outcome=np.full(12, 4e4))
    error = failure(method, pair, n=None)
    assert error.status == "missing_sample_size"
    assert f"n_exposure holds a sample size of {bad:g}" in str(error)
    assert call(method, pair, n=1e4).diagnostic("sample_size").statistic == 1e4


@pytest.mark.parametrize("unknown", [np.full(12, np.nan), np.full(12, None, dtype=object)])
def test_cml__unknown_sample_sizes_are_not_looked_at(unknown):
    pair = dataclasses.replace(some_pair(12), n_exposure=unknown, n_outcome=np.full(12, 4e4))
    assert cml_bic(pair).diagnostic("sample_size").statistic == 4e4
    assert failure(cml_bic, dataclasses.replace(pair, n_outcome=None), n=None).status == "missing_sample_size"


@pytest.mark.parametrize("method", CML)
@pytest.mark.parametrize("search", ["global", "descent"])
@pytest.mark.parametrize("x", [[0.0, 0.0, 0.3, 0.0, 0.0], [1e-3, -2e-3, 3e-3, 3e-3, 1e-3]])
def test_cml__an_effect_without_an_end_has_a_status(method, search, x):
    """Variants without an effect on the exposure agree with any large effect, and the likelihood is highest there."""
    pair = Instruments.from_arrays(x, [0.01] * 5, [0.1, -0.05, 0.15, 0.2, 0.02], [0.02] * 5)
    error = failure(method, pair, search=search)
    assert error.status == "too_weak_instruments"
    assert "not exclude an infinite effect" in str(error)


def test_cml__a_model_without_bounded_effect_and_without_weight_is_left_out():
    """Of 20 variants two have no effect on the exposure: the model with 18 invalid would fit them."""
    pair = some_pair(20)
    pair.beta_exposure[[3, 7]] = 0.0
    path = path_of(Scaled.of(pair), 1e5, "global")
    assert path.is_unbounded[18]
    assert not path.is_unbounded[path.best]
    for method in CML:
        assert call(method, pair).beta == pytest.approx(0.4, abs=0.1)


def test_cml__a_model_without_bounded_effect_and_with_little_weight_is_left_out_and_named():
    pair = Instruments.from_arrays([0.0, 0.0, 0.3, 0.0, 0.0], [0.01] * 5, [0.01, -0.005, 0.15, 0.02, 0.002], [0.02] * 5)
    result = call(cml_ma_bic, pair)
    assert result.beta == pytest.approx(0.5007, abs=1e-3)
    assert result.message == "Models with 0.59 % of the weight do not exclude an infinite effect: left out."


@pytest.mark.parametrize("method", CML)
def test_cml__the_reason_why_an_effect_has_no_end_is_true_of_strong_variants_too(method):
    """Two variants agree on 0.5, with F of 100; the other two, without an exposure effect, on an infinite one."""
    pair = Instruments.from_arrays([0.1, 0.1, 5e-4, 5e-4], [0.01] * 4, [0.05, 0.051, 0.3, -0.3], [0.01] * 4)
    text = str(failure(method, pair))
    assert "valid fits an infinite effect nearly as well. Choose stronger instruments." in text
    assert not text.endswith("..")
    assert ("it calls valid" in text) == (method is cml_bic)


def test_cml__a_model_that_counts_without_a_standard_error_is_a_status(monkeypatch):
    pair = some_pair(20)
    path = path_of(Scaled.of(pair), 1e5, "descent")
    weight = path.weight
    for lost in (path.best, path.best + 1):
        assert weight[lost] > 1e-6
        se = path.se.copy()
        se[lost] = np.nan
        stopped = dataclasses.replace(path, se=se)
        monkeypatch.setattr("osteobiome.mr.constrained.path_of", lambda *_, stopped=stopped: stopped)
        assert failure(cml_ma_bic, pair, search="descent").status == "not_converged"
    without = np.where(weight > 1e-6, path.se, np.nan)
    dear = dataclasses.replace(path, se=without)
    monkeypatch.setattr("osteobiome.mr.constrained.path_of", lambda *_: dear)
    assert np.isnan(without).any()
    assert call(cml_ma_bic, pair, search="descent").se > 0


def test_cml__five_thousand_variants_in_seconds():
    pair = some_pair(5000)
    start = time.perf_counter()
    result = call(cml_bic, pair)
    assert time.perf_counter() - start < 30.0
    assert result.beta == pytest.approx(0.4, abs=0.01)
    assert result.diagnostic("search_gap").statistic == 0.01


@pytest.mark.parametrize("method", [cml_bic, cml_ma_bic, lasso, contamination_mixture])
def test_outlier_methods__the_message_names_the_variants_called_invalid(method):
    pair = some_pair(20)
    named = dataclasses.replace(pair, rsid=tuple(f"rs{i}" for i in range(20)))
    some = "rs0, rs1, rs2, rs3, rs4 and 1 more"
    assert call(method, named).message == f"6 variants of 20 called invalid: {some}."
    if method is not contamination_mixture:  # which counts valid ones just beyond its reach as invalid
        assert (
            call(method, some_pair(20, invalid=0.1)).message
            == "2 variants of 20 called invalid: variant 1 and variant 2."
        )
        assert not call(method, some_pair(20, invalid=0.0)).message


def test_cml__names_the_invalid_variants():
    pair = some_pair(40)
    assert invalid_variants(pair, n=1e5) == tuple(range(12))
    assert cml_bic(pair, n=1e5).diagnostic("n_invalid").statistic == 12


def test_mrmix__packages_grid_depends_on_units_and_ours_does_not():
    pair = some_pair(60)
    scaled = dataclasses.replace(pair, beta_outcome=pair.beta_outcome * 20, se_outcome=pair.se_outcome * 20)
    assert mrmix(scaled).beta == pytest.approx(20 * mrmix(pair).beta, rel=1e-9)
    assert abs(mrmix(pair, grid="mrmix").beta - mrmix(pair).beta) < 0.02
    assert abs(mrmix(scaled, grid="mrmix").beta) <= 1.0


def test_mrmix__says_where_the_estimate_lies_and_what_the_mixture_is():
    assert not mrmix(some_pair(60)).message
    assert mrmix(some_pair(20)).message == ("The standard error holds for many variants, 50 or more, and there are 20.")
    x = np.linspace(0.1, 0.2, 60)
    agreeing = Instruments.from_arrays(x, [0.002] * 60, 0.5 * x, [0.02] * 60)
    assert mrmix(agreeing).message == "Every variant is called valid, so invalid_sd is that of no variant."
    pair = some_pair(60)
    far = dataclasses.replace(pair, beta_outcome=pair.beta_outcome * 2.7, se_outcome=pair.se_outcome * 2.7)
    assert "at the end of the package's grid (−1 to 1)" in mrmix(far, grid="mrmix").message


@pytest.mark.slow
def test_mrmix__of_valid_weak_variants_is_maximum_likelihood_and_not_biased():
    """60 variants of F 10, an effect of 0.5: a likelihood with log v would be off by a tenth, 7 Monte Carlo errors."""
    rng, found = np.random.default_rng(10), []
    for _ in range(80):
        gamma = 0.03 * np.ones(60)
        x, y = gamma + 0.01 * rng.normal(size=60), 0.5 * gamma + 0.01 * rng.normal(size=60)
        pair = Instruments.from_arrays(x, [0.01] * 60, y, [0.01] * 60)
        result = mrmix(pair)
        if "Every variant is called valid" in result.message:
            want = maximum_likelihood(pair, model="fixed")
            assert (result.beta, result.se) == pytest.approx((want.beta, want.se), rel=1e-9)
            found.append((result.beta, result.se, result.ci_low <= 0.5 <= result.ci_high))
    beta, se, covered = np.transpose(found)
    assert len(beta) > 30
    assert abs(beta.mean() - 0.5) < 4.0 * beta.std(ddof=1) / len(beta) ** 0.5
    assert 0.8 < se.mean() / beta.std(ddof=1) < 1.2
    assert covered.mean() > 0.8


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
