"""Running a study: check, plan, do what is not done yet, publish the tables."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from osteobiome.core.errors import Fault, RunStoppedError, StoreError
from osteobiome.core.progress import NoProgress
from osteobiome.core.provenance import provenance
from osteobiome.report import open_report, write_report
from osteobiome.report.bibliography import entries
from osteobiome.report.content import read_content
from osteobiome.report.ran import methods_that_ran
from osteobiome.report.report import FILE_FORMATS
from osteobiome.store import AttemptLog, StudyFolder, publish, write_atomic
from osteobiome.study.executors import Outcome, run_tasks
from osteobiome.study.plan import Plan, make_plan
from osteobiome.study.study import Study, load_study

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osteobiome.core.progress import Progress
    from osteobiome.report.bibliography import Csl


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did.

    Parameters
    ----------
    study : Study
        The study.
    n_done, n_cached, n_failed : int
        Tasks done now, found done, and crashed.
    tables : dict of pathlib.Path
        Result tables (Parquet) by name; empty if a task crashed.
    report : pathlib.Path or None
        The page.
    seconds : float
        Time from check to the end.
    failures : tuple of Outcome
        Crashed tasks.
    """

    study: Study
    n_done: int
    n_cached: int
    n_failed: int
    tables: dict[str, Path]
    report: Path | None
    seconds: float
    failures: tuple[Outcome, ...] = ()


def results_folder(study_file: Path, out: Path | None) -> Path:
    """Return where results go: ``out``, or ``results`` beside the study file."""
    return out if out is not None else study_file.parent / "results"


def run_study(
    study_file: Path, *, out: Path | None = None, workers: int = 1, progress: Progress | None = None
) -> RunResult:
    """Run a study, or resume it: finished tasks are found by their keys and kept.

    Parameters
    ----------
    study_file : pathlib.Path
        Study file (TOML).
    out : pathlib.Path, optional
        Folder of results; ``results`` beside the study file by default.
    workers : int
        Processes. The tables do not depend on it. More than one are spawned: a script must then make the call under
        ``if __name__ == "__main__":``.
    progress : Progress, optional
        Told about each task; silent by default.

    Returns
    -------
    RunResult
        Tables and report; ``n_failed`` > 0 if a task crashed.

    Raises
    ------
    ConfigError
        The study is wrong; nothing was written.
    RunStoppedError
        A file turned out to be unusable; no table and no report was written or changed.
    StoreError
        The results folder cannot be used.
    """
    start = time.perf_counter()
    study_file, out = Path(study_file), None if out is None else Path(out)  # text is what people type
    study = load_study(study_file)
    store = StudyFolder(results_folder(study_file, out))
    store.check_version()
    plan = make_plan(study, store)
    store.open()
    with store.lock():
        store.clear_temporary()
        log = AttemptLog(store.root / "progress.sqlite")
        try:
            todo, outcomes = _run(plan, store, log, workers, progress or NoProgress())
        finally:
            log.close()
        faults = tuple(fault for outcome in outcomes for fault in outcome.faults)
        failures = tuple(outcome for outcome in outcomes if outcome.crash)
        if faults:
            raise RunStoppedError(*faults)
        tables, report = ({}, None) if failures else _publish(plan, store)
        # the manifest beside the tables describes those tables: a run that crashed leaves a record of its own
        _write_manifest(study, plan, store.root / ("failed-run.json" if failures else "manifest.json"), failures)
        if not failures:
            (store.root / "failed-run.json").unlink(missing_ok=True)
    n_done = sum(outcome.is_done for outcome in outcomes)
    seconds = time.perf_counter() - start
    return RunResult(study, n_done, len(plan.tasks) - todo, len(failures), tables, report, seconds, failures)


def _run(
    plan: Plan, store: StudyFolder, log: AttemptLog, workers: int, progress: Progress
) -> tuple[int, list[Outcome]]:
    """Run the tasks without an artefact; return how many there were and how they ended."""
    distinct = {task.key: task for task in plan.tasks}
    todo = [task for task in distinct.values() if not store.is_done(task.step, task.subject, task.key)]
    progress.start(len(plan.tasks))
    for task in plan.tasks:
        if task not in todo:
            progress.advance(task.label, "kept from an earlier run")
    outcomes = []
    try:
        for outcome in run_tasks(
            todo, store.root, workers=workers, started=lambda t: log.add(t.step, t.subject, t.key, "started")
        ):
            task = outcome.task
            event = "done" if outcome.is_done else "failed"
            log.add(task.step, task.subject, task.key, event, seconds=outcome.seconds, detail=outcome.crash[-2000:])
            progress.advance(task.label, event)
            outcomes.append(outcome)
    finally:
        progress.stop()
    return len(todo), outcomes


def _publish(plan: Plan, store: StudyFolder) -> tuple[dict[str, Path], Path]:
    """Copy tables and page from the report's artefact to where users look."""
    task = plan.report
    artefact = store.task_folder(task.step, task.subject, task.key)
    tables = {}
    for source in sorted((artefact / "tables").iterdir()):
        target = store.root / "tables" / source.name
        publish(source, target)
        if source.suffix == ".parquet":
            tables[source.stem] = target
    publish(artefact / "study.json", store.root / "study.json")
    publish(artefact / "report.html", store.root / "report.html")
    return tables, store.root / "report.html"


