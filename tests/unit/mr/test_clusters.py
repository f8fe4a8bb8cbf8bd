"""Clusters of variants: simulated groups, hard cases."""

import dataclasses

import numpy as np
import pytest

from osteobiome.core.errors import SchemaError
from osteobiome.instruments import Instruments
from osteobiome.mr.clusters import clusters

MEANS = (-0.5, 0.3, 0.8)


def groups(seed=0, each=15):
    """Return a pair with three effects and no effect, ``each`` variants per group, and the group of each variant."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(4), each)
    n = group.size
    x, se_y = rng.uniform(0.1, 0.3, n) * rng.choice([-1, 1], n), rng.uniform(0.004, 0.01, n)
    y = np.append(MEANS, 0.0)[group] * x + se_y * rng.normal(size=n)
    pair = Instruments.from_arrays(x, np.full(n, 0.003), y, se_y)
    return dataclasses.replace(pair, exposure="bmi", outcome="bmd", unit="SD per SD"), group


@pytest.mark.parametrize("seed", range(5))
def test_clusters__finds_groups_and_who_belongs_to_them(seed):
    pair, group = groups(seed)
    result = clusters(pair)
    assert (result.status, result.message, result.exposure, result.unit) == ("ok", "", "bmi", "SD per SD")
    assert [cluster.kind for cluster in result.clusters] == ["substantive"] * 3 + ["null", "junk"]
    assert result.n_substantive == 3 == int(np.argmin(result.bic))
    for cluster, mean in zip(result.clusters, MEANS, strict=False):
        assert abs(cluster.mean - mean) < 4 * cluster.se
        assert cluster.se < 0.05
        assert cluster.share == pytest.approx(0.25, abs=0.05)
    assert (result.best() == group).mean() > 0.95
    np.testing.assert_allclose(result.probability.sum(axis=1), 1.0, rtol=1e-12)
    assert sum(cluster.n_variants for cluster in result.clusters) == pair.n_variants


def test_clusters__order_and_alleles_do_not_matter():
    pair, _ = groups()
    order = np.random.default_rng(1).permutation(pair.n_variants)
    result, shuffled = clusters(pair), clusters(pair.subset(order))
    assert shuffled.clusters == result.clusters
    np.testing.assert_array_equal(shuffled.probability, result.probability[order])
    sign = np.where(np.arange(pair.n_variants) % 2, -1.0, 1.0)
    turned = dataclasses.replace(pair, beta_exposure=pair.beta_exposure * sign, beta_outcome=pair.beta_outcome * sign)
    assert clusters(turned).clusters == result.clusters


@pytest.mark.parametrize("factor", [1000.0, 0.125, -1.0])
def test_clusters__units_do_not_matter(factor):
    pair, _ = groups()
    scaled = dataclasses.replace(
        pair, beta_outcome=pair.beta_outcome * factor, se_outcome=pair.se_outcome * abs(factor)
    )
    want = sorted(cluster.mean * factor for cluster in clusters(pair).clusters[:3])
    got = clusters(scaled)
    assert [cluster.mean for cluster in got.clusters[:3]] == pytest.approx(want, rel=1e-6)
    shift = 2 * pair.n_variants * np.log(abs(factor))  # densities are per unit
    assert min(got.bic) == pytest.approx(min(clusters(pair).bic) + shift, rel=1e-6, abs=1e-6)


def test_clusters__no_effect_at_all_is_the_null():
    rng = np.random.default_rng(3)
    x, se = rng.uniform(0.1, 0.3, 30), np.full(30, 0.01)
    result = clusters(Instruments.from_arrays(x, se, se * rng.normal(size=30), se))
    assert result.n_substantive == 0
    assert result.clusters[0].share > 0.9


def test_clusters__an_outlier_alone_is_no_variant_of_a_group():
    pair, group = groups()
    pair.beta_outcome[0], pair.se_outcome[0] = 2.0, 0.2
    result = clusters(pair)
    assert result.clusters[result.best()[0]].n_variants == 1
    assert (result.best()[1:] == group[1:]).mean() > 0.9


def test_clusters__a_variant_without_a_ratio_is_named_and_has_no_cluster():
    pair, _ = groups()
    pair.beta_exposure[4] = 0.0
    result = clusters(pair)
    assert result.message == "1 of 60 variants have an exposure effect of 0, hence no ratio."
    assert np.isnan(result.probability[4]).all()
    assert result.best()[4] == -1
    assert (np.delete(result.best(), 4) >= 0).all()


def test_clusters__cannot_be_found():
    few = Instruments.from_arrays([0.1] * 3, [0.01] * 3, [0.1] * 3, [0.01] * 3)
    assert clusters(few).status == "too_few_instruments"
    nothing = Instruments.from_arrays([0.0] * 5, [0.01] * 5, [0.1] * 5, [0.01] * 5)
    assert clusters(nothing).status == "zero_exposure_effect"
    with pytest.raises(SchemaError):
        clusters(few, max_clusters=0)
    many = Instruments.from_arrays(*np.full((4, 10_001), 0.1))
    assert clusters(many).status == "too_many_instruments"
    assert "takes up to 10000 variants, and there are 10001" in clusters(many).message


def test_clusters__all_ratios_equal():
    x = np.array([0.1, 0.2, 0.3, 0.25, 0.15, 0.22])
    result = clusters(Instruments.from_arrays(x, [0.01] * 6, 0.5 * x, [0.004] * 6))
    assert result.status == "ok"
    assert result.n_substantive == 1
    assert result.clusters[0].mean == pytest.approx(0.5, rel=1e-6)
