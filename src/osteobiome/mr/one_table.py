"""From one table of a harmonised pair to estimates: what `osteobiome mr estimate` does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.errors import Fault, SchemaError, UnknownNameError, nearest
from osteobiome.core.progress import NoProgress
from osteobiome.core.provenance import version
from osteobiome.instruments import f_statistic
from osteobiome.mr.batch import grid
from osteobiome.mr.checks import TraitFacts, influence, leave_one_out, power, steiger
from osteobiome.mr.estimators.wald_ratio import wald_ratios
from osteobiome.mr.naming import variant_names
from osteobiome.mr.pair_table import read_pair
from osteobiome.mr.profiles import PROFILES, STEIGER, Profile, run_profile
from osteobiome.mr.registry import ESTIMATORS
from osteobiome.mr.sensitivity import CORRELATED, LINKED, Sensitivity, largest_r, sensitivity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from osteobiome.core.estimate import Estimate, Test
    from osteobiome.core.progress import Progress
    from osteobiome.core.rows import RowReport
    from osteobiome.instruments import Instruments
    from osteobiome.mr.checks import TableRows

SILENT = NoProgress()
INFLUENCE = ("leverage", "q_contribution", "studentised_residual", "cooks_distance", "is_outlier")
_COMMA = re.compile(r",(?![^(]*\))")
COMMON = ("ivw", "egger", "weighted_median", "weighted_mode")
DECLARED_ONLY = ("three_sample_ivw",)
"""Methods that differ from others only if another study selected the variants, which a table cannot declare."""
OF_THE_COMMAND = {
    "Give one under [ld], with alleles.": "Give one with --ld FILE.",
    "Give both columns in the exposure or outcome file.": "Give columns chromosome and position.",
    "Give n of the traits, or a column of it.": (
        "Give a column n_exposure or n_outcome, or the option --n-exposure or --n-outcome."
    ),
    "(column n of the trait table, or of its file)": "(a column n_{side}, or the option --n-{side})",
    "(in the file of exposure or outcome)": "(a column eaf)",
}
"""What to do, as messages of studies say it and as it is said of one table."""
NAMES_OF_PAIR = ("family", "exposure", "outcome")


@dataclass(frozen=True, slots=True)
class TableResult:
    """Estimates from one table.

    Parameters
    ----------
    rows : RowReport
        Rows in, kept, dropped by reason.
    estimates : tuple of Estimate
        One per method; with a profile, named as in its package.
    uncorrelated : tuple of str
        Methods that count variants as independent.
    pair : Instruments
        The kept variants.
    influence, leave_one_out : TableRows
        How much each variant moves the IVW estimate, and the estimate without it; with the LD matrix if there is one.
    checks : tuple of (str, Test)
        Direction and power, with the name of the check.
    sensitivity : Sensitivity or str
        Further checks, or why there are none; empty if they were not asked for.
    differences : dict of str
        With a profile: calls whose numbers are not those of the package, and why.
    unused : tuple of str
        Columns of the table that were not used.
    table : str
        File, as it was given.
    seed : int
        Of the methods that draw random numbers.
    """

    rows: RowReport
    estimates: tuple[Estimate, ...]
    uncorrelated: tuple[str, ...]
    pair: Instruments
    influence: TableRows
    leave_one_out: TableRows
    checks: tuple[tuple[str, Test], ...] = ()
    sensitivity: Sensitivity | str = ""
    differences: dict[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    table: str = ""
    seed: int = 1

    def as_dict(self) -> dict[str, object]:
        """Return everything as plain data for JSON."""
        tests = [(e.method, test) for e in self.estimates for test in e.diagnostics]
        diagnostics = [{"method": method, **test.as_dict()} for method, test in (*tests, *self.checks)]
        beyond = {"message": self.sensitivity} if isinstance(self.sensitivity, str) else self.sensitivity.as_dict()
        return {
            "table": self.table,
            "version": version(),
            "seed": self.seed,
            "n_in": self.rows.n_in,
            "n_kept": self.rows.n_kept,
            "n_dropped": self.rows.by_reason(),
            **({"notes": dict(self.rows.notes)} if self.rows.notes else {}),
            "columns_not_used": list(self.unused),
            "estimates": [e.as_dict() for e in self.estimates],
            "diagnostics": diagnostics,
            "variants": self._variants(),
            "leave_one_out": [_without(row, NAMES_OF_PAIR) for row in self.leave_one_out.rows()],
            **({"sensitivity": beyond} if self.sensitivity else {}),
            **({"differences": self.differences} if self.differences else {}),
        }

    def _variants(self) -> list[dict[str, object]]:
        pair = self.pair
        ratio, se = wald_ratios(pair.beta_exposure, pair.se_exposure, pair.beta_outcome, pair.se_outcome)
        names = variant_names(pair.rsid, pair.n_variants)
        strength = f_statistic(pair.beta_exposure, pair.se_exposure)
        moved = self.influence.rows() or [{}] * pair.n_variants
        return [
            {
                "rsid": name,
                "f_statistic": float(f),
                "wald_ratio": None if np.isnan(r) else float(r),
                "wald_ratio_se": None if np.isnan(s) else float(s),
                **{key: row.get(key) for key in INFLUENCE},
            }
            for name, f, r, s, row in zip(names, strength, ratio, se, moved, strict=True)
        ]


def resolve_methods(text: str, *, n_variants: int, has_ld: bool, has_positions: bool = False) -> tuple[str, ...]:
    """Return method names from ``all`` or a list with commas.

    ``all`` means every method that the data can feed: those that need an LD matrix or positions only if there are
    some; of one variant the Wald ratio alone; three-sample IVW only by name, as it is ``divw`` unless another study is
    declared to have selected. A method with a limit is kept beyond it, and its status then says so. The four that most
    papers report come first, the others by name. Case does not matter, and ``all`` among other names is ``all``.

    Parameters
    ----------
    text : str
        As typed by the user.
    n_variants : int
        Variants at hand.
    has_ld, has_positions : bool
        Whether an LD matrix, and chromosome and position, were given.

    Raises
    ------
    UnknownNameError
        A name is not registered.
    SchemaError
        The list is empty.
    """
    names = tuple(dict.fromkeys(name.lower() for name in _split(text)))
    for name in names:
        if name not in ESTIMATORS and name != "all":
            raise UnknownNameError(_with_hint(ESTIMATORS.fault(name, where="--methods"), name))
    if "all" in names and n_variants == 1:
        return ("wald_ratio",)  # all others are the same number, or need more variants
    if "all" in names:
        rank = {name: i for i, name in enumerate(COMMON)}
        entries = sorted(ESTIMATORS.items(), key=lambda item: (rank.get(item[0], len(COMMON)), item[0]))
        return tuple(
            name
            for name, entry in entries
            if (has_ld or not entry.needs_ld)
            and (has_positions or not entry.needs_positions)
            and (entry.max_variants != 1 or n_variants <= 1)
            and (name not in DECLARED_ONLY or name in names)
        )
    return names


def resolve_calls(text: str, pair: Instruments, profile: Profile) -> tuple[str, ...]:
    """Return calls of a package from ``all`` or a list with commas; parameters and errors as above.

    Parameters
    ----------
    text : str
        As typed by the user.
    pair : Instruments
        Data at hand.
    profile : {"twosamplemr", "mendelianrandomization"}
        The package.
    """
    entries = PROFILES[profile]
    names = _split(text)
    if any(name.lower() == "all" for name in names):
        return tuple(
            e.call
            for e in entries
            if (pair.ld_r is not None or not ESTIMATORS[e.method].needs_ld)
            and (ESTIMATORS[e.method].max_variants != 1 or pair.n_variants <= 1)
        )
    calls = {entry.call: entry.method for entry in entries}
    spelled = {_bare(call): call for call in calls}
    names = tuple(dict.fromkeys(spelled.get(_bare(name), name) for name in names))
    for name in names:
        alike = [call for call, method in calls.items() if method == name]
        if name not in calls and alike:
            hint = f"With --as {profile}, its own calls are asked for: {', '.join(alike)}"
            raise UnknownNameError(
                Fault("unknown_method", "--methods", f"'{name}', a method of osteobiome", "a call of the package", hint)
            )
    return names


def _with_hint(fault: Fault, name: str) -> Fault:
    """Return the fault of an unknown method with what the name may have meant: a call of an R package."""
    fault = replace(fault, expected="all, or some of " + ", ".join(sorted(ESTIMATORS)))
    for profile, entries in PROFILES.items():
        ours = next((entry.method for entry in entries if entry.call == name), None)
        if ours is not None:
            return replace(fault, hint=f"Did you mean '{ours}'? As the R package has it: --as {profile}")
    return fault


def _bare(call: str) -> str:
    """Return a call without what R does not care for: blanks, kind of quotes, empty brackets; and without case."""
    return re.sub(r"\s|\(\)", "", call).replace("'", '"').lower()


def _split(text: str) -> tuple[str, ...]:
    """Return what stands between commas outside of brackets, each once."""
    parts = (part.strip() for part in _COMMA.split(text))
    whole = (
        part[1:-1].strip() if len(part) > 1 and part[0] == part[-1] and part[0] in "'\"" else part for part in parts
    )
    names = tuple(dict.fromkeys(part for part in whole if part))
    if not names:
        raise SchemaError(Fault("no_method", "--methods", "no name", "all, or names separated by commas"))
    return names


def estimate_table(
    path: Path,
    *,
    methods: str = "all",
    ld: Path | None = None,
    max_bad_rows: float = 0.05,
    seed: int = 1,
    quantitative: bool = False,
    profile: Profile | None = None,
    with_sensitivity: bool = False,
    n_exposure: float | None = None,
    n_outcome: float | None = None,
    progress: Progress = SILENT,
) -> TableResult:
    """Estimate from a table of one harmonised pair.

    Parameters
    ----------
    path : pathlib.Path
        Table of a pair, as :func:`osteobiome.mr.pair_table.read_pair` takes it.
    methods : str
        ``all`` or names separated by commas; of a profile, calls such as ``mr_ivw``.
    ld : pathlib.Path, optional
        Square table of signed r, one row per row of the table, counted in the effect alleles; names are checked.
    max_bad_rows : float
        Share of rows that one fault may take.
    seed : int
        Seed of the methods that draw random numbers.
    quantitative : bool
        Both traits are quantitative: the direction is tested, too. (Of log odds the scale is not known from a table.)
    profile : {"twosamplemr", "mendelianrandomization"}, optional
        Estimate with the conventions of this R package (:mod:`osteobiome.mr.profiles`).
    with_sensitivity : bool
        Whether further checks are worked out (:mod:`osteobiome.mr.sensitivity`).
    n_exposure, n_outcome : float, optional
        People of each study, where the table does not say.
    progress : Progress
        Told of every method that has run.

    Returns
    -------
    TableResult
        Estimates with status, row report, variants, checks.

    Raises
    ------
    InputFileError, SchemaError, UnknownNameError
        The table, the matrix or a method name is unusable.
    """
    if profile is not None and profile not in PROFILES:
        known = ", ".join(PROFILES)
        raise UnknownNameError(Fault("unknown_profile", "profile", f"'{profile}'", known, nearest(profile, PROFILES)))
    table = read_pair(path, ld=ld, max_bad_rows=max_bad_rows, n_exposure=n_exposure, n_outcome=n_outcome)
    pair = table.pair
    parts = _parts(pair, methods, profile)
    progress.start(len(parts) + len(CHECKS_BESIDE) + with_sensitivity)
    estimates = list(_estimates(pair, parts, profile, seed, progress))
    beside = {}
    for name, check in CHECKS_BESIDE.items():
        beside[name] = check(pair)
        progress.advance(name.replace("_", " "), "ok")
    found: Sensitivity | str = ""
    if with_sensitivity:
        found = LINKED if largest_r(pair) > CORRELATED else sensitivity(pair, seed=seed)
        progress.advance("further checks", "ok")
    return TableResult(
        table.rows,
        tuple(estimates),
        _uncorrelated(estimates, profile),
        pair,
        beside["influence"],
        beside["leave_one_out"],
        _direction_and_power(pair, profile, quantitative=quantitative),
        found,
        _differences(estimates, profile, quantitative=quantitative),
        table.unused,
        str(path),
        seed,
    )


CHECKS_BESIDE: dict[str, Callable[[Instruments], TableRows]] = {
    "influence": influence,
    "leave_one_out": lambda pair: leave_one_out(pair, method="ivw" if pair.ld_r is None else "ivw_ld"),
}
"""Tables of single variants that stand beside the estimates."""


def _direction_and_power(
    pair: Instruments, profile: Profile | None, *, quantitative: bool
) -> tuple[tuple[str, Test], ...]:
    """Return the checks on the pair as a whole; TwoSampleMR's Steiger test does not take off chance."""
    facts = TraitFacts(), TraitFacts()
    checks = [("power", test) for test in power(pair, *facts) if test.name == "minimum_detectable_effect"]
    if quantitative:
        checks += [("steiger", test) for test in steiger(pair, *facts, take_off_chance=profile != "twosamplemr")]
    return tuple((name, replace(test, message=_of_the_command(test.message))) for name, test in checks)


