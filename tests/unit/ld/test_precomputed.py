import gzip
import shutil
import subprocess

import numpy as np
import pytest
from scipy import sparse

from osteobiome.core.errors import InputFileError, SchemaError
from osteobiome.ld.precomputed import (
    read_alleles,
    read_npz,
    read_plink_pairs,
    read_plink_square,
    read_plink_table,
)

R = np.array([[1.0, 0.5, -0.25], [0.5, 1.0, 0.125], [-0.25, 0.125, 1.0]])
NAMES, COUNTED, OTHER = ["rs1", "rs2", "rs3"], ["A", "C", "G"], ["G", "T", "A"]
BIM = "".join(f"1 {n} 0 {i + 1} {a} {b}\n" for i, (n, a, b) in enumerate(zip(NAMES, COUNTED, OTHER, strict=True)))
PAIRS = """\
 CHR_A         BP_A   SNP_A  CHR_B         BP_B   SNP_B            R
     1            1     rs1      1            2     rs2          0.5
     1            1     rs1      1            3     rs3        -0.25
     1            2     rs2      1            3     rs3        0.125
"""


@pytest.fixture
def bim(tmp_path):
    path = tmp_path / "x.bim"
    path.write_text(BIM)
    return path


def write(path, text):
    path.write_text(text)
    return path


def npz(path, r=R, **arrays):
    np.savez(path, r=r, **({"rsid": NAMES, "counted": COUNTED, "other": OTHER} | arrays))
    return path


def is_the_matrix(matrix):
    assert (matrix.r == R).all()
    assert (matrix.rsid, matrix.counted, matrix.other) == (tuple(NAMES), tuple(COUNTED), tuple(OTHER))


def code(raised):
    return raised.value.faults[0].code


def test_npz__with_its_own_variants(tmp_path):
    matrix = read_npz(npz(tmp_path / "x.npz", frequency=[0.1, np.nan, 0.3]))
    is_the_matrix(matrix)
    assert matrix.frequency == (0.1, None, 0.3)


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_matrix, sparse.coo_matrix])
@pytest.mark.parametrize("diagonal", [0.5, 1.0])
def test_npz__sparse_lower_triangle_with_a_packed_table_of_variants(tmp_path, form, diagonal):
    sparse.save_npz(tmp_path / "x.npz", form(np.tril(R, -1) + diagonal * np.eye(3)))
    rows = zip(NAMES, COUNTED, OTHER, strict=True)
    table = "rsid\tchromosome\tposition\tallele1\tallele2\n" + "".join(f"{n}\t1\t5\t{a}\t{b}\n" for n, a, b in rows)
    (tmp_path / "x.gz").write_bytes(gzip.compress(table.encode()))
    is_the_matrix(read_npz(tmp_path / "x.npz", tmp_path / "x.gz"))


def test_npz__single_precision_and_an_upper_triangle(tmp_path):
    is_the_matrix(read_npz(npz(tmp_path / "x.npz", np.triu(R).astype(np.float32))))


def test_npz__one_of_several_arrays(tmp_path, bim):
    np.savez(tmp_path / "x.npz", first=R, second=np.eye(3))
    is_the_matrix(read_npz(tmp_path / "x.npz", bim, array="first"))
    with pytest.raises(SchemaError, match="first, second") as raised:
        read_npz(tmp_path / "x.npz", bim)
    assert code(raised) == "ld_no_array"


def test_npz__an_rsid_in_two_rows_names_none_of_them(tmp_path):
    matrix = read_npz(npz(tmp_path / "x.npz", rsid=["rs1", "rs1", "rs3"]))
    assert matrix.rsid == ("rs1:A:G", "rs1:C:T", "rs3")


@pytest.mark.parametrize(
    ("r", "expected"),
    [
        (R[:2], "ld_not_square"),
        (R[:2, :2], "ld_without_alleles"),
        (np.where(R == 0.5, np.nan, R), "ld_bad_value"),
        (np.where(R == 0.5, 1.5, R), "ld_bad_value"),
        (R + np.array([[0, 0.1, 0], [0, 0, 0], [0, 0, 0]]), "ld_not_symmetric"),
        (2.0 * R / 3.0, "ld_diagonal"),
        (R.astype(str), "ld_bad_value"),
    ],
)
def test_npz__refuses(tmp_path, r, expected):
    with pytest.raises((InputFileError, SchemaError)) as raised:
        read_npz(npz(tmp_path / "x.npz", r))
    assert code(raised) == expected


