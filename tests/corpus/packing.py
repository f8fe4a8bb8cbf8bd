"""Containers, whole and broken, written by hand where the standard library cannot write them."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
import zlib

BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
"""End block of bgzip (SAM specification, section 4.1.2)."""


HEADER = b"rsid\teffect_allele\tother_allele\tbeta\tstandard_error\n"
ROW = b"rs1\tA\tG\t0.1\t0.1" + b"0" * 20_000 + b"\n"


def gzipped(data: bytes) -> bytes:
    """Return a gzip file whose bytes do not depend on the time."""
    return gzip.compress(data, mtime=0)


def bgzip_block(data: bytes) -> bytes:
    """Return one block of a bgzip file (SAM specification, section 4.1)."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = packer.compress(data) + packer.flush()
    head = bytes.fromhex("1f8b08040000000000ff060042430200") + (len(body) + 25).to_bytes(2, "little")
    return head + body + zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")


def bgzip_blocks(data: bytes, size: int = 5000) -> list[bytes]:
    """Return the blocks of a bgzip file without its end block."""
    return [bgzip_block(data[i : i + size]) for i in range(0, len(data), size)]


def bgzipped(data: bytes) -> bytes:
    """Return a whole bgzip file."""
    return b"".join(bgzip_blocks(data)) + BGZF_END


def zipped(*members: tuple[str, bytes]) -> bytes:
    """Return a zip file of members given as (name, content), all of one date."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def encrypted(data: bytes) -> bytes:
    """Return a zip file whose member says that it needs a password (APPNOTE 4.4.4, bit 0)."""
    raw = bytearray(zipped(("table.tsv", data)))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(mark) + offset] |= 1
    return bytes(raw)


def tarred(name: str, data: bytes) -> bytes:
    """Return a tar archive of one file."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


def gzip_bomb(n_megabytes: int = 400) -> bytes:
    """Return a gzip file of rows with very many zeros, packed piece by piece."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(HEADER)]
    block = ROW * 50
    parts += [packer.compress(block) for _ in range(n_megabytes * 1_000_000 // len(block))]
    return b"".join([*parts, packer.flush()])


def zip_bomb(n_bytes: int = 4_000_000_000) -> bytes:
    """Return a zip file that declares far more content than its few bytes can hold."""
    raw = bytearray(zipped(("table.tsv", b"0" * 1000)))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = raw.index(mark) + offset
        raw[at : at + 4] = n_bytes.to_bytes(4, "little")
    return bytes(raw)
