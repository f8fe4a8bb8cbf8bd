"""Effects corrected for having been selected: published numbers, brute force, and the edges."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from scipy import integrate, optimize, stats

from osteobiome.core.errors import ConfigError
from osteobiome.instruments.winners_curse import (
    METHODS,
    MIN_EFFECTS,
    conditional_effects,
    empirical_bayes_effects,
    fiqt_effects,
    with_corrected_effects,
)
from osteobiome.stats.winners_curse import conditional_likelihood, expected_statistic

GENOME_WIDE = stats.norm.isf(2.5e-8)


def _selected(mu, cutoff):
    return stats.norm.sf(cutoff - mu) + stats.norm.cdf(-cutoff - mu)


def test_conditional_likelihood__numbers_of_ghosh_and_others():
    """Two effects 1.5 and 1.3 with error 0.25 and cut-off 5, as quoted from the paper of 2008."""
    fit = conditional_likelihood([6.0, 5.2], cutoff=5.0)
    assert fit.mode.round(2).tolist() == [5.48, 0.66]
    assert fit.mean.round(2).tolist() == [4.94, 2.53]
    assert (0.5 * (fit.mode + fit.mean)).round(2).tolist() == [5.21, 1.6]


@pytest.mark.parametrize("cutoff", [0.5, 2.0, 4.417, 5.451, 8.0])
@pytest.mark.parametrize("above", [0.0, 0.1, 1.0, 4.0])
def test_conditional_likelihood__mode_and_mean_are_those_of_brute_force(cutoff, above):
    z = cutoff + above

    def likelihood(mu):
        return stats.norm.pdf(z - mu) / _selected(mu, cutoff)

    fit = conditional_likelihood([z], cutoff=cutoff)
    best = optimize.minimize_scalar(lambda mu: -np.log(likelihood(mu)), bounds=(-1.0, z + 1.0), method="bounded")
    assert fit.mode[0] == pytest.approx(best.x, abs=2e-5)
    edges = [-12.0, -1.0, -0.2, 0.0, 0.2, 1.0, z, z + 9.0]
    whole, moment = (
        sum(integrate.quad(lambda mu, k=k: mu**k * likelihood(mu), a, b, epsrel=1e-11)[0] for a, b in pairwise(edges))
        for k in (0, 1)
    )
    assert fit.mean[0] == pytest.approx(moment / whole, abs=1e-8)


@pytest.mark.parametrize("z", [5.451, 5.5, 6.0, 8.0, 12.0])
def test_conditional_likelihood__ends_and_median_are_where_the_truncated_tail_is(z):
    cutoff = 5.45
    fit = conditional_likelihood([z], cutoff=cutoff, level=0.9)
    for mu, share in ((fit.low[0], 0.05), (fit.median[0], 0.5), (fit.high[0], 0.95)):
        assert stats.norm.sf(z - mu) / _selected(mu, cutoff) == pytest.approx(share, rel=1e-9)


def test_conditional_likelihood__is_odd():
    z = np.array([5.46, 5.8, 7.0, 20.0])
    up, down = conditional_likelihood(z, cutoff=5.45), conditional_likelihood(-z, cutoff=5.45)
    for name in ("mode", "mean", "median"):
        np.testing.assert_array_equal(getattr(down, name), -getattr(up, name))
    np.testing.assert_array_equal(down.low, -up.high)
    np.testing.assert_array_equal(down.high, -up.low)


@pytest.mark.parametrize("z", [40.0, 1e3, 1e150])
def test_conditional_likelihood__far_from_the_cutoff_nothing_changes(z):
    fit = conditional_likelihood([z], cutoff=5.45)
    for value in (fit.mode, fit.mean, fit.median):
        assert value[0] == pytest.approx(z, rel=1e-12)
    assert fit.low[0] == pytest.approx(z - 1.959963984540054, rel=1e-12)
    assert fit.high[0] == pytest.approx(z + 1.959963984540054, rel=1e-12)


def test_conditional_likelihood__at_the_cutoff_is_finite_and_small():
    fit = conditional_likelihood([5.45, 38.0], cutoff=5.45)
    at_cutoff = [values[0] for values in fit]
    assert np.isfinite(at_cutoff).all()
    assert 0.0 < fit.mode[0] < 0.5
    assert fit.median[0] == pytest.approx(0.0, abs=1e-12)
    deep = conditional_likelihood([38.0], cutoff=38.0)
    assert np.isfinite([values[0] for values in deep]).all()
    assert expected_statistic(deep.mode, cutoff=38.0)[0] == pytest.approx(38.0, rel=1e-12)


def test_conditional_likelihood__without_selection_is_the_normal():
    fit = conditional_likelihood([0.0, 1.3, -2.0], cutoff=0.0)
    for values in (fit.mode, fit.mean, fit.median):
        np.testing.assert_allclose(values, [0.0, 1.3, -2.0], atol=1e-12)
    np.testing.assert_allclose(fit.high - fit.low, 2 * 1.959963984540054, rtol=1e-12)


def test_conditional_likelihood__what_was_not_selected_has_no_number():
    fit = conditional_likelihood([3.0, np.nan, np.inf, 6.0], cutoff=5.0)
    for values in fit:
        assert np.isnan(values).tolist() == [True, True, True, False]


@pytest.mark.parametrize("mu", [0.0, 1.0, 5.0, 9.0])
def test_expected_statistic__is_the_mean_of_the_truncated_normal(mu):
    upper = stats.truncnorm(4.0 - mu, np.inf, loc=mu)
    lower = stats.truncnorm(-np.inf, -4.0 - mu, loc=mu)
    weight = stats.norm.sf(4.0 - mu) / _selected(mu, 4.0)
    wanted = weight * upper.mean() + (1.0 - weight) * lower.mean()
    assert expected_statistic([mu], cutoff=4.0)[0] == pytest.approx(wanted, abs=1e-8)


def test_conditional_effects__scale_with_the_standard_error():
    one = conditional_effects([6.0, -7.0], [1.0, 1.0], p_threshold=5e-8)
    other = conditional_effects([0.06, -0.35], [0.01, 0.05], p_threshold=5e-8)
    for name in ("beta", "ci_low", "ci_high"):
        np.testing.assert_allclose(getattr(other, name), getattr(one, name) * [0.01, 0.05], rtol=1e-9)


def test_conditional_effects__status_says_why_there_is_no_number():
    found = conditional_effects([0.06, 0.01, np.nan, 0.1, 0.1], [0.01, 0.01, 0.01, 0.0, np.inf], p_threshold=5e-8)
    assert found.status.tolist() == ["ok", "not_selected", "not_finite", "not_finite", "not_finite"]
    assert np.isfinite(found.beta).tolist() == [True, False, False, False, False]
    assert np.isfinite(found.ci_low).tolist() == np.isfinite(found.ci_high).tolist() == np.isfinite(found.beta).tolist()


@pytest.mark.parametrize("digits", [0.0, -1e-13, 1e-13])
def test_conditional_effects__p_equal_to_the_threshold_was_selected(digits):
    found = conditional_effects([GENOME_WIDE * (1 + digits)], [1.0], p_threshold=5e-8)
    assert found.status.tolist() == ["ok"]
    assert found.beta[0] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    "options", [{"p_threshold": 0.0}, {"p_threshold": 2.0}, {"level": 1.0}, {"method": "fiqt"}, {"method": "mode"}]
)
def test_conditional_effects__refuses_bad_options(options):
    with pytest.raises(ConfigError) as caught:
        conditional_effects([6.0], [1.0], **({"p_threshold": 5e-8} | options))
    assert next(iter(options)) in caught.value.faults[0].where


def test_fiqt__is_the_quantile_of_the_false_discovery_rate():
    """An independent q value: scipy's, on plain p values."""
    z = np.random.default_rng(3).normal(0.0, 2.0, 500)
    q = stats.false_discovery_control(2 * stats.norm.sf(np.abs(z)))
    wanted = np.sign(z) * stats.norm.isf(q / 2)
    np.testing.assert_allclose(fiqt_effects(z * 0.3, np.full(500, 0.3)).beta, 0.3 * wanted, rtol=1e-9, atol=1e-12)


