import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest

from osteobiome.core.errors import EstimationError, SchemaError
from osteobiome.ld import correlation
from osteobiome.ld.genotypes import MISSING, Genotypes
from osteobiome.ld.scores import ld_scores

FIXTURE = Path(__file__).parents[2] / "data" / "ld" / "ldscore_chr22"
N_PEOPLE, BYTES_PER_VARIANT, CHUNK = 343, 86, 50


def table(name):
    return [line.split() for line in gzip.decompress((FIXTURE / name).read_bytes()).decode().splitlines()]


def panel():
    """Return the first 1,200 variants of chromosome 22: genotypes, positions, and what Python ldsc printed."""
    raw = np.frombuffer(lzma.decompress((FIXTURE / "genotypes.bed.xz").read_bytes()), dtype=np.uint8)
    genotypes = Genotypes.from_bed(raw.reshape(-1, BYTES_PER_VARIANT), n_people=N_PEOPLE)
    variants = table("genotypes.bim.gz")
    printed = table("ldsc.l2.tsv.gz")[1:]
    assert [v[1] for v in variants] == [row[1] for row in printed]
    return genotypes, np.array([int(v[3]) for v in variants]), np.array([float(row[3]) for row in printed])


def brute_force(copies, near):
    """Return LD scores from all pairs that are marked as near."""
    r2 = np.square(np.corrcoef(copies))
    return np.where(near, r2 - (1.0 - r2) / (copies.shape[1] - 2), 0.0).sum(axis=1)


