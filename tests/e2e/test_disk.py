"""A full disk and a read-only folder: a sentence, nothing half-written, and the same command goes on afterwards."""

from __future__ import annotations

import os
import subprocess

import pytest

pytestmark = pytest.mark.slow
SMALL, LARGE = "size=300k", "size=40m"


@pytest.fixture
def disk(tmp_path):
    """Return a function that mounts a small file system of its own, and changes its options."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or _mount("-t", "tmpfs", "-o", SMALL, "tmpfs", str(folder)):
        pytest.skip("mounting is not allowed here: a full disk cannot be made (run as root to test it)")
    yield folder, lambda options: _mount("-o", f"remount,{options}", str(folder))
    subprocess.run(["umount", "-l", str(folder)], check=False)


def _mount(*words):
    return subprocess.run(["mount", *words], check=False, capture_output=True).returncode


def _files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_full_disk__is_a_sentence_and_the_run_resumes(tiny, osteobiome, disk, table_bytes):
    folder, remount = disk
    out = folder / "results"
    ran = osteobiome("run", tiny.file, "--out", out, "--workers", "1")
    assert ran.code == 2
    assert "no space left on the disk" in ran.err
    assert "Free some space and run the same command again" in ran.err
    assert "Traceback" not in ran.err
    assert not (out / "report.html").exists()
    assert not [path for path in _files(out) if path.name.endswith(".tmp")]

    assert remount(LARGE) == 0
    again = osteobiome("run", tiny.file, "--out", out, "--workers", "1", "--json")
    assert again.code == 0, again.err
    assert again.json["tasks"]["cached"] >= 2  # what was finished before the disk was full is kept
    elsewhere = tiny.folder / "elsewhere"
    assert osteobiome("run", tiny.file, "--out", elsewhere).code == 0
    assert table_bytes(out) == table_bytes(elsewhere)


def test_full_disk__while_writing_the_report_keeps_the_old_one(tiny, osteobiome, disk):
    folder, remount = disk
    assert remount(LARGE) == 0
    out = folder / "results"
    assert osteobiome("run", tiny.file, "--out", out).code == 0
    before = (out / "report.html").read_bytes()
    _fill(folder)
    ran = osteobiome("report", tiny.file, "--out", out)
    assert ran.code == 2
    assert "no space left on the disk" in ran.err
    assert (out / "report.html").read_bytes() == before
    (folder / "filler").unlink()
    assert osteobiome("report", tiny.file, "--out", out).code == 0


def test_full_disk__while_writing_figures_leaves_whole_files_only(tiny, osteobiome, disk):
    folder, _ = disk
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


def test_read_only_folder__is_a_sentence_and_nothing_changes(tiny, osteobiome, disk, tree):
    folder, remount = disk
    assert remount(LARGE) == 0
    out = folder / "results"
    assert osteobiome("run", tiny.file, "--out", out).code == 0
    before = tree(out)
    assert remount("ro") == 0
    bibliography = ("--format", "bibtex", "--output", folder / "refs.bib")
    for command in (("report",), ("report", "--figures", folder / "figures"), ("cite", *bibliography), ("run",)):
        if command == ("run",):
            tiny.replace("study.toml", "change the outcome?", "change this outcome?")  # else nothing is to be written
        ran = osteobiome(command[0], tiny.file, "--out", out, *command[1:])
        assert ran.code == 2, (command, ran.err)
        assert "no permission to write here" in ran.err
        assert "Traceback" not in ran.err
    assert tree(out) == before
    assert remount("rw") == 0
    assert osteobiome("run", tiny.file, "--out", out).code == 0


def _fill(folder):
    """Leave no free block on the disk."""
    with (folder / "filler").open("wb", buffering=0) as handle:
        try:
            while True:
                handle.write(b"\0" * 65536)
        except OSError:
            pass
