"""Row checks at ingest: each bad row is dropped once, for the first fault that applies, with its line number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.rows import MAX_LINES
from osteobiome.sumstats.numbers import blank, is_non_numeric, neg_log10_from_text, number
from osteobiome.sumstats.reading import LINE

if TYPE_CHECKING:
    from osteobiome.core.rows import DropKind, RowLedger

_ALLELE = r"^[ACGT]+$"
VALUES = ("beta", "se", "eaf", "neg_log_10_p_value", "n")
"""Columns in which two rows of one variant must agree to count as copies."""
_TRUE = ("TRUE", "T", "1", "YES")
_FALSE = ("FALSE", "F", "0", "NO")


def text_checks(columns: frozenset[str]) -> list[tuple[str, pl.Expr, str]]:
    """Return the checks on raw text as (reason, expression that is true for a bad row, column to show).

    Parameters
    ----------
    columns : frozenset of str
        Our names of the columns that the file has.
    """
    checks: list[tuple[str, pl.Expr, str]] = [("empty_id", _no_identity(columns), "rsid")]
    for name in ("effect_allele", "other_allele"):
        allele = blank(name).str.to_uppercase()
        checks += [
            ("missing_allele", allele.is_null(), name),
            ("multiple_alleles", allele.str.contains(",", literal=True), name),
            ("bad_allele", ~allele.str.contains(_ALLELE), name),
        ]
    same = blank("effect_allele").str.to_uppercase() == blank("other_allele").str.to_uppercase()
    checks.append(("same_allele", same, "effect_allele"))
    effect = "beta" if "beta" in columns else "odds_ratio"
    checks += _number_checks(effect, required=True)
    if effect == "odds_ratio":
        checks.append(("odds_ratio_not_positive", number(effect) <= 0, effect))
    checks += _number_checks("se", required=True)
    checks.append(("non_positive_se", number("se") <= 0, "se"))
    if "eaf" in columns:
        checks += _number_checks("eaf", required=False)
        checks.append(("eaf_out_of_range", (number("eaf") < 0) | (number("eaf") > 1), "eaf"))
    checks += _p_checks(columns)
    if "n" in columns:
        checks += _number_checks("n", required=False)
        checks.append(("n_not_positive", number("n") <= 0, "n"))
    return checks


def _all_reasons() -> frozenset[str]:
    """Return every reason for which a row can be dropped as broken."""
    numbers = {"chromosome", "position", "rsid", "se", "eaf", "n"}
    reasons = {"duplicate", "duplicate_conflicting"}
    for columns in (numbers | {"beta", "p_value"}, numbers | {"odds_ratio", "neg_log_10_p_value"}):
        reasons |= {reason for reason, _, _ in text_checks(frozenset(columns))}
    return frozenset(reasons)


def _no_identity(columns: frozenset[str]) -> pl.Expr:
    """Return where a row has neither identifier nor position."""
    no_id = blank("rsid").is_null() if "rsid" in columns else pl.lit(value=True)
    if not {"chromosome", "position"} <= columns:
        return no_id
    return no_id & (pl.col("__chromosome__").is_null() | pl.col("__position__").is_null())


def _number_checks(name: str, *, required: bool) -> list[tuple[str, pl.Expr, str]]:
    value = number(name)
    checks = [(f"missing_{name}", blank(name).is_null() | value.is_nan(), name)] if required else []
    checks.append((f"non_numeric_{name}", is_non_numeric(name), name))
    checks.append((f"infinite_{name}", value.is_infinite() | value.is_nan(), name))
    return checks


def _p_checks(columns: frozenset[str]) -> list[tuple[str, pl.Expr, str]]:
    checks: list[tuple[str, pl.Expr, str]] = []
    if "neg_log_10_p_value" in columns:
        name = "neg_log_10_p_value"
        checks += [*_number_checks(name, required=False), ("p_out_of_range", number(name) < 0, name)]
    if "p_value" in columns:
        value = neg_log10_from_text("p_value")
        negative = number("p_value") < 0
        checks += [
            ("p_out_of_range", negative | (value < 0), "p_value"),
            ("non_numeric_p_value", blank("p_value").is_not_null() & value.is_null(), "p_value"),
        ]
    return checks


def pair_checks(columns: frozenset[str]) -> list[tuple[str, pl.Expr, str]]:
    """Return the checks on a table of one harmonised pair, as :func:`text_checks`.

    Parameters
    ----------
    columns : frozenset of str
        Columns that the table has.
    """
    checks: list[tuple[str, pl.Expr, str]] = []
    if "rsid" in columns:
        name = blank("rsid")
        checks.append(("empty_id", name.is_null(), "rsid"))
    for side in ("exposure", "outcome"):
        checks += _number_checks(f"beta_{side}", required=True)
        checks += _number_checks(f"se_{side}", required=True)
        checks.append((f"non_positive_se_{side}", number(f"se_{side}") <= 0, f"se_{side}"))
    if "eaf" in columns:
        checks += _number_checks("eaf", required=False)
        checks.append(("eaf_out_of_range", (number("eaf") < 0) | (number("eaf") > 1), "eaf"))
    if "effect_allele" in columns:
        allele = blank("effect_allele").str.to_uppercase()
        checks.append(("bad_allele", allele.is_not_null() & ~allele.str.contains(_ALLELE), "effect_allele"))
    return checks


def is_true(column: str) -> pl.Expr:
    """Return where a column of text says yes."""
    return pl.col(column).str.strip_chars().str.to_uppercase().is_in(_TRUE)


def author_excluded() -> pl.Expr:
    """Return where the authors of a table marked a row as not to be used."""
    return pl.col("keep").str.strip_chars().str.to_uppercase().is_in(_FALSE)


def split(
    frame: pl.DataFrame, checks: list[tuple[str, pl.Expr, str]], ledger: RowLedger, *, kind: DropKind = "fault"
) -> pl.DataFrame:
    """Drop the rows for which a check is true, and enter each in the ledger under the first reason that applies.

    Parameters
    ----------
    frame : polars.DataFrame
        Rows with ``__line__``.
    checks : list of (str, polars.Expr, str)
        Reason, expression and the column whose value is shown as example.
    ledger : RowLedger
        Takes the counts, the first 20 line numbers and the values found there.
    kind : {"fault", "policy"}
        Whether the rows are broken or left out by a declared rule.
    """
    reason = pl.lit(None, dtype=pl.Int32)
    for index in range(len(checks) - 1, -1, -1):
        reason = pl.when(checks[index][1].fill_null(value=False)).then(pl.lit(index, dtype=pl.Int32)).otherwise(reason)
    marked = frame.with_columns(reason.alias("__reason__"))
    bad = marked.filter(pl.col("__reason__").is_not_null())
    if bad.is_empty():
        return frame
    merged: dict[str, tuple[int, list[tuple[int, str]]]] = {}
    for index, (name, _, column) in enumerate(checks):
        rows = bad.filter(pl.col("__reason__") == index)
        if rows.height:
            shown = rows.head(MAX_LINES)
            values = shown[column].cast(pl.String).fill_null("") if column in shown.columns else [""] * shown.height
            count, examples = merged.get(name, (0, []))
            merged[name] = (count + rows.height, examples + list(zip(shown[LINE].to_list(), values, strict=True)))
    for name, (count, examples) in merged.items():
        examples.sort()
        ledger.drop(name, count, lines=[e[0] for e in examples], examples=[e[1] for e in examples], kind=kind)
    return marked.filter(pl.col("__reason__").is_null()).drop("__reason__")


def drop_duplicates(
    frame: pl.DataFrame, ledger: RowLedger, *, key: str = "variant_key", values: tuple[str, ...] = VALUES
) -> pl.DataFrame:
    """Keep one of several identical rows of a variant; drop all of them if they disagree.

    Which of two contradicting rows is right cannot be known, and keeping the first would make the result depend on
    the order of the file.

    Parameters
    ----------
    frame : polars.DataFrame
        Rows with ``key``, ``values``, ``line`` and ``rsid``; a null key is never a duplicate.
    ledger : RowLedger
        Takes ``duplicate`` and ``duplicate_conflicting``.
    key : str
        Column that names the variant.
    values : tuple of str
        Columns in which copies must agree.
    """
    is_repeated = pl.col(key).is_duplicated() & pl.col(key).is_not_null()
    repeated = frame.filter(is_repeated)
    if repeated.is_empty():
        return frame
    # turning an allele round computes 1 - eaf: equal up to the last bits is equal
    digits = {"eaf": 9, "neg_log_10_p_value": 6}
    rounded = repeated.with_columns(pl.col(name).round(digits[name]) for name in values if name in digits)
    distinct = rounded.group_by(key).agg(pl.struct(values).n_unique().alias("__distinct__"))
    conflicting = distinct.filter(pl.col("__distinct__") > 1)[key].implode()
    is_conflict = is_repeated & pl.col(key).is_in(conflicting)
    is_copy = is_repeated & ~is_conflict & ~pl.col("line").eq(pl.col("line").min().over(key))
    for reason, condition in (("duplicate", is_copy), ("duplicate_conflicting", is_conflict)):
        rows = frame.filter(condition).sort("line")
        shown = rows.head(MAX_LINES)
        ledger.drop(reason, rows.height, lines=shown["line"].to_list(), examples=shown["rsid"].fill_null("").to_list())
    return frame.filter(~is_conflict & ~is_copy)


FAULT_REASONS = _all_reasons()
"""Names that ``[ingest] allow`` may hold."""
