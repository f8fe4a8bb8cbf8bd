"""Locus plot: association of every variant of a region, in one panel per trait, above the genes of the region."""

from __future__ import annotations

from typing import Any

import polars as pl

from osteobiome.core.text import p_value
from osteobiome.core.thresholds import GENOME_WIDE_P, neg_log10
from osteobiome.plot.figure import Figure, need
from osteobiome.plot.style import BLUE, GREY, Spec, base, wrap

VARIANT_COLUMNS = ("trait_id", "label", "rsid", "chromosome", "position", "neg_log_10_p_value", "ld_r2", "is_lead")
GENE_COLUMNS = ("gene", "start", "end", "strand")
BINS = ("0–0.2", "0.2–0.4", "0.4–0.6", "0.6–0.8", "0.8–1")
UNKNOWN = "not known"
# From pale to dark, so that the order also holds in grey print and for colour-blind readers; dark enough on white and
# light enough on black. High r² is larger and drawn last.
BIN_COLOURS = ("#A9B7C6", "#7C9FD3", "#9B7BC8", "#C2478F", "#B3162F")
BIN_SIZES = (12, 20, 28, 36, 44)
PANEL_PIXELS = 130
TITLE_LINE_PIXELS = 15
GAP_PIXELS = 12
AXIS_PIXELS = 32
GENE_ROW_PIXELS = 26
LABEL_WIDTH = 44
NARROWEST_PIXELS = 290
"""Width of the plotting area on a phone, 375 pixels wide: labels of genes must not overlap there."""
CHARACTER_PIXELS = 6.6
LOWEST_TOP = 8.5
"""The p axis reaches at least this far, so that the genome-wide line is seen where nothing comes near it."""

TOOLTIP = [
    {"field": "rsid", "type": "nominal", "title": "variant"},
    {"field": "trait", "type": "nominal", "title": "trait"},
    {"field": "position", "type": "quantitative", "title": "position", "format": ",d"},
    {"field": "p", "type": "nominal", "title": "p"},
    {"field": "r2", "type": "quantitative", "title": "r² with the lead variant", "format": ".3f"},
]
GENE_TOOLTIP = [
    {"field": "name", "type": "nominal", "title": "gene"},
    {"field": "start", "type": "quantitative", "title": "from", "format": ",d"},
    {"field": "end", "type": "quantitative", "title": "to", "format": ",d"},
]


