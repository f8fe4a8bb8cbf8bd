"""What all commands share: output, errors, exit codes."""

from __future__ import annotations

import json
import logging
import shutil
import sys
import textwrap
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from osteobiome.core.errors import Fault, OsteobiomeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CRASHED, BAD_INPUT = 1, 2
WIDTH = 100
"""Characters of a line of text at most."""
LONG = 200
"""Longer lists of what was expected are wrapped; shorter ones stay on one line, for those who search for them."""


def print_json(data: object) -> None:
    """Write one JSON document to standard output; infinite and missing numbers become null."""
    sys.stdout.write(json.dumps(_finite(data), ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and value - value != 0.0:
        return None
    return value


def say(text: str) -> None:
    """Write a line to standard output."""
    sys.stdout.write(text + "\n")


def say_wrapped(text: str) -> None:
    """Write a sentence to standard output, in lines that fit a terminal, the further ones set in."""
    start = len(text) - len(text.lstrip())
    say("\n".join(_wrapped(text.strip(), " " * start, " " * (start + 2))))


def _wrapped(text: str, first: str, further: str) -> list[str]:
    """Return lines of a text that fit a terminal, with what they begin with; words stay whole."""
    return textwrap.wrap(
        text, max(40, min(WIDTH, terminal_width())), initial_indent=first, subsequent_indent=further,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def terminal_width() -> int:
    """Return the characters of a line of the terminal; of a pipe, so many that nothing is cut for it."""
    return shutil.get_terminal_size((10_000, 24)).columns


def print_faults(faults: Sequence[Fault], *, head: str) -> None:
    """Write faults to standard error, one block each: where and what, then what was expected and what to do."""
    lines = [head]
    for fault in faults:
        lines.append(f"  {fault.where}")
        lines.append(f"    found:    {fault.found}")
        if fault.expected:
            is_list = len(fault.expected) > LONG
            label = "    expected: "
            lines += _wrapped(fault.expected, label, " " * len(label)) if is_list else [label + fault.expected]
        if fault.hint:
            lines.append(f"    to do:    {fault.hint}")
    sys.stderr.write("\n".join(lines) + "\n")


@contextmanager
def errors_as_exit(*, as_json: bool, reworded: Callable[[Fault], Fault] | None = None) -> Iterator[None]:
    """Turn an error of the package into a message and exit code 2; ``--json`` gets the faults as a document.

    Parameters
    ----------
    as_json : bool
        Whether output is JSON.
    reworded : callable, optional
        Gives a fault with the options of the command in it.
    """
    try:
        yield
    except OsteobiomeError as error:
        faults = error.faults if reworded is None else tuple(map(reworded, error.faults))
        if as_json:
            print_json({"ok": False, "faults": [fault.as_dict() for fault in faults]})
        else:
            number = len(faults)
            print_faults(faults, head=f"osteobiome: stopped, {number} fault{'s' if number > 1 else ''}:")
        raise typer.Exit(BAD_INPUT) from None


def with_panel_options(fault: Fault) -> Fault:
    """Return a fault of a file and a panel with the options that all commands about them have."""
    from osteobiome.ld.of_file import A_FIT, PANEL_BUILD

    if fault.where == PANEL_BUILD:
        return replace(fault, where="--panel-build")
    if fault.expected == A_FIT:
        return replace(fault, hint=f"{fault.hint}; --allow-unfit goes on all the same")
    return fault


def set_up_logging(verbosity: int) -> None:
    """Send the library's log to standard error: ``-v`` information, ``-vv`` debugging."""
    level = {0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG)
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> None:
    """Write a table that fits its content, on terminals and in pipes alike.

    Parameters
    ----------
    header : sequence of str
        Column names.
    rows : sequence of sequence of str
        Cells.
    right : frozenset of int
        Columns set to the right.
    """
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]

    def line(row: Sequence[str]) -> str:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    say(line(header))
    say("  ".join("─" * width for width in widths))
    for row in rows:
        say(line(row))
