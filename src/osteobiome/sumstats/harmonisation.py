"""Bringing two traits to the same variants and the same effect allele; every instrument that is lost has a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from osteobiome.core.errors import Fault, GenomeBuildError, HarmonisationError
from osteobiome.core.rows import MAX_LINES, RowLedger, RowReport
from osteobiome.sumstats.identity import CLASS_INDEL as INDEL

if TYPE_CHECKING:
    from osteobiome.sumstats.table import SumStats

PalindromePolicy = Literal["frequency", "drop", "keep_forward"]
ROUNDING = 1e-9
TELLING = 0.1
"""A frequency further than this from one half tells its side (our choice, wider than 0.42 to 0.58)."""
ENOUGH = 5
"""Variants needed before frequencies are called contradictory (our choice: fewer may disagree by chance)."""
_POSITION_KINDS = 2
_KIND = 1 << 60


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


@dataclass(frozen=True, slots=True)
class HarmonisedPair:
    """Two traits at the same variants and alleles.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns of the ``HARMONISED`` schema from ``rsid`` to ``matched_by``, sorted by variant.
    rows : RowReport
        Instruments in, kept, dropped by reason.
    """

    frame: pl.DataFrame
    rows: RowReport


def harmonise(exposure: SumStats, outcome: SumStats, *, palindromes: PalindromeOptions | None = None) -> HarmonisedPair:
    """Join the instruments of an exposure with an outcome.

    Variants meet by position and allele class. Those that do not, meet by identifier if their alleles agree. Tables
    harmonised by their authors (same ``alignment``) keep the authors' orientation.

    Parameters
    ----------
    exposure : SumStats
        Instruments only.
    outcome : SumStats
        All variants of the outcome.
    palindromes : PalindromeOptions, optional
        Default: by frequency, dropping 0.42 to 0.58.

    Returns
    -------
    HarmonisedPair
        Effects of both traits for one effect allele, and the account of losses.

    Raises
    ------
    GenomeBuildError
        The positions are on different builds.
    """
    options = palindromes or PalindromeOptions()
    if exposure.genome_build and outcome.genome_build and exposure.genome_build != outcome.genome_build:
        raise GenomeBuildError(
            Fault(
                "builds_differ",
                f"{exposure.trait_id} and {outcome.trait_id}",
                f"{exposure.genome_build} and {outcome.genome_build}",
                "positions on one genome build",
                "Lift one of the files over",
            )
        )
    ledger = RowLedger(f"{exposure.trait_id} -> {outcome.trait_id}", "harmonise", exposure.frame.height)
    pairs = _join(exposure.frame, outcome.frame, ledger)
    trusted = bool(exposure.alignment) and exposure.alignment == outcome.alignment
    pairs = settle_palindromes(
        pairs, ledger, options=options, trusted=trusted, opposite=frequencies_are_opposite(pairs)
    )
    frame = pairs.sort("variant_key").select(
        "rsid", "chromosome", "position", "effect_allele", "other_allele", "beta_exposure", "se_exposure",
        (pl.col("beta_outcome") * pl.col("sign")).alias("beta_outcome"), "se_outcome", "eaf_exposure",
        pl.when(pl.col("sign") > 0).then(pl.col("eaf_outcome")).otherwise(1.0 - pl.col("eaf_outcome"))
        .alias("eaf_outcome"),
        "neg_log_10_p_value_exposure", "n_exposure", "n_outcome", "is_palindromic", "sign", "matched_by",
    )  # fmt: skip
    return HarmonisedPair(frame, ledger.close(frame.height))


def _join(left: pl.DataFrame, right: pl.DataFrame, ledger: RowLedger) -> pl.DataFrame:
    """Return matched rows; enter the others in the ledger."""
    names = {"beta": "beta_outcome", "se": "se_outcome", "eaf": "eaf_outcome", "n": "n_outcome"}
    outcome = right.select(
        "variant_key", "id_key", "allele_class", "chromosome", "position",
        pl.col("effect_allele").alias("effect_allele_outcome"), pl.col("other_allele").alias("other_allele_outcome"),
        *[pl.col(a).alias(b) for a, b in names.items()],
    )  # fmt: skip
    exposure = left.rename(
        {"beta": "beta_exposure", "se": "se_exposure", "eaf": "eaf_exposure", "n": "n_exposure",
         "neg_log_10_p_value": "neg_log_10_p_value_exposure"}
    )  # fmt: skip
    by_key = exposure.join(outcome.drop("id_key", "allele_class", "chromosome", "position"), on="variant_key")
    _check_hashed(by_key)
    by_key = by_key.with_columns(
        pl.when(pl.col("variant_key") < _POSITION_KINDS * _KIND)
        .then(pl.lit("position"))
        .otherwise(pl.lit("rsid"))
        .alias("matched_by")
    )
    rest = exposure.join(by_key.select("variant_key"), on="variant_key", how="anti")
    free = outcome.join(by_key.select("variant_key"), on="variant_key", how="anti")
    by_id = _join_by_id(rest, free, ledger)
    lost = rest.join(by_id.select("variant_key"), on="variant_key", how="anti").sort("line")
    ambiguous = by_id.filter(pl.col("n_candidates") > 1).unique("variant_key").sort("line")
    _account(ledger, "ambiguous_identifier", ambiguous)
    matched = by_id.filter(pl.col("n_candidates") == 1).drop("n_candidates")
    _account_lost(lost, outcome, ledger)
    return pl.concat([by_key, matched.select(by_key.columns)])


def _check_hashed(matched: pl.DataFrame) -> None:
    """Raise if two different indels met by one hash; single-nucleotide keys are exact."""
    different = matched.filter(
        (pl.col("allele_class") == INDEL)
        & (
            (pl.col("effect_allele") != pl.col("effect_allele_outcome"))
            | (pl.col("other_allele") != pl.col("other_allele_outcome"))
        )
    )
    if different.height:
        raise HarmonisationError(
            Fault(
                "hash_collision",
                f"variant {different['rsid'][0]}",
                "two different variants with one key",
                "distinct keys",
            )
        )


def _join_by_id(rest: pl.DataFrame, free: pl.DataFrame, ledger: RowLedger) -> pl.DataFrame:
    """Return rows that meet by identifier with the same alleles, with the number of candidates each has."""
    candidates = rest.join(
        free.rename({"variant_key": "outcome_key", "chromosome": "chromosome_outcome", "position": "position_outcome"}),
        on=["id_key", "allele_class"],
    )
    exact = (pl.col("effect_allele") == pl.col("effect_allele_outcome")) & (
        pl.col("other_allele") == pl.col("other_allele_outcome")
    )
    candidates = candidates.filter((pl.col("allele_class") < INDEL) | exact)
    candidates = candidates.with_columns(
        # neither an instrument with several rows of the outcome, nor a row of the outcome for several instruments
        pl.max_horizontal(pl.len().over("variant_key"), pl.len().over("outcome_key")).alias("n_candidates"),
        pl.lit("rsid").alias("matched_by"),
    )
    single = candidates.filter(pl.col("n_candidates") == 1)
    ledger.note("matched_by_rsid", single.height)
    moved = single.filter(pl.col("position") != pl.col("position_outcome"))
    ledger.note("rsid_at_another_position", moved.height)
    return candidates.drop("outcome_key", "chromosome_outcome", "position_outcome")


def _account_lost(lost: pl.DataFrame, outcome: pl.DataFrame, ledger: RowLedger) -> None:
    """Tell variants with other alleles from variants that the outcome does not have."""
    same_id = lost.join(outcome.select("id_key").drop_nulls().unique(), on="id_key", how="semi")
    places = outcome.select("chromosome", "position").drop_nulls().unique()
    same_place = lost.join(places, on=["chromosome", "position"], how="semi")
    met = pl.concat([same_id, same_place]).unique("variant_key").sort("line")
    _account(ledger, "allele_mismatch", met)
    _account(ledger, "not_in_outcome", lost.join(met, on="variant_key", how="anti").sort("line"))


def _account(ledger: RowLedger, reason: str, rows: pl.DataFrame) -> None:
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


def frequencies_are_opposite(pairs: pl.DataFrame) -> bool:
    """Tell whether one file seems to give the frequency of the other allele.

    Variants that are not palindromic are oriented by their letters, so their frequencies must agree; where most of
    those that can tell (far from one half) lie on opposite sides, frequencies cannot settle the strand of the others.
    """
    telling = pairs.filter(
        ~pl.col("is_palindromic")
        & ((pl.col("eaf_exposure") - 0.5).abs() > TELLING)
        & ((pl.col("eaf_outcome") - 0.5).abs() > TELLING)
    )
    opposite = telling.filter((pl.col("eaf_exposure") < 0.5) != (pl.col("eaf_outcome") < 0.5)).height
    return telling.height >= ENOUGH and 2 * opposite > telling.height


def settle_palindromes(
    pairs: pl.DataFrame, ledger: RowLedger, *, options: PalindromeOptions, trusted: bool = False, opposite: bool
) -> pl.DataFrame:
    """Add ``sign``; drop palindromes whose strand stays open.

    Parameters
    ----------
    pairs : polars.DataFrame
        Columns is_palindromic, eaf_exposure, eaf_outcome, line; rsid for examples, if it is there.
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
        _account(ledger, "palindromic", pairs.filter(is_palindromic))
        return pairs.filter(~is_palindromic).with_columns(plus.alias("sign"))
    if opposite:
        ledger.note("frequencies_of_the_other_allele", pairs.filter(~is_palindromic).height)
        _account(ledger, "palindromic_frequencies_contradict", pairs.filter(is_palindromic))
        return pairs.filter(~is_palindromic).with_columns(plus.alias("sign"))
    low, high = options.drop_between
    unknown = is_palindromic & (pl.col("eaf_exposure").is_null() | pl.col("eaf_outcome").is_null())
    # a frequency on the edge decides, also when it was written as 1 - 0.58
    near_half = is_palindromic & pl.any_horizontal(
        [(pl.col(name) > low + ROUNDING) & (pl.col(name) < high - ROUNDING) for name in ("eaf_exposure", "eaf_outcome")]
    ).fill_null(value=False)
    _account(ledger, "palindromic_without_frequency", pairs.filter(unknown))
    _account(ledger, "palindromic_ambiguous_frequency", pairs.filter(near_half & ~unknown))
    pairs = pairs.filter(~(unknown | near_half))
    turned = is_palindromic & ((pl.col("eaf_exposure") < 0.5) != (pl.col("eaf_outcome") < 0.5))
    pairs = pairs.with_columns(pl.when(turned).then(-plus).otherwise(plus).alias("sign"))
    ledger.note("palindromic_kept_by_frequency", int(pairs["is_palindromic"].sum()))
    ledger.note("palindromic_turned", int((pairs["sign"] < 0).sum()))
    return pairs
