"""A figure: a Vega-Lite specification with its data, and the files and pages it can become."""

from __future__ import annotations

import html
import json
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from osteobiome.core.errors import Fault, SchemaError, nearest
from osteobiome.plot.dense import vector_svg
from osteobiome.plot.style import VEGA_LITE, Spec
from osteobiome.store.files import write_atomic

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = ("svg", "pdf", "png", "html", "json")
WIDTH = 720
"""Width of files and notebook output in pixels; on a page a figure is as wide as its place."""
DENSE = 2_000
"""Marks above which a layer becomes an image inside vector files: they stay small and quick to draw."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure.

    Parameters
    ----------
    spec : dict
        Vega-Lite specification; its data stand in ``datasets`` and layers refer to them by name.
    name : str
        Kind of figure: ``forest``, ``scatter``, ``funnel``, ``leave_one_out``, ``single_variant``, ``locus``.
    caption : str
        What is to be seen, in words.

    Examples
    --------
    >>> import polars as pl
    >>> from osteobiome.plot import forest
    >>> rows = pl.DataFrame({"label": ["a"], "beta": [0.1], "ci_low": [0.0], "ci_high": [0.2]})
    >>> forest(rows, title="Effects", unit="SD per SD").svg()[:4]
    '<svg'
    """

    spec: Spec = field(repr=False)
    name: str
    caption: str = field(default="", repr=False)

    @property
    def datasets(self) -> dict[str, list[dict[str, Any]]]:
        """The tables behind the figure, rows as dicts."""
        return dict(self.spec["datasets"])

    def fixed(self, width: int = WIDTH) -> Spec:
        """Return the specification with a width in pixels and a white ground, for files.

        Parameters
        ----------
        width : int
            Width in pixels.
        """
        spec = deepcopy(self.spec)
        for part in (spec, *spec.get("vconcat", ())):
            if part.get("width") == "container":
                part["width"] = width
        spec["background"] = "#ffffff"
        return spec

    def svg(self, *, width: int = WIDTH) -> str:
        """Return the figure as SVG text.

        Parameters
        ----------
        width : int
            Width in pixels.
        """
        return vector_svg(self.fixed(width), limit=DENSE)

    def pdf(self, *, width: int = WIDTH) -> bytes:
        """Return the figure as a PDF of one page.

        Parameters
        ----------
        width : int
            Width in pixels.
        """
        import vl_convert

        return bytes(vl_convert.svg_to_pdf(self.svg(width=width)))

    def png(self, *, width: int = WIDTH, scale: float = 2.0) -> bytes:
        """Return the figure as PNG.

        Parameters
        ----------
        width : int
            Width in pixels before scaling.
        scale : float
            Pixels of the file per pixel of the figure.
        """
        import vl_convert

        return bytes(vl_convert.vegalite_to_png(self.fixed(width), vl_version=VEGA_LITE, scale=scale))

    def html(self, *, width: int = WIDTH) -> str:
        """Return a page that holds the figure as SVG; it loads nothing.

        Parameters
        ----------
        width : int
            Width in pixels.
        """
        title = html.escape(" ".join(self.spec["title"]["text"]))
        return (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>{self._inline(width)}</html>\n'
        )

    def save(self, path: Path, *, width: int = WIDTH) -> None:
        """Write the figure; the ending of the name says how.

        Parameters
        ----------
        path : pathlib.Path
            File ending in ``.svg``, ``.pdf``, ``.png``, ``.html`` or ``.json`` (the specification).
        width : int
            Width in pixels.

        Raises
        ------
        SchemaError
            Another ending.
        StoreError
            The file cannot be written.
        """
        write_atomic(path, self._bytes(path.suffix.lower().lstrip("."), width, where=str(path)))

    def _bytes(self, kind: str, width: int, *, where: str) -> bytes:
        match kind:
            case "svg":
                return self.svg(width=width).encode()
            case "pdf":
                return self.pdf(width=width)
            case "png":
                return self.png(width=width)
            case "html":
                return self.html(width=width).encode()
            case "json":
                return json.dumps(self.spec, ensure_ascii=False, indent=1).encode()
        raise SchemaError(
            Fault(
                "figure_format", where, f"ending '.{kind}'", ", ".join(f".{f}" for f in FORMATS), nearest(kind, FORMATS)
            )
        )

    def _inline(self, width: int) -> str:
        return f"<figure>{self.svg(width=width)}<figcaption>{html.escape(self.caption)}</figcaption></figure>"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the drawing itself, so that no network and no extension is needed."""
        return self._inline(WIDTH)


def need(columns: list[str], wanted: tuple[str, ...], *, figure: str) -> None:
    """Raise SchemaError if a table lacks a column that a figure needs."""
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise SchemaError(Fault("missing_column", figure, f"no column '{missing[0]}'", ", ".join(wanted)))
