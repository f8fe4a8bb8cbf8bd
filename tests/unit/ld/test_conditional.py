from dataclasses import replace

import numpy as np
import pytest

from osteobiome.core.errors import EstimationError
from osteobiome.ld.conditional import ConditionalOptions, Marginal, select_conditional
from osteobiome.ld.correlation import ld_matrix
from osteobiome.ld.genotypes import Genotypes

IN_SAMPLE = ConditionalOptions(residual_variance="model")


def region(n_people, *, seed, n_variants=120):
    """Return dosages of a dense region: haplotypes copied from a few ancestors, with switches along the region."""
    rng = np.random.default_rng(seed)
    ancestors = rng.random((n_variants, 12)) < rng.uniform(0.1, 0.9, (n_variants, 1))
    copied = np.empty((n_variants, 2 * n_people), dtype=np.int64)
    copied[0] = rng.integers(0, 12, 2 * n_people)
    for i in range(1, n_variants):
        switch = rng.random(2 * n_people) < 0.04
        copied[i] = np.where(switch, rng.integers(0, 12, 2 * n_people), copied[i - 1])
    haplotypes = np.take_along_axis(ancestors, copied, axis=1)
    return haplotypes.reshape(n_variants, n_people, 2).sum(axis=2).astype(np.int8)


def trait(copies, effects, *, seed):
    x = copies[list(effects)].T.astype(float)
    return x @ np.array(list(effects.values())) + np.random.default_rng(seed).normal(size=copies.shape[1])


def ols(y, x):
    """Return coefficients and standard errors of a regression with intercept, by numpy alone."""
    design = np.column_stack([np.ones(len(y)), x])
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ y
    residual = y - design @ coefficients
    error = np.sqrt(residual @ residual / (len(y) - design.shape[1]) * np.diag(inverse))
    return coefficients[1:], error[1:]


def marginals(copies, y):
    fits = [ols(y, x.astype(float)) for x in copies]
    n = len(copies)
    beta, se = np.array([b[0] for b, _ in fits]), np.array([s[0] for _, s in fits])
    frequency = copies.mean(axis=1) / 2.0
    return Marginal(beta, se, frequency, np.full(n, float(len(y))), np.ones(n, int), 1000 * np.arange(n))


def varying(copies):
    return copies[copies.std(axis=1) > 0]


@pytest.fixture(scope="module")
def three():
    """Return a region in which three variants act, and its summary statistics."""
    copies = varying(region(4000, seed=1))
    y = trait(copies, {20: 0.25, 35: -0.3, 90: 0.2}, seed=2)
    return copies, y, marginals(copies, y)


def test_select__joint_effects_equal_multiple_regression(three):
    copies, y, marginal = three
    found = select_conditional(marginal, Genotypes.from_dosages(copies), options=IN_SAMPLE, phenotype_variance=y.var())
    assert len(found.chosen) >= 3
    beta, se = ols(y, copies[found.chosen].T.astype(float))
    np.testing.assert_allclose(found.joint.beta, beta, rtol=1e-9)
    np.testing.assert_allclose(found.joint.se, se, rtol=1e-9)


def test_select__conditional_effects_equal_multiple_regression(three):
    copies, y, marginal = three
    found = select_conditional(marginal, Genotypes.from_dosages(copies), options=IN_SAMPLE, phenotype_variance=y.var())
    compared = 0
    for k in np.flatnonzero(found.reason == "not_significant"):
        beta, se = ols(y, copies[[*found.chosen, k]].T.astype(float))
        np.testing.assert_allclose([found.conditional.beta[k], found.conditional.se[k]], [beta[-1], se[-1]], rtol=1e-7)
        compared += 1
    assert compared > 50
    assert found.conditional.beta[found.chosen].tolist() == found.joint.beta.tolist()


def test_select__variance_from_the_statistics_moves_neither_effects_nor_z(three):
    copies, y, marginal = three
    given = select_conditional(marginal, Genotypes.from_dosages(copies), options=IN_SAMPLE, phenotype_variance=y.var())
    implied = select_conditional(marginal, Genotypes.from_dosages(copies), options=IN_SAMPLE)
    assert implied.phenotype_variance == pytest.approx(y.var(), rel=0.02)
    assert implied.chosen.tolist() == given.chosen.tolist()
    np.testing.assert_allclose(implied.joint.beta, given.joint.beta, rtol=1e-9)
    np.testing.assert_allclose(implied.joint.se, given.joint.se, rtol=1e-9)


def test_select__each_chosen_variant_stands_for_one_that_acts(three):
    copies, _, marginal = three
    found = select_conditional(marginal, Genotypes.from_dosages(copies))
    assert len(found.chosen) == 3
    r2 = np.square(np.corrcoef(copies))
    assert sorted(int(np.argmax(r2[k, [20, 35, 90]])) for k in found.chosen) == [0, 1, 2]
    assert all(r2[k, [20, 35, 90]].max() > 0.8 for k in found.chosen)