def test_npz__refuses_missing_alleles(tmp_path):
    np.savez(tmp_path / "x.npz", r=R)
    with pytest.raises(SchemaError, match="sign of r means nothing") as raised:
        read_npz(tmp_path / "x.npz")
    assert code(raised) == "ld_without_alleles"
    with pytest.raises(SchemaError, match="no alleles for 1 variants, such as rs2"):
        read_npz(npz(tmp_path / "x.npz", counted=["A", "0", "G"]))
    with pytest.raises(SchemaError, match="different length"):
        read_npz(npz(tmp_path / "x.npz", counted=["A", "C"]))


def test_npz__refuses_other_files_and_pickles(tmp_path, bim):
    for content, expected in ((b"", "empty_file"), (b"no archive", "not_npz"), (b"PK\x03\x04 cut", "not_npz")):
        (tmp_path / "x.npz").write_bytes(content)
        with pytest.raises(InputFileError) as raised:
            read_npz(tmp_path / "x.npz")
        assert code(raised) == expected
    np.savez(tmp_path / "x.npz", r=np.array([{}], dtype=object))
    with pytest.raises(InputFileError):
        read_npz(tmp_path / "x.npz")
    np.save(tmp_path / "x.npy", R)
    with pytest.raises(InputFileError, match="one array, no archive"):
        read_npz(tmp_path / "x.npy")
    with pytest.raises(InputFileError, match=r"absent\.npz") as raised:
        read_npz(tmp_path / "absent.npz")
    assert code(raised) == "missing_file"
    np.savez(tmp_path / "x.npz", format=np.array("csr"), shape=[3, 3], data=[1.0])
    with pytest.raises(InputFileError, match="damaged sparse"):
        read_npz(tmp_path / "x.npz", bim)


def saved(path, how):
    """Write the matrix in one of three ways and return its bytes."""
    if how == "sparse":
        sparse.save_npz(path, sparse.csr_matrix(R))
    else:
        {"plain": np.savez, "packed": np.savez_compressed}[how](path, r=R, rsid=NAMES, counted=COUNTED, other=OTHER)
    return path.read_bytes()


@pytest.mark.parametrize("how", ["plain", "packed", "sparse"])
def test_npz__damaged_bytes_are_a_fault_or_change_nothing(tmp_path, bim, how):
    """Every bit of some bytes, and every length: never another error, and never another matrix."""
    path = tmp_path / "x.npz"
    whole = saved(path, how)
    rng = np.random.default_rng(11)
    places = rng.choice(len(whole), 150, replace=False).tolist()
    changed = [whole[:at] + bytes([whole[at] ^ (1 << int(rng.integers(8)))]) + whole[at + 1 :] for at in places]
    cut = [whole[:at] for at in range(1, len(whole), 17)]
    refused = []
    for content in changed + cut:
        path.write_bytes(content)
        try:
            is_the_matrix(read_npz(path, bim if how == "sparse" else None))
        except (InputFileError, SchemaError) as error:
            refused += error.faults
    assert len(refused) > len(cut)
    assert all(all((fault.where, fault.found, fault.expected, fault.hint)) for fault in refused)


@pytest.mark.parametrize(
    ("bits", "found"), [(1, "encrypted"), (1 << 5, "patched")], ids=["encrypted", "packed in another way"]
)
def test_npz__archives_that_cannot_be_unpacked_are_refused(tmp_path, bits, found):
    path = tmp_path / "x.npz"
    content = bytearray(saved(path, "plain"))
    content[content.index(b"PK\x03\x04") + 6] |= bits
    content[content.index(b"PK\x01\x02") + 8] |= bits
    path.write_bytes(content)
    with pytest.raises(InputFileError, match=found) as raised:
        read_npz(path)
    assert code(raised) == "not_npz"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"indices": [0, 10**9, 2]}, "not_npz"),
        ({"indices": [0, -(10**9), 2]}, "not_npz"),
        ({"indptr": [0, 10**9, 2, 3]}, "not_npz"),
        ({"indptr": [0, 1]}, "not_npz"),
        ({"shape": [10**6, 10**6]}, "ld_without_alleles"),
        ({"shape": [3, 2]}, "ld_not_square"),
        ({"shape": [3]}, "ld_not_square"),
        ({"shape": 3}, "not_npz"),
        ({"shape": ["3", "3"]}, "not_npz"),
        ({"format": "odd"}, "not_npz"),
        ({"data": [1j, 1, 1]}, "ld_bad_value"),
        ({"data": ["a", "b", "c"]}, "ld_bad_value"),
    ],
)
def test_npz__sparse_places_beyond_the_matrix_are_never_written_to(tmp_path, bim, changes, expected):
    """scipy turns such arrays to a dense matrix by writing outside of it, which ends the process."""
    arrays = {"format": "csr", "shape": [3, 3], "data": [1.0] * 3, "indices": [0, 1, 2], "indptr": [0, 1, 2, 3]}
    arrays |= changes
    places = {name: np.array(arrays.pop(name), dtype=np.int32) for name in ("indices", "indptr")}
    np.savez(tmp_path / "x.npz", **places, **{name: np.array(values) for name, values in arrays.items()})
    with pytest.raises((InputFileError, SchemaError)) as raised:
        read_npz(tmp_path / "x.npz", bim)
    assert code(raised) == expected


