"""Files as they really come: compressed, cut off, with marks, blank lines and foreign encodings."""

import gzip
import zlib
from pathlib import Path

import pytest

from osteobiome.core.errors import InputFileError
from osteobiome.sumstats.reading import BGZF_END, LINE, read_bytes, read_header, read_text_table

TEXT = "a\tb\n1\t2\n3\t4\n"
ROWS = [("1", "2", 2), ("3", "4", 3)]


def bgzip_block(data: bytes) -> bytes:
    """Return one block of a bgzip file (SAM specification, section 4.1)."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = packer.compress(data) + packer.flush()
    size = len(body) + 25
    head = bytes.fromhex("1f8b08040000000000ff060042430200") + size.to_bytes(2, "little")
    return head + body + zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")


def code_of(call, *args):
    with pytest.raises(InputFileError) as caught:
        call(*args)
    return caught.value.faults[0].code


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        TEXT.replace("\t", ","),
        TEXT.replace("\t", ";"),
        TEXT.replace("\n", "\r\n"),
        "\ufeff" + TEXT,
        "\ufeff" + TEXT.replace("\n", "\r\n"),
        TEXT.rstrip("\n"),
        TEXT.replace("1\t2", " 1 \t2  "),
        '"a","b"\n"1","2"\n"3","4"\n',
    ],
    ids=["tab", "comma", "semicolon", "crlf", "bom", "bom-crlf", "no-final-newline", "spaces", "quoted-csv"],
)
@pytest.mark.parametrize("compress", [False, True])
def test_read_text_table__dialects_give_the_same_rows(write, content, compress):
    frame = read_text_table(write(content, compress=compress))
    assert frame.columns == ["a", "b", LINE]
    assert frame.rows() == ROWS


def test_read_text_table__quotes_as_r_writes_them_in_a_tab_table(write):
    """write.table(sep = "\\t") puts every text cell in quotes, the header included."""
    assert read_text_table(write('"a"\t"b"\n"1"\t2\n"3"\t4\n')).rows() == ROWS


def test_read_text_table__tab_wins_over_comma_in_cells(write):
    assert read_text_table(write("a\tb,c\n1\t2,3\n")).rows() == [("1", "2,3", 2)]


def test_read_text_table__quote_inside_a_cell_is_a_character(write):
    assert read_text_table(write('a\tb\n5"\t2\n3\t4"x\n')).rows() == [('5"', "2", 2), ("3", '4"x', 3)]


@pytest.mark.parametrize("cell", ['"', '"x', 'x"', '5"x'])
def test_read_text_table__lone_quote_in_a_tab_table_beside_an_empty_cell(write, cell):
    """The empty cell makes the reader count fields; the quote must not hide the separator from it."""
    frame = read_text_table(write(f"a\tb\n{cell}\t2\n3\t\n"))
    assert frame.select("a", LINE).rows() == [(cell, 2), ("3", 3)]


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\n\n\n", "\r\n\r\n"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_read_text_table__ends_of_a_comma_file(write, end, quote):
    frame = read_text_table(write(f"a,b\n1,2\n{quote}3{quote},4{end}"))
    assert frame.rows() == ROWS


@pytest.mark.parametrize("separator", ["\t", ","])
def test_read_text_table__quote_that_is_never_closed_swallows_no_row(write, separator):
    """Everything up to the next quote would become one cell: better no table than one with rows missing."""
    text = 'a\tb\n1\t"2\n3\t4\n5\t6"\n7\t8\n'.replace("\t", separator)
    try:
        frame = read_text_table(write(text))
    except InputFileError:
        return
    assert frame[LINE].to_list() == [2, 3, 4, 5]


def test_read_text_table__quoted_separator_is_part_of_the_cell(write):
    assert read_text_table(write('a,b\n"x,y",2\n')).rows() == [("x,y", "2", 2)]


@pytest.mark.parametrize("separator", ["\t", ",", ";"])
@pytest.mark.parametrize("blank", ["", "\r", "  ", "\t", " \t "])
def test_read_text_table__blank_lines_are_not_rows_but_count(write, blank, separator):
    text = f"a\tb\n1\t2\n{blank}\n{blank}\n3\t4\n{blank}\n"
    frame = read_text_table(write(text.replace("\t", separator)))
    assert frame.rows() == [("1", "2", 2), ("3", "4", 5)]


def test_read_text_table__blank_lines_in_a_single_column(write):
    assert read_text_table(write("a\n1\n\n3\n")).select("a").to_series().to_list() == ["1", "3"]


def test_read_text_table__empty_cells_stay_in_place(write):
    assert read_text_table(write("a\tb\tc\n1\t\t\n\t\t3\n")).select("a", "c").rows() == [("1", None), (None, "3")]


def test_read_text_table__one_row_is_enough(write):
    assert read_text_table(write("a\tb\n1\t2")).height == 1


@pytest.mark.parametrize("mark", ["\u2028", "\x85", "\x0b", "\x0c", "\x1c"])
def test_read_text_table__only_newlines_end_a_line(write, mark):
    """Other characters that Python takes for line ends are part of a cell, whatever stands in the last column."""
    frame = read_text_table(write(f"a\tb\nx{mark}y\t\n3\t4\n"))
    assert frame[LINE].to_list() == [2, 3]


@pytest.mark.parametrize(
    ("content", "where", "found"),
    [
        ("a\tb\tc\n1\t2\t3\n4\t5\n", "line 3", "2 fields"),
        ("a\tb\tc\n1\t2\t3\n4\n", "line 3", "1 fields"),
        ("a\tb\tc\n1\t2\t3\t4\n4\t5\t6\n", "line 2", "4 fields"),
        ("a\tb\tc\n\n1\t2\n", "line 3", "2 fields"),
        ("a,b,c\r\n1,2,3\r\n4,5\r\n", "line 3", "2 fields"),
    ],
)
def test_read_text_table__ragged_row_is_named(write, content, where, found):
    with pytest.raises(InputFileError) as caught:
        read_text_table(write(content))
    (fault,) = caught.value.faults
    assert fault.code == "ragged_row"
    assert fault.where.endswith(where)
    assert fault.found == found
    assert fault.expected == "3 as in the header"


def test_read_text_table__short_row_with_quotes_is_ragged_too(write):
    assert code_of(read_text_table, write('a,b,c\n"1",2\n3,4,5\n')) == "ragged_row"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"a\tb\n", "no_rows"),
        (b"a\tb", "no_rows"),
        (b"\n\n\n", "no_rows"),
        (b"a\tb\n\n  \n", "no_rows"),
        (b"a\ta\n1\t2\n", "duplicate_column"),
        (b'"a",a\n1,2\n', "duplicate_column"),
        (b"a\t a \n1\t2\n", "duplicate_column"),
        ("a\tb\nBj\xf6rk\t2\n".encode("latin-1"), "not_utf8"),
        (b"a\tb\n1\x00\t2\n", "nul_bytes"),
        ("a\tb\n1\t2\n".encode("utf-16"), "utf16"),
    ],
)
def test_read_text_table__unusable_content(write, content, code):
    assert code_of(read_text_table, write(content)) == code


def test_read_text_table__quote_open_at_the_end(write):
    assert code_of(read_text_table, write('a,b\n"1,2\n3,4\n')) == "open_quote"


def test_read_text_table__not_utf8_names_the_byte(write):
    with pytest.raises(InputFileError, match="first at byte 6"):
        read_text_table(write(b"a\tb\nBj\xf6rk\t2\n"))


def test_read_text_table__duplicate_column_is_named(write):
    with pytest.raises(InputFileError, match="column 'beta' twice"):
        read_text_table(write("beta\tse\tbeta\n1\t2\t3\n"))


def test_read_bytes__missing_file_and_folder(tmp_path):
    assert code_of(read_bytes, tmp_path / "nothing.tsv") == "missing_file"
    assert code_of(read_bytes, tmp_path) == "not_a_file"


def test_read_bytes__no_permission(write, monkeypatch):
    """Tests may run as root, who may read everything, so the refusal is played."""
    path = write(TEXT)

    def refuse(self):
        raise PermissionError

    monkeypatch.setattr(type(path), "read_bytes", refuse)
    with pytest.raises(InputFileError, match=r"chmod \+r table\.tsv"):
        read_bytes(path)


@pytest.mark.parametrize("missing", [1, 8, 12, 20])
def test_read_bytes__truncated_gzip(write, missing):
    data = gzip.compress(TEXT.encode() * 50)
    assert code_of(read_bytes, write(data[:-missing], "t.gz")) == "truncated_gzip"


def test_read_bytes__several_gzip_members_are_one_file(write):
    data = gzip.compress(TEXT.encode()) + gzip.compress(b"5\t6\n")
    assert read_text_table(write(data, "t.gz")).height == 3


def test_read_bytes__damaged_gzip(write):
    data = bytearray(gzip.compress(TEXT.encode() * 50))
    data[-6] ^= 0xFF  # checksum
    assert code_of(read_bytes, write(bytes(data), "t.gz")) == "damaged_gzip"
    data = bytearray(gzip.compress(bytes(range(256)) * 50))
    data[12:40] = b"\xff" * 28  # content
    assert code_of(read_bytes, write(bytes(data), "u.gz")) in {"damaged_gzip", "truncated_gzip"}
    assert code_of(read_bytes, write(gzip.compress(TEXT.encode()) + b"garbage", "v.gz")) == "damaged_gzip"


def test_read_bytes__empty_gzip(write):
    assert code_of(read_bytes, write(gzip.compress(b""), "t.gz")) == "empty_file"


def test_read_bytes__bgzip(write):
    blocks = bgzip_block(b"a\tb\n1\t2\n") + bgzip_block(b"3\t4\n")
    assert read_text_table(write(blocks + BGZF_END, "t.gz")).rows() == ROWS


def test_read_bytes__bgzip_without_its_end_block_is_cut_off(write):
    """Each block is a complete gzip member, so only the missing end block betrays the loss."""
    assert code_of(read_bytes, write(bgzip_block(b"a\tb\n1\t2\n"), "t.gz")) == "bgzip_without_end_block"


def test_read_bytes__gzip_is_known_by_content_not_by_name(write):
    assert read_bytes(write(gzip.compress(TEXT.encode()), "table.tsv")) == TEXT.encode()
    assert read_bytes(write(TEXT, "table.tsv.gz")) == TEXT.encode()


@pytest.mark.parametrize("content", [TEXT, '"a"\t"b"\n1\t2\n', "\ufeffa,b\r\n1,2\r\n", "a; b \n", "a\tb"])
@pytest.mark.parametrize("compress", [False, True])
def test_read_header__names_without_reading_the_rows(write, content, compress):
    assert read_header(write(content, compress=compress)) == ["a", "b"]


def test_read_header__quoted_separator_is_part_of_a_name(write):
    assert read_header(write('"a,b",c\n')) == ["a,b", "c"]
    assert read_text_table(write('"a,b",c\n1,2\n')).columns == ["a,b", "c", LINE]


def test_read_header__a_huge_file_is_not_read(write):
    data = gzip.compress(TEXT.encode() * 1000)
    assert read_header(write(data[: len(data) // 2], "cut.gz")) == ["a", "b"]


@pytest.mark.parametrize(
    "data", [b"\x1f\x8bxx", gzip.compress(TEXT.encode(), mtime=0)[:12], "a\xf6\tb\n".encode("latin-1")]
)
def test_read_header__unreadable(write, data):
    assert code_of(read_header, write(data)) == "unreadable_file"


def test_read_header__missing_file(tmp_path):
    assert code_of(read_header, tmp_path / "nothing.tsv") == "unreadable_file"
    assert code_of(read_header, tmp_path) == "unreadable_file"


def test_read_bytes__path_that_no_file_can_have():
    assert code_of(read_bytes, Path("a\x00b")) == "bad_path"
