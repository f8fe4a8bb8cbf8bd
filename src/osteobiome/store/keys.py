"""Keys of tasks: a hash of everything that the result depends on."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY_LENGTH = 20


def canonical_json(value: object) -> str:
    """Return JSON text that depends on the content alone, not on the order of keys."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def task_key(*, step: str, version: int, params: Mapping[str, object], inputs: Mapping[str, str]) -> str:
    """Return the key of a task.

    Parameters
    ----------
    step : str
        Name of the step.
    version : int
        Version of the step's code; raised when its results change.
    params : mapping
        Everything declared that the result depends on, JSON-compatible.
    inputs : mapping of str
        Names to content hashes of files, or to keys of other tasks.

    Examples
    --------
    >>> task_key(step="ingest", version=1, params={"a": 1, "b": 2}, inputs={}) == task_key(
    ...     step="ingest", version=1, params={"b": 2, "a": 1}, inputs={}
    ... )
    True
    """
    text = canonical_json({"step": step, "version": version, "params": dict(params), "inputs": dict(inputs)})
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH]


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
