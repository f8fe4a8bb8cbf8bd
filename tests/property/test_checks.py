"""Checks of a pair: what must hold for any loci, sizes, correlations and fits."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from osteobiome.instruments import Instruments
from osteobiome.instruments.loci import loci
from osteobiome.mr import egger, egger_ld, ivw
from osteobiome.mr.checks import TraitFacts, influence, power, steiger, steiger_per_variant
from osteobiome.stats.influence import gls_deletions, wls_deletions
from osteobiome.stats.power import minimum_detectable_effect, power_from_sizes, se_from_sizes
from osteobiome.stats.power import power as power_of_test
from osteobiome.stats.steiger import r_from_effect, steiger_sensitivity, steiger_test
from osteobiome.stats.tails import neg_log10_p_chi2, neg_log10_p_chi2_lower

FAST = settings(deadline=None, max_examples=30, database=None, suppress_health_check=[HealthCheck.too_slow])

seeds = st.integers(0, 2**32 - 1)
chromosomes = st.one_of(st.integers(1, 3).map(float), st.just(np.nan))
places = st.one_of(st.integers(0, 20_000_000).map(float), st.just(np.nan))


def groups(number):
    """Return which variants share a locus, whatever it is called; -1 is none."""
    return {frozenset(np.flatnonzero(number == k).tolist()) for k in set(number.tolist()) - {-1}}


@FAST
@given(st.lists(st.tuples(chromosomes, places), max_size=25), st.integers(0, 3000), st.randoms(use_true_random=False))
def test_loci__order_of_variants_has_no_effect(variants, window, random):
    chromosome, position = np.array(variants, dtype=float).reshape(-1, 2).T
    number = loci(chromosome, position, window_kb=window)
    order = random.sample(range(len(variants)), len(variants))
    again = loci(chromosome[order], position[order], window_kb=window)
    assert again.tolist() == number[order].tolist()
    assert ((number == -1) == (np.isnan(chromosome) | np.isnan(position))).all()


@FAST
@given(st.lists(st.tuples(chromosomes, places), max_size=25), st.integers(0, 3000), st.integers(0, 3000))
def test_loci__a_wider_window_joins_and_never_splits(variants, window, more):
    chromosome, position = np.array(variants, dtype=float).reshape(-1, 2).T
    narrow = groups(loci(chromosome, position, window_kb=window))
    wide = groups(loci(chromosome, position, window_kb=window + more))
    assert all(any(small <= large for large in wide) for small in narrow)


effects = st.floats(0.0, 10.0)
errors = st.floats(1e-3, 10.0)
levels = st.sampled_from([0.5, 0.9, 0.95, 0.999])


@FAST
@given(effects, effects, errors, levels)
def test_power__grows_with_the_effect(a, b, se, level):
    less, more = (float(power_of_test(e, se, level=level)) for e in sorted((a, b)))
    assert less <= more + 1e-15
    assert 1.0 - level - 1e-15 <= less
    assert more <= 1.0 + 1e-15
    assert float(power_of_test(-a, se, level=level)) == float(power_of_test(a, se, level=level))
    if min(a, b) + 0.01 * se < max(a, b) < 4 * se:  # strictly, where it is not yet 1
        assert less < more


@FAST
@given(effects, errors, errors, levels)
def test_power__falls_with_the_standard_error(effect, a, b, level):
    precise, coarse = sorted((a, b))
    less, more = (float(power_of_test(effect, se, level=level)) for se in (coarse, precise))
    assert less <= more + 1e-15
    assert float(minimum_detectable_effect(precise, level=level)) <= float(
        minimum_detectable_effect(coarse, level=level)
    )


@FAST
@given(errors, st.floats(0.06, 0.99), st.floats(0.06, 0.99))
def test_minimum_detectable_effect__grows_with_the_chance_and_is_in_the_unit_of_the_error(se, a, b):
    less, more = (float(minimum_detectable_effect(se, chance=chance)) for chance in sorted((a, b)))
    assert less <= more * (1 + 1e-12)
    assert float(minimum_detectable_effect(3 * se, chance=a)) == pytest.approx(
        3 * float(minimum_detectable_effect(se, chance=a)), rel=1e-12
    )
    assert float(power_of_test(more, se)) == pytest.approx(max(a, b), rel=1e-9)


@FAST
@given(st.integers(100, 10**6), st.integers(100, 10**6), st.floats(1e-4, 0.5), st.floats(0.01, 0.5))
def test_power_from_sizes__more_people_more_cases_more_explained(n, more, r2, share):
    small, large = sorted((n, more))
    at = 0.05
    assert float(power_from_sizes(at, n=small, r2=r2)) <= float(power_from_sizes(at, n=large, r2=r2)) + 1e-15
    assert float(power_from_sizes(at, n=n, r2=r2)) <= float(power_from_sizes(at, n=n, r2=min(1.0, 2 * r2))) + 1e-15
    assert float(se_from_sizes(n, r2, case_share=share)) >= float(se_from_sizes(n, r2, case_share=0.5)) * (1 - 1e-12)
    assert float(se_from_sizes(n, r2, case_share=0.5)) == pytest.approx(2 * float(se_from_sizes(n, r2)), rel=1e-12)


@FAST
@given(st.floats(0.0, 500.0), st.floats(0.5, 500.0), st.floats(0.0, 100.0))
def test_chi2_tails__add_up_to_one_and_move_apart(q, df, more):
    lower, upper = float(neg_log10_p_chi2_lower(q, df)), float(neg_log10_p_chi2(q, df))
    assert 10.0**-lower + 10.0**-upper == pytest.approx(1.0, rel=1e-10)
    assert float(neg_log10_p_chi2_lower(q + more, df)) <= lower * (1 + 1e-10) + 1e-12


correlations = st.floats(-0.95, 0.95)
sizes = st.integers(4, 10**7)


@FAST
@given(correlations, correlations, sizes, sizes)
def test_steiger_test__swapped_traits_turn_the_sign_and_nothing_else(r_x, r_y, n_x, n_y):
    z, p = steiger_test(r_x, r_y, n_exposure=n_x, n_outcome=n_y)
    back, same = steiger_test(r_y, r_x, n_exposure=n_y, n_outcome=n_x)
    assert float(back) == -float(z)
    assert float(same) == float(p)
    assert np.sign(float(z)) == np.sign(round(abs(r_x), 15) - round(abs(r_y), 15)) or abs(abs(r_x) - abs(r_y)) < 1e-14
    assert steiger_test(-r_x, r_y, n_exposure=n_x, n_outcome=n_y)[0] == z


@FAST
@given(st.floats(0.001, 0.95), st.floats(0.001, 0.95))
def test_steiger_sensitivity__weighs_whichever_direction_was_found(a, b):
    forth, back = steiger_sensitivity(a, b), steiger_sensitivity(b, a)
    assert forth == back
    if abs(a - b) > 1e-3:  # nearer, both volumes are equal up to rounding
        assert forth.ratio > 1.0


@st.composite
def quantitative_pairs(draw):
    """A pair of quantitative traits with sizes, few variants of weak effect."""
    rng = np.random.default_rng(draw(seeds))
    n = draw(st.integers(3, 8))
    se_x, se_y = rng.uniform(0.01, 0.02, n), rng.uniform(0.01, 0.02, n)
    x, y = rng.uniform(0.03, 0.1, n) * rng.choice([-1.0, 1.0], n), rng.normal(0, 0.05, n)
    facts = [TraitFacts(n=draw(st.integers(2000, 50_000))) for _ in range(2)]
    return Instruments(x, se_x, y, se_y), *facts


def swap(pair):
    return replace(
        pair, beta_exposure=pair.beta_outcome, se_exposure=pair.se_outcome, beta_outcome=pair.beta_exposure,
        se_outcome=pair.se_exposure,
    )  # fmt: skip


@FAST
@given(quantitative_pairs())
def test_steiger__exposure_and_outcome_swapped(drawn):
    pair, exposure, outcome = drawn
    forth = {test.name: test for test in steiger(pair, exposure, outcome)}
    back = {test.name: test for test in steiger(swap(pair), outcome, exposure)}
    assert back["r2_exposure"].statistic == forth["r2_outcome"].statistic
    assert back["r2_outcome"].statistic == forth["r2_exposure"].statistic
    one, two = forth["steiger_direction"], back["steiger_direction"]
    assert two.message == one.message
    if one.statistic is not None:  # else nothing beyond chance is explained, on either side
        assert (two.statistic, two.estimate) == (-one.statistic, -one.estimate)
        assert two.neg_log_10_p_value == one.neg_log_10_p_value
    assert back["steiger_sensitivity_ratio"].statistic == forth["steiger_sensitivity_ratio"].statistic
    each, turned = steiger_per_variant(pair, exposure, outcome), steiger_per_variant(swap(pair), outcome, exposure)
    np.testing.assert_array_equal(turned.z, -each.z)
    assert (turned.is_forward != each.is_forward).all()


@FAST
@given(st.floats(-1.0, 1.0), st.floats(1e-3, 1.0), st.integers(3, 10**6), st.floats(0.01, 100.0))
def test_r_from_effect__is_a_correlation_without_unit(beta, se, n, unit):
    r = float(r_from_effect(beta, se, n))
    assert -1.0 <= r <= 1.0
    assert np.sign(r) == np.sign(beta) or abs(beta) < 1e-150
    assert float(r_from_effect(unit * beta, unit * se, n)) == pytest.approx(r, rel=1e-9, abs=1e-300)


@st.composite
def fits(draw):
    """A pair with a spread of exposure effects, and a well-conditioned LD matrix."""
    rng = np.random.default_rng(draw(seeds))
    n = draw(st.integers(4, 8))
    factor = rng.normal(size=(n, n + 4))
    covariance = factor @ factor.T + 0.5 * np.eye(n)
    scale = np.sqrt(np.diag(covariance))
    ld = (covariance + covariance.T) / 2 / np.outer(scale, scale)
    np.fill_diagonal(ld, 1.0)
    x = rng.uniform(0.02, 0.2, n) * rng.choice([-1.0, 1.0], n)
    assume(np.ptp(np.abs(x)) > 0.01)
    pair = Instruments(x, np.full(n, 0.01), 0.3 * x + 0.03 * rng.normal(size=n), rng.uniform(0.01, 0.03, n))
    return pair, ld


@pytest.mark.parametrize("method", ["ivw", "egger"])
@FAST
@given(drawn=fits())
def test_influence__equals_leaving_out_and_fitting_again(method, drawn):
    """Cook's distance from its definition: squared change of the fit over its variance, per parameter."""
    pair, _ = drawn
    table = influence(pair, method=method).columns
    turn = np.sign(pair.beta_exposure) if method == "egger" else np.ones(pair.n_variants)
    root = 1 / pair.se_outcome
    columns = [turn * pair.beta_exposure] if method == "ivw" else [np.ones_like(root), turn * pair.beta_exposure]
    design, y = np.column_stack(columns) * root[:, np.newaxis], turn * pair.beta_outcome * root
    whole, *_ = np.linalg.lstsq(design, y)
    n, p = design.shape
    variance = np.square(y - design @ whole).sum() / (n - p)
    for j in range(n):
        rest = np.arange(n) != j
        part, *_ = np.linalg.lstsq(design[rest], y[rest])
        moved = design @ (whole - part)
        assert table["cooks_distance"][j] == pytest.approx(moved @ moved / p / variance, rel=1e-6, abs=1e-12)
        left = np.square(y[rest] - design[rest] @ part).sum()
        scatter = np.sqrt(left / (n - 1 - p) * (1 - table["leverage"][j]))
        residual = (y - design @ whole)[j]
        assert table["studentised_residual"][j] == pytest.approx(residual / scatter, rel=1e-6, abs=1e-9)
    assert sum(table["leverage"]) == pytest.approx(p, rel=1e-9)
    assert sum(table["q_contribution"]) == pytest.approx(variance * (n - p), rel=1e-9)


