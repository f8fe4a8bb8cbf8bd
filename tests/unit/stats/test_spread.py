"""Spread of draws, and the error of this spread against what many repetitions show."""

import numpy as np
import pytest

from osteobiome.stats.spread import MAD_TO_SD, mad_with_error, sd_with_error

pytestmark = pytest.mark.kernel

SHAPES = {
    "normal": lambda rng, n: rng.normal(size=n),
    "heavy": lambda rng, n: rng.standard_t(9, size=n),
    "skewed": lambda rng, n: rng.exponential(size=n),
    "two_peaks": lambda rng, n: rng.normal(size=n) + 5.0 * (rng.random(n) < 0.35),
}


def test_sd_with_error__by_hand():
    """-1, 1: variance 2, fourth moment 1, so Var(s^2) = (1 + 1) / 2 = 1 and the error is 1 / (2 sqrt 2)."""
    sd, error = sd_with_error(np.array([-1.0, 1.0]))
    assert sd == pytest.approx(2**0.5, rel=1e-15)
    assert error == pytest.approx(1 / (2 * 2**0.5), rel=1e-15)


def test_mad_with_error__equals_the_factor_times_the_median_distance():
    draws = np.array([3.0, 1.0, 4.0, 1.5, 9.0])
    assert mad_with_error(draws)[0] == pytest.approx(MAD_TO_SD * 1.5, rel=1e-15)  # distances 0, 2, 1, 1.5, 6


@pytest.mark.parametrize("function", [sd_with_error, mad_with_error])
@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_error__is_what_repetitions_show(function, shape):
    """400 repetitions know a spread to 3.5 %; the bound of 20 % holds for heavy tails and two peaks too."""
    rng = np.random.default_rng(5)
    found = np.array([function(SHAPES[shape](rng, 1000)) for _ in range(400)])
    assert np.sqrt(np.mean(found[:, 1] ** 2)) == pytest.approx(found[:, 0].std(ddof=1), rel=0.2)


def test_error__for_normal_draws_is_the_textbook_one():
    rng = np.random.default_rng(6)
    draws = rng.normal(size=200_000)
    n = draws.size
    assert sd_with_error(draws)[1] == pytest.approx((2 * (n - 1)) ** -0.5, rel=0.01)
    assert mad_with_error(draws)[1] == pytest.approx(1.166 * n**-0.5, rel=0.03)


@pytest.mark.parametrize("function", [sd_with_error, mad_with_error])
@pytest.mark.parametrize("factor", [1e-200, 1e-3, -1.0, 1e200])
def test_spread__scales_with_its_draws(function, factor):
    draws = np.random.default_rng(7).normal(size=300)
    want = np.abs(factor) * np.array(function(draws))
    np.testing.assert_allclose(function(draws * factor), want, rtol=1e-12)


@pytest.mark.parametrize("function", [sd_with_error, mad_with_error])
def test_spread__of_equal_draws_is_zero(function):
    assert function(np.full(10, 0.3)) == (0.0, 0.0)


def test_mad_with_error__of_mostly_equal_draws_is_zero():
    assert mad_with_error(np.array([1.0, 1.0, 1.0, 5.0])) == (0.0, 0.0)


def test_mad_with_error__ties_at_the_places_that_matter_do_no_harm():
    mad, error = mad_with_error(np.repeat([-1.0, 0.0, 1.0], [40, 20, 40]))
    assert mad == MAD_TO_SD
    assert np.isfinite(error)


@pytest.mark.parametrize("function", [sd_with_error, mad_with_error])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_spread__of_draws_that_are_no_numbers_is_no_number(function, bad):
    assert np.isnan(function(np.array([1.0, bad, 2.0]))).all()


@pytest.mark.parametrize("function", [sd_with_error, mad_with_error])
def test_spread__of_two_draws(function):
    value, error = function(np.array([1.0, 2.0]))
    assert value > 0
    assert np.isfinite(error)


@pytest.mark.parametrize("function", [sd_with_error, mad_with_error])
def test_spread__shape_is_asserted(function):
    with pytest.raises(AssertionError):
        function(np.ones((2, 2)))
    with pytest.raises(AssertionError):
        function(np.ones(1))
