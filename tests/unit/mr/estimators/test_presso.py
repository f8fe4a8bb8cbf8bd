"""MR-PRESSO: the three tests against plain loops, what draws can tell, and hard cases."""

import dataclasses
import time

import numpy as np
import pytest
from scipy import stats

from osteobiome import mr
from osteobiome.core.errors import EstimationError, SchemaError
from osteobiome.core.estimate import Status
from osteobiome.instruments import Instruments
from osteobiome.mr.estimators.presso import ONE_EFFECT, TOO_MANY_OUTLIERS, distortion, presso_tests

pytestmark = pytest.mark.kernel


def pair_of(n, *, outliers=0, shift=0.5, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.05, 0.3, n) * rng.choice([-1, 1], n)
    y = 0.4 * x + 0.02 * rng.normal(size=n)
    y[:outliers] += shift
    return Instruments.from_arrays(x + 0.005 * rng.normal(size=n), np.full(n, 0.005), y, np.full(n, 0.02))


def slopes_without_each(x, y, w):
    return np.array([np.sum((w * x * y)[k != np.arange(x.size)]) / np.sum((w * x * x)[k != np.arange(x.size)])
                     for k in range(x.size)])  # fmt: skip


def sum_of_squares(x, y, w):
    return np.sum(w * (y - slopes_without_each(x, y, w) * x) ** 2)


def test_presso__leaves_out_what_does_not_fit():
    pair = pair_of(30, outliers=2)
    result = mr.presso(pair, seed=1)
    rest = mr.ivw(pair.subset(np.arange(30) > 1))
    assert result.n_variants == 28
    assert (result.beta, result.se) == (pytest.approx(rest.beta, rel=1e-12), pytest.approx(rest.se, rel=1e-12))
    raw = result.diagnostic("raw_estimate")
    assert (raw.estimate, raw.se) == (pytest.approx(mr.ivw(pair).beta), pytest.approx(mr.ivw(pair).se))
    assert "2 variants of 30 called outliers" in result.message
    assert "p value is at most 1/1,001" in result.message


def test_presso__the_message_names_the_outliers_the_first_of_many():
    pair = pair_of(60, outliers=7)
    names = "variant 1, variant 2, variant 3, variant 4, variant 5 and 2 more"
    assert f"7 variants of 60 called outliers and left out: {names}." in mr.presso(pair, seed=1).message


def test_presso__one_variant_with_most_of_the_weight_hides_its_distance():
    """Nine variants at a ratio of 0.4, and one of 30 times their precision at 1: the draws contain the distance."""
    pair = pair_of(10, seed=5)
    pair.se_outcome[3], pair.beta_outcome[3] = 0.02 / 30, pair.beta_exposure[3]
    result = mr.presso(pair, seed=1)
    assert result.n_variants == 10
    assert result.diagnostic("presso_global").p_value > 0.05
    assert "of the weight belong to variant 4:" in result.message
    assert "Cochran's Q rejects (p " in result.message
    alike = mr.presso(pair_of(30, seed=4), seed=1).message
    assert "of the weight" not in alike
    assert "Cochran" not in alike


def test_presso__without_outliers_is_ivw_and_says_so():
    pair = pair_of(30, seed=4)
    result, every = mr.presso(pair, seed=1), mr.ivw(pair)
    assert (result.beta, result.se) == (pytest.approx(every.beta, rel=1e-12), pytest.approx(every.se, rel=1e-12))
    assert result.message.startswith("The global test does not reject")
    assert result.diagnostic("distortion_paper") is None
    assert result.diagnostic("n_outliers").statistic == 0


def test_presso__scatter_without_an_outlier_is_said():
    pair = pair_of(60, seed=2)
    pair = dataclasses.replace(pair, beta_outcome=0.4 * pair.beta_exposure + 0.034 * np.resize([1, -1], 60))
    result = mr.presso(pair, seed=1)
    assert result.message.startswith("The global test rejects, but no variant is an outlier")
    assert result.beta == pytest.approx(mr.ivw(pair).beta)


