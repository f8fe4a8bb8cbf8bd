"""Regions to be shown: what the check finds, what the step writes, and that nothing else depends on them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from osteobiome.core.errors import ConfigError, InputFileError, SchemaError
from osteobiome.store import StudyFolder, read_table
from osteobiome.study import load_study
from osteobiome.study.loci import read_genes
from osteobiome.study.plan import make_plan
from osteobiome.study.task import STEPS, Inputs

BLOCK = '\n[[locus]]\nid = "here"\nchromosome = 1\nstart = 1000\nend = 5000\ntraits = ["x", "y"]\n'
GENES = """\
gene	chromosome	start	end	strand
G2	1	4000	9000	-
G1	chr1	500	1200	1
FAR	1	6000	7000	1
G3	2	1	9	+
"""
R = [[1.0, 0.5, -0.2, 0.1], [0.5, 1.0, 0.0, 0.3], [-0.2, 0.0, 1.0, 0.0], [0.1, 0.3, 0.0, 1.0]]


@pytest.fixture
def study(make_study):
    """Return a study of six variants of chromosome 1, 1 kb apart, with a region of the first five."""
    tiny = make_study(n_variants=6)
    for trait in ("x", "y"):
        tiny.write(trait, [row | {"chromosome": "1"} for row in tiny.rows(trait)])
    tiny.set("x", 1, p_value="1e-30")  # rs2 is the lead
    tiny.file.write_text(tiny.file.read_text() + BLOCK)
    return tiny


def _faults(study):
    with pytest.raises(ConfigError) as caught:
        load_study(study.file)
    return caught.value.faults


def _task(study, step="locus"):
    plan = make_plan(load_study(study.file), StudyFolder(study.results))
    (task,) = [task for task in plan.tasks if task.step == step]
    return plan, task


def _run(study, tmp_path):
    """Run the step and what it needs; return its tables."""
    plan, last = _task(study)
    store = StudyFolder(study.results)
    for task in plan.tasks:
        if task.key in {*last.depends, last.key}:
            locations = {name: Path(path) for name, path in task.locations.items()}
            with store.committing(task.step, task.subject, task.key) as out:
                STEPS[task.step].run(Inputs(task.params, locations, task.key), out)
    folder = store.task_folder(last.step, last.subject, last.key)
    return tuple(read_table(folder / f"{name}.parquet", schema=name) for name in ("regional", "genes"))


# --- the check ---------------------------------------------------------------------------------------------------


def test_locus__without_fault_is_planned(study):
    plan, task = _task(study)
    assert task.subject == "here"
    assert task.params["traits"] == ["x", "y"]
    assert set(task.depends) == {t.key for t in plan.tasks if t.step == "ingest"}
    assert task.key in plan.report.depends
    assert load_study(study.file).notes == ()


FAULTS = {
    # name: (old text, new text, code, place)
    "trait": ('["x", "y"]\n', '["x", "yy"]\n', "unknown_trait", "locus[0].traits[1]"),
    "no_traits": ('["x", "y"]\n', "[]\n", "bad_value", "locus[0].traits"),
    "order": ("end = 5000", "end = 1000", "bad_region", "locus[0]"),
    "negative": ("start = 1000", "start = -1", "bad_value", "locus[0].start"),
    "chromosome": ("chromosome = 1", "chromosome = 26", "bad_value", "locus[0].chromosome"),
    "no_variant": ("chromosome = 1", "chromosome = 2", "empty_region", "locus[0]"),
    "lead": ('["x", "y"]\n', '["x", "y"]\nlead = "rs6"\n', "unknown_lead", "locus[0].lead"),
    "ld": ('["x", "y"]\n', '["x", "y"]\nld = "EUR"\n', "unknown_ld", "locus[0].ld"),
    "genes": ('["x", "y"]\n', '["x", "y"]\ngenes = "none.tsv"\n', "missing_file", "none.tsv"),
    "key": ("end = 5000", "stop = 5000", "unknown_key", "locus[0].stop"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_locus__with_a_fault_names_the_place(name, study):
    old, new, code, place = FAULTS[name]
    head, block = study.file.read_text().split("[[locus]]")
    study.file.write_text(head + "[[locus]]" + block.replace(old, new))
    faults = _faults(study)
    assert (faults[-1].code if name != "key" else faults[0].code) in {code, "missing_key"}
    assert any(fault.code == code and place in fault.where for fault in faults)


def test_locus__of_a_name_that_is_taken_is_a_fault(study):
    study.file.write_text(study.file.read_text() + BLOCK)
    (fault,) = _faults(study)
    assert (fault.code, fault.where) == ("duplicate_locus", "study.toml: locus[1]")


def test_locus__must_choose_between_several_ld_matrices(study):
    study.add_ld(R)
    study.replace("study.toml", "EUR = {", 'AFR = { matrix = "ld_r.tsv", variants = "ld_variants.tsv" }\nEUR = {')
    (fault,) = _faults(study)
    assert (fault.code, fault.expected) == ("ambiguous_ld", "one of AFR, EUR")
    study.replace("study.toml", 'traits = ["x", "y"]', 'traits = ["x", "y"]\nld = "EUR"')
    assert load_study(study.file).notes == ()


def test_locus__of_a_trait_whose_file_is_faulty_names_the_file_once(study):
    (study.folder / "x.tsv").write_text("nothing\n")
    (fault,) = _faults(study)
    assert "x.tsv" in fault.where


def test_locus__takes_traits_that_no_family_uses(study):
    """They are ingested as outcomes."""
    with (study.folder / "traits.csv").open("a") as handle:
        handle.write("z,Z,bone,,quantitative,sd,1,none,EUR,third,GRCh37,gwas_ssf,z.tsv,CC0,doi:10.1000/z\n")
    study.write("z", study.rows("y"))
    study.replace("study.toml", 'traits = ["x", "y"]\n', 'traits = ["z"]\n')
    assert load_study(study.file).sides() == {"x": "exposure", "y": "outcome", "z": "outcome"}
    plan, task = _task(study)
    assert [t.subject for t in plan.tasks if t.step == "ingest"] == ["x", "y", "z"]
    assert list(task.inputs) == ["trait:z"]
    (study.folder / "z.tsv").unlink()
    (fault,) = _faults(study)
    assert "z.tsv" in fault.where


# --- genes -------------------------------------------------------------------------------------------------------


def _genes(tmp_path, text):
    path = tmp_path / "genes.tsv"
    path.write_text(text)
    return read_genes(path)


def test_genes__are_read_in_the_usual_spellings(tmp_path):
    text = "strand,gene,chromosome,start,end,type\n-,A,17,5,9,x\n+1,B,chrX,1,1,y\n,C,1,2,3,\n1,D,HSCHR6_MHC,1,2,z\n"
    rows = _genes(tmp_path, text)
    assert rows.rows() == [("A", 17, 5, 9, -1), ("B", 23, 1, 1, 1), ("C", 1, 2, 3, None)]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("A,1,9,5,+", "end '5'"),
        ("A,1,0,5,+", "end '5'"),
        ("A,1,x,5,+", "start 'x'"),
        ("A,1,1,,+", "start '1'"),
        ("A,1,1,5,forward", "strand 'forward'"),
        (",1,1,5,+", "gene"),
    ],
)
def test_genes__name_a_faulty_row(tmp_path, row, found):
    with pytest.raises(SchemaError) as caught:
        _genes(tmp_path, f"gene,chromosome,start,end,strand\nOK,1,1,2,+\n{row}\n")
    (fault,) = caught.value.faults
    assert "line 3" in fault.where
    assert found in fault.found


def test_genes__name_a_missing_column(tmp_path):
    with pytest.raises(SchemaError, match="no column 'strand'"):
        _genes(tmp_path, "gene,chromosome,start,end,strnd\nA,1,1,2,+\n")


# --- the step ----------------------------------------------------------------------------------------------------


def test_step__cuts_out_the_region_of_every_trait(study, tmp_path):
    regional, genes = _run(study, tmp_path)
    assert regional.select("locus", "trait_id", "rsid", "chromosome", "position").rows() == [
        ("here", trait, f"rs{i}", 1, 1000 * i) for trait in ("x", "y") for i in range(1, 6)
    ]
    assert regional.filter("is_lead").select("trait_id", "rsid").rows() == [("x", "rs2"), ("y", "rs2")]
    first = study.rows("x")[0]
    assert abs(regional["beta"][0]) == pytest.approx(abs(float(first["beta"])))
    assert regional["ld_r2"].null_count() == regional.height
    assert genes.height == 0


def test_step__adds_r2_with_the_lead_variant_and_the_genes(study, tmp_path):
    study.add_ld(R)
    (study.folder / "genes.tsv").write_text(GENES)
    study.replace("study.toml", 'traits = ["x", "y"]', 'traits = ["x", "y"]\ngenes = "genes.tsv"')
    regional, genes = _run(study, tmp_path)
    r2 = dict(regional.filter(trait_id="x").select("rsid", "ld_r2").rows())
    assert r2 == {"rs1": pytest.approx(0.25), "rs2": 1.0, "rs3": 0.0, "rs4": pytest.approx(0.09), "rs5": None}
    assert genes.rows() == [("here", "G1", 1, 500, 1200, 1), ("here", "G2", 1, 4000, 9000, -1)]


def test_step__takes_the_lead_that_is_declared(study, tmp_path):
    study.add_ld(R)
    study.replace("study.toml", 'traits = ["x", "y"]', 'traits = ["x", "y"]\nlead = "rs4"')
    regional, _ = _run(study, tmp_path)
    assert regional.filter("is_lead")["rsid"].unique().to_list() == ["rs4"]
    assert dict(regional.select("rsid", "ld_r2").rows())["rs1"] == pytest.approx(0.01)


def test_step__knows_no_ld_for_other_alleles_or_a_lead_that_the_matrix_lacks(study, tmp_path):
    study.add_ld(R)
    study.replace("ld_variants.tsv", "rs1\tA\tG", "rs1\tA\tC")
    regional, _ = _run(study, tmp_path)
    assert dict(regional.select("rsid", "ld_r2").rows())["rs1"] is None
    study.replace("study.toml", 'traits = ["x", "y"]', 'traits = ["x", "y"]\nlead = "rs5"')
    regional, _ = _run(study, tmp_path)
    assert regional["ld_r2"].null_count() == regional.height


def test_step__finds_the_lead_by_name_where_a_trait_has_it_elsewhere(study, tmp_path):
    """Positions of one trait may be those of another release of the same build."""
    study.set("y", 1, base_pair_location="2001")
    regional, _ = _run(study, tmp_path)
    assert regional.filter("is_lead").select("trait_id", "position").rows() == [("x", 2000), ("y", 2001)]


def test_step__stops_for_a_lead_that_is_nowhere(study, tmp_path):
    """The check does not look into large files."""
    _, task = _task(study)
    _run(study, tmp_path)
    inputs = Inputs(dict(task.params) | {"lead": "rs9"}, {k: Path(v) for k, v in task.locations.items()}, "key")
    with pytest.raises(InputFileError, match="'rs9' is in the region of no trait"):
        STEPS["locus"].run(inputs, tmp_path)


def test_step__depends_on_nothing_but_its_region(study):
    """Another threshold leaves the region as it is; another region leaves the estimates as they are."""
    keys = {task.label: task.key for task in _task(study)[0].tasks}
    study.replace("study.toml", "p_threshold = 5e-8", "p_threshold = 5e-9")
    again = {task.label: task.key for task in _task(study)[0].tasks}
    assert again["locus here"] == keys["locus here"]
    study.replace("study.toml", "end = 5000", "end = 4000")
    third = {task.label: task.key for task in _task(study)[0].tasks}
    assert {name for name in keys if third[name] != again[name]} == {"locus here", "report tiny"}


def test_tables__of_a_study_hold_the_region(study):
    from osteobiome.study import run_study

    result = run_study(study.file, workers=1)
    assert result.n_failed == 0
    regional = pl.read_parquet(result.tables["regional"])
    assert regional.group_by("trait_id", maintain_order=True).len().rows() == [("x", 5), ("y", 5)]
    assert pl.read_parquet(result.tables["genes"]).is_empty()


# --- clumping in a study -----------------------------------------------------------------------------------------


@pytest.fixture
def linked(study):
    """Return a study with an LD matrix of the first four variants and a threshold for clumping."""
    study.add_ld(R)
    study.replace("study.toml", "p_threshold = 5e-8", "p_threshold = 5e-8\nr2 = 0.1")
    return study


def test_clumping__takes_the_matrix_of_the_exposures_ancestry(linked):
    loaded = load_study(linked.file)
    assert loaded.selection("x").ld == "EUR"
    assert loaded.notes == ()
    _, task = _task(linked, "instruments")
    assert task.params["clump"] == {"r2": 0.1, "window_kb": None, "trust_strand": False}
    assert {"ld:matrix", "ld:variants"} <= set(task.inputs)
    assert set(task.inputs) == set(task.locations)


@pytest.mark.parametrize(("ancestry", "name"), [("", "EUR"), ("EAS", "")])
def test_clumping__of_unknown_ancestry_takes_the_only_matrix_of_another_none(ancestry, name, linked):
    linked.replace("traits.csv", "none,EUR,first", f"none,{ancestry},first")
    loaded = load_study(linked.file)
    assert loaded.selection("x").ld == name
    assert [note.code for note in loaded.notes] == ([] if name else ["no_clumping"])


def test_clumping__leaves_given_instruments_alone(linked):
    linked.replace("study.toml", "r2 = 0.1", 'r2 = 0.1\ngiven = { x = "a list" }')
    loaded = load_study(linked.file)
    assert (loaded.selection("x").ld, loaded.notes) == ("", ())
    assert "clump" not in _task(linked, "instruments")[1].params


def test_clumping__window_without_r2_is_a_note(linked):
    linked.replace("study.toml", "r2 = 0.1", "window_kb = 100")
    (note,) = load_study(linked.file).notes
    assert (note.code, note.found) == ("no_clumping", "window_kb without r2")


def test_clumping__changes_what_is_estimated(linked):
    """rs2 removes rs1 (r² 0.25); rs5 and rs6 are not in the matrix."""
    from osteobiome.study import run_study

    result = run_study(linked.file, workers=1)
    assert result.n_failed == 0
    rows = pl.read_parquet(result.tables["row_report"]).filter(step="instruments", subject="x")
    assert dict(rows.select("reason", "count").rows()) == {"not_in_ld_matrix": 2, "clumped": 1}
    assert rows.select("n_in", "n_kept").unique().rows() == [(6, 3)]
    assert pl.read_parquet(result.tables["harmonised"])["rsid"].to_list() == ["rs2", "rs3", "rs4"]


# --- the page on cis-MR ------------------------------------------------------------------------------------------


def test_howto__does_what_it_says(tmp_path):
    """Files, study and numbers of docs/howto/cis-mr.md."""
    import re
    import shutil

    from osteobiome.study import run_study
    from osteobiome.study.bundled import bundled_study

    page = (Path(__file__).parents[3] / "docs" / "howto" / "cis-mr.md").read_text(encoding="utf-8")
    shutil.copytree(bundled_study("sclerostin-bone").parent / "data", tmp_path / "data")
    (tmp_path / "study.toml").write_text(re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)[0])
    (tmp_path / "traits.csv").write_text(re.findall(r"```text\n(trait_id.*?)```", page, flags=re.DOTALL)[0])
    result = run_study(tmp_path / "study.toml", workers=1)
    assert result.n_failed == 0
    estimates = pl.read_parquet(result.tables["estimates"])
    shown = {row["method"]: (f"{row['beta']:.4f}", f"{row['se']:.4f}") for row in estimates.to_dicts()}
    assert shown == {"ivw_ld": ("0.5240", "0.1925"), "ivw_ld_fixed": ("0.5240", "0.0241")}
    assert all(text in page for text in shown["ivw_ld"])
    rows = pl.read_parquet(result.tables["row_report"]).filter(step="instruments")
    assert rows["count"].to_list() == [948, 6, 1, 117]
    assert "948 are above the threshold, 6 are not in the matrix, 1 is" in page
    tests = pl.read_parquet(result.tables["diagnostics"]).filter(method="ivw_ld")
    values = dict(tests.select("name", "statistic").rows())
    assert f"{values['cochran_q']:.1f}" == "127.7"
    assert f"{values['ld_condition_number']:.1f}" == "1.9"
