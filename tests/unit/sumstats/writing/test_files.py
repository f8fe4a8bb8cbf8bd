"""Blocked gzip by the SAM specification, read by an independent reader; hashes of what was written."""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import zlib

import numpy as np
import pytest

from osteobiome.sumstats.writing.files import BGZF_END, BLOCK_BYTES, Bgzf, new_text


def blocks(raw):
    """Take a BGZF file apart, checking each block: SAM specification v1, section 4.1."""
    at, contents = 0, []
    while at < len(raw):
        magic, flags, extra = raw[at : at + 3], raw[at + 3], struct.unpack_from("<H", raw, at + 10)[0]
        assert (magic, flags, extra, raw[at + 12 : at + 14]) == (b"\x1f\x8b\x08", 4, 6, b"BC")
        length, size = struct.unpack_from("<HH", raw, at + 14)
        assert length == 2
        body = raw[at + 18 : at + size + 1 - 8]
        content = zlib.decompress(body, wbits=-15)
        checksum, n_bytes = struct.unpack_from("<II", raw, at + size + 1 - 8)
        assert (checksum, n_bytes) == (zlib.crc32(content), len(content))
        assert len(content) <= 65536
        contents.append(content)
        at += size + 1
    assert at == len(raw)
    return contents


def packed(*pieces):
    sink = io.BytesIO()
    bgzf = Bgzf(sink)
    for piece in pieces:
        bgzf.write(piece)
    bgzf.finish()
    bgzf.close()
    return sink.getvalue()


@pytest.mark.parametrize("size", [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 5 * BLOCK_BYTES + 7])
def test_bgzf__is_blocks_with_an_end_block(size):
    data = np.random.default_rng(1).integers(0, 256, size, dtype=np.uint8).tobytes()  # no compressor makes it smaller
    raw = packed(data)
    contents = blocks(raw)
    assert b"".join(contents) == data == gzip.decompress(raw)
    assert raw.endswith(BGZF_END)
    assert contents[-1] == b""
    assert [len(content) for content in contents[:-2]] == [BLOCK_BYTES] * (len(contents) - 2)


def test_bgzf__does_not_depend_on_how_it_was_given():
    data = b"chromosome\tposition\n" * 20_000
    assert packed(data) == packed(data[:1], data[1:70_000], b"", data[70_000:]) == packed(memoryview(data))


def test_new_text__knows_the_md5_of_the_file(tmp_path):
    for name in ("a.txt", "a.txt.gz", "a.txt.bgz"):
        with new_text(tmp_path / name) as (text, file):
            text.write(b"one\n")
            text.write(memoryview(b"two\n"))
        raw = (tmp_path / name).read_bytes()
        assert file.md5 == hashlib.md5(raw).hexdigest()
        assert (raw if name == "a.txt" else gzip.decompress(raw)) == b"one\ntwo\n"
