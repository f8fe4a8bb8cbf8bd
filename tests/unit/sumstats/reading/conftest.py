"""Every container, written by hand where Python cannot write it."""

import gzip
import io
import lzma
import zipfile
import zlib

import polars as pl
import pytest
from backports import zstd

from osteobiome.core.errors import InputFileError
from osteobiome.sumstats.reading import BGZF_END, open_table


def bgzip_block(data):
    """Return one block of a bgzip file (SAM specification, section 4.1)."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = packer.compress(data) + packer.flush()
    head = bytes.fromhex("1f8b08040000000000ff060042430200") + (len(body) + 25).to_bytes(2, "little")
    return head + body + zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")


def bgzip(data, size=50):
    """Return a bgzip file; its blocks are small, so that they end in the middle of lines."""
    return b"".join(bgzip_block(data[i : i + size]) for i in range(0, len(data), size)) + BGZF_END


def zip_file(*members, method=zipfile.ZIP_DEFLATED):
    """Return a zip file of members given as (name, content)."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return target.getvalue()


PACK = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bgzip": bgzip,
    "zstd": zstd.compress,
    "xz": lzma.compress,
    "zip": lambda data: zip_file(("table.tsv", data)),
}


@pytest.fixture(params=list(PACK))
def container(request):
    """Each container in turn."""
    return request.param


@pytest.fixture
def pack():
    """Pack bytes: ``pack("zstd", data)``."""
    return lambda container, data: PACK[container](data)


@pytest.fixture
def make_zip():
    """Return the function that makes a zip file."""
    return zip_file


@pytest.fixture
def make_bgzip_block():
    """Return the function that makes one block of a bgzip file."""
    return bgzip_block


@pytest.fixture
def rows_of():
    """Read a table whole: header without the line column, and the rows with it."""

    def read(path, n_bytes=48_000_000):
        table = open_table(path)
        frame = pl.concat(list(table.chunks(n_bytes=n_bytes)))
        assert frame.columns == [*table.header, "__line__"]
        assert frame.dtypes == [*[pl.String] * len(table.header), pl.Int64]
        return frame.rows()

    return read


@pytest.fixture
def fault_of():
    """Open and read a file that is refused, and return the one fault."""

    def read(path, n_bytes=48_000_000):
        with pytest.raises(InputFileError) as caught:
            for _ in open_table(path).chunks(n_bytes=n_bytes):
                pass
        (fault,) = caught.value.faults
        assert fault.found
        assert fault.expected
        assert fault.hint
        assert fault.severity == "fatal"
        if fault.line is not None:
            assert fault.where == f"{path}, line {fault.line}"
        return fault

    return read
