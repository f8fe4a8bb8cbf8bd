"""Parquet and CSV: checked against the schema, the same bytes for the same content, damage named."""

from __future__ import annotations

import csv

import polars as pl
import pytest

from osteobiome.core.errors import SchemaError, StoreError
from osteobiome.core.schema import table
from osteobiome.store import read_table, write_csv, write_table

METHODS = [
    {"name": "ivw", "label": "IVW", "used_for": "primary", "doi": "10.1000/x", "assumptions": ["valid", "many"]},
    {"name": "egger", "label": "MR-Egger", "used_for": "sensitivity", "doi": "10.1000/y", "assumptions": []},
]


def test_table__comes_back_as_it_was_written(tmp_path):
    frame = table("methods", METHODS)
    write_table(frame, tmp_path / "methods.parquet", schema="methods")
    assert read_table(tmp_path / "methods.parquet", schema="methods").equals(frame)


def test_table__has_the_same_bytes_for_the_same_content(tmp_path):
    for name in ("a", "b"):
        write_table(table("methods", METHODS), tmp_path / name, schema="methods")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_write_table__puts_columns_in_the_declared_order(tmp_path):
    frame = table("methods", METHODS)
    write_table(frame.select(reversed(frame.columns)), tmp_path / "a", schema="methods")
    write_table(frame, tmp_path / "b", schema="methods")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_write_table__refuses_a_table_of_another_kind(tmp_path):
    frame = table("methods", METHODS).drop("doi").with_columns(pl.lit(1).alias("label"))
    with pytest.raises(SchemaError) as caught:
        write_table(frame, tmp_path / "methods.parquet", schema="methods")
    assert {fault.code for fault in caught.value.faults} == {"missing_column", "wrong_dtype"}
    assert list(tmp_path.iterdir()) == []


def test_read_table__refuses_a_table_of_another_kind(tmp_path):
    write_table(table("methods", METHODS), tmp_path / "methods.parquet", schema="methods")
    with pytest.raises(SchemaError):
        read_table(tmp_path / "methods.parquet", schema="traits")


@pytest.mark.parametrize("keep", [0, 10, 0.5, -1])
def test_read_table__names_a_damaged_file(keep, tmp_path):
    path = tmp_path / "methods.parquet"
    write_table(table("methods", METHODS), path, schema="methods")
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content)) if isinstance(keep, float) else keep])
    with pytest.raises(StoreError) as caught:
        read_table(path, schema="methods")
    (fault,) = caught.value.faults
    assert fault.code == "damaged_table"
    assert fault.where == str(path)
    assert "run again" in fault.hint


def test_read_table__names_a_missing_file(tmp_path):
    with pytest.raises(StoreError, match="cannot be read"):
        read_table(tmp_path / "none.parquet", schema="methods")


def test_write_csv__joins_lists_and_leaves_missing_cells_empty(tmp_path):
    frame = pl.DataFrame(
        {
            "name": ["a", "b, c", None],
            "lines": [[1, 2], [], None],
            "words": [["x", "y"], ["only"], []],
            "ci_set": [[[-1.5, 2.0]], [[float("-inf"), 0.0], [1.0, float("inf")]], []],
        },
        schema={
            "name": pl.String,
            "lines": pl.List(pl.Int64),
            "words": pl.List(pl.String),
            "ci_set": pl.List(pl.List(pl.Float64)),
        },
    )
    write_csv(frame, tmp_path / "table.csv")
    assert list(csv.reader((tmp_path / "table.csv").read_text().splitlines())) == [
        ["name", "lines", "words", "ci_set"],
        ["a", "1; 2", "x; y", "'-1.5 to 2.0"],
        ["b, c", "", "only", "'-inf to 0.0; 1.0 to inf"],
        ["", "", "", ""],
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_write_csv__makes_no_formula_of_text(start, tmp_path):
    cell = f"{start}HYPERLINK(1)"
    frame = pl.DataFrame({"label": [cell, f"a{cell}", "", None], "words": [[cell, "b"], ["b", cell], [], None]})
    write_csv(frame, tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["label", "words"],
            [f"'{cell}", f"'{cell}; b"],
            [f"a{cell}", f"b; {cell}"],
            ["", ""],
            ["", ""],
        ]


def test_write_csv__leaves_numbers_and_parquet_as_they_are(tmp_path):
    frame = pl.DataFrame({"beta": [-1.5, -float("inf")], "line": [-3, 4]})
    write_csv(frame, tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text() == "beta,line\n-1.5,-3\n-inf,4\n"
    methods = table("methods", [METHODS[0] | {"label": "=1+1", "assumptions": ["-x"]}])
    write_table(methods, tmp_path / "methods.parquet", schema="methods")
    back = read_table(tmp_path / "methods.parquet", schema="methods")
    assert back["label"].to_list() == ["=1+1"]
    assert back["assumptions"].to_list() == [["-x"]]
