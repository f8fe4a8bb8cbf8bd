"""Importing is cheap and does nothing; the command line answers at once."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

HEAVY = ("numba", "polars", "scipy", "numpy", "pydantic", "vl_convert", "jinja2")


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_cli__imports_nothing_heavy():
    code = "import sys, json, osteobiome.cli.main; print(json.dumps(sorted(sys.modules)))"
    modules = json.loads(run_python(code))
    assert [name for name in HEAVY if name in modules] == []


def test_package__imports_nothing_heavy():
    modules = json.loads(run_python("import sys, json, osteobiome; print(json.dumps(sorted(sys.modules)))"))
    assert [name for name in HEAVY if name in modules] == []


def test_package__loads_scipy_stats_nowhere():
    code = "import sys, osteobiome.study, osteobiome.mr, osteobiome.cli.main; print('scipy.stats' in sys.modules)"
    assert run_python(code).strip() == "False"


def test_help__answers_fast():
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "osteobiome", "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    # CPU seconds: machines are shared, and there is nothing to wait for
    assert min(times) < 0.3, times


def test_top_level__names_are_importable():
    import osteobiome

    for name in osteobiome.__all__:
        assert getattr(osteobiome, name).__name__ == f"osteobiome.{name}"
    assert sorted(dir(osteobiome)) == sorted(osteobiome.__all__)
