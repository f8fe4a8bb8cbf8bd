"""Numbers from text: missing, not a number, and p values below the smallest double."""

import math

import polars as pl
import pytest

from osteobiome.sumstats.numbers import MISSING, blank, is_non_numeric, neg_log10_from_text, number


def evaluate(expression, *cells):
    return pl.DataFrame({"x": cells}, schema={"x": pl.String}).select(expression("x")).to_series().to_list()


@pytest.mark.parametrize("cell", [*MISSING, "  ", " NA ", None])
def test_missing__every_spelling(cell):
    assert evaluate(blank, cell) == [None]
    assert evaluate(number, cell) == [None]
    assert evaluate(is_non_numeric, cell) == [False]
    assert evaluate(neg_log10_from_text, cell) == [None]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1", 1.0),
        ("-0.5", -0.5),
        ("1e-5", 1e-5),
        ("1E+3", 1000.0),
        (" 2 ", 2.0),
        (".5", 0.5),
        ("0", 0.0),
        ("1e-400", 0.0),
    ],
)
def test_number__reads(cell, value):
    assert evaluate(number, cell) == [value]
    assert evaluate(is_non_numeric, cell) == [False]


@pytest.mark.parametrize("cell", ["x", "1,5", "0.1.2", "1 2", "<0.001", "--1"])
def test_number__text_is_no_number(cell):
    assert evaluate(number, cell) == [None]
    assert evaluate(is_non_numeric, cell) == [True]


def test_number__infinite_is_a_number_to_be_caught_later():
    assert evaluate(number, "inf", "-Inf") == [math.inf, -math.inf]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1", 0.0),
        ("1.0", 0.0),
        ("0.05", 1.3010299956639813),
        (".05", 1.3010299956639813),
        ("5e-8", 7.301029995663981),
        ("5E-08", 7.301029995663981),
        ("+5.e-8", 7.301029995663981),
        ("1e-400", 400.0),
        ("2.5E-1234", 1233.6020599913279),
        ("1e+0", 0.0),
        ("0", math.inf),
        ("0.0", math.inf),
        ("0e0", math.inf),
        ("0.000", math.inf),
    ],
)
def test_neg_log10_from_text__keeps_the_size(cell, value):
    assert evaluate(neg_log10_from_text, cell) == [pytest.approx(value, rel=1e-14, abs=1e-15)]


def test_neg_log10_from_text__one_is_plus_zero():
    (value,) = evaluate(neg_log10_from_text, "1")
    assert math.copysign(1.0, value) == 1.0


@pytest.mark.parametrize("cell", ["-0.5", "x", "<1e-300", "1e", "e-5", "inf", "1e-5.5", "1 e-5", "."])
def test_neg_log10_from_text__anything_else_is_null(cell):
    assert evaluate(neg_log10_from_text, cell) == [None]
