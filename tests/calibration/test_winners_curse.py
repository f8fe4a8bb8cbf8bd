"""Winner's curse in simulated scans: raw effects of selected variants are too large, corrected ones are not."""

import numpy as np
import pytest
from scipy import integrate, stats

from osteobiome.instruments.winners_curse import CONDITIONING, conditional_effects, fiqt_effects

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
