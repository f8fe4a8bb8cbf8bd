"""Items of STROBE-MR that a paper answers in its methods: sources, variants, estimators, checks, software."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from osteobiome.core.provenance import provenance
from osteobiome.core.text import count, join, listed, threshold_text
from osteobiome.report.content import uses_ld
from osteobiome.report.flags.flag import is_unknown, some_names
from osteobiome.report.methods_text import check_sentences, palindrome_sentence
from osteobiome.report.ran import (
    clumped_exposures,
    clumping_text,
    estimators_that_ran,
    measured,
    n_pairs,
    refits,
)
from osteobiome.report.strobe.item import Answer, answer, for_author, of_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from osteobiome.report.content import Content

_NO_NUMBERS = "No pair could be estimated."
_OF_A_SOURCE = (
    ("source", "citation"),
    ("people", "n_people"),
    ("ancestry", "ancestry"),
    ("cohorts", "cohorts"),
    ("covariates", "adjusted_for"),
    ("licence", "licence"),
)
_AFTER_THE_RUN = ("minimum_detectable_effect", "minimum_detectable_effect_with_scatter")


def _n_stated(traits: list[dict[str, Any]], column: str) -> int:
    """Return for how many traits a column is stated."""
    return sum(not is_unknown(row[column]) for row in traits)


def _sources(content: Content) -> Answer:
    """Say what the table of sources holds; only the sources themselves must be complete."""
    traits = content.traits.to_dicts()
    without = [row["label"] for row in traits if is_unknown(row["citation"])]
    stated = [f"{word} for {_n_stated(traits, column)}" for word, column in _OF_A_SOURCE]
    text = (
        f"Two-sample design on summary data; table of {count(len(traits), 'trait')}, in which are stated "
        f"{join(stated)}."
    )
    if without:
        text += f" No source is stated for {some_names(without)}."
    return answer(text, "data", is_done=not without)


def _setting(content: Content) -> Answer:
    traits = content.traits.to_dicts()
    parts = [
        f"{word} stated for {_n_stated(traits, column)} of {count(len(traits), 'trait')}"
        for word, column in (("ancestry", "ancestry"), ("cohorts", "cohorts"), ("age", "age_range"))
    ]
    return for_author(f"As declared: {', '.join(parts)}. Places and dates stand in the papers of the sources.", "data")


def unsized(content: Content) -> list[str]:
    """Return the labels of traits whose sample size is not stated."""
    return [row["label"] for row in content.traits.to_dicts() if row["n_people"] is None]


def _participants(content: Content) -> Answer:
    """Give sizes as declared; a detectable effect found after the fact is no power calculation of a design."""
    total, unknown = content.traits.height, unsized(content)
    text = f"Sample size declared for {total - len(unknown)} of {count(total, 'trait')}"
    text += f" (unknown: {some_names(unknown)})." if unknown else "."
    reached = measured(content, *_AFTER_THE_RUN, method="power")
    by_sizes = measured(content, "minimum_detectable_effect_from_sizes", method="power")
    if reached.height:
        text += (
            f" The smallest detectable effect was computed after the run, from the precision reached, for "
            f"{of_pairs(content, n_pairs(reached))}."
        )
    if by_sizes.height:
        text += (
            f" From sample sizes and the variance explained by the variants found, also after the run: "
            f"{of_pairs(content, n_pairs(by_sizes))}."
        )
    if not reached.height and not by_sizes.height:
        text += f" No smallest detectable effect: {_why_not(content, 'power')}"
    return for_author(f"{text} Who took part, and power before the study, are for the author.", "data")


def _why_not(content: Content, method: str) -> str:
    """Return why a check of the pair gave no number."""
    rows = content.diagnostics.filter((pl.col("method") == method) & (pl.col("message").fill_null("") != ""))
    return str(rows["message"][0]) if rows.height else "it was not computed."


def _variants(content: Content) -> Answer:
    """Say how instruments came about, with rows in and kept; measurement and imputation stand in the sources."""
    steps = content.row_report.filter(pl.col("step") == "instruments").unique("subject", maintain_order=True)
    given = [name for name in content.study["given"] if name in set(content.primary()["exposure"])]
    chosen = steps.height - len(given)
    parts = []
    if chosen > 0:
        relaxed = content.study["selection"]["relaxed"]
        thresholds = {*relaxed.values(), *([content.study["p_threshold"]] if chosen > len(relaxed) else [])}
        rule = " or ".join(f"p ≤ {threshold_text(p)}" for p in sorted(thresholds))
        parts.append(f"Instruments of {count(chosen, 'exposure')} chosen by {rule}")
    if given:
        parts.append(f"Instruments given for {some_names([content.label(name) for name in given])}")
    text = f"{'; '.join(parts)}: {steps['n_kept'].sum():,} of {steps['n_in'].sum():,} rows kept. "
    text += (
        f"{clumping_text(content) or 'Nothing was clumped'}. Genotyping, imputation and checks of variants stand in "
        "the sources."
    )
    return for_author(text, "flow")


def _assessment(content: Content) -> Answer:
    binary = [row for row in content.traits.to_dicts() if row["type"] == "binary"]
    without = [row["label"] for row in binary if is_unknown(row["case_definition"])]
    rest = "How quantitative traits were measured stands in the sources."
    if without:
        return answer(f"No case definition for {some_names(without)}. {rest}", "data", is_done=False)
    stated = f"Case definition stated for {count(len(binary), 'binary trait')}. " if binary else ""
    return for_author(stated + rest, "data")


def _ethics(content: Content) -> Answer:
    return for_author(f"Summary data of {content.traits.height} traits; approvals and consent stand in the sources.")


def _assumptions(content: Content) -> Answer:
    ran = estimators_that_ran(content)
    if not ran:
        return answer(f"{_NO_NUMBERS} No estimator has assumptions to state.", "methods", is_done=False)
    without = [m["label"] for m in ran if not m["assumptions"]]
    text = (
        "Relevance: the variants act on the exposure. Independence: nothing confounds variants and outcome. Exclusion "
        "restriction: variants reach the outcome through the exposure alone. What each of "
        f"{count(len(ran), 'estimator')} assumes beyond or instead is listed."
    )
    if without:
        text += f" None is listed for {some_names(without)}."
    return answer(text, "methods", is_done=not without)


def _quantities(content: Content) -> Answer:
    units = content.primary()["unit"].unique(maintain_order=True).to_list()
    ranked = int((content.traits["transformation"] == "INT").sum())
    text = f"Estimates in {some_names([unit or 'unknown unit' for unit in units])}, linear in the exposure."
    if ranked:
        text += f" {count(ranked, 'trait')} declared as rank-normalised at the source."
    return answer(text, "data", is_done=bool(units) and all(units))


def _alleles(content: Content) -> Answer:
    pairs = content.row_report.filter(pl.col("step") == "harmonise")
    lost = pairs.filter((pl.col("kind") != "note") & pl.col("reason").str.starts_with("palindromic"))["count"].sum()
    other = pairs.filter(pl.col("reason") == "allele_mismatch")["count"].sum()
    matched = content.harmonised["matched_by"].eq("rsid").sum()
    text = (
        f"Effects per copy of one allele in both files, {content.harmonised.height:,} variants in "
        f"{count(content.primary().height, 'pair')}, {matched:,} of them met by rsID. {palindrome_sentence(content)} "
        f"Dropped: {int(lost):,} palindromic, {int(other):,} with other alleles. Weights are inverse variances of the "
        "outcome's associations unless a method says otherwise."
    )
    return answer(text, "flow", is_done=content.harmonised.height > 0)


def _estimator(content: Content) -> Answer:
    first = [m["label"] for m in estimators_that_ran(content, "primary")]
    if not first:
        return answer(_NO_NUMBERS, "methods", is_done=False)
    both = [
        [str(content.trait(row[side])["adjusted_for"] or "").strip() for side in ("exposure", "outcome")]
        for row in content.primary().to_dicts()
    ]
    known = [pair for pair in both if not any(is_unknown(text) for text in pair)]
    text = f"Primary: {listed(first)}. Covariates of both samples are stated for {of_pairs(content, len(known))}"
    text += f", in the same words for {sum(x == y for x, y in known)}." if known else "."
    return answer(text, "methods", is_done=len(known) == len(both))


def _missing(content: Content) -> Answer:
    report = content.row_report
    files = report.filter(pl.col("step") == "ingest")
    bad = int(files.filter(pl.col("kind") == "fault")["count"].sum())
    total = int(files.unique("subject")["n_in"].sum())
    absent = int(report.filter((pl.col("step") == "harmonise") & (pl.col("reason") == "not_in_outcome"))["count"].sum())
    proxies = int(report.filter(pl.col("reason") == "proxy_in_place_of_variant")["count"].sum())
    text = (
        f"Dropped for a missing, impossible or repeated value, each with its reason: {bad:,} of {total:,} rows. "
        f"{count(absent, 'instrument')} missing from an outcome's file {'was' if absent == 1 else 'were'} dropped "
        f"there; {_sought(content)}"
    )
    text += (
        f", {count(proxies, 'row')} of the files {'is' if proxies == 1 else 'are'} marked as one." if proxies else "."
    )
    return answer(text, "flow", is_done=files.height > 0)


def _sought(content: Content) -> str:
    """Say whether stand-ins for what an outcome lacks were sought."""
    if content.study["selection"]["proxies"] is None:
        return "no proxies were sought"
    used = int(content.stand_ins_used["count"].sum())
    if not used:
        return "proxies were sought, none stood in"
    return f"{count(used, 'other')} had a proxy in {'its' if used == 1 else 'their'} place"


def _many_tests(content: Content) -> Answer:
    tests = content.primary().filter(pl.col("q_value").is_not_null())
    if tests.is_empty():
        return answer(_NO_NUMBERS, "results", is_done=False)
    families = tests["family"].n_unique()
    text = (
        f"q-values (Benjamini-Hochberg) over {count(tests.height, 'test')} in {count(families, 'family', 'families')} "
        "declared in the study file. Sensitivity analyses are not counted as tests."
    )
    return answer(text, "results", is_done=True)


def gaps(content: Content) -> list[str]:
    """Return what the run did not examine, each with the reason."""
    found = []
    clumped = clumped_exposures(content)
    several = content.primary().filter((pl.col("status") == "ok") & (pl.col("n_variants") > 1)).to_dicts()
    unchecked = sum(row["exposure"] not in clumped and not uses_ld(row["method"]) for row in several)
    if unchecked:
        found.append(f"correlation between variants in {count(unchecked, 'pair')} (no LD matrix)")
    if not measured(content, "steiger_direction", method="steiger").height:
        found.append("direction of the effect (no Steiger test)")
    if content.controls.is_empty():
        found.append("controls (none declared)")
    if not measured(content, method="power").height:
        found.append("power")
    return [*found, "independence of variants and confounders", "replication in other samples"]


def _means(content: Content) -> Answer:
    """Name what examined the assumptions; done only if relevance and exclusion restriction both were."""
    text = " ".join([*check_sentences(content), f"Not examined: {join(gaps(content))}."])
    relevance = measured(content, "mean_f").height
    exclusion = measured(content, "cochran_q", "rucker_q", "egger_intercept").height
    return answer(text, "methods", is_done=relevance > 0 and exclusion > 0)


def _sensitivity(content: Content) -> Answer:
    others = [m["label"] for m in estimators_that_ran(content, "sensitivity")]
    parts = [f"Other estimators: {listed(others)}."] if others else []
    for kind in ("variant", "locus"):
        made = refits(content, kind)
        if made.height:
            parts.append(f"Leave-one-{kind}-out for {of_pairs(content, n_pairs(made))}.")
    is_done = bool(parts)
    if not is_done:
        parts.append("No second estimator and no refit gave a number.")
    if content.controls.height:
        parts.append(f"{count(content.controls.height, 'control')} declared in the study file.")
    return answer(" ".join([*parts, "No independent replication."]), "methods", is_done=is_done)


def _software(content: Content) -> Answer:
    facts: Mapping[str, Any] = provenance()
    versions = ", ".join(f"{name} {number}" for name, number in facts["dependencies"].items())
    text = (
        f"As this page was written: osteobiome {facts['version']}, Python {facts['python']}, {versions}; seed "
        f"{content.study['seed']}."
    )
    return answer(text, "provenance", is_done=True)


def _registered(content: Content) -> Answer:
    del content
    return for_author(
        "The run takes families, methods and primary estimators from the study file; when that was written, and "
        "whether and where it was registered, is for the author to say."
    )


METHODS: dict[str, Callable[[Content], Answer]] = {
    "4": _sources,
    "4a": _setting,
    "4b": _participants,
    "4c": _variants,
    "4d": _assessment,
    "4e": _ethics,
    "5": _assumptions,
    "6a": _quantities,
    "6b": _alleles,
    "6c": _estimator,
    "6d": _missing,
    "6e": _many_tests,
    "7": _means,
    "8": _sensitivity,
    "9a": _software,
    "9b": _registered,
}
"""Who answers which item."""
