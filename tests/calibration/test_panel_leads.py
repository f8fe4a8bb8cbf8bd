"""Expected null leads of a stored trait against null scans that are clumped as a study does, over whole genomes."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from osteobiome.instruments import panel_leads
from osteobiome.instruments.panel_leads import LeadOptions, expected_leads
from osteobiome.ld.genotypes import Genotypes
from osteobiome.ld.panel import Panel
from osteobiome.ld.panel_clumping import Candidates, PanelClumpOptions, clump_many
from osteobiome.sumstats.identity import add_keys, orient

pytestmark = pytest.mark.calibration
N_PANEL, N_STUDY = 500, 1000
N_CHROMOSOMES, PER_CHROMOSOME, SEGMENT = 5, 4000, 100
N_VARIANTS = N_CHROMOSOMES * PER_CHROMOSOME
KB = 10_000.0
P = (1e-2, 1e-3, 1e-4)
N_SCANS = 1000
Z_999 = stats.norm.isf(0.0005)


class Memory:
    """Genotypes that are in memory, as a source of a panel."""

    where, people, n_variants_left_out = "memory", None, 0

    def __init__(self, genotypes, variants):
        self.genotypes, self.variants = genotypes, variants

    def read(self, rows):
        return self.genotypes.take(rows)


def segment(rng, n_people):
    """Haplotypes that copy their left neighbour with some errors; segments are independent of each other."""
    shape = (SEGMENT, 2 * n_people)
    is_new = rng.random(shape) < rng.uniform(0.0, 0.3, (SEGMENT, 1))
    haplotypes = (rng.random(shape) < rng.uniform(0.1, 0.5, (SEGMENT, 1))).astype(np.int8)
    for i in range(1, SEGMENT):
        haplotypes[i] = np.where(is_new[i], haplotypes[i], haplotypes[i - 1])
    return haplotypes[:, ::2] + haplotypes[:, 1::2]


@pytest.fixture(scope="module")
def people():
    """Copies of the people of the panel, and standardised genotypes of those of the study: others, same LD."""
    rng = np.random.default_rng(21)
    copies = np.concatenate([segment(rng, N_PANEL + N_STUDY) for _ in range(N_VARIANTS // SEGMENT)])
    study = copies[:, N_PANEL:].astype(np.float32)
    study -= study.mean(axis=1, keepdims=True)
    study /= np.sqrt(np.square(study).sum(axis=1, keepdims=True))
    return Genotypes.from_dosages(copies[:, :N_PANEL]), study


def panel_of(genotypes, *, step):
    """Variants every ``step`` bases."""
    variants = pl.DataFrame(
        {
            "rsid": [f"rs{i + 1}" for i in range(N_VARIANTS)],
            "chromosome": np.repeat(np.arange(1, N_CHROMOSOMES + 1, dtype=np.int8), PER_CHROMOSOME),
            "position": 10_000 + step * np.tile(np.arange(PER_CHROMOSOME), N_CHROMOSOMES),
            "counted": ["A"] * N_VARIANTS,
            "other": ["G"] * N_VARIANTS,
        }
    )
    return Panel("memory", "", "", variants, N_PANEL, 0, 0, (Memory(genotypes, variants),))


def stored(panel, path):
    """Write a trait that has every variant of the panel."""
    unknown = [pl.lit(None, dtype=pl.Float64).alias(name) for name in ("beta", "eaf")]
    columns = pl.col("counted").alias("effect_allele"), pl.col("other").alias("other_allele")
    frame = add_keys(orient(panel.variants.select("rsid", "chromosome", "position", *columns, *unknown)))
    frame.select("variant_key").sort("variant_key").write_parquet(path)
    return {"trait": path}


def null_scans(study, *, seed):
    """Return minus log10 p of traits that have nothing to do with the genotypes, shape (n_variants, n_scans)."""
    z = np.abs(study @ np.random.default_rng(seed).normal(size=(N_STUDY, N_SCANS)).astype(np.float32))
    return -(stats.norm.logsf(z.astype(np.float64)) + np.log(2.0)) / np.log(10.0)


def clumped(panel, scans, *, p_threshold, r2):
    """Return mean number of leads and its standard error, with PLINK's rule."""
    traits = []
    for p in scans.T:
        rows = np.flatnonzero(p >= -np.log10(p_threshold))
        traits.append(Candidates(rows, p[rows]))
    chromosome, position = (panel.variants[name].to_numpy() for name in ("chromosome", "position"))
    options = PanelClumpOptions(p1=p_threshold, r2=r2, kb=KB)
    genotypes = panel.genotypes(np.arange(N_VARIANTS))
    found = clump_many(genotypes, traits, chromosome=chromosome, position=position, options=options)
    leads = np.array([clumps.stays.sum() for clumps in found])
    return leads.mean(), leads.std(ddof=1) / np.sqrt(N_SCANS)


