"""Bytes of a file: container, encoding, layout, format, rows."""

from __future__ import annotations

import gzip
import lzma

import atheris
from backports import zstd

from fuzz.harness import file_for, fuzz

with atheris.instrument_imports(include=["osteobiome"]):
    from osteobiome.core.errors import OsteobiomeError
    from osteobiome.sumstats.reading import open_table
    from osteobiome.sumstats.sniffing import sniff

PATH = file_for("table")
TABLE = b"rsid\teffect_allele\tother_allele\tbeta\tstandard_error\nrs1\tA\tG\t0.1\t0.05\nrs2\tC\tT\t-0.2\t0.05\n"
SEEDS = [
    TABLE,
    TABLE.replace(b"\t", b","),
    TABLE.replace(b"\t", b" "),
    b"\xef\xbb\xbf" + TABLE.replace(b"\n", b"\r\n"),
    b'"SNP";"A1";"A2";"b";"se"\n"rs1";"A";"G";"0,1";"1"\n',
    b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tx\n1\t1\trs1\tA\tG\t.\t.\t.\tES\t1\n",
    gzip.compress(TABLE, mtime=0),
    lzma.compress(TABLE),
    zstd.compress(TABLE),
    b"PK\x03\x04",
    b"PAR1",
]


def one_input(data: bytes) -> None:
    """Open a file, tell its format and read it in small pieces."""
    PATH.write_bytes(data)
    try:
        table = open_table(PATH)
        for chunk in table.chunks(n_bytes=200):
            assert chunk.width == len(table.header) + 1
        sniff(table.header)
    except OsteobiomeError:
        pass


if __name__ == "__main__":
    fuzz(one_input, SEEDS)
