"""Commands about studies: demo, init, check, run, status, report, cite, doctor."""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from osteobiome.cli.options import Json, Out, Quiet, StudyFile, Verbose, Workers
from osteobiome.cli.shared import (
    BAD_INPUT,
    CRASHED,
    errors_as_exit,
    print_faults,
    print_json,
    print_table,
    say,
    set_up_logging,
)

if TYPE_CHECKING:
    from osteobiome.study import RunResult


def register(app: typer.Typer) -> None:
    """Add the commands to the application, in the order in which help lists them."""
    for command in (demo, init, check, run, status, report, cite, doctor):
        app.command(command.__name__)(command)


def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of results.")] = Path("osteobiome-demo"),
    workers: Workers = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Run the bundled study on real data; print the table and the path of the report."""
    set_up_logging(verbose)
    from osteobiome.study.bundled import bundled_study

    with errors_as_exit(as_json=as_json):
        _run(bundled_study("sclerostin-bone"), out, workers, as_json=as_json, quiet=quiet)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="New or empty folder.")],
    template: Annotated[str, typer.Option("--template", metavar="NAME", help="Template to start from.")] = "two-sample",
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Write a study to fill in."""
    set_up_logging(verbose)
    from osteobiome.study.bundled import write_template

    with errors_as_exit(as_json=as_json):
        files = write_template(folder, template=template)
    if as_json:
        print_json({"files": [str(path) for path in files]})
    if as_json or quiet:
        return
    for path in files:
        say(f"wrote {path}")
    next_file = quote(str(folder / "study.toml"))
    say(f"Next: put your files beside it, fill in traits.csv, then: osteobiome check {next_file}")


def check(study: StudyFile, as_json: Json = False, quiet: Quiet = False, verbose: Verbose = 0) -> None:
    """Validate everything without running; list every fault."""
    set_up_logging(verbose)
    from osteobiome.core.errors import OsteobiomeError
    from osteobiome.core.text import count
    from osteobiome.study import load_study

    try:
        loaded = load_study(study)
    except OsteobiomeError as error:
        if as_json:
            print_json({"ok": False, "faults": [fault.as_dict() for fault in error.faults]})
        else:
            print_faults(error.faults, head=f"{study}: {count(len(error.faults), 'fault')}, nothing was run.")
        raise typer.Exit(BAD_INPUT) from None
    if as_json:
        print_json({"ok": True, "faults": [fault.as_dict() for fault in loaded.notes]})
    if as_json or quiet:
        return
    n_pairs = sum(len(family.pairs) for family in loaded.families)
    families = count(len(loaded.families), "family", "families")
    say(f"{study}: no fault. {count(len(loaded.sides()), 'trait')}, {families}, {count(n_pairs, 'pair')}.")
    for note in loaded.notes:
        say(f"note: {note.text()}")


