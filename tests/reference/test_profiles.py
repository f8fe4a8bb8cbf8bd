"""Profiles of TwoSampleMR and MendelianRandomization: every frozen number of both packages that they cover."""

import dataclasses
import math

import numpy as np
import pytest

from osteobiome import mr
from osteobiome.core.errors import UnknownNameError
from osteobiome.core.estimate import Status
from osteobiome.instruments import Instruments
from osteobiome.mr.profiles import (
    DESCENT,
    GRID,
    MENDELIANRANDOMIZATION,
    MONTE_CARLO,
    NOT_COVERED,
    PROFILES,
    ROOT,
    STOPS_EARLY,
    TWOSAMPLEMR,
    UNITS,
    as_mendelianrandomization,
    as_twosamplemr,
    run_profile,
)
from osteobiome.mr.registry import ESTIMATORS
from osteobiome.stats.tails import neg_log10_p_normal, neg_log10_p_t

SETS = ("ldl_chd28", "hdl_chd28", "trig_chd28", "fg_t2d17", "sbp_cad121", "bmi_sbp24_p5e8")
SIZES = {"bmi_sbp24_p5e8": 80_000, "fg_t2d17": 69_033, "sbp_cad121": 184_305}
"""Sample sizes of the frozen cML calls; 17,723 for the lipids."""
CALLS = {
    "mr_ivw_default": "mr_ivw",
    "mr_ivw_fixed": 'mr_ivw(model="fixed")',
    "mr_ivw_random": 'mr_ivw(model="random")',
    "mr_ivw_t": 'mr_ivw(distribution="t-dist")',
    "mr_ivw_delta_weights": 'mr_ivw(weights="delta")',
    "mr_ivw_penalized": "mr_ivw(penalized=TRUE)",
    "mr_ivw_robust": "mr_ivw(robust=TRUE)",
    "mr_ivw_robust_penalized": "mr_ivw(robust=TRUE, penalized=TRUE)",
    "mr_egger_default": "mr_egger",
    "mr_egger_t": 'mr_egger(distribution="t-dist")',
    "mr_egger_penalized": "mr_egger(penalized=TRUE)",
    "mr_egger_robust": "mr_egger(robust=TRUE)",
    "mr_median_simple": 'mr_median(weighting="simple")',
    "mr_median_weighted": "mr_median",
    "mr_median_penalized": 'mr_median(weighting="penalized")',
    "mr_mbe_weighted_delta": "mr_mbe",
    "mr_mbe_unweighted_simple": 'mr_mbe(weighting="unweighted", stderror="simple")',
    "mr_maxlik_default": "mr_maxlik",
    "mr_maxlik_fixed": 'mr_maxlik(model="fixed")',
    "mr_divw": "mr_divw",
    "mr_divw_nooverdisp": "mr_divw(over.dispersion=FALSE)",
    "mr_pivw": "mr_pivw(Boot.Fieller=FALSE)",
    "mr_conmix": "mr_conmix",
    "mr_lasso": "mr_lasso",
    "mr_cML_MA_BIC": "mr_cML(DP=FALSE)",
    "mr_cML_BIC": "mr_cML(MA=FALSE, DP=FALSE)",
    "mr_cML_MA_BIC_DP": "mr_cML",
}
"""Frozen name of each call of MendelianRandomization."""
ELSEWHERE = {"mr_mbe_weighted_simple_phi0.5"}
"""Calls with an argument that is no default and not in the profile; compared in test_modes."""
OF_MM = 2e-6
"""lmrob stops at 1e-7; see test_penalised_and_robust."""


def key(frozen, *names):
    return next(frozen[name] for name in names if name in frozen)


def numbers(frozen):
    """Return estimate, standard error (None where there is none), ends (None ...) and p of a frozen result."""
    return (
        key(frozen, "b", "Estimate"),
        frozen.get("se", frozen.get("StdError", frozen.get("StdError.Est"))),
        frozen.get("CILower", frozen.get("CILower.Est")),
        frozen.get("CIUpper", frozen.get("CIUpper.Est")),
        key(frozen, "pval", "Pvalue", "Pvalue.Est"),
    )


