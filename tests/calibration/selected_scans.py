"""Scans with known effects of which only the strongest statistics are kept, as for a file of candidates."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

P_KEPT = 1e-4
SHARES = {
    "normal": (1.0, lambda rng, n: rng.normal(0.0, 3.0, n)),
    "one_percent": (0.01, lambda rng, n: rng.normal(0.0, 4.0, n)),
    "one_per_mille": (0.001, lambda rng, n: rng.normal(0.0, 6.0, n)),
    "laplace": (0.05, lambda rng, n: rng.laplace(0.0, 2.0, n)),
    "student": (1.0, lambda rng, n: rng.standard_t(3.0, n)),
    "one_size": (0.01, lambda rng, n: 5.0 * rng.choice([-1.0, 1.0], n)),
}
"""Share of variants with an effect, and effects in standard errors; the others have none."""


@dataclass(frozen=True)
class Kept:
    """Statistics and true means of the variants that were kept, shape (n_kept,), and of how many variants."""

    z: np.ndarray
    truth: np.ndarray
    n_variants: int

    def selected(self, p_threshold):
        """Return which of them a threshold selects."""
        return np.abs(self.z) >= stats.norm.isf(p_threshold / 2)

    def outward(self, effect):
        """Return errors in the direction of the statistic: those of the raw effect are above 0 on average."""
        return np.sign(self.z) * (effect - self.truth)


def kept(prior, *, n_variants, seed, inflation=1.0):
    """Return what is kept of a scan; variants without effect are drawn from beyond the cut-off at once."""
    rng = np.random.default_rng(seed)
    share, effects = SHARES[prior]
    n_effects = round(share * n_variants)
    truth = effects(rng, n_effects)
    z = truth + inflation * rng.normal(size=n_effects)
    cutoff = stats.norm.isf(P_KEPT / 2)
    tail = stats.norm.sf(cutoff / inflation)
    n_null = rng.binomial(n_variants - n_effects, 2.0 * tail)
    null = inflation * stats.norm.isf(tail * rng.uniform(size=n_null)) * rng.choice([-1.0, 1.0], n_null)
    strong = np.abs(z) >= cutoff
    return Kept(np.r_[z[strong], null], np.r_[truth[strong], np.zeros(n_null)], n_variants)


def lead_scan(*, n_blocks, n_in_block, r, share, spread, seed):
    """Return statistics and true marginal effects, shape (n_blocks, n_in_block), with at most one cause in a block."""
    rng = np.random.default_rng(seed)
    place = np.arange(n_in_block)
    ld_r = r ** np.abs(place[:, None] - place)
    causal = np.zeros((n_blocks, n_in_block))
    has_one = rng.random(n_blocks) < share
    causal[np.arange(n_blocks), rng.integers(n_in_block, size=n_blocks)] = has_one * rng.normal(0.0, spread, n_blocks)
    truth = causal @ ld_r
    return truth + rng.normal(size=truth.shape) @ np.linalg.cholesky(ld_r).T, truth
