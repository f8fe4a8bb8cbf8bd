"""Moments after a noisy threshold: against brute-force integration over the noise, and without bias over the data."""

import numpy as np
import pytest
from scipy import integrate, stats

from osteobiome.stats.rerandomised import is_cut_off, rerandomised_terms


def by_integration(z, cutoff, eta):
    """Chance, mean and variance of N given selection, by Simpson's rule over both tails."""
    upper, lower = (cutoff - z) / eta, (-cutoff - z) / eta

    def moment(power):
        return sum(integrate.simpson(n**power * stats.norm.pdf(n), x=n) for n in tails)

    tails = [np.linspace(upper, max(upper, 0.0) + 12.0, 40_001), np.linspace(min(lower, 0.0) - 12.0, lower, 40_001)]
    chance = moment(0)
    mean = moment(1) / chance
    return chance, mean, moment(2) / chance - mean**2


@pytest.mark.parametrize("eta", [0.3, 0.5, 1.0])
@pytest.mark.parametrize("z", [-5.0, -2.5, 0.0, 1.7, 4.06, 6.0])
def test_terms__equal_integration_over_the_noise(z, eta):
    cutoff = 4.06
    chance, mean, variance = by_integration(z, cutoff, eta)
    terms = rerandomised_terms([z], cutoff=cutoff, eta=eta)
    corrected = z - mean / eta
    own = 1.0 + 1.0 / eta**2 - variance / eta**2  # of z - N/eta, less what averaging over N takes away
    assert terms.chance[0] == pytest.approx(chance, rel=1e-7)
    assert terms.first[0] == pytest.approx(chance * corrected, rel=1e-6, abs=1e-12)
    assert terms.second[0] == pytest.approx(chance * (corrected**2 - own), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("mu", [0.0, 1.0, 3.0, 4.5, 7.0])
def test_terms__have_the_mean_of_what_is_selected(mu):
    """Integrated over the data: E(first) is mu times the chance of selection, E(second) mu squared times it."""
    cutoff, eta = 4.42, 0.5
    z = np.linspace(mu - 12, mu + 12, 20_001)
    density = stats.norm.pdf(z - mu)
    terms = rerandomised_terms(z, cutoff=cutoff, eta=eta)
    chance = stats.norm.sf(cutoff, mu, np.hypot(1, eta)) + stats.norm.cdf(-cutoff, mu, np.hypot(1, eta))
    got = [integrate.simpson(values * density, x=z) for values in terms]
    np.testing.assert_allclose(got, [chance, mu * chance, mu**2 * chance], rtol=1e-9, atol=1e-12)


def test_terms__far_above_the_threshold_nothing_is_corrected():
    terms = rerandomised_terms([40.0, -60.0, 1e6], cutoff=5.45, eta=0.5)
    np.testing.assert_array_equal(terms.chance, 1.0)
    np.testing.assert_array_equal(terms.first, [40.0, -60.0, 1e6])
    np.testing.assert_allclose(terms.second, [1599.0, 3599.0, 1e12 - 1.0], rtol=1e-15)


def test_terms__far_below_the_threshold_are_exactly_or_nearly_zero():
    terms = rerandomised_terms([0.0, 1.0], cutoff=40.0, eta=0.5)
    for values in terms:
        np.testing.assert_array_equal(values, 0.0)


SCAN = np.random.default_rng(3).normal(0.0, 2.0, 30_000)


@pytest.mark.parametrize("cut", [2.7, 3.5, 4.06, 5.0])
def test_is_cut_off__sees_an_edge_wherever_it_matters(cut):
    hits = SCAN[np.abs(SCAN) > cut]
    filled = np.append(hits, [0.1, -0.4])
    assert is_cut_off(filled, lowest=2.56, cutoff=4.06, width=1.5)


@pytest.mark.parametrize("scale", [1.0, 2.0, 5.0, 20.0])
def test_is_cut_off__a_whole_scan_has_no_edge(scale):
    rng = np.random.default_rng(4)
    for n in (10, 300, 30_000):
        assert not is_cut_off(rng.normal(0.0, scale, n), lowest=2.56, cutoff=4.06, width=1.5)


def test_is_cut_off__effects_of_one_size_are_no_edge():
    rng = np.random.default_rng(5)
    mixed = np.concatenate([rng.normal(6.0, 1.0, 500), rng.normal(0.0, 1.0, 5000)])
    assert not is_cut_off(mixed, lowest=2.56, cutoff=4.06, width=1.5)


def test_is_cut_off__weak_edges_below_reach_do_not_matter():
    assert not is_cut_off(SCAN[np.abs(SCAN) > 1.5], lowest=2.56, cutoff=4.06, width=1.0)
