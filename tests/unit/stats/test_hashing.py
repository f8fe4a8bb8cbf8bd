"""FNV-1a against the published test values, and against a loop in Python."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteobiome.stats.hashing import fnv1a_64

pytestmark = pytest.mark.kernel


def hashes(texts):
    data = np.frombuffer(b"".join(texts) or b"", dtype=np.uint8)
    return fnv1a_64(data, np.cumsum([len(text) for text in texts], dtype=np.int64)).tolist()


@pytest.mark.parametrize(
    ("text", "value"),
    # test vectors of the authors for the 64-bit FNV-1a hash
    [(b"", 0xCBF29CE484222325), (b"a", 0xAF63DC4C8601EC8C), (b"foobar", 0x85944171F73967E8)],
)
def test_fnv1a_64__published_values(text, value):
    assert hashes([text]) == [value]


def slow(text):
    h = 0xCBF29CE484222325
    for byte in text:
        h = ((h ^ byte) * 0x100000001B3) % 2**64
    return h


@given(st.lists(st.binary(max_size=12), min_size=1, max_size=20))
def test_fnv1a_64__many_strings_are_hashed_one_by_one(texts):
    assert hashes(texts) == [slow(text) for text in texts]
