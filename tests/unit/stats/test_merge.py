"""Matching sorted keys, against sets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteobiome.stats.merge import match_sorted

pytestmark = pytest.mark.kernel
KEYS = st.lists(st.integers(-(2**62), 2**62) | st.integers(0, 30), unique=True, max_size=40)


@given(KEYS, KEYS)
def test_match_sorted__finds_what_both_have(a, b):
    first, second = (np.array(sorted(keys), dtype=np.int64) for keys in (a, b))
    here, there = match_sorted(first, second)
    common = sorted(set(a) & set(b))
    assert first[here].tolist() == common
    assert second[there].tolist() == common


def test_match_sorted__nothing_in_common_and_nothing_at_all():
    empty = np.array([], dtype=np.int64)
    for first, second in ((np.array([1, 3]), np.array([2, 4])), (empty, np.array([1])), (empty, empty)):
        here, there = match_sorted(first, second)
        assert here.size == there.size == 0
