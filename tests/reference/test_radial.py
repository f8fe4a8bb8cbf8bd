"""Radial IVW and radial MR-Egger against RadialMR 1.2.3 and TwoSampleMR 0.7.9, exact weights against mr.raps 0.4.2.

RadialMR finds its exact estimates with R's ``optimize``, which stops at a tolerance of 1.2e-4 and never leaves the
interval it is given, [-2, 2]. Here the frozen numbers are reached by the same search (Brent's, in scipy) on our
objective, which shows that the objective is the same; then ours must be lower or equal.
"""

import numpy as np
import pytest
from scipy import optimize
from scipy.stats import norm, t

from osteobiome import mr
from osteobiome.stats.radial import exact_kernel, radial_contributions

SETS = ("ldl_chd28", "hdl_chd28", "trig_chd28", "fg_t2d17", "sbp_cad121", "bmi_sbp24_p5e8")
WEIGHTS = {1: "first_order", 2: "second_order", 3: "modified_second_order"}
R_TOLERANCE = np.finfo(float).eps ** 0.25
CASES = [(name, number) for name in SETS for number in WEIGHTS]
AS_RADIALMR = {"model": "multiplicative_unfloored", "adjust": "none"}


def compare_wald(check, what, got, row, *, se="Std.Error"):
    estimate, error, p = got
    check.number(what, estimate, row["Estimate"])
    check.number(f"{what} se", error, row[se])
    check.number(f"{what} t", estimate / error, row["t value"])
    check.p_value(what, p, row["Pr(>|t|)"])


def exact_q(pair, slope, phi=1.0):
    variance = phi * pair.se_outcome**2 + slope**2 * pair.se_exposure**2
    return float(np.sum((pair.beta_outcome - slope * pair.beta_exposure) ** 2 / variance))


def exact_fit(pair):
    data = (pair.beta_exposure, pair.se_exposure, pair.beta_outcome, pair.se_outcome)
    return exact_kernel(*(values[np.newaxis] for values in data), np.ones((1, pair.n_variants), dtype=bool))[0]


def as_r_does(pair):
    """Return the slopes that R's optimize finds: fixed effect on [-2, 2], random effects about it, and the last phi."""
    x, y, sy, df = pair.beta_exposure, pair.beta_outcome, pair.se_outcome, pair.n_variants - 1
    fixed = optimize.fminbound(lambda b: exact_q(pair, b), -2.0, 2.0, xtol=R_TOLERANCE)
    error = np.sum(x**2 / (sy**2 + fixed**2 * pair.se_exposure**2)) ** -0.5
    ends = (fixed - 10 * error, fixed + 10 * error)
    scatter = []
    for inherited in (y * pair.se_exposure / x, 0.0):
        w = 1.0 / (sy**2 + np.square(inherited))
        scatter.append(max(1.0, np.sum(w * (y - x * np.sum(w * x * y) / np.sum(w * x * x)) ** 2) / df))

    def slope_at(phi):
        return optimize.fminbound(lambda b: exact_q(pair, b, phi), *ends, xtol=R_TOLERANCE)

    phi = optimize.fminbound(
        lambda phi: (exact_q(pair, slope_at(phi), phi) - df) ** 2, scatter[0], scatter[1] + 0.001, xtol=R_TOLERANCE
    )
    return fixed, error, slope_at(phi), phi


@pytest.mark.parametrize(("name", "number"), CASES)
def test_ivw_radial__equals_radialmr(load, comparison, name, number):
    data = load(name)
    check, pair, frozen = comparison(data), data.pair(), data.methods[f"ivw_radial_w{number}"]
    result = mr.ivw_radial(pair, weights=WEIGHTS[number], tolerance=1e-4, **AS_RADIALMR)
    q, iterative = result.diagnostic("cochran_q"), result.diagnostic("radial_iterative")
    compare_wald(check, "Effect", (result.beta, result.se, result.neg_log_10_p_value), frozen["coef"][0])
    compare_wald(
        check, "Iterative", (iterative.estimate, iterative.se, iterative.neg_log_10_p_value), frozen["coef"][1]
    )
    check.number("Q", q.statistic, frozen["qstatistic"])
    check.same("df", q.df, frozen["df"])
    check.number("meanF", result.diagnostic("mean_f").statistic, frozen["meanF"])
    check.same("outliers", result.diagnostic("n_outliers").statistic, float(len(frozen["outliers"])))
    check.finish(at_least=14)


@pytest.mark.parametrize(("name", "number"), CASES)
def test_radial_contributions__name_the_outliers_of_radialmr(load, name, number):
    data = load(name)
    pair = data.pair()
    for regression in ("ivw", "egger"):
        fit = radial_contributions(
            beta_exposure=pair.beta_exposure[np.newaxis],
            se_exposure=pair.se_exposure[np.newaxis],
            beta_outcome=pair.beta_outcome[np.newaxis],
            se_outcome=pair.se_outcome[np.newaxis],
            regression=regression,
            weights=WEIGHTS[number],
            adjust="none",
        )
        named = [name for name, out in zip(pair.rsid, fit.is_outlier[0], strict=True) if out]
        assert named == data.methods[f"{regression}_radial_w{number}"]["outliers"]
        np.testing.assert_allclose(fit.q_contribution.sum(), fit.q[0], rtol=1e-12)


