"""Variants close together form a locus."""

import numpy as np
import pytest

from osteobiome.core.errors import SchemaError
from osteobiome.instruments.loci import loci, locus_label


def test_loci__neighbours_are_chained_within_the_window():
    chromosome = [1, 1, 1, 1, 2, 2]
    position = [1_000_000, 1_900_000, 2_800_000, 3_900_000, 1_000_000, 1_000_000]
    assert loci(chromosome, position).tolist() == [0, 0, 0, 1, 2, 2]
    assert loci(chromosome, position, window_kb=1100).tolist() == [0, 0, 0, 0, 1, 1]
    assert loci(chromosome, position, window_kb=0).tolist() == [0, 1, 2, 3, 4, 4]


def test_loci__edge_of_the_window_is_inside():
    assert loci([1, 1], [0, 1_000_000]).tolist() == [0, 0]
    assert loci([1, 1], [0, 1_000_001]).tolist() == [0, 1]


def test_loci__order_of_variants_does_not_matter():
    rng = np.random.default_rng(1)
    chromosome, position = rng.integers(1, 4, 50).astype(float), rng.integers(0, 10**7, 50).astype(float)
    number = loci(chromosome, position, window_kb=200)
    order = rng.permutation(50)
    assert loci(chromosome[order], position[order], window_kb=200).tolist() == number[order].tolist()
    for i in range(50):  # the definition: a variant is never nearer than the window to one of another locus
        other = (chromosome == chromosome[i]) & (number != number[i])
        assert (np.abs(position[other] - position[i]) > 200_000).all()


def test_loci__unknown_place_has_no_locus():
    assert loci([1, np.nan, 1], [5, 5, np.nan]).tolist() == [0, -1, -1]
    assert loci([], []).tolist() == []


@pytest.mark.parametrize("window", [-1.0, float("nan")])
def test_loci__window_must_be_a_distance(window):
    with pytest.raises(SchemaError, match="window_kb"):
        loci([1], [1], window_kb=window)


def test_locus_label__first_to_last():
    assert locus_label(np.array([23.0, 23.0]), np.array([9.0, 4.0])) == "23:4-9"
