"""What commands share: JSON without NaN, faults as blocks, tables that line up, reasons in words."""

from __future__ import annotations

import json

import pytest
import typer

from osteobiome.cli.shared import BAD_INPUT, errors_as_exit, print_faults, print_json, print_table, say_wrapped
from osteobiome.core.errors import ConfigError, Fault
from osteobiome.core.text import reason
from osteobiome.sumstats.qc import CHECKS, pair_checks


def test_print_json__turns_what_json_does_not_know_into_null(capsys):
    print_json({"a": float("nan"), "b": [float("inf"), 1.5], "c": (float("-inf"), {"d": float("nan")}), 3: "β"})
    out = capsys.readouterr().out
    assert json.loads(out) == {"a": None, "b": [None, 1.5], "c": [None, {"d": None}], "3": "β"}
    assert "β" in out


def test_print_faults__shows_the_parts_that_are_there(capsys):
    print_faults([Fault("a", "here", "this", "that", "do it"), Fault("b", "there", "only this")], head="Two faults:")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "Two faults:",
        "  here",
        "    found:    this",
        "    expected: that",
        "    to do:    do it",
        "  there",
        "    found:    only this",
    ]


def test_print_faults__wraps_long_lists(capsys):
    print_faults(
        [Fault("a", "here", "this", "one of " + ", ".join(f"method_{i}" for i in range(40)))], head="One fault:"
    )
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) > 6
    assert max(map(len, lines)) <= 100
    assert lines[4].startswith(" " * 14 + "method_")


@pytest.mark.parametrize("as_json", [False, True])
def test_errors_as_exit__turns_our_errors_into_exit_2(as_json, capsys):
    with pytest.raises(typer.Exit) as caught, errors_as_exit(as_json=as_json):
        raise ConfigError(Fault("code", "here", "this"), Fault("code", "there", "that"))
    assert caught.value.exit_code == BAD_INPUT
    captured = capsys.readouterr()
    if as_json:
        document = json.loads(captured.out)
        assert document["ok"] is False
        assert [fault["where"] for fault in document["faults"]] == ["here", "there"]
    else:
        assert captured.out == ""
        assert captured.err.startswith("osteobiome: stopped, 2 faults:")


def test_errors_as_exit__lets_bugs_through():
    with pytest.raises(ZeroDivisionError), errors_as_exit(as_json=True):
        raise ZeroDivisionError


def test_say_wrapped__sets_in_further_lines_and_breaks_no_word(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    say_wrapped("  note: " + "word " * 30 + "x" * 120)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert max(map(len, lines[:2])) <= 100
    assert lines[0].startswith("  note: word")
    assert lines[1].startswith("    word")
    assert lines[2] == "    " + "x" * 120
    monkeypatch.setenv("COLUMNS", "60")
    say_wrapped("word " * 30)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 60


def test_print_table__lines_up_left_and_right(capsys):
    rows = [("ivw", "−0.03", "ok"), ("egger", "0.1234", "too few")]
    print_table(("method", "beta", "status"), rows, right=frozenset({1}))
    assert capsys.readouterr().out.splitlines() == [
        "method    beta  status",
        "──────  ──────  ───────",
        "ivw      −0.03  ok",
        "egger   0.1234  too few",
    ]


def test_print_table__without_rows_is_a_header(capsys):
    print_table(("a", "bb"), [])
    assert capsys.readouterr().out.splitlines() == ["a  bb", "─  ──"]


ROW_CHECKS = sorted(name for name, check in CHECKS.items() if check.severity == "row")
PAIR_COLUMNS = ("rsid", "eaf", "eaf_exposure", "eaf_outcome", "effect_allele", "n_exposure", "n_outcome")
PAIR_CHECKS = sorted({name for name, _, _ in pair_checks(frozenset(PAIR_COLUMNS))})


@pytest.mark.parametrize("name", [*ROW_CHECKS, *PAIR_CHECKS, "unreadable_mr_keep", "effect_alleles_differ"])
def test_reason__of_every_check_has_words(name):
    """A reason that a row can be dropped for is a phrase for readers, not an identifier without underscores."""
    assert reason(name) != name.replace("_", " ")
