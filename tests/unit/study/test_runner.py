"""Running: a crashed task is recorded and takes no other with it; manifest, status, report and citations."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

import pytest

from osteobiome.core.errors import ConfigError, StoreError
from osteobiome.study import run_study
from osteobiome.study.executors import Outcome, _result, default_workers
from osteobiome.study.runner import citations, results_folder, rewrite_report, study_status
from osteobiome.study.task import STEPS, Task


@pytest.fixture
def crash(monkeypatch):
    """Return a function that makes a step fail as a bug would, for some subjects."""

    def make(step, *subjects):
        real = STEPS[step]

        def run(inputs, out):
            if not subjects or inputs.params.get("trait_id", inputs.params.get("family")) in subjects:
                (out / "half").write_text("half")
                raise ZeroDivisionError("a bug in the step")
            real.run(inputs, out)

        monkeypatch.setitem(STEPS._items, step, replace(real, run=run))

    return make


def _states(study):
    return {(row["step"], row["subject"]): row["done"] for row in study_status(study.file)}


def test_crash__is_recorded_and_other_tasks_are_done(tiny, crash):
    crash("ingest", "x")
    run = run_study(tiny.file, workers=1)
    assert (run.n_done, run.n_cached, run.n_failed) == (1, 0, 1)
    assert (run.tables, run.report) == ({}, None)
    assert _states(tiny) == {
        ("ingest", "x"): False,
        ("ingest", "y"): True,
        ("instruments", "x"): False,
        ("mr", "main"): False,
        ("report", "tiny"): False,
    }
    (failure,) = json.loads((tiny.results / "failed-run.json").read_text())["failures"]
    assert failure["task"] == "ingest x"
    assert "Traceback (most recent call last)" in failure["traceback"]
    assert "ZeroDivisionError: a bug in the step" in failure["traceback"]
    for name in ("tables", "report.html", "manifest.json"):
        assert not (tiny.results / name).exists()
    assert not [str(path) for path in tiny.results.rglob("*") if "tmp" in path.name or path.name == "half"]


def test_crash__leaves_earlier_tables_and_the_mended_step_resumes(finished, crash, table_bytes, monkeypatch):
    before = table_bytes(finished.results), (finished.results / "manifest.json").read_bytes()
    finished.replace("study.toml", "5e-8", "5e-9")
    with monkeypatch.context() as patched:
        patched.setitem(STEPS._items, "mr", STEPS["mr"])
        crash("mr")
        assert run_study(finished.file, workers=1).n_failed == 1
    assert (table_bytes(finished.results), (finished.results / "manifest.json").read_bytes()) == before
    monkeypatch.undo()
    run = run_study(finished.file, workers=1)
    assert (run.n_done, run.n_cached, run.n_failed) == (2, 3, 0)
    assert json.loads((finished.results / "manifest.json").read_text())["failures"] == []
    assert not (finished.results / "failed-run.json").exists()


def test_crash__of_one_family_spares_the_other(tiny, crash):
    tiny.file.write_text(tiny.file.read_text() + '\n[[mr]]\nid = "more"\npairs = [["x", "y"]]\n')
    crash("mr", "main")
    assert run_study(tiny.file, workers=1).n_failed == 1
    states = _states(tiny)
    assert not states["mr", "main"]
    assert states["mr", "more"]
    assert not states["report", "tiny"]


def test_crash__is_exit_code_1_with_the_traceback_on_stderr(tiny, crash):
    from typer.testing import CliRunner

    from osteobiome.cli.main import app

    crash("report")
    result = CliRunner().invoke(app, ["run", str(tiny.file), "--workers", "1"])
    assert result.exit_code == 1
    assert "task 'report tiny' crashed" in result.stderr
    assert "ZeroDivisionError" in result.stderr
    assert "the same command resumes" in result.stderr
    as_json = CliRunner().invoke(app, ["run", str(tiny.file), "--workers", "1", "--json"])
    assert as_json.exit_code == 1
    document = json.loads(as_json.stdout)
    assert document["tasks"] == {"done": 0, "cached": 4, "failed": 1}
    assert document["report"] is None


def test_worker_that_died__is_a_crash_of_its_task():
    future = Future()
    future.set_exception(BrokenProcessPool())
    task = Task("ingest", "x", {}, {}, {})
    outcome = _result(future, task)
    assert "worker process died" in outcome.crash
    assert not outcome.is_done
    assert Outcome(task, 0.1).is_done


def test_default_workers__are_the_processors_at_hand():
    assert default_workers() >= 1


def test_manifest__says_what_was_run_on_what(finished):
    manifest = json.loads((finished.results / "manifest.json").read_text())
    content = (finished.folder / "x.tsv").read_bytes()
    assert manifest["inputs_sha256"]["x.tsv"] == hashlib.sha256(content).hexdigest()
    assert manifest["seed"] == 1
    assert manifest["study"]["study"]["id"] == "tiny"
    assert manifest["failures"] == []
    assert [task["step"] for task in manifest["tasks"]] == ["ingest", "ingest", "instruments", "mr", "report"]
    assert {"version", "python", "dependencies"} <= set(manifest["provenance"])
    assert manifest["tasks"][2]["params"]["selection"]["p_threshold"] == 5e-8


def test_results_folder__is_beside_the_study_or_as_told(tiny):
    assert results_folder(tiny.file, None) == tiny.results
    assert results_folder(tiny.file, tiny.folder / "other") == tiny.folder / "other"


def test_progress__hears_of_every_task(finished):
    heard = []

    class Listener:
        def start(self, total):
            heard.append(total)

        def advance(self, label, outcome):
            heard.append((label, outcome))

        def stop(self):
            heard.append("stop")

    finished.replace("study.toml", "Does the", "Does an")
    run_study(finished.file, workers=1, progress=Listener())
    assert heard[0] == 5
    assert heard[-1] == "stop"
    assert dict(heard[1:-1])["report tiny"] == "done"
    assert dict(heard[1:-1])["ingest x"] == "kept from an earlier run"
    assert len(heard) == 7


@pytest.mark.parametrize("function", [rewrite_report, citations])
def test_results__of_another_study_are_not_taken_for_ours(function, finished):
    finished.replace("study.toml", "5e-8", "5e-9")
    with pytest.raises(StoreError) as caught:
        function(finished.file)
    (fault,) = caught.value.faults
    assert fault.code == "not_run"
    assert f"osteobiome run {finished.file}" in fault.hint


def test_rewrite_report__writes_the_page_again(finished):
    page = finished.results / "report.html"
    page.write_text("scribbled over")
    assert rewrite_report(finished.file) == page
    assert page.read_text().startswith("<!doctype html>")


def test_citations__name_software_methods_and_data(finished):
    rows = citations(finished.file)
    uses = {row["used_for"]: row["source"] for row in rows}
    assert uses["software"].startswith("osteobiome ")
    assert uses["data: Exposure X"] == "doi:10.1000/x"
    assert uses["method: MR-Egger"].startswith("doi:10.")
    assert len({(row["source"], row["used_for"]) for row in rows}) == len(rows)
    assert not [use for use in uses if "LD" in use]  # only what ran


def test_run__of_a_broken_study_raises_before_anything_is_written(tiny):
    tiny.replace("study.toml", '"ivw"', '"ivww"')
    with pytest.raises(ConfigError, match="Did you mean 'ivw'"):
        run_study(tiny.file)
    assert not tiny.results.exists()
