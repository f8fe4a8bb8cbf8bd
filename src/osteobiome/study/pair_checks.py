"""What is looked at in every pair besides its estimates: influence, leave-one-out, direction, power."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osteobiome.core.estimate import Estimate, Status, Test
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

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osteobiome.instruments import Instruments

METHODS: tuple[tuple[str, str, str], ...] = (
    ("leave_one_out", "Leave-one-out estimates", "10.1093/ije/dyv080"),
    ("influence", "Cook's distance, studentised residuals and contributions to Q", "10.1080/00401706.1977.10489493"),
    ("steiger", "Steiger direction test", "10.1371/journal.pgen.1007081"),
    ("power", "Power and smallest detectable effect", "10.1093/ije/dyu005"),
)
"""Name, label and DOI of each check, for the table of methods."""
DOUBTS = ("variants_close_together", "too_little_scatter")
"""Diagnostics that are there only if something is wrong; an estimate with one of them is no finding."""


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
        return any(row["name"] in DOUBTS for row in self.diagnostics)


def check_pair(
    pair: Instruments, shown: Estimate, *, family: str, primary: str, traits: Mapping[str, Mapping[str, Any]]
) -> PairChecks:
    """Run every check on one pair.

    Parameters
    ----------
    pair : Instruments
        Harmonised pair, with its LD matrix if the family has one.
    shown : Estimate
        Primary estimate of the pair, or what stands in for it.
    family, primary : str
        Id of the family and its primary estimator.
    traits : mapping
        Facts of the traits: type, n, n_cases, prevalence.
    """
    method = refitted(primary, pair)
    rows = (
        leave_one_out(pair, method=method, family=family),
        leave_one_locus_out(pair, method=method, family=family),
    )
    facts = _facts(traits[pair.exposure]), _facts(traits[pair.outcome])
    effects = influence(pair, family=family)
    tests = {
        "independence": independence(pair, shown),
        "steiger": steiger(pair, *facts),
        "power": power(pair, *facts),
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