def _write_manifest(study: Study, plan: Plan, path: Path, failures: tuple[Outcome, ...]) -> None:
    """Write what was run on what, with which versions."""
    manifest = {
        "study": study.config.model_dump(mode="json"),
        "seed": study.config.study.seed,
        "inputs_sha256": dict(sorted(plan.inputs.items())),
        "tasks": [{"step": t.step, "subject": t.subject, "key": t.key, "params": t.params} for t in plan.tasks],
        "failures": [{"task": o.task.label, "traceback": o.crash} for o in failures],
        "provenance": provenance(),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    write_atomic(path, json.dumps(manifest, indent=1, ensure_ascii=False).encode() + b"\n")


def _planned(study_file: Path, out: Path | None) -> tuple[Study, Plan, StudyFolder]:
    """Return study, plan and folder without writing anything."""
    study = load_study(study_file)
    store = StudyFolder(results_folder(study_file, out))
    store.check_version()
    return study, make_plan(study, store), store


def _finished(study_file: Path, out: Path | None) -> tuple[Study, Path, StudyFolder]:
    """Return study, artefact of the report and folder; raise if the study as it stands has not been run."""
    study, plan, store = _planned(study_file, out)
    task = plan.report
    if not store.is_done(task.step, task.subject, task.key):
        raise StoreError(
            Fault(
                "not_run",
                str(store.root),
                "no finished results of this study file",
                "a finished run",
                f"Run it first: osteobiome run {study_file}",
            )
        )
    return study, store.task_folder(task.step, task.subject, task.key), store


def study_status(study_file: Path, *, out: Path | None = None) -> list[dict[str, object]]:
    """Return each task of a study and whether it is done.

    Parameters
    ----------
    study_file, out : pathlib.Path
        As in :func:`run_study`.
    """
    _, plan, store = _planned(study_file, out)
    return [
        {"step": t.step, "subject": t.subject, "key": t.key, "done": store.is_done(t.step, t.subject, t.key)}
        for t in plan.tasks
    ]


def rewrite_report(study_file: Path, *, out: Path | None = None) -> Path:
    """Write the report again from finished tables.

    Parameters
    ----------
    study_file, out : pathlib.Path
        As in :func:`run_study`.

    Raises
    ------
    StoreError
        The study has not been run, or has changed since.
    """
    _, artefact, store = _finished(study_file, out)
    for source in sorted((artefact / "tables").iterdir()):
        publish(source, store.root / "tables" / source.name)  # tables that were deleted or changed come back
    target = store.root / "report.html"
    write_report(artefact, target)
    return target


def save_figures(
    study_file: Path,
    folder: Path,
    *,
    out: Path | None = None,
    formats: Sequence[str] = FILE_FORMATS,
    progress: Progress | None = None,
) -> list[Path]:
    """Write every figure of a finished study to files.

    Parameters
    ----------
    study_file, out : pathlib.Path
        As in :func:`run_study`.
    folder : pathlib.Path
        Where the files go; made if needed.
    formats : sequence of str
        Of svg, pdf, png, html, json.
    progress : Progress, optional
        Told about each figure; silent by default.

    Raises
    ------
    StoreError
        The study has not been run, or has changed since.
    SchemaError
        A format is not known.
    """
    _, artefact, _ = _finished(study_file, out)
    report = open_report(artefact)
    progress = progress or NoProgress()
    progress.start(report.n_figures())
    try:
        return report.save_figures(folder, formats=formats, told=lambda name: progress.advance(name, "written"))
    finally:
        progress.stop()


NO_CITATION = "no citation in the trait table"


@dataclass(frozen=True, slots=True)
class Cited:
    """What to cite for a study.

    Parameters
    ----------
    uses : list of dict
        One row per use: ``source`` (DOI, PMID or words) and ``used_for``.
    entries : list of dict
        One CSL-JSON item per source.
    uncited : list of str
        Labels of traits whose source the trait table does not state.
    """

    uses: list[dict[str, str]]
    entries: list[Csl]
    uncited: list[str]


def cited(study_file: Path, *, out: Path | None = None) -> Cited:
    """Return what to cite: software, methods that gave numbers, data, published numbers.

    Parameters
    ----------
    study_file, out : pathlib.Path
        As in :func:`run_study`; the study must have been run.

    Raises
    ------
    StoreError
        The study has not been run, or has changed since.
    """
    _, artefact, _ = _finished(study_file, out)
    content = read_content(artefact)
    uses = [{"source": f"osteobiome {provenance()['version']}", "used_for": "software"}]
    uses += [{"source": f"doi:{m['doi']}", "used_for": f"method: {m['label']}"} for m in methods_that_ran(content)]
    uses += [
        {"source": row["citation"] or NO_CITATION, "used_for": f"data: {row['label']}"}
        for row in content.traits.to_dicts()
    ]
    return Cited(
        list({(use["source"], use["used_for"]): use for use in uses}.values()),
        entries(content),
        [row["label"] for row in content.traits.to_dicts() if not row["citation"]],
    )


def citations(study_file: Path, *, out: Path | None = None) -> list[dict[str, str]]:
    """Return what to cite, one row per use.

    Parameters
    ----------
    study_file, out : pathlib.Path
        As in :func:`cited`.
    """
    return cited(study_file, out=out).uses
