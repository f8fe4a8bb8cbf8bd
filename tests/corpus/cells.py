"""Files with one bad cell: the row is dropped, and named."""

from __future__ import annotations

import math

from tests.corpus.base import Base, Case, Expected, Row, renamed, row, written
from tests.corpus.names import LOG_P, A, B, C, F, L, N, P, R, S, X


def with_columns(base: Base, names: dict[str, str], change=lambda row: row, line: int = 0, **cells: str) -> bytes:
    """Return the table with every row changed, columns renamed, and cells of one line changed."""
    rows = [renamed(change(row), names) for row in base.rows()]
    if line:
        rows[line - 2] |= cells
    return written(rows)


def as_odds(row: Row) -> Row:
    """Return a row with the odds ratio in place of the effect."""
    return row | {B: f"{math.exp(float(row[B])):.6f}"}


def as_log_p(row: Row) -> Row:
    """Return a row with minus log10 of p in place of p."""
    return row | {P: f"{-math.log10(float(row[P])):.5f}"}


def as_z(row: Row) -> Row:
    """Return a row with Z in place of the effect."""
    return row | {B: f"{float(row[B]) / float(row[S]):.5f}"}


def odds_row(name: str, check: str, value: str, ratio: str = "odds_ratio") -> Case:
    """Return a case of one bad odds or hazard ratio."""
    return Case(
        name=name,
        make=lambda base: with_columns(base, {B: ratio}, as_odds, 9, **{ratio: value}),
        expect=(Expected(check, "row", 9),),
        dropped={check: 1},
    )


def z_row(name: str, check: str, **cells: str) -> Case:
    """Return a case of one bad Z."""
    return Case(
        name=name,
        make=lambda base: without(base, S, lambda row: renamed(as_z(row), {B: "z_score"}), 9, **cells),
        expect=(Expected(check, "row", 9),),
        dropped={check: 1},
    )


def log_p_row(name: str, check: str, value: str) -> Case:
    """Return a case of one bad minus log10 of p."""
    return Case(
        name=name,
        make=lambda base: with_columns(base, LOG_P, as_log_p, 9, neg_log_10_p_value=value),
        expect=(Expected(check, "row", 9),),
        dropped={check: 1},
    )


def without(base: Base, column: str, change=lambda row: row, line: int = 0, **cells: str) -> bytes:
    """Return the table without one column."""
    rows = [{name: value for name, value in change(row).items() if name != column} for row in base.rows()]
    if line:
        rows[line - 2] |= cells
    return written(rows)


