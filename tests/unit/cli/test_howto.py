"""Pages on a first study and on checking against R show what the commands print."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LDL = "tests/reference/data/ldl_chd28/inputs.csv"


def page(name: str) -> str:
    return (ROOT / "docs" / "howto" / f"{name}.md").read_text(encoding="utf-8")


def blocks(text: str) -> list[tuple[str, str]]:
    """Return (language, content) of each block of code."""
    return re.findall(r"```(\w+)\n(.*?)```", text, flags=re.DOTALL)


def commands(text: str) -> list[list[str]]:
    """Return the commands of a page, without the name of the program and without remarks."""
    found = re.findall(r"^    osteobiome (.*)$", text, flags=re.MULTILINE)
    return [shlex.split(line, comments=True) for line in found]


def lines(text: str) -> list[str]:
    """Return the lines of an output, free of what differs between runs and of spaces at the end."""
    return [re.sub(r"\d+\.\d s$", "0.0 s", line.rstrip()) for line in text.strip().splitlines()]


@pytest.fixture
def study(tmp_path, monkeypatch):
    """The working folder of the page on a first study, with its files as the page gives them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-study" / "data").mkdir(parents=True)
    for name in ("exposure_body_fat.txt.gz", "outcome_fn.txt.gz"):
        shutil.copy(ROOT / "examples" / "adiposity-bone" / "data" / name, tmp_path / "my-study" / "data")
    found = [text for _, text in blocks(page("first-study"))]
    (tmp_path / "my-study" / "traits.csv").write_text(found[0], encoding="utf-8")
    (tmp_path / "my-study" / "study.toml").write_text(found[1], encoding="utf-8")
    (tmp_path / "pair.csv").write_text(next(text for text in found if text.startswith("rsid,")), encoding="utf-8")
    return tmp_path


@pytest.mark.slow
def test_first_study__prints_what_the_page_shows(osteobiome, study):
    shown = [text for _, text in blocks(page("first-study"))]
    checked = osteobiome("check", "my-study/study.toml")
    assert lines(checked.out or checked.err) == lines(shown[2])
    path = study / "my-study" / "study.toml"
    good = path.read_text(encoding="utf-8")
    path.write_text(good.replace('["body_fat"]', '["body_fatt"]'), encoding="utf-8")
    assert lines(osteobiome("check", "my-study/study.toml").err) == lines(shown[3])
    path.write_text(good, encoding="utf-8")
    assert lines(osteobiome("run", "my-study/study.toml").out) == lines(shown[4])


def test_first_study__one_table_prints_what_the_page_shows(osteobiome, study):
    (command,) = [words for words in commands(page("first-study")) if words[:2] == ["mr", "estimate"]]
    ran = osteobiome(*command)
    assert ran.code == 0
    assert lines(ran.out) == lines(blocks(page("first-study"))[-1][1])


def test_check_against_r__prints_what_the_page_shows(osteobiome, monkeypatch):
    monkeypatch.chdir(ROOT)
    first, second = (words for words in commands(page("check-against-r")) if words[:2] == ["mr", "estimate"])
    ran = osteobiome(*first)
    estimates, difference = (text for language, text in blocks(page("check-against-r")) if language == "text")
    printed = lines(ran.out)
    assert printed[: len(lines(estimates))] == lines(estimates)
    assert " ".join(lines(difference)) in " ".join(printed)
    assert osteobiome(*second).code == 0


def test_sensitivity_page__has_the_numbers_of_the_command(osteobiome, monkeypatch):
    monkeypatch.chdir(ROOT)
    found = osteobiome("mr", "estimate", LDL, "--methods", "ivw,egger", "--json").json["sensitivity"]
    text = (ROOT / "docs" / "methods" / "sensitivity.md").read_text(encoding="utf-8")
    tests = {test["name"]: test["statistic"] for test in found["rucker"]["tests"]}
    sets = [end for one in found["confidence_sets"][1:] for part in one["ci_set"] for end in part]
    means = [one["mean"] for one in found["clusters"]["clusters"] if one["kind"] == "substantive"]
    shown = [
        f"{tests['cochran_q']:.2f}", f"{tests['rucker_q']:.2f}", f"{tests['q_difference']:.3f}",
        *(f"{slope:.3f}" for slope in found["simex"]["slopes"]), f"{found['simex']['slope']['estimate']:.3f}",
        *(f"{end:.2f}" if end < 0.0 else f"{end:.3f}" for end in sets),
        *(f"{row['beta']:.4f}" for row in found["thresholds"]),
        f"{means[0]:.2f}", *(f"{mean:.3f}" for mean in means[1:]),
        *(f"{value:.1f}" for value in found["clusters"]["bic"][:4]),
    ]  # fmt: skip
    assert [number for number in shown if number.replace("-", "\u2212") not in text] == []
