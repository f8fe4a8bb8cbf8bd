"""Step `instruments`: the variants of an exposure that serve as instruments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
import polars as pl

from osteobiome.core.schema import conform, table
from osteobiome.core.thresholds import CANDIDATE_P
from osteobiome.instruments.candidates import Weak, passing
from osteobiome.instruments.described import GIVEN, THREE_SAMPLE, described
from osteobiome.instruments.selection import select
from osteobiome.instruments.sweep import described_set, swept, threshold_sweep
from osteobiome.instruments.three_sample import three_sample
from osteobiome.ld import ClumpOptions, clump_with_matrix
from osteobiome.ld.reading import read_ld
from osteobiome.store import read_table, write_table
from osteobiome.study.eligible import eligibility_of
from osteobiome.study.leads_by_chance import ByMatrix, Selecting, judged, leads_by_chance
from osteobiome.study.steps.ingest import read_ingested, write_sumstats
from osteobiome.study.task import STEPS, Inputs, Step
from osteobiome.sumstats import PalindromeOptions

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from osteobiome.core.rows import RowReport
    from osteobiome.instruments.eligibility import Eligibility
    from osteobiome.instruments.selection import Clumping
    from osteobiome.sumstats import SumStats

LISTS_OF_HITS = {"only_significant_rows", "selected_rows"}
"""Findings of a file that is no whole study: what chance yields in it, nobody can tell."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """What a task declares about the choice, and the study that selects."""

    trait_id: str
    selected_in: str
    p_threshold: float
    is_given: bool
    by: str
    places: Eligibility
    folder: Path
    is_whole: bool
    clumping: Clumping | None

    @classmethod
    def of(cls, inputs: Inputs) -> Self:
        """Read it."""
        params = cast("dict[str, Any]", dict(inputs.params))
        one, folder = params["selection"], inputs.locations["ingest"]
        findings = read_table(folder / "findings.parquet", schema="findings")
        return cls(
            params["trait_id"],
            params["selected_in"],
            one["p_threshold"],
            one["given"],
            params["by"],
            eligibility_of(one, inputs.locations, genome_build=params["genome_build"]),
            folder,
            LISTS_OF_HITS.isdisjoint(findings["check"]),
            _clumping(inputs),
        )


def run(inputs: Inputs, out: Path) -> None:
    """Apply the p threshold and clump, or take the list as given; then describe what was chosen.

    Parameters
    ----------
    inputs : Inputs
        Params trait_id, selected_in, genome_build, selection (p_threshold, given, exclude_loci, cis), by, and clump
        (r2, window_kb, trust_strand) and seed if there is an LD matrix, palindromic in three-sample mode; locations
        ``ingest`` (of the study that selects), perhaps ``estimation``, ``exclude`` and ``ld:matrix``, ``ld:variants``
        or, if there is a panel, ``clumping``.
    out : pathlib.Path
        Folder to fill.
    """
    choice = _Choice.of(inputs)
    frame, weak = (None, None) if choice.is_given else passing(choice.folder, p_threshold=choice.p_threshold)
    selecting = read_ingested(choice.folder, trait_id=choice.trait_id, frame=frame)
    kept, rows = select(
        selecting.frame,
        trait_id=choice.trait_id,
        p_threshold=choice.p_threshold,
        given=choice.is_given,
        clumping=choice.clumping,
        weak=weak,
        eligibility=choice.places,
    )
    selected, reports = replace(selecting, frame=kept, rows=rows, findings=()), [rows]
    if "estimation" in inputs.locations:
        selected, estimated = _estimated(selected, inputs)
        reports.append(estimated)
    write_sumstats(selected, out)
    _write(out, "row_report", table("row_report", (row for report in reports for row in report.records())))
    _write(out, "instruments", _described(selected.frame, choice, weak))
    _write(out, "thresholds", _thresholds(choice, inputs, selected.frame))
    if "clumping" in inputs.locations:
        found = read_table(inputs.locations["clumping"] / "findings.parquet", schema="findings")
        _write(out, "findings", found.filter(subject=choice.trait_id))


def _write(out: Path, name: str, frame: pl.DataFrame) -> None:
    write_table(frame, out / f"{name}.parquet", schema=name)


def _estimated(selected: SumStats, inputs: Inputs) -> tuple[SumStats, RowReport]:
    """Return the instruments with the effects of the study that did not select them."""
    policy = cast("dict[str, Any]", inputs.params["palindromic"])
    options = PalindromeOptions(policy["policy"], tuple(policy["drop_between"]))
    estimation = read_ingested(inputs.locations["estimation"], trait_id=selected.trait_id)
    found = three_sample(selected, estimation, palindromes=options)
    rows = replace(found.rows, subject=selected.trait_id)
    return replace(selected, frame=found.frame, rows=rows), rows


def _described(frame: pl.DataFrame, choice: _Choice, weak: Weak | None) -> pl.DataFrame:
    """Return the instruments with what readers want to know of each."""
    is_three_sample = choice.selected_in != choice.trait_id
    strong = n_tests = None
    if weak is not None and choice.is_whole and not is_three_sample:
        strong, beyond = passing(choice.folder, p_threshold=max(CANDIDATE_P, choice.p_threshold))
        n_tests = strong.height + beyond.count
    return described(
        frame,
        exposure=choice.trait_id,
        selected_in=choice.selected_in,
        genome_build=choice.places.genome_build,
        p_threshold=choice.p_threshold,
        uncorrected=GIVEN if choice.is_given else THREE_SAMPLE if is_three_sample else "",
        strong=strong,
        n_tests=n_tests,
    )


def _thresholds(choice: _Choice, inputs: Inputs, chosen: pl.DataFrame) -> pl.DataFrame:
    """Return what the declared and the usual thresholds give; nothing where the list is given.

    Strength at the declared one is that of the study which estimates, at the others that of the one which selects.
    """
    if choice.is_given:
        return table("thresholds")
    thresholds = swept(choice.p_threshold, by=choice.by)
    strong, _ = passing(choice.folder, p_threshold=max(thresholds))
    eligible, _ = choice.places.apply(strong, trait_id=choice.trait_id)
    leads = _null_leads(choice, inputs, thresholds)
    known = dict(leads.select("p_threshold", "expected_null_leads").drop_nulls().iter_rows())
    found = threshold_sweep(
        eligible, trait_id=choice.trait_id, thresholds=thresholds, clumping=choice.clumping, null_leads=known
    )
    if choice.selected_in != choice.trait_id:
        found = _of_the_kept(found, chosen, choice)
    beside = leads.drop("exposure", "expected_null_leads")
    full = found.join(beside, on="p_threshold", how="left", maintain_order="left").with_columns(
        pl.col("trait_id").alias("exposure"),
        (pl.col("p_threshold") == choice.p_threshold).alias("is_declared"),
        pl.col("message").fill_null(""),
    )
    return conform(judged(full), "thresholds")


def _null_leads(choice: _Choice, inputs: Inputs, thresholds: tuple[float, ...]) -> pl.DataFrame:
    """Return the leads to expect by chance at each threshold, or why nobody can tell."""
    of_panel, by_matrix = None, None
    if "clumping" in inputs.locations:
        of_panel = read_table(inputs.locations["clumping"] / "null_leads.parquet", schema="null_leads")
    elif "clump" in inputs.params:
        rule = cast("dict[str, Any]", inputs.params["clump"])
        ld = read_ld(inputs.locations["ld:matrix"], inputs.locations.get("ld:variants"))
        by_matrix = ByMatrix(ld, rule["r2"], rule["window_kb"], cast("int", inputs.params["seed"]))
    study = Selecting(choice.trait_id, choice.folder, choice.places, choice.is_whole)
    return leads_by_chance(study, thresholds, of_panel=of_panel, by_matrix=by_matrix)


def _of_the_kept(found: pl.DataFrame, chosen: pl.DataFrame, choice: _Choice) -> pl.DataFrame:
    """Return thresholds with the instruments that the study which estimates has, at the declared one.

    Leads by chance are lost at the same rate as the others.
    """
    is_declared = pl.col("p_threshold") == choice.p_threshold
    selected = found.filter(is_declared).row(0, named=True)
    expected = selected["expected_null_leads"]
    if expected is not None and selected["n_variants"]:
        expected *= chosen.height / selected["n_variants"]
    declared = described_set(chosen, trait_id=choice.trait_id, threshold=choice.p_threshold, expected=expected)
    return pl.concat([found.filter(~is_declared), declared]).sort("p_threshold")


def _clumping(inputs: Inputs) -> Clumping | None:
    """Return how the variants are clumped; None if they are not."""
    if "clumping" in inputs.locations:
        clumps = read_table(inputs.locations["clumping"] / "clumps.parquet", schema="clumps")
        return partial(_by_panel, clumps=clumps.filter(pl.col("exposure") == inputs.params["trait_id"]))
    if "clump" not in inputs.params:
        return None
    ld = read_ld(inputs.locations["ld:matrix"], inputs.locations.get("ld:variants"))
    options = ClumpOptions(**cast("dict[str, Any]", inputs.params["clump"]))
    return partial(clump_with_matrix, ld=ld, options=options)


def _by_panel(frame: pl.DataFrame, *, clumps: pl.DataFrame) -> tuple[NDArray[np.bool_], NDArray[np.str_]]:
    """Return what step ``clumping`` made of each variant."""
    reason = frame.select("variant_key").join(clumps, on="variant_key", how="left", maintain_order="left")["reason"]
    reasons: NDArray[np.str_] = np.array(reason.to_list(), dtype=np.str_)
    return reasons == "", reasons


STEPS.add(
    "instruments", Step("instruments", 6, ("variants", "instruments", "thresholds", "row_report", "findings"), run)
)
