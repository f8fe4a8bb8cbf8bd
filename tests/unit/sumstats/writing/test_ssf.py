"""GWAS-SSF: order of columns and rows, exact numbers, metadata that fit the file."""

from __future__ import annotations

import datetime
import gzip
import hashlib

import pytest
import yaml

from osteobiome.sumstats import read_sumstats
from osteobiome.sumstats.metadata import metadata_findings, read_metadata
from osteobiome.sumstats.writing import TraitFacts

EXACT = ("chromosome", "position", "effect_allele", "other_allele", "beta", "se", "eaf", "neg_log_10_p_value", "n")


def test_ssf__has_the_columns_of_the_standard_in_its_order(write):
    lines = write("a.tsv", to="ssf").read_text().splitlines()
    assert lines[0].split("\t") == [
        "chromosome", "base_pair_location", "effect_allele", "other_allele", "beta", "standard_error",
        "effect_allele_frequency", "neg_log_10_p_value", "rsid", "n",
    ]  # fmt: skip


def test_ssf__is_sorted_and_writes_shortest_numbers(write):
    lines = write("a.tsv", to="ssf").read_text().splitlines()
    assert lines[1:] == [
        "1\t20\tC\tCAT\t0.1\t0.05\t0.25\t1.5\trs4\t1000",
        "1\t500\tA\tG\t-0.30000000000000004\t0.05\t0.25\t400.0\trs1\t1000",
        "2\t100\tA\tG\t0.1\t0.3333333333333333\tNA\t1.5\tMARCH1\tNA",
        "23\t7\tA\tG\t0.1\t0.05\t0.25\t0.00001\t=cmd()\t1234.5",
        "25\t16000\tA\tG\t0.1\t0.05\t0.25\t350.1234567890123\t1:100:A:G;x\t1000",
        "NA\tNA\tA\tG\t2.5e-8\t0.05\t0.25\t1.5\trs5\t1000",
    ]


@pytest.mark.parametrize("name", ["a.tsv", "a.tsv.gz"])
def test_ssf__reads_back_bit_by_bit(write, variants, name):
    back = read_sumstats(write(name, to="ssf"), file_format="gwas_ssf", trait_id="bmd").frame.sort("rsid")
    assert back["rsid"].to_list() == variants().sort("rsid")["rsid"].to_list()
    for column in EXACT:
        assert back[column].to_list() == variants().sort("rsid")[column].to_list(), column
    assert not back["is_p_derived"].any()


def test_ssf__without_positions_keeps_the_order_of_its_rows(write, variants):
    rows = [{"rsid": f"rs{i}", "chromosome": None, "position": None} for i in (3, 1, 2)]
    path = write("a.tsv", to="ssf", frame=variants(*rows))
    assert [line.split("\t")[8] for line in path.read_text().splitlines()[1:]] == ["rs3", "rs1", "rs2"]


def test_ssf__treats_half_a_position_as_none(write, variants):
    path = write("a.tsv", to="ssf", frame=variants({"rsid": "rs1", "chromosome": 4, "position": None}))
    assert path.read_text().splitlines()[1].startswith("NA\tNA\tA\tG")


def test_ssf__keeps_a_tab_in_a_name_from_making_a_column(write, variants):
    path = write("a.tsv", to="ssf", frame=variants({"rsid": "a\tb\nc", "chromosome": 4, "position": 5}))
    assert path.read_text().splitlines()[1].split("\t")[8] == "a b c"
    assert len(path.read_text().splitlines()) == 2


def test_ssf__writes_what_is_no_number_as_missing(write, variants):
    path = write("a.tsv", to="ssf", frame=variants({"chromosome": 4, "position": 5, "eaf": float("nan")}))
    assert path.read_text().splitlines()[1].split("\t")[6] == "NA"


@pytest.mark.parametrize("name", ["a.tsv", "a.tsv.gz"])
def test_ssf__metadata_fit_the_file(write, name):
    path = write(name, to="ssf", date=datetime.date(2024, 2, 29))
    content = yaml.safe_load(path.with_name(f"{name}-meta.yaml").read_text())
    assert content["data_file_md5sum"] == hashlib.md5(path.read_bytes()).hexdigest()
    assert content["data_file_name"] == name
    assert content["genome_assembly"] == "GRCh37"
    assert content["coordinate_system"] == "1-based"
    assert content["file_type"] == "GWAS-SSF v1.0"
    assert content["is_sorted"] is True
    assert content["date_metadata_last_modified"] == datetime.date(2024, 2, 29)
    metadata = read_metadata(path)
    assert metadata_findings(metadata, path=path, declared_build="GRCh37") == []
    assert metadata.sample_size == 1000


def test_ssf__metadata_say_that_data_are_simulated(write):
    path = write("a.tsv", to="ssf", facts=TraitFacts("bmd", is_simulated=True))
    text = path.with_name("a.tsv-meta.yaml").read_text()
    assert text.startswith("# SIMULATED data")
    assert yaml.safe_load(text)["author_notes"].startswith("SIMULATED data")


def test_ssf__gz_is_blocked_gzip(write):
    raw = write("a.tsv.gz", to="ssf").read_bytes()
    assert raw[12:16] == b"BC\x02\x00"
    assert gzip.decompress(raw).startswith(b"chromosome\t")
