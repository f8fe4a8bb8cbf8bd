"""What variants are called."""

import polars as pl

from osteobiome.ld.naming import variant_names


def frame(*rows):
    names = ("rsid", "chromosome", "position", "effect_allele", "other_allele")
    types = (pl.String, pl.Int8, pl.Int64, pl.String, pl.String)
    return pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")


def test_names__rsid_else_place_and_alleles():
    variants = frame(("rs1", 1, 5, "A", "G"), (None, 1, 7, "C", "T"), ("", 23, 9, "CT", "C"))
    assert variant_names(variants).to_list() == ["rs1", "1:7:C:T", "23:9:CT:C"]


def test_names__a_shared_name_is_told_apart():
    variants = frame(("rs1", 1, 5, "A", "G"), ("rs1", 1, 5, "A", "T"), ("rs2", None, None, "A", "C"),
                     ("rs2", None, None, "G", "C"))  # fmt: skip
    assert variant_names(variants).to_list() == ["1:5:A:G", "1:5:A:T", "rs2:A:C", "rs2:G:C"]


def test_names__one_variant_in_two_rows_has_one_name():
    assert variant_names(frame(("rs1", 1, 5, "A", "G"), ("rs1", 1, 5, "A", "G"))).to_list() == ["rs1", "rs1"]


def test_names__what_is_unknown_is_a_question_mark():
    assert variant_names(frame((None, None, None, "A", "G"), (None, 2, None, "A", "G"))).to_list() == [
        "?:?:A:G", "2:?:A:G",
    ]  # fmt: skip
    alleles = pl.DataFrame({"rsid": ["rs1", None], "effect_allele": ["A", "A"], "other_allele": ["G", "T"]})
    assert variant_names(alleles).to_list() == ["rs1", "?:?:A:T"]
    assert variant_names(frame()).to_list() == []
