"""TwoSampleMR tables: columns, p values as text, round trip."""

from __future__ import annotations

import csv

import pytest

from osteobiome.sumstats import read_sumstats
from osteobiome.sumstats.writing import TraitFacts


@pytest.mark.parametrize("side", ["exposure", "outcome"])
def test_twosamplemr__has_the_columns_of_format_data(write, side):
    header = write("a.txt", to="twosamplemr", side=side).read_text().splitlines()[0].split("\t")
    stems = ("chr", "pos", "effect_allele", "other_allele", "eaf", "beta", "se", "pval", "pval_origin", "samplesize")
    assert header == ["SNP", *(f"{stem}.{side}" for stem in stems), side, f"id.{side}", f"mr_keep.{side}"]


def test_twosamplemr__keeps_tiny_p_values_as_text(write):
    with write("a.csv", to="twosamplemr").open() as handle:
        rows = {row["SNP"]: row for row in csv.DictReader(handle)}
    assert rows["rs1"]["pval.outcome"] == "1e-400"
    assert rows["rs1"]["pval_origin.outcome"] == "reported"
    assert rows["MARCH1"]["eaf.outcome"] == "NA"
    assert rows["MARCH1"]["samplesize.outcome"] == "NA"
    assert rows["1:100:A:G;x"]["pval.outcome"].endswith("e-351")


def test_twosamplemr__says_which_p_values_were_derived(write, variants):
    frame = variants({"rsid": "rs1", "is_p_derived": True}, {"rsid": "rs2"})
    lines = write("a.txt", to="twosamplemr", frame=frame).read_text().splitlines()
    assert [line.split("\t")[9] for line in lines[1:]] == ["inferred", "reported"]


@pytest.mark.parametrize("side", ["exposure", "outcome"])
@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.tsv.gz"])
def test_twosamplemr__reads_back(write, variants, side, name):
    path = write(name, to="twosamplemr", side=side)
    back = read_sumstats(path, file_format="twosamplemr", trait_id="bmd", side=side).frame.sort("rsid")
    want = variants().sort("rsid")
    for column in ("rsid", "chromosome", "position", "effect_allele", "other_allele", "beta", "se", "eaf", "n"):
        assert back[column].to_list() == want[column].to_list(), column
    # rs "=cmd()" has 1e-5: near p = 1 the text carries about 2e-16 of it
    assert back["neg_log_10_p_value"].to_list() == pytest.approx(
        want["neg_log_10_p_value"].to_list(), rel=1e-12, abs=1e-15
    )


def test_twosamplemr__quotes_commas_in_names(write):
    path = write("a.csv", to="twosamplemr", facts=TraitFacts("bmd", 'BMD, "neck"', unit="g\tper cm2"))
    with path.open() as handle:
        row = next(csv.DictReader(handle))
    assert row["outcome"] == 'BMD, "neck"'
    assert row["units.outcome"] == "g per cm2"


def test_twosamplemr__names_simulated_data(write):
    path = write("a.csv", to="twosamplemr", facts=TraitFacts("bmd", is_simulated=True))
    with path.open() as handle:
        assert next(csv.DictReader(handle))["outcome"] == "bmd (SIMULATED)"
