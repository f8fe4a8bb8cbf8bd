"""How this subpackage says that a file cannot be read: which file, which line, and what to do."""

from __future__ import annotations

from osteobiome.core.errors import Fault

AGAIN = "Download it again and compare its checksum"


def fault(code: str, where: str, found: str, *, expected: str = "", hint: str = "", line: int | None = None) -> Fault:
    """Return one fault of a file.

    Parameters
    ----------
    code : str
        Id of the check.
    where : str
        The file.
    found, expected, hint : str
        The three parts of the message.
    line : int, optional
        Line of the file, 1-based; it is put behind the file name too.
    """
    place = where if line is None else f"{where}, line {line}"
    return Fault(code, place, found, expected, hint, line=line)
