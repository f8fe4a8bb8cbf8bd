"""LD of the variants of a pair from a panel: signs follow the effect alleles, and a hole is no matrix."""

import numpy as np
import polars as pl
import pytest

from osteobiome.ld.panel_matrix import panel_ld
from osteobiome.stats.gls import definiteness
from osteobiome.sumstats.identity import add_keys, orient

PANEL_ALLELES = [("A", "G"), ("C", "T"), ("A", "C"), ("T", "A")]
"""Counted and other allele; the last is a palindrome."""
AS_IN_PANEL = ("A", "G"), ("C", "T"), ("A", "C"), ("T", "A")


@pytest.fixture
def copies():
    rng = np.random.default_rng(3)
    shared = rng.binomial(1, 0.3, 400)
    return (shared + rng.binomial(1, [[0.4], [0.3], [0.5], [0.1]], (4, 400))).astype(np.int8)


def pair_at(alleles, eaf, names=("rs0", "rs1", "rs2", "rs3")):
    """Variants of a pair, oriented and keyed as a stored trait is; with the sign that orienting gave."""
    effect, other = zip(*alleles, strict=True)
    plain = pl.DataFrame(
        {
            "rsid": names, "chromosome": [1] * len(names), "position": [100 * (i + 1) for i in range(len(names))],
            "effect_allele": effect, "other_allele": other, "eaf": eaf, "beta": [1.0] * len(names),
        },
        schema_overrides={"chromosome": pl.Int8},
    )  # fmt: skip
    return add_keys(orient(plain))


def expected(copies, signs):
    return np.corrcoef(copies) * np.outer(signs, signs)


@pytest.mark.parametrize(
    ("alleles", "turned"),
    [
        (AS_IN_PANEL, (1, 1, 1, 1)),
        ((("G", "A"), ("C", "T"), ("C", "A"), ("A", "T")), (-1, 1, -1, -1)),
        ((("T", "C"), ("A", "G"), ("T", "G"), ("T", "A")), (1, -1, 1, 1)),  # read from the other strand
    ],
)
def test_panel_ld__signs_are_those_of_the_effect_alleles(copies, panel_of, alleles, turned):
    panel = panel_of(copies, alleles=PANEL_ALLELES, positions=[100, 200, 300, 400])
    frequency = copies.mean(axis=1) / 2
    eaf = [f if sign > 0 else 1 - f for f, sign in zip(frequency, turned, strict=True)]
    pair = pair_at(alleles, eaf)
    r, problems = panel_ld(pair, panel)
    assert problems == {}
    signs = np.array(turned) * pair["beta"].to_numpy()  # orienting may turn effect alleles once more
    np.testing.assert_allclose(r, expected(copies, signs), atol=1e-12)


def test_panel_ld__a_hole_is_no_matrix(copies, panel_of):
    copies[1] = 2
    panel = panel_of(copies, alleles=PANEL_ALLELES, positions=[100, 200, 300, 400])
    alleles = [("A", "C"), ("C", "T"), ("A", "C"), ("T", "A"), ("A", "G")]
    pair = pair_at(alleles, [None] * 5, names=("rs0", "rs1", "rs2", "rs3", "rs9"))
    r, problems = panel_ld(pair, panel)
    assert r is None
    assert problems == {
        "allele_mismatch": ["rs0"], "no_variation_in_panel": ["rs1"], "palindromic_strand_unknown": ["rs3"],
        "not_in_panel": ["rs9"],
    }  # fmt: skip


def test_panel_ld__trusting_the_strand_settles_palindromes_by_letters(copies, panel_of):
    panel = panel_of(copies, alleles=PANEL_ALLELES, positions=[100, 200, 300, 400])
    pair = pair_at(AS_IN_PANEL, [None] * 4)
    r, problems = panel_ld(pair, panel, trust_strand=True)
    assert problems == {}
    np.testing.assert_allclose(r, expected(copies, pair["beta"].to_numpy()), atol=1e-12)


def test_panel_ld__missing_calls_leave_no_negative_eigenvalue(panel_of, random_dosages):
    copies = random_dosages(60, 40, missing=0.3)
    alleles = [("A", "G")] * 60
    panel = panel_of(copies, alleles=alleles, positions=[100 * (i + 1) for i in range(60)])
    pair = pair_at(alleles, [None] * 60, names=tuple(f"rs{i}" for i in range(60)))
    r, _ = panel_ld(pair, panel)
    assert np.linalg.eigvalsh(r).min() > -1e-10


POSITIONS = [100, 200, 300, 400]
OTHER_WAY = (("G", "A"), ("G", "A"), ("C", "A"), ("A", "T"))
"""Swapped; swapped on the other strand; swapped; the palindrome, whose frequency says that it is swapped."""
TURNED = np.array([-1, 1, -1, -1])


