"""The result of `osteobiome mr estimate` as tables and lines for the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from osteobiome.core.estimate import Status
from osteobiome.core.text import decimals_for, fixed, interval, p_value, reason, significant, threshold_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from osteobiome.core.estimate import Test
    from osteobiome.mr.checks.weak_iv import ConfidenceSet
    from osteobiome.mr.one_table import TableResult
    from osteobiome.mr.sensitivity import Sensitivity

SHOWN = 6
"""Names of a cluster that are printed."""
Table = tuple[tuple[str, ...], list[tuple[str, ...]]]


def dropped_lines(result: TableResult) -> list[str]:
    """Return one line per reason for dropped rows."""
    return [
        f"{drop.count} dropped: {reason(drop.reason)} (line {', '.join(map(str, drop.lines[:5]))})"
        for drop in result.rows.dropped
    ]


def estimate_rows(result: TableResult) -> Table:
    """Return header and rows of the estimates."""
    rows: list[tuple[str, ...]] = []
    for e in result.estimates:
        if e.beta is None or e.se is None:
            rows.append((e.method, "–", "–", "–", "–", str(e.n_variants), str(e.status)))
            continue
        decimals = decimals_for(e.se, digits=4)
        cells = (fixed(e.beta, decimals), fixed(e.se, decimals), interval(e.ci_low, e.ci_high, decimals))
        rows.append((e.method, *cells, p_value(e.neg_log_10_p_value), str(e.n_variants), str(e.status)))
    return ("method", "estimate", "se", "95 % interval", "p", "variants", "status"), rows


def diagnostic_rows(result: TableResult) -> Table:
    """Return header and rows of the diagnostics, each quantity once."""
    rows: dict[tuple[str, str], tuple[str, ...]] = {}
    for method, test in _tests(result):
        value = significant(test.statistic if test.estimate is None else test.estimate, 4)
        df = "" if test.df is None else f"{test.df:.0f}"
        p = "" if test.neg_log_10_p_value is None else p_value(test.neg_log_10_p_value)
        rows.setdefault((test.name, value), (test.name, method, value, df, p))
    return ("test or quantity", "of", "value", "df", "p"), list(rows.values())


def _tests(result: TableResult) -> Iterator[tuple[str, Test]]:
    for e in result.estimates:
        for test in e.diagnostics:
            yield e.method, test
    yield from result.checks


def remarks(result: TableResult) -> list[str]:
    """Return what statuses, stand-ins and missing tests have to say."""
    from osteobiome.mr.sensitivity import CORRELATED, largest_r

    lines = [f"{e.method}: {e.message}" for e in result.estimates if e.message]
    largest = largest_r(result.pair)
    if result.uncorrelated and largest > CORRELATED:
        lines.append(
            f"Variants are correlated (largest |r| {significant(largest)}): methods without LD in their name count "
            "them as independent, and their standard errors are too small."
        )
    lines += [f"{', '.join(calls)}: {text}." for text, calls in _by_text(result.differences).items()]
    return lines + [f"{name}: {test.message}" for name, test in result.checks if test.message]


def _by_text(differences: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the calls of a package that differ from it in the same way."""
    groups: dict[str, list[str]] = {}
    for call, text in differences.items():
        groups.setdefault(text, []).append(call)
    return groups


@dataclass(frozen=True, slots=True)
class Section:
    """A table with its title, and what is to be said below it."""

    title: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]]
    notes: tuple[str, ...] = ()


def sensitivity_sections(found: Sensitivity) -> list[Section]:
    """Return the further checks as tables."""
    return [_models(found), _sets(found), _dilution(found), _thresholds(found), _groups(found)]


def _cells(beta: float | None, se: float | None, low: float | None, high: float | None) -> tuple[str, str, str]:
    if beta is None or se is None:
        return "–", "–", "–"
    decimals = decimals_for(se, digits=4)
    return fixed(beta, decimals), fixed(se, decimals), interval(low, high, decimals)


