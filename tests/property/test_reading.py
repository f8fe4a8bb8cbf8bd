"""A table that is written in any container with any separator reads back as it was, whole or in small pieces."""

import gzip
import io
import lzma
import zipfile
import zlib

import polars as pl
import pytest
from backports import zstd
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from osteobiome.core.errors import InputFileError
from osteobiome.sumstats.reading import BGZF_END, open_table

FAST = settings(
    deadline=None, max_examples=150, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def as_bgzip(data):
    """Blocks of seven bytes: lines and characters are cut anywhere."""
    out = []
    for i in range(0, len(data), 7):
        piece = data[i : i + 7]
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        body = packer.compress(piece) + packer.flush()
        size = (len(body) + 25).to_bytes(2, "little")
        tail = zlib.crc32(piece).to_bytes(4, "little") + len(piece).to_bytes(4, "little")
        out.append(bytes.fromhex("1f8b08040000000000ff060042430200") + size + body + tail)
    return b"".join(out) + BGZF_END


def as_zip(data):
    """One member."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("table.txt", data)
    return target.getvalue()


PACK = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bgzip": as_bgzip,
    "zstd": zstd.compress,
    "xz": lzma.compress,
    "zip": as_zip,
}
# Any character that is neither a mark of the layout nor taken off the ends of a cell
LETTERS = st.characters(
    codec="utf-8", exclude_characters='\t\n\r ,;"#\u00a0\ufeff|~^\\', exclude_categories=("Cc", "Zs", "Zl", "Zp")
)
CELLS = st.text(LETTERS, min_size=1, max_size=6)


@st.composite
def tables(draw, can_be_empty):
    """Header names and rows of cells; None is an empty cell."""
    names = draw(st.lists(st.text("abcdefgh_", min_size=2, max_size=5), min_size=2, max_size=5, unique=True))
    cell = st.none() | CELLS if can_be_empty else CELLS
    row = st.tuples(*[cell] * len(names)).filter(any)
    rows = draw(st.lists(row, min_size=1, max_size=30))
    assume(any(sum(cell is not None for cell in row) > 1 for row in rows[:20]))
    return names, rows


def written(names, rows, separator, quote, end):
    """Return a table as text."""
    lines = [separator.join(f'"{c}"' if quote else c or "" for c in row) for row in [names, *rows]]
    return end.join(lines) + end


def read(path, n_bytes):
    """Return header and rows with their lines."""
    table = open_table(path)
    return list(table.header), pl.concat(list(table.chunks(n_bytes=n_bytes))).rows()


@pytest.mark.parametrize("container", list(PACK))
@pytest.mark.parametrize("separator", ["\t", ",", ";", " "])
@FAST
@given(
    data=st.data(), quote=st.booleans(), end=st.sampled_from(["\n", "\r\n"]), n_bytes=st.sampled_from([1, 64, 10**6])
)
def test_open_table__reads_back_what_was_written(tmp_path, container, separator, data, quote, end, n_bytes):
    names, rows = data.draw(tables(can_be_empty=separator != " " and not quote))
    path = tmp_path / "table"
    path.write_bytes(PACK[container](written(names, rows, separator, quote, end).encode()))
    table = open_table(path)
    assert table.container == container
    expected = [(*row, number) for number, row in enumerate(rows, start=2)]
    assert read(path, n_bytes) == (names, expected)


def outcome(path, n_bytes):
    """Return header and rows, or the code of the fault."""
    try:
        return read(path, n_bytes)
    except InputFileError as error:
        return error.faults[0].code


@FAST
@given(st.text('ab1.\t ,;"\n\r#', max_size=120), st.sampled_from([1, 5, 64]))
def test_chunks__small_pieces_and_one_piece_agree(tmp_path, body, n_bytes):
    """Any text at all below a header: the same rows, or a fault both times."""
    for header in ("xx\tyy\n", "xx,yy\n", "xx yy\n"):
        path = tmp_path / "table"
        path.write_bytes((header + body).encode())
        small, whole = outcome(path, n_bytes), outcome(path, 10**6)
        if isinstance(whole, str) or isinstance(small, str):
            assert type(small) is type(whole), (small, whole)
        else:
            assert small == whole


STARTS = [b"", b"xx\tyy\n", b"\x1f\x8b\x08", b"PK\x03\x04", b"\xfd7zXZ\x00", b"(\xb5/\xfd", b"PAR1"]


@FAST
@given(st.binary(max_size=300), st.sampled_from(STARTS))
def test_open_table__any_bytes_give_rows_or_a_fault(tmp_path, content, start):
    path = tmp_path / "table"
    path.write_bytes(start + content)
    got = outcome(path, 64)
    assert got
    if not isinstance(got, str):
        header, rows = got
        assert rows
        assert all(len(row) == len(header) + 1 for row in rows)
