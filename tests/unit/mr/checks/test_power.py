"""Minimum detectable effects of a pair."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from osteobiome import mr
from osteobiome.core.errors import SchemaError
from osteobiome.instruments import Instruments
from osteobiome.mr import Block
from osteobiome.mr.checks import TraitFacts, power, steiger
from osteobiome.stats.power import minimum_detectable_effect, minimum_detectable_effect_from_sizes

SIZES = TraitFacts(n=20_000)


def pair_of(n=5):
    rng = np.random.default_rng(n)
    x = rng.normal(0.0, 0.1, n)
    pair = Instruments.from_arrays(x, [0.01] * n, 0.1 * x + 0.06 * rng.normal(size=n), [0.02] * n)
    return dataclasses.replace(pair, exposure="bmi", outcome="bmd")


def test_power__precision_is_that_of_fixed_effects():
    pair = pair_of()
    least, from_sizes, at = power(pair, SIZES, TraitFacts(n=30_000), effect=0.3)
    se = mr.ivw_fixed(pair).se
    assert mr.ivw(pair).se > se  # scatter does not enter
    assert (least.name, least.statistic) == ("minimum_detectable_effect", float(minimum_detectable_effect(se)))
    share = steiger(pair, SIZES, SIZES)[0].statistic
    expected = minimum_detectable_effect_from_sizes(n=30_000, r2=share)
    assert from_sizes.statistic == pytest.approx(float(expected))
    assert at.statistic == pytest.approx(stats.norm.sf(1.959964 - 0.3 / se), rel=1e-4)
    assert all((test.null, test.neg_log_10_p_value, test.message) == ("", None, "") for test in (least, from_sizes, at))


def test_power__with_ld_uses_the_matrix():
    pair = dataclasses.replace(pair_of(3), ld_r=np.array([[1.0, 0.5, 0.2], [0.5, 1.0, 0.5], [0.2, 0.5, 1.0]]))
    least = power(pair, SIZES, SIZES)[0]
    assert least.statistic == float(minimum_detectable_effect(mr.ivw_ld_fixed(pair).se))


def test_power__binary_outcome_counts_cases():
    pair = pair_of()
    facts = TraitFacts("binary", n=30_000, n_cases=3_000)
    share = steiger(pair, SIZES, SIZES)[0].statistic
    expected = minimum_detectable_effect_from_sizes(n=30_000, r2=share, case_share=0.1)
    assert power(pair, SIZES, facts)[1].statistic == pytest.approx(float(expected))


@pytest.mark.parametrize(
    ("exposure", "outcome", "words"),
    [
        (TraitFacts(), SIZES, "exposure 'bmi' the check needs the sample size"),
        (SIZES, TraitFacts(), "outcome 'bmd' the check needs the sample size"),
        (SIZES, TraitFacts("binary", n=100), "n_cases"),
        (SIZES, TraitFacts("binary", n=100, n_cases=100), "as many cases as people"),
    ],
)
def test_power__says_what_is_missing(exposure, outcome, words):
    least, from_sizes = power(pair_of(), exposure, outcome)
    assert least.statistic is not None
    assert from_sizes.statistic is None
    assert words in from_sizes.message


def test_power__no_fit_has_the_reason_of_the_fit():
    nothing = dataclasses.replace(pair_of(), beta_exposure=np.zeros(5))
    least, from_sizes, at = power(nothing, SIZES, SIZES, effect=0.1)
    assert "no effect on the exposure" in least.message
    assert at.message == least.message
    assert "explain nothing" in from_sizes.message


@pytest.mark.parametrize("option", [{"chance": 0.04}, {"chance": 1.0}, {"level": 1.0}])
def test_power__options_out_of_range_are_refused(option):
    with pytest.raises(SchemaError):
        power(pair_of(), SIZES, SIZES, **option)


def test_minimum_detectable_effect__is_detected_in_80_percent_of_pairs():
    """4,000 pairs with the effect that the first of them calls detectable; the bounds hold 99.9 % of counts."""
    n, n_pairs = 8, 4_000
    rng = np.random.default_rng(11)
    x = np.linspace(0.05, 0.2, n)
    se = np.linspace(0.01, 0.03, n)
    design = Instruments.from_arrays(x, [1e-6] * n, np.zeros(n), se)
    effect = power(design, SIZES, SIZES)[0].statistic
    block = Block(
        np.tile(x, (n_pairs, 1)),
        np.full((n_pairs, n), 1e-6),
        effect * x + se * rng.normal(size=(n_pairs, n)),
        np.tile(se, (n_pairs, 1)),
        np.ones((n_pairs, n), dtype=bool),
    )
    found = int(np.sum(mr.ESTIMATORS["ivw_fixed"].batch(block).neg_log_10_p_value() > -np.log10(0.05)))
    low, high = stats.binom.interval(0.999, n_pairs, 0.8)
    assert low <= found <= high
