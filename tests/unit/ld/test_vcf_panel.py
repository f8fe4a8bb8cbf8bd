"""VCF and BCF turned to PLINK 1 files: by hand, against PLINK, and what is left out with its reason."""

import gzip
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from osteobiome.core.errors import InputFileError, StoreWriteError
from osteobiome.ld.panel import open_panel
from osteobiome.ld.sources.bcf import read_bcf
from osteobiome.ld.sources.record import copies
from osteobiome.ld.sources.vcf import bed_row, convert_vcf
from osteobiome.ld.sources.vcf_text import lines, read_vcf
from osteobiome.sumstats.writing.files import bgzf_block

REAL = Path(__file__).parents[2] / "data" / "ld" / "panels"
needs_plink2 = pytest.mark.skipif(shutil.which("plink2") is None, reason="plink2 is not installed")
HEAD = "##fileformat=VCFv4.2\n##contig=<ID=1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"


def vcf(*records, people="abcde", head=HEAD):
    """Return a VCF file; a record is its site, FORMAT and calls, separated by blanks."""
    rows = []
    for record in records:
        chromosome, position, name, ref, alt, form, *calls = record.split()
        rows.append("\t".join([chromosome, position, name, ref, alt, ".", "PASS", ".", form, *calls]))
    return "\n".join(["\t".join([head, *people]), *rows]) + "\n"


@pytest.fixture
def convert(tmp_path):
    """Write a file, convert it, and return the report, the panel and its dosages."""

    def run(content, name="in.vcf", **options):
        source = tmp_path / name
        source.write_bytes(content.encode() if isinstance(content, str) else content)
        report = convert_vcf(source, tmp_path / "out", **options)
        panel = open_panel(tmp_path / "out")
        return report, panel, panel.genotypes(np.arange(panel.n_variants)).dosages().tolist()

    return run


