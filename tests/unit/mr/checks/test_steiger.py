"""The Steiger wrapper: which facts it needs, and what it says when one is missing."""

import dataclasses

import numpy as np
import pytest

from osteobiome.core.errors import SchemaError
from osteobiome.instruments import Instruments
from osteobiome.mr.checks import TraitFacts, steiger, steiger_per_variant
from osteobiome.stats.steiger import chance_inflation, effective_n, r_from_effect, r_from_log_odds, steiger_test

QUANTITATIVE = TraitFacts(n=20_000)
BINARY = TraitFacts("binary", n=10_000, n_cases=2_000, prevalence=0.05)


@pytest.fixture
def pair():
    return dataclasses.replace(
        Instruments.from_arrays([0.1, -0.08, 0.12], [0.01] * 3, [0.03, -0.02, 0.05], [0.015] * 3, rsid=[*"abc"]),
        eaf_outcome=np.array([0.3, 0.2, 0.4]),
        exposure="bmi",
        outcome="fracture",
    )


def less_chance(r, n):
    """What three variants explain in n people, less chance."""
    return 1 - (1 - np.sum(np.square(r))) * (n - 1) / (n - 4)


def direction(r2, n):
    """Fisher's z of two shares in n people each, with the variance of three variants."""
    extra = chance_inflation(*r2, n_exposure=n[0], n_outcome=n[1], n_variants=3)
    return steiger_test(*np.sqrt(r2), n_exposure=n[0], n_outcome=n[1], inflation=extra)


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
        less_chance(r_from_effect(pair.beta_exposure, pair.se_exposure, 20_000), 20_000),
        less_chance(r_from_effect(pair.beta_outcome, pair.se_outcome, 30_000), 30_000),
    ]
    assert tests["r2_exposure"].statistic == pytest.approx(r2[0])
    assert tests["r2_outcome"].statistic == pytest.approx(r2[1])
    test = tests["steiger_direction"]
    z, p = direction(r2, (20_000, 30_000))
    assert (test.statistic, test.neg_log_10_p_value) == (pytest.approx(float(z)), pytest.approx(float(p)))
    assert test.estimate == pytest.approx(r2[0] - r2[1])
    assert test.null
    assert not any(test.message for test in tests.values())


def test_steiger__with_chance_left_in_is_the_plain_sum(pair):
    sized = dataclasses.replace(pair, n_outcome=np.array([10_000.0, 20_000.0, 60_000.0]))
    tests = by_name(steiger(sized, QUANTITATIVE, TraitFacts(), take_off_chance=False))
    r2 = [
        np.sum(np.square(r_from_effect(pair.beta_exposure, pair.se_exposure, 20_000))),
        np.sum(np.square(r_from_effect(pair.beta_outcome, pair.se_outcome, sized.n_outcome))),
    ]
    assert [tests["r2_exposure"].statistic, tests["r2_outcome"].statistic] == pytest.approx(r2)
    z, _ = steiger_test(*np.sqrt(r2), n_exposure=20_000, n_outcome=30_000)
    assert tests["steiger_direction"].statistic == pytest.approx(float(z))


def test_steiger__sample_sizes_that_vary_count_by_their_harmonic_mean(pair):
    """1/10,000 + 1/20,000 + 1/60,000 is 3/18,000."""
    sized = dataclasses.replace(pair, n_outcome=np.array([10_000.0, 20_000.0, 60_000.0]))
    tests = by_name(steiger(sized, QUANTITATIVE, TraitFacts()))
    expected = less_chance(r_from_effect(pair.beta_outcome, pair.se_outcome, sized.n_outcome), 18_000)
    assert tests["r2_outcome"].statistic == pytest.approx(expected)
    z, _ = direction([tests["r2_exposure"].statistic, expected], (20_000, 18_000))
    assert tests["steiger_direction"].statistic == pytest.approx(float(z))


def test_steiger__a_small_outcome_study_does_not_turn_the_direction():
    """300 variants with F of 40 in 500,000 people, an outcome of 8,000 people that has nothing to do with them."""
    rng = np.random.default_rng(4)
    turned, m = 0, 300
    for _ in range(100):
        x, y = np.sqrt(40) + rng.normal(size=m), rng.normal(size=m)
        pair = Instruments.from_arrays(x, np.ones(m), y, np.ones(m))
        test = by_name(steiger(pair, TraitFacts(n=500_000), TraitFacts(n=8_000)))["steiger_direction"]
        turned += test.statistic < -1.96
        raw = by_name(steiger(pair, TraitFacts(n=500_000), TraitFacts(n=8_000), take_off_chance=False))
        assert raw["steiger_direction"].statistic < 0
    assert turned <= 5


