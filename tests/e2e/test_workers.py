"""Tables do not depend on workers, place or order, and a run does nothing that is done already."""

from __future__ import annotations

import shutil
import sqlite3

import pytest

from osteobiome.study import load_study, run_study
from osteobiome.study.runner import study_status


def _done(run):
    return run.n_done, run.n_cached, run.n_failed


def _started(results):
    """Return (step, subject) of every task that was ever started here, in order."""
    with sqlite3.connect(results / "progress.sqlite") as connection:
        rows = connection.execute("SELECT step, subject FROM attempts WHERE event = 'started' ORDER BY rowid")
        return rows.fetchall()


@pytest.mark.slow
def test_tables__are_the_same_bytes_for_any_number_of_workers(adiposity_file, adiposity_results, tmp_path, table_bytes):
    run = run_study(adiposity_file, out=tmp_path / "out", workers=2)
    assert _done(run) == (19, 0, 0)
    ours = table_bytes(tmp_path / "out")
    assert {name.rsplit(".")[-1] for name in ours} == {"parquet", "csv"}
    assert len(ours) == 38
    assert ours == table_bytes(adiposity_results)


@pytest.mark.slow
def test_tables__are_the_same_bytes_in_another_process_and_place(adiposity_file, adiposity_results, tmp_path, shell,
                                                                 table_bytes):  # fmt: skip
    """Another folder for the study itself, a relative path, more workers than processors."""
    shutil.copytree(adiposity_file.parent, tmp_path / "moved", ignore=shutil.ignore_patterns("results"))
    ran = shell("run", "study.toml", "--workers", 3, "--json", cwd=tmp_path / "moved")
    assert ran.code == 0, ran.err
    assert ran.json["tasks"] == {"done": 19, "cached": 0, "failed": 0}
    assert table_bytes(tmp_path / "moved" / "results") == table_bytes(adiposity_results)


def test_tables__hold_no_path_and_no_time(finished_once, make_study, table_bytes):
    study = make_study("elsewhere")
    assert _done(run_study(study.file, out=study.folder / "other" / "name", workers=1)) == (5, 0, 0)
    assert table_bytes(study.folder / "other" / "name") == table_bytes(finished_once.results)


def test_second_run__does_nothing(finished, tree):
    before = tree(finished.results / "tasks"), tree(finished.results / "tables")
    log = _started(finished.results)
    assert _done(run_study(finished.file, workers=1)) == (0, 5, 0)
    assert (tree(finished.results / "tasks"), tree(finished.results / "tables")) == before
    assert _started(finished.results) == log


def test_log__may_be_deleted(finished, tree):
    before = tree(finished.results / "tasks"), tree(finished.results / "tables")
    for path in finished.results.glob("progress.sqlite*"):
        path.unlink()
    assert _done(run_study(finished.file, workers=1)) == (0, 5, 0)
    assert (tree(finished.results / "tasks"), tree(finished.results / "tables")) == before


def test_log__may_be_damaged(finished):
    for path in finished.results.glob("progress.sqlite*"):
        path.unlink()
    (finished.results / "progress.sqlite").write_bytes(b"this is not a database" * 100)
    finished.replace("study.toml", "5e-8", "5e-9")
    assert run_study(finished.file, workers=1).n_done == 3
    assert len(_started(finished.results)) == 3


def test_published_tables__come_back_when_deleted(finished, table_bytes):
    before = table_bytes(finished.results)
    shutil.rmtree(finished.results / "tables")
    (finished.results / "report.html").unlink()
    assert _done(run_study(finished.file, workers=1)) == (0, 5, 0)
    assert table_bytes(finished.results) == before
    assert (finished.results / "report.html").is_file()


def test_leftovers__of_a_killed_run_are_removed(finished):
    """A kill may leave half a task, or half a file on its way to where users look."""
    task = finished.results / "tasks" / "mr" / ".tmp-main-123"
    task.mkdir()
    (task / "estimates.parquet").write_bytes(b"half")
    halves = [task, finished.results / "tables" / ".estimates.parquet.123.tmp", finished.results / ".report.html.9.tmp"]
    for path in halves[1:]:
        path.write_bytes(b"half")
    assert run_study(finished.file, workers=1).n_failed == 0
    assert not [str(path) for path in halves if path.exists()]


