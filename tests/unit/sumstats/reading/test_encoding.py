"""Text or not: encodings, NUL bytes, line ends, and files that are something else."""

import gzip
import random

import pytest

from osteobiome.sumstats.reading import open_table

TEXT = "rsid\tbeta\nrs1\t0.1\nrs2\t-0.2\n"
ROWS = [("rs1", "0.1", 2), ("rs2", "-0.2", 3)]


def notes(path):
    return [(finding.id, finding.severity) for finding in open_table(path).findings]


def test_open_table__byte_order_mark_is_noted(write, rows_of):
    path = write("\ufeff" + TEXT)
    table = open_table(path)
    assert table.encoding == "utf-8-sig"
    assert table.header == ("rsid", "beta")
    assert notes(path) == [("byte_order_mark", "note")]
    assert rows_of(path) == ROWS


def test_open_table__line_ends_of_windows_are_noted(write, rows_of):
    path = write(TEXT.replace("\n", "\r\n"))
    assert notes(path) == [("crlf_line_ends", "note")]
    assert rows_of(path) == ROWS
    assert rows_of(path, n_bytes=5) == ROWS


@pytest.mark.parametrize("end", ["\r\r\n", "\r\r\r\n"])
def test_chunks__line_ends_converted_more_than_once(write, end, rows_of):
    assert rows_of(write(TEXT.replace("\n", end))) == ROWS


@pytest.mark.parametrize("end", ["", "\r", "\n", "\r\n", "\n\n", "\r\n\r\n", "\n \n\t\n"])
def test_chunks__ends_of_a_file(write, end, rows_of):
    path = write(TEXT.removesuffix("\n") + end)
    assert rows_of(path) == ROWS
    assert rows_of(path, n_bytes=1) == ROWS


def test_open_table__mixed_line_ends(write, rows_of):
    assert rows_of(write("rsid\tbeta\r\nrs1\t0.1\nrs2\t-0.2\r\n")) == ROWS


def test_open_table__line_ends_of_old_mac(write, fault_of):
    for text in (TEXT, TEXT * 100_000):  # also where the first newline never comes
        fault = fault_of(write(text.replace("\n", "\r")))
        assert (fault.code, fault.line) == ("old_mac_line_ends", 1)


def test_chunks__carriage_return_inside_a_row(write, fault_of):
    fault = fault_of(write("rsid\tbeta\nrs1\t0.1\nrs2\t\r0.2\nrs3\t1\n"))
    assert (fault.code, fault.line) == ("old_mac_line_ends", 3)
    rows = "".join(f"rs{i}\t1\n" for i in range(50))
    fault = fault_of(write("rsid\tbeta\n" + rows + "rs\r50\t1\n"), n_bytes=20)
    assert (fault.code, fault.line) == ("old_mac_line_ends", 52)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_open_table__utf_16(write, encoding, fault_of):
    fault = fault_of(write(TEXT.encode(encoding)))
    assert fault.code == "utf16"
    assert "iconv" in fault.hint


def test_open_table__latin_1_in_the_header(write, fault_of):
    fault = fault_of(write("rsid\teffet_allélique\nrs1\tA\n".encode("latin-1")))
    assert (fault.code, fault.line) == ("not_utf8", 1)
    assert "first at byte 14;" in fault.found
    assert "'rsid\teffet_allélique'" in fault.found


@pytest.mark.parametrize("n_bytes", [pytest.param(10, marks=pytest.mark.slow), 1000, 48_000_000])
def test_chunks__latin_1_far_below_names_byte_and_line(write, n_bytes, fault_of):
    """Header of 11 bytes, 4000 rows of 8 bytes, and the third byte of the next line."""
    text = b"rsid\tgene1\n" + b"rs12\t12\n" * 4000 + b"rs\xe9\t12\nrs3\t1\n"
    fault = fault_of(write(gzip.compress(text)), n_bytes=n_bytes)
    assert (fault.code, fault.line) == ("not_utf8", 4002)
    assert f"first at byte {11 + 8 * 4000 + 2};" in fault.found
    assert "read as Latin-1: 'rsé\t12'" in fault.found


def test_chunks__letters_of_other_languages(write, rows_of):
    assert rows_of(write("rsid\ttrait\nrs1\tµg/L\nrs2\t骨密度\n")) == [("rs1", "µg/L", 2), ("rs2", "骨密度", 3)]


def test_chunks__character_cut_in_two_by_the_separator_is_refused(write, fault_of):
    """The two bytes of ö, with a tab between them: neither cell is text."""
    assert fault_of(write(b"a1\tb1\nx\xc3\t\xb6\n")).line == 2


@pytest.mark.parametrize("n_bytes", [10, 48_000_000])
def test_chunks__nul_bytes_name_the_line(write, n_bytes, fault_of):
    fault = fault_of(write(TEXT + "rs3\t\x001\nrs4\t1\n"), n_bytes=n_bytes)
    assert (fault.code, fault.line) == ("nul_bytes", 4)


def test_chunks__tail_of_zeros_that_a_broken_download_leaves(write, fault_of):
    fault = fault_of(write(TEXT * 5000 + "\x00" * 4096))
    assert (fault.code, fault.line) == ("nul_bytes", 15_001)


@pytest.mark.parametrize(
    "page", ["<!DOCTYPE html>\n<html>", "<HTML><body>404</body>", "\n  <html>", "\ufeff<html>", "<?xml version='1.0'?>"]
)
def test_open_table__web_page(write, page, fault_of):
    for compress in (False, True):
        fault = fault_of(write(page + "\nNot found\n", "page.gz", compress=compress))
        assert fault.code == "html_page"


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"BZh91AY&SY", "bzip2"),
        (b"\x6c\x1b\x01", "PLINK"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF"),
        (b"RDX3\nX\n\x00\x00", "R"),
        (b"\x89HDF\r\n", "HDF5"),
    ],
)
def test_open_table__known_binary_files_are_named(write, start, name, fault_of):
    fault = fault_of(write(start + bytes(range(128, 256))))
    assert fault.code == "binary_rubbish"
    assert name in fault.found


@pytest.mark.parametrize("size", [500, 5000, 500_000])
def test_open_table__random_bytes(write, size, fault_of):
    fault = fault_of(write(b"x" + random.Random(3).randbytes(size)))
    assert fault.code == "binary_rubbish"
    assert "control characters" in fault.found


def test_open_table__a_column_that_begins_like_a_magic_number(write, rows_of):
    assert rows_of(write("BZh\tRDX\nrs1\t1\n")) == [("rs1", "1", 2)]


@pytest.mark.parametrize("mark", ["\u2028", "\x85", "\x0b", "\x0c", "\x1c"])
def test_chunks__only_newlines_end_a_line(write, mark, rows_of):
    assert [row[-1] for row in rows_of(write(f"a1\tb1\nx{mark}y\t\n3\t4\n"))] == [2, 3]
