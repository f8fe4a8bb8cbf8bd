"""The Steiger wrapper: which facts it needs, and what it says when one is missing."""

import dataclasses

import numpy as np
import pytest

from osteobiome.core.errors import SchemaError
from osteobiome.instruments import Instruments
from osteobiome.mr.checks import TraitFacts, steiger, steiger_per_variant
from osteobiome.stats.steiger import effective_n, r_from_effect, r_from_log_odds, steiger_test

QUANTITATIVE = TraitFacts(n=20_000)
BINARY = TraitFacts("binary", n=10_000, n_cases=2_000, prevalence=0.05)


@pytest.fixture
def pair():
    return dataclasses.replace(
        Instruments.from_arrays([0.1, -0.08, 0.12], [0.01] * 3, [0.03, -0.02, 0.05], [0.015] * 3, rsid=[*"abc"]),
        eaf=np.array([0.3, 0.2, 0.4]),
        exposure="bmi",
        outcome="fracture",
    )


def by_name(tests):
    assert [test.name for test in tests[:4]] == [
        "r2_exposure",
        "r2_outcome",
        "steiger_direction",
        "steiger_sensitivity_ratio",
    ]
    return {test.name: test for test in tests}


def test_steiger__quantitative_traits(pair):
    tests = by_name(steiger(pair, QUANTITATIVE, TraitFacts(n=30_000)))
    r2 = [
        np.sum(np.square(r_from_effect(pair.beta_exposure, pair.se_exposure, 20_000))),
        np.sum(np.square(r_from_effect(pair.beta_outcome, pair.se_outcome, 30_000))),
    ]
    assert tests["r2_exposure"].statistic == pytest.approx(r2[0])
    assert tests["r2_outcome"].statistic == pytest.approx(r2[1])
    direction = tests["steiger_direction"]
    z, p = steiger_test(np.sqrt(r2[0]), np.sqrt(r2[1]), n_exposure=20_000, n_outcome=30_000)
    assert (direction.statistic, direction.neg_log_10_p_value) == (pytest.approx(float(z)), pytest.approx(float(p)))
    assert direction.estimate == pytest.approx(r2[0] - r2[1])
    assert direction.null
    assert not any(test.message for test in tests.values())


def test_steiger__turned_round_changes_the_sign_only(pair):
    turned = dataclasses.replace(
        pair,
        beta_exposure=pair.beta_outcome,
        se_exposure=pair.se_outcome,
        beta_outcome=pair.beta_exposure,
        se_outcome=pair.se_exposure,
    )
    one, other = (
        by_name(steiger(pair, QUANTITATIVE, QUANTITATIVE)),
        by_name(steiger(turned, QUANTITATIVE, QUANTITATIVE)),
    )
    assert other["steiger_direction"].statistic == pytest.approx(-one["steiger_direction"].statistic)
    assert other["steiger_sensitivity_ratio"].statistic == pytest.approx(one["steiger_sensitivity_ratio"].statistic)


def test_steiger__sample_size_of_variants_goes_first(pair):
    sized = dataclasses.replace(pair, n_exposure=np.array([5_000.0, np.nan, 7_000.0]))
    result = steiger_per_variant(sized, QUANTITATIVE, QUANTITATIVE)
    r = r_from_effect(pair.beta_exposure, pair.se_exposure, [5_000, 20_000, 7_000])
    np.testing.assert_allclose(result.r2_exposure, np.square(r))


def test_steiger__binary_outcome_is_on_the_liability_scale(pair):
    tests = by_name(steiger(pair, QUANTITATIVE, BINARY))
    r = r_from_log_odds(pair.beta_outcome, pair.eaf, n_cases=2_000, n_controls=8_000, prevalence=0.05)
    assert tests["r2_outcome"].statistic == pytest.approx(np.sum(r**2))
    n = float(effective_n(2_000, 8_000))
    z, _ = steiger_test(np.sqrt(tests["r2_exposure"].statistic), np.sqrt(np.sum(r**2)), n_exposure=20_000, n_outcome=n)
    assert tests["steiger_direction"].statistic == pytest.approx(float(z))


def test_steiger__binary_trait_with_linear_effects_stays_on_its_own_scale(pair):
    linear = dataclasses.replace(BINARY, unit="native:share")
    tests = by_name(steiger(dataclasses.replace(pair, eaf=None), QUANTITATIVE, linear))
    r = r_from_effect(pair.beta_outcome, pair.se_outcome, 10_000)
    assert tests["r2_outcome"].statistic == pytest.approx(np.sum(r**2))