def plink(*words, version="plink2"):
    done = subprocess.run([version, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


SMALL = vcf("1 100 rs1 A G GT 0/0 0|1 1/1 ./. .|.", "chr2 50 . at a GT:DP 1/0:3 0/1 1|1:1 .:2 0/0")


def test_convert_vcf__a_file_by_hand(convert):
    report, panel, dosages = convert(SMALL)
    assert dosages == [[0, 1, 2, -9, -9], [1, 1, 2, -9, 0]]
    assert panel.variants.rows() == [("rs1", 1, 100, "G", "A"), (None, 2, 50, "A", "AT")]
    assert panel.sources[0].people["person"].to_list() == list("abcde")
    assert (report.n_in, report.n_kept, report.dropped) == (2, 2, ())
    assert dict(report.notes) == {"missing_call": 3}


@pytest.mark.parametrize("pack", [gzip.compress, lambda b: bgzf_block(b[:80]) + bgzf_block(b[80:]) + bgzf_block(b"")])
def test_convert_vcf__packed_files_are_read(convert, pack):
    assert convert(pack(SMALL.encode()), "in.vcf.gz")[2] == [[0, 1, 2, -9, -9], [1, 1, 2, -9, 0]]


def test_convert_vcf__line_ends_of_windows(convert):
    assert convert(SMALL.replace("\n", "\r\n"))[2] == [[0, 1, 2, -9, -9], [1, 1, 2, -9, 0]]


def test_convert_vcf__calls_that_are_not_two_alleles_are_counted(convert):
    report, _, dosages = convert(vcf("1 1 a A G GT 0 1 . ./1 0|.", "1 2 b A G GT 0/0/1 1 0/1 1/. 1/1/1"))
    assert dosages == [[0, 2, -9, -9, -9], [-9, 2, 1, -9, -9]]
    assert dict(report.notes) == {"haploid_call": 3, "missing_call": 1, "half_call": 3, "polyploid_call": 2}


def test_convert_vcf__sites_with_several_alleles_are_split(convert):
    report, panel, dosages = convert(vcf("1 1 a A G,T GT 0/0 0/1 1|2 2|2 ./."))
    assert dosages == [[0, 1, 1, 0, -9], [0, 0, 1, 2, -9]]
    assert panel.variants["counted"].to_list() == ["G", "T"]
    assert (report.n_in, report.n_kept) == (2, 2)
    assert dict(report.notes) == {"missing_call": 1, "split_from_multi_allelic_site": 2, "duplicate_name": 2}


def test_convert_vcf__what_is_left_out_is_counted_with_lines(convert):
    report, panel, _ = convert(
        vcf(
            "1 1 a A G GT 0/0 0/1 1|1 1|1 ./.",
            "1 1 b A G GT 0/0 0/1 1|1 1|1 ./.",
            "1 1 c A C GT 0/0 0/1 1|1 1|1 ./.",
            "1 2 d A . GT 0/0 0/0 0/0 0/0 0/0",
            "1 3 e A <DEL>,T,* GT 0/0 0/2 2/2 0/1 0/0",
            "1 4 f A G DS 0 0 0 0 0",
            "1 5 g;h A G GT 0/0 0/1 1|1 1|1 0/1",
            "1 6 a A G GT 0/0 0/1 1|1 1|1 0/1",
        )
    )
    assert report.by_reason() == {"duplicate": 1, "no_alternate_allele": 1, "symbolic_allele": 2, "no_genotypes": 1}
    assert report.n_in == 10 == report.n_kept + report.n_dropped
    assert panel.variants["rsid"].to_list() == ["a", "c", "e", "g", "a"]
    assert panel.variants["counted"].to_list() == ["G", "C", "T", "G", "G"]
    notes = {"missing_call": 2, "split_from_multi_allelic_site": 1, "several_names": 1, "duplicate_name": 2}
    assert dict(report.notes) == notes
    where = {drop.reason: (drop.kind, drop.lines, drop.examples) for drop in report.dropped}
    assert where["duplicate"] == ("fault", (5,), ("1:1:A:G",))
    assert where["no_alternate_allele"] == ("policy", (7,), ("1:2:A:",))


def test_convert_vcf__only_the_wanted_places(convert):
    sites = pl.DataFrame({"chromosome": [1, 23], "position": [5, 6]}, schema_overrides={"chromosome": pl.Int8})
    calls = "A G GT 0/0 0/1 1|1 1|1 0/1"
    report, panel, _ = convert(
        vcf(f"1 5 a {calls}", f"1 6 b {calls}", f"chrX 6 c {calls}", f"GL 5 d {calls}"), sites=sites
    )
    assert panel.variants["rsid"].to_list() == ["a", "c"]
    assert report.by_reason() == {"not_in_sites": 2}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "empty_file"),
        ("chromosome\tposition\n1\t2\n", "not_a_vcf_file"),
        ("##fileformat=VCFv4.2\n", "not_a_vcf_file"),
        (vcf(people="").replace("\tFORMAT", "").strip() + "\n", "vcf_without_people"),
        (vcf(people="abcda"), "panel_duplicate_people"),
        (vcf(), "vcf_without_variants"),
        (vcf("1 1 a A . GT 0/0 0/0 0/0 0/0 0/0"), "vcf_without_variants"),
        (vcf("1 1 a A G GT 0/0 0/0 0/0 0/0"), "broken_vcf_record"),
        (vcf("1 1 a A G GT:DP 0/0 0/0 0/0 0/0"), "broken_vcf_record"),
        (vcf("1 1 a A G GT 0/0 0/0 0/0 0/0 x/0"), "broken_vcf_record"),
        (vcf("1 1 a A G GT 0/0 0/0 0/0 0/0 0/2"), "broken_vcf_record"),
        (vcf("1 1e3 a A G GT 0/0 0/0 0/0 0/0 0/1"), "broken_vcf_record"),
        (SMALL[: SMALL.rindex("PASS")], "broken_vcf_record"),
        (gzip.compress(SMALL.encode())[:-12], "truncated_gzip"),
        (bgzf_block(SMALL.encode()), "bgzip_without_end_block"),
    ],
)
def test_convert_vcf__what_cannot_be_read_is_named_and_nothing_is_left(tmp_path, content, code):
    source = tmp_path / "in.vcf"
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputFileError) as caught:
        convert_vcf(source, tmp_path / "out")
    assert caught.value.faults[0].code == code
    assert [path.name for path in tmp_path.iterdir()] == ["in.vcf"]


