"""Mode on the grid of R's density against a transcription with FFT, and what happens without a bandwidth."""

import numpy as np
import pytest

from osteobiome.stats.mode import GRID, bandwidth, grid_step, heaviest, mode_draws, mode_on_grid
from osteobiome.stats.penalty import PENALTY, penalised_weights
from osteobiome.stats.random import normal_pair, stream_key
from osteobiome.stats.spread import MAD_TO_SD

pytestmark = pytest.mark.kernel
KEY = stream_key(3, "mode")


def plain_bandwidth(values, phi):
    mad = MAD_TO_SD * np.median(np.abs(values - np.median(values)))
    return 0.9 * phi * min(values.std(ddof=1), mad) / len(values) ** 0.2


def density(values, weight, width):
    """Linear binning, circular convolution by FFT, interpolation: R's ``density`` before version 4.4."""
    inner = values.min() - 3 * width, values.max() + 3 * width
    low, high = inner[0] - 4 * width, inner[1] + 4 * width
    step = (high - low) / (GRID - 1)
    bins = np.zeros(2 * GRID)
    place = (values - low) / step
    below = np.floor(place).astype(int)
    np.add.at(bins, below, weight * (1 - (place - below)))
    np.add.at(bins, below + 1, weight * (place - below))
    distance = np.linspace(0, 2 * (high - low), 2 * GRID)
    distance[GRID + 1 :] = -distance[GRID - 1 : 0 : -1]
    kernel = np.exp(-((distance / width) ** 2) / 2)
    smooth = np.fft.ifft(np.fft.fft(bins) * np.conj(np.fft.fft(kernel))).real[:GRID]
    places = np.linspace(*inner, GRID)
    return places, np.interp(places, low + step * np.arange(GRID), smooth)


def plain_mode(values, weight, phi):
    places, height = density(values, weight / weight.sum(), plain_bandwidth(values, phi))
    return places[np.argmax(height)]


@pytest.mark.parametrize("n", [2, 3, 4, 5, 8, 21, 60])
@pytest.mark.parametrize("phi", [0.25, 1.0, 2.0])
def test_mode_on_grid__equals_the_transcription(n, phi):
    rng = np.random.default_rng([n, int(4 * phi)])
    for _ in range(5):
        values, weight = rng.standard_t(3, n), rng.uniform(0.01, 1, n) ** 2
        mode, width = mode_on_grid(values, weight, phi)
        assert width == pytest.approx(plain_bandwidth(values, phi), rel=1e-13)
        assert mode == pytest.approx(plain_mode(values, weight, phi), rel=1e-12, abs=1e-12 * np.ptp(values))


def test_mode_on_grid__lies_within_a_grid_step_of_the_exact_maximum():
    """One clear peak; the sum of kernels is maximised on a grid 100 times finer."""
    rng = np.random.default_rng(8)
    values, weight = np.concatenate([rng.normal(0, 0.1, 15), rng.normal(1, 1, 5)]), rng.uniform(0.5, 1, 20)
    mode, width = mode_on_grid(values, weight, 1.0)
    fine = np.linspace(values.min(), values.max(), 50_000)
    exact = fine[np.argmax(np.exp(-(((fine[:, np.newaxis] - values) / width) ** 2) / 2) @ weight)]
    assert abs(mode - exact) < 1.01 * grid_step(values, width) * width


@pytest.mark.parametrize("n", range(2, 12))
def test_bandwidth__equals_the_plain_formula(n):
    rng = np.random.default_rng(n)
    for _ in range(20):
        values = np.sort(rng.standard_t(2, n))
        assert bandwidth(values, 0.7) == pytest.approx(plain_bandwidth(values, 0.7), rel=1e-12)


def test_bandwidth__by_hand():
    """1, 2, 3, 4: sd 1.29, mad 1.4826; 1, 2, 3, 100: sd 49, mad 1.4826."""
    assert bandwidth(np.array([1.0, 2.0, 3.0, 4.0]), 1.0) == pytest.approx(0.9 * (5 / 3) ** 0.5 * 4**-0.2, rel=1e-14)
    assert bandwidth(np.array([1.0, 2.0, 3.0, 100.0]), 1.0) == pytest.approx(0.9 * 1.4826 * 4**-0.2, rel=1e-14)


