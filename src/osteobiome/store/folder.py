"""The study folder: artefacts under their keys, a version, a lock, and a log of attempts that may be lost.

A task is done if and only if its folder stands under ``tasks/<step>/<subject>-<key>``. It is filled under a temporary
name, flushed and renamed, so a reader never sees half of it, and ``kill -9`` at any moment loses no finished task.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

from osteobiome.core.errors import Fault, StoreError, StoreLockedError, StoreVersionError
from osteobiome.store.files import remove_tree, sync_folder, write_atomic, writing

if TYPE_CHECKING:
    from collections.abc import Iterator

STORE_VERSION = 1
_TEMPORARY = ".tmp-"


class StudyFolder:
    """Access to one study folder.

    Parameters
    ----------
    root : pathlib.Path
        Folder of the study's results.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def _version_file(self) -> Path:
        return self.root / "store.json"

    def check_version(self) -> None:
        """Raise if the folder was written by a newer version, or holds something else altogether.

        Raises
        ------
        StoreVersionError
            Newer store version.
        StoreError
            The version file is damaged, or the folder holds foreign files.
        """
        where = str(self.root)
        if not self._version_file.is_file():
            # a run killed before it wrote the version leaves nothing but our own names
            if self.root.is_dir() and any(not _is_ours(path.name) for path in self.root.iterdir()):
                raise StoreError(
                    Fault(
                        "foreign_folder",
                        where,
                        "a folder with other files in it",
                        "a new or empty folder",
                        "Choose another folder with --out",
                    )
                )
            return
        try:
            version = int(json.loads(self._version_file.read_text())["store_version"])
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                Fault(
                    "damaged_store",
                    str(self._version_file),
                    f"no readable version ({error})",
                    "a store version",
                    "Restore the file, or choose another folder with --out",
                )
            ) from error
        if version > STORE_VERSION:
            raise StoreVersionError(
                Fault(
                    "newer_store",
                    where,
                    f"store version {version}",
                    f"version {STORE_VERSION} or older",
                    "Update osteobiome, or choose another folder with --out",
                )
            )

    def open(self) -> None:
        """Make the folder if needed and write its version.

        Raises
        ------
        StoreError
            As :meth:`check_version`, or the folder cannot be written.
        """
        self.check_version()
        with writing(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
        if not self._version_file.is_file():
            write_atomic(self._version_file, json.dumps({"store_version": STORE_VERSION}).encode() + b"\n")
        with writing(self.root):
            (self.root / "tasks").mkdir(exist_ok=True)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for one run; the system lets go of it even after ``kill -9``.

        Raises
        ------
        StoreLockedError
            Another run is at work here.
        """
        path = self.root / "lock"
        with writing(path):
            handle = path.open("a+b")
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                    raise
                raise StoreLockedError(
                    Fault(
                        "locked",
                        str(self.root),
                        "another run at work in this folder",
                        "one run at a time",
                        "Wait for it, or choose another folder with --out",
                    )
                ) from error
            yield
        finally:
            handle.close()

    def task_folder(self, step: str, subject: str, key: str) -> Path:
        """Return where the artefact of a task stands, or will stand."""
        return self.root / "tasks" / step / f"{safe_name(subject)}-{key}"

    def is_done(self, step: str, subject: str, key: str) -> bool:
        """Tell whether the task's artefact exists."""
        return self.task_folder(step, subject, key).is_dir()

    @contextlib.contextmanager
    def committing(self, step: str, subject: str, key: str) -> Iterator[Path]:
        """Give a temporary folder to fill; on success it is renamed to the artefact's name.

        Parameters
        ----------
        step, subject, key : str
            Identity of the task.

        Yields
        ------
        pathlib.Path
            Empty folder. If the block raises, the folder is removed and nothing is left.
        """
        final = self.task_folder(step, subject, key)
        temporary = final.parent / f"{_TEMPORARY}{final.name}-{os.getpid()}"
        with writing(final):
            final.parent.mkdir(parents=True, exist_ok=True)
            remove_tree(temporary)
            temporary.mkdir()
        try:
            with writing(final):
                yield temporary
                sync_folder(temporary)
                self._rename(temporary, final)
        finally:
            remove_tree(temporary)

    @staticmethod
    def _rename(temporary: Path, final: Path) -> None:
        try:
            temporary.rename(final)
        except OSError as error:
            # an orphan of a killed run may have finished the same task meanwhile: same key, same bytes
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST} or not final.is_dir():
                raise
        sync_folder(final.parent)

    def clear_temporary(self) -> None:
        """Remove what a killed run left unfinished; call it under the lock."""
        for folder in self.root.glob(f"tasks/*/{_TEMPORARY}*"):
            remove_tree(folder)
        for pattern in (".*.tmp", "tables/.*.tmp"):
            for file in self.root.glob(pattern):
                file.unlink(missing_ok=True)


def _is_ours(name: str) -> bool:
    """Tell whether a name in a folder without version can only come from an interrupted start."""
    return name in {"tasks", "lock"} or (name.startswith(".store.json.") and name.endswith(".tmp"))


def safe_name(subject: str) -> str:
    """Return a file name for a subject; the key makes it unique, so characters may be lost.

    Examples
    --------
    >>> safe_name("gut/βmd x")
    'gut_md_x'
    """
    return re.sub(r"[^A-Za-z0-9.]+", "_", subject).strip("_.")[:60] or "task"


class AttemptLog:
    """A SQLite file with who started and finished what; deleting it loses no result.

    Parameters
    ----------
    path : pathlib.Path
        Database file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with writing(path):
            try:
                self._connection = self._connect()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                path.unlink()  # a damaged log is started afresh: it holds nothing that cannot be lost
                self._connection = self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=30)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS attempts "
            "(step TEXT, subject TEXT, key TEXT, event TEXT, seconds REAL, time REAL, detail TEXT)"
        )
        return connection

    def add(
        self, step: str, subject: str, key: str, event: str, *, seconds: float | None = None, detail: str = ""
    ) -> None:
        """Record an event: started, done, cached, failed."""
        with writing(self._path):
            self._connection.execute(
                "INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?)",
                (step, subject, key, event, seconds, time.time(), detail),
            )

    def events(self) -> list[tuple[str, str, str, str]]:
        """Return (step, subject, key, event) in order."""
        rows = self._connection.execute("SELECT step, subject, key, event FROM attempts ORDER BY rowid")
        return [(str(a), str(b), str(c), str(d)) for a, b, c, d in rows]

    def close(self) -> None:
        """Close the database."""
        self._connection.close()
