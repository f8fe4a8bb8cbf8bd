"""Cells: p values as text, whole numbers, text that a spreadsheet leaves alone."""

from __future__ import annotations

import math

import polars as pl
import pytest

from osteobiome.sumstats.writing.cells import one_line, p_text, spreadsheet_text, whole


def column(values, expression, dtype=pl.Float64):
    return pl.DataFrame({"x": pl.Series(values, dtype=dtype)}).select(expression("x")).to_series().to_list()


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "1.0"),
        (2.0, "0.01"),
        (8.0, "1e-8"),
        (300.0, "1e-300"),
        (400.0, "1e-400"),
        (400.25, "5.623413251903491e-401"),  # 10^0.75
        (1e6, "1e-1000000"),
        (math.inf, "0"),
        (math.nan, None),
        (None, None),
    ],
)
def test_p_text__is_what_a_reader_expects(x, text):
    assert column([x], p_text) == [text]


def test_whole__writes_counts_without_a_point():
    values = [1000.0, 1234.5, 0.0, 2.0**53 - 1, 1e300, None, math.nan]
    assert column(values, whole) == ["1000", "1234.5", "0", "9007199254740991", "1e+300", None, None]


def test_one_line__has_no_tab():
    assert column(["a\tb\r\nc", None], one_line, pl.String) == ["a b  c", None]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+1", "-2", "@x", "\tx", "\rx", "'x", "MARCH1", "SEPT2", "sep2", "SEP-2", "Mar-2020", "2-Mar",
        "1-Sep-2020", "2SEP", "MARC1", "OCT4", "DEC1", "1/2", "1-2-3", "1:100", "00123", "1.50", "2E4", "12e-3", "TRUE",
        "false", "5 %", "12,5",
    ],
)  # fmt: skip
def test_spreadsheet_text__keeps_text_from_becoming_something_else(text):
    assert column([text], spreadsheet_text, pl.String) == ["'" + text]


@pytest.mark.parametrize(
    "text", ["rs123", "1:100:A:G", "A", "CAT", "MARCHF1", "DECR1", "chr1:100", "", "NOVA1x", "TRUE1"]
)
def test_spreadsheet_text__leaves_plain_text_alone(text):
    assert column([text, None], spreadsheet_text, pl.String) == [text, None]
