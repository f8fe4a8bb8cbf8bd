"""Every name that appears in a table of diagnostics is declared and explained, and none besides."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from docs import build
from osteobiome.core.diagnostics import DIAGNOSTICS, GROUPS
from osteobiome.mr import ESTIMATORS
from osteobiome.mr.checks import rucker, sign, simex, weak_iv
from tests.contract.test_estimators import fit, make_pair

ROOT = Path(__file__).resolve().parents[2]
MAKERS = {"Test", "TestColumn", "plain", "_test", "heterogeneity", "_wald", "_refitted", "_error_of_p"}
PREFIX = {"_refitted": "estimate_"}


def _sources() -> dict[Path, ast.Module]:
    folder = ROOT / "src" / "osteobiome"
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py"))}


def made() -> set[str]:
    """Return the names with which tests are made somewhere in the package, as far as they are written out there."""
    names = set()
    for tree in _sources().values():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            maker = getattr(node.func, "id", getattr(node.func, "attr", ""))
            first = node.args[0] if node.args else None
            if maker in MAKERS and isinstance(first, ast.Constant) and isinstance(first.value, str):
                names.add(PREFIX.get(maker, "") + first.value)
    return names


def written() -> set[str]:
    """Return every text constant of the package outside of the list itself."""
    return {
        node.value
        for path, tree in _sources().items()
        if path.name != "diagnostics.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_names__that_the_package_makes_are_declared():
    assert made() - set(DIAGNOSTICS) == set()
    assert len(made()) > 50


def test_names__that_are_declared_exist():
    texts = written()
    texts |= {f"estimate_{text}" for text in texts} | {f"{text}_p_error" for text in texts}
    assert set(DIAGNOSTICS) - texts == set()


def test_groups__hold_each_name_once():
    assert sum(map(len, GROUPS.values())) == len(DIAGNOSTICS)


@pytest.mark.parametrize("name", sorted(ESTIMATORS))
def test_names__of_each_estimator_are_declared(name):
    estimate = fit(name, make_pair(name))
    assert estimate.diagnostics
    assert {test.name for test in estimate.diagnostics} <= set(DIAGNOSTICS)


def test_names__of_further_checks_are_declared():
    pair = make_pair("ivw")
    found = simex.simex(pair, seed=1, n_bootstrap=20)
    tests = [*rucker.rucker(pair).tests, found.slope, found.intercept, sign.sign_test(pair)]
    tests += [one.no_effect for one in weak_iv.weak_iv(pair)]
    assert {test.name for test in tests} <= set(DIAGNOSTICS)


def test_page__is_what_the_list_says():
    page = (ROOT / "docs" / "reference" / "diagnostics.md").read_text(encoding="utf-8")
    assert build.diagnostics() in page, "run `make docs`"
    for name in DIAGNOSTICS:
        assert f"| `{name}` |" in page
