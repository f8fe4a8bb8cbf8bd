"""The choice among four models: each letter, and reasons why there is none."""

import numpy as np
import pytest
from scipy import stats

from osteobiome.core.errors import SchemaError
from osteobiome.instruments import Instruments
from osteobiome.mr import egger, ivw, ivw_fixed
from osteobiome.mr.checks.rucker import MODELS, rucker

N = 24
NORMAL = stats.norm.ppf((np.arange(N) + 0.5) / N)


def pair_of(*, intercept=0.0, scatter=1.0):
    """Residuals are normal quantiles in an order that goes with nothing."""
    x = np.linspace(0.05, 0.25, N)
    noise = scatter * 0.01 * NORMAL[np.random.default_rng(3).permutation(N)]
    return Instruments.from_arrays(x, [0.001] * N, 0.5 * x + intercept + noise, [0.01] * N)


@pytest.mark.parametrize(
    ("letter", "options"),
    [
        ("A", {}),
        ("B", {"scatter": 2.0}),
        ("C", {"intercept": 0.05, "scatter": 0.8}),
        ("D", {"intercept": 0.1, "scatter": 2.0}),
    ],
)
def test_rucker__each_letter_can_be_reached(letter, options):
    pair = pair_of(**options)
    found = rucker(pair)
    assert found.choice == letter
    assert found.selected.method == MODELS[letter]
    wanted = {
        "A": ivw_fixed(pair),
        "B": ivw(pair),
        "C": egger(pair, model="fixed"),
        "D": egger(pair),
    }
    for estimate, single in zip(found.estimates, wanted.values(), strict=True):
        assert (estimate.beta, estimate.se, estimate.ci_set) == (single.beta, single.se, single.ci_set)


def test_rucker__tests_are_q_and_their_difference():
    pair = pair_of(intercept=0.02, scatter=1.5)
    q, rest, difference = rucker(pair).tests
    x, y = pair.beta_exposure, pair.beta_outcome
    through_origin = y - x * (x @ y) / (x @ x)
    line = y - np.polyval(np.polyfit(x, y, 1), x)
    assert q.statistic == pytest.approx(np.sum(through_origin**2) / 1e-4, rel=1e-10)
    assert rest.statistic == pytest.approx(np.sum(line**2) / 1e-4, rel=1e-10)
    assert difference.statistic == pytest.approx(q.statistic - rest.statistic, rel=1e-10)
    assert (q.df, rest.df, difference.df) == (N - 1, N - 2, 1)
    assert difference.p_value == pytest.approx(stats.chi2.sf(difference.statistic, 1), rel=1e-9)


def test_rucker__the_level_of_the_tests_decides():
    pair = pair_of(scatter=1.4)
    p = rucker(pair).tests[0].p_value
    assert rucker(pair, alpha=p * 1.01).choice == "B"
    assert rucker(pair, alpha=p * 0.99).choice == "A"


@pytest.mark.parametrize(
    ("n", "words"), [(0, "no instrument of the exposure was found"), (1, "more variants"), (2, "more variants")]
)
def test_rucker__too_few_variants_have_a_message(n, words):
    pair = pair_of().subset(np.arange(N) < n)
    found = rucker(pair)
    assert found.choice is None
    assert found.selected is None
    assert words in found.message


def test_rucker__equal_exposure_effects_have_a_message():
    pair = Instruments.from_arrays([0.1] * 4, [0.01] * 4, [0.05, 0.1, 0.0, 0.07], [0.02] * 4)
    assert "slope and intercept cannot be told apart" in rucker(pair).message


@pytest.mark.parametrize("options", [{"alpha": 0.0}, {"alpha": 1.0}, {"level": 2.0}, {"distribution": "f"}])
def test_rucker__options_that_do_not_exist_are_refused(options):
    with pytest.raises(SchemaError):
        rucker(pair_of(), **options)