def test_presso_tests__global_p_equals_a_plain_loop_on_other_draws():
    pair = pair_of(9, seed=3)
    x, sx, y, sy = pair.beta_exposure, pair.se_exposure, pair.beta_outcome, pair.se_outcome
    w, rng, draws = 1 / sy**2, np.random.default_rng(0), 3000
    slope, seen = slopes_without_each(x, y, w), sum_of_squares(x, y, w)
    larger = sum(
        sum_of_squares(x + sx * rng.normal(size=9), slope * x + sy * rng.normal(size=9), w) > seen for _ in range(draws)
    )
    found = presso_tests(pair, n_bootstrap=50_000)
    assert found.rss == pytest.approx(seen, rel=1e-12)
    p = 10.0**-found.neg_log_10_p_value
    assert 0.02 < p < 0.98
    assert larger / draws == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) * (1 / draws + 1 / 50_000)))
    z = (y - slope * x) / np.sqrt(sy**2 + slope**2 * sx**2)
    np.testing.assert_allclose(
        10.0**-found.variant_neg_log_10_p_value, np.minimum(1, 9 * 2 * stats.norm.sf(abs(z))), rtol=1e-9
    )


def test_presso__p_value_is_never_zero_and_its_error_is_reported():
    few, many = (mr.presso(pair_of(12, seed=8), n_bootstrap=n, seed=1) for n in (400, 6400))
    p = many.diagnostic("presso_global").p_value
    assert 0.1 < p < 0.9
    assert many.diagnostic("presso_global_p_error").statistic == pytest.approx(np.sqrt(p * (1 - p) / 6400))
    assert 3 < few.diagnostic("presso_global_p_error").statistic / np.sqrt(p * (1 - p) / 6400) < 5
    bound = mr.presso(pair_of(30, outliers=2), n_bootstrap=99, seed=1).diagnostic("presso_global")
    assert bound.p_value == pytest.approx(0.01)


@pytest.mark.calibration
def test_presso__global_p_is_uniform_without_pleiotropy():
    n_pairs = 2000
    p = [10.0 ** -presso_tests(pair_of(12, seed=s), n_bootstrap=199, seed=s).neg_log_10_p_value for s in range(n_pairs)]
    for alpha in (0.05, 0.5):
        # exposure effects are drawn about effects that have an error already, so it is a little conservative
        rejected = int(np.sum(np.array(p) <= alpha))
        assert rejected <= stats.binom.isf(0.0005, n_pairs, alpha)
        assert rejected >= stats.binom.ppf(0.0005, n_pairs, 0.6 * alpha)


@pytest.mark.slow
@pytest.mark.parametrize(("theta", "rate"), [(0.0, 0.05), (1.0, 0.16)])
def test_presso__global_test_rejects_too_often_with_weak_instruments_and_an_effect(theta, rate):
    """The figure of its page: 100 valid variants of mean F 10."""
    n_pairs, rejected = 400, 0
    for seed in range(n_pairs):
        rng = np.random.default_rng([seed, 100])
        gamma = rng.uniform(0.6, 1.4, 100) * rng.choice([-1.0, 1.0], 100)
        gamma *= 3.0 / np.sqrt(np.mean(np.square(gamma)))
        x, y = gamma + rng.normal(size=100), theta * gamma + rng.normal(size=100)
        pair = Instruments.from_arrays(x, np.ones(100), y, np.ones(100))
        rejected += presso_tests(pair, n_bootstrap=199, seed=seed).neg_log_10_p_value >= -np.log10(0.05)
    low, high = stats.binom.ppf([0.0005, 0.9995], n_pairs, rate)
    assert low <= rejected <= high


def test_presso__outliers_do_not_depend_on_the_seed():
    pair = pair_of(300, outliers=6, shift=0.11)
    runs = [mr.presso(pair, seed=s, n_bootstrap=200) for s in range(5)]
    assert len({(r.beta, r.se, r.n_variants) for r in runs}) == 1
    assert runs[0].n_variants < 300


