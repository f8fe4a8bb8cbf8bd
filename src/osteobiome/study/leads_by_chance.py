"""How many instruments of an exposure chance yields: counted with a panel, exact without clumping, or a bound.

An upper bound can clear a choice of instruments, never condemn it: where it is too large to clear, nobody can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.schema import table
from osteobiome.instruments.panel_leads import unclumped_leads

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from osteobiome.instruments.eligibility import Eligibility

NOT_WHOLE = "The file holds significant rows only, so how many tests there were is not known."
UPPER = "At most so many: what clumping merges is counted apart here."
BOUND_TELLS_NOTHING = (
    "Not known: before clumping {} variants pass by chance, which are fewer leads, but how many fewer is not counted."
)


@dataclass(frozen=True, slots=True)
class Selecting:
    """The study that selects, and by what rule.

    Parameters
    ----------
    trait_id : str
        Exposure whose instruments are chosen.
    folder : pathlib.Path
        Of the ingested study that selects.
    places : Eligibility
        Which variants may become instruments at all.
    is_whole : bool
        Whether the file holds every test, not hits only.
    is_clumped : bool
        Whether variants that pass are clumped.
    in_matrix : frozenset of str, optional
        Names of the variants of the LD matrix, if one clumps: no other variant becomes an instrument.
    """

    trait_id: str
    folder: Path
    places: Eligibility
    is_whole: bool
    is_clumped: bool
    in_matrix: frozenset[str] | None = None

    def n_eligible(self) -> tuple[int, int]:
        """Return how many variants the study has, and how many of them may become instruments."""
        whole = pl.scan_parquet(self.folder / "variants.parquet")
        n_all = int(whole.select(pl.len()).collect().item())
        places = self.places
        if places.cis is None and not places.exclude_loci and places.exclusions is None and self.in_matrix is None:
            return n_all, n_all
        if places.cis is not None:
            whole = whole.filter(places.cis.holds())
        if self.in_matrix is not None:
            whole = whole.filter(pl.col("rsid").is_in(pl.Series(sorted(self.in_matrix), dtype=pl.String).implode()))
        frame = whole.select("rsid", "chromosome", "position", "line").collect(engine="streaming")
        eligible, _ = places.apply(frame, trait_id=self.trait_id)
        return n_all, eligible.height


def leads_by_chance(
    study: Selecting, thresholds: Sequence[float], *, of_panel: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return the leads to expect by chance at each threshold, or why nobody can tell; schema ``NULL_LEADS``.

    Parameters
    ----------
    study : Selecting
        Study that selects, and the rule.
    thresholds : sequence of float
        Two-sided p.
    of_panel : polars.DataFrame, optional
        What the panel that clumps has to expect of the whole study, schema ``NULL_LEADS``. What is left out of it by
        place or name is taken off in proportion to its share of the variants. Of a cis window the panel has no number,
        and the variants in it are counted.
    """
    if not study.is_whole:
        return table("null_leads", (_row(study, p, None, NOT_WHOLE) for p in thresholds))
    n_all, n_eligible = study.n_eligible()
    if of_panel is not None and study.places.cis is None:
        share = n_eligible / n_all if n_all else 0.0
        of_one = of_panel.filter(pl.col("exposure") == study.trait_id, pl.col("p_threshold").is_in(thresholds))
        return of_one.with_columns(pl.col("expected_null_leads", "expected_null_leads_se") * share)
    message = UPPER if study.is_clumped else ""
    return table("null_leads", (_row(study, p, unclumped_leads(n_eligible, p), message) for p in thresholds))


def judged(found: pl.DataFrame) -> pl.DataFrame:
    """Return thresholds without the bounds that are too large to clear the instruments.

    Parameters
    ----------
    found : polars.DataFrame
        Columns expected_null_leads, expected_null_leads_se, is_exploratory, message.
    """
    fails = (pl.col("message") == UPPER) & pl.col("is_exploratory").fill_null(value=False)
    bound = pl.col("expected_null_leads").round_sig_figs(2).cast(pl.String)
    numbers = ("expected_null_leads", "expected_null_leads_se", "is_exploratory")
    return found.with_columns(
        *(pl.when(~fails).then(name).alias(name) for name in numbers),
        pl.when(fails).then(pl.format(BOUND_TELLS_NOTHING, bound)).otherwise("message").alias("message"),
    )


def _row(study: Selecting, p: float, expected: float | None, message: str) -> dict[str, object]:
    return {
        "exposure": study.trait_id,
        "p_threshold": p,
        "expected_null_leads": expected,
        "expected_null_leads_se": None if expected is None else 0.0,
        "message": message,
    }
