"""Shrunken exposure effects against numerical integration, brute force and differences."""

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from osteobiome.stats.partial_bayes import (
    FIRST_STEP,
    Prior,
    exposure_effects,
    fit_prior,
    mixture_log_likelihood,
    nearest_root,
    observed_errors,
    posterior_mean,
    psi,
    shrunk_score,
    solve_shrunk,
)
from osteobiome.stats.profile_score import LOSSES, TUNING, profile_loss, scatter_score, solve_with_scatter

pytestmark = pytest.mark.kernel

PRIOR = Prior(0.8, 0.7, 6.0, math.nan)


def effects(n=40, *, seed=1, slope=0.4, direct=0.02):
    rng = np.random.default_rng(seed)
    sx, sy = rng.uniform(0.005, 0.02, n), rng.uniform(0.01, 0.04, n)
    gamma = sx * np.where(rng.random(n) < 0.5, 0.7, 6.0) * rng.normal(size=n)
    y = slope * gamma + direct * rng.normal(size=n) + sy * rng.normal(size=n)
    return gamma + sx * rng.normal(size=n), sx, y, sy


@pytest.mark.parametrize("z", [-7.0, -0.4, 0.0, 1.5, 3.0, 9.0])
@pytest.mark.parametrize("variance", [0.2, 1.0])
def test_posterior_mean__is_that_of_bayes_rule(z, variance):
    def joint(gamma):
        prior = PRIOR.share * stats.norm.pdf(gamma, scale=PRIOR.narrow)
        prior += (1 - PRIOR.share) * stats.norm.pdf(gamma, scale=PRIOR.wide)
        return prior * stats.norm.pdf(z, gamma, math.sqrt(variance))

    points = {"points": [0.0, z], "limit": 400}
    total = integrate.quad(joint, -60, 60, **points)[0]
    want = integrate.quad(lambda g: g * joint(g), -60, 60, **points)[0] / total
    mean, slope = posterior_mean(np.array([z]), np.array([variance]), PRIOR)
    assert mean[0] == pytest.approx(want, rel=1e-7, abs=1e-9)
    step = 1e-5
    ends = [posterior_mean(np.array([z + d]), np.array([variance]), PRIOR)[0][0] for d in (-step, step)]
    assert slope[0] == pytest.approx((ends[1] - ends[0]) / (2 * step), rel=1e-6)


def test_posterior_mean__of_enormous_statistics_is_finite():
    mean, slope = posterior_mean(np.array([1e8, -45.0, 1e-300]), np.ones(3), PRIOR)
    assert np.isfinite(mean).all()
    assert np.isfinite(slope).all()
    assert mean[0] == pytest.approx(1e8 * 36 / 37)


def test_mixture__likelihood_is_that_of_its_densities():
    z = np.array([-3.0, 0.1, 0.5, 8.0])
    want = np.log(0.8 * stats.norm.pdf(z, scale=math.hypot(1, 0.7)) + 0.2 * stats.norm.pdf(z, scale=math.hypot(1, 6.0)))
    assert mixture_log_likelihood(z, share=0.8, narrow=0.7, wide=6.0) == pytest.approx(np.sum(want), rel=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_prior__is_no_worse_than_many_random_starts(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 200))
    z = rng.normal(size=n) * np.where(rng.random(n) < rng.uniform(0.1, 0.9), 1.2, rng.uniform(2, 20))
    found = fit_prior(z)
    assert found.log_likelihood == pytest.approx(
        mixture_log_likelihood(z, share=found.share, narrow=found.narrow, wide=found.wide), rel=1e-12
    )

    def cost(at):
        return -mixture_log_likelihood(z, share=at[0], narrow=at[1], wide=at[2])

    bounds = [(0.01, 0.99), (0.01, None), (0.01, None)]
    starts = np.column_stack([rng.uniform(0.05, 0.95, 12), *rng.exponential(3.0, (2, 12))])
    others = [optimize.minimize(cost, np.maximum(s, 0.02), method="L-BFGS-B", bounds=bounds).fun for s in starts]
    assert found.log_likelihood >= -min(others) - 1e-6


