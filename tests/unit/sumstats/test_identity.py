"""What makes two rows one variant: allele classes, trimming, keys."""

import itertools

import polars as pl
import pytest

from osteobiome.sumstats import identity
from osteobiome.sumstats.identity import add_keys, chromosome, orient, trim

COMPLEMENT = str.maketrans("ACGT", "TGCA")


def frame(*rows):
    """Rows of (rsid, chromosome, position, effect, other, beta, eaf)."""
    schema = {
        "rsid": pl.String,
        "chromosome": pl.Int8,
        "position": pl.Int64,
        "effect_allele": pl.String,
        "other_allele": pl.String,
        "beta": pl.Float64,
        "eaf": pl.Float64,
    }
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def keys(*rows):
    return add_keys(orient(frame(*rows)))


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("1", 1), ("22", 22), ("chr7", 7), ("CHR07", 7), ("01", 1), ("1.0", 1), (" 3 ", 3), ("X", 23), ("chrX", 23),
        ("x", 23), ("23", 23), ("Y", 24), ("MT", 25), ("chrM", 25), ("25", 25),
        ("XY", 23), ("xy", 23), ("PAR", 23), ("PAR1", 23), ("chrPAR2", 23), ("PAR3", None),
        ("NC_000001.10", 1), ("NC_000001.11", 1), ("nc_000022.11", 22), ("NC_000023.11", 23), ("NC_000024.10", 24),
        ("NC_012920.1", 25), ("NC_000007", 7), ("NC_000025.1", None), ("NC_012921.1", None), ("NT_000001.1", None),
        ("NC_000001.", None), ("1.5", None), ("22.0", 22),
        ("0", None), ("26", None), ("", None), ("NA", None), ("1p36", None), ("chr", None), ("HLA-A", None),
        (None, None),
    ],
)  # fmt: skip
def test_chromosome__spellings(name, number):
    table = pl.DataFrame({"c": [name]}, schema={"c": pl.String})
    assert table.select(chromosome("c")).to_series().to_list() == [number]


@pytest.mark.parametrize(
    ("effect", "other", "result"),
    [
        ("A", "G", ("A", "G", 0)),
        ("ATC", "AGC", ("T", "G", 1)),
        ("CAA", "CA", ("CA", "C", 0)),
        ("CA", "CAA", ("C", "CA", 0)),
        ("GCAT", "GCT", ("CA", "C", 1)),
        ("AT", "GC", ("AT", "GC", 0)),
        ("AAA", "AAA", ("A", "A", 0)),
        ("TTTT", "T", ("TTTT", "T", 0)),
        ("ACGT", "ACCT", ("G", "C", 2)),
    ],
)
def test_trim__shared_ends_go_one_base_stays(effect, other, result):
    assert trim(effect, other) == result


@pytest.mark.parametrize(("effect", "other"), list(itertools.permutations("ACGT", 2)))
def test_orient__class_does_not_depend_on_order_or_strand(effect, other):
    turned = (effect.translate(COMPLEMENT), other.translate(COMPLEMENT))
    result = orient(
        frame(
            ("a", 1, 1, effect, other, 0.5, 0.2),
            ("b", 1, 1, other, effect, -0.5, 0.8),
            ("c", 1, 1, *turned, 0.5, 0.2),
            ("d", 1, 1, *turned[::-1], -0.5, 0.8),
        )
    )
    assert result["allele_class"].n_unique() == 1
    is_palindrome = {effect, other} in ({"A", "T"}, {"C", "G"})
    assert result["is_palindromic"].to_list() == [is_palindrome] * 4
    a, b, c, d = result["beta"].to_list()
    assert a == b
    assert c == d
    # the strand of a palindrome cannot be known: the other strand looks like swapped alleles
    assert (a == -c) if is_palindrome else (a == c)


def test_orient__first_allele_and_class():
    result = orient(
        frame(
            ("a", 1, 1, "C", "A", 0.5, 0.2),
            ("b", 1, 1, "T", "G", 0.5, None),
            ("c", 1, 1, "C", "T", 0.5, 0.2),
            ("d", 1, 1, "T", "A", 0.5, 0.2),
            ("e", 1, 1, "C", "G", 0.5, 0.2),
        )
    )
    assert result["allele_class"].to_list() == [0, 0, 1, 2, 3]
    assert result["effect_allele"].to_list() == ["A", "T", "T", "A", "C"]
    assert result["other_allele"].to_list() == ["C", "G", "C", "T", "G"]
    assert result["beta"].to_list() == [-0.5, 0.5, -0.5, -0.5, 0.5]
    assert result["eaf"].to_list() == [0.8, None, 0.8, 0.8, 0.2]


def test_orient__indels_are_trimmed_and_the_shorter_allele_comes_first():
    result = orient(
        frame(
            ("a", 1, 100, "C", "CAT", 0.5, 0.2),
            ("b", 1, 100, "GCAT", "GCT", 0.5, 0.2),
            ("c", 1, None, "ATC", "AGC", 0.5, 0.2),
            ("d", 1, 100, "AT", "GC", 0.5, 0.2),
            ("e", 1, 100, "GC", "AT", 0.5, 0.2),
        )
    ).sort("rsid")
    assert result["effect_allele"].to_list() == ["C", "C", "T", "AT", "AT"]
    assert result["other_allele"].to_list() == ["CAT", "CA", "G", "GC", "GC"]
    assert result["position"].to_list() == [100, 101, None, 100, 100]
    assert result["beta"].to_list() == [0.5, -0.5, 0.5, 0.5, -0.5]
    assert result["allele_class"].to_list() == [4, 4, 0, 4, 4]
    assert not result["is_palindromic"].any()


