"""MR-Egger with a real LD matrix against ``mr_egger(correl = TRUE)`` of the R package MendelianRandomization."""

import dataclasses

import numpy as np

from osteobiome.mr.estimators import egger, egger_ld
from osteobiome.stats.tails import normal_quantile


def test_egger_ld__equals_mr_egger_correl(load, comparison):
    data = load("calcium_fastgluc6")
    check, frozen = comparison(data), data.methods["mr_egger_correl"]
    rho = np.loadtxt(data.folder / "rho.csv", delimiter=",")
    pair = dataclasses.replace(data.pair(), ld_r=rho)
    result = egger_ld(pair, distribution="normal")
    intercept, q = result.diagnostic("egger_intercept"), result.diagnostic("rucker_q")
    half = normal_quantile(1 - frozen["Alpha"]) * intercept.se
    for key, got in {
        "Estimate": result.beta,
        "StdError.Est": result.se,
        "CILower.Est": result.ci_low,
        "CIUpper.Est": result.ci_high,
        "Intercept": intercept.estimate,
        "StdError.Int": intercept.se,
        "CILower.Int": intercept.estimate - half,
        "CIUpper.Int": intercept.estimate + half,
        "RSE": float(np.sqrt(q.statistic / q.df)),
    }.items():
        check.number(key, got, frozen[key])
    check.p_value("Pvalue.Est", result.neg_log_10_p_value, frozen["Pvalue.Est"])
    check.p_value("Pvalue.Int", intercept.neg_log_10_p_value, frozen["Pvalue.Int"])
    check.number("Q", q.statistic, frozen["Heter.Stat"][0])
    check.p_value("Q", q.neg_log_10_p_value, frozen["Heter.Stat"][1])
    assert abs(result.beta - egger(pair).beta) > 0.01  # the correlations do matter here
    check.finish(at_least=16)
