import shutil
import subprocess

import numpy as np
import pytest

from osteobiome.core.errors import SchemaError
from osteobiome.ld import correlation
from osteobiome.ld.correlation import ld_matrix, ld_windows, standardised, varies, window_bounds
from osteobiome.ld.genotypes import MISSING, Genotypes


def dosages(n_variants, n_people, *, seed, missing=0.0):
    """Return genotypes of neighbours that share haplotypes, some not called."""
    rng = np.random.default_rng(seed)
    liability = np.cumsum(rng.normal(size=(n_variants, 2, n_people)), axis=0)
    liability /= np.sqrt(np.arange(1, n_variants + 1))[:, None, None]
    cut = rng.uniform(-1.0, 1.0, (n_variants, 1, 1))
    copies = (liability > cut).sum(axis=1).astype(np.int8)
    copies[rng.random(copies.shape) < missing] = MISSING
    return copies


def imputed(copies):
    values = np.where(copies < 0, np.nan, copies)
    return np.where(copies < 0, np.nanmean(values, axis=1, keepdims=True), values)


def pairwise_oracle(copies):
    n = len(copies)
    r = np.full((n, n), np.nan)
    for i in range(n):
        for j in range(n):
            both = (copies[i] >= 0) & (copies[j] >= 0)
            x, y = copies[i][both], copies[j][both]
            if len(set(x.tolist())) > 1 and len(set(y.tolist())) > 1:
                r[i, j] = np.corrcoef(x, y)[0, 1]
    return r


