"""Haplotype r²: against plink1.9, against a slow search of the likelihood, and at the boundaries."""

import itertools
import re
import shutil
import subprocess

import numpy as np
import pytest

from osteobiome.ld.genotypes import Genotypes
from osteobiome.ld.haplotypes import haplotype_r2
from osteobiome.stats.bits import plane_counts, r_of_pairs
from osteobiome.stats.haplotypes import disequilibrium, real_roots, stationary_points

PLINK = shutil.which("plink1.9")
needs_plink = pytest.mark.skipif(PLINK is None, reason="plink1.9 is not installed")


def of_table(table):
    """Return copies of two variants whose 3 × 3 table is given."""
    return np.array([[a, b] for a in range(3) for b in range(3) for _ in range(table[a][b])], dtype=np.int8).T


def r2_of_table(table):
    return float(haplotype_r2(Genotypes.from_dosages(of_table(table)), first=[0], second=[1])[0])


def likelihood(table, x):
    """Return the log likelihood of x haplotypes 11 among double heterozygotes, for a grid of x."""
    t = np.asarray(table, dtype=float)
    known = np.array(
        [2 * t[2, 2] + t[2, 1] + t[1, 2], 2 * t[2, 0] + t[2, 1] + t[1, 0], 2 * t[0, 2] + t[0, 1] + t[1, 2],
         2 * t[0, 0] + t[0, 1] + t[1, 0]]
    )  # fmt: skip
    share = (known[:, None] + np.array([x, t[1, 1] - x, t[1, 1] - x, x])) / (2 * t.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(known[:, None] > 0, known[:, None] * np.log(share), 0.0)
        return terms.sum(0) + t[1, 1] * np.log(share[0] * share[3] + share[1] * share[2]), share


def r2_by_search(table):
    """Return signed r² at the highest likelihood on ever finer grids: slow, and knows no equation."""
    low, high = 0.0, float(table[1][1])
    for _ in range(40):
        grid = np.linspace(low, high, 401)
        value, share = likelihood(table, grid)
        best = int(np.argmax(value))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, 400)]
    f11, f12, f21, f22 = share[:, best]
    d = f11 * f22 - f12 * f21
    return np.sign(d) * d * d / ((f11 + f12) * (f21 + f22) * (f11 + f21) * (f12 + f22))


@pytest.mark.kernel
def test_haplotype_r2__is_at_the_highest_likelihood():
    rng = np.random.default_rng(7)
    compared = 0
    for _ in range(150):
        table = rng.multinomial(rng.integers(5, 60), rng.dirichlet(np.full(9, 0.4))).reshape(3, 3)
        got = r2_of_table(table)
        if np.isnan(got) or table[1, 1] == 0:
            continue
        compared += 1
        expected = r2_by_search(table)
        assert abs(got) == pytest.approx(abs(expected), abs=2e-6)
        ends, _ = likelihood(table, np.array([0.0, table[1, 1]]))
        if abs(ends[0] - ends[1]) > 1e-9:  # else both phases may be as likely
            assert np.sign(got) == np.sign(expected)
    assert compared > 60


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ([[5, 0, 0], [0, 7, 0], [0, 0, 3]], 1.0),  # the same variant
        ([[0, 0, 5], [0, 7, 0], [3, 0, 0]], -1.0),
        ([[4, 0, 4], [0, 0, 0], [4, 0, 4]], 0.0),  # independent, nobody ambiguous
        ([[3, 0, 1], [0, 0, 0], [1, 0, 3]], 0.25),
        ([[4, 0, 0], [0, 0, 0], [0, 0, 4]], 1.0),
    ],
)
def test_haplotype_r2__of_tables_known_by_hand(table, expected):
    assert r2_of_table(table) == pytest.approx(expected, abs=1e-12)


@pytest.mark.kernel
@pytest.mark.parametrize(
    "table", [[[0, 0, 0], [3, 4, 5], [0, 0, 0]], [[0, 9, 0], [0, 0, 0], [0, 0, 0]], [[5, 0, 4], [0, 0, 0], [0, 0, 0]]]
)
def test_haplotype_r2__without_variation_is_missing_unless_heterozygotes_hide_it(table):
    """Somebody heterozygous is variation; all of one genotype that is homozygous is none."""
    varies = table[1] != [0, 0, 0]
    assert np.isnan(r2_of_table(table)) != varies


@pytest.mark.kernel
def test_haplotype_r2__does_not_depend_on_coding_or_order(random_dosages):
    copies = random_dosages(6, 50, missing=0.1)
    first, second = np.triu_indices(6, 1)
    once = haplotype_r2(Genotypes.from_dosages(copies), first=first, second=second)
    other = np.where(copies >= 0, 2 - copies, copies).astype(np.int8)
    other[3] = copies[3]
    again = haplotype_r2(Genotypes.from_dosages(other), first=first, second=second)
    sign = np.where((first == 3) != (second == 3), -1, 1)
    np.testing.assert_array_equal(again, sign * once)
    back = haplotype_r2(Genotypes.from_dosages(copies), first=second, second=first)
    np.testing.assert_allclose(back, once, rtol=1e-12)


