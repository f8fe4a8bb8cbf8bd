"""The result of `osteobiome mr estimate` as tables and lines for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.core.text import decimals_for, fixed, interval, p_value, reason, significant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osteobiome.core.estimate import Test
    from osteobiome.mr.one_table import TableResult

CORRELATED = 0.1
"""Correlation above which methods without an LD matrix are warned of; our choice (r² of 0.01)."""
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
    from osteobiome.mr import ESTIMATORS

    lines = [f"{e.method}: {e.message}" for e in result.estimates if e.message]
    plain = [e.method for e in result.estimates if not ESTIMATORS[e.method].needs_ld]
    largest = next((test.statistic for _, test in _tests(result) if test.name == "max_abs_ld_r"), None)
    if plain and largest is not None and largest > CORRELATED:
        lines.append(
            f"Variants are correlated (largest |r| {significant(largest)}): methods without LD in their name count "
            "them as independent, and their standard errors are too small."
        )
    return lines + [f"{name}: {test.message}" for name, test in result.checks if test.message]
