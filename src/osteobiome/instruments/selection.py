"""Which variants of an exposure become instruments."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.rows import RowLedger, RowReport
from osteobiome.core.thresholds import ROUNDING, WEAK_F
from osteobiome.ld import clump_with_matrix

if TYPE_CHECKING:
    from osteobiome.ld import ClumpOptions, LdMatrix

NOT_USABLE = ("not_in_ld_matrix", "palindromic_strand_unknown", "clumped")
"""Why clumping leaves a variant out, in the order of the row report."""


def select(
    frame: pl.DataFrame,
    *,
    trait_id: str,
    p_threshold: float,
    given: bool = False,
    ld: LdMatrix | None = None,
    clump: ClumpOptions | None = None,
) -> tuple[pl.DataFrame, RowReport]:
    """Keep the variants that pass the p threshold and, with LD, one of each clump; or all of them if they are given.

    Without LD, or without a threshold for it, independence is not looked at: the variants are taken as listed.

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
    ld : LdMatrix, optional
        Correlation of variants in the exposure's ancestry.
    clump : ClumpOptions, optional
        Threshold and window; needs ``ld``. Variants that are not in the matrix are left out, as nobody knows what they
        are correlated with.

    Returns
    -------
    frame : polars.DataFrame
        Instruments, same schema.
    rows : RowReport
        With ``above_p_threshold``, ``not_in_ld_matrix``, ``palindromic_strand_unknown`` and ``clumped`` as reasons, and
        the number of weak instruments (F < 10) as note.
    """
    ledger = RowLedger(trait_id, "instruments", frame.height)
    # p equal to the threshold passes, however either of them was rounded on its way to a logarithm
    weak = pl.col("neg_log_10_p_value") < -math.log10(p_threshold) - ROUNDING
    if given:
        ledger.note("given_above_p_threshold", frame.filter(weak).height)
        kept = frame
    else:
        _drop(ledger, "above_p_threshold", frame.filter(weak))
        kept = frame.filter(~weak)
        if ld is not None and clump is not None:
            kept = _clumped(kept, ld, clump, ledger)
    ledger.note("f_below_10", kept.filter((pl.col("beta") / pl.col("se")) ** 2 < WEAK_F).height)
    return kept, ledger.close(kept.height)


def _clumped(frame: pl.DataFrame, ld: LdMatrix, options: ClumpOptions, ledger: RowLedger) -> pl.DataFrame:
    """Return one variant of each clump."""
    stays, reason = clump_with_matrix(frame, ld, options)
    for name in NOT_USABLE:
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
