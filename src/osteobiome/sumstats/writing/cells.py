"""Cells of text files as expressions: whole numbers, one-line text, p values, text for spreadsheets."""

from __future__ import annotations

import polars as pl

from osteobiome.store import tables

EXACT_INTEGERS = 2.0**53
"""Up to here each whole number is a double."""
SMALLEST_EXPONENT = 300.0
"""Up to this minus log10, a p value is written as an ordinary number: doubles are exact to full precision there."""
_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch?)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
"""Names of months that spreadsheets know; genes were renamed for them (Bruford et al. 2020,
doi:10.1038/s41588-020-0669-3), but files with the old names stay."""
_LOOKS_LIKE_OTHER = "|".join(
    (
        tables.FORMULA,
        "^'",  # so that taking off one apostrophe gives each text back
        rf"^(?i){_MONTH}[-/. ]?\d+([-/., ]+\d+)?$",  # MARCH1, SEP2, Mar-2020
        rf"^(?i)\d+[-/. ]*{_MONTH}([-/., ]*\d+)?$",  # 2-Mar, 1-Sep-2020
        r"^\s*[\d.,/:\-]*\d[\d.,/:\-]*\s*%?$",  # 00123, 1-2, 1/2/3, 1:100, 5 %
        r"^(?i)\s*\d+(\.\d*)?e[+-]?\d+$",  # 2E4
        r"^(?i)(true|false)$",
    )
)


def one_line(column: str) -> pl.Expr:
    """Return a text column in which tabs and line ends are spaces."""
    return pl.col(column).str.replace_all(r"[\t\r\n]", " ")


def whole(column: str) -> pl.Expr:
    """Return a Float64 column as text; whole numbers have no decimal point."""
    value = pl.col(column).fill_nan(None)
    is_whole = (value == value.round()) & (value.abs() < EXACT_INTEGERS)
    return pl.when(is_whole).then(value.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(value.cast(pl.String))


def real(column: str) -> pl.Expr:
    """Return a Float64 column in which what is no number is missing."""
    return pl.col(column).fill_nan(None)


def p_text(column: str) -> pl.Expr:
    """Return p values as text from minus log10, also where no double can hold them.

    Parameters
    ----------
    column : str
        Minus log10 of p.

    Notes
    -----
    Beyond 300 the text is mantissa and exponent, 10^(k - x) and -k with k = x rounded up. Reading it back gives x
    within 1e-12 relative for x above 0.001; near p = 1 the text of p carries x to about 2e-16 only.

    Examples
    --------
    >>> pl.DataFrame({"x": [0.0, 2.0, 400.0]}).select(p_text("x"))["x"].to_list()
    ['1.0', '0.01', '1e-400']
    """
    value = real(column)
    k = value.ceil()
    mantissa = pl.lit(10.0).pow(k - value).cast(pl.String).str.strip_suffix(".0")
    apart = mantissa + "e-" + k.cast(pl.Int64, strict=False).cast(pl.String)
    plain = pl.lit(10.0).pow(-value).cast(pl.String)
    text = pl.when(value.is_infinite()).then(pl.lit("0"))
    return text.when(value > SMALLEST_EXPONENT).then(apart).otherwise(plain).alias(column)


def spreadsheet_text(column: str) -> pl.Expr:
    """Return a text column that no spreadsheet turns into a formula, a date, a number or a truth value.

    Such cells get an apostrophe in front; taking off one apostrophe gives each text back.

    Examples
    --------
    >>> pl.DataFrame({"x": ["rs1", "MARCH1", "=cmd()", "1:100"]}).select(spreadsheet_text("x"))["x"].to_list()
    ['rs1', "'MARCH1", "'=cmd()", "'1:100"]
    """
    text = pl.col(column)
    return pl.when(text.str.contains(_LOOKS_LIKE_OTHER)).then("'" + text).otherwise(text).alias(column)
