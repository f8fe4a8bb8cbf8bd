"""IVW and MR-Egger against frozen results of the R package MendelianRandomization."""

import numpy as np
import pytest

from osteobiome import mr
from osteobiome.instruments import Instruments

IVW = {
    "mr_ivw_default": {},
    "mr_ivw_random": {},
    "mr_ivw_uncorrelated": {},
    "mr_ivw_fixed": {"model": "fixed"},
    "mr_ivw_t": {"distribution": "t"},
    "mr_ivw_delta_weights": {"weights": "second_order"},
}
EGGER = {"mr_egger_default": {"distribution": "normal"}, "mr_egger_t": {}}

IVW_CASES = [
    (name, method)
    for name in ("ldl_chd28", "hdl_chd28", "trig_chd28", "fg_t2d17", "sbp_cad121", "bmi_sbp24_p5e8")
    for method in ("mr_ivw_default", "mr_ivw_random", "mr_ivw_fixed", "mr_ivw_t", "mr_ivw_delta_weights")
] + [("calcium_fastgluc6", "mr_ivw_uncorrelated")]
EGGER_CASES = [
    (name, method)
    for name in ("ldl_chd28", "hdl_chd28", "trig_chd28", "fg_t2d17", "sbp_cad121")
    for method in ("mr_egger_default", "mr_egger_t")
]


def compare_ivw(check, result, frozen):
    q = result.diagnostic("cochran_q")
    for key, got in {
        "Estimate": result.beta,
        "StdError": result.se,
        "CILower": result.ci_low,
        "CIUpper": result.ci_high,
        "Fstat": result.diagnostic("mean_f").statistic,
    }.items():
        check.number(key, got, frozen[key])
    check.p_value("Pvalue", result.neg_log_10_p_value, frozen["Pvalue"])
    check.number("Q", q.statistic, frozen["Heter.Stat"][0])
    check.p_value("Q", q.neg_log_10_p_value, frozen["Heter.Stat"][1])
    check.number("RSE", float(np.sqrt(q.statistic / q.df)), frozen["RSE"])


@pytest.mark.parametrize(("name", "method"), IVW_CASES)
def test_ivw__equals_mr_ivw(load, comparison, name, method):
    data = load(name)
    check = comparison(data)
    compare_ivw(check, mr.ivw(data.pair(), **IVW[method]), data.methods[method])
    check.finish(at_least=11)


@pytest.mark.parametrize("name", ["ldl_chd28", "fg_t2d17", "bmi_sbp24_p5e8"])
def test_ivw_fixed__equals_mr_ivw_fixed(load, comparison, name):
    data = load(name)
    check = comparison(data)
    compare_ivw(check, mr.ivw_fixed(data.pair()), data.methods["mr_ivw_fixed"])
    check.finish(at_least=11)


@pytest.mark.parametrize(("name", "method"), EGGER_CASES)
def test_egger__equals_mr_egger(load, comparison, name, method):
    data = load(name)
    check = comparison(data)
    result = mr.egger(data.pair(), **EGGER[method])
    frozen = data.methods[method]
    intercept, q = result.diagnostic("egger_intercept"), result.diagnostic("rucker_q")
    for key, got in {
        "Estimate": result.beta,
        "StdError.Est": result.se,
        "CILower.Est": result.ci_low,
        "CIUpper.Est": result.ci_high,
        "Intercept": intercept.estimate,
        "StdError.Int": intercept.se,
        "I.sq": result.diagnostic("i2_gx").statistic,
    }.items():
        check.number(key, got, frozen[key])
    check.p_value("Pvalue.Est", result.neg_log_10_p_value, frozen["Pvalue.Est"])
    check.p_value("Causal.pval", result.neg_log_10_p_value, frozen["Causal.pval"])
    check.p_value("Pvalue.Int", intercept.neg_log_10_p_value, frozen["Pvalue.Int"])
    check.p_value("Pleio.pval", intercept.neg_log_10_p_value, frozen["Pleio.pval"])
    check.number("Q", q.statistic, frozen["Heter.Stat"][0])
    check.p_value("Q", q.neg_log_10_p_value, frozen["Heter.Stat"][1])
    check.number("RSE", float(np.sqrt(q.statistic / q.df)), frozen["RSE"])
    check.finish(at_least=19)


@pytest.mark.parametrize("exposure", [1, 2, 3])
def test_ivw__equals_mr_ivw_on_145_variants(load, comparison, exposure):
    data = load("mvmr_rawdat145")
    check = comparison(data)
    compare_ivw(check, mr.ivw(data.pair(suffix=str(exposure))), data.methods[f"mr_ivw_exposure{exposure}"])
    check.finish(at_least=11)


def test_ivw_ld__real_matrix_equals_dense_algebra(load):
    """No frozen value exists for the correlated case; plain matrix algebra on the same real data stands in."""
    data = load("calcium_fastgluc6")
    rho = np.loadtxt(data.folder / "rho.csv", delimiter=",")
    plain = data.pair()
    pair = Instruments.from_arrays(
        plain.beta_exposure, plain.se_exposure, plain.beta_outcome, plain.se_outcome, ld_r=rho
    )
    omega = np.linalg.inv(rho * np.outer(pair.se_outcome, pair.se_outcome))
    information = pair.beta_exposure @ omega @ pair.beta_exposure
    slope = pair.beta_exposure @ omega @ pair.beta_outcome / information
    residual = pair.beta_outcome - slope * pair.beta_exposure
    result = mr.ivw_ld(pair)
    np.testing.assert_allclose(result.beta, slope, rtol=1e-10)
    np.testing.assert_allclose(result.se, information**-0.5, rtol=1e-10)  # Q is below its degrees of freedom
    np.testing.assert_allclose(result.diagnostic("cochran_q").statistic, residual @ omega @ residual, rtol=1e-10)
    assert abs(result.beta - mr.ivw(plain).beta) > 0.01  # the correlations do matter here
