"""Metadata beside a table: which file, what it says, what is wrong with it, and what it says against the table."""

from __future__ import annotations

import datetime
import hashlib

import pytest
import yaml

from osteobiome.core.errors import InputFileError
from osteobiome.sumstats.metadata import (
    Metadata,
    file_md5,
    metadata_file,
    metadata_findings,
    metadata_yaml,
    read_metadata,
)
from osteobiome.sumstats.writing import TraitFacts

# the example of the standard, shortened: EBISPOT/gwas-summary-statistics-standard, GWAS-SSF v1.0.0, section 3.3
EXAMPLE = """\
---
# Study meta-data
gwas_id: GCST90000123
date_metadata_last_modified: 2024-01-16
trait_description:
  - breast carcinoma
genome_assembly: GRCh37
coordinate_system: 1-based
samples:
  - sample_ancestry_category:
      - European
    sample_size: 12345
    case_control_study: true
    case_count: 2345
  - sample_ancestry_category: [European, East Asian]
    sample_size: 5
sex: combined
data_file_name: GCST90000123.tsv
file_type: GWAS-SSF v1.0
data_file_md5sum: 32ce41c3dca4cd9f463a0ce7351966fd
is_harmonised: false
is_sorted: false
something_new: [1, 2]
"""


@pytest.fixture
def beside(tmp_path):
    """Return a function that writes a table and its metadata, and returns the path of the table."""

    def make(text, *, table="a.tsv", name=None):
        path = tmp_path / table
        path.write_bytes(b"chromosome\n1\n")
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / (name or f"{table}-meta.yaml")).write_bytes(content)
        return path

    return make


def test_read_metadata__reads_the_example_of_the_standard(beside):
    path = beside(EXAMPLE)
    assert read_metadata(path) == Metadata(
        where=f"{path}-meta.yaml",
        genome_build="GRCh37",
        coordinate_system="1-based",
        md5="32ce41c3dca4cd9f463a0ce7351966fd",
        is_harmonised=False,
        is_sorted=False,
        sample_size=12350,
        n_cases=2345,
        ancestry="European; East Asian",
        sex="combined",
        trait="breast carcinoma",
    )


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ("a.tsv", "a.tsv-meta.yaml"),
        ("a.tsv", "a.yaml"),
        ("a.h.tsv.gz", "a.h.tsv.gz-meta.yaml"),
        ("a.h.tsv.gz", "a.h.tsv-meta.yaml"),
        ("a.h.tsv.gz", "a.h.yaml"),
        ("a", "a.yaml"),
    ],
)
def test_metadata_file__has_one_of_these_names(beside, table, name):
    path = beside("genome_assembly: hg38", table=table, name=name)
    assert metadata_file(path) == path.with_name(name)
    assert read_metadata(path).genome_build == "GRCh38"


def test_read_metadata__without_a_file_is_none(tmp_path):
    assert read_metadata(tmp_path / "a.tsv") is None


def test_read_metadata__leaves_another_yaml_of_that_name_alone(beside):
    assert read_metadata(beside("title: my notes", name="a.yaml")) is None
    with pytest.raises(InputFileError, match="no list of keys and values"):
        read_metadata(beside("just text", table="b.tsv", name="b.yaml"))


@pytest.mark.parametrize(
    ("text", "build"),
    [
        ("GRCh37", "GRCh37"), ("grch37.p13", "GRCh37"), ("hg19", "GRCh37"), ("37", "GRCh37"), ("GRCh38.p14", "GRCh38"),
        ("hg38", "GRCh38"), ("NCBI36", ""), ("NR", ""), ("", ""),
    ],
)  # fmt: skip
def test_read_metadata__knows_names_of_the_builds(beside, text, build):
    assert read_metadata(beside(f"genome_assembly: {text}\nis_sorted: true")).genome_build == build


def test_read_metadata__takes_unknown_as_empty(beside):
    text = (
        "genome_assembly: NR\nsex: '#NA'\ncoordinate_system: NR\ndata_file_md5sum: NA\nsamples:\n  - sample_size: NR\n"
    )
    path = beside(text)
    assert read_metadata(path) == Metadata(where=f"{path}-meta.yaml")


def test_read_metadata__reads_sizes_of_older_files_at_the_top(beside):
    metadata = read_metadata(beside("sample_size: 12\nsample_ancestry: [European]"))
    assert (metadata.sample_size, metadata.ancestry) == (12, "European")


