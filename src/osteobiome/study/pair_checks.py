"""What is looked at in every pair besides its estimates: influence, leave-one-out, direction, power."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from osteobiome.core.estimate import DOUBT, Estimate, Status, Test
from osteobiome.mr import ESTIMATORS
from osteobiome.mr.checks import (
    TableRows,
    TraitFacts,
    independence,
    influence,
    leave_one_locus_out,
    leave_one_out,
    power,
    steiger,
)
from osteobiome.mr.estimators.ivw_lead import lead_variants
from osteobiome.stats.power import minimum_detectable_effect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osteobiome.instruments import Instruments

METHODS: tuple[tuple[str, str, str], ...] = (
    ("leave_one_out", "Leave-one-out estimates", "10.7554/eLife.34408"),
    ("influence", "Cook's distance, studentised residuals and contributions to Q", "10.1080/00401706.1977.10489493"),
    ("steiger", "Steiger direction test", "10.1371/journal.pgen.1007081"),
    ("power", "Power and smallest detectable effect", "10.1093/ije/dyu005"),
)
"""Name, label and DOI of each check, for the table of methods."""
POWER_NAMES = ("minimum_detectable_effect", "minimum_detectable_effect_with_scatter")
NO_POWER = "Not estimable: correlated variants seem to be counted as independent, so no standard error can be trusted."


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What the checks of a family's pairs need to know.

    Parameters
    ----------
    family, primary : str
        Id of the family and its primary estimator.
    traits : mapping
        Facts of the traits: type, unit, n, n_cases, prevalence.
    is_lowered : bool
        Effects are stated per unit lower exposure.
    clumped : frozenset of str
        Exposures whose instruments were clumped by linkage disequilibrium.
    """

    family: str
    primary: str
    traits: Mapping[str, Mapping[str, Any]]
    is_lowered: bool = False
    clumped: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PairChecks:
    """Results of the checks of one pair.

    Parameters
    ----------
    influence, leave_one_out : TableRows
        Rows of the tables of the same names.
    diagnostics : list of dict
        Rows of the table ``diagnostics``; their ``method`` is ``independence``, ``steiger``, ``power``,
        ``influence`` or ``leave_one_locus_out``.
    """

    influence: TableRows
    leave_one_out: tuple[TableRows, ...]
    diagnostics: list[dict[str, object]]

    @property
    def is_doubtful(self) -> bool:
        """Whether correlated variants seem to have been counted as independent."""
        return any(row["name"] == DOUBT for row in self.diagnostics)


def check_pair(pair: Instruments, shown: Estimate, *, context: CheckContext) -> PairChecks:
    """Run every check on one pair, on the variants and in the model that its primary estimate used.

    Parameters
    ----------
    pair : Instruments
        Harmonised pair, with its LD matrix if the family has one; exposure effects as the family states them.
    shown : Estimate
        Primary estimate of the pair, or what stands in for it.
    context : CheckContext
        What the family declares and what is known of the traits.
    """
    family, used = context.family, _used(pair, shown)
    method = refitted(context.primary, pair)
    rows = (
        leave_one_out(pair, method=method, family=family),
        leave_one_locus_out(pair, method=method, family=family),
    )
    effects = influence(used, family=family)
    signs = independence(pair, shown, clumped=pair.exposure in context.clumped)
    is_doubtful = any(test.name == DOUBT for test in signs)
    # frequencies are those of the allele as in the files: per unit lower exposure the effect was turned, they were not
    natural = replace(used, beta_exposure=-used.beta_exposure) if context.is_lowered else used
    facts = _facts(context.traits[pair.exposure]), _facts(context.traits[pair.outcome])
    tests = {
        "independence": signs,
        "steiger": steiger(natural, *facts),
        "power": _power(natural, shown, facts, is_doubtful=is_doubtful),
    }
    diagnostics = [row for name, some in tests.items() for row in _rows(name, some, pair, family)]
    if pair.n_variants > 1:
        diagnostics += [
            row
            for name, some in (("leave_one_locus_out", rows[1]), ("influence", effects))
            if some.message
            for row in _rows(name, (Test(name, None, message=some.message),), pair, family)
        ]
    return PairChecks(effects, rows, diagnostics)


def _used(pair: Instruments, shown: Estimate) -> Instruments:
    """Return the variants that the primary estimate rests on."""
    if ESTIMATORS[shown.method].needs_positions and shown.status is Status.OK:
        return pair.subset(lead_variants(pair))
    return pair


def _power(
    pair: Instruments, shown: Estimate, facts: tuple[TraitFacts, TraitFacts], *, is_doubtful: bool
) -> tuple[Test, ...]:
    """Return the smallest detectable effects: by sampling error alone, by sizes, and by the error of the estimate."""
    if is_doubtful:
        return tuple(Test(name, None, message=NO_POWER) for name in POWER_NAMES)
    seen: tuple[Test, ...] = ()
    if shown.se is not None:
        seen = (Test(POWER_NAMES[1], float(minimum_detectable_effect(shown.se))),)
    return (*power(pair, *facts), *seen)


def refitted(primary: str, pair: Instruments) -> str:
    """Return the method of leave-one-out: the primary one, or IVW where that draws random numbers.

    Parameters
    ----------
    primary : str
        Primary estimator of the family.
    pair : Instruments
        Harmonised pair.
    """
    if not ESTIMATORS[primary].stochastic and ESTIMATORS[primary].max_variants != 1:
        return primary
    return "ivw" if pair.ld_r is None else "ivw_ld"


def _facts(trait: Mapping[str, Any]) -> TraitFacts:
    return TraitFacts(
        type=trait["type"],
        n=trait["n"],
        n_cases=trait["n_cases"],
        prevalence=trait["prevalence"],
        unit=trait["unit"],
    )


def _rows(method: str, tests: Sequence[Test], pair: Instruments, family: str) -> list[dict[str, object]]:
    """Return tests as rows of the table ``diagnostics``."""
    host = Estimate(
        method,
        Status.NO_COMMON_VARIANTS,  # a carrier of names only
        exposure=pair.exposure,
        outcome=pair.outcome,
        family=family,
        diagnostics=tuple(tests),
    )
    return host.diagnostic_dicts()
