"""Goodness of fit of constrained likelihood on perturbed data: how often it rejects where nothing is amiss."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from osteobiome.instruments import Instruments
from osteobiome.mr import cml_ma_bic_dp

THETA, SE, N_PEOPLE, N_DRAWS = 0.3, 0.01, 1e5, 200
WARNED = 0.01


class Setting(NamedTuple):
    """Variants of one F and one standard error, some with a direct effect of either sign, in standard errors."""

    n_variants: int
    f: int
    n_invalid: int = 0
    low: int = 0
    high: int = 0

    @property
    def label(self) -> str:
        """The setting in words."""
        direct = f"{self.n_invalid} invalid by {self.low} to {self.high} se" if self.n_invalid else "all valid"
        return f"{self.n_variants} variants of F {self.f}, {direct}"


SETTINGS = {
    setting.label: setting
    for setting in (
        Setting(10, 30),
        Setting(50, 60),
        Setting(100, 10),
        Setting(10, 30, 3, 20, 30),
        Setting(20, 40, 6, 20, 30),
        Setting(10, 30, 3, 8, 12),
        Setting(20, 40, 6, 8, 12),
    )
}


class Rejected(NamedTuple):
    """Pairs that either test rejects at 5 %, and those whose message warns."""

    first: int
    second: int
    warned: int
    n: int


def pair_of(setting: Setting, rng: np.random.Generator) -> Instruments:
    """Return a pair of a setting, with an effect of THETA."""
    m = setting.n_variants
    gamma = np.full(m, SE * np.sqrt(setting.f - 1.0))
    direct = SE * rng.uniform(setting.low, setting.high, m) * rng.choice([-1.0, 1.0], m)
    direct[setting.n_invalid :] = 0.0
    x = gamma + SE * rng.normal(size=m)
    y = THETA * gamma + direct + SE * rng.normal(size=m)
    return Instruments.from_arrays(x, [SE] * m, y, [SE] * m)


def rejected(setting: Setting, seed: int, n: int) -> Rejected:
    """Count rejections; every pair has draws of its own, and an estimate."""
    rng = np.random.default_rng([seed, *setting])
    pairs = [pair_of(setting, rng) for _ in range(n)]

    def p_values(numbered: tuple[int, Instruments]) -> list[float]:
        i, pair = numbered
        result = cml_ma_bic_dp(pair, n=N_PEOPLE, n_bootstrap=N_DRAWS, seed=seed * 100_000 + i)
        both = [result.diagnostic(f"goodness_of_fit_{number}").p_value for number in (1, 2)]
        assert ("do not scatter" in result.message) == (min(both) < WARNED)
        return both

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # kernels release the interpreter lock
        p = np.array(list(pool.map(p_values, enumerate(pairs))))
    first, second = (p < 0.05).sum(axis=0).tolist()
    return Rejected(first, second, int((p.min(axis=1) < WARNED).sum()), n)
