"""MR-cML against MRcML 0.0.0.9000 and MendelianRandomization 0.10.0.

The packages descend from an effect of 0, or from there and 100 random places, and stop at a step of 1e-7. The same
descent reproduces their numbers; the global search must be at least as good for every number of invalid variants.
"""

import numpy as np
import pytest
from scipy.stats import norm

from osteobiome import mr
from osteobiome.mr.constrained import descent_tolerance, invalid_of, invalid_variants, path_of, search_limits
from osteobiome.mr.scaled import Scaled
from osteobiome.stats.cml_perturbed import perturbed_paths
from osteobiome.stats.random import stream_key

SIZES = {
    "bmi_sbp24_p5e8": 80_000,
    "fg_t2d17": 69_033,
    "hdl_chd28": 17_723,
    "ldl_chd28": 17_723,
    "trig_chd28": 17_723,
    "sbp_cad121": 184_305,
}
"""Sample sizes of the frozen calls."""
WITH_DP = tuple(name for name in SIZES if name != "sbp_cad121")
RANDOM = ("bmi_sbp24_p5e8", "fg_t2d17", "ldl_chd28")


def path(data, search):
    return path_of(Scaled.of(data.pair()), SIZES[data.folder.name], search)


@pytest.mark.parametrize("name", SIZES)
def test_cml__descent_equals_mendelian_randomization(load, comparison, name):
    data = load(name)
    check, n = comparison(data), SIZES[name]
    for method, key in ((mr.cml_ma_bic, "mr_cML_MA_BIC"), (mr.cml_bic, "mr_cML_BIC")):
        result, frozen = method(data.pair(), n=n, search="descent"), data.methods[key]
        check.number(f"{key} beta", result.beta, frozen["Estimate"])
        check.number(f"{key} se", result.se, frozen["StdError"])
        check.number(f"{key} low", result.ci_low, frozen["CILower"])
        check.number(f"{key} high", result.ci_high, frozen["CIUpper"])
        check.p_value(key, result.neg_log_10_p_value, frozen["Pvalue"])
    check.finish(at_least=12)


def test_cml__packages_leave_out_variants_that_fit_better_than_some_they_keep(load):
    """For HDL cholesterol the descent stops where a swap of variants would lower Q without moving the effect."""
    data = load("hdl_chd28")
    pair, frozen = data.pair(), data.methods["mr_cML_BIC"]
    miss = pair.beta_outcome - frozen["Estimate"] * pair.beta_exposure
    d = miss**2 / (pair.se_outcome**2 + frozen["Estimate"] ** 2 * pair.se_exposure**2)
    invalid = np.array(frozen["BIC_invalid"]) - 1
    assert d[invalid].min() < np.delete(d, invalid).max() - 0.5


@pytest.mark.parametrize("name", SIZES)
def test_cml__descent_names_the_variants_that_the_package_left_out(load, name):
    data = load(name)
    scaled = Scaled.of(data.pair())
    invalid = np.flatnonzero(invalid_of(scaled, path_of(scaled, SIZES[name], "descent"))) + 1
    assert invalid.tolist() == sorted(np.atleast_1d(data.methods["mr_cML_BIC"]["BIC_invalid"]).tolist())


@pytest.mark.parametrize("name", WITH_DP)
def test_cml__descent_equals_mrcml_for_every_number_of_invalid_variants(load, comparison, name):
    data = load(name)
    check, frozen = comparison(data), data.methods["MRcML_mr_cML"]
    fits = path(data, "descent")
    for k, want in enumerate(frozen["BIC_vec"]):
        check.number(f"BIC of {k}", fits.bic[k], want)
    check.finish(at_least=data.pair().n_variants - 1)


@pytest.mark.parametrize("name", WITH_DP)
def test_cml__global_search_is_never_worse(load, name):
    data = load(name)
    fits = path(data, "global")
    frozen = np.array(data.methods["MRcML_mr_cML"]["BIC_vec"])
    counts = frozen < frozen.min() + 46.0
    assert (fits.bic[counts] <= frozen[counts] + 1e-9).all()
    assert (frozen - fits.bic).max() > 1.0  # and somewhere much better
    assert fits.gap <= 0.01


@pytest.mark.parametrize("name", RANDOM)
def test_cml__global_search_is_never_worse_than_a_hundred_random_starts(load, name):
    data = load(name)
    fits, frozen = path(data, "global"), data.methods["MRcML_mr_cML_random_start100"]
    bic = np.array(frozen["BIC_vec"])
    counts = bic < bic.min() + 46.0
    assert (fits.bic[counts] <= bic[counts] + 1e-9).all()
    assert (fits.bic <= bic + 1e-4).all()
    average = mr.cml_ma_bic(data.pair(), n=SIZES[name])
    best = mr.cml_bic(data.pair(), n=SIZES[name])
    # where the random starts found the optimum, numbers agree as far as their stopping rule allows
    assert average.beta == pytest.approx(frozen["MA_BIC_theta"], rel=1e-6)
    assert average.se == pytest.approx(frozen["MA_BIC_se"], rel=1e-6)
    assert best.beta == pytest.approx(frozen["BIC_theta"], rel=1e-6)
    assert best.se == pytest.approx(frozen["BIC_se"], rel=1e-6)
    assert [j + 1 for j in invalid_variants(data.pair(), n=SIZES[name])] == frozen["BIC_invalid"]


