"""Leave-one-out plot: the estimate without each variant, beside the estimate from all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.plot.figure import Figure, need
from osteobiome.plot.intervals import SUMMARY, interval_rows
from osteobiome.plot.style import distinct

if TYPE_CHECKING:
    from collections.abc import Mapping

NEEDED = ("left_out", "beta", "ci_low")


def leave_one_out(
    frame: pl.DataFrame, overall: Mapping[str, float], *, title: str, unit: str, caption: str = ""
) -> Figure:
    """Return a leave-one-out plot.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns of the ``LEAVE_ONE_OUT`` schema, one row per refit; rows without a number are left out.
    overall : mapping
        ``beta`` and ``ci_low`` of the estimate from all variants.
    title : str
        Title above the figure.
    unit : str
        Unit of the estimates.
    caption : str
        What is to be seen, in words.

    Returns
    -------
    Figure
        Dataset ``rows``, ordered by estimate, the estimate from all variants last.
    """
    need(frame.columns, NEEDED, figure="leave-one-out plot")
    rows = frame.select(*NEEDED).drop_nulls(["beta", "ci_low"]).sort("beta", "left_out").to_dicts()
    labels = distinct([row["left_out"] or "unnamed variant" for row in rows] + ["none left out"])
    data = [
        {"label": label, "beta": row["beta"], "low": row["ci_low"], "group": group}
        for label, row, group in zip(labels, [*rows, overall], ["refit"] * len(rows) + [SUMMARY], strict=True)
    ]
    spec = interval_rows(
        data,
        title=title,
        axis=f"Effect in {unit}, 95 % interval",
        description=f"Leave-one-out plot: {len(rows)} refits and the estimate from all variants",
        row_title="left out",
        reference="reference",
    )
    spec["datasets"]["reference"] = [{"at": overall["beta"]}]
    return Figure(spec, "leave_one_out", caption)