def test_convert_vcf__a_failure_leaves_an_earlier_panel_as_it_was(convert, tmp_path):
    convert(SMALL)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("out.*")}
    with pytest.raises(InputFileError):
        convert(SMALL + "1\t7\n")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != "in.vcf"} == before


def test_convert_vcf__makes_the_folder_or_says_why_not(tmp_path):
    (tmp_path / "in.vcf").write_text(SMALL)
    convert_vcf(tmp_path / "in.vcf", tmp_path / "new" / "folder" / "out")
    assert open_panel(tmp_path / "new" / "folder" / "out").n_variants == 2
    with pytest.raises(StoreWriteError, match="a folder is needed"):
        convert_vcf(tmp_path / "in.vcf", tmp_path / "in.vcf" / "out")


def test_bed_row__equals_packing_person_by_person():
    codes = {2: 0b00, -9: 0b01, 1: 0b10, 0: 0b11}
    rng = np.random.default_rng(3)
    for n in range(1, 12):
        row = rng.choice([0, 1, 2, -9], n).astype(np.int8)
        slow = [sum(codes[c] << (2 * i) for i, c in enumerate(row[at : at + 4].tolist())) for at in range(0, n, 4)]
        assert bed_row(row) == bytes(slow)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_lines__do_not_depend_on_blocks(size):
    text = b"a\n\nbc\r\nlast"
    assert list(lines(iter([text[i : i + size] for i in range(0, len(text), size)]))) == text.split(b"\n")


def exported(write_panel, tmp_path, dosages, *words, **options):
    plink("--bfile", write_panel(dosages, **options), "--export", *words, "--out", tmp_path / "theirs")


@needs_plink2
@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("vcf-4.2",), "theirs.vcf"),
        (("vcf-4.2", "bgz"), "theirs.vcf.gz"),
        (("bcf-4.2",), "theirs.bcf"),
        (("bcf",), "theirs.bcf"),
    ],
)
@pytest.mark.parametrize("n_people", [1, 66])
def test_convert_vcf__what_plink2_writes_comes_back(write_panel, random_dosages, tmp_path, words, name, n_people):
    dosages = random_dosages(60, n_people)
    exported(write_panel, tmp_path, dosages, *words)
    report = convert_vcf(tmp_path / name, tmp_path / "ours")
    panel, before = open_panel(tmp_path / "ours"), open_panel(tmp_path / "panel")
    np.testing.assert_array_equal(panel.genotypes(np.arange(60)).dosages(), dosages)
    assert panel.variants.equals(before.variants)
    assert (report.n_in, report.n_kept) == (60, 60)


@pytest.mark.skipif(shutil.which("plink1.9") is None, reason="plink1.9 is not installed")
def test_convert_vcf__writes_the_bytes_of_plink(tmp_path):
    rng = np.random.default_rng(5)
    calls = np.array(["0/0", "0/1", "1|0", "1/1", "./."])
    rows = [f"1 {i + 1} s{i} A G GT {' '.join(rng.choice(calls, 37))}" for i in range(50)]
    (tmp_path / "in.vcf").write_text(vcf(*rows, people=[f"p{i}" for i in range(37)]))
    convert_vcf(tmp_path / "in.vcf", tmp_path / "ours")
    words = (
        "--vcf",
        tmp_path / "in.vcf",
        "--double-id",
        "--keep-allele-order",
        "--make-bed",
        "--out",
        tmp_path / "theirs",
    )
    plink(*words, version="plink1.9")
    for ending in ("bed", "bim"):
        assert (tmp_path / f"ours.{ending}").read_bytes() == (tmp_path / f"theirs.{ending}").read_bytes()
    assert (tmp_path / "ours.fam").read_text().split() == (tmp_path / "theirs.fam").read_text().split()