def plain_pair(copies, *, eaf="eaf_exposure", names=("rs0", "rs1", "rs2", "rs3")):
    """Rows of schema ``harmonised``: no keys, effect alleles in whatever order the pair has."""
    effect, other = zip(*OTHER_WAY, strict=True)
    frequency = copies.mean(axis=1) / 2
    return pl.DataFrame(
        {
            "rsid": names, "chromosome": [1] * 4, "position": POSITIONS, "effect_allele": effect,
            "other_allele": other, eaf: np.where(TURNED > 0, frequency, 1 - frequency),
        },
        schema_overrides={"rsid": pl.String},
    )  # fmt: skip


@pytest.mark.parametrize("eaf", ["eaf", "eaf_exposure"])
def test_panel_ld__makes_keys_where_there_are_none(copies, panel_of, eaf):
    panel = panel_of(copies, alleles=PANEL_ALLELES, positions=POSITIONS)
    r, problems = panel_ld(plain_pair(copies, eaf=eaf), panel)
    assert problems == {}
    # G/A against C/T: the complement of G is C, which the panel counts
    np.testing.assert_allclose(r, expected(copies, TURNED), atol=1e-12)


def test_panel_ld__keys_that_are_not_all_there_are_made_anew(copies, panel_of):
    panel = panel_of(copies, alleles=PANEL_ALLELES, positions=POSITIONS)
    holes = plain_pair(copies).with_columns(variant_key=pl.Series([None, 1, 2, 3], dtype=pl.Int64), id_key=pl.lit(7))
    np.testing.assert_allclose(panel_ld(holes, panel)[0], expected(copies, TURNED), atol=1e-12)


@pytest.mark.parametrize("names", [(None,) * 4, ("rs3", "rs2", "rs1", "rs0"), ("rs0",) * 4, ("",) * 4])
def test_panel_ld__names_that_are_missing_repeated_or_wrong_mix_nothing_up(copies, panel_of, names):
    panel = panel_of(copies, alleles=PANEL_ALLELES, positions=POSITIONS)
    order = [2, 0, 3, 1]
    r, problems = panel_ld(plain_pair(copies, names=names)[order], panel)
    assert problems == {}
    np.testing.assert_allclose(r, expected(copies[order], TURNED[order]), atol=1e-12)


def test_panel_ld__variants_of_one_place_and_name_are_told_apart_by_alleles(copies, panel_of):
    alleles = [("A", "G"), ("A", "C"), ("C", "G"), ("C", "CT")]
    panel = panel_of(copies, alleles=alleles, positions=[100] * 4, names=["rs1"] * 4)
    effect, other = zip(("A", "C"), ("CT", "C"), ("A", "T"), ("G", "A"), strict=True)
    pair = plain_pair(copies, names=("rs1",) * 4).with_columns(
        position=pl.lit(100), effect_allele=pl.Series(effect), other_allele=pl.Series(other)
    )
    assert panel_ld(pair, panel) == (None, {"allele_mismatch": ["1:100:A:T"]})
    r, problems = panel_ld(pair[[0, 1, 3]], panel)
    assert problems == {}
    np.testing.assert_allclose(r, expected(copies[[1, 3, 0]], [1, -1, -1]), atol=1e-12)


def test_panel_ld__a_variant_without_a_name_is_called_by_its_place(copies, panel_of):
    panel = panel_of(copies, alleles=PANEL_ALLELES, positions=POSITIONS)
    pair = plain_pair(copies, names=(None, "", "rs8", None)).with_columns(
        chromosome=pl.Series([2, 2, None, None], dtype=pl.Int8), position=pl.Series([100, 200, None, None])
    )
    r, problems = panel_ld(pair, panel)
    assert r is None
    assert problems == {"not_in_panel": ["2:100:G:A", "2:200:G:A", "rs8", "?:?:A:T"]}


def test_panel_ld__missing_calls_are_the_mean_of_their_variant(panel_of, random_dosages):
    copies = random_dosages(12, 50, missing=0.2)
    alleles = [("A", "G")] * 12
    panel = panel_of(copies, alleles=alleles, positions=range(100, 1300, 100))
    pair = pair_at(alleles, [None] * 12, names=tuple(f"rs{i}" for i in range(12)))
    filled = np.where(copies < 0, np.nan, copies)
    filled = np.where(np.isnan(filled), np.nanmean(filled, axis=1, keepdims=True), filled)
    np.testing.assert_allclose(panel_ld(pair, panel)[0], np.corrcoef(filled), atol=1e-12)


def test_panel_ld__more_variants_than_people_are_singular(panel_of, random_dosages):
    copies = random_dosages(30, 20, missing=0.0)
    alleles = [("A", "G")] * 30
    panel = panel_of(copies, alleles=alleles, positions=range(100, 3100, 100))
    r, _ = panel_ld(pair_at(alleles, [None] * 30, names=tuple(f"rs{i}" for i in range(30))), panel)
    assert np.linalg.matrix_rank(r) <= 19
    assert definiteness(r)[0] != "ok"