def locus(
    frame: pl.DataFrame,
    genes: pl.DataFrame,
    *,
    title: str,
    start: int | None = None,
    end: int | None = None,
    caption: str = "",
) -> Figure:
    """Return a locus plot.

    Parameters
    ----------
    frame : polars.DataFrame
        Variants of one region for one or several traits: ``trait_id`` (one panel each, in order of first appearance),
        ``label`` (the trait for readers), ``rsid``, ``chromosome``, ``position`` (base pairs), ``neg_log_10_p_value``,
        ``ld_r2`` (squared correlation with the lead variant, null where unknown), ``is_lead``.
    genes : polars.DataFrame
        ``gene``, ``start``, ``end`` (base pairs), ``strand`` (+1, -1, or null); without rows there is no gene track.
    title : str
        Title above the figure.
    start, end : int, optional
        Ends of the region, base pairs; left out, those of the variants.
    caption : str
        What is to be seen, in words.

    Returns
    -------
    Figure
        Datasets ``variants``, ``leads`` (the rows of the lead variant), ``panels`` and ``genes``.

    Raises
    ------
    SchemaError
        A column is missing.

    Notes
    -----
    The panels are scales with ranges of their own in one view, not concatenated views: only a single view can take the
    width of its place on the page.

    Examples
    --------
    >>> rows = {"trait_id": ["t"], "label": ["Trait"], "rsid": ["rs1"], "chromosome": [17], "position": [41800000]}
    >>> variants = pl.DataFrame({**rows, "neg_log_10_p_value": [9.0], "ld_r2": [1.0], "is_lead": [True]})
    >>> genes = pl.DataFrame({"gene": ["SOST"], "start": [41831099], "end": [41836156], "strand": [-1]})
    >>> figure = locus(variants, genes, title="SOST", start=41790000, end=41840000)
    >>> figure.datasets["variants"][0]["bin"], figure.datasets["genes"][0]["name"]
    ('0.8–1', '← SOST')
    """
    need(frame.columns, VARIANT_COLUMNS, figure="variants of a locus plot")
    need(genes.columns, GENE_COLUMNS, figure="genes of a locus plot")
    low, high = _region(frame, genes, start, end)
    panels = dict(frame.select("trait_id", "label").unique("trait_id", maintain_order=True).iter_rows())
    frame = frame.filter(pl.col("position").is_between(low, high))
    variants = _variant_rows(frame, list(panels))
    leads = sorted((row for row in variants if row["is_lead"]), key=lambda row: row["panel"])
    gene_rows = _gene_rows(genes, low, high)
    x = _x_axis(frame, low, high)
    layers: list[Spec] = []
    top = 0
    for index, (trait_id, label) in enumerate(panels.items()):
        lines = wrap(label, LABEL_WIDTH)
        top += TITLE_LINE_PIXELS * len(lines) + 4
        panel = _panel(index, lines, frame.filter(pl.col("trait_id") == trait_id), x, top)
        if leads and leads[0]["panel"] == index:  # named once: further down the name would hide points
            panel["layer"].append(_name(panel["layer"][-1]))
        layers.append(panel)
        top += PANEL_PIXELS + GAP_PIXELS
    height = top
    if gene_rows:
        height += GENE_ROW_PIXELS * (1 + max(row["row"] for row in gene_rows)) + GAP_PIXELS
        layers.append(_gene_track(x, top, height))
    spec = base(title=title, height=max(height, 1), description=_description(frame, list(panels.values()), gene_rows))
    spec["datasets"] = {
        "variants": variants,
        "leads": leads,
        "panels": [
            {"panel": i, "trait": label, "line": neg_log10(GENOME_WIDE_P)} for i, label in enumerate(panels.values())
        ],
        "genes": gene_rows,
    }
    spec["layer"] = layers
    spec["resolve"] = {"scale": {"y": "independent"}}
    spec["config"]["legend"] |= {
        "direction": "horizontal",
        "columns": 3,
        "titleFontSize": 11,
        "titleFontWeight": 400,
        "titleLimit": 320,
    }
    return Figure(spec, "locus", caption)


def _region(frame: pl.DataFrame, genes: pl.DataFrame, start: int | None, end: int | None) -> tuple[int, int]:
    """Return the ends of the x axis: as asked, else those of the variants, else those of the genes."""
    places = [*frame["position"].drop_nulls()] or [*genes["start"].drop_nulls(), *genes["end"].drop_nulls()] or [0]
    low = min(places) if start is None else start
    high = max(places) if end is None else end
    return (low, high) if high > low else (low - 1, low + 1)


def _variant_rows(frame: pl.DataFrame, panels: list[str]) -> list[dict[str, Any]]:
    """Return the points in the order of drawing: unknown LD first, then by r²."""
    return [
        {
            "panel": panels.index(row["trait_id"]),
            "trait": row["label"],
            "rsid": row["rsid"],
            "position": row["position"],
            "neg_log_10_p_value": row["neg_log_10_p_value"],
            "p": p_value(row["neg_log_10_p_value"]),
            "r2": row["ld_r2"],
            "bin": _bin(row["ld_r2"]),
            "is_lead": bool(row["is_lead"]),
        }
        for row in frame.sort("ld_r2", nulls_last=False, maintain_order=True).to_dicts()
    ]


