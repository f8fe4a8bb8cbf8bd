"""Three-sample instruments: one study selects them, another one, of the same trait, says how large their effects are.

What selection did to the estimates of the first study does no harm to those of the second, as long as no person is in
both. Effects of the second study are raw and need no correction for winner's curse.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.rows import RowReport
from osteobiome.core.schema import validate
from osteobiome.stats.tails import neg_log10_p_normal
from osteobiome.sumstats.harmonisation import harmonise

if TYPE_CHECKING:
    from osteobiome.sumstats.palindromes import PalindromeOptions
    from osteobiome.sumstats.table import SumStats

_WORDS = {"not_in_outcome": "not_in_estimation_gwas"}
_MEETS = ["rsid", "chromosome", "position", "effect_allele", "other_allele"]
_UNKNOWN = frozenset({"unknown", "na", "none", "other", "others"})
_ALIASES = {"ukb": "ukbiobank", "ukbb": "ukbiobank"}
_TELLING = 4
"""Letters from which on a name inside of another one counts as the same cohort (our choice)."""


@dataclass(frozen=True, slots=True)
class ThreeSample:
    """Instruments with the effects of a study that did not select them.

    Parameters
    ----------
    frame : polars.DataFrame
        Schema ``VARIANTS``: identity and line of the selecting study, everything else of the estimating one.
    rows : RowReport
        With ``not_in_estimation_gwas``, ``allele_mismatch`` and the reasons of harmonising. The note
        ``opposite_direction`` counts effects whose sign differs between the studies.
    shared_cohorts : tuple of str, optional
        Cohorts that both studies name; empty if they name none in common, None if one of them names none, so that
        nobody can tell.
    """

    frame: pl.DataFrame
    rows: RowReport
    shared_cohorts: tuple[str, ...] | None

    @property
    def message(self) -> str:
        """What the cohorts mean for the estimates, in a sentence."""
        if self.shared_cohorts is None:
            return (
                "Cohorts are not stated for both studies, so it is not known whether selection and estimation overlap."
            )
        if not self.shared_cohorts:
            return "No cohort is declared in both the selecting and the estimating study."
        names = ", ".join(self.shared_cohorts)
        return (
            f"Selection and estimation share {names}: winner's curse remains in part, and is not to be called removed."
        )


def three_sample(
    selected: SumStats,
    estimation: SumStats,
    *,
    selection_cohorts: str = "",
    estimation_cohorts: str = "",
    palindromes: PalindromeOptions | None = None,
) -> ThreeSample:
    """Take instruments that one study selected with the effects that another one estimated.

    Parameters
    ----------
    selected : SumStats
        Instruments, as selected (and clumped) in the first study.
    estimation : SumStats
        All variants of the same trait in the second study.
    selection_cohorts, estimation_cohorts : str
        Names of cohorts, separated by commas or semicolons, as in the trait table.
    palindromes : PalindromeOptions, optional
        As in :func:`osteobiome.sumstats.harmonise`.

    Returns
    -------
    ThreeSample
        Instruments of the second study's effects, the account of losses, the cohorts in both.

    Raises
    ------
    GenomeBuildError
        The positions are on different builds.

    Notes
    -----
    No p value is asked of the second study: a second threshold would select again. Its p values are computed from
    effect and standard error. The unit of the effects is that of the second study.

    References
    ----------
    Ma, Wang & Wu 2023, doi:10.48550/arXiv.2302.10470 (what selection and estimation in one study do)
    """
    pair = harmonise(selected, estimation, palindromes=palindromes)
    second = pair.frame.select(
        *_MEETS,
        pl.col("beta_outcome").alias("beta"),
        pl.col("se_outcome").alias("se"),
        pl.col("eaf_outcome").alias("eaf"),
        pl.col("n_outcome").alias("n"),
        pl.col("beta_exposure").alias("beta_selection"),
    )
    kept = selected.frame.drop("beta", "se", "eaf", "n").join(second, on=_MEETS, nulls_equal=True, how="inner")
    assert kept.height == second.height
    opposite = kept.filter(pl.col("beta") * pl.col("beta_selection") < 0.0).height
    z = kept.select(pl.col("beta") / pl.col("se")).to_series().to_numpy()
    kept = kept.with_columns(
        pl.Series("neg_log_10_p_value", neg_log10_p_normal(z)),
        is_beta_derived=pl.lit(value=False),
        is_se_derived=pl.lit(value=False),
        is_p_derived=pl.lit(value=True),
    )
    rows = _in_our_words(pair.rows, f"{selected.trait_id} in {estimation.trait_id}", opposite)
    frame = validate(kept.sort("variant_key"), "variants")
    return ThreeSample(frame, rows, shared_cohorts(selection_cohorts, estimation_cohorts))


def _in_our_words(rows: RowReport, subject: str, opposite: int) -> RowReport:
    """Return the account of harmonising as that of this step."""
    dropped = tuple(replace(drop, reason=_WORDS.get(drop.reason, drop.reason)) for drop in rows.dropped)
    notes = rows.notes + ((("opposite_direction", opposite),) if opposite else ())
    return RowReport(subject, "three_sample", rows.n_in, rows.n_kept, dropped, notes)


def shared_cohorts(first: str, second: str) -> tuple[str, ...] | None:
    """Return the cohorts that two lists have in common, as the first writes them; None if nobody can tell.

    Parameters
    ----------
    first, second : str
        Names of cohorts, separated by commas or semicolons, as in the trait table.

    Notes
    -----
    Case, blanks and signs play no part, and a name inside of a longer one counts as the same (``TwinsUK`` in ``MiBioGen
    (incl. TwinsUK)``): an overlap that does not exist costs a caution, one that is overlooked a false claim. A list
    with an unknown member may hold anybody.

    Examples
    --------
    >>> shared_cohorts("UK Biobank; FINRISK", "ukb"), shared_cohorts("UK Biobank; unknown", "FinnGen")
    (('UK Biobank',), None)
    """
    names, is_known = [], True
    for text in (first, second):
        parts = [part.strip() for part in re.split(r"[;,|]", text)]
        keys = {_key(part): part for part in parts if _key(part)}
        is_known = is_known and bool(keys) and _UNKNOWN.isdisjoint(keys)
        names.append({key: part for key, part in keys.items() if key not in _UNKNOWN})
    common = tuple(name for key, name in names[0].items() if any(_is_same(key, other) for other in names[1]))
    return common or (() if is_known else None)


def _key(name: str) -> str:
    """Return letters and digits of a name, in lower case."""
    key = re.sub(r"[^0-9a-z]", "", name.lower())
    return _ALIASES.get(key, key)


def _is_same(one: str, other: str) -> bool:
    """Tell whether two names are one cohort, or one is part of the other."""
    shorter, longer = sorted((one, other), key=len)
    return one == other or (len(shorter) >= _TELLING and shorter in longer)
