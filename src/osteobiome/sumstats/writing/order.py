"""Rows in pieces, and in the order of the genome: frames in any order, memory for one window at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

WINDOW_BITS = 25
"""A window is 2^25 base pairs (34 Mb): 100 million variants have about a million in each."""
PIECE_ROWS = 100_000
"""Rows that become text at one time."""
_WINDOWS = 1 << (33 - WINDOW_BITS)
_UNPLACED = 1 << 30


def in_pieces(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Yield the rows in pieces of at most 100,000, in their order."""
    for frame in frames:
        yield from frame.iter_slices(PIECE_ROWS)


def in_genome_order(frames: Iterator[pl.DataFrame], spool: Path) -> Iterator[pl.DataFrame]:
    """Yield the rows sorted by chromosome and position; rows without a place come last, in their order.

    The stored table is sorted by variant key, which has longer variants after all others, so a sort is needed. It is
    stable: rows at one position stay in their order.

    Parameters
    ----------
    frames : iterator of polars.DataFrame
        Columns chromosome and position, both null or neither.
    spool : pathlib.Path
        Folder for rows in between; not touched if there is one frame.
    """
    first = next(frames, None)
    if first is None:
        return
    second = next(frames, None)
    if second is None:
        yield from in_pieces([_sorted(first)])
        return
    parts: dict[int, list[Path]] = {}
    number = 0
    for frame in _chain(first, second, frames):
        window = pl.col("chromosome").cast(pl.Int64) * _WINDOWS + pl.col("position") // (1 << WINDOW_BITS)
        keyed = frame.with_columns(window.fill_null(_UNPLACED).alias("__window__"))
        for piece in keyed.partition_by("__window__", maintain_order=True):
            path = spool / f"{number}.arrow"
            piece.drop("__window__").write_ipc(path)
            parts.setdefault(piece["__window__"][0], []).append(path)
            number += 1
    for window_key in sorted(parts):
        pieces = (pl.read_ipc(path) for path in parts[window_key])
        if window_key == _UNPLACED:
            yield from in_pieces(pieces)
        else:
            yield from in_pieces([_sorted(pl.concat(pieces))])
        for path in parts[window_key]:
            path.unlink()


def _chain(first: pl.DataFrame, second: pl.DataFrame, rest: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    yield first
    yield second
    yield from rest


def _sorted(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort("chromosome", "position", nulls_last=True, maintain_order=True)
