"""The items of STROBE-MR in our words, and what an answer to one of them is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from osteobiome.core.text import count

if TYPE_CHECKING:
    from osteobiome.report.content import Content

State = Literal["done", "not done", "for the author"]


@dataclass(frozen=True, slots=True)
class StrobeItem:
    """One item of the checklist and what the run did about it.

    Parameters
    ----------
    number : str
        As in the checklist: ``6b``.
    section : str
        Part of a paper.
    item : str
        What is asked for, in our words.
    state : {"done", "not done", "for the author"}
        ``done`` only if the tables hold all of it; ``for the author`` if a part of it can come from no run.
    text : str
        What the run did, with numbers, or why it did not.
    anchor : str
        Section of the page with the detail; empty if there is none.
    """

    number: str
    section: str
    item: str
    state: State
    text: str
    anchor: str = ""


class Answer(NamedTuple):
    """What the run says to one item: state, text, anchor of :class:`StrobeItem`."""

    state: State
    text: str
    anchor: str = ""


def answer(text: str, anchor: str, *, is_done: bool) -> Answer:
    """Return an answer that is done or not."""
    return Answer("done" if is_done else "not done", text, anchor)


def for_author(text: str, anchor: str = "") -> Answer:
    """Return an answer that leaves the item to the author."""
    return Answer("for the author", text, anchor)


def of_pairs(content: Content, found: int) -> str:
    """Return a number of pairs beside the number of all."""
    return f"{found:,} of {count(content.primary().height, 'pair')}"


_FIRST, _INTRODUCTION, _METHODS = "Title and abstract", "Introduction", "Methods"
_RESULTS, _DISCUSSION, _OTHER = "Results", "Discussion", "Other information"

ITEMS: dict[str, tuple[str, str]] = {
    "1": (_FIRST, "Say in title or abstract that the design is Mendelian randomization"),
    "2": (_INTRODUCTION, "Background: the exposure, why an effect is plausible, why genetic variants help"),
    "3": (_INTRODUCTION, "Aims and hypotheses set beforehand; that effects are estimated under assumptions"),
    "4": (_METHODS, "The design in brief, with a table of data sources"),
    "4a": (_METHODS, "Setting of each source: population, places, dates"),
    "4b": (_METHODS, "Who took part and how many; power"),
    "4c": (_METHODS, "How variants were measured, checked and chosen"),
    "4d": (_METHODS, "How exposures and outcomes were assessed; what makes a case"),
    "4e": (_METHODS, "Ethics approval and consent"),
    "5": (_METHODS, "Assumptions: relevance, independence, exclusion restriction, and those of further methods"),
    "6a": (_METHODS, "How quantities enter: scale, unit, model"),
    "6b": (_METHODS, "How variants enter: alleles, coding, weights"),
    "6c": (_METHODS, "Estimator and statistics; whether both samples had the same covariates"),
    "6d": (_METHODS, "What was done about missing data"),
    "6e": (_METHODS, "What was done about many tests"),
    "7": (_METHODS, "By what means the assumptions were examined"),
    "8": (_METHODS, "Sensitivity analyses and further analyses"),
    "9a": (_METHODS, "Software, versions, settings"),
    "9b": (_METHODS, "Whether the protocol was registered, when and where"),
    "10a": (_RESULTS, "People at each stage, and why some were left out"),
    "10b": (_RESULTS, "Summary of exposures, outcomes and other variables"),
    "10c": (_RESULTS, "Heterogeneity between the studies inside a meta-analysis"),
    "10d-i": (_RESULTS, "Why variants should act alike on the exposure in both samples"),
    "10d-ii": (_RESULTS, "How many people stand in both samples"),
    "11a": (_RESULTS, "Associations of variants with exposure and outcome"),
    "11b": (_RESULTS, "Estimates with their uncertainty, on a scale that can be understood"),
    "11c": (_RESULTS, "Relative risk as absolute risk, where that helps"),
    "11d": (_RESULTS, "Figures of the results"),
    "12a": (_RESULTS, "What the examination of the assumptions found"),
    "12b": (_RESULTS, "Further statistics, such as heterogeneity between variants"),
    "13a": (_RESULTS, "Results under other assumptions"),
    "13b": (_RESULTS, "Results of further analyses"),
    "13c": (_RESULTS, "Direction of the effect"),
    "13d": (_RESULTS, "Comparison with estimates that do not rest on genetics"),
    "13e": (_RESULTS, "Further figures, such as leave-one-out"),
    "14": (_DISCUSSION, "Main results in view of the aims"),
    "15": (_DISCUSSION, "Limits: assumptions, bias with direction and size, imprecision"),
    "16a": (_DISCUSSION, "Careful interpretation, beside other studies"),
    "16b": (_DISCUSSION, "Mechanism; whether variants act as a change of the exposure would"),
    "16c": (_DISCUSSION, "What follows for clinic and policy"),
    "17": (_DISCUSSION, "Other populations, other ages of exposure, other levels of exposure"),
    "18": (_OTHER, "Funding of this study and of its sources"),
    "19": (_OTHER, "Where data and code are"),
    "20": (_OTHER, "Conflicts of interest"),
}
"""Section and content of each item, by number."""
