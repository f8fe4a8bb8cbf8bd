"""Commands about Mendelian randomization: estimate from one table, list the methods."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteobiome.cli.options import Json, MaxBadRows, Quiet, Verbose
from osteobiome.cli.shared import errors_as_exit, print_json, print_table, say, set_up_logging

if TYPE_CHECKING:
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
            help="CSV or TSV with beta_exposure, se_exposure, beta_outcome, se_outcome; optional rsid ...",
        ),
    ],
    methods: Annotated[str, typer.Option("--methods", metavar="all|a,b", help="Methods, separated by commas.")] = "all",
    ld: Annotated[
        Path | None, typer.Option("--ld", metavar="FILE", help="Signed LD matrix (r) of the rows, in their order.")
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
            "--as", help="Estimate with the conventions of this R package; --methods then takes its calls, as mr_ivw."
        ),
    ] = None,
    sensitivity: Annotated[
        bool,
        typer.Option(
            "--sensitivity",
            help="Also show models of pleiotropy, weak-instrument sets, SIMEX, thresholds, clusters (--json has them).",
        ),
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Estimate the effect of one exposure on one outcome from a harmonised table."""
    set_up_logging(verbose)
    from osteobiome.cli.estimate_tables import diagnostic_rows, dropped_lines, estimate_rows, remarks
    from osteobiome.core.text import count
    from osteobiome.mr.one_table import estimate_table

    with errors_as_exit(as_json=as_json):
        result = estimate_table(
            table,
            methods=methods,
            ld=ld,
            max_bad_rows=max_bad_rows,
            seed=seed,
            quantitative=quantitative,
            profile=None if profile is None else profile.value,
            with_sensitivity=sensitivity or as_json,
        )
    if as_json:
        print_json(result.as_dict())
    if as_json or quiet:
        return
    say(f"{count(result.rows.n_in, 'variant')}, {result.rows.n_kept} kept, {result.rows.n_dropped} dropped")
    for line in dropped_lines(result):
        say(f"  {line}")
    say("")
    print_table(*estimate_rows(result), right=frozenset({1, 2, 3, 4, 5}))
    say("")
    print_table(*diagnostic_rows(result), right=frozenset({2, 3, 4}))
    for line in remarks(result):
        say(line)
    if sensitivity:
        _show_sensitivity(result.sensitivity)


def _show_sensitivity(found: Sensitivity | str) -> None:
    """Print the further checks."""
    from osteobiome.cli.estimate_tables import sensitivity_sections

    if isinstance(found, str):
        say(found)
        return
    for section in sensitivity_sections(found):
        say("")
        say(section.title)
        if section.rows:
            print_table(section.header, section.rows, right=frozenset(range(1, len(section.header) - 1)))
        for note in section.notes:
            say(note)


@app.command()
def methods(as_json: Json = False, quiet: Quiet = False, verbose: Verbose = 0) -> None:
    """List the methods with what they assume and where they are described."""
    set_up_logging(verbose)
    from osteobiome.mr import ESTIMATORS

    if as_json:
        print_json(
            {
                "methods": [
                    {
                        "name": e.name,
                        "label": e.label,
                        "doi": e.doi,
                        "min_variants": e.min_variants,
                        "max_variants": e.max_variants or None,
                        "needs_ld": e.needs_ld,
                        "needs_positions": e.needs_positions,
                        "needs_candidates": e.needs_candidates,
                        "draws_random_numbers": e.stochastic,
                        "assumptions": list(e.assumptions),
                    }
                    for _, e in ESTIMATORS.items()
                ]
            }
        )
    if as_json or quiet:
        return
    for name, entry in ESTIMATORS.items():
        needs = f"{entry.min_variants} variant{'s' if entry.min_variants > 1 else ''} or more"
        if entry.max_variants:
            few, most = entry.min_variants, entry.max_variants
            needs = f"{few} to {most:,} variants" if most > 1 else "1 variant"
        say(f"{name}: {entry.label}")
        more = (" and an LD matrix" if entry.needs_ld else "") + (" and positions" if entry.needs_positions else "")
        more += " that no threshold selected" if entry.needs_candidates else ""
        say(f"  needs {needs}{more}; doi:{entry.doi}")
        for assumption in entry.assumptions:
            say(f"  - {assumption}")
