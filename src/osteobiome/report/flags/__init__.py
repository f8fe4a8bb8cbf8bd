"""Can this run be trusted? Each point as a plain sentence, with how serious it is and where the detail stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.report.flags.data import data_flags
from osteobiome.report.flags.flag import Flag
from osteobiome.report.flags.results import result_flags
from osteobiome.report.flags.selection import selection_flags
from osteobiome.report.flags.variants import variant_flags

if TYPE_CHECKING:
    from osteobiome.report.content import Content

__all__ = ["Flag", "flags"]


def flags(content: Content) -> list[Flag]:
    """Return all flags, cautions first.

    Parameters
    ----------
    content : Content
        Tables and facts of a finished study.
    """
    found = [*data_flags(content), *result_flags(content), *selection_flags(content), *variant_flags(content)]
    order: dict[str, int] = {"caution": 0, "note": 1, "good": 2}
    return sorted(found, key=lambda flag: order[flag.level])
