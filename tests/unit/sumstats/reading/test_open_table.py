"""Cells, quotes, blank lines and rows of the wrong length, whole and in small pieces."""

import polars as pl
import pytest

from osteobiome.sumstats.reading import open_table
from osteobiome.sumstats.reading.rows import Grid, parse, squeeze
from osteobiome.sumstats.reading.table import whole_lines

HEAD = "snp\tbeta\tp\n"


def test_chunks__line_numbers_and_order(write):
    path = write(HEAD + "".join(f"rs{i}\t{i}\t0.5\n" for i in range(1000)))
    frames = list(open_table(path).chunks(n_bytes=1000))
    assert len(frames) > 10
    frame = pl.concat(frames)
    assert frame["__line__"].to_list() == list(range(2, 1002))
    assert frame["snp"].to_list() == [f"rs{i}" for i in range(1000)]
    assert all(frame.estimated_size() < 4000 for frame in frames)


@pytest.mark.parametrize("n_bytes", [1, 7, 1000])
def test_chunks__blank_lines_count_but_are_no_rows(write, n_bytes, rows_of):
    path = write(HEAD + "\nrs1\t1\t2\n\n  \n\t\t\nrs2\t\t\n \t \nrs3\t5\t6\n\n")
    assert rows_of(path, n_bytes=n_bytes) == [("rs1", "1", "2", 3), ("rs2", None, None, 7), ("rs3", "5", "6", 9)]


def test_chunks__blank_stretch_longer_than_a_chunk(write, rows_of):
    path = write(HEAD + "rs1\t1\t2\n" + "\n" * 500 + "rs2\t3\t4\n")
    assert rows_of(path, n_bytes=64) == [("rs1", "1", "2", 2), ("rs2", "3", "4", 503)]


def test_chunks__empty_cells_are_null_in_every_place(write, rows_of):
    for mark in "\t,;":
        path = write((HEAD + "\t1\t2\nrs2\t\t3\nrs3\t4\t\n").replace("\t", mark))
        assert rows_of(path) == [(None, "1", "2", 2), ("rs2", None, "3", 3), ("rs3", "4", None, 4)]


def test_chunks__words_for_missing_are_left_to_the_parser(write, rows_of):
    assert rows_of(write(HEAD + "NA\tnan\tnull\n")) == [("NA", "nan", "null", 2)]


def test_chunks__blanks_around_cells_are_taken_off(write, rows_of):
    for mark in "\t,;":
        path = write((HEAD + " rs1\t1 \t  2  \nrs 2\t \t\u00a03\n").replace("\t", mark))
        assert rows_of(path) == [("rs1", "1", "2", 2), ("rs 2", None, "3", 3)]
        assert rows_of(path, n_bytes=1) == rows_of(path)


@pytest.mark.parametrize(
    "text",
    ["a1\tb1\n1 \t2\n", "a1\tb1\n1\t 2\n", "a1\tb1\n 1\t2\n", "a1\tb1\n1\t2 \n", "a1,b1\n1,\t2\n", "a1,b1\n1\t,2\n"],
)
def test_chunks__one_blank_anywhere_is_found(write, text, rows_of):
    assert rows_of(write(text)) == [("1", "2", 2)]


def test_chunks__quotes_around_cells_of_a_tab_table(write, rows_of):
    path = write(HEAD + '"rs1"\t"0.5"\t""\nrs2\t"\t5"\n"a"b"\t"x\ty"\n " 7 " \t1\t2\n')
    expected = [("rs1", "0.5", None, 2), ("rs2", '"', '5"', 3), ('a"b', '"x', 'y"', 4), ("7", "1", "2", 5)]
    assert rows_of(path) == expected
    assert rows_of(path, n_bytes=1) == expected


def test_chunks__quotes_of_a_comma_table_follow_csv(write, rows_of):
    """RFC 4180, section 2: a quoted cell may hold the separator, and a quote that is doubled."""
    path = write('snp,trait\n"rs1","a,b"\nrs2,"5"" tall"\n"","x"\n')
    expected = [("rs1", "a,b", 2), ("rs2", '5" tall', 3), (None, "x", 4)]
    assert rows_of(path) == expected
    assert rows_of(path, n_bytes=1) == expected


def test_chunks__blank_before_the_quotes_of_a_comma_table(write, rows_of):
    assert rows_of(write('snp, trait\n"rs1", "BMD"\n')) == [("rs1", "BMD", 2)]


def test_chunks__quotes_within_quotes_do_not_depend_on_other_rows(write, rows_of):
    """The blanks in the third row make the reader look at the ends of all cells."""
    path = write('snp,trait\n"""a""",b\nrs2, c\nrs3, "d"\n')
    for n_bytes in (1, 1000):
        assert rows_of(path, n_bytes=n_bytes) == [('"a"', "b", 2), ("rs2", "c", 3), ("rs3", "d", 4)]


def test_chunks__byte_order_mark_inside_does_not_depend_on_the_chunk(write, rows_of):
    """As in files that were joined on Windows."""
    path = write("snp\tp\nrs1\t1\n\ufeffrs2\t2\n")
    for n_bytes in (1, 1000):
        assert rows_of(path, n_bytes=n_bytes) == [("rs1", "1", 2), ("rs2", "2", 3)]


