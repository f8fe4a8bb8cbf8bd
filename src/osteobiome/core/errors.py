"""Every error of the package, and the faults that they carry.

::

    OsteobiomeError
    ├── SchemaError(ValueError)             a table lacks a column, or a column has the wrong type
    ├── InputFileError(ValueError)          a file is missing, empty, truncated or unreadable
    ├── GenomeBuildError(ValueError)        tables on different builds
    ├── HarmonisationError(ValueError)      two traits cannot be brought to the same alleles
    ├── ConfigError(ValueError)             the study file or trait table is wrong
    ├── UnknownNameError(LookupError)       a registry does not know the name
    ├── EstimationError(ArithmeticError)    an estimate does not exist; carries ``status``
    ├── StoreError
    │   ├── StoreWriteError                 disk full, no permission
    │   ├── StoreVersionError               written by a newer version
    │   └── StoreLockedError                another run is at work in this folder
    └── RunStoppedError(ValueError)         a task found its input, or the disk, unusable

A message has three parts: what was found, what was expected, what to do. :class:`Fault` keeps them apart, so that the
command line can print them as a list and as JSON.
"""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Severity = Literal["fatal", "row", "estimate", "note"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where, what was found, what was expected and what to do.

    Parameters
    ----------
    code : str
        Stable identifier such as ``unknown_key``.
    where : str
        File, line or path inside the study file.
    found, expected, hint : str
        The three parts of the message.
    severity : {"fatal", "row", "estimate", "note"}
        ``note`` marks something worth knowing that stops nothing.
    line : int, optional
        Line of the file (1-based), if the fault sits on one.
    """

    code: str
    where: str
    found: str
    expected: str = ""
    hint: str = ""
    severity: Severity = "fatal"
    line: int | None = None

    def text(self) -> str:
        """Return the fault as one paragraph."""
        parts = [f"{self.where}: {self.found}"]
        if self.expected:
            parts.append(f"Expected {self.expected}")
        if self.hint:
            parts.append(self.hint)
        return " ".join(part if part.endswith(".") else f"{part}." for part in parts)

    def as_dict(self) -> dict[str, object]:
        """Return the fault as plain data for JSON; a line only where there is one."""
        return {name: value for name, value in asdict(self).items() if name != "line" or value is not None}


class OsteobiomeError(Exception):
    """Base of all errors raised on purpose; holds the faults behind the message.

    Parameters
    ----------
    *faults : Fault
        At least one fault; all of them appear in the message.
    """

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("\n".join(fault.text() for fault in faults))

    def __reduce__(self) -> tuple[type[OsteobiomeError], tuple[Fault, ...]]:
        """Travel between processes with the faults, not with the text."""
        return (type(self), self.faults)


class SchemaError(OsteobiomeError, ValueError):
    """A table lacks a column or holds one of the wrong type."""


class InputFileError(OsteobiomeError, ValueError):
    """A file is missing, empty, truncated or cannot be read as declared."""


class GenomeBuildError(OsteobiomeError, ValueError):
    """Tables on different genome builds were about to be mixed."""


class HarmonisationError(OsteobiomeError, ValueError):
    """Two traits cannot be brought to the same alleles."""


class ConfigError(OsteobiomeError, ValueError):
    """The study file or the trait table is wrong; every fault is listed."""


class UnknownNameError(OsteobiomeError, LookupError):
    """A registry does not know the name."""


class EstimationError(OsteobiomeError, ArithmeticError):
    """An estimate does not exist; ``status`` says why.

    Parameters
    ----------
    *faults : Fault
        The first fault's ``code`` is the status.
    """

    @property
    def status(self) -> str:
        """Name of the status that a batch call would have recorded."""
        return self.faults[0].code


class StoreError(OsteobiomeError):
    """The study folder cannot be used."""


class StoreWriteError(StoreError):
    """A file could not be written: disk full or no permission."""


class StoreVersionError(StoreError):
    """The study folder was written by a newer version."""


class StoreLockedError(StoreError):
    """Another run is at work in the study folder."""


class RunStoppedError(OsteobiomeError, ValueError):
    """A task of a study found its input, or the disk, unusable; no table and no report was changed."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the closest known word, or lists them all.

    Examples
    --------
    >>> nearest("eger", ["ivw", "egger"])
    "Did you mean 'egger'?"
    """
    names = sorted(known)
    close = difflib.get_close_matches(name.lower(), [n.lower() for n in names], n=1, cutoff=0.6)
    if close:
        match = next(n for n in names if n.lower() == close[0])
        return f"Did you mean '{match}'?"
    return "Choose from " + ", ".join(names) if names else "Nothing is registered under this heading"
