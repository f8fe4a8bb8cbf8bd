"""`osteobiome ld convert`: VCF once, PLINK 1 files from then on."""

from __future__ import annotations

import gzip

import pytest

SMALL = (
    "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\tc\td\te\n"
    "1\t100\trs1\tA\tG\t.\t.\t.\tGT\t0/0\t0|1\t1/1\t./.\t0/1\n"
    "1\t200\trs2\tA\tG,T\t.\t.\t.\tGT\t0/1\t0/2\t1/2\t0/0\t0/0\n"
    "1\t300\tsv\tA\t<DEL>\t.\t.\t.\tGT\t0/0\t0/1\t0/0\t0/0\t0/0\n"
)


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.vcf").write_text(SMALL)
    return tmp_path


def test_convert__writes_and_counts(osteobiome, small):
    ran = osteobiome("ld", "convert", "in.vcf", "new/panel")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "wrote new/panel.bed",
        "wrote new/panel.bim",
        "wrote new/panel.fam",
        "4 alternate alleles, 3 written",
        "  1 left out: alleles not spelt in letters (structural variants) (1:300:A:<DEL>)",
        "  1 of all calls: missing call",
        "  2: from a site with several alternate alleles, each its own row",
        "  2: with a name that another row has, too",
    ]
    # G: 0 1 2 . 1; G of G,T: 1 0 1 0 0; T: 0 1 1 0 0; two bits each, the first person lowest
    by_hand = [0b01_00_10_11, 0b10, 0b11_10_11_10, 0b11, 0b11_10_10_11, 0b11]
    assert (small / "new" / "panel.bed").read_bytes() == bytes([0x6C, 0x1B, 0x01, *by_hand])
    lines = (small / "new" / "panel.bim").read_text().splitlines()
    assert lines == ["1\trs1\t0\t100\tG\tA", "1\trs2\t0\t200\tG\tA", "1\trs2\t0\t200\tT\tA"]


def test_convert__refuses_to_overwrite_unless_told(osteobiome, small):
    (small / "p.fam").write_text("mine")
    ran = osteobiome("ld", "convert", "in.vcf", "p", "--json")
    assert (ran.code, ran.json["faults"][0]["code"]) == (2, "file_exists")
    assert ran.json["faults"][0]["where"] == "p.fam"
    assert sorted(path.name for path in small.iterdir()) == ["in.vcf", "p.fam"]
    ran = osteobiome("ld", "convert", "in.vcf", "p.bed", "--overwrite", "--json")
    assert ran.json["files"] == ["p.bed", "p.bim", "p.fam"]
    assert (ran.json["n_in"], ran.json["n_kept"], ran.json["n_dropped"]) == (4, 3, {"symbolic_allele": 1})
    assert (small / "p.fam").read_text() != "mine"


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        ("none.vcf", "p", "missing_file"),
        ("empty.vcf", "p", ""),
        ("text.vcf", "p", ""),
        ("cut.vcf.gz", "p", ""),
        ("in.vcf", "in.vcf/p", "not_a_folder"),
        ("in.vcf", "x" * 300, "cannot_write"),
    ],
)
def test_convert__of_what_cannot_be_read_or_written_leaves_nothing(osteobiome, small, source, target, code):
    (small / "empty.vcf").write_bytes(b"")
    (small / "text.vcf").write_text("rsid\tbeta\nrs1\t0.1\n")
    (small / "cut.vcf.gz").write_bytes(gzip.compress(SMALL.encode())[:-20])
    before = sorted(path.name for path in small.iterdir())
    ran = osteobiome("ld", "convert", source, target, "--json")
    assert ran.code == 2
    assert not code or ran.json["faults"][0]["code"] == code
    assert sorted(path.name for path in small.iterdir()) == before
