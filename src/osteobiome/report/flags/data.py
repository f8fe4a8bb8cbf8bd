"""Flags about the files: what they were adjusted for, broken rows, contradictions, ancestry, overlap."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.body_size import is_body_size
from osteobiome.core.text import count, join, reason
from osteobiome.report.flags.flag import (
    Flag,
    ancestry_code,
    is_unknown,
    matrix_names,
    pair_name,
    some_names,
    was_or_were,
)  # fmt: skip

if TYPE_CHECKING:
    from osteobiome.report.content import Content


def data_flags(content: Content) -> list[Flag]:
    """Return the flags of this theme.

    Parameters
    ----------
    content : Content
        Tables and facts of a finished study.
    """
    return [
        *_simulated(content),
        *_declared_without_effect(content),
        *_adjustment(content),
        *_rows(content),
        *_places(content),
        *_proxies(content),
        *_same_file(content),
        *_contradictions(content),
        *_findings(content),
        *_ancestry(content),
        *_overlap(content),
    ]


def _simulated(content: Content) -> list[Flag]:
    if not content.study["simulated"]:
        return []
    return [Flag("caution", "Simulated data", "The inputs are simulated. Nothing on this page is about real people.")]


def _declared_without_effect(content: Content) -> list[Flag]:
    """Repeat what the check had to say: settings that were declared and did nothing."""
    silent = [Flag("caution", "Declared without effect", note) for note in content.study["notes"]]
    return silent + [Flag("caution", "Clumped below the noise", note) for note in content.study.get("noise", ())]


def _adjustment(content: Content) -> list[Flag]:
    """Flag outcomes adjusted for body size, and those of which nothing is known; other covariates are not judged."""
    adjusted: dict[tuple[str, bool], list[str]] = {}
    unknown: list[str] = []
    for row in content.primary().to_dicts():
        trait = content.trait(row["outcome"])
        if trait["body_size_covariates"]:
            key = (join(trait["body_size_covariates"]), is_body_size(content.label(row["exposure"])))
            adjusted.setdefault(key, []).append(trait["label"])
        elif is_unknown(trait["adjusted_for"]):
            unknown.append(trait["label"])
    found = []
    for (covariates, about_size), repeated in adjusted.items():
        labels = list(dict.fromkeys(repeated))
        effect = (
            "The exposure is itself about body size, so part of its effect was adjusted away and a path through "
            "other causes of both was opened: read the estimate with great care."
            if about_size
            else "If the exposure affects it, a path through other causes of both is opened."
        )
        text = f"{some_names(labels)} {was_or_were(labels)} adjusted for {covariates}. {effect}"
        found.append(Flag("caution", "Collider bias by adjustment", text, "data"))
    if unknown:
        labels = list(dict.fromkeys(unknown))
        text = (
            f"What {some_names(labels)} {was_or_were(labels)} adjusted for is not stated in the trait table. If it was "
            "body weight, the caution about collider bias applies here too."
        )
        found.append(Flag("note", "Adjustment unknown", text, "data"))
    return found


def _rows(content: Content) -> list[Flag]:
    """Report rows that were broken, by trait and reason."""
    bad = content.row_report.filter((pl.col("kind") == "fault") & (pl.col("step") == "ingest")).to_dicts()
    if not bad:
        return [Flag("good", "Clean files", "No row of any input file was broken.", "flow")]
    parts = []
    for row in bad[:6]:
        lines = ", ".join(map(str, row["lines"][:3]))
        parts.append(
            f"{content.label(row['subject'])}: {row['count']} of {row['n_in']:,} rows with {reason(row['reason'])} "
            f"(line {lines})"
        )
    return [Flag("note", "Broken rows dropped", "; ".join(parts) + ".", "flow")]


def _same_file(content: Content) -> list[Flag]:
    """Flag pairs whose two traits are one and the same file, apart from tables that hold both."""
    found = []
    for row in content.primary().to_dicts():
        x, y = content.trait(row["exposure"]), content.trait(row["outcome"])
        if x["sha256"] == y["sha256"] and x["format"] != "twosamplemr_harmonised":
            found.append(pair_name(content, row))
    if not found:
        return []
    text = f"Exposure and outcome of {some_names(found)} are the same file: the estimate says nothing."
    return [Flag("caution", "Same file twice", text, "data")]


def _contradictions(content: Content) -> list[Flag]:
    """Flag files whose numbers contradict each other, and pairs whose frequencies do."""
    found = []
    rows = content.row_report.filter(pl.col("reason") == "p_value_contradicts_beta_and_se").to_dicts()
    bad = [row for row in rows if row["step"] == "ingest" and row["count"] > max(1, 0.05 * row["n_kept"])]
    if bad:
        shown = [f"{content.label(row['subject'])} ({row['count']} of {row['n_kept']} rows)" for row in bad]
        text = (
            f"The p values contradict effect and standard error in {some_names(shown)}. Does the effect column hold "
            "odds ratios, or do the p values come from another model than effect and error (those of BOLT-LMM do)?"
        )
        found.append(Flag("caution", "Numbers contradict", text, "flow"))
    opposite = content.row_report.filter(pl.col("reason") == "frequencies_of_the_other_allele").to_dicts()
    if opposite:
        names = [" → ".join(content.label(part) for part in row["subject"].split(" -> ")) for row in opposite]
        text = (
            f"Allele frequencies of exposure and outcome lie on opposite sides for {some_names(names)}: one file seems "
            "to give the frequency of the other allele. A/T and C/G variants were dropped there."
        )
        found.append(Flag("caution", "Frequencies contradict", text, "flow"))
    return found


def _proxies(content: Content) -> list[Flag]:
    """Tell how many rows of the files stand in for another variant."""
    rows = content.row_report.filter(pl.col("reason") == "proxy_in_place_of_variant").to_dicts()
    if not rows:
        return []
    shown = [f"{content.label(row['subject'])} ({row['count']} of {row['n_kept']} rows)" for row in rows]
    text = (
        f"Rows of {some_names(shown)} are marked as proxies for another variant. Their allele frequency may be the "
        "proxy's, so the strand of an A/T or C/G variant among them is less certain."
    )
    return [Flag("note", "Proxies", text, "flow")]


def _places(content: Content) -> list[Flag]:
    """Flag variants whose rsID stands at another position: usually a wrong genome build."""
    rows = content.row_report.filter(pl.col("reason") == "rsid_at_another_position")
    if rows.is_empty():
        return []
    text = (
        f"{count(int(rows['count'].sum()), 'variant')} met by rsID although the two files give different positions. "
        "Is the declared genome build right for both?"
    )
    return [Flag("caution", "Positions disagree", text, "flow")]


def _ancestry(content: Content) -> list[Flag]:
    """Flag pairs of different ancestries, and an LD matrix of another ancestry than a trait's."""
    mixed, matrices = [], []
    for row in content.primary().to_dicts():
        x, y = (content.trait(row[side])["ancestry"] for side in ("exposure", "outcome"))
        if not is_unknown(x) and not is_unknown(y) and ancestry_code(x) != ancestry_code(y):
            mixed.append(f"{pair_name(content, row)} ({ancestry_code(x)}, {ancestry_code(y)})")
        ld = content.ld(row["family"])
        others = {trait for trait in (x, y) if not is_unknown(trait) and ancestry_code(trait) != ancestry_code(ld)}
        if ld and others:
            matrices.append(f"{pair_name(content, row)} ({join(sorted(others))})")
    found = []
    if mixed:
        text = f"Exposure and outcome differ in ancestry for {some_names(mixed)}."
        found.append(Flag("caution", "Ancestries differ", text, "data"))
    if matrices:
        text = (
            f"The LD matrix ({matrix_names(content)}) is of another ancestry than a trait for {some_names(matrices)}."
        )
        found.append(Flag("caution", "LD of another ancestry", text, "methods"))
    return found


