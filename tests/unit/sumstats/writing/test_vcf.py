"""GWAS-VCF: header, orientation, exact numbers, rows that it cannot hold; read by an independent reader."""

from __future__ import annotations

import datetime
import urllib.parse

import pytest

from osteobiome.core.errors import StoreWriteError
from osteobiome.sumstats import read_sumstats
from osteobiome.sumstats.writing import TraitFacts, write_sumstats


def parse(path):
    """Read a VCF: header lines, and one dict for each row with the fields of its sample."""
    lines = path.read_text().splitlines()
    head = [line for line in lines if line.startswith("##")]
    names, *rows = (line.split("\t") for line in lines[len(head) :])
    assert names[0] == "#CHROM"
    parsed = []
    for cells in rows:
        row = dict(zip(names, cells, strict=True))
        row |= dict(zip(row["FORMAT"].split(":"), cells[-1].split(":"), strict=True))
        parsed.append(row)
    return head, parsed


def test_vcf__holds_each_number_exactly(write, variants):
    _, rows = parse(write("a.vcf", to="vcf"))
    place = {"X": 23, "MT": 25}
    back = {(place.get(row["#CHROM"]) or int(row["#CHROM"]), int(row["POS"])): row for row in rows}
    kept = [row for row in variants().iter_rows(named=True) if row["position"] is not None]
    assert len(back) == len(kept) == 5
    for want in kept:
        row = back[want["chromosome"], want["position"]]
        for ours, theirs in (("beta", "ES"), ("se", "SE"), ("neg_log_10_p_value", "LP"), ("eaf", "AF"), ("n", "SS")):
            value = None if row[theirs] == "." else float(row[theirs])
            assert value == want[ours], (ours, want["rsid"])
        assert (row["ALT"], row["REF"]) == (want["effect_allele"], want["other_allele"])


def test_vcf__is_in_the_order_of_its_contigs(write):
    head, rows = parse(write("a.vcf", to="vcf"))
    contigs = [line.split("ID=")[1].split(",")[0] for line in head if line.startswith("##contig")]
    places = [(contigs.index(row["#CHROM"]), int(row["POS"])) for row in rows]
    assert places == sorted(places)


def test_vcf__encodes_what_its_identifiers_cannot_hold(write, variants):
    rsids = ["1:100:A:G;x", "100%", "a b", "c,d"]
    frame = variants(*({"rsid": rsid, "chromosome": 1, "position": i + 1} for i, rsid in enumerate(rsids)))
    _, rows = parse(write("a.vcf", to="vcf", frame=frame))
    assert [row["#CHROM"] for row in rows] == ["1"] * 4
    columns = [line.split("\t")[2] for line in (write("b.vcf", to="vcf", frame=frame)).read_text().splitlines()[-4:]]
    assert columns == ["1:100:A:G%3Bx", "100%25", "a%20b", "c,d"]
    assert [urllib.parse.unquote(row["ID"]) for row in rows] == rsids


def test_vcf__header_declares_what_rows_use(write):
    head, rows = parse(write("a.vcf", to="vcf", date=datetime.date(2024, 2, 29)))
    assert head[0] == "##fileformat=VCFv4.2"
    assert "##fileDate=20240229" in head
    assert "##contig=<ID=1,length=249250621,assembly=GRCh37>" in head
    assert "##contig=<ID=MT,length=16569,assembly=GRCh37>" in head
    declared = [line.split("ID=")[1].split(",")[0] for line in head if line.startswith("##FORMAT")]
    assert rows[0]["FORMAT"].split(":") == declared == ["ES", "SE", "LP", "AF", "SS", "ID"]
    assert any("REF is not checked against a reference sequence" in line for line in head)


def test_vcf__without_a_build_states_no_length(write):
    head, _ = parse(write("a.vcf", to="vcf", facts=TraitFacts("bmd")))
    assert "##contig=<ID=1>" in head
    assert not any("length=" in line for line in head)


def test_vcf__quotes_what_others_wrote(write):
    facts = TraitFacts("a b", 'BMD "at" the\nneck \\', ancestry="European, admixed")
    head, rows = parse(write("a.vcf", to="vcf", facts=facts))
    assert head[-1].startswith(
        '##SAMPLE=<ID=a_b,Description="BMD \\"at\\" the neck \\\\",Population="European, admixed"'
    )
    assert "a_b" in rows[0]


def test_vcf__says_that_data_are_simulated(write):
    head, _ = parse(write("a.vcf", to="vcf", facts=TraitFacts("bmd", is_simulated=True)))
    assert any(line.startswith("##SIMULATED=SIMULATED data") for line in head)


def test_vcf__counts_rows_without_a_position(tmp_path, variants):
    rows = write_sumstats(variants(), tmp_path / "a.vcf", to="vcf", facts=TraitFacts("bmd")).rows
    (drop,) = rows.dropped
    assert (drop.reason, drop.count, drop.lines, drop.examples, drop.kind) == (
        "no_position",
        1,
        (6,),
        ("rs5",),
        "policy",
    )
    assert (rows.n_in, rows.n_kept) == (6, 5)


def test_vcf__of_rows_without_any_position_is_refused(tmp_path, variants):
    frame = variants({"rsid": "rs1"}, {"rsid": None})
    with pytest.raises(StoreWriteError, match="none of 2 rows can be written as GWAS-VCF") as caught:
        write_sumstats(frame, tmp_path / "a.vcf", to="vcf", facts=TraitFacts("bmd"))
    assert caught.value.faults[0].code == "no_position"
    assert list(tmp_path.iterdir()) == []


def test_vcf__of_one_row_without_a_position_is_refused_in_the_singular(tmp_path, variants):
    with pytest.raises(StoreWriteError, match="the one row cannot be written as GWAS-VCF"):
        write_sumstats(variants({"rsid": "rs1"}), tmp_path / "a.vcf", to="vcf", facts=TraitFacts("bmd"))


def test_vcf__is_read_by_our_own_reader(write, variants):
    path = write("a.vcf.gz", to="vcf")
    back = read_sumstats(path, file_format="gwas_vcf", trait_id="bmd").frame.sort("chromosome", "position")
    want = variants().filter(variants()["position"].is_not_null()).sort("chromosome", "position")
    for column in ("chromosome", "position", "effect_allele", "beta", "se", "eaf", "neg_log_10_p_value", "n"):
        assert back[column].to_list() == want[column].to_list(), column
