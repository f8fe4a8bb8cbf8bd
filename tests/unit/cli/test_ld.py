"""`osteobiome ld`: check, convert, clump, scores, matrix, as people type them and as programs read them."""

from __future__ import annotations

import gzip
import math
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from osteobiome.ld.ldsc_scores import read_ldsc_scores
from osteobiome.ld.matrix import read_ld_matrix
from osteobiome.ld.precomputed import read_npz

ROOT = Path(__file__).parents[3]
REAL = ROOT / "tests" / "data" / "ld" / "panels"
HEADER = (
    "rsid", "chromosome", "base_pair_location", "effect_allele", "other_allele", "beta", "standard_error",
    "effect_allele_frequency", "p_value",
)  # fmt: skip
ALLELES = (("A", "G"), ("C", "T"), ("A", "C"), ("G", "T"))  # no palindromes
PEOPLE, BLOCKS = 343, 10
KEPT = (1.0, 0.9, 0.95, 0.85, 0.5, 0.35)
"""Share of the alleles of a block's first variant that each variant of it has kept; the others are drawn anew."""
IN_BLOCK = len(KEPT)
needs_plink = pytest.mark.skipif(shutil.which("plink1.9") is None, reason="plink1.9 is not installed")


class World:
    """Two chromosomes of linked blocks, as dosages of the effect allele, and a trait with a signal in every other one.

    Row ``i`` is variant ``rs{i}``.
    """

    def __init__(self, seed=5):
        rng = np.random.default_rng(seed)
        haplotypes, places, z = [], [], []
        for chromosome in (21, 22):
            for block in range(BLOCKS):
                f = 0.1 + 0.08 * block
                first = rng.random(2 * PEOPLE) < f
                rows = [np.where(rng.random(2 * PEOPLE) < kept, first, rng.random(2 * PEOPLE) < f) for kept in KEPT]
                strongest = 9.0 + 0.1 * block if block % 2 else 0.5
                z += [strongest * (1.0 if i == 2 else np.corrcoef(rows[i], rows[2])[0, 1]) for i in range(IN_BLOCK)]
                haplotypes += rows
                start = 20_000_000 + 100_000 * block
                places += [(chromosome, start + 5_000 * i) for i in range(IN_BLOCK)]
        bits = np.array(haplotypes)
        self.dosages = (bits[:, :PEOPLE].astype(np.int8) + bits[:, PEOPLE:]).astype(np.int8)
        self.places = places
        self.z = np.array(z)
        self.alleles = [ALLELES[i % len(ALLELES)] for i in range(len(places))]
        self.names = [f"rs{i}" for i in range(len(places))]

    def rows(self, shift=0):
        """The trait as rows of a table, its positions moved."""
        frequency = self.dosages.mean(axis=1) / 2
        wiggle = 0.03 * np.sin(np.arange(len(frequency)))
        return [
            (name, chromosome, position + shift, *pair, f"{0.01 * z:.6f}", 0.01, f"{f:.4f}",
             f"{math.erfc(abs(z) / math.sqrt(2)):.6g}")
            for name, (chromosome, position), pair, z, f in zip(
                self.names, self.places, self.alleles, self.z, frequency + wiggle, strict=True)
        ]  # fmt: skip

    def of(self, chromosome):
        """Rows on a chromosome."""
        return [i for i, place in enumerate(self.places) if place[0] == chromosome]

    def candidates(self, p1=5e-8):
        return [i for i, z in enumerate(self.z) if math.erfc(abs(z) / math.sqrt(2)) <= p1]

    def vcf(self, rows):
        """A VCF whose ALT is the effect allele."""
        people = "\t".join(f"p{i}" for i in range(PEOPLE))
        lines = ["##fileformat=VCFv4.2", f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{people}"]
        call = {0: "0/0", 1: "0/1", 2: "1/1"}
        for i in rows:
            (chromosome, position), (effect, other) = self.places[i], self.alleles[i]
            calls = "\t".join(call[copies] for copies in self.dosages[i].tolist())
            lines.append(f"{chromosome}\t{position}\t{self.names[i]}\t{other}\t{effect}\t.\tPASS\t.\tGT\t{calls}")
        return "\n".join(lines) + "\n"


def write_panel(prefix, dosages, bim, people=None):
    """Write PLINK 1 files from the description of the format; bim has chromosome, name, position, A1, A2."""
    code = {2: 0b00, -9: 0b01, 1: 0b10, 0: 0b11}
    data = bytearray(b"\x6c\x1b\x01")
    for row in np.asarray(dosages).tolist():
        for at in range(0, len(row), 4):
            data.append(sum(code[copies] << (2 * k) for k, copies in enumerate(row[at : at + 4])))
    prefix.parent.mkdir(parents=True, exist_ok=True)
    Path(f"{prefix}.bed").write_bytes(bytes(data))
    lines = [f"{c}\t{name}\t0\t{position}\t{a1}\t{a2}" for c, name, position, a1, a2 in bim]
    Path(f"{prefix}.bim").write_text("\n".join(lines) + "\n")
    people = people or [f"f{i} p{i} 0 0 0 -9" for i in range(np.shape(dosages)[1])]
    Path(f"{prefix}.fam").write_text("\n".join(people) + "\n")
    return prefix


def write_table(path, rows, header=HEADER):
    path.write_text("\n".join("\t".join(map(str, row)) for row in [header, *rows]) + "\n")
    return path


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.fixture
def here(tmp_path, monkeypatch, world):
    """A folder with bmd.tsv and the panel panel/eur, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "bmd.tsv", world.rows())
    bim = [(c, name, p, *pair) for name, (c, p), pair in zip(world.names, world.places, world.alleles, strict=True)]
    write_panel(tmp_path / "panel" / "eur", world.dosages, bim)
    return tmp_path


# --- check -------------------------------------------------------------------------------------------------------


def test_check__of_a_panel_that_fits(osteobiome, here, world):
    ran = osteobiome("ld", "check", "bmd.tsv", "panel/eur")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "panel/eur fits bmd.tsv"
    assert lines[1] == "  Panel: 120 variants, 343 people."
    assert lines[2].startswith("  Noise floor of r²: 1/n = 0.0029; ")
    assert lines[3] == "  Found: 120 of 120 variants (100.0 %)."
    assert lines[4] == "  Alleles: the same for 120 of 120 (100.0 %)."
    correlation = np.corrcoef([float(row[7]) for row in world.rows()], world.dosages.mean(axis=1))[0, 1]
    assert lines[5] == f"  Allele frequencies: correlation {correlation:.3f} over 120 variants."
    assert len(lines) == 6


def test_check__json_has_the_numbers_behind_it(osteobiome, here):
    document = osteobiome("ld", "check", "bmd.tsv", "panel/eur", "--json").json
    assert (document["verdict"], document["n_people"], document["n_found"]) == ("fits", PEOPLE, 120)
    assert document["noise_floor"] == pytest.approx(1 / 343, rel=1e-12)
    assert document["n_in"] == document["n_kept"] + sum(document["n_dropped"].values()) == 120


def test_check__threshold_below_the_noise_is_a_doubt(osteobiome, here):
    ran = osteobiome("ld", "check", "bmd.tsv", "panel/eur", "--r2", "0.001")
    assert ran.code == 0
    assert ran.out.splitlines()[0] == "panel/eur can be used, but look at the doubts first: bmd.tsv"
    assert "  Doubt: r² threshold 0.001 is below 1/n = 0.0029 of 343 people. Raise the r²" in ran.out
    assert "Doubt" not in osteobiome("ld", "check", "bmd.tsv", "panel/eur", "--r2", "0.003").out


def test_check__another_build_is_refused(osteobiome, here, world):
    write_table(here / "lifted.tsv", world.rows(shift=12_345))
    ran = osteobiome("ld", "check", "lifted.tsv", "panel/eur")
    assert ran.code == 2
    assert ran.out.startswith("panel/eur does not fit: lifted.tsv\n")
    assert "  Fault: of 120 variants that have one name in trait and panel, 0 lie at one place. Lift" in ran.out
    declared = osteobiome("ld", "check", "bmd.tsv", "panel/eur", "--build", "hg19", "--panel-build", "GRCh38", "--json")
    assert (declared.code, declared.json["verdict"]) == (2, "refused")
    assert [found["id"] for found in declared.json["findings"]] == ["panel_other_build"]


@pytest.mark.parametrize(("panel", "code", "verdict"), [("eur", 0, "fits"), ("eas", 2, "refused")])
def test_check__real_europeans_with_real_panels(osteobiome, tmp_path, panel, code, verdict):
    """UK Biobank frequencies against 1000 Genomes."""
    real = pl.read_csv(REAL / "uk_biobank_frequencies.tsv", separator="\t").with_columns(beta=0.1, se=0.1)
    path = tmp_path / "ukb.tsv"
    names = dict(zip(("rsid", "chromosome", "position", "effect_allele", "other_allele", "beta", "se", "eaf"), HEADER,
                     strict=False))  # fmt: skip
    real.select(pl.col(ours).alias(theirs) for ours, theirs in names.items()).write_csv(path, separator="\t")
    ran = osteobiome("ld", "check", path, REAL / panel, "--json")
    assert (ran.code, ran.json["verdict"]) == (code, verdict)
    fatal = {found["id"] for found in ran.json["findings"] if found["severity"] == "fatal"}
    assert fatal == ({"panel_other_ancestry"} if code else set())


def test_check__never_takes_more_than_ten_lines(osteobiome, here, world):
    """Half of the names at other places, alleles unnamed, calls missing, nobody varies, people related."""
    bim = [
        (c, name, p + (i % 2), "0" if i % 5 == 0 else a, b if i % 3 and i % 16 != 1 else "AT")
        for i, (name, (c, p), (a, b)) in enumerate(zip(world.names, world.places, world.alleles, strict=True))
    ]
    dosages = world.dosages[::-1, :60].copy()
    dosages[:, :20] = -9
    dosages[::2] = 0
    people = [f"f{i} p{i} {'x y' if i > 50 else '0 0'} 0 -9" for i in range(60)]
    write_panel(here / "bad", dosages, bim, people)
    words = ("ld", "check", "bmd.tsv", "bad", "--r2", 0.001, "--build", "GRCh37", "--panel-build", "GRCh38")
    ran = osteobiome(*words)
    assert ran.code == 2
    lines = ran.out.splitlines()
    assert len(lines) == 10
    assert "51 people (9 more are no founders and left out)" in lines[1]
    kinds = [line.split(":")[0].strip() for line in lines if line.startswith(("  Fault", "  Doubt", "  Remark"))]
    assert kinds == ["Fault", "Doubt", "Doubt", "Doubt"]
    assert lines[-1] == "  ... and 2 further findings (--json)"
    assert len(osteobiome(*words, "--json").json["findings"]) == 6


# --- faults of the call, whatever the command ----------------------------------------------------------------------


def cut_off(folder):
    bed = folder / "panel" / "eur.bed"
    bed.write_bytes(bed.read_bytes()[:-7])


def emptied(folder):
    (folder / "bmd.tsv").write_bytes(b"")


COMMANDS = {
    "check": ("check", "bmd.tsv", "panel/eur"),
    "clump": ("clump", "bmd.tsv", "panel/eur"),
    "scores": ("scores", "panel/eur", "out"),
    "matrix": ("matrix", "panel/eur", "out.npz", "--region", "22:1-99999999"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("spoil", "swap", "code", "said"),
    [
        (None, ("panel/eur", "panel/nobody"), "missing_file", "no such panel"),
        (None, ("panel/eur", "panel/{chromosome}"), "missing_file", "no file for any of 1"),
        (None, ("panel/eur", "panel.vcf.gz"), "panel_is_vcf", "a VCF or BCF file"),
        (cut_off, (), "", "eur.bed"),
    ],
)
def test_command__panel_that_cannot_be_read_is_exit_2(osteobiome, here, command, spoil, swap, code, said):
    if spoil:
        spoil(here)
    words = [swap[1] if swap and word == swap[0] else word for word in COMMANDS[command]]
    ran = osteobiome("ld", *words, "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert not code or fault["code"] == code
    assert said in f"{fault['where']} {fault['found']}"
    assert sorted(path.name for path in here.iterdir()) == ["bmd.tsv", "panel"]
    plain = osteobiome("ld", *words)
    assert (plain.code, plain.out) == (2, "")
    assert plain.err.startswith("osteobiome: stopped, 1 fault:")


@pytest.mark.parametrize("command", ["check", "clump"])
@pytest.mark.parametrize(
    ("spoil", "name", "options", "code", "said"),
    [
        (None, "nothing.tsv", (), "missing_file", "no such file"),
        (emptied, "bmd.tsv", (), "", "the file is empty"),
        (None, "bmd.tsv", ("--build", "GRCh39"), "unknown_build", "'GRCh39'"),
        (None, "bmd.tsv", ("--panel-build", "hg20"), "unknown_build", "'hg20'"),
        (None, "bmd.tsv", ("--format", "gwas_sff"), "", "gwas_ssf"),
        (None, "bmd.tsv", ("--r2", "1.5"), "", "1.5"),
        (None, "bmd.tsv", ("--r2", "-0.1"), "", "-0.1"),
        (None, "bmd.tsv", ("--r2", "nan"), "", "nan"),
    ],
)
def test_command__file_or_option_that_is_wrong_is_exit_2(osteobiome, here, command, spoil, name, options, code, said):
    if spoil:
        spoil(here)
    ran = osteobiome("ld", command, name, "panel/eur", *options, "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert not code or fault["code"] == code
    assert said in f"{fault['found']} {fault['expected']} {fault['hint']}"


@pytest.mark.parametrize("command", ["check", "clump"])
def test_command__file_with_many_bad_rows_is_refused_unless_allowed(osteobiome, here, world, command):
    rows = [(*row[:5], "?" if i < 12 else row[5], *row[6:]) for i, row in enumerate(world.rows())]
    write_table(here / "bmd.tsv", rows)
    ran = osteobiome("ld", command, "bmd.tsv", "panel/eur", "--json")
    assert (ran.code, ran.json["faults"][0]["code"]) == (2, "non_numeric_beta")
    ran = osteobiome("ld", command, "bmd.tsv", "panel/eur", "--max-bad-rows", 0.2)
    assert ran.code == 0
    if command == "check":
        assert "Found: 108 of 108 variants (100.0 %) (12 rows of the file cannot be used)." in ran.out


# --- convert -------------------------------------------------------------------------------------------------------

SMALL = (
    "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\tc\td\te\n"
    "1\t100\trs1\tA\tG\t.\t.\t.\tGT\t0/0\t0|1\t1/1\t./.\t0/1\n"
    "1\t200\trs2\tA\tG,T\t.\t.\t.\tGT\t0/1\t0/2\t1/2\t0/0\t0/0\n"
    "1\t300\tsv\tA\t<DEL>\t.\t.\t.\tGT\t0/0\t0/1\t0/0\t0/0\t0/0\n"
)


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.vcf").write_text(SMALL)
    return tmp_path


def test_convert__writes_and_counts(osteobiome, small):
    ran = osteobiome("ld", "convert", "in.vcf", "new/panel")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "wrote new/panel.bed",
        "wrote new/panel.bim",
        "wrote new/panel.fam",
        "4 alternate alleles, 3 written",
        "  1 left out: alleles not spelt in letters (structural variants) (1:300:A:<DEL>)",
        "  1 of all calls: missing call",
        "  2: from a site with several alternate alleles, each its own row",
        "  2: with a name that another row has, too",
    ]
    # G: 0 1 2 . 1; G of G,T: 1 0 1 0 0; T: 0 1 1 0 0; two bits each, the first person lowest
    by_hand = [0b01_00_10_11, 0b10, 0b11_10_11_10, 0b11, 0b11_10_10_11, 0b11]
    assert (small / "new" / "panel.bed").read_bytes() == bytes([0x6C, 0x1B, 0x01, *by_hand])
    lines = (small / "new" / "panel.bim").read_text().splitlines()
    assert lines == ["1\trs1\t0\t100\tG\tA", "1\trs2\t0\t200\tG\tA", "1\trs2\t0\t200\tT\tA"]


def test_convert__refuses_to_overwrite_unless_told(osteobiome, small):
    (small / "p.fam").write_text("mine")
    ran = osteobiome("ld", "convert", "in.vcf", "p", "--json")
    assert (ran.code, ran.json["faults"][0]["code"]) == (2, "file_exists")
    assert ran.json["faults"][0]["where"] == "p.fam"
    assert sorted(path.name for path in small.iterdir()) == ["in.vcf", "p.fam"]
    ran = osteobiome("ld", "convert", "in.vcf", "p.bed", "--overwrite", "--json")
    assert ran.json["files"] == ["p.bed", "p.bim", "p.fam"]
    assert (ran.json["n_in"], ran.json["n_kept"], ran.json["n_dropped"]) == (4, 3, {"symbolic_allele": 1})
    assert (small / "p.fam").read_text() != "mine"


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        ("none.vcf", "p", "missing_file"),
        ("empty.vcf", "p", ""),
        ("text.vcf", "p", ""),
        ("cut.vcf.gz", "p", ""),
        ("in.vcf", "in.vcf/p", "not_a_folder"),
        ("in.vcf", "x" * 300, "cannot_write"),
    ],
)
def test_convert__of_what_cannot_be_read_or_written_leaves_nothing(osteobiome, small, source, target, code):
    (small / "empty.vcf").write_bytes(b"")
    (small / "text.vcf").write_text("rsid\tbeta\nrs1\t0.1\n")
    (small / "cut.vcf.gz").write_bytes(gzip.compress(SMALL.encode())[:-20])
    before = sorted(path.name for path in small.iterdir())
    ran = osteobiome("ld", "convert", source, target, "--json")
    assert ran.code == 2
    assert not code or ran.json["faults"][0]["code"] == code
    assert sorted(path.name for path in small.iterdir()) == before


# --- clump ---------------------------------------------------------------------------------------------------------


def brute_force(world, rows, *, r2, kb):
    """Greedy clumps in plain Python, with r² of genotypes: index variant of each candidate."""
    square = np.corrcoef(world.dosages.astype(float)) ** 2
    led = {}
    for lead in sorted(rows, key=lambda i: -abs(world.z[i])):
        if lead in led:
            continue
        led[lead] = lead
        for other in rows:
            (c, p), (c_lead, p_lead) = world.places[other], world.places[lead]
            if other not in led and c == c_lead and abs(p - p_lead) < 1000 * kb and square[other, lead] > r2:
                led[other] = lead
    return led, square


@pytest.mark.parametrize(("r2", "kb"), [(0.001, 10_000), (0.02, 10_000), (0.4, 10_000), (0.02, 10), (0.6, 5.001)])
def test_clump__equals_a_plain_loop(osteobiome, here, world, r2, kb):
    ran = osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--r2", r2, "--kb", kb, "--mode", "genotype",
                     "--out", "c.parquet")  # fmt: skip
    assert ran.code == 0, ran.err
    led, square = brute_force(world, world.candidates(), r2=r2, kb=kb)
    table = pl.read_parquet(here / "c.parquet")
    found = dict(table.select("variant", "index_variant").rows())
    assert found == {f"rs{i}": f"rs{lead}" for i, lead in led.items()}
    assert 2 <= len(set(led.values())) < len(led)
    for row in table.to_dicts():
        i, lead = (int(row[name][2:]) for name in ("variant", "index_variant"))
        assert row["r2"] == pytest.approx(square[i, lead], abs=1e-12)
        assert row["reason"] == ("" if i == lead else "clumped")
        assert row["n_members"] == (list(led.values()).count(i) - 1 if i == lead else None)
        assert row["f_statistic"] == pytest.approx(world.z[i] ** 2, rel=1e-3)


@needs_plink
def test_clump__equals_plink(osteobiome, here, world):
    rows = world.rows()
    write_table(here / "assoc.txt", [(row[0], row[8]) for row in rows], ("SNP", "P"))
    words = "--bfile panel/eur --clump assoc.txt --clump-p1 5e-8 --clump-p2 5e-8 --clump-r2 0.02 --clump-kb 10000"
    subprocess.run(["plink1.9", *words.split(), "--out", "p"], check=True, capture_output=True)
    theirs = {}
    for line in (here / "p.clumped").read_text().split("\n")[1:]:
        if cells := line.split():
            theirs[cells[2]] = 0 if cells[11] == "NONE" else cells[11].count("(1)")
    ours = osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--r2", 0.02, "--json").json["index_variants"]
    assert {row["variant"]: row["n_members"] for row in ours} == theirs
    assert len(theirs) >= 8


def test_clump__shows_index_variants_strongest_first_and_names_what_no_panel_has(osteobiome, here, world):
    i = max(world.candidates(), key=lambda i: abs(world.z[i]))
    rows = world.rows()
    rows[i] = ("rs999", rows[i][1], 29_999_999, *rows[i][3:])
    write_table(here / "bmd.tsv", rows)
    ran = osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--r2", 0.02)
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    n = len(world.candidates())
    assert re.fullmatch(rf"bmd.tsv: {n} candidates \(p at most 5 × 10⁻⁸\), (\d+) index variants", lines[0])
    assert lines[1] == "  r² above 0.02 within 10,000 kb, 343 people"
    assert "  1 not in the panel, or with other alleles there" in lines
    assert "  Not in the panel, so in no clump: rs999" in lines
    at = next(k for k, line in enumerate(lines) if line.startswith("index variant"))
    assert lines[at].split("  ")[0] == "index variant"
    shown = [line.split() for line in lines[at + 2 :]]
    strength = [abs(world.z[int(row[0][2:])]) for row in shown]
    assert strength == sorted(strength, reverse=True)
    first = int(shown[0][0][2:])
    assert shown[0][1] == f"{world.places[first][0]}:{world.places[first][1]:,}"
    document = osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--r2", 0.02, "--json").json
    assert document["not_in_panel"] == ["rs999"]
    assert [row["variant"] for row in document["index_variants"]] == [row[0] for row in shown]
    assert document["n_candidates"] == document["n_index_variants"] + sum(document["n_dropped"].values())


def test_clump__says_when_the_threshold_is_below_the_noise(osteobiome, here):
    doubt = "  Doubt: r² threshold 0.001 is below 1/n = 0.0029 of 343 people."
    assert doubt in osteobiome("ld", "clump", "bmd.tsv", "panel/eur").out
    assert "Doubt" not in osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--r2", 0.02).out
    assert osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--json").json["r2_is_below_noise"] is True


def test_clump__weaker_members_come_in_with_p2(osteobiome, here, world):
    ran = osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--r2", 0.02, "--p2", 1e-2, "--out", "c.tsv")
    assert "(p at most 5 × 10⁻⁸, members p below 0.01)" in ran.out
    table = pl.read_csv(here / "c.tsv", separator="\t")
    p = {name: float(row[8]) for name, row in zip(world.names, world.rows(), strict=True)}
    assert set(table["variant"]) == {name for name in p if p[name] < 1e-2}
    weak = table.filter(pl.col("variant").is_in([name for name in p if p[name] > 5e-8]))
    assert weak.height > 10
    assert set(weak["reason"]) <= {"clumped", "above_p_threshold"}
    strict = osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--r2", 0.02, "--json").json["index_variants"]
    leads = table.filter(pl.col("n_members").is_not_null())
    assert set(leads["variant"]) == {row["variant"] for row in strict}


def test_clump__by_f_takes_the_largest_f(osteobiome, here, world):
    """p values that contradict F: all of one block the same, so that F alone decides."""
    rows = [(*row[:8], "1e-20") if float(row[8]) < 5e-8 else row for row in world.rows()]
    write_table(here / "bmd.tsv", rows)
    words = ("ld", "clump", "bmd.tsv", "panel/eur", "--r2", 0.02, "--json", "--by")
    by = {name: [row["variant"] for row in osteobiome(*words, name).json["index_variants"]] for name in ("p", "f")}
    led, _ = brute_force(world, world.candidates(), r2=0.02, kb=10_000)
    assert set(by["f"]) == {f"rs{i}" for i in set(led.values())}
    f = {name: (float(row[5]) / row[6]) ** 2 for name, row in zip(world.names, rows, strict=True)}
    assert [f[name] for name in by["f"]] == sorted((f[name] for name in by["f"]), reverse=True)
    assert set(by["p"]) != set(by["f"])


def test_clump__variants_without_a_name_of_their_own_are_called_by_place(osteobiome, here, world):
    rows = [("rs0" if row[1] == 21 else "", *row[1:]) for row in world.rows()]
    write_table(here / "bmd.tsv", rows)
    document = osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--r2", 0.02, "--mode", "genotype", "--json").json
    led, _ = brute_force(world, world.candidates(), r2=0.02, kb=10_000)
    found = {(row["chromosome"], row["position"]) for row in document["index_variants"]}
    assert found == {world.places[i] for i in set(led.values())}
    for row in document["index_variants"]:
        assert row["variant"].startswith(f"{row['chromosome']}:{row['position']}:")


def test_clump__refuses_a_panel_that_does_not_fit_unless_told(osteobiome, here, world):
    write_table(here / "lifted.tsv", world.rows(shift=12_345))
    words = ("ld", "clump", "lifted.tsv", "panel/eur", "--r2", 0.02, "--out", "c.csv")
    ran = osteobiome(*words, "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert fault["code"] == "panel_other_build"
    assert fault["where"] == "panel/eur for lifted.tsv"
    assert "--allow-unfit" in fault["hint"]
    assert not (here / "c.csv").exists()
    ran = osteobiome(*words, "--allow-unfit")
    assert ran.code == 0
    assert "  Fault: of 120 variants that have one name" in ran.out
    assert (here / "c.csv").exists()


def test_clump__without_a_candidate_says_so(osteobiome, here):
    ran = osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--p1", "1e-300", "--out", "c.csv")
    assert ran.code == 0
    assert ran.out.startswith("bmd.tsv: 0 candidates (p at most 1 × 10⁻³⁰⁰), 0 index variants\n")
    assert pl.read_csv(here / "c.csv").height == 0


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_clump__writes_the_same_table_in_every_form(osteobiome, here, world, ending):
    path = here / f"c.{ending}"
    assert osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--r2", 0.02, "--out", path).code == 0
    read = {"csv": pl.read_csv, "tsv": lambda p: pl.read_csv(p, separator="\t"), "parquet": pl.read_parquet}[ending]
    assert set(read(path)["variant"]) == {f"rs{i}" for i in world.candidates()}


@pytest.mark.parametrize(
    ("out", "code"),
    [
        ("c.xlsx", "wrong_suffix"),
        ("c", "wrong_suffix"),
        ("mine.csv", "file_exists"),
        ("folder.csv", "file_exists"),
        ("bmd.tsv/c.csv", "not_a_folder"),
        (f"{'x' * 300}.csv", "cannot_write"),
    ],
)
def test_clump__name_that_cannot_be_written_is_exit_2(osteobiome, here, out, code):
    (here / "mine.csv").write_text("mine")
    (here / "folder.csv").mkdir()
    ran = osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--out", out, "--json")
    assert (ran.code, ran.json["faults"][0]["code"]) == (2, code)
    assert (here / "mine.csv").read_text() == "mine"
    if code == "file_exists" and out.startswith("mine"):
        assert osteobiome("ld", "clump", "bmd.tsv", "panel/eur", "--out", out, "--overwrite").code == 0
        assert (here / "mine.csv").read_text().startswith("variant,")


@pytest.mark.parametrize(
    ("options", "where"),
    [
        (("--p1", "0"), ["p1"]),
        (("--p1", "1e-8", "--p2", "1e-9"), ["p2"]),
        (("--kb", "0"), ["kb"]),
        (("--mode", "haplotype", "--by", "z"), ["mode", "by"]),
    ],
)
def test_clump__option_out_of_range_is_exit_2(osteobiome, here, options, where):
    ran = osteobiome("ld", "clump", "bmd.tsv", "panel/eur", *options, "--json")
    assert (ran.code, [fault["where"] for fault in ran.json["faults"]]) == (2, where)


# --- scores --------------------------------------------------------------------------------------------------------


def plain_scores(dosages, places, kb):
    """Adjusted r² summed over a window, pair by pair."""
    square, n = np.corrcoef(dosages.astype(float)) ** 2, dosages.shape[1]
    near = [[c == d and abs(p - q) <= 1000 * kb for d, q in places] for c, p in places]
    return ((square - (1 - square) / (n - 2)) * np.array(near)).sum(axis=1)


def test_scores__are_files_of_ldsc(osteobiome, here, world):
    """Names and columns as LDSC writes and reads them: tab-separated CHR SNP BP L2, and one number in each M file."""
    ran = osteobiome("ld", "scores", "panel/eur", "out/eur", "--kb", 50)
    assert (ran.code, ran.err) == (0, "")
    assert sorted(path.name for path in (here / "out").iterdir()) == ["eur.l2.M", "eur.l2.M_5_50", "eur.l2.ldscore.gz"]
    lines = gzip.decompress((here / "out" / "eur.l2.ldscore.gz").read_bytes()).decode().splitlines()
    assert lines[0] == "CHR\tSNP\tBP\tL2"
    cells = [line.split("\t") for line in lines[1:]]
    assert [(row[1], (int(row[0]), int(row[2]))) for row in cells] == list(zip(world.names, world.places, strict=True))
    expected = plain_scores(world.dosages, world.places, 50)
    np.testing.assert_allclose([float(row[3]) for row in cells], expected, atol=6e-7)
    f = world.dosages.mean(axis=1) / 2
    assert (here / "out" / "eur.l2.M").read_text() == "120\n"
    assert (here / "out" / "eur.l2.M_5_50").read_text() == f"{np.sum(np.minimum(f, 1 - f) > 0.05)}\n"
    assert f"mean score {expected.mean():.3g}, M 120, M_5_50 120" in ran.out
    read = read_ldsc_scores([here / "out" / "eur.l2.ldscore.gz"])
    assert (read.m, read.m_common, read.scores["rsid"].to_list()) == ((120.0,), (120.0,), world.names)


def test_scores__a_set_for_each_chromosome(osteobiome, here, world):
    together = osteobiome("ld", "scores", "panel/eur", "all", "--json").json
    apart = osteobiome("ld", "scores", "panel/eur", "eur.{chromosome}", "--json").json
    assert (apart["m"], apart["m_5_50"]) == (together["m"], together["m_5_50"])
    assert len(apart["files"]) == 6
    whole = read_ldsc_scores([here / "all.l2.ldscore.gz"]).scores
    parts = read_ldsc_scores([here / f"eur.{c}.l2.ldscore.gz" for c in (21, 22)])
    assert parts.scores.equals(whole)
    assert parts.m == (120.0,)
    assert (here / "eur.22.l2.M").read_text() == f"{len(world.of(22))}\n"


def test_scores__what_has_no_score_is_counted(osteobiome, here, world):
    """Rows out of order; one is rare, one does not vary, one has no place, one no name but counts in other scores."""
    dosages = world.dosages[:8].copy()
    dosages[3] = 2
    dosages[4] = np.arange(PEOPLE) < 10  # ten copies among 343 people: below 5 %
    bim = [(21, f"rs{i}", 1000 + i, "A", "G") for i in range(8)]
    bim[5], bim[6] = (0, "rs5", 0, "A", "G"), (21, ".", 1006, "A", "G")
    order = [7, 2, 5, 0, 3, 6, 1, 4]
    write_panel(here / "odd", dosages[order], [bim[i] for i in order])
    ran = osteobiome("ld", "scores", "odd", "odd")
    assert ran.out.splitlines()[3:] == [
        "8 variants, 5 with a score",
        "  1 left out: without chromosome or position",
        "  1 left out: does not vary in the panel",
        "  1 left out: without name; counted in the scores of others",
        ran.out.splitlines()[-1],
    ]
    kept = [0, 1, 2, 4, 6, 7]
    expected = plain_scores(dosages[kept], [(21, 1000 + i) for i in kept], 1000)
    scores = read_ldsc_scores([here / "odd.l2.ldscore.gz"])
    assert scores.scores["rsid"].to_list() == ["rs0", "rs1", "rs2", "rs4", "rs7"]
    np.testing.assert_allclose(scores.scores["L2"].to_numpy(), expected[[0, 1, 2, 3, 5]], atol=6e-7)
    assert (scores.m, scores.m_common) == ((6.0,), (5.0,))


@pytest.mark.parametrize(
    ("out", "options", "code"),
    [
        ("taken", (), "file_exists"),
        ("bmd.tsv/s", (), "not_a_folder"),
        ("x" * 300, (), "cannot_write"),
        ("panel/", (), "no_prefix"),
        ("s", ("--kb", "0"), "window_out_of_range"),
        ("s", ("--kb", "nan"), "window_out_of_range"),
    ],
)
def test_scores__that_cannot_be_written_or_worked_out_are_exit_2(osteobiome, here, out, options, code):
    (here / "taken.l2.M").write_text("mine")
    ran = osteobiome("ld", "scores", "panel/eur", out, *options, "--json")
    assert (ran.code, ran.json["faults"][0]["code"]) == (2, code)
    assert sorted(path.name for path in here.iterdir()) == ["bmd.tsv", "panel", "taken.l2.M"]
    assert (here / "taken.l2.M").read_text() == "mine"


@pytest.mark.parametrize("out", ["s", "s.{chromosome}"])
def test_scores__of_a_panel_without_places_or_people_are_exit_2(osteobiome, here, world, out):
    write_panel(here / "unplaced", world.dosages[:2], [(0, "rs1", 0, "A", "G"), (0, "rs2", 0, "A", "G")])
    ran = osteobiome("ld", "scores", "unplaced", out, "--json")
    assert (ran.code, ran.json["faults"][0]["code"]) == (2, "no_variant_left")
    write_panel(here / "two", world.dosages[:2, :2], [(1, "rs1", 1, "A", "G"), (1, "rs2", 2, "A", "G")])
    ran = osteobiome("ld", "scores", "two", out, "--json")
    assert (ran.code, ran.json["faults"][0]["code"]) == (2, "too_few_people")


# --- matrix --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["npz", "tsv"])
def test_matrix__reads_back_as_the_same_numbers(osteobiome, here, world, ending):
    """r of dosages of the effect allele, by numpy; the readers are those of studies."""
    ran = osteobiome("ld", "matrix", "panel/eur", f"locus.{ending}", "--region", "chr22:20,000,000-20,399,999")
    assert (ran.code, ran.err) == (0, "")
    rows = [i for i in world.of(22) if world.places[i][1] < 20_400_000]
    assert ran.out.splitlines()[-1] == f"{len(rows)} variants, {len(rows)} in the matrix"
    if ending == "npz":
        back = read_npz(here / "locus.npz")
        positions = np.load(here / "locus.npz")["position"].tolist()
    else:
        back = read_ld_matrix(here / "locus.tsv", here / "locus.variants.tsv")
        positions = pl.read_csv(here / "locus.variants.tsv", separator="\t")["position"].to_list()
    assert back.rsid == tuple(f"rs{i}" for i in rows)
    assert list(zip(back.counted, back.other, strict=True)) == [world.alleles[i] for i in rows]
    assert positions == [world.places[i][1] for i in rows]
    np.testing.assert_allclose(back.r, np.corrcoef(world.dosages[rows].astype(float)), atol=1e-12)
    np.testing.assert_allclose(back.frequency, world.dosages[rows].mean(axis=1) / 2, atol=1e-12)
    oriented, problems = back.oriented([f"rs{rows[0]}", f"rs{rows[1]}"], *zip(
        world.alleles[rows[0]], world.alleles[rows[1]][::-1], strict=True))  # fmt: skip
    assert problems == {}
    assert oriented[0, 1] == -back.r[0, 1]


@pytest.mark.parametrize(
    "text",
    ["rs3\nrs50\nrs77\nrs3\n", "SNP,P\nrs3,0.1\nrs50,0.2\nrs77,0.5\n", "p\trsid\n1\trs77\n1\trs50\n1\trs3\n"],
)
def test_matrix__takes_a_list_of_variants_in_any_form(osteobiome, here, text):
    (here / "list.txt").write_text(text)
    assert osteobiome("ld", "matrix", "panel/eur", "l.npz", "--variants", "list.txt").code == 0
    assert read_npz(here / "l.npz").rsid == ("rs3", "rs50", "rs77")


def test_matrix__what_is_left_out_is_counted_and_named(osteobiome, here, world):
    dosages = world.dosages[[0, 1, 2, 3, 4, 4, 5, 6]].copy()
    dosages[1] = 1
    bim = [
        (21, "rs0", 100, "A", "G"), (21, "flat", 101, "A", "G"), (21, "two", 102, "A", "G"), (21, "two", 102, "T", "G"),
        (21, "twin", 103, "C", "T"), (21, "twin", 103, "C", "T"), (21, "half", 104, "0", "T"), (21, ".", 105, "C", "A"),
    ]  # fmt: skip
    write_panel(here / "odd", dosages, bim)
    ran = osteobiome("ld", "matrix", "odd", "o.tsv", "--region", "21:100-105")
    assert ran.out.splitlines()[2:] == [
        "8 variants, 5 in the matrix",
        "  1 left out: with an allele that the panel does not name (half)",
        "  1 left out: does not vary in the panel (flat)",
        "  1 left out: copy of another variant of the panel (twin:C:T)",
    ]
    back = read_ld_matrix(here / "o.tsv", here / "o.variants.tsv")
    assert back.rsid == ("rs0", "two:A:G", "two:T:G", "twin:C:T", "21:105:C:A")
    np.testing.assert_allclose(back.r, np.corrcoef(dosages[[0, 2, 3, 4, 7]].astype(float)), atol=1e-12)
    (here / "list.txt").write_text("rs0\ntwo\nrs404\nflat\n")
    ran = osteobiome("ld", "matrix", "odd", "o.npz", "--variants", "list.txt", "--json")
    assert ran.json["left_out"] == {"not_in_panel": ["rs404"], "monomorphic": ["flat"]}
    assert (ran.json["n_in"], ran.json["n_kept"]) == (5, 3)


@pytest.mark.parametrize(
    ("out", "options", "code"),
    [
        ("m.npz", ("--region", "22:1-2"), "region_without_variants"),
        ("m.npz", ("--region", "7:1-99999999"), "region_without_variants"),
        ("m.npz", ("--region", "22:2-1"), "bad_region"),
        ("m.npz", ("--region", "26:1-2"), "bad_region"),
        ("m.npz", ("--region", "22"), "bad_region"),
        ("m.npz", ("--region", "22:a-b"), "bad_region"),
        ("m.npz", ("--region", "22:,-,"), "bad_region"),
        ("m.npz", ("--region", "22:1-99999999999999999999999"), "bad_region"),
        ("m.npz", (), "variants_or_region"),
        ("m.npz", ("--region", "22:1-2", "--variants", "bmd.tsv"), "variants_or_region"),
        ("m.npz", ("--variants", "nothing.txt"), "missing_file"),
        ("m.npz", ("--variants", "none.txt"), "no_variant_left"),
        ("m.npz", ("--variants", "header.txt"), "no_variants_listed"),
        ("m.txt", ("--region", "22:1-99999999"), "wrong_suffix"),
        ("mine.tsv", ("--region", "22:1-99999999"), "file_exists"),
        ("bmd.tsv/m.npz", ("--region", "22:1-99999999"), "not_a_folder"),
        (f"{'x' * 300}.npz", ("--region", "22:1-99999999"), "cannot_write"),
    ],
)
def test_matrix__what_cannot_be_done_is_exit_2(osteobiome, here, out, options, code):
    (here / "none.txt").write_text("rs404\n")
    (here / "header.txt").write_text("rsid\n")
    (here / "mine.variants.tsv").write_text("mine")
    before = sorted(path.name for path in here.iterdir())
    ran = osteobiome("ld", "matrix", "panel/eur", out, *options, "--json")
    assert (ran.code, ran.json["faults"][0]["code"]) == (2, code)
    assert sorted(path.name for path in here.iterdir()) == before
    assert (here / "mine.variants.tsv").read_text() == "mine"


def test_matrix__too_large_is_refused(osteobiome, here, monkeypatch):
    monkeypatch.setattr("osteobiome.ld.writing.MAX_MATRIX", 50)
    ran = osteobiome("ld", "matrix", "panel/eur", "m.npz", "--region", "22:1-99999999", "--json")
    assert (ran.code, ran.json["faults"][0]["code"]) == (2, "ld_matrix_too_large")
    assert ran.json["faults"][0]["found"] == "60 variants"


@pytest.mark.parametrize("command", COMMANDS)
def test_quiet__says_nothing(osteobiome, here, command):
    ran = osteobiome("ld", *COMMANDS[command], "--quiet")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


# --- the page on panels ----------------------------------------------------------------------------------------------


def page():
    return (ROOT / "docs" / "howto" / "ld-panels.md").read_text(encoding="utf-8")


def test_howto__every_command_runs(osteobiome, here, world):
    for chromosome in (21, 22):
        packed = gzip.compress(world.vcf(world.of(chromosome)).encode())
        (here / f"eur.chr{chromosome}.vcf.gz").write_bytes(packed)
    (here / "bmd.tsv.gz").write_bytes(gzip.compress((here / "bmd.tsv").read_bytes()))
    (here / "variants.txt").write_text("rs70\nrs80\n")
    commands = re.findall(r"^    (osteobiome .*)$", page(), flags=re.MULTILINE)
    assert len(commands) == 7
    assert {command.split()[2] for command in commands} == {"convert", "check", "clump", "scores", "matrix"}
    out = {}
    for command in commands:
        ran = osteobiome(*shlex.split(command)[1:])
        assert ran.code == 0, ran.err
        out[command.split()[2]] = ran.out
    assert out["check"].startswith("panel/eur.chr{chromosome} fits bmd.tsv.gz\n")
    assert pl.read_csv(here / "clumps.csv").height == len(world.candidates())
    assert (here / "scores" / "eur.22.l2.ldscore.gz").exists()
    assert read_ld_matrix(here / "locus.tsv", here / "locus.variants.tsv").rsid[0] == "rs60"
    assert read_npz(here / "locus.npz").rsid == ("rs70", "rs80")


@pytest.mark.slow
def test_howto__study_files_run(tiny):
    """The tables on the page, put into a study with panels of these names."""
    from osteobiome.study import load_study, run_study

    rng = np.random.default_rng(4)
    draws = rng.binomial(2, 0.4, (40, PEOPLE)).astype(np.int8)
    tiny.add_panel(draws.tolist())
    tiny.add_panel(draws.tolist(), ancestry="EAS")
    for ending in ("bed", "bim", "fam"):
        eur = tiny.folder / "panel" / f"eur.{ending}"
        shutil.copy(eur, tiny.folder / "panel" / f"eur.chr22.{ending}")
    original = tiny.file.read_text()
    notes = []
    for block in re.findall(r"```toml\n(.*?)```", page(), flags=re.DOTALL):
        tiny.file.write_text(original.replace("[instruments]\np_threshold = 5e-8\n", block))
        notes.append([note.code for note in load_study(tiny.file).notes])
    assert run_study(tiny.file, workers=1).n_failed == 0  # the last of them
    assert notes == [["r2_below_noise"], []]


def test_howto__numbers_on_noise(world):
    """n r² of unlinked variants is chi-square with one degree of freedom: from scipy, and in the simulated panel."""
    from scipy import stats

    for n in (343, 503, 5000):
        row = f"| {n:,} | {1 / n:.4f} | {stats.chi2.isf(0.05, 1) / n:.4f} |"
        assert row in page(), row
    share = stats.chi2.sf(0.001 * 343, 1)
    assert f"0.001 lies below it: {100 * share:.0f} %" in page()
    first = [i for i in range(len(world.places)) if i % IN_BLOCK == 0]
    r = np.corrcoef(world.dosages[first].astype(float))
    apart = r[np.ix_(range(BLOCKS), range(BLOCKS, 2 * BLOCKS))] ** 2
    assert abs((apart > 0.001).mean() - share) < 4 * math.sqrt(share * (1 - share) / apart.size)
