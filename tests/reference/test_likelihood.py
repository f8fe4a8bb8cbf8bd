"""Likelihood and weak-instrument methods against MendelianRandomization, mr.raps and TwoSampleMR."""

import dataclasses
import math

import numpy as np
import pytest

from osteobiome import mr
from osteobiome.instruments import Instruments
from osteobiome.mr.checks.sign import sign_test
from osteobiome.mr.scaled import Scaled
from osteobiome.stats.partial_bayes import exposure_effects, fit_prior
from osteobiome.stats.profile_score import LOSSES, TUNING, lowest_slope, profile_loss, scatter_score

SETS = ("ldl_chd28", "hdl_chd28", "trig_chd28", "bmi_sbp24_p5e8", "fg_t2d17", "sbp_cad121")
OF_RAPS = 1e-6
"""mr.raps integrates its constants numerically: those of Huber's loss are off by 4e-7."""


def sets_with(load, name):
    """Return the data sets that have a frozen method."""
    found = [load(one) for one in SETS]
    found = [data for data in found if name in data.methods and data.methods[name] is not None]
    assert len(found) >= 3
    return found


@pytest.mark.parametrize(
    ("frozen_name", "method", "options"),
    [
        ("mr_divw", "divw", {}),
        ("mr_divw_nooverdisp", "divw", {"overdispersion": False}),
        ("mr_pivw", "pivw", {}),
    ],
)
def test_divw_and_pivw__equal_mendelian_randomization(load, comparison, frozen_name, method, options):
    for data in sets_with(load, frozen_name):
        frozen, result = data.methods[frozen_name], getattr(mr, method)(data.pair(), **options)
        check = comparison(data)
        check.number("beta", result.beta, frozen["Estimate"])
        check.number("se", result.se, frozen["StdError"])
        check.number("low", result.ci_low, frozen["CILower"])
        check.number("high", result.ci_high, frozen["CIUpper"])
        check.p_value("p", result.neg_log_10_p_value, frozen["Pvalue"])
        check.number("condition", result.diagnostic("condition").statistic, frozen["Condition"])
        check.finish(at_least=6)


@pytest.mark.parametrize("loss", LOSSES)
def test_raps__without_overdispersion_equals_mr_raps(load, comparison, loss):
    name = f"mr.raps_{loss}_odFALSE"
    for data in sets_with(load, name):
        result = mr.raps(data.pair(), loss=loss, overdispersion=False)
        check = comparison(data, rtol=OF_RAPS)
        check.number("beta", result.beta, data.methods[name]["beta.hat"])
        check.number("se", result.se, data.methods[name]["beta.se"])
        check.finish(at_least=2)


def test_raps__squares_with_overdispersion_equal_mr_raps(load, comparison):
    name = "mr.raps_l2_odTRUE"
    for data in sets_with(load, name):
        frozen, result = data.methods[name], mr.raps(data.pair(), loss="l2")
        check = comparison(data, rtol=4e-6)  # where its alternating steps end
        check.number("beta", result.beta, frozen["beta.hat"])
        check.number("se", result.se, frozen["beta.se"])
        check.number("tau2", result.diagnostic("tau2").statistic, frozen["tau2.hat"])
        check.number("tau2 se", result.diagnostic("tau2_se").statistic, frozen["tau2.se"])
        check.finish(at_least=4)


