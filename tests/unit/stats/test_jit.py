"""The one place that compiles kernels: caching where a folder can be written, no failure where none can."""

import numba
import numpy as np
import pytest

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
