"""Numbers in words can be read back to within what was rounded away; canonical JSON does not depend on order."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteobiome.core.text import MINUS, decimals_for, fixed, p_value, significant
from osteobiome.store.keys import canonical_json

FAST = settings(deadline=None, max_examples=100, database=None)
PLAIN = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹" + MINUS, "-0123456789-")
numbers = st.floats(-1e12, 1e12, allow_nan=False, allow_subnormal=False)


def parse(text):
    """Read a number as the report prints it."""
    mantissa, _, exponent = text.partition(" × 10")
    return float(mantissa.translate(PLAIN)), int(exponent.translate(PLAIN)) if exponent else 0


@FAST
@given(numbers, st.integers(0, 12))
def test_fixed__reads_back_to_half_a_unit(value, decimals):
    shown = fixed(value, decimals)
    half_a_unit = 0.5000001 * 10.0**-decimals
    assert abs(parse(shown)[0] - value) <= half_a_unit + 1e-15 * abs(value)
    assert shown.count(MINUS) == (1 if parse(shown)[0] < 0 else 0)
    assert "-" not in shown


@FAST
@given(numbers.filter(lambda x: abs(x) > 1e-300), st.integers(1, 6))
def test_significant__reads_back_to_that_many_digits(value, digits):
    shown = significant(value, digits)
    mantissa, exponent = parse(shown)
    assert mantissa * 10.0**exponent == pytest.approx(value, rel=0.5000001 * 10.0 ** (1 - digits))
    assert "-" not in shown
    assert "e" not in shown


@FAST
@given(st.floats(0.0, 1e5))
def test_p_value__reads_back_to_two_digits(neg_log10):
    mantissa, exponent = parse(p_value(neg_log10))
    assert math.log10(mantissa) + exponent == pytest.approx(-neg_log10, abs=0.0225, rel=1e-12)


@FAST
@given(st.floats(1e-9, 1e9), st.integers(1, 5))
def test_decimals_for__shows_the_error_to_that_many_digits(se, digits):
    decimals = decimals_for(se, digits=digits)
    if 0 < decimals < 12:
        shown = fixed(se, decimals).replace(".", "").lstrip("0")
        assert len(shown) in {digits, digits + 1}  # 0.0999 may round to 0.100


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@FAST
@given(json_values)
def test_canonical_json__reads_back(value):
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


@FAST
@given(st.dictionaries(st.text(), st.integers(), max_size=8), st.randoms(use_true_random=False))
def test_canonical_json__order_of_keys_has_no_effect(data, random):
    names = random.sample(sorted(data), len(data))
    assert canonical_json({name: data[name] for name in names}) == canonical_json(data)
