"""The plan: a key changes with everything that its result depends on, and with nothing else."""

from __future__ import annotations

import shutil

import pytest

from osteobiome.store import StudyFolder
from osteobiome.study import load_study
from osteobiome.study.plan import make_plan
from osteobiome.study.task import STEPS


def _keys(study, out=None):
    """Return the key of each task by step and subject."""
    plan = make_plan(load_study(study.file), StudyFolder(out or study.results))
    return {(task.step, task.subject): task.key for task in plan.tasks}


ALL = {("ingest", "x"), ("ingest", "y"), ("instruments", "x"), ("mr", "main"), ("report", "tiny")}
AFTER_X = ALL - {("ingest", "y")}
REPORT = {("report", "tiny")}
ESTIMATES = {("mr", "main"), ("report", "tiny")}

CHANGES = {
    # name: (file, old text, new text, tasks with another key)
    "title": ("study.toml", "Does the", "Does an", REPORT),
    "seed": ("study.toml", 'traits = "traits.csv"', 'traits = "traits.csv"\nseed = 2', REPORT),
    "remark": ("study.toml", "[instruments]", "# a remark\n[instruments]", set()),
    "layout": ("study.toml", "p_threshold = 5e-8", "p_threshold = 0.00000005", set()),
    "build": ("study.toml", '"GRCh37"', '"GRCh38"', ALL),
    "max_bad_rows": ("study.toml", "0.05", "0.06", ALL),
    "allow": ("study.toml", "0.05", '0.05\nallow = ["missing_beta"]', ALL),
    "p_threshold": ("study.toml", "5e-8", "5e-9", ALL - {("ingest", "x"), ("ingest", "y")}),
    "given": ("study.toml", "5e-8", '5e-8\ngiven = { x = "a list" }', ALL - {("ingest", "x"), ("ingest", "y")}),
    "palindromic": ("study.toml", "0.05", '0.05\npalindromic = { policy = "drop" }', ESTIMATES),
    "drop_between": ("study.toml", "0.05", "0.05\npalindromic = { drop_between = [0.4, 0.6] }", ESTIMATES),
    "primary": ("study.toml", 'primary = "ivw"', 'primary = "egger"', ESTIMATES),
    "sensitivity": ("study.toml", '"egger"', '"wald_ratio"', ESTIMATES),
    "exposure_direction": ("study.toml", 'primary = "ivw"', 'exposure_direction = "lower"\nprimary = "ivw"', ESTIMATES),
    "simulated": ("study.toml", 'traits = "traits.csv"', 'traits = "traits.csv"\nsimulated = true', ESTIMATES),
    "label": ("traits.csv", "Exposure X", "Exposure Q", REPORT),
    "adjusted_for": ("traits.csv", "none,EUR,first", "weight,EUR,first", REPORT),
    "ancestry": ("traits.csv", "none,EUR,first", "none,EAS,first", AFTER_X),
    "unit": ("traits.csv", "sd,10000", "native:%,10000", ESTIMATES),
    "curie": ("traits.csv", "metabolite,,", "metabolite,CHEBI:1,", ESTIMATES),
    "licence": ("traits.csv", "CC0,doi:10.1000/y", "CC-BY-4.0,doi:10.1000/y", ESTIMATES),
}


@pytest.mark.parametrize("name", CHANGES)
def test_key__changes_with_what_the_result_depends_on(name, tiny):
    file, old, new, changed = CHANGES[name]
    before = _keys(tiny)
    assert set(before) == ALL
    tiny.replace(file, old, new)
    if name == "build":
        tiny.replace("traits.csv", "GRCh37", "GRCh38")
    after = _keys(tiny)
    assert {task for task in ALL if before[task] != after[task]} == changed


def test_key__changes_with_the_content_of_a_file(tiny):
    before = _keys(tiny)
    tiny.set("x", 0, beta="0.031")
    after = _keys(tiny)
    assert {task for task in ALL if before[task] != after[task]} == AFTER_X


def test_key__does_not_change_with_place_or_time(tiny, make_study):
    before = _keys(tiny)
    (tiny.folder / "x.tsv").touch()
    moved = make_study("moved")
    shutil.rmtree(moved.folder)
    shutil.copytree(tiny.folder, moved.folder)
    assert _keys(tiny) == before
    assert _keys(moved) == before
    assert _keys(moved, out=tiny.folder / "elsewhere") == before


def test_key__does_not_change_with_the_name_of_a_file(tiny):
    """The report prints the name, so only its key changes."""
    before = _keys(tiny)
    (tiny.folder / "x.tsv").rename(tiny.folder / "renamed.tsv")
    tiny.replace("traits.csv", "x.tsv", "renamed.tsv")
    after = _keys(tiny)
    assert {task for task in ALL if before[task] != after[task]} == REPORT


def test_key__changes_with_the_version_of_a_step(tiny, monkeypatch):
    from dataclasses import replace

    before = _keys(tiny)
    monkeypatch.setitem(STEPS._items, "instruments", replace(STEPS["instruments"], version=99))
    after = _keys(tiny)
    assert {task for task in ALL if before[task] != after[task]} == ALL - {("ingest", "x"), ("ingest", "y")}


def test_key__depends_on_the_ld_matrix_where_it_is_used(tiny):
    tiny.add_ld([[1, 0.1], [0.1, 1]])
    tiny.replace("study.toml", 'primary = "ivw"', 'primary = "ivw_ld"')
    before = _keys(tiny)
    tiny.replace("ld_r.tsv", "0.1", "0.2")
    after = _keys(tiny)
    assert {task for task in ALL if before[task] != after[task]} == ESTIMATES


def test_plan__lists_a_task_after_all_it_depends_on(tiny):
    tiny.replace("study.toml", 'primary = "ivw"', 'direction = "both"\nprimary = "ivw"')
    plan = make_plan(load_study(tiny.file), StudyFolder(tiny.results))
    seen = set()
    for task in plan.tasks:
        assert set(task.depends) <= seen
        seen.add(task.key)
    assert plan.report is plan.tasks[-1]
    assert [task.subject for task in plan.tasks if task.step == "mr"] == ["main", "main-reverse"]


def test_plan__hashes_every_input_once(tiny):
    tiny.add_ld([[1, 0.1], [0.1, 1]])
    plan = make_plan(load_study(tiny.file), StudyFolder(tiny.results))
    assert set(plan.inputs) == {"x.tsv", "y.tsv", "ld_r.tsv", "ld_variants.tsv"}
    assert all(len(value) == 64 for value in plan.inputs.values())


def test_plan__writes_nothing(tiny, tree):
    before = tree(tiny.folder)
    make_plan(load_study(tiny.file), StudyFolder(tiny.results))
    assert tree(tiny.folder) == before
