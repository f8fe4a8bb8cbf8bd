"""Panels on disk: what is read, what is refused, and that PLINK reads the same."""

import gzip
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from backports import zstd

from osteobiome.core.errors import InputFileError
from osteobiome.ld.panel import open_panel, panel_files
from osteobiome.ld.sources.pgen import read_psam, read_pvar
from osteobiome.ld.sources.tables import plink_chromosomes

needs_plink1 = pytest.mark.skipif(shutil.which("plink1.9") is None, reason="plink1.9 is not installed")
needs_plink2 = pytest.mark.skipif(shutil.which("plink2") is None, reason="plink2 is not installed")


def plink(*words, version="plink1.9"):
    done = subprocess.run([version, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def code(path, **options):
    with pytest.raises(InputFileError) as caught:
        open_panel(path, **options)
    return caught.value.faults[0].code


@pytest.mark.parametrize("n_people", [1, 3, 4, 5, 63, 64, 65, 130])
def test_genotypes__are_those_that_were_written(write_panel, random_dosages, n_people):
    dosages = random_dosages(9, n_people, seed=n_people)
    panel = open_panel(write_panel(dosages))
    assert panel.n_people == n_people
    rows = np.array([8, 0, 3, 3])
    np.testing.assert_array_equal(panel.genotypes(rows).dosages(), dosages[rows])


def test_genotypes__of_no_rows_are_none(write_panel, random_dosages):
    found = open_panel(write_panel(random_dosages(3, 70))).genotypes(np.array([], dtype=np.int64))
    assert (found.n_variants, found.n_people) == (0, 70)


@pytest.mark.parametrize("row", [-1, 3])
def test_genotypes__refuse_rows_that_the_panel_lacks(write_panel, random_dosages, row):
    panel = open_panel(write_panel(random_dosages(3, 5)))
    with pytest.raises(IndexError, match="between 0 and 2"):
        panel.genotypes(np.array([0, row]))


def test_variants__are_those_of_the_file(write_panel, random_dosages):
    prefix = write_panel(random_dosages(3, 5))
    Path(f"{prefix}.bim").write_text(
        "1\trs1\t0\t100\ta\tg\nX 	.\t0.5\t0\tAT\tA\n26\tx\t0\t7\t0\tC\n".replace(" ", "")
    )
    assert open_panel(prefix).variants.rows() == [
        ("rs1", 1, 100, "A", "G"),
        (None, 23, None, "AT", "A"),
        ("x", 25, 7, "0", "C"),
    ]


@pytest.mark.parametrize("text", ["1 rs1  0 100 A G\n 2 rs2 0 200 C T\n", "1\trs1\t100\tA\tG\r\n2\trs2\t200\tC\tT\r\n"])
def test_variants__may_stand_between_blanks_or_lack_the_genetic_position(write_panel, random_dosages, text):
    prefix = write_panel(random_dosages(2, 5))
    Path(f"{prefix}.bim").write_text(text, newline="")
    assert open_panel(prefix).variants.rows() == [("rs1", 1, 100, "A", "G"), ("rs2", 2, 200, "C", "T")]


def test_plink_chromosomes__25_is_pseudo_autosomal_and_26_mitochondrial():
    names = ["22", "X", "23", "24", "25", "XY", "26", "MT", "chr7", "chr26", "0", "HLA", "25"]
    assert plink_chromosomes(pl.Series(names)).to_list() == [22, 23, 23, 24, 23, 23, 25, 25, 7, 25, None, None, 23]


@pytest.mark.parametrize("ending", ["", ".bed", ".bim", ".fam"])
def test_open_panel__takes_the_prefix_or_any_of_the_files(write_panel, random_dosages, ending):
    prefix = write_panel(random_dosages(3, 5), "name.with.dots")
    panel = open_panel(f"{prefix}{ending}", ancestry="EUR", genome_build="GRCh37")
    assert (panel.n_variants, panel.ancestry, panel.genome_build) == (3, "EUR", "GRCh37")
    assert panel.noise_floor == 1 / 5


def test_open_panel__reads_a_packed_bim(write_panel, random_dosages):
    prefix = write_panel(random_dosages(3, 5))
    bim = Path(f"{prefix}.bim")
    expected = open_panel(prefix).variants
    Path(f"{prefix}.bim.gz").write_bytes(gzip.compress(bim.read_bytes()))
    bim.unlink()
    assert open_panel(prefix).variants.equals(expected)
    assert open_panel(f"{prefix}.bim.gz").variants.equals(expected)


@pytest.mark.parametrize("pattern", ["c@", "c{chromosome}", "list"])
def test_open_panel__parts_are_one_panel(write_panel, random_dosages, tmp_path, pattern):
    dosages = random_dosages(9, 70)
    parts = [("c2", dosages[:4]), ("c10", dosages[4:5]), ("cX", dosages[5:])]
    prefixes = [write_panel(part, name, chromosome=name[1:]) for name, part in parts]
    panel = open_panel(prefixes if pattern == "list" else f"{tmp_path}/{pattern}")
    assert panel.variants["chromosome"].to_list() == [2] * 4 + [10] + [23] * 4
    rows = np.array([8, 0, 4, 5, 3, 0])
    np.testing.assert_array_equal(panel.genotypes(rows).dosages(), dosages[rows])
    assert panel.genotypes(np.array([], dtype=np.int64)).n_variants == 0


def test_open_panel__parts_of_other_people_are_refused(write_panel, random_dosages):
    one = write_panel(random_dosages(3, 3), "one")
    two = write_panel(random_dosages(3, 3), "two", people=["f1 i1 0 0 0 -9", "f0 i0 0 0 0 -9", "f2 i2 0 0 0 -9"])
    assert code([one, two]) == "panel_people_differ"


def test_panel__travels_between_processes_without_its_genotypes(write_panel, random_dosages):
    dosages = random_dosages(4, 1000)
    panel = open_panel(write_panel(dosages))
    travelled = pickle.loads(pickle.dumps(panel))
    np.testing.assert_array_equal(travelled.genotypes(np.arange(4)).dosages(), dosages)
    assert not any(isinstance(getattr(panel.sources[0], name), np.ndarray) for name in ("where", "variants", "people"))


def test_panel__people_with_parents_are_left_out(write_panel, random_dosages):
    dosages = random_dosages(5, 6)
    people = ["f a 0 0 1 -9", "f b 0 0 2 -9", "f c a b 1 -9", "g d 0 0 1 -9", "g e d 0 2 -9", "g f 0 0 1 -9"]
    panel = open_panel(write_panel(dosages, people=people))
    assert (panel.n_people, panel.n_left_out) == (4, 2)
    np.testing.assert_array_equal(panel.genotypes(np.arange(5)).dosages(), dosages[:, [0, 1, 3, 5]])


@needs_plink1
def test_panel__frequencies_and_people_are_those_of_plink(write_panel, random_dosages, tmp_path):
    people = [f"f{i} i{i} {'i0' if i % 7 == 3 else 0} 0 {1 + i % 2} -9" for i in range(67)]
    prefix = write_panel(random_dosages(40, 67), people=people)
    plink("--bfile", prefix, "--keep-allele-order", "--freq", "--out", tmp_path / "out")
    theirs = pl.read_csv(_tabbed(tmp_path / "out.frq"), separator="\t")
    panel = open_panel(prefix)
    genotypes = panel.genotypes(np.arange(40))
    np.testing.assert_array_equal(2 * genotypes.n_called(), theirs["NCHROBS"])
    np.testing.assert_allclose(genotypes.frequency(), theirs["MAF"], rtol=1e-3)  # printed with four digits
    assert panel.variants["counted"].to_list() == theirs["A1"].to_list()


def _tabbed(path):
    return "\n".join("\t".join(line.split()) for line in path.read_text().splitlines()).encode()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda b: b[:-1], "panel_size_differs"),
        (lambda b: b[:-2], "panel_size_differs"),
        (lambda b: b + b"\0", "panel_size_differs"),
        (lambda b: b + b"\0\0", "panel_size_differs"),
        (lambda b: b"\x6c\x1b\x00" + b[3:], "bed_not_by_variant"),
        (lambda b: b"chr1\t100\t200\n", "not_a_bed_file"),
        (lambda b: b"\x6c\x1b", "not_a_bed_file"),
        (lambda b: b"", "empty_file"),
        (gzip.compress, "panel_packed"),
    ],
)
def test_open_panel__damaged_genotypes_are_named(write_panel, random_dosages, change, expected):
    prefix = write_panel(random_dosages(3, 7))
    bed = Path(f"{prefix}.bed")
    bed.write_bytes(change(bed.read_bytes()))
    assert code(prefix) == expected


