"""Row checks at ingest: each bad row is dropped once, for the first fault that applies, with its line number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.rows import MAX_LINES
from osteobiome.sumstats.effects import TELLING_P
from osteobiome.sumstats.numbers import blank, is_non_numeric, number
from osteobiome.sumstats.parsing import (
    ABSENT,
    DECIMAL_COMMA,
    FINE,
    MINUS_SIGNS,
    NOT_A_NUMBER,
    THOUSANDS,
    UNICODE_MINUS,
)
from osteobiome.sumstats.reading import LINE
from osteobiome.sumstats.reference import BUILDS, chromosome_lengths

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osteobiome.core.rows import DropKind, RowLedger

RowCheck = tuple[str, pl.Expr, str]
"""Reason, expression that is true for a bad row, column whose text is shown."""

_ENDS = tuple(chromosome_lengths(build) for build in BUILDS)
_ALLELE = r"^[ACGT]+$"
_SEVERAL = r"[ACGTDI0-9>][,/|;][ACGTDI0-9<]"
_THOUSANDS = r"^[+-]?[0-9]{1,3}(,[0-9]{3})+$"
_TRUE = ("TRUE", "T", "1", "YES")
_FALSE = ("FALSE", "F", "0", "NO")


def row_checks(
    columns: frozenset[str], *, names: Mapping[str, str] | None = None, lengths: Mapping[int, int] | None = None
) -> list[RowCheck]:
    """Return the checks on rows whose effect and standard error have been made (``sumstats.effects``).

    Parameters
    ----------
    columns : frozenset of str
        Columns of the parsed frame; a check on a column that is not there is left out.
    names : mapping of str, optional
        Our names to those of the file; with them a header that is repeated further down is told from other text.
    lengths : mapping of int, optional
        Lengths of the chromosomes, base pairs: a position beyond the end of its chromosome is bad. Left out, the longer
        one of both builds counts.

    Returns
    -------
    list of (str, polars.Expr, str)
        Reason, expression that is true for a bad row, column whose text is shown.
    """
    checks: list[RowCheck] = []
    effect = next((name for name in EFFECTS if name in columns), "beta")
    if names:
        checks += _repeated_header(columns, names)
    no_place = pl.col("chromosome").is_null() | pl.col("position").is_null()
    checks.append(("empty_id", pl.col("rsid").is_null() & no_place, "rsid__text"))
    for name in ("effect_allele", "other_allele"):
        allele, shown = pl.col(name), f"{name}__text"
        checks.append(("missing_allele", allele.is_null(), shown))
        if f"{name}__odd" in columns:
            checks += [
                ("multiple_alleles", allele.str.contains(_SEVERAL), shown),
                ("bad_allele", pl.col(f"{name}__odd"), shown),
            ]
    checks.append(("same_allele", pl.col("effect_allele") == pl.col("other_allele"), "effect_allele"))
    if {"chromosome", "position"} <= columns:
        ends = lengths or {key: max(end[key] for end in _ENDS) for key in _ENDS[0]}
        by_number = pl.Series([ends.get(number) for number in range(max(ends) + 1)], dtype=pl.Int64)
        end = pl.lit(by_number).gather(pl.col("chromosome").cast(pl.UInt32))
        checks.append(("position_beyond_chromosome", pl.col("position") > end, "position__text"))
    checks += _state_checks(effect, columns)
    if effect in {"odds_ratio", "hazard_ratio"}:
        checks.append((f"{effect}_not_positive", pl.col(effect) <= 0, f"{effect}__text"))
    if "z" in columns and "beta" not in columns:
        checks.append(("no_frequency_or_n_for_z", pl.col("z").is_not_null() & pl.col("beta_").is_null(), "z__text"))
    checks.append((f"missing_{effect}", pl.col("beta_").is_null(), f"{effect}__text"))
    checks.append((f"infinite_{effect}", pl.col("beta_").is_infinite(), f"{effect}__text"))
    if "se" in columns:
        checks += _state_checks("se", columns)
        checks.append(("non_positive_se", pl.col("se") <= 0, "se__text"))
    checks.append(("missing_se", pl.col("se_").is_null(), "se__text"))
    checks.append(("infinite_se", pl.col("se_").is_infinite(), "se__text"))
    checks.append(("non_positive_se", pl.col("se_") <= 0, "se__text"))
    if "eaf" in columns:
        checks += _state_checks("eaf", columns)
        checks.append(("eaf_out_of_range", (pl.col("eaf") < 0) | (pl.col("eaf") > 1), "eaf__text"))
    checks += _p_checks(columns)
    for name in ("n_cases", "n_controls"):
        if f"{name}__state" in columns:
            checks += _state_checks(name, columns)[:-1]
    if "n" in columns:
        checks += _state_checks("n", columns)
        checks.append(("n_not_positive", pl.col("n") <= 0, "n__text"))
    return checks


EFFECTS = ("beta", "odds_ratio", "hazard_ratio", "z")
"""Columns that an effect can come from, in the order in which they are believed."""


def _repeated_header(columns: frozenset[str], names: Mapping[str, str]) -> list[RowCheck]:
    """Return the check on a row that repeats the names of the columns: two files, one appended to the other."""
    told = [name for name in (*EFFECTS, "se", "effect_allele") if name in names and f"{name}__text" in columns]
    if len(told) < _TELLING:
        return []
    if f"{told[0]}__state" not in columns and told[0] != "effect_allele":
        return []  # every cell of that column is a number or missing
    same = [pl.col(f"{name}__text").str.to_lowercase() == names[name].lower() for name in told[:_TELLING]]
    return [("repeated_header", pl.all_horizontal(same), f"{told[0]}__text")]


_TELLING = 2
"""Columns that must hold their own names before a row is called a header."""


def _state_checks(name: str, columns: frozenset[str]) -> list[RowCheck]:
    """Return the checks on cells that are no finite numbers."""
    shown = f"{name}__text"
    checks: list[RowCheck] = []
    if f"{name}__state" in columns:
        state = pl.col(f"{name}__state")
        checks += [
            ("decimal_comma", state == DECIMAL_COMMA, shown),
            ("thousands_separator", state == THOUSANDS, shown),
            ("unicode_minus", state == UNICODE_MINUS, shown),
            (f"non_numeric_{name}", state == NOT_A_NUMBER, shown),
        ]
    checks.append((f"infinite_{name}", pl.col(name).is_infinite(), shown))
    return checks


def _p_checks(columns: frozenset[str]) -> list[RowCheck]:
    checks: list[RowCheck] = []
    if "neg_log_10_p_value" in columns:
        name = "neg_log_10_p_value"
        checks += [*_state_checks(name, columns), ("p_out_of_range", pl.col(name) < 0, f"{name}__text")]
    if "p" in columns:
        shown = "p_value__text"
        checks.append(("p_out_of_range", pl.col("p") < 0, shown))
        if "p_value__state" in columns:
            state = pl.col("p_value__state")
            checks += [
                ("decimal_comma", state == DECIMAL_COMMA, shown),
                ("unicode_minus", state == UNICODE_MINUS, shown),
                ("non_numeric_p_value", state.is_in([NOT_A_NUMBER, THOUSANDS]), shown),
            ]
    return checks


def _number_checks(name: str, *, required: bool) -> list[RowCheck]:
    value, text = number(name), blank(name)
    checks = [(f"missing_{name}", text.is_null() | value.is_nan(), name)] if required else []
    plain = text.str.replace_all(MINUS_SIGNS, "-").str.replace(",", ".", literal=True)
    is_number = plain.cast(pl.Float64, strict=False).is_not_null() & value.is_null()
    checks.append(("decimal_comma", is_number & text.str.contains(",", literal=True), name))
    checks.append(("unicode_minus", is_number, name))
    checks.append((f"non_numeric_{name}", is_non_numeric(name), name))
    checks.append((f"infinite_{name}", value.is_infinite() | value.is_nan(), name))
    return checks


LARGEST, SMALLEST = 1e100, 1e-100
"""Effects and standard errors of a pair beyond these come from no study; the squares of both are numbers."""


def _is_absurd(name: str) -> pl.Expr:
    size = number(name).abs()
    return (size > LARGEST) | ((size < SMALLEST) & (size > 0))


def pair_checks(columns: frozenset[str]) -> list[RowCheck]:
    """Return the checks on a table of one harmonised pair, as :func:`text_checks`.

    Parameters
    ----------
    columns : frozenset of str
        Columns that the table has.
    """
    checks: list[RowCheck] = []
    if "rsid" in columns:
        identifier = blank("rsid")
        checks.append(("empty_id", identifier.is_null(), "rsid"))
    for side in ("exposure", "outcome"):
        checks += _number_checks(f"beta_{side}", required=True)
        checks += _number_checks(f"se_{side}", required=True)
        checks.append((f"non_positive_se_{side}", number(f"se_{side}") <= 0, f"se_{side}"))
        checks += [(f"absurd_{name}", _is_absurd(name), name) for name in (f"beta_{side}", f"se_{side}")]
    for name in ("eaf", "eaf_exposure", "eaf_outcome"):
        if name in columns:
            checks += _number_checks(name, required=False)
            checks.append(("eaf_out_of_range", (number(name) < 0) | (number(name) > 1), name))
    for name in ("n_exposure", "n_outcome"):
        if name in columns:
            checks.append(("thousands_separator", blank(name).str.contains(_THOUSANDS), name))
            checks += _number_checks(name, required=False)
            checks.append(("n_not_positive", number(name) <= 0, name))
    if "effect_allele" in columns:
        allele = blank("effect_allele").str.to_uppercase()
        checks.append(("bad_allele", allele.is_not_null() & ~allele.str.contains(_ALLELE), "effect_allele"))
    return checks


def is_true(column: str) -> pl.Expr:
    """Return where a column of text says yes."""
    return pl.col(column).str.strip_chars().str.to_uppercase().is_in(_TRUE)


def author_excluded(column: str = "keep") -> pl.Expr:
    """Return where the authors of a table marked a row as not to be used."""
    return pl.col(column).str.strip_chars().str.to_uppercase().is_in(_FALSE)


def not_tested(columns: Sequence[str]) -> pl.Expr:
    """Return where a program lists a variant and says nothing about it: effect, error and p are all missing.

    Parameters
    ----------
    columns : sequence of str
        Columns of the parsed frame with effects.
    """
    is_known = pl.col("rsid").is_not_null() | pl.col("position").is_not_null()
    silent = [is_known, pl.col("beta_").is_null(), pl.col("se_").is_null()]
    silent += [pl.col(name).is_null() for name in ("p", "neg_log_10_p_value") if name in columns]
    states = [name for name in columns if name.endswith("__state") and name.removesuffix("__state") in _TOLD]
    # text that is no number is a fault and no silence
    silent += [pl.col(name).is_in([FINE, ABSENT]) for name in states]
    has_p = "p" in columns or "neg_log_10_p_value" in columns
    return pl.all_horizontal(silent) if has_p else pl.lit(value=False)


_TOLD = (*EFFECTS, "se", "ci_low", "ci_high", "p_value", "neg_log_10_p_value")


def p_tells_no_error(columns: Sequence[str]) -> pl.Expr:
    """Return where only p could give the standard error and cannot: it is near 1, or the effect is 0.

    Parameters
    ----------
    columns : sequence of str
        Columns of the parsed frame with effects.
    """
    logs = [name for name in ("neg_log_10_p_value", "p") if name in columns]
    if not logs or not {"se", "z", "ci_low"}.isdisjoint(columns):
        return pl.lit(value=False)
    p = pl.coalesce(logs)
    near_1 = (p >= 0) & (p <= TELLING_P)
    return pl.col("beta_").is_not_null() & pl.col("se_").is_null() & (near_1 | ((pl.col("beta_") == 0) & (p >= 0)))


def split(frame: pl.DataFrame, checks: list[RowCheck], ledger: RowLedger, *, kind: DropKind = "fault") -> pl.DataFrame:
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
    found = frame.select(
        condition.fill_null(value=False).alias(str(index)) for index, (_, condition, _) in enumerate(checks)
    )
    is_bad = found.select(pl.any_horizontal(pl.all())).to_series() if checks else pl.Series([False] * frame.height)
    if not is_bad.any():
        return frame
    bad, flags = frame.filter(is_bad), found.filter(is_bad)
    first = flags.select(pl.concat_list(pl.all()).list.arg_max()).to_series()
    for index in sorted(first.unique().to_list()):
        name, _, column = checks[index]
        rows = bad.filter(first == index)
        shown = rows.head(MAX_LINES)
        values = shown[column].cast(pl.String).fill_null("") if column in shown.columns else [""] * shown.height
        columns = [column.removesuffix("__text")] * shown.height
        lines = shown[LINE].to_list()
        ledger.drop(name, rows.height, lines=lines, examples=list(values), kind=kind, columns=columns)
    return frame.filter(~is_bad)
