"""Clusters of ratios: the likelihood never falls, brute force over starts, information by differences."""

import numpy as np
import pytest
from scipy.stats import norm, t

from osteobiome.stats.mixture import climb, fit_mixture, junk_scale, log_densities, mean_errors, posteriors

pytestmark = pytest.mark.kernel


def some(seed=0, means=(-0.3, 0.2, 0.6), each=20):
    rng = np.random.default_rng(seed)
    n = each * (len(means) + 1) + 2
    se = rng.uniform(0.03, 0.08, n)
    se[-2:] = 0.5  # sharp outliers would each be worth a cluster of its own
    truth = np.append(np.repeat((*means, 0.0), each), (3.0, -4.0))
    return truth + se * rng.normal(size=n), se


def test_log_densities__are_normal_and_t():
    ratio, se = some()
    got = log_densities(ratio, se, np.array([0.2]), 2.0)
    want = [norm.logpdf(ratio, 0.2, se), norm.logpdf(ratio, 0, se), t.logpdf(ratio / 2.0, 4) - np.log(2.0)]
    np.testing.assert_allclose(got.T, want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("k", [0, 1, 3, 8])
def test_climb__likelihood_never_falls(seed, k):
    ratio, se = some(seed)
    rng = np.random.default_rng(seed)
    start = rng.uniform(-5, 5, k), rng.dirichlet(np.ones(k + 2))
    mean, weight, trace = climb(ratio, se, *start, junk_scale(ratio, se), 3000, 1e-10)
    assert (np.diff(trace) >= -1e-10 * np.abs(trace[-1])).all()
    assert weight.sum() == pytest.approx(1.0, rel=1e-12)
    _, value = posteriors(log_densities(ratio, se, mean, junk_scale(ratio, se)), weight)
    assert value == pytest.approx(trace[-1], rel=1e-12)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_fit_mixture__no_random_start_is_likelier(k):
    ratio, se = some(4)
    scale = junk_scale(ratio, se)
    best = fit_mixture(ratio, se, max_clusters=k, scale=scale)[k].log_likelihood
    rng = np.random.default_rng(0)
    for _ in range(60):
        start = rng.choice(ratio, k), rng.dirichlet(np.ones(k + 2))
        assert climb(ratio, se, *start, scale, 5000, 1e-9)[2][-1] <= best + 1e-5


def test_fit_mixture__finds_the_number_of_clusters_by_bic():
    for seed in range(5):
        ratio, se = some(seed)
        fits = fit_mixture(ratio, se, max_clusters=6, scale=junk_scale(ratio, se))
        k = int(np.argmin([fit.bic(ratio.size) for fit in fits]))
        assert k == 3
        np.testing.assert_allclose(fits[3].mean, [-0.3, 0.2, 0.6], atol=0.06)
        assert fits[3].weight[-1] == pytest.approx(2 / 82, abs=0.02)
        assert (np.diff([fit.log_likelihood for fit in fits]) > -1e-4).all()


def test_mean_errors__from_the_curvature_of_the_likelihood():
    ratio, se = some(1)
    scale = junk_scale(ratio, se)
    fit = fit_mixture(ratio, se, max_clusters=3, scale=scale)[3]
    free = fit.weight[:-1]

    def value(z):
        weight = np.append(z[3:], 1.0 - z[3:].sum())
        return posteriors(log_densities(ratio, se, z[:3], scale), weight)[1]

    z, h = np.append(fit.mean, free), 1e-4
    size = z.size
    hessian = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            a, b = h * np.eye(size)[i], h * np.eye(size)[j]
            hessian[i, j] = (value(z + a + b) - value(z + a - b) - value(z - a + b) + value(z - a - b)) / (4 * h * h)
    want = np.sqrt(np.diag(np.linalg.inv(-hessian))[:3])
    np.testing.assert_allclose(mean_errors(ratio, se, fit, scale=scale), want, rtol=1e-4)
