"""Likelihood and weak-instrument methods against MendelianRandomization, mr.raps and TwoSampleMR."""

import math

import numpy as np
import pytest

from osteobiome import mr
from osteobiome.mr.checks.sign import sign_test
from osteobiome.mr.scaled import Scaled
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
def test_raps__robust_equations_hold_here_and_not_in_mr_raps(load, loss):
    """With overdispersion and a robust loss mr.raps ends where neither of its equations holds."""
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
