"""Signed LD matrices: reading with their alleles, and turning them to the effect alleles of a pair."""

import numpy as np
import pytest

from osteobiome.core.errors import InputFileError, SchemaError
from osteobiome.ld import LdMatrix, check_correlation, read_ld_matrix

R = np.array([[1.0, 0.5, -0.2], [0.5, 1.0, 0.1], [-0.2, 0.1, 1.0]])
MATRIX = LdMatrix(R, ("rs1", "rs2", "rs3"), ("A", "C", "T"), ("G", "T", "A"), (0.3, None, 0.2))
NUMBERS = "rsid\trs1\trs2\nrs1\t1\t0.5\nrs2\t0.5\t1\n"
ALLELES = "rsid\teffect_allele\tother_allele\nrs1\tA\tG\nrs2\tC\tT\n"


@pytest.fixture
def read(tmp_path):
    def write_and_read(matrix=NUMBERS, variants=ALLELES):
        paths = []
        for name, text in (("r.tsv", matrix), ("variants.tsv", variants)):
            path = tmp_path / name
            path.write_text(text, encoding="utf-8")
            paths.append(path)
        return read_ld_matrix(*paths)

    return write_and_read


def test_oriented__same_alleles_and_order_change_nothing():
    r, problems = MATRIX.oriented(MATRIX.rsid, MATRIX.counted, MATRIX.other, trust_strand=True)
    np.testing.assert_array_equal(r, R)
    assert problems == {}


def test_oriented__swapped_alleles_turn_row_and_column():
    r, problems = MATRIX.oriented(["rs1", "rs2", "rs3"], ["G", "C", "T"], ["A", "T", "A"], trust_strand=True)
    np.testing.assert_array_equal(r, R * np.outer([-1, 1, 1], [-1, 1, 1]))
    assert problems == {}


@pytest.mark.parametrize(("effect", "other", "sign"), [("A", "G", 1), ("G", "A", -1), ("T", "C", 1), ("C", "T", -1)])
def test_oriented__the_other_strand_is_recognised(effect, other, sign):
    r, _ = MATRIX.oriented(["rs1", "rs2"], [effect, "C"], [other, "T"])
    assert r[0, 1] == sign * 0.5
    assert r[0, 0] == r[1, 1] == 1.0


@pytest.mark.parametrize(("effect", "other", "sign"), [("T", "A", 1), ("A", "T", -1)])
def test_oriented__palindromes_are_taken_as_written_where_the_strand_is_trusted(effect, other, sign):
    r, _ = MATRIX.oriented(["rs1", "rs3"], ["A", effect], ["G", other], trust_strand=True)
    assert r[0, 1] == -0.2 * sign


@pytest.mark.parametrize(
    ("effect", "other", "eaf", "sign"),
    [
        ("T", "A", 0.25, 1),
        ("A", "T", 0.25, 1),  # the same allele, read from the other strand
        ("A", "T", 0.75, -1),
        ("T", "A", 0.75, -1),
        ("T", "A", 0.42, 1),  # the edge decides
        ("T", "A", 0.58, -1),
        ("T", "A", 1 - 0.58, 1),  # also after the rounding of 1 - 0.58
        ("T", "A", 0.45, 0),
        ("T", "A", None, 0),
    ],
)
def test_oriented__palindromes_follow_the_frequency(effect, other, eaf, sign):
    """The matrix counts T of T/A with frequency 0.2."""
    r, problems = MATRIX.oriented(["rs1", "rs3"], ["A", effect], ["G", other], eaf=[None, eaf])
    if sign:
        assert problems == {}
        assert r[0, 1] == -0.2 * sign
    else:
        assert r is None
        assert problems == {"palindromic_strand_unknown": ["rs3"]}


@pytest.mark.parametrize("frequency", [(), (None,), (0.5,)])
def test_oriented__palindrome_without_a_telling_frequency_in_the_matrix(frequency):
    ld = LdMatrix(np.eye(1), ("rs1",), ("A",), ("T",), frequency)
    assert ld.oriented(["rs1"], ["A"], ["T"], eaf=[0.2]) == (None, {"palindromic_strand_unknown": ["rs1"]})
    assert ld.oriented(["rs1"], ["A"], ["T"]) == (None, {"palindromic_strand_unknown": ["rs1"]})


def test_oriented__order_and_subset_of_the_pair():
    r, _ = MATRIX.oriented(["rs3", "rs1"], ["T", "A"], ["A", "G"], trust_strand=True)
    np.testing.assert_array_equal(r, R[np.ix_([2, 0], [2, 0])])


