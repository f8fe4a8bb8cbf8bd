"""How a study reads its files: format by the header, columns by mapping, one trait of several, a map, another build."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from osteobiome.core.errors import ConfigError, OsteobiomeError
from osteobiome.study import load_study, run_study
from osteobiome.study.files import reading_from
from osteobiome.sumstats.reference import markers

INSTRUMENTS = Path(__file__).parents[2] / "data" / "sumstats" / "mrinstruments" / "mrbase_instruments.tsv"
LAB = {
    "rsid": "Kennung", "chromosome": "Chr", "position": "Ort", "effect_allele": "Wirkallel", "other_allele": "Anderes",
    "beta": "Wirkung", "se": "Fehler", "eaf": "Anteil", "p_value": "P", "n": "Leute",
}  # fmt: skip
SSF = {
    "rsid": "rsid", "chromosome": "chromosome", "position": "base_pair_location", "effect_allele": "effect_allele",
    "other_allele": "other_allele", "beta": "beta", "se": "standard_error", "eaf": "effect_allele_frequency",
    "p_value": "p_value", "n": "n",
}  # fmt: skip


def run(study):
    assert run_study(study.file, workers=1).n_failed == 0


def ingested(study, trait="x"):
    """The table that the step wrote."""
    (folder,) = (study.results / "tasks" / "ingest").glob(f"{trait}-*")
    return folder / "variants.parquet"


def codes(study):
    with pytest.raises(OsteobiomeError) as caught:
        load_study(study.file)
    return {fault.code: fault for fault in caught.value.faults}


def test_format__left_empty_is_found_by_the_header(tiny, finished_once):
    tiny.replace("traits.csv", "gwas_ssf,", ",")
    run(tiny)
    assert ingested(tiny).read_bytes() == ingested(finished_once).read_bytes()


def test_format__column_may_be_left_out(tiny, finished_once):
    tiny.replace("traits.csv", ",format,", ",")
    tiny.replace("traits.csv", "gwas_ssf,", "")
    run(tiny)
    assert ingested(tiny).read_bytes() == ingested(finished_once).read_bytes()


def in_lab_columns(study):
    """Write the exposure under the names of a laboratory, and map them."""
    ours = {theirs: name for name, theirs in SSF.items()}
    study.write("x", [{LAB[ours[theirs]]: cell for theirs, cell in row.items()} for row in study.rows("x")])
    study.replace("traits.csv", "gwas_ssf,x.tsv", "my_lab,x.tsv")
    lines = "\n".join(f'{ours} = "{theirs}"' for ours, theirs in LAB.items())
    study.replace("study.toml", "[instruments]", f"[ingest.columns.my_lab]\n{lines}\n\n[instruments]")


def test_columns__are_mapped_in_the_study_file(tiny, finished_once):
    in_lab_columns(tiny)
    run(tiny)
    assert ingested(tiny).read_bytes() == ingested(finished_once).read_bytes()


def test_columns__that_the_file_lacks_are_named(tiny):
    in_lab_columns(tiny)
    tiny.replace("study.toml", '"Wirkung"', '"Wirkungen"')
    fault = codes(tiny)["no_beta_column"]
    assert fault.found == "no column 'Wirkungen'"
    assert "Did you mean 'Wirkung'?" in fault.hint
    assert fault.where == "trait 'x', 'x.tsv'"


def test_columns__under_a_name_that_is_not_ours_are_a_fault(tiny):
    in_lab_columns(tiny)
    tiny.replace("study.toml", "eaf = ", "aef = ")
    with pytest.raises(ConfigError, match="aef"):
        load_study(tiny.file)


def with_instruments(study, trait_in_file):
    """Make FN-BMD of the MR-Base instruments the exposure, and give the outcome its variants."""
    shutil.copy(INSTRUMENTS, study.folder / "x.tsv")
    study.replace("traits.csv", "genome_build,format,", "genome_build,trait_in_file,format,")
    study.replace("traits.csv", "GRCh37,gwas_ssf,x.tsv", f"GRCh37,{trait_in_file},,x.tsv")
    study.replace("traits.csv", "GRCh37,gwas_ssf,y.tsv", "GRCh37,,gwas_ssf,y.tsv")
    known = pl.read_csv(INSTRUMENTS, separator="\t", infer_schema=False).filter(pl.col("id.exposure") == "980")
    rows = study.rows("y")[: known.height]
    for row, name, effect, other in zip(
        rows, known["SNP"], known["effect_allele.exposure"], known["other_allele.exposure"], strict=True
    ):
        row |= {"rsid": name, "effect_allele": effect, "other_allele": other}
    study.write("y", rows)


def test_trait_in_file__picks_one_trait_of_a_table(tiny):
    with_instruments(tiny, "980")
    run(tiny)
    frame = pl.read_parquet(ingested(tiny))
    want = pl.read_csv(INSTRUMENTS, separator="\t", infer_schema=False).filter(pl.col("id.exposure") == "980")
    assert sorted(frame["rsid"]) == sorted(want["SNP"])
    estimates = pl.read_parquet(tiny.results / "tables" / "estimates.parquet")
    assert estimates["status"][0] == "ok"


@pytest.mark.parametrize(("trait", "code"), [("", "several_traits"), ("981", "no_such_trait")])
def test_trait_in_file__that_is_missing_or_unknown_lists_those_there_are(tiny, trait, code):
    with_instruments(tiny, trait)
    fault = codes(tiny)[code]
    assert "1015, 977, 980" in fault.found + fault.expected
    assert fault.where == "trait 'x', 'x.tsv'"


def with_map(study):
    """Take positions and other alleles from the exposure, and put them into a map."""
    rows = study.rows("x")
    lines = [
        f"{row['chromosome']}\t{row['rsid']}\t0\t{row['base_pair_location']}\t{row['effect_allele']}\t{row['other_allele']}"
        for row in rows
    ]
    (study.folder / "panel.bim").write_text("\n".join(lines) + "\n")
    lost = {"chromosome", "base_pair_location", "other_allele"}
    study.write("x", [{name: cell for name, cell in row.items() if name not in lost} for row in rows])
    study.replace("study.toml", "[instruments]", 'map = "panel.bim"\n\n[instruments]')


def test_map__fills_positions_and_alleles(tiny, finished_once):
    with_map(tiny)
    run(tiny)
    assert ingested(tiny).read_bytes() == ingested(finished_once).read_bytes()
    report = pl.read_parquet(tiny.results / "tables" / "row_report.parquet").filter(subject="x", kind="note")
    counts = dict(report.select("reason", "count").rows())
    assert (counts["map_position_filled"], counts["map_other_allele_filled"]) == (40, 40)


def test_map__that_changes_is_read_again(tiny):
    with_map(tiny)
    run(tiny)
    (before,) = (tiny.results / "tasks" / "ingest").glob("x-*")
    text = (tiny.folder / "panel.bim").read_text()
    (tiny.folder / "panel.bim").write_text(text.replace("\t1000\t", "\t999\t", 1))
    run(tiny)
    folders = set((tiny.results / "tasks" / "ingest").glob("x-*"))
    assert len(folders - {before}) == 1
    (new,) = folders - {before}
    assert 999 in pl.read_parquet(new / "variants.parquet")["position"].to_list()


def test_map__that_is_missing_is_a_fault(tiny):
    with_map(tiny)
    (tiny.folder / "panel.bim").unlink()
    with pytest.raises(OsteobiomeError) as caught:
        load_study(tiny.file)
    (fault,) = caught.value.faults
    assert (fault.code, fault.found) == ("missing_file", "no such file")
    assert fault.where == "study.toml: ingest.map, 'panel.bim'"


def test_map__that_is_no_map_is_one_fault(tiny):
    with_map(tiny)
    (tiny.folder / "panel.bim").write_text("<html>404</html>\n")
    with pytest.raises(OsteobiomeError) as caught:
        load_study(tiny.file)
    (fault,) = caught.value.faults
    assert fault.where.startswith("study.toml: ingest.map, 'panel.bim'")


def test_genome_build__of_a_trait_is_lifted_to_that_of_the_study(tiny):
    known = markers().filter(~pl.col("is_palindromic")).head(40).to_dicts()
    for trait, build in (("x", "grch38"), ("y", "grch37")):
        rows = tiny.rows(trait)
        for row, at in zip(rows, known, strict=True):
            row |= {
                "chromosome": str(at["chromosome"]),
                "base_pair_location": str(at[f"position_{build}"]),
                "effect_allele": at["allele_1"],
                "other_allele": at["allele_2"],
                "rsid": "NA",
                "effect_allele_frequency": "NA",
            }
        tiny.write(trait, rows)
    tiny.replace("traits.csv", "first,GRCh37", "first,GRCh38")
    study = load_study(tiny.file)
    reading = study.reading("x")
    assert (reading.genome_build, reading.lift_to) == ("GRCh38", "GRCh37")
    assert study.reading("y").lift_to == ""
    assert reading_from({"reading": reading.params()}) == reading
    run(tiny)
    lifted = pl.read_parquet(ingested(tiny))
    assert lifted["position"].to_list() == [row["position_grch37"] for row in known]
    assert lifted["variant_key"].to_list() == pl.read_parquet(ingested(tiny, "y"))["variant_key"].to_list()
    assert pl.read_parquet(tiny.results / "tables" / "estimates.parquet")["n_variants"][0] == 40
