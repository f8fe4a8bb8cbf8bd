r"""Random numbers by counter: Philox4x32-10, so that every draw has an address and needs no state.

A stream is a 64-bit key made from a seed and names (:func:`stream_key`). Within a stream a draw is addressed by row
and column, and its bits are a function of key, row and column alone: the order of calls, the width of a batch and the
number of workers change nothing.

Counter words are (column, row, 0, 0); the key words are the low and high half of the key. (Salmon et al. 2011,
doi:10.1145/2063384.2063405)
"""

from __future__ import annotations

import hashlib
import math
import secrets
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Multipliers and key increments of Philox4x32 (doi:10.1145/2063384.2063405).
MULTIPLIER_0, MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
INCREMENT_0, INCREMENT_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
ROUNDS = 10
WORD, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
SPARE_BITS = np.uint64(11)  # of 64 random bits a double holds 53
LAST_PLACE = 2.0**-53
TWO_PI = 2.0 * math.pi
SEED_LIMIT = 2**32


def fresh_seed() -> int:
    """Return a seed that nobody can foresee, small enough for any file format and JavaScript."""
    return secrets.randbelow(SEED_LIMIT)


def stream_key(seed: int, *ids: str) -> np.uint64:
    """Return the key of the stream that belongs to a seed and to names.

    Parameters
    ----------
    seed : int
        Any whole number.
    *ids : str
        What the stream is for: exposure, outcome, method.

    Returns
    -------
    numpy.uint64
        First eight bytes, little end first, of a BLAKE2b hash (RFC 7693). Every part is preceded by its length, so
        that ("ab", "c") and ("a", "bc") differ.

    Examples
    --------
    >>> hex(stream_key(1, "bmi", "bmd", "weighted_median"))
    '0x61f94a188a998d2f'
    """
    digest = hashlib.blake2b(digest_size=8)
    for part in (str(seed), *ids):
        data = part.encode()
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return np.uint64(int.from_bytes(digest.digest(), "little"))


@kernel
def philox(
    counter: tuple[np.uint64, np.uint64, np.uint64, np.uint64], key: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Return four random 32-bit words from a counter of four words and a key.

    Parameters
    ----------
    counter : tuple of four numpy.uint64
        Address of the block, each word below 2**32.
    key : numpy.uint64
        Stream.

    Returns
    -------
    tuple of four numpy.uint64
        Words below 2**32.
    """
    c0, c1, c2, c3 = counter
    k0 = key & WORD
    k1 = key >> HALF
    for _ in range(ROUNDS):
        product_0 = MULTIPLIER_0 * c0
        product_1 = MULTIPLIER_1 * c2
        c0 = (product_1 >> HALF) ^ c1 ^ k0
        c1 = product_1 & WORD
        c2 = (product_0 >> HALF) ^ c3 ^ k1
        c3 = product_0 & WORD
        k0 = (k0 + INCREMENT_0) & WORD
        k1 = (k1 + INCREMENT_1) & WORD
    return c0, c1, c2, c3


@kernel
def uniform_pair(key: np.uint64, row: int, column: int) -> tuple[float, float]:
    """Return the two uniform numbers at an address: multiples of 2**-53 in [0, 1).

    Parameters
    ----------
    key : numpy.uint64
        Stream.
    row, column : int
        Address, 0 to 2**32 - 1.
    """
    w0, w1, w2, w3 = philox((np.uint64(column), np.uint64(row), np.uint64(0), np.uint64(0)), key)
    first = ((w1 << HALF) | w0) >> SPARE_BITS
    second = ((w3 << HALF) | w2) >> SPARE_BITS
    return np.float64(first) * LAST_PLACE, np.float64(second) * LAST_PLACE


@kernel
def normal_pair(key: np.uint64, row: int, column: int) -> tuple[float, float]:
    r"""Return the two independent standard normal numbers at an address.

    Parameters
    ----------
    key : numpy.uint64
        Stream.
    row, column : int
        Address, 0 to 2**32 - 1.

    Notes
    -----
    The transform of Box & Muller (1958, doi:10.1214/aoms/1177706645) is exact:
    :math:`\sqrt{-2\ln(1-u)}\,(\cos 2\pi v, \sin 2\pi v)`. With 53 bits in u the largest radius is 8.57.
    """
    u, v = uniform_pair(key, row, column)
    radius = math.sqrt(-2.0 * math.log(1.0 - u))
    angle = TWO_PI * v
    return radius * math.cos(angle), radius * math.sin(angle)


@kernel
def uniforms(key: np.uint64, n_rows: int, n_columns: int) -> NDArray[np.float64]:
    """Return uniform numbers in [0, 1), shape (n_rows, n_columns); two columns share an address.

    Parameters
    ----------
    key : numpy.uint64
        Stream.
    n_rows, n_columns : int
        Shape; a number does not depend on it, only on its row and column.
    """
    out = np.empty((n_rows, n_columns))
    for row in range(n_rows):
        for column in range(0, n_columns, 2):
            first, second = uniform_pair(key, row, column // 2)
            out[row, column] = first
            if column + 1 < n_columns:
                out[row, column + 1] = second
    return out


@kernel
def normals(key: np.uint64, n_rows: int, n_columns: int) -> NDArray[np.float64]:
    """Return standard normal numbers, shape (n_rows, n_columns); two columns share an address.

    Parameters
    ----------
    key : numpy.uint64
        Stream.
    n_rows, n_columns : int
        Shape; a number does not depend on it, only on its row and column.
    """
    out = np.empty((n_rows, n_columns))
    for row in range(n_rows):
        for column in range(0, n_columns, 2):
            first, second = normal_pair(key, row, column // 2)
            out[row, column] = first
            if column + 1 < n_columns:
                out[row, column + 1] = second
    return out
