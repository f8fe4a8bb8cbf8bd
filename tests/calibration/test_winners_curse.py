"""Winner's curse in simulated scans: raw effects of selected variants are too large, corrected ones are not.

Errors are counted in standard errors, away from zero: for conditional effects and FIQT as the true effect points, for
empirical Bayes as the statistic points, since there many true effects are 0.
"""

import numpy as np
import pytest
from scipy import integrate, stats

from osteobiome.instruments.winners_curse import (
    CONDITIONING,
    conditional_effects,
    empirical_bayes_effects,
    fiqt_effects,
)
from tests.calibration.selected_scans import P_KEPT, kept, lead_scan

pytestmark = pytest.mark.calibration
N_VARIANTS, SPREAD = 60_000, 3.0
THRESHOLDS = (5e-8, 1e-5)
Z_999 = stats.norm.isf(0.0005)


class Scan:
    """A polygenic scan: true effects N(0, 3²) in standard errors, and what a threshold selects."""

    def __init__(self, p_threshold: float) -> None:
        rng = np.random.default_rng(20_261_205)
        self.truth = rng.normal(0.0, SPREAD, N_VARIANTS)
        self.z = self.truth + rng.normal(size=N_VARIANTS)
        self.p_threshold = p_threshold
        self.cutoff = stats.norm.isf(p_threshold / 2)
        self.selected = np.abs(self.z) >= self.cutoff
        self.n = int(self.selected.sum())

    def outward(self, effect):
        """Return errors away from zero, seen from the true effect."""
        truth = self.truth[self.selected]
        return np.sign(truth) * (effect - truth)

    def corrected(self, method):
        return conditional_effects(self.z[self.selected], np.ones(self.n), p_threshold=self.p_threshold, method=method)


@pytest.fixture(params=THRESHOLDS, ids=str)
def scan(request):
    return Scan(request.param)


def bound(errors):
    """Return what the mean of errors can be off by chance: 99.9 %, by the central limit theorem."""
    return Z_999 * errors.std() / np.sqrt(errors.size)


def test_raw_effects__are_biased_away_from_zero_by_as_much_as_theory_says(scan):
    c = scan.cutoff

    def weight(mu):
        return stats.norm.pdf(mu, scale=SPREAD)

    def excess(mu):  # chance to be selected times error: phi(mu - c) - phi(mu + c)
        return weight(mu) * (stats.norm.pdf(mu - c) - stats.norm.pdf(mu + c))

    share = integrate.quad(lambda mu: weight(mu) * (stats.norm.sf(c - mu) + stats.norm.cdf(-c - mu)), 0, 30)[0]
    wanted = integrate.quad(excess, 0, 30)[0] / share
    errors = scan.outward(scan.z[scan.selected])
    assert abs(errors.mean() - wanted) <= bound(errors)
    assert errors.mean() - bound(errors) > 0.5  # standard errors


def _expected_error(scan, method):
    """Return the mean error away from zero of an estimator: given z the truth is N(rho z, rho), rho = 9/10."""
    rho = SPREAD**2 / (1.0 + SPREAD**2)
    z = np.linspace(scan.cutoff, scan.cutoff + 25.0, 4001)
    estimate = conditional_effects(z, np.ones(z.size), p_threshold=scan.p_threshold, method=method).beta
    size_of_truth = stats.foldnorm.mean(np.sqrt(rho) * z, scale=np.sqrt(rho))
    error = estimate * (2.0 * stats.norm.cdf(np.sqrt(rho) * z) - 1.0) - size_of_truth
    density = stats.norm.pdf(z, scale=np.sqrt(1.0 + SPREAD**2))
    return integrate.simpson(error * density, x=z) / integrate.simpson(density, x=z)


