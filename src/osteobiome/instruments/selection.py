"""Which variants of an exposure become instruments."""

from __future__ import annotations

import math

import polars as pl

from osteobiome.core.rows import RowLedger, RowReport
from osteobiome.core.thresholds import ROUNDING, WEAK_F


def select(
    frame: pl.DataFrame, *, trait_id: str, p_threshold: float, given: bool = False
) -> tuple[pl.DataFrame, RowReport]:
    """Keep the variants that pass the p threshold, or all of them if they are given.

    Independence is not looked at here: without an LD panel the variants are taken to be independent as listed.

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

    Returns
    -------
    frame : polars.DataFrame
        Instruments, same schema.
    rows : RowReport
        With ``above_p_threshold`` as reason, and the number of weak instruments (F < 10) as note.
    """
    ledger = RowLedger(trait_id, "instruments", frame.height)
    # p equal to the threshold passes, however either of them was rounded on its way to a logarithm
    weak = pl.col("neg_log_10_p_value") < -math.log10(p_threshold) - ROUNDING
    failing = frame.filter(weak).sort("line")
    if given:
        ledger.note("given_above_p_threshold", failing.height)
        kept = frame
    else:
        ledger.drop(
            "above_p_threshold",
            failing.height,
            lines=failing["line"].head(20).to_list(),
            examples=failing["rsid"].fill_null("").head(20).to_list(),
            kind="policy",
        )
        kept = frame.filter(~weak)
    ledger.note("f_below_10", kept.filter((pl.col("beta") / pl.col("se")) ** 2 < WEAK_F).height)
    return kept, ledger.close(kept.height)
