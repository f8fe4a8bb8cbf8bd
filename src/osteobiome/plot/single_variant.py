"""Single-variant plot: the ratio of each variant beside the estimates of the methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.plot.figure import Figure, need
from osteobiome.plot.intervals import SUMMARY, interval_rows
from osteobiome.plot.style import Z95, distinct

if TYPE_CHECKING:
    from collections.abc import Sequence

NEEDED = ("rsid", "wald_ratio", "wald_ratio_se")


def single_variant(
    frame: pl.DataFrame, estimates: Sequence[tuple[str, float, float]], *, title: str, unit: str, caption: str = ""
) -> Figure:
    """Return a single-variant plot.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns of the ``HARMONISED`` schema, one row per variant; variants without a ratio are left out.
    estimates : sequence of (str, float, float)
        Label, estimate and lower end of the interval of methods that use all variants.
    title : str
        Title above the figure.
    unit : str
        Unit of the ratios.
    caption : str
        What is to be seen, in words.

    Returns
    -------
    Figure
        Dataset ``rows``: variants ordered by ratio, then the methods.
    """
    need(frame.columns, NEEDED, figure="single-variant plot")
    rows = (
        frame.select("rsid", beta="wald_ratio", low=pl.col("wald_ratio") - Z95 * pl.col("wald_ratio_se"))
        .drop_nulls(["beta", "low"])
        .sort("beta", "rsid")
        .to_dicts()
    )
    labels = distinct([row["rsid"] or "unnamed variant" for row in rows] + [label for label, _, _ in estimates])
    values = [(row["beta"], row["low"], "variant") for row in rows]
    values += [(beta, low, SUMMARY) for _, beta, low in estimates]
    data = [
        {"label": label, "beta": beta, "low": low, "group": group}
        for label, (beta, low, group) in zip(labels, values, strict=True)
    ]
    spec = interval_rows(
        data,
        title=title,
        axis=f"Effect in {unit}, 95 % interval",
        description=f"Single-variant plot: {len(rows)} variants and {len(estimates)} methods",
        row_title="variant or method",
    )
    return Figure(spec, "single_variant", caption)
