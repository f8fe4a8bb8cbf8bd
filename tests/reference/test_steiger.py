"""Steiger test, its sensitivity and variance explained against TwoSampleMR 0.7.9: BMI and coronary heart disease."""

import numpy as np
import pytest

from osteobiome.instruments import Instruments
from osteobiome.mr.checks import TraitFacts, steiger, steiger_per_variant
from osteobiome.stats.steiger import (
    combined_r,
    r_from_effect,
    r_from_log_odds,
    r_from_p,
    steiger_sensitivity,
    steiger_test,
)

CASES, CONTROLS, PREVALENCE = 60_801, 123_504, 0.1


@pytest.fixture
def bmi(load):
    return load("tsmr_bmi_chd79")


@pytest.fixture
def columns(bmi):
    def column(name):
        return bmi.column(name, "harmonised.csv")

    return column


@pytest.fixture
def pair(bmi, columns):
    return Instruments(
        *(columns(name) for name in ("beta.exposure", "se.exposure", "beta.outcome", "se.outcome")),
        rsid=tuple(row["SNP"] for row in bmi.rows("harmonised.csv")),
        eaf_exposure=columns("eaf.exposure"),
        eaf_outcome=columns("eaf.outcome"),
        n_exposure=columns("samplesize.exposure"),
        n_outcome=columns("samplesize.outcome"),
    )


def from_p(columns, side):
    """As TwoSampleMR: quantile with n - 1, correlation with n - 2 degrees of freedom."""
    return r_from_p(-np.log10(columns(f"pval.{side}")), columns(f"samplesize.{side}"), df_lost=1)


def sizes(columns):
    return {f"n_{side}": columns(f"samplesize.{side}").mean() for side in ("exposure", "outcome")}


def test_steiger__equals_directionality_test_from_p_values(bmi, columns, comparison):
    check, frozen = comparison(bmi), bmi.methods["directionality_test_quantitative"]
    r = [combined_r(from_p(columns, side)) for side in ("exposure", "outcome")]
    z, p = steiger_test(*r, **sizes(columns))
    check.number("r2 exposure", r[0] ** 2, frozen["snp_r2.exposure"])
    check.number("r2 outcome", r[1] ** 2, frozen["snp_r2.outcome"])
    check.same("direction", bool(z > 0), frozen["correct_causal_direction"])
    check.p_value("steiger", float(p), frozen["steiger_pval"])
    check.finish(at_least=5)


def test_steiger__full_result_with_sensitivity(bmi, columns, comparison):
    check, frozen = comparison(bmi), bmi.methods["mr_steiger_full"]
    r = [combined_r(from_p(columns, side)) for side in ("exposure", "outcome")]
    sensitivity = steiger_sensitivity(*r)
    check.number("r2_exp", r[0] ** 2, frozen["r2_exp"])
    check.number("r2_out", r[1] ** 2, frozen["r2_out"])
    check.p_value("steiger", float(steiger_test(*r, **sizes(columns))[1]), frozen["steiger_test"])
    check.number("vz0", sensitivity.disagree, frozen["vz0"])
    check.number("vz1", sensitivity.agree, frozen["vz1"])
    check.number("vz", sensitivity.disagree - sensitivity.agree, frozen["vz"])
    check.number("ratio", sensitivity.ratio, frozen["sensitivity_ratio"])
    check.finish(at_least=8)


def test_steiger__binary_outcome_needs_the_variance_of_one_allele_to_equal_get_r_from_lor(bmi, columns, comparison):
    """TwoSampleMR leaves out the factor 2 of 2p(1-p); with it, as in our default, twice as much is explained."""
    check, frozen = comparison(bmi), bmi.methods["directionality_test_binary_outcome"]
    exposure = r_from_effect(columns("beta.exposure"), columns("se.exposure"), columns("samplesize.exposure"))
    facts = {"n_cases": CASES, "n_controls": CONTROLS, "prevalence": PREVALENCE}
    data = columns("beta.outcome"), columns("eaf.outcome")
    theirs = r_from_log_odds(*data, genotype_variance="one_allele", **facts)
    for got, want in zip((*exposure, *theirs), (*frozen["r_exposure"], *frozen["r_outcome"]), strict=True):
        check.number("r", float(got), want)
    r = combined_r(exposure), combined_r(theirs)
    z, p = steiger_test(*r, **sizes(columns))
    check.number("r2 exposure", r[0] ** 2, frozen["snp_r2.exposure"])
    check.number("r2 outcome", r[1] ** 2, frozen["snp_r2.outcome"])
    check.same("direction", bool(z > 0), frozen["correct_causal_direction"])
    check.p_value("steiger", float(p), frozen["steiger_pval"])
    check.finish(at_least=2 * 79 + 5)
    ours = combined_r(r_from_log_odds(*data, **facts)) ** 2
    assert ours / frozen["snp_r2.outcome"] == pytest.approx(2.0, abs=1e-3)


def test_steiger_per_variant__equals_steiger_filtering(bmi, pair, comparison):
    check = comparison(bmi)
    frozen = {row["SNP"]: row for row in bmi.methods["steiger_filtering"]["value"]}
    result = steiger_per_variant(pair, TraitFacts(), TraitFacts())
    for i, name in enumerate(result.rsid):
        row = frozen.pop(name)
        check.number(f"{name} rsq.exposure", float(result.r2_exposure[i]), row["rsq.exposure"])
        check.number(f"{name} rsq.outcome", float(result.r2_outcome[i]), row["rsq.outcome"])
        check.same(f"{name} steiger_dir", bool(result.is_forward[i]), row["steiger_dir"])
        check.p_value(f"{name} steiger", float(result.neg_log_10_p_value[i]), row["steiger_pval"])
    assert not frozen
    check.finish(at_least=79 * 5)


def test_steiger__wrapper_agrees_for_quantitative_traits_and_is_careful_for_binary_ones(bmi, pair, comparison):
    check, frozen = comparison(bmi), bmi.methods["directionality_test_binary_outcome"]
    tests = {test.name: test for test in steiger(pair, TraitFacts(), TraitFacts(), take_off_chance=False)}
    check.number("r2 exposure", tests["r2_exposure"].statistic, frozen["snp_r2.exposure"])
    check.finish(at_least=1)
    facts = TraitFacts("binary", n=CASES + CONTROLS, n_cases=CASES, prevalence=PREVALENCE)
    binary = {test.name: test for test in steiger(pair, TraitFacts(), facts, take_off_chance=False)}
    assert binary["r2_outcome"].statistic == pytest.approx(2 * frozen["snp_r2.outcome"], rel=1e-3)
    # fewer people count, and more of the outcome is explained: p is larger than TwoSampleMR's
    assert binary["steiger_direction"].statistic > 0
    assert 50 < binary["steiger_direction"].neg_log_10_p_value < -np.log10(frozen["steiger_pval"])
