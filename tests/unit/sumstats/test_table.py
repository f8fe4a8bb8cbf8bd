"""Reading one trait: declared columns in, a checked and oriented table out."""

import numpy as np
import pytest

from osteobiome.core.errors import SchemaError, UnknownNameError
from osteobiome.core.schema import validate
from osteobiome.stats.tails import neg_log10_p_normal
from osteobiome.sumstats import FORMATS, read_sumstats
from osteobiome.sumstats.table import resolve_columns


def notes(stats):
    return dict(stats.rows.notes)


def test_read_sumstats__table_has_the_declared_schema(gwas):
    stats = gwas({}, {"rsid": "rs2", "effect_allele": "CAT", "other_allele": "C"})
    assert validate(stats.frame, "variants").equals(stats.frame)
    assert stats.frame["variant_key"].is_sorted()
    assert (stats.trait_id, stats.genome_build, stats.alignment) == ("trait", "GRCh37", "")
    assert (stats.rows.subject, stats.rows.step, stats.rows.n_in, stats.rows.n_kept) == ("trait", "ingest", 2, 2)


def test_read_sumstats__values_and_orientation(gwas):
    frame = gwas({"effect_allele": "g", "other_allele": "A", "chromosome": "chrX"}).frame
    row = frame.row(0, named=True)
    assert (row["effect_allele"], row["other_allele"], row["chromosome"], row["position"]) == ("A", "G", 23, 100)
    assert (row["beta"], row["se"], row["line"]) == (-0.1, 0.05, 2)
    assert row["eaf"] == pytest.approx(0.7)
    assert row["neg_log_10_p_value"] == pytest.approx(-np.log10(0.0455))
    assert row["is_p_derived"] is False
    assert row["n"] is None


def test_read_sumstats__p_below_the_smallest_double(gwas):
    stats = gwas({"p_value": "1e-400", "beta": "2.2", "standard_error": "0.0515"})
    assert stats.frame["neg_log_10_p_value"].to_list() == [400.0]
    assert "p_value_printed_as_0" not in notes(stats)


@pytest.mark.parametrize("text", ["0", "0.0", "0e+00"])
def test_read_sumstats__p_printed_as_0_comes_from_beta_and_se(gwas, text):
    stats = gwas({"p_value": text, "beta": "5", "standard_error": "0.1"})
    assert stats.frame["neg_log_10_p_value"].item() == pytest.approx(float(neg_log10_p_normal(50.0)), rel=1e-14)
    assert stats.frame["is_p_derived"].item() is True
    assert notes(stats)["p_value_printed_as_0"] == 1
    assert notes(stats)["p_value_from_beta_and_se"] == 1


def test_read_sumstats__missing_p_and_missing_p_column(gwas):
    one = gwas({"p_value": "NA"}, {"rsid": "rs2", "base_pair_location": "5"})
    assert one.frame["is_p_derived"].to_list() == [False, True]
    assert notes(one)["p_value_from_beta_and_se"] == 1
    none = gwas({}, drop=("p_value",))
    assert none.frame["neg_log_10_p_value"].item() == pytest.approx(float(neg_log10_p_normal(2.0)), rel=1e-14)


def test_read_sumstats__log_p_column_wins(gwas):
    header = ("rsid", "effect_allele", "other_allele", "beta", "standard_error", "neg_log_10_p_value", "p_value")
    stats = gwas({"neg_log_10_p_value": "350.5", "p_value": "0"}, header=header)
    assert stats.frame["neg_log_10_p_value"].to_list() == [350.5]


def test_read_sumstats__odds_ratio_becomes_its_logarithm(gwas):
    header = ("rsid", "effect_allele", "other_allele", "odds_ratio", "standard_error")
    stats = gwas(
        {"odds_ratio": "2"},
        {"rsid": "rs2", "odds_ratio": "0.5", "effect_allele": "G", "other_allele": "A"},
        header=header,
    )
    np.testing.assert_allclose(stats.frame["beta"].to_numpy(), [np.log(2), np.log(2)], rtol=1e-15)
    assert notes(stats)["beta_from_odds_ratio"] == 2


BOTH = ("rsid", "effect_allele", "other_allele", "beta", "odds_ratio", "standard_error")


def test_read_sumstats__beta_wins_over_odds_ratio(gwas):
    stats = gwas({"odds_ratio": "2"}, header=BOTH)
    assert stats.frame["beta"].to_list() == [0.1]
    assert "beta_from_odds_ratio" not in notes(stats)


