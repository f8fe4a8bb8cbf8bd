"""Distribution of the random numbers: bounds are four standard errors of what perfect numbers would give."""

import numpy as np
import pytest
from scipy import special

from osteobiome.stats.random import normals, stream_key, uniforms

N = 400_000


@pytest.fixture(scope="module")
def draws():
    return normals(stream_key(7, "calibration"), N // 20, 20)


def test_normals__have_the_moments_of_a_normal_variable(draws):
    z = draws.ravel()
    for power, mean, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs(np.mean(z**power) - mean) < 4 * (variance / N) ** 0.5


def test_normals__have_the_tails_of_a_normal_variable(draws):
    for z in (1.0, 2.0, 3.0, 4.0, 4.5):
        p = 2 * special.ndtr(-z)
        assert abs(np.sum(np.abs(draws) > z) - N * p) < 4 * (N * p * (1 - p)) ** 0.5


def test_normals__of_neighbours_are_uncorrelated(draws):
    rows = draws.shape[0]
    for a, b in (((slice(None), 0), (slice(None), 1)), ((slice(None), 1), (slice(None), 2))):
        assert abs(np.mean(draws[a] * draws[b])) < 4 / rows**0.5
    assert abs(np.mean(draws[1:] * draws[:-1])) < 4 / N**0.5


def test_normals__of_two_streams_are_uncorrelated(draws):
    other = normals(stream_key(8, "calibration"), N // 20, 20)
    assert abs(np.mean(draws * other)) < 4 / N**0.5


def test_uniforms__fill_bins_evenly():
    counts = np.bincount((uniforms(stream_key(9), N // 20, 20).ravel() * 1000).astype(int), minlength=1000)
    chi2 = np.sum((counts - N / 1000) ** 2) / (N / 1000)
    assert abs(chi2 - 999) < 4 * (2 * 999) ** 0.5
