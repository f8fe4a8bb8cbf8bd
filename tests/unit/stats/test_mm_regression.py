"""MM regression: the scale against every start, breakdown, equivariance and the spread of estimates."""

import itertools

import numpy as np
import pytest
from scipy import integrate, stats

from osteobiome.stats.mm_regression import HALF, TUNING_EFFICIENCY, TUNING_SCALE, mm_regression

pytestmark = pytest.mark.kernel


def rows_of(n, p, seed, *, spoilt=0.35):
    """Return the columns and values of a line with some rows far from it, divided by their errors."""
    rng = np.random.default_rng([n, p, seed])
    x, se = rng.uniform(0.05, 0.3, n), rng.uniform(0.01, 0.05, n)
    slope = np.where(rng.random(n) < spoilt, rng.normal(0.0, 1.0, n), 0.4)
    y = slope * x + (0.02 if p == 2 else 0.0) + se * rng.normal(size=n)
    columns = np.stack([np.ones(n), x], axis=1) if p == 2 else x[:, None]
    return columns / se[:, None], y / se


def rho(u):
    return 1.0 - np.maximum(1.0 - np.square(u / TUNING_SCALE), 0.0) ** 3


def scale_of(residual, p):
    """Solve the equation of the scale by bisection."""
    low, high = 1e-8 * np.abs(residual).max(), 10.0 * np.abs(residual).max()
    for _ in range(60):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if rho(residual / middle).sum() > HALF * (residual.size - p) else (low, middle)
    return low


def descended(x, y, start):
    """Iterate an S-estimate from a start until the scale no longer falls."""
    p, coefficients, scale = x.shape[1], start, np.inf
    for _ in range(300):
        residual = y - x @ coefficients
        new = scale_of(residual, p)
        if new > scale * (1 - 1e-12):
            return scale
        scale = new
        weight = np.square(np.maximum(1.0 - np.square(residual / (TUNING_SCALE * scale)), 0.0))
        coefficients = np.linalg.lstsq(x * np.sqrt(weight)[:, None], y * np.sqrt(weight), rcond=None)[0]
    return scale


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("seed", range(4))
def test_scale__no_exact_fit_to_any_rows_leads_to_a_smaller_one(p, seed):
    x, y = rows_of(9, p, seed)
    starts = [np.linalg.solve(x[list(rows)], y[list(rows)]) for rows in itertools.combinations(range(9), p)]
    lowest = min(descended(x, y, start) for start in starts)
    assert mm_regression(x, y).scale <= lowest * (1 + 1e-7)


def test_tuning__is_a_breakdown_of_one_half_and_an_efficiency_of_95_percent():
    assert integrate.quad(lambda z: float(rho(z)) * stats.norm.pdf(z), -10, 10)[0] == pytest.approx(HALF, abs=1e-5)
    k = TUNING_EFFICIENCY
    psi = integrate.quad(lambda z: (z * (1 - (z / k) ** 2) ** 2) ** 2 * stats.norm.pdf(z), -k, k)[0]
    bend = integrate.quad(lambda z: (1 - (z / k) ** 2) * (1 - 5 * (z / k) ** 2) * stats.norm.pdf(z), -k, k)[0]
    assert bend**2 / psi == pytest.approx(0.95, abs=1e-4)


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("far", [1e2, 1e6])
def test_line__is_not_moved_by_two_fifths_of_the_rows(p, far):
    x, y = rows_of(40, p, 3, spoilt=0.0)
    clean = mm_regression(x, y)
    y[:16] += far
    spoilt = mm_regression(x, y)
    assert not spoilt.weights[:16].any()
    assert spoilt.coefficients[-1] == pytest.approx(clean.coefficients[-1], abs=3 * clean.se[-1])


@pytest.mark.parametrize("p", [1, 2])
def test_line__follows_what_is_added_and_the_unit(p):
    x, y = rows_of(25, p, 1)
    plain, tilt = mm_regression(x, y), np.array([0.7, -0.3])[:p]
    moved = mm_regression(x, 8.0 * (y + x @ tilt))
    np.testing.assert_allclose(moved.coefficients, 8.0 * (plain.coefficients + tilt), rtol=1e-8)
    np.testing.assert_allclose(moved.se, 8.0 * plain.se, rtol=1e-7)
    assert moved.scale == pytest.approx(8.0 * plain.scale, rel=1e-9)


@pytest.mark.calibration
def test_errors__are_the_spread_of_estimates():
    """300 repetitions: the spread of a spread is 4 %."""
    fits = [mm_regression(*rows_of(80, 1, seed, spoilt=0.1)) for seed in range(300)]
    slopes = np.array([fit.coefficients[0] for fit in fits])
    assert np.mean([fit.se[0] for fit in fits]) == pytest.approx(np.std(slopes, ddof=1), rel=0.15)
    assert np.mean(slopes) == pytest.approx(0.4, abs=4 * np.std(slopes) / np.sqrt(300))
