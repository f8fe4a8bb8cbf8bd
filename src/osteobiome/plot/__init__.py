"""Figures: tables in, a :class:`Figure` out: Vega-Lite specification, SVG, PDF, PNG, notebook."""

from osteobiome.plot.figure import Figure
from osteobiome.plot.forest import forest
from osteobiome.plot.funnel import funnel
from osteobiome.plot.leave_one_out import leave_one_out
from osteobiome.plot.locus import locus
from osteobiome.plot.scatter import scatter
from osteobiome.plot.single_variant import single_variant

__all__ = ["Figure", "forest", "funnel", "leave_one_out", "locus", "scatter", "single_variant"]
