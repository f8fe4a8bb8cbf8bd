"""Which variants may become instruments, by their places."""

import polars as pl
import pytest

from osteobiome.core.errors import GenomeBuildError
from osteobiome.core.schema import table
from osteobiome.instruments.eligibility import Eligibility, in_loci
from osteobiome.instruments.windows import Exclusions, Region

PLACES = [(19, 45_411_941), (6, 30_000_000), (1, 500), (1, 5_000), (None, None)]


def variants():
    rows = [
        {"rsid": f"rs{i}", "chromosome": chromosome, "position": position, "line": 10 - i}
        for i, (chromosome, position) in enumerate(PLACES)
    ]
    return table("variants", rows)


def test_eligibility__nothing_declared_leaves_everything():
    kept, rows = Eligibility().apply(variants(), trait_id="x")
    assert kept.equals(variants())
    assert (rows.n_in, rows.n_kept, rows.dropped, rows.notes) == (5, 5, (), ())


def test_eligibility__every_rule_counts_what_it_leaves_out():
    out = Exclusions(("rs2",), (Region(6, 28_000_000, 34_000_000, "GRCh37"),))
    rule = Eligibility(("APOE",), out, Region(1, 4_000, 6_000, "GRCh37"), "GRCh37")
    kept, rows = rule.apply(variants(), trait_id="x")
    assert kept["rsid"].to_list() == ["rs3"]
    assert rows.by_reason() == {
        "in_excluded_locus": 1, "excluded_by_rsid": 1, "excluded_by_region": 1, "no_position": 1,
    }  # fmt: skip
    assert dict(rows.notes) == {"locus_unknown_without_position": 1, "region_unknown": 1}
    assert rows.dropped[0].lines == (10,)


def test_eligibility__a_cis_window_drops_what_lies_elsewhere():
    kept, rows = Eligibility(cis=Region(1, 1, 1_000, "GRCh38"), genome_build="GRCh38").apply(variants(), trait_id="x")
    assert kept["rsid"].to_list() == ["rs2"]
    assert rows.by_reason() == {"outside_cis_window": 3, "no_position": 1}


def test_eligibility__regions_of_another_build_are_refused():
    rule = Eligibility(cis=Region(1, 1, 1_000, "GRCh38"), genome_build="GRCh37")
    with pytest.raises(GenomeBuildError):
        rule.apply(variants(), trait_id="x")


def test_in_loci__null_without_a_position():
    found = in_loci(variants(), ["APOE", "HLA"], genome_build="GRCh37")
    assert found.to_list() == [True, True, False, False, None]
    assert isinstance(found, pl.Series)