def test_prior__finds_what_was_drawn():
    rng = np.random.default_rng(3)
    z = rng.normal(size=20_000) * np.where(rng.random(20_000) < 0.9, math.sqrt(2), math.sqrt(17))
    found = fit_prior(z)
    assert found.share == pytest.approx(0.9, abs=0.02)
    assert found.narrow == pytest.approx(1.0, abs=0.05)
    assert found.wide == pytest.approx(4.0, abs=0.2)


def test_prior__one_spread_is_enough_where_all_are_alike():
    found = fit_prior(5.0 * stats.norm.ppf((np.arange(200) + 0.5) / 200))
    mean, _ = posterior_mean(np.array([4.0]), np.ones(1), found)
    assert mean[0] == pytest.approx(4.0 * 24 / 25, rel=2e-3)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("slope", [-3.0, -0.1, 0.0, 0.4, 50.0])
def test_score__without_shrinkage_is_minus_the_derivative_of_the_loss(loss, slope):
    data = effects()
    want = -profile_loss(*data, 3e-4, slope, LOSSES.index(loss), TUNING[loss], 0.0)[1]
    assert shrunk_score(data, slope=slope, tau2=3e-4, loss=loss, prior=None) == pytest.approx(want, rel=1e-10)


@pytest.mark.parametrize("loss", LOSSES)
def test_psi__is_odd_and_bounded_as_its_loss(loss):
    t = np.linspace(-9, 9, 2001)
    np.testing.assert_allclose(psi(t, loss), -psi(-t, loss))
    if loss == "tukey":
        assert not psi(t, loss)[np.abs(t) > TUNING[loss]].any()
    elif loss == "huber":
        assert np.abs(psi(t, loss)).max() == TUNING[loss]


def test_exposure_effects__are_the_best_fit_of_both_files():
    data = effects()
    x, sx, y, sy = data
    best, by_slope, by_tau2 = exposure_effects(data, slope=0.4, tau2=2e-4, prior=None)
    own = sy**2 + 2e-4
    precision = 1 / sx**2 + 0.4**2 / own
    np.testing.assert_allclose(best, (x / sx**2 + 0.4 * y / own) / precision)
    np.testing.assert_allclose(by_slope, y / own / precision)
    np.testing.assert_allclose(by_tau2, -0.4 * y / own**2 / precision)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("seed", range(4))
def test_root__is_a_falling_one_and_none_is_nearer(loss, seed):
    data = effects(seed=seed)
    near, _, found = solve_with_scatter(data, loss=loss, alike=True)
    assert found
    root = nearest_root(data, near=near, tau2=1e-4, loss=loss, prior=PRIOR)
    scale = float(np.exp(np.mean(np.log(data[3])) - np.mean(np.log(data[1]))))
    start, end = math.atan(near / scale), math.atan(root / scale)

    def score(angle):
        return shrunk_score(data, slope=scale * math.tan(angle), tau2=1e-4, loss=loss, prior=PRIOR)

    assert score(end - 1e-6) > 0 > score(end + 1e-6)
    reach = abs(end - start) - 1e-6
    values = [score(angle) for angle in np.linspace(start - reach, start + reach, 400)] if reach > 0 else []
    assert not any(a > 0 > b for a, b in itertools.pairwise(values))


@pytest.mark.parametrize(("near", "want"), [(0.4012, 0.4), (0.4018, 0.403)])
def test_root__of_two_in_the_same_step_the_nearer_is_taken(near, want):
    """Two clusters of ratios 6.5 errors apart; the 14th step, 1 to 2 thousandths away, holds a root on either side."""
    scale = 1e-3 / (FIRST_STEP * (2**13 - 1))
    error = np.full(10, 0.003 / 6.5)
    data = (np.ones(10), error / scale, np.repeat([0.4, 0.403], 5), error)
    root = nearest_root(data, near=near, tau2=0.0, loss="tukey", prior=Prior(0.5, 1e9, 1e9, math.nan))
    assert root == pytest.approx(want, abs=2e-5)


