"""Signs that correlated variants were counted as independent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from osteobiome.core.estimate import DOUBT
from osteobiome.instruments import Instruments
from osteobiome.mr import ESTIMATORS
from osteobiome.mr.checks import independence


def _pair(n, *, gap, scatter, copies=1):
    random = np.random.default_rng(3)
    x = random.normal(0.1, 0.02, n)
    y = np.repeat(random.normal(0.0, 0.01 * scatter, n // copies), copies)
    pair = Instruments.from_arrays(x, np.full(n, 0.01), y, np.full(n, 0.01))
    return replace(pair, chromosome=np.ones(n), position=1e6 + gap * np.arange(n))


def _names(pair, method="ivw"):
    return [test.name for test in independence(pair, ESTIMATORS[method].function(pair))]


def test_independence__of_spread_variants_with_usual_scatter_has_nothing_to_say():
    assert _names(_pair(40, gap=3e6, scatter=1.0)) == ["n_loci"]


def test_independence__of_one_locus_says_so():
    pair = _pair(40, gap=1000, scatter=1.0)
    assert _names(pair) == ["n_loci", "variants_close_together", DOUBT]
    (_, close, doubt) = independence(pair, ESTIMATORS["ivw"].function(pair))
    assert close.statistic == 39.0
    assert "40 variants in 1 locus" in close.message == doubt.message


def test_independence__of_too_little_scatter_alone_is_said_but_withholds_no_finding():
    """Overlapping samples and inflated standard errors do the same to independent variants."""
    assert _names(_pair(200, gap=3e6, scatter=0.3)) == ["n_loci", "too_little_scatter"]


def test_independence__of_clumped_variants_names_neighbours_without_a_doubt():
    """A strong signal shows through at variants in weak LD with it, which clumping leaves."""
    pair = _pair(40, gap=1000, scatter=1.0)
    found = independence(pair, ESTIMATORS["ivw"].function(pair), clumped=True)
    assert [test.name for test in found] == ["n_loci", "neighbours_after_clumping"]
    assert "counted as independent" in found[1].message


@pytest.mark.parametrize("n", [50, 600, 2000])
def test_independence__neighbours_by_chance_are_no_sign(n):
    """Of 600 variants anywhere on the genome about a hundred have a neighbour within 1,000 kb."""
    random = np.random.default_rng(9)
    pair = _pair(n, gap=0, scatter=1.0)
    place = np.sort(random.uniform(0, 2.85e9, n))
    pair = replace(pair, chromosome=1 + place // 1.3e8, position=1 + place % 1.3e8)
    assert "variants_close_together" not in _names(pair)


def test_independence__of_few_variants_that_agree_is_no_sign():
    pair = Instruments.from_arrays([0.1] * 5, [0.01] * 5, [0.05] * 5, [0.02] * 5)
    assert _names(pair) == []


def test_independence__a_few_neighbours_are_no_sign():
    pair = _pair(40, gap=3e6, scatter=1.0)
    position = pair.position.copy()
    position[1] = position[0] + 10
    assert _names(replace(pair, position=position)) == ["n_loci"]


def test_independence__methods_that_allow_for_ld_are_not_blamed():
    pair = replace(_pair(40, gap=1000, scatter=1.0), ld_r=np.eye(40))
    assert _names(pair, "ivw_ld") == ["n_loci"]
    assert _names(pair, "ivw_lead") == ["n_loci"]


def test_independence__without_positions_looks_at_scatter_alone():
    pair = replace(_pair(200, gap=0, scatter=0.3), chromosome=None, position=None)
    assert _names(pair) == ["too_little_scatter", DOUBT]


@pytest.mark.parametrize("n", [20, 100, 500])
def test_independence__false_alarms_are_rare(n):
    """One in a million by its threshold: none in 300 simulated pairs of independent variants."""
    random = np.random.default_rng(11)
    alarms = 0
    for _ in range(300):
        pair = Instruments.from_arrays(
            random.normal(0.1, 0.02, n), np.full(n, 0.01), random.normal(0, 0.01, n), np.full(n, 0.01)
        )
        alarms += "too_little_scatter" in _names(pair)
    assert alarms == 0