def test_presso__draws_that_cannot_resolve_are_said():
    pair = pair_of(30, outliers=2)
    exact = mr.presso(pair, n_bootstrap=100, seed=1)
    assert exact.n_variants == 28
    assert "cannot" not in exact.message
    drawn = mr.presso(pair, n_bootstrap=100, seed=1, outlier_test="draws")
    assert drawn.n_variants == 30
    assert "100 draws cannot call any of 30 variants an outlier: take 600." in drawn.message
    assert mr.presso(pair, n_bootstrap=600, seed=1, outlier_test="draws").n_variants == 28
    few = mr.presso(pair, n_bootstrap=10, seed=1)
    assert few.n_variants == 30
    assert "10 draws cannot resolve a p value of 0.05: take more." in few.message


def test_distortion__equals_plain_resampling_in_both_readings():
    pair = pair_of(20, outliers=3, shift=0.2)
    outlier = np.arange(20) < 3
    x, y, w = pair.beta_exposure, pair.beta_outcome, 1 / pair.se_outcome**2

    def fit(where):
        return np.sum((w * x * y)[where]) / np.sum((w * x * x)[where])

    rng, draws = np.random.default_rng(1), 4000
    raw, rest = fit(np.arange(20)), fit(np.flatnonzero(~outlier))
    counts = np.zeros(2)
    for _ in range(draws):
        sample = rng.choice(np.flatnonzero(~outlier), 20 - 2 * 3)
        paper, package = fit(sample), fit(np.concatenate([np.flatnonzero(outlier), sample]))
        counts += np.abs([(paper - rest) / rest, (raw - package) / package]) > abs((raw - rest) / rest)
    tests = distortion(pair, outlier, n_bootstrap=20_000, seed=1)
    for test, error, share in zip(tests[:2], tests[2:], counts / draws, strict=True):
        assert error.name == f"{test.name}_p_error"
        assert error.statistic == pytest.approx(np.sqrt(test.p_value * (1 - test.p_value) / 20_000))
        assert test.statistic == pytest.approx(100 * (raw - rest) / abs(rest))
        assert test.p_value == pytest.approx(share, abs=4 * np.sqrt(max(share, 1e-3) * 1.2 / draws))
    assert tests[0].name == "distortion_paper"
    assert tests[1].name == "distortion_package"


def test_distortion__half_of_the_variants_being_outliers_has_no_test():
    for test in distortion(pair_of(6, outliers=3), np.arange(6) < 3, n_bootstrap=50, seed=1):
        assert test.statistic is None
        assert test.message == TOO_MANY_OUTLIERS


def test_presso__one_variant_with_all_the_weight_is_judged_by_the_others():
    """The slope without it has no digits left if it is taken from the sum over all."""
    pair = pair_of(20)
    pair.se_outcome[0], pair.beta_outcome[0] = 1e-9, 3.0 * pair.beta_exposure[0]
    found = presso_tests(pair)
    others = mr.ivw_fixed(pair.subset(np.arange(20) > 0)).beta
    assert found.residual[0] == pytest.approx((pair.beta_outcome[0] - others * pair.beta_exposure[0]) ** 2, rel=1e-12)
    assert found.variant_neg_log_10_p_value[0] > 10.0


def test_presso__errors_over_six_orders_of_magnitude():
    rng = np.random.default_rng(4)
    se, x = 10.0 ** np.linspace(-6, 0, 25), rng.uniform(0.1, 0.4, 25)
    pair = Instruments.from_arrays(x, np.full(25, 1e-7), 0.5 * x + se * rng.normal(size=25), se)
    assert mr.presso(pair, seed=1).beta == pytest.approx(0.5, abs=1e-3)


