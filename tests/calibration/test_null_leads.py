"""Expected null leads against plain draws of null scans, clumped one by one."""

import numpy as np
import pytest
from scipy import stats

from osteobiome.instruments.null_leads import NullBlock, effective_leads
from osteobiome.ld import clump
from osteobiome.ld.genotypes import Genotypes

pytestmark = pytest.mark.calibration
N_PEOPLE, N_BLOCKS, N_VARIANTS = 300, 6, 60
R2 = 0.05
Z_999 = stats.norm.isf(0.0005)


@pytest.fixture(scope="module")
def panel():
    """Copies of an allele in haplotype blocks: variants copy their left neighbour's haplotypes with some errors."""
    rng = np.random.default_rng(11)
    blocks = []
    for _ in range(N_BLOCKS):
        haplotypes = np.empty((N_VARIANTS, 2 * N_PEOPLE), dtype=np.int8)
        haplotypes[0] = rng.random(2 * N_PEOPLE) < 0.4
        for i in range(1, N_VARIANTS):
            new = rng.random(2 * N_PEOPLE) < rng.uniform(0.0, 0.3)
            haplotypes[i] = np.where(new, rng.random(2 * N_PEOPLE) < rng.uniform(0.1, 0.5), haplotypes[i - 1])
        blocks.append(haplotypes[:, ::2] + haplotypes[:, 1::2])
    return blocks


@pytest.mark.parametrize("p_threshold", [0.01, 0.001])
def test_expected_leads__agree_with_plain_draws_of_phenotypes(panel, p_threshold):
    """Traits that have nothing to do with the genotypes; both counts are random, the bound is that of their sum."""
    n_scans = 1500
    rng = np.random.default_rng(12)
    cutoff = stats.norm.isf(p_threshold / 2)
    leads = np.zeros(n_scans)
    for copies in panel:
        r = np.corrcoef(copies)
        g = (copies - copies.mean(axis=1, keepdims=True)) / copies.std(axis=1, keepdims=True)
        z = np.abs(g @ rng.normal(size=(N_PEOPLE, n_scans))) / np.sqrt(N_PEOPLE)
        for scan in np.flatnonzero((z >= cutoff).any(axis=0)):
            rows = np.flatnonzero(z[:, scan] >= cutoff)
            leads[scan] += clump(z[rows, scan], r[np.ix_(rows, rows)], r2=R2).sum()
    blocks = [NullBlock.of_genotypes(str(i), Genotypes.from_dosages(copies)) for i, copies in enumerate(panel)]
    (found,) = effective_leads(blocks, p_thresholds=[p_threshold], r2=R2, n_draws=400, seed=13)
    plain, error = leads.mean(), leads.std() / np.sqrt(n_scans)
    expected, expected_se = p_threshold * found.count, p_threshold * found.count_se
    assert abs(plain - expected) <= Z_999 * np.hypot(error, expected_se)
    assert expected_se < 0.1 * expected
    # the two obvious guesses are wrong: variants counted as independent, and one test per block
    assert N_BLOCKS * p_threshold < plain - Z_999 * error
    assert plain + Z_999 * error < N_BLOCKS * N_VARIANTS * p_threshold