@pytest.mark.parametrize("loss", ["huber", "tukey"])
def test_raps__robust_equations_hold_here_and_not_in_mr_raps_mle(load, loss):
    """With overdispersion and a robust loss mr.raps.mle ends where its second equation does not hold."""
    name = f"mr.raps_{loss}_odTRUE"
    for data in sets_with(load, name):
        pair = data.pair()
        effects = pair.beta_exposure, pair.se_exposure, pair.beta_outcome, pair.se_outcome
        result, frozen = mr.raps(pair, loss=loss), data.methods[name]
        ours = result.beta, result.diagnostic("tau2").statistic
        theirs = frozen["beta.hat"], frozen["tau2.hat"]
        size = np.sum(np.square(effects[1]) / np.square(effects[3]))
        second = [
            abs(scatter_score(effects, slope=slope, tau2=tau2, loss=loss)) / size for slope, tau2 in (ours, theirs)
        ]
        assert second[0] < 1e-9
        assert second[1] > 1e-6
        at = LOSSES.index(loss), TUNING[loss], 0.0
        first = profile_loss(*effects, ours[1], ours[0], *at)
        assert abs(first[1]) * abs(ours[0]) < 1e-6 * first[0]
        assert lowest_slope(effects, tau2=ours[1], loss=loss)[1] >= first[0] * (1 - 1e-12)


def test_maximum_likelihood__is_the_optimum_and_lower_than_where_others_stop(load):
    for name in SETS:
        data = load(name)
        pair, result = data.pair(), mr.maximum_likelihood(data.pair())
        if "mr.raps_l2_odFALSE" in data.methods:
            assert result.beta == pytest.approx(data.methods["mr.raps_l2_odFALSE"]["beta.hat"], rel=1e-6)
        for other in ("mr_maxlik_default", "TwoSampleMR_mr_two_sample_ml"):
            if other not in data.methods:
                continue
            theirs = data.methods[other].get("Estimate", data.methods[other].get("b"))
            q = np.square(pair.beta_outcome - theirs * pair.beta_exposure)
            q = np.sum(q / (np.square(pair.se_outcome) + np.square(theirs * pair.se_exposure)))
            assert result.diagnostic("cochran_q").statistic <= q * (1 + 1e-12)


def test_maximum_likelihood__ldl_is_not_the_number_of_the_packages(load):
    data = load("ldl_chd28")
    assert data.methods["mr_maxlik_default"]["Estimate"] == pytest.approx(3.22494, abs=1e-5)
    assert mr.maximum_likelihood(data.pair()).beta == pytest.approx(3.17327, abs=1e-5)


@pytest.mark.parametrize("psi", [-0.3, 0.0, 0.4])
def test_maximum_likelihood__profile_is_that_of_all_parameters(load, psi):
    """The full likelihood, with every exposure effect a parameter, is lowest where the profile is."""
    pair = Scaled.of(load("ldl_chd28").pair())
    slope, loss = lowest_slope((pair.x, pair.se_x, pair.y, pair.se_y), psi=psi)

    def full(theta):
        total = 0.0
        for x, sx, y, sy in zip(pair.x, pair.se_x, pair.y, pair.se_y, strict=True):
            precision = np.linalg.inv([[sx**2, psi * sx * sy], [psi * sx * sy, sy**2]])
            direction, seen = np.array([1.0, theta]), np.array([x, y])
            effect = direction @ precision @ seen / (direction @ precision @ direction)
            miss = seen - effect * direction
            total += 0.5 * miss @ precision @ miss
        return total

    assert full(slope) == pytest.approx(loss, rel=1e-9)
    assert full(slope) <= min(full(slope * (1 + step)) for step in (-1e-3, 1e-3))


def test_grip__equals_twosamplemr(load, comparison):
    name = "TwoSampleMR_mr_grip"
    for data in sets_with(load, name):
        frozen, result = data.methods[name], mr.grip(data.pair(), model="multiplicative_unfloored")
        check, intercept = comparison(data), result.diagnostic("grip_intercept")
        check.number("beta", result.beta, frozen["b"])
        check.number("se", result.se, frozen["se"])
        check.p_value("p", result.neg_log_10_p_value, frozen["pval"])
        check.number("intercept", intercept.estimate, frozen["b_i"], atol=1e-18)
        check.number("its se", intercept.se, frozen["se_i"])
        check.finish(at_least=6)


