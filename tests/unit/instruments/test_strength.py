"""Strength of instruments: F by hand, I²_GX by hand and against a loop."""

import numpy as np
import pytest

from osteobiome.instruments import f_statistic, i2_gx

pytestmark = pytest.mark.kernel


def test_f_statistic__is_the_squared_z():
    np.testing.assert_allclose(f_statistic([0.2, -0.1, 0.0], [0.02, 0.05, 0.1]), [100.0, 4.0, 0.0], rtol=1e-14)


def test_f_statistic__keeps_the_shape():
    assert f_statistic(np.ones((2, 3, 4)), np.ones(4)).shape == (2, 3, 4)


def test_i2_gx__hand_computed():
    """Sizes 1, 2, 3 with error 1/2: Q = 4 (1 + 0 + 1) = 8, I² = (8 - 2) / 8."""
    assert i2_gx(np.array([1.0, -2.0, 3.0]), np.full(3, 0.5)) == pytest.approx(0.75, rel=1e-14)


def test_i2_gx__weighted_hand_computed():
    """Divided by se_outcome 1, 2: sizes 1, 2 and errors 1/2, 1/4; weights 4, 16, mean 1.8, Q = 4 .64 + 16 .04."""
    value = i2_gx(np.array([1.0, 4.0]), np.array([0.5, 0.5]), se_outcome=np.array([1.0, 2.0]))
    assert value == pytest.approx((3.2 - 1) / 3.2, rel=1e-13)


def test_i2_gx__no_spread_is_zero():
    assert i2_gx(np.array([0.1, -0.1, 0.1]), np.full(3, 0.01)) == 0.0


def test_i2_gx__less_spread_than_error_is_zero_not_negative():
    assert i2_gx(np.array([1.0, 1.1, 0.9]), np.full(3, 1.0)) == 0.0


@pytest.mark.parametrize("n", [0, 1])
def test_i2_gx__needs_two_variants(n):
    assert np.isnan(i2_gx(np.full(n, 0.1), np.full(n, 0.01)))


def test_i2_gx__mask_leaves_out_whatever_is_there():
    beta = np.array([[1.0, -2.0, 3.0, 0.0], [1.0, 7.0, 0.0, 0.0]])
    se = np.array([[0.5, 0.5, 0.5, 0.0], [0.5, 0.5, 0.0, 0.0]])
    mask = np.array([[True, True, True, False], [True, False, False, False]])
    value = i2_gx(beta, se, mask=mask)
    assert value[0] == pytest.approx(0.75, rel=1e-14)
    assert np.isnan(value[1])
