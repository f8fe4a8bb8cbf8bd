"""Scatter plot of a pair: each variant's effect on outcome against exposure, and the slopes of the methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.text import listed
from osteobiome.plot.figure import Figure, need
from osteobiome.plot.style import AXIS_WIDTH, GREY, Z95, Spec, base, line_styles, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

NEEDED = ("rsid", "beta_exposure", "se_exposure", "beta_outcome", "se_outcome")


def scatter(
    frame: pl.DataFrame,
    lines: Sequence[tuple[str, float, float]],
    *,
    title: str,
    exposure_axis: str,
    outcome_axis: str,
    caption: str = "",
) -> Figure:
    """Return an MR scatter plot.

    Variants are turned so that their exposure effect is positive.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns of the ``HARMONISED`` schema, one row per variant.
    lines : sequence of (str, float, float)
        Label, slope and intercept of each method.
    title : str
        Title above the figure.
    exposure_axis, outcome_axis : str
        Axis titles with units.
    caption : str
        What is to be seen, in words.

    Returns
    -------
    Figure
        Datasets ``variants`` (turned effects ``x``, ``y`` and their errors ``sx``, ``sy``) and ``lines``.

    Raises
    ------
    SchemaError
        A column is missing.
    """
    need(frame.columns, NEEDED, figure="scatter plot")
    turn = pl.when(pl.col("beta_exposure") < 0).then(-1.0).otherwise(1.0)
    points = frame.select(
        "rsid",
        x=pl.col("beta_exposure") * turn,
        sx="se_exposure",
        y=pl.col("beta_outcome") * turn,
        sy="se_outcome",
    )
    order = [label for label, _, _ in lines]
    spec = base(
        title=title,
        height=300,
        description=f"Scatter plot of {points.height} variants with the slopes of {listed(order) or 'no method'}",
    )
    x: Spec = {"type": "quantitative", "title": wrap(exposure_axis, AXIS_WIDTH), "axis": {"tickCount": 5}}
    y: Spec = {"type": "quantitative", "title": wrap(outcome_axis, AXIS_WIDTH), "axis": {"tickCount": 5}}
    spec["datasets"] = {"variants": points.to_dicts(), "lines": _ends(points, lines)}
    spec["data"] = {"name": "variants"}
    spec["transform"] = [
        {"calculate": f"datum.{axis} {sign} {Z95} * datum.s{axis}", "as": f"{axis}{end}"}
        for axis in "xy"
        for sign, end in (("-", 0), ("+", 1))
    ]
    bars = {"type": "rule", "opacity": 0.35, "color": "#888888"}
    spec["layer"] = [
        {"mark": bars, "encoding": {"x": {**x, "field": "x0"}, "x2": {"field": "x1"}, "y": {**y, "field": "y"}}},
        {"mark": bars, "encoding": {"x": {**x, "field": "x"}, "y": {**y, "field": "y0"}, "y2": {"field": "y1"}}},
        {
            "mark": {"type": "point", "filled": True, "size": 26, "opacity": 0.85, "color": GREY},
            "encoding": {
                "x": {**x, "field": "x"},
                "y": {**y, "field": "y"},
                "tooltip": [
                    {"field": "rsid", "type": "nominal", "title": "variant"},
                    {"field": "x", "type": "quantitative", "title": "on exposure", "format": ".4g"},
                    {"field": "y", "type": "quantitative", "title": "on outcome", "format": ".4g"},
                ],
            },
        },
        _line_layer(order, x, y),
    ]
    return Figure(spec, "scatter", caption)


def _ends(points: pl.DataFrame, lines: Sequence[tuple[str, float, float]]) -> list[dict[str, object]]:
    """Return both ends of each line."""
    reach = float(points["x"].max() or 0.0) * 1.05  # type: ignore[arg-type]
    return [
        {"method": label, "x": at, "y": intercept + slope * at}
        for label, slope, intercept in lines
        for at in (0.0, reach)
    ]


def _line_layer(order: list[str], x: Spec, y: Spec) -> Spec:
    """Return the layer of slopes; colour and dash both tell the methods apart."""
    colours, dashes = line_styles(len(order))

    def channel(values: Sequence[object]) -> Spec:
        return {"field": "method", "type": "nominal", "scale": {"domain": order, "range": list(values)}}

    return {
        "data": {"name": "lines"},
        "transform": [],
        "mark": {"type": "line", "strokeWidth": 2},
        "encoding": {
            "x": {**x, "field": "x"},
            "y": {**y, "field": "y"},
            "color": channel(colours),
            "strokeDash": channel(dashes),
        },
    }
