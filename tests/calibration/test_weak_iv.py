"""Sets for weak instruments cover with their level, where intervals from standard errors do not."""

import numpy as np
import pytest

from osteobiome.instruments import Instruments
from osteobiome.mr import ivw_fixed
from osteobiome.mr.checks.weak_iv import weak_iv
from osteobiome.stats.turning import Turning
from osteobiome.stats.weak_sets import conditional_p, likelihood_ratio

pytestmark = pytest.mark.calibration
THETA, N = 0.5, 10
LEVEL = 0.95


def pairs(mean_f, n_pairs, *, seed):
    """Yield pairs of ten variants whose ratio of standard errors differs; the mean F is exact in expectation."""
    rng = np.random.default_rng([seed, int(10 * mean_f)])
    for _ in range(n_pairs):
        se_x, se_y = rng.uniform(0.01, 0.03, N), rng.uniform(0.01, 0.03, N)
        gamma = rng.uniform(0.5, 1.5, N) * rng.choice([-1.0, 1.0], N)
        gamma *= se_x * np.sqrt((mean_f - 1.0) / np.mean(gamma**2))
        x, y = gamma + se_x * rng.normal(size=N), THETA * gamma + se_y * rng.normal(size=N)
        yield Instruments.from_arrays(x, se_x, y, se_y)


@pytest.mark.parametrize("mean_f", [2.0, 20.0])
def test_sets__cover_with_their_level(mean_f, check_count):
    n_pairs = 1500
    found = [weak_iv(pair, level=LEVEL) for pair in pairs(mean_f, n_pairs, seed=1)]
    for k in range(3):
        check_count(sum(sets[k].covers(THETA) for sets in found), n_pairs, LEVEL)
    unbounded = sum(not sets[2].is_bounded for sets in found)
    # a set that covers with instruments this weak must often have no end (Dufour 1997, doi:10.2307/2171740)
    assert unbounded > 0.25 * n_pairs if mean_f == 2.0 else unbounded < 0.02 * n_pairs


def test_ivw__does_not_cover_with_weak_instruments():
    n_pairs = 1500
    fits = [ivw_fixed(pair, level=LEVEL) for pair in pairs(2.0, n_pairs, seed=1)]
    assert sum(fit.ci_low <= THETA <= fit.ci_high for fit in fits) < 0.85 * n_pairs


@pytest.mark.parametrize("mean_f", [1.0, 2.0, 20.0])
@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.5])
def test_conditional_p__is_uniform_at_the_true_effect(mean_f, alpha, check_count):
    n_pairs, rejected = 8000, 0
    for pair in pairs(mean_f, n_pairs, seed=2):
        data = Turning.of(x=pair.beta_exposure, se_x=pair.se_exposure, y=pair.beta_outcome, se_y=pair.se_outcome)
        ss, score = data.sums(THETA)
        rejected += conditional_p(likelihood_ratio(ss, score, data.total), data.total - ss, N) < alpha
    check_count(rejected, n_pairs, alpha)