@pytest.mark.parametrize(("n_blocks", "block_variants"), [(20, 1000), (8, 500)])
def test_expected_leads__agree_with_scans_clumped_as_a_study_does(people, tmp_path, n_blocks, block_variants):
    """From the whole panel and from a fifth of it; bounds are those of both errors."""
    genotypes, study = people
    panel = panel_of(genotypes, step=32_000)
    options = LeadOptions(P, r2=0.05, window_kb=KB, seed=3, n_blocks=n_blocks, block_variants=block_variants)
    found = expected_leads(stored(panel, tmp_path / "v.parquet"), panel, options=options)
    assert not found["below_noise"].any()
    scans = null_scans(study, seed=22)
    for p_threshold, expected, expected_se in found.select("p_threshold", "expected", "expected_se").rows():
        plain, error = clumped(panel, scans, p_threshold=p_threshold, r2=0.05)
        assert abs(plain - expected) <= Z_999 * np.hypot(error, expected_se)
        assert expected_se < 0.03 * expected
        assert expected < 0.75 * N_VARIANTS * p_threshold  # variants counted as independent would not pass


@pytest.mark.parametrize("step", [32_000, 4_000])
def test_expected_leads__bound_those_of_a_threshold_below_the_noise_floor(people, tmp_path, step):
    """Stretches of 16 and 2 Mb; the loss across their ends is at most what the page on instruments says."""
    genotypes, study = people
    panel = panel_of(genotypes, step=step)
    options = LeadOptions(P, r2=0.001, window_kb=KB, seed=3, n_blocks=8, block_variants=500)
    found = expected_leads(stored(panel, tmp_path / "v.parquet"), panel, options=options)
    assert found["below_noise"].all()
    scans = null_scans(study, seed=23)
    place = np.arange(PER_CHROMOSOME) * step
    near = np.mean(np.abs(place[:, None] - place[None, :]) < 1000 * KB) / N_CHROMOSOMES
    tied = stats.chi2.sf(N_PANEL * 0.001, 1)
    for p_threshold, expected, expected_se in found.select("p_threshold", "expected", "expected_se").rows():
        plain, error = clumped(panel, scans, p_threshold=p_threshold, r2=0.001)
        slack = Z_999 * np.hypot(error, expected_se)
        assert plain <= expected + slack
        assert plain >= expected * (1.0 - 0.5 * tied * expected * near) - slack
    plain, error = clumped(panel, scans, p_threshold=1e-2, r2=0.001)
    assert plain + Z_999 * error < found["expected"][0], "what is lost is there to be seen at a loose threshold"


@pytest.mark.parametrize("n_stretches", [4, 24])
def test_sampling_variance__is_that_of_totals_from_some_stretches(n_stretches):
    """Forty stretches of which some are drawn, each known with noise: mean estimate against variance of the totals."""
    rng = np.random.default_rng(31)
    n_all, n_samples = 40, 20_000
    truth, noise = rng.uniform(200.0, 900.0, n_all), rng.uniform(500.0, 5000.0, n_all)
    share = n_stretches / n_all
    drawn = np.argsort(rng.random((n_samples, n_all)), axis=1)[:, :n_stretches]
    counts = truth[drawn] + rng.normal(size=drawn.shape) * np.sqrt(noise[drawn])
    totals = counts.sum(axis=1) / share
    found = panel_leads._sampling_variance(counts, noise[drawn].sum(axis=1), share=share)
    error = np.hypot(np.std(np.square(totals - truth.sum())), np.std(found)) / np.sqrt(n_samples)
    assert abs(found.mean() - np.square(totals - truth.sum()).mean()) <= Z_999 * error
    assert error < 0.02 * found.mean()
