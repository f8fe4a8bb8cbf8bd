"""Philox4x32-10 against the published answers, and what the streams promise."""

import numpy as np
import pytest

from osteobiome.stats.random import (
    SEED_LIMIT,
    fresh_seed,
    normal_pair,
    normals,
    philox,
    stream_key,
    uniform_pair,
    uniforms,
)

pytestmark = pytest.mark.kernel

# counter, key, words: the three known answers of Salmon et al. 2011 for philox4x32 with 10 rounds
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]
KEY = stream_key(1, "bmi", "bmd", "weighted_median")


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_philox__known_answers(counter, key, words):
    got = philox(tuple(np.uint64(word) for word in counter), np.uint64(key[0] | key[1] << 32))
    assert tuple(int(word) for word in got) == words


def plain_philox(counter, key):
    """The same in Python's own integers."""
    c0, c1, c2, c3 = counter
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & 0xFFFFFFFF, (p0 >> 32) ^ c3 ^ k1, p0 & 0xFFFFFFFF
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


@pytest.mark.parametrize(("row", "column"), [(0, 0), (3, 5), (2**32 - 1, 7), (1, 2**32 - 1)])
def test_uniform_pair__is_made_of_the_words_at_its_address(row, column):
    w0, w1, w2, w3 = plain_philox((column, row, 0, 0), int(KEY))
    first, second = uniform_pair(KEY, row, column)
    assert first == ((w1 << 32 | w0) >> 11) / 2**53
    assert second == ((w3 << 32 | w2) >> 11) / 2**53


def test_uniform_pair__uses_all_bits_of_a_double():
    """Multiples of 2**-53 that are not multiples of 2**-52 or coarser are half of all."""
    values = np.concatenate([uniform_pair(KEY, row, 0) for row in range(200)])
    odd = np.mod(values * 2**53, 2) == 1
    assert 0.4 < odd.mean() < 0.6
    assert values.min() >= 0.0
    assert values.max() < 1.0


def test_normal_pair__is_the_transform_of_the_uniform_pair():
    u, v = uniform_pair(KEY, 4, 9)
    radius = np.sqrt(-2 * np.log(1 - u))
    want = (radius * np.cos(2 * np.pi * v), radius * np.sin(2 * np.pi * v))
    assert normal_pair(KEY, 4, 9) == pytest.approx(want, rel=1e-14)


@pytest.mark.parametrize("draw", [uniforms, normals])
@pytest.mark.parametrize("shape", [(1, 1), (3, 8), (20, 5), (7, 2)])
def test_arrays__a_number_depends_on_its_address_alone(draw, shape):
    np.testing.assert_array_equal(draw(KEY, *shape), draw(KEY, 20, 9)[: shape[0], : shape[1]])


def test_stream_key__is_frozen():
    """A new value would change every result that was ever drawn."""
    assert int(stream_key(0)) == 0x4BF4C8275099D632
    assert int(KEY) == 0x61F94A188A998D2F


@pytest.mark.parametrize(
    "other",
    [
        (2, "bmi", "bmd", "weighted_median"),
        (1, "bmd", "bmi", "weighted_median"),
        (1, "bmi", "bmd", "simple_median"),
        (1, "bm", "ibmd", "weighted_median"),
        (1, "bmi", "bmd"),
        (1, "bmi", "bmd", "weighted_median", ""),
        (-1, "bmi", "bmd", "weighted_median"),
    ],
)
def test_stream_key__other_seed_or_names_give_another_stream(other):
    assert stream_key(*other) != KEY


def test_stream_key__takes_any_text():
    assert stream_key(1, "α-Klotho", "骨密度") != stream_key(1, "α-Klotho", "骨")


def test_fresh_seed__differs_and_is_small():
    seeds = {fresh_seed() for _ in range(20)}
    assert len(seeds) > 15
    assert all(0 <= seed < SEED_LIMIT for seed in seeds)
