"""The result of a pair, and of a whole study, as sentences; never more than the numbers allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from osteobiome.core.text import count, decimals_for, fixed, interval, p_value, threshold_text
from osteobiome.core.thresholds import ALPHA, GENOME_WIDE_P

if TYPE_CHECKING:
    from osteobiome.report.content import Content

MANY_PAIRS = 4
PAIR = ("family", "exposure", "outcome")
SHOWN = 8


def q_text(row: dict[str, Any]) -> str:
    """Return a q-value in words."""
    return p_value(row["neg_log_10_q_value"])


def effect_text(row: dict[str, Any]) -> str:
    """Return estimate, unit and interval in words."""
    decimals = decimals_for(row["se"])
    return (
        f"{fixed(row['beta'], decimals)} {row['unit']} "
        f"({100 * row['level']:g} % interval {interval(row['ci_low'], row['ci_high'], decimals)})"
    )


def pair_sentence(content: Content, row: dict[str, Any]) -> str:
    """Return the result of one primary estimate as a sentence."""
    exposure, outcome = content.label(row["exposure"]), content.label(row["outcome"])
    direction = content.exposure_direction(row["family"]).capitalize()
    if row["status"] != "ok":
        return f"{exposure} and {outcome}: {row['message']}"
    n_tests = content.primary().filter((pl.col("family") == row["family"]) & pl.col("q_value").is_not_null()).height
    test = f"p = {p_value(row['neg_log_10_p_value'])}"
    if n_tests > 1:
        test += f", q = {q_text(row)} over {n_tests} tests"
    variants = count(row["n_variants"], "variant")
    numbers = f"{effect_text(row)}, {test}, {variants}"
    if not content.is_finding(row):
        # an interval that excludes zero is not "no effect", even if many tests explain it
        verdict = "consistent with no effect"
        if content.doubt(row):
            verdict = f"no finding whatever its p, as {content.doubt(row)}"
        elif row["ci_low"] > 0 or row["ci_high"] < 0:
            verdict = f"no finding once {count(n_tests, 'test')} of the family are counted"
        return (
            f"{direction} genetically predicted {_inline(exposure)} is not clearly related to {_inline(outcome)}: "
            f"{numbers}; {verdict}."
        )
    way = "higher" if row["beta"] > 0 else "lower"
    outcome_facts = content.trait(row["outcome"])
    if outcome_facts["type"] == "binary":
        way += " odds of" if outcome_facts["unit"] == "log_odds" else " frequency of"
    verdict = "consistent with causation if the assumptions below hold"
    if not content.is_genome_wide(row):
        verdict = f"exploratory, as not all instruments reach p ≤ {threshold_text(GENOME_WIDE_P)}; {verdict}"
    if content.decided_by(row):
        verdict += f"; without {content.decided_by(row)} the interval includes no effect"
    relation = f"{direction} genetically predicted {_inline(exposure)} goes with {way} {_inline(outcome)}"
    return f"{relation}: {numbers}; {verdict}."


def study_sentences(content: Content) -> list[str]:
    """Return the opening of the report: every pair of a small study, the essentials of a large one.

    Controls test the run and are no findings; of a large study they are left to their own part of the page.
    """
    rows = content.primary().to_dicts()
    if len(rows) <= MANY_PAIRS:
        return [pair_sentence(content, row) for row in rows]
    controls = set(content.controls.select(PAIR).rows())
    rows = [row for row in rows if tuple(row[name] for name in PAIR) not in controls] or rows
    estimated = [row for row in rows if row["status"] == "ok"]
    findings = sorted(
        (row for row in estimated if content.is_finding(row)),
        key=lambda row: (-row["neg_log_10_q_value"], -abs(row["beta"])),
    )
    families = count(len({row["family"] for row in rows}), "family", "families")
    doubted = [row for row in estimated if row["q_value"] is not None and row["q_value"] < ALPHA and content.doubt(row)]
    passed = len(findings) + len(doubted)
    none = "none has" if not passed else f"{passed} {'has' if passed == 1 else 'have'}"
    opening = (
        f"Of {count(len(rows), 'pair')} in {families}, {len(estimated)} could be estimated; "
        f"{none} q below {ALPHA:g} within {'its' if passed < 2 else 'their'} family{_in_doubt(len(doubted), passed)}."
    )
    shown = [pair_sentence(content, row) for row in findings[:SHOWN]]
    if len(findings) > SHOWN:
        shown.append(f"{count(len(findings) - SHOWN, 'further pair')} with q below {ALPHA:g} in the table.")
    if not findings and estimated:
        nearest = max(estimated, key=lambda row: row["neg_log_10_p_value"])
        shown.append(f"The smallest p value: {pair_sentence(content, nearest)}")
    return [opening, *shown]


def _in_doubt(doubted: int, passed: int) -> str:
    """Return how many of the pairs with a small q are in doubt, as the end of a sentence."""
    if not doubted:
        return ""
    if doubted == passed:
        return ", but is in doubt and so no finding" if passed == 1 else ", but all are in doubt and so no findings"
    ends = "is in doubt and so no finding" if doubted == 1 else "are in doubt and so no findings"
    return f", but {doubted} of them {ends}"


def _inline(label: str) -> str:
    """Return a label for the middle of a sentence: the first letter small unless it starts an abbreviation."""
    word = label.split(" ", 1)[0]
    return label[0].lower() + label[1:] if word[1:].islower() and word.isascii() else label
