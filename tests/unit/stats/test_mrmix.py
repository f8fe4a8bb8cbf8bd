"""MRMix: steps, peaks and the standard error against re-estimation from changed data."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from osteobiome.instruments import Instruments
from osteobiome.mr import maximum_likelihood
from osteobiome.stats.mrmix import (
    effect_error,
    exact_peak,
    expectation,
    fit_at,
    fit_from,
    null_distance,
    null_error,
    null_peak,
)

pytestmark = pytest.mark.kernel


def some(n=60, seed=0):
    rng = np.random.default_rng([seed, n])
    x, sx, sy = rng.uniform(0.05, 0.3, n), rng.uniform(0.005, 0.01, n), rng.uniform(0.01, 0.02, n)
    y = 0.4 * x + sy * rng.normal(size=n) + np.where(rng.random(n) < 0.4, rng.normal(0, 0.1, n), 0.0)
    return np.stack([x, sx**2, y, sy**2])


def log_likelihood(theta, share, variance, data):
    x, vx, y, vy = data
    e = y - theta * x
    valid, other = norm.pdf(e, 0, np.sqrt(vy + theta**2 * vx)), norm.pdf(e, 0, np.sqrt(variance))
    return np.sum(np.log(share * valid + (1 - share) * other)) + 0.5 * x.size * np.log(2 * np.pi)


def test_expectation__value_gradient_and_curvature_of_the_likelihood():
    data, at, h = some(), (0.35, 0.6, 0.01), (1e-5, 1e-7)
    value, *_, slope = expectation(*at, data)
    assert value == pytest.approx(log_likelihood(*at, data), rel=1e-12)

    def moved(i, j):
        return log_likelihood(at[0], at[1] + i * h[0], at[2] + j * h[1], data)

    assert slope[0] == pytest.approx((moved(1, 0) - moved(-1, 0)) / (2 * h[0]), rel=1e-5)
    assert slope[1] == pytest.approx((moved(0, 1) - moved(0, -1)) / (2 * h[1]), rel=1e-5)
    assert slope[2] == pytest.approx((moved(1, 0) - 2 * value + moved(-1, 0)) / h[0] ** 2, rel=1e-2)
    assert slope[4] == pytest.approx((moved(0, 1) - 2 * value + moved(0, -1)) / h[1] ** 2, rel=1e-2)
    mixed = (moved(1, 1) - moved(1, -1) - moved(-1, 1) + moved(-1, -1)) / (4 * h[0] * h[1])
    assert slope[3] == pytest.approx(mixed, rel=1e-2)


@pytest.mark.parametrize("theta", [-1.0, 0.0, 0.38, 2.0])
def test_fit_at__no_point_of_a_grid_is_likelier(theta):
    data = some()
    share, variance, value = fit_at(theta, data)
    low = 2 * np.median(data[3] + theta**2 * data[1])
    assert variance >= low * (1 - 1e-12)
    heights = [
        log_likelihood(theta, p, s, data)
        for p in np.linspace(0.001, 0.999, 60)
        for s in low * 10.0 ** np.linspace(0, 3, 60)
    ]
    assert value >= max(heights) - 1e-9
    assert value == pytest.approx(log_likelihood(theta, share, variance, data), rel=1e-12)


def test_fit_from__plain_steps_agree():
    """Ten thousand steps of expectation-maximisation without Newton's method."""
    data, share, variance = some(), 0.6, 0.001
    for _ in range(10_000):
        _, share, variance, _ = expectation(0.4, share, variance, data)
    got = fit_from(0.4, 0.6, 0.001, 1e-6, data)
    assert got[:2] == (pytest.approx(share, rel=1e-9), pytest.approx(variance, rel=1e-9))


def peak(data):
    def negative(theta):
        return -fit_at(theta, data)[0]

    return minimize_scalar(negative, bounds=(0.3, 0.5), method="bounded", options={"xatol": 1e-10}).x


def test_exact_peak__is_the_peak():
    data = some()
    theta = exact_peak(peak(data), data)
    assert theta == pytest.approx(peak(data), abs=1e-6)
    share = fit_at(theta, data)[0]
    assert share >= max(fit_at(theta + step, data)[0] for step in (-1e-4, -1e-6, 1e-6, 1e-4)) - 1e-12


def test_effect_error__is_the_delta_method_by_moving_every_number():
    data = some(30, 2)
    theta = exact_peak(peak(data), data)
    share, variance, _ = fit_at(theta, data)
    squares = 0.0
    for row in (0, 2):
        for j in range(30):
            step = 1e-2 * np.sqrt(data[row + 1, j])
            ends = []
            for sign in (1, -1):
                moved = data.copy()
                moved[row, j] += sign * step
                ends.append(exact_peak(peak(moved), moved))
            squares += ((ends[0] - ends[1]) / (2 * step)) ** 2 * data[row + 1, j]
    assert effect_error(data, theta=theta, share=share, variance=variance) == pytest.approx(np.sqrt(squares), rel=1e-3)


@pytest.mark.parametrize("f", [10.0, 500.0])
def test_null_peak__is_maximum_likelihood_with_all_variants_valid(f):
    rng = np.random.default_rng(1)
    _, vx, _, vy = some()
    gamma = np.sqrt((f - 1.0) * vx)
    x, y = gamma + np.sqrt(vx) * rng.normal(size=60), 0.4 * gamma + np.sqrt(vy) * rng.normal(size=60)
    data = np.stack([x, vx, y, vy])
    theta, want = (
        null_peak(0.5, data),
        maximum_likelihood(Instruments.from_arrays(x, np.sqrt(vx), y, np.sqrt(vy)), model="fixed"),
    )
    assert theta == pytest.approx(want.beta, rel=1e-12)
    assert null_error(theta, data) == pytest.approx(want.se, rel=1e-12)


@pytest.mark.parametrize("theta", [-1.0, 0.1, 0.45])
def test_null_distance__slope_and_curvature_are_derivatives(theta):
    data, h = some(), 1e-4
    value, slope, bend = null_distance(theta, data)
    low, high = null_distance(theta - h, data)[0], null_distance(theta + h, data)[0]
    assert slope == pytest.approx((low - high) / (2 * h), rel=1e-5)
    assert bend == pytest.approx((high - 2 * value + low) / h**2, rel=1e-4)