def chunked(position, *, reach, size):
    """Return which pairs a program counts that moves on by whole chunks, as Python ldsc does.

    The first variants, up to the first one that no longer reaches variant 0 (rounded up to whole chunks), meet each
    other. Each later chunk meets itself, and as many whole chunks' worth of variants to its left as cover the reach of
    its first variant.
    """
    n = len(position)
    first = np.searchsorted(position, position - reach)
    out_of_reach = np.flatnonzero(first > 0)
    start = -(-int(out_of_reach[0]) // size) * size
    near = np.zeros((n, n), dtype=bool)
    near[:start, :start] = True
    for chunk in range(start, n, size):
        left = chunk - -(-(chunk - first[chunk]) // size) * size
        near[chunk : chunk + size, left : chunk + size] = True
        near[left : chunk + size, chunk : chunk + size] = True
    return near


def test_ld_scores__equal_brute_force_on_real_genotypes():
    genotypes, position, _ = panel()
    scores = ld_scores(genotypes, np.full(1200, 22), position)
    near = np.abs(position[:, None] - position) <= 1_000_000
    np.testing.assert_allclose(scores.score, brute_force(genotypes.dosages(), near), rtol=0, atol=1e-11)
    assert (scores.n_in_window == near.sum(axis=1)).all()


def test_ld_scores__in_chunks_would_be_those_of_ldsc_to_the_digits_printed():
    genotypes, position, printed = panel()
    near = chunked(position, reach=1_000_000, size=CHUNK)
    oracle = brute_force(genotypes.dosages(), near)
    last_chunk = np.flatnonzero(position + 1_000_000 < position[-1])[-1] // CHUNK
    whole = slice(0, int(last_chunk - 1) * CHUNK)  # windows that the cut of the fixture leaves whole
    assert whole.stop >= 500
    np.testing.assert_allclose(oracle[whole], printed[whole], rtol=0, atol=5.1e-4)
    exact = ld_scores(genotypes, np.full(1200, 22), position).score
    apart = np.abs(exact - printed)[whole]
    assert 0.01 < apart.mean() < 0.3
    assert apart.max() > 0.5  # chunks are no rounding error


def test_ld_scores__count_a_pair_at_just_the_distance_and_no_other_chromosome():
    copies = np.array([[0, 1, 2, 1, 0], [0, 1, 2, 1, 0], [0, 1, 2, 1, 0], [0, 1, 2, 1, 0]], dtype=np.int8)
    chromosome, position = np.array([1, 1, 1, 2]), np.array([1, 1001, 2002, 2002])
    scores = ld_scores(Genotypes.from_dosages(copies), chromosome, position, window_kb=1)
    np.testing.assert_allclose(scores.score, [2.0, 2.0, 1.0, 1.0], rtol=0, atol=1e-14)
    assert scores.n_in_window.tolist() == [2, 2, 1, 1]


@pytest.mark.parametrize("sizes", [(512, 2048, 4096), (8, 8, 32), (16, 5, 21)])
def test_ld_scores__with_missing_calls_equal_brute_force_in_any_tiles(sizes, monkeypatch):
    for name, size in zip(("TILE_ROWS", "TILE_COLUMNS", "SPAN"), sizes, strict=True):
        monkeypatch.setattr(correlation, name, size)
    rng = np.random.default_rng(1)
    copies = rng.binomial(2, rng.uniform(0.1, 0.9, (90, 1)), (90, 70)).astype(np.int8)
    copies[1::3] = copies[::3]
    copies[rng.random(copies.shape) < 0.05] = MISSING
    position = np.cumsum(rng.integers(1, 200, 90))
    scores = ld_scores(Genotypes.from_dosages(copies), np.ones(90, int), position, window_kb=2)
    filled = np.where(copies < 0, np.nan, copies)
    filled = np.where(copies < 0, np.nanmean(filled, axis=1, keepdims=True), filled)
    near = np.abs(position[:, None] - position) <= 2000
    np.testing.assert_allclose(scores.score, brute_force(filled, near), rtol=0, atol=1e-12)


def test_ld_scores__by_genetic_distance():
    rng = np.random.default_rng(2)
    copies = rng.binomial(2, 0.4, (60, 50)).astype(np.int8)
    position, centimorgan = np.arange(60), np.cumsum(rng.uniform(0.0, 0.4, 60))
    chromosome = np.ones(60, int)
    scores = ld_scores(Genotypes.from_dosages(copies), chromosome, position, window_cm=1.0, centimorgan=centimorgan)
    near = np.abs(centimorgan[:, None] - centimorgan) <= 1.0
    np.testing.assert_allclose(scores.score, brute_force(copies, near), rtol=0, atol=1e-12)


def test_ld_scores__leave_monomorphic_variants_out_and_count_them():
    rng = np.random.default_rng(3)
    copies = rng.binomial(2, 0.4, (20, 50)).astype(np.int8)
    fixed = np.insert(np.insert(copies, 5, 0, axis=0), 9, MISSING, axis=0)
    without = ld_scores(Genotypes.from_dosages(copies), np.ones(20, int), np.arange(20))
    with_them = ld_scores(Genotypes.from_dosages(fixed), np.ones(22, int), np.arange(22))
    is_fixed = np.isin(np.arange(22), [5, 9])
    assert np.isnan(with_them.score[is_fixed]).all()
    assert with_them.score[~is_fixed].tolist() == without.score.tolist()
    assert (with_them.m, with_them.n_monomorphic, without.n_monomorphic) == (20, 2, 0)
    assert with_them.n_in_window[is_fixed].tolist() == [0, 0]


def test_ld_scores__count_common_variants_strictly_above_five_percent():
    copies = np.zeros((4, 100), dtype=np.int8)
    for row, n_copies in enumerate((10, 11, 190, 189)):
        copies[row, : n_copies // 2] = 2
        copies[row, n_copies // 2] = n_copies % 2
    assert ld_scores(Genotypes.from_dosages(copies), np.ones(4, int), np.arange(4)).m_common == 2


def test_ld_scores__of_unlinked_variants_are_one_on_average():
    rng = np.random.default_rng(4)
    copies = rng.binomial(2, 0.3, (400, 60)).astype(np.int8)
    score = ld_scores(Genotypes.from_dosages(copies), np.ones(400, int), np.arange(400)).score
    error = 399 * np.sqrt(2.0) / 60 / np.sqrt(400 * 399 / 2) * np.sqrt(2.0)  # r² of a pair has variance 2 / n²
    assert abs(score.mean() - 1.0) < 4 * error


def test_ld_scores__of_no_varying_variant_are_no_numbers():
    scores = ld_scores(Genotypes.from_dosages(np.zeros((2, 5), np.int8)), np.ones(2, int), np.arange(2))
    assert np.isnan(scores.score).all()
    assert (scores.m, scores.m_common, scores.n_monomorphic) == (0, 0, 2)


def test_ld_scores__refuse_two_people_and_a_window_without_a_map():
    two = Genotypes.from_dosages(np.array([[0, 1]], np.int8))
    with pytest.raises(EstimationError, match="2 people"):
        ld_scores(two, np.ones(1, int), np.ones(1, int))
    three = Genotypes.from_dosages(np.array([[0, 1, 2]], np.int8))
    with pytest.raises(SchemaError, match="no genetic positions"):
        ld_scores(three, np.ones(1, int), np.ones(1, int), window_cm=1.0)
