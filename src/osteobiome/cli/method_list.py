"""The methods of Mendelian randomization as lists for `osteobiome mr methods`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from osteobiome.core.diagnostics import DIAGNOSTICS
from osteobiome.core.errors import Fault, UnknownNameError, nearest
from osteobiome.core.text import count
from osteobiome.mr.profiles import NOT_COVERED, PROFILES, VERSIONS
from osteobiome.mr.registry import ESTIMATORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from osteobiome.mr.profiles import Entry, Profile
    from osteobiome.mr.registry import Estimator


@dataclass(frozen=True, slots=True)
class Listed:
    """What `mr methods` shows: a document and lines."""

    records: dict[str, object]
    lines: list[str]


def listed(name: str | None, profile: Profile | None) -> Listed:
    """Return all methods, the calls of a package, or what one name stands for.

    Parameters
    ----------
    name : str, optional
        Method, call of the package, or test of the table of `mr estimate`, in any case of letters.
    profile : {"twosamplemr", "mendelianrandomization"}, optional
        The package.

    Raises
    ------
    UnknownNameError
        Nothing has this name.
    """
    if profile is not None:
        calls = [e.call for e in PROFILES[profile]]
        chosen = None if name is None else _known(name, calls, kind="call")
        records: dict[str, object] = {"package": profile, "methods": call_records(profile, chosen)}
        return Listed(records, list(call_lines(profile, chosen)))
    if name is None:
        return Listed({"methods": method_records()}, list(method_lines()))
    chosen = _known(name, [*ESTIMATORS, *DIAGNOSTICS], kind="method")
    if chosen in ESTIMATORS:
        return Listed({"methods": method_records(chosen)}, list(method_lines(chosen)))
    what = DIAGNOSTICS[chosen]
    return Listed(
        {"diagnostic": {"name": chosen, "label": what.label, "meaning": what.meaning}},
        [f"{chosen}: {what.label}", f"  {what.meaning}"],
    )


def _known(name: str, names: Sequence[str], *, kind: str) -> str:
    """Return a name as it is spelled, or raise with the nearest one."""
    spelled = {known.lower(): known for known in names}
    if name.strip().lower() in spelled:
        return spelled[name.strip().lower()]
    hint = nearest(name, names)
    wanted = "a name that `osteobiome mr methods` lists, or a test of `mr estimate`"
    fault = Fault(f"unknown_{kind}", "NAME", f"'{name}'", wanted, hint if hint.startswith("Did") else "")
    raise UnknownNameError(fault)


def method_records(name: str | None = None) -> list[dict[str, object]]:
    """Return the methods, or one of them, as plain data, by name."""
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
        for key, e in sorted(ESTIMATORS.items())
        if name in {None, key}
    ]


def method_lines(name: str | None = None) -> Iterator[str]:
    """Yield the methods, or one of them, with what they need and assume, by name."""
    for key, entry in sorted(ESTIMATORS.items()):
        if name not in {None, key}:
            continue
        yield f"{key}: {entry.label}"
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


def call_records(profile: Profile, call: str | None = None) -> list[dict[str, object]]:
    """Return the calls of an R package, or one of them, as plain data, by name."""
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
        if call in {None, e.call}
    ]


def call_lines(profile: Profile, call: str | None = None) -> Iterator[str]:
    """Yield the calls of an R package that are known, by name, and those that are not; or one call."""
    yield f"{VERSIONS[profile]}; for `osteobiome mr estimate TABLE --as {profile} --methods CALL,CALL`"
    for entry in sorted(PROFILES[profile], key=lambda entry: entry.call):
        if call not in {None, entry.call}:
            continue
        options = ", ".join(f"{name} {value}" for name, value in entry.options.items())
        yield f"{entry.call}: {entry.label}"
        yield f"  by {entry.method}{f' ({options})' if options else ''}, needs {_needs_of_call(entry)}"
        if entry.differs:
            yield f"  {entry.differs}"
    for other, why in NOT_COVERED[profile].items() if call is None else ():
        yield f"{other}: not covered; {why}"
