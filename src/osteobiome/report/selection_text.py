"""How instruments were chosen, as sentences for the methods of a paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.text import count, join, significant, threshold_text
from osteobiome.report.flags.flag import some_names
from osteobiome.report.ran import clumping_text

if TYPE_CHECKING:
    from osteobiome.report.content import Content


def selection_sentences(content: Content) -> list[str]:
    """Return one sentence for each rule that chose instruments.

    Parameters
    ----------
    content : Content
        Tables and facts of a finished study.
    """
    clumped = clumping_text(content)
    return [
        *_thresholds(content),
        *_other_studies(content),
        *_places(content),
        *([f"{clumped}."] if clumped else []),
        *_by_chance(content),
        *_corrected(content),
    ]


def _thresholds(content: Content) -> list[str]:
    study, chosen = content.study, content.study["selection"]
    exposures = content.primary()["exposure"].unique(maintain_order=True).to_list()
    strict = [name for name in exposures if name not in study["given"] and name not in chosen["relaxed"]]
    sentences = []
    if strict:
        where = "" if any(name in chosen["three_sample"] for name in strict) else " in the exposure's file"
        text = f"Instruments were variants with p ≤ {threshold_text(study['p_threshold'])}{where}"
        rest = f" ({some_names([content.label(name) for name in strict])})" if len(strict) < len(exposures) else ""
        sentences.append(f"{text}{rest}.")
    alike: dict[tuple[float, str], list[str]] = {}
    for name, threshold in chosen["relaxed"].items():
        alike.setdefault((threshold, content.why_relaxed(name)), []).append(content.label(name))
    sentences += [
        f"For {some_names(labels)} the threshold was relaxed to p ≤ {threshold_text(threshold)}"
        f"{f', declared before the run: {why}' if why else ''}."
        for (threshold, why), labels in alike.items()
    ]
    sentences += [
        f"The instruments of {content.label(name)} were given ({why})."
        for name, why in study["given"].items()
        if name in exposures
    ]
    return sentences


def _other_studies(content: Content) -> list[str]:
    return [
        f"Instruments of {content.label(name)} were chosen in another study, {content.label(other['selected_in'])}, "
        f"while their effects are those of {content.label(name)}{_people(other['shared_cohorts'])}."
        for name, other in content.study["selection"]["three_sample"].items()
    ]


def _people(shared: list[str] | None) -> str:
    """Return whether people are in the study that selects and in the one that estimates."""
    if shared is None:
        return "; whether the two share people is not known"
    return f"; both hold {join(shared)}" if shared else "; the two share no cohort"


def _places(content: Content) -> list[str]:
    """Name cis windows and what was left out."""
    study, chosen = content.study, content.study["selection"]
    sentences = []
    for name, place in chosen["cis"].items():
        where = f"{place['chromosome']}:{place['start']:,}–{place['end']:,}"
        near = f"near {place['name']} ({where})" if place["name"] else f"within {where}"
        sentences.append(f"Those of {content.label(name)} lie {near}.")
    left_out = [f"known pleiotropic loci ({join(study['exclude_loci'])})"] if study.get("exclude_loci") else []
    left_out += [f"what the list {chosen['exclude']} names"] if chosen["exclude"] else []
    if left_out:
        reasons = ("in_excluded_locus", "excluded_by_rsid", "excluded_by_region")
        rows = content.row_report.filter((pl.col("step") == "instruments") & pl.col("reason").is_in(reasons))
        sentences.append(f"Variants in {join(left_out)} were left out ({count(int(rows['count'].sum()), 'variant')}).")
    return sentences


def _by_chance(content: Content) -> list[str]:
    """Say how many instruments were expected by chance, and of how many exposures that is known."""
    declared = content.thresholds.filter("is_declared")
    known = declared.filter(pl.col("expected_null_leads").is_not_null())
    if known.is_empty():
        return []
    expected = known["expected_null_leads"].to_numpy()
    low, high = significant(float(expected.min()), 2), significant(float(expected.max()), 2)
    shown = low if low == high else f"{low} to {high}"
    shown = f"at most {shown}" if known["message"].str.starts_with("At most").any() else shown
    part = "" if known.height == declared.height else f" (known for {known.height:,} of {declared.height:,})"
    return [f"By chance alone {shown} instruments of an exposure were to be expected at its threshold{part}."]


def _corrected(content: Content) -> list[str]:
    if content.instruments["beta_conditional"].is_null().all():
        return []
    return [
        "Effects corrected for winner's curse (conditional likelihood, false discovery rates) were worked out beside "
        "the raw ones, which the estimates rest on."
    ]


def pair_sentences(content: Content) -> list[str]:
    """Return what was done pair by pair: stand-ins and the Steiger filter.

    Parameters
    ----------
    content : Content
        Tables and facts of a finished study.
    """
    chosen, sentences = content.study["selection"], []
    if chosen["proxies"] is not None:
        used = int(content.stand_ins_used["count"].sum())
        rule = f"r² ≥ {chosen['proxies']['r2']:g} within {chosen['proxies']['window_kb']:g} kb"
        sentences.append(
            f"Instruments that an outcome lacks were represented by the variant in highest LD in the panel ({rule}): "
            f"{count(used, 'case')}."
        )
    if chosen["steiger_filter"]:
        rows = content.row_report.filter(step="steiger", reason="explains_more_of_the_outcome")
        silent = content.diagnostics.filter(name="steiger_filter").select("exposure", "outcome").n_unique()
        unseen = f"; it could not look at {count(silent, 'pair')}" if silent else ""
        sentences.append(
            "Instruments that explain more of the outcome than of the exposure were left out (Steiger filter): "
            f"{count(int(rows['count'].sum()), 'case')}{unseen}."
        )
    return sentences
