"""Findings for people: one per check, on one line, whatever stands in the file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from osteobiome.core.findings import MAX_EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from osteobiome.core.findings import Finding

MAX_TEXT, MAX_VALUE = 500, 100
"""Characters shown of a sentence and of a cell (our choice)."""


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Return one finding per check, in the order in which the checks were first heard of.

    Parameters
    ----------
    findings : iterable of Finding
        Findings; further ones of the same check are named in the first.

    Examples
    --------
    >>> from osteobiome.core.findings import Finding
    >>> merged([Finding("bad_metadata", "fatal", 1, "a"), Finding("bad_metadata", "fatal", 1, "b")])[0].found
    'a; b'
    """
    kept: dict[str, Finding] = {}
    for found in findings:
        first = kept.setdefault(found.id, found)
        if found.found not in first.found:
            examples = (*first.examples, *found.examples)[:MAX_EXAMPLES]
            text = f"{first.found}; {found.found}"
            kept[found.id] = replace(first, count=first.count + found.count, found=text, examples=examples)
    return list(kept.values())


def readable(found: Finding) -> Finding:
    """Return a finding in which nothing from the file can break a line, move a cursor or fill a screen.

    Parameters
    ----------
    found : Finding
        Any finding.
    """
    examples = tuple(
        replace(one, column=one_line(one.column, limit=MAX_VALUE), value=one_line(one.value, limit=MAX_VALUE))
        for one in found.examples
    )
    return replace(found, found=one_line(found.found), hint=one_line(found.hint), examples=examples)


def one_line(text: str, *, limit: int = MAX_TEXT) -> str:
    r"""Return text on one line; what cannot be printed becomes a replacement sign.

    Parameters
    ----------
    text : str
        Any text.
    limit : int
        Characters kept.

    Examples
    --------
    >>> one_line("a\x1b[31m\nb"), one_line("abcdefgh", limit=6)
    ('a�[31m�b', 'abc...')
    """
    head = text if len(text) <= limit else text[: limit - 3] + "..."
    return head if head.isprintable() else "".join(sign if sign.isprintable() else "\ufffd" for sign in head)
