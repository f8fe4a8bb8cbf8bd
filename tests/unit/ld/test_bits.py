"""Counts of pairs of variants from bit planes equal those that numpy counts person by person."""

import numpy as np
import pytest

from osteobiome.ld.genotypes import Genotypes
from osteobiome.stats.bits import pair_sums, plane_counts, r_of_pairs, table_of_sums

pytestmark = pytest.mark.kernel


def planes(copies):
    genotypes = Genotypes.from_dosages(np.asarray(copies, dtype=np.int8))
    return genotypes.one, genotypes.two, genotypes.called


def correlation(copies, first, second):
    drawn = planes(copies)
    return r_of_pairs(*drawn, plane_counts(*drawn), np.shape(copies)[1], first, second)


def table_by_numpy(first, second):
    return [[int(np.sum((first == a) & (second == b))) for b in range(3)] for a in range(3)]


@pytest.mark.parametrize("n_people", [1, 63, 64, 65, 130])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_table_of_sums__counts_people_called_at_both(random_dosages, n_people, missing):
    copies = random_dosages(6, n_people, seed=n_people, missing=missing)
    copies[0] = np.abs(copies[0]) % 3  # one variant is always complete
    one, two, called = planes(copies)
    counts = plane_counts(one, two, called)
    for i in range(6):
        for j in range(6):
            sums = pair_sums(one, two, called, counts, n_people, i, j)
            assert table_of_sums(sums).tolist() == table_by_numpy(copies[i], copies[j])


def test_plane_counts__are_people(random_dosages):
    copies = random_dosages(5, 100)
    expected = np.column_stack([(copies >= 1).sum(1), (copies == 2).sum(1), (copies >= 0).sum(1)])
    np.testing.assert_array_equal(plane_counts(*planes(copies)), expected)


@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_r_of_pairs__is_the_correlation_of_the_people_called_at_both(random_dosages, missing):
    copies = random_dosages(8, 90, missing=missing)
    first, second = np.triu_indices(8)
    got = correlation(copies, first, second)
    for r, i, j in zip(got, first, second, strict=True):
        both = (copies[i] >= 0) & (copies[j] >= 0)
        assert r == pytest.approx(np.corrcoef(copies[i][both], copies[j][both])[0, 1], abs=1e-14)


def test_r_of_pairs__is_exact_for_equal_and_opposite_variants_and_missing_without_variation():
    copies = [[0, 1, 2, 1, 0], [2, 1, 0, 1, 2], [1, 1, 1, 1, 1], [-9, -9, -9, 1, 0], [0, 1, 2, -9, -9]]
    got = correlation(copies, np.zeros(5, dtype=np.int64), np.arange(5))
    assert got[:2].tolist() == [1.0, -1.0]
    assert np.isnan(got[2])
    assert got[3] == 1.0
    assert np.isnan(correlation(copies, np.array([3]), np.array([4]))[0])  # nobody called at both
