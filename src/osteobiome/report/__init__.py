"""The report: reads the tables of a finished study and nothing else, writes one self-contained HTML file."""

from osteobiome.report.page import render, write_report

__all__ = ["render", "write_report"]
