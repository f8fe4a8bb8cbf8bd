"""Loaders of the bundled tables; each is read once per process."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import polars as pl

MARKER_ANCESTRY = "EUR"
"""People whose frequencies the marker table holds: 489 Europeans of the 1000 Genomes Project."""
CHAIN_FILE = "chain_grch37_grch38.parquet"
MARKER_FILE = "markers_eur.parquet"


def _read(name: str) -> pl.DataFrame:
    return pl.read_parquet(files("osteobiome.sumstats.reference").joinpath(name).read_bytes())


@lru_cache(maxsize=1)
def chain_blocks() -> pl.DataFrame:
    """Return the blocks that GRCh37 and GRCh38 have in common, chromosomes 1 to 25.

    Returns
    -------
    polars.DataFrame, shape (n_blocks, 6)
        ``chromosome_grch37``, ``start_grch37``, ``length``, ``chromosome_grch38``, ``start_grch38``, ``strand``. Starts
        are 0-based and count from the left end of the chromosome on both builds; strand -1 marks blocks that one build
        holds turned round. No base of either build lies in two blocks.
    """
    return _read(CHAIN_FILE)


@lru_cache(maxsize=1)
def markers() -> pl.DataFrame:
    """Return common variants whose positions on both builds and frequencies in Europeans are known.

    Returns
    -------
    polars.DataFrame, shape (n_markers, 8)
        ``rsid``, ``chromosome``, ``position_grch37``, ``position_grch38`` (1-based), ``allele_1``, ``allele_2``
        (forward strand of both builds, in the order of the alphabet), ``frequency`` of ``allele_1`` in 489 Europeans,
        ``is_palindromic``. Sorted by place on GRCh37. All lie between 20 and 21 Mb of an autosome on GRCh37.
    """
    return _read(MARKER_FILE)
