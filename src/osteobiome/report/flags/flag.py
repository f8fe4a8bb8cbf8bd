"""A flag: one plain sentence about the run; and the phrases that several of them share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from osteobiome.core.text import join

if TYPE_CHECKING:
    from osteobiome.report.content import Content

Level = Literal["caution", "note", "good"]


@dataclass(frozen=True, slots=True)
class Flag:
    """One sentence about the run.

    Parameters
    ----------
    level : {"caution", "note", "good"}
        Caution: may change the conclusion.
    title : str
        Few words.
    text : str
        Plain sentence.
    anchor : str
        Section of the page with the detail.
    """

    level: Level
    title: str
    text: str
    anchor: str = ""


def primary_values(content: Content, name: str) -> list[tuple[str, float]]:
    """Return pair and value of one diagnostic of the primary estimates."""
    found = []
    for row in content.primary().to_dicts():
        test = content.diagnostic(row, name)
        if test is not None and test["statistic"] is not None:
            found.append((pair_name(content, row), test["statistic"]))
    return found


def is_unknown(text: object) -> bool:
    """Tell whether a cell of the trait table says nothing."""
    return str(text or "").strip().lower() in {"", "unknown", "na"}


def ancestry_code(text: str) -> str:
    """Return an ancestry in lower case, long names as their usual code."""
    name = text.strip().lower()
    return {"european": "eur", "east asian": "eas", "african": "afr", "south asian": "sas", "american": "amr"}.get(
        name, name
    )


def matrix_names(content: Content) -> str:
    """Return the ancestries of the LD matrices that were used."""
    return join(sorted({content.ld(family["id"]) for family in content.study["families"]} - {""}))


def pair_name(content: Content, row: dict[str, Any]) -> str:
    """Return a pair in words."""
    return f"{content.label(row['exposure'])} → {content.label(row['outcome'])}"


def was_or_were(labels: list[str]) -> str:
    """Return the verb for some labels."""
    return "was" if len(labels) == 1 else "were"


def some_names(labels: list[str]) -> str:
    """Return some labels and how many more there are."""
    if len(labels) <= 4:
        return join(labels)
    return f"{', '.join(labels[:3])} and {len(labels) - 3} more"
