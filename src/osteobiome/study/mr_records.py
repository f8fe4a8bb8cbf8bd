"""What a family of tests leaves behind besides its numbers: evidence records, and the table of methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osteobiome.core.estimate import Estimate, Status
from osteobiome.core.evidence import Evidence, Grade, direction
from osteobiome.core.schema import table
from osteobiome.core.thresholds import ALPHA, FEW_VARIANTS, WEAK_F, neg_log10
from osteobiome.mr import ESTIMATORS
from osteobiome.study.pair_checks import METHODS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl


def evidence(
    estimate: Estimate, params: Mapping[str, Any], *, key: str, is_genome_wide: bool, is_doubtful: bool
) -> dict[str, Any]:
    """Return the evidence record of a primary estimate.

    Parameters
    ----------
    estimate : Estimate
        With its q-value.
    params : mapping
        Parameters of the step: traits, exposure_direction, simulated, study_id.
    key : str
        Key of the task, part of the source.
    is_genome_wide : bool
        Whether every instrument passes genome-wide significance.
    is_doubtful : bool
        Whether correlated variants seem to have been counted as independent: the direction is then unclear.
    """
    subject, target = params["traits"][estimate.exposure], params["traits"][estimate.outcome]
    q = estimate.q_value
    return Evidence(
        subject=subject["identifier"],
        predicate="affects",
        object=target["identifier"],
        direction="unclear" if is_doubtful else direction(_per_higher(estimate, params), neg_log10(q), alpha=ALPHA),
        kind="mr",
        method=estimate.method,
        effect=estimate.beta,
        se=estimate.se,
        unit=estimate.unit,
        neg_log_10_p_value=estimate.neg_log_10_p_value,
        q_value=q,
        status=str(estimate.status),
        design="mendelian_randomization",
        grade=_grade(estimate, is_genome_wide=is_genome_wide and not is_doubtful),
        knowledge_level="statistical_association",
        agent_type="data_analysis_pipeline",
        is_simulated=params["simulated"],
        source=f"study:{params['study_id']}#mr/{key[:8]}",
        licence=target["licence"] or "unknown",
    ).as_dict()


def _per_higher(estimate: Estimate, params: Mapping[str, Any]) -> float | None:
    """Return the effect of a higher exposure, whichever way it is stated."""
    if estimate.beta is None:
        return None
    return -estimate.beta if params["exposure_direction"] == "lower" else estimate.beta


def _grade(estimate: Estimate, *, is_genome_wide: bool) -> Grade:
    """Return ``exploratory`` for few, weak or not genome-wide significant instruments and for failures."""
    mean_f = estimate.diagnostic("mean_f")
    weak = mean_f is None or mean_f.statistic is None or mean_f.statistic < WEAK_F
    few = estimate.n_variants < FEW_VARIANTS
    good = is_genome_wide and not weak and not few and estimate.status is Status.OK
    return "moderate" if good else "exploratory"


def methods_table(estimates: Sequence[Estimate]) -> pl.DataFrame:
    """Return what ran, with sources and assumptions, so that readers need no registry.

    Parameters
    ----------
    estimates : sequence of Estimate
        All estimates of a family.
    """
    used = {estimate.method for estimate in estimates}
    primary = {estimate.method for estimate in estimates if estimate.is_primary}
    rows: list[dict[str, object]] = [
        {
            "name": entry.name,
            "label": entry.label,
            "short_label": entry.short,
            "used_for": "primary" if name in primary else "sensitivity",
            "doi": entry.doi,
            "assumptions": list(entry.assumptions),
        }
        for name, entry in ESTIMATORS.items()
        if name in used
    ]
    rows += [
        {"name": name, "label": label, "used_for": "diagnostic", "doi": doi, "assumptions": []}
        for name, label, doi in (
            ("cochran_q", "Cochran's and Rücker's Q", "10.1002/sim.7221"),
            ("i2", "I²", "10.1002/sim.1186"),
            ("mean_f", "F statistic", "10.1093/ije/dyw220"),
            ("q_value", "Benjamini-Hochberg q-value within the family", "10.1111/j.2517-6161.1995.tb02031.x"),
        )
    ]
    more = [*METHODS, *([("i2_gx", "I²_GX", "10.1093/ije/dyw220")] if "egger" in used else [])]
    rows += [
        {"name": name, "label": label, "used_for": "diagnostic", "doi": doi, "assumptions": []}
        for name, label, doi in more
    ]
    return table("methods", rows)
