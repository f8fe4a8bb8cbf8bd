"""Two stored traits at all variants that both have: an integer join and a sign, piece by piece along the genome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.rows import RowLedger, RowReport
from osteobiome.core.threads import in_order
from osteobiome.stats.merge import match_sorted
from osteobiome.sumstats.palindromes import PalindromeOptions, frequencies_are_opposite, settle_palindromes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PIECE = 750_000
"""Rows of the first trait that are joined at a time."""
VALUES = ("beta", "se", "eaf")
JUDGED = 500_000
"""Rows of the first trait whose partners tell whether frequencies are of opposite alleles."""


class StoredPair:
    """Two stored tables of one build, joined by variant.

    Variants meet by key alone: both tables are sorted by it and hold each key once. A variant that one of the files
    knows by name only does not meet its twin here; :func:`osteobiome.sumstats.harmonise` looks for such, and is meant
    for lists of instruments.

    Parameters
    ----------
    first, second : pathlib.Path
        Parquet tables of schema ``variants``, sorted by key.
    palindromes : PalindromeOptions, optional
        As in :func:`osteobiome.sumstats.harmonise`.
    """

    def __init__(self, first: Path, second: Path, *, palindromes: PalindromeOptions | None = None) -> None:
        self._first = first
        self._second = second
        self._options = palindromes or PalindromeOptions()
        self._ledger = RowLedger(f"{first.stem} -> {second.stem}", "join")
        self._n_kept = 0

    def frames(self, *, piece: int = PIECE) -> Iterator[pl.DataFrame]:
        """Give back the common variants in the order of the genome.

        Parameters
        ----------
        piece : int
            Rows of the first table held at a time; the result does not depend on it.

        Yields
        ------
        polars.DataFrame
            ``variant_key``, ``beta_exposure``, ``se_exposure``, ``eaf_exposure`` of the first trait, ``beta_outcome``,
            ``se_outcome``, ``eaf_outcome`` of the second, all for one allele, and the ``sign`` that brought them there.
        """
        n_rows = int(pl.scan_parquet(self._first).select(pl.len()).collect().item())
        opposite = n_rows > 0 and frequencies_are_opposite(self._met(0, JUDGED)[0])
        for pairs, n_first in in_order(lambda begin: self._met(begin, piece), range(0, n_rows, piece)):
            self._ledger.receive(n_first)
            self._ledger.drop("not_in_outcome", n_first - pairs.height, kind="policy")
            settled = settle_palindromes(pairs, self._ledger, options=self._options, opposite=opposite)
            self._n_kept += settled.height
            yield _oriented(settled)

    def report(self) -> RowReport:
        """Return how many rows of the first trait came in, were kept, and why the others were not."""
        return self._ledger.close(self._n_kept)

    def _met(self, begin: int, size: int) -> tuple[pl.DataFrame, int]:
        """Return rows of the first trait beside their partners, and how many rows the first had."""
        columns = ["variant_key", *VALUES]
        first = pl.scan_parquet(self._first).select(*columns, "is_palindromic", "line").slice(begin, size).collect()
        keys = first["variant_key"]
        inside = pl.col("variant_key").is_between(keys[0], keys[-1])
        second = pl.scan_parquet(self._second).select(columns).filter(inside).collect()
        here, there = match_sorted(keys.to_numpy(), second["variant_key"].to_numpy())
        met = first if len(here) == first.height else first[here]
        partner = second if len(there) == second.height else second.select(VALUES)[there]
        pairs = met.rename({name: f"{name}_exposure" for name in VALUES}).with_columns(
            partner[name].alias(f"{name}_outcome") for name in VALUES
        )
        return pairs, first.height


def _oriented(pairs: pl.DataFrame) -> pl.DataFrame:
    """Bring the second trait to the alleles of the first."""
    turned = pl.col("sign") < 0
    return pairs.select(
        "variant_key",
        *[f"{name}_exposure" for name in VALUES],
        pl.when(turned).then(-pl.col("beta_outcome")).otherwise("beta_outcome").alias("beta_outcome"),
        "se_outcome",
        pl.when(turned).then(1.0 - pl.col("eaf_outcome")).otherwise("eaf_outcome").alias("eaf_outcome"),
        "sign",
    )
