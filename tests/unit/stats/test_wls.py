"""Weighted least squares kernels: numbers worked out by hand, and rows that must not disturb each other."""

import numpy as np
import pytest

from osteobiome.stats.wls import egger_kernel, ivw_kernel

pytestmark = pytest.mark.kernel


def row(*values):
    return np.array([values], dtype=np.float64)


def test_ivw_kernel__hand_computed():
    """x = 1, 2; y = 1, 4; w = 1, 1: slope 9/5, se 1/sqrt 5, Q = (1 - 1.8)^2 + (4 - 3.6)^2 = 0.8."""
    out = ivw_kernel(row(1, 2), row(1, 4), row(1, 1))
    assert out.shape == (1, 4)
    np.testing.assert_allclose(out[0], [1.8, 5**-0.5, 0.8, 2], rtol=1e-15)


def test_ivw_kernel__weights_hand_computed():
    """w = 4, 1: sum wxx = 8, sum wxy = 12: slope 1.5, Q = 4 (1 - 1.5)^2 + (4 - 3)^2 = 2."""
    np.testing.assert_allclose(ivw_kernel(row(1, 2), row(1, 4), row(4, 1))[0], [1.5, 8**-0.5, 2.0, 2], rtol=1e-15)


def test_ivw_kernel__weight_zero_leaves_a_variant_out_whatever_it_holds():
    with_padding = ivw_kernel(row(1, np.nan, 2, np.inf), row(1, 7, 4, np.nan), row(1, 0, 1, 0))
    np.testing.assert_array_equal(with_padding, ivw_kernel(row(1, 2), row(1, 4), row(1, 1)))


@pytest.mark.parametrize("weight", [(1.0, 1.0), (0.0, 0.0)])
def test_ivw_kernel__nothing_to_divide_by(weight):
    out = ivw_kernel(row(0, 0), row(1, 4), row(*weight))
    assert np.isnan(out[0, :3]).all()
    assert out[0, 3] == sum(weight)


def test_ivw_kernel__empty_rows_and_empty_blocks():
    assert ivw_kernel(np.empty((0, 3)), np.empty((0, 3)), np.empty((0, 3))).shape == (0, 4)
    out = ivw_kernel(np.empty((2, 0)), np.empty((2, 0)), np.empty((2, 0)))
    assert np.isnan(out[:, :3]).all()
    assert (out[:, 3] == 0).all()


def test_egger_kernel__hand_computed():
    """x = 1, 2, 3; y = 2, 3, 7; equal weights: slope 5/2, intercept -1, Q = 0.25 + 1 + 0.25 = 1.5."""
    out = egger_kernel(row(1, 2, 3), row(2, 3, 7), row(1, 1, 1))
    assert out.shape == (1, 6)
    np.testing.assert_allclose(out[0], [2.5, 2**-0.5, -1.0, (1 / 3 + 4 / 2) ** 0.5, 1.5, 3], rtol=1e-14)


def test_egger_kernel__weights_hand_computed():
    """x = 0, 1, 3; y = 1, 1, 4; w = 1, 2, 1: means 5/4 and 7/4, Sxx = 76/16, Sxy = 84/16."""
    x, y, w = np.array([0.0, 1, 3]), np.array([1.0, 1, 4]), np.array([1.0, 2, 1])
    mean_x, mean_y, sxx, sxy = 5 / 4, 7 / 4, 19 / 4, 21 / 4
    slope = sxy / sxx
    intercept = mean_y - slope * mean_x
    q = float((w * (y - intercept - slope * x) ** 2).sum())
    expected = [slope, sxx**-0.5, intercept, (1 / 4 + mean_x**2 / sxx) ** 0.5, q, 3]
    np.testing.assert_allclose(egger_kernel(x[None], y[None], w[None])[0], expected, rtol=1e-14)


def test_egger_kernel__turns_every_variant_to_a_positive_exposure_effect():
    turned = egger_kernel(row(-1, 2, -3), row(-2, 3, -7), row(1, 1, 1))
    np.testing.assert_array_equal(turned, egger_kernel(row(1, 2, 3), row(2, 3, 7), row(1, 1, 1)))


def test_egger_kernel__weight_zero_leaves_a_variant_out_whatever_it_holds():
    with_padding = egger_kernel(row(1, np.nan, 2, 3), row(2, 9, 3, 7), row(1, 0, 1, 1))
    np.testing.assert_array_equal(with_padding, egger_kernel(row(1, 2, 3), row(2, 3, 7), row(1, 1, 1)))


@pytest.mark.parametrize(
    "x", [(0.1, 0.1, 0.1), (0.1, -0.1, 0.1), (0.0, 0.0, 0.0), (0.1, 0.1 + 1e-17, 0.1 * (1 + 2e-16))]
)
def test_egger_kernel__no_spread_has_no_slope(x):
    out = egger_kernel(row(*x), row(0.1, 0.3, 0.2), row(1, 1, 1))
    assert np.isnan(out[0, :5]).all()
    assert out[0, 5] == 3


def test_egger_kernel__one_variant_has_no_slope():
    out = egger_kernel(row(0.1, 5), row(0.1, 5), row(1, 0))
    assert np.isnan(out[0, :5]).all()
    assert out[0, 5] == 1


def test_egger_kernel__nearly_equal_effects_keep_their_digits():
    """Exposure effects that differ in the 7th digit: the one-pass formula would lose everything."""
    x = 1.0 + np.array([0.0, 1e-7, 2e-7, 3e-7])
    np.testing.assert_allclose(egger_kernel(x[None], (2 + 3 * x)[None], np.ones((1, 4)))[0, [0, 2]], [3, 2], rtol=1e-6)


@pytest.mark.parametrize(("kernel", "width"), [(ivw_kernel, 4), (egger_kernel, 6)])
def test_kernels__a_row_does_not_depend_on_its_neighbours(kernel, width):
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(2, 6, 5))
    w = rng.uniform(0.5, 2, size=(6, 5))
    together = kernel(x, y, w)
    assert together.shape == (6, width)
    for i in range(6):
        np.testing.assert_array_equal(together[i], kernel(x[i : i + 1], y[i : i + 1], w[i : i + 1])[0])