@pytest.mark.parametrize("method", CONDITIONING)
def test_conditional_effects__are_not_biased_away_from_zero(scan, method):
    """What remains is bias towards zero, as much as theory says: 0.3 to 0.8 standard errors here."""
    errors = scan.outward(scan.corrected(method).beta)
    assert errors.mean() + bound(errors) < 0.0
    assert abs(errors.mean() - _expected_error(scan, method)) <= bound(errors)


def test_conditional_median__is_too_low_as_often_as_too_high(scan, check_count):
    low = int((scan.corrected("conditional_median").beta < scan.truth[scan.selected]).sum())
    check_count(low, scan.n, 0.5)
    raw = int((scan.outward(scan.z[scan.selected]) > 0.0).sum())
    assert raw > stats.binom.isf(0.0005, scan.n, 0.5)


def test_conditional_interval__covers_with_its_level_and_the_raw_one_does_not(scan, check_count):
    truth, found = scan.truth[scan.selected], scan.corrected("conditional_median")
    check_count(int(((found.ci_low <= truth) & (truth <= found.ci_high)).sum()), scan.n, 0.95)
    raw = int((np.abs(scan.z - scan.truth)[scan.selected] <= stats.norm.isf(0.025)).sum())
    assert raw < stats.binom.ppf(0.0005, scan.n, 0.95)


def test_fiqt__takes_most_of_the_bias_of_a_polygenic_scan(scan):
    raw = scan.outward(scan.z[scan.selected])
    errors = scan.outward(fiqt_effects(scan.z, np.ones(N_VARIANTS)).beta[scan.selected])
    assert abs(errors.mean()) + bound(errors) < raw.mean() / 3


PRIORS = {
    "normal": (60_000, 3),
    "one_percent": (1_000_000, 8),
    "one_per_mille": (1_000_000, 24),
    "laplace": (400_000, 8),
    "student": (200_000, 3),
}
"""Variants of a scan, and scans."""
LARGEST = 0.1
"""Standard errors that the average error of an effect said to be unbiased may have, whatever chance explains."""


@pytest.fixture(scope="module", params=PRIORS)
def scans(request):
    """Return kept statistics of several scans, with what empirical Bayes makes of each scan."""
    n_variants, n_scans = PRIORS[request.param]
    found = [kept(request.param, n_variants=n_variants, seed=20_261_300 + i) for i in range(n_scans)]
    return [(scan, empirical_bayes_effects(scan.z, np.ones(scan.z.size))) for scan in found]


def pooled(scans, errors_of, p_threshold):
    """Return the errors of the selected variants of all scans."""
    return np.concatenate([errors_of(*one)[one[0].selected(p_threshold)] for one in scans])


@pytest.mark.parametrize("p_threshold", [*THRESHOLDS, P_KEPT])
def test_empirical_bayes__takes_away_the_mean_error_that_raw_effects_have(scans, p_threshold):
    raw = pooled(scans, lambda scan, _: scan.outward(scan.z), p_threshold)
    assert raw.mean() - bound(raw) > LARGEST
    errors = pooled(scans, lambda scan, found: scan.outward(found.beta), p_threshold)
    assert abs(errors.mean()) <= LARGEST
    assert abs(errors.mean()) <= bound(errors)
    assert abs(errors.mean()) + bound(errors) < raw.mean() / 2
    assert np.square(errors).mean() < np.square(raw).mean()


@pytest.mark.parametrize("p_threshold", [*THRESHOLDS, P_KEPT])
def test_empirical_bayes__interval_covers_on_average_over_the_selected(scans, p_threshold):
    """The distribution is estimated, so half a percent is added to what chance does, and more at the edge."""

    def covers(scan, found):
        return (found.ci_low <= scan.truth) & (scan.truth <= found.ci_high)

    inside = pooled(scans, covers, p_threshold)
    estimated = 0.015 if p_threshold == P_KEPT else 0.005
    assert abs(inside.mean() - 0.95) <= estimated + Z_999 * np.sqrt(0.95 * 0.05 / inside.size)


