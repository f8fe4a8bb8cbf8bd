"""Clumping with a panel: reasons and edges by hand, the greedy rule against a plain loop, sets for several traits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteobiome.core.errors import ConfigError
from osteobiome.ld.genotypes import Genotypes
from osteobiome.ld.haplotypes import haplotype_r2
from osteobiome.ld.panel_clumping import Candidates, PanelClumpOptions, clump_joint, clump_many, clump_panel
from osteobiome.stats.bits import plane_counts, r_of_pairs

SAME = np.array([0, 0, 1, 1, 2, 2, 1, 0], dtype=np.int8)


def same(n):
    return Genotypes.from_dosages(np.tile(SAME, (n, 1)))


def clumped(p, *, position=None, chromosome=None, row=None, f=None, genotypes=None, **options):
    """Clump variants that are all the same."""
    n = len(p)
    row = np.arange(n) if row is None else np.asarray(row)
    return clump_panel(
        genotypes or same(n),
        Candidates(row, np.asarray(p, dtype=float), None if f is None else np.asarray(f, dtype=float)),
        chromosome=[1] * n if chromosome is None else chromosome,
        position=range(1, n + 1) if position is None else position,
        options=PanelClumpOptions(**options),
    )


@pytest.mark.kernel
def test_clump_panel__gives_every_candidate_an_index_or_a_reason():
    found = clumped([9.0, 12.0, np.nan, 20.0, 3.0, 3.0], row=[0, 1, 2, -1, 4, 5], chromosome=[1, 1, 1, 1, 1, 2])
    assert found.reason.tolist() == ["clumped", "", "no_p_value", "not_in_panel", "clumped", "above_p_threshold"]
    assert found.index.tolist() == [1, 1, -1, -1, 1, -1]
    np.testing.assert_array_equal(found.signed_r2, [1, 1, np.nan, np.nan, 1, np.nan])
    assert found.members(1).tolist() == [0, 4]
    assert found.stays.tolist() == [False, True, False, False, False, False]


@pytest.mark.kernel
@pytest.mark.parametrize(("kb", "distance", "together"), [(10, 9_999, True), (10, 10_000, False), (0.001, 0, True)])
def test_clump_panel__window_is_open(kb, distance, together):
    found = clumped([9.0, 8.0], position=[5, 5 + distance], kb=kb)
    assert (found.reason[1] == "clumped") == together


@pytest.mark.kernel
def test_clump_panel__p1_is_reached_and_p2_is_not():
    assert clumped([-np.log10(1e-4)], p1=1e-4).stays.tolist() == [True]
    found = clumped([9.0, 4.0, 4.1], p1=1e-6, p2=1e-4)
    assert found.reason.tolist() == ["", "clumped", "clumped"]
    assert found.listed.tolist() == [False, False, True]


@pytest.mark.kernel
def test_clump_panel__of_equal_p_takes_the_first_row_of_the_panel():
    assert clumped([9.0, 9.0, 9.0], row=[2, 0, 1]).index.tolist() == [1, 1, 1]
    assert clumped([np.inf, 400.0, np.inf]).index.tolist() == [0, 0, 0]
    assert clumped([309.0, 310.0]).index.tolist() == [1, 1]  # both p are 0 as doubles


@pytest.mark.kernel
def test_clump_panel__a_variant_without_variation_is_alone():
    genotypes = Genotypes.from_dosages(np.array([SAME, np.ones(8), np.zeros(8)], dtype=np.int8))
    for mode in ("plink", "genotype"):
        found = clumped([9.0, 8.0, 10.0], genotypes=genotypes, mode=mode, r2=0.0)
        assert found.stays[2]
        assert found.members(2).size == 0


@pytest.mark.kernel
def test_clump_panel__by_f_ranks_by_f_and_filters_by_p():
    assert clumped([9.0, 12.0], f=[80.0, 40.0], by="f").index.tolist() == [0, 0]
    assert clumped([5.0, 12.0], f=[80.0, 40.0], by="f").reason.tolist() == ["clumped", ""]
    assert clumped([9.0, 12.0], f=[np.nan, 40.0], by="f").reason.tolist() == ["no_f_statistic", ""]
    with pytest.raises(ConfigError, match="F statistics"):
        clumped([9.0], by="f")


def test_options__say_every_fault_at_once():
    with pytest.raises(ConfigError) as caught:
        PanelClumpOptions(p1=0.0, p2=2.0, r2=1.0, kb=0.0, mode="r", by="z")
    assert [fault.where for fault in caught.value.faults] == ["p1", "p2", "r2", "kb", "mode", "by"]
    with pytest.raises(ConfigError, match="p1"):
        PanelClumpOptions(p1=1e-3, p2=1e-4)
    assert [PanelClumpOptions(kb=kb).radius for kb in (0.001, 1, 10.001, 10.0019, 250, 10_000)] == [
        0, 999, 10_000, 10_000, 249_999, 9_999_999,
    ]  # fmt: skip


def test_clump_panel__without_candidates_is_empty():
    assert clumped([]).reason.size == 0
    assert clumped([np.nan], row=[-1]).reason.tolist() == ["not_in_panel"]


def panel(rng, n_variants, n_people=40):
    """Return copies of neighbours that resemble each other, some not called, on two chromosomes."""
    base = rng.binomial(1, 0.4, (max(1, n_variants // 4), 2 * n_people))
    haplotypes = base[rng.integers(0, len(base), n_variants)] ^ (rng.random((n_variants, 2 * n_people)) < 0.1)
    copies = (haplotypes[:, ::2] + haplotypes[:, 1::2]).astype(np.int8)
    copies[rng.random(copies.shape) < 0.03] = -9
    chromosome = np.sort(rng.integers(1, 3, n_variants))
    position = rng.integers(1, 50_000, n_variants)
    return Genotypes.from_dosages(copies), chromosome, position[np.lexsort((position, chromosome))]


def r2_matrix(genotypes, mode):
    """Return r² of all pairs, NaN as 0."""
    n = genotypes.n_variants
    i, j = (grid.ravel() for grid in np.meshgrid(np.arange(n), np.arange(n), indexing="ij"))
    if mode == "plink":
        found = np.abs(haplotype_r2(genotypes, first=i, second=j))
    else:
        planes = genotypes.one, genotypes.two, genotypes.called
        found = r_of_pairs(*planes, plane_counts(*planes), genotypes.n_people, i, j) ** 2
    return np.nan_to_num(found).reshape(n, n)


def greedy(p, linked, p1):
    """Return the index of each variant, by the rule read aloud."""
    index = [-1] * len(p)
    for i in sorted(range(len(p)), key=lambda i: (-p[i], i)):
        if index[i] == -1 and 10.0 ** -p[i] <= p1:
            index[i] = i
            for j in range(len(p)):
                if index[j] == -1 and linked[i, j]:
                    index[j] = i
    return index


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n_variants=st.integers(1, 25),
    r2=st.sampled_from([0.0, 0.01, 0.1, 0.5]),
    kb=st.sampled_from([0.5, 5.0, 100.0]),
    mode=st.sampled_from(["plink", "genotype"]),
)
def test_clump_panel__is_the_greedy_rule(seed, n_variants, r2, kb, mode):
    rng = np.random.default_rng(seed)
    genotypes, chromosome, position = panel(rng, n_variants)
    p = rng.integers(1, 12, n_variants).astype(float) + 0.5
    options = PanelClumpOptions(p1=1e-4, r2=r2, kb=kb, mode=mode)
    candidates = Candidates(np.arange(n_variants), p)
    found = clump_panel(genotypes, candidates, chromosome=chromosome, position=position, options=options)
    near = np.abs(position[:, None] - position) < kb * 1000
    linked = near & (chromosome[:, None] == chromosome) & (r2_matrix(genotypes, mode) > r2)
    assert found.index.tolist() == greedy(p, linked, 1e-4)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n_variants=st.integers(1, 25),
    n_traits=st.integers(1, 4),
    r2=st.sampled_from([0.0, 0.01, 0.1, 0.5]),
    kb=st.sampled_from([0.5, 5.0, 100.0]),
    mode=st.sampled_from(["plink", "genotype"]),
)
def test_clump_joint__no_two_instruments_exceed_r2_and_none_is_lost(seed, n_variants, n_traits, r2, kb, mode):
    rng = np.random.default_rng(seed)
    genotypes, chromosome, position = panel(rng, n_variants)
    p = rng.uniform(0, 20, (n_traits, n_variants))
    p[rng.random(p.shape) < 0.3] = np.nan
    options = PanelClumpOptions(r2=r2, kb=kb, mode=mode)
    found = clump_joint(genotypes, np.arange(n_variants), p, chromosome=chromosome, position=position, options=options)
    near = (np.abs(position[:, None] - position) < kb * 1000) & (chromosome[:, None] == chromosome)
    r2_of = r2_matrix(genotypes, mode)
    kept = np.flatnonzero(found.stays)
    pairs = near[np.ix_(kept, kept)] & ~np.eye(kept.size, dtype=bool)
    assert not np.any(r2_of[np.ix_(kept, kept)][pairs] > r2 + 1e-12)
    best = np.fmax.reduce(p, axis=0)
    for i in np.flatnonzero(np.nan_to_num(best) >= -np.log10(5e-8)):
        leader = found.index[i]
        assert leader >= 0, "a variant that passes in some trait leads or is in a clump"
        assert leader == i or (near[i, leader] and r2_of[leader, i] > r2 and best[leader] >= best[i])


def test_clump_joint__union_of_separate_sets_would_hold_correlated_variants():
    p = np.array([[9.0, 12.0], [20.0, 9.0]])
    separate = clump_many(same(2), [Candidates(np.arange(2), row) for row in p], chromosome=[1, 1], position=[1, 2])
    assert np.any([found.stays for found in separate], axis=0).tolist() == [True, True]
    joint = clump_joint(same(2), [0, 1], p, chromosome=[1, 1], position=[1, 2])
    assert joint.stays.tolist() == [True, False]
    by_f = clump_joint(
        same(2), [0, 1], p, f_statistic=p[:, ::-1], chromosome=[1, 1], position=[1, 2],
        options=PanelClumpOptions(by="f"),
    )  # fmt: skip
    assert by_f.stays.tolist() == [False, True]


@pytest.mark.parametrize("threads", [1, 3])
def test_clump_many__is_clump_panel_of_each(threads):
    rng = np.random.default_rng(4)
    genotypes, chromosome, position = panel(rng, 60)
    traits = []
    for _ in range(7):
        row = rng.permutation(60)[: rng.integers(0, 60)]
        traits.append(Candidates(row, rng.uniform(4, 20, row.size)))
    options = PanelClumpOptions(r2=0.05, kb=20)
    places = {"chromosome": chromosome, "position": position, "options": options}
    together = clump_many(genotypes, traits, **places, threads=threads)
    assert len(together) == 7
    for found, trait in zip(together, traits, strict=True):
        alone = clump_panel(genotypes, trait, **places)
        np.testing.assert_array_equal(found.index, alone.index)
        np.testing.assert_array_equal(found.signed_r2, alone.signed_r2)
        np.testing.assert_array_equal(found.reason, alone.reason)
    assert sum(int((found.reason == "clumped").sum()) for found in together) > 20