@pytest.mark.parametrize(
    ("ending", "lines", "word"),
    [("bim", 2, "panel.bim was cut"), ("fam", 4, "the .fam file was cut"), ("bim", 5, "panel.bed was cut")],
)
def test_open_panel__says_which_file_was_cut(write_panel, random_dosages, ending, lines, word):
    prefix = write_panel(random_dosages(4, 9))
    path = Path(f"{prefix}.{ending}")
    text = [*path.read_text().splitlines(keepends=True), "1\tx\t0\t9\tA\tC\n"]
    path.write_text("".join(text[:lines]))
    with pytest.raises(InputFileError, match="copy them anew") as caught:
        open_panel(prefix)
    assert word in caught.value.faults[0].hint


def test_open_panel__genotypes_cut_inside_a_variant_are_named(write_panel, random_dosages):
    prefix = write_panel(random_dosages(5, 70))
    bed = Path(f"{prefix}.bed")
    bed.write_bytes(bed.read_bytes()[:-19])  # 18 bytes a variant
    with pytest.raises(InputFileError, match=r"panel\.bed was cut inside variant 4"):
        open_panel(prefix)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1\trs1\t0\t100\tA\tG\n1\trs2\t0\t200\tA\n", "line 2 has 5 cells"),
        ("1\trs1\t0\t100\tA\tG\n1\trs2\t0\t200\tA\tG\tx\n", "line 2 has 7 cells"),
        ("1\trs1\t0\t100\tA\tG\n1\trs2\t0\t2e5\tA\tG\n", "position '2e5'"),
        ("1\trs1\tA\tG\n1\trs2\tA\tG\n", "4 columns"),
    ],
)
def test_open_panel__broken_lines_of_variants_are_named(write_panel, random_dosages, text, found):
    prefix = write_panel(random_dosages(2, 5))
    Path(f"{prefix}.bim").write_text(text)
    with pytest.raises(InputFileError, match=found) as caught:
        open_panel(prefix)
    assert caught.value.faults[0].code == "broken_panel_table"


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        (["f i 0 0 0 -9", "f i 0 0 0 -9"], "panel_duplicate_people"),
        (["f i a 0 0 -9", "f j 0 b 0 -9"], "panel_without_founders"),
        (["f i 0", "f j 0"], "broken_panel_table"),
    ],
)
def test_open_panel__people_that_cannot_be_are_refused(write_panel, random_dosages, people, expected):
    assert code(write_panel(random_dosages(2, 2), people=people)) == expected


