"""The command `cite`: formats, files and faults; what is cited is tested with the report."""

from __future__ import annotations

import json

import pytest

from osteobiome.study import runner

USES = [{"source": "doi:10.1093/ije/dyv080", "used_for": "method: MR-Egger"}]
ENTRIES = [
    {
        "id": "bowden2015mendelian", "type": "article-journal", "title": "Mendelian randomization",
        "author": [{"family": "Bowden", "given": "J."}], "DOI": "10.1093/ije/dyv080", "note": "method: MR-Egger",
    }
]  # fmt: skip


@pytest.fixture(autouse=True)
def found(monkeypatch):
    """Answer for a finished study: one source, one trait without any."""
    answer = runner.Cited(USES, ENTRIES, ["Trait Z"])
    monkeypatch.setattr(runner, "cited", lambda study, *, out: answer)


def test_cite__prints_text_by_default(osteobiome):
    ran = osteobiome("cite", "study.toml")
    assert ran.out == (
        "Bowden J. Mendelian randomization. doi:10.1093/ije/dyv080  method: MR-Egger\n"
        "no citation in the trait table  data: Trait Z\n"
    )


def test_cite__prints_bibtex(osteobiome):
    ran = osteobiome("cite", "study.toml", "--format", "bibtex")
    assert ran.out.startswith("@article{bowden2015mendelian,\n  author = {Bowden, J.},\n")
    assert "Trait Z" not in ran.out


def test_cite__prints_csl(osteobiome):
    ran = osteobiome("cite", "study.toml", "--format", "csl")
    assert json.loads(ran.out) == ENTRIES


@pytest.mark.parametrize(("style", "start"), [("text", "Bowden J."), ("bibtex", "@article{"), ("csl", "[\n {")])
def test_cite__writes_a_file(style, start, tmp_path, osteobiome):
    target = tmp_path / "new" / "references"
    ran = osteobiome("cite", "study.toml", "--format", style, "--output", target)
    assert ran.out == f"wrote {target}\n"
    assert target.read_text().startswith(start)
    target.unlink()
    assert osteobiome("cite", "study.toml", "--format", style, "--output", target, "--quiet").out == ""
    assert target.read_text().startswith(start)


def test_cite__gives_json_whatever_the_format(tmp_path, osteobiome):
    plain = osteobiome("cite", "study.toml", "--json").json
    assert plain == {"citations": USES, "entries": ENTRIES}
    target = tmp_path / "a.bib"
    both = osteobiome("cite", "study.toml", "--json", "--format", "bibtex", "--output", target).json
    assert both == plain | {"file": str(target)}
    assert target.read_text().startswith("@article{")


def test_cite__refuses_a_folder_as_file(tmp_path, osteobiome):
    ran = osteobiome("cite", "study.toml", "--output", tmp_path)
    assert ran.code == 2
    assert ran.out == ""
    assert str(tmp_path) in ran.err
    assert "a file name" in ran.err


def test_cite__refuses_an_unknown_format(osteobiome):
    ran = osteobiome("cite", "study.toml", "--format", "ris")
    assert ran.code == 2
    assert "bibtex" in ran.err
