"""Names of the faults that a study file may accept."""

from __future__ import annotations

from osteobiome.sumstats.qc.checks import CHECKS

OF_WHOLE_FILES = frozenset(
    {
        "beta_is_odds_ratio", "beta_se_swapped", "builds_differ", "eaf_in_percent", "metadata_build_differs",
        "neg_log_10_p_is_p", "p_is_neg_log_10", "zero_based_positions",
    }
)  # fmt: skip
"""Fatal checks that judge what a column holds; who knows better may accept them."""
FAULT_REASONS = frozenset(name for name, check in CHECKS.items() if check.severity == "row") | OF_WHOLE_FILES
"""Names that ``[ingest] allow`` may hold."""
