"""The list of file formats: how each one names its columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from osteobiome.core.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Side = Literal["exposure", "outcome"]
Columns = dict[str, str]

REQUIRED = ("effect_allele", "other_allele", "beta", "se")


@dataclass(frozen=True, slots=True)
class Format:
    """One dialect of summary statistics.

    Parameters
    ----------
    name, label : str
        Name in trait tables; name for readers.
    columns : callable
        ``columns(header, side) -> {our name: column of the file}`` for what the header offers. Our names are those of
        ``core.columns``, with ``p_value`` or ``neg_log_10_p_value``, ``odds_ratio`` in place of beta, and ``keep``.
    expected : callable
        ``expected(our name, side) -> str``: how this format spells a column, for messages.
    is_prealigned : bool
        True if exposure and outcome stand in one row with the same effect allele, as their authors left them.
    """

    name: str
    label: str
    columns: Callable[[Sequence[str], Side], Columns]
    expected: Callable[[str, Side], str]
    is_prealigned: bool = False


FORMATS: Registry[Format] = Registry("format")
