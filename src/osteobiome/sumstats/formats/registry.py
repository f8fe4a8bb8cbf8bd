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
OUR_NAMES = (
    "rsid", "chromosome", "position", "effect_allele", "other_allele", "beta", "odds_ratio", "hazard_ratio", "z", "se",
    "ci_low", "ci_high", "eaf", "p_value", "neg_log_10_p_value", "n", "n_cases", "n_controls", "info", "keep", "proxy",
)  # fmt: skip
"""Names that a format may map to. ``ci_low`` and ``ci_high`` are on the scale of the ratio where a ratio is mapped
beside them, else on that of beta."""
LINE = "__line__"
"""Line of the file, in every chunk."""


@dataclass(frozen=True, slots=True)
class Format:
    """One dialect of summary statistics.

    Parameters
    ----------
    name, label : str
        Name in trait tables; name for readers.
    columns : callable
        ``columns(header, side) -> {our name: column of the file}`` for what the header offers. Our names are those of
        ``OUR_NAMES``. Several of our names may stand for one column that packs them (``1:869334:G:A``, a sample of a
        VCF); ``prepare`` takes it apart. Private names that start with ``_`` are for ``prepare`` alone, except
        ``_trait``: which of several traits in one table a row belongs to.
    expected : callable
        ``expected(our name, side) -> str``: how this format spells a column, for messages. A name that the format
        expresses by another one (minus log10 p in place of p, a ratio in place of beta) is answered with that column.
    is_prealigned : bool
        True if exposure and outcome stand in one row with the same effect allele, as their authors left them.
    signature : tuple of frozenset of str
        Sets of column names; a header that holds all names of one set is of this format. Empty: never sniffed. A ``#``
        before the first name of a header plays no part.
    refuses : frozenset of str
        Column names that a header of this format cannot hold.
    rank : int
        Among several formats whose signature fits, the one of highest rank is taken; a signature that another format's
        header could hold too gets a low one.
    is_loose : bool
        Whether users spell its header in many ways: well-known names then fill what ``columns`` leaves unmapped.
    prepare : callable, optional
        ``prepare(frame) -> frame``, for what a renaming cannot do. The frame has text columns named by ``columns``, our
        names and private ones that start with ``_``, and ``__line__``; it returns text columns of our names. Rows may
        be split (one line of several alleles), never dropped: rows to leave out are marked in ``_drop``, text that
        names the reason, null where the row stays.
    effect : str
        Which allele the effect belongs to, in words.
    source : str
        Where the format is described: DOI, or name and version of a manual.
    """

    name: str
    label: str
    columns: Callable[[Sequence[str], Side], Columns]
    expected: Callable[[str, Side], str]
    is_prealigned: bool = False
    signature: tuple[frozenset[str], ...] = ()
    refuses: frozenset[str] = frozenset()
    rank: int = 0
    prepare: Prepare | None = None
    is_loose: bool = False
    effect: str = ""
    source: str = ""


FORMATS: Registry[Format] = Registry("format")
