"""`osteobiome sumstats`: check, convert, head, compare, formats, as people type them and as programs read them."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from osteobiome.sumstats.formats import FORMATS
from osteobiome.sumstats.reference import markers
from osteobiome.sumstats.writing import WRITERS

DATA = Path(__file__).parents[2] / "data" / "sumstats"
DIRTY = DATA / "gwaslab" / "dirty_sumstats.tsv"
VCF = DATA / "gwasvcf" / "data.vcf.gz"
INSTRUMENTS = DATA / "mrinstruments" / "mrbase_instruments.tsv"
HEADER = ("rsid", "chromosome", "base_pair_location", "effect_allele", "other_allele", "beta", "standard_error")
ROWS = (
    ("rs1", 1, 1000, "A", "G", 0.10, 0.01),
    ("rs2", 1, 2000, "C", "T", -0.20, 0.01),
    ("rs3", 2, 1000, "A", "C", 0.05, 0.02),
    ("rs4", 3, 500, "G", "T", -0.30, 0.02),
)


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a table of tabs: ``write("name.tsv", rows, header)``."""

    def write(name, rows=ROWS, header=HEADER):
        path = tmp_path / name
        lines = ["\t".join(header), *("\t".join(map(str, row)) for row in rows)]
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


def flipped(rows):
    """The same variants counted in the other allele."""
    return [(*row[:3], row[4], row[3], -row[5], row[6]) for row in rows]


def known(build, n_rows=60):
    """Bundled markers at their places on one build, without identifiers."""
    rows = markers().filter(~pl.col("is_palindromic")).head(n_rows).iter_rows(named=True)
    place = f"position_{build.lower()}"
    return [
        (f"v{i}", row["chromosome"], row[place], row["allele_1"], row["allele_2"], (i % 7 - 3.5) / 100, 0.02)
        for i, row in enumerate(rows)
    ]


# --- check -------------------------------------------------------------------------------------------------------


def test_check__of_a_good_file_is_short(osteobiome, write):
    path = write("good.tsv")
    ran = osteobiome("sumstats", "check", path)
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == f"{path}: can be used."
    assert lines[1] == "  Read as GWAS-SSF; genome build not known."
    assert lines[2] == "  4 rows, all kept."
    assert len(lines) == 4
    assert ran.err == ""


def test_check__of_a_doubtful_file_names_the_doubt(osteobiome):
    ran = osteobiome("sumstats", "check", DATA / "mungesumstats" / "eduAttainOkbay.txt")
    assert ran.code == 0
    assert "can be read, but look at the doubts first." in ran.out
    assert "  Doubt: column 'A1' is taken as the effect allele by convention. Look up" in ran.out


def test_check__of_a_bad_file_fits_ten_lines_with_lines_and_values(osteobiome):
    ran = osteobiome("sumstats", "check", DIRTY)
    assert ran.code == 2
    lines = ran.out.splitlines()
    assert len(lines) == 10
    assert lines[0].endswith("cannot be used as it is.")
    assert lines[2] == "  63 rows, 47 kept, 16 not."
    assert lines[3].startswith("  Fault: 4 of 63 rows (6.3 %): allele is not made of A, C, G, T (lines 26, 27, 28 ...")
    assert "raise --max-bad-rows" in lines[3]
    assert "  Dropped: 2 rows: allele frequency is not between 0 and 1 (lines 40, 41; EAF '1.02')." in lines
    assert lines[9].endswith("further findings (--all)")


@pytest.mark.parametrize("path", sorted(path for path in DATA.rglob("*.*") if path.name != "ORIGIN.toml"), ids=str)
def test_check__never_takes_more_than_ten_lines_nor_shows_names_of_the_program(osteobiome, path):
    ran = osteobiome("sumstats", "check", path)
    assert ran.code in {0, 2}
    lines = ran.out.splitlines()
    assert 1 < len(lines) <= 10
    assert all(line.startswith("  ") and not line.startswith("   ") for line in lines[1:])
    assert "registered" not in ran.out
    assert ".." not in ran.out.replace("...", "")


def test_check__more_bad_rows_may_be_allowed(osteobiome):
    ran = osteobiome("sumstats", "check", DIRTY, "--max-bad-rows", 0.1)
    assert ran.code == 0
    assert "Dropped: 4 rows: allele is not made of A, C, G, T" in ran.out


