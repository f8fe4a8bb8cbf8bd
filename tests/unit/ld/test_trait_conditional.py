"""Conditional selection for stored traits: against regressions on people, whichever way round alleles stand."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from scipy import stats

from osteobiome.core.errors import ConfigError
from osteobiome.core.schema import table
from osteobiome.ld.conditional import ConditionalOptions
from osteobiome.ld.trait_conditional import select_conditional_of_trait
from osteobiome.sumstats.identity import add_keys, orient

LETTERS = [("A", "G"), ("T", "A"), ("C", "A"), ("G", "C"), ("C", "T")]
OTHER_STRAND = str.maketrans("ACGT", "TGCA")
N_PEOPLE, IN_BLOCK = 3000, 10
MODEL = ConditionalOptions(residual_variance="model")


def ols(y, x):
    """Coefficients, errors and minus log10 p of a regression with intercept."""
    design = np.column_stack([np.ones(len(y)), x])
    inverse = np.linalg.inv(design.T @ design)
    b = inverse @ design.T @ y
    residual = y - design @ b
    se = np.sqrt(residual @ residual / (len(y) - design.shape[1]) * np.diag(inverse))
    return b[1:], se[1:]


class World:
    """Two blocks on each of two chromosomes, the panel being the sample; two variants act in the first block."""

    def __init__(self):
        rng = np.random.default_rng(11)
        blocks = []
        for _ in range(4):
            first = rng.random(2 * N_PEOPLE) < 0.3
            blocks += [
                np.where(rng.random(2 * N_PEOPLE) < kept, first, rng.random(2 * N_PEOPLE) < 0.3)
                for kept in np.linspace(1.0, 0.4, IN_BLOCK)
            ]
        haplotypes = np.array(blocks)
        self.copies = (haplotypes[:, ::2] + haplotypes[:, 1::2].astype(int)).astype(np.int8)
        n = len(self.copies)
        self.chromosome = [1 + i // (2 * IN_BLOCK) for i in range(n)]
        self.position = [1_000_000 + 1000 * i + 20_000_000 * (i // IN_BLOCK % 2) for i in range(n)]
        self.letters = [LETTERS[i % 5] for i in range(n)]
        x = self.copies.astype(float)
        self.acting = [1, 9, 21]
        self.y = x[1] * 0.3 - x[9] * 0.3 + x[21] * 0.25 + rng.normal(size=N_PEOPLE)

    def row(self, i, **more):
        """Variant i as a file has it: every third turned, every fourth on the other strand if its letters tell."""
        (beta,), (se,) = ols(self.y, self.copies[i].astype(float))
        eaf = float(self.copies[i].mean() / 2)
        effect, other = self.letters[i]
        if i % 3 == 0:
            effect, other, beta, eaf = other, effect, -beta, 1 - eaf
        if i % 4 == 0 and effect != other.translate(OTHER_STRAND):
            effect, other = effect.translate(OTHER_STRAND), other.translate(OTHER_STRAND)
        p = -float(stats.norm.logsf(abs(beta / se)) + math.log(2)) / math.log(10)
        return {
            "rsid": f"rs{i}", "chromosome": self.chromosome[i], "position": self.position[i], "effect_allele": effect,
            "other_allele": other, "beta": float(beta), "se": float(se), "eaf": eaf, "neg_log_10_p_value": p,
            "n": float(N_PEOPLE), "line": i + 2,
        } | more  # fmt: skip

    def rows(self):
        return [self.row(i) for i in range(len(self.copies))]


def variants(rows):
    plain = table("variants", rows).drop("variant_key", "id_key", "allele_class", "is_palindromic")
    return table("variants", add_keys(orient(plain)).to_dicts()).sort("variant_key")


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.fixture(scope="module")
def panel(world, panel_of):
    return panel_of(world.copies, alleles=world.letters, positions=world.position, chromosome=world.chromosome)


def test_select__joint_effects_are_those_of_regressions_on_people(world, panel):
    trait = variants(world.rows())
    found = select_conditional_of_trait(trait, panel, options=MODEL, candidates_p=1.0)
    chosen = [int(name[2:]) for name in found.chosen["rsid"]]
    assert chosen == world.acting
    of_table = {row["rsid"]: row for row in trait.to_dicts()}
    for chromosome in (1, 2):
        here = [i for i in chosen if world.chromosome[i] == chromosome]
        beta, se = ols(world.y, world.copies[here].T.astype(float))
        for i, b, s in zip(here, beta, se, strict=True):
            (row,) = found.chosen.filter(rsid=f"rs{i}").to_dicts()
            assert row["effect_allele"] == of_table[f"rs{i}"]["effect_allele"]
            counts_first = row["effect_allele"] in (world.letters[i][0], world.letters[i][0].translate(OTHER_STRAND))
            if world.letters[i] in (("T", "A"), ("G", "C")):
                counts_first = row["effect_allele"] == world.letters[i][0]
            sign = 1 if counts_first else -1
            # the variance of the trait is the median over variants, so errors agree to a share of it
            assert row["beta_joint"] == pytest.approx(sign * b, rel=2e-3)
            assert row["se_joint"] == pytest.approx(s, rel=5e-3)
            assert row["beta"] == of_table[f"rs{i}"]["beta"]
            assert row["neg_log_10_p_value"] == of_table[f"rs{i}"]["neg_log_10_p_value"]
            z = row["beta_joint"] / row["se_joint"]
            p = -(stats.norm.logsf(abs(z)) + math.log(2)) / math.log(10)
            assert row["neg_log_10_p_value_joint"] == pytest.approx(p, rel=1e-9)
    assert found.phenotype_variance == pytest.approx(world.y.var(), rel=0.01)


def test_select__only_candidates_are_looked_at_and_read(world, panel):
    panel.sources[0].read_rows.clear()
    trait = variants(world.rows())
    found = select_conditional_of_trait(trait, panel, candidates_p=1e-6)
    strong = trait.filter(pl.col("neg_log_10_p_value") >= 6)
    assert found.rows.n_in == 40
    assert found.rows.by_reason() == {"above_candidate_threshold": 40 - strong.height}
    assert found.rows.n_kept == strong.height
    expected = {int(name[2:]) for name in strong["rsid"]}
    read = set(np.concatenate(panel.sources[0].read_rows).tolist())
    assert read == expected
    notes = dict(found.rows.notes)
    assert sum(notes.values()) == strong.height - found.chosen.height


def test_select__every_row_that_is_lost_has_a_reason(world, panel_of):
    copies = world.copies[:9].copy()
    copies[8] = 2
    panel = panel_of(
        copies, alleles=world.letters[:9], positions=world.position[:9], chromosome=[1] * 7 + [1] * 2,
    )  # fmt: skip
    panel = type(panel)(
        panel.path, "", "", panel.variants.with_columns(
            pl.when(pl.col("rsid") == "rs7").then(None).otherwise("position").alias("position")),
        panel.n_people, 0, 0, panel.sources,
    )  # fmt: skip
    strong = {"neg_log_10_p_value": 9.0}
    rows = [
        world.row(0, **strong),
        world.row(1, **strong, eaf=0.5),  # T/A
        world.row(2, **strong, n=None),
        world.row(3, **strong, eaf=None, effect_allele="G", other_allele="C") | {"eaf": None},  # palindrome without eaf
        world.row(4, **strong, eaf=None),
        world.row(5, **strong, effect_allele="A", other_allele="C"),
        world.row(6, neg_log_10_p_value=None, eaf=0.2),
        world.row(7, **strong),
        world.row(8, **strong),
        world.row(20, **strong),
        world.row(2, **strong, eaf=1.0, rsid="rs300", position=world.position[2], n=50.0, line=99),
        world.row(6, neg_log_10_p_value=3.0, position=5, rsid="rs301", line=100),
    ]
    found = select_conditional_of_trait(variants(rows), panel)
    assert found.rows.by_reason() == {
        "no_p_value": 1, "above_candidate_threshold": 1, "not_in_panel": 1, "allele_mismatch": 1,
        "palindromic_strand_unknown": 2, "without_place": 1, "no_sample_size": 1, "no_frequency": 2, "monomorphic": 1,
    }  # fmt: skip
    assert (found.rows.n_in, found.rows.n_kept) == (12, 1)
    reasons = {drop.reason: drop for drop in found.rows.dropped}
    assert reasons["not_in_panel"].examples == ("rs20",)
    assert reasons["palindromic_strand_unknown"].lines == (3, 5)
    trusted = select_conditional_of_trait(variants(rows), panel, trust_strand=True)
    assert "palindromic_strand_unknown" not in trusted.rows.by_reason()


def test_select__of_nothing_is_empty(world, panel):
    nothing = select_conditional_of_trait(table("variants"), panel)
    weak = select_conditional_of_trait(variants([world.row(39, neg_log_10_p_value=1.0)]), panel)
    some = select_conditional_of_trait(variants(world.rows()), panel)
    assert nothing.chosen.schema == weak.chosen.schema == some.chosen.schema
    assert (nothing.chosen.height, weak.chosen.height) == (0, 0)
    assert math.isnan(nothing.phenotype_variance)
    assert (nothing.warnings, some.warnings) == ((), ())


def test_select__warns_of_second_signals_of_too_few_people(panel_of):
    """A panel of 100 people: |z| of 20 is the limit. Three variants of one window, and one on another chromosome."""
    rng = np.random.default_rng(4)
    copies = rng.binomial(2, 0.4, (4, 100))
    panel = panel_of(copies, alleles=[LETTERS[0]] * 4, positions=[100, 200, 30_000_000, 100], chromosome=[1, 1, 1, 2])

    def rows(z):
        return [
            {
                "rsid": f"rs{i}", "chromosome": [1, 1, 1, 2][i], "position": [100, 200, 30_000_000, 100][i],
                "effect_allele": "A", "other_allele": "G", "beta": 0.01 * z[i], "se": 0.01, "eaf": 0.4, "n": 20_000.0,
                "neg_log_10_p_value": float(stats.norm.logsf(abs(z[i])) + math.log(2)) / -math.log(10), "line": i + 2,
            }
            for i in range(4)
        ]  # fmt: skip

    found = select_conditional_of_trait(variants(rows([21, -12, 12, 12])), panel)
    assert found.chosen["rsid"].to_list() == ["rs0", "rs1", "rs2", "rs3"]
    assert found.chosen["is_doubtful"].to_list() == [False, True, False, False]
    (warning,) = found.warnings
    assert (warning.id, warning.count, [e.value for e in warning.examples]) == ("signal_exceeds_panel", 1, ["rs1"])
    assert warning.found.startswith("rs0 has |z| above 20, twice the root of 100 people in the panel; 1 further")
    assert "rs1" in warning.hint
    wide = ConditionalOptions(window_kb=40_000)
    everyone = select_conditional_of_trait(variants(rows([21, -12, 12, 12])), panel, options=wide)
    assert everyone.chosen["is_doubtful"].to_list() == [False, True, True, False]
    assert select_conditional_of_trait(variants(rows([19.9, -12, 12, 12])), panel).warnings == ()
    (alone,) = select_conditional_of_trait(variants(rows([12, 1, 1, 30])), panel).warnings
    assert (alone.examples, alone.hint) == ((), "No second signal was chosen near")


def swapped_neighbour(panel_of, frequency, *, r=0.7, z=7.0, n=20_000.0):
    """One causal variant; the alleles of its neighbour are swapped in the file, effect and frequency not turned."""
    rng = np.random.default_rng(8)
    first = rng.random(2 * 5000) < frequency
    second = np.where(rng.random(first.size) < r, first, rng.random(first.size) < frequency)
    copies = np.array([of[:5000].astype(int) + of[5000:] for of in (first, second)])
    panel = panel_of(copies, alleles=[("A", "G")] * 2, positions=[100, 200], chromosome=[1, 1])
    measured = np.corrcoef(copies)[0, 1]
    eaf = copies.mean(axis=1) / 2

    def row(i, effect, other, strength):
        se = 1 / math.sqrt(n * 2 * eaf[i] * (1 - eaf[i]))
        return {
            "rsid": f"rs{i}", "chromosome": 1, "position": 100 * (i + 1), "effect_allele": effect,
            "other_allele": other, "beta": strength * se, "se": se, "eaf": float(eaf[i]), "n": n, "line": i + 2,
            "neg_log_10_p_value": float(stats.norm.logsf(abs(strength)) + math.log(2)) / -math.log(10),
        }  # fmt: skip

    return variants([row(0, "A", "G", z), row(1, "G", "A", measured * z)]), panel, measured


def test_select__a_neighbour_with_swapped_alleles_is_left_out_by_its_frequency(panel_of):
    trait, panel, _ = swapped_neighbour(panel_of, 0.26)
    found = select_conditional_of_trait(trait, panel)
    assert found.rows.by_reason() == {"frequency_differs_from_panel": 1}
    assert {drop.reason: drop.examples for drop in found.rows.dropped} == {"frequency_differs_from_panel": ("rs1",)}
    assert found.chosen["rsid"].to_list() == ["rs0"]
    row = found.chosen.to_dicts()[0]
    assert row["neg_log_10_p_value_joint"] == pytest.approx(row["neg_log_10_p_value"], rel=1e-9)
    assert (found.warnings, row["is_doubtful"]) == ((), False)


@pytest.mark.parametrize(("frequency", "difference"), [(0.26, 1.0), (0.5, 0.2)])
def test_select__a_swapped_neighbour_that_frequencies_let_through_is_doubtful(panel_of, frequency, difference):
    """Its joint z is 2 / sqrt(1 - r²) times its own: always more than twice."""
    trait, panel, r = swapped_neighbour(panel_of, frequency)
    found = select_conditional_of_trait(trait, panel, max_frequency_difference=difference)
    assert found.chosen["rsid"].to_list() == ["rs0", "rs1"]
    risen = np.abs(found.chosen["beta_joint"] / found.chosen["se_joint"]) / np.abs(
        found.chosen["beta"] / found.chosen["se"]
    )
    np.testing.assert_allclose(risen, [(1 + r**2) / math.sqrt(1 - r**2), 2 / math.sqrt(1 - r**2)], rtol=2e-3)
    assert found.chosen["is_doubtful"].to_list() == (risen > 2).to_list()
    assert found.chosen["is_doubtful"][1]
    (warning,) = found.warnings
    assert warning.id == "joint_exceeds_marginal"
    assert warning.examples[-1].value == "rs1"
    assert "more than twice as strong given the other chosen ones as alone (rs1: |z| " in warning.found


def test_select__frequency_is_that_of_the_same_allele(world, panel):
    """Files count either allele, on either strand; a difference of 0.2 itself is let through."""
    rows = [world.row(i, neg_log_10_p_value=9.0) for i in range(10)]
    assert "frequency_differs_from_panel" not in select_conditional_of_trait(variants(rows), panel).rows.by_reason()
    for shift, lost in ((0.199, 0), (0.201, 10)):
        moved = [row | {"eaf": row["eaf"] + (shift if row["eaf"] < 0.5 else -shift)} for row in rows]
        found = select_conditional_of_trait(variants(moved), panel, trust_strand=True)
        assert found.rows.by_reason().get("frequency_differs_from_panel", 0) == lost


@pytest.mark.parametrize("n_others", [0, 1])
def test_select__a_lone_variant_of_few_people_comes_in_by_its_own_p(panel_of, n_others):
    """n = 200 and z = 5.62, p 2e-8: by the variance of the trait p would be 1.7e-7. Another one lies 100 Mb away."""
    n, z = 200.0, [5.62, 7.0][: 1 + n_others]
    copies = np.random.default_rng(3).binomial(2, 0.4, (len(z), 200))
    positions = [1000, 100_000_000][: len(z)]
    panel = panel_of(copies, alleles=[("A", "G")] * len(z), positions=positions, chromosome=[1] * len(z))
    eaf = copies.mean(axis=1) / 2
    rows = [
        {
            "rsid": f"rs{i}", "chromosome": 1, "position": positions[i], "effect_allele": "A", "other_allele": "G",
            "beta": 0.1 * z[i], "se": 0.1, "eaf": float(eaf[i]), "n": n, "line": i + 2,
            "neg_log_10_p_value": float(stats.norm.logsf(z[i]) + math.log(2)) / -math.log(10),
        }
        for i in range(len(z))
    ]  # fmt: skip
    found = select_conditional_of_trait(variants(rows), panel)
    assert found.chosen.height == len(z)
    np.testing.assert_allclose(found.chosen["neg_log_10_p_value_joint"], found.chosen["neg_log_10_p_value"], rtol=1e-9)
    strict = select_conditional_of_trait(variants(rows), panel, options=ConditionalOptions(p_threshold=1e-20))
    assert (strict.chosen.height, dict(strict.rows.notes)) == (0, {"not_significant_alone": len(z)})


@pytest.mark.parametrize(
    ("options", "candidates_p", "where"),
    [
        (ConditionalOptions(), 1e-9, ["candidates_p"]),
        (ConditionalOptions(), 1.5, ["candidates_p"]),
        (ConditionalOptions(), math.nan, ["candidates_p"]),
        (ConditionalOptions(p_threshold=0.0, collinearity=1.0), 1e-4, ["p_threshold", "collinearity"]),
        (ConditionalOptions(window_kb=-1.0), 1e-4, ["window_kb"]),
    ],
)
def test_select__option_out_of_range_is_refused(panel, options, candidates_p, where):
    with pytest.raises(ConfigError) as caught:
        select_conditional_of_trait(table("variants"), panel, options=options, candidates_p=candidates_p)
    assert [fault.where for fault in caught.value.faults] == where
