"""`check_sumstats`: a verdict on one file, with every finding behind it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from osteobiome.core.errors import OsteobiomeError
from osteobiome.core.findings import Finding, finding_of
from osteobiome.core.rows import RowReport
from osteobiome.core.text import count
from osteobiome.sumstats.formats import FORMATS
from osteobiome.sumstats.metadata import metadata_findings, read_metadata
from osteobiome.sumstats.qc.checks import casts_doubt, finding
from osteobiome.sumstats.qc.dropped import report_findings
from osteobiome.sumstats.qc.readable import merged, readable
from osteobiome.sumstats.table import IngestOptions, begin
from osteobiome.sumstats.verdict import summary_lines

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from osteobiome.sumstats.ingest import Ingest

Verdict = Literal["usable", "doubtful", "unusable"]
MAX_BAD_ROWS = 0.05
"""Share of rows that one fault may take, as in the study file."""
_ORDER = {"fatal": 0, "row": 1, "note": 2}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What is known about a file after it was read whole.

    Parameters
    ----------
    file : str
        Path as given.
    format : str
        Registered format; empty if the file could not be read that far.
    genome_build : str
        Build as declared, or as the positions show; empty if unknown.
    rows : RowReport
        Rows in, kept, dropped.
    findings : tuple of Finding
        Fatal ones first, then dropped rows, then doubts, then notes.
    """

    file: str
    format: str
    genome_build: str
    rows: RowReport
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether the file can be used: yes; yes, but something casts doubt on it; no."""
        if any(found.severity == "fatal" for found in self.findings):
            return "unusable"
        return "doubtful" if any(casts_doubt(found) for found in self.findings) else "usable"

    def as_dict(self) -> dict[str, object]:
        """Return the result as plain data for JSON."""
        return {
            "file": self.file,
            "format": self.format or None,
            "genome_build": self.genome_build or None,
            "verdict": self.verdict,
            "n_in": self.rows.n_in,
            "n_kept": self.rows.n_kept,
            "n_dropped": self.rows.by_reason(),
            "findings": [found.as_dict() for found in self.findings],
        }

    def summary(self) -> str:
        """Return the verdict in at most ten lines."""
        return "\n".join(summary_lines(self))


def _nothing_left(rows: RowReport) -> list[Finding]:
    """Say so if a file has rows and none of them was kept."""
    if not rows.n_in or rows.n_kept:
        return []
    text = f"not one of {count(rows.n_in, 'row')} was kept"
    return [finding("all_rows_dropped", rows.n_in, text)]


def check_sumstats(
    path: Path,
    *,
    file_format: str | None = None,
    columns: Mapping[str, str] | None = None,
    options: IngestOptions | None = None,
    max_bad_rows: float = MAX_BAD_ROWS,
) -> CheckResult:
    """Read a file whole and say what is wrong with it; no fault of the file raises.

    Parameters
    ----------
    path : pathlib.Path
        File.
    file_format : str, optional
        Registered format; left out, the header tells.
    columns : mapping of str, optional
        Our names to those of the file, for a table of no known format.
    options : IngestOptions, optional
        How to read it.
    max_bad_rows : float
        Share of rows that one fault may take before it is fatal.

    Raises
    ------
    UnknownNameError, ConfigError
        The format or a column of the mapping is not known: that is a fault of the call, not of the file.
    """
    options = options or IngestOptions()
    if file_format:
        FORMATS[file_format]
    ingest: Ingest | None = None
    findings: list[Finding] = []
    try:
        metadata = read_metadata(path)
        if metadata is not None:
            findings += metadata_findings(metadata, path=path, declared_build=options.genome_build)
            # what the metadata state is as good as declared, so the positions are checked against it
            options = replace(options, genome_build=options.genome_build or metadata.genome_build)
    except OsteobiomeError as error:
        findings += [finding_of(fault) for fault in error.faults]
    rows, build = RowReport(str(path), "check", 0, 0), options.genome_build
    try:
        ingest = begin(path, trait_id=str(path), file_format=file_format, columns=columns, options=options)
        deque(ingest.sorted_frames(), maxlen=0)
        rows = ingest.report()
        findings += [*ingest.findings(), *report_findings(rows, names=ingest.found, max_bad_rows=max_bad_rows)]
        findings += _nothing_left(rows)
        build = ingest.options.genome_build or ingest.inferred_build()
    except OsteobiomeError as error:
        findings += [finding_of(fault) for fault in error.faults]
    ordered = sorted(
        map(readable, merged(findings)),
        key=lambda found: (_ORDER[found.severity], not casts_doubt(found), -found.count),
    )
    return CheckResult(str(path), ingest.fmt.name if ingest is not None else "", build, rows, tuple(ordered))
