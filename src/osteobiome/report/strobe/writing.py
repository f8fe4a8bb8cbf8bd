"""Items of STROBE-MR that are about the text of the paper: the run gives the author what it knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.core.provenance import version
from osteobiome.core.text import count, join
from osteobiome.report.flags import flags
from osteobiome.report.flags.flag import is_unknown, some_names
from osteobiome.report.strobe.item import Answer, for_author

if TYPE_CHECKING:
    from collections.abc import Callable

    from osteobiome.report.content import Content


def _title(content: Content) -> Answer:
    return for_author(f"The title of the study is: {content.study['title']}")


def _background(content: Content) -> Answer:
    exposures, outcomes = (
        list(dict.fromkeys(content.label(name) for name in content.primary()[side].unique(maintain_order=True)))
        for side in ("exposure", "outcome")
    )
    return for_author(
        f"Exposure: {some_names(exposures)}. Outcome: {some_names(outcomes)}. Why one could act on the other is not in "
        "the data."
    )


def _aims(content: Content) -> Answer:
    families = content.study["families"]
    text = (
        f"The study file declares {count(len(families), 'family', 'families')} of tests with "
        f"{count(content.primary().height, 'pair')}, each family with one primary estimator; whether that was written "
        "before results were seen is not in the data."
    )
    return for_author(text, "methods")


def _key_results(content: Content) -> Answer:
    ok = content.primary()["status"].eq("ok").sum()
    text = f"The report gives the results as sentences: {ok} of {count(content.primary().height, 'pair')} estimated."
    return for_author(text, "results")


def _limits(content: Content) -> Answer:
    titles = [flag.title for flag in flags(content) if flag.level == "caution"]
    shown = (
        f"Cautions of this run: {join([_inline(title) for title in titles])}" if titles else "The run raised no caution"
    )
    return for_author(f"{shown}. Direction and size of possible bias are for the author to judge.", "trust")


def _inline(title: str) -> str:
    """Return a title for the middle of a sentence: the first letter small unless it starts an abbreviation."""
    return title[0].lower() + title[1:] if title.split(" ", 1)[0][1:].islower() else title


def _meaning(content: Content) -> Answer:
    published = content.published.height
    beside = f" {count(published, 'published estimate')} stand beside ours." if published else ""
    return for_author(
        f"The sentences of the report go no further than 'consistent with causation'.{beside}",
        "published" if published else "results",
    )


def _mechanism(content: Content) -> Answer:
    del content
    return for_author("Nothing in the tables speaks about mechanism, or about what a change of the exposure would do.")


def _relevance(content: Content) -> Answer:
    del content
    return for_author(
        "Estimates are of lifelong differences; an intervention later in life may do more, less or nothing."
    )


def _elsewhere(content: Content) -> Answer:
    known = {
        word: sorted({str(value) for value in content.traits[column] if not is_unknown(value)})
        for word, column in (("ancestry", "ancestry"), ("sex", "sex"), ("age", "age_range"))
    }
    shown = "; ".join(f"{word} {join(values)}" if values else f"{word} unknown" for word, values in known.items())
    return for_author(f"The samples, as declared: {shown}.", "data")


def _funding(content: Content) -> Answer:
    sources = {text for text in content.traits["citation"] if not is_unknown(text)}
    of_data = (
        f"of the {count(len(sources), 'stated source')} of data" if sources else "of the data (no source is stated)"
    )
    return for_author(f"Of this study, and {of_data}; the run holds neither.", "data")


def _sharing(content: Content) -> Answer:
    traits = content.traits.to_dicts()
    without = [row["label"] for row in traits if is_unknown(row["citation"])]
    unlicensed = sum(is_unknown(row["licence"]) for row in traits)
    text = (
        f"{count(len(traits), 'trait')} with the name and SHA-256 of the input file; results as Parquet and CSV. These "
        f"files, the study file and osteobiome {version()} repeat the run; where they can be had is for the author."
    )
    if unlicensed:
        text += f" The licence is not stated for {count(unlicensed, 'trait')}."
    if without:
        text += f" No source is stated for {some_names(without)}."
    return for_author(text, "provenance")


def _conflicts(content: Content) -> Answer:
    del content
    return for_author("Each author declares them.")


WRITING: dict[str, Callable[[Content], Answer]] = {
    "1": _title,
    "2": _background,
    "3": _aims,
    "14": _key_results,
    "15": _limits,
    "16a": _meaning,
    "16b": _mechanism,
    "16c": _relevance,
    "17": _elsewhere,
    "18": _funding,
    "19": _sharing,
    "20": _conflicts,
}
"""Who answers which item."""
