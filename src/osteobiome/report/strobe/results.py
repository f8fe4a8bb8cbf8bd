"""Items of STROBE-MR that a paper answers in its results: people, associations, estimates, checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from osteobiome.core.text import count, join, significant
from osteobiome.core.thresholds import ALPHA, WEAK_F, passes
from osteobiome.report.content import pair_id
from osteobiome.report.flags.data import data_flags
from osteobiome.report.flags.flag import ancestry_code, is_unknown, pair_name, some_names
from osteobiome.report.ran import estimators_that_ran, measured, n_pairs, refits
from osteobiome.report.sentences import effect_text
from osteobiome.report.strobe.item import Answer, answer, for_author, of_pairs
from osteobiome.report.strobe.methods import unsized

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from osteobiome.report.content import Content

FEW_PAIRS = 4
"""Up to so many estimates are written out."""


def _estimated(content: Content) -> list[dict[str, Any]]:
    return content.primary().filter(pl.col("status") == "ok").to_dicts()


def _span(values: Iterable[float]) -> str:
    """Return the least and the greatest of some numbers."""
    low, high = min(values := list(values)), max(values)
    return significant(low) if low == high else f"{significant(low)} to {significant(high)}"


def _low_p(rows: Iterable[Mapping[str, Any]]) -> int:
    return sum(passes(row["neg_log_10_p_value"], ALPHA) for row in rows if row["neg_log_10_p_value"] is not None)


def _people(content: Content) -> Answer:
    """Say what is known of people: a declared size, and nothing of those left out on the way to it."""
    total, unknown = content.traits.height, unsized(content)
    text = f"Sample size declared for {total - len(unknown)} of {count(total, 'trait')}"
    text += f" (unknown: {some_names(unknown)})." if unknown else "."
    return for_author(
        f"{text} Variants at each step, with reasons, are under Flow; people left out, and why, stand in the sources.",
        "flow",
    )


def _summary(content: Content) -> Answer:
    binary = content.traits.filter(pl.col("type") == "binary")
    text = "Summary data hold no means or spreads of traits."
    if binary.height:
        stated = binary["n_cases"].is_not_null().sum()
        text += f" Cases declared for {stated} of {count(binary.height, 'binary trait')}."
    return for_author(text, "data")


def _inside(content: Content) -> Answer:
    del content
    text = "The files give one association per variant; how studies inside a meta-analysis differ is not in them."
    return answer(text, "data", is_done=False)


def _alike(content: Content) -> Answer:
    """Say how far the samples are alike; the exposure is not measured in the outcome's sample."""
    same = 0
    for row in content.primary().to_dicts():
        x, y = (content.trait(row[side])["ancestry"] for side in ("exposure", "outcome"))
        same += not is_unknown(x) and not is_unknown(y) and ancestry_code(x) == ancestry_code(y)
    text = (
        f"Same ancestry declared for {of_pairs(content, same)}. The exposure is not measured in the outcome's sample, "
        "so the associations themselves cannot be compared."
    )
    return answer(text, "data", is_done=False)


def _overlap(content: Content) -> Answer:
    """Take the flags about overlap: cohorts are compared by name, so not even 'none' is a number of people."""
    text = " ".join(flag.text for flag in data_flags(content) if "overlap" in flag.title.lower())
    return for_author(f"{text} Cohorts are compared by name; how many people stand in both is not in the data.", "data")


def _associations(content: Content) -> Answer:
    rows = content.harmonised
    if rows.is_empty():
        return answer("No variant met in exposure and outcome.", "pairs", is_done=False)
    text = f"{count(rows.height, 'association')} with exposure and outcome, for {of_pairs(content, n_pairs(rows))}."
    return answer(text, "pairs", is_done=True)


def _main(content: Content) -> Answer:
    rows = _estimated(content)
    if not rows:
        return answer("No pair could be estimated; each has its reason.", "results", is_done=False)
    text = f"{of_pairs(content, len(rows))} with estimate, {100 * rows[0]['level']:g} % interval, p and unit"
    if len(rows) <= FEW_PAIRS:
        text += f": {'; '.join(f'{pair_name(content, row)} {effect_text(row)}' for row in rows)}"
    return answer(f"{text}.", "results", is_done=all(row["unit"] for row in rows))


