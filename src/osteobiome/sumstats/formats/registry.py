"""The list of file formats: how each one names its columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from osteobiome.core.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Sequence

Side = Literal["exposure", "outcome"]
Columns = dict[str, str]

Prepare = Callable[[pl.DataFrame], pl.DataFrame]
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
    signature : tuple of frozenset of str
        Sets of column names; a header that holds all names of one set is of this format. Empty: never sniffed.
    rank : int
        Among several formats whose signature fits, the one of highest rank is taken; a signature that another format's
        header could hold too gets a low one.
    prepare : callable, optional
        ``prepare(frame) -> frame``, for what a renaming cannot do. The frame has text columns named by ``columns``, our
        names and private ones that start with ``_``, and ``__line__``; it returns text columns of our names. Rows may
        be split (one line of several alleles), never dropped: rows to leave out are marked in ``_drop``, text that
        names the reason, null where the row stays.
    source : str
        Where the format is described: DOI, or name and version of a manual.
    """

    name: str
    label: str
    columns: Callable[[Sequence[str], Side], Columns]
    expected: Callable[[str, Side], str]
    is_prealigned: bool = False
    signature: tuple[frozenset[str], ...] = ()
    rank: int = 0
    prepare: Prepare | None = None
    source: str = ""


FORMATS: Registry[Format] = Registry("format")
