"""Estimates at several thresholds: which variants pass, and what becomes of too few."""

import numpy as np
import pytest
from scipy import stats

from osteobiome.core.errors import SchemaError, UnknownNameError
from osteobiome.instruments import Instruments
from osteobiome.mr import ivw, wald_ratio, weighted_median
from osteobiome.mr.checks.threshold_sweep import THRESHOLDS, threshold_sweep

Z = np.array([2.0, -3.0, 4.2, 5.0, -5.6, 7.0, 12.0, 60.0])


def pair_of():
    rng = np.random.default_rng(1)
    x = 0.01 * Z
    return Instruments.from_arrays(x, [0.01] * Z.size, 0.4 * x + 0.02 * rng.normal(size=Z.size), [0.02] * Z.size)


def test_sweep__every_threshold_keeps_the_variants_below_it():
    pair = pair_of()
    p = 2 * stats.norm.sf(np.abs(Z))
    rows = threshold_sweep(pair, thresholds=[0.05, 5e-8, 1e-4, 5e-8])
    assert [row.p_threshold for row in rows] == [5e-8, 1e-4, 0.05]
    for row in rows:
        keep = p <= row.p_threshold
        assert row.n_variants == keep.sum()
        assert row.mean_f == pytest.approx(np.mean(Z[keep] ** 2), rel=1e-12)
        assert row.estimate.beta == ivw(pair.subset(keep)).beta
        assert row.estimate.se == ivw(pair.subset(keep)).se


def test_sweep__p_values_far_below_the_smallest_double_are_told_apart():
    rows = threshold_sweep(pair_of(), thresholds=[1e-300, 1e-320])
    assert [row.n_variants for row in rows] == [1, 1]
    assert rows[0].estimate.beta == wald_ratio(pair_of().subset(Z > 50)).beta


def test_sweep__a_threshold_that_nothing_passes_has_a_status():
    pair = pair_of().subset(np.abs(Z) < 5)
    first, *_, last = threshold_sweep(pair, thresholds=[5e-8, 0.05])
    assert (first.n_variants, first.mean_f, str(first.estimate.status)) == (0, None, "no_common_variants")
    assert first.as_dict()["message"]
    assert last.as_dict()["beta"] == last.estimate.beta
    assert last.as_dict()["status"] == "ok"


def test_sweep__takes_any_method_and_its_seed():
    pair = pair_of()
    rows = threshold_sweep(pair, thresholds=[5e-8, 1.0], method="weighted_median", seed=4)
    assert str(rows[0].estimate.status) == "ok"
    assert rows[1].estimate == weighted_median(pair, seed=4)


def test_sweep__a_table_selected_before_repeats_itself():
    pair = pair_of().subset(np.abs(Z) > 5.5)
    rows = threshold_sweep(pair)
    assert [row.p_threshold for row in rows] == sorted(THRESHOLDS)
    assert len({(row.n_variants, row.estimate.beta) for row in rows}) == 1


@pytest.mark.parametrize("thresholds", [[], [0.0], [1.5], [float("nan")]])
def test_sweep__thresholds_must_be_p_values(thresholds):
    with pytest.raises(SchemaError, match="option thresholds"):
        threshold_sweep(pair_of(), thresholds=thresholds)


def test_sweep__unknown_methods_are_refused():
    with pytest.raises(UnknownNameError):
        threshold_sweep(pair_of(), method="ivww")
