"""RIVW, MR-SimSS and three-sample IVW: what they refuse, that nothing is corrected twice, and the hard cases."""

import dataclasses
import importlib
import time

import numpy as np
import pytest
from scipy.stats import binom, norm

from osteobiome import mr
from osteobiome.core.errors import EstimationError, SchemaError
from osteobiome.core.estimate import Status
from osteobiome.instruments import Instruments
from osteobiome.instruments.winners_curse import conditional_effects
from osteobiome.stats.random import normals, stream_key
from osteobiome.stats.sample_splits import ivw_fits
from osteobiome.stats.tails import neg_log10_p_normal, z_from_neg_log10_p

simss_module = importlib.import_module("osteobiome.mr.estimators.simss")
CORRECTING = ("rivw", "simss")


def scan(n=4000, *, seed=1, spread=3.0, theta=0.5, selection="complete", pleiotropy=0.0):
    """Return all candidates of a polygenic study, effects in standard errors."""
    rng = np.random.default_rng(seed)
    mu = rng.normal(0.0, spread, n)
    y = theta * mu + pleiotropy * rng.normal(size=n) + 0.3 * rng.normal(size=n)
    return Instruments.from_arrays(mu + rng.normal(size=n), np.ones(n), y, np.full(n, 0.3), selection=selection)


def fit(name, pair, **options):
    return getattr(mr, name)(pair, **({"seed": 1} if name == "simss" else {}), **options)


def status_of(name, pair, **options):
    with pytest.raises(EstimationError) as caught:
        fit(name, pair, **options)
    return caught.value.status


# --- the estimate -------------------------------------------------------------------------------------------------


def test_rivw__drawn_equals_the_formulas_of_the_paper():
    """Written out as in Ma, Wang & Wu, with A+ and A-, for one draw."""
    pair = scan(600)
    eta, cutoff = 0.5, float(z_from_neg_log10_p(-np.log10(5e-5)))
    result = mr.rivw(pair, rerandomisation="drawn", model="sandwich", seed=5)
    order = np.lexsort(
        (
            pair.se_outcome,
            np.abs(pair.beta_exposure),
            np.where(pair.beta_exposure * pair.beta_outcome < 0, -1, 1),
            np.abs(pair.beta_outcome),
            np.abs(pair.beta_exposure),
        )
    )
    sign = np.sign(pair.beta_exposure)[order]
    z, y = np.abs(pair.beta_exposure)[order], (pair.beta_outcome[order]) * sign
    noise = normals(stream_key(5, pair.exposure, pair.outcome, "rivw"), 1, z.size)[0]
    keep = np.abs(z + eta * noise) > cutoff
    z, y = z[keep], y[keep]
    a, b = (cutoff - z) / eta, (-cutoff - z) / eta
    chance = 1 - norm.cdf(a) + norm.cdf(b)
    rb = z - (norm.pdf(a) - norm.pdf(b)) / chance / eta
    bend = (a * norm.pdf(a) - b * norm.pdf(b)) / chance
    variance = 1 - bend / eta**2 + ((norm.pdf(a) - norm.pdf(b)) / chance) ** 2 / eta**2
    below = np.sum(rb**2 - variance)
    theta = np.sum(rb * y) / below
    se = np.sqrt(np.sum((rb * y - theta * (rb**2 - variance)) ** 2)) / below
    assert result.beta == pytest.approx(theta, rel=1e-7)
    assert result.se == pytest.approx(se, rel=1e-7)
    assert (result.n_variants, result.seed, result.n_draws) == (int(keep.sum()), 5, 1)


