"""Files that can be read but cannot be right: the run goes through and says so, in terminal and report."""

from __future__ import annotations

import polars as pl
import pytest


def _page(tiny):
    return (tiny.results / "report.html").read_text(encoding="utf-8").split('<script type="application/json"')[0]


def _notes(tiny):
    rows = pl.read_parquet(tiny.results / "tables" / "row_report.parquet").to_dicts()
    return {(row["step"], row["reason"]): row["count"] for row in rows}


def test_frequencies_of_the_other_allele__drop_palindromes_and_are_a_caution(tiny, osteobiome):
    rows = tiny.rows("y")
    for row in rows:
        row["effect_allele_frequency"] = f"{1 - float(row['effect_allele_frequency']):.3f}"
    tiny.write("y", rows)
    for trait in "xy":
        tiny.set(trait, 0, effect_allele="A", other_allele="T")
    assert osteobiome("run", tiny.file, "--workers", 1).code == 0
    notes = _notes(tiny)
    assert notes[("harmonise", "palindromic_frequencies_contradict")] == 1
    assert notes[("harmonise", "frequencies_of_the_other_allele")] == 39
    assert "Frequencies contradict" in _page(tiny)


def test_frequencies_that_agree__are_no_caution(tiny, osteobiome):
    assert osteobiome("run", tiny.file, "--workers", 1).code == 0
    page = _page(tiny)
    assert "Frequencies contradict" not in page
    assert "Numbers contradict" not in page
    assert "Same file twice" not in page
    assert "One variant" not in page


def test_odds_ratios_in_the_beta_column__stop_the_run(tiny, osteobiome):
    rows = tiny.rows("y")
    for row in rows:
        row["beta"] = f"{2.718281828 ** float(row['beta']):.5f}"
    tiny.write("y", rows)
    ran = osteobiome("run", tiny.file, "--workers", 1, "--json")
    assert ran.code == 2
    assert [fault["code"] for fault in ran.json["faults"]] == ["beta_is_odds_ratio"]
    assert not tiny.results.exists()


def test_odds_ratios_in_the_beta_column__are_a_caution_if_they_are_accepted(tiny, osteobiome):
    rows = tiny.rows("y")
    for row in rows:
        row["beta"] = f"{2.718281828 ** float(row['beta']):.5f}"
    tiny.write("y", rows)
    tiny.replace("study.toml", "[ingest]", '[ingest]\nallow = ["beta_is_odds_ratio"]')
    assert osteobiome("run", tiny.file, "--workers", 1).code == 0
    assert _notes(tiny)[("ingest", "p_value_contradicts_beta_and_se")] == 40
    assert "Numbers contradict" in _page(tiny)
    assert "odds ratios" in _page(tiny)


def test_same_file_twice__is_a_caution(tiny, osteobiome):
    tiny.write("y", tiny.rows("x"))
    assert osteobiome("run", tiny.file, "--workers", 1).code == 0
    assert "Same file twice" in _page(tiny)


def test_no_instrument__has_its_own_status_and_the_terminal_says_why(tiny, osteobiome):
    tiny.replace("study.toml", "5e-8", "1e-300")
    ran = osteobiome("run", tiny.file, "--workers", 1)
    assert ran.code == 0
    estimates = pl.read_parquet(tiny.results / "tables" / "estimates.parquet")
    assert set(estimates["status"]) == {"no_instruments"}
    assert "no variant of the exposure passes the p threshold" in ran.out


def test_one_variant__is_a_caution_and_the_terminal_names_the_stand_in(tiny, osteobiome):
    tiny.write("x", tiny.rows("x")[:1])
    ran = osteobiome("run", tiny.file, "--workers", 1)
    assert "Wald ratio in place of ivw" in ran.out
    assert "One variant" in _page(tiny)


@pytest.mark.parametrize("as_text", [True, False])
def test_run_study__takes_paths_as_text(tiny, as_text):
    from osteobiome.study import run_study

    out = tiny.folder / "elsewhere"
    result = run_study(str(tiny.file) if as_text else tiny.file, out=str(out) if as_text else out)
    assert result.n_failed == 0
    assert (out / "report.html").is_file()


def test_study_file_with_a_byte_order_mark__is_read(tiny, osteobiome):
    tiny.file.write_bytes(b"\xef\xbb\xbf" + tiny.file.read_bytes())
    assert osteobiome("check", tiny.file).code == 0