def test_ivw_additive__equals_dersimonian_and_laird(load):
    """The formula by plain loops."""
    for name in SETS:
        pair = load(name).pair()
        ratio = [y / x for x, y in zip(pair.beta_exposure, pair.beta_outcome, strict=True)]
        w = [(x / s) ** 2 for x, s in zip(pair.beta_exposure, pair.se_outcome, strict=True)]
        centre = sum(a * b for a, b in zip(w, ratio, strict=True)) / sum(w)
        q = sum(a * (b - centre) ** 2 for a, b in zip(w, ratio, strict=True))
        tau2 = max(0.0, (q - len(w) + 1) / (sum(w) - sum(a * a for a in w) / sum(w)))
        v = [1 / a + tau2 for a in w]
        beta = sum(b / a for a, b in zip(v, ratio, strict=True)) / sum(1 / a for a in v)
        result = mr.ivw_additive(pair)
        assert result.beta == pytest.approx(beta, rel=1e-10)
        assert result.se == pytest.approx(1 / math.sqrt(sum(1 / a for a in v)), rel=1e-10)
        assert result.diagnostic("tau").statistic == pytest.approx(math.sqrt(tau2), rel=1e-9)


@pytest.mark.parametrize("psi", [-0.4, 0.3])
def test_ivw__second_order_weights_take_account_of_common_people(load, psi):
    """The variance of a ratio by the delta method, variant by variant."""
    pair = load("ldl_chd28").pair()
    top = bottom = 0.0
    for x, sx, y, sy in zip(
        pair.beta_exposure, pair.se_exposure, pair.beta_outcome, pair.se_outcome, strict=True
    ):  # fmt: skip
        gradient = np.array([1 / x, -y / x**2])
        variance = gradient @ np.array([[sy**2, psi * sx * sy], [psi * sx * sy, sx**2]]) @ gradient
        top, bottom = top + y / x / variance, bottom + 1 / variance
    assert mr.ivw(pair, weights="second_order", psi=psi).beta == pytest.approx(top / bottom, rel=1e-12)


def test_sign__equals_twosamplemr(load, comparison):
    name = "TwoSampleMR_mr_sign"
    for data in sets_with(load, name):
        check, test = comparison(data), sign_test(data.pair())
        check.number("concordance", test.estimate, data.methods[name]["b"], atol=1e-12)
        check.p_value("p", test.neg_log_10_p_value, data.methods[name]["pval"])
        check.same("variants", test.statistic, float(data.methods[name]["nsnp"]))
        check.finish(at_least=4)


def test_unweighted__estimate_equals_twosamplemr_and_its_error_is_divided_by_a_number_with_a_unit(load, comparison):
    """mr_uwr divides by the scatter of the residuals, which is in outcome units: in other units its error differs."""
    for data in sets_with(load, "TwoSampleMR_mr_uwr"):
        frozen, pair = data.methods["TwoSampleMR_mr_uwr"], data.pair()
        result, check = mr.ivw_unweighted(pair), comparison(data)
        scatter = np.sqrt(
            np.sum(np.square(pair.beta_outcome - result.beta * pair.beta_exposure)) / (pair.n_variants - 1)
        )
        check.number("beta", result.beta, frozen["b"])
        check.number("se", result.se / min(1.0, scatter), frozen["se"])
        check.finish(at_least=2)


def harmonised(data):
    """Return the 79 variants as TwoSampleMR aligned them."""
    names = ("beta.exposure", "se.exposure", "beta.outcome", "se.outcome")
    return Instruments.from_arrays(*(data.column(name, "harmonised.csv") for name in names))