def test_rivw__averaged_is_where_the_means_over_draws_lead():
    """The ratio of mean numerator to mean denominator over 4,000 draws."""
    pair = scan(300)
    z, y = pair.beta_exposure, pair.beta_outcome
    cutoff, eta = float(z_from_neg_log10_p(-np.log10(5e-5))), 0.5
    noise = np.random.default_rng(1).normal(size=(4000, z.size))
    keep = np.abs(z + eta * noise) > cutoff
    start = z - noise / eta  # unbiased given selection
    above = np.mean(np.sum(keep * start * y, axis=1))
    below = np.mean(np.sum(keep * (start**2 - 1 - 1 / eta**2), axis=1))
    assert mr.rivw(pair).beta == pytest.approx(above / below, rel=0.01)
    assert mr.rivw(pair).diagnostic("n_selected").statistic == pytest.approx(keep.sum(axis=1).mean(), rel=0.01)


def test_rivw__averaged_needs_no_seed_and_drawn_records_one():
    pair = scan(500)
    assert mr.rivw(pair) == mr.rivw(pair)
    assert mr.rivw(pair).seed is None
    drawn = mr.rivw(pair, rerandomisation="drawn")
    assert drawn.seed is not None
    assert mr.rivw(pair, rerandomisation="drawn", seed=drawn.seed) == drawn
    assert mr.rivw(pair, rerandomisation="drawn", seed=drawn.seed + 1).beta != drawn.beta


def test_rivw__floor_lifts_the_error_where_scatter_says_too_little():
    pair = scan(500)
    agree = dataclasses.replace(pair, beta_outcome=np.zeros(500) + 1e-6)
    assert mr.rivw(agree).se > mr.rivw(agree, model="sandwich").se
    scattered = scan(500, pleiotropy=3.0)
    assert mr.rivw(scattered).se == mr.rivw(scattered, model="sandwich").se


def test_simss__two_parts_have_the_mean_that_rivw_gives_in_closed_form():
    """With many variants the mean of ratios and the ratio of means agree."""
    pair = scan(6000, spread=4.0)
    noise = mr.simss(pair, parts=2, p_threshold=1e-5, seed=1)
    cutoff = float(z_from_neg_log10_p(5.0)) * np.sqrt(2.0)
    closed = mr.rivw(pair, p_threshold=float(10.0 ** -neg_log10_p_normal(cutoff)), eta=1.0)
    assert noise.beta == pytest.approx(closed.beta, abs=5 * noise.diagnostic("bootstrap_error").statistic + 1e-4)
    assert noise.n_variants == pytest.approx(closed.n_variants, rel=0.02)
    assert noise.se == pytest.approx(closed.se, rel=0.15)


def test_simss__standard_error_is_the_difference_of_the_papers_formula():
    rng = np.random.default_rng(1)
    slopes, variances = rng.normal(0.5, 0.1, (2, 40)), np.full((2, 40), 0.05)
    mean = simss_module._Mean.of(np.stack([slopes, variances, -variances]))
    want = (variances.sum() - np.sum((slopes - slopes.mean()) ** 2)) / slopes.size
    assert mean.beta == pytest.approx(slopes.mean(), rel=1e-12)
    assert mean.variance == pytest.approx(want, rel=1e-12)


def test_simss__negative_variance_is_a_status(monkeypatch):
    """Splits that say they have no error of their own cannot be squared with their scatter."""

    def without_error(sums, split):
        fits = ivw_fits(sums, split)
        fits[1] = 0.0
        return fits

    monkeypatch.setattr(simss_module, "ivw_fits", without_error)
    with pytest.raises(EstimationError, match="not clearly above 0") as caught:
        mr.simss(scan(), inner="ivw", seed=1, n_bootstrap=50)
    assert caught.value.status == Status.NOT_CONVERGED


def test_simss__three_parts_are_free_of_the_bias_of_common_people_and_two_are_not():
    n, psi = 12_000, 0.6
    rng = np.random.default_rng(11)
    mu = rng.normal(0.0, 3.0, n)
    noise = rng.normal(size=(2, n))
    y = 0.2 * mu + psi * noise[0] + np.sqrt(1 - psi**2) * noise[1]
    pair = Instruments.from_arrays(mu + noise[0], np.ones(n), y, np.ones(n), selection="complete")
    three = mr.simss(pair, p_threshold=1e-4, psi=psi, n_bootstrap=500, seed=1)
    two = mr.simss(pair, p_threshold=1e-4, psi=psi, parts=2, n_bootstrap=500, seed=1)
    assert abs(three.beta - 0.2) < 4.0 * three.se
    assert two.beta - 0.2 > 4.0 * two.se
    assert (three.overlap_corrected, two.overlap_corrected) == (True, False)


