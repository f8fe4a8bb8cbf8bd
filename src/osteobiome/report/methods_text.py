"""The methods paragraph, naming only what ran, and the list of references."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.provenance import version
from osteobiome.core.text import count, join, threshold_text

if TYPE_CHECKING:
    from osteobiome.report.content import Content

_POLICIES = {
    "frequency": "Palindromic variants (A/T, C/G) were kept where allele frequencies of both studies settle the strand "
    "and dropped where one of them lies between {low:g} and {high:g}",
    "drop": "Palindromic variants (A/T, C/G) were dropped",
    "keep_forward": "Palindromic variants (A/T, C/G) were kept, both files being declared to be on the forward strand",
}


def methods_paragraph(content: Content) -> str:
    """Return the methods as a paragraph for a paper.

    Parameters
    ----------
    content : Content
        Tables and facts of a finished study.
    """
    study = content.study
    primary = content.primary()
    gave_numbers = content.estimates.filter(pl.col("status") == "ok")["method"].unique().to_list()
    used = content.methods.filter((pl.col("used_for") != "diagnostic") & pl.col("name").is_in(gave_numbers)).to_dicts()
    first = [
        m["label"] if m["name"] != "wald_ratio" else "Wald ratio where one variant was left"
        for m in used
        if m["used_for"] == "primary"
    ]
    others = [m["label"] for m in used if m["used_for"] == "sensitivity"]
    families = study["families"]
    parts = [
        f"Two-sample Mendelian randomization of {count(primary.height, 'pair')} of traits in "
        f"{count(len(families), 'family', 'families')} of tests, on {study['genome_build']}."
    ]
    selected = [t for t in primary["exposure"].unique(maintain_order=True) if t not in study["given"]]
    if selected:
        parts.append(
            f"Instruments were variants with p ≤ {threshold_text(study['p_threshold'])} in the exposure's file."
        )
    parts += [
        f"The instruments of {content.label(name)} were given ({why})."
        for name, why in study["given"].items()
        if name in set(primary["exposure"])
    ]
    parts.append(
        "Effects were brought to the same allele by position and allele class, or by rsID with an allele check. "
        + _palindromes(content)
    )
    if first:
        parts.append(f"Primary estimator, declared before the run: {join(first)}.")
    if others:
        parts.append(f"Sensitivity analyses: {join(others)}.")
    if "lower" in {f["exposure_direction"] for f in families}:
        parts.append("Effects are stated per unit lower exposure where the unit says so.")
    parts.append(
        "Heterogeneity was tested by Q, strength by the F statistic; q-values are Benjamini-Hochberg over the primary "
        f"estimates of a family. All computation by osteobiome {version()}."
    )
    return " ".join(parts)


def _palindromes(content: Content) -> str:
    policy = content.study["palindromic"]
    low, high = policy["drop_between"]
    text = _POLICIES[policy["policy"]].format(low=low, high=high)
    aligned = content.row_report.filter(pl.col("reason") == "palindromic_taken_as_aligned").height
    if aligned and policy["policy"] != "keep_forward":
        text += "; in tables that their authors had harmonised they were kept as the authors did"
    return text + "."


def references(content: Content) -> list[str]:
    """Return DOIs and PMIDs of methods and data, each once, with what they are for."""
    uses: dict[str, list[str]] = {}
    for row in content.methods.to_dicts():
        uses.setdefault(f"doi:{row['doi']}", []).append(row["label"])
    for row in content.traits.to_dicts():
        if row["citation"]:
            uses.setdefault(row["citation"], []).append(f"data: {row['label']}")
    return [f"{source} ({join(list(dict.fromkeys(labels)))})" for source, labels in uses.items()]
