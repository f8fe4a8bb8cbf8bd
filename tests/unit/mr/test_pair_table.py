"""Tables of a pair as users have them: other names of columns, rows left out, sample sizes, places."""

import numpy as np
import pytest

from osteobiome.core.errors import InputFileError, SchemaError
from osteobiome.mr.pair_table import read_pair

NUMBERS = "rsid,beta_exposure,se_exposure,beta_outcome,se_outcome"
LINES = ("rs1,0.1,0.01,0.06,0.02", "rs2,0.2,0.01,0.11,0.02", "rs3,-0.3,0.01,-0.14,0.02", "rs4,0.4,0.01,0.2,0.02")


@pytest.fixture
def read(tmp_path):
    def call(extra, *cells, **options):
        """Read the table with one column more."""
        path = tmp_path / "pair.csv"
        rows = [f"{NUMBERS},{extra}", *(f"{line},{cell}" for line, cell in zip(LINES, cells, strict=True))]
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        return read_pair(path, **options)

    return call


# --- sample sizes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("0", "n_not_positive"),
        ("-5", "n_not_positive"),
        ("many", "non_numeric_n_outcome"),
        ("inf", "infinite_n_outcome"),
        ("462,933", "thousands_separator"),
        ("1,462,933", "thousands_separator"),
    ],
)
def test_read_pair__bad_sample_size_is_a_fault_of_its_row(tmp_path, cell, reason):
    path = tmp_path / "pair.tsv"
    rows = [f"{NUMBERS},n_outcome".replace(",", "\t")]
    rows += [line.replace(",", "\t") + f"\t{n}" for line, n in zip(LINES, ("1000", cell, "1000", "NA"), strict=True)]
    path.write_text("\n".join(rows) + "\n")
    table = read_pair(path)
    assert table.rows.by_reason() == {reason: 1}
    assert table.rows.dropped[0].lines == (3,)
    np.testing.assert_array_equal(table.pair.n_outcome, [1000, 1000, np.nan])


def test_read_pair__bad_sample_sizes_throughout_stop_it(read):
    with pytest.raises(InputFileError) as caught:
        read("n_exposure", *["0"] * 4)
    assert caught.value.faults[0].code == "n_not_positive"
    assert "column is not what its name says" in caught.value.faults[0].hint  # and not: let more rows go


@pytest.mark.parametrize(
    ("cell", "code", "words", "hint"),
    [
        ("0,1386", "decimal_comma", "decimal comma", "decimal points"),
        ("-1,5e-3", "decimal_comma", "decimal comma", "decimal points"),
        ("\u22120.1", "unicode_minus", "minus sign of a word processor", "replace it by -"),
        ("1e-\u221205", "non_numeric_beta_exposure", "is not a number", "not what its name says"),
        ("1e300", "absurd_beta_exposure", "beyond what any study gives", "not what its name says"),
    ],
)
def test_read_pair__way_of_writing_numbers_is_named_first(tmp_path, cell, code, words, hint):
    path = tmp_path / "pair.tsv"
    rows = [NUMBERS.replace(",", "\t"), *(f"rs{i}\t{cell}\t0.01\t0.06\t0.02" for i in range(3))]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(InputFileError) as caught:
        read_pair(path)
    (fault,) = caught.value.faults
    assert fault.code == code
    assert fault.found.index(words) < fault.found.index(f"fault '{code}'")
    assert f"column 'beta_exposure', value {cell!r}" in fault.found
    assert hint in fault.hint
    assert "max-bad-rows" not in fault.hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "Write a header"),
        (NUMBERS + "\n", "Write one row"),
        (NUMBERS + "\nrs1,1,1,1,1\nrs2,1,1,1,1,7\n", "more cells than the header"),
        (NUMBERS + "\nrs1,1,1,1,1\nrs2,1\n", "fewer cells than the header"),
    ],
)
def test_read_pair__blames_no_download(tmp_path, text, hint):
    (tmp_path / "pair.csv").write_text(text)
    with pytest.raises(InputFileError) as caught:
        read_pair(tmp_path / "pair.csv")
    assert hint in caught.value.faults[0].hint


def test_read_pair__sample_sizes_by_option(read):
    pair = read("note", *"abcd", n_exposure=1000, n_outcome=2000).pair
    assert pair.n_exposure.tolist() == [1000.0] * 4
    assert pair.n_outcome.tolist() == [2000.0] * 4
    assert read("n_exposure", "10", "NA", "", "40", n_exposure=5).pair.n_exposure.tolist() == [10, 5, 5, 40]


def test_read_pair__sample_size_given_twice_or_of_nobody(read):
    with pytest.raises(SchemaError, match="--n-exposure: the table has the sample size"):
        read("n_exposure", *["10"] * 4, n_exposure=5)
    for n in (0, -1, float("nan"), float("inf")):
        with pytest.raises(SchemaError, match="--n-outcome"):
            read("note", *"abcd", n_outcome=n)


# --- rows and columns --------------------------------------------------------------------------------------------


def test_mr_keep__false_is_left_out_and_no_fault(read):
    table = read("mr_keep", "TRUE", "FALSE", "F", "1")
    assert table.pair.rsid == ("rs1", "rs4")
    assert table.rows.by_reason() == {"mr_keep_false": 2}
    assert table.rows.dropped[0].kind == "policy"
    assert table.unused == ()


