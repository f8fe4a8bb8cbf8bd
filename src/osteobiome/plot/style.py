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
GREY = "#777777"
PALETTE = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY)
DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3), (4, 4), (1, 3))
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
VEGA_LITE = "6.4"
Z95 = 1.959964
"""Half width of a 95 % interval in standard errors, for the marks of figures."""
TITLE_WIDTH, AXIS_WIDTH = 40, 34
"""Characters of a line of a title, and of an axis title: what a phone has room for."""
LONGEST_WORD = 60
"""Characters above which a word is cut."""
BARE_AXIS: Spec = {"ticks": False, "domain": False, "labelPadding": 8}


def line_styles(n: int) -> tuple[list[str], list[list[int]]]:
    """Return colours and dashes for n lines; no two lines share both.

    Examples
    --------
    >>> colours, dashes = line_styles(8)
    >>> colours[0] == colours[6], dashes[0] == dashes[6]
    (True, False)
    """
    size = len(PALETTE)
    colours = [PALETTE[i % size] for i in range(n)]
    return colours, [list(DASHES[(i + i // size) % size]) for i in range(n)]


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
        "title": {"text": wrap(title, TITLE_WIDTH), "anchor": "start", "fontSize": 13, "fontWeight": 600},
        "width": "container",
        "height": height,
        "background": "transparent",
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": config(),
    }


def config() -> Spec:
    """Return the configuration that figures share."""
    return {
        "view": {"stroke": None},
        "axis": {
            "labelFontSize": 11,
            "titleFontSize": 11,
            "titleFontWeight": 400,
            "gridOpacity": 0.35,
            "labelFlush": False,
        },
        "legend": {"orient": "bottom", "direction": "vertical", "labelLimit": 320, "title": None},
        "font": "system-ui, sans-serif",
    }


def wrap(text: str, width: int) -> list[str]:
    """Break a text into lines of at most ``width`` characters, at spaces.

    Examples
    --------
    >>> wrap("Heel bone mineral density", 12)
    ['Heel bone', 'mineral', 'density']
    """
    lines: list[str] = []
    words = [piece for word in text.split() for piece in _pieces(word, width)]
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]


def _pieces(word: str, width: int) -> list[str]:
    """Cut a word that no reader would write; a little too long is better than a cut."""
    return (
        [word] if len(word) <= max(LONGEST_WORD, width) else [word[i : i + width] for i in range(0, len(word), width)]
    )


def distinct(labels: list[str]) -> list[str]:
    """Add characters without width to repeated labels: rows of one label would be drawn over each other.

    Examples
    --------
    >>> [len(label) for label in distinct(["a", "a", "b"])]
    [1, 2, 1]
    """
    seen: dict[str, int] = {}
    result = []
    for label in labels:
        seen[label] = seen.get(label, -1) + 1
        result.append(label + "\u200b" * seen[label])
    return result
