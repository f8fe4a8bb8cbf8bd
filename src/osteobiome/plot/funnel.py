"""Funnel plot: precision of each variant's ratio against the ratio; asymmetry suggests directional pleiotropy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.text import listed
from osteobiome.plot.figure import Figure, need
from osteobiome.plot.intervals import ZERO, zero_line
from osteobiome.plot.style import AXIS_WIDTH, GREY, base, line_styles, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

NEEDED = ("rsid", "wald_ratio", "wald_ratio_se")


def funnel(
    frame: pl.DataFrame, lines: Sequence[tuple[str, float]], *, title: str, unit: str, caption: str = ""
) -> Figure:
    r"""Return a funnel plot.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns of the ``HARMONISED`` schema, one row per variant; variants without a ratio are left out.
    lines : sequence of (str, float)
        Label and estimate of each method.
    title : str
        Title above the figure.
    unit : str
        Unit of the ratios.
    caption : str
        What is to be seen, in words.

    Returns
    -------
    Figure
        Datasets ``variants`` (``ratio``, ``se``), ``lines``, ``zero``.

    Notes
    -----
    The vertical axis is the precision :math:`|\hat\gamma_j|/\sigma_{Yj}`, the inverse of the ratio's first-order
    error. (Bowden et al. 2015, doi:10.1093/ije/dyv080)
    """
    need(frame.columns, NEEDED, figure="funnel plot")
    points = frame.select("rsid", ratio="wald_ratio", se="wald_ratio_se").drop_nulls(["ratio", "se"])
    order = [label for label, _ in lines]
    colours, dashes = line_styles(len(order))
    x = {"field": "ratio", "type": "quantitative", "title": wrap(f"Effect by one variant, {unit}", AXIS_WIDTH)}
    y = {
        "field": "precision",
        "type": "quantitative",
        "title": ["Precision (1 / standard error)"],
        "scale": {"padding": 8},
    }
    spec = base(
        title=title,
        height=280,
        description=f"Funnel plot of {points.height} variants with the estimates of {listed(order) or 'no method'}",
    )
    spec["datasets"] = {
        "variants": points.to_dicts(),
        "lines": [{"method": label, "at": at} for label, at in lines],
        "zero": ZERO,
    }
    spec["data"] = {"name": "variants"}
    spec["transform"] = [{"calculate": "1 / datum.se", "as": "precision"}]
    spec["layer"] = [
        zero_line(),
        {
            "mark": {"type": "point", "filled": True, "size": 30, "opacity": 0.85, "color": GREY},
            "encoding": {
                "x": {**x, "axis": {"tickCount": 5}},
                "y": {**y, "axis": {"tickCount": 5}},
                "tooltip": [
                    {"field": "rsid", "type": "nominal", "title": "variant"},
                    {"field": "ratio", "type": "quantitative", "title": "effect", "format": ".4g"},
                    {"field": "se", "type": "quantitative", "title": "standard error", "format": ".4g"},
                ],
            },
        },
        {
            "data": {"name": "lines"},
            "transform": [],
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {
                "x": {"field": "at", "type": "quantitative"},
                "color": {"field": "method", "type": "nominal", "scale": {"domain": order, "range": colours}},
                "strokeDash": {"field": "method", "type": "nominal", "scale": {"domain": order, "range": dashes}},
            },
        },
    ]
    return Figure(spec, "funnel", caption)
