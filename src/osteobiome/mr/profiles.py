"""Compatibility profiles: the methods of two R packages by our estimators, with the conventions of each package.

A reviewer who ran the package can put its table beside ours. Every entry says where the numbers differ on purpose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.core.errors import EstimationError, Fault, UnknownNameError, nearest
from osteobiome.core.estimate import Estimate, Status, Test, failed
from osteobiome.mr.registry import ESTIMATORS
from osteobiome.mr.scaled import concluded, labelled
from osteobiome.stats.tails import neg_log10_p_chi2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments

Profile = Literal["twosamplemr", "mendelianrandomization"]
VERSIONS: dict[Profile, str] = {
    "twosamplemr": "TwoSampleMR 0.7.9",
    "mendelianrandomization": "MendelianRandomization 0.10.0",
}
"""Releases whose numbers were compared."""
FEW = 3
"""MendelianRandomization's default model is fixed effects for this many variants or fewer."""
FIXED: Mapping[str, object] = {"model": "fixed"}
UNFLOORED: Mapping[str, object] = {"model": "multiplicative_unfloored"}
NORMAL: Mapping[str, object] = {"distribution": "normal"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One method of an R package.

    Parameters
    ----------
    call : str
        Function of the package, with the arguments that are not its defaults.
    label : str
        Name in the package's tables.
    method : str
        Our estimator.
    options : mapping
        Its options.
    few : mapping
        Options that are added for three variants or fewer.
    min_variants : int
        Fewer give no number in the package, although our estimator may have one.
    differs : str
        What is not as in the package, and why, or what is odd in the package (``UNITS``); empty if neither.
    finish : callable, optional
        Last step that only this package takes.
    """

    call: str
    label: str
    method: str
    options: Mapping[str, object] = field(default_factory=dict)
    few: Mapping[str, object] = field(default_factory=dict)
    min_variants: int = 1
    differs: str = ""
    finish: Callable[[Instruments, Estimate], Estimate] | None = None


def _divided_by_scatter(inst: Instruments, estimate: Estimate) -> Estimate:
    """Return the estimate with the standard error of ``mr_uwr``: over the scatter of the residuals, if that is below 1.

    The scatter is in outcome units, so that the result depends on them.
    """
    assert estimate.beta is not None
    assert estimate.se is not None
    residual = inst.beta_outcome - estimate.beta * inst.beta_exposure
    scatter = math.sqrt(float(np.sum(np.square(residual))) / (inst.n_variants - 1))
    if scatter == 0.0:
        return estimate
    return concluded(
        inst,
        estimate.method,
        beta=estimate.beta,
        se=estimate.se / min(1.0, scatter),
        level=estimate.level,
        tests=estimate.diagnostics,
    )


def _wider_of_two(inst: Instruments, estimate: Estimate) -> Estimate:
    """Return the estimate with the interval and p of ``mr_egger(distribution="t-dist")`` if residuals scatter little.

    With a residual standard error below 1 the package takes the wider of the normal interval and of the t interval
    whose standard error is multiplied by it, and the larger of both p values.
    """
    test = estimate.diagnostic("rucker_q")
    scatter = math.sqrt((test.statistic or 0.0) / (inst.n_variants - 2.0)) if test is not None else 1.0
    if scatter >= 1.0:
        return estimate
    assert estimate.beta is not None
    assert estimate.se is not None
    df = inst.n_variants - 2.0
    beta, se, level = estimate.beta, estimate.se, estimate.level
    normal = concluded(inst, estimate.method, beta=beta, se=se, level=level)
    smaller = concluded(inst, estimate.method, beta=beta, se=se * scatter, level=level, df=df)
    assert normal.ci_low is not None
    assert smaller.ci_low is not None
    wider = normal if normal.ci_low <= smaller.ci_low else smaller
    scores = [s for s in (normal.neg_log_10_p_value, smaller.neg_log_10_p_value) if s is not None]
    return replace(
        estimate, ci_low=wider.ci_low, ci_high=wider.ci_high, ci_set=wider.ci_set, neg_log_10_p_value=min(scores)
    )


def _p_by_share(_: Instruments, estimate: Estimate) -> Estimate:
    """Return the estimate with the p value of ``mr_egger_regression_bootstrap``: the share of draws beyond 0."""
    test = estimate.diagnostic("slope_other_sign")
    assert test is not None
    share = test.statistic or 0.0
    return replace(estimate, neg_log_10_p_value=-math.log10(share) if share > 0.0 else math.inf)


def _q_of_residuals(name: str, residual: NDArray[np.float64], df: int) -> Test:
    """Return a sum of squared residuals as the package tests it."""
    q = float(np.sum(np.square(residual)))
    return Test(name, q, float(df), float(neg_log10_p_chi2(q, float(df))), "all variants estimate one causal effect")


def _with_q_of_scale(inst: Instruments, estimate: Estimate) -> Estimate:
    """Return the estimate with the heterogeneity of ``mr_ivw(robust=TRUE)``: n - 1 times the squared robust scale."""
    test = estimate.diagnostic("residual_standard_error")
    df = inst.n_variants - 1
    scale = (test.statistic if test is not None else None) or 0.0
    q = _q_of_residuals("cochran_q", np.full(df, scale), df)
    return replace(estimate, diagnostics=(*estimate.diagnostics, q))


def _with_q_of_line(inst: Instruments, estimate: Estimate) -> Estimate:
    """Return the estimate with the heterogeneity of ``mr_egger(robust=TRUE)``, that of the robust line."""
    test = estimate.diagnostic("egger_intercept")
    intercept = (test.estimate if test is not None else None) or 0.0
    turned = np.where(inst.beta_exposure < 0.0, -1.0, 1.0) * inst.beta_outcome
    residual = (turned - intercept - (estimate.beta or 0.0) * np.abs(inst.beta_exposure)) / inst.se_outcome
    q = _q_of_residuals("rucker_q", residual, inst.n_variants - 2)
    return replace(estimate, diagnostics=(*estimate.diagnostics, q))


def _as_unweighted(inst: Instruments, estimate: Estimate) -> Estimate:
    """Return the estimate with standard error and heterogeneity of ``mr_uwr``, both in units of the outcome."""
    result = _divided_by_scatter(inst, estimate)
    residual = inst.beta_outcome - (estimate.beta or 0.0) * inst.beta_exposure
    q = _q_of_residuals("cochran_q", residual, inst.n_variants - 1)
    return replace(result, diagnostics=(*result.diagnostics, q))


GRID = "the package searches a grid of step 0.01; ours is the exact maximum, at most one step away and never lower"
STOPS_EARLY = "the package's optimiser stops before the maximum; ours is the maximum, and Q is lower or equal"
UNITS = "as the package has it: its standard error and Q change with the unit of the outcome"
ROOT = "equal within the package's stopping rule of about 1e-6"
MONTE_CARLO = "estimate equal; the standard error comes from draws on both sides"
FIT_OF_DRAWS = (
    "all numbers come from draws; the tests of fit compare the variance of the draws with another expectation, as that "
    "of the package rejects valid variants of low F too often"
)
STEIGER = (
    "the package takes variance explained from p values where a table has them, ours from effects and standard errors: "
    "equal as far as p is rounded"
)
DESCENT = "equal within the package's stopping rule; it may miss the optimum, which search='global' finds"

TWOSAMPLEMR: tuple[Entry, ...] = (
    Entry("mr_wald_ratio", "Wald ratio", "wald_ratio"),
    Entry("mr_two_sample_ml", "Maximum likelihood", "maximum_likelihood", FIXED, min_variants=2, differs=STOPS_EARLY),
    Entry("mr_egger_regression", "MR Egger", "egger"),
    Entry(
        "mr_egger_regression_bootstrap",
        "MR Egger (bootstrap)",
        "egger_bootstrap",
        {"line": "products", "centre": "draws"},
        differs="all numbers come from draws; p is the share of draws on the other side of 0, and one-sided",
        finish=_p_by_share,
    ),
    Entry("mr_simple_median", "Simple median", "simple_median", differs=MONTE_CARLO),
    Entry("mr_weighted_median", "Weighted median", "weighted_median", {"weights": "second_order"}, differs=MONTE_CARLO),
    Entry(
        "mr_penalised_weighted_median",
        "Penalised weighted median",
        "penalised_weighted_median",
        {"weights": "second_order"},
        differs=MONTE_CARLO,
    ),
    Entry("mr_ivw", "Inverse variance weighted", "ivw", min_variants=2),
    Entry("mr_ivw_radial", "IVW radial", "ivw_radial", {"model": "multiplicative_unfloored"}, min_variants=2),
    Entry(
        "mr_ivw_mre",
        "Inverse variance weighted (multiplicative random effects)",
        "ivw",
        {"model": "multiplicative_unfloored"},
        min_variants=2,
    ),
    Entry("mr_ivw_fe", "Inverse variance weighted (fixed effects)", "ivw", FIXED, min_variants=2),
    Entry("mr_simple_mode", "Simple mode", "simple_mode", differs=MONTE_CARLO),
    Entry("mr_weighted_mode", "Weighted mode", "weighted_mode", differs=MONTE_CARLO),
    Entry("mr_weighted_mode_nome", "Weighted mode (NOME)", "weighted_mode_nome", differs=MONTE_CARLO),
    Entry("mr_simple_mode_nome", "Simple mode (NOME)", "simple_mode_nome", differs=MONTE_CARLO),
    Entry("mr_raps", "Robust adjusted profile score (RAPS)", "raps", {"form": "observed"}, differs=ROOT),
    Entry("mr_uwr", "Unweighted regression", "ivw_unweighted", differs=UNITS, finish=_as_unweighted),
    Entry("mr_grip", "MR GRIP", "grip", {"model": "multiplicative_unfloored"}),
)
"""Methods of TwoSampleMR, in the order of its list."""

MENDELIANRANDOMIZATION: tuple[Entry, ...] = (
    Entry("mr_ivw", "IVW", "ivw", few=FIXED),
    Entry('mr_ivw(model="fixed")', "IVW", "ivw", FIXED),
    Entry('mr_ivw(model="random")', "IVW", "ivw"),
    Entry('mr_ivw(distribution="t-dist")', "IVW", "ivw", {"distribution": "t"}, few=FIXED),
    Entry('mr_ivw(weights="delta")', "IVW", "ivw", {"weights": "second_order"}, few=FIXED),
    Entry("mr_ivw(correl=TRUE)", "IVW", "ivw_ld", few=FIXED),
    Entry("mr_ivw(penalized=TRUE)", "Penalized IVW", "ivw_penalised", few=FIXED),
    Entry("mr_ivw(robust=TRUE)", "Robust IVW", "ivw_robust", UNFLOORED, few=FIXED, finish=_with_q_of_scale),
    Entry("mr_ivw(robust=TRUE, penalized=TRUE)", "Penalized robust IVW", "ivw_robust_penalised", UNFLOORED, few=FIXED),
    Entry("mr_egger", "MR-Egger", "egger", NORMAL),
    Entry('mr_egger(distribution="t-dist")', "MR-Egger", "egger", finish=_wider_of_two),
    Entry("mr_egger(correl=TRUE)", "MR-Egger", "egger_ld", NORMAL),
    Entry("mr_egger(penalized=TRUE)", "Penalized MR-Egger", "egger_penalised"),
    Entry("mr_egger(robust=TRUE)", "Robust MR-Egger", "egger_robust", UNFLOORED, finish=_with_q_of_line),
    Entry('mr_median(weighting="simple")', "Simple median", "simple_median", differs=MONTE_CARLO),
    Entry("mr_median", "Weighted median", "weighted_median", differs=MONTE_CARLO),
    Entry(
        'mr_median(weighting="penalized")',
        "Penalized weighted median",
        "penalised_weighted_median",
        differs=MONTE_CARLO,
    ),
    Entry("mr_mbe", "MBE", "weighted_mode", NORMAL, differs=MONTE_CARLO),
    Entry('mr_mbe(stderror="simple")', "MBE", "weighted_mode_nome", NORMAL, differs=MONTE_CARLO),
    Entry('mr_mbe(weighting="unweighted")', "MBE", "simple_mode", NORMAL, differs=MONTE_CARLO),
    Entry('mr_mbe(weighting="unweighted", stderror="simple")', "MBE", "simple_mode_nome", NORMAL, differs=MONTE_CARLO),
    Entry("mr_maxlik", "Maximum likelihood", "maximum_likelihood", few=FIXED, differs=STOPS_EARLY),
    Entry('mr_maxlik(model="fixed")', "Maximum likelihood", "maximum_likelihood", FIXED, differs=STOPS_EARLY),
    Entry(
        "mr_maxlik(correl=TRUE)",
        "Maximum likelihood",
        "maximum_likelihood_ld",
        few=FIXED,
        differs=STOPS_EARLY,
    ),
    Entry("mr_divw", "dIVW", "divw"),
    Entry("mr_divw(over.dispersion=FALSE)", "dIVW", "divw", {"overdispersion": False}),
    Entry("mr_pivw(Boot.Fieller=FALSE)", "pIVW", "pivw"),
    Entry("mr_conmix", "ConMix", "contamination_mixture", {"overdispersion_in_p": "multiplied"}, differs=GRID),
    Entry("mr_lasso", "MR-Lasso", "lasso"),
    Entry("mr_cML(DP=FALSE)", "cML-MA", "cml_ma_bic", {"search": "descent"}, differs=DESCENT),
    Entry("mr_cML(MA=FALSE, DP=FALSE)", "cML-BIC", "cml_bic", {"search": "descent"}, differs=DESCENT),
    Entry("mr_cML", "cML-MA-DP", "cml_ma_bic_dp", {"search": "descent"}, differs=FIT_OF_DRAWS),
)
"""Methods of MendelianRandomization with the arguments that make a difference."""

PROFILES: dict[Profile, tuple[Entry, ...]] = {
    "twosamplemr": TWOSAMPLEMR,
    "mendelianrandomization": MENDELIANRANDOMIZATION,
}
NOT_COVERED: dict[Profile, dict[str, str]] = {
    "twosamplemr": {
        "mr_sign": "a test without an effect and its error: osteobiome.mr.checks.sign.sign_test has its numbers",
    },
    "mendelianrandomization": {
        "mr_pivw": "its default interval is a bootstrap one; mr_pivw(Boot.Fieller=FALSE) is covered",
        "mr_hetpen": "not implemented: an average over all subsets of variants",
        "mr_pcgmm": "not implemented: principal components of correlated variants",
    },
}
"""Functions of the packages that have no entry, and why."""
_OF_TEN_THOUSAND = ("simple_median", "weighted_median", "penalised_weighted_median", "weighted_mode", "simple_mode")
DRAWS: dict[Profile, dict[str, int]] = {
    "twosamplemr": {},
    "mendelianrandomization": dict.fromkeys((*_OF_TEN_THOUSAND, "weighted_mode_nome", "simple_mode_nome"), 10_000),
}
"""Draws that the packages take by default, where they are not our defaults."""


def as_twosamplemr(inst: Instruments, *, methods: Sequence[str] | None = None, seed: int = 1) -> list[Estimate]:
    """Estimate as TwoSampleMR does.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    methods : sequence of str, optional
        Functions of the package such as ``mr_ivw``; left out, all that are covered.
    seed : int
        Seed of methods that draw.

    Returns
    -------
    list of Estimate
        One per method, named as in the package; a status where it has no number.

    Raises
    ------
    UnknownNameError
        The profile has no such function.

    Notes
    -----
    IVW has a floor on the scatter (``mr_ivw``) or none (``mr_ivw_mre``), normal p values, medians have second-order
    weights, MR-Egger and modes t with n - 2 and n - 1 degrees of freedom, each as :data:`TWOSAMPLEMR` lists.

    References
    ----------
    Hemani et al. 2018, doi:10.7554/eLife.34408

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3], [0.01] * 3, [0.05, 0.11, 0.14], [0.02] * 3)
    >>> print(*as_twosamplemr(pair, methods=["mr_ivw", "mr_ivw_mre"]), sep="; ")
    mr_ivw: 0.4929 (se 0.0535, 3 variants); mr_ivw_mre: 0.4929 (se 0.0262, 3 variants)
    """
    return run_profile(inst, "twosamplemr", methods=methods, seed=seed)


def as_mendelianrandomization(
    inst: Instruments, *, methods: Sequence[str] | None = None, seed: int = 1
) -> list[Estimate]:
    """Estimate as MendelianRandomization does.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair; with ``ld_r`` for the calls with ``correl=TRUE``.
    methods : sequence of str, optional
        Calls such as ``mr_ivw`` or ``mr_ivw(model="fixed")``; left out, all that are covered, those with an LD matrix
        only if there is one.
    seed : int
        Seed of methods that draw.

    Returns
    -------
    list of Estimate
        One per method, named as in the package; a status where it has no number.

    Raises
    ------
    UnknownNameError
        The profile has no such call.

    Notes
    -----
    IVW and maximum likelihood are fixed-effect for three variants or fewer; p values are normal unless ``t-dist`` is
    asked for; weighted medians have first-order weights. Where an exposure effect is exactly 0, MR-Egger of the package
    takes the outcome effect as 0, too; ours takes it as given.

    References
    ----------
    Yavorska & Burgess 2017, doi:10.1093/ije/dyx034

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3], [0.01] * 3, [0.05, 0.19, 0.14], [0.02] * 3)
    >>> print(*as_mendelianrandomization(pair, methods=["mr_ivw", 'mr_ivw(model="random")']), sep="; ")
    mr_ivw: 0.6071 (se 0.0535, 3 variants); mr_ivw(model="random"): 0.6071 (se 0.153, 3 variants)
    """
    return run_profile(inst, "mendelianrandomization", methods=methods, seed=seed)


def run_profile(
    inst: Instruments, profile: Profile, *, methods: Sequence[str] | None = None, seed: int = 1
) -> list[Estimate]:
    """Estimate with the conventions of a package; see :func:`as_twosamplemr`.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    profile : {"twosamplemr", "mendelianrandomization"}
        Package.
    methods : sequence of str, optional
        Calls of the package; left out, all that are covered. A string is one call.
    seed : int
        Seed of methods that draw.
    """
    if isinstance(methods, str):
        methods = [methods]
    if profile not in PROFILES:
        known = ", ".join(PROFILES)
        raise UnknownNameError(Fault("unknown_profile", "profile", f"'{profile}'", known, nearest(profile, PROFILES)))
    entries = {entry.call: entry for entry in PROFILES[profile]}
    if methods is None:
        methods = [
            call for call, entry in entries.items() if inst.ld_r is not None or not ESTIMATORS[entry.method].needs_ld
        ]
    return [_run(inst, _entry(entries, call, profile), DRAWS[profile], seed) for call in methods]


def _entry(entries: Mapping[str, Entry], call: str, profile: Profile) -> Entry:
    """Return the entry of a call, or raise with the reason why there is none."""
    if call in entries:
        return entries[call]
    why = NOT_COVERED[profile].get(call, "one of " + ", ".join(entries))
    raise UnknownNameError(Fault("unknown_method", f"profile {profile}", f"'{call}'", why, nearest(call, entries)))


def _run(inst: Instruments, entry: Entry, draws: Mapping[str, int], seed: int) -> Estimate:
    """Return one estimate, named as the call."""
    options = dict(entry.options)
    if inst.n_variants <= FEW:
        options.update(entry.few)
    estimator = ESTIMATORS[entry.method]
    if estimator.stochastic:
        options["seed"] = seed
    if entry.method in draws:
        options["n_bootstrap"] = draws[entry.method]
    if 0 < inst.n_variants < entry.min_variants:
        return labelled(failed(entry.call, Status.TOO_FEW_INSTRUMENTS, n_variants=inst.n_variants), inst)
    try:
        estimate = estimator.function(inst, **options)
        if entry.finish is not None:
            estimate = entry.finish(inst, estimate)
    except EstimationError as error:
        words = error.faults[0].found
        return labelled(failed(entry.call, Status(error.status), n_variants=inst.n_variants, message=words), inst)
    return replace(estimate, method=entry.call)