def _overlap(content: Content) -> list[Flag]:
    shared, unknown = [], 0
    for row in content.primary().to_dicts():
        x, y = (cohort_names(content.trait(row[side])["cohorts"]) for side in ("exposure", "outcome"))
        if not x or not y:
            unknown += 1
        elif x.keys() & y.keys():
            names = sorted(x[name] for name in x.keys() & y.keys())
            shared.append(f"{pair_name(content, row)} ({join(names)})")
    found = []
    if shared:
        text = (
            f"Both studies include the same cohort for {some_names(shared)}. With weak instruments this pulls "
            "estimates towards the confounded value; nothing was corrected."
        )
        found.append(Flag("caution", "Samples overlap", text, "data"))
    if unknown:
        text = (
            f"For {count(unknown, 'pair')} the cohorts of one study are not stated, so overlap of samples cannot be "
            "bounded."
        )
        found.append(Flag("note", "Overlap unknown", text, "data"))
    return found or [Flag("good", "No declared overlap", "No cohort is declared on both sides of a pair.", "data")]


def cohort_names(text: object) -> dict[str, str]:
    """Return cohorts by their name in lower case."""
    parts = (part.strip() for part in re.split(r"[;,|]", str(text or "")))
    return {part.lower(): part for part in parts if not is_unknown(part)}


_TOLD_ELSEWHERE = frozenset({"p_value_contradicts_beta_and_se", "p_value_printed_as_0", "unusable_position"})
_OUTCOMES_ONLY = frozenset({"only_significant_rows"})
"""A list of instruments is no whole GWAS, and need not be."""


def _findings(content: Content) -> list[Flag]:
    """Flag files of which a check found something that casts doubt on results."""
    outcomes = set(content.primary()["outcome"].to_list())
    found: dict[tuple[str, str], list[str]] = {}
    for row in content.findings.filter(pl.col("casts_doubt")).to_dicts():
        is_told = row["check"] in _TOLD_ELSEWHERE or (row["check"] in _OUTCOMES_ONLY and row["subject"] not in outcomes)
        if not is_told:
            key = (row["check"], row["hint"])
            found.setdefault(key, []).append(f"{content.label(row['subject'])}: {row['found']}")
    return [
        Flag("caution", "File in doubt", f"{'; '.join(texts[:6])}. {hint}.", "data")
        for (_, hint), texts in found.items()
    ]
