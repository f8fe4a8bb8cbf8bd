"""Forest plot: one estimate per row, with its interval and the line of no effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.plot.style import BLUE, Spec, base, wrap

if TYPE_CHECKING:
    import polars as pl

LABEL_WIDTH = 24
LINE_PIXELS = 13
GAP_PIXELS = 10


def forest(frame: pl.DataFrame, *, title: str, unit: str) -> Spec:
    """Return the specification of a forest plot.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns ``label`` (String, one per row), ``beta``, ``ci_low``, ``ci_high`` (unit of the estimates); rows
        without an estimate are left out.
    title : str
        Title above the figure.
    unit : str
        Unit of the estimates, for the axis.

    Returns
    -------
    dict
        Vega-Lite specification; rows in the order of the frame.

    Raises
    ------
    SchemaError
        A column is missing.

    Examples
    --------
    >>> import polars as pl
    >>> rows = pl.DataFrame({"label": ["a"], "beta": [0.1], "ci_low": [0.0], "ci_high": [0.2]})
    >>> forest(rows, title="Effects", unit="SD per SD")["layer"][2]["mark"]["type"]
    'point'
    """
    missing = [name for name in ("label", "beta", "ci_low", "ci_high") if name not in frame.columns]
    if missing:
        raise SchemaError(
            Fault("missing_column", "forest plot", f"no column '{missing[0]}'", "label, beta, ci_low, ci_high")
        )
    rows = frame.select("label", "beta", "ci_low", "ci_high").drop_nulls().to_dicts()
    for row in rows:
        row["label"] = "\n".join(wrap(row["label"], LABEL_WIDTH))
    _make_distinct(rows)
    order = [row["label"] for row in rows]
    y = {
        "field": "label",
        "type": "nominal",
        "sort": order,
        "title": None,
        "axis": {
            "labelExpr": "split(datum.label, '\\n')",
            "labelLimit": 170,
            "ticks": False,
            "domain": False,
            "labelPadding": 8,
        },
    }
    tooltip = [
        {"field": "label", "type": "nominal", "title": "outcome"},
        {"field": "beta", "type": "quantitative", "title": "estimate", "format": ".4g"},
        {"field": "ci_low", "type": "quantitative", "title": "from", "format": ".4g"},
        {"field": "ci_high", "type": "quantitative", "title": "to", "format": ".4g"},
    ]
    axis_title = wrap(f"Effect in {unit}, 95 % interval", 30)
    x = {"field": "ci_low", "type": "quantitative", "title": axis_title, "axis": {"tickCount": 5}}
    spec = base(
        title=title,
        height=len(rows) * (GAP_PIXELS + LINE_PIXELS * max([2, *(len(row["label"].split("\n")) for row in rows)])),
        description=f"Forest plot of {len(rows)} estimates in {unit} with 95 % intervals",
    )
    spec["data"] = {"values": rows}
    spec["layer"] = [
        {
            "mark": {"type": "rule", "strokeDash": [4, 3]},
            "data": {"values": [{"zero": 0}]},
            "encoding": {"x": {"field": "zero", "type": "quantitative"}},
        },
        {
            "mark": {"type": "rule", "strokeWidth": 2, "color": BLUE},
            "encoding": {"y": y, "x": x, "x2": {"field": "ci_high"}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 70, "shape": "square", "opacity": 1, "color": BLUE},
            "encoding": {"y": y, "x": {"field": "beta", "type": "quantitative"}, "tooltip": tooltip},
        },
    ]
    return spec


def _make_distinct(rows: list[dict[str, str]]) -> None:
    """Add characters without width to repeated labels: rows of one label would be drawn over each other."""
    seen: dict[str, int] = {}
    for row in rows:
        label = row["label"]
        seen[label] = seen.get(label, -1) + 1
        row["label"] = label + "\u200b" * seen[label]
