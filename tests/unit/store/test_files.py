"""Atomic writes: all of a file or none of it, and the system's refusals as sentences."""

from __future__ import annotations

import errno
import os
import sqlite3

import polars as pl
import pytest

from osteobiome.core.errors import StoreWriteError
from osteobiome.store import publish, write_atomic, writing
from osteobiome.store.files import remove_tree


def test_write_atomic__makes_folders_and_leaves_no_temporary_file(tmp_path):
    path = tmp_path / "a" / "b" / "file.txt"
    write_atomic(path, b"first")
    write_atomic(path, b"second")
    assert path.read_bytes() == b"second"
    assert [p.name for p in path.parent.iterdir()] == ["file.txt"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_write_atomic__that_fails_leaves_the_old_file(number, tmp_path, monkeypatch):
    path = tmp_path / "file.txt"
    write_atomic(path, b"old")

    def full(handle):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("osteobiome.store.files.os.fsync", full)
    with pytest.raises(StoreWriteError, match="no space left") as caught:
        write_atomic(path, b"new and much longer")
    assert caught.value.faults[0].code == "disk_full"
    assert caught.value.faults[0].where == str(path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]


def test_write_atomic__that_is_interrupted_leaves_the_old_file_alone(tmp_path, monkeypatch):
    """Ctrl-C between the bytes and the rename."""
    path = tmp_path / "file.txt"
    write_atomic(path, b"old")

    def interrupt(handle):
        raise KeyboardInterrupt

    monkeypatch.setattr("osteobiome.store.files.os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"


def test_write_atomic__onto_a_folder_is_an_error_without_leftovers(tmp_path):
    (tmp_path / "name").mkdir()
    with pytest.raises((StoreWriteError, IsADirectoryError)):
        write_atomic(tmp_path / "name", b"content")
    assert [p.name for p in tmp_path.iterdir()] == ["name"]


CODES = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EACCES: "no_permission",
    errno.EPERM: "no_permission",
    errno.EROFS: "no_permission",
    errno.ENOTDIR: "not_a_folder",
    errno.EEXIST: "not_a_folder",
}


@pytest.mark.parametrize("number", CODES)
def test_writing__turns_the_systems_words_into_ours(number, tmp_path):
    with pytest.raises(StoreWriteError) as caught, writing(tmp_path):
        raise OSError(number, os.strerror(number))
    (fault,) = caught.value.faults
    assert fault.code == CODES[number]
    assert fault.where == str(tmp_path)
    assert fault.found
    assert fault.expected
    assert fault.hint
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (sqlite3.OperationalError("database or disk is full"), "disk_full"),
        (sqlite3.OperationalError("disk I/O error"), "disk_full"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "no_permission"),
        (sqlite3.OperationalError("unable to open database file"), "no_permission"),
        (pl.exceptions.ComputeError("No space left on device (os error 28)"), "disk_full"),
    ],
)
def test_writing__knows_what_libraries_say(error, code, tmp_path):
    with pytest.raises(StoreWriteError) as caught, writing(tmp_path):
        raise error
    assert caught.value.faults[0].code == code


@pytest.mark.parametrize(
    "error", [OSError(errno.EIO, "broken disk"), ValueError("no"), pl.exceptions.ComputeError("something else")]
)
def test_writing__lets_other_errors_pass(error, tmp_path):
    with pytest.raises(type(error)) as caught, writing(tmp_path):
        raise error
    assert caught.value is error


def test_publish__copies_once(tmp_path):
    source, target = tmp_path / "source", tmp_path / "shown" / "target"
    source.write_bytes(b"one")
    publish(source, target)
    first = target.stat()
    publish(source, target)
    assert (target.stat().st_ino, target.stat().st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    source.write_bytes(b"two")
    publish(source, target)
    assert target.read_bytes() == b"two"


def test_remove_tree__does_not_mind_what_is_gone(tmp_path):
    remove_tree(tmp_path / "nothing")
    (tmp_path / "a" / "b").mkdir(parents=True)
    remove_tree(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []
