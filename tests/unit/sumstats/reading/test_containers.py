"""Plain, gzip, bgzip, zstd, xz and zip: the same rows from each, and a name for each way to be broken."""

import gzip
import io
import lzma
import os
import random
import tarfile
import zipfile
import zlib

import pytest
from backports import zstd

from osteobiome.core.errors import InputFileError
from osteobiome.sumstats.reading import BGZF_END, containers, open_table, read_bytes
from osteobiome.sumstats.reading.containers import container_of

TEXT = b"rsid\tbeta\nrs1\t0.1\nrs2\t-0.2\n"
ROWS = [("rs1", "0.1", 2), ("rs2", "-0.2", 3)]
LONG = b"rsid\tbeta\n" + b"".join(b"rs%d\t%d\n" % (i, (i * 7919) % 10007) for i in range(20_000))


def test_open_table__each_container(write, pack, container, rows_of):
    path = write(pack(container, TEXT), "table.any")
    table = open_table(path)
    assert table.container == container
    assert table.header == ("rsid", "beta")
    assert table.path == path
    assert table.findings == []
    assert rows_of(path) == ROWS
    assert rows_of(path) == ROWS  # a table can be read again


def test_chunks__each_container_in_pieces(write, pack, container, rows_of):
    path = write(pack(container, LONG))
    rows = rows_of(path, n_bytes=10_000)
    assert rows == rows_of(path)
    assert len(rows) == 20_000
    assert rows[-1] == ("rs19999", str(19_999 * 7919 % 10007), 20_001)


@pytest.mark.parametrize("kind", ["gzip", "bgzip", "zstd", "xz"])
def test_chunks__several_members_are_one_file(write, pack, kind, rows_of):
    assert rows_of(write(pack(kind, TEXT) + pack(kind, b"rs3\t0.3\n"))) == [*ROWS, ("rs3", "0.3", 4)]


def test_chunks__bgzip_and_gzip_members_mixed(write, pack, make_bgzip_block, rows_of):
    more = gzip.compress(b"rs3\t0.3\n")
    assert rows_of(write(make_bgzip_block(TEXT) + more)) == [*ROWS, ("rs3", "0.3", 4)]
    assert rows_of(write(gzip.compress(TEXT) + pack("bgzip", b"rs3\t0.3\n"))) == [*ROWS, ("rs3", "0.3", 4)]
    assert rows_of(write(make_bgzip_block(TEXT) + more + BGZF_END)) == [*ROWS, ("rs3", "0.3", 4)]


@pytest.mark.parametrize("kind", ["gzip", "xz"])
def test_chunks__zeros_behind_the_end_are_padding(write, pack, kind, rows_of):
    assert rows_of(write(pack(kind, TEXT) + bytes(1024))) == ROWS


def test_chunks__zstd_with_a_skippable_frame(write, rows_of):
    """Magic, size and content of a skippable frame (RFC 8878, section 3.1.2); pzstd writes one first."""
    frame = bytes.fromhex("502a4d18") + (4).to_bytes(4, "little") + b"size"
    path = write(frame + zstd.compress(TEXT) + frame)
    assert open_table(path).container == "zstd"
    assert rows_of(path) == ROWS


def test_container_of__needs_its_bytes_whole():
    assert container_of(b"") == "plain"
    assert container_of(b"\x1f") == "plain"
    assert container_of(b"\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\x06\x00BC") == "gzip"
    assert container_of(BGZF_END) == "bgzip"


def test_open_table__missing_folder_and_impossible_path(tmp_path, fault_of, write):
    assert fault_of(tmp_path / "nothing.tsv").code == "missing_file"
    assert fault_of(write(TEXT) / "below_a_file").code == "missing_file"
    assert fault_of(tmp_path).code == "not_a_file"
    with pytest.raises(InputFileError, match="a path that no file can have"):
        open_table(tmp_path / "a\x00b")


def test_open_table__a_pipe_is_not_waited_for(tmp_path, fault_of):
    os.mkfifo(tmp_path / "pipe")
    fault = fault_of(tmp_path / "pipe")
    assert (fault.code, fault.found) == ("not_a_file", "a pipe or device")


def test_open_table__no_permission(write, monkeypatch, fault_of):
    """Tests may run as root, who may read everything, so the refusal is played."""
    path = write(TEXT)

    def refuse(self, mode="r"):
        raise PermissionError

    monkeypatch.setattr(type(path), "open", refuse)
    fault = fault_of(path)
    assert fault.code == "no_permission"
    assert fault.hint == "Try: chmod +r table.tsv"


def test_open_table__nothing_in_it(write, pack, container, fault_of):
    fault = fault_of(write(pack(container, b"")))
    assert fault.code == "empty_file"


@pytest.mark.parametrize("kind", ["gzip", "zstd", "xz"])
@pytest.mark.parametrize("missing", [1, 5, 1000])
def test_chunks__cut_off(write, pack, kind, missing, fault_of):
    fault = fault_of(write(pack(kind, LONG)[:-missing]))
    assert fault.code == f"truncated_{kind}"
    assert fault.found == f"a {kind} file that ends in the middle"
    assert "Download it again" in fault.hint


