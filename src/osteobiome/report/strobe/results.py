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
from osteobiome.report.strobe.item import Answer, answer, for_author
from osteobiome.report.strobe.methods import unsized

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from osteobiome.report.content import Content

FEW_PAIRS = 4
"""Up to so many estimates are written out."""


def _of_pairs(content: Content, found: int) -> str:
    return f"{found:,} of {count(content.primary().height, 'pair')}"


def _estimated(content: Content) -> list[dict[str, Any]]:
    return content.primary().filter(pl.col("status") == "ok").to_dicts()


def _span(values: Iterable[float]) -> str:
    """Return the least and the greatest of some numbers."""
    low, high = min(values := list(values)), max(values)
    return significant(low) if low == high else f"{significant(low)} to {significant(high)}"


def _low_p(rows: Iterable[Mapping[str, Any]]) -> int:
    return sum(passes(row["neg_log_10_p_value"], ALPHA) for row in rows if row["neg_log_10_p_value"] is not None)


def _people(content: Content) -> Answer:
    unknown = unsized(content)
    text = "People and cases per trait under Data; variants at each step, with reasons, under Flow."
    if unknown:
        text = f"Sample size unknown for {some_names(unknown)}. {text}"
    return answer(text, "flow", is_done=not unknown)


def _summary(content: Content) -> Answer:
    cases = content.traits["n_cases"].is_not_null().sum()
    return for_author(f"Summary data hold no means or spreads of traits; cases stated for {cases} of them.", "data")


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
        f"Same ancestry declared for {_of_pairs(content, same)}. The exposure is not measured in the outcome's sample, "
        "so the associations themselves cannot be compared."
    )
    return answer(text, "data", is_done=False)


def _overlap(content: Content) -> Answer:
    """Take the flags about overlap: only 'none' is a number of people, shared cohorts have no count."""
    found = [flag for flag in data_flags(content) if "overlap" in flag.title.lower()]
    none = [flag for flag in found if flag.level == "good"]
    text = " ".join(flag.text for flag in found)
    if not none:
        text += " The number of people in both samples is not known."
    return answer(text, "data", is_done=bool(none))


def _associations(content: Content) -> Answer:
    rows = content.harmonised
    if rows.is_empty():
        return answer("No variant met in exposure and outcome.", "pairs", is_done=False)
    text = f"{count(rows.height, 'association')} with exposure and outcome, for {_of_pairs(content, n_pairs(rows))}."
    return answer(text, "pairs", is_done=True)


def _main(content: Content) -> Answer:
    rows = _estimated(content)
    if not rows:
        return answer("No pair could be estimated; each has its reason.", "results", is_done=False)
    text = f"{_of_pairs(content, len(rows))} with estimate, {100 * rows[0]['level']:g} % interval, p and unit"
    if len(rows) <= FEW_PAIRS:
        text += f": {'; '.join(f'{pair_name(content, row)} {effect_text(row)}' for row in rows)}"
    return answer(f"{text}.", "results", is_done=True)


def _absolute(content: Content) -> Answer:
    outcomes = content.primary()["outcome"].unique(maintain_order=True)
    binary = [name for name in outcomes if content.trait(name)["type"] == "binary"]
    if not binary:
        return answer("No outcome is binary: there is no risk to translate.", "results", is_done=False)
    known = sum(content.trait(name)["prevalence"] is not None for name in binary)
    text = (
        f"Effects on {count(len(binary), 'binary outcome')} are log odds; no absolute risk was computed (prevalence "
        f"stated for {known})."
    )
    return answer(text, "results", is_done=False)


def _figures(content: Content) -> Answer:
    rows = _estimated(content)
    if not rows:
        return answer("Nothing to draw: no pair could be estimated.", "results", is_done=False)
    text = f"Forest plot of the primary estimates; scatter plot for {_of_pairs(content, len(rows))}."
    return answer(text, "pairs", is_done=True)


