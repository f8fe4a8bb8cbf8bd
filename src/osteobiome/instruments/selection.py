"""Which variants of an exposure become instruments."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from osteobiome.core.rows import RowLedger, RowReport
from osteobiome.core.thresholds import WEAK_F
from osteobiome.instruments.candidates import Weak, passes
from osteobiome.instruments.eligibility import Eligibility
from osteobiome.instruments.windows import record_drop

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
    eligibility: Eligibility | None = None,
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
    eligibility : Eligibility, optional
        Places that are left out before clumping, also of given lists.

    Returns
    -------
    frame : polars.DataFrame
        Instruments, same schema.
    rows : RowReport
        With ``above_p_threshold``, the reasons of :class:`~osteobiome.instruments.eligibility.Eligibility` and of the
        clumping, and the number of weak instruments (F < 10) as note.
    """
    strong, places = passes(p_threshold), eligibility or Eligibility()
    if given:
        ledger = RowLedger(trait_id, "instruments", frame.height)
        ledger.note("given_above_p_threshold", frame.filter(~strong).height)
        kept, rows = places.apply(frame, trait_id=trait_id)
        ledger.enter(rows)
    else:
        weak = Weak.among(frame.lazy(), p_threshold=p_threshold) if weak is None else weak
        kept = frame.filter(strong)
        ledger = RowLedger(trait_id, "instruments", weak.count + kept.height)
        ledger.drop("above_p_threshold", weak.count, lines=list(weak.lines), examples=list(weak.names), kind="policy")
        kept, rows = places.apply(kept, trait_id=trait_id)
        ledger.enter(rows)
        if clumping is not None:
            kept = _clumped(kept, clumping, ledger)
    ledger.note("f_below_10", kept.filter((pl.col("beta") / pl.col("se")) ** 2 < WEAK_F).height)
    return kept, ledger.close(kept.height)


def _clumped(frame: pl.DataFrame, clumping: Clumping, ledger: RowLedger) -> pl.DataFrame:
    """Return one variant of each clump."""
    stays, reason = clumping(frame)
    reasons = set(reason[~stays].tolist())
    for name in sorted(reasons, key=lambda name: (name == "clumped", name)):
        record_drop(ledger, name, frame.filter(pl.Series(reason == name)))
    return frame.filter(pl.Series(stays))
