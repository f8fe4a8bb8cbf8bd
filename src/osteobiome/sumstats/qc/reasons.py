"""Names of the faults for which a row can be dropped."""

from __future__ import annotations

from osteobiome.sumstats.qc.checks import CHECKS

FAULT_REASONS = frozenset(name for name, check in CHECKS.items() if check.severity == "row")
"""Names that ``[ingest] allow`` may hold."""