@pytest.mark.parametrize("n_bytes", [1, 48_000_000])
def test_chunks__quote_that_is_never_closed(write, n_bytes, fault_of):
    fault = fault_of(write('snp,trait\nrs1,a\nrs2,"b\nrs3,c\nrs4,d"\n'), n_bytes=n_bytes)
    assert (fault.code, fault.line) == ("open_quote", 3)
    assert fault_of(write('snp,trait\nrs1,a\nrs2,"b')).line == 3


def test_chunks__quotes_in_odd_places_of_a_comma_table(write, fault_of):
    fault = fault_of(write('snp,trait\nrs1,a\nrs2,"b" c\n'))
    assert (fault.code, fault.line) == ("unreadable_table", 3)


@pytest.mark.parametrize("n_bytes", [1, 48_000_000])
@pytest.mark.parametrize(
    ("rows", "line", "found"),
    [
        ("rs1\t1\t2\nrs2\t3\n", 3, "2 fields"),
        ("rs1\t1\t2\nrs2\n", 3, "1 fields"),
        ("rs1\t1\t2\nrs2\t3\t4\t5\nrs3\t1\t2\n", 3, "4 fields"),
        ("\nrs2\t3\nrs1\t1\t2\n", 3, "2 fields"),
        ("rs1\t1\t\nrs2\t1\t2\nrs3\t1", 4, "2 fields"),
        ("rs1\t1\t2\nrs2\t1\t2\t\n", 3, "4 fields"),
        ("rs1\t1\t2\nrs2\t1\t2\t", 3, "4 fields"),
    ],
)
def test_chunks__ragged_row(write, rows, line, found, n_bytes, fault_of):
    for mark in "\t,;":
        fault = fault_of(write((HEAD + rows).replace("\t", mark)), n_bytes=n_bytes)
        assert (fault.code, fault.line, fault.found) == ("ragged_row", line, found)
        assert fault.expected == "3 as in the header"


def test_chunks__ragged_row_of_blanks(write, fault_of):
    assert fault_of(write("snp beta  p\nrs1 1 2\n rs2  3\n")).line == 3


@pytest.mark.parametrize("extra", ["", "\t9\t9"])
def test_chunks__ragged_row_far_below(write, extra, fault_of):
    rows = [f"rs{i}\t{i}\t0.5\n" for i in range(100_000)]
    rows[77_777] = f"rs\t1{extra}\n"
    for n_bytes in (50_000, 48_000_000):
        fault = fault_of(write(HEAD + "".join(rows)), n_bytes=n_bytes)
        assert (fault.code, fault.line) == ("ragged_row", 77_779)


def test_chunks__separator_in_quotes_is_no_cell(write, fault_of, rows_of):
    """The empty last cell makes the reader count."""
    assert rows_of(write('a1,b1\n"x,y",\n')) == [("x,y", None, 2)]
    fault = fault_of(write('a1,b1\n1,2\n"x,y"\n'))
    assert (fault.line, fault.found) == (3, "1 fields")


def test_chunks__n_bytes_must_be_positive(write):
    with pytest.raises(ValueError, match="n_bytes must be positive"):
        next(open_table(write(HEAD + "rs1\t1\t2\n")).chunks(n_bytes=0))


def test_chunks__a_line_without_end(write, monkeypatch, fault_of):
    from osteobiome.sumstats.reading import table

    monkeypatch.setattr(table, "MAX_LINE", 1000)
    monkeypatch.setattr(table, "MAX_HEAD", 100_000)
    fault = fault_of(write(HEAD + "rs1\t1\t2\n" * 30 + "x" * 5000), n_bytes=100)
    assert fault.code == "unreadable_table"
    fault = fault_of(write("x" * 3_000_000))
    assert fault.code == "unreadable_table"
    assert "no header" in fault.found


def test_whole_lines__pieces_join_to_the_text():
    text = b"".join(b"%d\n" % (i * i) for i in range(2000)) + b"end"
    for size in (1, 3, 100, 4096, 1 << 20):
        blocks = [text[i : i + 1000] for i in range(0, len(text), 1000)]
        pieces = list(whole_lines(iter(blocks), size, "t"))
        assert b"".join(pieces) == text
        assert all(piece.endswith(b"\n") for piece in pieces[:-1])
        assert all(len(piece) <= size + 1000 + 8 for piece in pieces)  # a block and a line more at most


def test_squeeze__leaves_tidy_text_alone():
    text = b"1 2\n3 4\n"
    assert squeeze(text) is text
    assert squeeze(b"   \n\t\n 1\t\t2  \n") == b"\n\n1 2\n"


def test_parse__text_of_blank_lines_alone():
    grid = Grid("t", ("a", "b"), "\t")
    for text in (b"", b"\n\n", b" \n\t\n"):
        frame = parse(text, grid, first_line=2)
        assert frame.shape == (0, 3)
        assert frame.schema == {"a": pl.String, "b": pl.String, "__line__": pl.Int64}
