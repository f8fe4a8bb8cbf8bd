"""Positions of one genome build on the other.

The blocks that both builds share come from the chain files of Ensembl. Those files give every base at most one partner,
so nothing has to be chosen by score, and the way back is the same table read from the other side. Their chains never
lead to another chromosome among 1-22, X, Y and MT; a chain that does is dealt with all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, GenomeBuildError
from osteobiome.core.rows import MAX_LINES
from osteobiome.sumstats.reference import BUILDS, chain_blocks

if TYPE_CHECKING:
    import numpy.typing as npt

    from osteobiome.core.rows import RowLedger

    Int8s = npt.NDArray[np.int8]
    Int64s = npt.NDArray[np.int64]
    Bools = npt.NDArray[np.bool_]

MAPPED, UNMAPPED = 0, 1
"""Values of the status that :func:`lift_positions` returns."""
_SHIFT = 32
_MAX_POSITION = 2**_SHIFT - 1
_PIECE = 1 << 15
"""Variants looked at together, so that what is computed on the way stays in the cache."""
_COMPLEMENT = (["A", "C", "G", "T"], ["T", "G", "C", "A"])
REASONS = ("liftover_unmapped", "liftover_other_chromosome", "liftover_split", "liftover_indel_turned")
"""Why a row is dropped, in the order in which the reasons are looked at."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Blocks that lead from one build to another, sorted by source; no source base lies in two of them.

    Parameters
    ----------
    first, last : numpy.ndarray of int64, shape (n_blocks,)
        Chromosome times 2^32 plus the 1-based position of the block's first and last base on the source.
    chromosome : numpy.ndarray of int8, shape (n_blocks,)
        Chromosome on the target.
    origin : numpy.ndarray of int64, shape (n_blocks,)
        Target position is ``origin + strand * source position``, both 1-based.
    strand : numpy.ndarray of int8, shape (n_blocks,)
        1, or -1 where the target holds the block turned round.
    """

    first: Int64s
    last: Int64s
    chromosome: Int8s
    origin: Int64s
    strand: Int8s

    def __post_init__(self) -> None:
        """Refuse blocks that overlap on the source or are not sorted."""
        assert self.first.shape == self.last.shape == self.chromosome.shape == self.origin.shape == self.strand.shape
        assert np.all(self.first <= self.last)
        assert np.all(self.first[1:] > self.last[:-1]), "a source base in two blocks, or blocks out of order"


def chain_of(blocks: pl.DataFrame, *, source: str, target: str) -> Chain:
    """Turn a table of shared blocks into a chain of one direction.

    Parameters
    ----------
    blocks : polars.DataFrame, shape (n_blocks, 6)
        As :func:`osteobiome.sumstats.reference.chain_blocks` returns it.
    source, target : str
        ``GRCh37`` and ``GRCh38``, or the other way round.

    Returns
    -------
    Chain
        The blocks by place on the source.

    Examples
    --------
    >>> table = pl.DataFrame({"chromosome_grch37": [1], "start_grch37": [100], "length": [10],
    ...                       "chromosome_grch38": [1], "start_grch38": [500], "strand": [-1]})
    >>> chain = chain_of(table, source="GRCh37", target="GRCh38")
    >>> lift_positions(np.array([1]), np.array([101]), chain)[1].tolist()
    [510]
    """
    here, there = source.lower(), target.lower()
    rows = blocks.cast(pl.Int64).sort(f"chromosome_{here}", f"start_{here}")
    start, length = rows[f"start_{here}"].to_numpy(), rows["length"].to_numpy()
    base = rows[f"chromosome_{here}"].to_numpy() << _SHIFT
    strand, begin = rows["strand"].to_numpy(), rows[f"start_{there}"].to_numpy()
    # 0-based t = begin + (p - start), or begin + length - 1 - (p - start); one is added on either side for 1-based ones
    origin = np.where(strand > 0, begin - start, begin + length + start + 1)
    chromosome = rows[f"chromosome_{there}"].to_numpy().astype(np.int8)
    return Chain(base + start + 1, base + start + length, chromosome, origin, strand.astype(np.int8))


@lru_cache(maxsize=2)
def bundled_chain(source: str, target: str) -> Chain:
    """Return the bundled chain of one direction, built once per process.

    Parameters
    ----------
    source, target : str
        ``GRCh37`` and ``GRCh38``, or the other way round.

    Raises
    ------
    GenomeBuildError
        If the two are anything else.
    """
    if {source, target} != set(BUILDS):
        raise GenomeBuildError(
            Fault(
                "no_chain",
                "lift-over",
                f"from '{source}' to '{target}'",
                "from GRCh37 to GRCh38 or back",
                "Lift the file with a tool that knows this build, and declare the new one",
            )
        )
    return chain_of(chain_blocks(), source=source, target=target)


def lift_positions(
    chromosome: npt.ArrayLike, position: npt.ArrayLike, chain: Chain
) -> tuple[Int8s, Int64s, Int8s, Int8s]:
    """Return where single bases lie on the other build.

    Parameters
    ----------
    chromosome : array_like of int, shape (n_variants,)
        1 to 22, 23 = X, 24 = Y, 25 = MT.
    position : array_like of int, shape (n_variants,)
        1-based base pairs on the source; what lies in no block, such as 0, is unmapped.
    chain : Chain
        From the source to the target.

    Returns
    -------
    chromosome, position, strand, status : numpy.ndarray, shape (n_variants,)
        Place on the target; 1, or -1 where alleles are to be complemented; ``MAPPED`` or ``UNMAPPED``. All but the
        status are 0 where a base is unmapped.

    Notes
    -----
    As UCSC's liftOver for intervals of one base. Sorted positions are found about eight times as fast as shuffled ones.
    """
    source, place = np.asarray(chromosome), np.asarray(position)
    assert place.shape == source.shape
    assert place.ndim == 1
    n = place.size
    new_chromosome, strand = np.zeros(n, dtype=np.int8), np.zeros(n, dtype=np.int8)
    new_position, status = np.zeros(n, dtype=np.int64), np.full(n, UNMAPPED, dtype=np.int8)
    if not chain.first.size:
        return new_chromosome, new_position, strand, status
    for begin in range(0, n, _PIECE):
        piece = slice(begin, begin + _PIECE)
        old = place[piece].astype(np.int64)
        key = (source[piece].astype(np.int64) << _SHIFT) + old
        block = np.maximum(np.searchsorted(chain.first, key, side="right") - 1, 0)
        is_mapped = (key >= chain.first[block]) & (key <= chain.last[block])
        # a position that does not fit its bits would reach into another chromosome
        is_mapped &= (old >= 1) & (old <= _MAX_POSITION)
        way = chain.strand[block] * is_mapped
        new_chromosome[piece] = chain.chromosome[block] * is_mapped
        new_position[piece] = chain.origin[block] * is_mapped + way * old
        strand[piece] = way
        status[piece][is_mapped] = MAPPED
    return new_chromosome, new_position, strand, status


@dataclass(frozen=True, slots=True)
class Lifted:
    """What became of the rows of one table; ``n_in == n_kept + n_dropped`` always holds.

    Parameters
    ----------
    n_in, n_kept : int
        Rows before and after.
    n_unmapped : int
        Dropped: the other build has no such base.
    n_other_chromosome : int
        Dropped: the base lies on another chromosome there.
    n_split : int
        Dropped: the longer allele's first and last base do not keep their distance.
    n_indel_turned : int
        Dropped: an insertion or deletion in a piece that the other build holds turned round.
    n_strand_changed : int
        Kept, with complemented alleles.
    n_without_position : int
        Kept as they are: there was nothing to lift.
    """

    n_in: int
    n_kept: int
    n_unmapped: int
    n_other_chromosome: int
    n_split: int
    n_indel_turned: int
    n_strand_changed: int
    n_without_position: int

    @property
    def n_dropped(self) -> int:
        """Rows dropped for any reason."""
        return self.n_unmapped + self.n_other_chromosome + self.n_split + self.n_indel_turned


def lift(
    frame: pl.DataFrame, *, source: str, target: str, ledger: RowLedger | None = None, chain: Chain | None = None
) -> tuple[pl.DataFrame, Lifted]:
    """Move the variants of a table, or of one chunk of it, to the other build.

    Parameters
    ----------
    frame : polars.DataFrame, shape (n_variants, n_columns)
        Columns chromosome (Int8), position (Int64, 1-based), effect_allele, other_allele (String, upper-case; may be
        null), rsid and line; further columns travel along.
    source, target : str
        Builds before and after. If they are equal the table is returned as it is.
    ledger : RowLedger, optional
        Told of every dropped row, by the names in ``REASONS``, and of two notes: ``liftover_strand_changed`` and
        ``liftover_without_position``. Its ``n_in`` is the caller's to count.
    chain : Chain, optional
        In place of the bundled one.

    Returns
    -------
    polars.DataFrame
        The kept rows in their order. They may no longer be sorted.
    Lifted
        Counts.

    Raises
    ------
    GenomeBuildError
        If there is no chain from source to target.

    Notes
    -----
    Rows without chromosome or position stay. Where the strand changes, alleles of one letter are complemented and
    longer ones of equal length reversed and complemented, with the position of what is now their first base. An
    insertion or deletion there is dropped: its new first base is not in the file, so the position that other files give
    it cannot be known without the genome. Which allele of an indel is the reference's is not known either; the longer
    one must stay in one piece. MT is the same sequence on both builds and keeps its positions.
    """
    if source == target:
        return frame, Lifted(frame.height, frame.height, 0, 0, 0, 0, 0, 0)
    chain = chain or bundled_chain(source, target)
    has_place = (frame["chromosome"].is_not_null() & frame["position"].is_not_null()).to_numpy()
    old_chromosome = frame["chromosome"].fill_null(0).to_numpy()
    old = frame["position"].fill_null(0).to_numpy()
    chromosome, position, strand, status = lift_positions(old_chromosome, old, chain)
    long, sizes = _long_alleles(frame)
    new = chromosome[long], position[long], strand[long]
    is_split, end = _ends((old_chromosome[long], old[long]), new, np.maximum(*sizes) - 1, chain)
    why = np.zeros(frame.height, dtype=np.int8)
    why[long[(strand[long] < 0) & (sizes[0] != sizes[1])]] = 4
    why[long[is_split]] = 3
    why[chromosome != old_chromosome] = 2
    why[status != MAPPED] = 1
    why[~has_place] = 0
    turns = strand < 0
    is_kept = why == 0
    turned, n_without = turns & is_kept & has_place, int((~has_place).sum())
    if ledger is not None:
        _record(frame, why, ledger)
        ledger.note("liftover_strand_changed", int(turned.sum()))
        ledger.note("liftover_without_position", n_without)
    is_backward = strand[long] < 0
    position[long[is_backward]] = end[is_backward]  # what was the last base is now the first
    lifted = frame.with_columns(pl.Series("position", position))
    if n_without:
        lifted = lifted.with_columns(pl.when(pl.Series(has_place)).then("position").otherwise(frame["position"]))
    if turned.any():
        lifted = _complement(lifted, turned)
    if not is_kept.all():
        lifted = lifted.filter(pl.Series(is_kept))
    counts = [int(np.count_nonzero(why == number)) for number in range(1, len(REASONS) + 1)]
    return lifted, Lifted(
        n_in=frame.height,
        n_kept=lifted.height,
        n_unmapped=counts[0],
        n_other_chromosome=counts[1],
        n_split=counts[2],
        n_indel_turned=counts[3],
        n_strand_changed=int(turned.sum()),
        n_without_position=n_without,
    )


def _long_alleles(frame: pl.DataFrame) -> tuple[Int64s, tuple[Int64s, Int64s]]:
    """Return which rows have an allele of several letters, and the lengths of both of its alleles; 1 where unknown."""
    sizes = [frame[name].str.len_bytes() for name in ("effect_allele", "other_allele")]
    rows = np.flatnonzero(((sizes[0] > 1).fill_null(value=False) | (sizes[1] > 1).fill_null(value=False)).to_numpy())
    effect, other = (size.gather(rows).fill_null(1).cast(pl.Int64).to_numpy() for size in sizes)
    return rows, (effect, other)


def _ends(
    old: tuple[Int8s, Int64s], new: tuple[Int8s, Int64s, Int8s], span: Int64s, chain: Chain
) -> tuple[Bools, Int64s]:
    """Return which rows of long alleles do not stay in one piece, and where the last base of each lies."""
    chromosome, position, strand, _ = lift_positions(old[0], old[1] + span, chain)
    is_same_piece = (chromosome == new[0]) & (strand == new[2]) & (position - new[1] == strand * span)
    return ~is_same_piece, position


def _record(frame: pl.DataFrame, why: Int8s, ledger: RowLedger) -> None:
    """Tell the ledger which rows are dropped; an example is the place on the source."""
    for number, reason in enumerate(REASONS, start=1):
        rows = np.flatnonzero(why == number)
        if not rows.size:
            continue
        shown = frame[rows[:MAX_LINES]]
        lines = shown["line"].to_list() if "line" in frame.columns else []
        places = shown.select(pl.format("{}:{}", "chromosome", "position")).to_series().to_list()
        ledger.drop(reason, rows.size, lines=lines, examples=places, kind="policy")


def _complement(frame: pl.DataFrame, turned: Bools) -> pl.DataFrame:
    """Read both alleles of the turned rows from the other strand; few rows are, so only these are touched."""
    rows = pl.Series(turned.nonzero()[0])
    changed = [
        frame[name].clone().scatter(rows, frame[name].gather(rows).str.reverse().str.replace_many(*_COMPLEMENT))
        for name in ("effect_allele", "other_allele")
    ]
    return frame.with_columns(changed)
