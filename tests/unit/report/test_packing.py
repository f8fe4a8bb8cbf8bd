"""What the page carries packed comes out as it went in."""

from __future__ import annotations

import base64
import copy
import gzip
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteobiome.plot import Figure
from osteobiome.report.packing import Packer, differences, packed_json, squeeze

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner), max_leaves=12
)


def _apply(old, changes):
    spec = {"root": copy.deepcopy(old)}
    for path, value in changes:
        node = spec
        steps = ["root", *path]
        for key in steps[:-1]:
            node = node[key]
        node[steps[-1]] = value
    return spec["root"]


@given(TREES, TREES)
def test_differences__turn_one_tree_into_the_other(old, new):
    assert _apply(old, differences(old, new)) == new


@given(TREES)
def test_differences__of_equal_trees_are_none(tree):
    assert differences(tree, copy.deepcopy(tree)) == []


def _figure(title, rows, name="scatter"):
    return Figure({"title": {"text": [title]}, "datasets": {"points": rows}}, name, "caption")


def test_packer__stores_a_kind_once_and_shares_columns():
    rows = [{"x": 1.0, "name": "rs1"}, {"x": 2.0, "name": "rs2"}]
    packer = Packer()
    packed = packer.pack([_figure("a", rows), _figure("b", rows)], rows)
    assert packer.skeletons == {"scatter": {"title": {"text": ["a"]}}}
    assert packed["columns"] == [[1.0, 2.0], ["rs1", "rs2"]]
    assert [figure["changes"] for figure in packed["figures"]] == [[], [[["title", "text", 0], "b"]]]
    assert packed["figures"][0]["datasets"] == packed["figures"][1]["datasets"] == {"points": {"x": 0, "name": 1}}
    assert packed["variants"] == {"x": 0, "name": 1}


def test_packer__rounds_and_makes_what_is_not_finite_missing():
    rows = [{"x": 0.123456789}, {"x": math.inf}, {"x": math.nan}, {"x": 1e-300}]
    assert Packer().pack([_figure("a", rows)])["columns"] == [[0.12346, None, None, 1e-300]]


def test_packer__of_an_empty_dataset():
    assert Packer().pack([_figure("a", [])])["figures"][0]["datasets"] == {"points": {}}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_squeeze__is_safe_inside_a_script_and_comes_back(text):
    packed = squeeze(text)
    assert "<" not in packed
    assert gzip.decompress(base64.b64decode(packed)).decode() == text


def test_packed_json__refuses_what_javascript_cannot_read():
    with pytest.raises(ValueError, match="not JSON compliant"):
        packed_json({"x": math.nan})
    assert json.loads(gzip.decompress(base64.b64decode(packed_json({"x": "</script>"})))) == {"x": "</script>"}
