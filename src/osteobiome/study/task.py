"""Tasks and steps: what is to be done, under which key, and the code that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from osteobiome.core.registry import Registry
from osteobiome.store import task_key

Params = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Task:
    """One unit of work.

    Parameters
    ----------
    step : str
        Name of a registered step.
    subject : str
        What it is done to: a trait, a family, the study.
    params : mapping
        JSON-compatible; everything declared that the result depends on.
    inputs : mapping of str
        Name to content hash of a file, or to the key of another task.
    locations : mapping of str
        Name to path of the same inputs; not part of the key.
    depends : tuple of str
        Keys of tasks that must be done before.
    """

    step: str
    subject: str
    params: Params
    inputs: Mapping[str, str]
    locations: Mapping[str, str]
    depends: tuple[str, ...] = ()
    key: str = field(init=False)

    def __post_init__(self) -> None:
        """Compute the key."""
        step = STEPS[self.step]
        key = task_key(step=step.name, version=step.version, params=self.params, inputs=self.inputs)
        object.__setattr__(self, "key", key)

    @property
    def label(self) -> str:
        """Name for progress and messages."""
        return f"{self.step} {self.subject}"


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a step may look at.

    Parameters
    ----------
    params : mapping
        As declared in the task.
    locations : mapping of Path
        Where its inputs stand.
    key : str
        Key of the task, for the source of evidence.
    """

    params: Params
    locations: Mapping[str, Path]
    key: str


@dataclass(frozen=True, slots=True)
class Step:
    """A kind of task.

    Parameters
    ----------
    name : str
        Name, also of the folder of its artefacts.
    version : int
        Raised whenever the code changes its results.
    writes : tuple of str
        Schemas of the tables it writes; each stands in ``<schema>.parquet``.
    run : callable
        ``run(inputs, out)`` fills the folder ``out``.
    """

    name: str
    version: int
    writes: tuple[str, ...]
    run: Callable[[Inputs, Path], None]


STEPS: Registry[Step] = Registry("step")
