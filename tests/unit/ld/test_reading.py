"""A signed LD matrix, whatever kind of file it is in."""

import gzip

import numpy as np
import pytest

from osteobiome.core.errors import InputFileError, OsteobiomeError
from osteobiome.ld.reading import read_ld

R = np.array([[1.0, -0.25], [-0.25, 1.0]])
ALLELES = "rsid\teffect_allele\tother_allele\nrs1\tA\tG\nrs2\tC\tT\n"


@pytest.fixture
def alleles(tmp_path):
    path = tmp_path / "variants.tsv"
    path.write_text(ALLELES)
    return path


def test_read_ld__takes_every_kind_of_file(tmp_path, alleles):
    table, npz, plink, packed = (tmp_path / name for name in ("r.tsv", "r.npz", "r.ld", "q.ld.gz"))
    table.write_text("rsid\trs1\trs2\nrs1\t1\t-0.25\nrs2\t-0.25\t1\n")
    np.savez(npz, r=R)
    plink.write_text("1\t-0.25\n-0.25\t1\n")
    packed.write_bytes(gzip.compress(plink.read_bytes()))
    for path in (table, npz, plink, packed):
        found = read_ld(path, alleles)
        np.testing.assert_array_equal(found.r, R)
        assert (found.rsid, found.counted, found.other) == (("rs1", "rs2"), ("A", "C"), ("G", "T"))


def test_read_ld__npz_may_hold_the_alleles(tmp_path):
    np.savez(tmp_path / "r.npz", r=R, rsid=["rs1", "rs2"], counted=["A", "C"], other=["G", "T"])
    assert read_ld(tmp_path / "r.npz").counted == ("A", "C")
    np.savez(tmp_path / "bare.npz", r=R)
    with pytest.raises(OsteobiomeError, match=r"bare\.npz"):
        read_ld(tmp_path / "bare.npz")


def test_read_ld__others_need_them(tmp_path):
    path = tmp_path / "r.ld"
    path.write_text("1\t0\n0\t1\n")
    with pytest.raises(InputFileError, match="without alleles"):
        read_ld(path)


def test_read_ld__pairs_are_no_matrix(tmp_path, alleles):
    path = tmp_path / "r.ld"
    path.write_text(" CHR_A BP_A SNP_A CHR_B BP_B SNP_B R\n 1 1 rs1 1 2 rs2 0.5\n")
    with pytest.raises(InputFileError, match="--r square"):
        read_ld(path, alleles)
