"""Effects and standard errors from what a file has: numbers by hand, and a regression on simulated people."""

import math

import numpy as np
import polars as pl
import pytest

from osteobiome.stats.tails import neg_log10_p_normal
from osteobiome.sumstats.effects import can_make_beta, can_make_se, with_effects

Z95 = 1.959963984540054


def made(**columns):
    frame = with_effects(pl.DataFrame({name: [float("nan") if v is None else v for v in values]
                                       for name, values in columns.items()}).fill_nan(None))  # fmt: skip
    return frame


def test_with_effects__beta_and_se_are_taken_as_they_are():
    frame = made(beta=[0.1, -0.2], se=[0.01, 0.02], odds_ratio=[9.0, 9.0])
    assert frame["beta_"].to_list() == [0.1, -0.2]
    assert frame["se_"].to_list() == [0.01, 0.02]
    assert not frame["is_beta_derived"].any()
    assert not frame["is_se_derived"].any()


@pytest.mark.parametrize("ratio", ["odds_ratio", "hazard_ratio"])
def test_with_effects__a_ratio_becomes_its_logarithm(ratio):
    frame = made(**{ratio: [2.0, 0.5, 0.0]}, se=[0.1, 0.1, 0.1])
    assert frame["beta_"].to_list() == [math.log(2.0), math.log(0.5), None]
    assert frame["is_beta_derived"].to_list() == [True, True, False]
    assert frame[f"beta_from_{ratio}"].to_list() == [True, True, False]


def test_with_effects__z_by_the_formula_of_zhu():
    z, n, f = 4.0, 1_000.0, 0.3
    frame = made(z=[z], n=[n], eaf=[f])
    s = 1.0 / math.sqrt(2 * f * (1 - f) * (n + z * z))
    assert frame["beta_"].item() == pytest.approx(z * s, rel=1e-15)
    assert frame["se_"].item() == pytest.approx(s, rel=1e-15)
    assert frame["beta_from_z"].to_list() == frame["se_from_z"].to_list() == [True]


def test_with_effects__z_gives_nearly_what_a_regression_of_people_gives():
    """Hardy-Weinberg genotypes, trait in SD: slope and error of a regression against those from its Z alone."""
    rng = np.random.default_rng(7)
    n, f = 20_000, 0.25
    genotype = rng.binomial(2, f, n).astype(float)
    y = 0.1 * genotype + rng.normal(size=n)
    y = (y - y.mean()) / y.std()
    x = genotype - genotype.mean()
    slope = float(x @ y / (x @ x))
    residual = y - slope * x
    se = float(np.sqrt(residual @ residual / (n - 2) / (x @ x)))
    frame = made(z=[slope / se], n=[float(n)], eaf=[float(genotype.mean() / 2)])
    assert frame["beta_"].item() == pytest.approx(slope, rel=0.02)
    assert frame["se_"].item() == pytest.approx(se, rel=0.02)


@pytest.mark.parametrize(("n", "eaf"), [(None, 0.3), (1000.0, None), (1000.0, 0.0), (1000.0, 1.0), (0.0, 0.3)])
def test_with_effects__z_alone_is_no_effect(n, eaf):
    frame = made(z=[4.0, 1.0], n=[n, 1000.0], eaf=[eaf, 0.5])
    assert frame["beta_"][0] is None
    assert frame["se_"][0] is None


def test_with_effects__z_fills_no_gap_in_a_column_of_effects():
    """An effect in SD of the trait among log odds ratios would be a second scale in one column."""
    frame = made(odds_ratio=[1.5, None], se=[0.1, None], z=[4.0, 5.0], n=[1e4, 1e4], eaf=[0.3, 0.3])
    assert frame["beta_"].to_list() == [pytest.approx(math.log(1.5)), None]


def test_with_effects__z_with_its_standard_error():
    frame = made(z=[4.0, -2.0], se=[0.1, 0.2])
    assert frame["beta_"].to_list() == [0.4, -0.4]
    assert frame["beta_from_z_and_se"].all()


def test_with_effects__interval_of_an_effect_and_of_a_ratio():
    se = 0.07
    low, high = 0.3 - Z95 * se, 0.3 + Z95 * se
    frame = made(beta=[0.3], ci_low=[low], ci_high=[high])
    assert frame["se_"].item() == pytest.approx(se, rel=1e-12)
    ratio = made(odds_ratio=[math.exp(0.3)], ci_low=[math.exp(low)], ci_high=[math.exp(high)])
    assert ratio["se_"].item() == pytest.approx(se, rel=1e-12)
    assert ratio["se_from_interval"].item() is True


def test_with_effects__an_interval_that_does_not_hold_the_ratio_is_that_of_the_effect():
    """Some files give an odds ratio and the interval of its logarithm."""
    se, beta = 0.07, 0.9
    frame = made(odds_ratio=[math.exp(beta)], ci_low=[beta - Z95 * se], ci_high=[beta + Z95 * se])
    assert frame["se_"].item() == pytest.approx(se, rel=1e-12)


def test_with_effects__interval_the_wrong_way_round_gives_nothing():
    assert made(beta=[0.3], ci_low=[0.4], ci_high=[0.2])["se_"].to_list() == [None]


def test_with_effects__se_from_beta_and_z():
    frame = made(beta=[0.3, -0.3, 0.0], z=[6.0, -6.0, 0.0])
    assert frame["se_"].to_list() == [pytest.approx(0.05), pytest.approx(0.05), None]


def test_with_effects__se_from_p_far_below_the_smallest_double():
    beta, se = 2.0, 0.02
    log_p = float(neg_log10_p_normal(beta / se))
    assert log_p > 2_000
    frame = made(beta=[beta, -beta], p=[log_p, log_p])
    np.testing.assert_allclose(frame["se_"].to_numpy(), se, rtol=1e-9)
    assert frame["se_from_p_value"].all()


@pytest.mark.parametrize(
    ("beta", "p"), [(0.0, 1.3), (0.1, 0.0), (0.1, 0.004), (0.1, math.inf), (0.1, None), (None, 1.3)]
)
def test_with_effects__no_se_from_a_p_that_says_nothing(beta, p):
    assert made(beta=[beta, 0.1], p=[p, 1.3])["se_"][0] is None


def test_with_effects__each_row_from_its_best_source():
    frame = made(
        beta=[0.1, None, None], odds_ratio=[9.0, 2.0, None], hazard_ratio=[9.0, 9.0, 3.0], se=[0.1, None, 0.3],
        p=[1.0, float(neg_log10_p_normal(5.0)), 1.0],
    )  # fmt: skip
    assert frame["beta_"].to_list() == [0.1, math.log(2.0), math.log(3.0)]
    assert frame["se_"].to_list() == [0.1, pytest.approx(math.log(2.0) / 5.0, rel=1e-9), 0.3]
    assert frame["is_se_derived"].to_list() == [False, True, False]


def test_can_make__says_before_any_row_is_read():
    assert can_make_beta(["beta"])
    assert can_make_beta(["z", "n", "eaf"])
    assert not can_make_beta(["z", "n", "p_value"])
    assert can_make_se(["ci_low", "ci_high"])
    assert can_make_se(["p_value"])
    assert not can_make_se(["ci_low"])
