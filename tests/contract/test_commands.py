"""Every command of the command line: it takes the common options and prints one JSON document if asked."""

from __future__ import annotations

import pytest
import typer

from osteobiome.cli.main import app
from osteobiome.core.columns import ESTIMATES

FAULT_KEYS = {"severity", "code", "where", "found", "expected", "hint"}

# name: keys of the document, for a call that succeeds
COMMANDS = {
    "demo": {"study", "tables", "report", "seconds"},
    "init": {"files"},
    "check": {"ok", "faults"},
    "run": {"tasks", "tables", "report"},
    "status": {"tasks", "done", "total"},
    "report": {"report"},
    "cite": {"citations"},
    "doctor": {"version", "python", "processors", "memory", "compile_cache"},
    "mr estimate": {"n_in", "n_kept", "n_dropped", "estimates", "diagnostics", "variants"},
    "mr methods": {"methods"},
    "instruments loci": {"build", "loci"},
    "ld check": {"file", "panel", "verdict", "noise_floor", "n_found", "n_in", "n_kept", "n_dropped", "findings"},
    "ld convert": {"files", "n_in", "n_kept", "n_dropped"},
    "ld clump": {"file", "panel", "options", "n_candidates", "n_dropped", "index_variants", "not_in_panel", "fit"},
    "ld joint": {"files", "panel", "n_candidates", "n_dropped", "index_variants", "not_in_panel", "fits"},
    "ld proxies": {"file", "panel", "n_listed", "n_proxies", "n_dropped", "variants", "fit"},
    "ld conditional": {"file", "panel", "n_in", "n_kept", "n_dropped", "n_chosen", "chosen", "warnings", "fit"},
    "ld scores": {"files", "n_in", "n_kept", "n_dropped", "m", "m_5_50"},
    "ld matrix": {"files", "n_in", "n_kept", "n_dropped", "left_out"},
    "sumstats check": {"file", "format", "n_in", "n_kept", "n_dropped", "findings"},
    "sumstats convert": {"files", "format", "n_in", "n_kept", "n_dropped"},
    "sumstats head": {"file", "format", "columns", "rows"},
    "sumstats compare": {"first", "second", "n_first", "n_second", "n_common", "n_identical"},
    "sumstats formats": {"read", "written"},
}


def _commands():
    """Return every command that the application knows, by what a user types."""
    root = typer.main.get_command(app)
    found = {}
    for name, command in root.commands.items():
        if hasattr(command, "commands"):
            found |= {f"{name} {sub}": part for sub, part in command.commands.items()}
        else:
            found[name] = command
    return found


@pytest.fixture
def arguments(finished, tmp_path):
    """Return what to type after each command so that it succeeds."""
    table = tmp_path / "pair.csv"
    rows = [f"rs{i},{0.1 + 0.01 * i},0.01,{0.05 + 0.004 * i},0.02" for i in range(5)]
    table.write_text("\n".join(["rsid,beta_exposure,se_exposure,beta_outcome,se_outcome", *rows]) + "\n")
    panel = finished.add_panel([[(i + j) % 3 for j in range(8)] for i in range(finished.n_variants)])
    names = tmp_path / "names.txt"
    names.write_text("rs1\nrs999\n")
    vcf = tmp_path / "in.vcf"
    lines = (
        "##fileformat=VCFv4.2",
        "#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT a b",
        "1 1 rs1 A G . . . GT 0/1 1/1",
    )
    vcf.write_text("".join(line.replace(" ", "\t") + "\n" for line in lines))
    return {
        "demo": ("--out", tmp_path / "demo", "--workers", 1),
        "init": (tmp_path / "new",),
        "doctor": (),
        "mr estimate": (table,),
        "mr methods": (),
        "instruments loci": (),
        "ld check": (finished.folder / "x.tsv", panel),
        "ld convert": (vcf, tmp_path / "converted"),
        "ld clump": (finished.folder / "x.tsv", panel, "--r2", 0.5),
        "ld joint": (panel, finished.folder / "x.tsv", finished.folder / "y.tsv", "--r2", 0.5),
        "ld proxies": (finished.folder / "y.tsv", panel, "--variants", names),
        "ld conditional": (finished.folder / "x.tsv", panel),
        "ld scores": (panel, tmp_path / "scores"),
        "ld matrix": (panel, tmp_path / "r.npz", "--region", "1:1-9999999"),
        "sumstats check": (finished.folder / "x.tsv",),
        "sumstats convert": (finished.folder / "x.tsv", "--to", "csv", "--out", tmp_path / "x.csv"),
        "sumstats head": (finished.folder / "x.tsv",),
        "sumstats compare": (finished.folder / "x.tsv", finished.folder / "y.tsv"),
        "sumstats formats": (),
    } | dict.fromkeys(("check", "run", "status", "report", "cite"), (finished.file,))


