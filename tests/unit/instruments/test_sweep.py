"""Sets of instruments at several thresholds."""

from functools import partial

import numpy as np
import polars as pl
import pytest

from osteobiome.core.errors import ConfigError
from osteobiome.core.schema import table
from osteobiome.instruments.sweep import THRESHOLDS, threshold_sweep
from osteobiome.ld import ClumpOptions, LdMatrix, clump_with_matrix

Z = (6.0, 5.4, 5.0, 4.5, 3.0)
P = (8.7, 7.18, 6.24, 5.17, 2.57)


def variants(n=1002.0):
    return table(
        "variants",
        [
            {"variant_key": i, "rsid": f"rs{i}", "effect_allele": "A", "other_allele": "G", "beta": 0.01 * z,
             "se": 0.01, "neg_log_10_p_value": p, "n": n, "line": i + 2}
            for i, (z, p) in enumerate(zip(Z, P, strict=True))
        ],
    )  # fmt: skip


def test_threshold_sweep__counts_and_strength():
    found = threshold_sweep(variants(), trait_id="x")
    assert found["p_threshold"].to_list() == list(THRESHOLDS)
    assert found["n_variants"].to_list() == [1, 2, 3, 4]
    assert found["min_f"].to_list() == pytest.approx([36.0, 29.16, 25.0, 20.25])
    assert found["mean_f"][3] == pytest.approx((36.0 + 29.16 + 25.0 + 20.25) / 4)
    assert found["i2_gx"][0] is None
    mean = np.mean(Z[:4])
    q = sum((z - mean) ** 2 for z in Z[:4])
    assert found["i2_gx"][3] == pytest.approx(max(0.0, (q - 3) / q))
    assert found["variance_explained"][0] == pytest.approx(36.0 / 1036.0)
    assert found["variance_explained"][3] == pytest.approx(sum(z * z / (1000.0 + z * z) for z in Z[:4]))


def test_threshold_sweep__without_sample_size_there_is_no_variance_explained():
    found = threshold_sweep(variants(n=None), trait_id="x")
    assert found["variance_explained"].to_list() == [None] * 4
    assert found["n_with_size"].to_list() == [0] * 4


def test_threshold_sweep__leads_expected_by_chance_make_a_set_exploratory():
    found = threshold_sweep(variants(), trait_id="x", null_leads={5e-8: 0.05, 1e-6: 1.5, 1e-5: 2.01})
    assert found["expected_null_leads"].to_list() == [0.05, None, 1.5, 2.01]
    assert found["is_exploratory"].to_list() == [False, None, False, True]


def test_threshold_sweep__each_clump_counts_once():
    r = np.eye(5)
    r[0, 1] = r[1, 0] = r[2, 3] = r[3, 2] = 0.9
    ld = LdMatrix(r, tuple(f"rs{i}" for i in range(5)), ("A",) * 5, ("G",) * 5)
    clumping = partial(clump_with_matrix, ld=ld, options=ClumpOptions(r2=0.1))
    found = threshold_sweep(variants(), trait_id="x", clumping=clumping)
    assert found["n_variants"].to_list() == [1, 1, 2, 2]


def test_threshold_sweep__nothing_passes():
    found = threshold_sweep(variants().filter(pl.col("line") > 100), trait_id="x", null_leads={5e-8: 0.05})
    assert found["n_variants"].to_list() == [0] * 4
    assert found["mean_f"].to_list() == [None] * 4
    assert found["is_exploratory"][0] is None  # there is nothing that chance could have yielded


@pytest.mark.parametrize("thresholds", [(0.0,), (1.5,), (1e-5, 1e-5)])
def test_threshold_sweep__refuses_bad_thresholds(thresholds):
    with pytest.raises(ConfigError):
        threshold_sweep(variants(), trait_id="x", thresholds=thresholds)
