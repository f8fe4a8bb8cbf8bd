"""Flags about how instruments were chosen: threshold, leads by chance, three samples, known loci, stand-ins, filter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

from osteobiome.core.estimate import NULL_LEADS_DOUBT
from osteobiome.core.text import count, join, significant, threshold_text
from osteobiome.report.flags.flag import Flag, pair_name, some_names

if TYPE_CHECKING:
    from osteobiome.report.content import Content

ANCHOR = "instruments"
CLEAR = 1.96
"""Estimate over its standard error from which on a 95 % interval excludes 0."""
FEW_BY_CHANCE = 0.1
"""Share of the instruments expected by chance up to which nothing need be said against it (our choice)."""
_SELECTED = {
    "same": "Effects of variants chosen so are too large (winner's curse) and some are null; no estimate is corrected "
    "for it.",
    "other": "Another study chose them, so their effects are not too large; some may have no effect at all.",
    "overlap": "Another study chose them, but the same people may be in both: effects may be too large (winner's "
    "curse), some are null, and no estimate is corrected for it.",
}
"""What a relaxed threshold does to the effects, by who selected."""


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
    found: dict[tuple[float, str, str], list[str]] = {}
    for name, threshold in chosen["relaxed"].items():
        other = chosen["three_sample"].get(name)
        who = "same" if other is None else "other" if other["shared_cohorts"] == [] else "overlap"
        found.setdefault((threshold, who, content.why_relaxed(name)), []).append(content.label(name))
    flags = []
    for (threshold, who, why), labels in found.items():
        text = f"Instruments of {some_names(labels)} were taken up to p = {threshold_text(threshold)}"
        text += f" ({why}). " if why else "; no reason was declared. "
        text += f"{_SELECTED[who]} All results with them are exploratory."
        flags.append(Flag("caution", "Relaxed threshold", text, ANCHOR))
    return flags


def _null_leads(content: Content) -> list[Flag]:
    """Flag exposures whose instruments may mostly be there by chance; without instruments there is nothing to flag."""
    declared = content.thresholds.filter(pl.col("is_declared") & (pl.col("n_variants") > 0))
    known = declared.filter(pl.col("expected_null_leads").is_not_null())
    n_unknown = declared.height - known.height
    unknown = f" For {count(n_unknown, 'exposure')} that number is not known." if n_unknown else ""
    many = known.filter("is_exploratory").to_dicts()
    doubts = _doubted(content, [row["exposure"] for row in many])
    if many:
        parts = [
            f"{significant(row['expected_null_leads'], 2)} of {count(row['n_variants'], 'instrument')} of "
            f"{content.label(row['exposure'])}"
            for row in many
        ]
        text = (
            f"By chance alone one expects {some_names(parts)}. More than half is too many: such a result is never a "
            f"finding, whatever its p.{unknown}"
        )
        return [Flag("caution", "Instruments by chance", text, ANCHOR), *doubts]
    if doubts or known.is_empty():
        return doubts
    shares = known.with_columns(share=pl.col("expected_null_leads") / pl.col("n_variants"))
    worst = shares.sort("share", descending=True, maintain_order=True).row(0, named=True)
    most = "" if known.height == 1 else ", the largest share of any exposure"
    text = (
        f"By chance alone one expects {significant(worst['expected_null_leads'], 2)} of "
        f"{count(worst['n_variants'], 'instrument')} of {content.label(worst['exposure'])}{most}.{unknown}"
    )
    is_few = worst["share"] <= FEW_BY_CHANCE and not n_unknown
    return [Flag("good" if is_few else "note", "Instruments by chance", text, ANCHOR)]


def _doubted(content: Content, named: list[str]) -> list[Flag]:
    """Flag exposures whose pairs are doubted for their instruments although no number says so."""
    rows = content.diagnostics.filter((pl.col("name") == NULL_LEADS_DOUBT) & ~pl.col("exposure").is_in(named))
    found: dict[str, list[str]] = {}
    for row in rows.unique("exposure", maintain_order=True).to_dicts():
        found.setdefault(row["message"], []).append(content.label(row["exposure"]))
    return [
        Flag(
            "caution",
            "Instruments by chance",
            f"No result of {some_names(labels)} is a finding, whatever its p: {message}.",
            ANCHOR,
        )
        for message, labels in found.items()
    ]


def _three_sample(content: Content) -> list[Flag]:
    """Tell which exposures had their instruments chosen in another study, and whether people are in both."""
    good: list[str] = []
    unknown: list[str] = []
    flags = []
    for name, other in content.study["selection"]["three_sample"].items():
        text = f"{content.label(name)} (chosen in {content.label(other['selected_in'])})"
        overlaps = _overlaps(content, text, other)
        flags += overlaps
        if not overlaps:
            outcomes = other["with_outcomes"].values()
            (unknown if None in (other["shared_cohorts"], *outcomes) else good).append(text)
    if unknown:
        text = (
            f"For {some_names(unknown)} the cohorts of one study are not stated, so nobody can tell whether people of "
            "the study that chose the instruments are in the exposure or the outcome, too: winner's curse may remain."
        )
        flags.append(Flag("note", "Selection may overlap", text, "data"))
    if good:
        text = f"Another study than the ones that estimate chose the instruments of {some_names(good)}."
        flags.append(Flag("good", "Three samples", text, ANCHOR))
    return flags


def _overlaps(content: Content, chosen: str, other: dict[str, Any]) -> list[Flag]:
    """Return flags of cohorts that both select and estimate."""
    flags = []
    if other["shared_cohorts"]:
        text = (
            f"The study that chose the instruments of {chosen} and the one that estimates share "
            f"{join(other['shared_cohorts'])}: winner's curse remains in part."
        )
        flags.append(Flag("caution", "Selection overlaps", text, "data"))
    found: dict[tuple[str, ...], list[str]] = {}
    for outcome, cohorts in other["with_outcomes"].items():
        if cohorts:
            found.setdefault(tuple(cohorts), []).append(content.label(outcome))
    for cohorts, outcomes in found.items():
        text = (
            f"The study that chose the instruments of {chosen} shares {join(list(cohorts))} with "
            f"{some_names(outcomes)}: chance that made a variant look strong is in the effects on the outcome, too, "
            "which biases estimates towards the association seen without instruments."
        )
        flags.append(Flag("caution", "Selection overlaps with the outcome", text, "data"))
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
        f"traits ({some_names(loci)}). Each pair's part of the page gives the estimate without them; the key "
        "exclude_loci of the study file leaves them out."
    )
    return [Flag("note", "Known pleiotropic loci", text, ANCHOR)]


def _shared(content: Content) -> list[Flag]:
    """Tell that related taxa, or traits of one taxon, share instruments: two tests of one signal."""
    names: dict[str, list[str]] = {"child": [], "same": []}
    cases = content.shared.select("relation", "trait_id", "related_trait").unique(maintain_order=True)
    for relation, one, other in cases.rows():
        first, second = content.label(one), content.label(other)
        names[relation].append(f"{second} in {first}" if relation == "child" else f"{first} and {second}")
    who = [
        *([f"taxa that contain each other ({some_names(names['child'])})"] if names["child"] else []),
        *([f"traits of one taxon ({some_names(names['same'])})"] if names["same"] else []),
    ]
    if not who:
        return []
    text = f"Instruments are shared by {join(who)}: tests of one signal are not several findings."
    return [Flag("note", "Taxa share instruments", text, ANCHOR)]


def _stand_ins(content: Content) -> list[Flag]:
    """Tell how many instruments are represented by another variant in the outcome."""
    used = content.stand_ins_used
    if used.is_empty():
        return []
    lowest = content.stand_ins_kept["r2"].min()  # none where the Steiger filter left all of them out
    least, factor = "", ""
    if isinstance(lowest, float):
        least, factor = f" (lowest r² {significant(lowest, 2)})", f" ({math.sqrt(lowest):.2f} at the lowest)"
    text = (
        f"In {count(used['subject'].n_unique(), 'pair')} variants of the outcome stand in for "
        f"{count(int(used['count'].sum()), 'instrument')} that it lacks"
        f"{least}. Their effects are not scaled: on average z of a "
        f"stand-in is √r² times that of the instrument{factor}, "
        "which draws estimates towards 0."
    )
    return [Flag("note", "Proxies in the outcome", text, ANCHOR)]


def _steiger_filter(content: Content) -> list[Flag]:
    """Tell what the Steiger filter left out, or why it left out nothing."""
    if not content.study["selection"]["steiger_filter"]:
        return []
    rows = content.row_report.filter(step="steiger", reason="explains_more_of_the_outcome")
    silent = content.diagnostics.filter(name="steiger_filter").unique(["exposure", "outcome"], maintain_order=True)
    flags = []
    if rows.height:
        number = int(rows["count"].sum())
        verb, were = ("explains", "was") if number == 1 else ("explain", "were")
        text = (
            f"{count(number, 'instrument')} that {verb} more of the outcome than of the exposure {were} left out in "
            f"{count(rows.height, 'pair')}. The filter moves estimates in a direction that is known beforehand; the "
            "estimate without it stands among the tests of each pair."
        )
        changed = _changed_by_filter(content)
        if changed:
            text += f" It changes direction or significance of {some_names(changed)}."
        flags.append(Flag("caution" if changed else "note", "Steiger filter", text, "flow"))
    if silent.height:
        text = (
            f"The Steiger filter was declared but could not look at {count(silent.height, 'pair')} "
            f"({some_names([pair_name(content, row) for row in silent.to_dicts()])}), which kept all instruments; the "
            "pair's part of the page says what is missing."
        )
        flags.append(Flag("caution", "Steiger filter without effect", text, "pairs"))
    return flags


def _changed_by_filter(content: Content) -> list[str]:
    """Return the pairs whose primary estimate has another sign, or excludes 0 on one side only, without the filter."""
    changed = []
    for row in content.primary().filter(status="ok").to_dicts():
        test = content.diagnostic(row, "estimate_without_steiger_filter", method="steiger_filter")
        if test is None or test["estimate"] is None or not test["se"]:
            continue
        before, after = test["estimate"] / test["se"], row["beta"] / row["se"]
        if before * after < 0.0 or (abs(before) > CLEAR) != (abs(after) > CLEAR):
            changed.append(pair_name(content, row))
    return changed
