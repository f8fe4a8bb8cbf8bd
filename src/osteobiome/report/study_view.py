"""What the page shows of the study as a whole: controls, data, flow of variants, published numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from osteobiome.core.text import count, decimals_for, fixed, significant
from osteobiome.report.pair_view import loss

if TYPE_CHECKING:
    from osteobiome.report.content import Content

STEPS = {
    "ingest": "file read",
    "instruments": "instruments",
    "three_sample": "effects from another study",
    "harmonise": "met in outcome",
    "steiger": "Steiger filter",
}


def controls_view(content: Content) -> list[dict[str, str]]:
    """Return each declared control with what it was to show and what it showed.

    Parameters
    ----------
    content : Content
        Tables of the study.
    """
    return [
        {
            "kind": {"positive": "Positive control", "negative": "Negative control"}[row["kind"]],
            "pair": f"{content.label(row['exposure'])} → {content.label(row['outcome'])}",
            "verdict": row["verdict"],
            "level": {"passed": "good", "failed": "caution"}.get(row["verdict"], "note"),
            "message": row["message"],
            "note": row["note"] or "",
        }
        for row in content.controls.to_dicts()
    ]


def flow_view(content: Content) -> list[dict[str, Any]]:
    """Return rows in and out per step and subject, with the reasons.

    Parameters
    ----------
    content : Content
        Tables of the study.
    """
    steps = []
    parts = content.row_report.partition_by(["step", "subject"], as_dict=True, maintain_order=True)
    for (step, subject), part in parts.items():
        rows = [row for row in part.to_dicts() if row["count"] > 0]
        name = str(subject)
        labels = [content.label(part) for part in name.split(" -> ")]
        steps.append(
            {
                "order": list(STEPS).index(str(step)),
                "step": STEPS[str(step)],
                "subject": " → ".join(labels),
                "n_in": f"{part['n_in'][0]:,}",
                "n_kept": f"{part['n_kept'][0]:,}",
                "lost": [loss(row) for row in rows if row["kind"] != "note"],
                "notes": [loss(row) for row in rows if row["kind"] == "note"],
            }
        )
    return sorted(steps, key=lambda s: s["order"])


def published_view(content: Content) -> list[dict[str, str]]:
    """Return published numbers beside ours.

    Parameters
    ----------
    content : Content
        Tables of the study.
    """
    return [_published(content, row) for row in content.published.to_dicts()]


def _published(content: Content, p: dict[str, Any]) -> dict[str, str]:
    ours = content.estimates.filter(
        (pl.col("exposure") == p["exposure"]) & (pl.col("outcome") == p["outcome"]) & (pl.col("method") == p["method"])
    ).to_dicts()
    e = ours[0] if ours else None
    got = e is not None and e["beta"] is not None
    decimals = decimals_for(e["se"]) if e and got else 4
    printed = fixed(p["published_beta"], min(p["decimals"], decimals))
    q = content.heterogeneity(e) if e else None
    return {
        "pair": f"{content.label(p['exposure'])} → {content.label(p['outcome'])}",
        "method": content.method_label(p["method"]),
        "unit": e["unit"] if e else "",
        "published": f"{printed} ({significant(p['published_se'])})",
        "ours": f"{fixed(e['beta'], decimals)} ({significant(e['se'])})" if e and got else "not estimated",
        "difference": significant(e["beta"] - p["published_beta"], 2) if e and got else "–",
        "n": f"{p['published_n_variants'] or '–'} / {e['n_variants'] if e else '–'}",
        "q": f"{significant(p['published_q'], 4)} / {significant(q['statistic'], 4)}"
        if q and p["published_q"] is not None
        else "–",
        "source": p["source"],
        "note": p["note"] or "",
    }


def traits_view(content: Content) -> list[dict[str, str]]:
    """Return per trait where it comes from, its unit, people, covariates, licence.

    Parameters
    ----------
    content : Content
        Tables of the study.
    """
    return [_trait(t) for t in content.traits.to_dicts()]


def _trait(t: dict[str, Any]) -> dict[str, str]:
    def known(value: object) -> str:
        return str(value) if value not in {None, ""} else "unknown"

    people = "unknown" if t["n_people"] is None else f"{t['n_people']:,}"
    if t["n_cases"] is not None:
        people += f" ({count(t['n_cases'], 'case')})"
    if t["prevalence"] is not None:
        people += f", prevalence {significant(t['prevalence'])}"
    if t["age_range"]:
        people += f", age {t['age_range']}"
    return {
        "label": t["label"],
        "layer": t["layer"],
        "unit": t["unit_label"] + (", rank-normalised" if t["transformation"] == "INT" else ""),
        "people": people,
        "ancestry": known(t["ancestry"]),
        "cohorts": known(t["cohorts"]),
        "adjusted_for": known(t["adjusted_for"]),
        "licence": known(t["licence"]),
        "citation": known(t["citation"]),
        "file": t["file"],
        "sha256": t["sha256"],
        "identifier": t["curie"] or "none",
        "case_definition": t["case_definition"] or "",
    }