def _of_the_command(message: str) -> str:
    """Return a message with what to do in the words of the command."""
    side = "exposure" if "for exposure " in message else "outcome"
    for theirs, ours in OF_THE_COMMAND.items():
        message = message.replace(theirs, ours.format(side=side))
    return message


def _differences(estimates: Sequence[Estimate], profile: Profile | None, *, quantitative: bool) -> dict[str, str]:
    """Return where estimates and tests differ from those of the package on purpose."""
    if profile is None:
        return {}
    shown = {estimate.method for estimate in estimates if estimate.beta is not None}
    found = {entry.call: entry.differs for entry in PROFILES[profile] if entry.call in shown and entry.differs}
    if quantitative and profile == "twosamplemr":
        found["directionality_test"] = STEIGER
    return found


def _parts(pair: Instruments, methods: str, profile: Profile | None) -> list[tuple[str, ...]]:
    """Return the methods in the parts in which they are run: one by one, to tell of progress.

    Pairs and methods have random streams of their own, so that this is the same as all at once.
    """
    if profile is not None:
        return [(call,) for call in resolve_calls(methods, pair, profile)]
    has_positions = pair.chromosome is not None and pair.position is not None
    has_ld = pair.ld_r is not None
    names = resolve_methods(methods, n_variants=pair.n_variants, has_ld=has_ld, has_positions=has_positions)
    # of one variant there is one estimate, whichever methods were asked for
    return [names] if pair.n_variants == 1 else [(name,) for name in names]


def _estimates(
    pair: Instruments, parts: Sequence[tuple[str, ...]], profile: Profile | None, seed: int, progress: Progress
) -> Iterator[Estimate]:
    """Yield the estimates of one part after the other."""
    for names in parts:
        if profile is None:
            found = grid([pair], names, seed=seed)[0]
        else:
            found = run_profile(pair, profile, methods=names, seed=seed)
        for estimate in found:
            progress.advance(estimate.method, str(estimate.status))
            yield replace(estimate, message=_of_the_command(estimate.message))


def _uncorrelated(estimates: Sequence[Estimate], profile: Profile | None) -> tuple[str, ...]:
    """Return which estimates count variants as independent."""
    # of one variant the Wald ratio stands in for whatever was asked for, so names are those of what ran
    ours = {} if profile is None else {entry.call: entry.method for entry in PROFILES[profile]}
    return tuple(e.method for e in estimates if not ESTIMATORS[ours.get(e.method, e.method)].needs_ld)


def _without(row: dict[str, object], names: tuple[str, ...]) -> dict[str, object]:
    return {key: value for key, value in row.items() if key not in names}
