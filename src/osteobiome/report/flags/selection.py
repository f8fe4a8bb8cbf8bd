"""Flags about how instruments were chosen: threshold, leads by chance, three samples, known loci, stand-ins, filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.text import count, join, significant, threshold_text
from osteobiome.report.flags.flag import Flag, some_names

if TYPE_CHECKING:
    from osteobiome.report.content import Content

ANCHOR = "instruments"


def selection_flags(content: Content) -> list[Flag]:
    """Return the flags of this theme.

    Parameters
    ----------
    content : Content
        Tables and facts of a finished study.
    """
    return [
        *_threshold(content),
        *_null_leads(content),
        *_three_sample(content),
        *_known_loci(content),
        *_shared(content),
        *_stand_ins(content),
        *_steiger_filter(content),
    ]


def _threshold(content: Content) -> list[Flag]:
    """Flag a threshold above genome-wide significance: the variants were chosen for effects that are partly noise."""
    chosen = content.study["selection"]
    found: dict[tuple[float, bool], list[str]] = {}
    for name, threshold in chosen["relaxed"].items():
        other = chosen["three_sample"].get(name)
        is_corrected = other is not None and other["shared_cohorts"] == []
        found.setdefault((threshold, is_corrected), []).append(content.label(name))
    flags = []
    for (threshold, is_corrected), labels in found.items():
        text = f"Instruments of {some_names(labels)} were taken up to p = {threshold_text(threshold)}"
        text += f" ({chosen['reason']}). " if chosen["reason"] else "; no reason was declared. "
        text += (
            "Another study chose them, so their effects are not too large; some have no effect at all. "
            if is_corrected
            else "Effects of variants chosen so are too large (winner's curse) and some are null; nothing was "
            "corrected. "
        )
        flags.append(Flag("caution", "Relaxed threshold", f"{text}All results with them are exploratory.", ANCHOR))
    return flags


def _null_leads(content: Content) -> list[Flag]:
    """Flag exposures whose instruments may mostly be there by chance."""
    declared = content.thresholds.filter(pl.col("is_declared") & pl.col("expected_null_leads").is_not_null())
    many = declared.filter("is_exploratory").to_dicts()
    if many:
        parts = [
            f"{significant(row['expected_null_leads'], 2)} of {count(row['n_variants'], 'instrument')} of "
            f"{content.label(row['exposure'])}"
            for row in many
        ]
        text = (
            f"By chance alone one expects {some_names(parts)}. More than half is too many: such a result is never a "
            "finding, whatever its p."
        )
        return [Flag("caution", "Instruments by chance", text, ANCHOR)]
    if declared.is_empty():
        return []
    worst = declared["expected_null_leads"].max()
    text = f"Of no exposure more than {significant(worst, 2)} instruments are to be expected by chance."  # type: ignore[arg-type]
    return [Flag("good", "Instruments by chance", text, ANCHOR)]


def _three_sample(content: Content) -> list[Flag]:
    """Tell which exposures had their instruments chosen in another study, and whether people are in both."""
    good: list[str] = []
    unknown: list[str] = []
    flags = []
    for name, other in content.study["selection"]["three_sample"].items():
        text = f"{content.label(name)} (chosen in {content.label(other['selected_in'])})"
        if other["shared_cohorts"]:
            shared = (
                f"The study that chose the instruments of {text} and the one that estimates share "
                f"{join(other['shared_cohorts'])}: winner's curse remains in part."
            )
            flags.append(Flag("caution", "Selection overlaps", shared, "data"))
        else:
            (unknown if other["shared_cohorts"] is None else good).append(text)
    if unknown:
        text = (
            f"For {some_names(unknown)} the cohorts of one study are not stated, so nobody can tell whether people are "
            "in both: winner's curse may remain."
        )
        flags.append(Flag("note", "Selection may overlap", text, "data"))
    if good:
        text = f"Another study than the one that estimates chose the instruments of {some_names(good)}."
        flags.append(Flag("good", "Three samples", text, ANCHOR))
    return flags


def _known_loci(content: Content) -> list[Flag]:
    """Name instruments that lie in loci known to act on many traits."""
    inside = content.instruments.filter(pl.col("known_locus").fill_null("") != "")
    if inside.is_empty():
        return []
    loci = sorted({name for text in inside["known_locus"] for name in text.split("; ")})
    labels = [content.label(name) for name in inside["exposure"].unique(maintain_order=True)]
    lie = "lies" if inside.height == 1 else "lie"
    text = (
        f"{count(inside.height, 'instrument')} of {some_names(labels)} {lie} in loci that are known to act on many "
        f"traits ({some_names(loci)}). The key exclude_loci of the study file leaves them out."
    )
    return [Flag("note", "Known pleiotropic loci", text, ANCHOR)]


def _shared(content: Content) -> list[Flag]:
    """Tell that related taxa share instruments: two tests of one signal."""
    rows = content.shared_instruments.filter(relation="child")
    if rows.is_empty():
        return []
    pairs = rows.select("trait_id", "related_trait").unique(maintain_order=True).rows()
    names = [f"{content.label(child)} in {content.label(parent)}" for parent, child in pairs]
    text = (
        f"Instruments are shared by taxa that contain each other ({some_names(names)}): tests of one signal are not "
        "several findings."
    )
    return [Flag("note", "Taxa share instruments", text, ANCHOR)]


def _stand_ins(content: Content) -> list[Flag]:
    """Tell how many instruments are represented by another variant in the outcome."""
    used = content.proxies.filter(pl.col("proxy").is_not_null())
    if used.is_empty():
        return []
    pairs = used.select("exposure", "outcome").n_unique()
    text = (
        f"In {count(pairs, 'pair')} variants of the outcome stand in for {count(used.height, 'instrument')} that it "
        f"lacks (lowest r² {significant(used['r2'].min(), 2)}). Their effects are not scaled, so they lean a little "  # type: ignore[arg-type]
        "towards 0."
    )
    return [Flag("note", "Proxies in the outcome", text, ANCHOR)]


def _steiger_filter(content: Content) -> list[Flag]:
    """Tell what the Steiger filter left out, or why it left out nothing."""
    if not content.study["selection"]["steiger_filter"]:
        return []
    rows = content.row_report.filter(step="steiger", reason="explains_more_of_the_outcome")
    silent = content.diagnostics.filter(name="steiger_filter")
    flags = []
    if rows.height:
        text = (
            f"{count(int(rows['count'].sum()), 'instrument')} that explain more of the outcome than of the exposure "
            f"were left out in {count(rows.height, 'pair')}. The filter moves estimates in a direction that is known "
            "beforehand; the estimate without it stands among the tests of each pair."
        )
        flags.append(Flag("note", "Steiger filter", text, "flow"))
    if silent.height:
        text = f"The Steiger filter was declared but could not look at {count(silent.height, 'pair')}: "
        flags.append(Flag("caution", "Steiger filter without effect", f"{text}{silent['message'][0]}", "pairs"))
    return flags