def _absolute(content: Content) -> Answer:
    """Name the units of effects on binary outcomes: a ratio was never translated, a difference has no stated period."""
    outcomes = [content.trait(name) for name in content.primary()["outcome"].unique(maintain_order=True)]
    binary = [row for row in outcomes if row["type"] == "binary"]
    if not binary:
        return answer("No outcome is binary: there is no risk to translate.", "results", is_done=False)
    ratios = [row for row in binary if row["unit"] == "log_odds"]
    others = [row for row in binary if row["unit"] != "log_odds"]
    parts = []
    if ratios:
        known = sum(row["prevalence"] is not None for row in ratios)
        parts.append(
            f"Effects on {count(len(ratios), 'binary outcome')} are log odds, not translated (prevalence stated for "
            f"{known})."
        )
    if others:
        units = sorted({row["unit_label"] or "an unknown unit" for row in others})
        parts.append(f"Effects on {count(len(others), 'binary outcome')} are in {join(units)}, as declared.")
    return answer(" ".join([*parts, "No absolute risk over a stated time was computed."]), "results", is_done=False)


def _figures(content: Content) -> Answer:
    rows = _estimated(content)
    if not rows:
        return answer("Nothing to draw: no pair could be estimated.", "results", is_done=False)
    text = f"Forest plot of the primary estimates; scatter plot for {of_pairs(content, len(rows))}."
    return answer(text, "pairs", is_done=True)


def _assumptions(content: Content) -> Answer:
    """Give strength and intercept; what they cannot see is said."""
    rows = _estimated(content)
    strength = [test["statistic"] for row in rows if (test := content.diagnostic(row, "mean_f"))]
    strength = [value for value in strength if value is not None]
    intercepts = [test for row in content.primary().to_dicts() if (test := content.intercept(row))]
    parts = []
    if strength:
        weak = sum(value < WEAK_F for value in strength)
        parts.append(
            f"Relevance: mean F {_span(strength)} over {of_pairs(content, len(strength))}, below {WEAK_F:g} in {weak}."
        )
    if intercepts:
        low = _low_p(intercepts)
        parts.append(
            f"Exclusion restriction: the MR-Egger intercept differs from zero (p below {ALPHA:g}) in {low} of "
            f"{count(len(intercepts), 'pair')}."
        )
    seen = {pair_id(test) for test in intercepts} | {pair_id(row) for row, _ in _q_tests(content)}
    blind = sum(pair_id(row) not in seen for row in rows)
    if blind:
        parts.append(f"Neither a Q test nor an intercept examines it in {count(blind, 'pair')}.")
    parts.append("Independence of variants and confounders cannot be tested with summary data.")
    is_done = bool(rows) and len(strength) == len(rows) and not blind
    return answer(" ".join(parts), "trust", is_done=is_done)


