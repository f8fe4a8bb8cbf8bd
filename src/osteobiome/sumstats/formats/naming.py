"""Our names for the columns of a header, from a table of spellings: what most formats need and nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osteobiome.sumstats.formats.registry import Columns, Side

_STAND_INS = {"p_value": ("neg_log_10_p_value",), "beta": ("odds_ratio",)}
"""What a format without a column of its own for a name expresses it by."""


def bare(header: Sequence[str]) -> dict[str, str]:
    """Return the names of a header without a leading ``#``, each with the name as it stands.

    Examples
    --------
    >>> bare(["#CHROM", "POS"])
    {'CHROM': '#CHROM', 'POS': 'POS'}
    """
    names: dict[str, str] = {}
    for name in header:
        names.setdefault(name.removeprefix("#"), name)
    return names


def with_n_of_parts(found: Columns) -> Columns:
    """Return the columns with ``n`` made from cases and controls where the file has no ``n``.

    The sum itself is taken row by row in :func:`osteobiome.sumstats.formats.applying.our_columns`.
    """
    if "n" in found or not {"n_cases", "n_controls"} <= found.keys():
        return found
    return found | {"n": found["n_cases"], "_n_controls": found["n_controls"]}


@dataclass(frozen=True, slots=True)
class Spelling:
    """Spellings of our names in one format.

    Parameters
    ----------
    names : mapping of str to tuple of str
        Our name (or a private one) to its spellings without ``#``; the first that a header has is taken, and the first
        of all is the one for messages.

    Examples
    --------
    >>> fast = Spelling({"rsid": ("SNP",), "position": ("POS", "BP")})
    >>> fast.columns(["SNP", "BP", "X"], "outcome")
    {'rsid': 'SNP', 'position': 'BP'}
    >>> fast.expected("position", "outcome")
    'POS'
    """

    names: Mapping[str, tuple[str, ...]]

    def columns(self, header: Sequence[str], side: Side) -> Columns:
        """Return our names for a header; the side plays no part."""
        del side
        names = bare(header)
        found: Columns = {}
        for ours, spellings in self.names.items():
            theirs = next((names[spelling] for spelling in spellings if spelling in names), None)
            if theirs is not None:
                found[ours] = theirs
        return with_n_of_parts(found)

    def expected(self, name: str, side: Side) -> str:
        """Return the spelling of one of our names; our own where the format has nothing for it."""
        del side
        for ours in (name, *_STAND_INS.get(name, ())):
            if ours in self.names:
                return self.names[ours][0]
        return name
