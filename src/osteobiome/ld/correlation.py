"""Genotype correlation of all pairs of some variants, or of the pairs in a window, by blocks of a matrix product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.core.thresholds import BASES_PER_KB
from osteobiome.ld.genotypes import Genotypes, counted
from osteobiome.stats.jit import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import DTypeLike, NDArray

    Pair = tuple[NDArray[np.float64], NDArray[np.float64]]
    Counted = tuple[NDArray[np.float32], NDArray[np.float32]]
    Triple = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]

Missing = Literal["mean", "pairwise"]
"""What stands for a genotype that was not called: the mean of its variant, or nobody (pairs of called ones only)."""

TILE_ROWS, TILE_COLUMNS = 512, 2048
"""Variants to a tile. Smaller ones leave a threaded matrix product waiting for its threads on a busy machine."""
SPAN = 4096
"""Variants whose genotypes are unpacked at once, besides those in reach of the last."""


@dataclass(frozen=True, slots=True)
class LdWindows:
    """Correlation of each variant with its neighbours.

    Parameters
    ----------
    begin, end : numpy.ndarray of int64, shape (n_variants,)
        Variant ``i`` meets ``begin[i]`` to ``end[i] - 1``, itself among them; a pair is there from both sides or not.
    offset : numpy.ndarray of int64, shape (n_variants + 1,)
        Values of variant ``i`` are ``r[offset[i]:offset[i + 1]]``.
    r : numpy.ndarray of float32, shape (n_pairs,)
        Signed correlation, rounded from double precision (error below 3e-8); NaN where a variant does not vary.
    """

    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    offset: NDArray[np.int64]
    r: NDArray[np.float32]

    def row(self, variant: int) -> NDArray[np.float32]:
        """Return r of a variant with ``begin[variant]`` to ``end[variant] - 1``."""
        return self.r[self.offset[variant] : self.offset[variant + 1]]


@dataclass(frozen=True, slots=True)
class Tile:
    """Correlation of consecutive variants with consecutive variants.

    Parameters
    ----------
    row, column : int
        First variant of the rows and of the columns.
    r : numpy.ndarray, shape (n_rows, n_columns)
        Correlation; exactly 1 of a variant with itself. Overwritten when the next tile is taken.
    """

    row: int
    column: int
    r: NDArray[np.float64]


def standardised(genotypes: Genotypes, *, dtype: DTypeLike = np.float64) -> NDArray[np.floating]:
    """Return genotypes with mean 0 and mean square 1.

    Parameters
    ----------
    genotypes : Genotypes
        Variants of a panel.
    dtype : numpy dtype
        Type of the result; worked out in double precision.

    Returns
    -------
    numpy.ndarray, shape (n_variants, n_people)
        Standard deviations from the mean (divisor ``n_people``). 0 for people who were not called, which is the mean of
        the variant; a whole row of 0 for a variant that does not vary or that nobody was called for: see
        :func:`varies`.

    Notes
    -----
    ``x @ x.T / n_people`` of the result is :func:`ld_matrix` up to rounding, except for variants that do not vary.

    Examples
    --------
    >>> standardised(Genotypes.from_dosages(np.array([[0, 2, -9, 0, 2]], dtype=np.int8))).round(3).tolist()
    [[-1.118, 1.118, 0.0, -1.118, 1.118]]
    """
    dosages = genotypes.dosages()
    called = dosages >= 0
    centred = np.where(called, dosages - 2.0 * genotypes.frequency()[:, None], 0.0)
    scale = np.sqrt(np.mean(np.square(centred), axis=1))
    scale[~varies(genotypes)] = np.inf
    result: NDArray[np.floating] = (centred / scale[:, None]).astype(dtype, copy=False)
    return result


def varies(genotypes: Genotypes) -> NDArray[np.bool_]:
    """Return which variants have two genotypes among the called; the others have no correlation.

    Parameters
    ----------
    genotypes : Genotypes
        Variants of a panel.

    Returns
    -------
    numpy.ndarray of bool, shape (n_variants,)
        False where all of the called have the same number of copies, heterozygotes included, or nobody was called.
    """
    one, two, called = (counted(plane) for plane in (genotypes.one, genotypes.two, genotypes.called))
    copies, squares = one + two, one + 3 * two
    return np.asarray(called * squares - copies * copies > 0)


def ld_matrix(genotypes: Genotypes, *, missing: Missing = "mean") -> NDArray[np.float64]:
    r"""Return the correlation of all pairs of variants.

    Parameters
    ----------
    genotypes : Genotypes
        Variants of a panel; memory is 8 n² bytes for n variants.
    missing : {"mean", "pairwise"}
        ``mean``: a person who was not called has the mean of the variant, so that the result is positive semidefinite
        and fit for regression, as LD scores, conditional selection and fine-mapping need it; it pulls r towards 0 where
        many are missing. ``pairwise``: people called for both variants, as PLINK counts r; not always positive
        semidefinite.

    Returns
    -------
    numpy.ndarray, shape (n_variants, n_variants)
        Signed r of the counts of the counted allele: symmetric to the last bit, exactly 1 on the diagonal; NaN in rows
        and columns of variants that do not vary (and, pairwise, for pairs of which one does not vary among people with
        both).

    Notes
    -----
    With all people called

    .. math:: r_{jk} = \frac{n\sum x_j x_k - \sum x_j \sum x_k}
              {\sqrt{(n\sum x_j^2 - (\sum x_j)^2)(n\sum x_k^2 - (\sum x_k)^2)}}

    The sums are whole numbers below :math:`2^{24}` (for less than 4 million people), so single precision holds them
    exactly and any order of summation gives the same bits; the rest is double precision, error below 1e-15. The noise
    floor of r² between unlinked variants is about 1/n for n people.

    References
    ----------
    Hill and Robertson 1968, doi:10.1007/BF01245622; genotypes in place of haplotypes: Rogers and Huff 2009,
    doi:10.1534/genetics.108.093153

    Examples
    --------
    >>> g = Genotypes.from_dosages(np.array([[0, 1, 2, 1], [0, 1, 1, 0], [2, 1, 0, 1]], dtype=np.int8))
    >>> ld_matrix(g).round(3).tolist()
    [[1.0, 0.707, -1.0], [0.707, 1.0, -0.707], [-1.0, -0.707, 1.0]]
    """
    n = genotypes.n_variants
    matrix = np.empty((n, n))
    for tile in ld_tiles(genotypes, np.full(n, n, dtype=np.int64), missing=missing):
        n_rows, n_columns = tile.r.shape
        matrix[tile.row : tile.row + n_rows, tile.column : tile.column + n_columns] = tile.r
        matrix[tile.column : tile.column + n_columns, tile.row : tile.row + n_rows] = tile.r.T
    return matrix


def window_bounds(
    chromosome: NDArray[np.integer], place: NDArray[np.integer] | NDArray[np.floating], *, reach: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which variants are within reach of each.

    Parameters
    ----------
    chromosome : numpy.ndarray of int, shape (n_variants,)
        Chromosome.
    place : numpy.ndarray, shape (n_variants,)
        Position in base pairs or centimorgans, ascending within a chromosome.
    reach : float
        Largest distance, in the unit of ``place``; a pair at just this distance is in.

    Returns
    -------
    begin, end : numpy.ndarray of int64, shape (n_variants,)
        Variant ``i`` reaches ``begin[i]`` to ``end[i] - 1``, itself among them.

    Raises
    ------
    SchemaError
        Variants are not sorted, a place is missing, or the reach is negative.

    Examples
    --------
    >>> window_bounds(np.array([1, 1, 1, 2]), np.array([10, 20, 35, 20]), reach=15)
    (array([0, 0, 1, 3]), array([2, 3, 3, 4]))
    """
    assert chromosome.shape == place.shape
    _refuse_disorder(chromosome, place, reach)
    end = np.empty(len(place), dtype=np.int64)
    starts = np.flatnonzero(np.r_[True, chromosome[1:] != chromosome[:-1]]) if len(place) else np.zeros(0, np.int64)
    for start, stop in zip(starts, np.r_[starts[1:], len(place)], strict=False):
        part = place[start:stop]
        end[start:stop] = start + np.searchsorted(part, part + reach, side="right")
    begin = np.searchsorted(end, np.arange(len(place)), side="right").astype(np.int64)
    return begin, end


