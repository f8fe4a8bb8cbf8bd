"""Which column of a file is which of ours, and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.core.errors import Fault, SchemaError, nearest
from osteobiome.sumstats.effects import can_make_beta, can_make_se
from osteobiome.sumstats.formats.registry import REQUIRED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osteobiome.sumstats.formats.registry import Columns, Format, Side


_SHOWN = 12
"""Columns of a header that a message names."""


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
    available = found.keys() | provided | (fmt.made if fmt.prepare is not None else frozenset())
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


def _is_there(name: str, available: frozenset[str] | set[str]) -> bool:
    if name == "beta":
        return can_make_beta(available)
    if name == "se":
        return can_make_se(available)
    return name in available
