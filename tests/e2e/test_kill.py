"""Killing a run at any moment loses no finished task; the same command then gives the same tables."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the test finds worker processes in /proc"),
]

KILLS = 20
SEED = 2
MIN_HITS = 5


def _start(study, out, *, workers=2):
    """Start a run in a session of its own, so that its worker processes can be found."""
    command = [sys.executable, "-m", "osteobiome", "run", str(study), "--out", str(out), "--workers", str(workers)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def _members(session):
    """Return the process ids of a session that are still alive, with their command lines."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            state, _, _, owner = (folder / "stat").read_text().rsplit(")", 1)[1].split()[:4]
            if int(owner) == session and state not in {"Z", "X"}:
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, ValueError):
            continue  # ended while we looked
    return found


def _wait_until(condition, *, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


def _artefacts(out):
    """Return (step, folder name) of each finished task, with time and inode of all that is in it."""
    found = {}
    for folder in sorted(out.glob("tasks/*/*")):
        if not folder.name.startswith(".tmp-"):
            parts = [folder, *sorted(folder.rglob("*"))]
            found[folder.parent.name, folder.name] = [(p.stat().st_mtime_ns, p.stat().st_ino) for p in parts]
    return found


def _events(out):
    """Return (event, key) of every attempt in order; a log that is not there yet is empty."""
    if not (out / "progress.sqlite").exists():
        return []
    with sqlite3.connect(out / "progress.sqlite") as connection:
        try:
            return connection.execute("SELECT event, key FROM attempts ORDER BY rowid").fetchall()
        except sqlite3.OperationalError:
            return []  # killed before the table was made


def _kill(process):
    """Kill the parent alone, as the system would; its workers must notice and go."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=20)
    process.stdout.close()
    process.stderr.close()
    assert _wait_until(lambda: not _members(process.pid), seconds=5), f"orphans: {_members(process.pid)}"


def _finish(study, out, tables):
    """Run to the end and compare with an undisturbed run; return how long it took."""
    before, start = _artefacts(out), time.perf_counter()
    process = _start(study, out)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    _assert_finished(out, before, tables)
    return time.perf_counter() - start


def _assert_finished(out, before, tables):
    after = _artefacts(out)
    assert {name: after[name] for name in before} == before
    assert len(after) == 19
    assert {path.name: path.read_bytes() for path in sorted((out / "tables").iterdir())} == tables
    assert not [str(path) for path in out.rglob("*") if "tmp" in path.name]


def test_kill__at_twenty_random_moments_loses_nothing(adiposity_file, adiposity_results, tmp_path, table_bytes):
    """Kill, run again in the same folder, kill again, ... until a run gets to its end; then a fresh folder."""
    tables, moments = table_bytes(adiposity_results), random.Random(SEED)
    whole = _finish(adiposity_file, tmp_path / "undisturbed", tables)
    hits = kills = n_folders = 0
    out = tmp_path / "run-0"
    while kills < KILLS:
        before, log, start = _artefacts(out), _events(out), time.perf_counter()
        process = _start(adiposity_file, out)
        try:
            _, err = process.communicate(timeout=moments.uniform(0.15, 0.85) * whole)
        except subprocess.TimeoutExpired:
            _kill(process)
            kills += 1
        else:
            assert process.returncode == 0, err
            _assert_finished(out, before, tables)
            whole = min(whole, time.perf_counter() - start) if not before else whole
            n_folders += 1
            out = tmp_path / f"run-{n_folders}"
            continue
        after = _artefacts(out)
        assert {name: after[name] for name in before} == before  # no finished task is touched
        started = [key for event, key in _events(out)[len(log) :] if event == "started"]
        assert not [key for key in started if any(name.endswith(key) for _, name in before)]  # or started again
        assert len(set(started)) == len(started)
        hits += any(not any(name.endswith(key) for _, name in after) for key in started)
    _finish(adiposity_file, out, tables)
    assert hits >= MIN_HITS, f"only {hits} of {KILLS} kills hit a running task"


def _spawned(process):
    return [pid for pid, command in _members(process.pid).items() if "spawn_main" in command]


def test_killed_worker__is_a_crashed_task_and_the_run_resumes(adiposity_file, adiposity_results, tmp_path, table_bytes):
    """A worker that the system kills (out of memory) crashes its task: exit 1, a sentence, a record of the run."""
    out = tmp_path / "out"
    process = _start(adiposity_file, out)
    assert _wait_until(lambda: len(_spawned(process)) == 2 and _artefacts(out))
    os.kill(_spawned(process)[0], signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "The worker process died" in err
    assert "the same command resumes" in err
    assert "Traceback" not in err
    assert (out / "failed-run.json").is_file()
    assert _wait_until(lambda: not _members(process.pid), seconds=5)
    before = _artefacts(out)
    assert before
    again = _start(adiposity_file, out, workers=1)
    _, err = again.communicate(timeout=120)
    assert again.returncode == 0, err
    assert {name: info for name, info in _artefacts(out).items() if name in before} == before
    assert table_bytes(out) == table_bytes(adiposity_results)


@pytest.mark.parametrize("workers", [1, 2])
def test_interrupt__says_that_finished_tasks_are_kept(workers, adiposity_file, tmp_path):
    """Ctrl-C reaches the parent and its workers; nobody wants to see their tracebacks."""
    out = tmp_path / "out"
    process = _start(adiposity_file, out, workers=workers)
    assert _wait_until(lambda: len(_artefacts(out)) >= 2)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode not in {0, 2}
    assert "finished tasks are kept, the same command resumes" in err
    assert "Traceback" not in err
    assert _wait_until(lambda: not _members(process.pid), seconds=5)
    before = _artefacts(out)
    again = _start(adiposity_file, out, workers=1)
    _, err = again.communicate(timeout=120)
    assert again.returncode == 0, err
    assert {name: info for name, info in _artefacts(out).items() if name in before} == before


def test_termination__by_the_system_leaves_no_workers(adiposity_file, tmp_path):
    """SIGTERM, as a cluster sends it before the kill."""
    out = tmp_path / "out"
    process = _start(adiposity_file, out)
    assert _wait_until(lambda: bool(_artefacts(out)))
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert _wait_until(lambda: not _members(process.pid), seconds=5), _members(process.pid)