def test_orient__no_rows():
    assert orient(frame()).height == 0


def test_keys__position_and_class():
    table = keys(
        ("rs1", 1, 100, "A", "G", 0.1, None),
        ("rs2", 1, 100, "C", "T", 0.1, None),  # the same variant on the other strand, by another name
        ("rs1", 1, 100, "A", "C", 0.1, None),  # another allele at this place
        ("rs1", 1, 101, "A", "G", 0.1, None),
        ("rs1", 2, 100, "A", "G", 0.1, None),
    )
    assert table["variant_key"].n_unique() == 4
    assert table["variant_key"][0] == table["variant_key"][1]
    assert (table["variant_key"] < 1 << 60).all()
    assert table["id_key"][0] == table["id_key"][2]
    assert table["id_key"][0] != table["id_key"][1]


def test_keys__largest_place_does_not_spill_into_the_kind():
    table = keys(("rs1", 25, identity.MAX_POSITION, "C", "G", 0.1, None), ("rs1", 25, 1, "A", "C", 0.1, None))
    assert (table["variant_key"] >= 0).all()
    assert (table["variant_key"] < 1 << 60).all()
    assert table["variant_key"].n_unique() == 2


def test_keys__indels_by_place_and_exact_alleles():
    table = keys(
        ("rs1", 1, 100, "C", "CAT", 0.1, None),
        ("rs1", 1, 100, "CAT", "C", 0.1, None),  # turned round
        ("rs1", 1, 100, "G", "GTA", 0.1, None),  # the other strand is another variant
        ("rs1", 1, 99, "GC", "GCAT", 0.1, None),  # the same, written with one base more
        ("rs1", 1, 101, "C", "CAT", 0.1, None),
    )
    key = table["variant_key"].to_list()
    assert key[0] == key[1] == key[3]
    assert len(set(key)) == 3
    assert all(k >> 60 == 0 for k in key)


def test_keys__identifier_without_place():
    table = keys(
        ("rs12", None, None, "A", "G", 0.1, None),
        ("RS12", None, None, "T", "C", 0.1, None),
        ("rs12", None, None, "A", "C", 0.1, None),
        ("rs012x", None, None, "A", "G", 0.1, None),
        ("rs12", None, None, "CAT", "C", 0.1, None),
        ("1:100:A:G", None, None, "A", "G", 0.1, None),
    )
    key = table["variant_key"].to_list()
    assert key[0] == key[1]
    assert len(set(key)) == 5
    assert [k >> 60 for k in key] == [2, 2, 2, 3, 3, 3]
    assert table["id_key"].n_unique() == 3
    assert table["id_key"].null_count() == 0


def test_keys__place_alone_has_no_identifier_key():
    table = keys((None, 1, 100, "A", "G", 0.1, None), (None, 1, 100, "CAT", "C", 0.1, None))
    assert table["id_key"].to_list() == [None, None]
    assert table["variant_key"].null_count() == 0


def test_keys__neither_place_nor_identifier_is_no_key():
    alleles = ("A", "G", 0.1, None)
    table = keys((None, 7, 100, *alleles), (None, None, None, *alleles), ("rs5", None, None, *alleles))
    assert table["variant_key"].is_null().to_list() == [False, True, False]
    alone = keys((None, None, None, *alleles))
    assert alone.select("variant_key", "id_key").row(0) == (None, None)


def test_keys__half_a_place_is_no_place():
    table = keys(("rs1", 1, None, "A", "G", 0.1, None), ("rs1", None, 100, "A", "G", 0.1, None))
    assert [k >> 60 for k in table["variant_key"]] == [2, 2]


def test_keys__rise_along_the_genome_for_long_and_short_variants_alike():
    rows = [("a", 1, 99, "A", "G"), ("b", 1, 100, "C", "CAT"), ("c", 1, 101, "A", "C"), ("d", 2, 1, "CA", "C")]
    table = keys(*[(*row, 0.1, None) for row in reversed(rows)])
    assert table.sort("variant_key")["rsid"].to_list() == ["a", "b", "c", "d"]


def test_keys__are_the_same_in_every_version():
    """Keys stand in stored tables: a change of these numbers is a change of the store."""
    table = keys(
        ("rs12", 1, 100, "A", "G", 0.1, None),
        ("rs12", 1, 100, "CAT", "C", 0.1, None),
        ("rs12", None, None, "A", "C", 0.1, None),
        ("1:100:A:G", None, None, "A", "G", 0.1, None),
    )
    assert table["variant_key"].to_list() == [
        36028797857824769,
        36028797859158190,
        2305843009213694144,
        4213611349726994922,
    ]
    assert table["id_key"].to_list() == [
        2305843009213694144,
        2305843009213694144,
        2305843009213694144,
        3775512964800600493,
    ]


def test_keys__no_rows():
    assert keys().columns[-2:] == ["variant_key", "id_key"]
