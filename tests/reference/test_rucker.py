"""The choice of model against mr_rucker of TwoSampleMR 0.7.9."""

import pytest

from osteobiome.mr.checks.rucker import MODELS, rucker

SETS = ("ldl_chd28", "hdl_chd28", "trig_chd28", "fg_t2d17", "sbp_cad121", "bmi_sbp24_p5e8")
LABELS = {
    "ivw_fixed_effect": "IVW fixed effects",
    "ivw_random_effects": "IVW random effects",
    "egger_fixed_effect": "Egger fixed effects",
    "egger_random_effects": "Egger random effects",
}
Q_NAMES = ("Q_ivw", "Q_egger", "Q_diff")


@pytest.mark.parametrize("name", SETS)
def test_rucker__equals_the_package(load, comparison, name):
    """Its p values of slopes are t for MR-Egger; its intervals, and p of intercepts, are normal throughout."""
    data = load(name)
    check, frozen = comparison(data), data.methods["TwoSampleMR_mr_rucker"]
    found, normal = rucker(data.pair()), rucker(data.pair(), distribution="normal")
    check.same("choice", found.choice, frozen["res"])
    rows = {row["Method"]: row for row in frozen["rucker"]}
    for estimate, other in zip(found.estimates, normal.estimates, strict=True):
        row = rows[LABELS[estimate.method]]
        check.number(estimate.method, estimate.beta, row["Estimate"])
        check.number(f"{estimate.method} SE", estimate.se, row["SE"])
        check.number(f"{estimate.method} low", other.ci_low, row["CI_low"])
        check.number(f"{estimate.method} high", other.ci_high, row["CI_upp"])
        check.p_value(estimate.method, estimate.neg_log_10_p_value, row["P"])
    for estimate, row in zip(normal.estimates[2:], frozen["intercept"], strict=True):
        intercept = estimate.diagnostic("egger_intercept")
        check.number("intercept", intercept.estimate, row["Estimate"])
        check.number("intercept SE", intercept.se, row["SE"])
        check.p_value("intercept", intercept.neg_log_10_p_value, row["P"])
    for test, label, row in zip(found.tests, Q_NAMES, frozen["Q"], strict=True):
        check.same(label, row["Method"], label)
        check.number(label, test.statistic, row["Q"])
        check.same(f"{label} df", test.df, float(row["df"]))
        check.p_value(label, test.neg_log_10_p_value, row["P"])
    check.same("selected", found.selected.method, MODELS[frozen["res"]])
    check.finish(at_least=45)
