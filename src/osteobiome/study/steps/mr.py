"""Step `mr`: one family of tests, from ingested tables to estimates, diagnostics and evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl

from osteobiome.core.estimate import Estimate, Status
from osteobiome.core.schema import conform, table
from osteobiome.core.text import count
from osteobiome.mr import grid
from osteobiome.mr.checks import stack
from osteobiome.mr.estimators.wald_ratio import wald_ratios
from osteobiome.stats.multiple_testing import neg_log10_q
from osteobiome.store import read_table, write_table
from osteobiome.study.mr_records import evidence, methods_table
from osteobiome.study.pair_checks import CheckContext, NullLeads, PairChecks, check_pair
from osteobiome.study.pairs import Pair, PairReader
from osteobiome.study.task import STEPS, Inputs, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

WRITES = (
    "estimates", "diagnostics", "harmonised", "influence", "leave_one_out", "proxies", "row_report", "evidence",
    "methods",
)  # fmt: skip


def run(inputs: Inputs, out: Path) -> None:
    """Harmonise every pair of the family, estimate by every method, write the tables.

    Parameters
    ----------
    inputs : Inputs
        Params family, pairs, methods, primary, exposure_direction, selection, steiger_filter, proxies, palindromic,
        genome_build, traits, study_id, simulated, seed; locations of instruments (``x:<trait>``), outcomes
        (``y:<trait>``), LD (``ld:matrix``, ``ld:variants`` or ``ld:panel``) and panels for proxies
        (``panel:<ancestry>``).
    out : pathlib.Path
        Folder to fill.
    """
    params = cast("dict[str, Any]", dict(inputs.params))
    pairs = PairReader(params, inputs.locations).read()
    fitted = grid([pair.instruments for pair in pairs], params["methods"], seed=params["seed"])
    estimates = [_finish(estimate, pair, params) for pair, row in zip(pairs, fitted, strict=True) for estimate in row]
    checks = _checks(pairs, estimates, params, inputs.locations)
    estimates = _with_q_values(estimates, [check.is_doubtful for check in checks])
    shown = [estimate for estimate in estimates if estimate.is_primary]
    tables = {
        "estimates": table("estimates", (_record(e) for e in estimates)),
        "diagnostics": table("diagnostics", _diagnostics(estimates, checks)),
        "harmonised": pl.concat([_for_report(pair, params) for pair in pairs]),
        "influence": stack("influence", [check.influence for check in checks]),
        "leave_one_out": stack("leave_one_out", [rows for check in checks for rows in check.leave_one_out]),
        "proxies": pl.concat([table("proxies"), *[pair.proxies for pair in pairs]]),
        "row_report": table("row_report", (row for pair in pairs for part in pair.rows for row in part.records())),
        "evidence": table(
            "evidence",
            (
                evidence(
                    estimate,
                    params,
                    key=inputs.key,
                    is_genome_wide=pair.is_genome_wide,
                    is_doubtful=check.is_doubtful,
                )
                for estimate, pair, check in zip(shown, pairs, checks, strict=True)
            ),
        ),
        "methods": methods_table(estimates),
    }
    for name, frame in tables.items():
        write_table(frame, out / f"{name}.parquet", schema=name)


def _finish(estimate: Estimate, pair: Pair, params: dict[str, Any]) -> Estimate:
    """Add family and role; name the variants that the LD matrix lacks."""
    stands_in = pair.instruments.n_variants == 1 and estimate.method == "wald_ratio"
    if estimate.status is Status.NO_COMMON_VARIANTS and pair.rows[0].n_in == 0:
        message = _none_chosen(params["selection"][estimate.exposure], params["traits"][estimate.exposure])
        estimate = replace(estimate, status=Status.NO_INSTRUMENTS, message=message)
    if estimate.status is Status.NO_COMMON_VARIANTS and pair.unfiltered is not None:
        gone = count(pair.unfiltered.n_variants, "instrument explains", "instruments explain")
        message = f"Not estimable: {gone} more of the outcome than of the exposure, and the Steiger filter left none."
        estimate = replace(estimate, status=Status.NO_VALID_VARIANT, message=message)
    message = estimate.message
    if estimate.status is Status.MISSING_LD and pair.ld_problem:
        message = f"{message} Here: {pair.ld_problem}."
    return replace(
        estimate,
        family=params["family"],
        is_primary=estimate.method == params["primary"] or stands_in,
        message=message,
        selection_corrected=estimate.selection_corrected or _is_corrected(estimate, pair, params),
    )


def _is_corrected(estimate: Estimate, pair: Pair, params: dict[str, Any]) -> bool:
    """Return whether selection does no harm: other people selected, and nothing was selected by this pair's effects."""
    others = params["selection"][estimate.exposure]["selection_corrected"]
    return estimate.outcome in others and pair.unfiltered is None


