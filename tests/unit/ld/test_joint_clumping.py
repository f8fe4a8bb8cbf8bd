"""Several stored traits clumped as one set: no two index variants are linked, the strongest trait ranks."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteobiome.core.schema import table
from osteobiome.ld.panel_clumping import PanelClumpOptions
from osteobiome.ld.trait_clumping import clump_traits, clump_traits_jointly
from osteobiome.sumstats.identity import add_keys, orient

N_VARIANTS, N_PEOPLE, STEP = 40, 100, 10_000
LETTERS = [("A", "G"), ("A", "T"), ("C", "A"), ("G", "C")]
COPIES = [0, 0, 1, 1, 2, 2, 1, 0, 0, 0]


def variants(rows):
    plain = table("variants", rows).drop("variant_key", "id_key", "allele_class", "is_palindromic")
    return table("variants", add_keys(orient(plain)).to_dicts()).sort("variant_key")


def row_of(i, *, p, beta=0.1, turned=False, **more):
    effect, other = LETTERS[i % 4][:: -1 if turned else 1]
    return {
        "rsid": f"rs{i}", "chromosome": 1, "position": STEP * (i + 1), "effect_allele": effect, "other_allele": other,
        "beta": beta, "se": 0.02, "neg_log_10_p_value": p, "line": i + 2,
    } | more  # fmt: skip


def panel_with(panel_of, copies):
    n = len(copies)
    return panel_of(copies, alleles=[LETTERS[i % 4] for i in range(n)], positions=[STEP * (i + 1) for i in range(n)])


def simulated(rng):
    """Copies in blocks of five that resemble each other, and three traits, each with some of the variants."""
    blocks = np.repeat(rng.binomial(2, 0.4, (N_VARIANTS // 5, N_PEOPLE)), 5, axis=0)
    copies = np.where(rng.random(blocks.shape) < 0.2, rng.binomial(2, 0.4, blocks.shape), blocks)
    p = np.where(rng.random((3, N_VARIANTS)) < 0.6, rng.uniform(5, 30, (3, N_VARIANTS)), np.nan)
    tables = {
        f"t{t}": variants(
            [
                row_of(i, p=float(p[t, i]), beta=float(rng.normal()), turned=bool(rng.random() < 0.5))
                for i in range(N_VARIANTS)
                if not np.isnan(p[t, i])
            ]
        )
        for t in range(3)
    }
    return copies, p, tables


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), r2=st.sampled_from([0.05, 0.2, 0.6]), kb=st.sampled_from([15.0, 45.0, 10_000.0]))
def test_clump_traits_jointly__no_two_that_stay_are_linked_and_the_smallest_p_ranks(panel_of, seed, r2, kb):
    """Kept pairs by numpy; and the rule in words, over the smallest p of any trait."""
    copies, p, tables = simulated(np.random.default_rng(seed))
    options = PanelClumpOptions(p1=1e-6, r2=r2, kb=kb, mode="genotype")
    found = clump_traits_jointly(tables, panel_with(panel_of, copies), options=options)
    square = np.corrcoef(copies) ** 2
    near = np.abs(np.subtract.outer(np.arange(N_VARIANTS), np.arange(N_VARIANTS))) * STEP < 1000 * kb
    number = {name: i for i, name in enumerate(f"rs{i}" for i in range(N_VARIANTS))}
    kept = [number[name] for name in found.filter(reason="")["rsid"]]
    assert all(square[i, j] <= r2 for i, j in combinations(kept, 2) if near[i, j])
    best = np.nanmax(np.vstack([p, np.full(N_VARIANTS, -1.0)]), axis=0)
    reason = {}
    for i in sorted(np.flatnonzero(best > 0), key=lambda i: -best[i]):
        if i in reason or best[i] < 6:
            continue
        reason[i] = ""
        for j in np.flatnonzero(best > 0):
            if j not in reason and near[i, j] and square[i, j] > r2:
                reason[j] = "clumped"
    assert found.height == (best > 0).sum()
    for row in found.to_dicts():
        i = number[row["rsid"]]
        assert row["reason"] == reason.get(i, "above_p_threshold")
        assert row["neg_log_10_p_value"] == best[i]
        assert row["trait"] == f"t{np.nanargmax(p[:, i])}"
        assert row["n_traits"] == np.sum(~np.isnan(p[:, i]))
        if row["index_variant"] is not None:
            assert row["r2"] == pytest.approx(square[i, number[row["index_variant"]]], abs=1e-12)


def test_clump_traits_jointly__sets_clumped_one_by_one_are_linked(panel_of):
    """Why the joint mode exists: the leads of two traits are nearly one variant."""
    near = [*COPIES[:-1], 1]
    panel = panel_with(panel_of, [COPIES, COPIES, near])
    tables = {"a": variants([row_of(0, p=20.0)]), "b": variants([row_of(2, p=25.0)])}
    apart = clump_traits(tables, panel)
    assert [apart[name]["reason"].to_list() for name in tables] == [[""], [""]]
    joint = clump_traits_jointly(tables, panel)
    assert joint["reason"].to_list() == ["clumped", ""]
    assert joint["index_variant"].to_list() == ["rs2", "rs2"]


def test_clump_traits_jointly__by_f_ranks_by_the_largest_f(panel_of):
    panel = panel_with(panel_of, [COPIES, COPIES])
    tables = {
        "a": variants([row_of(0, p=30.0, beta=0.1), row_of(1, p=9.0, beta=0.1)]),
        "b": variants([row_of(1, p=10.0, beta=-0.5)]),
    }
    by_p = clump_traits_jointly(tables, panel)
    assert by_p.filter(reason="").select("rsid", "trait", "neg_log_10_p_value").rows() == [("rs0", "a", 30.0)]
    by_f = clump_traits_jointly(tables, panel, options=PanelClumpOptions(by="f"))
    (row,) = by_f.filter(reason="").to_dicts()
    assert (row["rsid"], row["trait"], row["n_traits"], row["neg_log_10_p_value"]) == ("rs1", "b", 2, 10.0)
    assert row["f_statistic"] == pytest.approx(625.0)


def test_clump_traits_jointly__one_variant_is_one_row_whatever_its_strand_and_order(panel_of):
    panel = panel_with(panel_of, [COPIES])
    other = row_of(0, p=12.0, turned=True) | {"effect_allele": "C", "other_allele": "T", "rsid": "rs5"}
    found = clump_traits_jointly({"a": variants([row_of(0, p=9.0)]), "b": variants([other])}, panel)
    (row,) = found.to_dicts()
    assert (row["trait"], row["n_traits"], row["neg_log_10_p_value"], row["reason"]) == ("b", 2, 12.0, "")


def test_clump_traits_jointly__of_equal_p_the_first_trait(panel_of):
    tables = {name: variants([row_of(0, p=9.0)]) for name in ("z", "a")}
    assert clump_traits_jointly(tables, panel_with(panel_of, [COPIES]))["trait"].to_list() == ["z"]


def test_clump_traits_jointly__one_row_of_the_panel_by_place_and_by_name_leads_once(panel_of):
    nowhere = row_of(0, p=9.0, chromosome=None, position=None)
    found = clump_traits_jointly(
        {"a": variants([row_of(0, p=12.0)]), "b": variants([nowhere])}, panel_with(panel_of, [COPIES])
    )
    assert found["reason"].to_list() == ["", "clumped"]


def test_clump_traits_jointly__absent_without_p_and_without_name(panel_of):
    rows = [row_of(0, p=12.0, rsid=None), row_of(1, p=None), row_of(7, p=20.0)]
    found = clump_traits_jointly({"a": variants(rows)}, panel_with(panel_of, [COPIES, COPIES]))
    assert found["reason"].to_list() == ["", "no_p_value", "not_in_panel"]
    assert found["index_variant"].to_list() == ["1:10000:A:G", None, None]


def test_clump_traits_jointly__without_traits_or_rows(panel_of):
    panel = panel_with(panel_of, [COPIES])
    none, empty = clump_traits_jointly({}, panel), clump_traits_jointly({"a": table("variants")}, panel)
    some = clump_traits_jointly({"a": variants([row_of(0, p=9.0)])}, panel)
    assert none.height == empty.height == 0
    assert none.schema == empty.schema == some.schema
    assert isinstance(some, pl.DataFrame)
