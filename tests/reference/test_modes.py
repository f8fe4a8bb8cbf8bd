"""Modes against TwoSampleMR and MendelianRandomization: estimates exactly, standard errors within Monte Carlo error.

The estimates are grid points of R 4.2.2's ``density``; a mode one grid point off would fail. Their standard errors come
from 1,000 draws (300 where the frozen call says so) and have an error of 4 to 8 %; see ``test_medians`` for the bound.
"""

import math
import re

import pytest

from osteobiome.instruments import Instruments
from osteobiome.mr.estimators import simple_mode, simple_mode_nome, weighted_mode, weighted_mode_nome
from osteobiome.stats.tails import neg_log10_p_normal, neg_log10_p_t, normal_quantile

SETS = ("ldl_chd28", "hdl_chd28", "trig_chd28", "fg_t2d17", "sbp_cad121", "bmi_sbp24_p5e8")
DRAWS, THEIRS_TSMR = 4000, 1000
SIGMAS = 4.0
TWO_SAMPLE_MR = {
    "TwoSampleMR_mr_simple_mode": simple_mode,
    "TwoSampleMR_mr_weighted_mode": weighted_mode,
    "TwoSampleMR_mr_weighted_mode_nome": weighted_mode_nome,
}
MENDELIAN_RANDOMIZATION = {
    "mr_mbe_weighted_delta": (weighted_mode, {}),
    "mr_mbe_unweighted_simple": (simple_mode_nome, {}),
    "mr_mbe_weighted_simple_phi0.5": (weighted_mode_nome, {"phi": 0.5}),
}
# the slow ones were not run on 121 variants
ABSENT = {
    ("sbp_cad121", "TwoSampleMR_mr_simple_mode"),
    ("sbp_cad121", "TwoSampleMR_mr_weighted_mode_nome"),
    ("sbp_cad121", "mr_mbe_weighted_simple_phi0.5"),
}


def cases(methods):
    return [(name, method) for name in SETS for method in methods if (name, method) not in ABSENT]


def compare_se(check, result, want, draws):
    """Compare standard errors that both come from draws."""
    error = result.diagnostic("bootstrap_se_error").statistic
    bound = SIGMAS * error * math.sqrt(1 + result.n_draws / draws)
    assert 0 < bound < 0.4 * want  # a bound that nothing could break would prove nothing
    check.number("se", result.se, want, atol=bound)


@pytest.mark.parametrize(("name", "method"), cases(TWO_SAMPLE_MR))
def test_mode__equals_two_sample_mr(load, comparison, name, method):
    data = load(name)
    check, frozen = comparison(data), data.methods[method]
    result = TWO_SAMPLE_MR[method](data.pair(), n_bootstrap=DRAWS, seed=1)
    check.number("b", result.beta, frozen["b"])
    compare_se(check, result, frozen["se"], THEIRS_TSMR)
    check.same("nsnp", result.n_variants, frozen["nsnp"])
    check.same("reference distribution", (result.distribution, result.df), ("t", frozen["nsnp"] - 1.0))
    p = float(neg_log10_p_t(frozen["b"] / frozen["se"], result.df))
    check.p_value("p of their estimate and error by our reference", p, frozen["pval"])
    check.finish(at_least=6)


@pytest.mark.parametrize(("name", "method"), cases(MENDELIAN_RANDOMIZATION))
def test_mode__equals_mr_mbe(load, comparison, name, method):
    data = load(name)
    check, frozen = comparison(data), data.methods[method]
    draws = int(re.search(r"iterations = (\d+)", frozen["r_call"])[1])
    assert draws == (300 if name == "sbp_cad121" else 1000)
    function, options = MENDELIAN_RANDOMIZATION[method]
    result = function(data.pair(), distribution="normal", n_bootstrap=DRAWS, seed=1, **options)
    check.number("Estimate", result.beta, frozen["Estimate"])
    compare_se(check, result, frozen["StdError"], draws)
    check.same("reference distribution", (result.distribution, result.df), ("normal", None))
    half = normal_quantile(1 - frozen["Alpha"]) * frozen["StdError"]
    check.number("lower end by our reference", frozen["Estimate"] - half, frozen["CILower"])
    check.number("upper end by our reference", frozen["Estimate"] + half, frozen["CIUpper"])
    p = float(neg_log10_p_normal(frozen["Estimate"] / frozen["StdError"]))
    check.p_value("p by our reference", p, frozen["Pvalue"])
    check.finish(at_least=7)


@pytest.mark.parametrize(("method", "function"), [("Simple mode", simple_mode), ("Weighted mode", weighted_mode)])
def test_mode__equals_mr_on_79_variants(load, comparison, method, function):
    data = load("tsmr_bmi_chd79")
    check = comparison(data)
    names = ("beta.exposure", "se.exposure", "beta.outcome", "se.outcome")
    pair = Instruments.from_arrays(*(data.column(name, "harmonised.csv") for name in names))
    frozen = next(row for row in data.methods["mr_default5"]["value"] if row["method"] == method)
    result = function(pair, n_bootstrap=DRAWS, seed=1)
    check.number("b", result.beta, frozen["b"])
    compare_se(check, result, frozen["se"], THEIRS_TSMR)
    check.same("nsnp", result.n_variants, frozen["nsnp"])
    p = float(neg_log10_p_t(frozen["b"] / frozen["se"], result.df))
    check.p_value("p by our reference", p, frozen["pval"])
    check.finish(at_least=5)
