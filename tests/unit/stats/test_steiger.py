"""Correlations and the Steiger test against separate computations."""

import numpy as np
import pytest
from scipy import integrate, stats

from osteobiome.stats.steiger import (
    chance_inflation,
    combined_r,
    effective_n,
    population_frequency,
    r_from_effect,
    r_from_log_odds,
    r_from_p,
    steiger_sensitivity,
    steiger_test,
)


def test_r_from_effect__equals_the_correlation_in_people():
    rng = np.random.default_rng(1)
    g, e = rng.binomial(2, 0.3, 500).astype(float), rng.normal(size=500)
    y = 0.3 * g + e
    fit = stats.linregress(g, y)
    assert float(r_from_effect(fit.slope, fit.stderr, 500)) == pytest.approx(fit.rvalue, rel=1e-12)
    assert float(r_from_effect(-fit.slope, fit.stderr, 500)) == pytest.approx(-fit.rvalue, rel=1e-12)
    assert float(r_from_p(-np.log10(fit.pvalue), 500)) == pytest.approx(fit.rvalue, rel=1e-9)


def test_r_from_effect__edges():
    assert float(r_from_effect(0.0, 1.0, 100)) == 0.0
    assert float(r_from_effect(1e200, 1e-200, 100)) == 1.0
    assert np.isnan(r_from_effect(1.0, 1.0, 2))


@pytest.mark.parametrize(("p", "n"), [(400.0, 10_000), (5_000.0, 500_000), (290.0, 3_000), (350.0, 12)])
def test_r_from_p__is_inverted_far_below_the_smallest_double(p, n):
    from osteobiome.stats.tails import neg_log10_p_t

    r = float(r_from_p(p, n))
    # r / sqrt(1 - r^2) loses digits where r is 1; t is formed from 1 - r instead
    t = r * np.sqrt((n - 2) / ((1 - r) * (1 + r))) if r < 1 else np.inf
    if n > 100:
        assert float(neg_log10_p_t(t, n - 2)) == pytest.approx(p, rel=1e-9)
    else:
        assert r == 1.0  # closer to 1 than a double can tell


def test_r_from_p__both_branches_meet():
    below, above = r_from_p([279.999999, 280.000001], 5_000)
    assert below < above < below * (1 + 1e-7)


def test_population_frequency__equals_the_table_of_cases_and_controls():
    """Controls have 0.3, the odds ratio is 1.5: cases have 0.45/1.15, mixed one to three in the sample."""
    controls, odds = 0.3, 1.5
    cases = odds * controls / (1 - controls + odds * controls)
    sample = 0.25 * cases + 0.75 * controls
    got = population_frequency(sample, np.log(odds), case_share=0.25, prevalence=0.02)
    assert float(got) == pytest.approx(0.02 * cases + 0.98 * controls, rel=1e-12)
    assert float(population_frequency(0.3, 0.0, case_share=0.25, prevalence=0.02)) == pytest.approx(0.3, rel=1e-12)
    assert float(population_frequency(0.3, 1e-13, case_share=0.25, prevalence=0.02)) == pytest.approx(0.3, rel=1e-9)


def test_r_from_log_odds__equals_the_correlation_with_logistic_liability():
    """Genotype plus logistic residual, the whole population seen: prevalence plays no part in the effect."""
    rng = np.random.default_rng(3)
    g = rng.binomial(2, 0.4, 400_000)
    liability = 0.5 * g + rng.logistic(size=g.size)
    true = np.corrcoef(g, liability)[0, 1]
    got = r_from_log_odds(0.5, 0.4, n_cases=1000, n_controls=9000, prevalence=0.1)
    assert float(got) == pytest.approx(true, abs=4 / np.sqrt(g.size))
    half = r_from_log_odds(0.5, 0.4, n_cases=1000, n_controls=9000, prevalence=0.1, genotype_variance="one_allele")
    assert float(half) < 0.75 * float(got)
    assert float(r_from_log_odds(-0.5, 0.4, n_cases=1, n_controls=9, prevalence=0.1)) < 0.0


def test_effective_n__is_the_precision_of_the_correlation_with_liability():
    """Delta method on r with the variance of a log odds ratio, 1 / (2p(1-p) n v(1-v))."""
    n, v, p, b, h = 20_000.0, 0.1, 0.3, 0.02, 1e-5
    facts = {"n_cases": n * v, "n_controls": n * (1 - v), "prevalence": v}
    slope = float(r_from_log_odds(b + h, p, **facts) - r_from_log_odds(b - h, p, **facts)) / (2 * h)
    variance = slope**2 / (2 * p * (1 - p) * n * v * (1 - v))
    assert float(effective_n(n * v, n * (1 - v))) == pytest.approx(1 / variance, rel=0.01)


