"""The one place that compiles kernels: caching where a folder can be written, no failure where none can."""

import importlib
import pkgutil
import subprocess
import sys

import numba
import numpy as np
import pytest

import osteobiome
from osteobiome.stats import jit


def plus_one(x):
    return x + 1.0


def one_over(x):
    out = np.empty(1)
    out[0] = 1.0 / x[0]
    return out


def test_kernel__computes_what_the_python_function_computes():
    assert jit.kernel(plus_one)(2.0) == 3.0


def test_kernel__without_a_writable_folder_compiles_in_each_process(monkeypatch):
    calls = []

    def njit(**options):
        calls.append(options)
        if options.get("cache"):
            raise RuntimeError("cannot cache function 'plus_one': no locator available for file")
        return lambda function: function

    monkeypatch.setattr(numba, "njit", njit)
    assert jit.kernel(plus_one)(2.0) == 3.0
    assert calls == [
        {"cache": True, "nogil": True, "error_model": "numpy"},
        {"nogil": True, "error_model": "numpy"},
    ]


def test_kernel__other_errors_are_not_hidden(monkeypatch):
    def njit(**options):
        raise RuntimeError("something else")

    monkeypatch.setattr(numba, "njit", njit)
    with pytest.raises(RuntimeError, match="something else"):
        jit.kernel(plus_one)


def test_kernel__division_by_zero_is_infinite_and_not_an_exception():
    """One absurd pair must not stop a grid of a million."""
    assert jit.kernel(one_over)(np.zeros(1)).tolist() == [np.inf]


# --- the cache on disk -------------------------------------------------------------------------------------------

CALLER = """\
from osteobiome.stats.jit import kernel
from called import SIZE, twice

@kernel
def used(x):
    return twice(x) + SIZE
"""
CALLED = """\
import numpy as np
from osteobiome.stats.jit import kernel
SIZE = {size}

@kernel
def twice(x):
    return {factor} * x
"""


@pytest.mark.parametrize(("size", "factor"), [(1.0, 2.0), (5.0, 2.0), ("np.float64(5.0)", 2.0), (1.0, 3.0)])
def test_kernel__is_compiled_anew_when_what_it_calls_has_changed(tmp_path, size, factor):
    """numba looks at the file of the caller alone; the number of old machine code would be given, in silence."""

    def run(size, factor):
        # no bytecode: it is held for valid by seconds and size of its source
        (tmp_path / "called.py").write_text(CALLED.format(size=size, factor=factor))
        code = f"import sys; sys.path[:0] = {[str(tmp_path), *sys.path]}; from caller import used; "
        code += "print(used(10.0), sum(used.stats.cache_hits.values()))"
        done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=True)
        return done.stdout.split()

    (tmp_path / "caller.py").write_text(CALLER)
    assert run(1.0, 2.0) == ["21.0", "0"]
    is_same = (size, factor) == (1.0, 2.0)
    expected = factor * 10.0 + (5.0 if isinstance(size, str) else size)
    assert run(size, factor) == [str(expected), "1" if is_same else "0"]


def test_stamp__of_every_kernel_is_complete_when_it_is_defined():
    """What a kernel calls stands above it: else the stamp at its definition lacks it."""
    for name in {module.name for module in pkgutil.walk_packages(osteobiome.__path__, "osteobiome.")}:
        if name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(name)).values():
            index = getattr(getattr(value, "_cache", None), "_cache_file", None)
            if index is not None:
                assert index._source_stamp == jit.stamp(value.py_func), value
