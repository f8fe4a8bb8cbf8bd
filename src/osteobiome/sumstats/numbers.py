"""Numbers from text: what is missing, what is no number, and p values too small for a double."""

from __future__ import annotations

import polars as pl

MISSING = ("", "NA", "NaN", "nan", "na", "N/A", "#NA", "#N/A", ".", "-", "null", "NULL", "None", "none")
_P_TEXT = r"^\+?([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?$"


def blank(column: str) -> pl.Expr:
    """Return the text of a column with every spelling of 'missing' as null."""
    text = pl.col(column).str.strip_chars()
    return pl.when(text.is_in(MISSING)).then(None).otherwise(text)


def number(column: str) -> pl.Expr:
    """Return a column as Float64; text that is no number becomes null."""
    return blank(column).cast(pl.Float64, strict=False)


def is_non_numeric(column: str) -> pl.Expr:
    """Tell where a column holds text that is neither missing nor a number."""
    return blank(column).is_not_null() & number(column).is_null()


def neg_log10_from_text(column: str) -> pl.Expr:
    """Return minus log10 of p values written as text; 1e-400 keeps its size, 0 becomes infinite.

    Text that is no non-negative number becomes null.
    """
    text = blank(column)
    mantissa = text.str.extract(_P_TEXT, 1).cast(pl.Float64, strict=False)
    exponent = text.str.extract(_P_TEXT, 2).cast(pl.Float64, strict=False).fill_null(0.0)
    return -(mantissa.log10() + exponent) + 0.0