def test_commands__are_those_of_the_contract():
    assert set(_commands()) == set(COMMANDS)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "demo" else name for name in COMMANDS]
)
def test_command__prints_one_json_document(name, arguments, osteobiome):
    ran = osteobiome(*name.split(), *arguments[name], "--json")
    assert ran.code == 0, ran.err
    assert COMMANDS[name] <= set(ran.json)
    assert ran.err == ""


@pytest.mark.parametrize("option", ["--json", "--quiet", "--verbose"])
@pytest.mark.parametrize("name", COMMANDS)
def test_command__takes_the_common_options(name, option):
    """As the page about the command line says: every command."""
    assert option in [text for parameter in _commands()[name].params for text in parameter.opts]


@pytest.mark.parametrize("name", COMMANDS)
def test_command__describes_itself_and_its_options(name):
    command = _commands()[name]
    assert command.help.strip().endswith(".")
    assert not [parameter.name for parameter in command.params if not getattr(parameter, "help", None)]


@pytest.mark.parametrize("name", ["check", "run", "status", "report", "cite"])
def test_command__gives_faults_as_json(name, finished, osteobiome):
    finished.replace("study.toml", "[instruments]", "[instrumnets]")
    ran = osteobiome(name, finished.file, "--json")
    assert ran.code == 2
    assert ran.json["ok"] is False
    assert [set(fault) for fault in ran.json["faults"]] == [FAULT_KEYS]


def test_run__counts_tasks_and_names_files(finished, osteobiome):
    document = osteobiome("run", finished.file, "--json").json
    assert document["tasks"] == {"done": 0, "cached": 5, "failed": 0}
    assert document["study"] == "tiny"
    assert {"estimates", "diagnostics", "row_report", "evidence"} <= set(document["tables"])


def test_estimate__has_every_field_of_the_schema(arguments, osteobiome):
    for estimate in osteobiome("mr", "estimate", *arguments["mr estimate"], "--json").json["estimates"]:
        assert set(estimate) == {*ESTIMATES, "p_value"}


def test_methods__have_source_and_assumptions(osteobiome):
    for method in osteobiome("mr", "methods", "--json").json["methods"]:
        assert method["doi"].startswith("10.")
        assert method["assumptions"]
        assert {"name", "label", "min_variants", "needs_ld"} <= set(method)


def test_init__refuses_to_overwrite(tmp_path, osteobiome):
    folder = tmp_path / "new"
    files = osteobiome("init", folder, "--json").json["files"]
    assert sorted(files) == [str(folder / "study.toml"), str(folder / "traits.csv")]
    (folder / "study.toml").write_text("mine")
    ran = osteobiome("init", folder, "--json")
    assert ran.code == 2
    assert ran.json["faults"][0]["code"] == "file_exists"
    assert (folder / "study.toml").read_text() == "mine"


def test_template__passes_the_check_once_its_data_are_there(tmp_path, finished, osteobiome):
    osteobiome("init", tmp_path / "new")
    study = tmp_path / "new" / "study.toml"
    faults = osteobiome("check", study, "--json").json["faults"]
    assert {fault["code"] for fault in faults} == {"missing_file"}
    (tmp_path / "new" / "data").mkdir()
    for trait, name in (("x", "exposure"), ("y", "outcome")):
        import gzip

        content = gzip.compress((finished.folder / f"{trait}.tsv").read_bytes())
        (tmp_path / "new" / "data" / f"{name}.tsv.gz").write_bytes(content)
    assert osteobiome("check", study, "--json").json == {"ok": True, "faults": []}
    assert osteobiome("run", study, "--workers", 1, "--json").json["tasks"]["failed"] == 0
