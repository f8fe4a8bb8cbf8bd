"""Simulated pairs with known truth, and what the estimators make of them."""

from __future__ import annotations

import functools
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from osteobiome.instruments import Instruments
from osteobiome.mr import ESTIMATORS, Block, fit_block

N_VARIANTS = 20
THETA = 0.3
SHARE_INVALID = 0.3
SE_EXPOSURE = 0.01  # with true effects of 0.05 to 0.15: F from 25 to 225, 109 on average
SE_OUTCOME = (0.01, 0.03)
BALANCED = 0.02  # standard deviation of balanced pleiotropy: the mean standard error of the outcome effects
DIRECTIONAL = (0.05, 0.15)  # as large as the effects on the exposure: ratios of invalid variants are 1 too large

N_LOCI, LOCUS_SIZE = 10, 10
REGION_LD = 0.8 ** np.abs(np.subtract.outer(np.arange(N_VARIANTS), np.arange(N_VARIANTS)))
LOCUS_LD = 0.9 ** np.abs(np.subtract.outer(np.arange(LOCUS_SIZE), np.arange(LOCUS_SIZE)))

PLEIOTROPY = ("none", "balanced", "directional")
DESIGNS = {
    "independent": (
        "ivw",
        "egger",
        "ivw_radial",
        "egger_radial",
        "simple_median",
        "weighted_median",
        "penalised_weighted_median",
        "simple_mode",
        "simple_mode_nome",
        "weighted_mode",
        "weighted_mode_nome",
        "penalised_mode",
    ),
    "region": ("ivw", "ivw_ld", "egger_ld"),
    "loci": ("ivw", "ivw_lead"),
    "validity": (
        "ivw_additive",
        "ivw_unweighted",
        "ivw_penalised",
        "ivw_robust",
        "egger_penalised",
        "egger_bootstrap",
        "maximum_likelihood",
        "divw",
        "pivw",
        "raps",
        "grip",
        "presso",
        "lasso",
        "contamination_mixture",
        "cml_bic",
        "cml_ma_bic",
        "cml_ma_bic_dp",
        "mrmix",
    ),
}
UNCORRELATED = ("independent", "validity")
N_PEOPLE = 1e5  # of either study; only the criterion of constrained likelihood asks
SLOW = {"raps", "ivw_robust", "mrmix", "cml_ma_bic_dp"}  # a quarter of the pairs
DRAWS = {"cml_ma_bic_dp": 100}  # where a draw is a whole fit


class Sample(NamedTuple):
    """Which pairs are drawn: a kind of variants, their pleiotropy, the truth, how many and from which seed."""

    design: str
    pleiotropy: str
    theta: float
    n_pairs: int
    seed: int


@dataclass(frozen=True)
class Fits:
    """Estimates of all pairs of a sample; every pair has one, or the sample is of no use."""

    theta: float
    beta: np.ndarray
    se: np.ndarray
    is_rejected: np.ndarray
    is_covered: np.ndarray
    n_variants: np.ndarray

    @property
    def bias(self) -> float:
        """Mean estimate minus truth."""
        return float(self.beta.mean()) - self.theta

    @property
    def bias_error(self) -> float:
        """Monte Carlo standard error of the bias."""
        return float(self.beta.std(ddof=1)) / len(self.beta) ** 0.5


def _direct(rng: np.random.Generator, pleiotropy: str, shape: tuple[int, int]) -> np.ndarray:
    """Return direct effects on the outcome along the allele that raises the exposure, shape (n_pairs, n_units)."""
    if pleiotropy == "none":
        return np.zeros(shape)
    if pleiotropy == "balanced":
        return BALANCED * rng.normal(size=shape)
    n_invalid = round(SHARE_INVALID * shape[1])
    is_invalid = rng.permuted(np.tile(np.arange(shape[1]) < n_invalid, (shape[0], 1)), axis=1)
    return is_invalid * rng.uniform(*DIRECTIONAL, size=shape)


def _generator(sample: Sample) -> np.random.Generator:
    design, pleiotropy = list(DESIGNS).index(sample.design), PLEIOTROPY.index(sample.pleiotropy)
    return np.random.default_rng([sample.seed, design, pleiotropy, round(100 * sample.theta)])


@functools.cache
def independent(sample: Sample) -> Block:
    """Return pairs of uncorrelated variants; true effects on the exposure have either sign."""
    rng = _generator(sample)
    shape = (sample.n_pairs, N_VARIANTS)
    sign = rng.choice([-1.0, 1.0], shape)
    gamma = sign * rng.uniform(0.05, 0.15, shape)
    se = rng.uniform(*SE_OUTCOME, shape)
    direct = sign * _direct(rng, sample.pleiotropy, shape)
    x = gamma + SE_EXPOSURE * rng.normal(size=shape)
    y = sample.theta * gamma + direct + se * rng.normal(size=shape)
    return Block(x, np.full(shape, SE_EXPOSURE), y, se, np.ones(shape, dtype=bool))


