"""Proxies: the choice against a plain loop over dosages, alleles and effects against a regression on the target."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteobiome.core.errors import ConfigError
from osteobiome.ld.genotypes import Genotypes
from osteobiome.ld.proxies import Proxies, ProxyOptions, find_proxies, restate_proxy

TARGET = [0, 0, 1, 1, 2, 2, 1, 0]
OPPOSITE = [2, 2, 1, 1, 0, 0, 1, 2]
NEARLY = [0, 0, 1, 1, 2, 2, 1, 1]
FLAT = [1] * 8


def draw(rng, n_variants, n_people=60):
    base = rng.binomial(1, 0.4, (3, 2 * n_people))
    haplotypes = base[rng.integers(0, 3, n_variants)] ^ (rng.random((n_variants, 2 * n_people)) < 0.03)
    haplotypes ^= rng.random((n_variants, 1)) < 0.5
    copies = (haplotypes[:, ::2] + haplotypes[:, 1::2]).astype(np.int8)
    copies[rng.random(copies.shape) < 0.05] = -9
    copies[rng.random(n_variants) < 0.1] = 2
    same = rng.random(n_variants) < 0.3  # exact copies: ties
    copies[same] = copies[0]
    return copies, rng.integers(1, 3, n_variants), rng.integers(1, 40, n_variants) * 100


def best_by_dosages(copies, chromosome, position, target, candidates, r2, reach):
    """Return the best proxy and r, by numpy on the people called at both."""
    found = []
    for c in candidates:
        both = (copies[target] >= 0) & (copies[c] >= 0)
        a, b = copies[target][both].astype(float), copies[c][both].astype(float)
        distance = position[c] - position[target]
        if c == target or chromosome[c] != chromosome[target] or abs(distance) > reach or not a.std() * b.std() > 0:
            continue
        r = np.corrcoef(a, b)[0, 1]
        if round(r * r, 10) >= r2:
            found.append((-round(r * r, 10), abs(distance), position[c], c, r))
    return min(found)[3:] if found else (-1, np.nan)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n_variants=st.integers(2, 30),
    r2=st.sampled_from([0.2, 0.6, 0.8, 1.0]),
    kb=st.sampled_from([0.0, 0.5, 4.0]),
)
def test_find_proxies__is_the_best_of_all_dosages(seed, n_variants, r2, kb):
    rng = np.random.default_rng(seed)
    copies, chromosome, position = draw(rng, n_variants)
    shuffled = rng.permutation(n_variants)
    cut = int(rng.integers(0, n_variants))
    target, candidate = shuffled[:cut], shuffled[max(0, cut - 1) :]  # one of them in both
    found = find_proxies(
        Genotypes.from_dosages(copies), target, candidate, chromosome=chromosome, position=position,
        options=ProxyOptions(r2=r2, kb=kb),
    )  # fmt: skip
    for k, row in enumerate(target):
        expected, r = best_by_dosages(copies, chromosome, position, row, candidate, r2, kb * 1000)
        assert found.row[k] == expected
        assert found.r[k] == pytest.approx(r, abs=1e-12, nan_ok=True)
        assert (found.reason[k] == "") == (expected >= 0)
        assert found.distance[k] == (position[expected] - position[row] if expected >= 0 else 0)


def proxies_of(copies, target, candidate, position, **options):
    people = Genotypes.from_dosages(np.array(copies, dtype=np.int8))
    chromosome = np.ones(len(copies), dtype=int)
    return find_proxies(
        people, target, candidate, chromosome=chromosome, position=position, options=ProxyOptions(**options)
    )


@pytest.mark.kernel
def test_find_proxies__of_equal_r2_takes_the_nearest_then_the_first():
    copies = [TARGET, OPPOSITE, TARGET, OPPOSITE, NEARLY]
    assert proxies_of(copies, [0], [1, 2, 3, 4], [100, 160, 140, 50, 100]).row.tolist() == [2]
    assert proxies_of(copies, [0], [1, 2, 3, 4], [100, 140, 160, 60, 100]).row.tolist() == [3]
    assert proxies_of(copies, [0], [1, 2, 3, 4], [100, 100, 100, 60, 100]).row.tolist() == [1]


@pytest.mark.kernel
def test_find_proxies__says_why_there_is_none():
    copies = [TARGET, NEARLY, FLAT]
    assert proxies_of(copies, [-1, 2, 0], [1], [1, 2, 3], r2=0.99).reason.tolist() == [
        "not_in_panel", "no_variation", "r2_below_threshold",
    ]  # fmt: skip
    assert proxies_of(copies, [0], [1], [1, 1_002, 3], kb=1).reason.tolist() == ["no_candidate_in_window"]
    assert proxies_of(copies, [0], [1], [1, 1_001, 3], kb=1).row.tolist() == [1]
    assert proxies_of(copies, [0], [2], [1, 2, 3]).reason.tolist() == ["r2_below_threshold"]
    assert proxies_of(copies, [0], [], [1, 2, 3]).reason.tolist() == ["no_candidate_in_window"]


def test_find_proxies__r2_of_the_threshold_is_enough():
    r2 = np.corrcoef(TARGET, NEARLY)[0, 1] ** 2
    assert proxies_of([TARGET, NEARLY], [0], [1], [1, 2], r2=r2).row.tolist() == [1]
    assert proxies_of([TARGET, NEARLY], [0], [1], [1, 2], r2=r2 + 1e-9).row.tolist() == [-1]


def test_options__out_of_range_are_refused():
    with pytest.raises(ConfigError) as caught:
        ProxyOptions(r2=0.0, kb=-1.0)
    assert [fault.where for fault in caught.value.faults] == ["r2", "kb"]


def fitted(copies, outcome):
    """Return the slope of the outcome on copies."""
    return float(np.polyfit(copies, outcome, 1)[0])


@pytest.mark.parametrize("proxy", [TARGET, OPPOSITE])
@pytest.mark.parametrize("sign_of_target", [1, -1])
@pytest.mark.parametrize("sign_of_proxy", [1, -1])
def test_restate_proxy__is_the_effect_of_the_target_when_both_are_the_same_variant(
    proxy, sign_of_target, sign_of_proxy
):
    """The panel counts A of the target (A/G) and C of the proxy (C/T); the trait counts these or the others."""
    outcome = np.array([0.1, 0.3, 0.9, 0.8, 2.1, 1.9, 1.2, -0.1])
    per_effect_allele = [
        np.array(v) if s > 0 else 2 - np.array(v) for v, s in ((TARGET, sign_of_target), (proxy, sign_of_proxy))
    ]
    found = restate_proxy(
        proxies_of([TARGET, proxy], [0], [1], [1, 2]),
        beta=[fitted(per_effect_allele[1], outcome)],
        eaf=[per_effect_allele[1].mean() / 2],
        effect_allele=["C" if sign_of_proxy > 0 else "T"],
        other_allele=["T" if sign_of_proxy > 0 else "C"],
        sign_of_target=[sign_of_target],
        sign_of_proxy=[sign_of_proxy],
    )
    assert found.beta[0] == pytest.approx(fitted(per_effect_allele[0], outcome))
    assert found.eaf[0] == pytest.approx(per_effect_allele[0].mean() / 2)
    together = (proxy is TARGET) == (sign_of_target > 0)  # A with C in the panel, read from the target's effect allele
    assert (found.effect_allele[0], found.other_allele[0]) == (("C", "T") if together else ("T", "C"))


def test_restate_proxy__without_a_proxy_is_empty():
    none = Proxies(np.array([-1]), np.array([np.nan]), np.array([0]), np.array(["not_in_panel"]))
    found = restate_proxy(
        none, beta=[0.1], eaf=[0.2], effect_allele=["A"], other_allele=["G"], sign_of_target=[1], sign_of_proxy=[1]
    )
    assert np.isnan(found.beta[0])
    assert np.isnan(found.eaf[0])
    assert (found.effect_allele[0], found.other_allele[0]) == ("", "")
    assert none.phase.tolist() == [0]
    assert np.isnan(none.r2[0])