def test_open_panel__missing_files_are_named(write_panel, random_dosages, tmp_path):
    write_panel(random_dosages(2, 2), "there")
    with pytest.raises(InputFileError, match=r"There are there\.bed, there\.bim, there\.fam"):
        open_panel(tmp_path / "ther")
    assert code(tmp_path / "none@") == "missing_file"
    assert code([]) == "panel_without_files"
    assert code(tmp_path / "x.vcf.gz") == "panel_is_vcf"
    Path(tmp_path / "there.fam").unlink()
    assert code(tmp_path / "there") == "missing_file"


@pytest.mark.parametrize("path", ["", " ", Path(), [""]])
def test_open_panel__an_empty_path_is_said_to_be_one(write_panel, random_dosages, tmp_path, monkeypatch, path):
    """An empty path given as ``Path("")`` is written ``.``, and a folder is no panel."""
    prefix = write_panel(random_dosages(2, 2), "eur")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputFileError) as caught:
        open_panel(path)
    (fault,) = caught.value.faults
    assert "empty path" in fault.found
    assert all((fault.where, fault.expected, fault.hint))
    assert fault.code == ("panel_is_folder" if path == Path() else "panel_without_path")
    assert (prefix.name in fault.hint.split()) == (path == Path())


def test_panel_files__refuses_what_open_panel_refuses(write_panel, random_dosages, tmp_path):
    prefix = write_panel(random_dosages(2, 2), "eur")
    assert [file.name for file in panel_files(prefix)] == ["eur.bed", "eur.bim", "eur.fam"]
    for path, expected in (
        ("", "panel_without_path"),
        (f"{tmp_path}/", "panel_is_folder"),
        (f"{prefix}s", "missing_file"),
        (f"{tmp_path}/none/eur", "missing_file"),
    ):
        with pytest.raises(InputFileError) as caught:
            panel_files(path)
        assert caught.value.faults[0].code == expected
        assert code(path) == expected


