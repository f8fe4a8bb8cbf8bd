"""Order of the genome from frames in any order."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
import pytest

from osteobiome.sumstats.writing import order

SCHEMA = {"chromosome": pl.Int8, "position": pl.Int64, "name": pl.String}
ROWS = [
    (2, 5, "a"), (None, None, "b"), (1, 2**31, "c"), (1, 2**25, "d"), (1, 2**25 - 1, "e"), (25, 1, "f"),
    (1, 2**25, "g"), (None, None, "h"), (2, 1, "i"), (10, 3, "j"), (1, 2**32 - 1, "k"),
]  # fmt: skip
SORTED = list("edgckiajfbh")


def frames(*cuts):
    whole = pl.DataFrame(ROWS, schema=SCHEMA, orient="row")
    edges = [0, *cuts, len(ROWS)]
    return iter([whole[start:stop] for start, stop in pairwise(edges)])


@pytest.mark.parametrize("cuts", [(), (4,), (1, 2, 3, 4, 5, 6, 7, 8, 9, 10), (0, 11)])
def test_in_genome_order__is_stable_and_puts_rows_without_place_last(tmp_path, cuts):
    names = pl.concat(order.in_genome_order(frames(*cuts), tmp_path))["name"].to_list()
    assert names == SORTED
    assert list(tmp_path.iterdir()) == []


def test_in_genome_order__holds_one_window_at_a_time(tmp_path):
    pieces = [piece["name"].to_list() for piece in order.in_genome_order(frames(3, 6), tmp_path)]
    assert pieces == [["e"], ["d", "g"], ["c"], ["k"], ["i", "a"], ["j"], ["f"], ["b"], ["h"]]


def test_in_genome_order__of_nothing_is_nothing(tmp_path):
    assert list(order.in_genome_order(iter([]), tmp_path)) == []


def test_in_pieces__cuts_large_frames(monkeypatch):
    monkeypatch.setattr(order, "PIECE_ROWS", 4)
    assert [piece.height for piece in order.in_pieces(frames())] == [4, 4, 3]
