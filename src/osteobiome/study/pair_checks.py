"""What is looked at in every pair besides its estimates: influence, leave-one-out, direction, power."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from osteobiome.core.estimate import DOUBT, DOUBTS, NULL_LEADS_DOUBT, Estimate, Status, Test
from osteobiome.core.text import count
from osteobiome.mr import ESTIMATORS, grid
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
    ("expected_null_leads", "Instruments to expect by chance", "10.1002/gepi.20303"),
    ("beta_conditional", "Effects conditional on having passed the threshold", "10.1016/j.ajhg.2008.03.002"),
    ("beta_fiqt", "Effects corrected by false discovery rates (FIQT)", "10.1093/bioinformatics/btw303"),
    ("beta_empirical_bayes", "Effects corrected by empirical Bayes (Tweedie)", "10.1198/jasa.2011.tm11181"),
    ("power", "Power and smallest detectable effect", "10.1093/ije/dyu005"),
)
"""Name, label and DOI of each check, for the table of methods."""
NULL_LEADS_METHOD = "null_leads"
"""Method of the diagnostics about instruments to expect by chance."""
POWER_NAMES = ("minimum_detectable_effect", "minimum_detectable_effect_with_scatter")
NO_POWER = "Not estimable: correlated variants seem to be counted as independent, so no standard error can be trusted."


@dataclass(frozen=True, slots=True)
class NullLeads:
    """Instruments of an exposure that chance yields at its threshold.

    Parameters
    ----------
    expected : float, optional
        Number to expect where nothing is associated; None if nobody can tell.
    found : int
        Number selected.
    is_exploratory : bool
        More than half as many are expected as were found, or a relaxed threshold and no expectation.
    """

    expected: float | None
    found: int
    is_exploratory: bool


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
    null_leads : mapping of NullLeads
        Instruments of each exposure to expect by chance, where that is known.
    """

    family: str
    primary: str
    traits: Mapping[str, Mapping[str, Any]]
    is_lowered: bool = False
    clumped: frozenset[str] = frozenset()
    null_leads: Mapping[str, NullLeads] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PairChecks:
    """Results of the checks of one pair.

    Parameters
    ----------
    influence, leave_one_out : TableRows
        Rows of the tables of the same names.
    diagnostics : list of dict
        Rows of the table ``diagnostics``; their ``method`` is the name of the check: ``independence``, ``steiger``,
        ``steiger_filter``, ``known_loci``, ``null_leads``, ``power``, ``influence`` or ``leave_one_locus_out``.
    """

    influence: TableRows
    leave_one_out: tuple[TableRows, ...]
    diagnostics: list[dict[str, object]]

    @property
    def is_doubtful(self) -> bool:
        """Whether the pair can be no finding: correlated variants counted twice, or instruments that may be noise."""
        return any(row["name"] in DOUBTS for row in self.diagnostics)


def check_pair(
    pair: Instruments,
    shown: Estimate,
    *,
    context: CheckContext,
    unfiltered: Instruments | None = None,
    filter_problem: str = "",
    outside_known_loci: Instruments | None = None,
) -> PairChecks:
    """Run every check on one pair, on the variants and in the model that its primary estimate used.

    Parameters
    ----------
    pair : Instruments
        Harmonised pair, with its LD matrix if the family has one; exposure effects as the family states them.
    shown : Estimate
        Primary estimate of the pair, or what stands in for it.
    context : CheckContext
        What the family declares and what is known of the traits.
    unfiltered : Instruments, optional
        The pair before the Steiger filter, if that dropped variants.
    filter_problem : str
        Why the filter could not look at the variants.
    outside_known_loci : Instruments, optional
        The variants outside of loci known to act on many traits, if some are inside.
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
    facts = facts_of(context.traits[pair.exposure]), facts_of(context.traits[pair.outcome])
    tests = {
        "independence": signs,
        "steiger_filter": _steiger_filter(shown, unfiltered, filter_problem),
        "known_loci": _known_loci(shown, outside_known_loci),
        NULL_LEADS_METHOD: _null_leads(context.null_leads.get(pair.exposure)),
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


def _steiger_filter(shown: Estimate, unfiltered: Instruments | None, problem: str) -> tuple[Test, ...]:
    """Return the estimate without the filter, which moves estimates in a direction known beforehand."""
    if problem:
        return (Test("steiger_filter", None, message=f"Not applied. {problem}"),)
    if unfiltered is None:
        return ()
    return (_refitted("without_steiger_filter", shown, unfiltered),)


def _known_loci(shown: Estimate, outside: Instruments | None) -> tuple[Test, ...]:
    """Return the estimate without variants in known pleiotropic loci, if some are there."""
    return () if outside is None else (_refitted("without_known_loci", shown, outside),)


def _refitted(name: str, shown: Estimate, pair: Instruments) -> Test:
    """Return what the estimator of a pair makes of other variants."""
    name = f"estimate_{name}"
    if not pair.n_variants:
        return Test(name, None, message="No variant is left.")
    entry = ESTIMATORS[shown.method]
    if entry.stochastic or (entry.needs_ld and pair.ld_r is None):
        return Test(name, None, message="Not worked out for this estimator.")
    method = "ivw" if entry.max_variants == 1 and pair.n_variants > 1 else shown.method
    method = "wald_ratio" if pair.n_variants == 1 and not entry.needs_ld else method
    (found,) = grid([pair], [method])[0]
    return Test(name, None, estimate=found.beta, se=found.se, message="" if found.beta is not None else found.message)


def _null_leads(leads: NullLeads | None) -> tuple[Test, ...]:
    """Return how many instruments are expected by chance, and the doubt that too many of them are."""
    if leads is None:
        return ()
    if leads.expected is None:
        text = "at its relaxed threshold nobody can tell how many instruments chance yields"
        return (Test(NULL_LEADS_DOUBT, None, message=text),) if leads.is_exploratory else ()
    expected = Test("expected_null_leads", leads.expected)
    if not leads.is_exploratory:
        return (expected,)
    text = f"{leads.expected:.2g} of its {count(leads.found, 'instrument')} are to be expected by chance alone"
    return expected, Test(NULL_LEADS_DOUBT, None, message=text)


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


def facts_of(trait: Mapping[str, Any]) -> TraitFacts:
    """Return what the checks need to know about a trait, from the parameters of a task."""
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