def test_three_sample__equals_debiased_ivw_and_says_what_it_knows():
    pair = scan(50)
    for selection, corrected in (("other_study", True), ("undeclared", False), ("complete", False)):
        result = mr.three_sample_ivw(dataclasses.replace(pair, selection=selection))
        plain = mr.divw(pair)
        assert (result.beta, result.se) == (plain.beta, plain.se)
        assert result.selection_corrected is corrected
        assert bool(result.message) == (selection == "undeclared")


# --- selection is corrected once, or not at all -------------------------------------------------------------------


@pytest.mark.parametrize("name", [*CORRECTING, "three_sample_ivw"])
def test_selection__effects_that_were_corrected_are_refused(name):
    pair = scan()
    hits = pair.subset(np.abs(pair.beta_exposure) > 5.46)
    found = conditional_effects(hits.beta_exposure, hits.se_exposure, p_threshold=5e-8)
    again = dataclasses.replace(hits, beta_exposure=found.beta, selection="corrected")
    assert status_of(name, again) == Status.ALREADY_CORRECTED


@pytest.mark.parametrize("name", CORRECTING)
def test_selection__another_study_selected_so_there_is_nothing_to_correct(name):
    assert status_of(name, scan(selection="other_study")) == Status.ALREADY_CORRECTED


@pytest.mark.parametrize("name", CORRECTING)
@pytest.mark.parametrize("selection", ["undeclared", "complete"])
@pytest.mark.parametrize("cut", [4.06, 5.46])
def test_selection__a_list_of_hits_is_refused_whatever_it_says(name, selection, cut):
    pair = scan(selection=selection)
    hits = pair.subset(np.abs(pair.beta_exposure) > max(cut, 4.8 if name == "simss" else 0.0))
    assert status_of(name, hits) == Status.ALREADY_SELECTED


def test_selection__hits_with_a_few_weak_ones_are_refused_unless_declared_complete():
    pair = scan(selection="undeclared")
    size = np.abs(pair.beta_exposure)
    filled = pair.subset((size > 5.46) | (size < 0.005))
    assert 2 <= (np.abs(filled.beta_exposure) < 1).sum() < 10
    assert status_of("rivw", filled) == Status.ALREADY_SELECTED
    assert mr.rivw(dataclasses.replace(filled, selection="complete")).status is Status.OK


@pytest.mark.parametrize("name", CORRECTING)
def test_selection__an_undeclared_scan_is_accepted(name):
    result = fit(name, scan(selection="undeclared"))
    assert result.beta is not None
    assert result.beta == fit(name, scan()).beta


def test_selection__a_word_that_does_not_exist_is_refused():
    with pytest.raises(SchemaError, match="selection"):
        scan(selection="both")


def test_selection__is_kept_by_subsets_and_absent_by_default():
    pair = scan(10, selection="other_study")
    assert pair.subset(np.arange(10) < 5).selection == "other_study"
    assert Instruments.from_arrays([0.1], [0.1], [0.1], [0.1]).selection == "undeclared"


@pytest.mark.parametrize("name", sorted(set(dict(mr.ESTIMATORS.items())) - {*CORRECTING, "three_sample_ivw"}))
def test_selection__no_other_estimator_claims_to_correct(name):
    entry = mr.ESTIMATORS[name]
    rng = np.random.default_rng(1)
    n = 1 if entry.max_variants == 1 else 12
    x = rng.normal(0.0, 0.1, n)
    pair = Instruments.from_arrays(
        x, np.full(n, 0.01), 0.4 * x + 0.03 * rng.normal(size=n), np.full(n, 0.03), ld_r=np.eye(n)
    )
    pair = dataclasses.replace(
        pair,
        chromosome=np.ones(n),
        position=1e7 * (1.0 + np.arange(n)),
        n_exposure=np.full(n, 1e5),
        n_outcome=np.full(n, 1e5),
    )
    result = entry.function(pair, **({"seed": 1} if entry.stochastic else {}))
    assert not result.selection_corrected


