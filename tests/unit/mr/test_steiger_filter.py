"""Which instruments the Steiger filter leaves out."""

import numpy as np

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


def test_steiger_filter__sizes_count_not_effects():
    """The same z in fewer people is a larger share of the variance."""
    pair = Instruments.from_arrays([0.05], [0.01], [0.06], [0.01])
    assert not steiger_filter(pair, PEOPLE, PEOPLE).keeps[0]
    assert steiger_filter(pair, TraitFacts(n=5_000), PEOPLE).keeps[0]


def test_steiger_filter__unknown_sizes_leave_everything_and_say_why():
    found = steiger_filter(PAIR, TraitFacts(), PEOPLE)
    assert found.keeps.all()
    assert "sample size" in found.message


def test_steiger_filter__no_effect_on_the_outcome_stays():
    pair = Instruments.from_arrays([0.05, 0.0], [0.01] * 2, [0.0, 0.0], [0.01] * 2)
    np.testing.assert_array_equal(steiger_filter(pair, PEOPLE, PEOPLE).keeps, [True, False])
