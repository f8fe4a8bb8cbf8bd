"""The bundled table of pleiotropic loci: its places in both builds, its sources, and marking with it."""

import hashlib
import re
import tomllib
from importlib.resources import files

import numpy as np
import polars as pl
import pytest

from osteobiome.core.errors import GenomeBuildError, SchemaError
from osteobiome.instruments.known_loci import known_loci, mark_known_loci
from osteobiome.sumstats.liftover import MAPPED, bundled_chain, lift_positions
from osteobiome.sumstats.reference import BUILDS, chromosome_lengths

DATA = files("osteobiome.instruments").joinpath("data")
# positions of dbSNP, (GRCh37, GRCh38): lead variants that everybody knows
LEADS = {
    "LCT/MCM6": (2, 136_608_646, 135_851_076),  # rs4988235
    "APOE": (19, 45_411_941, 44_908_684),  # rs429358
    "FTO": (16, 53_820_527, 53_786_615),  # rs9939609
    "GCKR": (2, 27_730_940, 27_508_073),  # rs1260326
    "SH2B3/ATXN2": (12, 111_884_608, 111_446_804),  # rs3184504
    "FUT2": (19, 49_206_674, 48_703_417),  # rs601338
    "SLC39A8": (4, 103_188_709, 102_267_552),  # rs13107325
    "PTPN22": (1, 114_377_568, 113_834_946),  # rs2476601
    "SLCO1B1": (12, 21_331_549, 21_178_615),  # rs4149056
    "IL6R": (1, 154_426_970, 154_454_494),  # rs2228145
}


@pytest.mark.parametrize(("source", "target"), [BUILDS, BUILDS[::-1]])
def test_known_loci__lead_to_each_other_by_the_chain(source, target):
    """Both ends stay on their chromosome and strand and arrive where the table of the other build says."""
    here, there = (known_loci(build).sort("locus") for build in (source, target))
    chain = bundled_chain(source, target)
    for end in ("start", "end"):
        chromosome, position, strand, status = lift_positions(here["chromosome"], here[end], chain)
        assert (status == MAPPED).all()
        np.testing.assert_array_equal(chromosome, there["chromosome"])
        np.testing.assert_array_equal(position, there[end])
        assert (strand == 1).all()


@pytest.mark.parametrize("build", BUILDS)
def test_known_loci__are_places_on_the_genome_with_a_source(build):
    table = known_loci(build)
    assert table["locus"].n_unique() == table.height >= 12
    assert table.null_count().sum_horizontal().item() == 0
    lengths = chromosome_lengths(build)
    for row in table.iter_rows(named=True):
        assert 1 <= row["start"] < row["end"] <= lengths[row["chromosome"]]
        assert re.fullmatch(r"10\.\d{4,9}/\S+", row["doi"])
        assert row["why"].strip()
    assert table.select("chromosome", "start").rows() == sorted(table.select("chromosome", "start").rows())


def test_known_loci__hold_those_of_the_design():
    names = "|".join(known_loci("GRCh38")["locus"])
    for locus in ("HLA", "ABO", "APOE", "LCT/MCM6", "FTO", "GCKR", "SH2B3", "FUT2"):
        assert locus in names


def test_known_loci__file_is_the_one_that_its_note_describes():
    note = tomllib.loads(DATA.joinpath("ORIGIN.toml").read_text())["known_loci.csv"]
    assert hashlib.sha256(DATA.joinpath("known_loci.csv").read_bytes()).hexdigest() == note["sha256"]
    assert note["content"].startswith(f"{known_loci('GRCh37').height} loci")


@pytest.mark.parametrize("number", [0, 1])
def test_mark_known_loci__finds_well_known_variants_in_both_builds(number):
    frame = pl.DataFrame({"chromosome": [lead[0] for lead in LEADS.values()],
                          "position": [lead[1 + number] for lead in LEADS.values()]})  # fmt: skip
    assert mark_known_loci(frame, BUILDS[number], flank_kb=0.0)["known_locus"].to_list() == list(LEADS)


def test_mark_known_loci__reach_is_the_flank_and_no_more():
    row = known_loci("GRCh37").row(by_predicate=pl.col("locus") == "FUT2", named=True)
    places = [row["start"] - 10_001, row["start"] - 10_000, row["end"] + 10_000, row["end"] + 10_001]
    frame = pl.DataFrame({"chromosome": [19] * 4, "position": places, "rsid": list("abcd")})
    marked = mark_known_loci(frame, "GRCh37", flank_kb=10.0)
    assert marked["known_locus"].to_list() == ["", "FUT2", "FUT2", ""]
    assert marked.select(frame.columns).equals(frame)


def test_mark_known_loci__unknown_place_is_not_called_free():
    frame = pl.DataFrame({"chromosome": [19, None], "position": [None, 45_411_941]})
    assert mark_known_loci(frame, "GRCh37")["known_locus"].to_list() == [None, None]


def test_mark_known_loci__names_all_loci_of_a_variant():
    loci = pl.DataFrame({"locus": ["a", "b"], "chromosome": [1, 1], "start": [100, 150], "end": [200, 250]})
    frame = pl.DataFrame({"chromosome": [1, 1, 2], "position": [120, 180, 180]})
    assert mark_known_loci(frame, "GRCh37", flank_kb=0.0, loci=loci)["known_locus"].to_list() == ["a", "a; b", ""]


def test_mark_known_loci__refuses_what_it_cannot_use():
    frame = pl.DataFrame({"chromosome": [1], "position": [1]})
    with pytest.raises(GenomeBuildError):
        mark_known_loci(frame, "hg19")
    with pytest.raises(SchemaError):
        mark_known_loci(frame, "GRCh37", flank_kb=-1.0)
    with pytest.raises(SchemaError, match="position"):
        mark_known_loci(frame.drop("position"), "GRCh37")


@pytest.mark.parametrize("build", BUILDS)
def test_command__prints_table_csv_and_json(osteobiome, build):
    document = osteobiome("instruments", "loci", "--build", build, "--json").json
    assert document["loci"] == known_loci(build).to_dicts()
    printed = osteobiome("instruments", "loci", "--build", build)
    assert all(len(line) <= 100 for line in printed.out.splitlines())
    assert all(locus in printed.out for locus in known_loci(build)["locus"])
    csv = osteobiome("instruments", "loci", "--build", build, "--csv").out
    assert pl.read_csv(csv.encode(), schema_overrides={"chromosome": pl.Int8}).equals(known_loci(build))


def test_command__unknown_build_is_bad_input(osteobiome):
    ran = osteobiome("instruments", "loci", "--build", "hg19", "--json")
    assert ran.code == 2
    assert ran.json["faults"][0]["code"] == "unknown_build"
