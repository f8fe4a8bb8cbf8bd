"""The list of estimators, and what is known about each before it runs."""

import pytest

from osteobiome.core.registry import Registry
from osteobiome.mr import registry


def test_estimator__registers_the_function_and_returns_it(monkeypatch):
    monkeypatch.setattr(registry, "ESTIMATORS", Registry("method"))
    decorate = registry.estimator(
        name="new", label="New", doi="10.1/x", assumptions=("a",), min_variants=2, max_variants=9, needs_ld=True
    )

    def function(inst):
        return inst

    assert decorate(function) is function
    entry = registry.ESTIMATORS["new"]
    assert entry.function is function
    assert entry.batch is None
    assert (entry.label, entry.doi, entry.assumptions) == ("New", "10.1/x", ("a",))
    assert (entry.min_variants, entry.max_variants, entry.needs_ld) == (2, 9, True)
    with pytest.raises(RuntimeError, match="method 'new' is registered twice"):
        decorate(function)
