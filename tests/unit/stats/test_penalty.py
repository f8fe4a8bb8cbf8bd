"""Weights that shrink with distance, down to p values no double can hold."""

import math

import numpy as np
import pytest
from scipy import special

from osteobiome.stats.penalty import PENALTY, log_two_sided, penalised_weights

pytestmark = pytest.mark.kernel


@pytest.mark.parametrize("z", [0.0, 0.5, 1.96, 8.0, 20.0, 36.9, 37.0, 37.1, 40.0, 100.0, 1e4, 1e100])
def test_log_two_sided__equals_the_logarithm_of_the_tail(z):
    assert log_two_sided(z) == pytest.approx(float(special.log_ndtr(-z)) + math.log(2), rel=1e-12, abs=1e-15)


def test_penalised_weights__by_hand():
    """p = 0.05 and above keep their weight; the next have 20 p = 20 (2 Phi(-z)) of it."""
    values = np.array([0.0, 1.9, 3.0, -4.0])
    weight = np.array([1.0, 2.0, 3.0, 4.0])
    p = 2 * special.ndtr(-np.abs(values))
    want = weight * np.minimum(1.0, PENALTY * p)
    got = penalised_weights(values, np.ones(4), weight, 0.0, PENALTY)
    np.testing.assert_allclose(got, want / want.max(), rtol=1e-12)
    assert got[1] == 1.0


def test_penalised_weights__distance_is_counted_in_standard_errors():
    values, se, weight = np.array([1.0, 2.0, 5.0]), np.array([0.1, 0.2, 0.5]), np.array([3.0, 2.0, 1.0])
    got = penalised_weights(values, se, weight, 1.5, PENALTY)
    np.testing.assert_allclose(penalised_weights(values * 1e-9, se * 1e-9, weight, 1.5e-9, PENALTY), got, rtol=1e-9)


def test_penalised_weights__do_not_all_vanish_when_every_p_value_underflows():
    """50 and 60 standard errors away: p = 1e-545 and 1e-784; their ratio is left."""
    got = penalised_weights(np.array([50.0, -50.001, 60.0]), np.ones(3), np.ones(3), 0.0, PENALTY)
    log_p = special.log_ndtr(-np.array([50.0, 50.001, 60.0]))
    np.testing.assert_allclose(got, np.exp(log_p - log_p[0]), rtol=1e-9)
    assert got[0] == 1.0
    assert 0.9 < got[1] < 1.0


def test_penalised_weights__weight_zero_stays_zero():
    got = penalised_weights(np.array([0.0, 0.1, 0.2]), np.ones(3), np.array([0.0, 1.0, 2.0]), 0.0, PENALTY)
    assert got.tolist() == [0.0, 0.5, 1.0]