# --- hard cases ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CORRECTING)
def test_hard__one_exposure_effect_of_zero_and_weights_near_zero(name):
    pair = scan()
    x = pair.beta_exposure.copy()
    x[0] = 0.0
    zero = dataclasses.replace(pair, beta_exposure=x)
    assert fit(name, zero).beta == pytest.approx(fit(name, pair).beta, abs=0.02)
    se = pair.se_outcome.copy()
    se[::2] = 1e6
    thin = fit(name, dataclasses.replace(pair, se_outcome=se))
    half = fit(name, pair.subset(np.arange(pair.n_variants) % 2 == 1))
    assert thin.beta == pytest.approx(half.beta, abs=3 * half.se)


@pytest.mark.parametrize("name", CORRECTING)
def test_hard__statistics_beyond_forty(name):
    pair = scan()
    strong = dataclasses.replace(
        pair,
        beta_exposure=np.append(pair.beta_exposure, [45.0, -60.0]),
        se_exposure=np.ones(4002),
        beta_outcome=np.append(pair.beta_outcome, [22.5, -30.0]),
        se_outcome=np.full(4002, 0.3),
    )
    result = fit(name, strong)
    assert abs(result.beta - 0.5) < 4 * result.se
    assert np.isfinite(result.neg_log_10_p_value)


@pytest.mark.parametrize("name", CORRECTING)
@pytest.mark.parametrize("n", [2, 3])
def test_hard__two_and_three_variants_are_too_few(name, n):
    pair = Instruments.from_arrays([9.0, 8.0, 0.1][:n], [1.0] * n, [1.0] * n, [1.0] * n)
    assert status_of(name, pair) == Status.TOO_FEW_INSTRUMENTS


@pytest.mark.parametrize("name", CORRECTING)
def test_hard__nothing_selected_is_too_few(name):
    pair = scan(200, spread=0.0)
    assert status_of(name, pair) == Status.TOO_FEW_INSTRUMENTS


def test_hard__selected_variants_without_any_effect_are_too_weak():
    found = [status for seed in range(6) for status in [_status_or_ok(scan(40_000, spread=0.0, seed=seed))]]
    assert Status.TOO_WEAK in found


def _status_or_ok(pair):
    try:
        return mr.rivw(pair, p_threshold=1e-3).status
    except EstimationError as error:
        return Status(error.status)


def test_simss__weak_splits_are_a_status_with_a_way_out():
    with pytest.raises(EstimationError, match="rerandomised IVW") as caught:
        mr.simss(scan(20_000, spread=0.8), p_threshold=1e-4, seed=1, n_bootstrap=200)
    assert caught.value.status == Status.TOO_WEAK


@pytest.mark.parametrize("name", CORRECTING)
def test_hard__all_ratios_equal(name):
    pair = scan()
    result = fit(name, dataclasses.replace(pair, beta_outcome=0.5 * pair.beta_exposure))
    # the outcome then carries the error of the exposure, which selection inflated: off by that, and finite
    assert 0.4 < result.beta < 0.75
    assert result.se > 0


@pytest.mark.parametrize("name", CORRECTING)
def test_hard__standard_errors_over_six_orders_of_magnitude(name):
    pair = scan()
    scale = 10.0 ** np.random.default_rng(3).uniform(-3, 3, pair.n_variants)
    wide = dataclasses.replace(
        pair,
        beta_exposure=pair.beta_exposure * scale,
        se_exposure=pair.se_exposure * scale,
        beta_outcome=pair.beta_outcome * scale,
        se_outcome=pair.se_outcome * scale,
    )
    assert fit(name, wide).beta == pytest.approx(fit(name, pair).beta, rel=1e-9)