def _models(found: Sensitivity) -> Section:
    """Return the four models of Rücker's framework, the chosen one marked."""
    chosen = found.rucker.selected
    rows: list[tuple[str, ...]] = [
        (
            e.method,
            *_cells(e.beta, e.se, e.ci_low, e.ci_high),
            p_value(e.neg_log_10_p_value),
            "chosen" if e is chosen else "",
        )
        for e in found.rucker.estimates
    ]
    tests = ", ".join(
        f"{test.name} {significant(test.statistic, 4)} (p {p_value(test.neg_log_10_p_value)})"
        for test in found.rucker.tests
    )
    notes = tuple(filter(None, (tests, found.rucker.message)))
    header = ("model", "estimate", "se", "95 % interval", "p", "")
    return Section("Models of pleiotropy (Rücker's framework)", header, rows, notes)


def _end(value: float) -> str:
    return fixed(value, 4) if value - value == 0.0 else ("−∞" if value < 0 else "∞")


def _intervals(found: ConfidenceSet) -> str:
    """Return a set in words; a set that could not be worked out is a dash, not empty."""
    empty = "empty" if found.status is Status.OK else "–"
    return " or ".join(f"{_end(low)} to {_end(high)}" for low, high in found.ci_set) or empty


def _sets(found: Sensitivity) -> Section:
    """Return the confidence sets that hold with weak instruments."""
    rows: list[tuple[str, ...]] = [
        (
            item.statistic,
            _intervals(item),
            "" if item.no_effect.neg_log_10_p_value is None else p_value(item.no_effect.neg_log_10_p_value),
        )
        for item in found.confidence_sets
    ]
    notes = tuple(f"{item.statistic}: {item.message}" for item in found.confidence_sets if item.message)
    header = ("test", "95 % set", "p of no effect")
    return Section("Confidence sets that hold with weak instruments", header, rows, notes)


def _dilution(found: Sensitivity) -> Section:
    """Return MR-Egger freed from dilution."""
    item = found.simex
    rows: list[tuple[str, ...]] = []
    if item.slope is not None:
        cells = _cells(item.slope.estimate, item.slope.se, item.ci_low, item.ci_high)
        rows.append(("slope", *cells, p_value(item.slope.neg_log_10_p_value)))
    if item.intercept is not None:
        beta, se = item.intercept.estimate, item.intercept.se
        rows.append(("intercept", *_cells(beta, se, None, None)[:2], "", p_value(item.intercept.neg_log_10_p_value)))
    notes = [item.message] if item.message else []
    if item.i2_gx is not None:
        notes.append(
            f"I²_GX {significant(item.i2_gx)}; Monte Carlo error of the slope {significant(item.slope_error, 2)}"
        )
    header = ("", "estimate", "se", "95 % interval", "p")
    return Section("MR-Egger without dilution (SIMEX)", header, rows, tuple(notes))


def _thresholds(found: Sensitivity) -> Section:
    """Return IVW at several thresholds of the exposure."""
    rows: list[tuple[str, ...]] = [
        (
            threshold_text(row.p_threshold),
            str(row.n_variants),
            "–" if row.mean_f is None else significant(row.mean_f),
            *_cells(row.estimate.beta, row.estimate.se, row.estimate.ci_low, row.estimate.ci_high),
            p_value(row.estimate.neg_log_10_p_value),
            str(row.estimate.status),
        )
        for row in found.thresholds
    ]
    header = ("threshold", "variants", "mean F", "estimate", "se", "95 % interval", "p", "status")
    return Section("IVW at several thresholds of the exposure's p", header, rows)


def _groups(found: Sensitivity) -> Section:
    """Return the clusters of variants."""
    rows: list[tuple[str, ...]] = [
        (
            item.kind,
            *_cells(item.mean, item.se, None, None)[:2],
            significant(item.share, 2),
            str(item.n_variants),
            ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""),
        )
        for item, names in zip(found.clusters.clusters, found.members(), strict=True)
    ]
    notes = (found.clusters.message,) if found.clusters.message else ()
    header = ("kind", "effect", "se", "share", "variants", "names")
    return Section("Clusters of variants by effect", header, rows, notes)
