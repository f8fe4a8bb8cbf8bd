"""The commands: help, exit codes, what goes to which stream, and numbers as readers see them."""

from __future__ import annotations

import json
import logging

import pytest

from osteobiome.core.progress import NoProgress
from osteobiome.mr import ESTIMATORS

COMMANDS = ("demo", "init", "check", "run", "status", "report", "cite", "doctor", "mr estimate", "mr methods")


@pytest.fixture(autouse=True)
def _no_handlers():
    """Keep -v of one test from talking in the next."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


# --- help and usage ----------------------------------------------------------------------------------------------


def test_help__lists_every_command(osteobiome):
    for flag in ("--help", "-h"):
        ran = osteobiome(flag)
        assert ran.code == 0
        for command in COMMANDS:
            assert f"  {command.split()[0]} " in ran.out
        assert "Mendelian randomization" in ran.out


@pytest.mark.parametrize("command", COMMANDS)
def test_help__of_a_command_says_what_it_does_and_takes(command, osteobiome):
    ran = osteobiome(*command.split(), "--help")
    assert ran.code == 0
    assert "Usage:" in ran.out
    assert "--json" in ran.out
    assert "One JSON document on standard output." in " ".join(ran.out.split())


def test_no_argument__shows_the_help(osteobiome):
    assert "Commands:" in osteobiome().out + osteobiome().err
    assert "methods" in osteobiome("mr").out + osteobiome("mr").err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rn",), "Did you mean 'run'?"),
        (("run",), "STUDY.toml"),
        (("run", "study.toml", "--wrkers", 2), "--workers"),
        (("run", "study.toml", "--workers", 0), "--workers"),
        (("mr", "estimate", "t.csv", "--max-bad-rows", 3), "--max-bad-rows"),
    ],
)
def test_wrong_usage__is_exit_2_with_a_hint(arguments, said, osteobiome):
    ran = osteobiome(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert said in ran.err


# --- check, run, status, report, cite ----------------------------------------------------------------------------


def test_check__of_a_good_study_says_what_it_holds(tiny, osteobiome):
    ran = osteobiome("check", tiny.file)
    assert ran.code == 0
    assert "no fault" in ran.out
    assert "2 traits" in ran.out
    assert "1 pair" in ran.out
    assert not tiny.results.exists()
    assert osteobiome("check", tiny.file, "--json").json == {"ok": True, "faults": []}


def test_check__shows_notes_without_failing(tiny, osteobiome):
    tiny.replace("study.toml", "p_threshold", "r2 = 0.001\np_threshold")
    ran = osteobiome("check", tiny.file)
    assert ran.code == 0
    assert "note: " in ran.out
    (note,) = osteobiome("check", tiny.file, "--json").json["faults"]
    assert note["severity"] == "note"


def test_check__counts_faults_in_good_english(tiny, osteobiome):
    tiny.replace("study.toml", '"egger"', '"eger"')
    ran = osteobiome("check", tiny.file)
    assert ran.code == 2
    assert "1 fault" in ran.err
    assert "fault(s)" not in ran.err


def test_run__shows_table_and_report_and_talks_on_stderr(tiny, osteobiome):
    ran = osteobiome("run", tiny.file, "--workers", 1)
    assert ran.code == 0
    assert "Does the exposure change the outcome?" in ran.out
    assert "Exposure X → Outcome Y" in ran.out
    assert "5 tasks done, 0 kept from earlier runs" in ran.out
    assert f"Report: {tiny.results / 'report.html'}" in ran.out
    assert "[5/5] report tiny: done" in ran.err
    assert "[" not in ran.out.split("Report:")[0]


def test_run__shows_the_estimate_with_digits_that_mean_something(finished, osteobiome):
    ran = osteobiome("run", finished.file)
    header, rule, row = ran.out.split("q within the family\n")[1].splitlines()[:3]
    assert header.split()[:3] == ["exposure", "→", "outcome"]
    assert set(rule) == {"─", " "}
    assert len(rule) >= len(row)
    estimates = json.loads(
        osteobiome("mr", "estimate", _pair_file(finished), "--methods", "ivw", "--json").out
    )["estimates"]  # fmt: skip
    shown = row.split("  ")
    shown = [cell.strip() for cell in shown if cell.strip()]
    assert shown[0] == "Exposure X → Outcome Y"
    assert float(shown[1]) == pytest.approx(estimates[0]["beta"], abs=estimates[0]["se"] / 100)
    assert len(shown[1].split(".")[1]) == len(shown[2].split(".")[1])
    assert " to " in shown[3]
    assert shown[-2:] == ["40", "ok"]


def _pair_file(study):
    """Return the harmonised pair of a finished study as a table for `mr estimate`."""
    import polars as pl

    path = study.folder / "pair.csv"
    pl.read_parquet(study.results / "tables" / "harmonised.parquet").write_csv(path)
    return path


@pytest.mark.parametrize("workers", [1])
def test_quiet__prints_nothing(workers, tiny, osteobiome):
    ran = osteobiome("run", tiny.file, "--workers", workers, "--quiet")
    assert ran.code == 0
    assert ran.out == ""
    assert ran.err == ""
    assert (tiny.results / "report.html").is_file()


def test_quiet__still_says_what_is_wrong(tiny, osteobiome):
    tiny.replace("study.toml", '"egger"', '"eger"')
    ran = osteobiome("run", tiny.file, "--quiet")
    assert ran.code == 2
    assert ran.out == ""
    assert "Did you mean 'egger'?" in ran.err


def test_json__leaves_stderr_empty(tiny, osteobiome):
    ran = osteobiome("run", tiny.file, "--workers", 1, "--json")
    assert ran.json["tasks"] == {"done": 5, "cached": 0, "failed": 0}
    assert ran.json["report"] == str(tiny.results / "report.html")
    assert ran.err == ""


def test_out__puts_results_elsewhere(tiny, osteobiome):
    out = tiny.folder / "somewhere" / "else"
    assert osteobiome("run", tiny.file, "--out", out, "--workers", 1, "--quiet").code == 0
    assert (out / "report.html").is_file()
    assert not tiny.results.exists()
    assert osteobiome("status", tiny.file, "--out", out, "--json").json["done"] == 5
    assert osteobiome("status", tiny.file, "--json").json["done"] == 0


def test_status__lists_tasks_and_their_state(finished, osteobiome):
    assert "5 of 5 tasks done" in osteobiome("status", finished.file).out
    finished.replace("study.toml", "5e-8", "5e-9")
    ran = osteobiome("status", finished.file)
    assert "2 of 5 tasks done" in ran.out
    assert "to do" in ran.out
    tasks = osteobiome("status", finished.file, "--json").json["tasks"]
    assert {(task["step"], task["done"]) for task in tasks} == {
        ("ingest", True), ("instruments", False), ("mr", False), ("report", False),
    }  # fmt: skip


@pytest.mark.parametrize("command", ["report", "cite"])
def test_results__that_are_not_there_are_exit_2_with_the_command_to_run(command, tiny, osteobiome):
    ran = osteobiome(command, tiny.file)
    assert ran.code == 2
    assert f"osteobiome run {tiny.file}" in ran.err
    assert not tiny.results.exists()


def test_report__writes_the_page_again(finished, osteobiome):
    (finished.results / "report.html").unlink()
    ran = osteobiome("report", finished.file)
    assert ran.out == f"Report: {finished.results / 'report.html'}\n"
    assert (finished.results / "report.html").is_file()


def test_cite__lists_sources(finished, osteobiome):
    ran = osteobiome("cite", finished.file)
    assert ran.code == 0
    assert "doi:10.1000/x  data: Exposure X" in ran.out
    assert "method: MR-Egger" in ran.out


def test_verbose__logs_to_stderr_only(finished, osteobiome):
    quiet = osteobiome("run", finished.file)
    loud = osteobiome("run", finished.file, "-vv")
    assert loud.code == 0
    assert loud.out.split("tasks done")[0] == quiet.out.split("tasks done")[0]


# --- init --------------------------------------------------------------------------------------------------------


def test_init__writes_a_study_that_lacks_only_its_data(tmp_path, osteobiome):
    ran = osteobiome("init", tmp_path / "new")
    assert ran.code == 0
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["study.toml", "traits.csv"]
    assert f"osteobiome check {tmp_path / 'new' / 'study.toml'}" in ran.out
    faults = osteobiome("check", tmp_path / "new" / "study.toml", "--json").json["faults"]
    assert {fault["code"] for fault in faults} == {"missing_file"}
    assert len(faults) == 2


@pytest.mark.parametrize("name", ["study.toml", "traits.csv"])
def test_init__overwrites_nothing(name, tmp_path, osteobiome, tree):
    (tmp_path / name).write_text("mine")
    (tmp_path / "notes.txt").write_text("mine too")
    before = tree(tmp_path)
    ran = osteobiome("init", tmp_path, "--json")
    assert ran.code == 2
    (fault,) = ran.json["faults"]
    assert (fault["code"], fault["where"]) == ("file_exists", str(tmp_path / name))
    assert tree(tmp_path) == before


def test_init__names_the_nearest_template(tmp_path, osteobiome):
    ran = osteobiome("init", tmp_path / "new", "--template", "two-sampel")
    assert ran.code == 2
    assert "Did you mean 'two-sample'?" in ran.err
    assert not (tmp_path / "new").exists()


def test_init__onto_a_file_is_exit_2(tmp_path, osteobiome):
    (tmp_path / "file").write_text("mine")
    ran = osteobiome("init", tmp_path / "file")
    assert ran.code == 2
    assert "--out" not in ran.err  # init has no such option
    assert (tmp_path / "file").read_text() == "mine"


def test_init__with_a_name_that_is_too_long_is_exit_2(tmp_path, osteobiome):
    ran = osteobiome("init", tmp_path / ("x" * 300), "--json")
    assert (ran.code, ran.json["faults"][0]["code"]) == (2, "cannot_write")
    assert not list(tmp_path.iterdir())


# --- doctor and methods ------------------------------------------------------------------------------------------


def test_doctor__says_what_is_here(osteobiome):
    ran = osteobiome("doctor")
    assert ran.code == 0
    for word in ("version", "python", "processors", "memory", "compile cache", "numba", "polars"):
        assert word in ran.out
    facts = osteobiome("doctor", "--json").json
    assert facts["processors"] >= 1
    assert facts["memory"].endswith("GiB")


def test_methods__lists_each_with_what_it_assumes(osteobiome):
    ran = osteobiome("mr", "methods")
    assert max(map(len, ran.out.splitlines())) <= 100
    for name, entry in ESTIMATORS.items():
        assert f"{name}: {entry.label}" in ran.out
        assert f"doi:{entry.doi}" in ran.out
        for assumption in entry.assumptions:
            assert assumption in " ".join(ran.out.split())
    listed = osteobiome("mr", "methods", "--json").json["methods"]
    assert [m["name"] for m in listed] == sorted(ESTIMATORS)
    ratio = next(m for m in listed if m["name"] == "wald_ratio")
    assert (ratio["min_variants"], ratio["max_variants"]) == (1, 1)
    assert next(m for m in listed if m["name"] == "ivw")["max_variants"] is None


def test_methods__one_by_name_in_any_case(osteobiome):
    lines = osteobiome("mr", "methods", "IVW").out.splitlines()
    assert lines[0].startswith("ivw: ")
    assert not any(line.startswith("egger") for line in lines)
    assert [m["name"] for m in osteobiome("mr", "methods", "egger", "--json").json["methods"]] == ["egger"]
    assert "Cochran" in osteobiome("mr", "methods", "cochran_q").out
    assert osteobiome("mr", "methods", "cochran_q", "--json").json["diagnostic"]["name"] == "cochran_q"
    assert osteobiome("mr", "methods", "mr_ivw", "--as", "TwoSampleMR").out.count("\n") == 3
    ran = osteobiome("mr", "methods", "eger")
    assert (ran.code, "Did you mean 'egger'?" in ran.err) == (2, True)


def test_methods__of_a_package_are_its_calls(osteobiome):
    ran = osteobiome("mr", "methods", "--as", "twosamplemr")
    assert "TwoSampleMR 0.7" in ran.out
    assert "mr_ivw_mre: Inverse variance weighted (multiplicative random effects)" in ran.out
    assert "  by ivw (model multiplicative_unfloored), needs" in ran.out
    assert "mr_sign: not covered" in ran.out
    assert "mr_ivw: Inverse variance weighted\n  by ivw, needs 2 variants or more" in ran.out
    listed = osteobiome("mr", "methods", "--as", "mendelianrandomization", "--json").json
    calls = [m["call"] for m in listed["methods"]]
    assert (listed["package"], calls) == ("mendelianrandomization", sorted(calls))
    assert {"label": "IVW", "method": "ivw", "options": {"model": "fixed"}}.items() <= next(
        m for m in listed["methods"] if m["call"] == 'mr_ivw(model="fixed")'
    ).items()


# --- mr estimate -------------------------------------------------------------------------------------------------


def test_estimate__prints_tables_and_remarks(finished, osteobiome):
    ran = osteobiome("mr", "estimate", _pair_file(finished))
    assert ran.code == 0
    assert ran.err == ""  # progress is for terminals
    assert "40 variants, 40 kept, 0 dropped" in ran.out
    for name in ("ivw", "ivw_fixed", "egger", "cochran_q", "egger_intercept", "mean_f"):
        assert name in ran.out


def test_estimate__shows_progress_on_a_terminal(finished, osteobiome, monkeypatch):
    asked = []
    monkeypatch.setattr("osteobiome.core.progress.for_terminal", lambda *, quiet: asked.append(quiet) or NoProgress())
    osteobiome("mr", "estimate", _pair_file(finished), "--methods", "ivw")
    monkeypatch.setattr("osteobiome.cli.mr._is_terminal", lambda: True)
    osteobiome("mr", "estimate", _pair_file(finished), "--methods", "ivw")
    osteobiome("mr", "estimate", _pair_file(finished), "--methods", "ivw", "--quiet")
    assert asked == [True, False, True]


def test_estimate__of_one_variant_is_said_in_the_singular(tmp_path, osteobiome):
    (tmp_path / "pair.csv").write_text("beta_exposure,se_exposure,beta_outcome,se_outcome\n0.1,0.01,0.05,0.02\n")
    ran = osteobiome("mr", "estimate", tmp_path / "pair.csv")
    assert "1 variant," in ran.out
    assert "wald_ratio" in ran.out


def test_estimate__of_chosen_methods_keeps_their_order(finished, osteobiome):
    ran = osteobiome("mr", "estimate", _pair_file(finished), "--methods", " egger, ivw,egger ", "--json")
    assert [estimate["method"] for estimate in ran.json["estimates"]] == ["egger", "ivw"]


def test_estimate__without_method_is_exit_2(finished, osteobiome):
    ran = osteobiome("mr", "estimate", _pair_file(finished), "--methods", " , ")
    assert ran.code == 2
    assert "--methods" in ran.err


def test_estimate__as_a_package_and_with_further_checks(finished, osteobiome):
    ran = osteobiome("mr", "estimate", _pair_file(finished), "--as", "twosamplemr", "--sensitivity")
    assert "mr_ivw_mre" in ran.out
    assert "Confidence sets that hold with weak instruments" in ran.out
    assert "the package's optimiser stops" in ran.out
    asked = osteobiome("mr", "estimate", _pair_file(finished), "--as", "twosamplemr", "--json")
    assert {"sensitivity", "differences"} <= set(asked.json)


def test_estimate__as_an_unknown_package_is_exit_2(finished, osteobiome):
    ran = osteobiome("mr", "estimate", _pair_file(finished), "--as", "mrbase")
    assert ran.code == 2
    assert "mendelianrandomization" in ran.err


def test_estimate__sample_sizes_come_by_option(finished, osteobiome, tmp_path):
    numbers = "beta_exposure,se_exposure,beta_outcome,se_outcome"
    (tmp_path / "pair.csv").write_text(f"{numbers}\n0.1,0.01,0.05,0.02\n0.2,0.01,0.11,0.02\n0.3,0.01,0.16,0.02\n")
    command = ("mr", "estimate", tmp_path / "pair.csv", "--methods", "cml_bic")
    assert "--n-exposure" in osteobiome(*command).out
    ran = osteobiome(*command, "--n-exposure", 10000, "--n-outcome", 20000, "--json")
    assert ran.json["estimates"][0]["status"] == "ok"
    assert ran.err == ""
    assert osteobiome(*command, "--n-exposure", 0).code == 2


def test_estimate__lines_of_text_fit_a_terminal(finished, osteobiome, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    ran = osteobiome("mr", "estimate", _pair_file(finished), "--as", "twosamplemr", "--quantitative", "--sensitivity")
    assert ran.code == 0
    assert "steiger_direction" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100


def test_estimate__name_of_a_package_is_translated(finished, osteobiome):
    ran = osteobiome("mr", "estimate", _pair_file(finished), "--methods", "mr_ivw")
    assert ran.code == 2
    assert "--as twosamplemr" in ran.err
