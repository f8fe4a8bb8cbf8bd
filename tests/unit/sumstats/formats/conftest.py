"""Fixture files through sniffing and the format's own columns, without the reading and the checks around them."""

import gzip
from pathlib import Path

import polars as pl
import pytest

from osteobiome.sumstats.formats import FORMATS, our_columns
from osteobiome.sumstats.sniffing import sniff

DATA = Path(__file__).parents[3] / "data" / "sumstats"


def table(path):
    """Return a file as text cells with line numbers, and its header: a plain reader for these small files."""
    if path.suffix == ".parquet":
        frame = pl.read_parquet(path).with_columns(pl.all().cast(pl.String))
        return frame.with_row_index("__line__", 2).cast({"__line__": pl.Int64}), frame.columns
    data = path.read_bytes()
    lines = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode().splitlines()
    start = next(i for i, line in enumerate(lines) if not line.startswith("##"))
    separator = next((mark for mark in "\t," if mark in lines[start]), None)
    header = lines[start].split(separator)
    numbered = [(i, line.split(separator)) for i, line in enumerate(lines[start + 1 :], start + 2) if line.strip()]
    rows = [row for _, row in numbered]
    cells = {name: [row[i] if i < len(row) and row[i] else None for row in rows] for i, name in enumerate(header)}
    frame = pl.DataFrame(cells, schema=dict.fromkeys(header, pl.String))
    return frame.with_columns(pl.Series("__line__", [i for i, _ in numbered], dtype=pl.Int64)), header


@pytest.fixture
def read():
    """Return a function from a fixture file to its sniffed format and our columns."""

    def read(path, *, side="outcome", name=None):
        frame, header = table(DATA / path)
        fmt = FORMATS[name] if name else sniff(header)
        return fmt, our_columns(frame, fmt, fmt.columns(header, side))

    return read


@pytest.fixture
def apply():
    """Return a function that reads rows written in a test as a named format."""

    def apply(name, rows, *, side="outcome"):
        fmt = FORMATS[name]
        frame = pl.DataFrame(rows).cast(pl.String)
        header = frame.columns
        frame = frame.with_columns(pl.int_range(2, 2 + frame.height, dtype=pl.Int64, eager=True).alias("__line__"))
        return our_columns(frame, fmt, fmt.columns(header, side))

    return apply


@pytest.fixture
def header():
    """Return a function from a fixture file to its header."""
    return lambda path: table(DATA / path)[1]
