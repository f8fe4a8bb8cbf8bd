"""Instruments as a table for readers."""

import numpy as np
import pytest

from osteobiome.core.schema import table
from osteobiome.instruments.described import described
from osteobiome.instruments.winners_curse import conditional_effects, empirical_bayes_effects, fiqt_effects

BETA = [0.06, -0.07, 0.2, 0.03]
SE = 0.01


def variants(beta=BETA):
    places = [(19, 45_411_941), (1, 500), (1, 5_000), (None, None)]
    rows = [
        {"variant_key": i, "rsid": f"rs{i}", "chromosome": c, "position": p, "beta": b, "se": SE, "line": i + 2}
        for i, (b, (c, p)) in enumerate(zip(beta, places, strict=True))
    ]
    return table("variants", rows)


def describe(frame, **options):
    facts = {"exposure": "x", "selected_in": "x", "genome_build": "GRCh37", "p_threshold": 5e-8}
    return described(frame, **facts | options)


def test_described__corrected_effects_are_those_of_the_library():
    frame = variants()
    found = describe(frame, strong=frame, n_tests=1_000)
    expected = conditional_effects(BETA, [SE] * 4, p_threshold=5e-8)
    np.testing.assert_array_equal(found["beta_conditional"][:3], expected.beta[:3])
    np.testing.assert_array_equal(found["ci_high_conditional"][:3], expected.ci_high[:3])
    np.testing.assert_array_equal(found["beta_fiqt"], fiqt_effects(BETA, [SE] * 4, n_tests=1_000).beta)
    assert found["correction_status"].to_list() == ["ok", "ok", "ok", "not_selected"]
    assert found["beta_conditional"][3] is None
    np.testing.assert_allclose(found["f_statistic"], np.square(np.array(BETA) / SE))


def test_described__known_loci_are_marked_and_unknown_without_a_place():
    assert describe(variants())["known_locus"].to_list() == ["APOE", "", "", None]


@pytest.mark.parametrize("why", ["given", "three_sample"])
def test_described__nothing_is_corrected_where_selection_is_unknown_or_did_no_harm(why):
    found = describe(variants(), uncorrected=why, strong=variants(), n_tests=10)
    assert set(found["correction_status"]) == {why}
    for name in ("beta_conditional", "ci_low_conditional", "ci_high_conditional", "beta_fiqt", "beta_empirical_bayes"):
        assert found[name].null_count() == 4


def test_described__without_the_whole_study_there_is_no_rate_of_false_discoveries():
    assert describe(variants())["beta_fiqt"].null_count() == 4
    assert describe(variants(), strong=variants())["beta_fiqt"].null_count() == 4


def test_described__distribution_of_strong_effects():
    beta = np.random.default_rng(1).normal(0.0, 0.07, 300)
    places = [(1, 1000 + i) for i in range(300)]
    rows = [
        {"variant_key": i, "rsid": f"rs{i}", "chromosome": c, "position": p, "beta": b, "se": SE, "line": i + 2}
        for i, (b, (c, p)) in enumerate(zip(beta, places, strict=True))
    ]
    strong = table("variants", rows)
    frame = strong.reverse().head(120)
    found = describe(frame, strong=strong)
    expected = empirical_bayes_effects(beta, np.full(300, SE), p_max=1e-4).beta[::-1][:120]
    np.testing.assert_array_equal(found["beta_empirical_bayes"].fill_null(np.nan), expected)
    assert 0 < found["beta_empirical_bayes"].null_count() < 120
    assert describe(frame)["beta_empirical_bayes"].null_count() == 120
    relaxed = describe(frame, strong=strong, p_threshold=1e-3)["beta_empirical_bayes"]
    expected = empirical_bayes_effects(beta, np.full(300, SE), p_max=1e-3).beta[::-1][:120]
    np.testing.assert_array_equal(relaxed.fill_null(np.nan), expected)
    assert describe(variants(), strong=variants())["beta_empirical_bayes"].null_count() == 4  # too few


def test_described__no_instruments():
    assert describe(variants()[:0], strong=variants(), n_tests=9).height == 0
