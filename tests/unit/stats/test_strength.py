"""Strength kernels: hand-computed numbers, padding that changes no bit."""

import numpy as np
import pytest

from osteobiome.stats.strength import f_kernel, i2_kernel

pytestmark = pytest.mark.kernel


def test_f_kernel__by_hand():
    effect, se = np.array([[0.2, -0.1, 7.0]]), np.array([[0.02, 0.05, 0.0]])
    mask = np.array([[True, True, False]])
    np.testing.assert_allclose(f_kernel(effect, se, mask), [[52.0, 4.0]], rtol=1e-13)


def test_f_kernel__no_variant():
    assert np.isnan(f_kernel(np.ones((1, 2)), np.ones((1, 2)), np.zeros((1, 2), dtype=bool))).all()
    assert np.isnan(f_kernel(np.empty((2, 0)), np.empty((2, 0)), np.empty((2, 0), dtype=bool))).all()


def test_i2_kernel__by_hand():
    """Sizes 1, 2, 3 with error 1/2: Q = 8, I² = 6/8; the second row has one variant, the third no spread."""
    effect = np.array([[1.0, -2.0, 3.0], [1.0, 2.0, 3.0], [1.0, -1.0, 1.0]])
    mask = np.array([[True, True, True], [False, True, False], [True, True, True]])
    got = i2_kernel(effect, np.full((3, 3), 0.5), np.ones((3, 3)), mask)
    np.testing.assert_allclose(got, [0.75, np.nan, 0.0], rtol=1e-14)


@pytest.mark.parametrize("extra", [1, 6, 200])
def test_kernels__padding_changes_no_bit(extra):
    rng = np.random.default_rng(extra)
    effect, se, scale = rng.normal(size=(4, 11)), rng.uniform(0.1, 1, (4, 11)), rng.uniform(0.1, 1, (4, 11))
    mask = rng.uniform(size=(4, 11)) < 0.8
    padded = [np.pad(a, ((0, 0), (0, extra)), constant_values=np.nan) for a in (effect, se, scale)]
    wide = np.pad(mask, ((0, 0), (0, extra)))
    np.testing.assert_array_equal(f_kernel(*padded[:2], wide), f_kernel(effect, se, mask))
    np.testing.assert_array_equal(i2_kernel(*padded, wide), i2_kernel(effect, se, scale, mask))
