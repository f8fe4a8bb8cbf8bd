"""Registries: order, one registration per name, and messages for unknown names."""

import pytest

from osteobiome.core.errors import UnknownNameError
from osteobiome.core.registry import Registry


@pytest.fixture
def colours():
    registry = Registry("colour name")
    for name, value in (("red", 1), ("blue", 2), ("green", 3)):
        registry.add(name, value)
    return registry


def test_registry__behaves_like_an_ordered_mapping(colours):
    assert list(colours) == ["red", "blue", "green"]
    assert dict(colours.items()) == {"red": 1, "blue": 2, "green": 3}
    assert len(colours) == 3
    assert colours["blue"] == 2
    assert "blue" in colours
    assert "bleu" not in colours


def test_registry__second_registration_is_an_error(colours):
    with pytest.raises(RuntimeError, match="colour name 'red' is registered twice"):
        colours.add("red", 4)
    assert colours["red"] == 1


def test_registry__unknown_name_lists_all_and_names_the_nearest(colours):
    with pytest.raises(UnknownNameError) as caught:
        colours["bleu"]
    (fault,) = caught.value.faults
    assert fault.code == "unknown_colour_name"
    assert fault.expected == "one of red, blue, green"
    assert fault.hint == "Did you mean 'blue'?"
    assert caught.value.__cause__ is None


def test_registry__unknown_name_is_a_lookup_error(colours):
    with pytest.raises(LookupError):
        colours["nothing like it"]


@pytest.mark.parametrize(
    ("where", "found"), [("colour 'bleu'", "not known"), ("study.toml", "colour name 'bleu' is not known")]
)
def test_fault__says_the_name_once(colours, where, found):
    assert colours.fault("bleu", where=where).found == found
