"""Palindromic variants: whose strand is told by frequency, and which are left out; each with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from osteobiome.core.errors import Fault, HarmonisationError
from osteobiome.core.rows import MAX_LINES, RowLedger

PalindromePolicy = Literal["frequency", "drop", "keep_forward"]
ROUNDING = 1e-9
TELLING = 0.1
"""A frequency further than this from one half tells its side (our choice, wider than 0.42 to 0.58)."""
ENOUGH = 5
"""Variants needed before frequencies are called contradictory (our choice: fewer may disagree by chance)."""


@dataclass(frozen=True, slots=True)
class PalindromeOptions:
    """What to do with A/T and C/G variants when no reference settles the strand.

    Parameters
    ----------
    policy : {"frequency", "drop", "keep_forward"}
        ``frequency`` compares allele frequencies of the two traits: same side of one half keeps the sign, opposite
        sides turn it, too close to one half (or unknown) drops the variant. ``keep_forward`` believes that both
        files are on the forward strand.
    drop_between : (float, float)
        Open interval of frequencies that decide nothing; TwoSampleMR's is (0.42, 0.58).
    """

    policy: PalindromePolicy = "frequency"
    drop_between: tuple[float, float] = (0.42, 0.58)

    def __post_init__(self) -> None:
        """Refuse an interval that would let a frequency of one half decide."""
        low, high = self.drop_between
        if not 0.0 <= low < 0.5 < high <= 1.0:
            raise HarmonisationError(
                Fault("bad_option", "option drop_between", f"{self.drop_between}", "0 <= low < 0.5 < high <= 1")
            )


def frequencies_are_opposite(pairs: pl.DataFrame) -> bool:
    """Tell whether one file seems to give the frequency of the other allele.

    Variants that are not palindromic are oriented by their letters, so their frequencies must agree; where most of
    those that can tell (far from one half) lie on opposite sides, frequencies cannot settle the strand of the others.
    """
    telling = pairs.filter(
        ~pl.col("is_palindromic")
        & ~_settled(pairs)
        & ((pl.col("eaf_exposure") - 0.5).abs() > TELLING)
        & ((pl.col("eaf_outcome") - 0.5).abs() > TELLING)
    )
    opposite = telling.filter((pl.col("eaf_exposure") < 0.5) != (pl.col("eaf_outcome") < 0.5)).height
    return telling.height >= ENOUGH and 2 * opposite > telling.height


def _settled(pairs: pl.DataFrame) -> pl.Expr:
    """Return which variants need no frequency to tell their strand."""
    return pl.col("is_settled") if "is_settled" in pairs.columns else pl.lit(value=False)


def settle_palindromes(
    pairs: pl.DataFrame, ledger: RowLedger, *, options: PalindromeOptions, trusted: bool = False, opposite: bool
) -> pl.DataFrame:
    """Add ``sign``; drop palindromes whose strand stays open.

    Parameters
    ----------
    pairs : polars.DataFrame
        Columns is_palindromic, eaf_exposure, eaf_outcome, line; rsid for examples, and is_settled (the strand is
        known, whatever the frequencies), if they are there.
    ledger : RowLedger
        Takes what is dropped, and notes.
    options : PalindromeOptions
        Declared policy.
    trusted : bool
        Whether both traits were aligned by their authors.
    opposite : bool
        Whether one of the files gives the frequency of the other allele (:func:`frequencies_are_opposite`).
    """
    plus = pl.lit(1, dtype=pl.Int8)
    if trusted or options.policy == "keep_forward":
        ledger.note("palindromic_taken_as_aligned", int(pairs["is_palindromic"].sum()))
        return pairs.with_columns(plus.alias("sign"))
    is_palindromic = pl.col("is_palindromic")
    if options.policy == "drop":
        account(ledger, "palindromic", pairs.filter(is_palindromic))
        return pairs.filter(~is_palindromic).with_columns(plus.alias("sign"))
    is_open = is_palindromic & ~_settled(pairs)
    if opposite:
        ledger.note("frequencies_of_the_other_allele", pairs.filter(~is_open).height)
        account(ledger, "palindromic_frequencies_contradict", pairs.filter(is_open))
        return pairs.filter(~is_open).with_columns(plus.alias("sign"))
    low, high = options.drop_between
    unknown = is_open & (pl.col("eaf_exposure").is_null() | pl.col("eaf_outcome").is_null())
    # a frequency on the edge decides, also when it was written as 1 - 0.58
    near_half = is_open & pl.any_horizontal(
        [(pl.col(name) > low + ROUNDING) & (pl.col(name) < high - ROUNDING) for name in ("eaf_exposure", "eaf_outcome")]
    ).fill_null(value=False)
    account(ledger, "palindromic_without_frequency", pairs.filter(unknown))
    account(ledger, "palindromic_ambiguous_frequency", pairs.filter(near_half & ~unknown))
    pairs = pairs.filter(~(unknown | near_half))
    turned = is_open & ((pl.col("eaf_exposure") < 0.5) != (pl.col("eaf_outcome") < 0.5))
    pairs = pairs.with_columns(pl.when(turned).then(-plus).otherwise(plus).alias("sign"))
    ledger.note("palindromic_kept_by_frequency", pairs.filter(is_open).height)
    ledger.note("palindromic_turned", int((pairs["sign"] < 0).sum()))
    return pairs


def account(ledger: RowLedger, reason: str, rows: pl.DataFrame) -> None:
    """Enter dropped rows in the ledger, the first lines as examples."""
    shown = rows.bottom_k(MAX_LINES, by="line").sort("line")
    names = shown["rsid"].fill_null("") if "rsid" in shown.columns else pl.Series([""] * shown.height)
    ledger.drop(
        reason,
        rows.height,
        lines=shown["line"].to_list(),
        examples=names.to_list(),
        kind="policy" if reason != "allele_mismatch" else "fault",
    )
