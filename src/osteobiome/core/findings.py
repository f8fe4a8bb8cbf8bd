"""What a check found in a file: which check, how often, where, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from osteobiome.core.errors import Fault

if TYPE_CHECKING:
    from osteobiome.core.errors import Severity

MAX_EXAMPLES = 20
"""Examples kept per finding."""


@dataclass(frozen=True, slots=True)
class Example:
    """One place at which a check found something.

    Parameters
    ----------
    line : int or None
        Line of the file, 1-based; None if the finding is about no single line.
    column : str
        Column as the file names it; empty if the finding is about no column.
    value : str
        What stands there.
    """

    line: int | None
    column: str = ""
    value: str = ""

    def as_dict(self) -> dict[str, object]:
        """Return the example as plain data for JSON."""
        return {"line": self.line, "column": self.column, "value": self.value}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Parameters
    ----------
    id : str
        Check, such as ``non_positive_se``.
    severity : {"fatal", "row", "note"}
        ``fatal``: the file cannot be used as declared. ``row``: these rows are dropped. ``note``: worth knowing.
    count : int
        Rows, columns or places concerned; 1 for a finding about the whole file.
    found : str
        What was found, in words.
    hint : str
        What to do.
    examples : tuple of Example
        The first 20 places.

    Examples
    --------
    >>> Finding("byte_order_mark", "note", 1, "a byte order mark", "Nothing: it is skipped").as_dict()["id"]
    'byte_order_mark'
    """

    id: str
    severity: Severity
    count: int
    found: str
    hint: str = ""
    examples: tuple[Example, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return the finding as plain data for JSON."""
        return {
            "id": self.id,
            "severity": self.severity,
            "count": self.count,
            "found": self.found,
            "hint": self.hint,
            "examples": [example.as_dict() for example in self.examples],
        }


def finding_of(fault: Fault) -> Finding:
    """Return a fault as a finding."""
    examples = (Example(fault.line, value=fault.found),) if fault.line is not None else ()
    return Finding(fault.code, fault.severity, 1, fault.found, fault.hint or fault.expected, examples)


def fault_of(finding: Finding, *, where: str) -> Fault:
    """Return a finding as a fault, to be raised.

    Parameters
    ----------
    finding : Finding
        What was found.
    where : str
        File.
    """
    line = finding.examples[0].line if finding.examples else None
    place = where if line is None else f"{where}, line {line}"
    return Fault(finding.id, place, finding.found, "", finding.hint, finding.severity, line)