def ld_windows(
    genotypes: Genotypes,
    chromosome: NDArray[np.integer],
    position: NDArray[np.integer],
    *,
    window_kb: float,
    missing: Missing = "mean",
) -> LdWindows:
    """Return the correlation of all pairs of variants within a distance.

    Parameters
    ----------
    genotypes : Genotypes
        Variants of a panel, sorted by chromosome and position.
    chromosome, position : numpy.ndarray of int, shape (n_variants,)
        Place; position in base pairs.
    window_kb : float
        Largest distance of a pair, in kilobases.
    missing : {"mean", "pairwise"}
        As for :func:`ld_matrix`.

    Returns
    -------
    LdWindows
        Four bytes to a pair and direction: 80 MB for 17,489 variants of chromosome 22 within 1 Mb.

    Raises
    ------
    SchemaError
        Variants are not sorted.

    Examples
    --------
    >>> g = Genotypes.from_dosages(np.array([[0, 1, 2, 1], [0, 1, 1, 0], [2, 1, 0, 1]], dtype=np.int8))
    >>> ld_windows(g, np.array([1, 1, 1]), np.array([1, 900, 1800]), window_kb=1).row(0).round(3).tolist()
    [1.0, 0.7070000171661377]
    """
    begin, end = window_bounds(chromosome, position, reach=window_kb * BASES_PER_KB)
    offset = np.r_[np.int64(0), np.cumsum(end - begin)]
    r = np.empty(int(offset[-1]), dtype=np.float32)
    for tile in ld_tiles(genotypes, end, missing=missing):
        _scatter(tile.r, (tile.row, tile.column), (begin, end, offset), r)
    return LdWindows(begin, end, offset, r)


