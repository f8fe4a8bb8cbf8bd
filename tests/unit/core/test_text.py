"""Numbers and words for readers."""

import pytest

from osteobiome.core import text

INF, NAN = float("inf"), float("nan")


@pytest.mark.parametrize(
    ("se", "digits", "decimals"),
    [
        (0.0132, 3, 4),
        (1.0, 3, 2),
        (0.1, 3, 3),
        (250.0, 3, 0),
        (0.0, 3, 3),
        (INF, 3, 3),
        (NAN, 3, 3),
        (1e-30, 3, 12),
        (0.0132, 4, 5),
        (-0.5, 2, 2),
    ],
)
def test_decimals_for__shows_that_many_digits_of_the_error(se, digits, decimals):
    assert text.decimals_for(se, digits=digits) == decimals


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (-0.03061, 4, "−0.0306"),
        (0.5, 0, "0"),
        (1.0, 2, "1.00"),
        (-0.0004, 3, "0.000"),
        (0.0, 1, "0.0"),
        (None, 2, "–"),
        (NAN, 2, "–"),
        (INF, 2, "∞"),
        (-INF, 2, "−∞"),
    ],
)
def test_fixed__has_a_true_minus_and_no_negative_zero(value, decimals, shown):
    assert text.fixed(value, decimals) == shown


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (212.063, 3, "212"),
        (0.00234567, 3, "0.00235"),
        (-4.0, 3, "−4"),
        (0.0, 3, "0"),
        (123456.0, 3, "123000"),
        (999999.9, 3, "1000000"),
        (1e6, 3, "1.00 × 10⁶"),
        (-2.5e-7, 2, "−2.5 × 10⁻⁷"),
        (9.99e-5, 3, "9.99 × 10⁻⁵"),
        (None, 3, "–"),
        (NAN, 3, "–"),
    ],
)
def test_significant__shows_that_many_digits(value, digits, shown):
    assert text.significant(value, digits) == shown


@pytest.mark.parametrize(("value", "shown"), [(INF, "∞"), (-INF, "−∞")])
def test_significant__infinite_as_in_fixed(value, shown):
    assert text.significant(value) == shown


@pytest.mark.parametrize(
    ("neg_log10", "shown"),
    [
        (0.0, "1.0"),
        (-0.0, "1.0"),
        (0.001, "1.0"),
        (0.30103, "0.50"),
        (1.0, "0.10"),
        (1.6825, "0.021"),
        (2.9999999, "0.0010"),
        (3.0, "1.0 × 10⁻³"),
        (3.0000001, "1.0 × 10⁻³"),
        (7.30103, "5.0 × 10⁻⁸"),
        (7.00001, "1.0 × 10⁻⁷"),
        (400.3, "5.0 × 10⁻⁴⁰¹"),
        (None, "–"),
        (NAN, "–"),
        (INF, "0"),
    ],
)
def test_p_value__is_readable_at_any_size(neg_log10, shown):
    assert text.p_value(neg_log10) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(5e-8, "5 × 10⁻⁸"), (0.05, "0.05"), (1e-3, "0.001"), (1.5e-5, "1.5 × 10⁻⁵"), (1.0, "1"), (1e-6, "1 × 10⁻⁶")],
)
def test_threshold_text__as_in_a_paper(value, shown):
    assert text.threshold_text(value) == shown


def test_interval__joins_two_numbers():
    assert text.interval(-0.1, 0.25, 2) == "−0.10 to 0.25"
    assert text.interval(-INF, None, 2) == "−∞ to –"


@pytest.mark.parametrize(
    ("number", "words", "shown"),
    [
        (1, ("variant",), "1 variant"),
        (0, ("variant",), "0 variants"),
        (2, ("study", "studies"), "2 studies"),
        (12345, ("row",), "12,345 rows"),
    ],
)
def test_count__knows_the_plural(number, words, shown):
    assert text.count(number, *words) == shown


@pytest.mark.parametrize(
    ("words", "shown"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_join__is_english(words, shown):
    assert text.join(words) == shown


def test_reason__in_words_or_as_it_is():
    assert text.reason("missing_beta") == "effect missing"
    assert text.reason("never_heard_of") == "never heard of"


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0, "0"), (None, "–"), (-2.6e-9, "−2.60 × 10⁻⁹"), (INF, "∞"), (1e300, "1.00 × 10³⁰⁰")]
)
def test_scientific__is_a_power_of_ten(value, shown):
    assert text.scientific(value) == shown


@pytest.mark.parametrize(
    ("values", "se", "shown"),
    [
        ([0.336264, 0.056457], 0.056457, ("0.33626", "0.05646")),
        ([3.36e-14, 5.6e-15, -1e-15], 5.6e-15, ("3.3600 × 10⁻¹⁴", "5.600 × 10⁻¹⁵", "−1.000 × 10⁻¹⁵")),
        ([3.36e12, 5.6e11], 5.6e11, ("3.3600 × 10¹²", "5.600 × 10¹¹")),
        ([0.5, 1e-9], 1e-9, ("0.500000000000", "1.000 × 10⁻⁹")),
        ([None, 1e-9, INF, 0.0], 1e-9, ("–", "1.000 × 10⁻⁹", "∞", "0")),
        ([None, None], None, ("–", "–")),
    ],
)
def test_effect_texts__are_powers_of_ten_where_decimals_are_unreadable(values, se, shown):
    assert text.effect_texts(values, se) == shown