def test_chunks__gzip_of_several_members_cut_in_the_second(write, fault_of):
    assert fault_of(write(gzip.compress(TEXT) + gzip.compress(TEXT)[:12])).code == "truncated_gzip"


def test_chunks__zip_cut_off(write, pack, fault_of):
    assert fault_of(write(pack("zip", LONG)[:-1000])).code == "damaged_zip"


def test_open_table__bgzip_cut_between_two_blocks(write, pack, fault_of):
    """Each block is a complete gzip member, so only the missing end block betrays the loss."""
    fault = fault_of(write(pack("bgzip", LONG).removesuffix(BGZF_END)))
    assert fault.code == "bgzip_without_end_block"


@pytest.mark.parametrize("missing", [1, 27, 29, 60])
def test_open_table__bgzip_cut_inside_a_block(write, pack, missing, fault_of):
    assert fault_of(write(pack("bgzip", LONG)[:-missing])).code == "truncated_gzip"


def test_chunks__bytes_behind_the_end(write, pack, fault_of):
    for kind, code in [
        ("gzip", "damaged_gzip"),
        ("bgzip", "damaged_gzip"),
        ("xz", "damaged_xz"),
        ("zstd", "damaged_zstd"),
    ]:
        fault = fault_of(write(pack(kind, TEXT) + b"<html>the rest went wrong</html>"))
        assert fault.code == code
        assert "other bytes behind its end" in fault.found


def gzip_stored(data):
    """Return a gzip file that holds its content as it is."""
    packer = zlib.compressobj(0, wbits=31)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("store", "code"),
    [
        (gzip_stored, "damaged_gzip"),
        (lambda data: lzma.compress(data, check=lzma.CHECK_CRC32), "damaged_xz"),  # so little text is not packed
        (lambda data: zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1}), "damaged_zstd"),
    ],
    ids=["gzip", "xz", "zstd"],
)
def test_chunks__checksum_is_checked(write, store, code, fault_of):
    """One changed letter, which nothing but the checksum betrays."""
    data = store(TEXT)
    assert data.count(b"rs1") == 1
    assert fault_of(write(data.replace(b"rs1", b"rs7"))).code == code


def test_chunks__checksum_of_a_zip_is_checked(write, make_zip, fault_of):
    data = make_zip(("a.tsv", TEXT), method=zipfile.ZIP_STORED)
    assert fault_of(write(data.replace(b"rs1", b"rs7"))).code == "damaged_zip"


def test_chunks__checksum_of_a_bgzip_block_is_checked(write, make_bgzip_block, fault_of):
    block = bytearray(make_bgzip_block(TEXT))
    block[-8] ^= 0xFF  # CRC-32 and size stand behind the content
    assert fault_of(write(bytes(block) + BGZF_END)).code == "damaged_gzip"


def test_chunks__damaged_zstd(write, fault_of):
    data = bytearray(zstd.compress(LONG))
    data[20:60] = b"\xff" * 40
    assert fault_of(write(bytes(data))).code == "damaged_zstd"


