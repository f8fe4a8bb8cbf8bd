"""Which variants of an exposure become instruments."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from osteobiome.core.rows import RowLedger, RowReport
from osteobiome.core.thresholds import WEAK_F
from osteobiome.instruments.candidates import Weak, passes
from osteobiome.instruments.known_loci import known_loci, mark_known_loci

Clumping = Callable[[pl.DataFrame], tuple[NDArray[np.bool_], NDArray[np.str_]]]
"""Tells which of some variants stay, and why each other one does not."""


def select(
    frame: pl.DataFrame,
    *,
    trait_id: str,
    p_threshold: float,
    given: bool = False,
    clumping: Clumping | None = None,
    weak: Weak | None = None,
    exclude_loci: Sequence[str] = (),
    genome_build: str = "",
) -> tuple[pl.DataFrame, RowReport]:
    """Keep the variants that pass the p threshold and, with LD, one of each clump; or all of them if they are given.

    Without LD independence is not looked at: the variants are taken as listed.

    Parameters
    ----------
    frame : polars.DataFrame
        Schema ``VARIANTS``.
    trait_id : str
        Exposure, for the row report.
    p_threshold : float
        Largest p value, between 0 and 1.
    given : bool
        The list was chosen elsewhere and declared in the study file: keep it, and count what passes the threshold.
    clumping : callable, optional
        Tells which variants stay and why each other one does not, such as :func:`osteobiome.ld.clump_with_matrix`.
        Variants that are in no panel are left out, as nobody knows what they are correlated with.
    weak : Weak, optional
        Variants of the trait that do not pass and were left out of ``frame`` before.
    exclude_loci : sequence of str
        Known loci (:func:`osteobiome.instruments.known_loci.known_loci`) whose variants are left out before clumping,
        also of given lists. A variant without a position stays and is counted.
    genome_build : str
        Of the positions; needed if loci are excluded.

    Returns
    -------
    frame : polars.DataFrame
        Instruments, same schema.
    rows : RowReport
        With ``above_p_threshold``, ``in_excluded_locus`` and the reasons of the clumping, and the number of weak
        instruments (F < 10) as note.
    """
    strong = passes(p_threshold)
    if given:
        ledger = RowLedger(trait_id, "instruments", frame.height)
        ledger.note("given_above_p_threshold", frame.filter(~strong).height)
        kept = _outside(frame, ledger, exclude_loci, genome_build)
    else:
        weak = Weak.among(frame.lazy(), p_threshold=p_threshold) if weak is None else weak
        kept = frame.filter(strong)
        ledger = RowLedger(trait_id, "instruments", weak.count + kept.height)
        ledger.drop("above_p_threshold", weak.count, lines=list(weak.lines), examples=list(weak.names), kind="policy")
        kept = _outside(kept, ledger, exclude_loci, genome_build)
        if clumping is not None:
            kept = _clumped(kept, clumping, ledger)
    ledger.note("f_below_10", kept.filter((pl.col("beta") / pl.col("se")) ** 2 < WEAK_F).height)
    return kept, ledger.close(kept.height)


def in_loci(frame: pl.DataFrame, names: Sequence[str], *, genome_build: str) -> pl.Series:
    """Return which variants lie in some of the known loci; null where a variant has no position.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns chromosome and position.
    names : sequence of str
        Names of known loci.
    genome_build : str
        ``GRCh37`` or ``GRCh38``.
    """
    loci = known_loci(genome_build).filter(pl.col("locus").is_in(list(names)))
    return mark_known_loci(frame, genome_build, loci=loci)["known_locus"] != ""


def _outside(frame: pl.DataFrame, ledger: RowLedger, names: Sequence[str], genome_build: str) -> pl.DataFrame:
    """Leave the variants of excluded loci out."""
    if not names:
        return frame
    inside = in_loci(frame, names, genome_build=genome_build)
    _drop(ledger, "in_excluded_locus", frame.filter(inside))
    ledger.note("locus_unknown_without_position", inside.null_count())
    return frame.filter(~inside.fill_null(value=False))


def _clumped(frame: pl.DataFrame, clumping: Clumping, ledger: RowLedger) -> pl.DataFrame:
    """Return one variant of each clump."""
    stays, reason = clumping(frame)
    reasons = set(reason[~stays].tolist())
    for name in sorted(reasons, key=lambda name: (name == "clumped", name)):
        _drop(ledger, name, frame.filter(pl.Series(reason == name)))
    return frame.filter(pl.Series(stays))


def _drop(ledger: RowLedger, reason: str, rows: pl.DataFrame) -> None:
    """Record rows that a declared rule leaves out, in the order of the file."""
    rows = rows.sort("line")
    ledger.drop(
        reason,
        rows.height,
        lines=rows["line"].head(20).to_list(),
        examples=rows["rsid"].fill_null("").head(20).to_list(),
        kind="policy",
    )