@needs_plink2
@pytest.mark.parametrize(("words", "name"), [(("bcf",), "theirs.bcf"), (("vcf", "bgz"), "theirs.vcf.gz")])
def test_convert_vcf__real_genotypes_come_back(tmp_path, words, name):
    plink("--bfile", REAL / "eas", "--export", *words, "--out", tmp_path / "theirs")
    convert_vcf(tmp_path / name, tmp_path / "ours")
    panel, before = open_panel(tmp_path / "ours"), open_panel(REAL / "eas")
    assert panel.variants.equals(before.variants)
    rows = np.arange(panel.n_variants)
    np.testing.assert_array_equal(panel.genotypes(rows).dosages(), before.genotypes(rows).dosages())


BINARY = vcf(
    "1 1 a A G,T GT 0/0 0/1 1|2 2|2 ./.",
    "1 2 b A G GT:DP 0/1:3 0/1:2 1|1:1 ./.:2 0/0:9",
    "X 3 c A G GT 0 1 0|1 . 1/1",
    "X 4 d A . GT 0 0 0/0 . 0/0",
    "X 5 e A <DEL> GT 0/0 0/1 1|1 ./. 0/0",
    "MT 6 f;g ACGTACGTACGTACGTACGT A GT 0 1 0 1 .",
    head="##fileformat=VCFv4.2\n##contig=<ID=1>\n##contig=<ID=X>\n##contig=<ID=MT>\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n' + HEAD.splitlines()[-1],
)


@needs_plink2
def test_read_bcf__equals_the_text_that_plink2_made_it_from(tmp_path):
    (tmp_path / "in.vcf").write_text(BINARY)
    (tmp_path / "sex").write_text("#IID\tSEX\na\t1\nb\t1\nc\t2\nd\t1\ne\t2\n")
    plink("--vcf", tmp_path / "in.vcf", "--update-sex", tmp_path / "sex", "--split-par", "b37", "--export", "bcf",
          "--out", tmp_path / "b")  # fmt: skip
    plink("--vcf", tmp_path / "in.vcf", "--update-sex", tmp_path / "sex", "--split-par", "b37", "--export", "vcf-4.2",
          "--out", tmp_path / "t")  # fmt: skip
    text = read_vcf(iter([(tmp_path / "t.vcf").read_bytes()]), "text")
    content = gzip.decompress((tmp_path / "b.bcf").read_bytes())
    pieces = [content[i : i + 7] for i in range(0, len(content), 7)]  # no record begins where a block does
    binary = read_bcf(iter(pieces), "binary")
    assert binary.people == text.people == tuple("abcde")
    number = 0
    for ours, theirs in zip(binary.records, text.records, strict=True):
        number += 1
        for name in ("chromosome", "position", "name", "ref", "alts"):
            assert getattr(ours, name) == getattr(theirs, name)
        np.testing.assert_array_equal(ours.calls(), theirs.calls())
    assert number == 6


def typed(kind, values):
    """Return a typed value of BCF: its kind and length, and the values."""
    head = bytes([min(len(values), 15) << 4 | kind])
    if len(values) >= 15:
        head += bytes([0x11, len(values)])
    return head + (values if kind == 7 else np.array(values, dtype={1: "<i1", 2: "<i2", 3: "<i4"}[kind]).tobytes())


def bcf_by_hand(fields, *, n_people, alleles=(b"A", b"GTGTGTGTGTGTGTGTGTGT"), contig=0, extra=()):
    """Return a BCF file with one record; fields are (number, kind, values per person)."""
    columns = HEAD.splitlines()[-1] + "".join(f"\tp{i}" for i in range(n_people))
    form = "##FORMAT=<ID=GT,Number=1,Type=String>"
    head = "\n".join(["##fileformat=VCFv4.2", *extra, "##contig=<ID=7,length=9>", form, columns]).encode() + b"\n\0"
    shared = struct.pack("<iiifHHI", contig, 41, 1, 0.0, 0, len(alleles), n_people | len(fields) << 24)
    shared += typed(7, b"") + b"".join(typed(7, allele) for allele in alleles) + b"\0"
    own = b""
    for number, kind, values in fields:
        own += typed(1, [number]) + typed(kind, [0] * len(values[0]))[:1]
        own += np.array(values, dtype={1: "<i1", 2: "<i2", 3: "<i4"}[kind]).tobytes()
    record = struct.pack("<II", len(shared), len(own)) + shared + own
    return b"BCF\2\2" + struct.pack("<I", len(head)) + head + record


