"""Colours, dashes and the look that all figures share."""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]

# Okabe & Ito, colour universal design (jfly.uni-koeln.de/color): tells apart for all common kinds of colour vision
BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREEN = "#009E73"
ORANGE = "#E69F00"
PURPLE = "#CC79A7"
SKY = "#56B4E9"
PALETTE = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY)
DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3), (4, 4), (1, 3))
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
VEGA_LITE = "6.4"


def base(*, title: str, height: int, description: str) -> Spec:
    """Return the frame of a figure: schema, size, title.

    Parameters
    ----------
    title : str
        Title above the figure.
    height : int
        Height of the plotting area in pixels.
    description : str
        What the figure shows, for screen readers.
    """
    return {
        "$schema": SCHEMA,
        "description": description,
        "title": {"text": wrap(title, 46), "anchor": "start", "fontSize": 13, "fontWeight": 600},
        "width": "container",
        "height": height,
        "background": "transparent",
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": {
            "view": {"stroke": None},
            "axis": {"labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": 400, "gridOpacity": 0.35},
            "legend": {"orient": "bottom", "direction": "vertical", "labelLimit": 320, "title": None},
            "font": "system-ui, sans-serif",
        },
    }


def wrap(text: str, width: int) -> list[str]:
    """Break a text into lines of at most ``width`` characters, at spaces.

    Examples
    --------
    >>> wrap("Heel bone mineral density", 12)
    ['Heel bone', 'mineral', 'density']
    """
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]
