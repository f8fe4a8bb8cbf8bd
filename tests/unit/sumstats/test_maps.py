"""What a list of variants adds to a table, and what it refuses to guess."""

import gzip

import polars as pl
import pytest

from osteobiome.core.errors import InputFileError, SchemaError
from osteobiome.core.rows import RowLedger
from osteobiome.sumstats.maps import VariantMap, read_variant_map

SCHEMA = {
    "rsid": pl.String,
    "chromosome": pl.Int8,
    "position": pl.Int64,
    "effect_allele": pl.String,
    "other_allele": pl.String,
    "eaf": pl.Float64,
}


def rows(*entries):
    return pl.DataFrame(list(entries), schema=SCHEMA, orient="row")


LIST = rows(
    ("rs1", 1, 100, "A", "C", 0.1),
    ("rs2", 1, 200, "A", "T", 0.2),
    ("rs3", 2, 300, "G", "A", 0.3),
    ("rs3", 2, 300, "G", "C", 0.4),  # three alleles
    ("rs4", 3, 400, "A", "G", 0.5),
    ("rs4", 4, 401, "A", "G", 0.5),  # one name, two places
    ("rs5", 5, 500, "AC", "A", 0.6),
    ("rs6", 6, 600, "A", "C", None),
    ("rs7", 7, 700, None, None, None),
)


def filled(*entries):
    frame, counts = VariantMap(LIST).fill(rows(*entries))
    assert frame.schema == SCHEMA
    return frame.rows(), {name.removeprefix("map_"): n for name, n in counts.items() if n}


def test_fill__position_from_name():
    got, counts = filled(("rs1", None, None, "A", "C", 0.9), ("rs1", None, None, "C", "A", 0.9))
    assert got == [("rs1", 1, 100, "A", "C", 0.9), ("rs1", 1, 100, "C", "A", 0.9)]
    assert counts == {"position_filled": 2}


def test_fill__name_from_place_and_alleles_on_either_strand():
    got, counts = filled((None, 1, 100, "C", "A", 0.9), (None, 1, 100, "T", "G", 0.9), (None, 2, 300, "C", "G", 0.9))
    assert [r[0] for r in got] == ["rs1", "rs1", "rs3"]
    assert counts == {"rsid_filled": 3}


def test_fill__frequency_follows_the_effect_allele():
    got, counts = filled(
        ("rs1", 1, 100, "A", "C", None),
        ("rs1", 1, 100, "C", "A", None),
        ("rs1", 1, 100, "T", "G", None),
        ("rs1", 1, 100, "G", "T", None),
        ("rs5", 5, 500, "A", "AC", None),
        ("rs3", 2, 300, "A", "G", None),
    )
    assert [r[5] for r in got] == pytest.approx([0.1, 0.9, 0.1, 0.9, 0.4, 0.7])
    assert counts == {"eaf_filled": 6}


def test_fill__other_allele_on_the_strand_of_the_effect_allele():
    got, counts = filled(
        ("rs1", 1, 100, "A", None, 0.5),
        ("rs1", 1, 100, "C", None, 0.5),
        ("rs1", 1, 100, "T", None, 0.5),
        ("rs1", 1, 100, "G", None, 0.5),
        ("rs2", 1, 200, "A", None, 0.5),
        ("rs2", 1, 200, "T", None, 0.5),
        ("rs5", 5, 500, "A", None, 0.5),
        (None, 1, 100, "A", None, None),
    )
    assert [r[4] for r in got] == ["C", "A", "G", "T", "T", "A", "AC", "C"]
    assert got[-1] == ("rs1", 1, 100, "A", "C", 0.1)
    assert counts == {"other_allele_filled": 8, "rsid_filled": 1, "eaf_filled": 1}


def test_fill__a_palindromic_variant_gets_no_frequency():
    got, counts = filled(("rs2", 1, 200, "A", "T", None))
    assert got[0][5] is None
    assert counts == {"eaf_palindromic": 1}


def test_fill__three_alleles_leave_the_other_one_open():
    got, counts = filled(("rs3", None, None, "G", None, None), ("rs3", None, None, "A", None, None))
    # both entries lie at one place, but G has two partners
    assert got[0] == ("rs3", 2, 300, "G", None, None)
    assert got[1] == ("rs3", 2, 300, "A", "G", 0.7)
    assert counts == {"position_filled": 2, "ambiguous": 1, "other_allele_filled": 1, "eaf_filled": 1}