def compare(check, call, estimate, frozen):
    """Compare everything; p underflows in the packages and is then compared on our side only."""
    beta, se, low, high, p = numbers(frozen)
    check.number(f"{call} estimate", estimate.beta, beta)
    check.number(f"{call} se", estimate.se, se)
    if low is not None:
        check.number(f"{call} low", estimate.ci_low, low)
        check.number(f"{call} high", estimate.ci_high, high)
    if p > 0.0:
        check.p_value(f"{call} p", estimate.neg_log_10_p_value, p)
    q, p_of_q = frozen.get("Heter.Stat") or (frozen.get("Q"), frozen.get("Q_pval"))
    if q is not None and "correl" not in call:
        test = next(t for t in estimate.diagnostics if t.name in ("cochran_q", "rucker_q"))
        check.number(f"{call} Q", test.statistic, q, atol=2 * OF_MM * q if "robust" in call else 0.0)
        if p_of_q > 0.0:  # where lmrob's digits end, so do those of a small p
            loose = pytest.approx(test.neg_log_10_p_value, rel=1e-5, abs=1e-9)
            assert -math.log10(p_of_q) == loose, call


def pair_of(data):
    pair = data.pair()
    n = SIZES.get(data.folder.name, 17_723)
    return dataclasses.replace(pair, n_exposure=np.full(pair.n_variants, float(n)))


def frozen_calls(data, entries, calls):
    """Return (entry, frozen) for every frozen result that a profile covers."""
    by_call = {entry.call: entry for entry in entries}
    return [(by_call[call], data.methods[name]) for name, call in calls.items() if name in data.methods]


TSMR_CALLS = {f"TwoSampleMR_{entry.call}": entry.call for entry in TWOSAMPLEMR}
PACKAGES = [("twosamplemr", TSMR_CALLS, 6), ("mendelianrandomization", CALLS, 6)]


@pytest.mark.parametrize(("profile", "calls", "least"), PACKAGES)
@pytest.mark.parametrize("name", SETS)
def test_profile__deterministic_methods_equal_the_package(load, comparison, profile, calls, least, name):
    data = load(name)
    found = [(e, f) for e, f in frozen_calls(data, PROFILES[profile], calls) if e.differs in ("", UNITS)]
    results = run_profile(pair_of(data), profile, methods=[entry.call for entry, _ in found])
    for (entry, frozen), estimate in zip(found, results, strict=True):
        check = comparison(data, rtol=OF_MM if "robust=TRUE" in entry.call else None)
        if "robust=TRUE" in entry.call:  # p on a logarithmic scale multiplies what lmrob leaves open
            frozen = frozen | {name: 0.0 for name in ("Pvalue", "Pvalue.Est") if name in frozen}
        if "penalized=TRUE" in entry.call:  # the package takes 2 (1 - Phi(z)), which keeps no digit below 1e-16
            check.number(f"{entry.call} p", estimate.p_value, numbers(frozen)[-1] or estimate.p_value, atol=4e-16)
            frozen = frozen | {name: 0.0 for name in ("Pvalue", "Pvalue.Est") if name in frozen}
        compare(check, entry.call, estimate, frozen)
        assert estimate.method == entry.call
        check.finish(at_least=2)
    assert len(found) >= least


@pytest.mark.parametrize(("profile", "calls", "least"), PACKAGES)
@pytest.mark.parametrize("name", SETS)
def test_profile__drawn_errors_have_an_equal_estimate_and_reference(load, comparison, profile, calls, least, name):
    """Estimates exactly; the p value of the package follows from its estimate and error by our reference."""
    data = load(name)
    check = comparison(data)
    found = [(e, f) for e, f in frozen_calls(data, PROFILES[profile], calls) if e.differs == MONTE_CARLO]
    assert len(found) >= 4
    results = run_profile(data.pair(), profile, methods=[entry.call for entry, _ in found])
    for (entry, frozen), estimate in zip(found, results, strict=True):
        beta, se, _, _, p = numbers(frozen)
        check.number(f"{entry.call} estimate", estimate.beta, beta)
        error = estimate.diagnostic("bootstrap_se_error").statistic
        draws = 1000 if profile == "twosamplemr" or "mbe" in entry.call else 10_000
        draws = 300 if name == "sbp_cad121" and "mbe" in entry.call else draws
        assert abs(estimate.se - se) < 4.0 * error * math.sqrt(1.0 + estimate.n_draws / draws), entry.call
        z = beta / se
        tail = neg_log10_p_normal(z) if estimate.df is None else neg_log10_p_t(z, estimate.df)
        check.p_value(f"{entry.call} p by our reference", float(tail), p)
    check.finish(at_least=3 * len(found))


@pytest.mark.parametrize("name", SETS)
def test_profile__descent_of_cml_equals_the_package(load, comparison, name):
    data = load(name)
    check = comparison(data)
    found = [(e, f) for e, f in frozen_calls(data, MENDELIANRANDOMIZATION, CALLS) if e.differs == DESCENT]
    results = as_mendelianrandomization(pair_of(data), methods=[entry.call for entry, _ in found])
    for (entry, frozen), estimate in zip(found, results, strict=True):
        compare(check, entry.call, estimate, frozen)
    check.finish(at_least=12)