MINUS = "\u22120.01"
ROWS = (
    row("effect allele empty", "missing_allele", {A: ""}),
    row("other allele NA", "missing_allele", {X: "NA"}),
    row("other allele a hyphen", "missing_allele", {X: "-"}),
    row("allele N", "bad_allele", {A: "N"}),
    row("symbolic allele", "bad_allele", {X: "<DEL>"}),
    row("I and D", "bad_allele", {A: "I", X: "D"}),
    row("allele a number", "bad_allele", {A: "1"}),
    row("allele of another alphabet", "bad_allele", {A: "\u0410"}),  # Cyrillic A
    row("allele with a star", "bad_allele", {X: "*"}),
    row("alleles with a comma", "multiple_alleles", {X: "G,T"}),
    row("alleles with a stroke", "multiple_alleles", {A: "A/G"}),
    row("effect and other allele the same", "same_allele", {A: "C", X: "C"}),
    row("the same but for case", "same_allele", {A: "c", X: "C"}),
    row("effect empty", "missing_beta", {B: ""}),
    row("effect NaN", "missing_beta", {B: "NaN"}),
    row("effect text", "non_numeric_beta", {B: "strong"}),
    row("effect with two points", "non_numeric_beta", {B: "0.01.2"}),
    row("effect in the style of Fortran", "non_numeric_beta", {B: "1d-5"}),
    row("effect hexadecimal", "non_numeric_beta", {B: "0x1F"}),
    row("effect in per cent", "non_numeric_beta", {B: "5%"}),
    row("effect with a blank inside", "non_numeric_beta", {B: "0. 01"}),
    row("effect with an apostrophe", "non_numeric_beta", {B: "'0.01"}),
    row("effect an error of Excel", "non_numeric_beta", {B: "#VALUE!"}),
    row("effect with underscores", "non_numeric_beta", {B: "1_0.5"}),
    row("effect with Arabic digits", "non_numeric_beta", {B: "\u0660.\u0661"}),
    row("effect infinite", "infinite_beta", {B: "Inf"}),
    row("effect minus infinite", "infinite_beta", {B: "-inf"}),
    row("effect too large for a double", "infinite_beta", {B: "1e999"}),
    row("decimal comma in the effect", "decimal_comma", {B: "0,012"}),
    row("decimal comma in p", "decimal_comma", {P: "0,5"}),
    row("decimal comma in the frequency", "decimal_comma", {F: "0,25"}),
    row("typographic minus", "unicode_minus", {B: MINUS}),
    row("en dash", "unicode_minus", {B: "\u20130.01"}),
    row("typographic minus in the exponent of p", "unicode_minus", {P: "5e\u22128"}),
    row("control characters in the effect", "non_numeric_beta", {B: "\x1b[31m0.1\x0b\x0c\x1c\x85\u2028"}),
    row("100,000 characters in the effect", "non_numeric_beta", {B: "x" * 100_000}),
    row("thousands in the sample size", "thousands_separator", {N: "40,000"}),
    row("thousands in the sample size, twice", "thousands_separator", {N: "1,234,567"}),
    row("standard error empty", "missing_se", {S: "", P: ""}),
    row("standard error text", "non_numeric_se", {S: "small"}),
    row("standard error 0", "non_positive_se", {S: "0"}),
    row("standard error 0 in exponents", "non_positive_se", {S: "0.0e0"}),
    row("standard error negative", "non_positive_se", {S: "-0.02"}),
    row("standard error infinite", "infinite_se", {S: "inf"}),
    row("standard error too small for a double", "non_positive_se", {S: "1e-400"}),
    row("frequency above 1", "eaf_out_of_range", {F: "1.02"}),
    row("frequency negative", "eaf_out_of_range", {F: "-0.1"}),
    row("frequency text", "non_numeric_eaf", {F: "rare"}),
    row("frequency with a sign of per cent", "non_numeric_eaf", {F: "12%"}),
    row("frequency infinite", "infinite_eaf", {F: "inf"}),
    row("p above 1", "p_out_of_range", {P: "1.5"}),
    row("p negative", "p_out_of_range", {P: "-0.5"}),
    row("p infinite", "p_out_of_range", {P: "inf"}),
    row("p text", "non_numeric_p_value", {P: "<2e-16"}),
    row("p in words of a paper", "non_numeric_p_value", {P: "5 x 10-8"}),
    row("sample size 0", "n_not_positive", {N: "0"}),
    row("sample size negative", "n_not_positive", {N: "-40000"}),
    row("sample size text", "non_numeric_n", {N: "40k"}),
    row("sample size infinite", "infinite_n", {N: "inf"}),
    row("neither name nor position", "empty_id", {R: ".", L: "NA"}, also=("unusable_position",)),
    row("position beyond the end of its chromosome", "position_beyond_chromosome", {L: "249250622", C: "1"}),
    odds_row("odds ratio 0", "odds_ratio_not_positive", "0"),
    odds_row("odds ratio negative", "odds_ratio_not_positive", "-0.9"),
    odds_row("odds ratio empty", "missing_odds_ratio", ""),
    odds_row("odds ratio text", "non_numeric_odds_ratio", "high"),
    odds_row("odds ratio infinite", "infinite_odds_ratio", "inf"),
    odds_row("hazard ratio 0", "hazard_ratio_not_positive", "0", "hazard_ratio"),
    odds_row("hazard ratio empty", "missing_hazard_ratio", "NA", "hazard_ratio"),
    odds_row("hazard ratio text", "non_numeric_hazard_ratio", "high", "hazard_ratio"),
    odds_row("hazard ratio infinite", "infinite_hazard_ratio", "inf", "hazard_ratio"),
    z_row("Z empty", "missing_z", z_score=""),
    z_row("Z text", "non_numeric_z", z_score="many"),
    z_row("Z infinite", "infinite_z", z_score="inf"),
    z_row("Z without sample size", "no_frequency_or_n_for_z", n="NA"),
    z_row("Z without frequency", "no_frequency_or_n_for_z", effect_allele_frequency="NA"),
    log_p_row("minus log10 of p negative", "p_out_of_range", "-1"),
    log_p_row("minus log10 of p text", "non_numeric_neg_log_10_p_value", "high"),
    log_p_row("minus log10 of p infinite", "infinite_neg_log_10_p_value", "inf"),
)