def test_root__of_precise_data_is_found_where_the_equation_is_flat_about_it():
    """Errors of 1e-9: a step of the circle away from the root no variant has any pull."""
    rng = np.random.default_rng(2)
    x, error = rng.uniform(0.1, 0.3, 30), np.full(30, 1e-9)
    y = 0.4 * x + error * rng.normal(size=30)
    data = (x, error, y, error)
    near, _, found = solve_with_scatter(data, loss="tukey", alike=True)
    assert found
    root = nearest_root(data, near=near + 1e-9, tau2=0.0, loss="tukey", prior=PRIOR)
    assert root == pytest.approx(0.4, abs=1e-8)
    size = np.sum(x / error)
    assert abs(shrunk_score(data, slope=root, tau2=0.0, loss="tukey", prior=PRIOR)) < 1e-5 * size


def test_root__a_start_that_is_exact_is_kept():
    x, error = np.array([0.1, 0.2, 0.4]), np.full(3, 0.01)
    assert nearest_root((x, error, 0.0 * x, error), near=0.0, tau2=0.0, loss="huber", prior=PRIOR) == 0.0


def test_root__is_nan_where_the_equation_has_none():
    """Effects all zero: every slope fits, none better than its neighbours."""
    x, s = np.zeros(3), np.full(3, 0.01)
    assert math.isnan(nearest_root((x, s, x, s), near=0.3, tau2=0.0, loss="l2", prior=PRIOR))


@pytest.mark.parametrize("loss", LOSSES)
def test_solve__both_equations_hold(loss):
    data = effects(n=80)
    near = solve_with_scatter(data, loss=loss, alike=True)[:2]
    prior = fit_prior(data[0] / data[1])
    slope, tau2, found = solve_shrunk(data, near=near, loss=loss, prior=prior, overdispersion=True)
    assert found
    assert tau2 > 0
    size = np.sum(np.abs(data[0]) / data[3])
    assert abs(shrunk_score(data, slope=slope, tau2=tau2, loss=loss, prior=prior)) < 1e-9 * size
    assert abs(scatter_score(data, slope=slope, tau2=tau2, loss=loss, alike=True)) < 1e-9 * np.sum(1 / data[3] ** 2)


def test_errors__without_overdispersion_take_no_account_of_it():
    data = effects(direct=0.0)
    options = {"slope": 0.4, "loss": "huber", "prior": PRIOR}
    alone = observed_errors(data, tau2=0.0, overdispersion=False, **options)
    at_zero = observed_errors(data, tau2=0.0, overdispersion=True, **options)
    assert alone[0] == at_zero[0] > 0
    assert math.isnan(alone[1])
    assert observed_errors(data, tau2=1e-4, overdispersion=True, **options)[1] > 0


@pytest.mark.calibration
def test_shrinkage__is_unbiased_and_gains_precision_where_most_variants_are_weak():
    """Ninety in a hundred variants have nearly no effect. 400 repetitions: the spread of a spread is 3.5 %."""
    found = {"observed": [], "shrinkage": []}
    errors = []
    for seed in range(400):
        rng = np.random.default_rng([77, seed])
        sx, sy, n = np.full(500, 0.01), np.full(500, 0.01), 500
        gamma = 0.01 * np.where(rng.random(n) < 0.9, 0.3, 4.0) * rng.normal(size=n)
        data = (gamma + sx * rng.normal(size=n), sx, 0.4 * gamma + sy * rng.normal(size=n), sy)
        prior = fit_prior(data[0] / sx)
        plain = nearest_root(data, near=0.4, tau2=0.0, loss="l2", prior=Prior(0.5, 1e4, 1e4, math.nan))
        slope, _, ok = solve_shrunk(data, near=(plain, 0.0), loss="l2", prior=prior, overdispersion=False)
        assert ok
        found["observed"].append(plain)
        found["shrinkage"].append(slope)
        errors.append(observed_errors(data, slope=slope, tau2=0.0, loss="l2", prior=prior, overdispersion=False)[0])
    spread = {name: np.std(values, ddof=1) for name, values in found.items()}
    assert spread["shrinkage"] < 0.97 * spread["observed"]
    assert np.mean(found["shrinkage"]) == pytest.approx(0.4, abs=4 * spread["shrinkage"] / 20)
    assert np.mean(errors) == pytest.approx(spread["shrinkage"], rel=0.15)