def test_steiger__nothing_beyond_chance_has_a_message(pair):
    faint = dataclasses.replace(pair, beta_exposure=np.full(3, 1e-4), beta_outcome=np.full(3, 1e-4))
    tests = by_name(steiger(faint, QUANTITATIVE, QUANTITATIVE))
    assert (tests["r2_exposure"].statistic, tests["r2_outcome"].statistic) == (0.0, 0.0)
    for name in ("steiger_direction", "steiger_sensitivity_ratio"):
        assert tests[name].statistic is None
        assert tests[name].message == "Not estimable: the variants explain nothing beyond chance."


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
    pair = dataclasses.replace(pair, beta_outcome=3 * pair.beta_outcome)  # beyond chance
    tests = by_name(steiger(pair, QUANTITATIVE, BINARY))
    r = r_from_log_odds(pair.beta_outcome, pair.eaf_outcome, n_cases=2_000, n_controls=8_000, prevalence=0.05)
    n = float(effective_n(2_000, 8_000))
    assert tests["r2_outcome"].statistic == pytest.approx(less_chance(r, n))
    z, _ = direction([tests["r2_exposure"].statistic, less_chance(r, n)], (20_000, n))
    assert tests["steiger_direction"].statistic == pytest.approx(float(z))


def test_steiger__each_side_takes_the_frequency_of_its_own_sample(pair):
    own, gap = np.array([0.25, 0.15, 0.45]), np.array([0.25, np.nan, 0.45])
    facts = {"n_cases": 2_000, "n_controls": 8_000, "prevalence": 0.05}
    for eaf, used in ((own, own), (gap, [0.25, 0.2, 0.45]), (None, pair.eaf_outcome)):
        both = dataclasses.replace(pair, eaf_exposure=eaf)
        result = steiger_per_variant(both, BINARY, BINARY)
        x, y = (
            r_from_log_odds(pair.beta_exposure, used, **facts),
            r_from_log_odds(pair.beta_outcome, pair.eaf_outcome, **facts),
        )
        np.testing.assert_allclose(result.r2_exposure, x**2, rtol=1e-12)
        np.testing.assert_allclose(result.r2_outcome, y**2, rtol=1e-12)
    swapped = dataclasses.replace(pair, eaf_exposure=own, eaf_outcome=None)
    np.testing.assert_allclose(
        steiger_per_variant(swapped, BINARY, BINARY).r2_outcome,
        r_from_log_odds(pair.beta_outcome, own, **facts) ** 2,
        rtol=1e-12,
    )


def test_steiger__binary_trait_with_linear_effects_stays_on_its_own_scale(pair):
    linear = dataclasses.replace(BINARY, unit="native:share")
    tests = by_name(steiger(dataclasses.replace(pair, eaf_outcome=None), QUANTITATIVE, linear))
    r = r_from_effect(pair.beta_outcome, pair.se_outcome, 10_000)
    assert tests["r2_outcome"].statistic == pytest.approx(less_chance(r, 10_000))


def test_steiger__presence_needs_no_prevalence(pair):
    pair = dataclasses.replace(pair, beta_outcome=3 * pair.beta_outcome)  # beyond chance
    presence = TraitFacts("presence", n=10_000, n_cases=2_000)
    r = r_from_log_odds(pair.beta_outcome, pair.eaf_outcome, n_cases=2_000, n_controls=8_000, prevalence=0.2)
    tests = by_name(steiger(pair, QUANTITATIVE, presence))
    assert tests["r2_outcome"].statistic == pytest.approx(less_chance(r, float(effective_n(2_000, 8_000))))


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
        tests = by_name(steiger(dataclasses.replace(pair, eaf_outcome=eaf), QUANTITATIVE, BINARY))
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
    extra = chance_inflation(r[0] ** 2, r[1] ** 2, n_exposure=20_000, n_outcome=20_000, n_variants=3)
    z, _ = steiger_test(r[0], r[1] / 0.5, n_exposure=20_000, n_outcome=20_000, inflation=extra)
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


def test_steiger__too_few_people_are_named(pair):
    faint, tiny = dataclasses.replace(pair, beta_exposure=np.full(3, 0.001)), TraitFacts(n=3)
    assert "3 variants need more people than 3" in by_name(steiger(faint, tiny, QUANTITATIVE))["r2_exposure"].message
    raw = steiger(faint, tiny, QUANTITATIVE, take_off_chance=False)
    assert "three people" in by_name(raw)["steiger_direction"].message
