"""`check_sumstats` takes any bytes: it never raises, and every row is accounted for."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osteobiome.sumstats.checking import check_sumstats
from osteobiome.sumstats.table import IngestOptions
from tests.corpus.base import Base, joined

FAST = settings(
    deadline=None, max_examples=40, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LINES = Base().lines()[:25]
ODD = st.sampled_from(
    [
        "",
        "NA",
        ".",
        "-",
        "0",
        "-1",
        "inf",
        "nan",
        "1e-400",
        "1e999",
        "0,5",
        "1,000",
        "\u22121",
        "x",
        '"',
        "'",
        "#",
        "A/G",
    ]
) | st.text(max_size=5)


def holds(path, content):
    """Check a file, and what is always true of the answer."""
    path.write_bytes(content)
    result = check_sumstats(path, options=IngestOptions(genome_build="GRCh37"))
    rows = result.rows
    assert rows.n_in == rows.n_kept + sum(rows.by_reason().values())
    assert (result.verdict == "unusable") == any(found.severity == "fatal" for found in result.findings)
    assert rows.n_kept or result.verdict == "unusable"
    assert len({found.id for found in result.findings}) == len(result.findings)
    assert len(result.summary().splitlines()) <= 10
    json.dumps(result.as_dict(), allow_nan=False)
    return result


@FAST
@given(st.binary(max_size=500))
def test_check__any_bytes(tmp_path, content):
    assert holds(tmp_path / "table.tsv", content).verdict == "unusable"


@FAST
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=10))
def test_check__bytes_of_a_clean_file_changed(tmp_path, changes):
    content = bytearray(joined(LINES))
    for at, byte in changes:
        content[at % len(content)] = byte
    holds(tmp_path / "table.tsv", bytes(content))


@FAST
@given(st.lists(st.integers(0, 24), max_size=30), st.integers(0, 2000))
def test_check__lines_deleted_repeated_and_cut(tmp_path, chosen, end):
    content = joined([LINES[0], *(LINES[i] for i in chosen)])
    holds(tmp_path / "table.tsv", content[: max(0, len(content) - end)] if end % 3 == 0 else content)


@FAST
@given(st.lists(st.tuples(st.integers(1, 24), st.integers(0, 9), ODD), min_size=1, max_size=12))
def test_check__cells_replaced(tmp_path, changes):
    rows = [line.split("\t") for line in LINES]
    for line, column, text in changes:
        rows[line][column] = text
    holds(tmp_path / "table.tsv", "\n".join("\t".join(row) for row in rows).encode(errors="replace"))


@FAST
@given(st.integers(0, 9), ODD)
def test_check__a_column_replaced(tmp_path, column, text):
    rows = [line.split("\t") for line in LINES]
    for row in rows[1:]:
        row[column] = text
    holds(tmp_path / "table.tsv", "\n".join("\t".join(row) for row in rows).encode(errors="replace"))


@pytest.mark.parametrize("separator", ["\t", ",", " "])
@FAST
@given(rows=st.lists(st.lists(ODD, min_size=5, max_size=5), min_size=1, max_size=8))
def test_check__rows_of_odd_cells(tmp_path, separator, rows):
    header = ["rsid", "effect_allele", "other_allele", "beta", "standard_error"]
    text = "\n".join(separator.join(row) for row in [header, *rows])
    holds(tmp_path / "table.tsv", text.encode(errors="replace"))
