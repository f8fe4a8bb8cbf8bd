"""Leads to expect by chance: exact answers without and with complete LD, reproducibility, and the verdict."""

from itertools import pairwise

import numpy as np
import pytest

from osteobiome.core.errors import ConfigError
from osteobiome.instruments.null_leads import EffectiveLeads, NullBlock, effective_leads, null_leads
from osteobiome.ld.genotypes import Genotypes

P = (0.05, 1e-5, 5e-8, 1e-200)


def counts(blocks, **options):
    return [found.count for found in effective_leads(blocks, p_thresholds=P, n_draws=20, seed=1, **options)]


def test_effective_leads__without_ld_every_variant_is_a_test():
    assert counts([NullBlock.of_matrix("a", np.eye(30))], r2=0.1) == pytest.approx([30.0] * 4, abs=1e-9)


def test_effective_leads__copies_are_one_test():
    assert counts([NullBlock.of_matrix("a", np.ones((30, 30)))], r2=0.1) == pytest.approx([1.0] * 4, abs=1e-9)


def test_effective_leads__copies_beyond_the_window_are_two():
    """Only one of each half clumps the other; both halves always pass together."""
    block = NullBlock.of_matrix("a", np.ones((10, 10)), position=np.repeat([1e6, 2e6], 5))
    assert counts([block], r2=0.1, window_kb=500.0) == pytest.approx([2.0] * 4, abs=1e-9)
    assert counts([block], r2=0.1, window_kb=1500.0) == pytest.approx([1.0] * 4, abs=1e-9)


def test_effective_leads__grow_as_the_threshold_falls():
    """The further out, the less likely that neighbours pass together, until each variant is a test of its own."""
    r = 0.8 ** np.abs(np.subtract.outer(np.arange(40), np.arange(40)))
    found = effective_leads([NullBlock.of_matrix("a", r)], p_thresholds=P, r2=0.1, n_draws=400, seed=1)
    assert all(a.count < b.count for a, b in pairwise(found))
    assert found[-1].count == pytest.approx(40.0, abs=0.5)


def test_effective_leads__order_and_number_of_blocks_play_no_part():
    r = 0.5 ** np.abs(np.subtract.outer(np.arange(8), np.arange(8)))
    a, b = NullBlock.of_matrix("a", r), NullBlock.of_matrix("b", np.sqrt(r))
    both = counts([a, b], r2=0.1)
    assert counts([b, a], r2=0.1) == pytest.approx(both, rel=1e-12)
    alone = np.add(counts([a], r2=0.1), counts([b], r2=0.1))
    assert alone.tolist() == pytest.approx(both, rel=1e-12)


def test_effective_leads__seed_is_recorded_when_none_is_given():
    block = [NullBlock.of_matrix("a", np.array([[1.0, 0.7], [0.7, 1.0]]))]
    first = effective_leads(block, p_thresholds=[0.01], r2=0.1, n_draws=50)
    assert effective_leads(block, p_thresholds=[0.01], r2=0.1, n_draws=50, seed=first[0].seed) == first


def test_block__of_genotypes_has_the_ld_of_numpy():
    copies = np.random.default_rng(5).integers(0, 3, (6, 70)).astype(np.int8)
    copies[5] = 1
    block = NullBlock.of_genotypes("a", Genotypes.from_dosages(copies), position=np.arange(6))
    np.testing.assert_allclose(block.loadings @ block.loadings.T, np.corrcoef(copies[:5]), atol=1e-12)
    assert block.position.tolist() == [0, 1, 2, 3, 4]


def test_block__uncalled_genotypes_are_the_mean():
    copies = np.array([[0, 1, 2, -9], [-9, -9, -9, -9]], dtype=np.int8)
    block = NullBlock.of_genotypes("a", Genotypes.from_dosages(copies))
    np.testing.assert_allclose(block.loadings, [[-np.sqrt(0.5), 0.0, np.sqrt(0.5), 0.0]], atol=1e-12)


def test_effective_leads__blocks_without_variants_count_nothing():
    assert counts([NullBlock("a", np.empty((0, 5)))], r2=0.1) == [0.0] * 4


@pytest.mark.parametrize(("observed", "exploratory"), [(9, True), (10, False), (11, False), (0, True)])
def test_null_leads__more_than_half_is_exploratory(observed, exploratory):
    found = null_leads(EffectiveLeads(1e-5, 500_000.0, 0.0, 1, 2, 1), observed=observed)
    assert found.expected == pytest.approx(5.0)
    assert found.is_exploratory is exploratory
    assert ("exploratory" in found.message) is exploratory


def test_null_leads__is_scaled_to_the_genome():
    effective = EffectiveLeads(1e-5, 1_000.0, 10.0, 1, 2, 1)
    found = null_leads(effective, observed=5, genome_share=0.02)
    assert (found.expected, found.expected_se) == pytest.approx((0.5, 0.005))
    assert "2 % of the genome" in found.message


@pytest.mark.parametrize("options", [{"p_thresholds": [0.0]}, {"r2": 1.0}, {"n_draws": 1}])
def test_effective_leads__refuses_bad_options(options):
    with pytest.raises(ConfigError):
        effective_leads([], **({"p_thresholds": [0.1], "r2": 0.1} | options))
    with pytest.raises(ConfigError):
        null_leads(EffectiveLeads(1e-5, 1.0, 0.0, 1, 2, 1), observed=1, genome_share=0.0)