@pytest.mark.parametrize("name", SETS[:4] + SETS[5:])
def test_ivw_radial__default_weights_equal_twosamplemr(load, comparison, name):
    data = load(name)
    check, frozen = comparison(data), data.methods["TwoSampleMR_mr_ivw_radial"]
    result = mr.ivw_radial(data.pair(), model="multiplicative_unfloored")
    q = result.diagnostic("cochran_q")
    check.number("b", result.beta, frozen["b"])
    check.number("se", result.se, frozen["se"])
    check.p_value("pval", result.neg_log_10_p_value, frozen["pval"])
    check.number("Q", q.statistic, frozen["Q"])
    check.same("Q_df", q.df, frozen["Q_df"])
    check.p_value("Q", q.neg_log_10_p_value, frozen["Q_pval"])
    check.finish(at_least=8)


@pytest.mark.parametrize(("name", "number"), CASES)
def test_egger_radial__equals_radialmr(load, comparison, name, number):
    """RadialMR prints n - 1 as df; its p values are those of n - 2, as ours."""
    data = load(name)
    check, pair, frozen = comparison(data), data.pair(), data.methods[f"egger_radial_w{number}"]
    result = mr.egger_radial(pair, weights=WEIGHTS[number], **AS_RADIALMR)
    intercept, q = result.diagnostic("radial_intercept"), result.diagnostic("rucker_q")
    got = (result.beta, result.se, result.neg_log_10_p_value)
    compare_wald(check, "slope", got, frozen["coef"][1], se="Std. Error")
    got = (intercept.estimate, intercept.se, intercept.neg_log_10_p_value)
    compare_wald(check, "intercept", got, frozen["coef"][0], se="Std. Error")
    check.number("Q", q.statistic, frozen["qstatistic"])
    check.same("df", q.df + 1.0, float(frozen["df"]))
    check.same("outliers", result.diagnostic("n_outliers").statistic, float(len(frozen["outliers"])))
    check.finish(at_least=13)


@pytest.mark.parametrize("name", SETS)
def test_exact_fixed_effect__same_objective_as_radialmr_and_lower(load, comparison, name):
    data = load(name)
    check, pair = comparison(data), data.pair()
    slope, error, q = exact_fit(pair)[:3]
    fixed, fixed_error, *_ = as_r_does(pair)
    for number in WEIGHTS:
        row = data.methods[f"ivw_radial_w{number}"]["coef"][2]
        p = -np.log10(2 * norm.sf(abs(fixed / fixed_error)))
        compare_wald(check, "Exact (FE), searched as R does", (fixed, fixed_error, p), row)
        assert q <= exact_q(pair, row["Estimate"])
    check.number("Q at the minimum", q, exact_q(pair, slope))
    result = mr.ivw_radial(pair).diagnostic("radial_exact_fe")
    check.same("diagnostic", (result.estimate, result.se), (slope, error))
    check.finish(at_least=17)


def test_exact_fixed_effect__radialmr_stops_at_the_end_of_its_interval(load):
    """For LDL and HDL cholesterol the minimum lies outside [-2, 2]."""
    for name, printed, true in (
        ("ldl_chd28", 1.99993971745561, 3.1732685),
        ("hdl_chd28", -1.99993971745561, -2.8949635),
    ):
        data = load(name)
        pair = data.pair()
        assert data.methods["ivw_radial_w3"]["coef"][2]["Estimate"] == printed
        slope, _, q = exact_fit(pair)[:3]
        assert slope == pytest.approx(true, rel=1e-7)
        assert exact_q(pair, printed) - q > 5.0


@pytest.mark.parametrize("name", [name for name in SETS if name != "trig_chd28"])
def test_exact_fixed_effect__equals_the_profile_likelihood_of_mr_raps(load, name):
    """The same objective without overdispersion; mr.raps stops its search at about 1e-8, so Q decides."""
    data = load(name)
    pair, frozen = data.pair(), data.methods["mr.raps_l2_odFALSE"]
    slope, _, q = exact_fit(pair)[:3]
    assert slope == pytest.approx(frozen["beta.hat"], rel=1e-7)
    assert q == pytest.approx(frozen["chi.sq.test"], rel=1e-12)
    assert q <= frozen["chi.sq.test"] * (1 + 1e-14)


@pytest.mark.parametrize("name", SETS)
def test_exact_random_effects__same_equations_as_radialmr_and_solved(load, comparison, name):
    data = load(name)
    check, pair, df = comparison(data), data.pair(), data.pair().n_variants - 1
    slope, error, phi = exact_fit(pair)[3:]
    *_, searched, searched_phi = as_r_does(pair)
    r_errors = []
    for number in WEIGHTS:
        row = data.methods[f"ivw_radial_w{number}"]["coef"][3]
        check.number("Exact (RE), searched as R does", searched, row["Estimate"])
        # RadialMR takes 1 minus the distribution function here, which keeps about 16 decimals, not 16 digits
        assert row["Pr(>|t|)"] == pytest.approx(2 * t.sf(abs(row["t value"]), df), rel=1e-8, abs=5e-16)
        r_errors.append(row["Std.Error"])
    check.finish(at_least=3)
    # both equations hold: Q is n - 1, and no nearby slope gives less
    assert exact_q(pair, slope, phi) == pytest.approx(df, rel=1e-11)
    assert abs(exact_q(pair, slope, phi) - df) <= abs(exact_q(pair, searched, searched_phi) - df)
    step = 1e-5 * abs(slope)
    assert exact_q(pair, slope, phi) < min(exact_q(pair, slope - step, phi), exact_q(pair, slope + step, phi))
    assert exact_q(pair, slope, phi) <= exact_q(pair, searched, phi)
    # RadialMR's error is the spread of 1,000 resamples, drawn anew in each of the three runs; ours is a sandwich
    assert 0.85 < error / np.mean(r_errors) < 1.10
