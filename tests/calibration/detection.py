"""Tests and flags in pairs of known truth: how often they find what is there, or what is not."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy import integrate, optimize, special, stats

from osteobiome.instruments import Instruments
from osteobiome.mr import fit_block
from osteobiome.mr.checks import TraitFacts, influence, steiger
from osteobiome.stats.power import minimum_detectable_effect
from tests.calibration.scenarios import N_VARIANTS, Sample, independent, pairs_of

FREQUENCY, PREVALENCE = 0.3, 0.1
THRESHOLD = -np.log10(0.05)
Z = stats.norm.isf(0.025)


class Counted(NamedTuple):
    """Replicates in which something was found, how many there were, and the share that theory expects."""

    count: int
    n: int
    expected: float


def _people(rng: np.random.Generator, n: int, n_variants: int, r2: float) -> tuple[np.ndarray, np.ndarray]:
    """Return effects and errors of variants that explain a share of a quantitative trait, from n people.

    Shape (2, n_variants) for one replicate: genotypes are drawn, the trait is made, each variant is regressed alone.
    """
    dosage = rng.binomial(2, FREQUENCY, (n, n_variants)).astype(np.float64)
    effect = np.sqrt(r2 / n_variants / (2 * FREQUENCY * (1 - FREQUENCY)))
    trait = effect * dosage.sum(axis=1) + np.sqrt(1 - r2) * rng.normal(size=n)
    g, t = dosage - dosage.mean(axis=0), trait - trait.mean()
    xx, xy = np.square(g).sum(axis=0), g.T @ t
    beta = xy / xx
    return beta, np.sqrt((t @ t - beta * xy) / (n - 2) / xx)


def _case_control(rng: np.random.Generator, n: int, r2: float) -> tuple[float, float, float]:
    """Return log odds ratio, its error and the allele frequency in a sample of n cases and n controls.

    One variant explains a share r2 of liability; cases and controls are drawn from a population with PREVALENCE.
    """
    dosage = np.arange(3)
    genotype = stats.binom.pmf(dosage, 2, FREQUENCY)
    slope = np.sqrt(r2 / (1 - r2) * np.pi**2 / 3 / (2 * FREQUENCY * (1 - FREQUENCY)))
    level = optimize.brentq(lambda a: genotype @ special.expit(a + slope * dosage) - PREVALENCE, -20, 20)
    risk = special.expit(level + slope * dosage)
    cases = rng.multinomial(n, genotype * risk / PREVALENCE)
    controls = rng.multinomial(n, genotype * (1 - risk) / (1 - PREVALENCE))
    total, fit = cases + controls, np.zeros(2)
    design = np.column_stack([np.ones(3), dosage])
    for _ in range(8):  # Newton's method; the start is close and the likelihood concave
        share = special.expit(design @ fit)
        information = design.T @ (design * (total * share * (1 - share))[:, np.newaxis])
        fit = fit + np.linalg.solve(information, design.T @ (cases - total * share))
    return fit[1], np.sqrt(np.linalg.inv(information)[1, 1]), float(dosage @ total) / (4 * n)


def _direction(pair: Instruments, exposure: TraitFacts, outcome: TraitFacts) -> bool:
    """Return whether the Steiger test finds a difference at 5 %."""
    (test,) = (t for t in steiger(pair, exposure, outcome) if t.name == "steiger_direction")
    return test.neg_log_10_p_value > THRESHOLD


def steiger_quantitative(
    seed: int, n: int, *, people: tuple[int, int], n_variants: int, r2: tuple[float, float]
) -> Counted:
    """Count directions found between two quantitative traits, each in people of its own.

    The expectation is the power of a normal test with the variance that the check assumes: 5 % for equal shares.
    """
    rng = np.random.default_rng([seed, n_variants, *people])
    facts = [TraitFacts(n=size) for size in people]
    count = sum(
        _direction(
            Instruments(*_people(rng, people[0], n_variants, r2[0]), *_people(rng, people[1], n_variants, r2[1])),
            *facts,
        )
        for _ in range(n)
    )
    big_r = np.sqrt(r2)
    pooled = np.average(r2, weights=people)
    variance = sum((1 + n_variants / (2 * size * pooled)) / (size - 3) for size in people)
    mean = (np.arctanh(big_r[0]) - np.arctanh(big_r[1])) / np.sqrt(variance)
    return Counted(count, n, float(stats.norm.sf(Z - mean) + stats.norm.cdf(-Z - mean)))


def steiger_case_control(seed: int, n: int) -> Counted:
    """Count directions found where a variant explains as much of liability as of a quantitative exposure."""
    rng = np.random.default_rng([seed, 77])
    n_exposure, n_cases, r2 = 1500, 3000, 0.02
    facts = TraitFacts(n=n_exposure), TraitFacts("binary", n=2 * n_cases, n_cases=n_cases, prevalence=PREVALENCE)
    count = 0
    for _ in range(n):
        beta, se, eaf = _case_control(rng, n_cases, r2)
        pair = Instruments(
            *_people(rng, n_exposure, 1, r2), np.array([beta]), np.array([se]), eaf_outcome=np.array([eaf])
        )
        count += _direction(pair, *facts)
    return Counted(count, n, 0.05)


def detectable(seed: int, n: int, *, method: str) -> Counted:
    """Count pairs that find the effect which their own precision calls detectable with a chance of 80 %."""
    block = independent(Sample("independent", "none", 0.0, n, seed))
    precision = 1 / np.sqrt(np.sum(np.square(block.beta_exposure / block.se_outcome), axis=1))
    effect = minimum_detectable_effect(precision)[:, np.newaxis]
    block = replace(block, beta_outcome=block.beta_outcome + effect * block.beta_exposure)
    (fit,) = fit_block(block, method, chunk=n)
    count = int((fit.neg_log_10_p_value() > THRESHOLD).sum())
    df, shift = N_VARIANTS - 1, float(minimum_detectable_effect(1.0))

    def found(q: float) -> float:
        bar = Z * max(1.0, np.sqrt(q / df))
        return (stats.norm.sf(bar - shift) + stats.norm.cdf(-bar - shift)) * stats.chi2.pdf(q, df)

    floored = integrate.quad(found, 0, df)[0] + integrate.quad(found, df, df + 40 * np.sqrt(2 * df))[0]
    return Counted(count, n, floored if method == "ivw" else 0.8)


def flagged(seed: int, n: int, *, method: str) -> Counted:
    """Count pairs without an outlier in which a variant is called one, by ``influence`` or the radial estimators.

    A residual varies less than its response, by the factor 1 - leverage; Bonferroni does not know that.
    """
    sample = Sample("independent", "none", 0.0, n, seed)
    block = independent(sample)
    if method.endswith("_radial"):
        (fit,) = fit_block(block, method, chunk=n)
        (number,) = (test.statistic for test in fit.tests if test.name == "n_outliers")
        count = int((number > 0).sum())
    else:
        count = sum(any(influence(pair, method=method).columns["is_outlier"]) for pair in pairs_of(sample))
    # the fit that is tested: through the origin, with an intercept, or with that of the radial plot
    x, root = np.abs(block.beta_exposure), 1 / block.se_outcome
    columns = {"ivw": [x * root], "egger": [root, x * root], "egger_radial": [np.ones_like(x), x * root]}
    design = np.stack(columns.get(method, columns["ivw"]), axis=-1)
    q, _ = np.linalg.qr(design)
    residual = 1 - np.square(q).sum(axis=-1)
    tail = stats.chi2.sf(stats.chi2.isf(0.05 / N_VARIANTS, 1) / residual, 1)
    return Counted(count, n, float(np.mean(1 - np.prod(1 - tail, axis=1))))


_QUANTITATIVE = {"people": (2000, 2000), "n_variants": 3, "r2": (0.04, 0.04)}
CHECKS = {
    "steiger: equal shares": partial(steiger_quantitative, **_QUANTITATIVE),
    "steiger: exposure's share four times larger": partial(
        steiger_quantitative, **(_QUANTITATIVE | {"r2": (0.04, 0.01)})
    ),
    "steiger: equal shares, 10 variants, exposure study smaller": partial(
        steiger_quantitative, people=(1000, 4000), n_variants=10, r2=(0.05, 0.05)
    ),
    "steiger: equal shares, case-control outcome": steiger_case_control,
    "minimum detectable effect: `ivw_fixed`": partial(detectable, method="ivw_fixed"),
    "minimum detectable effect: `ivw`": partial(detectable, method="ivw"),
    "outlier, none there: influence, `ivw`": partial(flagged, method="ivw"),
    "outlier, none there: influence, `egger`": partial(flagged, method="egger"),
    "outlier, none there: `ivw_radial`": partial(flagged, method="ivw_radial"),
    "outlier, none there: `egger_radial`": partial(flagged, method="egger_radial"),
}
