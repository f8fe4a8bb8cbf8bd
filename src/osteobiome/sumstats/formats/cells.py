"""What several formats do with cells: taking packed identifiers apart, marking rows, small sums. Text in, text out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

PARTS = {"chromosome": 0, "position": 1, "first": 2, "second": 3, "rest": 4}
"""Parts of ``1:869334:G:A``, ``chr1_869334_G_A``, ``1-869334-G-A``, ``1:869334_G/A_rs123`` and ``1:869334``."""
_SEPARATORS = ["_", "/", "-", "|"]
_CHROMOSOME = r"^(?:[0-9]{1,2}|[XYxy]|XY|MT?)$"
DROP, TRAIT = "_drop", "_trait"
PLINK_CODES = {"25": "X", "26": "MT"}
"""Numbers of the pseudo-autosomal region (XY, which lies on X) and of the mitochondrion in PLINK 1.9, standard data
input, 'Chromosome codes'; elsewhere 25 is the mitochondrion. Programs that read PLINK files pass them on."""


def split_packed(frame: pl.DataFrame, column: str, *, into: Mapping[str, str]) -> pl.DataFrame:
    """Take a packed variant identifier apart.

    Parameters
    ----------
    frame : polars.DataFrame
        Text columns.
    column : str
        Column of identifiers such as ``1:869334:G:A``.
    into : mapping of str to str
        Column to write: part, one of ``chromosome``, ``position``, ``first`` and ``second`` (allele) and ``rest``. Null
        where the identifier is none of this kind.

    Examples
    --------
    >>> frame = pl.DataFrame({"id": ["chr1_5_G_A", "rs7"]})
    >>> split_packed(frame, "id", into={"position": "position"})["position"].to_list()
    ['5', None]
    """
    names = pl.col(column).str.strip_prefix("chr").str.strip_prefix("CHR").str.strip_prefix("Chr")
    names = names.str.replace_many(_SEPARATORS, [":"] * len(_SEPARATORS))
    frame = frame.with_columns(names.str.split_exact(":", len(PARTS) - 1).alias("__parts__"))
    part = {name: pl.col("__parts__").struct.field(f"field_{i}") for name, i in PARTS.items()}
    is_place = part["chromosome"].str.contains(_CHROMOSOME) & part["position"].str.contains(r"^[0-9]+$")
    if {"first", "second"} & set(into.values()):
        is_place &= part["second"].is_not_null()
    frame = frame.with_columns(is_place.alias("__is_place__"))
    split = [pl.when("__is_place__").then(part[name]).alias(ours) for ours, name in into.items()]
    return frame.with_columns(split).drop("__parts__", "__is_place__")


def plink_chromosomes(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with PLINK's numbers of the pseudo-autosomal region and the mitochondrion as X and MT.

    Parameters
    ----------
    frame : polars.DataFrame
        Text columns; without ``chromosome`` it is returned as it is.

    Examples
    --------
    >>> plink_chromosomes(pl.DataFrame({"chromosome": ["1", "25", "26"]}))["chromosome"].to_list()
    ['1', 'X', 'MT']
    """
    # few files have such rows: looking is cheaper than replacing
    if "chromosome" not in frame.columns or not frame["chromosome"].is_in(list(PLINK_CODES)).any():
        return frame
    return frame.with_columns(pl.col("chromosome").replace(PLINK_CODES))


def mark(frame: pl.DataFrame, condition: pl.Expr, reason: str) -> pl.DataFrame:
    """Mark rows to leave out in ``_drop``; the first reason given to a row stays.

    Parameters
    ----------
    frame : polars.DataFrame
        Any frame.
    condition : polars.Expr
        True for rows to leave out; null counts as false.
    reason : str
        Name of the reason.
    """
    before = pl.col(DROP) if DROP in frame.columns else pl.lit(None, dtype=pl.String)
    marked = pl.when(before.is_null() & condition.fill_null(value=False)).then(pl.lit(reason)).otherwise(before)
    return frame.with_columns(marked.alias(DROP))


def only_additive(frame: pl.DataFrame) -> pl.DataFrame:
    """Mark rows whose ``_test`` is another than the additive effect of the allele as ``other_test``."""
    if "_test" not in frame.columns:
        return frame
    return mark(frame, pl.col("_test").str.strip_chars() != "ADD", "other_test")


def value(column: str) -> pl.Expr:
    """Return a text column as numbers for arithmetic; what is no number becomes null."""
    return pl.col(column).str.strip_chars().cast(pl.Float64, strict=False)


def text(expression: pl.Expr) -> pl.Expr:
    """Return the outcome of arithmetic as text, in as many digits as the number needs."""
    return expression.fill_nan(None).cast(pl.String)


def known(column: str) -> pl.Expr:
    """Return a text column with the usual words for missing as null, for choosing between columns row by row."""
    cell = pl.col(column)
    return pl.when(~cell.is_in(["NA", ".", "", "NaN", "nan", "-", "#NA"])).then(cell)


def is_true(column: str) -> pl.Expr:
    """Tell where a text column says yes."""
    return pl.col(column).str.to_lowercase().is_in(["true", "t", "1", "yes"])