def test_matrix__of_squares_is_refused_unless_its_sign_is_trusted(tmp_path):
    n = 25
    square = np.full((n, n), 0.2) + 0.8 * np.eye(n)
    names = {"rsid": [f"rs{i}" for i in range(n)], "counted": ["A"] * n, "other": ["C"] * n}
    path = npz(tmp_path / "x.npz", square, **names)
    with pytest.raises(InputFileError) as raised:
        read_npz(path)
    assert code(raised) == "ld_without_sign"
    assert (read_npz(path, trust_sign=True).r == square).all()
    square[0, 1] = square[1, 0] = -0.01
    assert (read_npz(npz(tmp_path / "x.npz", square, **names)).r == square).all()


def test_square__by_bim_and_by_list(tmp_path, bim):
    text = "\n".join("\t".join(map(str, row)) for row in R.tolist()) + "\n"
    path = write(tmp_path / "x.ld", text)
    is_the_matrix(read_plink_square(path, bim))
    turned = write(tmp_path / "turned.bim", "".join(reversed(BIM.splitlines(keepends=True))))
    is_the_matrix(read_plink_square(path, turned, snplist=write(tmp_path / "x.snplist", "rs1\nrs2\nrs3\n")))
    with pytest.raises(SchemaError, match="no alleles for rs9"):
        read_plink_square(path, bim, snplist=write(tmp_path / "x.snplist", "rs1\nrs2\nrs9\n"))


def test_square__refuses_nan_with_the_variant_and_ragged_rows(tmp_path, bim):
    text = "1 nan 0.5\nnan nan nan\n0.5 nan 1\n"
    with pytest.raises(InputFileError, match="5 missing values, most for rs2"):
        read_plink_square(write(tmp_path / "x.ld", text), bim)
    with pytest.raises(SchemaError, match="2 values in row 2"):
        read_plink_square(write(tmp_path / "x.ld", "1 0 0\n0 1\n0 0 1\n"), bim)


def test_pairs__keep_sign_only_where_there_is_one(tmp_path):
    signed = read_plink_pairs(write(tmp_path / "x.ld", PAIRS))
    assert signed.rows()[1] == ("rs1", "rs3", -0.25, 0.0625)
    squared = read_plink_pairs(write(tmp_path / "x.ld", PAIRS.replace(" R\n", "R2\n").replace("-0.25", " 0.25")))
    assert squared.rows()[1] == ("rs1", "rs3", None, 0.25)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("SNP_A", "SNP_X", "no_ld_column"),
        (" R\n", " Z\n", "no_ld_column"),
        ("0.125", "", "ragged_row"),
        ("0.125", "1.2", "ld_bad_value"),
        ("0.125", "nan", "ld_bad_value"),
        ("0.125", "word", "ld_bad_value"),
    ],
)
def test_pairs__refuse(tmp_path, old, new, expected):
    with pytest.raises((InputFileError, SchemaError)) as raised:
        read_plink_pairs(write(tmp_path / "x.ld", PAIRS.replace(old, new)))
    assert code(raised) == expected


def test_table__becomes_the_matrix(tmp_path, bim):
    is_the_matrix(read_plink_table(write(tmp_path / "x.ld", PAIRS), bim))


