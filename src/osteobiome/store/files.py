"""Writing files so that a reader sees all of one or none of it, and a full disk is a sentence."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.errors import Fault, StoreWriteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_NO_PERMISSION = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the system's words for what does not let a file be written into a StoreWriteError.

    Parameters
    ----------
    path : pathlib.Path
        What is being written, for the message.

    Raises
    ------
    StoreWriteError
        No space left, no permission, a read-only file system, or a name that is too long. Other errors pass unchanged.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise _full(path) from error
        if error.errno in _NO_PERMISSION:
            raise _forbidden(path) from error
        if error.errno == errno.ENAMETOOLONG:
            found = f"the system does not let it be written: {error.strerror}"
            raise StoreWriteError(
                Fault("cannot_write", str(path), found, "a shorter name", "Choose another name")
            ) from error
        if error.errno in {errno.ENOTDIR, errno.EEXIST}:
            raise StoreWriteError(
                Fault(
                    "not_a_folder",
                    str(path),
                    "a file stands where a folder is needed",
                    "a folder",
                    "Choose another folder",
                )
            ) from error
        raise
    except (pl.exceptions.PolarsError, sqlite3.OperationalError) as error:
        text = str(error).lower()
        if "readonly database" in text or "unable to open database" in text:
            raise _forbidden(path) from error
        if "no space left" in text or "disk is full" in text or "disk i/o error" in text:
            raise _full(path) from error
        raise


def _forbidden(path: Path) -> StoreWriteError:
    return StoreWriteError(
        Fault(
            "no_permission",
            str(path),
            "no permission to write here",
            "a writable folder",
            "Choose another folder, or change its permissions",
        )
    )


def _full(path: Path) -> StoreWriteError:
    return StoreWriteError(
        Fault(
            "disk_full",
            str(path),
            "no space left on the disk",
            "room for the results",
            "Free some space and run the same command again: finished tasks are kept",
        )
    )


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, flush it to disk and rename it.

    Parameters
    ----------
    path : pathlib.Path
        Final name; its folder is made if needed.
    content : bytes
        Whole content.

    Raises
    ------
    StoreWriteError
        Disk full or no permission; the old file, if any, is untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
            temporary.replace(path)
            sync_folder(path.parent)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def publish(source: Path, target: Path) -> None:
    """Copy a finished file to the place where users look, if it is not there already.

    Parameters
    ----------
    source, target : pathlib.Path
        Finished file inside an artefact; name for users.
    """
    content = source.read_bytes()
    if not target.is_file() or target.read_bytes() != content:
        write_atomic(target, content)


def remove_tree(folder: Path) -> None:
    """Delete a folder that may be half gone already."""
    shutil.rmtree(folder, ignore_errors=True)
