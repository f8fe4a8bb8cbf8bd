"""Scatter plot of a pair: each variant's effect on outcome against exposure, and the slopes of the methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.plot.style import DASHES, PALETTE, Spec, base, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

NEEDED = ("rsid", "beta_exposure", "se_exposure", "beta_outcome", "se_outcome")


def scatter(
    frame: pl.DataFrame, lines: Sequence[tuple[str, float, float]], *, title: str, exposure_axis: str, outcome_axis: str
) -> Spec:
    """Return the specification of an MR scatter plot.

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

    Returns
    -------
    dict
        Vega-Lite specification.

    Raises
    ------
    SchemaError
        A column is missing.
    """
    missing = [name for name in NEEDED if name not in frame.columns]
    if missing:
        raise SchemaError(Fault("missing_column", "scatter plot", f"no column '{missing[0]}'", ", ".join(NEEDED)))
    turn = pl.when(pl.col("beta_exposure") < 0).then(-1.0).otherwise(1.0)
    points = frame.select(
        "rsid",
        x=pl.col("beta_exposure") * turn,
        y=pl.col("beta_outcome") * turn,
        sx=1.96 * pl.col("se_exposure"),
        sy=1.96 * pl.col("se_outcome"),
    ).select(
        "rsid", "x", "y", x0=pl.col("x") - pl.col("sx"), x1=pl.col("x") + pl.col("sx"),
        y0=pl.col("y") - pl.col("sy"), y1=pl.col("y") + pl.col("sy"),
    )  # fmt: skip
    reach = float(points["x"].max() or 0.0) * 1.05  # type: ignore[arg-type]
    slopes: list[dict[str, object]] = [
        {"method": label, "x": at, "y": intercept + slope * at}
        for label, slope, intercept in lines
        for at in (0.0, reach)
    ]
    order = [label for label, _, _ in lines]
    x = {"field": "x", "type": "quantitative", "title": wrap(exposure_axis, 44), "axis": {"tickCount": 5}}
    y = {"field": "y", "type": "quantitative", "title": wrap(outcome_axis, 36), "axis": {"tickCount": 5}}
    spec = base(
        title=title,
        height=300,
        description=f"Scatter plot of {points.height} variants with the slopes of {', '.join(order) or 'no method'}",
    )
    bars = {"type": "rule", "opacity": 0.35, "color": "#888888"}
    spec["data"] = {"values": points.to_dicts()}
    spec["layer"] = [
        {"mark": bars, "encoding": {"x": {**x, "field": "x0"}, "x2": {"field": "x1"}, "y": y}},
        {"mark": bars, "encoding": {"x": x, "y": {**y, "field": "y0"}, "y2": {"field": "y1"}}},
        {
            "mark": {"type": "point", "filled": True, "size": 26, "opacity": 0.85, "color": "#777777"},
            "encoding": {
                "x": x,
                "y": y,
                "tooltip": [
                    {"field": "rsid", "type": "nominal", "title": "variant"},
                    {"field": "x", "type": "quantitative", "title": "on exposure", "format": ".4g"},
                    {"field": "y", "type": "quantitative", "title": "on outcome", "format": ".4g"},
                ],
            },
        },
        _line_layer(slopes, order, x, y),
    ]
    return spec


def _line_layer(slopes: list[dict[str, object]], order: list[str], x: Spec, y: Spec) -> Spec:
    """Return the layer of slopes; colour and dash both tell the methods apart."""

    def channel(values: list[object]) -> Spec:
        return {"field": "method", "type": "nominal", "scale": {"domain": order, "range": values}}

    return {
        "data": {"values": slopes},
        "mark": {"type": "line", "strokeWidth": 2},
        "encoding": {
            "x": x,
            "y": y,
            "color": channel(list(PALETTE[: len(order)])),
            "strokeDash": channel([list(dash) for dash in DASHES[: len(order)]]),
        },
    }