def test_check__says_what_a_format_leaves_out(osteobiome):
    out = osteobiome("sumstats", "check", DATA / "by_hand" / "neale_lab.tsv").out
    assert "  3 rows, 2 kept, 1 not.\n  Left out: 1 row: marked by the authors as of low confidence (line 4" in out


def test_check__all_lists_every_finding_with_its_lines(osteobiome):
    ran = osteobiome("sumstats", "check", DIRTY, "--all")
    found = osteobiome("sumstats", "check", DIRTY, "--json").json["findings"]
    for finding in found:
        assert f"\n{finding['id']} (" in ran.out
        for example in finding["examples"]:
            assert f"    line {example['line']}" in ran.out


def test_check__json_has_the_keys_of_the_contract(osteobiome):
    ran = osteobiome("sumstats", "check", DIRTY, "--json")
    assert ran.code == 2
    document = ran.json
    assert {"file", "format", "n_in", "n_kept", "n_dropped", "findings", "verdict"} <= set(document)
    assert (document["format"], document["verdict"], document["n_in"], document["n_kept"]) == (
        "gwaslab", "unusable", 63, 47,
    )  # fmt: skip
    assert document["n_in"] - document["n_kept"] == sum(document["n_dropped"].values())
    for finding in document["findings"]:
        assert {"id", "severity", "count", "examples", "hint"} <= set(finding)
        for example in finding["examples"]:
            assert set(example) == {"line", "column", "value"}
    (alleles,) = [finding for finding in document["findings"] if finding["id"] == "bad_allele"]
    assert (alleles["severity"], alleles["count"], alleles["examples"][0]["line"]) == ("fatal", 4, 26)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "the file is empty"),
        (b"<!DOCTYPE html><html><body>404</body></html>\n", "web page"),
        (b"a\tb\n1\t2\n", "a header of no known format"),
    ],
)
def test_check__of_something_else_is_a_verdict_too(osteobiome, tmp_path, content, found):
    path = tmp_path / "x.tsv"
    path.write_bytes(content)
    ran = osteobiome("sumstats", "check", path)
    assert ran.code == 2
    assert ran.out.startswith(f"{path}: cannot be used as it is.\n")
    assert found in ran.out
    assert ran.err == ""


def test_check__missing_column_is_named_with_what_would_do_instead(osteobiome, write):
    path = write("x.tsv", [row[:6] for row in ROWS], HEADER[:6])
    out = osteobiome("sumstats", "check", path).out
    assert "Fault: no column 'standard_error', for the standard error. The header has rsid, chromosome" in out
    assert out.rstrip().endswith("A p value, an interval or Z would do, too.")


def test_check__infers_the_build_and_refuses_another_one(osteobiome, tmp_path, write):
    rows = [(row["rsid"], row["chromosome"], row["position_grch38"], row["allele_1"], row["allele_2"], 0.1, 0.1)
            for row in markers().head(60).iter_rows(named=True)]  # fmt: skip
    path = write("x.tsv", rows)
    good = osteobiome("sumstats", "check", path)
    assert good.code == 0
    assert "positions on GRCh38" in good.out
    bad = osteobiome("sumstats", "check", path, "--build", "hg19")
    assert bad.code == 2
    assert "Fault: declared as GRCh37, but 60 of 60 known markers lie as on GRCh38" in bad.out


def test_check__several_traits_are_told_apart_with_trait(osteobiome):
    ran = osteobiome("sumstats", "check", INSTRUMENTS)
    assert ran.code == 2
    assert "1015, 977, 980" in ran.out
    assert "--trait" in ran.out
    one = osteobiome("sumstats", "check", INSTRUMENTS, "--trait", "977", "--json")
    assert (one.code, one.json["n_in"]) == (0, 3)
    none = osteobiome("sumstats", "check", INSTRUMENTS, "--trait", "978")
    assert none.code == 2
    assert "no row of trait '978'" in none.out


