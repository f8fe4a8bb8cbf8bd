"""The global search of the profile loss against brute force, and the constants of the losses against integrals."""

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, optimize

from osteobiome.stats.profile_score import (
    LOSSES,
    TUNING,
    loss_moments,
    lowest_slope,
    profile_curvature,
    profile_loss,
    scatter_at,
    scatter_score,
    solve_with_scatter,
)

pytestmark = pytest.mark.kernel

CASES = ("plain", "weak", "precise", "two_clusters", "orders", "few", "outliers")


def data_of(case, seed):
    rng = np.random.default_rng([seed, CASES.index(case)])
    n = {"few": 3, "weak": 60}.get(case, 24)
    x, sx, sy = rng.normal(0.0, 0.1, n), np.full(n, 0.01), rng.uniform(0.01, 0.03, n)
    theta = np.full(n, 0.5)
    if case == "weak":
        x = 0.01 * rng.normal(size=n)
    elif case == "precise":
        sx, sy = np.full(n, 1e-7), np.full(n, 1e-5)
    elif case == "two_clusters":
        theta, sx, sy = np.where(np.arange(n) < 14, 0.5, -2.0), sx / 100, sy / 100
    elif case == "orders":
        sy = np.geomspace(1e-6, 1.0, n)
        sx = rng.permutation(np.geomspace(1e-6, 1e-2, n))
    elif case == "outliers":
        theta = np.where(rng.random(n) < 0.4, rng.normal(0.0, 30.0, n), 0.5)
        sx, sy = sx / 30, sy / 30
    return x + sx * rng.normal(size=n), sx, theta * x + sy * rng.normal(size=n), sy


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("psi", [0.0, 0.5])
def test_search__no_slope_of_brute_force_is_lower(loss, case, psi):
    """Thousands of slopes, evenly over the circle in two units and densely about every ratio."""
    for seed in range(3):
        x, sx, y, sy = data = data_of(case, seed)
        tau2 = 0.0 if seed else 1e-4
        slope, value = lowest_slope(data, tau2=tau2, loss=loss, psi=psi)
        at = LOSSES.index(loss), TUNING[loss], psi

        def cost(theta, data=data, tau2=tau2, at=at):
            return profile_loss(*data, tau2, float(theta), *at)[0]

        assert value == pytest.approx(cost(slope), rel=1e-9)  # in other units, so rounded otherwise
        width = np.sqrt(sy**2 + tau2 + (y / x * sx) ** 2) / np.abs(x)
        tried = np.concatenate(
            [
                np.tan(np.linspace(-1.5707, 1.5707, 2001)),
                np.median(sy / sx) * np.tan(np.linspace(-1.5707, 1.5707, 2001)),
                *[y / x + step * width for step in np.linspace(-6, 6, 61)],
            ]
        )
        costs = np.array([cost(theta) for theta in tried])
        best = tried[np.argmin(costs)]
        near = optimize.minimize_scalar(cost, bracket=(best * (1 - 1e-7), best * (1 + 1e-7))).fun
        assert value <= min(costs.min(), near) * (1 + 1e-9) + 1e-12


@pytest.mark.parametrize("loss", LOSSES)
def test_loss__derivative_is_its_slope(loss):
    data = data_of("plain", 4)
    at = LOSSES.index(loss), TUNING[loss], 0.3
    for theta in (-2.0, 0.0, 0.45, 7.0):
        step = 1e-6 * max(1.0, abs(theta))
        ends = [profile_loss(*data, 1e-4, theta + d, *at)[0] for d in (-step, step)]
        assert profile_loss(*data, 1e-4, theta, *at)[1] == pytest.approx((ends[1] - ends[0]) / (2 * step), rel=1e-4)


@pytest.mark.parametrize("psi", [-0.4, 0.0, 0.6])
def test_curvature__is_the_second_difference_of_the_loss(psi):
    data = data_of("plain", 2)
    at = LOSSES.index("l2"), TUNING["l2"], psi
    slopes = [profile_loss(*data, 0.0, 0.5 + d, *at)[1] for d in (-1e-5, 1e-5)]
    assert profile_curvature(data, slope=0.5, psi=psi) == pytest.approx((slopes[1] - slopes[0]) / 2e-5, rel=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_moments__are_integrals(loss):
    k = TUNING[loss]

    def psi(z):
        if loss == "l2":
            return z, 1.0
        if loss == "huber":
            return (z, 1.0) if abs(z) < k else (math.copysign(k, z), 0.0)
        u = 1 - (z / k) ** 2
        return (6 * z / k**2 * u * u, 6 / k**2 * u * (u - 4 * (z / k) ** 2)) if u > 0 else (0.0, 0.0)

    def mean(f):
        edges = [-12.0, -k, k, 12.0] if math.isfinite(k) else [-12.0, 0.0, 12.0]
        pieces = (integrate.quad(lambda z: f(z) * math.exp(-z * z / 2), *e)[0] for e in itertools.pairwise(edges))
        return sum(pieces) / math.sqrt(2 * math.pi)

    of = loss_moments(loss)
    assert of.slope == pytest.approx(mean(lambda z: z * psi(z)[0]), rel=1e-9)
    assert of.square == pytest.approx(mean(lambda z: psi(z)[0] ** 2), rel=1e-9)
    assert of.spread == pytest.approx(mean(lambda z: (z * psi(z)[0]) ** 2) - of.slope**2, rel=1e-9)
    assert of.bend == pytest.approx(mean(lambda z: z * z * psi(z)[1]), rel=1e-8)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("alike", [True, False])
def test_scatter__is_the_smallest_root_or_0(loss, alike):
    data = data_of("plain", 1)
    x, sx, y, sy = data
    spoilt = x, sx, y + 0.05 * np.random.default_rng(1).normal(size=x.size), sy
    tau2 = scatter_at(spoilt, slope=0.5, loss=loss, alike=alike)
    assert tau2 > 0
    options = {"slope": 0.5, "loss": loss, "alike": alike}
    size = scatter_score(spoilt, tau2=0.0, **options)
    assert abs(scatter_score(spoilt, tau2=tau2, **options)) < 1e-9 * size
    assert all(scatter_score(spoilt, tau2=t, **options) > 0 for t in np.linspace(0, tau2 * 0.999, 200))
    assert scatter_at((x, sx, 0.5 * x, sy), slope=0.5, loss=loss, alike=alike) == 0.0


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("alike", [True, False])
@pytest.mark.parametrize("case", ["plain", "weak", "precise", "outliers"])
def test_solve__slope_is_lowest_at_its_scatter_and_scatter_solves_its_equation(loss, alike, case):
    data = data_of(case, 5)
    slope, tau2, found = solve_with_scatter(data, loss=loss, alike=alike)
    assert found
    value = profile_loss(*data, tau2, slope, LOSSES.index(loss), TUNING[loss], 0.0)[0]
    assert value <= lowest_slope(data, tau2=tau2, loss=loss)[1] * (1 + 1e-9)
    assert tau2 == pytest.approx(scatter_at(data, slope=slope, loss=loss, alike=alike), rel=1e-6, abs=1e-300)
