"""Declared tables: building, checking, and the declarations themselves."""

import polars as pl
import pytest

from osteobiome.core.columns import COLUMNS, SCHEMAS
from osteobiome.core.errors import SchemaError
from osteobiome.core.schema import polars_schema, table, validate


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas__every_column_is_declared_once_with_type_and_meaning(name):
    assert len(set(SCHEMAS[name])) == len(SCHEMAS[name])
    for column in SCHEMAS[name]:
        assert COLUMNS[column].name == column
        assert COLUMNS[column].doc
    assert list(polars_schema(name)) == list(SCHEMAS[name])


@pytest.mark.parametrize("name", SCHEMAS)
def test_table__empty_has_the_schema(name):
    frame = table(name)
    assert frame.height == 0
    assert dict(frame.schema) == polars_schema(name)
    assert validate(frame, name).equals(frame)


def test_columns__none_is_declared_for_nothing():
    used = {column for schema in SCHEMAS.values() for column in schema}
    assert set(COLUMNS) == used


def test_table__keys_left_out_become_null():
    frame = table("methods", [{"name": "ivw", "assumptions": ["a", "b"]}])
    assert frame.row(0) == ("ivw", None, None, None, None, ["a", "b"])


def test_table__undeclared_column_is_an_error():
    with pytest.raises(SchemaError, match="column 'naem'"):
        table("methods", [{"name": "ivw"}, {"naem": "egger"}])


def test_table__null_in_the_first_rows_does_not_fix_the_type():
    rows = [{"count": None}] * 200 + [{"count": 7, "lines": [1, 2]}]
    assert table("row_report", rows)["count"].to_list()[-1] == 7


def test_validate__orders_columns_and_drops_undeclared_ones():
    frame = table("methods", [{"name": "ivw"}]).select("label", "short_label", "name", "used_for", "doi", "assumptions")
    assert validate(frame.with_columns(extra=pl.lit(1)), "methods").columns == list(SCHEMAS["methods"])


def test_validate__lists_every_fault():
    frame = table("methods").drop("doi", "label").with_columns(pl.lit(1, dtype=pl.Int64).alias("name"))
    with pytest.raises(SchemaError) as caught:
        validate(frame, "methods")
    assert [(f.code, f.where) for f in caught.value.faults] == [
        ("wrong_dtype", "table 'methods', column 'name'"),
        ("missing_column", "table 'methods'"),
        ("missing_column", "table 'methods'"),
    ]
    assert "'label'" in str(caught.value)
    assert "'doi'" in str(caught.value)