def test_check__columns_of_no_known_format_are_named(osteobiome, write):
    header = ("Kennung", "Wirkallel", "Anderes", "Wirkung", "Fehler")
    path = write("x.tsv", [(row[0], *row[3:]) for row in ROWS], header)
    assert osteobiome("sumstats", "check", path).code == 2
    mapping = {"rsid": 0, "effect_allele": 1, "other_allele": 2, "beta": 3, "se": 4}
    options = [part for ours, i in mapping.items() for part in ("--column", f"{ours}={header[i]}")]
    ran = osteobiome("sumstats", "check", path, *options)
    assert ran.code == 0, ran.out
    assert "a table whose columns were named; no positions, variants are known by their identifiers." in ran.out


def test_check__a_map_fills_what_the_file_lacks(osteobiome, write, tmp_path):
    path = write("x.tsv", [(row[0], row[3], row[5], row[6]) for row in ROWS], (HEADER[0], HEADER[3], *HEADER[5:]))
    assert "other_allele" in osteobiome("sumstats", "check", path).out
    bim = tmp_path / "panel.bim"
    bim.write_text("".join(f"{row[1]}\t{row[0]}\t0\t{row[2]}\t{row[3]}\t{row[4]}\n" for row in ROWS))
    ran = osteobiome("sumstats", "check", path, "--map", bim, "--json")
    assert ran.code == 0, ran.out
    counts = {finding["id"]: finding["count"] for finding in ran.json["findings"]}
    assert (counts["map_position_filled"], counts["map_other_allele_filled"], ran.json["n_kept"]) == (4, 4, 4)


# --- faults of the call, the same for every command --------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--build", "GRCh39"), "unknown_build", "Did you mean 'GRCh3"),
        (("--format", "gwas_sff"), "unknown_format", "Did you mean 'gwas_ssf'?"),
        (("--column", "beta"), "bad_column", "beta=EFFECT"),
        (("--column", "btea=X"), "unknown_column_name", "Did you mean 'beta'?"),
        (("--column", "beta=beta", "--format", "gwas_ssf"), "format_and_columns", "Leave one"),
        (("--map", "no/such.bim"), "missing_file", "no such file"),
    ],
)
@pytest.mark.parametrize("command", ["check", "head"])
def test_command__wrong_option_is_a_fault_with_exit_2(osteobiome, write, command, options, code, said):
    ran = osteobiome("sumstats", command, write("x.tsv"), *options, "--json")
    assert ran.code == 2
    assert ran.json["ok"] is False
    (fault,) = ran.json["faults"]
    assert code in fault["code"]
    assert said in f"{fault['found']} {fault['expected']} {fault['hint']}"


# --- convert -----------------------------------------------------------------------------------------------------


def test_convert__writes_and_counts(osteobiome, write, tmp_path):
    bad = ("rs5", 4, 1, "A", "G", "inf", 0.1)
    path = write("x.tsv", [*ROWS, bad])
    out = tmp_path / "out" / "x.csv"
    ran = osteobiome("sumstats", "convert", path, "--to", "csv", "--out", out, "--max-bad-rows", 0.5)
    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == [f"wrote {out}", "5 rows, 4 written", "  1 dropped: effect is infinite"]
    frame = pl.read_csv(out)
    assert frame.select("rsid", "effect_allele", "beta").rows() == [
        ("rs1", "A", 0.1), ("rs2", "C", -0.2), ("rs3", "A", 0.05), ("rs4", "G", -0.3),
    ]  # fmt: skip


@pytest.mark.parametrize("to", WRITERS)
def test_convert__keeps_the_effect_allele_of_the_file_except_in_the_stored_table(osteobiome, write, tmp_path, to):
    if to == "xlsx":
        pytest.importorskip("xlsxwriter")
    out = tmp_path / f"out{WRITERS[to].suffixes[0]}"
    assert osteobiome("sumstats", "convert", write("x.tsv"), "--to", to, "--out", out).code == 0
    if to == "xlsx":
        import zipfile

        text = zipfile.ZipFile(out).read("xl/worksheets/sheet1.xml").decode()
        assert ("<v>-0.2</v>" in text, "<v>0.2</v>" in text) == (True, False)
        return
    if to == "parquet":
        rows = pl.read_parquet(out).select("rsid", "effect_allele", "other_allele", "beta").rows()
        assert rows[1] == ("rs2", "T", "C", 0.2)
        return
    rows = osteobiome("sumstats", "head", out, "--json").json["rows"] if to != "csv" else pl.read_csv(out).to_dicts()
    got = {row["rsid"]: (row["effect_allele"], row["other_allele"], row["beta"]) for row in rows}
    assert got == {row[0]: (row[3], row[4], row[5]) for row in ROWS}