def test_steiger__presence_needs_no_prevalence(pair):
    presence = TraitFacts("presence", n=10_000, n_cases=2_000)
    r = r_from_log_odds(pair.beta_outcome, pair.eaf, n_cases=2_000, n_controls=8_000, prevalence=0.2)
    tests = by_name(steiger(pair, QUANTITATIVE, presence))
    assert tests["r2_outcome"].statistic == pytest.approx(np.sum(r**2))


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (TraitFacts(), ["sample size (column n "]),
        (dataclasses.replace(BINARY, n=None), ["sample size"]),
        (dataclasses.replace(BINARY, n_cases=None), ["n_cases"]),
        (dataclasses.replace(BINARY, prevalence=None), ["column prevalence"]),
        (TraitFacts("binary"), ["column n ", "n_cases", "prevalence"]),
        (dataclasses.replace(BINARY, n_cases=10_000), ["10000 cases among 10000 people"]),
    ],
)
def test_steiger__says_what_is_missing_and_where_to_give_it(pair, facts, words):
    tests = by_name(steiger(pair, QUANTITATIVE, facts))
    assert tests["r2_exposure"].statistic is not None
    for name in ("r2_outcome", "steiger_direction", "steiger_sensitivity_ratio"):
        assert tests[name].statistic is None
        assert tests[name].message.startswith("Not estimable")
        assert all(word in tests[name].message for word in ["outcome 'fracture'"[:7], *words])
    assert steiger_per_variant(pair, QUANTITATIVE, facts).message == tests["r2_outcome"].message


def test_steiger__missing_frequency_is_named(pair):
    for eaf in (None, np.array([0.2, np.nan, 0.1])):
        tests = by_name(steiger(dataclasses.replace(pair, eaf=eaf), QUANTITATIVE, BINARY))
        assert "allele frequency" in tests["steiger_direction"].message


def test_steiger__ld_takes_the_joint_share(pair):
    ld_r = np.array([[1.0, -0.9, 0.9], [-0.9, 1.0, -0.85], [0.9, -0.85, 1.0]])
    r = r_from_effect(pair.beta_exposure, pair.se_exposure, 20_000)
    joint = r @ np.linalg.solve(ld_r, r)
    tests = by_name(steiger(dataclasses.replace(pair, ld_r=ld_r), QUANTITATIVE, QUANTITATIVE))
    expected = 1 - (1 - joint) * 19_999 / 19_996
    assert tests["r2_exposure"].statistic == pytest.approx(expected)
    assert expected < 0.6 * np.sum(r**2)
    singular = dataclasses.replace(pair, ld_r=np.ones((3, 3)))
    assert "LD matrix" in by_name(steiger(singular, QUANTITATIVE, QUANTITATIVE))["steiger_direction"].message


def test_steiger__shares_above_one_are_refused(pair):
    loud = dataclasses.replace(pair, se_exposure=np.full(3, 1e-6))
    message = by_name(steiger(loud, QUANTITATIVE, QUANTITATIVE))["steiger_direction"].message
    assert "explain all of the trait" in message


def test_steiger__reliability_raises_the_true_correlation(pair):
    tests = steiger(pair, QUANTITATIVE, QUANTITATIVE, reliability_outcome=0.5)
    assert [test.name for test in tests][-1] == "steiger_direction_adjusted"
    r = [np.sqrt(test.statistic) for test in tests[:2]]
    z, _ = steiger_test(r[0], r[1] / 0.5, n_exposure=20_000, n_outcome=20_000)
    assert tests[-1].statistic == pytest.approx(float(z))
    lost = steiger(pair, QUANTITATIVE, QUANTITATIVE, reliability_outcome=0.001)[-1]
    assert lost.statistic is None
    assert "reliability" in lost.message
    with pytest.raises(SchemaError, match="reliability_exposure"):
        steiger(pair, QUANTITATIVE, QUANTITATIVE, reliability_exposure=0.0)


def test_steiger__no_variant_has_a_message(pair):
    tests = by_name(steiger(pair.subset(np.zeros(3, dtype=bool)), QUANTITATIVE, QUANTITATIVE))
    assert all(test.message.startswith("Not estimable") for test in tests.values())


def test_steiger__unexplained_outcome_has_no_finite_ratio(pair):
    nothing = dataclasses.replace(pair, beta_outcome=np.zeros(3))
    tests = by_name(steiger(nothing, QUANTITATIVE, QUANTITATIVE))
    assert tests["steiger_direction"].statistic > 0
    assert tests["steiger_sensitivity_ratio"].statistic is None
    assert "No measurement error" in tests["steiger_sensitivity_ratio"].message


def test_steiger_per_variant__is_elementwise(pair):
    result = steiger_per_variant(pair, QUANTITATIVE, QUANTITATIVE)
    for i, name in enumerate("abc"):
        (one,) = (steiger_per_variant(pair.subset(np.arange(3) == i), QUANTITATIVE, QUANTITATIVE),)
        assert one.rsid == (name,)
        assert (one.z[0], one.r2_exposure[0]) == (result.z[i], result.r2_exposure[i])


def test_steiger__three_people_are_too_few(pair):
    faint, tiny = dataclasses.replace(pair, beta_exposure=np.full(3, 0.001)), TraitFacts(n=3)
    assert "three people" in by_name(steiger(faint, tiny, QUANTITATIVE))["steiger_direction"].message
