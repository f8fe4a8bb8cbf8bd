"""Files that are broken as files: packing, encoding, layout."""

from __future__ import annotations

import bz2
import io
import lzma

import numpy as np
import polars as pl
from backports import zstd

from tests.corpus.base import COLUMNS, Base, Case, Expected, fatal, joined, note, row, written
from tests.corpus.packing import (
    bgzip_blocks,
    bgzipped,
    encrypted,
    gzip_bomb,
    gzipped,
    tarred,
    zip_bomb,
    zipped,
)


def nothing(base: Base) -> bytes:
    """Return no bytes."""
    del base
    return b""


def flipped(data: bytes, at: int) -> bytes:
    """Return data with one byte inverted."""
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def without_newlines(base: Base) -> bytes:
    """Return 50 MB without an end of line."""
    return (base.clean().replace(b"\n", b"\t") * 2000)[:50_000_000]


def checked_zstd(data: bytes) -> bytes:
    """Return a zstd file that can tell damage: the checksum is an option."""
    return zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})


def rubbish(base: Base) -> bytes:
    """Return random bytes."""
    return np.random.default_rng(base.seed).bytes(20_000)


def parquet(base: Base) -> bytes:
    """Return the clean table as Parquet."""
    target = io.BytesIO()
    pl.DataFrame(base.rows()).write_parquet(target)
    return target.getvalue()


def with_line(base: Base, number: int, text: str) -> bytes:
    """Return the clean table with a line of other text put in as line ``number``."""
    lines = base.lines()
    lines.insert(number - 1, text)
    return joined(lines)


def edited(base: Base, number: int, old: str, new: str) -> bytes:
    """Return the clean table with one line edited."""
    lines = base.lines()
    assert old in lines[number - 1]
    lines[number - 1] = lines[number - 1].replace(old, new, 1)
    return joined(lines)


PACKING = (
    fatal("missing", nothing, "missing_file", kind="missing"),
    fatal("path with NUL", nothing, "bad_path", kind="missing", file="a\0b.tsv"),
    fatal("name too long", nothing, "unreadable_file", kind="missing", file="a" * 300),
    fatal("folder", nothing, "not_a_file", kind="folder"),
    fatal("pipe", nothing, "not_a_file", kind="pipe"),
    fatal("link to nothing", nothing, "missing_file", kind="dangling_link"),
    fatal("link to itself", nothing, "unreadable_file", kind="link_loop"),
    fatal("empty", nothing, "empty_file"),
    fatal("empty gzip", lambda base: gzipped(b""), "empty_file", file="table.tsv.gz"),
    fatal("empty zip", lambda base: zipped(), "empty_file", file="table.zip"),
    fatal("zip of an empty file", lambda base: zipped(("table.tsv", b"")), "empty_file", file="table.zip"),
    fatal("gzip cut off", lambda base: gzipped(base.clean())[:-3000], "truncated_gzip", file="table.tsv.gz"),
    fatal("gzip without its last 4 bytes", lambda base: gzipped(base.clean())[:-4], "truncated_gzip"),
    fatal("gzip of 12 bytes", lambda base: gzipped(base.clean())[:12], "truncated_gzip"),
    fatal("gzip with a wrong checksum", lambda base: flipped(gzipped(base.clean()), -6), "damaged_gzip"),
    fatal(
        "gzip with a flipped byte",
        lambda base: flipped(gzipped(base.clean()), 3000),
        "damaged_gzip",
        also=("not_utf8", "ragged_row", "nul_bytes"),
    ),
    fatal("gzip with text behind it", lambda base: gzipped(base.clean()) + b"and more", "damaged_gzip"),
    fatal("gzip in gzip", lambda base: gzipped(gzipped(base.clean())), "nested_gzip", file="table.tsv.gz"),
    fatal(
        "bgzip cut between blocks",
        lambda base: b"".join(bgzip_blocks(base.clean())[:-1]),
        "bgzip_without_end_block",
        file="table.tsv.gz",
    ),
    fatal("bgzip cut inside a block", lambda base: b"".join(bgzip_blocks(base.clean()))[:-100], "truncated_gzip"),
    fatal("bgzip with a flipped byte", lambda base: flipped(bgzipped(base.clean()), 2000), "damaged_gzip"),
    fatal("bgzip without its last byte", lambda base: bgzipped(base.clean())[:-1], "truncated_gzip"),
    fatal("zstd cut off", lambda base: zstd.compress(base.clean())[:-2000], "truncated_zstd", file="table.tsv.zst"),
    fatal("zstd with a flipped byte", lambda base: flipped(checked_zstd(base.clean()), 100), "damaged_zstd"),
    fatal("xz cut off", lambda base: lzma.compress(base.clean())[:-2000], "truncated_xz", file="table.tsv.xz"),
    fatal("xz with a flipped byte", lambda base: flipped(lzma.compress(base.clean()), 2000), "damaged_xz"),
    fatal("zip cut off", lambda base: zipped(("table.tsv", base.clean()))[:-2000], "damaged_zip", file="table.zip"),
    fatal("zip with a flipped byte", lambda base: flipped(zipped(("table.tsv", base.clean())), 2000), "damaged_zip"),
    fatal(
        "zip of two files",
        lambda base: zipped(("a.tsv", base.clean()), ("b.tsv", base.clean())),
        "zip_of_several",
        file="table.zip",
    ),
    fatal("zip under a password", lambda base: encrypted(base.clean()), "zip_encrypted", file="table.zip"),
    fatal("zip of a folder", lambda base: zipped(("folder/", b"")), "empty_file", file="table.zip"),
    fatal("zip bomb", lambda base: zip_bomb(), "compression_bomb", file="table.zip"),
    fatal("gzip bomb", lambda base: gzip_bomb(), "compression_bomb", file="table.tsv.gz"),
    fatal("gzip in zip", lambda base: zipped(("table.tsv.gz", gzipped(base.clean()))), "nested_gzip"),
    fatal("Parquet cut off", lambda base: parquet(base)[:-500], "damaged_parquet", file="table.parquet"),
    fatal("Parquet of four bytes", lambda base: b"PAR1", "damaged_parquet", file="table.parquet"),
    fatal("Parquet with a flipped byte in its footer", lambda base: flipped(parquet(base), -9), "damaged_parquet"),
    fatal("tar", lambda base: tarred("table.tsv", base.clean()), "tar_archive", file="table.tar"),
    fatal("tar.gz", lambda base: gzipped(tarred("table.tsv", base.clean())), "tar_archive", file="table.tar.gz"),
    fatal(
        "spreadsheet",
        lambda base: zipped(("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>")),
        "spreadsheet_file",
        file="table.xlsx",
    ),
    fatal(
        "old spreadsheet",
        lambda base: bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000),
        "spreadsheet_file",
        file="table.xls",
    ),
    fatal("bzip2", lambda base: bz2.compress(base.clean()), "binary_rubbish", line=1),
    fatal("random bytes", rubbish, "binary_rubbish", line=1),
    fatal(
        "web page",
        lambda base: b"\n<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n",
        "html_page",
        line=1,
        file="table.tsv.gz",
    ),
    fatal(
        "JSON answer of a server",
        lambda base: b'{"error": "not found",\n "status": 404}\n',
        "unknown_format",
        also=("wrong_delimiter", "empty_column_name"),
    ),
    fatal(
        "pointer of Git LFS",
        lambda base: b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
        "unknown_format",
        also=("wrong_delimiter",),
    ),
)