def vcf_rows(path):
    """Place, alleles and effect of each line of a GWAS-VCF, as written."""
    data = path.read_bytes()
    text = gzip.decompress(data).decode() if data.startswith(b"\x1f\x8b") else data.decode()
    rows = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            place, position, _, ref, alt, *_, keys, values = line.split("\t")
            fields = dict(zip(keys.split(":"), values.split(":"), strict=True))
            numbers = [fields.get(name, ".") for name in ("ES", "AF")]
            rows[place, int(position), ref, alt] = [None if text == "." else float(text) for text in numbers]
    return rows


def test_convert__from_vcf_to_vcf_keeps_ref_alt_and_effect_of_every_row(osteobiome, tmp_path):
    out = tmp_path / "x.vcf"
    ran = osteobiome("sumstats", "convert", VCF, "--to", "vcf", "--out", out, "--json")
    before, after = vcf_rows(VCF), vcf_rows(out)
    assert (ran.code, ran.json["n_kept"]) == (0, len(after))
    assert len(before) == len(after) == 92
    assert after.keys() == before.keys()
    for variant, numbers in before.items():
        assert after[variant] == numbers, variant


def test_convert__from_ssf_to_ssf_keeps_effect_allele_and_beta_of_every_row(osteobiome, tmp_path):
    source, out = DATA / "gentropy" / "gwas_ssf.h.tsv", tmp_path / "x.tsv"
    ran = osteobiome("sumstats", "convert", source, "--to", "ssf", "--out", out)
    assert ran.code == 0, ran.err
    names = ["chromosome", "base_pair_location", "effect_allele", "other_allele", "beta", "effect_allele_frequency"]
    before, after = (
        pl.read_csv(path, separator="\t", null_values="NA").select(names).sort(names[:4]).rows()
        for path in (source, out)
    )
    assert len(before) == len(after) > 1
    assert after == before


