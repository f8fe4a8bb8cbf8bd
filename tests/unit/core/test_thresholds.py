"""Conventional thresholds: a value equal to one passes it, however it was rounded on its way to a logarithm."""

import math

import pytest

from osteobiome.core.thresholds import neg_log10, passes


@pytest.mark.parametrize("p", [5e-8, 0.05, 0.01, 1e-5, 1e-300, 1.0])
def test_passes__equal_is_enough(p):
    assert passes(-math.log10(p), p)
    assert passes(math.nextafter(-math.log10(p), -math.inf), p)
    assert not passes(-math.log10(p) - 1e-6, p)


def test_neg_log10__of_numbers_zero_and_nothing():
    assert neg_log10(0.01) == pytest.approx(2.0)
    assert neg_log10(0.0) == math.inf
    assert neg_log10(None) is None