ENCODING = (
    fatal("UTF-16 with a mark", lambda base: base.clean().decode().encode("utf-16"), "utf16", line=1),
    fatal("UTF-16 without a mark", lambda base: base.clean().decode().encode("utf-16-le"), "utf16", line=1),
    fatal("UTF-16 big endian without a mark", lambda base: base.clean().decode().encode("utf-16-be"), "utf16", line=1),
    fatal("UTF-32", lambda base: base.clean().decode().encode("utf-32"), "utf16", line=1),
    fatal("Latin-1", lambda base: edited(base, 9, "rs", "größe").decode().encode("latin-1"), "not_utf8", line=9),
    fatal(
        "Latin-1 in the header",
        lambda base: edited(base, 1, "rsid", "rsid\tGröße").decode().encode("latin-1"),
        "not_utf8",
        line=1,
    ),
    fatal("NUL in a cell", lambda base: edited(base, 9, "rs", "r\0s"), "nul_bytes", line=9),
    fatal("NUL to the end", lambda base: base.clean()[:-5000] + bytes(5000), "nul_bytes", line=324),
    fatal("old Mac line ends", lambda base: base.clean().replace(b"\n", b"\r"), "old_mac_line_ends", line=1),
    fatal("one carriage return inside a line", lambda base: edited(base, 9, "\t", "\r\t"), "old_mac_line_ends", line=9),
    note("byte order mark", lambda base: b"\xef\xbb\xbf" + base.clean(), "byte_order_mark", line=1),
    note("Windows line ends", lambda base: base.clean().replace(b"\n", b"\r\n"), "crlf_line_ends", line=1),
    note("mixed line ends", lambda base: base.clean().replace(b"\n", b"\r\n", 200), "crlf_line_ends", line=1),
)

