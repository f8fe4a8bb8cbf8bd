"""Documents that must not drift from the code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs import build, method_pages
from osteobiome.core.estimate import Status
from osteobiome.mr import ESTIMATORS
from osteobiome.mr.profiles import PROFILES
from osteobiome.study.config import json_schema

ROOT = Path(__file__).resolve().parents[2]


def test_schema_of_study_file__is_the_exported_one():
    exported = json.loads((ROOT / "docs" / "reference" / "study.schema.json").read_text())
    assert exported == json.loads(json.dumps(json_schema()))


def test_method_pages__exist_for_each_estimator():
    for name, entry in ESTIMATORS.items():
        page = (ROOT / "docs" / "methods" / f"{name}.md").read_text()
        assert entry.doi in page


def test_method_pages__are_what_registry_and_docstrings_say():
    for name in ESTIMATORS:
        assert method_pages.page(name) in (ROOT / "docs" / "methods" / f"{name}.md").read_text(), "run `make docs`"
    assert method_pages.index() in (ROOT / "docs" / "methods" / "README.md").read_text()


def test_page_on_r__has_every_call_of_the_profiles():
    page = (ROOT / "docs" / "howto" / "check-against-r.md").read_text()
    assert build.profiles() in page, "run `make docs`"
    for entries in PROFILES.values():
        for entry in entries:
            assert f"`{entry.call}`" in page
            assert entry.differs in page


def test_glossary__has_every_status():
    page = (ROOT / "docs" / "reference" / "glossary.md").read_text()
    assert [status for status in Status if f"`{status}`" not in page] == []


PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *(ROOT / "news").glob("*.md"), *ROOT.glob("*.md"),
                *(ROOT / "examples").rglob("*.md")])  # fmt: skip
PRIVATE = re.compile(r":(?:func|class|meth|mod|data):|\bdesign \d|\(design\b|\.\./shared|(?<!\.)/work/|/tmp/")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages__have_no_private_references(path):
    """Roles of docstrings and chapters of papers that are not in the repository mean nothing to a reader."""
    found = PRIVATE.findall(path.read_text(encoding="utf-8"))
    assert not found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages__link_to_files_that_exist(path):
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"(?<!`)\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    missing = [link for link in links if "://" not in link and not (path.parent / link).exists()]
    assert not missing


def test_pages__say_what_their_images_show():
    for path in PAGES:
        for words in re.findall(r"!\[([^\]]*)\]", path.read_text(encoding="utf-8")):
            assert len(words.split()) > 3, path


@pytest.mark.slow
def test_readme__python_example_runs(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    assert blocks
    for block in blocks:
        code = tmp_path / "example.py"
        code.write_text(block)
        done = subprocess.run([sys.executable, str(code)], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]


def test_readme__names_the_two_commands():
    text = (ROOT / "README.md").read_text()
    assert "make demo" in text
    assert "make test" in text
