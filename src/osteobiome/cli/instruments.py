"""Commands about instruments: known pleiotropic loci."""

from __future__ import annotations

from typing import Annotated

import typer

from osteobiome.cli.options import Json, Quiet, Verbose
from osteobiome.cli.shared import errors_as_exit, print_json, print_table, say, set_up_logging

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _root() -> None:
    """Keep the command a subcommand, even while it is the only one."""


@app.command()
def loci(
    build: Annotated[str, typer.Option("--build", metavar="BUILD", help="GRCh37 or GRCh38.")] = "GRCh38",
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values on standard output.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """List loci that are known to act on many traits, with the reason and its source."""
    set_up_logging(verbose)
    from osteobiome.instruments.known_loci import known_loci

    with errors_as_exit(as_json=as_json):
        table = known_loci(build)
    if as_json:
        print_json({"build": build, "loci": table.to_dicts()})
    elif as_csv:
        say(table.write_csv().rstrip("\n"))
    elif not quiet:
        rows = [
            (row["locus"], f"{row['chromosome']}:{row['start']:,}-{row['end']:,}", f"doi:{row['doi']}")
            for row in table.iter_rows(named=True)
        ]
        print_table(("locus", build, "source"), rows)
        say("")
        for row in table.iter_rows(named=True):
            say(f"{row['locus']}: {row['why']}")
        say("")
        say("A locus that is not listed is not thereby free of pleiotropy.")
