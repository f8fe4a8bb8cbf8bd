"""The command line: a thin skin, every command is one call of the library."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn

import typer
import typer.main

from osteobiome.cli import instruments, ld, ld_variants, mr, study, sumstats
from osteobiome.cli.shared import BAD_INPUT, CRASHED, print_json
from osteobiome.core.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

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
app.add_typer(sumstats.app, name="sumstats", help="Check, convert, show and compare files of summary statistics.")
app.add_typer(mr.app, name="mr", help="Estimate from a harmonised table; list the methods.")
ld_variants.register(ld.app)
app.add_typer(ld.app, name="ld", help="Panels of genotypes: check, convert, clump, proxies, LD scores, LD matrices.")
app.add_typer(instruments.app, name="instruments", help="List loci that are known to be pleiotropic.")


INTERRUPTED = 130
"""What typer returns after Ctrl-C."""
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""Errors of writing that are no fault of the program."""
# typer carries its own copy of click and does not export the name of its usage error
UsageError: type[Exception] = typer.BadParameter.__mro__[1]


def run() -> None:
    """Run the command line; exit codes: 0 done, 1 a task crashed or interrupted, 2 bad input."""
    try:
        code = _command()(standalone_mode=False)
        sys.stdout.flush()  # a full disk is noticed here, not at the end of the process
    except UsageError as error:
        _usage_error(error)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone; there is nobody left to tell
        code = CRASHED
    except OSError as error:
        if error.errno not in NO_ROOM or error.filename is not None:
            raise
        sys.stderr.write(f"osteobiome: the output could not be written: {error.strerror}\n")
        _drop_output()
        code = CRASHED
    if code == INTERRUPTED:
        sys.stderr.write("osteobiome: interrupted; finished tasks are kept, the same command resumes.\n")
        code = CRASHED
    sys.exit(code)


def _drop_output() -> None:
    """Send what is still to be written nowhere, as the end of the process would fail with it again."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@lru_cache(maxsize=1)
def _command() -> Callable[..., int]:
    """Return the command with all its options; typer would read every signature anew at each call."""
    return typer.main.get_command(app)


def _usage_error(error: Exception) -> NoReturn:
    """Say what is wrong with the arguments, as JSON to a program that asked for JSON."""
    format_message = getattr(error, "format_message", None)
    message = str(format_message() if format_message else error)
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", "osteobiome")
    if "--json" in sys.argv:
        fault = Fault("usage", command, message.rstrip("."), "arguments as in the help", f"Try: {command} --help")
        print_json({"ok": False, "faults": [fault.as_dict()]})
    else:
        sys.stderr.write(f"{command}: {message}\nTry: {command} --help\n")
    sys.exit(BAD_INPUT)


@app.callback()
def _root() -> None:
    """Keep subcommands subcommands, even if there were only one."""
