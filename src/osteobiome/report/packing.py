"""What the page carries but does not show at once: packed small, inflated by the browser.

Figures of one kind are alike but for titles, axis names and data. So a kind's specification is stored once, each figure
as its differences from it, and its data by columns; columns that several figures of a pair share are stored once.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from osteobiome.plot import Figure

DIGITS = 5
"""Significant digits of numbers inside figures; tables on disk have all."""

Path = list[str | int]


@dataclass(slots=True)
class Packer:
    """Collects figures; what it returns for each is plain data for the browser.

    Parameters
    ----------
    skeletons : dict
        The first specification of each kind, without its data.
    """

    skeletons: dict[str, dict[str, Any]] = field(default_factory=dict)

    def pack(self, figures: Iterable[Figure], variants: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        """Return figures that belong together, with one pool of columns.

        Parameters
        ----------
        figures : iterable of Figure
            Figures of one pair, or of the whole study.
        variants : list of dict, optional
            Rows of the pair's table of variants; it shares columns with the figures.
        """
        pool: dict[str, int] = {}
        columns: list[list[Any]] = []
        packed = []
        for figure in figures:
            spec = {key: value for key, value in figure.spec.items() if key != "datasets"}
            skeleton = self.skeletons.setdefault(figure.name, spec)
            packed.append(
                {
                    "kind": figure.name,
                    "caption": figure.caption,
                    "changes": differences(skeleton, spec),
                    "datasets": {name: _columns(rows, pool, columns) for name, rows in figure.datasets.items()},
                }
            )
        table = _columns(variants or [], pool, columns)
        return {"columns": columns, "figures": packed, "variants": table}


def differences(old: object, new: object, path: Path | None = None) -> list[list[Any]]:
    """Return what must be set, at which path, to turn one specification into another.

    Examples
    --------
    >>> differences({"a": 1, "b": [1, 2]}, {"a": 1, "b": [1, 3]})
    [[['b', 1], 3]]
    >>> differences({"a": {"b": 1}}, {"a": {"c": 1}})
    [[['a'], {'c': 1}]]
    """
    path = path or []
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        return [change for key in new for change in differences(old[key], new[key], [*path, key])]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [change for i, (a, b) in pairs for change in differences(a, b, [*path, i])]
    return [] if old == new else [[path, new]]


def _columns(rows: list[dict[str, Any]], pool: dict[str, int], columns: list[list[Any]]) -> dict[str, int]:
    """Return the place of each column in the pool, adding those that are new."""
    places = {}
    for name in rows[0] if rows else ():
        values = [_short(row[name]) for row in rows]
        text = json.dumps(values, ensure_ascii=False)
        if text not in pool:
            pool[text] = len(columns)
            columns.append(values)
        places[name] = pool[text]
    return places


def _short(value: object) -> object:
    """Round a number for display; a value without a finite number is missing."""
    if not isinstance(value, float):
        return value
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def squeeze(text: str) -> str:
    """Return a text as base64 of gzip: what a script element can hold whatever the text is.

    Parameters
    ----------
    text : str
        Anything; the browser inflates it with DecompressionStream.
    """
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def packed_json(value: object) -> str:
    """Return plain data as a squeezed JSON text.

    Parameters
    ----------
    value : object
        JSON-compatible; NaN and infinity are refused, as JavaScript could not read them.
    """
    return squeeze(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))