def ld_tiles(genotypes: Genotypes, end: NDArray[np.int64], *, missing: Missing = "mean") -> Iterator[Tile]:
    """Yield correlations tile by tile, so that no more than a tile is ever held.

    Parameters
    ----------
    genotypes : Genotypes
        Variants of a panel.
    end : numpy.ndarray of int64, shape (n_variants,)
        Pairs of ``i`` with ``i`` to ``end[i] - 1`` are wanted; must not fall.
    missing : {"mean", "pairwise"}
        As for :func:`ld_matrix`.

    Yields
    ------
    Tile
        Each wanted pair is in one tile; tiles hold others besides, and those on the diagonal pairs of both directions.
    """
    assert end.shape == (genotypes.n_variants,)
    products, r = np.empty(TILE_ROWS * TILE_COLUMNS, np.float32), np.empty(TILE_ROWS * TILE_COLUMNS)
    for first in range(0, len(end), SPAN):
        last = min(first + SPAN, len(end))
        span = _Counts.of(genotypes, slice(first, int(end[last - 1])), missing=missing)
        for row in range(first, last, TILE_ROWS):
            rows = slice(row - first, min(row + TILE_ROWS, last) - first)
            stop = int(end[rows.stop + first - 1])
            for column in range(row, stop, TILE_COLUMNS):
                columns = slice(column - first, min(column + TILE_COLUMNS, stop) - first)
                shape = (rows.stop - rows.start, columns.stop - columns.start)
                size = shape[0] * shape[1]
                tile = Tile(row, column, r[:size].reshape(shape))
                span.correlate(rows, columns, products[:size].reshape(shape), tile.r)
                if column == row:
                    _set_diagonal(tile.r)
                yield tile


def _set_diagonal(r: NDArray[np.float64]) -> None:
    """Make r of a variant with itself exactly 1, unless there is none."""
    n = min(r.shape)
    own = r[np.arange(n), np.arange(n)]
    r[np.arange(n), np.arange(n)] = np.where(np.isnan(own), np.nan, 1.0)


@dataclass(frozen=True, slots=True)
class _Counts:
    """Unpacked variants and their sums; ``called`` and ``square`` are empty where all people were called."""

    copies: NDArray[np.float32]
    called: NDArray[np.float32]
    square: NDArray[np.float32]
    total: NDArray[np.float64]
    weight: NDArray[np.float64]
    missing: Missing

    @classmethod
    def of(cls, genotypes: Genotypes, part: slice, *, missing: Missing) -> _Counts:
        """Unpack some variants."""
        some = Genotypes(genotypes.one[part], genotypes.two[part], genotypes.called[part], genotypes.n_people)
        dosages = some.dosages()
        called = dosages >= 0
        copies = np.maximum(dosages, 0).astype(np.float32)
        one, two, n_called = (counted(plane) for plane in (some.one, some.two, some.called))
        total, squares = (one + two).astype(np.float64), (one + 3 * two).astype(np.float64)
        spread = n_called * squares - total * total
        none = np.zeros((0, 0), dtype=np.float32)
        with np.errstate(divide="ignore", invalid="ignore"):  # no spread, or nobody called: the weight is NaN
            if called.all():
                weight = np.where(spread > 0, 1.0 / np.sqrt(spread), np.nan)
                return cls(copies, none, none, total, weight, missing)
            weight = np.where(spread > 0, np.sqrt(n_called / spread), np.nan)
            mean = np.where(n_called > 0, total / n_called, 0.0)
        square = np.square(copies) if missing == "pairwise" else none
        return cls(copies, called.astype(np.float32), square, mean, weight, missing)

    def correlate(self, rows: slice, columns: slice, products: NDArray[np.float32], out: NDArray[np.float64]) -> None:
        """Fill ``out`` with r of some variants with others; ``products`` is room to work in."""
        a, b = self.copies[rows], self.copies[columns]
        np.matmul(a, b.T, out=products)
        totals, weights = (self.total[rows], self.total[columns]), (self.weight[rows], self.weight[columns])
        if not self.called.size:
            _r_complete(products, totals, weights, float(self.copies.shape[1]), out)
            return
        c, d = self.called[rows], self.called[columns]
        counts = (a @ d.T, c @ b.T, c @ d.T)
        if self.missing == "mean":
            _r_mean(products, counts, totals, weights, out)
        else:
            _r_pairwise(products, counts, (self.square[rows] @ d.T, c @ self.square[columns].T), out)


