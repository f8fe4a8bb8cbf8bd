"""What stands at a path, answered also for names that the system does not take.

Until Python 3.14 :meth:`pathlib.Path.exists` raises for a name that is too long; a user is told the same way that there
is no such file.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["is_folder", "is_there"]


def is_there(path: str | Path) -> bool:
    """Return whether a file or folder is at a path.

    Parameters
    ----------
    path : str or pathlib.Path
        Path; one that the system does not take is nowhere.

    Examples
    --------
    >>> is_there("x" * 300), is_there(".")
    (False, True)
    """
    try:
        return Path(path).exists()
    except OSError:
        return False


def is_folder(path: str | Path) -> bool:
    """Return whether a folder is at a path.

    Parameters
    ----------
    path : str or pathlib.Path
        Path; one that the system does not take is nowhere.

    Examples
    --------
    >>> is_folder("x" * 300), is_folder(".")
    (False, True)
    """
    try:
        return Path(path).is_dir()
    except OSError:
        return False
