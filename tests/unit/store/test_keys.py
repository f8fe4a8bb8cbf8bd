"""Keys: everything that a result depends on, and nothing else."""

from __future__ import annotations

import hashlib

import pytest

from osteobiome.store import canonical_json, file_sha256, task_key
from osteobiome.store.keys import KEY_LENGTH

BASE = {"step": "mr", "version": 1, "params": {"a": 1, "b": [1, 2]}, "inputs": {"file": "abc"}}


def test_task_key__is_a_short_hash_of_hexadecimal_digits():
    key = task_key(**BASE)
    assert len(key) == KEY_LENGTH
    assert int(key, 16) >= 0


@pytest.mark.parametrize(
    "change",
    [
        {"step": "ingest"},
        {"version": 2},
        {"params": {"a": 1, "b": [2, 1]}},
        {"params": {"a": 1.5, "b": [1, 2]}},
        {"params": {"a": 1, "b": [1, 2], "c": None}},
        {"inputs": {"file": "abd"}},
        {"inputs": {"other": "abc"}},
    ],
)
def test_task_key__depends_on_every_part(change):
    assert task_key(**BASE) != task_key(**(BASE | change))


def test_task_key__does_not_depend_on_the_order_of_names():
    swapped = BASE | {"params": {"b": [1, 2], "a": 1}}
    assert task_key(**BASE) == task_key(**swapped)


def test_canonical_json__is_compact_sorted_and_keeps_letters():
    assert canonical_json({"b": 1, "a": "β → γ"}) == '{"a":"β → γ","b":1}'


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_canonical_json__refuses_numbers_that_json_does_not_know(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": value})


def test_file_sha256__is_that_of_the_content(tmp_path):
    (tmp_path / "a").write_bytes(b"content")
    (tmp_path / "b").write_bytes(b"content")
    assert file_sha256(tmp_path / "a") == file_sha256(tmp_path / "b") == hashlib.sha256(b"content").hexdigest()
