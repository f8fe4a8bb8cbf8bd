"""The methods of Mendelian randomization as lists for `osteobiome mr methods`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from osteobiome.core.text import count
from osteobiome.mr.profiles import NOT_COVERED, PROFILES, VERSIONS
from osteobiome.mr.registry import ESTIMATORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osteobiome.mr.profiles import Entry, Profile
    from osteobiome.mr.registry import Estimator


def method_records() -> list[dict[str, object]]:
    """Return the methods as plain data, by name."""
    return [
        {
            "name": e.name,
            "label": e.label,
            "doi": e.doi,
            "min_variants": e.min_variants,
            "max_variants": e.max_variants or None,
            "needs_ld": e.needs_ld,
            "needs_positions": e.needs_positions,
            "needs_candidates": e.needs_candidates,
            "draws_random_numbers": e.stochastic,
            "assumptions": list(e.assumptions),
        }
        for _, e in sorted(ESTIMATORS.items())
    ]


def method_lines() -> Iterator[str]:
    """Yield the methods with what they need and assume, by name."""
    for name, entry in sorted(ESTIMATORS.items()):
        yield f"{name}: {entry.label}"
        yield f"  needs {_needs(entry)}; doi:{entry.doi}"
        for assumption in entry.assumptions:
            yield f"  - {assumption}"


def _needs(entry: Estimator) -> str:
    least, most = entry.min_variants, entry.max_variants
    needs = f"{count(least, 'variant')} or more"
    if most:
        needs = count(most, "variant") if least == most else f"{least:,} to {count(most, 'variant')}"
    needs += " and an LD matrix" if entry.needs_ld else ""
    needs += " and positions" if entry.needs_positions else ""
    return needs + (" that no threshold selected" if entry.needs_candidates else "")


def _needs_of_call(entry: Entry) -> str:
    """Return the needs of a call: some packages ask for more variants than our estimator."""
    ours = ESTIMATORS[entry.method]
    return _needs(replace(ours, min_variants=max(entry.min_variants, ours.min_variants)))


def call_records(profile: Profile) -> list[dict[str, object]]:
    """Return the calls of an R package as plain data, by name."""
    return [
        {
            "call": e.call,
            "label": e.label,
            "method": e.method,
            "options": dict(e.options),
            "min_variants": max(e.min_variants, ESTIMATORS[e.method].min_variants),
            "max_variants": ESTIMATORS[e.method].max_variants or None,
            "needs_ld": ESTIMATORS[e.method].needs_ld,
            "differs": e.differs,
        }
        for e in sorted(PROFILES[profile], key=lambda entry: entry.call)
    ]


def call_lines(profile: Profile) -> Iterator[str]:
    """Yield the calls of an R package that are known, by name, and those that are not."""
    yield f"{VERSIONS[profile]}; for `osteobiome mr estimate TABLE --as {profile} --methods CALL,CALL`"
    for entry in sorted(PROFILES[profile], key=lambda entry: entry.call):
        options = ", ".join(f"{name} {value}" for name, value in entry.options.items())
        yield f"{entry.call}: {entry.label}"
        yield f"  by {entry.method}{f' ({options})' if options else ''}, needs {_needs_of_call(entry)}"
        if entry.differs:
            yield f"  {entry.differs}"
    for call, why in NOT_COVERED[profile].items():
        yield f"{call}: not covered; {why}"
