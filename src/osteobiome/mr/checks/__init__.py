"""Checks beside an estimate: independence, influence, leave-one-out, direction, power."""

from osteobiome.mr.checks.facts import TraitFacts
from osteobiome.mr.checks.independence import independence
from osteobiome.mr.checks.influence import influence
from osteobiome.mr.checks.leave_one_out import (
    SingleVariants,
    leave_one_locus_out,
    leave_one_out,
    single_variant,
)
from osteobiome.mr.checks.power import power
from osteobiome.mr.checks.steiger import SteigerPerVariant, steiger, steiger_per_variant
from osteobiome.mr.checks.table_rows import TableRows, stack

__all__ = [
    "SingleVariants",
    "SteigerPerVariant",
    "TableRows",
    "TraitFacts",
    "independence",
    "influence",
    "leave_one_locus_out",
    "leave_one_out",
    "power",
    "single_variant",
    "stack",
    "steiger",
    "steiger_per_variant",
]
