"""Contamination mixture against MendelianRandomization 0.10.0, whose profile is evaluated on a grid of step 0.01."""

import numpy as np
import pytest
from scipy.stats import chi2

from osteobiome import mr
from osteobiome.stats.contamination import gain, reach

SETS = ("ldl_chd28", "hdl_chd28", "trig_chd28", "fg_t2d17", "bmi_sbp24_p5e8")
STEP = 0.01


def profile(data):
    """Return the function that the grid is laid over, from the frozen psi, and what it needs."""
    pair, psi = data.pair(), data.methods["mr_conmix"]["Psi"]
    ratio = pair.beta_outcome / pair.beta_exposure
    se = pair.se_outcome / np.abs(pair.beta_exposure)
    arrays = (ratio, se**-2, reach(ratio, se, psi))
    return (lambda theta: gain(theta, *arrays)[0]), ratio, arrays


@pytest.mark.parametrize("name", SETS)
def test_contamination_mixture__same_profile_as_mendelian_randomization(load, comparison, name):
    """Psi, the valid variants, phi and the p value at the frozen estimate; R multiplies by phi squared."""
    data = load(name)
    check, frozen = comparison(data), data.methods["mr_conmix"]
    result = mr.contamination_mixture(data.pair())
    check.number("psi", result.diagnostic("psi").statistic, frozen["Psi"])
    height, ratio, (*_, distance) = profile(data)
    valid = np.abs(ratio - frozen["Estimate"]) < distance
    check.same("valid at the frozen estimate", (np.flatnonzero(valid) + 1).tolist(), frozen["Valid"])
    check.same("number of valid variants", result.diagnostic("n_valid").statistic, float(len(frozen["Valid"])))
    phi2 = result.diagnostic("overdispersion").statistic ** 2
    statistic = 2.0 * (height(frozen["Estimate"]) - height(0.0))
    check.number("p value", chi2.sf(statistic * phi2, 1), frozen["Pvalue"])
    check.finish(at_least=4)


@pytest.mark.parametrize("name", SETS)
def test_contamination_mixture__within_the_grid_and_never_lower(load, name):
    data = load(name)
    frozen = data.methods["mr_conmix"]
    result = mr.contamination_mixture(data.pair())
    height, *_ = profile(data)
    assert abs(result.beta - frozen["Estimate"]) <= STEP
    assert height(result.beta) >= height(frozen["Estimate"])
    assert height(result.beta) - height(frozen["Estimate"]) < 1e-3
    ((low, high),) = result.ci_set
    # the grid keeps points inside the set
    assert 0.0 <= frozen["CILower"] - low <= STEP * (1.0 + 1e-9)
    assert -1e-9 <= high - frozen["CIUpper"] <= STEP * (1.0 + 1e-9)
    assert height(low) == pytest.approx(height(high), rel=1e-9)


@pytest.mark.parametrize("name", SETS)
def test_contamination_mixture__p_value_of_mendelian_randomization_on_request(load, name):
    data = load(name)
    frozen = data.methods["mr_conmix"]
    result = mr.contamination_mixture(data.pair(), overdispersion_in_p="multiplied")
    # the statistic at the grid point is lower by at most twice what the profile loses there
    assert result.p_value <= frozen["Pvalue"] * (1 + 1e-9)
    assert result.p_value == pytest.approx(frozen["Pvalue"], rel=2e-3)
    phi2 = result.diagnostic("overdispersion").statistic ** 2
    if phi2 > 1.0:
        assert mr.contamination_mixture(data.pair()).p_value > 2.0 * frozen["Pvalue"]


def test_contamination_mixture__brute_force_grid_finds_nothing_higher(load):
    """A grid a thousand times finer than that of the package."""
    for name in SETS:
        data = load(name)
        height, ratio, _ = profile(data)
        result = mr.contamination_mixture(data.pair())
        best = height(result.beta)
        near = np.linspace(result.beta - 0.5, result.beta + 0.5, 20_001)
        far = np.linspace(ratio.min(), ratio.max(), 20_001)
        assert max(map(height, np.concatenate([near, far, ratio]))) <= best + 1e-12
