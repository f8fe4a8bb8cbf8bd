"""Files that other programs wrote, from sniffing to the sorted table, and one study through every door.

The rows of each file are those of its origin, or of the cut that its ORIGIN.toml names; the first row was read by eye
and turned by hand to the first allele of its class.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from osteobiome.core.errors import OsteobiomeError
from osteobiome.store import write_frames
from osteobiome.study.files import FileReading
from osteobiome.study.steps.ingest import run as ingest_step
from osteobiome.study.task import Inputs
from osteobiome.sumstats import read_sumstats
from osteobiome.sumstats.table import IngestOptions, begin
from osteobiome.sumstats.writing import WRITERS

DATA = Path(__file__).parents[1] / "data" / "sumstats"
COLUMNS = (
    "rsid", "chromosome", "position", "effect_allele", "other_allele", "beta", "se", "eaf", "neg_log_10_p_value", "n",
    "line",
)  # fmt: skip
READ = {
    # file: (format, trait, rows in, rows dropped by reason, first row as in COLUMNS)
    "by_hand/bolt_lmm.stats": ("bolt_lmm", None, 3, {}, ("rs1", 1, 100, "A", "G", 0.03, 0.01, 0.25, 2.79588, None, 2)),
    "by_hand/dutch_microbiome.tsv": (
        "gwas_ssf", None, 1, {}, ("rs1", 1, 100, "A", "G", 0.2, 0.05, 0.25, 4.20066, None, 2)),
    "by_hand/glgc_lipids.tsv": ("raremetal", None, 1, {}, ("rs1", 1, 100, "A", "G", 0.2, 0.05, 0.25, 4.2, 900, 2)),
    "by_hand/gwas.vcf": (
        "gwas_vcf", None, 4, {"missing_se": 1}, ("rs1", 1, 100, "A", "G", 0.2, 0.05, 0.25, 4.2, 900, 3)),
    "by_hand/metal_stderr.tbl": (
        "metal", None, 3, {}, ("1:100:A:G", 1, 100, "A", "G", 0.2, 0.05, 0.25, 4.20066, None, 2)),
    "by_hand/mibiogen.summary.txt": (
        "mibiogen", None, 1, {}, ("rs1", 1, 100, "A", "G", 0.2, 0.05, None, 4.017729, 900, 2)),
    "by_hand/neale_lab.tsv": (
        "neale_lab", None, 3, {"low_confidence_variant": 1},
        ("1:100:G:A", 1, 100, "A", "G", 0.2, 0.05, 0.25, 4.20066, 900, 2)),
    "by_hand/plink.assoc": (
        "plink1", None, 1, {}, ("rs1", 1, 100, "A", "G", 0.251537, 0.101, 0.25, 1.906578, None, 2)),
    "by_hand/plink2.glm.linear": (
        "plink2", None, 4, {"other_test": 1, "plink_error_code": 1},
        ("rs1", 1, 100, "A", "G", 0.2, 0.05, 0.25, 4.167491, 900, 2)),
    "by_hand/plink2.glm.logistic.hybrid": (
        "plink2", None, 3, {"multiple_alleles": 1}, ("rs1", 1, 100, "A", "G", 0.405465, 0.1, None, 4.3, 900, 2)),
    "by_hand/raremetal.meta.singlevar.results": (
        "raremetal", None, 1, {}, (None, 1, 100, "A", "G", 0.2, 0.05, 0.25, 4.20066, 900, 5)),
    "by_hand/saige_1.txt": ("saige", None, 1, {}, ("rs1", 1, 100, "A", "G", 0.2, 0.05, 0.25, 4.20066, 900, 2)),
    "by_hand/trait.fastGWA": ("fastgwa", None, 1, {}, ("rs1", 1, 100, "A", "G", 0.2, 0.05, 0.25, 4.20066, 900, 2)),
    "by_hand/trait.ma": ("gcta_ma", None, 1, {}, ("rs1", None, None, "A", "G", 0.2, 0.05, 0.25, 4.20066, 900, 2)),
    "gentropy/ebi_harmonised.h.tsv": (
        "ebi_harmonised", None, 30, {"not_harmonised": 1},
        ("rs4320883", 10, 49413, "A", "G", -0.06619, 0.04952, 0.359200, 0.741363, None, 2)),
    "gentropy/finngen_meta.tsv.gz": (
        "finngen", None, 1, {}, ("rs561109771", 1, 11063, "T", "G", -1.04, 13.3, None, 0.027797, None, 2)),
    "gentropy/finngen_r9.gz": (
        "finngen", None, 10, {},
        ("rs2691328", 1, 13668, "A", "G", -0.379548, 1.78372, 0.00586193, 0.0801404, None, 2)),
    "gentropy/gwas_ssf.h.tsv": (
        "gwas_ssf", None, 30, {},
        ("rs3128126", 1, 1026830, "A", "G", -0.0337379, 0.00989031, 0.542675691781658, 3.189249, 16378, 2)),
    "gentropy/summary_statistics.parquet": (
        "gentropy", None, 20, {},
        ("18_184476_G_A", 18, 184476, "A", "G", -0.01136433, 0.02813780, None, 0.163486, 10000, 2)),
    "gwaslab/to_harmonize.tsv": (
        "gwaslab", None, 15, {},
        ("1:1066403:T:C", 1, 1066403, "T", "C", -0.0043, 0.0109, 0.4724, 0.161718, 191764, 2)),
    "gwasvcf/data.vcf.gz": (
        "gwas_vcf", None, 92, {},
        ("rs12565286", 1, 721290, "C", "G", -0.0067, 0.0145, 0.9322, 0.193006, 109823, 109)),
    "mrinstruments/metab_qtls.tsv": (
        "mrinstruments_qtl", "AcAce", 2, {},
        ("rs2169387", 8, 9181395, "A", "G", -0.08563, 0.015451, 0.129749, 7.442493, 19257, 2)),
    "mrinstruments/mrbase_instruments.tsv": (
        "mrbase_instruments", "977", 3, {},
        ("rs13423976", None, None, "A", "G", -0.097978, 0.017179, 0.285998, 7.638272, None, 5)),
    "mrinstruments/proteomic_qtls.tsv": (  # se from p = 8.99e-143, which is z = 25.44
        "mrinstruments_qtl", "CFHR1", 1, {},
        ("rs12144939", 1, 196698945, "T", "G", 1.108, 0.0435525788, 0.357, 142.046240, None, 2)),
    "mungesumstats/eduAttainOkbay.txt": (
        "generic", None, 93, {},
        ("rs12987662", 2, 100821548, "A", "C", 0.027, 0.003, 0.3787, 23.569764, None, 2)),
    "mungesumstats/ieu-a-298.tsv": (
        "generic", None, 20, {}, ("rs76805690", 1, 2256288, "A", "C", -0.0389, 0.0175, None, 1.58536, 74046, 2)),
    "saige/binary.txt": (
        "saige", None, 10, {}, ("rs4", 1, 4, "A", "C", 0.03888305, 0.80520508, 0.99047141, 0.01705730, 1000, 2)),
    "twosamplemr/bmi.csv": (
        "generic", None, 30, {},
        ("rs10767664", None, None, "A", "T", 0.19, 0.030612245, 0.78, 25.301030, 225238, 2)),
    "twosamplemr/bmi.txt": (
        "twosamplemr", None, 30, {},
        ("rs10767664", None, None, "A", "T", 0.19, 0.030612245, 0.78, 25.301030, 225238, 2)),
    "twosamplemr/telomere_length.txt": (
        "twosamplemr", None, 31, {},
        ("rs4452212", None, None, "A", "G", -0.048547045, 0.025368957, 0.615511874, 1.254408, 20000, 2)),
    "zorp/ear_length.epacts": (
        "epacts", None, 20, {"not_tested": 2},
        ("1:662622_G/A_1:662622", 1, 662622, "A", "G", 0.001388, 0.03734, 0.07557355, 0.01309397, 5928, 3)),
    "gwaslab/dirty_sumstats.tsv": (
        "gwaslab", None, 63,
        {"bad_allele": 4, "missing_allele": 1, "same_allele": 1, "eaf_out_of_range": 2, "p_out_of_range": 3,
         "n_not_positive": 1, "duplicate_conflicting": 3, "duplicate": 1},
        ("1:2", 1, 2, "T", "C", 0.0603, 0.0103, 0.996, 8.327348, 160000, 5)),
    "regenie/test_bin_out_firth_Y1.regenie": ("regenie", None, 20, {"bad_allele": 20}, None),
}  # fmt: skip
REFUSED = {
    # file: (code, a word of the message)
    "by_hand/metal_samplesize.tbl": ("no_beta_column", "'Effect'"),
    "by_hand/regenie_no_split.regenie": ("several_traits", "Y1, Y2"),
    "by_hand/trait.sumstats": ("no_beta_column", "'beta'"),
    "gentropy/credible_sets.tsv": ("not_per_variant", "credible sets"),
    "gentropy/finngen_susie.snp": ("not_per_variant", "fine-mapping"),
    "gentropy/gwas_catalog_associations.tsv": ("not_per_variant", "top hits"),
    "mrinstruments/mrbase_instruments.tsv": ("several_traits", "1015, 977, 980"),
    "saige/gene.txt": ("not_per_variant", "gene-based"),
    "twosamplemr/alleles.txt": ("unknown_format", "betaA"),
    "zorp/pheweb_ac_ns.txt": ("no_beta_column", "'beta'"),
    "zorp/plink_1_0_7.assoc.linear": ("no_other_allele_column", "'A2'"),
    "zorp/raremetal_combined.qt1.burden.results": ("not_per_variant", "gene-based"),
    "zorp/single.score.epacts.tab": ("no_beta_column", "'BETA'"),
}


def test_every_sample__is_read_or_refused_here():
    files = {
        f"{path.parent.name}/{path.name}"
        for path in DATA.rglob("*.*")
        if path.name != "ORIGIN.toml" and path.parent.name not in {"liftover", "frequencies"}
    }
    assert set(READ) | set(REFUSED) == files


@pytest.mark.parametrize("name", READ)
def test_sample__is_read(name):
    file_format, trait, n_in, dropped, first = READ[name]
    ingest = begin(DATA / name, trait_id="t", options=IngestOptions(trait=trait))
    frames = [*ingest.sorted_frames()]
    rows = ingest.report()
    assert ingest.fmt.name == file_format
    assert (rows.n_in, rows.n_kept) == (n_in, n_in - sum(dropped.values()))
    assert rows.by_reason() == dropped
    if first is None:
        assert frames == []
        return
    row = pl.concat(frames).sort("line").row(0, named=True)
    for column, want in zip(COLUMNS, first, strict=True):
        got = row[column]
        assert got == (pytest.approx(want, rel=1e-5) if isinstance(want, float) else want), column


@pytest.mark.parametrize("name", REFUSED)
def test_sample__that_holds_no_effects_of_one_trait_is_refused(name):
    code, word = REFUSED[name]
    with pytest.raises(OsteobiomeError) as caught:
        read_sumstats(DATA / name, trait_id="t")
    fault = caught.value.faults[0]
    assert fault.code == code
    assert word in fault.found


# --- p values that no double holds -------------------------------------------------------------------------------

TINY_P = "rsid\tchromosome\tbase_pair_location\teffect_allele\tother_allele\tbeta\tstandard_error\tp_value\n" + "".join(
    f"rs{i}\t1\t{100 * i}\tA\tG\t4.29\t0.1\t{p}\n" for i, p in enumerate(("1e-400", "0.5e-399", "1e-5000", "0.01"), 1)
)
WANT_P = (400.0, 399.30102999566398, 5000.0, 2.0)


@pytest.mark.parametrize("name", WRITERS)
def test_tiny_p__survives_every_format(name, osteobiome, tmp_path):
    """Kept exactly where the format has minus log10 p or Parquet, and as text where it has p only."""
    source, out = tmp_path / "x.tsv", tmp_path / f"y{WRITERS[name].suffixes[0]}"
    source.write_text(TINY_P)
    assert osteobiome("sumstats", "convert", source, "--to", name, "--out", out).code == 0
    if name == "xlsx":  # not read back by this program
        import zipfile

        text = b"".join(zipfile.ZipFile(out).read(entry) for entry in zipfile.ZipFile(out).namelist())
        assert b"<v>400</v>" in text
        return
    rows = osteobiome("sumstats", "head", out, "-n", 9, "--json").json["rows"]
    got = [row["neg_log_10_p_value"] for row in rows]
    assert got == pytest.approx(WANT_P, rel=1e-12)
    assert (got[0], got[2]) == (400.0, 5000.0)
    assert not any(row["is_p_derived"] for row in rows)


# --- one study, whatever way in ----------------------------------------------------------------------------------


def ssf_and_mibiogen(folder, n_rows=300):
    """Write the same associations in the columns of either; MiBioGen has no frequency."""
    ssf = ["chromosome\tbase_pair_location\teffect_allele\tother_allele\tbeta\tstandard_error\tp_value\trsid\tn"]
    mibiogen = ["bac\tchr\tbp\trsID\tref.allele\teff.allele\tbeta\tSE\tZ.weightedSumZ\tP.weightedSumZ\tN\tCohorts"]
    for i in range(n_rows):
        effect, other = (("A", "G"), ("T", "C"), ("C", "A"), ("ATT", "A"))[i % 4]
        beta, p, place = (i % 11 - 5.5) / 100, 10 ** -(i % 7) / 3, 1_000_000 + 997 * (i * 7919 % n_rows)
        ssf.append(f"{1 + i % 22}\t{place}\t{effect}\t{other}\t{beta:g}\t0.05\t{p:.6g}\trs{i}\t{900 + i}")
        mibiogen.append(
            f"genus.X\t{1 + i % 22}\t{place}\trs{i}\t{other}\t{effect}\t{beta:g}\t0.05\t1\t{p:.6g}\t{900 + i}\t9"
        )
    (folder / "ssf.tsv").write_text("\n".join(ssf) + "\n")
    (folder / "mibiogen.txt.gz").write_bytes(gzip.compress(("\n".join(mibiogen) + "\n").encode()))


def ingested(path, out):
    """Run the ingest step of a study on one file and return its artefacts by name."""
    out.mkdir()
    reading = FileReading("", None, "exposure", "", "GRCh37", "")
    params = {"trait_id": "x", "reading": reading.params(), "max_bad_rows": 0.05, "allow": []}
    ingest_step(Inputs(params=params, locations={"file": path}, key="k"), out)
    return {file.name: file.read_bytes() for file in out.iterdir()}


def test_one_study__in_two_formats_is_the_same_table_byte_for_byte(tmp_path):
    ssf_and_mibiogen(tmp_path)
    one = ingested(tmp_path / "ssf.tsv", tmp_path / "one")
    two = ingested(tmp_path / "mibiogen.txt.gz", tmp_path / "two")
    tables = {"variants.parquet", "candidates.parquet", "row_report.parquet", "findings.parquet"}
    assert set(one) == set(two) == tables | {"facts.json"}
    for name in ("variants.parquet", "candidates.parquet", "row_report.parquet", "facts.json"):
        assert one[name] == two[name], name
    findings = [pl.read_parquet(tmp_path / folder / "findings.parquet")["check"].to_list() for folder in ("one", "two")]
    assert [name for name in findings[1] if name != "unused_columns"] == findings[0]  # Z of MiBioGen is not needed
    assert json.loads(one["facts.json"]) == {"alignment": "", "genome_build": "GRCh37"}
    assert pl.read_parquet(tmp_path / "one" / "variants.parquet").height == 300


@pytest.mark.parametrize("name", ["ssf.tsv", "mibiogen.txt.gz"])
def test_chunks__of_any_size_give_the_same_bytes(tmp_path, name):
    ssf_and_mibiogen(tmp_path)
    contents = set()
    for chunk_bytes in (100, 1_000, 7_777, 10**9):
        options = IngestOptions(genome_build="GRCh37", chunk_bytes=chunk_bytes)
        ingest = begin(tmp_path / name, trait_id="x", options=options)
        out = tmp_path / f"{chunk_bytes}.parquet"
        write_frames(ingest.sorted_frames(spool_folder=tmp_path), out, schema="variants")
        facts = [finding.as_dict() for finding in ingest.findings()]
        contents.add((out.read_bytes(), json.dumps([ingest.report().records(), facts])))
    assert len(contents) == 1


@pytest.mark.parametrize("name", ["gwaslab/dirty_sumstats.tsv", "gwasvcf/data.vcf.gz", "gentropy/finngen_r9.gz"])
def test_chunks__of_a_real_file_give_the_same_rows_and_reasons(name):
    results = []
    for chunk_bytes in (200, 10**9):
        ingest = begin(DATA / name, trait_id="x", options=IngestOptions(chunk_bytes=chunk_bytes))
        frame = pl.concat(ingest.sorted_frames())
        report = ingest.report()
        reasons = sorted((drop.reason, drop.count, drop.lines, drop.examples) for drop in report.dropped)
        found = sorted(ingest.findings(), key=lambda finding: finding.id)
        results.append((frame, report.n_in, report.n_kept, reasons, sorted(report.notes), found))
    assert results[0][0].equals(results[1][0])
    assert results[0][1:] == results[1][1:]
