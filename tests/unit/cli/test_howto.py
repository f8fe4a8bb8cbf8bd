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


def test_sensitivity_page__has_the_numbers_that_are_printed(osteobiome, monkeypatch):
    monkeypatch.chdir(ROOT)
    printed = osteobiome("mr", "estimate", LDL, "--methods", "ivw,egger", "--sensitivity").out
    text = (ROOT / "docs" / "methods" / "sensitivity.md").read_text(encoding="utf-8")
    for number in ("99.53", "97.4", "2.8342", "0.5298", "I²_GX 0.919", "2.9474", "3.1565", "2.8989", "9.108"):
        assert number in printed
    for number in ("99.53", "97.40", "2.8342", "0.5298", "0.919", "2.9474", "3.1565", "2.899", "9.108"):
        assert number in text
    for low, high in (("2.5475", "3.8352"), ("2.5686", "3.8117")):
        assert low in printed
        assert high in printed
        assert f"{float(low):.3f} to {float(high):.3f}" in text