@kernel
def _r_complete(
    products: NDArray[np.float32], total: Pair, weight: Pair, n_people: float, out: NDArray[np.float64]
) -> None:
    """Fill in r where all people were called."""
    for i in range(products.shape[0]):
        for j in range(products.shape[1]):
            r = (n_people * np.float64(products[i, j]) - total[0][i] * total[1][j]) * (weight[0][i] * weight[1][j])
            out[i, j] = 1.0 if r > 1.0 else (-1.0 if r < -1.0 else r)


@kernel
def _r_mean(products: NDArray[np.float32], counts: Triple, mean: Pair, weight: Pair, out: NDArray[np.float64]) -> None:
    """Fill in r where people not called have the mean of the variant."""
    of_row, of_column, both = counts
    for i in range(products.shape[0]):
        for j in range(products.shape[1]):
            a, b = mean[0][i], mean[1][j]
            covariance = np.float64(products[i, j]) - b * of_row[i, j] - a * of_column[i, j] + a * b * both[i, j]
            r = covariance * (weight[0][i] * weight[1][j])
            out[i, j] = 1.0 if r > 1.0 else (-1.0 if r < -1.0 else r)


@kernel
def _r_pairwise(products: NDArray[np.float32], counts: Triple, squares: Counted, out: NDArray[np.float64]) -> None:
    """Fill in r of people called for both; NaN where one of the two does not vary among them."""
    of_row, of_column, both = counts
    for i in range(products.shape[0]):
        for j in range(products.shape[1]):
            n, a, b = np.float64(both[i, j]), np.float64(of_row[i, j]), np.float64(of_column[i, j])
            spread = (n * squares[0][i, j] - a * a) * (n * squares[1][i, j] - b * b)
            r = (n * products[i, j] - a * b) / np.sqrt(spread) if spread > 0.0 else np.nan
            out[i, j] = 1.0 if r > 1.0 else (-1.0 if r < -1.0 else r)


@kernel
def _scatter(
    r: NDArray[np.float64],
    corner: tuple[int, int],
    bounds: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    out: NDArray[np.float32],
) -> None:
    """Write the wanted pairs of a tile, from both sides."""
    row, column = corner
    begin, end, offset = bounds
    for i in range(r.shape[0]):
        a = row + i
        for b in range(max(a, column), min(end[a], column + r.shape[1])):
            out[offset[a] + b - begin[a]] = r[i, b - column]
            out[offset[b] + a - begin[b]] = r[i, b - column]


def _refuse_disorder(
    chromosome: NDArray[np.integer], place: NDArray[np.integer] | NDArray[np.floating], reach: float
) -> None:
    """Raise unless variants are sorted and the reach is a distance."""
    if not reach >= 0.0:
        raise SchemaError(Fault("bad_window", "LD window", f"a window of {reach:g}", "zero or more"))
    same = chromosome[1:] == chromosome[:-1]
    falls = (chromosome[1:] < chromosome[:-1]) | (same & ~(place[1:] >= place[:-1]))
    unknown = np.isnan(place)
    if falls.any() or unknown.any():
        worst = int(np.flatnonzero(unknown)[0]) if unknown.any() else int(np.flatnonzero(falls)[0]) + 1
        raise SchemaError(
            Fault(
                "ld_not_sorted",
                "LD window",
                f"variant {worst} (counted from 0) stands before its predecessor, or has no place",
                "variants in the order of chromosome and position, all placed",
                "Sort the variants of the panel",
            )
        )
