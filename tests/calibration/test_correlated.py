"""Type-I error and coverage of IVW and MR-Egger with an LD matrix, and what happens without one."""

import functools

import numpy as np
import pytest

from osteobiome.instruments import Instruments
from osteobiome.mr import ESTIMATORS

pytestmark = pytest.mark.calibration

ALPHA = 0.05
N = 10
N_PAIRS = 1000
LD = 0.8 ** np.abs(np.subtract.outer(np.arange(N), np.arange(N)))


@functools.cache
def estimates(method, theta):
    """Fit a thousand regions; variants of one region have outcome errors that are correlated as the variants are."""
    rng = np.random.default_rng([21, round(10 * theta)])
    shape = (N_PAIRS, N)
    sparse = rng.uniform(0.0, 0.1, shape) * (rng.uniform(size=shape) < 0.4)
    gamma = np.einsum("ij,pj->pi", LD, sparse) + 0.02
    se = rng.uniform(0.01, 0.03, shape)
    outcome = theta * gamma + se * np.einsum("ij,pj->pi", np.linalg.cholesky(LD), rng.normal(size=shape))
    function, error = ESTIMATORS[method].function, np.full(N, 0.001)
    return [
        function(Instruments.from_arrays(x, error, y, s, ld_r=LD))
        for x, y, s in zip(gamma, outcome, se, strict=True)
        if method != "egger_ld" or np.ptp(x) > 0.0  # in 1 of 170 regions no variant is causal, and there is no line
    ]


@pytest.mark.parametrize("method", ["ivw_ld_fixed", "ivw_ld", "egger_ld"])
@pytest.mark.parametrize("theta", [0.0, 0.4])
def test_with_the_matrix__level_and_coverage(rejection_rate, check_count, method, theta):
    """Whitened data are independent, so the exact rates are those of uncorrelated variants."""
    floored = {"ivw_ld": (N - 1, "normal"), "egger_ld": (N - 2, "t")}
    expected = rejection_rate(*floored[method]) if method in floored else ALPHA
    fitted = estimates(method, theta)
    outside = sum(not e.ci_low <= theta <= e.ci_high for e in fitted)
    check_count(outside, len(fitted), expected)
    if theta == 0.0:
        assert outside == sum(e.p_value < ALPHA for e in fitted)


def test_ivw_ld__heterogeneity_test_keeps_its_level(check_count):
    count = sum(e.diagnostic("cochran_q").p_value < ALPHA for e in estimates("ivw_ld_fixed", 0.4))
    check_count(count, N_PAIRS, ALPHA)


def test_egger_ld__intercept_and_heterogeneity_keep_their_level(rejection_rate, check_count):
    fitted = estimates("egger_ld", 0.4)
    rejected = sum(e.diagnostic("egger_intercept").p_value < ALPHA for e in fitted)
    check_count(rejected, len(fitted), rejection_rate(N - 2, "t"))
    check_count(sum(e.diagnostic("rucker_q").p_value < ALPHA for e in fitted), len(fitted), ALPHA)


def test_ivw__without_the_matrix_correlated_variants_are_counted_many_times_over():
    """Why the matrix matters: plain IVW rejects a true null several times too often."""
    count = sum(e.p_value < ALPHA for e in estimates("ivw_fixed", 0.0))
    assert count > 4 * ALPHA * N_PAIRS