def test_presso__p_values_far_below_the_smallest_double():
    pair = pair_of(12)
    sharp = dataclasses.replace(
        pair, se_exposure=np.full(12, 1e-6), se_outcome=np.full(12, 1e-5), beta_outcome=0.5 * pair.beta_exposure
    )
    sharp.beta_outcome[:] += 1e-5 * stats.norm.ppf((np.random.default_rng(1).permutation(12) + 0.5) / 12)
    result = mr.presso(sharp, seed=1)
    assert (result.p_value, result.n_variants) == (0.0, 12)
    assert result.neg_log_10_p_value > 400
    sharp.beta_outcome[3] += 0.3
    assert presso_tests(sharp).variant_neg_log_10_p_value[3] > 400


@pytest.mark.parametrize("n", [2, 3])
def test_presso__two_and_three_variants_are_too_few(n):
    with pytest.raises(EstimationError) as caught:
        mr.presso(pair_of(n), seed=1)
    assert caught.value.status == Status.TOO_FEW_INSTRUMENTS


def test_presso__exposure_effects_of_zero():
    pair = pair_of(12)
    pair.beta_exposure[4], pair.beta_outcome[4] = 0.0, 0.3
    result = mr.presso(pair, seed=1)
    assert presso_tests(pair).is_outlier.tolist() == [i == 4 for i in range(12)]
    assert result.beta == pytest.approx(mr.ivw(pair.subset(np.arange(12) != 4)).beta)
    pair.beta_exposure[1:] = 0.0
    with pytest.raises(EstimationError) as caught:
        mr.presso(pair, seed=1)
    assert caught.value.status == Status.TOO_FEW_INSTRUMENTS
    assert ONE_EFFECT in str(caught.value)


def test_presso__all_ratios_equal():
    x = np.linspace(0.1, 0.3, 8)
    pair = Instruments.from_arrays(x, np.full(8, 1e-3), 0.5 * x, np.full(8, 0.01))
    result = mr.presso(pair, seed=1)
    assert result.beta == pytest.approx(0.5)
    assert result.diagnostic("presso_global").p_value == pytest.approx(1.0)
    with pytest.raises(EstimationError) as caught:
        mr.presso(pair, seed=1, model="multiplicative_unfloored")
    assert caught.value.status == Status.NO_SCATTER


def test_presso__no_variant_that_fits_has_a_status():
    pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.4], [1e-6] * 4, [0.3, -0.5, 2.0, -4.0], [1e-6] * 4)
    with pytest.raises(EstimationError) as caught:
        mr.presso(pair, seed=1)
    assert caught.value.status == Status.NO_VALID_VARIANT
    assert "Outliers: 4 of 4" in str(caught.value)


def test_presso__a_variant_without_weight_changes_nothing():
    pair = pair_of(20, outliers=1)
    plus = Instruments.from_arrays(*(
        np.append(values, extra)
        for values, extra in zip(
            (pair.beta_exposure, pair.se_exposure, pair.beta_outcome, pair.se_outcome),
            (0.1, 0.01, 0.04, 1e6),
            strict=True,
        )
    ))  # fmt: skip
    assert mr.presso(plus, seed=1).beta == pytest.approx(mr.presso(pair, seed=1).beta, abs=1e-9)


def test_presso__a_hundred_thousand_variants():
    mr.presso(pair_of(10, outliers=1), seed=1)  # compiled
    pair = pair_of(100_000, outliers=50)
    start = time.perf_counter()
    result = mr.presso(pair, seed=1, n_bootstrap=50)
    assert time.perf_counter() - start < 10.0
    assert result.beta == pytest.approx(0.4, abs=0.01)
    assert result.n_variants <= 99_950


@pytest.mark.parametrize(
    "options",
    [
        {"alpha": 0.0},
        {"alpha": 1.0},
        {"outlier_test": "normal"},
        {"model": "additive"},
        {"distribution": "f"},
        {"n_bootstrap": 1},
        {"seed": -1},
        {"level": 95},
    ],
)
def test_presso__options_that_do_not_exist_are_refused(options):
    with pytest.raises(SchemaError):
        mr.presso(pair_of(12), **options)
