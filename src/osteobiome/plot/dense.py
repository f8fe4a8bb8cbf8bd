"""Vector files of figures with very many marks: crowded layers become one image under the drawing.

The figure is drawn twice by the same specification. Once with the crowded layers alone, as PNG. Once with all the rest,
as SVG, where the crowded layers keep only the rows at the ends of their columns, unseen, so that axes stay as they are.
"""

from __future__ import annotations

import base64
import re
from copy import deepcopy
from itertools import permutations
from typing import TYPE_CHECKING, Any

from osteobiome.plot.style import VEGA_LITE, Z95, Spec

if TYPE_CHECKING:
    from collections.abc import Iterator

SCALE = 3.0
"""Pixels of the image per pixel of the figure: about 290 per inch at 96 pixels an inch."""
FEW_CATEGORIES = 30
_UNSEEN = {
    "axis": ("labelOpacity", "titleOpacity", "gridOpacity", "tickOpacity", "domainOpacity"),
    "legend": ("labelOpacity", "titleOpacity", "symbolOpacity", "gradientOpacity"),
}


def vector_svg(spec: Spec, *, limit: int) -> str:
    """Return a figure as SVG, crowded layers as an image.

    Parameters
    ----------
    spec : dict
        Specification with a width in pixels and named datasets.
    limit : int
        Rows of a dataset above which the layers that show it become an image.
    """
    import vl_convert

    crowded = {name for name, rows in spec["datasets"].items() if len(rows) > limit}
    if not crowded:
        return str(vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE))
    svg = str(vl_convert.vegalite_to_svg(_without(spec, crowded), vl_version=VEGA_LITE))
    png = bytes(vl_convert.vegalite_to_png(_only(spec, crowded), vl_version=VEGA_LITE, scale=SCALE))
    start = svg.index("<svg")
    head = svg.index(">", start) + 1
    size = " ".join(re.findall(r'\b(?:width|height)="[\d.]+"', svg[start:head]))
    image = f'<image x="0" y="0" {size} href="data:image/png;base64,{base64.b64encode(png).decode()}"/>'
    # over the ground, under everything else
    ground = re.match(r"\s*<rect\b[^>]*/>", svg[head:])
    at = head + (ground.end() if ground else 0)
    return svg[:at] + image + svg[at:]


def _layers(spec: Spec) -> Iterator[tuple[Spec, str]]:
    """Yield each unit of a specification that has marks, with the name of its dataset."""

    def walk(part: Spec, inherited: str) -> Iterator[tuple[Spec, str]]:
        name = part.get("data", {}).get("name", inherited)
        for key in ("layer", "vconcat"):
            for child in part.get(key, ()):
                yield from walk(child, name)
        if "mark" in part:
            yield part, name

    return walk(spec, "")


def _without(spec: Spec, crowded: set[str]) -> Spec:
    """Return the figure without its crowded marks, on the same axes."""
    spec = deepcopy(spec)
    for unit, name in _layers(spec):
        if name in crowded:
            _hide(unit, keep_legend=True)
    for name in crowded:
        spec["datasets"][name] = _ends(spec["datasets"][name])
    return spec


def _only(spec: Spec, crowded: set[str]) -> Spec:
    """Return the crowded marks alone, at the place where the whole figure has them."""
    spec = deepcopy(spec)
    for unit, name in _layers(spec):
        if name not in crowded:
            _hide(unit, keep_legend=False)
    config = spec.setdefault("config", {})
    for part, names in _UNSEEN.items():
        config[part] = config.get(part, {}) | dict.fromkeys(names, 0)
    for part in (spec, *spec.get("vconcat", ())):
        if "title" in part:
            part["title"] = {**part["title"], "color": "transparent"}
    spec["background"] = "transparent"
    return spec


def _hide(unit: Spec, *, keep_legend: bool) -> None:
    """Make the marks of a unit invisible; axes and legends stay where they are."""
    mark = unit["mark"]
    unit["mark"] = {**(mark if isinstance(mark, dict) else {"type": mark}), "opacity": 0}
    encoding = unit.get("encoding", {})
    encoding.pop("opacity", None)
    for channel in ("color", "shape", "size", "strokeDash"):
        entry = encoding.get(channel)
        if keep_legend and isinstance(entry, dict) and "field" in entry and entry.get("legend", {}) is not None:
            entry["legend"] = {**entry.get("legend", {}), "symbolOpacity": 1}


def _ends(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows that settle the axes: ends of columns, of intervals built from two, one row per category."""
    numeric = [key for key, value in rows[0].items() if isinstance(value, float | int) and not isinstance(value, bool)]
    columns = {key: [row[key] if row[key] is not None else 0.0 for row in rows] for key in numeric}
    keep: set[int] = set()
    for values in columns.values():
        keep |= {values.index(min(values)), values.index(max(values))}
    for a, b in permutations(numeric, 2):
        low = [x - Z95 * y for x, y in zip(columns[a], columns[b], strict=True)]
        high = [x + Z95 * y for x, y in zip(columns[a], columns[b], strict=True)]
        keep |= {low.index(min(low)), high.index(max(high))}
    for key in rows[0].keys() - set(numeric):
        first = {row[key]: i for i, row in reversed(list(enumerate(rows)))}
        if len(first) <= FEW_CATEGORIES:
            keep |= set(first.values())
    return [rows[i] for i in sorted(keep)]