@pytest.mark.parametrize("kind", ["gzip", "bgzip", "zstd", "xz", "zip"])
def test_chunks__any_damage_has_a_name(write, pack, kind):
    """Bytes changed at random, and the end cut off at times: rows or a fault, never another error."""
    draw = random.Random(20)
    sound, codes = pack(kind, TEXT * 3), set()
    for _ in range(300):
        data = bytearray(sound)
        for _ in range(draw.randint(1, 3)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        path = write(bytes(data[: draw.choice([len(data), draw.randrange(1, len(data))])]))
        try:
            for _ in open_table(path).chunks():
                pass
        except InputFileError as error:
            codes.add(error.faults[0].code)
    assert f"damaged_{'gzip' if kind == 'bgzip' else kind}" in codes


@pytest.mark.parametrize("inner", ["gzip", "bgzip", "zstd", "xz", "zip"])
@pytest.mark.parametrize("outer", ["gzip", "zip"])
def test_open_table__packed_twice(write, pack, outer, inner, fault_of):
    fault = fault_of(write(pack(outer, pack(inner, TEXT))))
    assert fault.code == "nested_gzip"
    assert fault.found == f"a {outer} file that holds a {inner} file"


def tar(name, content):
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return target.getvalue()


def test_open_table__tar_archive(write, pack, container, fault_of):
    fault = fault_of(write(pack(container, tar("gwas/table.tsv", TEXT))))
    assert fault.code == "tar_archive"
    assert "'gwas/table.tsv'" in fault.found


def test_open_table__zip_of_several_names_them(write, make_zip, fault_of):
    fault = fault_of(write(make_zip(("a.tsv", TEXT), ("b.tsv", TEXT))))
    assert (fault.code, fault.found) == ("zip_of_several", "a zip file of 2 files: 'a.tsv', 'b.tsv'")
    fault = fault_of(write(make_zip(*[(f"{i}.tsv", TEXT) for i in range(8)])))
    assert fault.found.endswith("'4.tsv' and 3 more")


def test_open_table__zip_with_what_macos_adds(write, make_zip, rows_of):
    data = make_zip(("gwas/", b""), ("gwas/a.tsv", TEXT), ("__MACOSX/gwas/._a.tsv", b"x"), ("gwas/.DS_Store", b"y"))
    assert rows_of(write(data)) == ROWS


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_open_table__zip_packed_by_other_methods(write, make_zip, method, rows_of):
    assert rows_of(write(make_zip(("a.tsv", TEXT), method=method))) == ROWS


def test_open_table__zip_packed_by_an_unknown_method(write, make_zip, fault_of):
    data = bytearray(make_zip(("a.tsv", TEXT)))
    central = data.index(b"PK\x01\x02")
    data[central + 10 : central + 12] = data[8:10] = (9).to_bytes(2, "little")  # Deflate64
    assert fault_of(write(bytes(data))).code == "damaged_zip"


@pytest.mark.parametrize("members", [(), [("empty/", b"")], [("__MACOSX/._a", b"x")]])
def test_open_table__zip_without_a_file(write, make_zip, members, fault_of):
    assert fault_of(write(make_zip(*members))).code == "empty_file"


def test_open_table__zip_under_a_password(write, make_zip, fault_of):
    data = bytearray(make_zip(("a.tsv", TEXT)))
    data[6] |= 1  # general purpose flag, bit 0 (APPNOTE 4.4.4), in the local and in the central header
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert fault_of(write(bytes(data))).code == "zip_encrypted"


@pytest.mark.parametrize("names", [["[Content_Types].xml", "xl/workbook.xml"], ["mimetype", "content.xml"]])
def test_open_table__spreadsheet(write, make_zip, names, fault_of):
    fault = fault_of(write(make_zip(*[(name, b"<x/>") for name in names])))
    assert fault.code == "spreadsheet_file"
    assert "tab-separated text" in fault.hint


def test_open_table__old_spreadsheet(write, pack, container, fault_of):
    data = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504)
    assert fault_of(write(pack(container, data))).code == "spreadsheet_file"


def test_open_table__zip_that_declares_an_absurd_size(write, make_zip, fault_of):
    data = bytearray(make_zip(("a.tsv", TEXT)))
    central = data.index(b"PK\x01\x02")
    data[central + 24 : central + 28] = (4_000_000_000).to_bytes(4, "little")  # size when unpacked, APPNOTE 4.4.9
    fault = fault_of(write(bytes(data)))
    assert fault.code == "compression_bomb"
    assert "4000000000" in fault.found


@pytest.mark.parametrize("kind", ["gzip", "zstd", "xz"])
def test_chunks__file_that_grows_beyond_measure(write, pack, kind, monkeypatch, fault_of):
    """The threshold is 100 MB; the test moves it to 1 MB."""
    monkeypatch.setattr(containers, "BOMB_OUTPUT", 1_000_000)
    assert fault_of(write(pack(kind, b"a\tb\n" + b"1\t2\n" * 2_000_000))).code == "compression_bomb"


def test_chunks__what_shrinks_well_is_no_bomb(write, monkeypatch, rows_of):
    monkeypatch.setattr(containers, "BOMB_OUTPUT", 100_000)
    assert len(rows_of(write(gzip.compress(LONG)))) == 20_000


def test_blocks__are_small_whatever_is_packed(tmp_path):
    """A gzip file of zeros grows a thousandfold, so unpacking must be in steps."""
    for pack in (gzip.compress, zstd.compress, lzma.compress):
        handle = io.BytesIO(pack(bytes(30_000_000)))
        container = container_of(handle.getvalue()[:18])
        sizes = [len(block) for block in containers.blocks(handle, container, "zeros")]
        assert sum(sizes) == 30_000_000
        assert max(sizes) <= containers.MAX_UNPACKED


def test_blocks__an_error_of_the_disk_has_a_name():
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise OSError(5, "Input/output error")

    for container in ("plain", "gzip", "bgzip", "zstd", "xz"):
        with pytest.raises(InputFileError, match="Input/output error") as caught:
            list(containers.blocks(Broken(), container, "x"))
        assert caught.value.faults[0].code == "unreadable_file"


def test_read_bytes__each_container(write, pack, container):
    assert read_bytes(write(pack(container, TEXT))) == TEXT


def test_chunks__given_up_halfway_leaves_no_thread(write, pack):
    import threading

    before = threading.active_count()
    chunks = open_table(write(pack("gzip", LONG))).chunks(n_bytes=1000)
    assert next(chunks).height
    chunks.close()
    assert threading.active_count() == before


def test_chunks__file_that_is_gone_by_then(write, fault_of):
    table = open_table(path := write(TEXT))
    path.unlink()
    with pytest.raises(InputFileError, match="no such file"):
        list(table.chunks())