@pytest.mark.parametrize("p_threshold", THRESHOLDS)
def test_raw_effects__mean_error_is_the_hazard_of_the_statistic(p_threshold):
    """What Tweedie's formula takes away on average, and why: the slope of log f beyond c sums to minus f(c)."""
    scans = [(kept("normal", n_variants=60_000, seed=20_261_400 + i), None) for i in range(3)]
    errors = pooled(scans, lambda scan, _: scan.outward(scan.z), p_threshold)
    marginal = stats.norm(scale=np.sqrt(10.0))
    cutoff = stats.norm.isf(p_threshold / 2)
    assert abs(errors.mean() - marginal.pdf(cutoff) / marginal.sf(cutoff)) <= bound(errors)


def test_empirical_bayes__of_a_scan_without_effects_leaves_next_to_nothing():
    rng = np.random.default_rng(20_261_500)
    for _ in range(5):
        z = stats.norm.isf(P_KEPT / 2 * rng.uniform(size=100)) * rng.choice([-1.0, 1.0], 100)
        found = empirical_bayes_effects(z, np.ones(100))
        assert np.abs(found.beta).mean() < 0.3 < 0.1 * np.abs(z).mean()


def test_empirical_bayes__some_error_stays_where_all_effects_are_of_one_size():
    """The stated failure: effects of 5 standard errors and no others."""
    scan = kept("one_size", n_variants=1_000_000, seed=20_261_600)
    found = empirical_bayes_effects(scan.z, np.ones(scan.z.size))
    selected = scan.selected(5e-8)
    raw, errors = scan.outward(scan.z)[selected], scan.outward(found.beta)[selected]
    assert raw.mean() > 1.0
    assert errors.mean() - bound(errors) > LARGEST
    assert errors.mean() < raw.mean() / 2


@pytest.fixture(scope="module")
def blocks():
    """Return statistics, truth and corrected effects of scans in blocks of 20 variants, r 0.9 between neighbours."""
    scans = []
    for seed in range(8):
        z, truth = lead_scan(n_blocks=50_000, n_in_block=20, r=0.9, share=0.05, spread=4.0, seed=seed)
        scans.append((z, truth, empirical_bayes_effects(z.ravel(), np.ones(z.size)).beta.reshape(z.shape)))
    return scans


def of_blocks(blocks, choose, p_threshold):
    """Return raw and corrected errors of the variant chosen from each block, if it is selected."""
    raw, corrected = [], []
    for z, truth, beta in blocks:
        one = choose(z)[:, None]
        z, truth, beta = (np.take_along_axis(values, one, axis=1)[:, 0] for values in (z, truth, beta))
        chosen = np.abs(z) >= stats.norm.isf(p_threshold / 2)
        raw.append((np.sign(z) * (z - truth))[chosen])
        corrected.append((np.sign(z) * (beta - truth))[chosen])
    return np.concatenate(raw), np.concatenate(corrected)


@pytest.mark.parametrize("p_threshold", THRESHOLDS)
def test_empirical_bayes__variants_thinned_by_ld_alone(blocks, p_threshold):
    """One variant of a block, whatever its statistic; the distribution is learnt from all in their LD."""
    raw, errors = of_blocks(blocks, lambda z: np.full(z.shape[0], 10), p_threshold)
    assert raw.mean() - bound(raw) > LARGEST
    assert abs(errors.mean()) <= min(LARGEST, bound(errors))


@pytest.mark.parametrize("p_threshold", THRESHOLDS)
def test_empirical_bayes__strongest_of_each_block_keep_little_of_the_error(blocks, p_threshold):
    """Clumping by p is a second selection that the formula does not know."""
    raw, errors = of_blocks(blocks, lambda z: np.abs(z).argmax(axis=1), p_threshold)
    assert raw.mean() - bound(raw) > 0.4
    assert abs(errors.mean()) <= 0.25
    assert abs(errors.mean()) + bound(errors) < raw.mean() / 2
