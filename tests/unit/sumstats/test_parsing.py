"""Text cells to numbers: what is fine, missing, written oddly or no number at all."""

import polars as pl
import pytest

from osteobiome.sumstats.numbers import MISSING
from osteobiome.sumstats.parsing import ABSENT, DECIMAL_COMMA, FINE, NOT_A_NUMBER, UNICODE_MINUS, parsed


def cells(**columns):
    n = len(next(iter(columns.values())))
    return parsed(pl.DataFrame(columns | {"__line__": range(2, n + 2)}))


def test_parsed__plain_numbers_need_no_states():
    frame = cells(beta=["0.1", "-2e-3", "+5", "1e400"])
    assert frame["beta"].to_list() == [0.1, -0.002, 5.0, float("inf")]
    assert "beta__state" not in frame.columns
    assert frame["beta__text"].to_list() == ["0.1", "-2e-3", "+5", "1e400"]


@pytest.mark.parametrize("text", [*MISSING, None, " NA "])
def test_parsed__every_spelling_of_missing(text):
    frame = cells(beta=["1", text], se=[text, "1"])
    assert frame["beta"].to_list() == [1.0, None]
    assert frame["beta__state"].to_list() == [FINE, ABSENT]
    assert frame["se__state"].to_list() == [ABSENT, FINE]


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("0,5", DECIMAL_COMMA), ("-1,25e-3", DECIMAL_COMMA), ("\u22120.5", UNICODE_MINUS), ("\u20130.5", UNICODE_MINUS),
        ("abc", NOT_A_NUMBER), ("5%", NOT_A_NUMBER), ("0x1F", NOT_A_NUMBER), ("1d-5", NOT_A_NUMBER),
    ],
)  # fmt: skip
def test_parsed__what_is_no_number_has_a_state(text, state):
    frame = cells(se=["1", text])
    assert frame["se"].to_list() == [1.0, None]
    assert frame["se__state"].to_list() == [FINE, state]


def test_parsed__blanks_around_a_number_do_not_matter():
    frame = cells(beta=[" 0.5", "0.5 "], p_value=[" 1e-5 ", "1e-400 "])
    assert frame["beta"].to_list() == [0.5, 0.5]
    assert frame["p"].to_list() == [pytest.approx(5.0, rel=1e-15), 400.0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 0.0), ("0.01", 2.0), ("1e-300", 300.0), ("1e-290", 290.0),
        ("2.5E-310", 309.6020599913279), ("1e-400", 400.0),
        ("0", float("inf")), ("0.0e+00", float("inf")), ("4.9e-5000", 4999.309803919971),
    ],
)  # fmt: skip
def test_parsed__p_as_minus_log10(text, value):
    assert cells(p_value=[text, "0.5"])["p"][0] == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "state", "value"),
    [("NA", ABSENT, None), ("x", NOT_A_NUMBER, None), ("0,05", DECIMAL_COMMA, None),
     ("-0.1", FINE, float("-inf"))],
)  # fmt: skip
def test_parsed__p_that_is_none(text, state, value):
    frame = cells(p_value=["0.5", text])
    assert frame["p"].to_list()[1] == value
    assert frame["p_value__state"].to_list() == [FINE, state]


@pytest.mark.parametrize("text", ["1.5", "inf"])
def test_parsed__p_above_1_is_negative_on_the_logarithm(text):
    assert cells(p_value=[text])["p"].item() < 0


def test_parsed__alleles_in_upper_case_and_odd_ones_marked():
    frame = cells(effect_allele=["a", "G", "<DEL>", "NA"], other_allele=["G", "C", "A", "T"])
    assert frame["effect_allele"].to_list() == ["A", "G", "<DEL>", None]
    assert frame["effect_allele__odd"].to_list() == [False, False, True, True]
    assert "other_allele__odd" not in frame.columns
    assert frame["effect_allele__text"].to_list() == ["a", "G", "<DEL>", "NA"]


def test_parsed__place_is_whole_or_not_there():
    frame = cells(chromosome=["1", "chrX", "26", "2", "3", "4"], position=["100", "1e5", "5", "0", "1.5", "NA"])
    assert frame["chromosome"].to_list() == [1, 23, None, None, None, None]
    assert frame["position"].to_list() == [100, 100_000, None, None, None, None]


def test_parsed__one_chromosome_throughout():
    frame = cells(chromosome=["7", "7"], position=["1", "2"])
    assert frame["chromosome"].to_list() == [7, 7]
    assert frame.schema["chromosome"] == pl.Int8
