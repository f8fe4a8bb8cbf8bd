"""MR-Egger by bootstrap against mr_egger_regression_bootstrap of TwoSampleMR 0.7.9 (1,000 draws of R's generator)."""

import numpy as np
import pytest

from osteobiome import mr

SETS = ("bmi_sbp24_p5e8", "fg_t2d17", "hdl_chd28", "trig_chd28")
THEIRS, DRAWS = 1000, 40_000


def agree(got, want, sd):
    """Assert that two numbers differ by at most four Monte Carlo errors, given the error of one draw."""
    assert got == pytest.approx(want, abs=4 * sd * np.sqrt(1 / THEIRS + 1 / DRAWS))


@pytest.mark.parametrize("name", SETS)
def test_egger_bootstrap__equals_the_package_within_monte_carlo_error(load, name):
    data = load(name)
    frozen = data.methods["TwoSampleMR_mr_egger_regression_bootstrap"]
    result = mr.egger_bootstrap(data.pair(), line="products", centre="draws", n_bootstrap=DRAWS, seed=1)
    intercept = result.diagnostic("egger_intercept")
    assert result.n_variants == frozen["nsnp"]
    agree(result.beta, frozen["b"], result.se)
    agree(intercept.estimate, frozen["b_i"], intercept.se)
    # the error of a standard deviation of draws with these tails, from our draws
    one_draw = result.diagnostic("bootstrap_se_error").statistic * np.sqrt(DRAWS)
    agree(result.se, frozen["se"], one_draw)
    agree(intercept.se, frozen["se_i"], one_draw * intercept.se / result.se)
    for key, share in (("pval", "slope_other_sign"), ("pval_i", "intercept_other_sign")):
        p = result.diagnostic(share).statistic
        # the sign of a mean next to 0 is that of chance: then the share may be the complement
        near = min(frozen[key], 1.0 - frozen[key]) if abs(frozen["b_i"]) < frozen["se_i"] / 10 else frozen[key]
        p = min(p, 1.0 - p) if near != frozen[key] or p > 0.5 else p
        agree(p, near, np.sqrt(max(p * (1 - p), 1 / THEIRS)))


@pytest.mark.parametrize("name", SETS)
def test_egger_bootstrap__default_is_mr_egger_of_the_data(load, name):
    """The package's line is another one: its estimate lies up to two standard errors off."""
    data = load(name)
    egger, result = mr.egger(data.pair()), mr.egger_bootstrap(data.pair(), seed=1)
    assert result.beta == pytest.approx(egger.beta, rel=1e-10)
    intercept = result.diagnostic("egger_intercept")
    assert intercept.estimate == pytest.approx(egger.diagnostic("egger_intercept").estimate, rel=1e-10)


def test_egger_bootstrap__line_of_the_package_is_no_weighted_least_squares(load):
    data = load("fg_t2d17")
    frozen = data.methods["TwoSampleMR_mr_egger_regression_bootstrap"]
    weighted = mr.egger_bootstrap(data.pair(), centre="draws", n_bootstrap=DRAWS, seed=1)
    assert abs(weighted.beta - frozen["b"]) > 30 * frozen["se"] / np.sqrt(THEIRS)