@pytest.mark.parametrize("name", SETS)
def test_profile__where_we_differ_on_purpose_our_number_is_at_least_as_good(load, name):
    data = load(name)
    pair = data.pair()
    for profile, calls, _ in PACKAGES:
        found = [(e, f) for e, f in frozen_calls(data, PROFILES[profile], calls) if e.differs in (STOPS_EARLY, GRID)]
        for (entry, frozen), estimate in zip(
            found, run_profile(pair, profile, methods=[e.call for e, _ in found]), strict=True
        ):
            theirs = numbers(frozen)[0]
            if entry.differs == GRID:
                assert abs(estimate.beta - theirs) <= 0.01
                assert estimate.p_value == pytest.approx(frozen["Pvalue"], rel=2e-3)
                continue

            def distance(slope):
                variance = pair.se_outcome**2 + slope**2 * pair.se_exposure**2
                return np.sum((pair.beta_outcome - slope * pair.beta_exposure) ** 2 / variance)

            assert distance(estimate.beta) <= distance(theirs) * (1 + 1e-12)
            if name != "fg_t2d17":  # there the package is far off, see test_likelihood
                assert estimate.beta == pytest.approx(theirs, rel=0.05)
                assert estimate.se == pytest.approx(numbers(frozen)[1], rel=0.05)


@pytest.mark.parametrize("name", ["fg_t2d17", "hdl_chd28", "trig_chd28", "bmi_sbp24_p5e8"])
def test_profile__egger_bootstrap_has_the_p_value_of_the_package(load, name):
    data = load(name)
    frozen = data.methods["TwoSampleMR_mr_egger_regression_bootstrap"]
    (result,) = as_twosamplemr(data.pair(), methods=["mr_egger_regression_bootstrap"])
    assert result.beta == pytest.approx(frozen["b"], abs=4 * result.se * math.sqrt(2 / 1000))
    p = result.p_value
    assert p == pytest.approx(frozen["pval"], abs=4 * math.sqrt(2 * max(p * (1 - p), 1e-3) / 1000))


def test_profile__five_default_methods_of_mr(load, comparison):
    data = load("tsmr_bmi_chd79")
    check, pair = comparison(data), harmonised(data)
    by_label = {entry.label: entry for entry in TWOSAMPLEMR}
    rows = data.methods["mr_default5"]["value"] + data.methods["mr_all_closed_form"]["value"]
    for row in rows:
        entry = by_label[row["method"]]
        (result,) = as_twosamplemr(pair, methods=[entry.call])
        check.number(f"{entry.label} b", result.beta, row["b"])
        check.same(f"{entry.label} nsnp", result.n_variants, row["nsnp"])
        if entry.differs in ("", UNITS):
            check.number(f"{entry.label} se", result.se, row["se"])
            check.p_value(entry.label, result.neg_log_10_p_value, row["pval"])
    check.finish(at_least=30)


def harmonised(data):
    names = ("beta.exposure", "se.exposure", "beta.outcome", "se.outcome")
    return Instruments.from_arrays(*(data.column(name, "harmonised.csv") for name in names))


def test_profile__raps_and_unweighted_regression_of_mr(load, comparison):
    data = load("tsmr_bmi_chd79")
    rows = {row["method"]: row for row in data.methods["mr_all_closed_form_rest"]["value"]}
    entries = [entry for entry in TWOSAMPLEMR if entry.call in {"mr_raps", "mr_uwr"}]
    check = comparison(data, rtol=1e-6)  # mr.raps stops there
    for entry, result in zip(entries, as_twosamplemr(harmonised(data), methods=[e.call for e in entries]), strict=True):
        check.number(f"{entry.label} b", result.beta, rows[entry.label]["b"])
        check.number(f"{entry.label} se", result.se, rows[entry.label]["se"])
    check.finish(at_least=4)
    assert [entry.differs for entry in entries] == [ROOT, UNITS]


