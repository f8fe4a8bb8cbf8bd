"""Every registered step: it writes the tables that it declares, each of its schema, and nothing else."""

from __future__ import annotations

import inspect
import shutil
from pathlib import Path

import pytest

from osteobiome.core.columns import SCHEMAS
from osteobiome.store import StudyFolder, read_table
from osteobiome.study import load_study, steps
from osteobiome.study.plan import make_plan
from osteobiome.study.task import STEPS, Inputs

BESIDE_TABLES = {
    "ingest": {"facts.json"},
    "instruments": {"facts.json"},
    "clumping": set(),
    "locus": set(),
    "mr": set(),
    "report": {"study.json", "report.html"},
    "sharing": set(),
}
"""What a step may write besides its tables and their CSV twins."""


LOCUS = '\n[[locus]]\nid = "here"\nchromosome = 1\nstart = 1\nend = 30000\ntraits = ["x", "y"]\n'

BACK = '\n[[mr]]\nid = "back"\nexposures = ["y"]\noutcomes = ["x"]\n'
"""The outcome, of another ancestry with a panel of its own, as an exposure."""


@pytest.fixture(scope="module")
def finished_once(finished_once, tmp_path_factory):
    """Return the finished study with LD and a region, so that every step has something to do."""
    from osteobiome.study import run_study

    folder = tmp_path_factory.mktemp("steps") / "tiny"
    shutil.copytree(finished_once.folder, folder, ignore=shutil.ignore_patterns("results"))
    study = type(finished_once)(folder)
    study.add_ld([[1, 0.1], [0.1, 1]])
    study.file.write_text(study.file.read_text() + LOCUS + BACK)
    study.replace("study.toml", "[instruments]\n", "[instruments]\nr2 = 0.9\n")
    study.replace("study.toml", "[ld]\n", '[ld]\nEAS = "panel/eas"\n')
    study.replace("traits.csv", "none,EUR,second", "none,EAS,second")
    header, x, y = (study.folder / "traits.csv").read_text().splitlines()
    (study.folder / "traits.csv").write_text(f"{header},lineage\n{x},k__B|f__F\n{y},k__B|f__F|g__G\n")
    study.add_panel([[(i * k + i) % 3 for k in range(9)] for i in range(1, 30)], ancestry="EAS")
    assert run_study(study.file, workers=1).n_failed == 0
    return study


@pytest.fixture(scope="module")
def tasks(finished_once):
    """Return the tasks of a finished study by step; their artefacts stand."""
    plan = make_plan(load_study(finished_once.file), StudyFolder(finished_once.results))
    return {step: [task for task in plan.tasks if task.step == step] for step in STEPS}


def _artefact(study, task):
    return StudyFolder(study.results).task_folder(task.step, task.subject, task.key)


def test_steps__are_the_files_of_their_folder():
    """One step, one file of its name."""
    folder = Path(inspect.getfile(steps)).parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(STEPS)
    for name in STEPS:
        assert Path(inspect.getfile(STEPS[name].run)).name == f"{name}.py"


@pytest.mark.parametrize("name", STEPS)
def test_step__declares_name_version_and_schemas(name):
    step = STEPS[name]
    assert step.name == name
    assert type(step.version) is int
    assert step.version >= 1
    assert step.writes
    assert len(set(step.writes)) == len(step.writes)
    assert set(step.writes) <= set(SCHEMAS)
    assert list(inspect.signature(step.run).parameters) == ["inputs", "out"]
    assert inspect.getdoc(step.run)


@pytest.mark.parametrize("name", STEPS)
def test_step__writes_exactly_the_declared_tables(name, tasks, finished_once):
    assert tasks[name]
    for task in tasks[name]:
        folder = _artefact(finished_once, task)
        files = {path.name for path in folder.rglob("*") if path.is_file()}
        tables = {path.stem: path for path in folder.rglob("*.parquet")}
        assert set(tables) == set(STEPS[name].writes)
        assert {file for file in files if Path(file).stem not in tables} == BESIDE_TABLES[name]
        for schema, path in tables.items():
            frame = read_table(path, schema=schema)
            assert tuple(frame.columns) == SCHEMAS[schema]


@pytest.mark.parametrize("name", STEPS)
def test_step__gives_the_same_bytes_again(name, tasks, finished_once, tmp_path):
    """All files but the page, whose footer bears the time."""
    for i, task in enumerate(tasks[name]):
        out = tmp_path / str(i)
        out.mkdir()
        locations = {key: Path(path) for key, path in task.locations.items()}
        STEPS[name].run(Inputs(task.params, locations, task.key), out)
        first = _artefact(finished_once, task)
        files = {path.relative_to(first) for path in first.rglob("*") if path.is_file()}
        assert {path.relative_to(out) for path in out.rglob("*") if path.is_file()} == files
        for file in files - {Path("report.html")}:
            assert (out / file).read_bytes() == (first / file).read_bytes(), file


@pytest.mark.parametrize("name", STEPS)
def test_step__leaves_its_inputs_alone(name, tasks, finished_once, tmp_path, tree):
    shutil.copytree(finished_once.folder, tmp_path / "copy")
    for i, task in enumerate(tasks[name]):
        locations = {
            key: tmp_path / "copy" / Path(path).relative_to(finished_once.folder)
            for key, path in task.locations.items()
        }
        before = tree(tmp_path / "copy")
        out = tmp_path / str(i)
        out.mkdir()
        STEPS[name].run(Inputs(task.params, locations, task.key), out)
        assert tree(tmp_path / "copy") == before


def test_row_reports__account_for_every_row(tasks, finished_once):
    """Rows in are rows kept and rows dropped, in every step that can lose one."""
    for name in ("ingest", "instruments", "mr"):
        for task in tasks[name]:
            frame = read_table(_artefact(finished_once, task) / "row_report.parquet", schema="row_report")
            for part in frame.partition_by("subject", "step"):
                lost = part.filter(part["kind"] != "note")["count"].sum()
                assert part["n_in"].unique().to_list() == [part["n_kept"][0] + lost]


def test_tasks__are_plain_data(tasks):
    """Parameters become JSON for the key, and travel to worker processes."""
    import json
    import pickle

    for name in STEPS:
        for task in tasks[name]:
            assert json.loads(json.dumps(task.params)) == task.params
            assert pickle.loads(pickle.dumps(task)) == task
