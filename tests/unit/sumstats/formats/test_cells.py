"""Packed identifiers, marks and sums."""

import polars as pl
import pytest

from osteobiome.sumstats.formats.cells import (
    is_true,
    known,
    mark,
    only_additive,
    plink_chromosomes,
    split_packed,
    text,
    value,
)

INTO = {"chromosome": "chromosome", "position": "position", "other": "first", "effect": "second"}


@pytest.mark.parametrize(
    ("packed", "parts"),
    [
        ("1:869334:G:A", ("1", "869334", "G", "A")),
        ("chr1_869334_G_A", ("1", "869334", "G", "A")),
        ("CHRX:12:GTT:G", ("X", "12", "GTT", "G")),
        ("1:869334_G/A", ("1", "869334", "G", "A")),
        ("1:662622_G/A_1:662622", ("1", "662622", "G", "A")),
        ("22-17-C-T", ("22", "17", "C", "T")),
        ("MT:5:A:G:b37", ("MT", "5", "A", "G")),
        ("1:869334", (None, None, None, None)),
        ("rs123", (None, None, None, None)),
        ("HLA:55:A:G", (None, None, None, None)),
        ("1:x:A:G", (None, None, None, None)),
        (None, (None, None, None, None)),
    ],
)
def test_split_packed__identifier_with_alleles(packed, parts):
    frame = split_packed(pl.DataFrame({"id": [packed]}, schema={"id": pl.String}), "id", into=INTO)
    assert tuple(frame.row(0, named=True)[name] for name in INTO) == parts
    assert frame.columns == ["id", *INTO]


def test_split_packed__place_alone_needs_no_alleles():
    frame = split_packed(pl.DataFrame({"id": ["1:5", "chr2:7:A:G", "rs1"]}), "id", into={"position": "position"})
    assert frame["position"].to_list() == ["5", "7", None]


def test_plink_chromosomes__pseudo_autosomal_region_and_mitochondrion():
    frame = pl.DataFrame({"chromosome": ["1", "25", "26", "23", "X", "MT", "125", None]})
    named = ["1", "X", "MT", "23", "X", "MT", "125", None]
    assert plink_chromosomes(frame)["chromosome"].to_list() == named


def test_plink_chromosomes__nothing_to_name():
    for frame in (pl.DataFrame({"rsid": ["25"]}), pl.DataFrame({"chromosome": ["1", "23"]})):
        assert plink_chromosomes(frame).equals(frame)


def test_mark__first_reason_stays():
    frame = mark(pl.DataFrame({"a": [1, 2, None]}), pl.col("a") == 1, "one")
    frame = mark(frame, pl.col("a") <= 2, "two")
    assert frame["_drop"].to_list() == ["one", "two", None]


def test_only_additive__without_the_column_nothing_is_marked():
    assert only_additive(pl.DataFrame({"a": [1]})).columns == ["a"]


def test_values__arithmetic_on_text():
    frame = pl.DataFrame({"a": [" 0.25", "NA", None, "1e-3"]})
    assert frame.select(text(1.0 - value("a")))["literal"].to_list() == ["0.75", None, None, "0.999"]


def test_known__words_for_missing():
    assert pl.DataFrame({"a": ["NA", ".", "0", None]}).select(known("a"))["a"].to_list() == [None, None, "0", None]


def test_is_true__spellings():
    frame = pl.DataFrame({"a": ["TRUE", "true", "1", "false", "0", None]})
    assert frame.select(is_true("a"))["a"].to_list() == [True, True, True, False, False, None]
