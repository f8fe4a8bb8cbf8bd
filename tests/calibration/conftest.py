"""Simulated pairs with known truth, and the range in which a count of rejections must lie."""

import itertools

import numpy as np
import pytest
from scipy import integrate, stats

from osteobiome.mr import Block

N_VARIANTS = 20
ALPHA = 0.05


def _simulate(
    *,
    seed: int,
    n_pairs: int = 20_000,
    n_variants: int = N_VARIANTS,
    theta: float = 0.0,
    inflation: float = 1.0,
    additive: float = 0.0,
    directional: float = 0.0,
    se_exposure: float = 0.001,
) -> Block:
    """Return pairs with causal effect ``theta``.

    ``inflation`` multiplies the errors of the outcome (multiplicative pleiotropy), ``additive`` is the standard
    deviation of balanced pleiotropy in units of the mean standard error, ``directional`` its mean along the allele
    that raises the exposure. True effects have sizes 0.05 to 0.15 and either sign: mean F is about 10^4 unless
    ``se_exposure`` says otherwise.
    """
    rng = np.random.default_rng(seed)
    shape = (n_pairs, n_variants)
    gamma = rng.uniform(0.05, 0.15, shape) * rng.choice([-1.0, 1.0], shape)
    se_outcome = rng.uniform(0.01, 0.03, shape)
    pleiotropy = additive * 0.02 * rng.normal(size=shape) + directional * np.sign(gamma)
    outcome = theta * gamma + pleiotropy + inflation * se_outcome * rng.normal(size=shape)
    exposure = gamma + se_exposure * rng.normal(size=shape)
    return Block(exposure, np.full(shape, se_exposure), outcome, se_outcome, np.ones(shape, dtype=bool))


def _rejection_rate(df: int, reference: str, *, inflation: float = 1.0, floor: bool = True) -> float:
    """Return the exact rejection rate under the null, by integration over Q.

    The statistic is Z / max(1, sqrt(Q / df)) with Z normal and Q / inflation^2 chi-squared, independent of each other.
    """
    critical = stats.norm.isf(ALPHA / 2) if reference == "normal" else stats.t.isf(ALPHA / 2, df)

    def at(q):
        factor = inflation * np.sqrt(q / df)
        factor = max(1.0, factor) if floor else factor
        return 2 * stats.norm.sf(critical * factor / inflation) * stats.chi2.pdf(q, df)

    edges = (0.0, df / inflation**2, df, df + 40 * np.sqrt(2 * df))
    return sum(integrate.quad(at, a, b)[0] for a, b in itertools.pairwise(edges) if b > a)


def _check_count(count: int, n: int, rate: float) -> None:
    """Assert that a count lies in the central 99.9 % of its binomial distribution."""
    low, high = stats.binom.ppf([0.0005, 0.9995], n, rate)
    assert low <= count <= high, f"{count} of {n} ({count / n:.4f}), expected {rate:.4f}: {low:.0f} to {high:.0f}"


def _check_same(count: int, n: int, share: float, n_recorded: int) -> None:
    """Assert that a count agrees with a share recorded from other draws: the two have one and the same rate.

    Given the sum of both counts, the one is hypergeometric; it must lie in the central 99.9 %.
    """
    other = round(share * n_recorded)
    low, high = stats.hypergeom.ppf([0.0005, 0.9995], n + n_recorded, count + other, n)
    assert low <= count <= high, f"{count} of {n} ({count / n:.4f}), recorded {share:.4f}: {low:.0f} to {high:.0f}"


@pytest.fixture
def simulate():
    """Return the simulator."""
    return _simulate


@pytest.fixture
def rejection_rate():
    """Return the function that integrates the exact rejection rate."""
    return _rejection_rate


@pytest.fixture
def check_count():
    """Return the binomial check."""
    return _check_count


@pytest.fixture
def check_same():
    """Return the check of two counts against each other."""
    return _check_same
