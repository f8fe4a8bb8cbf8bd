"""Weighted median with interpolation, and its draws against a plain loop."""

import numpy as np
import pytest

from osteobiome.stats.median import INSERTION_LIMIT, median_draws, median_of_sorted, sort_together, weighted_median_of
from osteobiome.stats.random import normal_pair, stream_key

pytestmark = pytest.mark.kernel
KEY = stream_key(3, "median")


def oracle(values, weight):
    """The definition of Bowden et al. 2016, by sorting and interpolation."""
    order = np.argsort(values, kind="stable")
    values, weight = values[order], weight[order]
    place = (np.cumsum(weight) - weight / 2) / weight.sum()
    return np.interp(0.5, place, values)


@pytest.mark.parametrize(
    ("values", "weight", "want"),
    [
        ([3.0, 1.0, 2.0], [1, 1, 1], 2.0),
        ([4.0, 1.0, 3.0, 2.0], [1, 1, 1, 1], 2.5),
        ([5.0], [2], 5.0),
        ([1.0, 2.0], [1, 1], 1.5),
        ([1.0, 2.0, 3.0], [1, 1, 2], 2.0 + 1 / 3),  # s = 1/8, 3/8, 3/4: a third of the way from 3/8 to 3/4
        ([1.0, 2.0, 3.0], [5, 1, 1], 1.0 + 1 / 3),  # s = 5/14, 11/14: a third of the way
        ([1.0, 2.0, 3.0], [9, 0, 0], 1.0),
        ([1.0, 2.0, 3.0], [0, 0, 9], 3.0),
        ([1.0, 2.0, 3.0], [0, 4, 0], 2.0),
        ([-1.0, 7.0, 7.0, 7.0], [1, 1, 1, 1], 7.0),
    ],
)
def test_weighted_median__by_hand(values, weight, want):
    assert weighted_median_of(np.array(values), np.array(weight, dtype=float)) == pytest.approx(want, rel=1e-15)


@pytest.mark.parametrize("n", [1, 2, 3, 10, INSERTION_LIMIT, INSERTION_LIMIT + 1, 200])
def test_weighted_median__equals_interpolation(n):
    rng = np.random.default_rng(n)
    for _ in range(20):
        values, weight = rng.standard_t(2, n), 10.0 ** rng.uniform(-6, 6, n)
        before = values.copy(), weight.copy()
        assert weighted_median_of(values, weight) == pytest.approx(oracle(values, weight), rel=1e-9, abs=1e-12)
        np.testing.assert_array_equal(values, before[0])
        np.testing.assert_array_equal(weight, before[1])


def test_weighted_median__one_variant_with_almost_all_weight_is_the_estimate():
    assert weighted_median_of(np.array([9.0, 1.0, 2.0]), np.array([1e12, 1.0, 1.0])) == pytest.approx(9.0, rel=1e-10)


def test_weighted_median__turns_with_its_values():
    rng = np.random.default_rng(1)
    values, weight = rng.normal(size=11), rng.uniform(size=11)
    assert weighted_median_of(-values, weight) == pytest.approx(-weighted_median_of(values, weight), rel=1e-13)


def test_median_of_sorted__weights_that_round_to_less_than_their_sum():
    assert median_of_sorted(np.array([1.0, 2.0]), np.array([np.nan, np.nan])) == 2.0


@pytest.mark.parametrize("n", [1, 2, 7, INSERTION_LIMIT, INSERTION_LIMIT + 30])
def test_sort_together__moves_the_partner_along(n):
    rng = np.random.default_rng(n)
    values = rng.normal(size=n)
    ordered, partner = values.copy(), np.arange(n, dtype=float)
    sort_together(ordered, partner)
    np.testing.assert_array_equal(ordered, np.sort(values))
    np.testing.assert_array_equal(values[partner.astype(int)], ordered)


def some_variants(n, seed=0):
    rng = np.random.default_rng([seed, n])
    effects = np.stack(
        [rng.uniform(0.05, 0.2, n), rng.uniform(0.005, 0.02, n), rng.uniform(0, 0.1, n), rng.uniform(0.01, 0.03, n)]
    )
    return effects, rng.choice([-1.0, 1.0], n), rng.uniform(0.1, 1.0, n), rng.permutation(n)


@pytest.mark.parametrize("n", [3, 8, INSERTION_LIMIT + 6])
def test_median_draws__equal_a_plain_loop(n):
    effects, sign, weight, column = some_variants(n)
    got = median_draws(effects, sign, weight, column, KEY, 15)
    for draw in range(15):
        z = np.array([normal_pair(KEY, draw, c) for c in column])
        x, y = effects[0] + effects[1] * z[:, 0], effects[2] + effects[3] * z[:, 1]
        assert got[draw] == pytest.approx(oracle(sign * y / x, weight), rel=1e-12)


def test_median_draws__do_not_depend_on_number_or_order():
    effects, sign, weight, column = some_variants(6)
    few, many = (median_draws(effects, sign, weight, column, KEY, n) for n in (5, 12))
    np.testing.assert_array_equal(few, many[:5])
    order = np.array([3, 1, 5, 0, 2, 4])
    shuffled = median_draws(effects[:, order].copy(), sign[order], weight[order], column[order], KEY, 5)
    np.testing.assert_allclose(shuffled, few, rtol=1e-13)


def test_median_draws__turn_with_the_signs():
    effects, sign, weight, column = some_variants(7)
    turned = median_draws(effects, -sign, weight, column, KEY, 10)
    np.testing.assert_allclose(turned, -median_draws(effects, sign, weight, column, KEY, 10), rtol=1e-12)
