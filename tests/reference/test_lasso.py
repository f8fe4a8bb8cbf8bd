"""MR-Lasso against MendelianRandomization 0.10.0, which lets glmnet find the direct effects to a few digits."""

import numpy as np
import pytest

from osteobiome import mr
from osteobiome.mr.estimators.lasso import lasso_valid

SETS = ("ldl_chd28", "hdl_chd28", "trig_chd28", "bmi_sbp24_p5e8", "sbp_cad121")


def objective(pair, theta, direct, penalty):
    """Return the function that is minimised, from the matrices of the definition."""
    n = pair.n_variants
    u = pair.beta_exposure / pair.se_outcome
    columns = (np.eye(n) - np.outer(u, u) / (u @ u)) / pair.se_outcome
    miss = (pair.beta_outcome - theta * pair.beta_exposure - direct) / pair.se_outcome
    return miss @ miss / (2 * n) + penalty * columns.std(axis=0) @ np.abs(direct)


@pytest.mark.parametrize("name", SETS)
def test_lasso__equals_mendelian_randomization(load, comparison, name):
    data = load(name)
    check, frozen, pair = comparison(data), data.methods["mr_lasso"], data.pair()
    result = mr.lasso(pair)
    check.number("beta", result.beta, frozen["Estimate"])
    check.number("se", result.se, frozen["StdError"])
    check.number("low", result.ci_low, frozen["CILower"])
    check.number("high", result.ci_high, frozen["CIUpper"])
    check.p_value("p", result.neg_log_10_p_value, frozen["Pvalue"])
    check.number("penalty", result.diagnostic("penalty").statistic, frozen["Lambda"])
    check.same("number of valid variants", result.diagnostic("n_valid").statistic, float(frozen["Valid"]))
    valid = [f"snp_{j + 1}" for j in np.flatnonzero(lasso_valid(pair))]
    check.same("valid variants", valid, frozen["ValidSNPs"])
    check.finish(at_least=9)


@pytest.mark.parametrize("name", SETS)
def test_lasso__exact_solution_is_at_least_as_good_as_that_of_glmnet(load, name):
    data = load(name)
    pair, frozen = data.pair(), data.methods["mr_lasso"]
    sign = np.where(pair.beta_exposure < 0, -1.0, 1.0)  # the package counts direct effects in the raising allele
    theirs = objective(pair, frozen["RegEstimate"], sign * np.array(frozen["RegIntercept"]), frozen["Lambda"])
    result = mr.lasso(pair)
    theta, penalty = (result.diagnostic(key).statistic for key in ("penalised_estimate", "penalty"))
    n, u = pair.n_variants, pair.beta_exposure / pair.se_outcome
    columns = (np.eye(n) - np.outer(u, u) / (u @ u)) / pair.se_outcome
    limit = n * penalty * columns.std(axis=0) * pair.se_outcome**2
    miss = pair.beta_outcome - theta * pair.beta_exposure
    direct = np.sign(miss) * np.maximum(np.abs(miss) - limit, 0.0)
    ours = objective(pair, theta, direct, penalty)
    assert ours <= theirs * (1 + 1e-12)
    assert ours == pytest.approx(theirs, rel=1e-3)  # glmnet stops early
    assert theta == pytest.approx(frozen["RegEstimate"], rel=1e-4)


def test_lasso__fasting_glucose_has_no_frozen_number_and_an_estimate_here(load):
    data = load("fg_t2d17")
    assert "mr_lasso" not in data.methods
    result = mr.lasso(data.pair())
    assert result.diagnostic("n_valid").statistic >= 2
    assert abs(result.beta - mr.ivw(data.pair()).beta) < 1.0