def test_read_metadata__an_md5_of_digits_is_text_all_the_same(beside):
    digits = "12345678901234567890123456789012"
    assert read_metadata(beside(f"data_file_md5sum: {digits}")).md5 == digits


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("genome_assembly: {a: 1}", "'genome_assembly' is keys and values"),
        ("genome_assembly: true", "'genome_assembly' is True"),
        ("is_sorted: sometimes", "'is_sorted' is 'sometimes'"),
        ("coordinate_system: 2-based", "'coordinate_system' is '2-based'"),
        ("samples: 12", "'samples' is 12"),
        ("samples: [12]", "'samples' is a list"),
        ("samples:\n  - sample_size: many", "'sample_size' is 'many'"),
        ("samples:\n  - sample_size: -5", "'sample_size' is -5"),
        ("samples:\n  - sample_size: true", "'sample_size' is True"),
        ("data_file_md5sum: abc", "'data_file_md5sum' is 'abc'"),
        ("data_file_md5sum: [a]", "'data_file_md5sum' is a list"),
        ("trait_description: [[a]]", "'trait_description' is a list"),
        ("a: [1, 2", "no valid YAML"),
        ("a: 2024-13-45", "no valid YAML"),
        ("a: !!python/object:os.system {}", "no valid YAML"),
        ("? [1]\n: 2", "no valid YAML"),
        ("[" * 5000, "no valid YAML"),
        ("- a list", "no list of keys and values"),
        ("", "no list of keys and values"),
        (b"\xff\xfe\x00", "bytes that are not UTF-8 text"),
        ("#" * 1_000_001, "more than 1000000 bytes"),
    ],
)  # fmt: skip
def test_read_metadata__names_what_is_wrong(beside, text, found):
    path = beside(text)
    with pytest.raises(InputFileError) as caught:
        read_metadata(path)
    (fault,) = caught.value.faults
    assert fault.code == "bad_metadata"
    assert fault.where == f"{path}-meta.yaml"
    assert found in fault.found
    assert fault.expected
    assert fault.hint


def test_read_metadata__lists_all_faults_and_the_line_of_bad_yaml(beside):
    with pytest.raises(InputFileError) as caught:
        read_metadata(beside("is_sorted: 3\nis_harmonised: maybe\nsex: {}"))
    assert len(caught.value.faults) == 3
    with pytest.raises(InputFileError) as caught:
        read_metadata(beside("a: 1\nb: 2\nc: [\n"))
    assert caught.value.faults[0].line == 4


def test_metadata_findings__compare_with_declaration_and_file(beside):
    path = beside(EXAMPLE.replace("1-based", "0-based"))
    metadata = read_metadata(path)
    found = {finding.id: finding for finding in metadata_findings(metadata, path=path, declared_build="GRCh38")}
    assert set(found) == {"metadata_build_differs", "zero_based_positions", "md5_differs"}
    assert "says GRCh37, declared is GRCh38" in found["metadata_build_differs"].found
    assert found["metadata_build_differs"].severity == "fatal"
    assert found["zero_based_positions"].severity == "fatal"
    # printf 'chromosome\n1\n' | md5sum
    assert "ff1677a4099953cf9757409b905e308c" in found["md5_differs"].found
    assert all(finding.hint for finding in found.values())


def test_metadata_findings__are_none_where_all_agrees(beside):
    md5 = hashlib.md5(b"chromosome\n1\n").hexdigest()
    path = beside(f"genome_assembly: GRCh38\ncoordinate_system: 1-based\ndata_file_md5sum: {md5.upper()}")
    assert metadata_findings(read_metadata(path), path=path, declared_build="GRCh38") == []
    assert metadata_findings(read_metadata(path), path=path) == []


def test_file_md5__of_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputFileError, match="cannot be read"):
        file_md5(tmp_path / "a.tsv")


def test_metadata_yaml__reads_back(beside):
    facts = TraitFacts(
        "bmd", "Bone: 'mineral' density", "GRCh38", 1000, 300, unit="sd", ancestry="European", sex="women",
        source="x.tsv", source_sha256="ab", adjusted_for="age; sex, height", gwas_id="GCST90000123",
    )  # fmt: skip
    md5 = hashlib.md5(b"chromosome\n1\n").hexdigest()
    text = metadata_yaml(facts, data_file_name="a.tsv", md5=md5, is_sorted=True, date=datetime.date(2024, 2, 29))
    path = beside(text)
    metadata = read_metadata(path)
    assert metadata == Metadata(
        f"{path}-meta.yaml", "GRCh38", "1-based", md5, False, True, 1000, 300, "European", "F",
        "Bone: 'mineral' density", "beta",
    )  # fmt: skip
    content = yaml.safe_load(text)
    assert content["adjusted_covariates"] == ["age", "sex", "height"]
    assert content["samples"][0]["control_count"] == 700
    assert content["date_metadata_last_modified"] == datetime.date(2024, 2, 29)
    assert "beta is in units of: sd" in content["author_notes"]
    assert "read from x.tsv" in content["author_notes"]


def test_metadata_yaml__leaves_out_what_is_not_known():
    content = yaml.safe_load(metadata_yaml(TraitFacts("bmd"), data_file_name="a.tsv", md5="ab" * 16, is_sorted=False))
    assert content["genome_assembly"] == "NR"
    assert content["sex"] == "NR"
    assert content["trait_description"] == ["bmd"]
    assert not {"samples", "gwas_id", "adjusted_covariates", "date_metadata_last_modified"} & content.keys()
    assert not metadata_yaml(TraitFacts("bmd"), data_file_name="", md5="", is_sorted=False).startswith("#")
