"""A hash of text that is the same on every machine and in every version: FNV-1a with 64 bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OFFSET_BASIS = np.uint64(14695981039346656037)
_PRIME = np.uint64(1099511628211)


@kernel
def fnv1a_64(data: NDArray[np.uint8], ends: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the FNV-1a hash of each of many byte strings that lie one after the other.

    Parameters
    ----------
    data : numpy.ndarray of uint8, shape (n_bytes,)
        All strings, end to end.
    ends : numpy.ndarray of int64, shape (n_strings,)
        Where each string ends; it begins where the one before it ends.

    Returns
    -------
    numpy.ndarray of uint64, shape (n_strings,)

    Notes
    -----
    ``h = 14695981039346656037``; for each byte, ``h = (h xor byte) * 1099511628211`` modulo 2^64. Python's own hash
    is salted per process and that of a table library may change with its version; keys on disk may do neither.

    References
    ----------
    Fowler, Noll, Vo, Eastlake, Hansen: The FNV Non-Cryptographic Hash Algorithm, Internet-Draft
    draft-eastlake-fnv-20.

    Examples
    --------
    >>> import numpy as np
    >>> hex(int(fnv1a_64(np.frombuffer(b"foobar", dtype=np.uint8), np.array([6]))[0]))
    '0x85944171f73967e8'
    """
    result = np.empty(ends.size, dtype=np.uint64)
    begin = 0
    for i in range(ends.size):
        h = _OFFSET_BASIS
        for j in range(begin, ends[i]):
            h = (h ^ np.uint64(data[j])) * _PRIME
        result[i] = h
        begin = ends[i]
    return result