@pytest.mark.kernel
def test_real_roots__finds_roots_once_and_in_order():
    rng = np.random.default_rng(3)
    for _ in range(300):
        roots = np.sort(rng.uniform(-2, 2, 3))
        a, b, c = np.poly(roots)[1:]
        n, *found = real_roots(a, b, c)
        assert n == 3
        np.testing.assert_allclose(found, roots, atol=1e-6 / max(1e-3, np.diff(roots).min()))
    assert real_roots(0.0, 0.0, 0.0)[:2] == (1, 0.0)
    assert real_roots(0.0, 1.0, -2.0)[:2] == pytest.approx((1, 1.0))
    for roots in ([1.0, 1.0, 3.0], [1.0, 3.0, 3.0], [-3.0, -3.0, -1.0]):
        n, low, high, _ = real_roots(*np.poly(roots)[1:])
        assert (n, low, high) == pytest.approx((2, roots[0], roots[2]), abs=1e-7)


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("coefficients", "distinct"),
    [
        ((-0.06, 0.0009000000000000001, -4.000000000000001e-06), [0.01, 0.04]),  # 0.01 twice, apart by rounding
        ((-0.15, 0.0072, -0.000108), [0.03, 0.06]),  # 0.06 twice
        ((-3e-10, 2e-20, 0.0), [1e-10]),  # 0, 1e-10, 2e-10
    ],
)
def test_real_roots__that_nearly_coincide_are_one(coefficients, distinct):
    n, *found = real_roots(*coefficients)
    assert found[:n] == pytest.approx(distinct, abs=2e-9)


@pytest.mark.kernel
def test_disequilibrium__is_at_the_highest_likelihood_for_every_small_table():
    """All counts of known haplotypes up to 4 and of double heterozygotes up to 5, against a grid over x."""
    grid = np.linspace(0.0, 1.0, 401)
    for known in itertools.product(range(5), repeat=4):
        for n_unphased in range(1, 6):
            total = sum(known) + 2.0 * n_unphased
            d, p, q = disequilibrium(*map(float, known), float(n_unphased))
            chosen = (d + p * q) * total - known[0]
            assert -1e-9 <= chosen <= n_unphased + 1e-9
            x = np.append(grid * n_unphased, np.clip(chosen, 0.0, n_unphased))
            share = (np.array(known)[:, None] + np.array([x, n_unphased - x, n_unphased - x, x])) / total
            logs = np.log(np.where(share > 0, share, 1e-300))
            value = np.array(known) @ logs + n_unphased * np.log(share[0] * share[3] + share[1] * share[2])
            assert value[-1] >= value[:-1].max() - 1e-8, (known, n_unphased)


@pytest.mark.kernel
def test_haplotype_r2__of_people_never_called_together_is_missing():
    apart = Genotypes.from_dosages(np.array([[0, 1, -9, -9], [-9, -9, 2, 1]], dtype=np.int8))
    assert np.isnan(haplotype_r2(apart, first=[0], second=[1])[0])


@pytest.mark.kernel
def test_stationary_points__lie_in_range_and_solve_the_equation():
    rng = np.random.default_rng(5)
    for _ in range(300):
        *f, h = rng.dirichlet(np.full(5, 0.5)) * [1, 1, 1, 1, 0.5]
        n, *found = stationary_points(*f, h)
        assert n >= 1
        for x in found[:n]:
            assert 0 <= x <= h
            same, cross = (f[0] + x) * (f[3] + x), (f[1] + h - x) * (f[2] + h - x)
            assert x * (same + cross) == pytest.approx(h * same, abs=1e-10)


def plink(prefix, *options):
    command = [PLINK, "--bfile", str(prefix), "--out", str(prefix), *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@needs_plink
def test_haplotype_r2__is_the_likeliest_of_the_solutions_that_plink_prints(write_panel):
    """``--ld`` prints r² of every solution to six digits; the slow search tells which one counts."""
    rng = np.random.default_rng(0)
    several = 0
    for trial in range(40):
        copies = rng.binomial(2, rng.uniform(0.1, 0.9, 2)[:, None], (2, 25)).astype(np.int8)
        prefix = write_panel(copies, f"ld{trial}")
        printed = [float(text) for text in re.findall(r"R-sq = (\S+)", plink(prefix, "--ld", "rs1", "rs2"))]
        several += len(printed) > 1
        table = [[np.sum((copies[0] == a) & (copies[1] == b)) for b in range(3)] for a in range(3)]
        likeliest = abs(r2_by_search(np.array(table))) if len(printed) > 1 else printed[0]
        expected = min(printed, key=lambda r2: abs(r2 - likeliest))
        got = haplotype_r2(Genotypes.from_dosages(copies), first=[0], second=[1])[0]
        assert abs(got) == pytest.approx(expected, rel=1e-5, abs=1e-12)
    assert several > 0


@needs_plink
def test_r_of_pairs__equals_plink_r2_where_haplotypes_differ(write_panel, random_dosages):
    """``--r2`` is of copies, not of haplotypes."""
    copies = random_dosages(8, 40, seed=11)
    prefix = write_panel(copies)
    plink(prefix, "--r2", "inter-chr", "--ld-window-r2", "0")
    lines = [line.split() for line in prefix.with_suffix(".ld").read_text().splitlines()[1:]]
    first, second = (np.array([int(line[k].removeprefix("rs")) - 1 for line in lines]) for k in (2, 5))
    genotypes = Genotypes.from_dosages(copies)
    planes = genotypes.one, genotypes.two, genotypes.called
    r = r_of_pairs(*planes, plane_counts(*planes), 40, first, second)
    np.testing.assert_allclose(r**2, [float(line[6]) for line in lines], rtol=1e-5)
    assert len(lines) == 28
    assert np.abs(np.abs(haplotype_r2(genotypes, first=first, second=second)) - r**2).max() > 0.01
