"""Checking tables against declared columns, at every border."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.columns import COLUMNS, SCHEMAS
from osteobiome.core.errors import Fault, SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DTYPES: Mapping[str, pl.DataType] = {
    "Int8": pl.Int8(),
    "Int64": pl.Int64(),
    "Float64": pl.Float64(),
    "String": pl.String(),
    "Boolean": pl.Boolean(),
    "List(Int64)": pl.List(pl.Int64),
    "List(String)": pl.List(pl.String),
    "List(Array2)": pl.List(pl.List(pl.Float64)),
}


def polars_schema(name: str) -> dict[str, pl.DataType]:
    """Return column names and polars types of a declared table.

    Parameters
    ----------
    name : str
        Key of ``core.columns.SCHEMAS``.
    """
    return {column: _DTYPES[COLUMNS[column].dtype] for column in SCHEMAS[name]}


def table(name: str, rows: Iterable[Mapping[str, object]] = ()) -> pl.DataFrame:
    """Build a table of a declared schema from records; keys that a record lacks become null.

    Parameters
    ----------
    name : str
        Key of ``core.columns.SCHEMAS``.
    rows : iterable of mapping
        Records; a key outside the schema is an error.

    Raises
    ------
    SchemaError
        If a record holds an undeclared column.
    """
    schema = polars_schema(name)
    records = []
    for row in rows:
        extra = [key for key in row if key not in schema]
        if extra:
            raise SchemaError(Fault("undeclared_column", f"table '{name}'", f"column {extra[0]!r}", "declared columns"))
        records.append({column: row.get(column) for column in schema})
    return pl.DataFrame(records, schema=schema, orient="row")


def conform(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the declared columns of a table, in order and of their types; others are left out.

    Parameters
    ----------
    frame : polars.DataFrame
        Table with all declared columns.
    name : str
        Key of ``core.columns.SCHEMAS``.
    """
    schema = polars_schema(name)
    return frame.select(list(schema)).cast(schema)  # type: ignore[arg-type] # polars declares invariant mappings


def validate(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return ``frame`` with the columns of schema ``name`` in order, or raise with every fault.

    Parameters
    ----------
    frame : polars.DataFrame
        Table to check.
    name : str
        Key of ``core.columns.SCHEMAS``.

    Raises
    ------
    SchemaError
        Lists each missing column and each wrong type.
    """
    faults = []
    for column, dtype in polars_schema(name).items():
        if column not in frame.columns:
            faults.append(Fault("missing_column", f"table '{name}'", f"no column '{column}'", COLUMNS[column].doc))
        elif frame.schema[column] != dtype:
            faults.append(
                Fault(
                    "wrong_dtype",
                    f"table '{name}', column '{column}'",
                    f"type {frame.schema[column]}",
                    f"type {dtype}",
                )
            )
    if faults:
        raise SchemaError(*faults)
    return frame.select(SCHEMAS[name])
