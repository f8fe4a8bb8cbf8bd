"""The result of a run as rows for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.text import count, decimals_for, fixed, interval, p_value, reason
from osteobiome.store import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osteobiome.study import RunResult

HEADER = ("exposure → outcome", "estimate", "se", "interval", "p", "q", "variants", "status")
PAIRS_NAMED = 3
"""Pairs named of those that share a message."""


def estimate_rows(result: RunResult) -> Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    """Yield head, header and rows of the primary estimates, one table per family and unit."""
    frame = read_table(result.tables["estimates"], schema="estimates").filter(pl.col("is_primary"))
    families = frame["family"].n_unique() > 1
    for (family, unit), part in frame.group_by(["family", "unit"], maintain_order=True):
        head = f"Effects in {unit}, 95 % intervals; q within the family" + (f" {family}" if families else "")
        yield head, HEADER, [_row(result, row) for row in part.to_dicts()]


def _row(result: RunResult, row: dict[str, object]) -> tuple[str, ...]:
    traits = result.study.traits
    pair = f"{traits[str(row['exposure'])].label} → {traits[str(row['outcome'])].label}"
    status = str(row["status"]).replace("_", " ")
    beta, se, q = row["beta"], row["se"], row["neg_log_10_q_value"]
    if not isinstance(beta, float) or not isinstance(se, float):
        return (pair, "–", "–", "–", "–", "–", str(row["n_variants"]), status)
    decimals = decimals_for(se, digits=4 if abs(beta) < 10 * se else 3)
    low, high, p = row["ci_low"], row["ci_high"], row["neg_log_10_p_value"]
    assert isinstance(low, float)
    assert isinstance(high, float)
    assert isinstance(p, float)
    q_text = p_value(q if isinstance(q, float) else None)
    return (
        pair,
        fixed(beta, decimals),
        fixed(se, decimals),
        interval(low, high, decimals),
        p_value(p),
        q_text,
        str(row["n_variants"]),
        status,
    )


def caution_line(result: RunResult) -> str:
    """Return the titles of the report's cautions in one line, or an empty text."""
    from osteobiome.report import open_report
    from osteobiome.report.flags import flags

    assert result.report is not None
    content = open_report(result.report.parent).content
    titles = [f"control {row['verdict']}" for row in content.controls.to_dicts() if row["verdict"] != "passed"]
    titles += [flag.title for flag in flags(content) if flag.level == "caution"]
    return f"Cautions, explained in the report: {'; '.join(titles)}" if titles else ""


def dropped_lines(result: RunResult) -> Iterator[str]:
    """Yield a line per trait and fault of rows dropped at reading."""
    frame = read_table(result.tables["row_report"], schema="row_report")
    for row in frame.filter((pl.col("step") == "ingest") & (pl.col("kind") == "fault")).to_dicts():
        lines = ", ".join(map(str, row["lines"][:5]))
        label = result.study.traits[row["subject"]].label
        yield f"Dropped from {label}: {row['count']} of {row['n_in']} rows, {reason(row['reason'])} (line {lines})"


def message_lines(result: RunResult) -> Iterator[str]:
    """Yield why primary estimates have no number, or what stands in; pairs with the same message share a line."""
    frame = read_table(result.tables["estimates"], schema="estimates").filter(
        pl.col("is_primary") & (pl.col("message") != "")
    )
    traits = result.study.traits
    pairs: dict[str, list[str]] = {}
    for row in frame.to_dicts():
        name = f"{traits[row['exposure']].label} → {traits[row['outcome']].label}"
        pairs.setdefault(row["message"], []).append(name)
    for message, names in pairs.items():
        more = len(names) - PAIRS_NAMED
        rest = f" and {count(more, 'further pair')}" if more > 0 else ""
        yield f"{'; '.join(names[:PAIRS_NAMED])}{rest}: {message}"