def write_plink(prefix, copies):
    """Write a PLINK 1 file whose A1 is the counted allele."""
    code = {2: 0b00, MISSING: 0b01, 1: 0b10, 0: 0b11}
    n_people = copies.shape[1]
    rows = np.zeros((len(copies), -(-n_people // 4)), dtype=np.uint8)
    for person in range(n_people):
        rows[:, person // 4] |= np.array([code[c] << (2 * (person % 4)) for c in copies[:, person].tolist()], np.uint8)
    prefix.with_suffix(".bed").write_bytes(b"\x6c\x1b\x01" + rows.tobytes())
    prefix.with_suffix(".bim").write_text("".join(f"1\trs{i}\t0\t{1000 * i + 1}\tA\tC\n" for i in range(len(copies))))
    prefix.with_suffix(".fam").write_text("".join(f"f{i}\ti{i}\t0\t0\t1\t-9\n" for i in range(n_people)))


def test_standardised__has_mean_zero_and_mean_square_one():
    x = standardised(Genotypes.from_dosages(dosages(30, 101, seed=1, missing=0.1)))
    assert np.abs(x.mean(axis=1)).max() < 1e-14
    np.testing.assert_allclose(np.square(x).mean(axis=1), 1.0, rtol=1e-13)


def test_standardised__is_zero_for_monomorphic_and_never_called_variants():
    copies = np.array([[0, 0, 0], [1, 1, MISSING], [MISSING] * 3, [0, 1, 2]], dtype=np.int8)
    x = standardised(Genotypes.from_dosages(copies), dtype=np.float32)
    assert x.dtype == np.float32
    assert not x[:3].any()
    np.testing.assert_allclose(x[3], [-np.sqrt(1.5), 0.0, np.sqrt(1.5)], rtol=1e-6)


def test_varies__counts_the_called_only():
    copies = np.array([[0, 0, 0], [1, 1, MISSING], [MISSING] * 3, [0, MISSING, 2], [1, 1, 1]], dtype=np.int8)
    assert varies(Genotypes.from_dosages(copies)).tolist() == [False, False, False, True, False]


def test_ld_matrix__equals_numpy_where_all_are_called():
    copies = dosages(150, 203, seed=2)
    np.testing.assert_allclose(ld_matrix(Genotypes.from_dosages(copies)), np.corrcoef(copies), rtol=0, atol=1e-14)


@pytest.mark.parametrize("sizes", [(512, 2048, 4096), (7, 20, 33)])
def test_ld_matrix__does_not_depend_on_tiles(sizes, monkeypatch):
    copies = dosages(100, 65, seed=3, missing=0.02)
    whole = ld_matrix(Genotypes.from_dosages(copies))
    for name, size in zip(("TILE_ROWS", "TILE_COLUMNS", "SPAN"), sizes, strict=True):
        monkeypatch.setattr(correlation, name, size)
    again = ld_matrix(Genotypes.from_dosages(copies))
    np.testing.assert_allclose(again, whole, rtol=0, atol=2e-15)
    np.testing.assert_allclose(whole, np.corrcoef(imputed(copies)), rtol=0, atol=2e-14)


def test_ld_matrix__is_exact_in_symmetry_diagonal_and_bounds():
    copies = dosages(60, 343, seed=4)
    copies[30:45] = copies[:15]
    copies[45:] = 2 - copies[:15]
    r = ld_matrix(Genotypes.from_dosages(copies))
    assert (r == r.T).all()
    assert (np.diag(r) == 1.0).all()
    assert np.abs(r).max() <= 1.0
    np.testing.assert_allclose(np.diag(r[30:45, :15]), 1.0, rtol=0, atol=1e-15)
    np.testing.assert_allclose(np.diag(r[45:, :15]), -1.0, rtol=0, atol=1e-15)


def test_ld_matrix__has_no_number_for_variants_that_do_not_vary():
    copies = dosages(6, 40, seed=5)
    copies[2], copies[4] = 1, MISSING
    r = ld_matrix(Genotypes.from_dosages(copies))
    without = np.isnan(r)
    assert without[[2, 4]].all()
    assert without[:, [2, 4]].all()
    assert without.sum() == 2 * 12 - 4
    pairwise = ld_matrix(Genotypes.from_dosages(copies), missing="pairwise")
    assert (np.isnan(pairwise) == without).all()


def test_ld_matrix__pairwise_equals_a_loop_over_pairs():
    copies = dosages(25, 60, seed=6, missing=0.3)
    copies[3, :50] = MISSING
    r = ld_matrix(Genotypes.from_dosages(copies), missing="pairwise")
    np.testing.assert_allclose(r, pairwise_oracle(copies), rtol=0, atol=1e-14)


def test_ld_matrix__mean_is_positive_semidefinite_where_pairwise_is_not():
    copies = dosages(40, 30, seed=7, missing=0.3)
    genotypes = Genotypes.from_dosages(copies)
    assert np.linalg.eigvalsh(ld_matrix(genotypes)).min() > -1e-12
    assert np.linalg.eigvalsh(ld_matrix(genotypes, missing="pairwise")).min() < -0.01


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("plink1.9") is None, reason="plink1.9 is not installed")
def test_ld_matrix__pairwise_equals_plink(tmp_path):
    copies = dosages(40, 100, seed=8, missing=0.1)
    write_plink(tmp_path / "x", copies)
    subprocess.run(
        ["plink1.9", "--bfile", "x", "--r", "square", "--keep-allele-order", "--allow-no-sex", "--out", "y"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    printed = np.loadtxt(tmp_path / "y.ld")
    ours = ld_matrix(Genotypes.from_dosages(copies), missing="pairwise")
    np.testing.assert_allclose(ours, printed, rtol=1e-5, atol=1e-6)  # plink prints six digits


def test_window_bounds__equal_a_loop_over_pairs():
    rng = np.random.default_rng(9)
    chromosome = np.sort(rng.integers(1, 4, 200))
    place = rng.integers(0, 60, 200) * 100
    order = np.lexsort((place, chromosome))
    chromosome, place = chromosome[order], place[order]
    begin, end = window_bounds(chromosome, place, reach=500)
    for i in range(200):
        near = np.flatnonzero((chromosome == chromosome[i]) & (np.abs(place - place[i]) <= 500))
        assert (begin[i], end[i]) == (near[0], near[-1] + 1)


def test_window_bounds__are_the_same_from_both_sides_in_centimorgans():
    place = np.cumsum(np.full(300, 0.1))
    begin, end = window_bounds(np.ones(300, int), place, reach=0.7)
    inside = (np.arange(300) >= begin[:, None]) & (np.arange(300) < end[:, None])
    assert (inside == inside.T).all()


def test_window_bounds__of_no_variant_are_empty():
    begin, end = window_bounds(np.zeros(0, int), np.zeros(0, int), reach=5)
    assert len(begin) == len(end) == 0


@pytest.mark.parametrize(
    ("chromosome", "place", "reach", "code"),
    [
        ([1, 1], [5, 4], 1.0, "ld_not_sorted"),
        ([2, 1], [5, 6], 1.0, "ld_not_sorted"),
        ([1, 1], [0.5, np.nan], 1.0, "ld_not_sorted"),
        ([1], [np.nan], 1.0, "ld_not_sorted"),
        ([1, 1], [4, 5], -1.0, "bad_window"),
        ([1, 1], [4, 5], np.nan, "bad_window"),
    ],
)
def test_window_bounds__refuses(chromosome, place, reach, code):
    with pytest.raises(SchemaError) as raised:
        window_bounds(np.array(chromosome), np.array(place), reach=reach)
    assert raised.value.faults[0].code == code


@pytest.mark.parametrize("missing", ["mean", "pairwise"])
def test_ld_windows__hold_the_pairs_of_the_matrix(missing, monkeypatch):
    for name, size in (("TILE_ROWS", 16), ("TILE_COLUMNS", 24), ("SPAN", 50)):
        monkeypatch.setattr(correlation, name, size)
    copies = dosages(120, 50, seed=10, missing=0.1)
    copies[17] = 0
    genotypes = Genotypes.from_dosages(copies)
    chromosome = np.repeat([1, 2], 60)
    position = np.tile(np.cumsum(np.random.default_rng(11).integers(1, 300, 60)), 2)
    windows = ld_windows(genotypes, chromosome, position, window_kb=3, missing=missing)
    r = ld_matrix(genotypes, missing=missing)
    near = (np.abs(position[:, None] - position) <= 3000) & (chromosome[:, None] == chromosome)
    assert len(windows.r) == near.sum()
    for i in range(120):
        np.testing.assert_allclose(windows.row(i), r[i][near[i]], rtol=0, atol=3e-8)