def test_cml__packages_miss_the_optimum_for_fasting_glucose(load):
    data = load("fg_t2d17")
    ours = mr.cml_ma_bic(data.pair(), n=SIZES["fg_t2d17"])
    frozen = data.methods["MRcML_mr_cML"]
    assert ours.beta == pytest.approx(2.1006, abs=1e-3)
    assert frozen["MA_BIC_theta"] == pytest.approx(1.4910, abs=1e-3)
    assert ours.diagnostic("bic").statistic < min(frozen["BIC_vec"]) - 5.0


@pytest.mark.parametrize("name", SIZES)
def test_cml__brute_force_grid_finds_nothing_lower(load, name):
    """Q for every K on 40,000 angles, evaluated by plain numpy."""
    data = load(name)
    scaled = Scaled.of(data.pair())
    fits = path(data, "global")
    q = fits.bic - np.log(SIZES[name]) * np.arange(fits.bic.size)
    lowest = np.full(q.size, np.inf)
    scale = np.median(scaled.se_y) / np.median(scaled.se_x)
    for theta in np.array_split(scale * np.tan(np.linspace(-1.57, 1.57, 40_000)), 40):
        miss = scaled.y - theta[:, np.newaxis] * scaled.x
        d = miss**2 / (scaled.se_y**2 + theta[:, np.newaxis] ** 2 * scaled.se_x**2)
        sums = np.cumsum(np.sort(d, axis=1), axis=1)[:, :0:-1]
        lowest = np.minimum(lowest, sums.min(axis=0))
    counts = fits.bic < fits.bic.min() + 46.0
    assert (q[counts] <= lowest[counts] + 1e-12).all()


@pytest.mark.parametrize("name", WITH_DP)
def test_cml_dp__descent_agrees_with_the_packages_within_monte_carlo_error(load, name):
    """The packages took 200 draws, we take 500; the bound is four times the error of the difference."""
    data = load(name)
    result = mr.cml_ma_bic_dp(data.pair(), n=SIZES[name], search="descent", n_bootstrap=500, seed=1)
    error, se_error = (result.diagnostic(f"bootstrap_{what}").statistic for what in ("error", "se_error"))
    ours = data.methods["mr_cML_MA_BIC_DP"]
    theirs = data.methods.get("MRcML_mr_cML_DP")
    frozen = [(ours["Estimate"], ours["StdError"])]
    frozen += [(theirs["MA_BIC_DP_theta"], theirs["MA_BIC_DP_se"])] if theirs else []
    for beta, se in frozen:
        # their draws are not mirrored: the error of a mean of 200
        assert abs(result.beta - beta) < 4.0 * np.hypot(error, se / 200**0.5)
        assert abs(result.se - se) < 4.0 * se_error * (1.0 + 500 / 200) ** 0.5
    for number in (1, 2):
        assert np.sign(result.diagnostic(f"goodness_of_fit_{number}").statistic) == -1.0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ldl_chd28", "trig_chd28"])
def test_cml_dp__the_packages_goodness_of_fit_follows_from_our_draws(load, name):
    """Their z among those of 12 seeds with 200 draws each that are not mirrored, by their formula.

    Ours differs on purpose: it is compared with what draws should scatter like, not with maximum likelihood.
    """
    data = load(name)
    scaled = Scaled.of(data.pair())
    z = norm.ppf(data.methods["mr_cML_MA_BIC_DP"]["GOF2_p"] / 2)
    fits = path_of(scaled, SIZES[name], "descent")
    size = np.stack([scaled.x, scaled.se_x, np.abs(scaled.y), scaled.se_y])
    limits = search_limits(scaled.x.size, SIZES[name], 0.1)
    found = []
    for seed in range(12):
        key = stream_key(seed, "exposure", "outcome", "test")
        draws = perturbed_paths(size, scaled.sign, 1.0, limits, descent_tolerance(scaled), key, 400)[::2, :, fits.best]
        variance = np.var(draws[:, 0], ddof=1)
        spread = np.sqrt(2.0 / 199.0 * variance**2 + np.var(2.0 / draws[:, 2], ddof=1))
        found.append((fits.se[fits.best] ** 2 - variance) / spread)
    assert abs(z - np.mean(found)) < 4.0 * np.std(found, ddof=1) * (1 + 1 / 12) ** 0.5
    ours = mr.cml_ma_bic_dp(data.pair(), n=SIZES[name], search="descent", seed=1)
    assert np.sign(ours.diagnostic("goodness_of_fit_2").statistic) == np.sign(z)