def _bin(r2: float | None) -> str:
    """Return the class of an r²; a value on an edge belongs to the upper class.

    Examples
    --------
    >>> _bin(0.2), _bin(1.0), _bin(None)
    ('0.2–0.4', '0.8–1', 'not known')
    """
    return UNKNOWN if r2 is None else BINS[min(int(r2 * 5 + 1e-9), 4)]


def _gene_rows(genes: pl.DataFrame, low: int, high: int) -> list[dict[str, Any]]:
    """Return the genes that touch the region, in as few rows as their names allow on a narrow page."""
    base_pairs_per_pixel = (high - low) / NARROWEST_PIXELS
    ends: list[float] = []
    rows = []
    inside = genes.filter((pl.col("end") >= low) & (pl.col("start") <= high)).sort("start", "end", "gene")
    for gene in inside.to_dicts():
        name = {1: f"{gene['gene']} →", -1: f"← {gene['gene']}"}.get(gene["strand"], gene["gene"])
        half = len(name) * CHARACTER_PIXELS * base_pairs_per_pixel / 2
        first, last = max(gene["start"], low), min(gene["end"], high)
        at, align = (first + last) / 2, "center"
        if at - half < low:
            at, align = low, "left"
        elif at + half > high:
            at, align = high, "right"
        left = {"center": at - half, "left": at, "right": at - 2 * half}[align]
        right = max(last, left + 2 * half)
        row = next((i for i, taken in enumerate(ends) if taken < min(first, left)), len(ends))
        ends[row : row + 1] = [right + 4 * base_pairs_per_pixel]
        rows.append({**{key: gene[key] for key in ("gene", "strand")}, "start": first, "end": last, "name": name,
                     "row": row, "at": at, "align": align})  # fmt: skip
    return rows


def _x_axis(frame: pl.DataFrame, low: int, high: int) -> Spec:
    """Return the shared x channel in base pairs, labelled in Mb."""
    chromosomes = frame["chromosome"].drop_nulls().unique().to_list()
    name = {23: "X", 24: "Y", 25: "MT"}.get(chromosomes[0], str(chromosomes[0])) if len(chromosomes) == 1 else ""
    decimals = 1 if high - low > 2_000_000 else 2 if high - low > 60_000 else 3
    return {
        "field": "position",
        "type": "quantitative",
        "title": f"Position on chromosome {name}, Mb" if name else "Position, Mb",
        "scale": {"domain": [low, high], "nice": False, "zero": False},
        "axis": {
            "tickCount": 5,
            "labelExpr": f"format(datum.value / 1e6, '.{decimals}f')",
            "grid": False,
            "labelFlush": True,
        },
    }


def _panel(index: int, lines: list[str], frame: pl.DataFrame, x: Spec, top: int) -> Spec:
    """Return the layers of one trait, in the pixels below ``top``."""
    highest = frame["neg_log_10_p_value"].max()
    reach = max(LOWEST_TOP, 1.18 * highest) if isinstance(highest, float) else LOWEST_TOP  # room for the lead's name
    y = {
        "field": "neg_log_10_p_value",
        "type": "quantitative",
        "title": "−log10 p",
        "scale": {"domain": [0, reach], "range": [top + PANEL_PIXELS, top], "nice": False},
        "axis": {"orient": "left", "tickCount": 4, "minExtent": AXIS_PIXELS, "grid": False},
    }

    def rows(dataset: str) -> Spec:
        return {"data": {"name": dataset}, "transform": [{"filter": f"datum.panel === {index}"}]}

    place = {"x": x, "y": y}
    at_line = {**y, "field": "line"}
    texts: list[Spec] = [
        {**rows("panels"),
         "mark": {"type": "text", "text": lines, "align": "left", "baseline": "bottom", "fontWeight": 600,
                  "fontSize": 11, "lineHeight": TITLE_LINE_PIXELS, "dy": -TITLE_LINE_PIXELS * (len(lines) - 1)},
         "encoding": {"x": {"value": 0}, "y": {"value": top - 4}}},
    ]  # fmt: skip
    if index == 0:
        mark = {"type": "text", "text": "genome-wide significance", "align": "right", "baseline": "bottom",
                "dy": -2, "fontSize": 10}  # fmt: skip
        texts.append({**rows("panels"), "mark": mark, "encoding": {"x": {"value": "width"}, "y": at_line}})
    marks: list[Spec] = [
        {**rows("panels"), "mark": {"type": "rule", "strokeDash": [4, 3]}, "encoding": {"y": at_line}},
        {**rows("variants"), "mark": {"type": "point", "strokeWidth": 1, "opacity": 0.9},
         "encoding": {**place, **_ld_channels(), "tooltip": TOOLTIP}},
        {**rows("leads"), "mark": {"type": "point", "shape": "diamond", "filled": True, "size": 130, "opacity": 1,
                                   "color": BLUE},
         "encoding": {**place, "tooltip": TOOLTIP}},
    ]  # fmt: skip
    return {"layer": [*texts, *marks]}


