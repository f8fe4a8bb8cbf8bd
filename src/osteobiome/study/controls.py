"""Controls: pairs whose result is known beforehand, and whether the run reproduced it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from osteobiome.core.errors import Fault, nearest
from osteobiome.core.schema import table
from osteobiome.core.text import decimals_for, interval, p_value, significant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osteobiome.study.config import ControlSection
    from osteobiome.study.study import Study


def judge_controls(
    controls: Sequence[Mapping[str, Any]],
    estimates: pl.DataFrame,
    *,
    lowered: frozenset[str],
    doubts: Mapping[tuple[str, str, str], str] | None = None,
) -> pl.DataFrame:
    """Set each declared control beside its primary estimate.

    A positive control has passed if the interval excludes no effect in the expected direction; a negative one if it
    includes no effect. A control that could not be estimated, or whose standard error cannot be trusted, is unclear.

    Parameters
    ----------
    controls : sequence of mapping
        Keys kind, exposure, outcome, expected, reason, as in the study file.
    estimates : polars.DataFrame
        Schema ``ESTIMATES``.
    lowered : frozenset of str
        Families whose effects are stated per unit lower exposure.
    doubts : mapping, optional
        Family, exposure and outcome of pairs whose variants seem to be correlated, and why: they test nothing.

    Returns
    -------
    polars.DataFrame
        Schema ``CONTROLS``, one row per control.
    """
    primary = estimates.filter(pl.col("is_primary"))
    rows = []
    for control in controls:
        found = primary.filter(
            (pl.col("exposure") == control["exposure"])
            & (pl.col("outcome") == control["outcome"])
            & (pl.col("family") == (control.get("family") or pl.col("family")))
        ).row(0, named=True)
        doubt = (doubts or {}).get((found["family"], found["exposure"], found["outcome"]), "")
        verdict, message = _judge(control, found, sign=-1.0 if found["family"] in lowered else 1.0)
        if doubt and found["status"] == "ok":
            verdict, message = "unclear", f"nothing can be said, as {doubt}."
        rows.append(
            {
                "kind": control["kind"],
                "family": found["family"],
                "exposure": control["exposure"],
                "outcome": control["outcome"],
                "method": found["method"],
                "expected": control["expected"] or "none",
                "verdict": verdict,
                "message": message,
                "note": control["reason"],
            }
        )
    return table("controls", rows)


def control_faults(study: Study) -> list[Fault]:
    """Check that each control is a pair of one family: only pairs are estimated, and one estimate judges.

    Parameters
    ----------
    study : Study
        With its families resolved.
    """
    return [
        fault
        for i, control in enumerate(study.config.control)
        for fault in _faults(study, control, study.config.control[:i], where=f"{study.path.name}: control[{i}]")
    ]


def _faults(study: Study, control: ControlSection, before: Sequence[ControlSection], *, where: str) -> list[Fault]:
    pair = (control.exposure, control.outcome)
    unknown = [name for name in pair if name not in study.traits]
    if unknown:
        wanted = "a trait_id"
        return [
            Fault("unknown_trait", where, f"trait '{n}' is not in the trait table", wanted, nearest(n, study.traits))
            for n in unknown
        ]
    holding = [family.id for family in study.families if pair in family.pairs]
    if not holding:
        found = f"{control.exposure} and {control.outcome} are no pair of any family"
        hint = "Add the pair to a family, or remove the control"
        return [Fault("unknown_pair", where, found, "a pair of the study", hint)]
    if control.family not in holding and (control.family or len(holding) > 1):
        found = f"family '{control.family}'" if control.family else "no family, while several have the pair"
        return [Fault("control_family", f"{where}.family", found, f"one of {', '.join(holding)}")]
    if any((c.exposure, c.outcome, c.family) == (*pair, control.family) for c in before):
        return [Fault("duplicate_control", where, "a pair that is a control already", "one control per pair")]
    return []


def _judge(control: Mapping[str, Any], found: Mapping[str, Any], *, sign: float) -> tuple[str, str]:
    """Return verdict and sentence."""
    if found["status"] != "ok":
        return "unclear", found["message"]
    decimals = decimals_for(found["se"])
    shown = (
        f"{significant(found['beta'])} {found['unit']} (95 % interval "
        f"{interval(found['ci_low'], found['ci_high'], decimals)}, p = {p_value(found['neg_log_10_p_value'])})"
    )
    includes_zero = found["ci_low"] <= 0.0 <= found["ci_high"]
    if control["kind"] == "negative":
        if includes_zero:
            half = significant((found["ci_high"] - found["ci_low"]) / 2.0, 2)
            return (
                "passed",
                f"no effect was expected and the interval includes none: {shown}; its half width is {half}.",
            )
        return "failed", f"no effect was expected, but the interval excludes none: {shown}."
    expected = f"an effect was expected that {control['expected']} the outcome with a higher exposure"
    if includes_zero:
        return "failed", f"{expected}, but the interval includes no effect: {shown}."
    way = "increases" if sign * found["beta"] > 0 else "decreases"
    if way != control["expected"]:
        return "failed", f"{expected}, but the effect runs the other way: {shown}."
    return "passed", f"{expected}, and was found: {shown}."
