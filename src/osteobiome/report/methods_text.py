"""The methods as paragraphs for a paper, naming only what ran, and the list of references."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.provenance import version
from osteobiome.core.text import count, join, listed, significant
from osteobiome.report.bibliography import entries, reference_text
from osteobiome.report.content import uses_ld
from osteobiome.report.flags.flag import pair_name, some_names
from osteobiome.report.ran import estimators_that_ran, measured, n_pairs, refits
from osteobiome.report.selection_text import pair_sentences, selection_sentences

if TYPE_CHECKING:
    from osteobiome.report.content import Content

_POLICIES = {
    "frequency": "Palindromic variants (A/T, C/G) were kept where allele frequencies of both studies settle the strand "
    "and dropped where one of them lies between {low:g} and {high:g}",
    "drop": "Palindromic variants (A/T, C/G) were dropped",
    "keep_forward": "Palindromic variants (A/T, C/G) were kept, both files being declared to be on the forward strand",
}
_INFLUENCE = {
    "q_contribution": "contributions to Q",
    "leverage": "leverage",
    "studentised_residual": "studentised residuals",
    "cooks_distance": "Cook's distance",
}
_POWER = {
    "minimum_detectable_effect": "the smallest effect detectable at the precision reached",
    "minimum_detectable_effect_with_scatter": "the smallest effect detectable with the primary standard error",
    "minimum_detectable_effect_from_sizes": "the smallest effect detectable at the sample sizes",
}

_INTERCEPTS = {
    "egger_intercept": "the MR-Egger intercept",
    "radial_intercept": "the radial MR-Egger intercept",
    "grip_intercept": "the MR-GRIP intercept",
}
_OWNER = {"cochran_q": "ivw", "rucker_q": "egger", "egger_intercept": "egger"}
"""Estimator whose test needs no name beside it."""


def methods_paragraph(content: Content) -> str:
    """Return the methods as one paragraph for a paper.

    Parameters
    ----------
    content : Content
        Tables and facts of a finished study.
    """
    return " ".join(methods_paragraphs(content))


def methods_paragraphs(content: Content) -> list[str]:
    """Return the methods as paragraphs for a paper: data, estimates, checks, reporting.

    Parameters
    ----------
    content : Content
        Tables and facts of a finished study.

    Notes
    -----
    An estimator or a check is named if it gave a number for at least one pair; that it was declared is not enough.
    """
    paragraphs = (_data(content), _estimates(content), check_sentences(content), _reporting(content))
    return [" ".join(sentences) for sentences in paragraphs if sentences]


def _data(content: Content) -> list[str]:
    study, primary = content.study, content.primary()
    families = study["families"]
    sentences = [
        f"Two-sample Mendelian randomization of {count(primary.height, 'pair')} of traits in "
        f"{count(len(families), 'family', 'families')} of tests, on {study['genome_build']}."
    ]
    sentences += selection_sentences(content)
    if content.harmonised.height:
        sentences.append(
            "Effects were brought to the same allele by position and allele class, or by rsID with an allele check."
        )
        sentences.append(palindrome_sentence(content))
    return [*sentences, *pair_sentences(content)]


def palindrome_sentence(content: Content) -> str:
    """Return what was done with palindromic variants."""
    policy = content.study["palindromic"]
    low, high = policy["drop_between"]
    text = _POLICIES[policy["policy"]].format(low=low, high=high)
    aligned = content.row_report.filter(pl.col("reason") == "palindromic_taken_as_aligned").height
    if aligned and policy["policy"] != "keep_forward":
        text += "; in tables that their authors had harmonised they were kept as the authors did"
    return text + "."


def _estimates(content: Content) -> list[str]:
    """Name the estimators with numbers, how they treat correlation, and their random draws."""
    first, others = (estimators_that_ran(content, use) for use in ("primary", "sensitivity"))
    sentences = []
    if first:
        labels = [m["label"] if m["name"] != "wald_ratio" else "Wald ratio where one variant was left" for m in first]
        sentences.append(f"Primary estimator, declared before the run: {listed(labels)}.")
    if others:
        sentences.append(f"Sensitivity analyses: {listed([m['label'] for m in others])}.")
    correlated = {m["name"] for m in (*first, *others) if uses_ld(m["name"])}
    if correlated:
        used = content.estimates.filter(pl.col("method").is_in(correlated) & (pl.col("status") == "ok"))
        ancestries = sorted({content.ld(family) for family in used["family"].unique()} - {""})
        source = f" of {join(ancestries)}" if ancestries else ""
        sentences.append(f"Correlation between variants entered through an LD matrix{source}.")
    if first and "lower" in {f["exposure_direction"] for f in content.study["families"]}:
        sentences.append("Effects are stated per unit lower exposure where the unit says so.")
    return sentences + _draws(content)


def _draws(content: Content) -> list[str]:
    """Say what comes from random draws, how many, from which seed, and with which Monte Carlo error."""
    drawn = content.estimates.filter((pl.col("status") == "ok") & pl.col("n_draws").is_not_null())
    if drawn.is_empty():
        return []
    tested, averaged = (_with(content, drawn, name) for name in ("presso_global_p_error", "bootstrap_error"))
    plain = set(drawn["method"]) - tested - averaged
    sentences = []
    for methods, what in ((plain, "Standard errors"), (averaged, "Estimates and standard errors")):
        if methods:
            error = _relative_error(content, drawn, methods)
            sentences.append(f"{what} of {_labels(content, methods)} {_source(drawn, methods)}{error}.")
    if tested:
        worst = max(measured(content, "presso_global_p_error")["statistic"])
        whose = f"{_labels(content, tested)} {_source(drawn, tested)}"
        sentences.append(
            f"p values of the global and the distortion test of {whose}; the Monte Carlo error of the global p is at "
            f"most {significant(worst)}."
        )
    return sentences


def _source(drawn: pl.DataFrame, methods: set[str]) -> str:
    """Return how many draws methods took, and from which seed."""
    taken = drawn.filter(pl.col("method").is_in(methods))
    draws, seeds = sorted(taken["n_draws"].unique()), taken["seed"].drop_nulls().unique().to_list()
    shown = f"{draws[0]:,}" if len(draws) == 1 else f"{draws[0]:,} to {draws[-1]:,}"
    seed = f"seed {seeds[0]}" if len(seeds) == 1 else "the seeds stand in the table of estimates"
    return f"come from {shown} random draws for each pair ({seed})"


def _with(content: Content, drawn: pl.DataFrame, name: str) -> set[str]:
    """Return the methods of a table that have a diagnostic with a number."""
    return set(drawn["method"]) & set(measured(content, name)["method"])


def _labels(content: Content, names: set[str]) -> str:
    """Return methods as a list for readers, in the order of the table of methods."""
    return listed([m["label"] for m in content.methods.to_dicts() if m["name"] in names])


def _relative_error(content: Content, drawn: pl.DataFrame, methods: set[str]) -> str:
    """Return the largest Monte Carlo error of a standard error, in per cent of it, as the end of a sentence."""
    keys = ["family", "exposure", "outcome", "method"]
    errors = measured(content, "bootstrap_se_error").filter(pl.col("method").is_in(methods))
    both = errors.select(*keys, error="statistic").join(drawn.select(*keys, "se"), on=keys).filter(pl.col("se") > 0)
    if both.is_empty():
        return ""
    share = 100 * max(both["error"] / both["se"])
    return f"; the Monte Carlo error of a standard error is at most {significant(share, 2)} % of it"


def check_sentences(content: Content) -> list[str]:
    """Return one sentence for each kind of check that gave numbers.

    Parameters
    ----------
    content : Content
        Tables and facts of a finished study.
    """
    ran = {m["name"] for m in estimators_that_ran(content)}
    of_ran = measured(content).filter(pl.col("method").is_in(ran))
    names = set(of_ran.filter(pl.col("statistic").is_not_null())["name"])
    sentences = []
    found = [("cochran_q", "Cochran's Q"), ("rucker_q", "Rücker's Q")]
    heterogeneity = [_credited(content, of_ran, name, label) for name, label in found if name in names]
    if heterogeneity:
        share = ", its share beyond chance by I²" if "i2" in names else ""
        sentences.append(f"Heterogeneity between variants was tested by {listed(heterogeneity)}{share}.")
    strength = [label for name, label in (("mean_f", "the F statistic"), ("i2_gx", "I²_GX")) if name in names]
    if strength:
        sentences.append(f"Strength of the instruments was measured by {join(strength)}.")
    intercepts = [_credited(content, of_ran, name, label) for name, label in _INTERCEPTS.items() if name in names]
    if intercepts:
        sentences.append(f"Directional pleiotropy was tested by {listed(intercepts)}.")
    sentences += [*_single_variants(content), *_pair_checks(content)]
    return sentences


def _credited(content: Content, tests: pl.DataFrame, name: str, label: str) -> str:
    """Return the label of a test with the estimators that it belongs to, unless there is but one to think of."""
    methods = set(tests.filter((pl.col("name") == name) & pl.col("statistic").is_not_null())["method"])
    if name not in _OWNER or methods == {_OWNER[name]}:
        return label
    return f"{label} (of {_labels(content, methods)})"


def _single_variants(content: Content) -> list[str]:
    """Name what was looked at variant by variant."""
    sentences = []
    left_out = [f"each {kind} in turn" for kind in ("variant", "locus") if refits(content, kind).height]
    if left_out:
        total = sum(refits(content, kind).height for kind in ("variant", "locus"))
        sentences.append(f"Estimates were computed again without {join(left_out)} ({count(total, 'refit')}).")
    found = [words for name, words in _INFLUENCE.items() if content.influence[name].is_not_null().any()]
    if found:
        sentences.append(f"The influence of single variants was measured by {join(found)}.")
    if content.influence["is_outlier"].is_not_null().any():
        sentences.append("Variants whose contribution to Q is beyond chance were marked as outliers.")
    return sentences


def _pair_checks(content: Content) -> list[str]:
    """Name direction, power and controls."""
    sentences = []
    steiger = measured(content, "steiger_direction", method="steiger")
    if steiger.height:
        ratio = measured(content, "steiger_sensitivity_ratio", method="steiger").height
        error = ", with its sensitivity to error of measurement" if ratio else ""
        sentences.append(f"The direction of effect was tested by Steiger's method{error}{_where(content, steiger)}.")
    power = measured(content, *_POWER, method="power")
    words = [words for name, words in _POWER.items() if name in set(power["name"])]
    if words:
        sentences.append(f"Power was described by {join(words)}{_where(content, power)}.")
    for kind in ("positive", "negative"):
        names = [pair_name(content, row) for row in content.controls.filter(pl.col("kind") == kind).to_dicts()]
        if names:
            sentences.append(f"{count(len(names), f'{kind} control')} declared before the run: {some_names(names)}.")
    return sentences


def _where(content: Content, frame: pl.DataFrame) -> str:
    """Return in how many pairs a check gave a number, if not in all."""
    found, total = n_pairs(frame), content.primary().height
    return "" if found == total else f" (in {found:,} of {count(total, 'pair')})"


def _reporting(content: Content) -> list[str]:
    sentences = []
    if content.estimates["q_value"].is_not_null().any():
        sentences.append("q-values are Benjamini-Hochberg over the primary estimates of a family.")
    return [*sentences, f"All computation by osteobiome {version()}."]


def references(content: Content) -> list[str]:
    """Return the references of software, methods and data as lines of a reference list, with what each is for.

    Parameters
    ----------
    content : Content
        Tables and facts of a finished study.
    """
    return [f"{reference_text(entry)} ({entry['note']})" for entry in entries(content)]
