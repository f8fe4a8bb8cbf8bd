"""Steiger test, minimum detectable effect and outlier calls: level and power against theory and the recorded table."""

import functools

import pytest

from osteobiome.mr import ivw, ivw_lead
from osteobiome.mr.checks import independence
from tests.calibration.detection import CHECKS
from tests.calibration.measure import N_CHECK, recorded_checks
from tests.calibration.scenarios import Sample, pairs_of

pytestmark = pytest.mark.calibration

SEED, N = 2, 1000


@functools.cache
def counted(name):
    return CHECKS[name](SEED, N)


@pytest.mark.parametrize("name", CHECKS)
def test_check__finds_what_theory_expects_and_the_table_says(check_count, check_same, name):
    found = counted(name)
    expected, measured = recorded_checks()[name]
    assert found.expected == pytest.approx(expected, abs=0.002)
    check_count(found.count, found.n, found.expected)
    check_same(found.count, found.n, measured, N_CHECK)


def test_table__has_the_rows_that_are_tested():
    assert list(recorded_checks()) == list(CHECKS)


def test_steiger__finds_the_direction_far_more_often_than_by_chance():
    level, power = (counted(f"steiger: {case}") for case in ("equal shares", "exposure's share four times larger"))
    assert power.count > 10 * level.count


def test_outliers__are_called_in_fewer_pairs_than_bonferroni_allows(check_count):
    """Leverage makes the call conservative, but not by much: 3 to 4 % of pairs."""
    for name in CHECKS:
        if name.startswith("outlier"):
            assert 0.025 < counted(name).expected < 0.05


def signs(design, function):
    """Count pairs by the sign of correlation that is found in them."""
    found = {"variants_close_together": 0, "too_little_scatter": 0}
    for pair in pairs_of(Sample(design, "none", 0.0, 800, SEED)):
        for test in independence(pair, function(pair)):
            if test.name in found:
                found[test.name] += 1
    return found


def test_independence__is_doubted_where_it_should_be_and_nowhere_else():
    assert signs("independent", ivw) == {"variants_close_together": 0, "too_little_scatter": 0}
    assert signs("loci", ivw_lead) == {"variants_close_together": 0, "too_little_scatter": 0}
    assert signs("loci", ivw)["variants_close_together"] == 800
