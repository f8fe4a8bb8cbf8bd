"""Names of variants in messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.text import count, join

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments

NAMED = 5
"""Names that are printed; of the others the number."""


def named(inst: Instruments, places: NDArray[np.int64]) -> str:
    """Return the names of variants, the first few of many.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair; a variant without a name is named by its row, counted from 1.
    places : numpy.ndarray of int
        Places in the pair.

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2], [0.01] * 2, [0.05, 0.1], [0.02] * 2, rsid=["rs1", ""])
    >>> named(pair, np.array([0, 1]))
    'rs1 and row 2'
    """
    shown = [(inst.rsid[i] if inst.rsid else "") or f"row {i + 1}" for i in places[:NAMED].tolist()]
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