# with the compiler switched off, numpy warns of inf - inf
@pytest.mark.filterwarnings("ignore:invalid value encountered")
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bandwidth__and_mode_of_what_is_no_number_are_no_number(bad):
    values = np.array([1.0, 2.0, bad])
    assert np.isnan(bandwidth(values, 1.0))
    assert np.isnan(mode_on_grid(values, np.ones(3), 1.0)).all()


@pytest.mark.parametrize(
    ("values", "weight", "want"),
    [
        ([2.0, 2.0, 2.0], [1, 1, 1], 2.0),
        ([0.0, 0.0, 0.0], [1, 1, 1], 0.0),
        ([0.1 * 3, 0.3, 0.3], [1, 1, 1], 0.3),  # equal up to rounding
        ([1.0, 2.0, 2.0, 2.0, 9.0], [1, 1, 1, 1, 1], 2.0),
        ([1.0, 2.0, 2.0, 2.0, 9.0], [1, 1, 1, 1, 50], 9.0),
        ([-9.0, 2.0, 2.0, 2.0, 9.0], [50, 1, 1, 1, 1], -9.0),
    ],
)
def test_mode_on_grid__without_a_bandwidth_is_the_value_with_the_most_weight(values, weight, want):
    mode, width = mode_on_grid(np.array(values), np.array(weight, dtype=float), 1.0)
    assert mode == pytest.approx(want, rel=1e-14)
    assert width == pytest.approx(0.0, abs=1e-15)


def test_heaviest__adds_up_what_is_equal():
    assert heaviest(np.array([1.0, 2.0, 2.0, 3.0]), np.array([1.5, 1.0, 1.0, 1.9])) == 2.0


def test_mode_on_grid__an_outlier_far_away_leaves_a_coarse_grid():
    """The grid has 511 steps over all values: the mode is then known to a step, as in R."""
    values = np.append(np.linspace(-1, 1, 9), 1e6)
    mode, width = mode_on_grid(values, np.ones(10), 1.0)
    assert mode == pytest.approx(plain_mode(values, np.ones(10), 1.0), rel=1e-9, abs=1e-6)
    assert grid_step(values, width) > 1000
    assert abs(mode) < 2 * grid_step(values, width) * width


def test_grid_step__without_a_bandwidth_does_not_exist():
    assert np.isnan(grid_step(np.ones(3), 0.0))


def test_mode_on_grid__leaves_its_input_alone():
    values, weight = np.array([3.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0])
    mode_on_grid(values, weight, 1.0)
    assert (values.tolist(), weight.tolist()) == ([3.0, 1.0, 2.0], [1.0, 2.0, 3.0])


@pytest.mark.parametrize("factor", [0.0, PENALTY])
@pytest.mark.parametrize("n", [3, 8])
def test_mode_draws__equal_a_plain_loop(n, factor):
    rng = np.random.default_rng(n)
    ratios = np.stack([rng.uniform(0.1, 1.0, n), rng.choice([-1.0, 1.0], n), rng.uniform(0.05, 0.3, n)])
    weight, column = rng.uniform(0.1, 1.0, n), rng.permutation(n)
    got = mode_draws(ratios, weight, column, 0.8, factor, KEY, 6)
    for draw in range(6):
        z = np.array([normal_pair(KEY, draw, c // 2)[c % 2] for c in column])
        values = ratios[1] * (ratios[0] + ratios[2] * z)
        want = plain_mode(values, weight, 0.8)
        if factor:
            want = plain_mode(values, penalised_weights(values, ratios[2], weight, want, factor), 0.8)
        assert got[draw] == pytest.approx(want, rel=1e-11)


@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_mode_draws__of_what_is_no_number_are_no_number():
    ratios = np.stack([np.array([1.0, 2.0, np.inf]), np.ones(3), np.ones(3)])
    assert np.isnan(mode_draws(ratios, np.ones(3), np.arange(3), 1.0, PENALTY, KEY, 2)).all()


def test_mode_draws__do_not_depend_on_their_number():
    ratios = np.stack([np.array([0.1, 0.5, 0.6]), np.ones(3), np.full(3, 0.1)])
    few, many = (mode_draws(ratios, np.ones(3), np.arange(3), 1.0, 0.0, KEY, n) for n in (3, 7))
    np.testing.assert_array_equal(few, many[:3])
