"""Bringing two traits to the same variants and the same effect allele; every instrument that is lost has a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.errors import Fault, GenomeBuildError, HarmonisationError
from osteobiome.core.rows import RowLedger, RowReport
from osteobiome.sumstats.identity import CLASS_INDEL as INDEL
from osteobiome.sumstats.palindromes import PalindromeOptions, account, frequencies_are_opposite, settle_palindromes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osteobiome.sumstats.table import SumStats

_POSITION_KINDS = 2
_KIND = 1 << 60


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


def harmonise(
    exposure: SumStats,
    outcome: SumStats,
    *,
    palindromes: PalindromeOptions | None = None,
    settled: Sequence[int] = (),
) -> HarmonisedPair:
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
    settled : sequence of int
        Keys of variants whose strand is known, such as those that a proxy stands for: the outcome's frequency is then
        that of another variant, and says nothing of it.

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
    is_settled = pl.col("variant_key").is_in(pl.Series(settled, dtype=pl.Int64).implode())
    pairs = pairs.with_columns(is_settled.alias("is_settled"))
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
    account(ledger, "ambiguous_identifier", ambiguous)
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
    is_indel = (pl.col("allele_class") >= INDEL).alias("is_indel")  # an indel at the place of an SNV is another variant
    places = outcome.select("chromosome", "position", is_indel).drop_nulls().unique()
    same_place = lost.with_columns(is_indel).join(places, on=["chromosome", "position", "is_indel"], how="semi")
    same_place = same_place.drop("is_indel")
    met = pl.concat([same_id, same_place]).unique("variant_key").sort("line")
    account(ledger, "allele_mismatch", met)
    account(ledger, "not_in_outcome", lost.join(met, on="variant_key", how="anti").sort("line"))
