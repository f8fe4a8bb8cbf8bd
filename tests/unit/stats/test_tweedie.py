"""Posterior means by Tweedie's formula: closed forms, numerical slopes, the edges."""

import numpy as np
import pytest
from scipy import integrate, stats

from osteobiome.stats.tweedie import Marginal, marginal_density, tweedie

CUTOFF = stats.norm.isf(5e-5)
Z = np.array([-12.0, -4.0, -0.3, 0.0, 1.0, 5.5, 30.0])


def two_groups(share, spread):
    return Marginal(np.array([0.0, spread]), np.array([1.0 - share, share]), 0.0)


def slope(z, marginal, step=1e-4):
    """Return the derivative of the logarithm of a mixture density by central differences."""

    def log_density(at):
        scale = np.sqrt(1.0 + marginal.spread**2)
        return np.log((marginal.share * stats.norm.pdf(np.asarray(at)[:, None], scale=scale)).sum(axis=1))

    return (log_density(z + step) - log_density(z - step)) / (2.0 * step)


@pytest.mark.parametrize("spread", [0.5, 2.0, 10.0])
def test_tweedie__one_normal_is_the_closed_form(spread):
    rho = spread**2 / (1.0 + spread**2)
    found = tweedie(Z, Marginal(np.array([spread]), np.array([1.0]), 0.0), level=0.9)
    np.testing.assert_allclose(found.mean, rho * Z, rtol=1e-12)
    reach = stats.norm.isf(0.05) * np.sqrt(rho)
    np.testing.assert_allclose(found.low, rho * Z - reach, atol=1e-9)
    np.testing.assert_allclose(found.high, rho * Z + reach, atol=1e-9)


@pytest.mark.parametrize("share", [1e-4, 0.01, 0.5])
@pytest.mark.parametrize("spread", [2.0, 6.0])
def test_tweedie__two_groups_are_formula_and_integral(share, spread):
    marginal = two_groups(share, spread)
    z = Z[np.abs(Z) < 20.0]
    found = tweedie(z, marginal).mean
    np.testing.assert_allclose(found, z + slope(z, marginal), atol=1e-6)
    for at, mean in zip(z, found, strict=True):
        whole, moment = (
            integrate.quad(
                lambda m, k=k, at=at: m**k * stats.norm.pdf(at - m) * stats.norm.pdf(m, scale=spread), -60, 60
            )[0]
            for k in (0, 1)
        )
        assert mean == pytest.approx(share * moment / (share * whole + (1 - share) * stats.norm.pdf(at)), abs=1e-7)


def test_tweedie__ends_on_the_probability_of_zero_are_exactly_zero():
    found = tweedie([0.5, -0.5, 6.0], two_groups(0.01, 4.0))
    assert (found.low[0], found.high[0], found.low[1], found.high[1]) == (0.0, 0.0, 0.0, 0.0)
    assert 3.0 < found.low[2] < found.mean[2] < found.high[2] < 8.0


def test_tweedie__what_is_not_finite_has_no_number():
    found = tweedie([np.nan, np.inf, 2.0], two_groups(0.5, 2.0))
    for values in found:
        assert np.isnan(values).tolist() == [True, True, False]
    assert tweedie([], two_groups(0.5, 2.0)).mean.shape == (0,)


@pytest.mark.parametrize("z", [1e4, 1e12, 1e200])
def test_tweedie__huge_statistics_stay_finite(z):
    statistics = np.array([z, -z, *np.linspace(4.0, 8.0, 40)])
    found = tweedie(statistics, marginal_density(statistics, cutoff=CUTOFF))
    assert found.mean[0] == pytest.approx(z, rel=1e-5)
    assert found.mean[1] == -found.mean[0]
    assert np.isfinite(found.low).all()
    assert np.isfinite(found.high).all()


def test_marginal_density__recovers_one_normal():
    z = np.random.default_rng(1).normal(0.0, np.sqrt(10.0), 40_000)
    at = np.array([4.0, 6.0, 9.0])
    for seen, cutoff in ((z, 0.0), (z[np.abs(z) >= CUTOFF], CUTOFF)):
        found = tweedie(at, marginal_density(seen, cutoff=cutoff)).mean
        np.testing.assert_allclose(found / at, 0.9, atol=0.02)


def test_marginal_density__recovers_two_groups_from_the_whole_and_from_the_tail():
    rng = np.random.default_rng(2)
    truth = np.where(rng.random(400_000) < 0.01, rng.normal(0.0, 4.0, 400_000), 0.0)
    z = truth + rng.normal(size=truth.size)
    at = np.array([4.0, 4.5, 5.5, 7.0])
    exact = tweedie(at, two_groups(0.01, 4.0)).mean
    whole = tweedie(at, marginal_density(z)).mean
    tail = tweedie(at, marginal_density(z[np.abs(z) >= CUTOFF], cutoff=CUTOFF)).mean
    np.testing.assert_allclose(whole, exact, atol=0.2)
    np.testing.assert_allclose(tail, exact, atol=0.2)
    np.testing.assert_allclose(tail, whole, atol=0.2)


def test_marginal_density__gap_bounds_what_a_general_optimiser_finds():
    z = np.random.default_rng(3).normal(0.0, 3.0, 300)
    z = z[np.abs(z) > 2.0]
    fit = marginal_density(z, cutoff=2.0)
    scale = np.sqrt(1.0 + fit.spread**2)
    seen = fit.share * 2.0 * stats.norm.sf(2.0 / scale)
    density = stats.norm.pdf(z[:, None], scale=scale) / (2.0 * stats.norm.sf(2.0 / scale))
    reached = np.log(density @ (seen / seen.sum())).sum()
    best = max(np.log(density @ w).sum() for w in np.random.default_rng(4).dirichlet(np.full(scale.size, 0.2), 2000))
    share = seen / seen.sum()
    for _ in range(20_000):
        share = share * ((density / (density @ share)[:, None]).mean(axis=0))
    best = max(best, np.log(density @ share).sum())
    assert best - reached <= 0.1 + 1e-3  # bins move single statistics by less than 0.02
    assert 0.0 <= fit.gap < 0.1


def test_marginal_density__is_odd_and_knows_no_order():
    z = np.random.default_rng(5).normal(0.0, 3.0, 500)
    z = np.round(z[np.abs(z) > 1.0], 1)  # ties
    fit = marginal_density(z, cutoff=0.9)
    for other in (-z, np.abs(z), z[::-1], np.random.default_rng(6).permutation(z)):
        np.testing.assert_array_equal(marginal_density(other, cutoff=0.9).share, fit.share)
    np.testing.assert_array_equal(tweedie(-z, fit).mean, -tweedie(z, fit).mean)
    np.testing.assert_array_equal(tweedie(-z, fit).low, -tweedie(z, fit).high)


@pytest.mark.parametrize("z", [[3.0], [3.0] * 50, [0.0, 0.0], [900.0, 3.0]])
def test_marginal_density__few_and_equal_statistics_give_means_between_zero_and_them(z):
    mean = tweedie(z, marginal_density(z)).mean
    assert (np.abs(mean) <= np.abs(z)).all()
    assert (mean * z >= 0.0).all()