@pytest.mark.parametrize("name", ["eur", "eur.chr1"])
def test_open_panel__of_a_folder_names_the_panels_in_it(write_panel, random_dosages, tmp_path, name):
    with pytest.raises(InputFileError, match="Give what the names of the files have in common"):
        open_panel(tmp_path)
    prefix = write_panel(random_dosages(2, 2), name)
    with pytest.raises(InputFileError) as caught:
        open_panel(tmp_path)
    (fault,) = caught.value.faults
    assert (fault.where, fault.found) == (str(tmp_path), "a folder")
    assert fault.hint.split()[-1] == str(prefix)


def test_open_panel__a_folder_beside_the_files_is_not_in_the_way(write_panel, random_dosages):
    prefix = write_panel(random_dosages(2, 2), "eur")
    prefix.mkdir()
    assert open_panel(prefix).n_variants == 2


@pytest.fixture
def write_pgen(write_panel, tmp_path):
    """Let plink2 write a panel as PLINK 2 files."""
    pytest.importorskip("pgenlib", reason="pgenlib is not installed")
    if shutil.which("plink2") is None:
        pytest.skip("plink2 is not installed")

    def write(dosages, *words, **options):
        plink(
            "--bfile",
            write_panel(dosages, **options),
            "--make-pgen",
            *words,
            "--out",
            tmp_path / "two",
            version="plink2",
        )
        return tmp_path / "two"

    return write


@pytest.mark.parametrize("words", [(), ("vzs",), ("vzs", "psam-cols=")])
def test_pgen__is_read_as_the_bed_that_it_was_made_from(write_pgen, random_dosages, words):
    dosages = random_dosages(50, 67)
    panel = open_panel(write_pgen(dosages, *words))
    rows = np.array([49, 0, 7, 7])
    np.testing.assert_array_equal(panel.genotypes(rows).dosages(), dosages[rows])
    assert panel.variants.rows()[:2] == [("rs1", 1, 1000, "A", "G"), ("rs2", 1, 1100, "C", "T")]
    assert (panel.n_people, panel.n_left_out, panel.n_variants_left_out) == (67, 0, 0)


def test_pgen__people_with_parents_are_left_out(write_pgen, random_dosages):
    dosages = random_dosages(5, 6)
    people = ["f a 0 0 1 -9", "f b 0 0 2 -9", "f c a b 1 -9", "g d 0 0 1 -9", "g e d 0 2 -9", "g f 0 0 1 -9"]
    panel = open_panel(write_pgen(dosages, people=people))
    assert (panel.n_people, panel.n_left_out) == (4, 2)
    np.testing.assert_array_equal(panel.genotypes(np.arange(5)).dosages(), dosages[:, [0, 1, 3, 5]])


def test_pgen__variants_with_three_alleles_are_left_out_and_counted(write_pgen, tmp_path):
    pytest.importorskip("pgenlib", reason="pgenlib is not installed")
    if shutil.which("plink2") is None:
        pytest.skip("plink2 is not installed")
    calls = ["0/1\t1/1\t0/0\t./.", "0/1\t1/2\t2/2\t0/0", "1/1\t0/1\t0/0\t0/1"]
    alts = ["G", "C,T", "T"]
    rows = [f"1\t{i + 1}00\trs{i}\tA\t{alts[i]}\t.\t.\t.\tGT\t{calls[i]}" for i in range(3)]
    head = "##fileformat=VCFv4.2\n##contig=<ID=1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\tc\td\n"
    (tmp_path / "in.vcf").write_text(head + "\n".join(rows) + "\n")
    plink("--vcf", tmp_path / "in.vcf", "--make-pgen", "--out", tmp_path / "three", version="plink2")
    panel = open_panel(tmp_path / "three.pgen")
    assert panel.n_variants_left_out == 1
    assert panel.variants["counted"].to_list() == ["G", "T"]
    assert panel.genotypes(np.array([0, 1])).dosages().tolist() == [[1, 2, 0, -9], [2, 1, 0, 1]]


