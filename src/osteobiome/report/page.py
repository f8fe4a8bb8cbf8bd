"""From tables to the one HTML file: sections in reading order, figures as specifications, no request to anywhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import polars as pl

from osteobiome.core.provenance import provenance
from osteobiome.core.text import count, decimals_for, fixed, interval, p_value, reason, significant
from osteobiome.plot import forest, scatter
from osteobiome.plot.style import VEGA_LITE
from osteobiome.report.content import Content, read_content
from osteobiome.report.flags import flags
from osteobiome.report.methods_text import methods_paragraph, references
from osteobiome.report.sentences import is_finding, pair_sentence, q_text, study_sentences
from osteobiome.store import write_atomic

SHOWN_VARIANTS = 25
_VEGA_GLOBALS = "window.vega = vega; window.vegaLite = vegaLite; window.vegaEmbed = vegaEmbed;"
TEST_NAMES = {
    "cochran_q": "Heterogeneity (Cochran's Q)",
    "rucker_q": "Heterogeneity (Rücker's Q)",
    "i2": "I², share of scatter beyond chance",
    "egger_intercept": "MR-Egger intercept",
    "i2_gx": "I²_GX, freedom from dilution",
    "mean_f": "Mean F statistic",
    "min_f": "Smallest F statistic",
    "ld_condition_number": "Condition number of the LD matrix",
    "max_abs_ld_r": "Largest |r| between variants",
}


def write_report(folder: Path, target: Path) -> None:
    """Build the page of a finished study.

    Parameters
    ----------
    folder : pathlib.Path
        Folder with ``study.json`` and ``tables``.
    target : pathlib.Path
        HTML file to write.
    """
    write_atomic(target, render(read_content(folder)).encode())


def render(content: Content) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    content : Content
        Tables and facts of a finished study.
    """
    figures: dict[str, object] = {}
    pairs = [_pair(content, row, index, figures) for index, row in enumerate(content.primary().to_dicts())]
    figures = _forests(content) | figures
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            study=content.study,
            sentences=study_sentences(content),
            flags=flags(content),
            forests=[name for name in figures if name.startswith("forest")],
            pairs=pairs,
            published=_published(content),
            traits=_traits(content),
            flow=_flow(content),
            methods=methods_paragraph(content),
            estimators=[row for row in content.methods.to_dicts() if row["used_for"] != "diagnostic"],
            references=references(content),
            uses_random_numbers=content.estimates["n_draws"].is_not_null().any(),
            provenance=provenance(),
            made=datetime.now(tz=UTC).strftime("%Y-%m-%d %H:%M UTC"),
            figures=_script_json(figures),
            javascript=_javascript(),
            style=_resource("style.css"),
            script=_resource("page.js"),
        )
    )


def _environment() -> jinja2.Environment:
    loader = jinja2.FunctionLoader(_resource)
    return jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _resource(name: str) -> str:
    return resources.files("osteobiome.report").joinpath("templates", name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _javascript() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script, made without network."""
    import vl_convert

    return str(vl_convert.javascript_bundle(_VEGA_GLOBALS, vl_version=VEGA_LITE)).replace("</script", "<\\/script")


def _script_json(value: object) -> str:
    """Return JSON that cannot end a script element."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c").replace("\u2028", "\\u2028")


def _forests(content: Content) -> dict[str, object]:
    """Return one forest per family and unit: numbers in different units or families never share an axis."""
    figures: dict[str, object] = {}
    ok = content.primary().filter(pl.col("status") == "ok")
    families = len(content.study["families"]) > 1
    for (family, unit), part in ok.group_by(["family", "unit"], maintain_order=True):
        several = part["exposure"].n_unique() > 1
        labels = [
            f"{content.label(r['exposure'])} → {content.label(r['outcome'])}"
            if several
            else content.label(r["outcome"])
            for r in part.to_dicts()
        ]
        title = "Primary estimates" if several else f"Primary estimates for {content.label(part['exposure'][0])}"
        if families:
            title += f", family {family}"
        frame = part.with_columns(pl.Series("label", labels))
        figures[f"forest-{len(figures)}"] = forest(frame, title=title, unit=str(unit))
    return figures


