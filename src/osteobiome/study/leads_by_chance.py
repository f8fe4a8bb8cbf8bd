"""How many instruments of an exposure chance yields: counted with the LD that clumps them, or exact without clumping.

Where a matrix is too large to count with there is an upper bound. It can clear a choice of instruments; where it is too
large for that, nobody can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.schema import table
from osteobiome.instruments.null_leads import NullBlock, effective_leads
from osteobiome.instruments.panel_leads import unclumped_leads

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from osteobiome.instruments.eligibility import Eligibility
    from osteobiome.ld import LdMatrix

NOT_WHOLE = "The file holds significant rows only, so how many tests there were is not known."
UPPER = "At most so many: before clumping."
BOUND_TELLS_NOTHING = "Not known: {} variants pass by chance, and how many leads clumping makes of them is not counted."
MOST_IN_MATRIX = 3000
"""Variants up to which leads are counted with a matrix: its eigenvalues take seconds."""
N_DRAWS = 400


@dataclass(frozen=True, slots=True)
class ByMatrix:
    """An LD matrix that clumps, and by which rule.

    Parameters
    ----------
    ld : LdMatrix
        Matrix; no variant outside of it becomes an instrument.
    r2 : float
        Largest squared correlation of two instruments.
    window_kb : float, optional
        Variants further apart do not clump each other.
    seed : int
        Of the draws.
    """

    ld: LdMatrix
    r2: float
    window_kb: float | None
    seed: int


@dataclass(frozen=True, slots=True)
class Selecting:
    """The study that selects, and which of its variants may become instruments.

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
    """

    trait_id: str
    folder: Path
    places: Eligibility
    is_whole: bool

    def variants(self) -> pl.LazyFrame:
        """Return the variants of the study, those of the cis window if there is one."""
        whole = pl.scan_parquet(self.folder / "variants.parquet")
        return whole if self.places.cis is None else whole.filter(self.places.cis.holds())

    def eligible(self, names: Sequence[str] | None = None) -> pl.DataFrame:
        """Return the variants that may become instruments, of these names if some are given."""
        whole = self.variants()
        if names is not None:
            whole = whole.filter(pl.col("rsid").is_in(pl.Series(names, dtype=pl.String).implode()))
        frame = whole.select("rsid", "chromosome", "position", "line").collect(engine="streaming")
        return self.places.apply(frame, trait_id=self.trait_id)[0]

    def counts(self) -> tuple[int, int]:
        """Return how many variants there are, and how many of them may become instruments."""
        n_all = int(self.variants().select(pl.len()).collect().item())
        leaves_out = bool(self.places.exclude_loci) or self.places.exclusions is not None
        return n_all, self.eligible().height if leaves_out else n_all


def leads_by_chance(
    study: Selecting,
    thresholds: Sequence[float],
    *,
    of_panel: pl.DataFrame | None = None,
    by_matrix: ByMatrix | None = None,
) -> pl.DataFrame:
    """Return the leads to expect by chance at each threshold, or why nobody can tell; schema ``NULL_LEADS``.

    Parameters
    ----------
    study : Selecting
        Study that selects.
    thresholds : sequence of float
        Two-sided p.
    of_panel : polars.DataFrame, optional
        What the panel that clumps has to expect of the whole study, or of its cis window; schema ``NULL_LEADS``.
        What is left out by place or name takes its share of the variants off.
    by_matrix : ByMatrix, optional
        Matrix that clumps.
    """
    if not study.is_whole:
        return table("null_leads", (_row(study, p, None, None, NOT_WHOLE) for p in thresholds))
    if by_matrix is not None:
        return table("null_leads", _with_matrix(study, thresholds, by_matrix))
    n_all, n_eligible = study.counts()
    if of_panel is None:
        return table("null_leads", (_row(study, p, unclumped_leads(n_eligible, p)) for p in thresholds))
    share = n_eligible / n_all if n_all else 0.0
    of_one = of_panel.filter(pl.col("exposure") == study.trait_id, pl.col("p_threshold").is_in(thresholds))
    return of_one.with_columns(pl.col("expected_null_leads", "expected_null_leads_se") * share)


def _with_matrix(study: Selecting, thresholds: Sequence[float], by: ByMatrix) -> list[dict[str, object]]:
    """Return leads counted with the LD of a matrix, or a bound if that is large."""
    place = {name: row for row, name in enumerate(by.ld.rsid)}
    frame = study.eligible(list(place)).unique("rsid", keep="first", maintain_order=True)
    if not frame.height:
        return [_row(study, p, 0.0) for p in thresholds]
    if frame.height > MOST_IN_MATRIX:
        return [_row(study, p, unclumped_leads(frame.height, p), 0.0, UPPER) for p in thresholds]
    rows = [place[name] for name in frame["rsid"]]
    position = frame["position"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    block = NullBlock.of_matrix("matrix", by.ld.r[np.ix_(rows, rows)], position=position)
    found = effective_leads(
        [block], p_thresholds=thresholds, r2=by.r2, window_kb=by.window_kb, n_draws=N_DRAWS, seed=by.seed
    )
    return [_row(study, p, p * one.count, p * one.count_se) for p, one in zip(thresholds, found, strict=True)]


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


def _row(
    study: Selecting, p: float, expected: float | None, error: float | None = 0.0, message: str = ""
) -> dict[str, object]:
    return {
        "exposure": study.trait_id,
        "p_threshold": p,
        "expected_null_leads": expected,
        "expected_null_leads_se": error,
        "message": message,
    }
