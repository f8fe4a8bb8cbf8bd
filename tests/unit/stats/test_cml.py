"""Constrained maximum likelihood: against every subset of variants, derivatives, certificates."""

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from osteobiome.stats.cml import fill_bounds, fill_distances, fill_sums, global_path, polish, slopes
from osteobiome.stats.cml_descent import descent_path
from osteobiome.stats.cml_perturbed import perturbed_paths, predicted_variance, variance_of_pairs

pytestmark = pytest.mark.kernel


def some(m=8, seed=0):
    rng = np.random.default_rng([seed, m])
    x, sx, sy = rng.uniform(0.05, 0.3, m), rng.uniform(0.01, 0.03, m), rng.uniform(0.01, 0.05, m)
    y = 0.4 * x + sy * rng.normal(size=m) + np.where(rng.random(m) < 0.4, rng.normal(0, 0.2, m), 0.0)
    return x, sx**2, y, sy**2


def uneven(m, seed):
    """Return data whose standard errors differ a thousandfold."""
    rng = np.random.default_rng([seed, m, 2])
    x, vx, y, vy = some(m, seed)
    f, h = 10.0 ** rng.uniform(-1.5, 1.5, (2, m))
    return x * f, vx * f**2, y * h, vy * h**2


def search(data, *, penalty=8.0, spare=1e9, tolerance=0.01, budget=10**6):
    x, vx, _, vy = data
    assert x.size >= 3
    return global_path(*data, float(np.sqrt(np.median(vy) / np.median(vx))), penalty, spare, tolerance, budget)


def distance(theta, data, keep):
    x, vx, y, vy = data
    return np.sort((y - theta * x) ** 2 / (vy + theta**2 * vx))[:keep].sum()


def by_subsets(data, keep):
    """Return the lowest sum over every subset of this size, each minimised from many angles."""
    x, vx, y, vy = data
    best = np.inf
    angles = np.linspace(-1.5, 1.5, 61)
    for subset in combinations(range(x.size), keep):
        chosen = list(subset)

        def q(angle, chosen=chosen):
            theta = np.tan(angle)
            return np.sum((y[chosen] - theta * x[chosen]) ** 2 / (vy[chosen] + theta**2 * vx[chosen]))

        start = min(angles, key=q)
        best = min(best, minimize_scalar(q, bounds=(start - 0.06, start + 0.06), method="bounded").fun)
    return best