CHANGES = {
    # name: (file, old text, new text, what runs again)
    "title": ("study.toml", "Does the exposure", "Does an exposure", {"report"}),
    "label": ("traits.csv", "Exposure X", "Exposure Z", {"report"}),
    "method": ("study.toml", '"egger"', '"wald_ratio"', {"mr", "report"}),
    "palindromes": ("study.toml", "max_bad_rows = 0.05", 'max_bad_rows = 0.05\npalindromic = { policy = "drop" }',
                    {"mr", "report"}),
    "unit": ("traits.csv", "quantitative,sd,20000", "quantitative,native:g,20000", {"mr", "report"}),
    "threshold": ("study.toml", "5e-8", "5e-9", {"instruments", "mr", "report"}),
    "limit": ("study.toml", "max_bad_rows = 0.05", "max_bad_rows = 0.06", {"ingest", "instruments", "mr", "report"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_change__runs_again_only_what_depends_on_it(name, finished, tree):
    file, old, new, steps = CHANGES[name]
    before = tree(finished.results / "tasks")
    log = len(_started(finished.results))
    finished.replace(file, old, new)
    run = run_study(finished.file, workers=1)
    assert run.n_failed == 0
    assert {step for step, _ in _started(finished.results)[log:]} == steps
    after = tree(finished.results / "tasks")
    kept = [path for path in before if path.count("/") > 1]
    assert {path: after[path] for path in kept} == {path: before[path] for path in kept}


def test_changed_file__runs_again_only_what_depends_on_it(finished):
    log = len(_started(finished.results))
    finished.set("y", 3, beta="0.02")
    assert _done(run_study(finished.file, workers=1)) == (3, 2, 0)
    assert _started(finished.results)[log:] == [("ingest", "y"), ("mr", "main"), ("report", "tiny")]


def test_change_undone__finds_the_old_results(finished, table_bytes):
    before = table_bytes(finished.results)
    finished.replace("study.toml", "5e-8", "1e-20")
    run_study(finished.file, workers=1)
    assert table_bytes(finished.results) != before
    finished.replace("study.toml", "1e-20", "5e-8")
    assert _done(run_study(finished.file, workers=1)) == (0, 5, 0)
    assert table_bytes(finished.results) == before


def test_second_family__leaves_the_first_alone(finished, table_bytes):
    log = len(_started(finished.results))
    before = table_bytes(finished.results)["estimates.csv"].decode()
    text = finished.file.read_text() + '\n[[mr]]\nid = "more"\nexposures = ["x"]\noutcomes = ["y"]\nprimary = "egger"\n'
    finished.file.write_text(text)
    assert run_study(finished.file, workers=1).n_failed == 0
    assert _started(finished.results)[log:] == [("mr", "more"), ("report", "tiny")]
    assert table_bytes(finished.results)["estimates.csv"].decode().startswith(before)


def test_status__counts_what_is_done(finished):
    assert [row["done"] for row in study_status(finished.file)] == [True] * 5
    finished.replace("study.toml", "5e-8", "5e-9")
    assert {row["step"]: row["done"] for row in study_status(finished.file)} == {
        "ingest": True,
        "instruments": False,
        "mr": False,
        "report": False,
    }


def test_run__reports_what_it_did(finished):
    run = run_study(finished.file, workers=1)
    assert run.study.config == load_study(finished.file).config
    assert set(run.tables) == {
        "estimates", "diagnostics", "harmonised", "influence", "leave_one_out", "proxies", "evidence", "instruments",
        "thresholds", "shared_instruments", "controls", "clumps", "regional", "findings", "genes", "methods",
        "row_report", "traits", "published",
    }  # fmt: skip
    assert all(path.is_file() for path in run.tables.values())
    assert run.report == finished.results / "report.html"
    assert run.seconds > 0
