"""Rows of estimates with intervals: what forest, leave-one-out and single-variant figures have in common."""

from __future__ import annotations

import math
from typing import Any

from osteobiome.plot.style import AXIS_WIDTH, BARE_AXIS, BLUE, GREY, VERMILLION, Spec, base, wrap

MANY_ROWS = 60
"""Above this many rows names would overlap: they are left to the pointer, and rows become thin."""
ROW, THIN_ROW = 15, 5
"""Height of a row in pixels."""
TALL = 1_500
"""Height that very many thin rows share: a figure taller than a screen or two shows nothing more."""
SUMMARY = "summary"


def interval_rows(
    rows: list[dict[str, Any]], *, title: str, axis: str, description: str, row_title: str, reference: str = ""
) -> Spec:
    """Return a figure of rows of estimates.

    Parameters
    ----------
    rows : list of dict
        ``label`` (distinct), ``beta``, ``low`` (lower end of a symmetric interval) and ``group`` (``summary`` rows
        stand out and come last).
    title, axis, description : str
        Title, axis title with unit, text for screen readers.
    row_title : str
        What a row is, for the tooltip.
    reference : str
        Name of a dataset with a column ``at``: a line across all rows; empty for none.

    Returns
    -------
    dict
        Vega-Lite specification; datasets ``rows`` and ``zero``.
    """
    thin = len(rows) > MANY_ROWS
    height = len(rows) * ROW
    y: Spec = {
        "field": "label",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": {**BARE_AXIS, "labelLimit": 150, "labelFontSize": 10},
    }
    if thin:
        rows, height = _places(rows)
        y = {"field": "y", "type": "quantitative", "axis": None, "scale": {"domain": [0, height], "range": [0, height]}}
    x: Spec = {"type": "quantitative", "title": wrap(axis, AXIS_WIDTH), "axis": {"tickCount": 5}}
    spec = base(title=title, height=max(60, height), description=description)
    spec["datasets"] = {"rows": rows, "zero": ZERO}
    spec["data"] = {"name": "rows"}
    spec["transform"] = [{"calculate": "2 * datum.beta - datum.low", "as": "high"}]
    spec["layer"] = [
        zero_line(),
        *([reference_line(reference)] if reference else []),
        *_marks(x, y, thin=thin, row_title=row_title),
    ]
    if thin:
        spec["layer"].append(
            {
                "transform": [{"filter": f"datum.group == '{SUMMARY}'"}],
                "mark": {"type": "text", "align": "left", "baseline": "middle", "fontSize": 10},
                "encoding": {"y": y, "x": {"value": 4}, "text": {"field": "label"}},
            }
        )
    return spec


def _marks(x: Spec, y: Spec, *, thin: bool, row_title: str) -> list[Spec]:
    """Return the layers of intervals and estimates; summary rows differ by colour and shape."""

    def by_group(summary: object, other: object) -> Spec:
        return {"condition": {"test": f"datum.group == '{SUMMARY}'", "value": summary}, "value": other}

    tooltip = [
        {"field": "label", "type": "nominal", "title": row_title},
        {"field": "beta", "type": "quantitative", "title": "estimate", "format": ".4g"},
        {"field": "low", "type": "quantitative", "title": "from", "format": ".4g"},
        {"field": "high", "type": "quantitative", "title": "to", "format": ".4g"},
    ]
    shared = {"y": y, "color": by_group(VERMILLION, BLUE), "tooltip": tooltip}
    return [
        {
            "mark": {"type": "rule", "strokeWidth": 1 if thin else 1.6, "opacity": 0.8, "tooltip": True},
            "encoding": {**shared, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", "filled": True, "opacity": 1},
            "encoding": {
                **shared,
                "x": {**x, "field": "beta"},
                "shape": by_group("diamond", "square"),
                # a thin row leaves no room for squares: the interval is the mark
                "size": by_group(90, 9 if thin else 34),
            },
        },
    ]


def _places(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """Add the place of each row in pixels from the top: thin ones, but room for those that stand out."""
    placed, at = [], 0.0
    thin = min(THIN_ROW, TALL / len(rows))
    for row in rows:
        height = ROW if row["group"] == SUMMARY else thin
        placed.append({**row, "y": at + height / 2})
        at += height
    return placed, math.ceil(at)


def zero_line() -> Spec:
    """Return the layer of the line of no effect; its dataset is ``zero``."""
    return {
        "data": {"name": "zero"},
        "transform": [],
        "mark": {"type": "rule", "strokeDash": [4, 3]},
        "encoding": {"x": {"field": "zero", "type": "quantitative"}},
    }


def reference_line(dataset: str) -> Spec:
    """Return the layer of a line at the estimate that rows are compared with."""
    return {
        "data": {"name": dataset},
        "mark": {"type": "rule", "color": GREY, "strokeWidth": 1.2},
        "encoding": {"x": {"field": "at", "type": "quantitative"}},
    }


ZERO: list[dict[str, object]] = [{"zero": 0}]