def run(
    study: StudyFile,
    out: Out = None,
    workers: Workers = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Run a study, or resume it: what is finished is kept."""
    set_up_logging(verbose)
    with errors_as_exit(as_json=as_json):
        _run(study, out, workers, as_json=as_json, quiet=quiet)


def _run(study: Path, out: Path | None, workers: int | None, *, as_json: bool, quiet: bool) -> None:
    """Run and show the result; exit 1 if a task crashed."""
    from osteobiome.core.progress import for_terminal
    from osteobiome.study import run_study
    from osteobiome.study.executors import default_workers

    result = run_study(
        study, out=out, workers=workers or default_workers(), progress=for_terminal(quiet=quiet or as_json)
    )
    if as_json:
        print_json(
            {
                "study": result.study.config.study.id,
                "tasks": {"done": result.n_done, "cached": result.n_cached, "failed": result.n_failed},
                "tables": {name: str(path) for name, path in result.tables.items()},
                "report": None if result.report is None else str(result.report),
                "seconds": round(result.seconds, 2),
            }
        )
    elif result.report is not None and not quiet:
        _show(result)
        for note in result.study.notes:
            say(f"Note: {note.text()}")
    for failure in result.failures:
        sys.stderr.write(f"osteobiome: task '{failure.task.label}' crashed:\n{failure.crash}\n")
    if result.failures:
        sys.stderr.write(
            "osteobiome: please report this (see failed-run.json); finished tasks are kept, the same command resumes.\n"
        )
        raise typer.Exit(CRASHED)


def _show(result: RunResult) -> None:
    """Print the primary estimates, what was dropped at reading, and where the report is."""
    from osteobiome.cli.result_table import caution_line, dropped_lines, estimate_rows, message_lines

    say("")
    say(result.study.config.study.title)
    say("")
    for head, header, rows in estimate_rows(result):
        say(head)
        print_table(header, rows, right=frozenset(range(1, len(header) - 1)))
        say("")
    for line in message_lines(result):
        say(line)
    for line in dropped_lines(result):
        say(line)
    cautions = caution_line(result)
    if cautions:
        say(cautions)
    say(f"{result.n_done} tasks done, {result.n_cached} kept from earlier runs, {result.seconds:.1f} s")
    say(f"Report: {result.report}")


def status(
    study: StudyFile, out: Out = None, as_json: Json = False, quiet: Quiet = False, verbose: Verbose = 0
) -> None:
    """Show which tasks of a study are done."""
    set_up_logging(verbose)
    from osteobiome.study.runner import study_status

    with errors_as_exit(as_json=as_json):
        rows = study_status(study, out=out)
    n_done = sum(row["done"] is True for row in rows)
    if as_json:
        print_json({"done": n_done, "total": len(rows), "tasks": rows})
    if as_json or quiet:
        return
    print_table(
        ("step", "subject", "state"),
        [(str(r["step"]), str(r["subject"]), "done" if r["done"] else "to do") for r in rows],
    )
    say(f"{n_done} of {len(rows)} tasks done")


def report(
    study: StudyFile,
    out: Out = None,
    figures: Annotated[
        Path | None, typer.Option("--figures", metavar="DIR", help="Write every figure to files in this folder, too.")
    ] = None,
    formats: Annotated[
        str, typer.Option("--formats", metavar="a,b", help="Formats of figures: svg, pdf, png, html, json.")
    ] = "svg,pdf,png",
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Write the report again from the finished tables, and figures as files if asked for."""
    set_up_logging(verbose)
    from osteobiome.core.progress import for_terminal
    from osteobiome.study.runner import rewrite_report, save_figures

    written: list[Path] = []
    with errors_as_exit(as_json=as_json):
        path = rewrite_report(study, out=out)
        if figures is not None:
            chosen = [part.strip() for part in formats.split(",") if part.strip()]
            bar = for_terminal(quiet=quiet or as_json)
            written = save_figures(study, figures, out=out, formats=chosen, progress=bar)
    if as_json:
        print_json({"report": str(path), "figures": [str(file) for file in written]})
    elif not quiet:
        say(f"Report: {path}")
        if written:
            say(f"Figures: {len(written)} files in {figures}")


def cite(
    study: StudyFile,
    out: Out = None,
    style: Annotated[
        Literal["text", "bibtex", "csl"], typer.Option("--format", help="Lines of text, BibTeX or CSL-JSON.")
    ] = "text",
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write to this file, not to the screen.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """List what to cite: methods that ran and data that were used."""
    set_up_logging(verbose)
    from osteobiome.report.bibliography import to_bibtex, to_csl_json, to_text
    from osteobiome.study.runner import NO_CITATION, cited

    with errors_as_exit(as_json=as_json):
        found = cited(study, out=out)
        text = {"text": to_text, "bibtex": to_bibtex, "csl": to_csl_json}[style](found.entries)
        if style == "text":
            text += "".join(f"{NO_CITATION}  data: {label}\n" for label in found.uncited)
        if output is not None:
            _write_file(output, text)
    if as_json:
        written = {} if output is None else {"file": str(output)}
        print_json({"citations": found.uses, "entries": found.entries, **written})
    if as_json or quiet:
        return
    if output is None:
        sys.stdout.write(text)
    else:
        say(f"wrote {output}")


def _write_file(path: Path, text: str) -> None:
    """Write a file that the user named; a folder of that name is a fault."""
    from osteobiome.core.errors import Fault, StoreWriteError
    from osteobiome.core.paths import is_folder
    from osteobiome.store import write_atomic

    if is_folder(path):
        raise StoreWriteError(Fault("is_a_folder", str(path), "a folder", "a file name", "Name a file inside it"))
    write_atomic(path, text.encode())


def doctor(as_json: Json = False, quiet: Quiet = False, verbose: Verbose = 0) -> None:
    """Show what this machine has: versions, processors, memory, compile cache, optional parts."""
    set_up_logging(verbose)
    from osteobiome.cli.machine import machine_report

    facts = machine_report()
    if as_json:
        print_json(facts)
    if as_json or quiet:
        return
    print_table(("what", "here"), [(name.replace("_", " "), str(value)) for name, value in facts.items()])