LAYOUT = (
    fatal("header only", lambda base: joined(base.lines()[:1]), "no_rows"),
    fatal("header and blank lines", lambda base: joined([*base.lines()[:1], "", "  ", "\t\t"]), "no_rows"),
    fatal("comments only", lambda base: b"# a\n# b\n", "no_rows"),
    fatal("header missing", lambda base: joined(base.lines()[1:]), "no_header", line=1),
    row("header twice", "repeated_header", {name: name for name in COLUMNS}),
    Case(
        name="two files, one appended to the other",
        make=lambda base: base.clean()[: base.clean().index(b"\n", 20000) + 1] + base.clean(),
        expect=(Expected("repeated_header", "row", 316), Expected("many_copies", "note", None)),
        also=frozenset({"duplicate"}),
    ),
    note(
        "header commented",
        lambda base: joined(
            ["#effect_allele\t" + base.lines()[0].replace("effect_allele\t", "", 1), *_first(base.lines()[1:])]
        ),
        "commented_header",
        line=1,
    ),
    fatal("column twice", lambda base: edited(base, 1, "rsid", "beta"), "duplicate_column", line=1),
    fatal("name missing in the header", lambda base: edited(base, 1, "beta", ""), "empty_column_name", line=1),
    fatal(
        "tab within a name",
        lambda base: edited(base, 1, "standard_error", "standard\terror"),
        "ragged_row",
        line=2,
        also=("header_without_row_names", "no_se_column", "empty_column_name", "duplicate_column"),
    ),
    fatal(
        "row too short",
        lambda base: joined([*base.lines()[:8], base.lines()[8].rsplit("\t", 1)[0], *base.lines()[9:]]),
        "ragged_row",
        line=9,
    ),
    fatal("row too long", lambda base: edited(base, 9, "\t", "\tmore\t"), "ragged_row", line=9),
    fatal("last row cut off", lambda base: base.clean()[:-30], "ragged_row", line=401),
    fatal("footer", lambda base: base.clean() + b"# 400 rows\n", "comment_among_rows", line=402),
    fatal("footer of words", lambda base: base.clean() + b"(400 rows affected)\n", "ragged_row", line=402),
    fatal(
        "comment among rows", lambda base: with_line(base, 50, "# chromosome 2 begins"), "comment_among_rows", line=50
    ),
    fatal("separated by bars", lambda base: written(base.rows(), separator="|"), "wrong_delimiter", line=1),
    fatal("separated by \\t in letters", lambda base: written(base.rows(), separator="\\t"), "wrong_delimiter", line=1),
    fatal("separated by tildes", lambda base: written(base.rows(), separator="~"), "wrong_delimiter", line=1),
    fatal("separated by colons", lambda base: written(base.rows(), separator=":"), "wrong_delimiter", line=1),
    fatal(
        "header by commas, rows by tabs",
        lambda base: joined([base.lines()[0].replace("\t", ","), *base.lines()[1:]]),
        "wrong_delimiter",
        line=1,
    ),
    fatal(
        "one row by commas",
        lambda base: joined([*base.lines()[:8], base.lines()[8].replace("\t", ","), *base.lines()[9:]]),
        "ragged_row",
        line=9,
    ),
    fatal("quote never closed", lambda base: edited_csv(base, 9, '"'), "open_quote", line=9, file="table.csv"),
    note(
        "separator at the end of every line",
        lambda base: base.clean().replace(b"\n", b"\t\n"),
        "trailing_delimiter",
        line=1,
    ),
    note(
        "separator at the end of every row",
        lambda base: base.clean().replace(b"\n", b"\t\n").replace(b"\t\n", b"\n", 1),
        "trailing_delimiter",
        line=2,
    ),
    fatal(
        "value behind the last column",
        lambda base: (
            base.clean().replace(b"\n", b"\t\n").replace(b"\t\n", b"\tx\n", 100).replace(b"\tx\n", b"\t\n", 99)
        ),
        "empty_column_name",
        line=100,
    ),
    note(
        "row names of R",
        lambda base: joined([base.lines()[0], *[f"{i}\t{line}" for i, line in enumerate(base.lines()[1:])]]),
        "header_without_row_names",
        line=1,
    ),
    note(
        "index of pandas",
        lambda base: joined([f"{'' if i == 0 else i}\t{line}" for i, line in enumerate(base.lines())]),
        "unnamed_first_column",
        line=1,
    ),
    fatal(
        "10,000 columns in the header",
        lambda base: joined(["\t".join(f"c{i}" for i in range(10_000)), *base.lines()[1:]]),
        "unknown_format",
    ),
    fatal(
        "10,000 columns more than the rows have",
        lambda base: joined([base.lines()[0] + "".join(f"\tc{i}" for i in range(10_000)), *base.lines()[1:]]),
        "ragged_row",
        line=2,
    ),
    fatal("50 MB in one line", without_newlines, "unreadable_table", line=1),
    fatal("column of our line numbers", lambda base: edited(base, 1, "rsid", "__line__"), "duplicate_column", line=1),
)


def _first(lines: list[str]) -> list[str]:
    """Return rows with the effect allele moved to the front."""
    moved = []
    for line in lines:
        cells = line.split("\t")
        moved.append("\t".join([cells.pop(2), *cells]))
    return moved


def edited_csv(base: Base, number: int, text: str) -> bytes:
    """Return the clean table with commas, and text before the identifier of one line."""
    lines = written(base.rows(), separator=",").decode().splitlines()
    lines[number - 1] = lines[number - 1].replace(",rs", f",{text}rs", 1)
    return joined(lines)


CASES = (*PACKING, *ENCODING, *LAYOUT)
