"""Rules of the code base that a reader would otherwise have to remember."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import osteobiome
from osteobiome.core.columns import COLUMNS, SCHEMAS
from osteobiome.core.schema import polars_schema
from osteobiome.mr import ESTIMATORS

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "osteobiome"
FILES = sorted(SOURCE.rglob("*.py"))
MAX_FILE, MAX_FUNCTION, MAX_KERNEL, MAX_POSITIONAL = 500, 55, 80, 4


def modules() -> list[str]:
    found = pkgutil.walk_packages(osteobiome.__path__, "osteobiome.")
    return [m.name for m in found if not m.name.endswith("__main__")]


def public_functions():
    for name in modules():
        if name.startswith("osteobiome.cli."):
            continue  # typer calls commands by keyword
        module = importlib.import_module(name)
        for attribute, value in vars(module).items():
            if inspect.isfunction(value) and value.__module__ == name and not attribute.startswith("_"):
                yield f"{name}.{attribute}", value


def body_length(node: ast.FunctionDef) -> int:
    first = node.body[0]
    has_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    start = node.body[1].lineno if has_docstring and len(node.body) > 1 else first.lineno
    return (node.end_lineno or start) - start + 1


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_file__is_short_and_quiet(path):
    text = path.read_text()
    assert text.count("\n") <= MAX_FILE
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            is_kernel = any(ast.unparse(d) == "kernel" for d in node.decorator_list)
            limit = (
                MAX_KERNEL if is_kernel else MAX_FUNCTION
            )  # a kernel is one loop: the compiler wants it in one piece
            assert body_length(node) <= limit, f"{node.name} has {body_length(node)} lines"
            assert node.args.kwarg is None, f"{node.name} takes **{node.args.kwarg and node.args.kwarg.arg}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print"
        if isinstance(node, ast.ExceptHandler) and node.type is not None and ast.unparse(node.type) == "Exception":
            assert path.name == "executors.py", "broad except belongs where tasks are executed"


@pytest.mark.parametrize(("name", "function"), list(public_functions()))
def test_function__has_few_positional_parameters(name, function):
    parameters = inspect.signature(function).parameters.values()
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    arrays = name in {"osteobiome.mr.estimators.wald_ratio.wald_ratios", "osteobiome.stats.gls.gls_origin"}
    assert len(positional) <= (MAX_POSITIONAL if arrays else 3)


@pytest.mark.parametrize("name", [m for m in modules() if importlib.import_module(m).__file__.endswith("__init__.py")])
def test_exports__equal_what_is_listed(name):
    module = importlib.import_module(name)
    listed = getattr(module, "__all__", None)
    if listed is not None:
        assert all(hasattr(module, entry) for entry in listed)
        assert len(set(listed)) == len(listed)


def test_columns__are_declared_once_and_used():
    used = {column for schema in SCHEMAS.values() for column in schema}
    assert used <= COLUMNS.keys()
    assert set(COLUMNS) - used == set(), "declared and used by no schema"
    assert all(column.doc and name == column.name for name, column in COLUMNS.items())
    for name in SCHEMAS:
        assert list(polars_schema(name)) == list(SCHEMAS[name])


def test_estimators__cite_a_doi():
    for _, entry in ESTIMATORS.items():
        assert re.match(r"^10\.\d{4,9}/\S+$", entry.doi)
        assert entry.doi in inspect.getsource(sys.modules[entry.function.__module__])
        assert entry.assumptions


def test_layers__hold():
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_architecture_page__equals_the_code():
    page = (ROOT / "ARCHITECTURE.md").read_text()
    listed = set(re.findall(r"^\| `([a-z_]+(?:/[a-z_0-9]+)*\.py)`", page, flags=re.MULTILINE))
    real = {str(p.relative_to(SOURCE)) for p in FILES if p.name != "__init__.py"}
    real_and_dunder = real | {str(p.relative_to(SOURCE)) for p in FILES}
    assert real - {"__main__.py"} <= listed | {"__main__.py"}, sorted(real - listed)
    assert listed <= real_and_dunder, sorted(listed - real_and_dunder)


def test_core__stays_light():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE)
    build_only = {
        "hatchling",
        "editables",
        "packaging",
        "pathspec",
        "pluggy",
        "tomlkit",
        "trove-classifiers",
        "colorama",
    }
    assert len(set(names) - build_only) + 1 < 27
    assert set(project["optional-dependencies"]) == {"pgen", "xlsx"}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_lock__is_hashed_and_names_no_host(name):
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert "index" not in text
    for block in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in block, block[:80]


def test_documents__name_no_machine():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    for name in tracked:
        path = ROOT / name
        if path.suffix in {".md", ".toml", ".py", ".cff", ".yaml", ""} and path.is_file():
            text = path.read_text(errors="ignore")
            assert "/work/" + "main" not in text, name
            assert "pypi" + ".org" not in text, name