def test_convert__to_a_place_where_nothing_can_be_written_is_a_fault(osteobiome, write, tmp_path):
    out = tmp_path / f"{'x' * 300}.csv"
    ran = osteobiome("sumstats", "convert", write("x.tsv"), "--to", "csv", "--out", out, "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert (fault["code"], fault["where"]) == ("cannot_write", str(out))
    assert fault["found"] == "the system does not let it be written: File name too long"


def test_convert__refuses_to_overwrite_unless_told(osteobiome, write, tmp_path):
    out = tmp_path / "mine.csv"
    out.write_text("mine")
    command = ("sumstats", "convert", write("x.tsv"), "--to", "csv", "--out", out)
    ran = osteobiome(*command, "--json")
    assert ran.code == 2
    assert ran.json["faults"][0]["code"] == "file_exists"
    assert out.read_text() == "mine"
    assert osteobiome(*command, "--overwrite").code == 0
    assert out.read_text().startswith("rsid,")


@pytest.mark.parametrize("to", WRITERS)
def test_convert__of_a_bad_file_leaves_nothing(osteobiome, write, tmp_path, to):
    path = write("x.tsv", [*ROWS, *[("rs9", 4, i, "A", "G", "?", 0.1) for i in range(1, 5)]])
    out = tmp_path / "out" / f"x{WRITERS[to].suffixes[0]}"
    ran = osteobiome("sumstats", "convert", path, "--to", to, "--out", out, "--json")
    assert ran.code == 2
    assert ran.json["faults"][0]["code"] == "non_numeric_beta"
    assert not out.parent.exists() or list(out.parent.iterdir()) == []


@pytest.mark.parametrize("to", WRITERS)
def test_convert__of_a_file_on_another_build_than_declared_leaves_nothing(osteobiome, write, tmp_path, to):
    """That shows only after the last row."""
    rows = [(row["rsid"], row["chromosome"], row["position_grch38"], row["allele_1"], row["allele_2"], 0.1, 0.1)
            for row in markers().head(60).iter_rows(named=True)]  # fmt: skip
    out = tmp_path / "out" / f"x{WRITERS[to].suffixes[0]}"
    command = ("sumstats", "convert", write("x.tsv", rows), "--to", to, "--out", out, "--build", "GRCh37", "--json")
    ran = osteobiome(*command)
    assert (ran.code, ran.json["faults"][0]["code"]) == (2, "builds_differ")
    assert not out.parent.exists() or list(out.parent.iterdir()) == []


def test_convert__to_an_unknown_format_names_the_nearest(osteobiome, write, tmp_path):
    ran = osteobiome("sumstats", "convert", write("x.tsv"), "--to", "parket", "--out", tmp_path / "x.parquet", "--json")
    assert ran.code == 2
    assert "Did you mean 'parquet'?" in ran.json["faults"][0]["hint"]


def test_convert__lifts_there_and_back(osteobiome, write, tmp_path):
    rows = known("GRCh37")
    path, there, back = write("x.tsv", rows), tmp_path / "there.tsv", tmp_path / "back.tsv"
    first = ("--to", "ssf", "--out", there, "--build", "GRCh37", "--lift-to", "GRCh38")
    assert osteobiome("sumstats", "convert", path, *first).code == 0
    lifted = pl.read_csv(there, separator="\t", null_values="NA").sort("rsid")
    assert lifted["base_pair_location"].to_list() == [row[2] for row in sorted(known("GRCh38"))]
    second = ("--to", "ssf", "--out", back, "--build", "GRCh38", "--lift-to", "GRCh37")
    assert osteobiome("sumstats", "convert", there, *second).code == 0
    again = pl.read_csv(back, separator="\t", null_values="NA").sort("rsid")
    assert again["base_pair_location"].to_list() == [row[2] for row in sorted(rows)]
    assert again["beta"].to_list() == lifted["beta"].to_list()


def test_convert__cannot_lift_from_an_unknown_build(osteobiome, write, tmp_path):
    out = tmp_path / "x.csv"
    ran = osteobiome("sumstats", "convert", write("x.tsv"), "--to", "csv", "--out", out, "--lift-to", "hg38", "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert (fault["code"], fault["where"]) == ("no_build", "--lift-to")
    assert "--build" in fault["hint"]
    assert not out.exists()


def test_convert__lifts_from_the_build_that_the_file_states(osteobiome, write, tmp_path):
    """Metadata beside a table, contigs above a VCF."""
    path, vcf, there, back = write("x.tsv", known("GRCh37")), *(tmp_path / name for name in ("x.vcf", "y.tsv", "z.vcf"))
    assert osteobiome("sumstats", "convert", path, "--to", "vcf", "--out", vcf, "--build", "hg19").code == 0
    assert osteobiome("sumstats", "convert", vcf, "--to", "ssf", "--out", there, "--lift-to", "hg38").code == 0
    assert "genome_assembly: GRCh38" in there.with_name("y.tsv-meta.yaml").read_text()
    lifted = pl.read_csv(there, separator="\t", null_values="NA").sort("rsid")
    assert lifted["base_pair_location"].to_list() == [row[2] for row in sorted(known("GRCh38"))]
    assert osteobiome("sumstats", "convert", there, "--to", "vcf", "--out", back, "--lift-to", "hg19").code == 0
    assert "##contig=<ID=1,length=249250621,assembly=GRCh37>" in back.read_text()


def test_convert__writes_the_build_that_the_file_states(osteobiome, write, tmp_path):
    one, two, three = tmp_path / "one.vcf", tmp_path / "two.tsv", tmp_path / "three.vcf"
    path = write("x.tsv")
    assert osteobiome("sumstats", "convert", path, "--to", "vcf", "--out", one, "--build", "GRCh38").code == 0
    assert osteobiome("sumstats", "convert", one, "--to", "ssf", "--out", two).code == 0
    assert "genome_assembly: GRCh38" in two.with_name("two.tsv-meta.yaml").read_text()
    assert osteobiome("sumstats", "convert", two, "--to", "vcf", "--out", three).code == 0
    assert "##contig=<ID=1,length=248956422,assembly=GRCh38>" in three.read_text()


def test_convert__of_one_trait_of_several(osteobiome, tmp_path):
    out = tmp_path / "x.csv"
    options = ("--to", "csv", "--out", out, "--trait", "980")
    assert osteobiome("sumstats", "convert", INSTRUMENTS, *options, "--json").json["n_in"] == 21
    assert pl.read_csv(out).height == 21


# --- head --------------------------------------------------------------------------------------------------------


def test_head__shows_which_column_is_what_and_the_first_rows(osteobiome, write):
    ran = osteobiome("sumstats", "head", write("x.tsv"), "-n", 2)
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == "Read as GWAS-SSF (effect allele: effect_allele)"
    assert "  position             base_pair_location" in lines
    assert lines[-2].split() == ["rs1", "1", "1000", "A", "G", "0.1", "0.01", "1.5", "×", "10⁻²³"]
    assert lines[-1].split()[:7] == ["rs2", "1", "2000", "C", "T", "−0.2", "0.01"]


def test_head__names_the_columns_that_are_not_used(osteobiome, write):
    path = write("x.tsv", [(*row, "FTO", 0.9) for row in ROWS], (*HEADER, "GENE", "INFO2"))
    lines = osteobiome("sumstats", "head", path).out.splitlines()
    assert "  not used: GENE, INFO2" in lines
    assert osteobiome("sumstats", "head", path, "--json").json["columns_not_used"] == ["GENE", "INFO2"]
    assert "not used" not in osteobiome("sumstats", "head", write("y.tsv")).out


def test_head__names_at_most_twelve_of_them(osteobiome, write):
    more = [f"X{i}" for i in range(15)]
    out = osteobiome("sumstats", "head", write("x.tsv", [(*row, *more) for row in ROWS], (*HEADER, *more))).out
    assert f"  not used: {', '.join(more[:12])} and 3 more\n" in out


def test_head__shows_a_packed_column_once_with_all_that_it_gives(osteobiome):
    out = osteobiome("sumstats", "head", DATA / "by_hand" / "metal_stderr.tbl").out
    assert "  rsid, chromosome, position MarkerName\n" in out
    assert out.count("MarkerName") == 1
    assert "  effect_allele              Allele1\n" in out


def test_head__json_is_the_rows(osteobiome):
    document = osteobiome("sumstats", "head", VCF, "-n", 1, "--json").json
    assert document["format"] == "gwas_vcf"
    assert document["columns"]["effect_allele"] == "ALT"
    (row,) = document["rows"]
    assert (row["rsid"], row["position"], row["effect_allele"], row["beta"], row["n"]) == (
        "rs12565286", 721290, "C", -0.0067, 109823.0,
    )  # fmt: skip


def test_head__of_no_table_is_exit_2(osteobiome, tmp_path):
    ran = osteobiome("sumstats", "head", tmp_path / "none.tsv")
    assert ran.code == 2
    assert "no such file" in ran.err


# --- compare -----------------------------------------------------------------------------------------------------


def test_compare__of_a_file_with_itself(osteobiome, write):
    path = write("x.tsv")
    ran = osteobiome("sumstats", "compare", path, path, "--json")
    assert ran.code == 0
    document = ran.json
    assert (document["n_common"], document["n_identical"], document["share_same_sign"]) == (4, 4, 1.0)
    assert document["beta_correlation"] == pytest.approx(1.0)
    assert (document["se_ratio"], document["largest"], document["eaf_correlation"]) == (1.0, [], None)
    assert "in both: 4, of these 4 with the same effect" in osteobiome("sumstats", "compare", path, path).out


def test_compare__with_the_other_allele_is_the_same_study(osteobiome, write):
    document = osteobiome("sumstats", "compare", write("a.tsv"), write("b.tsv", flipped(ROWS)), "--json").json
    assert (document["n_common"], document["n_identical"]) == (4, 4)


def test_compare__with_effects_of_the_other_allele_says_so(osteobiome, write):
    """The alleles were swapped and the signs left as they were."""
    swapped = [(*row[:3], row[4], row[3], *row[5:]) for row in ROWS]
    ran = osteobiome("sumstats", "compare", write("a.tsv"), write("b.tsv", swapped))
    assert ran.code == 0
    assert "correlation of effects: -1.0000" in ran.out
    assert "The effects are opposite: in one of the files they belong to the other allele" in ran.out
    assert "same sign among 3 variants with p below 1e-5 in the first: 0.0 %" in ran.out
    assert "differs most: rs2, effect of T against C: 0.2 and −0.2" in ran.out


def test_compare__names_what_only_one_file_has(osteobiome, write):
    ran = osteobiome("sumstats", "compare", write("a.tsv"), write("b.tsv", ROWS[:3]))
    assert "in both: 3, of these 3" in ran.out
    assert "  1 of the first not compared: not in the second file" in ran.out


@pytest.mark.parametrize("names", ["v", ""])
def test_compare__finds_the_builds_and_refuses_to_join_two(osteobiome, write, names):
    a, b = (
        write(f"{build}.tsv", [(f"v{i}" if names else "NA", *row[1:]) for i, row in enumerate(known(build))])
        for build in ("GRCh37", "GRCh38")
    )
    ran = osteobiome("sumstats", "compare", a, b, "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert (fault["code"], fault["found"]) == ("builds_differ", "positions on GRCh37 and on GRCh38")
    assert f"osteobiome sumstats convert {b} --build GRCh38 --lift-to GRCh37" in fault["hint"]


def test_compare__after_lifting_as_the_hint_says_joins_all(osteobiome, write, tmp_path):
    a, b = (write(f"{build}.tsv", known(build)) for build in ("GRCh37", "GRCh38"))
    lifted = tmp_path / "lifted.tsv"
    options = ("--build", "GRCh38", "--lift-to", "GRCh37", "--to", "ssf", "--out", lifted)
    assert osteobiome("sumstats", "convert", b, *options).code == 0
    document = osteobiome("sumstats", "compare", a, lifted, "--json").json
    assert (document["genome_build_first"], document["genome_build_second"]) == ("GRCh37", "GRCh37")
    assert (document["n_common"], document["n_identical"]) == (60, 60)


def test_compare__takes_the_build_that_a_file_states(osteobiome, write, tmp_path):
    """Four variants that no list of markers knows."""
    one, two = tmp_path / "one.vcf", tmp_path / "two.vcf"
    for path, build in ((one, "GRCh37"), (two, "GRCh38")):
        command = ("sumstats", "convert", write("x.tsv"), "--to", "vcf", "--out", path, "--build", build)
        assert osteobiome(*command).code == 0
    assert osteobiome("sumstats", "compare", one, two, "--json").json["faults"][0]["code"] == "builds_differ"


def test_compare__says_which_build_it_found_or_that_it_knows_none(osteobiome, write):
    a, b = write("a.tsv", known("GRCh37")), write("b.tsv")
    lines = osteobiome("sumstats", "compare", a, b).out.splitlines()
    assert lines[0] == f"first:  {a}, 60 variants, positions on GRCh37"
    assert lines[1] == f"second: {b}, 4 variants, genome build not known"
    doubt = "  If the files are on different genome builds, variants that meet by position are not the same ones"
    assert doubt in lines
    assert doubt not in osteobiome("sumstats", "compare", a, a).out
    by_name = write("c.tsv", [(row[0], *row[3:]) for row in ROWS], (HEADER[0], *HEADER[3:]))
    out = osteobiome("sumstats", "compare", by_name, b).out
    assert "4 variants, no positions" in out
    assert "in both: 4" in out
    assert doubt not in out


def test_compare__of_nothing_in_common_says_how_variants_are_matched(osteobiome, write):
    other = [(f"rs{i}", 9, i, "A", "G", 0.1, 0.1) for i in (10, 20)]
    ran = osteobiome("sumstats", "compare", write("a.tsv"), write("b.tsv", other))
    assert ran.code == 0
    assert "in both: 0" in ran.out
    assert "  Variants are matched by position, and by identifier where they do not meet" in ran.out


def test_compare__counts_palindromes_of_the_other_strand(osteobiome, write):
    """The effect of A at 0.1 in one file, of A of the other strand, so at 0.9, in the other."""
    header = (*HEADER, "effect_allele_frequency")
    a = write("a.tsv", [("rs1", 1, 1000, "A", "T", 0.3, 0.1, 0.1), ("rs2", 1, 2000, "A", "G", 0.3, 0.1, 0.2)], header)
    b = write("b.tsv", [("rs1", 1, 1000, "A", "T", -0.3, 0.1, 0.9), ("rs2", 1, 2000, "A", "G", 0.3, 0.1, 0.2)], header)
    assert osteobiome("sumstats", "compare", a, a, "--json").json["n_turned"] == 0
    document = osteobiome("sumstats", "compare", a, b, "--json").json
    assert (document["n_common"], document["n_turned"], document["n_identical"]) == (2, 1, 2)
    assert "  1 of both: A/T or C/G, turned because frequencies" in osteobiome("sumstats", "compare", a, b).out


def test_compare__takes_columns_format_and_map_for_both_files(osteobiome, write, tmp_path):
    header = ("Kennung", "Wirkallel", "Wirkung", "Fehler")
    path = write("x.tsv", [(row[0], row[3], *row[5:]) for row in ROWS], header)
    bim = tmp_path / "panel.bim"
    bim.write_text("".join(f"{row[1]}\t{row[0]}\t0\t{row[2]}\t{row[3]}\t{row[4]}\n" for row in ROWS))
    mapping = dict(zip(("rsid", "effect_allele", "beta", "se"), header, strict=True))
    options = [part for ours, theirs in mapping.items() for part in ("--column", f"{ours}={theirs}")]
    document = osteobiome("sumstats", "compare", path, path, *options, "--map", bim, "--json").json
    assert (document["n_common"], document["n_identical"]) == (4, 4)
    good = write("y.tsv")
    wrong = osteobiome("sumstats", "compare", good, good, "--format", "regenie", "--json")
    assert (wrong.code, wrong.json["ok"]) == (2, False)
    assert osteobiome("sumstats", "compare", good, good, "--format", "gwas_ssf", "--json").json["n_common"] == 4


def test_compare__of_a_file_without_a_good_row_is_exit_2(osteobiome, write):
    bad = write("bad.tsv", [(*row[:5], "?", 0.1) for row in ROWS])
    ran = osteobiome("sumstats", "compare", write("a.tsv"), bad, "--json")
    assert (ran.code, ran.json["faults"][0]["code"]) == (2, "all_rows_dropped")


# --- formats -----------------------------------------------------------------------------------------------------


def test_formats__lists_all(osteobiome):
    document = osteobiome("sumstats", "formats", "--json").json
    assert [entry["name"] for entry in document["read"]] == list(FORMATS)
    assert [entry["name"] for entry in document["written"]] == list(WRITERS)
    out = osteobiome("sumstats", "formats").out
    for name in (*FORMATS, *WRITERS):
        assert f"{name} " in out


@pytest.mark.parametrize("command", ["check", "head", "formats"])
def test_quiet__says_nothing(osteobiome, write, command):
    arguments = () if command == "formats" else (write("x.tsv"),)
    ran = osteobiome("sumstats", command, *arguments, "--quiet")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


# --- doubts that a file cut to one locus does not deserve --------------------------------------------------------


def at_one_locus_or_two(n_chromosomes, n_rows=1200):
    """Strong effects of linked variants, all counted in the minor allele."""
    return [
        (f"rs{i}", 1 + i % n_chromosomes, 1000 + i, "A", "G", (-1) ** i * (0.05 + 0.0001 * i), 0.03, 0.41 + i % 9 / 100)
        for i in range(n_rows)
    ]


@pytest.mark.parametrize(("n_chromosomes", "doubts"), [(1, set()), (2, {"lambda_high", "eaf_is_maf"})])
def test_check__a_locus_is_not_doubted_for_being_one(osteobiome, write, n_chromosomes, doubts):
    path = write("x.tsv", at_one_locus_or_two(n_chromosomes), (*HEADER, "effect_allele_frequency"))
    document = osteobiome("sumstats", "check", path, "--json").json
    found = {finding["id"] for finding in document["findings"]}
    assert found & {"lambda_high", "eaf_is_maf"} == doubts
    assert document["verdict"] == ("doubtful" if doubts else "usable")


def test_convert__keeps_what_the_metadata_of_the_source_say(osteobiome, write, tmp_path):
    path = write("x.tsv")
    (path.parent / "x.tsv-meta.yaml").write_text(
        "genome_assembly: GRCh37\ntrait_description:\n  - Heel bone density\nsamples:\n"
        "  - sample_size: 4000\n    sample_ancestry: [European]\nsex: combined\n"
    )
    out = tmp_path / "y.tsv.gz"
    assert osteobiome("sumstats", "convert", path, "--to", "ssf", "--out", out).code == 0
    text = (tmp_path / "y.tsv.gz-meta.yaml").read_text()
    for part in ("GRCh37", "Heel bone density", "4000", "European"):
        assert part in text, part