def test_oriented__no_variant():
    r, problems = MATRIX.oriented([], [], [])
    assert r.shape == (0, 0)
    assert problems == {}


def test_oriented__every_problem_is_named_and_there_is_no_matrix():
    r, problems = MATRIX.oriented(["rs9", "rs1", "rs3", "rs8"], ["A", "A", "C", "A"], ["G", "C", "G", "G"])
    assert r is None
    assert problems == {"not_in_ld_matrix": ["rs9", "rs8"], "allele_mismatch": ["rs1", "rs3"]}


@pytest.mark.parametrize(
    ("effect", "other", "sign"), [("CAA", "C", 1), ("C", "CAA", -1), ("GTT", "G", 0), ("CA", "C", 0)]
)
def test_oriented__indels_match_exactly_and_never_by_strand(effect, other, sign):
    two = LdMatrix(R[:2, :2], ("rs1", "rs2"), ("CAA", "A"), ("C", "G"))
    r, problems = two.oriented(["rs1", "rs2"], [effect, "A"], [other, "G"])
    if sign:
        assert r[0, 1] == sign * 0.5
    else:
        assert r is None
        assert problems == {"allele_mismatch": ["rs1"]}


def test_oriented__indels_written_with_shared_bases_are_the_same_variant():
    """Summary statistics are trimmed when they are read (ATC/AGC becomes T/G), so the matrix must be, too."""
    untrimmed = LdMatrix(R[:2, :2], ("rs1", "rs2"), ("CAA", "ATC"), ("CA", "AGC"))
    r, problems = untrimmed.oriented(["rs1", "rs2"], ["CA", "G"], ["C", "T"])
    assert problems == {}
    assert r[0, 1] == -0.5


def test_read__matrix_with_alleles(read):
    ld = read()
    assert ld.rsid == ("rs1", "rs2")
    assert ld.counted == ("A", "C")
    assert ld.other == ("G", "T")
    np.testing.assert_array_equal(ld.r, [[1.0, 0.5], [0.5, 1.0]])


def test_read__alt_and_ref_lower_case_other_order_extra_variants(read):
    ld = read(variants="rsid\tref\talt\nrs9\tA\tC\nrs2\tt\tc\nrs1\tg\ta\n")
    assert ld.counted == ("A", "C")
    assert ld.other == ("G", "T")


@pytest.mark.parametrize("name", ["eaf", "af"])
def test_read__frequencies_of_the_counted_alleles(read, name):
    ld = read(variants=f"rsid\teffect_allele\tother_allele\t{name}\nrs2\tC\tT\tNA\nrs1\tA\tG\t0.25\n")
    assert ld.frequency == (0.25, None)
    assert set(read().frequency) <= {None}


def test_read__diagonal_off_by_printing_is_one(read):
    ld = read(matrix=NUMBERS.replace("rs1\t1\t", "rs1\t0.99995\t"))
    assert ld.r[0, 0] == 1.0


def test_read__commas_too(read):
    assert read(matrix=NUMBERS.replace("\t", ","), variants=ALLELES.replace("\t", ",")).rsid == ("rs1", "rs2")


def test_read__rounding_differences_are_averaged(read):
    ld = read(matrix=NUMBERS.replace("rs2\t0.5", "rs2\t0.50005"))
    assert ld.r[0, 1] == ld.r[1, 0] == pytest.approx(0.500025)


@pytest.mark.parametrize(
    ("matrix", "error", "code"),
    [
        ("rsid\trs1\trs2\nrs1\t1\t0.5\n", SchemaError, "ld_not_square"),
        ("rsid\trs2\trs1\nrs1\t1\t0.5\nrs2\t0.5\t1\n", SchemaError, "ld_not_square"),
        ("rsid\trs1\trs2\nrs1\t1\t0.5\nrs2\tx\t1\n", InputFileError, "ld_bad_value"),
        ("rsid\trs1\trs2\nrs1\t1\t0.5\nrs2\tNA\t1\n", InputFileError, "ld_bad_value"),
        ("rsid\trs1\trs2\nrs1\t1\t1.5\nrs2\t1.5\t1\n", InputFileError, "ld_bad_value"),
        ("rsid\trs1\trs2\nrs1\t1\t0.5\nrs2\t0.4\t1\n", InputFileError, "ld_not_symmetric"),
        ("rsid\trs1\trs2\nrs1\t1\t0.5\nrs2\t0.5\t0.9\n", InputFileError, "ld_diagonal"),
        ("rsid\trs1\trs1\nrs1\t1\t0.5\nrs1\t0.5\t1\n", InputFileError, "duplicate_column"),
        ("rsid\trs1\trs2\n", InputFileError, "no_rows"),
        ("rsid\trs1\trs2\nrs1\t1\t0.5\nrs2\t0.5\n", InputFileError, "ragged_row"),
    ],
)
def test_read__unusable_matrix(read, matrix, error, code):
    with pytest.raises(error) as caught:
        read(matrix=matrix)
    assert caught.value.faults[0].code == code


