"""Random numbers by address, and the estimates made of them: order, grouping and alleles change nothing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osteobiome.instruments import Instruments
from osteobiome.mr import ESTIMATORS, grid
from osteobiome.stats.median import weighted_median_of
from osteobiome.stats.mode import mode_on_grid
from osteobiome.stats.penalty import PENALTY, penalised_weights
from osteobiome.stats.random import normal_pair, normals, stream_key, uniform_pair, uniforms

FAST = settings(deadline=None, max_examples=30, database=None, suppress_health_check=[HealthCheck.too_slow])
SLOW = settings(FAST, max_examples=12)
STOCHASTIC = sorted(name for name, entry in ESTIMATORS.items() if entry.stochastic and not entry.needs_candidates)
"""Estimators that select by themselves refuse pairs of this kind; the contract suite turns and reorders theirs."""
N_DRAWS = 20

keys = st.integers(0, 2**64 - 1).map(np.uint64)
addresses = st.integers(0, 2**32 - 1)
names = st.text(max_size=8)


@st.composite
def pairs(draw, min_size=4, max_size=9):
    """A pair with ratios between about -1 and 1."""
    n = draw(st.integers(min_size, max_size))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = rng.uniform(0.05, 0.2, n) * rng.choice([-1.0, 1.0], n)
    y = 0.3 * x + 0.03 * rng.normal(size=n)
    pair = Instruments(x, rng.uniform(0.005, 0.02, n), y, rng.uniform(0.01, 0.03, n))
    return replace(pair, n_exposure=np.full(n, 1e5), n_outcome=np.full(n, 1e5))


def arrange(pair, order, sign):
    """Return the variants in another order, counted in other alleles."""
    return replace(
        pair,
        beta_exposure=(pair.beta_exposure * sign)[order],
        se_exposure=pair.se_exposure[order],
        beta_outcome=(pair.beta_outcome * sign)[order],
        se_outcome=pair.se_outcome[order],
    )


@FAST
@given(keys, st.lists(st.tuples(addresses, addresses), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_draws__do_not_know_what_was_drawn_before(key, places, random):
    """No state: the same addresses in any order, from any stream in between, hold the same numbers."""
    first = {place: (uniform_pair(key, *place), normal_pair(key, *place)) for place in places}
    for place in random.sample(places, len(places)):
        uniform_pair(key ^ np.uint64(1), *place)
        assert (uniform_pair(key, *place), normal_pair(key, *place)) == first[place]
        assert all(0.0 <= u < 1.0 for u in first[place][0])


@FAST
@given(keys, st.integers(1, 30), st.integers(1, 30), st.data())
def test_arrays__blocks_of_any_size_are_parts_of_one_table(key, n_rows, n_columns, data):
    row, column = data.draw(st.integers(1, n_rows)), data.draw(st.integers(1, n_columns))
    for draw in (uniforms, normals):
        np.testing.assert_array_equal(draw(key, row, column), draw(key, n_rows, n_columns)[:row, :column])


@FAST
@given(st.integers(), st.lists(names, max_size=4), st.integers(), st.lists(names, max_size=4))
def test_stream_key__is_the_same_for_the_same_names_only(seed, ids, other_seed, other_ids):
    assert stream_key(seed, *ids) == stream_key(seed, *ids)
    is_same = (seed, ids) == (other_seed, other_ids)
    assert (stream_key(seed, *ids) == stream_key(other_seed, *other_ids)) == is_same


@SLOW
@given(st.lists(pairs(), min_size=2, max_size=5), st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_grid__an_estimate_by_draws_does_not_know_its_neighbours(drawn, seed, random):
    """Pairs alone, together, or in another order, methods too: every estimate is the same to the last bit."""
    study = [replace(pair, exposure="x", outcome=f"y{i}") for i, pair in enumerate(drawn)]
    methods = ["weighted_median", "simple_median", "ivw"]
    together = grid(study, methods, seed=seed)
    order, turned = random.sample(range(len(study)), len(study)), random.sample(methods, 3)
    for i, row in zip(order, grid([study[i] for i in order], turned, seed=seed), strict=True):
        assert {e.method: e for e in row} == {e.method: e for e in together[i]}
    assert grid(study[:1], methods, seed=seed)[0] == together[0]


@pytest.mark.parametrize("method", STOCHASTIC)
@SLOW
@given(pair=pairs(), seed=st.integers(0, 2**32))
def test_estimates_by_draws__order_and_alleles_have_no_effect(method, pair, seed):
    rng = np.random.default_rng(seed)
    other = arrange(pair, rng.permutation(pair.n_variants), rng.choice([-1.0, 1.0], pair.n_variants))
    fit = ESTIMATORS[method].function
    one, two = (fit(p, seed=seed, n_bootstrap=N_DRAWS) for p in (pair, other))
    assert (two.beta, two.se) == (one.beta, one.se)


def grid_distance(ratios, step):
    """Return the distance of the 512 grid points of a mode, from their distance in bandwidths."""
    width = np.ptp(ratios) / (511 * step - 6)  # the grid reaches three bandwidths beyond the ratios on either side
    return step * width


@pytest.mark.parametrize("method", STOCHASTIC)
@SLOW
@given(pair=pairs(), seed=st.integers(0, 2**32), power=st.integers(-20, 20))
def test_estimates_by_draws__follow_the_unit_of_the_outcome(method, pair, seed, power):
    """Powers of two, whose products are exact."""
    factor = 2.0**power
    other = replace(pair, beta_outcome=pair.beta_outcome * factor, se_outcome=pair.se_outcome * factor)
    fit = ESTIMATORS[method].function
    one, two = (fit(p, seed=seed, n_bootstrap=N_DRAWS) for p in (pair, other))
    assert (two.beta, two.se) == (factor * one.beta, factor * one.se)
    assert two.neg_log_10_p_value == one.neg_log_10_p_value


@pytest.mark.parametrize("method", STOCHASTIC)
@SLOW
@given(pair=pairs(), seed=st.integers(0, 2**32))
def test_estimates_by_draws__turn_with_the_exposure(method, pair, seed):
    fit = ESTIMATORS[method].function
    one, two = (
        fit(p, seed=seed, n_bootstrap=N_DRAWS) for p in (pair, replace(pair, beta_exposure=-pair.beta_exposure))
    )
    if "mode" not in method:
        assert (two.beta, two.se) == pytest.approx((-one.beta, one.se), rel=1e-12, abs=1e-15)
    else:  # read from the other end, the first of two equally high points of the grid is the other one
        step = one.diagnostic("mode_grid_step").statistic
        ratios = pair.beta_outcome / pair.beta_exposure
        assert two.beta == pytest.approx(-one.beta, abs=1.01 * grid_distance(ratios, step))


values = st.lists(st.integers(-1000, 1000).map(lambda i: i / 1000), min_size=2, max_size=12)


@st.composite
def weighted(draw):
    """Values and weights above 0."""
    v = np.array(draw(values))
    w = draw(st.lists(st.integers(1, 1000).map(float), min_size=v.size, max_size=v.size))
    return v, np.array(w)


@FAST
@given(weighted(), st.randoms(use_true_random=False))
def test_median_and_mode__lie_among_their_values_in_any_order(drawn, random):
    v, w = drawn
    order = random.sample(range(v.size), v.size)
    median, (mode, width) = weighted_median_of(v, w), mode_on_grid(v, w, 1.0)
    assert v.min() <= median <= v.max()
    step = (np.ptp(v) + 6 * width) / 511  # the peak lies among the values, the grid point beside it
    assert v.min() - step <= mode <= v.max() + step
    # equal values of unequal weight are interpolated in the order they come in, and the estimators settle it
    if np.unique(v).size == v.size:
        assert weighted_median_of(v[order], w[order]) == pytest.approx(median, rel=1e-12, abs=1e-15)
        assert mode_on_grid(v[order], w[order], 1.0) == (mode, width)


@FAST
@given(weighted(), st.floats(-2.0, 2.0), st.floats(0.01, 1.0))
def test_penalised_weights__fall_with_distance_and_never_grow(drawn, centre, se):
    v, w = drawn
    share = penalised_weights(v, np.full(v.size, se), w, centre, PENALTY) / w
    share = share / share.max()  # a common factor is free: weights are shares
    order = np.argsort(np.abs(v - centre))
    assert (np.diff(share[order]) <= 1e-12).all()
    assert (share >= 0.0).all()