def test_combined_r__is_that_of_multiple_regression():
    rng = np.random.default_rng(5)
    base = rng.normal(size=(2000, 1))
    g = 0.8 * base + 0.6 * rng.normal(size=(2000, 4))
    y = g @ [0.2, 0.0, -0.1, 0.1] + rng.normal(size=2000)
    correlation = np.corrcoef(np.column_stack([g, y]).T)
    centred = g - g.mean(axis=0)
    fitted = centred @ np.linalg.lstsq(centred, y - y.mean(), rcond=None)[0]
    expected = np.corrcoef(fitted, y)[0, 1]
    got = combined_r(correlation[:4, 4], ld_r=correlation[:4, :4])
    assert got == pytest.approx(expected, rel=1e-10)
    assert combined_r(correlation[:4, 4]) > 1.25 * got  # the sum counts shared signal again
    adjusted = combined_r(correlation[:4, 4], ld_r=correlation[:4, :4], n=2000.0)
    assert adjusted**2 == pytest.approx(1 - (1 - expected**2) * 1999 / 1995, rel=1e-10)
    assert combined_r(np.full(4, 1e-4), n=100.0) == 0.0
    assert np.isnan(combined_r(np.full(4, 0.1), n=4.0))


def test_combined_r__chance_is_taken_off_without_ld_too():
    r = np.array([0.1, -0.2])
    assert combined_r(r) ** 2 == pytest.approx(0.05, rel=1e-12)
    assert combined_r(r, n=101.0) ** 2 == pytest.approx(1 - 0.95 * 100 / 98, rel=1e-12)


def test_chance_inflation__by_hand():
    """Pooled share (1000 * 0.04 + 3000 * 0.02) / 4000 = 0.025; 1 + 10 / 50 and 1 + 10 / 150."""
    x, y = chance_inflation(0.04, 0.02, n_exposure=1000, n_outcome=3000, n_variants=10)
    assert float(x) == pytest.approx(1.2, rel=1e-12)
    assert float(y) == pytest.approx(1 + 10 / 150, rel=1e-12)
    assert float(chance_inflation(0.0, 0.0, n_exposure=10, n_outcome=10, n_variants=1)[0]) == np.inf


def test_chance_inflation__is_the_variance_of_the_joint_correlation():
    """Squared length of m correlations: n times it is noncentral chi-squared, for a share that is small."""
    n, m, r2 = 4_000_000.0, 200, 0.0005
    rng = np.random.default_rng(7)
    raw = rng.noncentral_chisquare(m, n * r2, 200_000) / n
    z = np.arctanh(np.sqrt(raw - m / n))
    inflated = float(chance_inflation(r2, r2, n_exposure=n, n_outcome=n, n_variants=m)[0])
    assert inflated == pytest.approx(1.05)
    assert n * z.var() == pytest.approx(inflated, rel=0.01)


def test_steiger_test__inflation_multiplies_each_variance():
    """0.5 and 2 on 1/500 and 1/1000: 0.001 + 0.002."""
    z, _ = steiger_test(0.2, 0.1, n_exposure=503, n_outcome=1003, inflation=(0.5, 2.0))
    assert float(z) == pytest.approx((0.2027325540540822 - 0.10033534773107558) / np.sqrt(0.003), rel=1e-12)
    z, _ = steiger_test(0.2, 0.1, n_exposure=503, n_outcome=1003, inflation=(2.0, 1.0))
    assert float(z) == pytest.approx((0.2027325540540822 - 0.10033534773107558) / np.sqrt(0.005), rel=1e-12)


def test_steiger_test__by_hand():
    """artanh 0.2 = 0.2027326, artanh 0.1 = 0.1003353; 1/500 + 1/1000 = 0.003."""
    z, p = steiger_test(-0.2, 0.1, n_exposure=503, n_outcome=1003)
    assert float(z) == pytest.approx((0.2027325540540822 - 0.10033534773107558) / np.sqrt(0.003), rel=1e-12)
    assert float(p) == pytest.approx(-np.log10(2 * stats.norm.sf(float(z))), rel=1e-12)
    assert float(steiger_test(0.1, 0.2, n_exposure=1003, n_outcome=503)[0]) == pytest.approx(-float(z))


def test_steiger_test__does_not_underflow_and_knows_its_limits():
    assert float(steiger_test(0.9, 0.1, n_exposure=1e6, n_outcome=1e6)[1]) > 1e4
    assert np.isnan(steiger_test(0.9, 0.1, n_exposure=3, n_outcome=100)[0])


@pytest.mark.parametrize(("a", "b"), [(0.2, 0.1), (0.5, 0.49), (0.05, 0.001), (0.9, 0.3)])
def test_steiger_sensitivity__equals_the_volumes(a, b):
    # for reliabilities x and y the true correlations are a / x and b / y; the order turns at y = b x / a
    agree = integrate.dblquad(lambda y, x: a / x - b / y, a, 1.0, lambda x: b * x / a, 1.0)[0]
    disagree = integrate.dblquad(lambda y, x: b / y - a / x, a, 1.0, b, lambda x: b * x / a)[0]
    for got in (steiger_sensitivity(a, b), steiger_sensitivity(b, -a)):
        assert got.agree == pytest.approx(agree, rel=1e-9)
        assert got.disagree == pytest.approx(disagree, rel=1e-9)
        assert got.ratio == pytest.approx(got.agree / got.disagree)


def test_steiger_sensitivity__nothing_can_turn_what_is_not_there():
    assert steiger_sensitivity(0.3, 0.0).ratio == np.inf
    assert steiger_sensitivity(0.0, 0.0).agree == 0.0
    assert steiger_sensitivity(0.3, 0.3).ratio == pytest.approx(1.0)
