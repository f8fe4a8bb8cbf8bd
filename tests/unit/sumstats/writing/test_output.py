"""`write_sumstats`: what the contract over all writers does not say."""

from __future__ import annotations

from osteobiome.sumstats import FORMATS
from osteobiome.sumstats.writing import WRITERS, TraitFacts, write_sumstats


def test_writers__name_a_format_that_reads_them():
    assert {name: writer.reads_back_as for name, writer in WRITERS.items()} == {
        "csv": "", "parquet": "osteobiome", "ssf": "gwas_ssf", "twosamplemr": "twosamplemr", "vcf": "gwas_vcf",
        "xlsx": "",
    }  # fmt: skip
    assert all(writer.reads_back_as in FORMATS for _, writer in WRITERS.items() if writer.reads_back_as)


def test_write_sumstats__makes_folders(tmp_path, variants):
    path = tmp_path / "a" / "b" / "x.csv"
    write_sumstats(variants(), path, to="csv", facts=TraitFacts("bmd"))
    assert [entry.name for entry in path.parent.iterdir()] == ["x.csv"]


def test_write_sumstats__leaves_other_files_of_the_folder_alone(tmp_path, variants):
    (tmp_path / "other.csv").write_text("mine")
    write_sumstats(variants(), tmp_path / "x.csv", to="csv", facts=TraitFacts("bmd"))
    assert (tmp_path / "other.csv").read_text() == "mine"


def test_trait_facts__use_the_identifier_where_there_is_no_label():
    assert TraitFacts("bmd").name == "bmd"
    assert TraitFacts("bmd", "Bone").name == "Bone"
