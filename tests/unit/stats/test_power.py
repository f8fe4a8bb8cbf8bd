"""Power against simulation and against hand-made numbers."""

import numpy as np
import pytest
from scipy import stats

from osteobiome.stats.power import (
    minimum_detectable_effect,
    minimum_detectable_effect_from_sizes,
    power,
    power_from_sizes,
    se_from_sizes,
)


def test_power__both_tails():
    assert float(power(0.0, 1.0)) == pytest.approx(0.05, rel=1e-12)
    assert float(power(1.0, 1.0)) == pytest.approx(stats.norm.sf(0.959963984540054) + stats.norm.sf(2.959963984540054))
    assert float(power(-1.0, 1.0)) == float(power(1.0, 1.0))
    assert float(power(100.0, 1.0)) == 1.0


@pytest.mark.parametrize("level", [0.9, 0.95, 0.999])
@pytest.mark.parametrize("chance", [0.2, 0.5, 0.8, 0.99])
def test_minimum_detectable_effect__has_the_power_asked_for(chance, level):
    effect = minimum_detectable_effect([0.1, 2.0], chance=chance, level=level)
    np.testing.assert_allclose(power(effect, [0.1, 2.0], level=level), chance, rtol=1e-12)


def test_minimum_detectable_effect__is_2_80_standard_errors():
    z = stats.norm.isf(0.025) + stats.norm.isf(0.2)
    assert float(minimum_detectable_effect(1.0)) == pytest.approx(z, rel=1e-5)
    assert float(minimum_detectable_effect(1.0)) < z  # the far tail adds a little


def test_sizes__by_hand():
    """Burgess 2014: 1 / sqrt(n R2 v (1 - v)); with n = 40,000, R2 = 0.01 and half cases that is 0.1."""
    assert float(se_from_sizes(40_000, 0.01, case_share=0.5)) == pytest.approx(0.1, rel=1e-12)
    assert float(se_from_sizes(10_000, 0.01)) == pytest.approx(0.1, rel=1e-12)
    least = float(minimum_detectable_effect_from_sizes(n=10_000, r2=0.01))
    assert float(power_from_sizes(least, n=10_000, r2=0.01)) == pytest.approx(0.8, rel=1e-12)
    assert least == pytest.approx(0.28, abs=0.001)


def two_stage(n, r2, effect, rng, *, binary):
    """Return z of the Wald ratio in people: one variant, standardised, exposure with variance 1, effect known."""
    g = rng.normal(size=n)
    x = np.sqrt(r2) * g + np.sqrt(1 - r2) * rng.normal(size=n)
    if not binary:
        y = effect * x + np.sqrt(1 - effect**2) * rng.normal(size=n)
        r = np.corrcoef(g, y)[0, 1]
        return r * np.sqrt((n - 2) / (1 - r**2))
    y = rng.random(n) < 1 / (1 + np.exp(1.0 - effect * x))  # score test of the logistic regression
    share = y.mean()
    return np.sum((g - g.mean()) * (y - share)) / np.sqrt(share * (1 - share) * np.sum((g - g.mean()) ** 2))


@pytest.mark.parametrize("binary", [False, True])
def test_minimum_detectable_effect_from_sizes__has_80_percent_in_people(binary):
    """1,500 studies of 4,000 people; the bounds hold 99.9 % of binomial counts."""
    n, r2, studies = 4_000, 0.05, 1_500
    share = 1 / (1 + np.exp(1.0)) if binary else None
    effect = float(minimum_detectable_effect_from_sizes(n=n, r2=r2, case_share=share))
    rng = np.random.default_rng(2024)
    found = sum(abs(two_stage(n, r2, effect, rng, binary=binary)) > 1.959963984540054 for _ in range(studies))
    low, high = stats.binom.interval(0.999, studies, 0.8)
    assert low <= found <= high
