"""The verdict on a file in at most ten lines, for people who know genetics and not this program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.core.text import count, reason
from osteobiome.sumstats.formats import FORMATS
from osteobiome.sumstats.qc.checks import CHECKS, casts_doubt
from osteobiome.sumstats.qc.readable import one_line

if TYPE_CHECKING:
    from osteobiome.core.findings import Finding
    from osteobiome.sumstats.checking import CheckResult

_GENERAL = ("Name the one", "Name one", "Name the format", "Name its columns")
"""How hints begin that the command line can say more exactly."""
ROOM = 6
"""Findings that are shown; with verdict, format, rows and the last line that makes ten lines."""
LINES = 3
"""Lines of the file that are named for each finding."""
WORDS = {
    "usable": "can be used.",
    "doubtful": "can be read, but look at the doubts first.",
    "unusable": "cannot be used as it is.",
}
_MISSING = {
    "no_effect_allele_column": "the effect allele",
    "no_other_allele_column": "the other allele",
    "no_beta_column": "the effect",
    "no_se_column": "the standard error",
    "no_rsid_column": "an identifier or a position",
}
_NAMED = "if it stands there under another name, name the columns with --column"
_TO_DO = {
    "no_effect_allele_column": f"Without it no effect has a direction; {_NAMED}",
    "no_other_allele_column": "--map FILE fills it from a list of variants",
    "no_beta_column": "An odds ratio, a hazard ratio, or Z with sample size and allele frequency would do, too; "
    + _NAMED,
    "no_se_column": "A p value, an interval or Z would do, too",
    "no_rsid_column": _NAMED[0].upper() + _NAMED[1:],
    "several_traits": "Name the one to be read with --trait",
    "no_such_trait": "Name one of those with --trait",
    "unknown_format": "Name its columns with --column, such as --column beta=EFFECT",
}
"""What to do at the command line, where the fault itself speaks of the study file or of nothing."""


def summary_lines(result: CheckResult) -> list[str]:
    """Return the verdict, how the file was read, and the gravest findings: at most ten lines.

    Parameters
    ----------
    result : CheckResult
        From :func:`osteobiome.sumstats.checking.check_sumstats`.
    """
    lines = [f"{one_line(result.file)}: {WORDS[result.verdict]}", *_about_file(result)]
    policies = {drop.reason for drop in result.rows.dropped if drop.kind == "policy"}
    shown = [
        found for found in result.findings if found.severity != "note" or casts_doubt(found) or found.id in policies
    ]
    lines += [f"  {_sentence(found, result)}" for found in shown[:ROOM]]
    n_more = len(shown) - ROOM
    n_rest = len(result.findings) - len(shown)
    if n_more > 0:
        lines.append(f"  ... and {count(n_more, 'further finding')} (--all)")
    elif n_rest:
        lines.append(f"  Besides: {count(n_rest, 'remark')}, nothing to be done (--all)")
    return lines


def _about_file(result: CheckResult) -> list[str]:
    lines, rows = [], result.rows
    if result.format:
        label = FORMATS[result.format].label if result.format in FORMATS else "a table whose columns were named"
        build = f"positions on {result.genome_build}" if result.genome_build else "genome build not known"
        if rows.n_kept and dict(rows.notes).get("identified_by_rsid_only") == rows.n_kept:
            build = "no positions, variants are known by their identifiers"
        lines.append(f"  Read as {label}; {build}.")
    if rows.n_in:
        kept = f"{rows.n_kept:,} kept, {rows.n_dropped:,} not" if rows.n_kept else "none kept"
        kept = kept if rows.n_dropped else "all kept"
        lines.append(f"  {count(rows.n_in, 'row')}, {kept}.")
    return lines


def _sentence(found: Finding, result: CheckResult) -> str:
    """Return a finding as one line: how grave, what, where, what to do."""
    dropped = result.rows.by_reason()
    if found.severity == "row" or (found.severity == "note" and found.id in dropped):
        mark = "Dropped" if found.severity == "row" else "Left out"
        usual = CHECKS["missing_se"].hint
        hint = "" if found.hint == usual or found.severity == "note" else found.hint
        return _joined(mark, f"{count(found.count, 'row')}: {reason(found.id)}{_where(found)}", hint)
    if found.severity == "fatal" and found.id in dropped:
        return _joined("Fault", _too_many(found, result), _hint_on_rows(found, result))
    if found.severity == "fatal":
        text, hint = found.found, found.hint
        if found.id in _MISSING:
            text = f"{found.found}, for {_MISSING[found.id]}"
            hint = f"{found.hint.rstrip('. ')}. {_TO_DO[found.id]}"
        elif hint.startswith(_GENERAL):  # a hint of the fault's own knows more
            hint = _TO_DO.get(found.id, hint)
        return _joined("Fault", f"{text}{_where(found)}", hint)
    return _joined("Doubt", f"{found.found}{_where(found)}", found.hint)


def _too_many(found: Finding, result: CheckResult) -> str:
    share = f"{100 * found.count / result.rows.n_in:.1f} %"
    return f"{found.count:,} of {count(result.rows.n_in, 'row')} ({share}): {reason(found.id)}{_where(found)}"


def _hint_on_rows(found: Finding, result: CheckResult) -> str:
    if found.count > result.rows.n_in / 2:
        return "Most rows have it, so the file is probably not what it is taken for"
    return "If these rows may be dropped, raise --max-bad-rows; in a study file, name it in [ingest] allow"


def _where(found: Finding) -> str:
    """Return the first lines and the value on the first of them."""
    lines = [example.line for example in found.examples if example.line is not None]
    if not lines or (found.severity == "fatal" and "line" in found.found and len(lines) == 1):
        return ""
    more = " ..." if found.count > LINES else ""
    text = f"line {lines[0]}" if found.count == 1 else f"lines {', '.join(map(str, lines[:LINES]))}{more}"
    first = found.examples[0]
    value = f"{first.column or 'value'} {first.value!r}" if first.value else ""
    return f" ({text}; {value})" if value and first.value not in found.found else f" ({text})"


def _joined(mark: str, text: str, hint: str) -> str:
    parts = [part.rstrip(". ") for part in (text, hint) if part]
    return f"{mark}: " + ". ".join(parts) + ("" if parts[-1].endswith("?") else ".")