def test_raps__shrinkage_equals_mr_raps(load, comparison):
    name = "mr.raps_shrinkage_huber"
    for data in sets_with(load, name):
        frozen, result = data.methods[name], mr.raps(data.pair(), form="shrinkage")
        check = comparison(data, rtol=OF_RAPS)
        check.number("beta", result.beta, frozen["beta.hat"])
        check.number("se", result.se, frozen["beta.se"])
        check.number("tau2", result.diagnostic("tau2").statistic, frozen["tau2.hat"])
        check.finish(at_least=3)
        # all five are too large by one factor: its numerical integral over the step of Huber's second derivative
        ratio = result.diagnostic("tau2_se").statistic / frozen["tau2.se"]
        assert ratio == pytest.approx(1 + 1.9e-5, abs=2e-7)


def test_raps__shrinkage_has_the_weights_of_mr_raps(load):
    """Its ``gamma.hat.z``: shrunken exposure effects over the errors of the best fit."""
    for data in sets_with(load, "mr.raps_shrinkage_huber"):
        frozen, pair = data.methods["mr.raps_shrinkage_huber"], data.pair()
        effects = pair.beta_exposure, pair.se_exposure, pair.beta_outcome, pair.se_outcome
        slope, tau2 = frozen["beta.hat"], frozen["tau2.hat"]
        prior = fit_prior(pair.beta_exposure / pair.se_exposure)
        shrunk, _, _ = exposure_effects(effects, slope=slope, tau2=tau2, prior=prior)
        error = 1.0 / np.sqrt(1.0 / np.square(effects[1]) + slope**2 / (np.square(effects[3]) + tau2))
        np.testing.assert_allclose(np.abs(shrunk / error), frozen["gamma.hat.z"], rtol=2e-5)


def test_raps__observed_equals_twosamplemr(load, comparison):
    """What ``mr_raps`` prints, so its equations do hold; those of ``mr.raps.mle`` give another number here."""
    data = load("tsmr_bmi_chd79")
    frozen = {row["method"]: row for row in data.methods["mr_all_closed_form_rest"]["value"]}
    frozen, pair = frozen["Robust adjusted profile score (RAPS)"], harmonised(data)
    result, check = mr.raps(pair, form="observed"), comparison(data, rtol=OF_RAPS)
    check.number("beta", result.beta, frozen["b"])
    check.number("se", result.se, frozen["se"])
    check.same("variants", result.n_variants, frozen["nsnp"])
    check.finish(at_least=3)
    assert -math.log10(frozen["pval"]) == pytest.approx(result.neg_log_10_p_value, rel=5e-6)  # grows with z squared
    assert abs(mr.raps(pair).beta / frozen["b"] - 1) > 1e-3


def test_likelihood_unweighted_and_sign__of_79_variants(load, comparison):
    data = load("tsmr_bmi_chd79")
    pair, check = harmonised(data), comparison(data)
    frozen = {row["method"]: row for row in data.methods["mr_all_closed_form_rest"]["value"]}
    check.number("unweighted", mr.ivw_unweighted(pair).beta, frozen["Unweighted regression"]["b"])
    sign = sign_test(pair)
    check.number("sign", sign.estimate, frozen["Sign concordance test"]["b"])
    check.p_value("sign", sign.neg_log_10_p_value, frozen["Sign concordance test"]["pval"])
    check.finish(at_least=4)
    theirs, ours = frozen["Maximum likelihood"]["b"], mr.maximum_likelihood(pair)
    q = np.square(pair.beta_outcome - theirs * pair.beta_exposure)
    q = np.sum(q / (np.square(pair.se_outcome) + np.square(theirs * pair.se_exposure)))
    assert ours.diagnostic("cochran_q").statistic < q - 0.01  # it stops 1.8 % short of the optimum


