"""Figures: a table in, a Vega-Lite specification out."""

from osteobiome.plot.forest import forest
from osteobiome.plot.scatter import scatter

__all__ = ["forest", "scatter"]
