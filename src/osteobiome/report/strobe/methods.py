"""Items of STROBE-MR that a paper answers in its methods: sources, variants, estimators, checks, software."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from osteobiome.core.provenance import provenance
from osteobiome.core.text import count, join, threshold_text
from osteobiome.report.flags.flag import is_unknown, some_names
from osteobiome.report.methods_text import check_sentences, palindrome_sentence
from osteobiome.report.ran import (
    clumped_exposures,
    clumping_text,
    estimators_that_ran,
    measured,
    n_pairs,
    refits,
    uses_ld,
)
from osteobiome.report.strobe.item import Answer, answer, for_author

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from osteobiome.report.content import Content

_NO_NUMBERS = "No pair could be estimated."


def _sources(content: Content) -> Answer:
    traits = content.traits.to_dicts()
    without = [row["label"] for row in traits if is_unknown(row["citation"])]
    text = f"{count(len(traits), 'trait')} with unit, people, ancestry, cohorts, covariates, licence and source."
    if without:
        text += f" No source is stated for {some_names(without)}."
    return answer(text, "data", is_done=not without)


def _setting(content: Content) -> Answer:
    traits = content.traits.to_dicts()
    parts = [
        f"{word} stated for {sum(not is_unknown(row[column]) for row in traits)} of {len(traits)} traits"
        for word, column in (("ancestry", "ancestry"), ("cohorts", "cohorts"), ("age", "age_range"))
    ]
    return for_author(f"As declared: {', '.join(parts)}. Places and dates stand in the papers of the sources.", "data")


def unsized(content: Content) -> list[str]:
    """Return the labels of traits whose sample size is not stated."""
    return [row["label"] for row in content.traits.to_dicts() if row["n_people"] is None]


def _participants(content: Content) -> Answer:
    total, unknown = content.traits.height, unsized(content)
    text = f"Sample size stated for {total - len(unknown)} of {count(total, 'trait')}"
    text += f" (unknown: {some_names(unknown)})." if unknown else "."
    power = measured(content, method="power")
    if power.height:
        text += f" Detectable effect or power computed for {_of_pairs(content, n_pairs(power))}."
    else:
        text += f" No power: {_why_not(content, 'power')}"
    return answer(text, "data", is_done=not unknown and power.height > 0)


def _why_not(content: Content, method: str) -> str:
    """Return why a check of the pair gave no number."""
    rows = content.diagnostics.filter((pl.col("method") == method) & (pl.col("message").fill_null("") != ""))
    return str(rows["message"][0]) if rows.height else "it was not computed."


def _of_pairs(content: Content, found: int) -> str:
    return f"{found:,} of {count(content.primary().height, 'pair')}"


def _variants(content: Content) -> Answer:
    """Say how instruments came about, with rows in and kept; measurement and imputation stand in the sources."""
    steps = content.row_report.filter(pl.col("step") == "instruments").unique("subject", maintain_order=True)
    given = [name for name in content.study["given"] if name in set(content.primary()["exposure"])]
    chosen = steps.height - len(given)
    parts = []
    if chosen > 0:
        rule = f"p ≤ {threshold_text(content.study['p_threshold'])}"
        parts.append(f"Instruments of {count(chosen, 'exposure')} chosen by {rule}")
    if given:
        parts.append(f"Instruments given for {some_names([content.label(name) for name in given])}")
    text = f"{'; '.join(parts)}: {steps['n_kept'].sum():,} of {steps['n_in'].sum():,} rows kept. "
    text += f"{clumping_text(content) or 'Nothing was clumped'}. Genotyping and imputation stand in the sources."
    return answer(text, "flow", is_done=steps.height > 0)


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
        text += f" {count(ranked, 'trait')} rank-normalised at the source."
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
    known = sum(
        all(not is_unknown(content.trait(row[side])["adjusted_for"]) for side in ("exposure", "outcome"))
        for row in content.primary().to_dicts()
    )
    text = f"Primary: {join(first)}. Covariates of both samples are stated for {_of_pairs(content, known)}."
    return answer(text, "methods", is_done=True)


def _missing(content: Content) -> Answer:
    report = content.row_report
    files = report.filter(pl.col("step") == "ingest")
    bad = int(files.filter(pl.col("kind") == "fault")["count"].sum())
    total = int(files.unique("subject")["n_in"].sum())
    absent = int(report.filter((pl.col("step") == "harmonise") & (pl.col("reason") == "not_in_outcome"))["count"].sum())
    proxies = int(report.filter(pl.col("reason") == "proxy_in_place_of_variant")["count"].sum())
    text = (
        f"Dropped for a missing or impossible value, each with its reason: {bad:,} of {total:,} rows. "
        f"{count(absent, 'instrument')} missing from an outcome's file {'was' if absent == 1 else 'were'} dropped "
        "there; no proxies were sought"
    )
    text += (
        f", {count(proxies, 'row')} of the files {'is' if proxies == 1 else 'are'} marked as one." if proxies else "."
    )
    return answer(text, "flow", is_done=files.height > 0)


def _many_tests(content: Content) -> Answer:
    tests = content.primary().filter(pl.col("q_value").is_not_null())
    if tests.is_empty():
        return answer(_NO_NUMBERS, "results", is_done=False)
    families = tests["family"].n_unique()
    text = (
        f"q-values (Benjamini-Hochberg) over {count(tests.height, 'test')} in {count(families, 'family', 'families')} "
        "declared before the run. Sensitivity analyses are not counted as tests."
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
    return [*found, "replication in other samples"]


def _means(content: Content) -> Answer:
    sentences = check_sentences(content)
    text = " ".join([*sentences, f"Not examined: {join(gaps(content))}."])
    return answer(text, "methods", is_done=bool(sentences))


def _sensitivity(content: Content) -> Answer:
    others = [m["label"] for m in estimators_that_ran(content, "sensitivity")]
    parts = [f"Other estimators: {join(others)}."] if others else []
    for kind in ("variant", "locus"):
        made = refits(content, kind)
        if made.height:
            parts.append(f"Leave-one-{kind}-out for {_of_pairs(content, n_pairs(made))}.")
    if content.controls.height:
        parts.append(f"{count(content.controls.height, 'control')} declared before the run.")
    text = " ".join([*parts, "No independent replication."]) if parts else "No second estimator gave a number."
    return answer(text, "methods", is_done=bool(parts))


def _software(content: Content) -> Answer:
    facts: Mapping[str, Any] = provenance()
    versions = ", ".join(f"{name} {number}" for name, number in facts["dependencies"].items())
    text = f"osteobiome {facts['version']}, Python {facts['python']}, {versions}; seed {content.study['seed']}."
    return answer(text, "provenance", is_done=True)


def _registered(content: Content) -> Answer:
    del content
    return for_author(
        "The study file fixes families, methods and primary estimators before the run; whether and where it was "
        "registered is for the author to say."
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
