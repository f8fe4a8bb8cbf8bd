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
    with pytest.raises(InputFileError, match="without alleles") as caught:
        read_ld(path)
    assert "sign of r" in caught.value.faults[0].hint


PLINK_1 = " CHR_A BP_A SNP_A CHR_B BP_B SNP_B R2\n 1 1 rs1 1 2 rs2 0.5\n"
PLINK_2 = "#CHROM_A\tPOS_A\tID_A\tCHROM_B\tPOS_B\tID_B\tUNPHASED_R\n1\t1\trs1\t1\t2\trs2\t0.5\n"


@pytest.mark.parametrize("name", ["r.ld", "r.ld.gz", "R.LD"])
@pytest.mark.parametrize("text", [PLINK_1, PLINK_1.replace("R2", "R"), PLINK_2])
def test_read_ld__pairs_are_no_matrix(tmp_path, alleles, name, text):
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    with pytest.raises(InputFileError, match="--r square") as caught:
        read_ld(path, alleles)
    (fault,) = caught.value.faults
    assert (fault.code, fault.where) == ("pairs_are_no_matrix", str(path))
    assert "pairs" in fault.found


def test_read_ld__names_of_variants_that_look_like_a_header_are_no_pairs(tmp_path):
    """The table of variants names the rows; the matrix has numbers only."""
    (tmp_path / "r.ld").write_text("1 0\n0 1\n")
    (tmp_path / "v.tsv").write_text("rsid\teffect_allele\tother_allele\nSNP_A\tA\tG\nSNP_B\tC\tT\n")
    assert read_ld(tmp_path / "r.ld", tmp_path / "v.tsv").rsid == ("SNP_A", "SNP_B")


TABLE = "rsid\trs1\trs2\nrs1\t{}\t{}\nrs2\t{}\t{}\n"
UNUSABLE = [
    ("absent.tsv", None),
    ("absent.npz", None),
    ("absent.ld", None),
    ("empty.tsv", ""),
    ("empty.npz", ""),
    ("empty.ld", ""),
    ("r.tsv", TABLE.format(1, 2, 2, 1)),
    ("r.tsv", TABLE.format(1, 0.5, 0.2, 1)),
    ("r.tsv", TABLE.format(2, 0, 0, 2)),
    ("r.tsv", TABLE.format(1, "x", "x", 1)),
    ("r.tsv", "rsid\trs1\trs2\nrs1\t1\t0\n"),
    ("r.tsv", TABLE.replace("rs2", "rs7").format(1, 0, 0, 1)),
    ("r.npz", "no archive"),
    ("r.ld", "1 0\n0\n"),
    ("r.ld", "1 0 0\n0 1 0\n0 0 1\n"),
    ("r.ld", "1 nan\nnan 1\n"),
    ("r.ld", "0.5 0\n0.3 0.7\n"),
    ("r.ld", PLINK_1),
    ("r.ld.bin", "12345678"),
    ("R.BIN", "12345678"),
]


@pytest.mark.parametrize(("name", "text"), UNUSABLE)
def test_read_ld__every_fault_says_where_what_and_what_to_do(tmp_path, alleles, name, text):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(OsteobiomeError) as caught:
        read_ld(tmp_path / name, alleles)
    for fault in caught.value.faults:
        assert str(tmp_path) in fault.where
        assert all((fault.code, fault.found, fault.expected, fault.hint)), fault


@pytest.mark.parametrize("kind", ["r.tsv", "r.npz", "r.ld"])
@pytest.mark.parametrize(
    "variants",
    [
        None,
        "",
        "rsid\tA\n",
        "rsid\teffect_allele\nrs1\tA\nrs2\tC\n",
        ALLELES.replace("rs2", "rs7") + "rs8\tA\tC\n",
        ALLELES.replace("C\tT", "\tT"),
    ],
)
def test_read_ld__faults_of_the_alleles_do_so_too(tmp_path, kind, variants):
    path = tmp_path / "v.tsv"
    if variants is not None:
        path.write_text(variants)
    if kind == "r.npz":
        np.savez(tmp_path / kind, r=R)
    else:
        (tmp_path / kind).write_text(TABLE.format(1, 0, 0, 1) if kind == "r.tsv" else "1 0\n0 1\n")
    with pytest.raises(OsteobiomeError) as caught:
        read_ld(tmp_path / kind, path)
    for fault in caught.value.faults:
        assert str(tmp_path) in fault.where
        assert all((fault.code, fault.found, fault.expected, fault.hint)), fault