def test_fill__a_name_at_two_places_is_ambiguous():
    got, counts = filled(("rs4", None, None, "A", "G", 0.5))
    assert got[0][1:3] == (None, None)
    assert counts == {"ambiguous": 1}


def test_fill__other_alleles_than_those_of_the_list_are_no_match():
    got, counts = filled(("rs1", None, None, "A", "G", None), (None, 1, 100, "AT", "A", None))
    assert got == [("rs1", None, None, "A", "G", None), (None, 1, 100, "AT", "A", None)]
    assert counts == {"alleles_differ": 2}


def test_fill__an_unknown_name_falls_back_on_the_place():
    got, counts = filled(("rs999", 1, 100, "A", "C", None), ("rs999", None, None, "A", "C", None))
    assert got[0] == ("rs999", 1, 100, "A", "C", 0.1)
    assert counts == {"eaf_filled": 1, "not_found": 1}


def test_fill__a_position_that_contradicts_the_name_is_kept_and_counted():
    got, counts = filled(("rs1", 1, 111, "A", "C", None), ("rs1", 2, None, "A", "C", 0.5))
    assert got == [("rs1", 1, 111, "A", "C", 0.1), ("rs1", 2, None, "A", "C", 0.5)]
    assert counts == {"eaf_filled": 1, "position_differs": 2}


def test_fill__entries_without_alleles_give_place_and_name_only():
    got, counts = filled(("rs7", None, None, "A", "C", None), (None, 7, 700, "A", None, None))
    assert got == [("rs7", 7, 700, "A", "C", None), ("rs7", 7, 700, "A", None, None)]
    assert counts == {"position_filled": 1, "rsid_filled": 1}


def test_fill__rows_without_alleles_are_not_given_any():
    got, counts = filled(("rs1", None, None, None, None, None))
    assert got == [("rs1", 1, 100, None, None, None)]
    assert counts == {"position_filled": 1}


def test_fill__what_the_list_cannot_offer_is_not_looked_for():
    only_names = VariantMap(LIST.select("rsid", "chromosome", "position"))
    frame = rows(("rs1", 1, 100, "A", "C", None))
    got, counts = only_names.fill(frame)
    assert got.equals(frame)
    assert not any(counts.values())


def test_fill__keeps_order_and_further_columns_and_the_table_that_went_in():
    frame = rows(
        ("rs5", None, None, "AC", "A", None), ("rs1", 1, 100, "A", "C", 0.5), ("rs1", None, None, "C", "A", 0.5)
    )
    frame = frame.with_columns(pl.Series("beta", [1.0, 2.0, 3.0]))
    before = frame.clone()
    got, _ = VariantMap(LIST).fill(frame)
    assert got["beta"].to_list() == [1.0, 2.0, 3.0]
    assert got["position"].to_list() == [500, 100, 100]
    assert frame.equals(before)


def test_fill__tells_the_ledger():
    ledger = RowLedger("bmi", "ingest", 2)
    table = VariantMap(LIST)
    for _ in range(2):
        table.fill(rows(("rs1", None, None, "A", "C", 0.1)), ledger=ledger)
    assert dict(ledger.close(2).notes) == {"map_position_filled": 2}


def test_fill__an_empty_list_and_an_empty_table():
    frame = rows(("rs1", None, None, "A", "C", None))
    assert VariantMap(rows()).fill(frame)[0].equals(frame)
    assert VariantMap(LIST).fill(rows())[0].is_empty()
    assert len(VariantMap(LIST)) == 9


def test_fill__more_entries_than_are_looked_at_are_ambiguous():
    crowd = rows(*[("rs1", 1, 100, "A", "C" * (k + 2), 0.5) for k in range(17)])
    got, counts = VariantMap(crowd).fill(rows(("rs1", None, None, None, None, 0.5)))
    assert got["position"].to_list() == [None]
    assert counts["map_ambiguous"] == 1


def test_read__bim(tmp_path):
    path = tmp_path / "panel.bim"
    path.write_text("1\trs1\t0\t100\ta\tC\n23\trs2\t0\t200\tG\t0\n25\t.\t0\t60001\tA\tT\n26\trs4\t0\t7\tAT\tA\n")
    table = read_variant_map(path).table
    assert table.rows() == [
        ("rs1", 1, 100, "A", "C", None),
        ("rs2", 23, 200, "G", None, None),
        (None, 23, 60001, "A", "T", None),  # PLINK's 25 is the pseudo-autosomal part of X
        ("rs4", 25, 7, "AT", "A", None),
    ]


