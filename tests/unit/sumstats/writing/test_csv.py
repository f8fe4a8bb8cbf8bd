"""CSV for spreadsheets: nothing is computed, nothing becomes a date, and everything can be had back."""

from __future__ import annotations

import csv

from osteobiome.sumstats.writing import TraitFacts


def read(path):
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def number(text):
    return float(text) if text else None


def test_csv__gives_the_same_values_back(write, variants):
    rows = read(write("a.csv", to="csv"))
    for row, want in zip(rows, variants().iter_rows(named=True), strict=True):
        assert row["rsid"].removeprefix("'") == want["rsid"]
        for column in ("beta", "se", "eaf", "neg_log_10_p_value", "n", "chromosome", "position"):
            assert number(row[column]) == want[column], column
        assert row["effect_allele"] == want["effect_allele"]
        assert row["is_p_derived"] == "false"


def test_csv__keeps_names_from_being_computed(write):
    rows = {row["rsid"] for row in read(write("a.csv", to="csv"))}
    assert rows == {"rs1", "'MARCH1", "'=cmd()", "rs4", "rs5", "1:100:A:G;x"}


def test_csv__leaves_negative_numbers_alone(write):
    assert read(write("a.csv", to="csv"))[0]["beta"] == "-0.30000000000000004"


def test_csv__quotes_commas_quotes_and_line_ends(write, variants):
    name = 'a,"b"\nc'
    assert read(write("a.csv", to="csv", frame=variants({"rsid": name})))[0]["rsid"] == name


def test_csv__says_in_each_row_that_data_are_simulated(write):
    rows = read(write("a.csv", to="csv", facts=TraitFacts("bmd", is_simulated=True)))
    assert {row["is_simulated"] for row in rows} == {"true"}
    assert "is_simulated" not in read(write("b.csv", to="csv"))[0]