def test_table__refuses_squares_holes_strangers_and_contradictions(tmp_path, bim):
    squared = write(tmp_path / "r2.ld", PAIRS.replace(" R\n", "R2\n").replace("-0.25", " 0.25"))
    with pytest.raises(InputFileError) as raised:
        read_plink_table(squared, bim)
    assert code(raised) == "ld_without_sign"
    holes = write(tmp_path / "holes.ld", "".join(PAIRS.splitlines(keepends=True)[:-1]))
    with pytest.raises(InputFileError, match="no r for 1 pairs, such as rs2 and rs3"):
        read_plink_table(holes, bim)
    assert (read_plink_table(holes, bim, absent_r=0.0).r == np.where(R == 0.125, 0.0, R)).all()
    with pytest.raises(SchemaError, match="no alleles for rs7"):
        read_plink_table(write(tmp_path / "x.ld", PAIRS.replace("rs3", "rs7")), bim)
    twice = write(tmp_path / "twice.ld", PAIRS + " 1 3 rs3 1 2 rs2 0.3\n")
    with pytest.raises(InputFileError) as raised:
        read_plink_table(twice, bim)
    assert code(raised) == "ld_two_values"
    with pytest.raises(SchemaError, match="rs1 in several rows"):
        read_plink_table(squared.with_name("x.ld"), write(tmp_path / "y.bim", BIM + BIM.splitlines()[0] + "\n"))


def test_alleles__are_refused_without_columns(tmp_path):
    with pytest.raises(SchemaError) as raised:
        read_alleles(write(tmp_path / "x.tsv", "rsid\tallele1\nrs1\tA\n"))
    assert code(raised) == "no_allele_column"
    with pytest.raises(SchemaError, match="six columns"):
        read_alleles(write(tmp_path / "x.bim", "1 rs1 0 5 A\n"))
    table = write(tmp_path / "x.tsv", "RSID\ta1\ta2\taf\nrs1\ta\tc\t0.2\n")
    assert read_alleles(table).frequency == (0.2,)
    assert (read_alleles(table).counted, read_alleles(table).other) == (("A",), ("C",))


@pytest.mark.parametrize("cell", ["nan", "NaN", "NA", ".", ""])
def test_alleles__a_frequency_that_is_no_number_is_unknown(tmp_path, cell):
    table = write(tmp_path / "x.tsv", f"rsid\ta1\ta2\teaf\nrs1\tA\tT\t{cell}\nrs2\tA\tT\t0.1\n")
    assert read_alleles(table).frequency == (None, 0.1)
    np.savetxt(tmp_path / "x.ld", np.eye(2))
    found = read_plink_square(tmp_path / "x.ld", table).find(["rs1", "rs2"], ["A", "A"], ["T", "T"], eaf=[0.9, 0.9])
    assert found == [(-1, 0, "palindromic_strand_unknown"), (1, -1, "")]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("plink1.9") is None, reason="plink1.9 is not installed")
def test_plink__table_and_square_of_one_file_agree(tmp_path):
    rng = np.random.default_rng(1)
    n_people, n = 40, 30
    copies = rng.binomial(2, rng.uniform(0.2, 0.8, (n, 1)), (n, n_people))
    copies[1] = copies[0]
    genotype = {0: "C C", 1: "A C", 2: "A A"}
    people = [" ".join(genotype[c] for c in copies[:, i].tolist()) for i in range(n_people)]
    write(tmp_path / "x.ped", "".join(f"f{i} i{i} 0 0 1 1 {cells}\n" for i, cells in enumerate(people)))
    write(tmp_path / "x.map", "".join(f"1 rs{i} 0 {i + 1}\n" for i in range(n)))

    def plink(*arguments):
        subprocess.run(["plink1.9", "--allow-no-sex", *arguments], cwd=tmp_path, check=True, capture_output=True)

    plink("--file", "x", "--make-bed", "--out", "x")
    both = ("--bfile", "x", "--keep-allele-order")
    window = ("--ld-window", "999", "--ld-window-kb", "1000")
    plink(*both, "--r", *window, "--out", "cut")
    with pytest.raises(InputFileError, match="ld-window-r2 0"):  # PLINK keeps pairs of r² above 0.2 unless told
        read_plink_table(tmp_path / "cut.ld", tmp_path / "x.bim")
    plink(*both, "--r", *window, "--ld-window-r2", "0", "--out", "table")
    plink(*both, "--r", "square", "--write-snplist", "--out", "square")
    table = read_plink_table(tmp_path / "table.ld", tmp_path / "x.bim")
    square = read_plink_square(tmp_path / "square.ld", tmp_path / "x.bim", snplist=tmp_path / "square.snplist")
    assert table.rsid == square.rsid == tuple(f"rs{i}" for i in range(n))
    np.testing.assert_allclose(table.r, square.r, rtol=0, atol=1e-12)
    sign = np.array([1.0 if allele == "A" else -1.0 for allele in table.counted])
    np.testing.assert_allclose(table.r * np.outer(sign, sign), np.corrcoef(copies), rtol=1e-5, atol=1e-6)
    assert {"A", "C"} == set(table.counted)