@pytest.mark.parametrize("name", CORRECTING)
def test_hard__strong_outlier_at_the_largest_weight(name):
    pair = scan(selection="complete")
    y, se = pair.beta_outcome.copy(), pair.se_outcome.copy()
    top = int(np.argmax(np.abs(pair.beta_exposure)))
    y[top], se[top] = -3.0 * pair.beta_exposure[top], 0.003
    outlier = dataclasses.replace(pair, beta_outcome=y, se_outcome=se)
    if name == "rivw":
        result = mr.rivw(outlier)
        assert result.beta < -2.0
        assert result.diagnostic("largest_share").statistic > 0.8
        assert result.se > 5 * mr.rivw(pair).se
    else:
        # half of the people leave nearly all of the denominator to one variant, whose share is not clear of 0
        assert status_of("simss", outlier) == Status.TOO_WEAK


@pytest.mark.slow
@pytest.mark.parametrize("name", CORRECTING)
def test_hard__a_hundred_thousand_candidates(name):
    pair = scan(100_000, spread=2.0)
    fit(name, scan(500, spread=6.0))  # compiled
    start = time.process_time()
    result = fit(name, pair, p_threshold=1e-5)
    assert time.process_time() - start < 20.0
    assert abs(result.beta - 0.5) < 4 * result.se


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("rivw", {"p_threshold": 0.0}),
        ("rivw", {"p_threshold": 1.0}),
        ("rivw", {"eta": 0.0}),
        ("rivw", {"rerandomisation": "twice"}),
        ("rivw", {"model": "none"}),
        ("rivw", {"seed": -1}),
        ("simss", {"parts": 4}),
        ("simss", {"psi": 1.0}),
        ("simss", {"inner": "egger"}),
        ("simss", {"selecting_share": 1.0}),
        ("simss", {"exposure_share": 0.0}),
        ("simss", {"n_bootstrap": 1}),
        ("three_sample_ivw", {"level": 1.0}),
    ],
)
def test_options__that_cannot_be_meant_are_refused(name, options):
    with pytest.raises(SchemaError):
        getattr(mr, name)(scan(100), **options)


@pytest.mark.parametrize("name", ["rivw", "simss"])
def test_selection__that_is_not_declared_counts_as_uncorrected_and_says_so(name):
    complete, undeclared = (fit(name, scan(selection=kind)) for kind in ("complete", "undeclared"))
    assert (complete.beta, complete.se) == (undeclared.beta, undeclared.se)
    assert complete.selection_corrected
    assert not undeclared.selection_corrected
    assert "not declared" in undeclared.message
    assert "not declared" not in complete.message


@pytest.mark.parametrize("name", ["rivw", "simss"])
def test_selection__hits_with_one_weak_variant_are_refused(name):
    hits = scan(spread=8.0)
    strong = np.abs(hits.beta_exposure / hits.se_exposure)
    keep = strong > 5.5
    keep[np.argmin(strong)] = True
    assert status_of(name, dataclasses.replace(hits.subset(keep), selection="undeclared")) == "already_selected"


def test_rivw__floor_holds_the_errors_of_the_exposure_where_few_are_selected():
    """Seven selected variants, outcome errors a sixth of those of the exposure: once 84 % of scans covered."""
    rng = np.random.default_rng(11)
    covered, n = 0, 300
    for _ in range(n):
        gamma = np.zeros(500)
        gamma[:10] = rng.normal(0.0, 0.15, 10)
        x = gamma + 0.03 * rng.normal(size=500)
        y = gamma + 0.005 * rng.normal(size=500)
        pair = Instruments.from_arrays(x, [0.03] * 500, y, [0.005] * 500, selection="complete")
        try:
            result = mr.rivw(pair)
        except EstimationError:
            n -= 1
            continue
        covered += result.ci_low <= 1.0 <= result.ci_high
    assert n > 200
    assert covered >= binom.ppf(0.0005, n, 0.95)
