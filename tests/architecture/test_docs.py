"""Documents that must not drift from the code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs import method_pages
from osteobiome.mr import ESTIMATORS
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