def _correlated(rng: np.random.Generator, ld_r: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return standard normal errors that are correlated as the variants are; variants last."""
    return rng.normal(size=shape) @ np.linalg.cholesky(ld_r).T


@functools.cache
def region(sample: Sample) -> tuple[Instruments, ...]:
    """Return pairs of one region of correlated variants, several of them causal.

    Direct effects are those of causal variants; what a variant shows is the sum over its neighbours, times r.
    """
    rng = _generator(sample)
    shape = (sample.n_pairs, N_VARIANTS)
    causal = rng.uniform(0.05, 0.15, shape) * (rng.uniform(size=shape) < 0.4)
    gamma = causal @ REGION_LD + 0.02
    direct = _direct(rng, sample.pleiotropy, shape) @ REGION_LD
    se = rng.uniform(*SE_OUTCOME, shape)
    x = gamma + SE_EXPOSURE * _correlated(rng, REGION_LD, shape)
    y = sample.theta * gamma + direct + se * _correlated(rng, REGION_LD, shape)
    se_x = np.full(N_VARIANTS, SE_EXPOSURE)
    return tuple(Instruments(a, se_x, b, s, ld_r=REGION_LD) for a, b, s in zip(x, y, se, strict=True))


@functools.cache
def loci(sample: Sample) -> tuple[Instruments, ...]:
    """Return pairs of ten loci, 2 million base pairs apart, of ten correlated variants each, one of them causal."""
    rng = _generator(sample)
    units, shape = (sample.n_pairs, N_LOCI), (sample.n_pairs, N_LOCI, LOCUS_SIZE)
    sign = rng.choice([-1.0, 1.0], units)
    effect = sign * rng.uniform(0.05, 0.15, units)
    direct = sign * _direct(rng, sample.pleiotropy, units)
    shown = LOCUS_LD[rng.integers(0, LOCUS_SIZE, units)]  # correlation with the causal variant
    gamma, pleiotropy = effect[..., np.newaxis] * shown, direct[..., np.newaxis] * shown
    se = rng.uniform(*SE_OUTCOME, shape)
    x = gamma + SE_EXPOSURE * _correlated(rng, LOCUS_LD, shape)
    y = sample.theta * gamma + pleiotropy + se * _correlated(rng, LOCUS_LD, shape)
    n = N_LOCI * LOCUS_SIZE
    locus, place = np.divmod(np.arange(n, dtype=np.float64), LOCUS_SIZE)
    where = {"chromosome": 1.0 + locus // 2, "position": 1e6 + 2e6 * (locus % 2) + 1e4 * place}
    se_x = np.full(n, SE_EXPOSURE)
    return tuple(
        Instruments(a, se_x, b, s, **where)
        for a, b, s in zip(*(values.reshape(-1, n) for values in (x, y, se)), strict=True)
    )


def pairs_of(sample: Sample) -> tuple[Instruments, ...]:
    """Return the pairs of a sample one by one."""
    if sample.design not in UNCORRELATED:
        return {"region": region, "loci": loci}[sample.design](sample)
    block = independent(sample)
    arrays = (block.beta_exposure, block.se_exposure, block.beta_outcome, block.se_outcome)
    people = {name: np.full(N_VARIANTS, N_PEOPLE) for name in ("n_exposure", "n_outcome")}
    return tuple(Instruments(*rows, **people) for rows in zip(*arrays, strict=True))


@functools.cache
def fits(method: str, sample: Sample, n_draws: int = 1000) -> Fits:
    """Fit all pairs of a sample with default options; every pair has draws of its own."""
    entry = ESTIMATORS[method]
    if entry.batch is not None:
        pairs = pairs_of(sample) if sample.design not in UNCORRELATED else ()
        block = Block.from_pairs(list(pairs)) if pairs else independent(sample)
        (fit,) = fit_block(block, method, chunk=block.n_pairs)
        found = fit.estimates()
    else:

        def one(numbered: tuple[int, Instruments]):
            i, pair = numbered
            n = min(n_draws, DRAWS.get(method, n_draws))
            options = {"seed": sample.seed * 100_000 + i, "n_bootstrap": n} if entry.stochastic else {}
            return entry.function(pair, **options)

        with ThreadPoolExecutor(os.cpu_count()) as pool:  # kernels release the interpreter lock
            found = list(pool.map(one, enumerate(pairs_of(sample))))
    assert all(e.status == "ok" for e in found)
    return Fits(
        sample.theta,
        np.array([e.beta for e in found]),
        np.array([e.se for e in found]),
        np.array([e.p_value < 0.05 for e in found]),
        np.array([e.ci_low <= sample.theta <= e.ci_high for e in found]),
        np.array([e.n_variants for e in found]),
    )