def test_profile__correlated_variants(load, comparison):
    data = load("calcium_fastgluc6")
    check = comparison(data)
    rho = np.loadtxt(data.folder / "rho.csv", delimiter=",")
    pair = dataclasses.replace(data.pair(), ld_r=rho)
    results = {result.method: result for result in as_mendelianrandomization(pair)}
    compare(check, "mr_egger(correl=TRUE)", results["mr_egger(correl=TRUE)"], data.methods["mr_egger_correl"])
    compare(check, 'mr_ivw(model="random")', results['mr_ivw(model="random")'], data.methods["mr_ivw_uncorrelated"])
    assert results["mr_ivw(correl=TRUE)"].beta == mr.ivw_ld(pair).beta
    check.finish(at_least=12)
    theirs = data.methods["mr_maxlik_correl"]  # stops 2e-4 before the optimum
    assert results["mr_maxlik(correl=TRUE)"].beta == pytest.approx(theirs["Estimate"], rel=2e-4)
    assert results["mr_maxlik(correl=TRUE)"].se == pytest.approx(theirs["StdError"], rel=2e-4)
    without = [result.method for result in as_mendelianrandomization(data.pair())]
    assert not any("correl" in method for method in without)


@pytest.mark.parametrize("exposure", [1, 2, 3])
def test_profile__145_variants(load, comparison, exposure):
    data = load("mvmr_rawdat145")
    check = comparison(data)
    (result,) = as_mendelianrandomization(data.pair(suffix=str(exposure)), methods=["mr_ivw"])
    compare(check, "mr_ivw", result, data.methods[f"mr_ivw_exposure{exposure}"])
    check.finish(at_least=6)


def test_profile__every_frozen_call_of_the_packages_is_covered_or_named(load):
    unknown = set()
    for name in SETS:
        for method, frozen in load(name).methods.items():
            package = frozen.get("package", "") if isinstance(frozen, dict) else ""
            if package.startswith("TwoSampleMR") and method.startswith("TwoSampleMR_"):
                call = method.removeprefix("TwoSampleMR_")
                if call not in {e.call for e in TWOSAMPLEMR} | NOT_COVERED["twosamplemr"].keys() | {"mr_rucker"}:
                    unknown.add(method)
            elif package.startswith("MendelianRandomization") and method not in CALLS.keys() | ELSEWHERE:
                unknown.add(method)
    assert not unknown
    assert set(CALLS.values()) <= {entry.call for entry in MENDELIANRANDOMIZATION}


def test_profile__default_model_is_fixed_for_three_variants_only():
    def ivw(n):
        pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.2][:n], [0.01] * n, [0.05, 0.3, 0.1, 0.1][:n], [0.02] * n)
        calls = ["mr_ivw", 'mr_ivw(model="fixed")', 'mr_ivw(model="random")']
        return [result.se for result in as_mendelianrandomization(pair, methods=calls)]

    three, four = ivw(3), ivw(4)
    assert three[0] == three[1] < three[2]
    assert four[0] == four[2] > four[1]


def test_profile__failures_are_statuses_with_the_name_of_the_call():
    one = Instruments.from_arrays([0.1], [0.01], [0.05], [0.02])
    by_method = {result.method: result.status for result in as_twosamplemr(one)}
    assert list(by_method) == [entry.call for entry in TWOSAMPLEMR]
    assert [call for call, status in by_method.items() if status is Status.OK] == ["mr_wald_ratio"]
    assert by_method["mr_ivw"] is Status.TOO_FEW_INSTRUMENTS
    empty = Instruments.from_arrays([], [], [], [])
    for profile in PROFILES:
        assert {result.status for result in run_profile(empty, profile)} == {Status.NO_COMMON_VARIANTS}


def test_profile__unknown_names_say_what_there_is():
    pair = Instruments.from_arrays([0.1], [0.01], [0.05], [0.02])
    with pytest.raises(UnknownNameError, match="mr_ivw"):
        as_twosamplemr(pair, methods=["mr_ivv"])
    with pytest.raises(UnknownNameError, match="sign_test"):
        as_twosamplemr(pair, methods=["mr_sign"])
    with pytest.raises(UnknownNameError, match="twosamplemr"):
        run_profile(pair, "twosample")


@pytest.mark.parametrize("profile", PROFILES)
def test_profile__entries_name_estimators_and_are_told_apart(profile):
    entries = PROFILES[profile]
    assert len({entry.call for entry in entries}) == len(entries)
    assert all(entry.method in ESTIMATORS for entry in entries)
    assert not {entry.call for entry in entries} & NOT_COVERED[profile].keys()
    if profile == "twosamplemr":
        assert len({entry.label for entry in entries}) == len(entries)


def test_profile__a_string_is_one_call():
    pair = Instruments.from_arrays([0.1, 0.2, 0.3], [0.01] * 3, [0.05, 0.11, 0.14], [0.02] * 3)
    assert as_twosamplemr(pair, methods="mr_ivw") == as_twosamplemr(pair, methods=["mr_ivw"])
