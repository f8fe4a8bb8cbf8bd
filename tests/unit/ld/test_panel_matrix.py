"""LD of the variants of a pair from a panel: signs follow the effect alleles, and a hole is no matrix."""

import numpy as np
import polars as pl
import pytest

from osteobiome.ld.panel_matrix import panel_ld
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
