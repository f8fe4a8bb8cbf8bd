"""Estimates and tests as the text of table cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osteobiome.core.diagnostics import DIAGNOSTICS
from osteobiome.core.text import decimals_for, fixed, interval, p_value, significant

if TYPE_CHECKING:
    from osteobiome.report.content import Content

EXACT_COUNTS = {
    "n_outliers", "n_loci", "variants_close_together", "neighbours_after_clumping", "n_variants_given", "n_valid",
    "n_invalid", "n_full_weight", "n_intervals", "n_splits_used",
}  # fmt: skip


def estimate_cells(row: dict[str, Any]) -> dict[str, str]:
    """Return the cells of an estimate, with the exact numbers for the tooltip.

    Parameters
    ----------
    row : dict
        A row of the table ``estimates``.
    """
    decimals = decimals_for(row["se"]) if row["se"] is not None else 3
    return {
        "estimate": fixed(row["beta"], decimals),
        "exact": "" if row["beta"] is None else f"estimate {row['beta']!r}, standard error {row['se']!r}",
        "se": significant(row["se"]),
        "interval": "–" if row["beta"] is None else interval(row["ci_low"], row["ci_high"], decimals),
        "unit": row["unit"],
        "p": p_value(row["neg_log_10_p_value"]),
        "n": str(row["n_variants"]),
        "status": row["status"],
        "message": row["message"],
    }


def test_cells(content: Content, tests: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Return the cells of diagnostics; a quantity that is the same for all methods is listed once.

    Parameters
    ----------
    content : Content
        Tables of the study.
    tests : list of dict
        Rows of the table ``diagnostics`` of one pair.
    """
    values: dict[str, set[tuple[object, ...]]] = {}
    for test in tests:
        values.setdefault(test["name"], set()).add(_numbers(test))
    seen: set[tuple[object, ...]] = set()
    rows = []
    for test in tests:
        # the method is named where several have a value of their own
        is_named = _of_method(test["name"]) or len(values[test["name"]]) > 1
        key = (test["name"], *_numbers(test), test["method"] if is_named else "")
        if key in seen:
            continue
        seen.add(key)
        name = _label(test["name"])
        rows.append(
            {
                "name": f"{name}, {content.method_label(test['method'])}" if is_named else name,
                "value": _value(test),
                "p": p_value(test["neg_log_10_p_value"]),
                "null": test["message"] or test["null"],
            }
        )
    return rows


def _numbers(test: dict[str, Any]) -> tuple[object, ...]:
    return test["statistic"], test["estimate"]


def _label(name: str) -> str:
    """Return the name of a diagnostic for readers."""
    entry = DIAGNOSTICS.get(name)
    return name.replace("_", " ") if entry is None else entry.label


def _of_method(name: str) -> bool:
    """Tell whether several estimators have this diagnostic, each with a value of its own."""
    entry = DIAGNOSTICS.get(name)
    return entry is not None and entry.is_of_method


def _value(test: dict[str, Any]) -> str:
    if test["statistic"] is None and test["estimate"] is None:
        return "–"
    if test["estimate"] is not None and test["se"] is not None:
        return f"{significant(test['estimate'])} (standard error {significant(test['se'])})"
    if test["name"] in EXACT_COUNTS:
        return f"{test['statistic']:.0f}"
    value = significant(test["statistic"])
    if test["df"] is not None:
        value += f" on {test['df']:.0f} degrees of freedom"
    return value