def test_read_sumstats__odds_ratio_fills_in_where_beta_is_missing(gwas):
    """Harmonised files of the GWAS Catalog have both columns, and beta is NA throughout for binary traits."""
    rows = ({"odds_ratio": "1.7"}, {"rsid": "rs2", "beta": "NA", "odds_ratio": "1.7"}, {"rsid": "rs3", "beta": "NA"})
    stats = gwas(*rows, header=BOTH)
    np.testing.assert_allclose(stats.frame.sort("rsid")["beta"].to_numpy(), [0.1, np.log(1.7)], rtol=1e-15)
    assert stats.rows.by_reason() == {"missing_beta": 1}
    assert notes(stats)["beta_from_odds_ratio"] == 1


@pytest.mark.parametrize("odds_ratio", ["0", "-1", "x"])
def test_read_sumstats__impossible_odds_ratio_fills_in_nothing(gwas, odds_ratio):
    stats = gwas({"beta": "NA", "odds_ratio": odds_ratio}, header=BOTH)
    assert stats.frame.height == 0
    assert stats.rows.n_dropped == 1


@pytest.mark.parametrize(("text", "value"), [("1e-400", 400.0), ("5e-8", 7.301029995663981)])
def test_read_sumstats__p_fills_in_where_its_logarithm_is_missing(gwas, text, value):
    header = ("rsid", "effect_allele", "other_allele", "beta", "standard_error", "neg_log_10_p_value", "p_value")
    stats = gwas({"neg_log_10_p_value": "NA", "p_value": text}, header=header)
    assert stats.frame["neg_log_10_p_value"].item() == pytest.approx(value, rel=1e-15)
    assert stats.frame["is_p_derived"].item() is False


@pytest.mark.parametrize(("text", "reason"), [("x", "non_numeric_p_value"), ("1.5", "p_out_of_range")])
def test_read_sumstats__bad_p_beside_a_missing_logarithm_is_not_replaced_in_silence(gwas, text, reason):
    header = ("rsid", "effect_allele", "other_allele", "beta", "standard_error", "neg_log_10_p_value", "p_value")
    stats = gwas({"neg_log_10_p_value": "NA", "p_value": text}, header=header)
    assert stats.rows.by_reason() == {reason: 1}


def test_read_sumstats__identifiers_without_positions(gwas):
    stats = gwas({}, {"rsid": "1:100:A:G"}, drop=("chromosome", "base_pair_location"))
    assert stats.frame["position"].to_list() == [None, None]
    assert stats.genome_build == ""  # nothing in the table is on a build
    assert notes(stats)["identified_by_rsid_only"] == 2


def test_read_sumstats__positions_without_identifiers(gwas):
    stats = gwas({}, drop=("rsid",))
    assert stats.frame["rsid"].to_list() == [None]
    assert stats.frame["position"].to_list() == [100]


@pytest.mark.parametrize(
    "change",
    [
        {"chromosome": "26"},
        {"chromosome": "NA"},
        {"base_pair_location": "0"},
        {"base_pair_location": "-5"},
        {"base_pair_location": "1.5"},
        {"base_pair_location": "x"},
        {"base_pair_location": "5000000000"},
    ],
)
def test_read_sumstats__unusable_place_leaves_the_identifier(gwas, change):
    stats = gwas(change)
    assert stats.frame.select("rsid", "chromosome", "position").rows() == [("rs1", None, None)]
    assert notes(stats)["identified_by_rsid_only"] == 1


@pytest.mark.parametrize(("text", "position"), [("100.0", 100), ("1e5", 100_000), ("240000000", 240_000_000)])
def test_read_sumstats__positions_as_other_programs_print_them(gwas, text, position):
    assert gwas({"base_pair_location": text}, genome_build="").frame["position"].to_list() == [position]


def test_read_sumstats__notes_count_what_a_reader_should_know(gwas):
    stats = gwas(
        {"effect_allele": "A", "other_allele": "T"},
        {"effect_allele": "CAT", "other_allele": "C", "effect_allele_frequency": "NA"},
        {"other_allele": "C"},
    )
    assert notes(stats) == {"palindromic": 1, "eaf_missing": 1, "indel_matched_exactly": 1, "multi_allelic_sites": 1}


def test_read_sumstats__variant_id_stands_in_for_rsid(gwas):
    header = ("variant_id", "effect_allele", "other_allele", "beta", "standard_error")
    assert gwas({"variant_id": "rs77"}, header=header).frame["rsid"].to_list() == ["rs77"]


def test_read_sumstats__unknown_format(write):
    with pytest.raises(UnknownNameError, match="Did you mean 'gwas_ssf'"):
        read_sumstats(write("a\tb\n1\t2\n"), file_format="gwas_sff", trait_id="t")


