"""MRMix 0.1.0 on its own grid, and what the grid from the data finds."""

import numpy as np
import pytest

from osteobiome import mr
from osteobiome.stats.mrmix import fit_at

SETS = ("bmi_sbp24_p5e8", "ldl_chd28", "fg_t2d17")


@pytest.mark.parametrize("name", SETS)
def test_mrmix__equals_the_package_on_its_grid(load, comparison, name):
    data = load(name)
    check, frozen = comparison(data), data.methods["MRMix"]
    result = mr.mrmix(data.pair(), grid="mrmix")
    check.number("theta", result.beta, frozen["theta"])
    check.number("SE", result.se, frozen["SE_theta"])
    check.number("pi0", result.diagnostic("valid_share").statistic, frozen["pi0"])
    check.number("sigma2", result.diagnostic("invalid_sd").statistic ** 2, frozen["sigma2"])
    check.number("z", result.beta / result.se, frozen["zstat_theta"])
    check.p_value("p", result.neg_log_10_p_value, frozen["pvalue_theta"])
    check.finish(at_least=7)


def test_mrmix__grid_from_the_data_agrees_where_that_of_the_package_holds_the_peak(load):
    data = load("bmi_sbp24_p5e8")
    result, frozen = mr.mrmix(data.pair()), data.methods["MRMix"]
    assert abs(result.beta - frozen["theta"]) < 0.01
    assert result.diagnostic("valid_share").statistic >= frozen["pi0"]
    assert result.se == pytest.approx(frozen["SE_theta"], rel=1e-3)


@pytest.mark.parametrize(("name", "effect"), [("ldl_chd28", 3.01), ("fg_t2d17", 2.08)])
def test_mrmix__grid_of_the_package_holds_no_good_effect(load, name, effect):
    data = load(name)
    result, frozen = mr.mrmix(data.pair()), data.methods["MRMix"]
    assert result.beta == pytest.approx(effect, abs=0.01)
    assert result.diagnostic("valid_share").statistic > 2 * frozen["pi0"]


@pytest.mark.parametrize("name", SETS)
def test_mrmix__fine_grid_finds_no_larger_share(load, name):
    data = load(name)
    pair, result = data.pair(), mr.mrmix(data.pair())
    stacked = np.stack([pair.beta_exposure, pair.se_exposure**2, pair.beta_outcome, pair.se_outcome**2])
    near = result.beta + np.linspace(-2, 2, 401)
    assert max(fit_at(theta, stacked)[0] for theta in near) <= result.diagnostic("valid_share").statistic + 1e-9