def _pair(content: Content, row: dict[str, Any], index: int, figures: dict[str, object]) -> dict[str, Any]:
    """Return what the page shows of one pair, and add its scatter plot to the figures."""
    variants = content.of_pair(content.harmonised, row)
    estimates = content.of_pair(content.estimates, row).to_dicts()
    name = f"scatter-{index}"
    exposure, outcome = content.trait(row["exposure"]), content.trait(row["outcome"])
    if variants.height and any(e["status"] == "ok" for e in estimates):
        lower = content.exposure_direction(row["family"]) == "lower"
        figures[name] = scatter(
            variants.with_columns(-pl.col("beta_exposure")) if lower else variants,
            _lines(content, estimates),
            title=f"{exposure['label']} → {outcome['label']}",
            exposure_axis=_axis(exposure, prefix="lower " if lower else ""),
            outcome_axis=_axis(outcome),
        )
    else:
        name = ""
    heterogeneity = content.heterogeneity(row)
    mean_f = content.diagnostic(row, "mean_f")
    return {
        "id": f"pair-{index}",
        "exposure": exposure["label"],
        "outcome": outcome["label"],
        "family": row["family"],
        "sentence": pair_sentence(content, row),
        "method": content.method_label(row["method"]),
        **_cells(row),
        "q": q_text(row),
        "is_finding": is_finding(row),
        "mean_f": significant(mean_f["statistic"]) if mean_f else "–",
        "het": p_value(heterogeneity["neg_log_10_p_value"]) if heterogeneity else "–",
        "figure": name,
        "estimates": [
            {"method": content.method_label(e["method"]), "primary": e["is_primary"], **_cells(e)} for e in estimates
        ],
        "tests": _tests(content, row),
        "variants": _variant_rows(variants),
        "n_more": max(0, variants.height - SHOWN_VARIANTS),
        "lost": _lost(content, f"{row['exposure']} -> {row['outcome']}"),
    }


def _axis(trait: dict[str, Any], *, prefix: str = "") -> str:
    return f"Effect on {prefix}{trait['label']}, {trait['unit_label']} per allele"


def _cells(row: dict[str, Any]) -> dict[str, str]:
    """Return the cells of an estimate, with the exact number for the tooltip."""
    decimals = decimals_for(row["se"]) if row["se"] is not None else 3
    return {
        "estimate": fixed(row["beta"], decimals),
        "exact": "" if row["beta"] is None else f"estimate {row['beta']!r}, standard error {row['se']!r}",
        "se": significant(row["se"]),
        "interval": "–" if row["beta"] is None else interval(row["ci_low"], row["ci_high"], decimals),
        "unit": row["unit"],
        "p": p_value(row["neg_log_10_p_value"]),
        "n": str(row["n_variants"]),
        "status": row["status"],
        "message": row["message"],
    }


def _lines(content: Content, estimates: list[dict[str, Any]]) -> list[tuple[str, float, float]]:
    """Return label, slope and intercept of each distinct line."""
    lines: list[tuple[str, float, float]] = []
    for e in estimates:
        if e["status"] != "ok":
            continue
        test = content.diagnostic(e, "egger_intercept")
        intercept = test["estimate"] if test else 0.0
        if any(abs(e["beta"] - b) < 1e-12 and abs(intercept - a) < 1e-12 for _, b, a in lines):
            continue  # models that differ in the error alone draw the same line
        lines.append((content.method_label(e["method"]), e["beta"], intercept))
    return lines


def _tests(content: Content, row: dict[str, Any]) -> list[dict[str, str]]:
    seen, rows = set(), []
    for test in content.of_pair(content.diagnostics, row).to_dicts():
        key = (test["name"], test["statistic"])
        if key in seen:
            continue
        seen.add(key)
        value = significant(test["statistic"])
        if test["estimate"] is not None:
            value = f"{significant(test['estimate'])} (standard error {significant(test['se'])})"
        elif test["df"] is not None:
            value += f" on {test['df']:.0f} degrees of freedom"
        rows.append(
            {
                "name": _test_name(content, test),
                "value": value,
                "p": p_value(test["neg_log_10_p_value"]),
                "null": test["null"],
            }
        )
    return rows


