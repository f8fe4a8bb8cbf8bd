"""Cis windows and exclusion lists: what is inside, what is dropped, and that every row is accounted for."""

import polars as pl
import pytest

from osteobiome.core.errors import GenomeBuildError, InputFileError, SchemaError
from osteobiome.core.schema import table
from osteobiome.instruments.windows import Exclusions, Region, read_exclusions, within_region, without_excluded

GENE = Region(17, 1_000_000, 1_010_000, build="GRCh37", name="GENE")


def variants(*places):
    rows = [
        {
            "variant_key": i,
            "rsid": f"rs{i}",
            "chromosome": place and place[0],
            "position": place and place[1],
            "line": i,
        }
        for i, place in enumerate(places, start=1)
    ]
    return table("variants", rows)


def test_within_region__both_ends_belong_to_the_window():
    frame = variants((17, 989_999), (17, 990_000), (17, 1_005_000), (17, 1_020_000), (17, 1_020_001), (16, 1_005_000))
    kept, rows = within_region(frame, GENE, build="GRCh37", trait_id="x", flank_kb=10.0)
    assert kept["rsid"].to_list() == ["rs2", "rs3", "rs4"]
    assert (rows.n_in, rows.n_kept, rows.by_reason()) == (6, 3, {"outside_cis_window": 3})
    assert rows.dropped[0].lines == (1, 5, 6)
    assert rows.dropped[0].kind == "policy"


def test_within_region__variants_without_position_have_a_reason_of_their_own():
    kept, rows = within_region(variants(None, (17, 1_000_000)), GENE, build="GRCh37", trait_id="x")
    assert kept["rsid"].to_list() == ["rs2"]
    assert rows.by_reason() == {"no_position": 1}


def test_within_region__empty_table():
    kept, rows = within_region(variants(), GENE, build="GRCh37", trait_id="x")
    assert (kept.height, rows.n_in) == (0, 0)


def test_within_region__builds_are_not_mixed():
    with pytest.raises(GenomeBuildError, match="GRCh38"):
        within_region(variants((17, 1_000_000)), GENE, build="GRCh38", trait_id="x")


def test_region__stops_at_the_first_base():
    assert Region(1, 500, 600, build="GRCh38").widened(kb=1.0).start == 1


@pytest.mark.parametrize("place", [(0, 1, 2), (26, 1, 2), (1, 0, 2), (1, 3, 2)])
def test_region__refuses_what_is_none(place):
    with pytest.raises(SchemaError):
        Region(*place, build="GRCh37")


def test_without_excluded__each_row_has_one_reason():
    frame = variants((6, 30_000_000), (6, 30_000_001), (1, 5), None, (6, 40_000_000))
    hla = Region(6, 28_000_000, 34_000_000, build="GRCh37", name="HLA")
    kept, rows = without_excluded(frame, Exclusions(("rs1", "rs3", "rs99"), (hla,)), build="GRCh37", trait_id="x")
    assert kept["rsid"].to_list() == ["rs4", "rs5"]
    assert rows.by_reason() == {"excluded_by_rsid": 2, "excluded_by_region": 1}
    assert dict(rows.notes) == {"region_unknown": 1, "listed_but_absent": 1}


def test_without_excluded__overlapping_regions_count_once():
    regions = (Region(1, 1, 10, build="GRCh37"), Region(1, 5, 20, build="GRCh37"))
    kept, rows = without_excluded(variants((1, 7), (1, 21)), Exclusions((), regions), build="GRCh37", trait_id="x")
    assert (kept.height, rows.by_reason()) == (1, {"excluded_by_region": 1})


def test_without_excluded__nothing_listed_nothing_lost():
    frame = variants((1, 7), None)
    kept, rows = without_excluded(frame, Exclusions(), build="GRCh37", trait_id="x")
    assert kept.equals(frame)
    assert rows.dropped == ()


def test_without_excluded__builds_are_not_mixed():
    with pytest.raises(GenomeBuildError):
        without_excluded(variants((1, 7)), Exclusions((), (GENE,)), build="GRCh38", trait_id="x")


def test_read_exclusions__all_spellings(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text(
        "# what we leave out\ntrack name=hla\nrs1\nrs2\nrs1\n\n6:28,477,797-33448354\nchrX:100\n"
        "chr6\t28477796\t33448354\tHLA\nMT 0 10\n"
    )
    found = read_exclusions(path, build="GRCh37")
    assert found.rsids == ("rs1", "rs2")
    assert [(r.chromosome, r.start, r.end) for r in found.regions] == [
        (6, 28_477_797, 33_448_354), (23, 100, 100), (6, 28_477_797, 33_448_354), (25, 1, 10)
    ]  # fmt: skip
    assert found.regions[2].name == "HLA"
    assert {region.build for region in found.regions} == {"GRCh37"}


def test_read_exclusions__lists_every_line_that_it_cannot_read(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("rs1\nAPOE\n6:20-10\nchr99 1 2\n6 a 2\nrs1 rs2\n")
    with pytest.raises(InputFileError) as caught:
        read_exclusions(path, build="GRCh37")
    assert [fault.line for fault in caught.value.faults] == [2, 3, 4, 5, 6]


def test_read_exclusions__missing_file_and_unknown_build(tmp_path):
    with pytest.raises(InputFileError):
        read_exclusions(tmp_path / "none.txt", build="GRCh37")
    with pytest.raises(GenomeBuildError):
        read_exclusions(tmp_path / "none.txt", build="hg19")


def test_read_exclusions__then_leave_out(tmp_path):
    path = tmp_path / "list.bed"
    path.write_text("chr1\t4\t10\n")
    frame = pl.concat([variants((1, 4), (1, 5), (1, 10), (1, 11))])
    kept, _ = without_excluded(frame, read_exclusions(path, build="GRCh38"), build="GRCh38", trait_id="x")
    assert kept["position"].to_list() == [4, 11]
