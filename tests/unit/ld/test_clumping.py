"""Clumping: the strongest of each clump stays; what stays is independent, and nothing that could stay is lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteobiome.core.schema import table
from osteobiome.ld import ClumpOptions, LdMatrix, clump, clump_with_matrix

R = np.array(
    [
        [1.0, 0.9, 0.2, 0.0],
        [0.9, 1.0, -0.5, 0.0],
        [0.2, -0.5, 1.0, 0.8],
        [0.0, 0.0, 0.8, 1.0],
    ]
)


def test_clump__keeps_the_strongest_and_removes_what_it_is_linked_to():
    """Variant 1 removes 0 (r² 0.81) and 2 (0.25); 3 was linked to 2 alone and stays."""
    assert clump([5.0, 9.0, 8.0, 6.0], R, r2=0.1).tolist() == [False, True, False, True]
    assert clump([9.0, 5.0, 8.0, 6.0], R, r2=0.1).tolist() == [True, False, True, False]


def test_clump__r2_of_the_threshold_is_allowed():
    assert clump([9.0, 8.0], [[1.0, 0.5], [0.5, 1.0]], r2=0.25).tolist() == [True, True]
    assert clump([9.0, 8.0], [[1.0, 0.5], [0.5, 1.0]], r2=0.2499).tolist() == [True, False]


def test_clump__does_not_look_at_the_sign_of_r():
    np.testing.assert_array_equal(clump([5.0, 9.0, 8.0, 6.0], -R + 2 * np.eye(4), r2=0.1), [0, 1, 0, 1])


@pytest.mark.parametrize(
    ("position", "rsid", "stays"),
    [
        ([200.0, 100.0], ["rs1", "rs2"], [False, True]),
        ([100.0, 100.0], ["rs2", "rs1"], [False, True]),
        ([np.nan, 100.0], ["rs1", "rs2"], [False, True]),
        ([np.nan, np.nan], ["rs2", "rs1"], [False, True]),
    ],
)
def test_clump__of_equal_p_takes_the_first_place_then_the_first_name(position, rsid, stays):
    linked = [[1.0, 1.0], [1.0, 1.0]]
    assert clump([9.0, 9.0], linked, r2=0.1, position=position, rsid=rsid).tolist() == stays


@pytest.mark.parametrize(
    ("chromosome", "position", "n_stay"),
    [
        ([1, 1], [1_000, 11_000], 1),  # 10 kb apart: the edge is inside
        ([1, 1], [1_000, 11_001], 2),
        ([1, 2], [1_000, 1_000], 2),
        ([1, 1], [1_000, np.nan], 1),  # nobody knows: taken as near
        ([np.nan, 2], [1_000, 1_000], 1),
    ],
)
def test_clump__within_a_window(chromosome, position, n_stay):
    linked = [[1.0, 0.9], [0.9, 1.0]]
    kept = clump([9.0, 8.0], linked, r2=0.1, window_kb=10, chromosome=chromosome, position=position)
    assert kept.sum() == n_stay
    assert clump([9.0, 8.0], linked, r2=0.1, chromosome=chromosome, position=position).sum() == 1


def test_clump__of_nothing_and_of_one():
    assert clump([], np.zeros((0, 0)), r2=0.1).tolist() == []
    assert clump([1.0], [[1.0]], r2=0.1).tolist() == [True]


@st.composite
def _regions(draw):
    """Return p values with ties, a correlation matrix, places and a threshold."""
    n = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    r = np.corrcoef(rng.normal(size=(n, 6)) + rng.normal(size=(1, 6)) * 2).reshape(n, n)
    strength = rng.integers(1, 6, n).astype(float)
    position = rng.integers(1, 40_000, n).astype(float)
    return strength, r, position, draw(st.floats(0.01, 0.95)), draw(st.sampled_from([None, 5.0, 20.0]))


@settings(max_examples=200, deadline=None, database=None)
@given(_regions())
def test_clump__is_independent_and_maximal_whatever_the_order_of_rows(region):
    strength, r, position, r2, window = region
    n = len(strength)
    names = [f"rs{i}" for i in range(n)]
    place = {"chromosome": np.ones(n), "position": position}
    kept = clump(strength, r, r2=r2, window_kb=window, rsid=names, **place)
    near = np.abs(position[:, None] - position) <= (np.inf if window is None else 1000 * window)
    linked = (r**2 > r2) & near & ~np.eye(n, dtype=bool)
    assert not linked[np.ix_(kept, kept)].any(), "two that stay are linked"
    for lost in np.flatnonzero(~kept):
        rivals = np.flatnonzero(linked[lost] & kept)
        assert rivals.size, "a variant is gone that nothing stands for"
        assert strength[rivals].max() >= strength[lost]
    order = np.random.default_rng(0).permutation(n)
    again = clump(
        strength[order], r[np.ix_(order, order)], r2=r2, window_kb=window, rsid=[names[i] for i in order],
        chromosome=np.ones(n), position=position[order],
    )  # fmt: skip
    np.testing.assert_array_equal(again, kept[order])


# --- with a matrix that names its variants ------------------------------------------------------------------------

MATRIX = LdMatrix(R, ("rs1", "rs2", "rs3", "rs4"), ("A", "A", "A", "A"), ("G", "G", "G", "T"), (0.3, 0.3, 0.3, 0.5))


def _variants(*rows):
    names = ("rsid", "effect_allele", "other_allele", "neg_log_10_p_value", "eaf")
    records = [dict(zip(names, row, strict=True)) for row in rows]
    return table("variants", ({"chromosome": 1, "position": 100 + i, **r} for i, r in enumerate(records)))


def test_clump_with_matrix__says_why_each_variant_goes():
    frame = _variants(
        ("rs1", "A", "G", 5.0, 0.3),
        ("rs2", "G", "A", 9.0, 0.7),  # the other way round: r² has no sign
        ("rs3", "A", "C", 20.0, 0.3),  # other alleles: another variant
        ("rs4", "A", "T", 20.0, 0.5),  # which allele is which, nobody can say
        ("rs5", "A", "G", 20.0, 0.3),
        (None, "A", "G", 20.0, 0.3),
    )
    stays, reason = clump_with_matrix(frame, MATRIX, ClumpOptions(r2=0.1))
    assert stays.tolist() == [False, True, False, False, False, False]
    assert reason.tolist() == [
        "clumped", "", "not_in_ld_matrix", "palindromic_strand_unknown", "not_in_ld_matrix", "not_in_ld_matrix",
    ]  # fmt: skip


def test_clump_with_matrix__believes_the_strand_if_told():
    frame = _variants(("rs3", "A", "G", 9.0, 0.3), ("rs4", "A", "T", 8.0, 0.5))
    assert clump_with_matrix(frame, MATRIX, ClumpOptions(r2=0.1))[1].tolist() == ["", "palindromic_strand_unknown"]
    believing = ClumpOptions(r2=0.1, trust_strand=True)
    assert clump_with_matrix(frame, MATRIX, believing)[1].tolist() == ["", "clumped"]  # r² 0.64
    assert clump_with_matrix(frame, MATRIX, ClumpOptions(r2=0.7, trust_strand=True))[0].all()


def test_clump_with_matrix__takes_the_window():
    frame = _variants(("rs1", "A", "G", 9.0, 0.3), ("rs2", "A", "G", 8.0, 0.3))
    assert clump_with_matrix(frame, MATRIX, ClumpOptions(r2=0.1, window_kb=0.0005))[0].all()  # half a base pair
    assert clump_with_matrix(frame, MATRIX, ClumpOptions(r2=0.1, window_kb=0.001))[0].tolist() == [True, False]


def test_clump_with_matrix__of_no_known_variant():
    stays, reason = clump_with_matrix(_variants(("rs9", "A", "G", 9.0, 0.3)), MATRIX, ClumpOptions(r2=0.1))
    assert (stays.tolist(), reason.tolist()) == ([False], ["not_in_ld_matrix"])
