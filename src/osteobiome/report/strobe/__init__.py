"""The reporting items of STROBE-MR (Skrivankova et al. 2021, doi:10.1001/jama.2021.18236), filled from the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.report.strobe.item import ITEMS, StrobeItem
from osteobiome.report.strobe.methods import METHODS
from osteobiome.report.strobe.results import RESULTS
from osteobiome.report.strobe.writing import WRITING

if TYPE_CHECKING:
    from osteobiome.report.content import Content

__all__ = ["StrobeItem", "strobe_items"]


def strobe_items(content: Content) -> list[StrobeItem]:
    """Return every item of STROBE-MR in its order, with what the run did about it.

    Parameters
    ----------
    content : Content
        Tables and facts of a finished study.

    Notes
    -----
    An item is ``done`` only if the tables hold all that it asks for, ``not done`` with the reason if a run could do it,
    and ``for the author`` if a part of it can come from no run; the text then says what the run did. Facts of the
    sources must be stated for all pairs. A check must have a number for every pair with an estimate that can have it
    (heterogeneity and second estimates need two variants); where some lack it the item is not done, with the counts.
    What an item asks for is in our words; the checklist itself stands in the reference.

    References
    ----------
    Skrivankova et al. 2021, doi:10.1001/jama.2021.18236; explained in doi:10.1136/bmj.n2233
    """
    answers = METHODS | RESULTS | WRITING
    return [StrobeItem(number, section, item, *answers[number](content)) for number, (section, item) in ITEMS.items()]