@pytest.mark.parametrize(("kind", "end", "none"), [(1, -127, -128), (2, -32767, -32768), (3, -(2**31) + 1, -(2**31))])
def test_read_bcf__calls_of_one_two_and_three_alleles(kind, end, none):
    calls = [[2, 5, end], [4, end, end], [0, 0, end], [2, 4, 4], [none, end, end], [4, 2, 0]]
    content = bcf_by_hand(
        [(1, 1, [[9]] * 6), (2, kind, calls)], n_people=6, extra=["##INFO=<ID=AF,Number=1,Type=Float>"]
    )
    found = read_bcf(iter([content]), "hand")
    record = next(found.records)
    assert (record.chromosome, record.position, record.name, record.ref) == ("7", 42, ".", "A")
    assert record.alts == ("GTGTGTGTGTGTGTGTGTGT",)
    assert record.calls().tolist() == [[0, 1], [1, -2], [-1, -1], [-3, -3], [-1, -2], [-3, -3]]


def test_read_bcf__a_record_without_genotypes_has_none():
    content = bcf_by_hand([(7, 1, [[9], [9]])], n_people=2)
    assert next(read_bcf(iter([content]), "hand").records).calls() is None


@pytest.mark.parametrize("changes", [{"contig": 3}, {"fields": [(1, 1, [[2, 4]])]}])
def test_read_bcf__records_that_cannot_be_are_named(convert, changes):
    words = {"fields": [(1, 1, [[2, 4], [2, 2]])], "n_people": 2} | changes
    with pytest.raises(InputFileError) as caught:
        convert(bcf_by_hand(words.pop("fields"), **words), "in.bcf")
    assert caught.value.faults[0].code == "damaged_bcf"


@needs_plink2
@pytest.mark.parametrize("cut", [9, 60, 700, -1, -30])
def test_read_bcf__a_cut_file_is_named(write_panel, random_dosages, tmp_path, cut):
    exported(write_panel, tmp_path, random_dosages(20, 66), "bcf")
    content = gzip.decompress((tmp_path / "theirs.bcf").read_bytes())[:cut]
    (tmp_path / "cut.bcf").write_bytes(gzip.compress(content))
    with pytest.raises(InputFileError) as caught:
        convert_vcf(tmp_path / "cut.bcf", tmp_path / "out")
    assert caught.value.faults[0].code in {"damaged_bcf", "not_a_vcf_file"}
    assert not list(tmp_path.glob("*out*"))


def test_copies__of_each_allele_of_each_call():
    calls = np.array(
        [[0, 0], [0, 1], [1, 2], [2, 2], [1, -2], [0, -2], [-1, -1], [-1, 1], [-1, -2], [-3, -3]], dtype=np.int32
    )
    assert copies(calls, 1).tolist() == [0, 1, 1, 0, 2, 0, -9, -9, -9, -9]
    assert copies(calls, 2).tolist() == [0, 0, 1, 2, 0, 0, -9, -9, -9, -9]


@pytest.mark.parametrize("form", ["GT", "GT:DS"])
def test_read_vcf__fast_and_slow_way_agree(form):
    calls = ["0|1", "1/1", "./.", ".|0", "9/0"]
    text = vcf(f"1 1 a A C,G,T,AC,AG,AT,CA,CG,CT {form} {' '.join(calls)}")
    found = next(read_vcf(iter([text.encode()]), "text").records).calls()
    assert found.tolist() == [[0, 1], [1, 1], [-1, -1], [-1, 0], [9, 0]]
