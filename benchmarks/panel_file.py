"""Simulated genotype panels of any size, written as PLINK 1 files a piece at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MAGIC = bytes((0x6C, 0x1B, 0x01))
PIECE = 100_000
"""Variants made at a time."""
LETTERS = np.array(["A", "C", "G", "T"])
SPREAD = np.array([sum(((nibble >> k) & 1) << (2 * k) for k in range(4)) for nibble in range(16)], dtype=np.uint8)
"""Four bits spread over the even bits of a byte."""
CHROMOSOMES = 22
BLOCK = 40
"""Variants of a block share ancestry; blocks are independent."""


def write_panel(prefix: Path, *, n_variants: int, n_people: int, seed: int = 1) -> None:
    """Write ``prefix.bed``, ``.bim`` and ``.fam`` of simulated people.

    Haplotypes of a block are those of one ancestor variant with ever more changed alleles, so that r² falls with
    distance; alleles, positions and frequencies are random.

    Parameters
    ----------
    prefix : pathlib.Path
        Path without ending.
    n_variants, n_people : int
        Size.
    seed : int
        Of the random numbers.
    """
    rng = np.random.default_rng(seed)
    begin = 0
    with prefix.with_suffix(".bed").open("wb") as bed, prefix.with_suffix(".bim").open("wb") as bim:
        bed.write(MAGIC)
        while begin < n_variants:
            size = min(PIECE, n_variants - begin)
            bed.write(_rows(rng, size, n_people).tobytes())
            _names(rng, begin, size, n_variants).write_csv(bim, include_header=False, separator="\t")
            begin += size
    people = pl.DataFrame({"id": [f"p{i}" for i in range(n_people)]})
    rest = (pl.lit(0).alias(f"c{k}") for k in range(3))
    people.select("id", pl.col("id").alias("again"), *rest, pl.lit(-9).alias("c3")).write_csv(
        prefix.with_suffix(".fam"), include_header=False, separator="\t"
    )


def _names(rng: np.random.Generator, begin: int, size: int, n_variants: int) -> pl.DataFrame:
    number = np.arange(begin, begin + size)
    per_chromosome = -(-n_variants // CHROMOSOMES)
    first = rng.integers(0, 4, size)
    second = (first + rng.integers(1, 4, size)) % 4
    step = max(1, 130_000_000 // per_chromosome)
    return pl.DataFrame(
        {
            "chromosome": number // per_chromosome + 1,
            "rsid": pl.Series("rsid", number).cast(pl.String),
            "cm": np.zeros(size, dtype=np.int64),
            "position": 10_000 + (number % per_chromosome) * step,
            "a1": LETTERS[first],
            "a2": LETTERS[second],
        }
    ).with_columns(("rs" + pl.col("rsid")).alias("rsid"))


def _rows(rng: np.random.Generator, size: int, n_people: int) -> NDArray[np.uint8]:
    """Return rows of a ``.bed`` file."""
    n_bytes = -(-n_people // 4)
    n_blocks = -(-size // BLOCK)
    shares = rng.uniform(0.05, 0.5, (n_blocks, 1))
    one, two = (_haplotypes(rng, shares, n_people)[:size] for _ in range(2))
    low, high = ~(one | two), ~(one & two)  # one copy of A1: 10; two copies: 00; none: 11
    rows = np.empty((size, n_bytes + n_bytes % 2), dtype=np.uint8)
    for half, shift in ((0, 0), (1, 4)):
        rows[:, half::2] = SPREAD[(low >> shift) & 15] | (SPREAD[(high >> shift) & 15] << 1)
    return rows[:, :n_bytes]


def _haplotypes(rng: np.random.Generator, shares: NDArray[np.float64], n_people: int) -> NDArray[np.uint8]:
    """Return one allele per person as bits, eight people to a byte."""
    n_blocks, width = shares.shape[0], -(-n_people // 8)
    bits = np.packbits(rng.random((n_blocks, width * 8)) < shares, axis=1, bitorder="little")
    out = np.empty((n_blocks, BLOCK, width), dtype=np.uint8)
    for k in range(BLOCK):
        out[:, k] = bits
        draws = rng.integers(0, 256, (5, n_blocks, width), dtype=np.uint8)
        bits = bits ^ np.bitwise_and.reduce(draws, axis=0)  # every 32nd allele changes
    return out.reshape(n_blocks * BLOCK, width)