def _test_name(content: Content, test: dict[str, Any]) -> str:
    """Return a diagnostic's name; I² belongs to a method and says so."""
    name = TEST_NAMES.get(test["name"], test["name"])
    return f"{name}, {content.method_label(test['method'])}" if test["name"] == "i2" else name


def _variant_rows(variants: pl.DataFrame) -> list[dict[str, str]]:
    """Return the strongest variants of a pair."""
    top = variants.sort("f_statistic", descending=True).head(SHOWN_VARIANTS)
    return [
        {
            "rsid": v["rsid"] or "–",
            "alleles": f"{v['effect_allele']}/{v['other_allele']}",
            "exposure": f"{significant(v['beta_exposure'])} ({significant(v['se_exposure'])})",
            "outcome": f"{significant(v['beta_outcome'])} ({significant(v['se_outcome'])})",
            "f": significant(v["f_statistic"]),
            "ratio": "–"
            if v["wald_ratio"] is None
            else f"{significant(v['wald_ratio'])} ({significant(v['wald_ratio_se'])})",
        }
        for v in top.to_dicts()
    ]


def _lost(content: Content, subject: str) -> list[str]:
    rows = content.row_report.filter((pl.col("subject") == subject) & (pl.col("count") > 0)).to_dicts()
    return [_loss(row) for row in rows]


def _loss(row: dict[str, Any]) -> str:
    if row["kind"] == "note":
        words = "A/T or C/G" if row["reason"] == "palindromic" else reason(row["reason"])
        return f"{row['count']:,} {words}"
    text = f"{row['count']:,} {reason(row['reason'])}"
    lines = f"line {', '.join(map(str, row['lines'][:5]))}{' …' if row['count'] > 5 else ''}" if row["lines"] else ""
    names = ", ".join(name for name in row["examples"][:5] if name)
    detail = "; ".join(part for part in (names, lines) if part)
    return f"{text} ({detail})" if detail else text


def _flow(content: Content) -> list[dict[str, Any]]:
    """Return rows in and out per step and subject, with the reasons."""
    steps = []
    for (step, subject), part in content.row_report.group_by(["step", "subject"], maintain_order=True):
        rows = part.filter(pl.col("count") > 0).to_dicts()
        name = str(subject)
        labels = [content.label(p) for p in name.split(" -> ")] if step == "harmonise" else [content.label(name)]
        steps.append(
            {
                "order": ("ingest", "instruments", "harmonise").index(str(step)),
                "step": {"ingest": "file read", "instruments": "instruments", "harmonise": "met in outcome"}[str(step)],
                "subject": " → ".join(labels),
                "n_in": f"{part['n_in'][0]:,}",
                "n_kept": f"{part['n_kept'][0]:,}",
                "lost": [_loss(row) for row in rows if row["kind"] != "note"],
                "notes": [_loss(row) for row in rows if row["kind"] == "note"],
            }
        )
    return sorted(steps, key=lambda s: s["order"])


def _published(content: Content) -> list[dict[str, str]]:
    """Return published numbers beside ours."""
    rows = []
    for p in content.published.to_dicts():
        ours = content.estimates.filter(
            (pl.col("exposure") == p["exposure"])
            & (pl.col("outcome") == p["outcome"])
            & (pl.col("method") == p["method"])
        ).to_dicts()
        e = ours[0] if ours else None
        got = e is not None and e["beta"] is not None
        decimals = decimals_for(e["se"]) if e and got else 4
        printed = fixed(p["published_beta"], min(p["decimals"], decimals))
        q = content.heterogeneity(e) if e else None
        rows.append(
            {
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
        )
    return rows


def _traits(content: Content) -> list[dict[str, str]]:
    def known(value: object) -> str:
        return str(value) if value not in {None, ""} else "unknown"

    rows = []
    for t in content.traits.to_dicts():
        people = "unknown" if t["n_people"] is None else f"{t['n_people']:,}"
        if t["n_cases"] is not None:
            people += f" ({count(t['n_cases'], 'case')})"
        if t["prevalence"] is not None:
            people += f", prevalence {significant(t['prevalence'])}"
        if t["age_range"]:
            people += f", age {t['age_range']}"
        rows.append(
            {
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
        )
    return rows