def test_resolve_columns__lists_every_missing_column_in_the_formats_spelling():
    with pytest.raises(SchemaError) as caught:
        resolve_columns(["SNP", "beta.exposure"], FORMATS["twosamplemr"], side="exposure", where="x.csv")
    assert [fault.code for fault in caught.value.faults] == [
        "no_effect_allele_column",
        "no_other_allele_column",
        "no_se_column",
    ]
    assert "no column 'effect_allele.exposure'" in str(caught.value)


def test_resolve_columns__identity_is_a_name_or_a_whole_place():
    header = ["chromosome", "effect_allele", "other_allele", "beta", "standard_error"]
    with pytest.raises(SchemaError, match="no column 'rsid'"):
        resolve_columns(header, FORMATS["gwas_ssf"], side="outcome", where="x.tsv")
    found = resolve_columns([*header, "base_pair_location"], FORMATS["gwas_ssf"], side="outcome", where="x.tsv")
    assert found["position"] == "base_pair_location"


def test_resolve_columns__long_headers_are_cut_in_the_message():
    with pytest.raises(SchemaError, match=r"begins with c0, .*, c11\.$"):
        resolve_columns([f"c{i}" for i in range(40)], FORMATS["gwas_ssf"], side="outcome", where="x.tsv")


def test_twosamplemr__rows_left_out_by_the_authors(write):
    path = write(
        "SNP,effect_allele.exposure,other_allele.exposure,beta.exposure,se.exposure,mr_keep.exposure\n"
        "rs1,A,G,0.1,0.05,TRUE\nrs2,A,G,0.1,0.05,FALSE\nrs3,A,G,0.1,0.05,false\n"
    )
    stats = read_sumstats(path, file_format="twosamplemr", trait_id="t", side="exposure")
    assert stats.frame["rsid"].to_list() == ["rs1"]
    (drop,) = stats.rows.dropped
    assert (drop.reason, drop.count, drop.kind, drop.lines) == ("excluded_by_authors", 2, "policy", (3, 4))


def test_twosamplemr__proxies_are_counted(write):
    path = write(
        "SNP,effect_allele.outcome,other_allele.outcome,beta.outcome,se.outcome,proxy.outcome\n"
        "rs1,A,G,0.1,0.05,TRUE\nrs2,A,G,0.1,0.05,FALSE\nrs3,A,G,0.1,0.05,NA\nrs4,A,G,NA,0.05,TRUE\n"
    )
    stats = read_sumstats(path, file_format="twosamplemr", trait_id="t")
    assert notes(stats)["proxy_in_place_of_variant"] == 1


def test_prealigned__both_sides_of_one_file_share_an_alignment(write):
    text = (
        "SNP,effect_allele.exposure,other_allele.exposure,effect_allele.outcome,other_allele.outcome,"
        "beta.exposure,se.exposure,beta.outcome,se.outcome,mr_keep\n"
        "rs1,A,T,A,T,0.1,0.05,0.2,0.1,TRUE\n"
    )
    path, other = write(text, "a.csv"), write(text.replace("0.2", "0.3"), "b.csv")
    exposure, outcome, changed = (
        read_sumstats(p, file_format="twosamplemr_harmonised", trait_id="t", side=side)
        for p, side in ((path, "exposure"), (path, "outcome"), (other, "outcome"))
    )
    assert exposure.alignment
    assert exposure.alignment == outcome.alignment != changed.alignment
    assert (exposure.frame["beta"].item(), outcome.frame["beta"].item()) == (0.1, 0.2)


def test_harmonised_table__has_one_place_per_row_that_of_the_exposure(tmp_path):
    """Where a proxy stands in, the outcome's columns give the proxy's place; two rows may share that."""
    path = tmp_path / "harmonised.csv"
    halves = ",".join(
        f"{n}.{s}" for s in ("exposure", "outcome") for n in ("beta", "se", "effect_allele", "other_allele")
    )
    path.write_text(
        f"SNP,chr,pos,pos.exposure,proxy.outcome,mr_keep,{halves}\n"
        "rs1,8,200,100,TRUE,TRUE,0.1,0.01,A,G,0.2,0.02,A,G\n"
        "rs2,8,200,200,NA,TRUE,0.3,0.01,A,G,0.2,0.02,A,G\n"
    )
    for side in ("exposure", "outcome"):
        stats = read_sumstats(
            path, file_format="twosamplemr_harmonised", trait_id="t", side=side, genome_build="GRCh37"
        )
        assert stats.frame.select("rsid", "chromosome", "position").rows() == [("rs1", 8, 100), ("rs2", 8, 200)]
        assert dict(stats.rows.notes).get("proxy_in_place_of_variant", 0) == (1 if side == "outcome" else 0)