def test_read__bim_with_spaces_and_gzip(tmp_path):
    path = tmp_path / "panel.bim.gz"
    path.write_bytes(gzip.compress(b"1 rs1 0 100 A C\n"))
    assert read_variant_map(path).table.rows() == [("rs1", 1, 100, "A", "C", None)]


def test_read__vcf_with_two_alternative_alleles(tmp_path):
    path = tmp_path / "panel.vcf"
    path.write_text(
        "##fileformat=VCFv4.2\n##INFO=<ID=AF>\n"
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n"
        "1\t100\trs1\tC\tA\t.\tPASS\tNS=3;AF=0.25\tGT\t0|1\n"
        "chrX\t200\t.\tC\tA,G\t.\tPASS\tAF=0.1,0.2;AN=6\tGT\t0|1\n"
        "2\t300\trs3\tC\tT\t.\tPASS\t.\tGT\t0|1\n"
    )
    assert read_variant_map(path).table.sort("chromosome", "effect_allele").rows() == [
        ("rs1", 1, 100, "A", "C", 0.25),
        ("rs3", 2, 300, "T", "C", None),
        (None, 23, 200, "A", "C", 0.1),
        (None, 23, 200, "G", "C", 0.2),
    ]


def test_read__pvar_with_and_without_header(tmp_path):
    path = tmp_path / "panel.pvar"
    path.write_text("#CHROM\tPOS\tID\tREF\tALT\n1\t100\trs1\tC\tA\n")
    assert read_variant_map(path).table.rows() == [("rs1", 1, 100, "A", "C", None)]
    path.write_text("1\trs1\t0\t100\tA\tC\n")
    assert read_variant_map(path).table.rows() == [("rs1", 1, 100, "A", "C", None)]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("rsid,chromosome,position,effect_allele,other_allele,eaf", ("rs1", 1, 100, "A", "C", 0.2)),
        ("SNP,CHR,BP,A1,A2,MAF", ("rs1", 1, 100, "A", "C", None)),
        ("ID,CHROM,POS,ALT,REF,ALT_FREQS", ("rs1", 1, 100, "A", "C", 0.2)),
    ],
)
def test_read__tables(tmp_path, header, expected):
    path = tmp_path / "panel.csv"
    path.write_text(f"{header}\nrs1,1,100,A,C,0.2\n")
    assert read_variant_map(path).table.rows() == [expected]


def test_read__a_table_of_names_and_places_only(tmp_path):
    path = tmp_path / "panel.tsv"
    path.write_text("rsid\tchromosome\tposition\nrs1\t1\t100\nrs2\tHLA\t5\n")
    assert read_variant_map(path).table.rows() == [
        ("rs1", 1, 100, None, None, None),
        ("rs2", None, 5, None, None, None),
    ]


def test_read__faults_say_what_to_do(tmp_path):
    path = tmp_path / "panel.bim"
    path.write_text("1\trs1\t100\tA\tC\n")
    with pytest.raises(InputFileError, match=r"5 columns in the first line\. Expected six columns") as raised:
        read_variant_map(path)
    assert raised.value.faults[0].line == 1
    path.write_text("1\trs1\t0\t100\tA\tC\n1\trs1\t0\t100\tA\tC\tG\n")
    with pytest.raises(InputFileError, match="same number of columns"):
        read_variant_map(path)
    path.write_text("HLA\t.\t0\tx\tA\tC\n")
    with pytest.raises(InputFileError, match="no variant with a name or a place"):
        read_variant_map(path)
    with pytest.raises(InputFileError, match="no such file"):
        read_variant_map(tmp_path / "none.bim")
    table = tmp_path / "panel.tsv"
    table.write_text("a\tb\nx\ty\n")
    with pytest.raises(SchemaError, match="no column of names and none of places; the header has a, b"):
        read_variant_map(table)
    vcf = tmp_path / "panel.vcf"
    vcf.write_text("#CHROM\tPOS\tID\tREF\n1\t1\trs1\tA\n")
    with pytest.raises(SchemaError, match="no column 'ALT'"):
        read_variant_map(vcf)