def test_fiqt__strong_statistics_do_not_underflow():
    found = fiqt_effects([60.0, 0.1, 0.2], [1.0, 1.0, 1.0])
    assert 59.9 < found.beta[0] < 60.0


def test_fiqt__strongest_of_a_scan_with_the_number_of_tests():
    z = np.random.default_rng(4).normal(0.0, 3.0, 1000)
    strong = np.abs(z) > 4.0
    whole = fiqt_effects(z, np.ones(1000)).beta[strong]
    part = fiqt_effects(z[strong], np.ones(strong.sum()), n_tests=1000).beta
    np.testing.assert_allclose(part, whole, rtol=1e-9)
    with pytest.raises(ConfigError):
        fiqt_effects(z, np.ones(1000), n_tests=999)


def test_fiqt__missing_tests_do_not_count():
    found = fiqt_effects([5.0, np.nan], [1.0, 1.0])
    assert found.beta[0] == pytest.approx(5.0, rel=1e-12)
    assert found.status.tolist() == ["ok", "not_finite"]
    assert fiqt_effects([], []).beta.shape == (0,)


def scan(n=4000, seed=7):
    rng = np.random.default_rng(seed)
    return rng.normal(0.0, 3.0, n) + rng.normal(size=n)


def test_empirical_bayes__needs_no_more_than_what_passes():
    z = scan()
    whole = empirical_bayes_effects(0.02 * z, np.full(z.size, 0.02))
    strong = whole.status == "ok"
    part = empirical_bayes_effects(0.02 * z[strong], np.full(strong.sum(), 0.02))
    np.testing.assert_array_equal(part.beta, whole.beta[strong])
    np.testing.assert_array_equal(part.ci_low, whole.ci_low[strong])
    np.testing.assert_array_equal(strong, 2 * stats.norm.sf(np.abs(z)) <= 1e-4)
    assert set(whole.status[~strong]) == {"not_selected"}
    assert np.isnan(whole.beta[~strong]).all()
    assert (whole.p_threshold, whole.level) == (1e-4, 0.95)