@pytest.mark.parametrize(
    ("variants", "code"),
    [
        ("rsid\teffect_allele\nrs1\tA\nrs2\tC\n", "no_allele_column"),
        ("name\teffect_allele\tother_allele\nrs1\tA\tG\nrs2\tC\tT\n", "no_allele_column"),
        ("rsid\teffect_allele\tother_allele\nrs1\tA\tG\n", "ld_without_alleles"),
        ("rsid\teffect_allele\tother_allele\nrs1\tA\tG\nrs2\t\tT\n", "ld_without_alleles"),
    ],
)
def test_read__matrix_without_alleles_means_nothing(read, variants, code):
    with pytest.raises(SchemaError) as caught:
        read(variants=variants)
    assert caught.value.faults[0].code == code


def test_check_correlation__singular_is_fine_and_faults_name_the_place():
    check_correlation(np.ones((2, 2)), where="r.csv")
    check_correlation(np.empty((0, 0)), where="r.csv")
    with pytest.raises(InputFileError) as caught:
        check_correlation(np.array([[1.0, 2.0], [2.0, 1.0]]), where="r.csv")
    assert (caught.value.faults[0].code, caught.value.faults[0].where) == ("ld_bad_value", "r.csv")


def test_read__one_variant_with_two_sets_of_alleles_is_an_error(read):
    """A multi-allelic rsID: which alleles r counts cannot be known, and the last row must not win in silence."""
    with pytest.raises((SchemaError, InputFileError)):
        read(variants=ALLELES + "rs1\tC\tG\n")


def test_read__takes_gzip(tmp_path):
    """Matrices are large."""
    import gzip

    for name, text in (("r.tsv.gz", NUMBERS), ("variants.tsv.gz", ALLELES)):
        (tmp_path / name).write_bytes(gzip.compress(text.encode()))
    ld = read_ld_matrix(tmp_path / "r.tsv.gz", tmp_path / "variants.tsv.gz")
    np.testing.assert_array_equal(ld.r, [[1.0, 0.5], [0.5, 1.0]])
    assert ld.counted == ("A", "C")


def test_find__gives_row_and_sign_or_what_is_wrong():
    found = MATRIX.find(["rs2", "rs1", "rs9", "rs3", "rs1"], ["T", "A", "A", "T", "A"], ["C", "G", "G", "A", "C"])
    assert found == [
        (1, -1, ""),
        (0, 1, ""),
        (-1, 0, "not_in_ld_matrix"),
        (-1, 0, "palindromic_strand_unknown"),
        (-1, 0, "allele_mismatch"),
    ]


@pytest.mark.parametrize("unknown", [None, float("nan")])
def test_find__a_frequency_that_is_not_a_number_tells_nothing(unknown):
    ld = LdMatrix(np.eye(2), ("rs1", "rs2"), ("A", "A"), ("T", "T"), (0.1, unknown))
    found = ld.find(["rs2", "rs1", "rs1"], ["A"] * 3, ["T"] * 3, eaf=[0.1, unknown, 0.9])
    assert found == [(-1, 0, "palindromic_strand_unknown")] * 2 + [(0, -1, "")]


def test_find__frequencies_are_those_of_the_rows_asked_for():
    """Rows in another order, some absent, one of them no palindrome."""
    ld = LdMatrix(np.eye(3), ("rs1", "rs2", "rs3"), ("A", "C", "G"), ("T", "T", "C"), (0.1, 0.9, 0.8))
    found = ld.find(["rs3", "rs9", "rs2", "rs1"], ["C", "A", "T", "T"], ["G", "T", "C", "A"], eaf=[0.7, 0.1, 0.1, 0.9])
    assert found == [(2, 1, ""), (-1, 0, "not_in_ld_matrix"), (1, -1, ""), (0, -1, "")]