@pytest.mark.parametrize("model", ["fixed", "multiplicative"])
def test_maximum_likelihood__error_is_that_of_the_full_likelihood(load, model):
    """Second differences over all n + 1 parameters at our optimum; where the packages stop it is another number."""
    pair = load("ldl_chd28").pair()
    result = mr.maximum_likelihood(pair, model=model)
    x, sx, y, sy = pair.beta_exposure, pair.se_exposure, pair.beta_outcome, pair.se_outcome
    precision = 1 / sx**2 + result.beta**2 / sy**2
    gamma = (x / sx**2 + result.beta * y / sy**2) / precision
    # second derivatives by hand: theta with itself, and with each exposure effect
    cross = (2 * result.beta * gamma - y) / sy**2
    information = np.sum(gamma**2 / sy**2) - np.sum(cross**2 / precision)
    q = np.sum(np.square(x - gamma) / sx**2 + np.square(y - result.beta * gamma) / sy**2)
    assert q == pytest.approx(result.diagnostic("cochran_q").statistic, rel=1e-10)
    factor = math.sqrt(q / 27) if model == "multiplicative" else 1.0
    assert result.se == pytest.approx(factor / math.sqrt(information), rel=1e-9)


def test_maximum_likelihood_ld__is_lower_than_where_mr_maxlik_stops(load):
    data = load("calcium_fastgluc6")
    rho, frozen = np.loadtxt(data.folder / "rho.csv", delimiter=","), data.methods["mr_maxlik_correl"]
    pair = dataclasses.replace(data.pair(), ld_r=rho)
    result = mr.maximum_likelihood_ld(pair)

    def q(theta):
        covariance = rho * (
            np.outer(pair.se_outcome, pair.se_outcome) + theta**2 * np.outer(pair.se_exposure, pair.se_exposure)
        )
        miss = pair.beta_outcome - theta * pair.beta_exposure
        return miss @ np.linalg.solve(covariance, miss)

    assert result.diagnostic("cochran_q").statistic == pytest.approx(q(result.beta), rel=1e-10)
    assert q(result.beta) < q(frozen["Estimate"])
    assert q(result.beta) <= min(q(theta) for theta in np.tan(np.linspace(-1.57, 1.57, 3001)))
    step = 1e-3
    bend = (q(result.beta + step) - 2 * q(result.beta) + q(result.beta - step)) / step**2 / 2
    assert result.se == pytest.approx(1 / math.sqrt(bend), rel=1e-5)
    # the package ends within 2e-4 of the optimum
    assert result.beta == pytest.approx(frozen["Estimate"], rel=2e-4)
    assert result.se == pytest.approx(frozen["StdError"], rel=2e-4)


def test_grip__adjusted_for_weak_instruments_equals_twosamplemr(load, comparison):
    name = "TwoSampleMR_mr_grip"
    for data in sets_with(load, name):
        frozen, test = data.methods[name], mr.grip(data.pair()).diagnostic("grip_weak_adjusted")
        check = comparison(data)
        check.number("estimate", test.estimate, frozen["b.adj"])
        check.number("se", test.se, frozen["se.adj"])
        check.p_value("p", test.neg_log_10_p_value, frozen["pval.adj"])
        check.finish(at_least=4)


def test_pivw__variance_of_direct_effects_equals_mendelian_randomization(load, comparison):
    for data in sets_with(load, "mr_pivw"):
        check, tau = comparison(data), mr.pivw(data.pair()).diagnostic("tau").statistic
        check.number("tau2", tau**2, data.methods["mr_pivw"]["Tau2"])
        check.finish(at_least=1)


def test_raps__without_overdispersion_has_the_chi_squared_of_mr_raps(load, comparison):
    for loss in LOSSES:
        for data in sets_with(load, f"mr.raps_{loss}_odFALSE"):
            pair, slope = data.pair(), mr.raps(data.pair(), loss=loss, overdispersion=False).beta
            miss = np.square(pair.beta_outcome - slope * pair.beta_exposure)
            q = np.sum(miss / (np.square(pair.se_outcome) + np.square(slope * pair.se_exposure)))
            check = comparison(data, rtol=OF_RAPS)
            check.number("chi squared", q, data.methods[f"mr.raps_{loss}_odFALSE"]["chi.sq.test"])
            check.finish(at_least=1)
