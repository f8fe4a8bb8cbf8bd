"""Summary statistics: reading, row checks, variant identity and harmonisation of two traits.

Names are imported on first use: who joins two stored tables does not wait for the formats of files.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osteobiome.sumstats.formats import FORMATS
    from osteobiome.sumstats.harmonisation import HarmonisedPair, harmonise
    from osteobiome.sumstats.palindromes import PalindromeOptions
    from osteobiome.sumstats.table import SumStats, read_sumstats

__all__ = ["FORMATS", "HarmonisedPair", "PalindromeOptions", "SumStats", "harmonise", "read_sumstats"]
_PLACES = {
    "FORMATS": "formats",
    "HarmonisedPair": "harmonisation",
    "PalindromeOptions": "palindromes",
    "SumStats": "table",
    "harmonise": "harmonisation",
    "read_sumstats": "table",
}


def __getattr__(name: str) -> object:
    """Import a name when it is first asked for."""
    if name in _PLACES:
        return getattr(importlib.import_module(f"osteobiome.sumstats.{_PLACES[name]}"), name)
    msg = f"module 'osteobiome.sumstats' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    """List the names."""
    return sorted(__all__)