def test_empirical_bayes__whole_scan_and_strongest_agree():
    z = scan(40_000)
    part = empirical_bayes_effects(z, np.ones(z.size))
    whole = empirical_bayes_effects(z, np.ones(z.size), p_max=1.0)
    assert set(whole.status) == {"ok"}
    strong = part.status == "ok"
    np.testing.assert_allclose(part.beta[strong], whole.beta[strong], rtol=0.05)


def test_empirical_bayes__shrinks_and_keeps_the_sign_and_the_order_of_rows():
    z = scan()
    error = np.random.default_rng(8).uniform(0.01, 0.1, z.size)
    found = empirical_bayes_effects(z * error, error)
    strong = found.status == "ok"
    ratio = found.beta[strong] / (z * error)[strong]
    assert ((ratio > 0.0) & (ratio < 1.0)).all()
    assert (found.ci_low[strong] < found.beta[strong]).all()
    assert (found.beta[strong] < found.ci_high[strong]).all()
    np.testing.assert_array_equal(empirical_bayes_effects(-z * error, error).beta, -found.beta)
    order = np.random.default_rng(9).permutation(z.size)
    np.testing.assert_array_equal(empirical_bayes_effects((z * error)[order], error[order]).beta, found.beta[order])


def test_empirical_bayes__status_says_why_there_is_no_number():
    beta = [*np.linspace(4.0, 8.0, MIN_EFFECTS), 1.0, np.nan, 9.0]
    se = [1.0] * (MIN_EFFECTS + 2) + [0.0]
    found = empirical_bayes_effects(beta, se)
    assert found.status.tolist() == ["ok"] * MIN_EFFECTS + ["not_selected", "not_finite", "not_finite"]
    few = empirical_bayes_effects(beta[1:], se[1:])
    assert few.status.tolist() == ["too_few"] * (MIN_EFFECTS - 1) + ["not_selected", "not_finite", "not_finite"]
    assert np.isnan(few.beta).all()
    assert empirical_bayes_effects([], []).beta.shape == (0,)


@pytest.mark.parametrize("options", [{"p_max": 0.0}, {"p_max": 1.5}, {"level": 0.0}])
def test_empirical_bayes__refuses_bad_options(options):
    with pytest.raises(ConfigError) as caught:
        empirical_bayes_effects([6.0], [1.0], **options)
    assert next(iter(options)) == caught.value.faults[0].where


@pytest.mark.parametrize("method", METHODS)
def test_with_corrected_effects__keeps_every_row_and_the_raw_effects(method):
    extra = MIN_EFFECTS - 1 if method == "empirical_bayes" else 0
    beta = [0.06, 0.03, None] + [0.07] * extra
    frame = pl.DataFrame({"rsid": [str(i) for i in range(len(beta))], "beta": beta, "se": [0.01] * len(beta)})
    out = with_corrected_effects(frame, p_threshold=5e-8, method=method)
    assert out.select(frame.columns).equals(frame)
    assert out["correction"].unique().to_list() == [method]
    assert out["correction_status"].to_list()[:3] == ["ok", "ok" if method == "fiqt" else "not_selected", "not_finite"]
    assert 0.0 < out["beta_corrected"][0] < 0.06
    assert out["beta_corrected"][2] is None
    assert (out["ci_low_corrected"][0] is None) == (method == "fiqt")
