"""Quality control: named checks on rows, on whole files and against reference tables."""

from osteobiome.sumstats.qc.checks import CHECKS, casts_doubt
from osteobiome.sumstats.qc.duplicates import drop_duplicates
from osteobiome.sumstats.qc.reasons import FAULT_REASONS
from osteobiome.sumstats.qc.rows import pair_checks, row_checks, split

__all__ = ["CHECKS", "FAULT_REASONS", "casts_doubt", "drop_duplicates", "pair_checks", "row_checks", "split"]
