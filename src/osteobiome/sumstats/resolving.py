"""Which column of a file is which of ours, and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.core.errors import Fault, SchemaError, nearest
from osteobiome.sumstats.effects import can_make_beta, can_make_se
from osteobiome.sumstats.formats import FORMATS, generic
from osteobiome.sumstats.formats.registry import REQUIRED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osteobiome.sumstats.formats.registry import Columns, Format, Side


_SHOWN = 12
"""Columns of a header that a message names."""


_FILLED = frozenset(
    {"rsid", "chromosome", "position", "eaf", "p_value", "neg_log_10_p_value", "n", "n_cases", "n_controls", "info"}
)
"""What well-known names may fill where a format leaves it open."""
_FILLED_IF_MAPPED = frozenset(
    {"effect_allele", "other_allele", "beta", "odds_ratio", "hazard_ratio", "z", "se", "ci_low", "ci_high"}
)
"""And what else, where a user named some columns of a table and left the others to their names."""


def resolve_columns(
    header: Sequence[str], fmt: Format, *, side: Side, where: str, provided: frozenset[str] = frozenset()
) -> Columns:
    """Return our names for a header, or raise with every column that is missing.

    Parameters
    ----------
    header : sequence of str
        Column names of the file.
    fmt : Format
        Declared format.
    side : {"exposure", "outcome"}
        Role of the trait; decides which half of a two-trait table is read.
    where : str
        File, for messages.
    provided : frozenset of str
        Our names of columns that come from elsewhere, such as a map of variants.

    Raises
    ------
    SchemaError
        No effect allele, other allele, identity, nor anything that an effect or a standard error could be had from.
    """
    found = fmt.columns(header, side)
    if fmt.is_loose:
        found = found | _well_known(header, found, side=side, is_mapped=fmt.name not in FORMATS)
    available = found.keys() | provided
    missing = [name for name in REQUIRED if not _is_there(name, available)]
    if "rsid" not in available and not {"chromosome", "position"} <= available:
        missing.append("rsid")
    if not missing:
        return found
    taken = set(found.values())
    faults = []
    for name in missing:
        wanted = fmt.expected(name, side)
        shown = f"The header {'begins with' if len(header) > _SHOWN else 'has'} {', '.join(header[:_SHOWN])}"
        near = nearest(wanted, [column for column in header if column not in taken and column != wanted])
        faults.append(
            Fault(
                f"no_{name}_column",
                where,
                f"no column '{wanted}'",
                f"the columns of format '{fmt.name}'",
                shown + (f". {near}" if near.startswith("Did") else ""),
            )
        )
    raise SchemaError(*faults)


def _well_known(header: Sequence[str], found: Columns, *, side: Side, is_mapped: bool) -> Columns:
    """Return columns of well-known names that a format leaves unused, for what it has no column of its own."""
    wanted = _FILLED | (_FILLED_IF_MAPPED if is_mapped else frozenset())
    taken = set(found.values())
    known = generic.columns(header, side)
    # a frequency belongs to the allele that its name is read with, and the sign of a logarithm to its name
    unsure = {"eaf"} if known.get("effect_allele") != found.get("effect_allele") else set()
    unsure |= {"neg_log_10_p_value"} if "_signed" in known else set()
    more = {
        ours: theirs
        for ours, theirs in known.items()
        if ours in wanted - unsure and ours not in found and theirs not in taken
    }
    if not {"chromosome", "position"} <= found.keys() | more.keys():
        more = {ours: theirs for ours, theirs in more.items() if ours not in {"chromosome", "position"}}
    return more


def unused_columns(header: Sequence[str], found: Columns) -> tuple[str, ...]:
    """Return the columns of a header that nothing is taken from."""
    taken = set(found.values())
    return tuple(name for name in header if name not in taken)


def _is_there(name: str, available: frozenset[str] | set[str]) -> bool:
    if name == "beta":
        return can_make_beta(available)
    if name == "se":
        return can_make_se(available)
    return name in available