def test_select__finds_a_variant_that_is_masked_on_its_own():
    rng = np.random.default_rng(3)
    first = rng.binomial(2, 0.4, 5000)
    second = np.where(rng.random(5000) < 0.7, first, rng.binomial(2, 0.4, 5000))
    copies = np.stack([first, second]).astype(np.int8)
    y = trait(copies, {0: 0.3, 1: -0.21}, seed=4)  # second: its own effect and its share of the first cancel
    marginal = marginals(copies, y)
    assert abs(marginal.beta[1] / marginal.se[1]) < 2
    found = select_conditional(marginal, Genotypes.from_dosages(copies))
    assert found.chosen.tolist() == [0, 1]
    assert found.at_entry.beta[0] == pytest.approx(marginal.beta[0], rel=1e-9)
    np.testing.assert_allclose(found.joint.beta, ols(y, copies.T.astype(float))[0], rtol=2e-3)


def test_select__never_takes_collinear_variants_together():
    rng = np.random.default_rng(5)
    base = rng.binomial(2, 0.5, (3, 4000))
    near = np.where(rng.random((3, 4000)) < 0.98, base, rng.binomial(2, 0.5, (3, 4000)))
    copies = np.concatenate([base, near, base[:1]]).astype(np.int8)
    y = trait(copies, {0: 2.0, 3: -1.5, 1: 0.3, 2: 0.3}, seed=6)
    genotypes = Genotypes.from_dosages(copies)
    found = select_conditional(marginals(copies, y), genotypes, options=IN_SAMPLE)
    r2 = np.square(ld_matrix(genotypes))[np.ix_(found.chosen, found.chosen)]
    assert r2[~np.eye(len(found.chosen), dtype=bool)].max() < 0.9
    assert sorted(set((found.chosen % 3).tolist())) == [0, 1, 2]
    assert len(found.chosen) == 3
    assert (found.reason[np.setdiff1d(np.arange(7), found.chosen)] == "collinear").all()
    loose = replace(IN_SAMPLE, collinearity=0.99)
    allowed = select_conditional(marginals(copies[:6], y), Genotypes.from_dosages(copies[:6]), options=loose)
    assert {0, 3} <= set(allowed.chosen.tolist())


def test_select__matrix_and_panel_give_the_same(three):
    copies, _, marginal = three
    genotypes = Genotypes.from_dosages(copies)
    by_panel, by_matrix = select_conditional(marginal, genotypes), select_conditional(marginal, ld_matrix(genotypes))
    assert by_panel.chosen.tolist() == by_matrix.chosen.tolist()
    np.testing.assert_allclose(by_panel.joint.beta, by_matrix.joint.beta, rtol=1e-10)


def test_select__turning_an_allele_turns_its_effect_only(three):
    copies, _, marginal = three
    turned = copies.copy()
    turned[::2] = 2 - turned[::2]
    sign = np.where(np.arange(len(copies)) % 2, 1.0, -1.0)
    eaf = np.where(sign > 0, marginal.eaf, 1.0 - marginal.eaf)
    one = select_conditional(marginal, Genotypes.from_dosages(copies))
    two = select_conditional(
        replace(marginal, beta=sign * marginal.beta, eaf=eaf), Genotypes.from_dosages(turned)
    )  # fmt: skip
    assert one.chosen.tolist() == two.chosen.tolist()
    np.testing.assert_allclose(two.joint.beta, sign[one.chosen] * one.joint.beta, rtol=1e-8)


def test_select__a_variant_leaves_when_others_explain_it():
    r = np.array([[1.0, 0.6, 0.6], [0.6, 1.0, 0.0], [0.6, 0.0, 1.0]])
    n = np.full(3, 20_000.0)
    joint = np.array([0.0, 0.15, 0.15])
    beta = r @ joint  # of standardised genotypes; the first stands for both of the others
    eaf = np.full(3, 0.5)
    scale = np.sqrt(0.5)
    se = np.sqrt((1.0 - beta**2) / (n - 2)) / scale
    marginal = Marginal(beta / scale, se, eaf, n, np.ones(3, int), np.arange(3))
    assert np.argmax(np.abs(beta)) == 0
    found = select_conditional(marginal, r)
    assert found.chosen.tolist() == [1, 2]
    assert found.reason.tolist() == ["left_in_joint_model", "", ""]
    np.testing.assert_allclose(found.joint.beta * scale, [0.15, 0.15], rtol=1e-9)


def test_select__people_in_one_sample_only_weaken_the_product():
    n = np.array([20_000.0, 5_000.0])
    r, eaf, scale = np.array([[1.0, 0.6], [0.6, 1.0]]), np.full(2, 0.5), np.sqrt(0.5)
    beta = np.array([0.1, 0.15])
    se = np.sqrt((1.0 - beta**2) / (n - 2)) / scale
    marginal = Marginal(beta / scale, se, eaf, n, np.ones(2, int), np.arange(2))
    found = select_conditional(marginal, r, options=ConditionalOptions(p_threshold=0.1), phenotype_variance=1.0)
    assert found.chosen.tolist() == [0, 1]
    b = np.array([[20_000.0, 5_000 * 0.6], [5_000 * 0.6, 5_000.0]])  # x'x and x'y of nested samples
    np.testing.assert_allclose(found.joint.beta * scale, np.linalg.solve(b, n * beta), rtol=1e-9)
    np.testing.assert_allclose(found.joint.se * scale, np.sqrt(np.diag(np.linalg.inv(b))), rtol=1e-9)
    paper = ConditionalOptions(p_threshold=0.1, overlap="estimated")
    again = select_conditional(marginal, r, options=paper, phenotype_variance=1.0)
    np.testing.assert_allclose(again.joint.beta, found.joint.beta, rtol=1e-9)


