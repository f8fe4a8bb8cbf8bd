"""The result of `osteobiome mr estimate` as tables and lines for the terminal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from osteobiome.core.estimate import Status
from osteobiome.core.text import count, effect_texts, fixed, p_value, reason, significant, threshold_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from osteobiome.core.estimate import Estimate, Test
    from osteobiome.mr.checks.weak_iv import ConfidenceSet
    from osteobiome.mr.one_table import TableResult
    from osteobiome.mr.sensitivity import Sensitivity

SHOWN = 6
"""Names of a cluster that are printed."""
LEAST_SHARE = 1e-3
"""Smaller shares of variants are not told apart."""
OF_POWER = "80 % power, unit of the estimates"
"""What stands beside the smallest effect that would be found."""
MEANING = "What a row says: osteobiome mr methods NAME, as in osteobiome mr methods cochran_q."
"""Stands below the tests."""
HETEROGENEITY_Q = frozenset({"cochran_q", "rucker_q", "q_difference"})
"""Statistics that are compared with each other, so that their decimals count."""
LARGE_Q, HUGE_Q = 100.0, 1e6
Table = tuple[tuple[str, ...], list[tuple[str, ...]]]


def row_lines(result: TableResult) -> list[str]:
    """Return what became of the rows and columns of the table."""
    rows = result.rows
    lines = [f"{count(rows.n_in, 'variant')}, {rows.n_kept:,} kept, {rows.n_dropped:,} dropped"]
    lines += [f"  {line}" for line in dropped_lines(result)]
    lines += [f"  {number:,} kept: {reason(name)}" for name, number in rows.notes]
    if result.unused:
        lines.append(f"Columns that are not used: {', '.join(result.unused)}")
    return lines


def dropped_lines(result: TableResult) -> list[str]:
    """Return one line per reason for dropped rows."""
    return [
        f"{drop.count:,} dropped: {reason(drop.reason)} (line {', '.join(map(str, drop.lines[:5]))}"
        f"{', ...' if drop.count > len(drop.lines[:5]) else ''})"
        for drop in result.rows.dropped
    ]


def estimate_rows(result: TableResult) -> Table:
    """Return header and rows of the estimates."""
    rows: list[tuple[str, ...]] = []
    for e in result.estimates:
        cells = _cells(e.beta, e.se, e.ci_low, e.ci_high)
        p = "–" if e.beta is None else _p_of(e)
        rows.append((e.method, *cells, p, f"{e.n_variants:,}", str(e.status).replace("_", " ")))
    return ("method", "estimate", "se", "95 % interval", "p", "variants", "status"), rows


def narrowed(table: Table, width: int) -> Table:
    """Return a table of estimates to print: rows with a number; if it is too wide, without columns that say nothing.

    The remarks below name each method without a number, with its reason. Columns that say nothing are the number of
    variants where it is the same for all, and the status.
    """
    header, rows = table
    with_number = [row for row in rows if row[1] != "–"]
    widest = [max(len(row[i]) for row in [header, *with_number]) for i in range(len(header))]
    if not with_number:
        return table
    if sum(widest) + 2 * (len(widest) - 1) <= width:
        return header, with_number
    stay = [i for i, name in enumerate(header) if name != "status"]
    if len({row[header.index("variants")] for row in with_number}) == 1:
        stay.remove(header.index("variants"))
    return tuple(header[i] for i in stay), [tuple(row[i] for i in stay) for row in with_number]


def _p_of(estimate: Estimate) -> str:
    """Return a p value; a share of draws that holds none of them is below one in all."""
    log = estimate.neg_log_10_p_value
    if log == float("inf") and estimate.n_draws:
        return f"< {1 / estimate.n_draws:.1g}"
    return p_value(log)


def diagnostic_rows(result: TableResult) -> Table:
    """Return header and rows of the diagnostics; methods with the same quantity share a row.

    What has no number is left out: remarks say why.
    """
    rows: dict[tuple[str, ...], list[str]] = {}
    for method, test in _tests(result):
        number = test.statistic if test.estimate is None else test.estimate
        if number is None:
            continue
        value = _value(test.name, number)
        df = "" if test.df is None else f"{test.df:,.0f}"
        p = "" if test.neg_log_10_p_value is None else p_value(test.neg_log_10_p_value)
        methods = rows.setdefault((test.name, value, df, p), [])
        if method not in methods:
            methods.append(method)
    table: list[tuple[str, ...]] = [
        (name, _first_of(methods), value, df, p) for (name, value, df, p), methods in rows.items()
    ]
    return ("test or quantity", "of", "value", "df", "p"), table


def _value(name: str, value: float) -> str:
    """Return the value of a test: counts as whole numbers, a large Q with two decimals, else four digits."""
    if (name.startswith("n_") or name == "sample_size") and value.is_integer():
        return f"{value:,.0f}"
    if name in HETEROGENEITY_Q and LARGE_Q <= value < HUGE_Q:
        return fixed(value, 2)
    return significant(value, 4)


def _first_of(methods: list[str]) -> str:
    if methods == ["power"]:
        return OF_POWER
    more = len(methods) - 1
    return f"{methods[0]} and {count(more, 'other')}" if more else methods[0]


def _tests(result: TableResult) -> Iterator[tuple[str, Test]]:
    for e in result.estimates:
        for test in e.diagnostics:
            yield e.method, test
    yield from result.checks


def remarks(result: TableResult) -> list[str]:
    """Return what statuses, stand-ins and missing tests have to say; what is the same for several is said once."""
    from osteobiome.mr.sensitivity import CORRELATED, largest_r

    lines = _grouped((e.method, e.message) for e in result.estimates if e.message)
    lines += _grouped((name, test.message) for name, test in _tests(result) if test.message)
    largest = largest_r(result.pair)
    if result.uncorrelated and largest > CORRELATED:
        lines.append(
            f"Variants are correlated (largest |r| {significant(largest)}): methods without LD in their name count "
            "them as independent, and their standard errors are too small."
        )
    return lines + _grouped((call, f"{text}.") for call, text in result.differences.items())


def _grouped(said: Iterable[tuple[str, str]]) -> list[str]:
    """Return one line per sentence, with the names of all to which it applies."""
    groups: dict[str, list[str]] = {}
    for name, text in said:
        names = groups.setdefault(text, [])
        if name not in names:
            names.append(name)
    return [f"{', '.join(names)}: {text}" for text, names in groups.items()]


def nothing_estimated(result: TableResult) -> str:
    """Return why no method has an estimate, or an empty text if one has."""
    if any(e.beta is not None for e in result.estimates):
        return ""
    words = sorted({str(e.status).replace("_", " ") for e in result.estimates})
    return f"osteobiome: no method has an estimate ({', '.join(words)}); the messages say what to do."


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
    estimate, error, lower, upper = effect_texts([beta, se, low, high], se)
    return estimate, error, "–" if low is None and high is None else f"{lower} to {upper}"


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
        f"{test.name} {_value(test.name, test.statistic)} (p {p_value(test.neg_log_10_p_value)})"
        for test in found.rucker.tests
        if test.statistic is not None
    )
    notes = tuple(filter(None, (tests, found.rucker.message)))
    header = ("model", "estimate", "se", "95 % interval", "p", "")
    return Section("Models of pleiotropy (Rücker's framework)", header, rows, notes)


def _ends(found: ConfidenceSet) -> str:
    """Return a confidence set; the ends of each part are written to about a thousandth of its width.

    A set that could not be worked out is a dash, not empty.
    """
    shown = []
    for low, high in found.ci_set:
        ends = [abs(end) for end in (low, high) if math.isfinite(end)]
        width = high - low if len(ends) == 2 else max(ends, default=0.0)
        shown.append(" to ".join(effect_texts((low, high), width / 100 or None, digits=2)))
    return " or ".join(shown) or ("empty" if found.status is Status.OK else "–")


def _sets(found: Sensitivity) -> Section:
    """Return the confidence sets that hold with weak instruments."""
    rows: list[tuple[str, ...]] = [
        (
            item.statistic,
            _ends(item),
            "" if item.no_effect.neg_log_10_p_value is None else p_value(item.no_effect.neg_log_10_p_value),
        )
        for item in found.confidence_sets
    ]
    notes = tuple(_grouped((item.statistic, item.message) for item in found.confidence_sets if item.message))
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
            str(row.estimate.status).replace("_", " "),
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
            "< 0.001" if 0.0 < item.share < LEAST_SHARE else significant(item.share, 2),
            str(item.n_variants),
            ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""),
        )
        for item, names in zip(found.clusters.clusters, found.members(), strict=True)
    ]
    notes = (found.clusters.message,) if found.clusters.message else ()
    header = ("kind", "effect", "se", "share", "variants", "names")
    return Section("Clusters of variants by effect", header, rows, notes)