def _none_chosen(selection: dict[str, Any], trait: dict[str, Any]) -> str:
    """Return why an exposure has no instrument, in the words of how they are chosen."""
    if not selection["in_region"] and selection["selected_in"] == trait["trait_id"]:
        return Status.NO_INSTRUMENTS.message
    where = " in the region that instruments are taken from" if selection["in_region"] else ""
    other = "" if selection["selected_in"] == trait["trait_id"] else f" of '{selection['selected_in']}', which selects,"
    return f"Not estimable: no variant{other} passes the p threshold{where}, or none is left after clumping."


def _with_q_values(estimates: list[Estimate], doubtful: list[bool]) -> list[Estimate]:
    """Add q-values over the primary estimates of the family.

    A doubtful pair (variants that seem to be correlated, or instruments that chance may have yielded) counts as a test
    with p = 1: its own p value is not to be trusted, and must not make the others' look better by its rank.
    """
    primary = [i for i, e in enumerate(estimates) if e.is_primary]
    scores = [
        np.nan if estimates[i].neg_log_10_p_value is None else 0.0 if doubt else estimates[i].neg_log_10_p_value
        for i, doubt in zip(primary, doubtful, strict=True)
    ]
    result = list(estimates)
    for i, score in zip(primary, neg_log10_q(np.array(scores, dtype=np.float64)), strict=True):
        if not np.isnan(score):
            result[i] = replace(estimates[i], q_value=10.0 ** -float(score), neg_log_10_q_value=float(score))
    return result


def _checks(
    pairs: list[Pair], estimates: list[Estimate], params: dict[str, Any], locations: Mapping[str, Path]
) -> list[PairChecks]:
    """Return the checks of every pair, in order."""
    shown = [estimate for estimate in estimates if estimate.is_primary]
    context = CheckContext(
        params["family"],
        params["primary"],
        params["traits"],
        is_lowered=params["exposure_direction"] == "lower",
        clumped=frozenset(x for x, selection in params["selection"].items() if selection["clumped"]),
        null_leads={
            x: leads
            for x, selection in params["selection"].items()
            if (leads := _null_leads(locations[f"x:{x}"], is_relaxed=selection["is_relaxed"])) is not None
        },
    )
    return [
        check_pair(
            pair.instruments,
            e,
            context=context,
            unfiltered=pair.unfiltered,
            filter_problem=pair.filter_problem,
            outside_known_loci=pair.outside_known_loci,
        )
        for pair, e in zip(pairs, shown, strict=True)
    ]


def _null_leads(folder: Path, *, is_relaxed: bool) -> NullLeads | None:
    """Return the instruments that chance yields at the declared threshold; None if none were chosen here."""
    declared = read_table(folder / "thresholds.parquet", schema="thresholds").filter("is_declared")
    for row in declared.filter(pl.col("n_variants") > 0).to_dicts():
        expected = row["expected_null_leads"]
        exploratory = bool(row["is_exploratory"]) if expected is not None else is_relaxed
        return NullLeads(expected, row["n_variants"], exploratory)
    return None


def _diagnostics(estimates: list[Estimate], checks: list[PairChecks]) -> Iterator[dict[str, object]]:
    """Yield the diagnostics of the estimates, then those of the pairs."""
    for estimate in estimates:
        yield from estimate.diagnostic_dicts()
    for check in checks:
        yield from check.diagnostics


def _record(estimate: Estimate) -> dict[str, object]:
    record = estimate.as_dict()
    del record["p_value"]
    return record


def _for_report(pair: Pair, params: dict[str, Any]) -> pl.DataFrame:
    """Return the variants of a pair with strength and ratio, schema ``HARMONISED``."""
    frame, inst = pair.frame, pair.instruments
    ratio, ratio_se = wald_ratios(inst.beta_exposure, inst.se_exposure, inst.beta_outcome, inst.se_outcome)
    full = frame.with_columns(
        pl.lit(params["family"]).alias("family"),
        pl.lit(inst.exposure).alias("exposure"),
        pl.lit(inst.outcome).alias("outcome"),
        ((pl.col("beta_exposure") / pl.col("se_exposure")) ** 2).alias("f_statistic"),
        pl.Series("wald_ratio", _finite(ratio), dtype=pl.Float64).fill_nan(None),
        pl.Series("wald_ratio_se", _finite(ratio_se), dtype=pl.Float64).fill_nan(None),
    )
    return conform(full, "harmonised")


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(values), values, np.nan)


STEPS.add("mr", Step("mr", 5, WRITES, run))
