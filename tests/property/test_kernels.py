"""Kernels against slow loops, and what must hold for any input."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from osteobiome.instruments import Instruments, i2_gx
from osteobiome.mr import ivw, ivw_ld
from osteobiome.stats.gls import gls_origin
from osteobiome.stats.multiple_testing import benjamini_hochberg
from osteobiome.stats.tails import neg_log10_p_chi2, neg_log10_p_normal, neg_log10_p_t
from osteobiome.stats.wls import egger_kernel, ivw_kernel

FAST = settings(deadline=None, max_examples=30, database=None, suppress_health_check=[HealthCheck.too_slow])
SLOW = settings(FAST, max_examples=12)
# thousandths between -1 and 1: effects without denormals, whose rounding is not the subject here
effects = st.integers(-1000, 1000).map(lambda i: i / 1000)
weights = st.one_of(st.just(0.0), st.integers(1, 10_000).map(float))


@st.composite
def blocks(draw):
    """Exposure effects, outcome effects and weights, shape (n_pairs, n_variants)."""
    shape = (draw(st.integers(1, 4)), draw(st.integers(1, 9)))
    return tuple(draw(arrays(np.float64, shape, elements=kind)) for kind in (effects, effects, weights))


def loop_ivw(x, y, w):
    """One pair in plain Python, sums by math.fsum."""
    used = [(a, b, c) for a, b, c in zip(x, y, w, strict=True) if c > 0]
    xx = math.fsum(c * a * a for a, _, c in used)
    if xx == 0:
        return [math.nan] * 3 + [len(used)]
    slope = math.fsum(c * a * b for a, b, c in used) / xx
    return [slope, xx**-0.5, math.fsum(c * (b - slope * a) ** 2 for a, b, c in used), len(used)]


def loop_egger(x, y, w):
    used = [(abs(a), math.copysign(1, a) * b if a else b, c) for a, b, c in zip(x, y, w, strict=True) if c > 0]
    sizes = {a for a, _, _ in used}
    if len(used) < 2 or len(sizes) < 2:
        return [math.nan] * 5 + [len(used)]
    total = math.fsum(c for _, _, c in used)
    mean_x = math.fsum(c * a for a, _, c in used) / total
    mean_y = math.fsum(c * b for _, b, c in used) / total
    xx = math.fsum(c * (a - mean_x) ** 2 for a, _, c in used)
    slope = math.fsum(c * (a - mean_x) * (b - mean_y) for a, b, c in used) / xx
    intercept = mean_y - slope * mean_x
    q = math.fsum(c * (b - intercept - slope * a) ** 2 for a, b, c in used)
    return [slope, xx**-0.5, intercept, (1 / total + mean_x**2 / xx) ** 0.5, q, len(used)]


@pytest.mark.kernel
@FAST
@given(blocks())
def test_ivw_kernel__equals_the_loop(block):
    want = np.array([loop_ivw(*rows) for rows in zip(*block, strict=True)])
    np.testing.assert_allclose(ivw_kernel(*block), want, rtol=1e-9, atol=1e-9)


@pytest.mark.kernel
@FAST
@given(blocks())
def test_egger_kernel__equals_the_loop(block):
    want = np.array([loop_egger(*rows) for rows in zip(*block, strict=True)])
    np.testing.assert_allclose(egger_kernel(*block), want, rtol=1e-7, atol=1e-7)


@FAST
@given(blocks(), st.integers(1, 5))
def test_kernels__padding_changes_no_bit(block, extra):
    padded = [np.pad(a, ((0, 0), (0, extra)), constant_values=0.0) for a in block]
    for kernel in (ivw_kernel, egger_kernel):
        np.testing.assert_array_equal(kernel(*padded), kernel(*block))


@FAST
@given(blocks())
def test_i2_gx__equals_the_loop(block):
    x, se, mask = block[0], 0.001 + np.abs(block[1]), block[2] > 0
    for row, value in enumerate(i2_gx(x, se, mask=mask)):
        used = [(abs(a), b) for a, b, m in zip(x[row], se[row], mask[row], strict=True) if m]
        if len(used) < 2:
            assert np.isnan(value)
            continue
        total = math.fsum(b**-2 for _, b in used)
        mean = math.fsum(a / b**2 for a, b in used) / total
        q = math.fsum(((a - mean) / b) ** 2 for a, b in used)
        if q > 1e-9:  # below, the spread is rounding error
            assert value == pytest.approx(max(0.0, (q - len(used) + 1) / q), rel=1e-6, abs=1e-6)
        else:
            assert value == 0.0


sizes = st.floats(0.0, 1e6, allow_subnormal=False)


@FAST
@given(st.lists(sizes, min_size=2, max_size=30), st.floats(0.5, 1e4))
def test_tails__grow_with_the_statistic(values, df):
    z = np.sort(values)
    for p in (neg_log10_p_normal(z), neg_log10_p_t(z, df), neg_log10_p_chi2(z, df)):
        assert (p >= 0).all()
        # not strictly: neighbours may differ by rounding only
        assert (np.diff(p) >= -1e-10 * np.maximum(1.0, p[1:])).all()


@FAST
@given(sizes, st.floats(0.5, 1e4))
def test_tails__do_not_know_the_sign(z, df):
    assert neg_log10_p_normal(-z) == neg_log10_p_normal(z)
    assert neg_log10_p_t(-z, df) == neg_log10_p_t(z, df)


@FAST
@given(st.floats(0.1, 60.0), st.floats(2.0, 200.0))
def test_tails__lie_between_their_neighbours(z, df):
    """Fewer degrees of freedom, heavier tail: the normal has the smallest p."""
    assert neg_log10_p_t(z, df) <= neg_log10_p_t(z, 2 * df) * (1 + 1e-9) + 1e-12
    assert neg_log10_p_t(z, df) <= neg_log10_p_normal(z) * (1 + 1e-9) + 1e-12


def crossing(function, target=280.0):
    """Return the statistic at which minus log10 p passes the target."""
    low, high = 0.0, 1.0
    while function(high) < target:
        high *= 2.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < target else (low, middle)
    return high


@SLOW
@given(st.floats(1.0, 2000.0))
def test_tails__no_step_where_the_formula_changes(df):
    """p passes 1e-280, where the library function gives way to the sum in log space."""
    for tail in (lambda s: float(neg_log10_p_t(s, df)), lambda s: float(neg_log10_p_chi2(s, df))):
        s = crossing(tail)
        below, at, above = (tail(s * (1 + eps)) for eps in (-1e-6, 0.0, 1e-6))
        assert pytest.approx(at, rel=1e-9) == 280.0
        # equal steps in s give equal steps in log p; a step in the formula would show up here
        assert above - at == pytest.approx(at - below, rel=1e-3, abs=1e-9)


@FAST
@given(st.lists(st.one_of(st.floats(0.0, 20.0), st.just(math.nan), st.just(math.inf)), max_size=25))
def test_benjamini_hochberg__equals_the_definition(scores):
    q = benjamini_hochberg(scores)
    p = [10.0**-s for s in scores if not math.isnan(s)]
    for score, value in zip(scores, q, strict=True):
        if math.isnan(score):
            assert math.isnan(value)
            continue
        mine = 10.0**-score
        want = min(1.0, *(b * len(p) / sum(a <= b for a in p) for b in p if b >= mine))
        assert value == pytest.approx(want, rel=1e-9, abs=1e-300)


@FAST
@given(st.lists(st.floats(0.0, 20.0), min_size=1, max_size=25), st.randoms(use_true_random=False))
def test_benjamini_hochberg__order_of_tests_has_no_effect(scores, random):
    order = random.sample(range(len(scores)), len(scores))
    shuffled = benjamini_hochberg([scores[i] for i in order])
    np.testing.assert_allclose(shuffled, benjamini_hochberg(scores)[order], rtol=1e-12)


@FAST
@given(st.lists(st.floats(0.0, 20.0), min_size=1, max_size=25))
def test_benjamini_hochberg__keeps_the_ranking_and_never_falls_below_p(scores):
    q = benjamini_hochberg(scores)
    order = np.argsort(scores)
    assert (np.diff(q[order]) <= 1e-12).all()
    assert (q >= 10.0 ** -np.array(scores) * (1 - 1e-9)).all()
    assert (q <= 1.0).all()


@st.composite
def correlated_pairs(draw):
    """A pair with a well-conditioned LD matrix."""
    n = draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    factor = rng.normal(size=(n, n + 4))
    covariance = factor @ factor.T + 0.5 * np.eye(n)
    sd = np.sqrt(np.diag(covariance))
    ld = covariance / np.outer(sd, sd)
    ld = (ld + ld.T) / 2
    np.fill_diagonal(ld, 1.0)
    x = rng.normal(0, 0.1, n)
    assume(np.abs(x).max() > 1e-3)
    se_x, se_y = rng.uniform(0.005, 0.02, n), rng.uniform(0.01, 0.05, n)
    return Instruments.from_arrays(x, se_x, rng.normal(0, 0.1, n), se_y, ld_r=ld), rng


def close(a, b, factor=1.0):
    assert a.beta == pytest.approx(b.beta * factor, rel=1e-9, abs=1e-12)
    assert a.se == pytest.approx(b.se * abs(factor), rel=1e-9)
    assert a.neg_log_10_p_value == pytest.approx(b.neg_log_10_p_value, rel=1e-8, abs=1e-10)


def remake(pair, *, order=None, sign=None, scale_outcome=1.0):
    n = pair.n_variants
    order = np.arange(n) if order is None else order
    sign = np.ones(n) if sign is None else sign
    return Instruments.from_arrays(
        (pair.beta_exposure * sign)[order],
        pair.se_exposure[order],
        (pair.beta_outcome * sign)[order] * scale_outcome,
        pair.se_outcome[order] * abs(scale_outcome),
        ld_r=(pair.ld_r * np.outer(sign, sign))[np.ix_(order, order)],
    )


@SLOW
@given(correlated_pairs())
def test_ivw_ld__order_and_alleles_have_no_effect(drawn):
    pair, rng = drawn
    n = pair.n_variants
    close(ivw_ld(remake(pair, order=rng.permutation(n))), ivw_ld(pair))
    close(ivw_ld(remake(pair, sign=rng.choice([-1.0, 1.0], n))), ivw_ld(pair))


@SLOW
@given(correlated_pairs(), st.sampled_from([-3.0, 0.5, 1e-3, 1e4]))
def test_ivw_ld__follows_the_unit_of_the_outcome(drawn, factor):
    pair, _ = drawn
    close(ivw_ld(remake(pair, scale_outcome=factor)), ivw_ld(pair), factor)


@SLOW
@given(correlated_pairs())
def test_ivw_ld__equals_regression_on_whitened_data(drawn):
    """Any square root of the inverse covariance turns the problem into plain least squares."""
    pair, _ = drawn
    covariance = pair.ld_r * np.outer(pair.se_outcome, pair.se_outcome)
    values, vectors = np.linalg.eigh(covariance)
    root = vectors @ np.diag(values**-0.5) @ vectors.T
    x, y = root @ pair.beta_exposure, root @ pair.beta_outcome
    n = pair.n_variants
    white = Instruments.from_arrays(x, np.ones(n), y, np.ones(n))
    close(ivw_ld(pair), ivw(white))
    fit = gls_origin(pair.beta_exposure, pair.beta_outcome, pair.se_outcome, pair.ld_r)
    assert fit.q == pytest.approx(float(((y - fit.slope * x) ** 2).sum()), rel=1e-7, abs=1e-9)