def _q_tests(content: Content) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the primary estimates that have a Q test, each with it."""
    found = [(row, content.heterogeneity(row)) for row in _estimated(content)]
    return [(row, test) for row, test in found if test and test["statistic"] is not None]


def _with_several(content: Content) -> list[dict[str, Any]]:
    """Return the primary estimates from two variants or more: one variant has no Q and no second estimate."""
    return [row for row in _estimated(content) if row["n_variants"] > 1]


def _heterogeneity(content: Content) -> Answer:
    rows, tests = _estimated(content), [test for _, test in _q_tests(content)]
    if not tests:
        text = "No Q test: it needs two variants of one exposure." if rows else "No pair could be estimated."
        return answer(text, "results", is_done=False)
    shares = [test["statistic"] for row in rows if (test := content.diagnostic(row, "i2"))]
    shares = [value for value in shares if value is not None]
    text = f"Q test for {of_pairs(content, len(tests))}, p below {ALPHA:g} in {_low_p(tests)}"
    text += f"; I² {_span(shares)}." if shares else "."
    return answer(text, "results", is_done=len(tests) >= len(_with_several(content)))


def _other_estimators(content: Content) -> Answer:
    """Set second estimates beside the primary; done if no pair that could have one is without."""
    first = {pair_id(row): row["beta"] for row in _estimated(content)}
    parts, seen = [], set()
    for method in estimators_that_ran(content, "sensitivity"):
        rows = content.estimates.filter(
            (pl.col("method") == method["name"]) & (pl.col("status") == "ok") & ~pl.col("is_primary")
        ).to_dicts()
        beside = [row for row in rows if pair_id(row) in first]
        seen |= {pair_id(row) for row in beside}
        same = sum((row["beta"] > 0) == (first[pair_id(row)] > 0) for row in beside)
        if rows:
            parts.append(
                f"{method['label']}: {of_pairs(content, len(rows))}, same direction as the primary estimate in {same}"
            )
    if not parts:
        return answer("No second estimator gave a number.", "pairs", is_done=False)
    alone = sum(pair_id(row) not in seen for row in _with_several(content))
    if alone:
        parts.append(f"none for {count(alone, 'pair')} with several variants")
    return answer(f"{'; '.join(parts)}.", "pairs", is_done=bool(seen) and not alone)


def _further(content: Content) -> Answer:
    """Give leave-one-out, influence and controls; say what is missing."""
    done, missing = [], []
    made = refits(content, "variant")
    if made.height:
        done.append(
            f"Leave-one-out: {count(made.height, 'refit')} of {of_pairs(content, n_pairs(made))}; {_lost(content)}."
        )
    else:
        missing.append("leave-one-out")
    loci = refits(content, "locus")
    if loci.height:
        done.append(f"Leave-one-locus-out: {count(loci.height, 'refit')} of {of_pairs(content, n_pairs(loci))}.")
    if content.influence.height:
        outliers = (
            content.influence.filter(pl.col("is_outlier")).unique(["family", "exposure", "outcome", "rsid"]).height
        )
        done.append(
            f"Influence of single variants for {of_pairs(content, n_pairs(content.influence))}: "
            f"{count(outliers, 'outlier')}."
        )
    else:
        missing.append("influence of single variants")
    if content.controls.height:
        verdicts = content.controls["verdict"].value_counts(sort=True).iter_rows()
        done.append(f"Controls: {join([f'{number} {verdict}' for verdict, number in verdicts])}.")
    else:
        missing.append("controls (none declared)")
    missing.append("replication in other samples")
    return answer(" ".join([*done, f"Not done: {join(missing)}."]), "pairs", is_done=bool(done))


def _lost(content: Content) -> str:
    """Return in how many pairs one variant decides whether the interval includes no effect."""
    clear = [row for row in _estimated(content) if row["ci_low"] > 0 or row["ci_high"] < 0]
    made = refits(content, "variant").filter((pl.col("ci_low") <= 0) & (pl.col("ci_high") >= 0))
    carried = {pair_id(row) for row in made.to_dicts()} & {pair_id(row) for row in clear}
    return (
        f"without one variant the interval comes to include no effect in {len(carried)} of {count(len(clear), 'pair')}"
    )


def _direction(content: Content) -> Answer:
    """Give Steiger tests and reverse pairs; done if each pair with an estimate has one of them."""
    tests = measured(content, "steiger_direction", method="steiger").to_dicts()
    rows = _estimated(content)
    pairs = {(row["exposure"], row["outcome"]) for row in rows}
    both = {pair for pair in pairs if pair[::-1] in pairs and pair[0] != pair[1]}
    parts = []
    if tests:
        clear = [test for test in tests if _low_p([test])]
        forward = sum((test["estimate"] or 0.0) > 0 for test in clear)
        parts.append(
            f"Steiger test for {of_pairs(content, len(tests))}: as assumed in {forward}, reversed in "
            f"{len(clear) - forward}, unclear in {len(tests) - len(clear)}."
        )
    if both:
        parts.append(f"{count(len(both) // 2, 'pair')} of traits estimated in both directions.")
    if not parts:
        parts.append("No Steiger test and no pair in both directions.")
    tested = {pair_id(test) for test in tests}
    open_ones = [row for row in rows if pair_id(row) not in tested and (row["exposure"], row["outcome"]) not in both]
    if open_ones:
        parts.append(_why_open(content, len(open_ones), is_partial=bool(tests or both)))
    return answer(" ".join(part for part in parts if part), "pairs", is_done=bool(rows) and not open_ones)


def _why_open(content: Content, n_open: int, *, is_partial: bool) -> str:
    """Return for how many pairs the direction is open, with the first reason that a test gave."""
    rows = content.diagnostics.filter(
        (pl.col("method") == "steiger") & pl.col("statistic").is_null() & (pl.col("message").fill_null("") != "")
    )
    why = str(rows["message"][0]) if rows.height else ""
    return f"Neither for {count(n_open, 'pair')}. {why}".strip() if is_partial else why


def _conventional(content: Content) -> Answer:
    del content
    return for_author("The run holds no observational or trial estimates to set beside its own.")


def _more_figures(content: Content) -> Answer:
    made = refits(content, "variant")
    parts = [f"Leave-one-out plot for {of_pairs(content, n_pairs(made))}."] if made.height else []
    if content.regional.height:
        parts.append(f"Regional plot of {count(content.regional['locus'].n_unique(), 'locus', 'loci')}.")
    return answer(" ".join(parts) or "No refit to draw.", "pairs", is_done=bool(parts))


RESULTS: dict[str, Callable[[Content], Answer]] = {
    "10a": _people,
    "10b": _summary,
    "10c": _inside,
    "10d-i": _alike,
    "10d-ii": _overlap,
    "11a": _associations,
    "11b": _main,
    "11c": _absolute,
    "11d": _figures,
    "12a": _assumptions,
    "12b": _heterogeneity,
    "13a": _other_estimators,
    "13b": _further,
    "13c": _direction,
    "13d": _conventional,
    "13e": _more_figures,
}
"""Who answers which item."""
