"""Step `mr`: one family of tests, from ingested tables to estimates, diagnostics and evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl

from osteobiome.core.estimate import Estimate, Status
from osteobiome.core.schema import polars_schema, table
from osteobiome.core.text import reason
from osteobiome.core.thresholds import GENOME_WIDE_P, passes
from osteobiome.instruments import Instruments
from osteobiome.ld import LdMatrix, read_ld_matrix
from osteobiome.mr import grid
from osteobiome.mr.checks import stack
from osteobiome.mr.estimators.wald_ratio import wald_ratios
from osteobiome.stats.multiple_testing import neg_log10_q
from osteobiome.store import write_table
from osteobiome.study.mr_records import evidence, methods_table
from osteobiome.study.pair_checks import CheckContext, PairChecks, check_pair
from osteobiome.study.steps.ingest import read_ingested
from osteobiome.study.task import STEPS, Inputs, Step
from osteobiome.sumstats import PalindromeOptions, harmonise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from osteobiome.core.rows import RowReport
    from osteobiome.sumstats import SumStats

WRITES = ("estimates", "diagnostics", "harmonised", "influence", "leave_one_out", "row_report", "evidence", "methods")


@dataclass(frozen=True, slots=True)
class _Pair:
    """A harmonised pair on its way to the estimators."""

    instruments: Instruments
    frame: pl.DataFrame
    rows: RowReport
    ld_problem: str

    @property
    def is_genome_wide(self) -> bool:
        """Whether every instrument passes genome-wide significance in the exposure's own study."""
        lowest = self.frame["neg_log_10_p_value_exposure"].min()
        return isinstance(lowest, float) and passes(lowest, GENOME_WIDE_P)


def run(inputs: Inputs, out: Path) -> None:
    """Harmonise every pair of the family, estimate by every method, write the tables.

    Parameters
    ----------
    inputs : Inputs
        Params family, pairs, methods, primary, exposure_direction, clumped, palindromic, traits, study_id, simulated,
        seed; locations of instruments (``x:<trait>``), outcomes (``y:<trait>``) and LD (``ld:matrix``,
        ``ld:variants``).
    out : pathlib.Path
        Folder to fill.
    """
    params = cast("dict[str, Any]", dict(inputs.params))
    pairs = _harmonised_pairs(inputs, params)
    fitted = grid([pair.instruments for pair in pairs], params["methods"], seed=params["seed"])
    estimates = [_finish(estimate, pair, params) for pair, row in zip(pairs, fitted, strict=True) for estimate in row]
    checks = _checks(pairs, estimates, params)
    estimates = _with_q_values(estimates, [check.is_doubtful for check in checks])
    shown = [estimate for estimate in estimates if estimate.is_primary]
    tables = {
        "estimates": table("estimates", (_record(e) for e in estimates)),
        "diagnostics": table("diagnostics", _diagnostics(estimates, checks)),
        "harmonised": pl.concat([_for_report(pair, params) for pair in pairs]),
        "influence": stack("influence", [check.influence for check in checks]),
        "leave_one_out": stack("leave_one_out", [rows for check in checks for rows in check.leave_one_out]),
        "row_report": table("row_report", (row for pair in pairs for row in pair.rows.records())),
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


def _harmonised_pairs(inputs: Inputs, params: dict[str, Any]) -> list[_Pair]:
    options = PalindromeOptions(params["palindromic"]["policy"], tuple(params["palindromic"]["drop_between"]))
    ld = None
    if "ld:matrix" in inputs.locations:
        ld = read_ld_matrix(inputs.locations["ld:matrix"], inputs.locations["ld:variants"])
    read: dict[str, SumStats] = {}
    pairs = []
    for exposure, outcome in params["pairs"]:
        for name in (f"x:{exposure}", f"y:{outcome}"):
            if name not in read:
                read[name] = read_ingested(inputs.locations[name], trait_id=name[2:])
        result = harmonise(read[f"x:{exposure}"], read[f"y:{outcome}"], palindromes=options)
        pairs.append(_pair(exposure, outcome, result.frame, result.rows, params, ld))
    return pairs


def _pair(
    exposure: str, outcome: str, frame: pl.DataFrame, rows: RowReport, params: dict[str, Any], ld: LdMatrix | None
) -> _Pair:
    """Attach unit and LD matrix; effects per unit lower exposure turn the estimate's exposure, never the table's."""
    traits = params["traits"]
    unit = f"{traits[outcome]['unit_label']} per {traits[exposure]['unit_label']}"
    instruments = Instruments.from_frame(frame, exposure=exposure, outcome=outcome)
    if params["exposure_direction"] == "lower":
        instruments = replace(instruments, beta_exposure=-instruments.beta_exposure)
        unit += " lower exposure"
    instruments = replace(instruments, unit=unit, rows=rows)
    problem = ""
    if ld is not None and frame.height:
        ld_r, problems = ld.oriented(
            frame["rsid"].fill_null("").to_list(),
            frame["effect_allele"].to_list(),
            frame["other_allele"].to_list(),
            eaf=frame["eaf_exposure"].to_list(),
            trust_strand=params["palindromic"]["policy"] == "keep_forward",
        )
        instruments = replace(instruments, ld_r=ld_r)
        problem = "; ".join(f"{', '.join(names[:5])} ({reason(name)})" for name, names in problems.items())
    return _Pair(instruments, frame, rows, problem)


def _finish(estimate: Estimate, pair: _Pair, params: dict[str, Any]) -> Estimate:
    """Add family and role; name the variants that the LD matrix lacks."""
    stands_in = pair.instruments.n_variants == 1 and estimate.method == "wald_ratio"
    if estimate.status is Status.NO_COMMON_VARIANTS and pair.rows.n_in == 0:
        estimate = replace(estimate, status=Status.NO_INSTRUMENTS, message=Status.NO_INSTRUMENTS.message)
    message = estimate.message
    if estimate.status is Status.MISSING_LD and pair.ld_problem:
        message = f"{message} Here: {pair.ld_problem}."
    return replace(
        estimate,
        family=params["family"],
        is_primary=estimate.method == params["primary"] or stands_in,
        message=message,
    )


def _with_q_values(estimates: list[Estimate], doubtful: list[bool]) -> list[Estimate]:
    """Add q-values over the primary estimates of the family.

    A pair whose variants seem to be correlated counts as a test with p = 1: its own p value is not to be trusted, and
    must not make the others' look better by its rank.
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


def _checks(pairs: list[_Pair], estimates: list[Estimate], params: dict[str, Any]) -> list[PairChecks]:
    """Return the checks of every pair, in order."""
    shown = [estimate for estimate in estimates if estimate.is_primary]
    context = CheckContext(
        params["family"],
        params["primary"],
        params["traits"],
        is_lowered=params["exposure_direction"] == "lower",
        clumped=frozenset(params["clumped"]),
    )
    return [check_pair(pair.instruments, e, context=context) for pair, e in zip(pairs, shown, strict=True)]


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


def _for_report(pair: _Pair, params: dict[str, Any]) -> pl.DataFrame:
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
    schema = polars_schema("harmonised")
    return full.select(list(schema)).cast(schema)  # type: ignore[arg-type]


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(values), values, np.nan)


STEPS.add("mr", Step("mr", 2, WRITES, run))
