"""The report: reads the tables of a finished study and nothing else, writes one self-contained HTML file."""

from osteobiome.report.page import render, write_report
from osteobiome.report.report import Report, open_report

__all__ = ["Report", "open_report", "render", "write_report"]
