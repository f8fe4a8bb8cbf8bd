"""The command line: a thin skin, every command is one call of the library."""

from __future__ import annotations

import sys

import typer

from osteobiome.cli import mr, study
from osteobiome.cli.shared import CRASHED

app = typer.Typer(
    name="osteobiome",
    help="Mendelian randomization that survives review: from GWAS files to a result with its evidence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
study.register(app)
app.add_typer(mr.app, name="mr", help="Estimate from a harmonised table; list the methods.")


def run() -> None:
    """Run the command line."""
    try:
        app()
    except KeyboardInterrupt:
        sys.stderr.write("osteobiome: interrupted; finished tasks are kept, the same command resumes.\n")
        sys.exit(CRASHED)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone; there is nobody left to tell
        sys.exit(CRASHED)


@app.callback()
def _root() -> None:
    """Keep subcommands subcommands, even if there were only one."""
