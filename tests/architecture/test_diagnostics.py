"""Every name that appears in a table of diagnostics is declared and explained, and none besides."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from docs import build
from osteobiome.core.diagnostics import DIAGNOSTICS, GROUPS
from osteobiome.instruments import Instruments
from osteobiome.mr import ESTIMATORS
from osteobiome.mr.checks import rucker, sign, simex, weak_iv

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


@pytest.fixture(scope="module")
def pair() -> Instruments:
    """Return a pair with everything that an estimator may need, one outlier among its variants."""
    n = 16
    rng = np.random.default_rng(3)
    x = np.where(np.arange(n) % 4 == 3, 0.001, 0.3) * rng.uniform(0.5, 1.5, n)
    y = 0.4 * x + 0.05 * rng.normal(size=n)
    y[0] += 0.4
    ld_r = 0.3 ** np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    bare = Instruments.from_arrays(x, np.full(n, 0.01), y, np.full(n, 0.05), ld_r=ld_r)
    return replace(
        bare,
        rsid=tuple(f"rs{i}" for i in range(n)),
        n_exposure=np.full(n, 1e5),
        n_outcome=np.full(n, 5e4),
        chromosome=np.ones(n),
        position=1e7 * (1.0 + np.arange(n)),
    )


@pytest.mark.parametrize("name", sorted(ESTIMATORS))
def test_names__of_each_estimator_are_declared(name, pair):
    entry = ESTIMATORS[name]
    used = pair if not entry.max_variants else pair.subset(np.arange(pair.n_variants) < entry.max_variants)
    estimate = entry.function(used, **({"seed": 1} if entry.stochastic else {}))
    assert estimate.diagnostics
    assert {test.name for test in estimate.diagnostics} <= set(DIAGNOSTICS)


def test_names__of_further_checks_are_declared(pair):
    found = simex.simex(pair, seed=1, n_bootstrap=20)
    tests = [*rucker.rucker(pair).tests, found.slope, found.intercept, sign.sign_test(pair)]
    tests += [one.no_effect for one in weak_iv.weak_iv(pair)]
    assert {test.name for test in tests} <= set(DIAGNOSTICS)


def test_page__is_what_the_list_says():
    page = (ROOT / "docs" / "reference" / "diagnostics.md").read_text(encoding="utf-8")
    assert build.diagnostics() in page, "run `make docs`"
    for name in DIAGNOSTICS:
        assert f"| `{name}` |" in page
