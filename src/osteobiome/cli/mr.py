"""Commands about Mendelian randomization: estimate from one table, list the methods."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteobiome.cli.options import Json, MaxBadRows, Quiet, Verbose
from osteobiome.cli.shared import (
    BAD_INPUT,
    errors_as_exit,
    print_json,
    print_table,
    say,
    say_wrapped,
    set_up_logging,
    terminal_width,
)

if TYPE_CHECKING:
    from osteobiome.mr.one_table import TableResult
    from osteobiome.mr.sensitivity import Sensitivity


class Package(StrEnum):
    """R packages whose conventions are known."""

    twosamplemr = "twosamplemr"
    mendelianrandomization = "mendelianrandomization"


app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command()
def estimate(
    table: Annotated[
        Path,
        typer.Argument(
            metavar="TABLE",
            help="CSV or TSV with beta_exposure, se_exposure, beta_outcome, se_outcome; optional rsid, eaf, "
            "n_exposure, n_outcome, chromosome, position, mr_keep. Names of TwoSampleMR (beta.exposure) and "
            "MendelianRandomization (bx, bxse, by, byse) are known.",
        ),
    ],
    methods: Annotated[str, typer.Option("--methods", metavar="all|a,b", help="Methods, separated by commas.")] = "all",
    ld: Annotated[
        Path | None,
        typer.Option(
            "--ld", metavar="FILE", help="Signed LD matrix (r) of the rows, in their order; names are checked."
        ),
    ] = None,
    max_bad_rows: MaxBadRows = 0.05,
    seed: Annotated[
        int, typer.Option("--seed", min=0, metavar="N", help="Seed of the methods that draw random numbers.")
    ] = 1,
    quantitative: Annotated[
        bool,
        typer.Option(
            "--quantitative", help="Both traits are quantitative: test the direction (n_exposure, n_outcome)."
        ),
    ] = False,
    profile: Annotated[
        Package | None,
        typer.Option(
            "--as",
            case_sensitive=False,
            help="Estimate with the conventions of this R package; --methods then takes its calls, as mr_ivw.",
        ),
    ] = None,
    sensitivity: Annotated[
        bool,
        typer.Option(
            "--sensitivity",
            help="Also show models of pleiotropy, weak-instrument sets, SIMEX, thresholds, clusters (--json has them).",
        ),
    ] = False,
    n_exposure: Annotated[
        int | None,
        typer.Option("--n-exposure", min=1, metavar="N", help="People of the exposure study, if the table lacks them."),
    ] = None,
    n_outcome: Annotated[
        int | None,
        typer.Option("--n-outcome", min=1, metavar="N", help="People of the outcome study, if the table lacks them."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Estimate the effect of one exposure on one outcome from a harmonised table.

    Exit code 2 if the table cannot be used, or if no method that was asked for has an estimate.
    """
    set_up_logging(verbose)
    from osteobiome.cli.estimate_tables import nothing_estimated
    from osteobiome.core.progress import for_terminal
    from osteobiome.mr.one_table import estimate_table

    # a bar on a terminal; lines in a log would say nothing that the table does not
    display = for_terminal(quiet=quiet or not _is_terminal())
    with errors_as_exit(as_json=as_json), display:
        result = estimate_table(
            table,
            methods=methods,
            ld=ld,
            max_bad_rows=max_bad_rows,
            seed=seed,
            quantitative=quantitative,
            profile=None if profile is None else profile.value,
            with_sensitivity=sensitivity or as_json,
            n_exposure=n_exposure,
            n_outcome=n_outcome,
            progress=display,
        )
    if as_json:
        print_json(result.as_dict())
    elif not quiet:
        _show(result)
        if sensitivity:
            _show_sensitivity(result.sensitivity)
    why = nothing_estimated(result)
    if why:
        sys.stderr.write(why + "\n")
        raise typer.Exit(BAD_INPUT)


def _is_terminal() -> bool:
    return sys.stderr.isatty()


def _show(result: TableResult) -> None:
    """Print what went in, the estimates, the diagnostics and what is to be said about them."""
    from osteobiome.cli.estimate_tables import MEANING, diagnostic_rows, estimate_rows, narrowed, remarks, row_lines

    for line in row_lines(result):
        say_wrapped(line)
    say("")
    print_table(*narrowed(estimate_rows(result), terminal_width()), right=frozenset({1, 2, 3, 4, 5}))
    say("")
    header, rows = diagnostic_rows(result)
    if rows:
        print_table(header, rows, right=frozenset({2, 3, 4}))
        say_wrapped(MEANING)
    lines = remarks(result)
    if lines:
        say("")
    for line in lines:
        say_wrapped(line)


def _show_sensitivity(found: Sensitivity | str) -> None:
    """Print the further checks."""
    from osteobiome.cli.estimate_tables import sensitivity_sections

    if isinstance(found, str):
        say("")
        say_wrapped(found)
        return
    for section in sensitivity_sections(found):
        say("")
        say(section.title)
        if section.rows:
            print_table(section.header, section.rows, right=frozenset(range(1, len(section.header) - 1)))
        for note in section.notes:
            say_wrapped(note)


@app.command()
def methods(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="One method, call, or test of `mr estimate`; all methods if left out."),
    ] = None,
    profile: Annotated[
        Package | None,
        typer.Option("--as", case_sensitive=False, help="The calls of this R package that `mr estimate --as` takes."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """List the methods with what they assume and where they are described."""
    set_up_logging(verbose)
    from osteobiome.cli.method_list import listed

    with errors_as_exit(as_json=as_json):
        found = listed(name, None if profile is None else profile.value)
    if as_json:
        print_json(found.records)
    elif not quiet:
        for line in found.lines:
            say_wrapped(line)
