"""What really ran: a method or check counts if it gave a number, not because it was declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from osteobiome.core.text import count, join
from osteobiome.report.flags.flag import some_names

if TYPE_CHECKING:
    from osteobiome.report.content import Content

ESTIMATES = ("primary", "sensitivity")
PAIR = ("family", "exposure", "outcome")
_HAS_NUMBER = pl.any_horizontal(pl.col("statistic", "estimate", "neg_log_10_p_value").is_not_null())


def estimators_that_ran(content: Content, used_for: str = "") -> list[dict[str, Any]]:
    """Return the estimators that gave at least one estimate, as rows of the table of methods.

    Parameters
    ----------
    content : Content
        Tables of a finished study.
    used_for : str
        ``primary`` or ``sensitivity``; both by default.
    """
    gave = set(content.estimates.filter(pl.col("status") == "ok")["method"])
    wanted = (used_for,) if used_for else ESTIMATES
    return [row for row in content.methods.to_dicts() if row["used_for"] in wanted and row["name"] in gave]


def measured(content: Content, *names: str, method: str = "") -> pl.DataFrame:
    """Return diagnostics that have a number.

    Parameters
    ----------
    content : Content
        Tables of a finished study.
    *names : str
        Names of diagnostics; all if none is given.
    method : str
        Whose diagnostics: an estimator, or a check of the pair such as ``steiger``; all by default.
    """
    found = content.diagnostics.filter(_HAS_NUMBER)
    if names:
        found = found.filter(pl.col("name").is_in(names))
    return found.filter(pl.col("method") == method) if method else found


def n_pairs(frame: pl.DataFrame) -> int:
    """Return how many pairs of a family stand in a table."""
    return frame.select(PAIR).n_unique() if frame.height else 0


def refits(content: Content, kind: str) -> pl.DataFrame:
    """Return the refits without a ``variant`` or without a ``locus`` that gave a number."""
    return content.leave_one_out.filter((pl.col("kind") == kind) & (pl.col("status") == "ok"))


def clumped_exposures(content: Content) -> dict[str, str]:
    """Return the exposures whose instruments were clumped, with the ancestry of the LD matrix or panel."""
    exposures = set(content.primary()["exposure"])
    found: dict[str, str] = content.study.get("clumping", {}).get("ld", {})
    return {name: ancestry for name, ancestry in found.items() if name in exposures}


def clumping_text(content: Content) -> str:
    """Return by which rule instruments were clumped and how many left, or an empty text if none were."""
    clumped = clumped_exposures(content)
    if not clumped:
        return ""
    rule = content.study["clumping"]
    window = f" within {rule['window_kb']:g} kb" if rule["window_kb"] else ""
    window += " (largest F first)" if content.study["selection"]["clump_by"] == "f" else ""
    rows = content.row_report.filter(pl.col("subject").is_in(list(clumped)) & (pl.col("reason") == "clumped"))
    whose = ""
    if len(clumped) < content.primary()["exposure"].n_unique():
        whose = f" of {some_names([content.label(name) for name in clumped])}"
    panels = set(rule.get("panels", ()))
    sources = [
        f"the {'genotype panel' if name in panels else 'LD matrix'} of {name}" for name in sorted(set(clumped.values()))
    ]
    gone = count(int(rows["count"].sum()), "variant")
    return f"Instruments{whose} were clumped at r² {rule['r2']:g}{window} by {join(sources)}, which left out {gone}"


def methods_that_ran(content: Content) -> list[dict[str, Any]]:
    """Return estimators and checks that gave a number, as rows of the table of methods, in its order.

    Parameters
    ----------
    content : Content
        Tables of a finished study.

    Notes
    -----
    A check that leaves rows in a table ran if one of them has a number. A row of the table of methods that belongs to
    no other table is taken at its word.
    """
    names = {row["name"] for row in estimators_that_ran(content)}
    return [
        row
        for row in content.methods.to_dicts()
        if (row["name"] in names if row["used_for"] in ESTIMATES else _check_ran(content, row["name"]))
    ]


def _check_ran(content: Content, name: str) -> bool:
    """Tell whether a check gave a number anywhere."""
    if name == "q_value":
        return bool(content.estimates["q_value"].is_not_null().any())
    if name.startswith("leave_one"):
        return refits(content, "locus" if "locus" in name else "variant").height > 0
    if name in content.instruments.columns:
        return bool(content.instruments[name].is_not_null().any())
    if name in content.influence.columns or name == "influence":
        return content.influence.height > 0
    aliases = (name, "rucker_q") if name == "cochran_q" else (name,)
    rows = content.diagnostics.filter(pl.col("name").is_in(aliases) | (pl.col("method") == name))
    return not rows.height or rows.filter(_HAS_NUMBER).height > 0
