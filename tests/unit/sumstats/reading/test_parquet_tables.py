"""Parquet files as tables of text."""

import datetime

import polars as pl
import pytest

from osteobiome.sumstats.reading import open_table


@pytest.fixture
def write_parquet(tmp_path):
    """Write columns as a Parquet file and return its path."""

    def to_file(columns, **options):
        path = tmp_path / "table.tsv"  # the name plays no part
        pl.DataFrame(columns).write_parquet(path, **options)
        return path

    return to_file


def test_open_table__parquet(write_parquet, rows_of):
    path = write_parquet({"rsid": ["rs1", " rs2 ", ""], "chromosome": [1, 23, None], "p": [0.1, 5e-324, None]})
    table = open_table(path)
    assert (table.container, table.separator, table.header_line) == ("parquet", "", 1)
    assert table.header == ("rsid", "chromosome", "p")
    assert (table.preamble, table.findings) == ((), [])
    assert rows_of(path) == [("rs1", "1", "0.1", 2), ("rs2", "23", "5e-324", 3)]


def test_chunks__parquet_in_slices(write_parquet, rows_of):
    path = write_parquet({"n": list(range(1000))}, row_group_size=100)
    assert len(list(open_table(path).chunks(n_bytes=96 * 70))) == 15
    assert rows_of(path, n_bytes=96 * 70) == [(str(i), i + 2) for i in range(1000)]


def test_chunks__floats_read_back_to_the_same_number(write_parquet, rows_of):
    values = [1 / 3, 1e-300, 123456789.125, -2.5e22, 0.1 + 0.2]
    assert [float(row[0]) for row in rows_of(write_parquet({"x": values}))] == values
    single = pl.Series([0.1, 1e-30], dtype=pl.Float32)
    assert [row[0] for row in rows_of(write_parquet({"x": single}))] == ["0.1", "1e-30"]


def test_chunks__other_types(write_parquet, rows_of):
    columns = {
        "a": pl.Series(["x"], dtype=pl.Categorical),
        "b": [True],
        "c": [datetime.date(2024, 5, 1)],
    }
    assert rows_of(write_parquet(columns)) == [("x", "true", "2024-05-01", 2)]


@pytest.mark.parametrize("values", [[[1, 2]], [{"a": 1}], [b"ab"]])
def test_open_table__parquet_with_cells_that_are_no_cells(write_parquet, values, fault_of):
    fault = fault_of(write_parquet({"x": values}))
    assert fault.code == "unreadable_table"
    assert "column 'x' holds" in fault.found


def test_open_table__parquet_names(write_parquet, fault_of):
    assert fault_of(write_parquet({"a": [1], " a": [2]})).code == "duplicate_column"
    assert fault_of(write_parquet({"a": [1], "": [2]})).code == "empty_column_name"
    assert fault_of(write_parquet({"a": [1], "__line__": [2]})).code == "duplicate_column"


def test_open_table__parquet_without_rows(write_parquet, fault_of):
    assert fault_of(write_parquet({"a": pl.Series([], dtype=pl.Int64)})).code == "no_rows"
    assert fault_of(write_parquet({"a": pl.Series([None], dtype=pl.Int64)})).code == "no_rows"


def test_open_table__parquet_cut_off(write_parquet, fault_of):
    path = write_parquet({"a": list(range(1000))})
    path.write_bytes(path.read_bytes()[:-20])
    assert fault_of(path).code == "damaged_parquet"
    path.write_bytes(b"PAR1")
    assert fault_of(path).code == "damaged_parquet"
