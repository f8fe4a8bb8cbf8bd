"""Radial IVW and MR-Egger: what they share with the plain ones, and how they fail."""

import dataclasses

import numpy as np
import pytest

from osteobiome import mr
from osteobiome.core.errors import EstimationError, SchemaError
from osteobiome.core.estimate import Status
from osteobiome.instruments import Instruments
from osteobiome.mr import Block
from osteobiome.mr.estimators.ivw_radial import ivw_radial_batch


def pair_of(y, *, x=None, se=0.02):
    n = len(y)
    x = 0.1 + 0.02 * np.arange(n) if x is None else x
    return Instruments.from_arrays(x, np.full(n, 0.005), y, np.full(n, se))


@pytest.fixture
def outlier_pair():
    """Ratio 0.5 for nine variants; the fifth lies seven standard errors off."""
    x = 0.1 + 0.02 * np.arange(10)
    noise = 0.02 * np.array([0.5, -1.0, 0.8, -0.3, 1.1, -0.6, 0.2, -0.9, 0.4, 0.0])
    y = 0.5 * x + noise
    y[4] = 0.5 * x[4] + 7 * 0.02
    return pair_of(y)


def test_ivw_radial__first_order_is_ivw(outlier_pair):
    radial, plain = mr.ivw_radial(outlier_pair, weights="first_order"), mr.ivw(outlier_pair)
    assert (radial.beta, radial.se) == (plain.beta, plain.se)
    assert radial.diagnostic("cochran_q") == plain.diagnostic("cochran_q")
    second = mr.ivw_radial(outlier_pair, weights="second_order")
    assert second.beta == mr.ivw(outlier_pair, weights="second_order").beta


def test_egger_radial__equal_errors_and_first_order_is_egger(outlier_pair):
    radial, plain = mr.egger_radial(outlier_pair, weights="first_order"), mr.egger(outlier_pair)
    assert radial.beta == pytest.approx(plain.beta, rel=1e-12)
    assert radial.se == pytest.approx(plain.se, rel=1e-12)
    intercepts = radial.diagnostic("radial_intercept").estimate, plain.diagnostic("egger_intercept").estimate
    assert intercepts[0] == pytest.approx(intercepts[1] / 0.02, rel=1e-10)


@pytest.mark.parametrize("method", ["ivw_radial", "egger_radial"])
def test_radial__without_outliers_is_a_fit_of_the_others(outlier_pair, method):
    function = mr.ESTIMATORS[method].function
    result = function(outlier_pair, weights="first_order", alpha=1e-3)
    assert result.diagnostic("n_outliers").statistic == 1.0
    rest = function(outlier_pair.subset(np.arange(10) != 4), weights="first_order")
    without = result.diagnostic("without_outliers")
    assert (without.estimate, without.se) == (pytest.approx(rest.beta), pytest.approx(rest.se))
    assert without.neg_log_10_p_value == pytest.approx(rest.neg_log_10_p_value)
    assert without.df == rest.df


def test_radial__no_outlier_leaves_the_estimate_as_it_is():
    result = mr.ivw_radial(pair_of(0.5 * (0.1 + 0.02 * np.arange(6)) + 0.01 * np.array([1, -1, 1, -1, 1, -1])))
    assert result.diagnostic("n_outliers").statistic == 0.0
    assert result.diagnostic("without_outliers").estimate == result.beta


def test_radial__nothing_left_without_outliers_says_why():
    pair = pair_of(np.array([2.0, -2.0]), x=np.array([0.1, 0.1]))
    test = mr.ivw_radial(pair).diagnostic("without_outliers")
    assert test.statistic is None
    assert "2 outliers" in test.message


def test_ivw_radial__two_variants_have_no_random_effects_error():
    test = mr.ivw_radial(pair_of(np.array([0.2, -0.1]))).diagnostic("radial_exact_re")
    assert test.estimate is not None
    assert test.statistic is None
    assert "three variants" in test.message


def test_ivw_radial__one_variant_is_the_ratio():
    result = mr.ivw_radial(pair_of(np.array([0.2])))
    assert result.beta == pytest.approx(2.0)
    # modified weights know the error of the exposure effect
    assert result.se == pytest.approx(np.hypot(0.02, 2.0 * 0.005) / 0.1)
    assert result.diagnostic("radial_exact_fe").estimate == pytest.approx(2.0)


def test_ivw_radial__iterative_search_that_does_not_end_says_so(outlier_pair, monkeypatch):
    import importlib

    module = importlib.import_module("osteobiome.mr.estimators.ivw_radial")
    monkeypatch.setattr(module, "MAX_ITERATIONS", 1)
    test = mr.ivw_radial(outlier_pair).diagnostic("radial_iterative")
    assert test.statistic is None
    assert "did not settle" in test.message


def test_ivw_radial__batch_keeps_failures_apart(outlier_pair):
    nothing = dataclasses.replace(outlier_pair, beta_exposure=np.zeros(10))
    fit = ivw_radial_batch(Block.from_pairs([outlier_pair, nothing]))
    good, bad = fit.estimates()
    assert good == dataclasses.replace(mr.ivw_radial(outlier_pair), exposure="", outcome="")
    assert bad.status is Status.ZERO_EXPOSURE_EFFECT
    assert all(test.estimate is None for test in bad.diagnostics)
    assert [test.message for test in bad.diagnostics] == [""] * len(bad.diagnostics)


def test_egger_radial__variant_without_exposure_effect_is_left_out():
    x = np.array([0.1, 0.2, 0.3, 0.0])
    y = np.array([0.05, 0.12, 0.14, 0.03])
    result = mr.egger_radial(pair_of(y, x=x))
    assert result.n_variants == 3
    assert result.beta == pytest.approx(mr.egger_radial(pair_of(y[:3], x=x[:3])).beta)
    with pytest.raises(EstimationError) as caught:
        mr.egger_radial(pair_of(y[1:], x=x[1:]))
    assert caught.value.status == Status.TOO_FEW_INSTRUMENTS


def test_egger_radial__no_spread_of_weights_has_a_status():
    with pytest.raises(EstimationError) as caught:
        mr.egger_radial(pair_of(np.array([0.1, 0.2, 0.3]), x=np.full(3, 0.2)), weights="first_order")
    assert caught.value.status == Status.NO_SPREAD


@pytest.mark.parametrize("method", ["ivw_radial", "egger_radial"])
@pytest.mark.parametrize(
    "option", [{"weights": "third"}, {"model": "x"}, {"distribution": "x"}, {"adjust": "holm"}, {"alpha": 0.0}]
)
def test_radial__unknown_option_is_refused(outlier_pair, method, option):
    with pytest.raises(SchemaError, match=next(iter(option))):
        mr.ESTIMATORS[method].function(outlier_pair, **option)
