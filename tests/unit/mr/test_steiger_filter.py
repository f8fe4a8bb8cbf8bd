"""Which instruments the Steiger filter leaves out."""

import numpy as np
import pytest

from osteobiome.core.errors import SchemaError
from osteobiome.instruments import Instruments
from osteobiome.mr.checks import TraitFacts
from osteobiome.mr.checks.steiger_filter import steiger_filter

PAIR = Instruments.from_arrays([0.1, 0.05, -0.02, 0.03], [0.01] * 4, [0.02, 0.05, 0.0201, -0.09], [0.01] * 4)
PEOPLE = TraitFacts(n=10_000)


def test_steiger_filter__by_direction_alone():
    """With sizes and errors alike, |z| decides: a tie explains as much of both and is no instrument of the exposure."""
    found = steiger_filter(PAIR, PEOPLE, PEOPLE)
    assert found.keeps.tolist() == [True, False, False, False]
    assert (found.n_dropped, found.message) == (3, "")


def test_steiger_filter__only_what_is_significant():
    found = steiger_filter(PAIR, PEOPLE, PEOPLE, p_threshold=0.05)
    assert found.keeps.tolist() == [True, True, True, False]


def test_steiger_filter__shares_are_those_worked_out_by_hand():
    """t = 10, 5, -2, 3 in 10,000 people: r² = t² / (n - 2 + t²), 100 / 10,098 for the first."""
    found = steiger_filter(PAIR, PEOPLE, PEOPLE)
    np.testing.assert_allclose(found.r2_exposure, [100 / 10_098, 25 / 10_023, 4 / 10_002, 9 / 10_007], rtol=1e-12)
    np.testing.assert_allclose(found.r2_outcome[[0, 1, 3]], [4 / 10_002, 25 / 10_023, 81 / 10_079], rtol=1e-12)


def test_steiger_filter__the_threshold_is_of_a_two_sided_p():
    """z by hand: (artanh 0.2 - artanh 0.23) / sqrt(2 / 9,997) = -2.2240 has p = 0.0261 on two sides, 0.0131 on one."""
    r = np.array([0.2, 0.23])
    t = r * np.sqrt(9_998 / (1 - r**2))
    pair = Instruments.from_arrays([t[0] * 0.01], [0.01], [t[1] * 0.01], [0.01])
    kept = [bool(steiger_filter(pair, PEOPLE, PEOPLE, p_threshold=p).keeps[0]) for p in (0.014, 0.026, 0.027)]
    assert kept == [True, True, False]


def test_steiger_filter__a_threshold_of_one_is_direction_alone():
    found = steiger_filter(PAIR, PEOPLE, PEOPLE, p_threshold=1.0)
    assert found.keeps.tolist() == steiger_filter(PAIR, PEOPLE, PEOPLE).keeps.tolist()


@pytest.mark.parametrize("p_threshold", [0.0, -0.1, 1.5, float("nan")])
def test_steiger_filter__refuses_what_is_no_p_value(p_threshold):
    with pytest.raises(SchemaError, match="p_threshold"):
        steiger_filter(PAIR, PEOPLE, PEOPLE, p_threshold=p_threshold)


def test_steiger_filter__sizes_count_not_effects():
    """The same z in fewer people is a larger share of the variance."""
    pair = Instruments.from_arrays([0.05], [0.01], [0.06], [0.01])
    assert not steiger_filter(pair, PEOPLE, PEOPLE).keeps[0]
    assert steiger_filter(pair, TraitFacts(n=5_000), PEOPLE).keeps[0]


def test_steiger_filter__unknown_sizes_leave_everything_and_say_why():
    found = steiger_filter(PAIR, TraitFacts(), PEOPLE, p_threshold=0.05)
    assert found.keeps.tolist() == [True] * 4
    assert "sample size" in found.message
    assert (found.r2_exposure.size, found.r2_outcome.size, found.n_dropped) == (0, 0, 0)


@pytest.mark.parametrize("n", [2, 3])
def test_steiger_filter__too_few_people_leave_everything_and_say_why(n):
    """Two people have no correlation to compare: that is no sign of the other direction."""
    found = steiger_filter(PAIR, TraitFacts(n=n), PEOPLE)
    assert found.keeps.tolist() == [True] * 4
    assert "at least 4 people" in found.message
    assert "4 of 4 variants" in found.message


def test_steiger_filter__no_effect_on_the_outcome_stays():
    pair = Instruments.from_arrays([0.05, 0.0], [0.01] * 2, [0.0, 0.0], [0.01] * 2)
    np.testing.assert_array_equal(steiger_filter(pair, PEOPLE, PEOPLE).keeps, [True, False])
