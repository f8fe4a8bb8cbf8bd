"""Checks of a pair look at the variants and the direction that its estimate used; pairs in doubt help no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from osteobiome.core.estimate import DOUBT
from osteobiome.instruments import Instruments
from osteobiome.mr import ESTIMATORS
from osteobiome.study.pair_checks import CheckContext, check_pair
from osteobiome.study.steps.mr import _with_q_values

QUANTITATIVE = {"type": "quantitative", "unit": "sd", "n": 20_000, "n_cases": None, "prevalence": None}
BINARY = {"type": "binary", "unit": "log_odds", "n": 100_000, "n_cases": 50_000, "prevalence": 0.001}


def _pair(n, *, loci):
    """Return n variants in some loci, copies of one signal within each."""
    random = np.random.default_rng(4)
    x = np.repeat(random.uniform(0.08, 0.12, loci), n // loci)
    y = 0.3 * x + np.repeat(random.normal(0, 0.02, loci), n // loci)
    pair = Instruments.from_arrays(x, np.full(n, 0.01), y, np.full(n, 0.02), rsid=[f"rs{i}" for i in range(n)])
    place = 1e6 + 1e7 * np.repeat(np.arange(loci), n // loci) + 1000 * np.tile(np.arange(n // loci), loci)
    return replace(
        pair,
        exposure="x",
        outcome="y",
        chromosome=np.ones(n),
        position=place,
        eaf_exposure=np.full(n, 0.3),
        eaf_outcome=np.full(n, 0.3),
    )


def _tests(pair, method, *, traits=(QUANTITATIVE, QUANTITATIVE), lowered=False):
    shown = ESTIMATORS[method].function(pair).label(exposure="x", outcome="y")
    context = CheckContext("f", method, {"x": traits[0], "y": traits[1]}, is_lowered=lowered)
    checks = check_pair(pair, shown, context=context)
    return checks, {row["name"]: row for row in checks.diagnostics}


def test_direction__does_not_depend_on_how_effects_are_stated():
    pair = _pair(10, loci=10)
    turned = replace(pair, beta_exposure=-pair.beta_exposure)
    _, higher = _tests(pair, "ivw", traits=(BINARY, QUANTITATIVE))
    _, lower = _tests(turned, "ivw", traits=(BINARY, QUANTITATIVE), lowered=True)
    for name in ("r2_exposure", "r2_outcome", "steiger_direction", "minimum_detectable_effect_from_sizes"):
        assert higher[name]["statistic"] is not None
        assert lower[name]["statistic"] == pytest.approx(higher[name]["statistic"], rel=1e-12)


def test_power__is_that_of_the_variants_the_estimate_rests_on():
    """40 copies in each of 5 loci say no more than 5 variants."""
    copies, single = _pair(200, loci=5), _pair(5, loci=5)
    checks, tests = _tests(copies, "ivw_lead")
    _, alone = _tests(single, "ivw")
    assert not checks.is_doubtful
    assert len(checks.influence) == 5
    for name in ("minimum_detectable_effect", "minimum_detectable_effect_with_scatter", "r2_exposure"):
        assert tests[name]["statistic"] == pytest.approx(alone[name]["statistic"], rel=1e-9)


def test_power__of_a_pair_in_doubt_is_withheld():
    checks, tests = _tests(_pair(200, loci=5), "ivw")
    assert checks.is_doubtful
    assert "200 variants in 5 loci" in tests[DOUBT]["message"]
    for name in ("minimum_detectable_effect", "minimum_detectable_effect_with_scatter"):
        assert tests[name]["statistic"] is None
        assert "correlated variants" in tests[name]["message"]


def test_power__with_scatter_is_never_below_that_without():
    _, tests = _tests(_pair(10, loci=10), "ivw")
    assert (
        tests["minimum_detectable_effect_with_scatter"]["statistic"] >= tests["minimum_detectable_effect"]["statistic"]
    )


def test_q_values__a_pair_in_doubt_makes_no_other_look_better():
    scores = [40.0, 30.0, -np.log10(0.02), -np.log10(0.3), -np.log10(0.5), -np.log10(0.7)]
    estimate = ESTIMATORS["ivw"].function(_pair(10, loci=10))
    estimates = [replace(estimate, is_primary=True, neg_log_10_p_value=float(score)) for score in scores]
    doubtful = [True, True, False, False, False, False]
    q = [e.q_value for e in _with_q_values(estimates, doubtful)]
    assert q[2] == pytest.approx(0.12)
    assert q[:2] == [1.0, 1.0]
    assert [e.neg_log_10_p_value for e in _with_q_values(estimates, doubtful)] == scores
    trusted = [e.q_value for e in _with_q_values(estimates, [False] * 6)]
    assert trusted[2] == pytest.approx(0.04)
