"""The study folder: a task is done if and only if its artefact stands; version, lock, and a log that may be lost."""

from __future__ import annotations

import errno
import json
import os

import pytest

from osteobiome.core.errors import StoreError, StoreLockedError, StoreVersionError, StoreWriteError
from osteobiome.store import STORE_VERSION, AttemptLog, StudyFolder
from osteobiome.store.folder import safe_name


@pytest.fixture
def store(tmp_path):
    folder = StudyFolder(tmp_path / "results")
    folder.open()
    return folder


def test_open__writes_a_version_and_takes_it_back(store):
    assert json.loads((store.root / "store.json").read_text()) == {"store_version": STORE_VERSION}
    before = (store.root / "store.json").stat()
    store.open()
    after = (store.root / "store.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_check_version__accepts_what_is_not_there_or_empty(tmp_path):
    StudyFolder(tmp_path / "nothing").check_version()
    (tmp_path / "empty").mkdir()
    StudyFolder(tmp_path / "empty").check_version()
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("version", [STORE_VERSION + 1, 99])
def test_check_version__refuses_a_newer_one(version, store):
    (store.root / "store.json").write_text(json.dumps({"store_version": version}))
    with pytest.raises(StoreVersionError, match=f"store version {version}") as caught:
        store.check_version()
    assert caught.value.faults[0].code == "newer_store"


def test_check_version__accepts_an_older_one(store):
    (store.root / "store.json").write_text('{"store_version": 0, "more": true}')
    store.check_version()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1]", b"3", b"null", b'{"version": 1}', b'{"store_version": "x"}', b"\xff\xfe"]
)
def test_check_version__names_a_damaged_version_file(content, store):
    (store.root / "store.json").write_bytes(content)
    with pytest.raises(StoreError) as caught:
        store.check_version()
    (fault,) = caught.value.faults
    assert fault.code == "damaged_store"
    assert fault.where == str(store.root / "store.json")


def test_check_version__refuses_a_folder_of_other_files(tmp_path):
    (tmp_path / "letter.txt").write_text("Dear")
    with pytest.raises(StoreError) as caught:
        StudyFolder(tmp_path).open()
    assert caught.value.faults[0].code == "foreign_folder"
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_committing__makes_the_task_done(store):
    assert not store.is_done("mr", "main", "k1")
    with store.committing("mr", "main", "k1") as folder:
        (folder / "table").write_text("content")
        assert not store.is_done("mr", "main", "k1")
    assert store.is_done("mr", "main", "k1")
    assert (store.task_folder("mr", "main", "k1") / "table").read_text() == "content"
    assert not store.is_done("mr", "main", "k2")
    assert not store.is_done("mr", "other", "k1")


@pytest.mark.parametrize("error", [RuntimeError("bug"), KeyboardInterrupt(), SystemExit(1)])
def test_committing__leaves_nothing_on_error(error, store):
    def fill_and_fail(folder):
        (folder / "table").write_text("half")
        raise error

    with pytest.raises(type(error)), store.committing("mr", "main", "k1") as folder:
        fill_and_fail(folder)
    assert not store.is_done("mr", "main", "k1")
    assert list((store.root / "tasks" / "mr").iterdir()) == []


def test_committing__names_a_full_disk_and_leaves_nothing(store):
    with pytest.raises(StoreWriteError, match="no space left"), store.committing("mr", "main", "k1"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list((store.root / "tasks" / "mr").iterdir()) == []


def test_committing__starts_with_an_empty_folder(store):
    """A temporary folder of the same process number, left by a killed run, is not taken over."""
    stale = store.root / "tasks" / "mr" / f".tmp-main-k1-{os.getpid()}"
    stale.mkdir(parents=True)
    (stale / "half").write_text("old")
    with store.committing("mr", "main", "k1") as folder:
        assert list(folder.iterdir()) == []


def test_committing__keeps_what_another_process_finished_meanwhile(store):
    """The orphan of a killed run may be faster: same key, same bytes."""
    with store.committing("mr", "main", "k1") as folder:
        (folder / "table").write_text("ours")
        final = store.task_folder("mr", "main", "k1")
        final.mkdir()
        (final / "table").write_text("theirs")
    assert (final / "table").read_text() == "theirs"
    assert [path.name for path in final.parent.iterdir()] == [final.name]


def test_clear_temporary__removes_halves_and_keeps_artefacts(store):
    with store.committing("mr", "main", "k1") as folder:
        (folder / "table").write_text("content")
    half = store.root / "tasks" / "mr" / ".tmp-main-k2-17"
    half.mkdir()
    (half / "table").write_text("half")
    store.clear_temporary()
    assert not half.exists()
    assert store.is_done("mr", "main", "k1")


def test_lock__is_held_by_one_process_at_a_time(store, holding):
    with store.lock():
        pass
    holding(store.root)
    with pytest.raises(StoreLockedError, match="another run") as caught, store.lock():
        pytest.fail("two runs in one folder")
    assert caught.value.faults[0].where == str(store.root)


def test_lock__is_released_after_an_error(store):
    with pytest.raises(RuntimeError), store.lock():
        raise RuntimeError
    with store.lock():
        pass


def test_log__keeps_events_in_order(tmp_path):
    log = AttemptLog(tmp_path / "progress.sqlite")
    log.add("ingest", "x", "k1", "started")
    log.add("ingest", "x", "k1", "done", seconds=0.5)
    log.close()
    again = AttemptLog(tmp_path / "progress.sqlite")
    assert again.events() == [("ingest", "x", "k1", "started"), ("ingest", "x", "k1", "done")]
    again.close()


@pytest.mark.parametrize("content", [b"no database" * 200, b"SQLite format 3\x00" + bytes(100)])
def test_log__starts_afresh_if_damaged(content, tmp_path):
    (tmp_path / "progress.sqlite").write_bytes(content)
    log = AttemptLog(tmp_path / "progress.sqlite")
    log.add("ingest", "x", "k1", "started")
    assert log.events() == [("ingest", "x", "k1", "started")]
    log.close()


@pytest.mark.parametrize(
    ("subject", "name"),
    [("a/b", "a_b"), ("../..", "task"), ("", "task"), ("Ωμέγα", "task"), ("x" * 99, "x" * 60), (".hidden", "hidden")],
)
def test_safe_name__is_a_file_name(subject, name):
    assert safe_name(subject) == name


def test_task_folder__differs_by_key_even_if_names_collide(store):
    assert store.task_folder("ingest", "a b", "k1") != store.task_folder("ingest", "a b", "k2")
    assert store.task_folder("ingest", "a b", "k1").parent == store.root / "tasks" / "ingest"
