"""`osteobiome report --figures` and `osteobiome cite`: files that other programs can use."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.slow


def test_report_figures__writes_each_figure_in_each_format(tiny, osteobiome, tmp_path):
    assert osteobiome("run", tiny.file).code == 0
    folder = tmp_path / "figures"
    ran = osteobiome("report", tiny.file, "--figures", folder, "--json")
    assert ran.code == 0
    names = [path.name for path in sorted(folder.iterdir())]
    assert len(names) == 15  # five figures in three formats
    assert sorted(path.rsplit("/", 1)[1] for path in ran.json["figures"]) == names
    starts = {".svg": b"<svg", ".pdf": b"%PDF-", ".png": b"\x89PNG"}
    for path in folder.iterdir():
        assert path.read_bytes().startswith(starts[path.suffix])


@pytest.mark.parametrize(
    ("formats", "found"), [("jpg", "format 'jpg'"), ("", "no format"), ("svg,jpg", "format 'jpg'")]
)
def test_report_figures__of_an_unknown_format_is_a_fault(formats, found, tiny, osteobiome, tmp_path):
    assert osteobiome("run", tiny.file).code == 0
    ran = osteobiome("report", tiny.file, "--figures", tmp_path / "figures", "--formats", formats)
    assert ran.code == 2
    assert found in ran.err
    assert not (tmp_path / "figures").exists()


def test_report_figures__into_a_file_is_a_fault(tiny, osteobiome, tmp_path):
    assert osteobiome("run", tiny.file).code == 0
    (tmp_path / "figures").write_text("mine")
    ran = osteobiome("report", tiny.file, "--figures", tmp_path / "figures")
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert (tmp_path / "figures").read_text() == "mine"


def test_report__before_a_run_says_what_to_do(tiny, osteobiome):
    ran = osteobiome("report", tiny.file, "--figures", tiny.folder / "figures")
    assert ran.code == 2
    assert "Run it first" in ran.err


def test_cite__gives_files_for_reference_managers(tiny, osteobiome, tmp_path):
    assert osteobiome("run", tiny.file).code == 0
    assert osteobiome("cite", tiny.file, "--format", "bibtex", "--output", tmp_path / "refs.bib").code == 0
    assert (tmp_path / "refs.bib").read_text(encoding="utf-8").startswith("@")
    ran = osteobiome("cite", tiny.file, "--format", "csl")
    assert "10.1093/ije/dyv080" in {entry.get("DOI") for entry in json.loads(ran.out)}
