"""Profile of the contamination mixture: against densities, grids and exact fractions."""

import numpy as np
import pytest
from scipy.stats import norm

from osteobiome.stats.contamination import gain, highest, level_set, parabolas, reach

pytestmark = pytest.mark.kernel


def some(n=15, seed=0, psi=1.0):
    rng = np.random.default_rng([seed, n])
    se = rng.uniform(0.05, 0.4, n)
    ratio = np.where(rng.random(n) < 0.5, 0.5 + se * rng.normal(size=n), rng.normal(0.0, 1.0, n))
    return ratio, se, reach(ratio, se, psi)


def by_definition(theta, ratio, se, psi):
    """Return the profile from the two normal densities, above the likelihood without a valid variant."""
    inside, outside = norm.logpdf(ratio, theta, se), norm.logpdf(ratio, 0.0, np.hypot(psi, se))
    return np.sum(np.maximum(inside, outside) - outside)


@pytest.mark.parametrize("theta", [-2.0, 0.0, 0.3, 0.5, 7.0])
def test_gain__is_the_larger_of_two_normal_densities(theta):
    ratio, se, distance = some()
    want = by_definition(theta, ratio, se, 1.0)
    assert gain(theta, ratio, se**-2, distance)[0] == pytest.approx(want, rel=1e-12, abs=1e-12)


def test_parabolas__running_sums_equal_direct_ones():
    ratio, se, distance = some(200)
    for place, value, slope, bend in parabolas(ratio, se**-2, distance)[:-1]:
        direct = gain(place, ratio, se**-2, distance)
        assert value == pytest.approx(direct[0], rel=1e-11, abs=1e-11)
        beyond = gain(place + 1e-12, ratio, se**-2, distance)
        assert (slope, bend) == (pytest.approx(beyond[1], abs=1e-6), pytest.approx(beyond[2], rel=1e-12, abs=1e-9))


@pytest.mark.parametrize("seed", range(20))
def test_highest__no_point_of_a_fine_grid_is_higher(seed):
    ratio, se, distance = some(seed=seed)
    weight = se**-2
    theta, value = highest(ratio, weight, distance)
    grid = np.linspace(ratio.min() - 1, ratio.max() + 1, 20_001)
    heights = np.array([gain(x, ratio, weight, distance)[0] for x in grid])
    assert value >= heights.max()
    assert value - heights.max() < 1e-3
    valid = np.abs(ratio - theta) < distance
    assert theta == pytest.approx(np.average(ratio[valid], weights=weight[valid]), rel=1e-14)


@pytest.mark.parametrize("seed", range(20))
def test_level_set__is_where_a_fine_grid_is_above(seed):
    ratio, se, distance = some(seed=seed, n=8)
    weight = se**-2
    level = highest(ratio, weight, distance)[1] - [0.5, 1.92, 4.0][seed % 3]
    intervals = level_set(ratio, weight, distance, level=level)
    ends = np.array(intervals).ravel()
    assert (np.diff(ends) > 0).all()
    for end in ends:
        assert gain(end, ratio, weight, distance)[0] == pytest.approx(level, rel=1e-9)
    grid = np.linspace(ratio.min() - 1, ratio.max() + 1, 5001)
    above = np.array([gain(x, ratio, weight, distance)[0] for x in grid]) >= level
    inside = np.zeros(grid.size, dtype=bool)
    for low, high in intervals:
        inside |= (grid >= low) & (grid <= high)
    assert (above == inside).all()


def test_level_set__some_sets_are_disjoint():
    ratio, se = np.array([0.0, 0.01, 1.0, 1.01]), np.full(4, 0.05)
    distance = reach(ratio, se, 2.0)
    level = highest(ratio, se**-2, distance)[1] - 1.92
    assert len(level_set(ratio, se**-2, distance, level=level)) == 2


def test_level_set__the_whole_line_where_nothing_is_gained():
    ratio, se, distance = some()
    assert level_set(ratio, se**-2, distance, level=-0.1) == [(-np.inf, np.inf)]


def test_highest__errors_over_six_orders_of_magnitude():
    """The sum of the four sharpest decides, and the running sums must not drown it in the others."""
    rng = np.random.default_rng(5)
    se = 10.0 ** np.linspace(-6, 0, 61)
    ratio = 0.4 + se * rng.normal(size=61)
    distance = reach(ratio, se, 0.5)
    theta, value = highest(ratio, se**-2, distance)
    heights = [gain(x, ratio, se**-2, distance)[0] for x in np.concatenate([ratio, np.linspace(0, 1, 2001)])]
    assert value >= max(heights)
    assert theta == pytest.approx(0.4, abs=1e-5)
