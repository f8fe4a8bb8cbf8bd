"""What a row report says, as findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.core.findings import Example, Finding
from osteobiome.core.text import reason
from osteobiome.sumstats.qc.checks import CHECKS, finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osteobiome.core.errors import Severity
    from osteobiome.core.rows import DroppedRows, RowReport

TOLD_OF_THE_WHOLE = frozenset({"p_value_contradicts_beta_and_se", "p_value_printed_as_0"})
"""Notes of which the checks on the whole file speak, with lines, and only where there are enough."""


def report_findings(
    rows: RowReport, *, names: Mapping[str, str], max_bad_rows: float, allow: frozenset[str] = frozenset()
) -> list[Finding]:
    """Return dropped rows and notes of a row report as findings.

    Parameters
    ----------
    rows : RowReport
        Row report of one file.
    names : mapping of str
        Our names of columns to those of the file.
    max_bad_rows : float
        Share of rows above which one reason is fatal.
    allow : frozenset of str
        Reasons that may take any share.
    """
    too_many = {fault.code: fault for fault in rows.excess(max_bad_rows=max_bad_rows, allow=allow)}
    found = []
    for drop in rows.dropped:
        fault = too_many.get(drop.reason)
        severity: Severity = "fatal" if fault else "row" if drop.kind == "fault" else "note"
        text = fault.found if fault else reason(drop.reason)
        hint = fault.hint if fault else CHECKS[drop.reason].hint if drop.reason in CHECKS else ""
        found.append(Finding(drop.reason, severity, drop.count, text, hint, _examples(drop, names)))
    copies = rows.by_reason().get("duplicate", 0)
    if rows.n_in and copies > max(1, max_bad_rows * rows.n_in):
        found.append(finding("many_copies", copies, f"{copies:,} of {rows.n_in:,} rows are copies of others"))
    for name, count in rows.notes:
        if name in TOLD_OF_THE_WHOLE:
            continue
        hint = CHECKS[name].hint if name in CHECKS else ""
        found.append(Finding(name, "note", count, _NOTES.get(name) or reason(name), hint))
    return found


_NOTES = {"palindromic": "A/T or C/G, whose alleles do not tell the strand"}
"""Words of notes that name a reason for dropping elsewhere."""


def _examples(drop: DroppedRows, names: Mapping[str, str]) -> tuple[Example, ...]:
    columns = drop.columns or ("",) * len(drop.lines)
    return tuple(
        Example(line, names.get(column, column), value)
        for line, value, column in zip(drop.lines, drop.examples, columns, strict=True)
    )
