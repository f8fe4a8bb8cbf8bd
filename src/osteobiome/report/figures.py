"""Which figures a study has: forests and loci for all of it, scatter, funnel and the rest for each pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from osteobiome.core.text import count
from osteobiome.plot import Figure, forest, funnel, leave_one_out, locus, scatter, single_variant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osteobiome.report.content import Content

MANY_ESTIMATES = 40
"""Rows of a forest; of more estimates those with the smallest p are shown."""
MANY_FORESTS = 6
PANELS = 4
"""Traits per locus plot."""


def study_figures(content: Content) -> list[Figure]:
    """Return one forest per family and unit: numbers in different units or families never share an axis.

    Parameters
    ----------
    content : Content
        Tables and facts of a finished study.
    """
    ok = content.primary().filter(pl.col("status") == "ok")
    groups = ok.group_by(["family", "unit"], maintain_order=True)
    made = [_forest(content, str(family), str(unit), part) for (family, unit), part in groups]
    return made[:MANY_FORESTS]


def _forest(content: Content, family: str, unit: str, part: pl.DataFrame) -> Figure:
    total = part.height
    if total > MANY_ESTIMATES:
        part = part.sort("neg_log_10_p_value", descending=True, maintain_order=True).head(MANY_ESTIMATES)
    several = part["exposure"].n_unique() > 1
    labels = [_pair_label(content, r) if several else content.label(r["outcome"]) for r in part.to_dicts()]
    title = "Primary estimates" if several else f"Primary estimates for {content.label(part['exposure'][0])}"
    if len(content.study["families"]) > 1:
        title += f", family {family}"
    caption = "Squares are primary estimates, lines their 95 % intervals, the dashed line is no effect."
    if total > part.height:
        caption += f" The {part.height} estimates with the smallest p of {total}."
    return forest(part.with_columns(pl.Series("label", labels)), title=title, unit=unit, caption=caption)


def pair_figures(content: Content, row: dict[str, Any]) -> list[Figure]:
    """Return scatter, funnel, leave-one-out and single-variant figures of a pair, as far as it has the numbers.

    Parameters
    ----------
    content : Content
        Tables and facts of a finished study.
    row : dict
        Primary estimate of the pair.
    """
    variants = content.of_pair("harmonised", row)
    estimates = [e for e in content.of_pair("estimates", row).to_dicts() if e["status"] == "ok"]
    if variants.is_empty() or not estimates:
        return []
    title = _pair_label(content, row)
    figures = [_scatter(content, row, variants, estimates, title)]
    if variants.height > 1:
        lines = _distinct([(content.short_label(e["method"]), e["beta"]) for e in estimates])
        caption = (
            "Each point is a variant: its own estimate, and how precise that is. Without directional pleiotropy the "
            "points lie evenly on both sides of the lines, which are the estimates of the methods."
        )
        figures.append(funnel(variants, lines, title=f"Funnel: {title}", unit=row["unit"], caption=caption))
        figures += _leave_one_out(content, row, title)
    lows = [(content.short_label(e["method"]), e["beta"], e["ci_low"]) for e in estimates]
    caption = "Squares are single variants with 95 % intervals, diamonds the methods that use all of them."
    figures.append(
        single_variant(variants, lows, title=f"Variant by variant: {title}", unit=row["unit"], caption=caption)
    )
    return figures


def _scatter(
    content: Content, row: dict[str, Any], variants: pl.DataFrame, estimates: list[dict[str, Any]], title: str
) -> Figure:
    exposure, outcome = content.trait(row["exposure"]), content.trait(row["outcome"])
    lower = content.exposure_direction(row["family"]) == "lower"
    return scatter(
        variants.with_columns(-pl.col("beta_exposure")) if lower else variants,
        _lines(content, estimates),
        title=title,
        exposure_axis=_axis(exposure, prefix="lower " if lower else ""),
        outcome_axis=_axis(outcome),
        caption=(
            "Each point is a variant with 95 % intervals, turned so that its effect on the exposure is positive; "
            "lines are the slopes of the methods."
        ),
    )


def _leave_one_out(content: Content, row: dict[str, Any], title: str) -> list[Figure]:
    refits = content.of_pair("leave_one_out", row).filter((pl.col("kind") == "variant") & (pl.col("status") == "ok"))
    overall = [
        e for e in content.of_pair("estimates", row).to_dicts() if refits.height and e["method"] == refits["method"][0]
    ]
    if not overall or overall[0]["status"] != "ok":
        return []
    caption = (
        f"The estimate by {content.method_label(overall[0]['method'])} without each variant in turn, with 95 % "
        "intervals; the diamond and the grey line are the estimate from all variants."
    )
    return [leave_one_out(refits, overall[0], title=f"Leave one out: {title}", unit=row["unit"], caption=caption)]


def locus_figures(content: Content) -> list[Figure]:
    """Return a figure per locus and up to three further traits: the first trait of a locus is always shown.

    Parameters
    ----------
    content : Content
        Tables and facts of a finished study.
    """
    figures = []
    for (name,), part in content.regional.group_by(["locus"], maintain_order=True):
        first, *others = part["trait_id"].unique(maintain_order=True).to_list()
        genes = content.genes.filter(pl.col("locus") == name)
        for start in range(0, max(1, len(others)), PANELS - 1):
            chosen = [first, *others[start : start + PANELS - 1]]
            shown = part.filter(pl.col("trait_id").is_in(chosen)).with_columns(
                pl.col("trait_id").replace_strict({t: content.label(t) for t in chosen}).alias("label")
            )
            caption = (
                f"Associations in the region, {count(shown['rsid'].n_unique(), 'variant')}; colour is r² with the lead "
                "variant (diamond), the dashed line p = 5 × 10⁻⁸. One causal variant for two traits would give the "
                "same pattern in both."
            )
            figures.append(locus(shown, genes, title=f"Locus {name}", caption=caption))
    return figures


def all_figures(content: Content) -> Iterator[tuple[str, Figure]]:
    """Yield every figure of a study with a name for its file.

    Parameters
    ----------
    content : Content
        Tables and facts of a finished study.
    """
    for i, figure in enumerate(study_figures(content), start=1):
        yield f"forest-{i}", figure
    for i, figure in enumerate(locus_figures(content), start=1):
        yield f"locus-{i}", figure
    for row in content.primary().to_dicts():
        for figure in pair_figures(content, row):
            yield f"{row['family']}--{row['exposure']}--{row['outcome']}--{figure.name}", figure


def _pair_label(content: Content, row: dict[str, Any]) -> str:
    return f"{content.label(row['exposure'])} → {content.label(row['outcome'])}"


def _axis(trait: dict[str, Any], *, prefix: str = "") -> str:
    return f"Effect on {prefix}{trait['label']}, {trait['unit_label']} per allele"


CURVED = {"egger_radial", "grip"}
"""Methods whose intercept is on another scale than the scatter plot: there they are no straight lines."""


def _lines(content: Content, estimates: list[dict[str, Any]]) -> list[tuple[str, float, float]]:
    """Return label, slope and intercept of each distinct line."""
    lines: list[tuple[str, float, float]] = []
    for e in estimates:
        if e["method"] in CURVED:
            continue
        test = content.diagnostic(e, "egger_intercept")
        intercept = test["estimate"] if test else 0.0
        if intercept is None:
            continue
        if any(abs(e["beta"] - b) < 1e-12 and abs(intercept - a) < 1e-12 for _, b, a in lines):
            continue  # models that differ in the error alone draw the same line
        lines.append((content.short_label(e["method"]), e["beta"], intercept))
    return lines


def _distinct(lines: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """Leave out later lines at the same place."""
    kept: list[tuple[str, float]] = []
    for label, at in lines:
        if not any(abs(at - other) < 1e-12 for _, other in kept):
            kept.append((label, at))
    return kept