@pytest.mark.parametrize("seed", range(3))
def test_global_path__equals_the_best_of_all_subsets(seed):
    data = some(7, seed)
    path, _, gap = search(data, tolerance=1e-3)
    assert gap == 1e-3
    for k in range(6):
        want = by_subsets(data, 7 - k)
        assert path[1, k] <= want + 1e-9
        assert path[1, k] == pytest.approx(want, rel=1e-5, abs=1e-8)
        assert path[1, k] == pytest.approx(distance(path[0, k], data, 7 - k), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("seed", range(5))
def test_global_path__no_angle_is_lower_than_the_tolerance_says(seed):
    data = some(30, seed)
    path, _, gap = search(data, spare=46.0, tolerance=0.5)
    assert gap == 0.5
    scores = path[1] + 8.0 * np.arange(29)
    for k in np.flatnonzero(scores < scores.min() + 46.0):
        lowest = min(distance(np.tan(a), data, 30 - k) for a in np.linspace(-1.57, 1.57, 3001))
        assert path[1, k] <= lowest + gap


@pytest.mark.parametrize("make", [some, uneven])
@pytest.mark.parametrize("width", [0.05, 0.001])
def test_fill_bounds__lines_lie_below_the_distances(make, width):
    low_end, high_end, here = np.empty((3, 40))
    for seed in range(5):
        data = make(40, seed)
        for low in np.linspace(-1.5, 1.45, 12):
            low, high = (low, low + width) if not low < 0.0 < low + width else (0.0, width)
            fill_bounds(low, high, 0.7, *data, low_end, high_end)
            for share in np.linspace(0.0, 1.0, 9):
                angle = low + share * (high - low)
                fill_distances(np.cos(angle), 0.7 * np.sin(angle), *data, here)
                gap = here - ((1.0 - share) * low_end + share * high_end)
                assert (gap >= -1e-9 * (1.0 + here)).all()


@pytest.mark.parametrize(("make", "most"), [(some, 6300), (uneven, 14_300)])
def test_global_path__bounds_are_close_enough_to_end_the_search_soon(make, most):
    """Sorts for five pairs are 5730 and 13,038; a curvature taken twice as high would need a quarter more."""
    assert sum(search(make(20, seed), tolerance=1e-4)[1] for seed in range(5)) < most


@pytest.mark.parametrize("last", [0, 3, 30, 198])
def test_fill_sums__are_the_sums_of_the_smallest(last):
    values = np.random.default_rng(last).exponential(size=200)
    out = np.full(199, np.nan)
    fill_sums(values, last, out)
    np.testing.assert_allclose(out[: last + 1], np.cumsum(np.sort(values))[::-1][: last + 1], rtol=1e-12)
    assert np.isnan(out[last + 1 :]).all()


def test_global_path__many_variants_equal_the_search_without_shortcuts():
    data = some(400, 1)
    fast = search(data, spare=46.0)[0]
    slow = search(data, spare=1e9)[0]
    counts = slow[1] + 8.0 * np.arange(399) < (slow[1] + 8.0 * np.arange(399)).min() + 46.0
    assert 3 < counts.sum() < 200
    np.testing.assert_allclose(fast[1, counts], slow[1, counts], atol=0.02)


def test_global_path__margin_is_the_height_of_an_infinite_effect():
    x, vx, _, _ = data = some(9, 2)
    path, *_ = search(data)
    far = np.cumsum(np.sort(x**2 / vx))[:0:-1]
    np.testing.assert_allclose(path[3], far - path[1], rtol=1e-12)


def test_predicted_variance__is_the_variance_of_draws_with_the_valid_variants_fixed():
    rng = np.random.default_rng(1)
    m = 30
    vx, vy = rng.uniform(0.5, 1.5, (2, m))
    x = 4.0 * np.sqrt(vx)  # weak: F is 16, and maximum likelihood predicts a fifth less
    y = 0.5 * x + np.sqrt(vy + 0.25 * vx) * rng.normal(size=m)
    y[:3] += 20.0
    theta = search((x[3:], vx[3:], y[3:], vy[3:]))[0][0, 0]
    draws = []
    for _ in range(4000):
        noisy = (x + np.sqrt(vx) * rng.normal(size=m))[3:], vx[3:], (y + np.sqrt(vy) * rng.normal(size=m))[3:], vy[3:]
        draws.append(polish(theta, m - 3, *noisy, np.empty(m - 3))[0])
    want = np.var(draws)
    assert predicted_variance(theta, 3, np.stack([x, vx, y, vy])) == pytest.approx(want, rel=0.1)
    plain = 2.0 / polish(theta, m - 3, x[3:], vx[3:], y[3:], vy[3:], np.empty(m - 3))[2]
    assert plain < 0.9 * want


def test_variance_of_pairs__mirrored_draws_do_not_count_as_two():
    rng = np.random.default_rng(2)
    found = []
    for _ in range(2000):
        apart, common = 2.0 * rng.normal(size=50), rng.normal(size=50)
        found.append(variance_of_pairs(np.stack([common + apart, common - apart], axis=1).ravel()))
    variance, empirical, normal = np.transpose(found)
    assert variance.mean() == pytest.approx(5.0, rel=0.02)
    assert empirical.mean() == pytest.approx(variance.var(), rel=0.1)
    assert normal.mean() == pytest.approx(variance.var(), rel=0.1)
    assert np.isnan(variance_of_pairs(np.arange(5.0))).all()


def test_global_path__says_how_much_may_be_missed_when_the_budget_runs_out():
    _, sorts, gap = search(some(30), tolerance=1e-6, budget=2000)
    assert sorts <= 2000
    assert gap > 1e-6


def test_global_path__never_above_descent():
    for seed in range(10):
        data = some(20, seed)
        # the search is exhaustive for models that may count, and tries all
        assert (search(data)[0][1] <= descent_path(*data, 1e-7)[1] + 1e-9).all()


@pytest.mark.parametrize("theta", [-3.0, 0.1, 0.45])
def test_slopes__are_derivatives(theta):
    data, work, h = some(9), np.empty(9), 1e-4
    value, first, second, _ = slopes(theta, 6, *data, work)
    low, high = slopes(theta - h, 6, *data, work)[0], slopes(theta + h, 6, *data, work)[0]
    assert first == pytest.approx((high - low) / (2 * h), rel=1e-5)
    assert second == pytest.approx((high - 2 * value + low) / h**2, rel=1e-3)


def test_global_path__curvature_is_that_of_maximum_likelihood():
    """Without invalid variants: the inverse Hessian of the full likelihood in effect and true exposure effects."""
    data = some(6, 3)
    x, vx, y, vy = data
    path, *_ = search(data)
    theta = path[0, 0]
    truth = (x / vx + theta * y / vy) / (1 / vx + theta**2 / vy)
    hessian = np.diag(np.append(np.sum(truth**2 / vy), 1 / vx + theta**2 / vy))
    hessian[0, 1:] = hessian[1:, 0] = (2 * theta * truth - y) / vy
    assert 2.0 / path[2, 0] == pytest.approx(np.linalg.inv(hessian)[0, 0], rel=1e-9)


def test_perturbed_paths__draws_have_the_spread_of_the_data_and_come_in_mirrored_pairs():
    x, vx, y, vy = some(12)
    size = np.stack([x, np.sqrt(vx), np.abs(y), np.sqrt(vy)])
    limits = (8.0, 46.0, 0.1, 100_000)
    draws = perturbed_paths(size, np.sign(y), 1.0, limits, 0.0, np.uint64(7), 40)
    again = perturbed_paths(size, np.sign(y), 1.0, limits, 0.0, np.uint64(7), 10)
    np.testing.assert_array_equal(draws[:10], again)
    opposite = perturbed_paths(size, -np.sign(y), 1.0, limits, 0.0, np.uint64(7), 40)
    np.testing.assert_allclose(opposite[:, 0, :4], -draws[:, 0, :4], rtol=1e-9)
