"""What made a result: software, versions, machine."""

from __future__ import annotations

import platform
import sys
from functools import lru_cache
from importlib import metadata

DEPENDENCIES = ("numpy", "scipy", "numba", "polars", "pydantic", "vl-convert-python")


def version() -> str:
    """Return the version of this package."""
    return metadata.version("osteobiome")


def provenance() -> dict[str, object]:
    """Return software, versions and machine as plain data.

    Examples
    --------
    >>> sorted(provenance())
    ['dependencies', 'machine', 'python', 'software', 'system', 'version']
    """
    return {
        "software": "osteobiome",
        "version": version(),
        "python": platform.python_version(),
        "system": sys.platform,
        "machine": platform.machine(),
        "dependencies": dict(_versions()),
    }


@lru_cache(maxsize=1)
def _versions() -> tuple[tuple[str, str], ...]:
    return tuple((name, metadata.version(name)) for name in DEPENDENCIES)
