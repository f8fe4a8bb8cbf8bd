"""Genetically informed causal inference on the gut microbiota - metabolite - brain - bone axis.

Subpackages are imported on first use: ``osteobiome.mr.ivw(...)`` works after ``import osteobiome``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["instruments", "ld", "mr", "plot", "report", "store", "study", "sumstats"]


def __getattr__(name: str) -> ModuleType:
    """Import a subpackage when it is first asked for."""
    if name in __all__:
        return importlib.import_module(f"osteobiome.{name}")
    msg = f"module 'osteobiome' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    """List the subpackages."""
    return sorted(__all__)
