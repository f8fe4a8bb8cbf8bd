"""Forest plot: one estimate per row, with its interval and the line of no effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.plot.figure import Figure, need
from osteobiome.plot.intervals import ZERO, zero_line
from osteobiome.plot.style import BARE_AXIS, BLUE, base, distinct, wrap

if TYPE_CHECKING:
    import polars as pl

LABEL_WIDTH = 24
LINE_PIXELS = 13
GAP_PIXELS = 10


def forest(frame: pl.DataFrame, *, title: str, unit: str, caption: str = "") -> Figure:
    """Return a forest plot.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns ``label`` (String, one per row), ``beta``, ``ci_low``, ``ci_high`` (unit of the estimates); rows
        without an estimate are left out.
    title : str
        Title above the figure.
    unit : str
        Unit of the estimates, for the axis.
    caption : str
        What is to be seen, in words.

    Returns
    -------
    Figure
        Rows in the order of the frame; dataset ``estimates``.

    Raises
    ------
    SchemaError
        A column is missing.

    Examples
    --------
    >>> import polars as pl
    >>> rows = pl.DataFrame({"label": ["a"], "beta": [0.1], "ci_low": [0.0], "ci_high": [0.2]})
    >>> forest(rows, title="Effects", unit="SD per SD").datasets["estimates"][0]["beta"]
    0.1
    """
    need(frame.columns, ("label", "beta", "ci_low", "ci_high"), figure="forest plot")
    rows = frame.select("label", "beta", "ci_low", "ci_high").drop_nulls().to_dicts()
    labels = distinct(["\n".join(wrap(row["label"], LABEL_WIDTH)) for row in rows])
    for row, label in zip(rows, labels, strict=True):
        row["label"] = label
    y = {
        "field": "label",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": {**BARE_AXIS, "labelExpr": "split(datum.label, '\\n')", "labelLimit": 170},
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
        height=len(rows) * (GAP_PIXELS + LINE_PIXELS * max([2, *(label.count("\n") + 1 for label in labels)])),
        description=f"Forest plot of {len(rows)} estimates in {unit} with 95 % intervals",
    )
    spec["datasets"] = {"estimates": rows, "zero": ZERO}
    spec["data"] = {"name": "estimates"}
    spec["layer"] = [
        zero_line(),
        {
            "mark": {"type": "rule", "strokeWidth": 2, "color": BLUE},
            "encoding": {"y": y, "x": x, "x2": {"field": "ci_high"}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 70, "shape": "square", "opacity": 1, "color": BLUE},
            "encoding": {"y": y, "x": {"field": "beta", "type": "quantitative"}, "tooltip": tooltip},
        },
    ]
    return Figure(spec, "forest", caption)