def test_mr_keep__unreadable_is_a_fault(read):
    for cell in ("NA", "perhaps"):
        assert read("mr_keep", "TRUE", cell, "TRUE", "TRUE").rows.by_reason() == {"unreadable_mr_keep": 1}


def test_read_pair__columns_that_are_not_used_are_listed(read):
    assert read("pval,note", *["0.1,x"] * 4).unused == ("pval", "note")
    assert read("eaf", *["0.1"] * 4).unused == ()


def test_read_pair__names_of_twosamplemr(tmp_path):
    path = tmp_path / "dat.tsv"
    header = (
        "SNP effect_allele.exposure other_allele.exposure effect_allele.outcome beta.exposure beta.outcome "
        "eaf.exposure eaf.outcome se.exposure se.outcome pval.exposure samplesize.exposure samplesize.outcome "
        "chr.exposure pos.exposure id.exposure exposure outcome mr_keep"
    )
    rows = [
        "rs1 A C A 0.1 0.06 0.3 0.31 0.01 0.02 1e-9 1000 2000 chr1 100 x BMI BMD TRUE",
        "rs2 G C G 0.2 0.11 0.4 0.41 0.01 0.02 1e-9 1000 2000 X 200 x BMI BMD TRUE",
        "rs3 G C G 0.2 0.11 0.4 0.41 0.01 0.02 1e-9 1000 2000 X 200 x BMI BMD FALSE",
    ]
    path.write_text("\n".join("\t".join(row) for row in map(str.split, [header, *rows])) + "\n")
    table = read_pair(path)
    pair = table.pair
    assert pair.rsid == ("rs1", "rs2")
    assert pair.effect_allele == ("A", "G")
    assert pair.beta_exposure.tolist() == [0.1, 0.2]
    assert pair.se_outcome.tolist() == [0.02, 0.02]
    assert (pair.eaf_exposure.tolist(), pair.eaf_outcome.tolist()) == ([0.3, 0.4], [0.31, 0.41])
    assert (pair.n_exposure.tolist(), pair.n_outcome.tolist()) == ([1000.0] * 2, [2000.0] * 2)
    assert (pair.chromosome.tolist(), pair.position.tolist()) == ([1.0, 23.0], [100.0, 200.0])
    assert table.unused == ("other_allele.exposure", "pval.exposure")


@pytest.mark.parametrize("header", [NUMBERS.upper(), "snp,Beta.Exposure,SE.exposure,by,BYSE", "rsid,bx,bxse,by,byse"])
def test_read_pair__columns_in_any_case_and_by_short_names(tmp_path, header):
    path = tmp_path / "pair.csv"
    path.write_text("\n".join([header, *LINES]) + "\n")
    table = read_pair(path)
    assert table.pair.rsid == ("rs1", "rs2", "rs3", "rs4")
    assert table.pair.beta_outcome.tolist() == [0.06, 0.11, -0.14, 0.2]
    assert table.unused == ()


def test_read_pair__columns_that_differ_in_case_alone_are_not_guessed(tmp_path):
    path = tmp_path / "pair.csv"
    path.write_text(NUMBERS.replace("beta_exposure", "Beta_Exposure,BETA_EXPOSURE") + "\nrs1,1,1,1,1,1\n")
    with pytest.raises(SchemaError):
        read_pair(path)


def test_read_pair__of_several_exposures_is_refused(read):
    with pytest.raises(SchemaError, match="2 different values in column 'exposure'") as caught:
        read("exposure", "BMI", "BMI", "height", "BMI")
    assert caught.value.faults[0].code == "several_pairs"


def test_read_pair__column_under_two_names_is_refused(read):
    with pytest.raises(SchemaError) as caught:
        read("beta.exposure", *["0.1"] * 4)
    assert [fault.code for fault in caught.value.faults] == ["column_given_twice"]


def test_read_pair__effects_of_different_alleles_are_a_fault(read):
    table = read("effect_allele,effect_allele.outcome", "A,a", "C,C", "G,A", "T,NA")
    assert table.rows.by_reason() == {"effect_alleles_differ": 1}
    assert table.pair.rsid == ("rs1", "rs2", "rs4")


def test_read_pair__frequencies_of_each_study_or_of_both(read):
    pair = read("eaf,eaf_outcome", *["0.1,0.2"] * 4).pair
    assert (pair.eaf_exposure.tolist(), pair.eaf_outcome.tolist()) == ([0.1] * 4, [0.2] * 4)
    assert read("eaf_outcome", "0.1", "0.2", "7", "0.3").rows.by_reason() == {"eaf_out_of_range": 1}


# --- places ------------------------------------------------------------------------------------------------------


def test_read_pair__places_in_any_spelling(read):
    table = read("chromosome,position", "chr1,100", "X,200", "chrY,300", "22,NA")
    np.testing.assert_array_equal(table.pair.chromosome, [1, 23, 24, 22])
    np.testing.assert_array_equal(table.pair.position, [100, 200, 300, np.nan])
    assert table.rows.notes == ()


def test_read_pair__place_that_cannot_be_read_is_counted_and_the_variant_stays(read):
    table = read("chromosome,position", "chrUn,100", "1,somewhere", "1,300", "2,400")
    assert table.rows.notes == (("unusable_position", 2),)
    assert table.rows.n_kept == 4
    np.testing.assert_array_equal(table.pair.chromosome, [np.nan, 1, 1, 2])