def test_select__beyond_the_window_or_on_another_chromosome_nothing_is_linked():
    r = np.array([[1.0, 0.8], [0.8, 1.0]])
    marginal = Marginal(
        np.array([0.2, 0.16]), np.full(2, 0.01), np.full(2, 0.5), np.full(2, 20_000.0),
        np.ones(2, int), np.array([1, 10_000_001]),
    )  # fmt: skip
    assert select_conditional(marginal, r).chosen.tolist() == [0]
    assert select_conditional(replace(marginal, position=np.array([1, 10_000_002])), r).chosen.tolist() == [0, 1]
    assert select_conditional(replace(marginal, chromosome=np.array([1, 2])), r).chosen.tolist() == [0, 1]


def test_select__names_variants_that_do_not_vary_in_the_panel(three):
    copies, _, marginal = three
    fixed = copies.copy()
    fixed[20] = 0
    found = select_conditional(marginal, Genotypes.from_dosages(fixed))
    assert found.reason[20] == "not_varying_in_panel"
    assert np.isnan(found.conditional.beta[20])
    r = ld_matrix(Genotypes.from_dosages(fixed))
    assert select_conditional(marginal, r).chosen.tolist() == found.chosen.tolist()


def test_select__none_below_the_threshold_is_an_answer():
    marginal = Marginal(
        np.array([0.01, 0.02]), np.full(2, 0.01), np.full(2, 0.5), np.full(2, 20_000.0), np.ones(2, int), np.arange(2)
    )
    found = select_conditional(marginal, np.eye(2))
    assert len(found.chosen) == len(found.joint.beta) == len(found.at_entry.beta) == 0
    assert found.reason.tolist() == ["not_significant"] * 2
    assert found.conditional.beta == pytest.approx(marginal.beta, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"beta": np.array([np.nan])}, "bad beta"),
        ({"se": np.array([0.0])}, "bad se"),
        ({"eaf": np.array([1.0])}, "bad eaf"),
        ({"n": np.array([2.0])}, "bad n"),
    ],
)
def test_select__refuses_impossible_statistics(change, word):
    good = Marginal(*(np.array([v]) for v in (0.1, 0.01, 0.3, 1000.0)), np.ones(1, int), np.ones(1, int))
    with pytest.raises(EstimationError, match=word):
        select_conditional(replace(good, **change), np.eye(1))


@pytest.mark.parametrize("options", [ConditionalOptions(collinearity=1.0), ConditionalOptions(p_threshold=0.0)])
def test_select__refuses_thresholds_that_are_none(options):
    good = Marginal(*(np.array([v]) for v in (0.1, 0.01, 0.3, 1000.0)), np.ones(1, int), np.ones(1, int))
    with pytest.raises(EstimationError, match="more than 0 and less than 1"):
        select_conditional(good, np.eye(1), options=options)


@pytest.mark.slow
@pytest.mark.calibration
def test_select__with_ld_of_other_people_keeps_its_level():
    """One variant acts; 503 other people give the LD: how often is a second one chosen, out of 60?"""
    found_one = more = 0
    for seed in range(60):
        copies = region(4503, seed=100 + seed, n_variants=60)
        sample, panel = copies[:, :4000], copies[:, 4000:]
        keep = (sample.std(axis=1) > 0) & (panel.std(axis=1) > 0)
        acting = int(np.flatnonzero(keep)[keep.sum() // 2])
        y = trait(sample, {acting: 0.15}, seed=seed)
        found = select_conditional(marginals(sample[keep], y), Genotypes.from_dosages(panel[keep]))
        found_one += len(found.chosen) > 0
        more += len(found.chosen) > 1
    assert more <= 2  # 98 % quantile of 60 draws at a rate of 1 %
    assert found_one >= 30


def test_select__ld_of_few_people_makes_second_signals_of_strong_ones():
    """The failure that the documentation names: z of 138 and 503 people, against z of 138 and all people."""
    copies = varying(region(6000, seed=7, n_variants=60))
    r, n, k = np.corrcoef(copies), 100_000.0, len(copies) // 2
    beta, scale = 0.4 * r[:, k], copies.std(axis=1)
    se = np.sqrt((1.0 - beta**2) / (n - 2))
    place = np.ones(len(r), int), np.arange(len(r))
    marginal = Marginal(beta / scale, se / scale, copies.mean(axis=1) / 2.0, np.full(len(r), n), *place)
    assert len(select_conditional(marginal, Genotypes.from_dosages(copies)).chosen) == 1
    few = Genotypes.from_dosages(copies[:, :503])
    assert len(select_conditional(marginal, few).chosen) > 1
