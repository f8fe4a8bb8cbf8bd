"""Controls: passed, failed or unclear by the interval, and checked before the run."""

from __future__ import annotations

import pytest

from osteobiome.core.errors import ConfigError
from osteobiome.core.schema import table
from osteobiome.study import load_study
from osteobiome.study.controls import judge_controls

CONTROL = {"kind": "positive", "exposure": "x", "outcome": "y", "expected": "increases", "reason": "Known."}


def _estimates(beta, half, status="ok"):
    numbers = {"beta": beta, "se": half / 1.96, "ci_low": beta - half, "ci_high": beta + half} if status == "ok" else {}
    return table(
        "estimates",
        [
            {
                "family": "f", "exposure": "x", "outcome": "y", "method": "ivw", "is_primary": True, "status": status,
                "message": "" if status == "ok" else "Not estimable: no instrument.", "unit": "SD per SD",
                "neg_log_10_p_value": 2.0, **numbers,
            }
        ],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("control", "beta", "half", "lowered", "verdict", "words"),
    [
        ({}, 0.5, 0.2, False, "passed", "and was found"),
        ({}, 0.1, 0.2, False, "failed", "includes no effect"),
        ({}, -0.5, 0.2, False, "failed", "the other way"),
        ({}, -0.5, 0.2, True, "passed", "and was found"),
        ({"expected": "decreases"}, 0.5, 0.2, True, "passed", "and was found"),
        ({"expected": "decreases"}, 0.5, 0.2, False, "failed", "the other way"),
        ({"kind": "negative", "expected": None}, 0.1, 0.2, False, "passed", "half width is 0.2"),
        ({"kind": "negative", "expected": None}, 0.5, 0.2, False, "failed", "excludes none"),
    ],
)
def test_judge_controls__by_the_interval(control, beta, half, lowered, verdict, words):
    families = frozenset({"f"} if lowered else ())
    (row,) = judge_controls([CONTROL | control], _estimates(beta, half), lowered=families).to_dicts()
    assert row["verdict"] == verdict
    assert words in row["message"]
    assert row["note"] == "Known."


def test_judge_controls__without_an_estimate_is_unclear():
    (row,) = judge_controls([CONTROL], _estimates(0, 0, "no_instruments"), lowered=frozenset()).to_dicts()
    assert (row["verdict"], row["message"]) == ("unclear", "Not estimable: no instrument.")


def test_judge_controls__on_an_estimate_in_doubt_is_unclear():
    doubts = {("f", "x", "y"): "40 variants in 1 locus are counted as independent"}
    (row,) = judge_controls([CONTROL], _estimates(0.5, 0.2), lowered=frozenset(), doubts=doubts).to_dicts()
    assert row["verdict"] == "unclear"
    assert "40 variants in 1 locus" in row["message"]


BLOCK = """
[[control]]
kind = "positive"
exposure = "x"
outcome = "y"
expected = "increases"
reason = "Known."
"""


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ('exposure = "x"\noutcome = "y"\nexpected', 'exposure = "x"\noutcome = "yy"\nexpected', "trait 'yy'"),
        ('exposure = "x"\noutcome = "y"\nexpected', 'exposure = "y"\noutcome = "x"\nexpected', "no pair of any family"),
        ('expected = "increases"\n', "", "expected"),
        ('kind = "positive"', 'kind = "negative"', "expected"),
        ('kind = "positive"', 'kind = "positiv"', "positiv"),
        ('reason = "Known."', 'reason = ""', "reason"),
        ('kind = "positive"', 'family = "other"\nkind = "positive"', "family 'other'"),
        ('reason = "Known."', 'reson = "Known."', "reson"),
    ],
)
def test_control__faults_are_found_before_the_run(tiny, old, new, found):
    text = tiny.file.read_text() + BLOCK
    assert old in text
    tiny.file.write_text(text[: -len(BLOCK)] + BLOCK.replace(old, new))
    with pytest.raises(ConfigError, match=found):
        load_study(tiny.file)


def test_control__twice_or_in_two_families_is_a_fault(tiny):
    text = tiny.file.read_text()
    tiny.file.write_text(text + BLOCK + BLOCK)
    with pytest.raises(ConfigError, match="a control already"):
        load_study(tiny.file)
    second = text[text.index("[[mr]]") :].replace('id = "main"', 'id = "second"')
    tiny.file.write_text(text + second + BLOCK)
    with pytest.raises(ConfigError, match="no family, while several have the pair"):
        load_study(tiny.file)
    tiny.file.write_text(text + second + BLOCK + 'family = "second"\n')
    assert load_study(tiny.file).config.control[0].family == "second"


@pytest.mark.slow
def test_control__is_judged_by_the_run(tiny, osteobiome):
    tiny.file.write_text(tiny.file.read_text() + BLOCK)
    ran = osteobiome("run", tiny.file)
    assert ran.code == 0
    text = (tiny.results / "tables" / "controls.csv").read_text()
    assert "passed" in text
    assert "Positive control: passed" in (tiny.results / "report.html").read_text(encoding="utf-8")
