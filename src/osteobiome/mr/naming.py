"""Names of variants in messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.text import count, join

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments

NAMED = 5
"""Names that are printed; of the others the number."""


def variant_names(rsid: Sequence[str], n_variants: int) -> list[str]:
    """Return the names of variants, or their places where there are no names.

    Examples
    --------
    >>> variant_names(("rs1", ""), 2), variant_names((), 1)
    (['rs1', 'variant 2'], ['variant 1'])
    """
    names = rsid if rsid else ("",) * n_variants
    return [name or f"variant {place}" for place, name in enumerate(names, start=1)]


def named(inst: Instruments, places: NDArray[np.int64]) -> str:
    """Return the names of variants, the first few of many.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair; a variant without a name is named by its place, counted from 1.
    places : numpy.ndarray of int
        Places in the pair.

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2], [0.01] * 2, [0.05, 0.1], [0.02] * 2, rsid=["rs1", ""])
    >>> named(pair, np.array([0, 1]))
    'rs1 and variant 2'
    """
    names = variant_names(inst.rsid, inst.n_variants)
    shown = [names[i] for i in places[:NAMED].tolist()]
    more = places.size - NAMED
    return f"{', '.join(shown)} and {more:,} more" if more > 0 else join(shown)


def called_invalid(inst: Instruments, invalid: NDArray[np.bool_]) -> str:
    """Return the sentence that says which variants a method calls invalid; empty if none.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    invalid : numpy.ndarray of bool, shape (n_variants,)
        In the order of the pair.
    """
    places = np.flatnonzero(invalid)
    if not places.size:
        return ""
    return f"{count(places.size, 'variant', 'variants')} of {inst.n_variants:,} called invalid: {named(inst, places)}."
