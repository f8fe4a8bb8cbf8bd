"""Flags about the estimates: controls, failures, disagreement, pleiotropy, direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from osteobiome.core.text import count, p_value, significant
from osteobiome.core.thresholds import ALPHA, DILUTED_I2_GX, passes
from osteobiome.report.flags.flag import Flag, pair_name, some_names

if TYPE_CHECKING:
    from osteobiome.report.content import Content


def result_flags(content: Content) -> list[Flag]:
    """Return the flags of this theme.

    Parameters
    ----------
    content : Content
        Tables and facts of a finished study.
    """
    return [
        *_controls(content),
        *_failed(content),
        *_heterogeneity(content),
        *_too_little_scatter(content),
        *_intercept(content),
        *_dilution(content),
        *_direction(content),
        *_outliers(content),
        *_one_variant_decides(content),
    ]


def _controls(content: Content) -> list[Flag]:
    """Say when nothing was declared; declared controls have their own place above all flags."""
    if content.controls.height:
        return []
    text = (
        "This study declares no positive and no negative control ([[control]] in the study file), so the run itself "
        "has not been put to the test."
    )
    return [Flag("note", "Controls", text)]


def _failed(content: Content) -> list[Flag]:
    rows = [row for row in _primary(content) if row["status"] != "ok"]
    if not rows:
        return []
    shown = "; ".join(
        f"{content.label(r['exposure'])} → {content.label(r['outcome'])} ({r['status'].replace('_', ' ')})"
        for r in rows[:5]
    )
    return [Flag("caution", "Not estimable", f"{count(len(rows), 'pair')} could not be estimated: {shown}.", "results")]


def _heterogeneity(content: Content) -> list[Flag]:
    """Name the pairs whose variants disagree beyond chance."""
    found = []
    for row in _primary(content):
        test = content.heterogeneity(row)
        if test and test["neg_log_10_p_value"] is not None and passes(test["neg_log_10_p_value"], ALPHA):
            found.append((test["neg_log_10_p_value"], row, test))
    if not found:
        return []
    found.sort(key=lambda item: -item[0])
    _, row, test = found[0]
    text = (
        f"In {count(len(found), 'pair')} the variants disagree more than sampling error explains (Q test, p below "
        f"{ALPHA:g}), most in {pair_name(content, row)} "
        f"(Q = {significant(test['statistic'])} on {test['df']:.0f} degrees of freedom, "
        f"p = {p_value(test['neg_log_10_p_value'])}). Pleiotropy is the usual cause; with an LD matrix, "
        "also a matrix that does not fit the studies."
    )
    return [Flag("caution", "Variants disagree", text, "results")]


def _intercept(content: Content) -> list[Flag]:
    """Name the pairs with directional pleiotropy by the intercept, one test for each pair."""
    tests = [test for row in _primary(content) if (test := content.intercept(row))]
    if not tests:
        return []
    low = [pair_name(content, test) for test in tests if passes(test["neg_log_10_p_value"], ALPHA)]
    if low:
        text = f"The MR-Egger intercept differs from zero (p below {ALPHA:g}) for {some_names(low)}."
        return [Flag("caution", "Directional pleiotropy", text, "results")]
    text = (
        f"The MR-Egger intercept detects no directional pleiotropy in {count(len(tests), 'pair')} (p above {ALPHA:g}). "
        "The test has little power: this is no proof of absence."
    )
    return [Flag("note", "Directional pleiotropy", text, "results")]


def _dilution(content: Content) -> list[Flag]:
    """Flag MR-Egger slopes that error in the exposure effects pulls towards zero."""
    tests = content.diagnostics.filter((pl.col("name") == "i2_gx") & (pl.col("statistic") < DILUTED_I2_GX)).to_dicts()
    if not tests:
        return []
    names = [f"{pair_name(content, test)} ({significant(test['statistic'], 2)})" for test in tests]
    text = (
        f"I²_GX is below {DILUTED_I2_GX:g} for {some_names(names)}: the MR-Egger slope there is diluted towards zero, "
        "by about that factor."
    )
    return [Flag("caution", "MR-Egger diluted", text, "results")]


def _too_little_scatter(content: Content) -> list[Flag]:
    """Flag variants that agree more than independent ones can: correlated variants counted as independent."""
    found = [(row, content.diagnostic(row, "too_little_scatter", method="independence")) for row in _primary(content)]
    seen = [(test["neg_log_10_p_value"], row, test) for row, test in found if test]
    if not seen:
        return []
    _, row, test = max(seen, key=lambda item: item[0])
    text = (
        f"In {count(len(seen), 'pair')}, most in {pair_name(content, row)}, {test['message']}. Correlated variants "
        "were counted as independent, or samples overlap, or standard errors were inflated (genomic control). In the "
        "first case intervals and p values are not to be trusted."
    )
    return [Flag("caution", "Too little scatter", text, "results")]


def _primary(content: Content) -> list[dict[str, Any]]:
    return content.primary().to_dicts()


def _direction(content: Content) -> list[Flag]:
    """Name pairs whose variants explain the outcome better than the exposure."""
    turned, unknown = [], 0
    for row in _primary(content):
        test = content.diagnostic(row, "steiger_direction", method="steiger")
        if test is None:
            continue
        if test["statistic"] is None:
            unknown += 1
        elif test["estimate"] < 0 and passes(test["neg_log_10_p_value"], ALPHA):
            turned.append(pair_name(content, row))
    found = []
    if turned:
        text = (
            f"The variants explain more of the outcome than of the exposure for {some_names(turned)} (Steiger test): "
            "the effect may run the other way, or the exposure is measured poorly."
        )
        found.append(Flag("caution", "Direction", text, "sensitivity"))
    if unknown:
        text = (
            f"For {count(unknown, 'pair')} the direction cannot be tested: sample sizes, frequencies, cases or "
            "prevalence are not known. The pair's part of the page names what is missing."
        )
        found.append(Flag("note", "Direction not tested", text, "sensitivity"))
    return found


def _outliers(content: Content) -> list[Flag]:
    """Count variants that contribute more to Q than chance allows."""
    flagged = content.influence.filter(pl.col("is_outlier")).unique(["family", "exposure", "outcome", "rsid"])
    if flagged.is_empty():
        return []
    pairs = flagged.unique(["family", "exposure", "outcome"], maintain_order=True)
    names = [pair_name(content, row) for row in pairs.sort("family", "exposure", "outcome").to_dicts()]
    verb = "contributes" if flagged.height == 1 else "contribute"
    text = (
        f"{count(flagged.height, 'variant')} {verb} more to the heterogeneity statistic than chance allows, in "
        f"{some_names(names)}."
    )
    return [Flag("note", "Outliers", text, "sensitivity")]


def _one_variant_decides(content: Content) -> list[Flag]:
    """Name findings that one variant carries: without it the interval includes no effect."""
    rows = [(row, content.decided_by(row)) for row in _primary(content) if row["status"] == "ok"]
    found = [f"{pair_name(content, row)} (without {variant})" for row, variant in rows if variant]
    if not found:
        return []
    text = f"Without a single variant the interval includes no effect for {some_names(found)}."
    return [Flag("caution", "One variant decides", text, "sensitivity")]
