"""A full disk and a read-only folder: a sentence, nothing half-written, and the same command goes on afterwards."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow
SMALL, LARGE = "size=300k", "size=40m"


def _files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_full_disk__is_a_sentence_and_the_run_resumes(tiny, osteobiome, small_disk, table_bytes):
    folder = small_disk(SMALL)
    out = folder / "results"
    ran = osteobiome("run", tiny.file, "--out", out, "--workers", "1")
    assert ran.code == 2
    assert "no space left on the disk" in ran.err
    assert "Free some space and run the same command again" in ran.err
    assert "Traceback" not in ran.err
    assert not (out / "report.html").exists()
    assert not [path for path in _files(out) if path.name.endswith(".tmp")]

    small_disk(f"remount,{LARGE}")
    again = osteobiome("run", tiny.file, "--out", out, "--workers", "1", "--json")
    assert again.code == 0, again.err
    assert again.json["tasks"]["cached"] >= 2  # what was finished before the disk was full is kept
    elsewhere = tiny.folder / "elsewhere"
    assert osteobiome("run", tiny.file, "--out", elsewhere).code == 0
    assert table_bytes(out) == table_bytes(elsewhere)


def test_full_disk__while_writing_the_report_keeps_the_old_one(tiny, osteobiome, small_disk, fill):
    folder = small_disk(LARGE)
    out = folder / "results"
    assert osteobiome("run", tiny.file, "--out", out).code == 0
    before = (out / "report.html").read_bytes()
    fill(folder / "filler")
    ran = osteobiome("report", tiny.file, "--out", out)
    assert ran.code == 2
    assert "no space left on the disk" in ran.err
    assert (out / "report.html").read_bytes() == before
    (folder / "filler").unlink()
    assert osteobiome("report", tiny.file, "--out", out).code == 0


def test_full_disk__while_writing_figures_leaves_whole_files_only(tiny, osteobiome, small_disk):
    folder = small_disk(SMALL)
    assert osteobiome("run", tiny.file).code == 0
    figures = folder / "figures"
    ran = osteobiome("report", tiny.file, "--figures", figures, "--formats", "svg,png")
    assert ran.code == 2
    assert "no space left on the disk" in ran.err
    assert "Traceback" not in ran.err
    for path in _files(figures):
        assert path.read_bytes().startswith((b"<svg", b"\x89PNG"))
        if path.suffix == ".svg":
            assert path.read_text().rstrip().endswith("</svg>")


def test_read_only_folder__is_a_sentence_and_nothing_changes(tiny, osteobiome, small_disk, tree):
    folder = small_disk(LARGE)
    out = folder / "results"
    assert osteobiome("run", tiny.file, "--out", out).code == 0
    before = tree(out)
    small_disk("remount,ro")
    bibliography = ("--format", "bibtex", "--output", folder / "refs.bib")
    for command in (("report",), ("report", "--figures", folder / "figures"), ("cite", *bibliography), ("run",)):
        if command == ("run",):
            tiny.replace("study.toml", "change the outcome?", "change this outcome?")  # else nothing is to be written
        ran = osteobiome(command[0], tiny.file, "--out", out, *command[1:])
        assert ran.code == 2, (command, ran.err)
        assert "no permission to write here" in ran.err
        assert "Traceback" not in ran.err
    assert tree(out) == before
    small_disk("remount,rw")
    assert osteobiome("run", tiny.file, "--out", out).code == 0
