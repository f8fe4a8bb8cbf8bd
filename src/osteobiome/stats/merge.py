"""Matching two sorted lists of distinct integers, as keys of variants are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


def match_sorted(first: NDArray[np.int64], second: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the values that both lists hold stand in either.

    Parameters
    ----------
    first, second : numpy.ndarray of int64, shapes (n_first,) and (n_second,)
        Strictly rising.

    Returns
    -------
    tuple of numpy.ndarray of int64, shape (n_common,)
        Indices into ``first`` and into ``second``, both rising.

    Notes
    -----
    One pass over both lists; time is n_first + n_second.

    Examples
    --------
    >>> import numpy as np
    >>> [place.tolist() for place in match_sorted(np.array([1, 4, 7, 9]), np.array([4, 5, 9]))]
    [[1, 3], [0, 2]]
    """
    in_first, in_second, n = _match(first, second)
    return in_first[:n], in_second[:n]


@kernel
def _match(first: NDArray[np.int64], second: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    room = min(first.size, second.size)
    in_first = np.empty(room, dtype=np.int64)
    in_second = np.empty(room, dtype=np.int64)
    i = j = n = 0
    while i < first.size and j < second.size:
        a, b = first[i], second[j]
        if a == b:
            in_first[n] = i
            in_second[n] = j
            n += 1
            i += 1
            j += 1
        elif a < b:
            i += 1
        else:
            j += 1
    return in_first, in_second, n
