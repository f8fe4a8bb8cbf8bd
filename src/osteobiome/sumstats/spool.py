"""Rows that arrive in any order leave sorted by key, with memory that does not grow with the table.

Rows are put into buckets by ranges of the key. What does not fit into memory waits on disk; at the end each bucket is
sorted on its own, and buckets follow each other in the order of their keys.

Most files are sorted by chromosome and position. While a file looks sorted, buckets that it has passed can leave at
once (:meth:`Spool.passed`), and nothing waits on disk. If a row for such a bucket comes after all, the hope was in
vain: :class:`OutOfOrderError`, and the caller begins again without it.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import polars as pl

from osteobiome.store import writing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CHROMOSOME_BITS = 55
"""From a key to its chromosome."""
_NAME_BITS = 17
"""Names are cut as many bits finer than positions: rs numbers have four bits below them, positions 23."""
GENOME = 3.1e9
"""Base pairs, about."""
BUCKET_ROWS = 100_000
"""Rows of a bucket, about: so many are sorted at a time, however large the file."""
_N_PLACED = 1 << 20
"""Buckets of variants with a position are below this."""
MEMORY_ROWS = 1_500_000
"""Rows held in memory before they are put on disk: about 200 MB."""
_NAMED = 2 << 60
_HASHED = 3 << 60


def bucket_bits(n_rows: float) -> int:
    """Return how many bits of a key are below its bucket, for a table of about so many rows.

    Examples
    --------
    >>> bucket_bits(1e6), bucket_bits(8e6), bucket_bits(1e8)
    (48, 48, 44)
    """
    width = BUCKET_ROWS * GENOME / max(n_rows, 1.0)
    return 23 + min(25, max(18, int(math.log2(width))))


def bucket(column: str, *, bits: int) -> pl.Expr:
    """Return the bucket of a key: a stretch of a chromosome, or a range of names.

    Buckets are ordered as the keys are, and all rows of one position are in one bucket.

    Parameters
    ----------
    column : str
        Column of keys.
    bits : int
        From :func:`bucket_bits`.
    """
    key = pl.col(column)
    return (
        pl.when(key < _NAMED)
        .then(key // (1 << bits))
        .when(key < _HASHED)
        .then((1 << 20) + (key - _NAMED) // (1 << (bits - _NAME_BITS)))
        .otherwise((1 << 42) + (key - _HASHED) // (1 << 54))
    )


class OutOfOrderError(Exception):
    """A row came for a bucket that had already left: the file is not sorted as it seemed to be."""


class Spool:
    """Takes frames in any order and gives them back sorted.

    Use it as a context: what it put on disk goes when the context ends.

    Parameters
    ----------
    folder : pathlib.Path, optional
        Where rows wait on disk; the system's folder for temporary files if left out.
    key : str
        Column to sort by.
    n_rows : float
        Rows to come, about: sets the size of the buckets and changes no result.
    memory_rows : int
        Rows held in memory at most.
    """

    def __init__(
        self, folder: Path | None = None, *, key: str, n_rows: float = 0.0, memory_rows: int = MEMORY_ROWS
    ) -> None:
        self._bits = bucket_bits(n_rows)
        self._key = key
        self._memory_rows = memory_rows
        self._parent = folder
        self._folder: Path | None = None
        self._waiting: dict[int, list[pl.DataFrame]] = {}
        self._files: dict[int, list[Path]] = {}
        self._sizes: dict[int, int] = {}
        self._n_waiting = 0
        self._n_files = 0
        self._passed = -1
        self._lowest = 0
        self._chromosomes: set[int] = set()

    def __enter__(self) -> Self:
        """Begin; nothing is written until memory is full."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove what was put on disk."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, frame: pl.DataFrame) -> None:
        """Take rows."""
        if frame.is_empty():
            return
        buckets = frame.select(bucket(self._key, bits=self._bits)).to_series()
        order = None if buckets.is_sorted() else buckets.arg_sort()
        if order is not None:
            frame, buckets = frame[order], buckets[order]
        runs = (
            buckets.to_frame()
            .rename({buckets.name: "bucket"})
            .lazy()
            .group_by("bucket", maintain_order=True)
            .len()
            .collect()
        )
        begin = 0
        self._lowest = int(runs["bucket"][0])
        if self._lowest <= self._passed:
            raise OutOfOrderError
        self._chromosomes |= {
            number >> (_CHROMOSOME_BITS - self._bits) for number in runs["bucket"] if number < _N_PLACED
        }
        for number, size in runs.rows():
            self._waiting.setdefault(number, []).append(frame.slice(begin, size))
            self._sizes[number] = self._sizes.get(number, 0) + size
            begin += size
        self._n_waiting += frame.height
        if self._n_waiting > self._memory_rows:
            self._flush()

    def passed(self) -> Iterator[Bucket]:
        """Give back the buckets that the file has passed, if it is sorted along the genome.

        A file in which chromosome 10 follows chromosome 1 goes back later; such a gap ends the hope, with nothing lost.
        """
        seen = self._chromosomes
        if not seen or max(seen) - min(seen) + 1 != len(seen):
            return
        end = min(self._lowest, _N_PLACED)
        for several in self._several(number for number in self._sizes if number < end):
            self._passed = several[-1]
            yield self._take(several)

    def _several(self, numbers: Iterable[int]) -> Iterator[list[int]]:
        """Group buckets that follow each other, so that a small table is finished in one go and not in twenty."""
        several: list[int] = []
        n_rows = 0
        for number in sorted(numbers):
            if several and n_rows + self._sizes[number] > BUCKET_ROWS:
                yield several
                several, n_rows = [], 0
            several.append(number)
            n_rows += self._sizes[number]
        if several:
            yield several

    def _take(self, numbers: list[int]) -> Bucket:
        paths: list[Path] = []
        frames: list[pl.DataFrame] = []
        for number in numbers:
            paths += self._files.pop(number, [])
            frames += self._waiting.pop(number, [])
            del self._sizes[number]
        self._n_waiting -= sum(frame.height for frame in frames)
        return Bucket(tuple(paths), tuple(frames), self._key)

    def _flush(self) -> None:
        """Put all waiting rows on disk."""
        if self._folder is None:
            with writing(self._parent or Path(tempfile.gettempdir())):
                self._folder = Path(tempfile.mkdtemp(prefix=".tmp-sort-", dir=self._parent))
        for number, frames in self._waiting.items():
            path = self._folder / f"{self._n_files}.ipc"
            self._n_files += 1
            with writing(path):
                pl.concat(frames).write_ipc(path, compression="uncompressed")
            self._files.setdefault(number, []).append(path)
        self._waiting.clear()
        self._n_waiting = 0

    def buckets(self) -> Iterator[Bucket]:
        """Give the rows back, bucket after bucket in the order of the key."""
        yield from map(self._take, self._several(self._sizes))


@dataclass(frozen=True, slots=True)
class Bucket:
    """Rows of one or several ranges of the key that follow each other, where they wait.

    Parameters
    ----------
    paths : tuple of pathlib.Path
        Files of the spool.
    frames : tuple of polars.DataFrame
        Rows in memory.
    key : str
        Column to sort by.
    """

    paths: tuple[Path, ...]
    frames: tuple[pl.DataFrame, ...]
    key: str

    def sorted(self) -> pl.DataFrame:
        """Return the rows sorted by key and line, and remove their files; to be called once."""
        pieces = [pl.read_ipc(path) for path in self.paths]
        for path in self.paths:
            with contextlib.suppress(OSError):
                path.unlink()
        frame = pl.concat([*pieces, *self.frames])
        return frame if _is_sorted(frame, self.key) else frame.sort(self.key, "line")


def _is_sorted(frame: pl.DataFrame, key: str) -> bool:
    """Tell whether keys rise strictly, as they do in files that are sorted by position."""
    step = frame.select((pl.col(key).diff() > 0).all()).to_series()
    return bool(step.fill_null(value=True).all())