@FAST
@given(fits())
def test_deletions__correlated_and_independent_agree_where_there_is_no_correlation(drawn):
    pair, _ = drawn
    design = np.column_stack([np.ones(pair.n_variants), np.abs(pair.beta_exposure)])
    plain = wls_deletions(design, pair.beta_outcome, 1 / np.square(pair.se_outcome))
    general = gls_deletions(design, pair.beta_outcome, np.diag(np.square(pair.se_outcome)))
    for name in ("leverage", "q_contribution", "studentised_residual", "cooks_distance"):
        np.testing.assert_allclose(getattr(general, name), getattr(plain, name), rtol=1e-7, atol=1e-10)


@FAST
@given(fits())
def test_egger_ld__without_correlation_is_egger(drawn):
    pair, _ = drawn
    plain, general = egger(pair), egger_ld(replace(pair, ld_r=np.eye(pair.n_variants)))
    assert general.beta == pytest.approx(plain.beta, rel=1e-8, abs=1e-10)
    assert general.se == pytest.approx(plain.se, rel=1e-8)
    one, two = plain.diagnostic("egger_intercept"), general.diagnostic("egger_intercept")
    assert two.estimate == pytest.approx(one.estimate, rel=1e-7, abs=1e-10)


@FAST
@given(fits(), seeds)
def test_egger_ld__order_and_alleles_have_no_effect(drawn, seed):
    pair, ld = drawn
    rng = np.random.default_rng(seed)
    order, sign = rng.permutation(pair.n_variants), rng.choice([-1.0, 1.0], pair.n_variants)
    other = Instruments(
        (sign * pair.beta_exposure)[order],
        pair.se_exposure[order],
        (sign * pair.beta_outcome)[order],
        pair.se_outcome[order],
        ld_r=(ld * np.outer(sign, sign))[np.ix_(order, order)],
    )
    one, two = egger_ld(replace(pair, ld_r=ld)), egger_ld(other)
    assert two.beta == pytest.approx(one.beta, rel=1e-7, abs=1e-9)
    assert two.se == pytest.approx(one.se, rel=1e-8)


@FAST
@given(fits(), st.floats(1.1, 10.0))
def test_power__a_more_precise_outcome_finds_less(drawn, factor):
    """Errors of the outcome divided by a factor divide the minimum detectable effect by it."""
    pair, _ = drawn
    facts = TraitFacts(n=10_000)
    precise = replace(pair, se_outcome=pair.se_outcome / factor)
    one, two = (power(p, facts, facts, effect=0.1) for p in (pair, precise))
    assert two[0].statistic == pytest.approx(one[0].statistic / factor, rel=1e-9)
    assert two[2].statistic >= one[2].statistic - 1e-15
    assert ivw(pair).se >= one[0].statistic / 2.81  # scatter only adds