def _assumptions(content: Content) -> Answer:
    """Give strength and intercept; what they cannot see is said."""
    strength = [test["statistic"] for row in _estimated(content) if (test := content.diagnostic(row, "mean_f"))]
    strength = [value for value in strength if value is not None]
    intercepts = measured(content, "egger_intercept").filter(pl.col("neg_log_10_p_value").is_not_null())
    parts = []
    if strength:
        weak = sum(value < WEAK_F for value in strength)
        parts.append(
            f"Relevance: mean F {_span(strength)} over {_of_pairs(content, len(strength))}, below {WEAK_F:g} in {weak}."
        )
    if intercepts.height:
        low = len({pair_id(row) for row in intercepts.to_dicts() if _low_p([row])})
        total = n_pairs(intercepts)
        parts.append(
            f"Exclusion restriction: the MR-Egger intercept differs from zero (p below {ALPHA:g}) in {low} of "
            f"{count(total, 'pair')}."
        )
    parts.append("Independence of variants and confounders cannot be tested with summary data.")
    return answer(" ".join(parts), "trust", is_done=bool(strength))


def _heterogeneity(content: Content) -> Answer:
    rows = _estimated(content)
    tests = [test for row in rows if (test := content.heterogeneity(row)) and test["statistic"] is not None]
    if not tests:
        text = "No Q test: it needs two variants of one exposure." if rows else "No pair could be estimated."
        return answer(text, "results", is_done=False)
    shares = [test["statistic"] for row in rows if (test := content.diagnostic(row, "i2"))]
    shares = [value for value in shares if value is not None]
    text = f"Q test for {_of_pairs(content, len(tests))}, p below {ALPHA:g} in {_low_p(tests)}"
    text += f"; I² {_span(shares)}." if shares else "."
    return answer(text, "results", is_done=True)


def _other_estimators(content: Content) -> Answer:
    first = {pair_id(row): row["beta"] for row in _estimated(content)}
    parts = []
    for method in estimators_that_ran(content, "sensitivity"):
        rows = content.estimates.filter(
            (pl.col("method") == method["name"]) & (pl.col("status") == "ok") & ~pl.col("is_primary")
        ).to_dicts()
        beside = [row for row in rows if pair_id(row) in first]
        same = sum((row["beta"] > 0) == (first[pair_id(row)] > 0) for row in beside)
        if rows:
            parts.append(
                f"{method['label']}: {_of_pairs(content, len(rows))}, same direction as the primary estimate in {same}"
            )
    if not parts:
        return answer("No second estimator gave a number.", "pairs", is_done=False)
    return answer(f"{'; '.join(parts)}.", "pairs", is_done=True)


def _further(content: Content) -> Answer:
    """Give leave-one-out, influence and controls; say what is missing."""
    done, missing = [], []
    made = refits(content, "variant")
    if made.height:
        done.append(
            f"Leave-one-out: {count(made.height, 'refit')} of {_of_pairs(content, n_pairs(made))}; {_lost(content)}."
        )
    else:
        missing.append("leave-one-out")
    loci = refits(content, "locus")
    if loci.height:
        done.append(f"Leave-one-locus-out: {count(loci.height, 'refit')} of {_of_pairs(content, n_pairs(loci))}.")
    if content.influence.height:
        outliers = (
            content.influence.filter(pl.col("is_outlier")).unique(["family", "exposure", "outcome", "rsid"]).height
        )
        done.append(
            f"Influence of single variants for {_of_pairs(content, n_pairs(content.influence))}: "
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
    tests = measured(content, "steiger_direction", method="steiger").to_dicts()
    pairs = {(row["exposure"], row["outcome"]) for row in _estimated(content)}
    reverse = len({frozenset(pair) for pair in pairs if pair[::-1] in pairs and pair[0] != pair[1]})
    parts = []
    if tests:
        clear = [test for test in tests if _low_p([test])]
        forward = sum((test["estimate"] or 0.0) > 0 for test in clear)
        parts.append(
            f"Steiger test for {_of_pairs(content, len(tests))}: as assumed in {forward}, reversed in "
            f"{len(clear) - forward}, unclear in {len(tests) - len(clear)}."
        )
    if reverse:
        parts.append(f"{count(reverse, 'pair')} of traits estimated in both directions.")
    if parts:
        return answer(" ".join(parts), "pairs", is_done=True)
    rows = content.diagnostics.filter((pl.col("method") == "steiger") & (pl.col("message").fill_null("") != ""))
    why = f" {rows['message'][0]}" if rows.height else ""
    return answer(f"No Steiger test and no pair in both directions.{why}", "pairs", is_done=False)


def _conventional(content: Content) -> Answer:
    del content
    return for_author("The run holds no observational or trial estimates to set beside its own.")


def _more_figures(content: Content) -> Answer:
    made = refits(content, "variant")
    parts = [f"Leave-one-out plot for {_of_pairs(content, n_pairs(made))}."] if made.height else []
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