def _name(diamond: Spec) -> Spec:
    """Return the layer that writes the name of the lead variant above its diamond."""
    place = {channel: diamond["encoding"][channel] for channel in ("x", "y")}
    return {
        **diamond,
        "mark": {"type": "text", "dy": -11, "fontSize": 11},
        "encoding": {**place, "text": {"field": "rsid"}},
    }


def _ld_channels() -> Spec:
    """Return the channels of r²: fill and size by class; unknown is an empty ring, which needs no colour."""
    classes = [*reversed(BINS), UNKNOWN]

    def channel(values: list[Any]) -> Spec:
        # ordinal, as the library objects to a size without order; the legend's title stands here, because a title of
        # the channel, or a channel without legend, would take the legend away from all three
        return {
            "field": "bin",
            "type": "ordinal",
            "scale": {"domain": classes, "range": values},
            "legend": {"title": "r² with the lead variant (diamond)"},
        }

    return {
        "fill": channel([*reversed(BIN_COLOURS), "transparent"]),
        "stroke": channel([*reversed(BIN_COLOURS), GREY]),
        "size": channel([*reversed(BIN_SIZES), BIN_SIZES[0]]),
    }


def _gene_track(x: Spec, top: int, bottom: int) -> Spec:
    """Return the layers of the genes, in the pixels from ``top`` to ``bottom``."""
    rows = (bottom - top) / GENE_ROW_PIXELS
    y = {
        "field": "row",
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": [-0.5, rows - 0.5], "range": [top, bottom], "nice": False, "zero": False},
    }
    data = {"name": "genes"}
    names: list[Spec] = [
        {"data": data, "transform": [{"filter": f"datum.align === '{align}'"}],
         "mark": {"type": "text", "align": align, "baseline": "bottom", "dy": -6, "fontSize": 10,
                  "fontStyle": "italic"},
         "encoding": {"x": {**x, "field": "at"}, "y": y, "text": {"field": "name"}}}
        for align in ("left", "center", "right")
    ]  # fmt: skip
    bar: Spec = {
        "data": data,
        "mark": {"type": "rule", "strokeWidth": 5, "strokeCap": "square", "color": GREY},
        "encoding": {"x": {**x, "field": "start"}, "x2": {"field": "end"}, "y": y, "tooltip": GENE_TOOLTIP},
    }
    return {"layer": [bar, *names]}


def _description(frame: pl.DataFrame, panels: list[str], genes: list[dict[str, Any]]) -> str:
    """Return what the figure shows, for screen readers."""
    leads = frame.filter(pl.col("is_lead"))["rsid"].drop_nulls().unique(maintain_order=True).to_list()
    lead = f", lead variant {', '.join(leads)}" if leads else ""
    below = f", above {len(genes)} genes" if genes else ""
    return f"Regional associations of {frame['rsid'].n_unique()} variants with {', '.join(panels)}{lead}{below}"