def test_pgen__a_cut_file_is_named(write_pgen, random_dosages):
    prefix = write_pgen(random_dosages(50, 67))
    pvar = Path(f"{prefix}.pvar")
    pvar.write_text("".join(pvar.read_text().splitlines(keepends=True)[:-3]))
    assert code(prefix) == "damaged_pgen"
    Path(f"{prefix}.pgen").write_bytes(b"text")
    assert code(prefix) == "not_a_pgen_file"


def test_pgen__says_how_to_get_pgenlib(write_panel, random_dosages, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pgenlib", None)
    for name, text in (("p.pgen", "\x6c\x1b\x02"), ("p.psam", "#IID\na\n")):
        (tmp_path / name).write_bytes(text.encode("latin1"))
    (tmp_path / "p.pvar.zst").write_bytes(zstd.compress(b"#CHROM\tPOS\tID\tREF\tALT\n1\t5\trs1\tA\tG\n"))
    with pytest.raises(InputFileError, match=r"pip install 'osteobiome\[pgen\]'"):
        open_panel(tmp_path / "p")


PVAR = "##x\n#CHROM\tPOS\tID\tREF\tALT\tINFO\n1\t5\trs1\tA\tg\t.\nPAR1\t6\t.\tC\tT,G\tx\n"


@pytest.mark.parametrize(
    ("text", "alleles", "chromosome", "numbers"),
    [
        (PVAR, [("G", "A"), ("T,G", "C")], [1, 23], [2, 3]),
        ("1\trs1\t0\t5\tG\tA\n26\t.\t6\t6\tT\tC\n", [("G", "A"), ("T", "C")], [1, 25], [2, 2]),
        (PVAR.splitlines()[1] + "\n", [], [], []),
    ],
)
def test_read_pvar__with_and_without_header(tmp_path, text, alleles, chromosome, numbers):
    path = tmp_path / "x.pvar"
    path.write_text(text)
    variants, n_alleles = read_pvar(path)
    assert variants.select("counted", "other").rows() == alleles
    assert variants["chromosome"].to_list() == chromosome
    assert n_alleles.tolist() == numbers


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("#CHROM\tID\tREF\tALT\n1\trs1\tA\tG\n", "no column POS"),
        (PVAR + "1\tx\trs1\tA\tG\t.\n", "position 'x'"),
        (PVAR + "1\t9\trs1\tA\tG\t.\t.\n", "7 cells"),
    ],
)
def test_read_pvar__broken_tables_are_named(tmp_path, text, found):
    path = tmp_path / "x.pvar"
    path.write_text(text)
    with pytest.raises(InputFileError, match=found):
        read_pvar(path)


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("#IID\na\nb\n", [("0", "a", True), ("0", "b", True)]),
        ("##x\n#FID IID PAT MAT SEX\nf a 0 0 1\nf b a 0 NA\n", [("f", "a", True), ("f", "b", False)]),
        ("f a 0 0 1 -9\nf b 0 a 1 -9\n", [("f", "a", True), ("f", "b", False)]),
    ],
)
def test_read_psam__founders_have_no_parents(tmp_path, text, people):
    path = tmp_path / "x.psam"
    path.write_text(text)
    assert read_psam(path).rows() == people


@pytest.mark.parametrize("text", ["#IID\n", "#FID\tSEX\na\t1\n", "#IID\tSEX\na\n"])
def test_read_psam__broken_tables_are_named(tmp_path, text):
    path = tmp_path / "x.psam"
    path.write_text(text)
    with pytest.raises(InputFileError) as caught:
        read_psam(path)
    assert caught.value.faults[0].code == "broken_panel_table"


def test_panel_files__are_those_that_open_panel_reads(write_panel, random_dosages, tmp_path):
    for name in ("c1", "c2"):
        write_panel(random_dosages(2, 3), name)
    expected = {f"c{i}.{ending}" for i in (1, 2) for ending in ("bed", "bim", "fam")}
    assert {path.name for path in panel_files(tmp_path / "c@")} == expected
    with pytest.raises(InputFileError):
        panel_files(tmp_path / "none")
