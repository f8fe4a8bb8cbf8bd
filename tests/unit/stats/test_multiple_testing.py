"""Benjamini-Hochberg q-values on the minus log10 scale."""

import numpy as np
import pytest

from osteobiome.stats.multiple_testing import benjamini_hochberg

pytestmark = pytest.mark.kernel


def test_benjamini_hochberg__hand_computed():
    """p = .005 .009 .05 .5 over m = 4: .02 .018 -> .018, .0667, .5."""
    q = benjamini_hochberg(-np.log10([0.05, 0.005, 0.5, 0.009]))
    np.testing.assert_allclose(q, [0.2 / 3, 0.018, 0.5, 0.018], rtol=1e-13)


def test_benjamini_hochberg__ties_share_a_q():
    np.testing.assert_allclose(benjamini_hochberg(-np.log10([0.02, 0.02, 0.02])), 0.02, rtol=1e-13)


def test_benjamini_hochberg__never_above_one():
    np.testing.assert_array_equal(benjamini_hochberg([0.0, 0.0, -np.log10(0.9)]), [1.0, 1.0, 1.0])


def test_benjamini_hochberg__missing_tests_do_not_count():
    q = benjamini_hochberg([np.nan, 2.0, np.nan, 1.0])
    np.testing.assert_allclose(q, [np.nan, 0.02, np.nan, 0.1], rtol=1e-13)


def test_benjamini_hochberg__nothing_to_do():
    assert benjamini_hochberg([]).shape == (0,)
    assert np.isnan(benjamini_hochberg([np.nan, np.nan])).all()


def test_benjamini_hochberg__single_test_keeps_its_p():
    np.testing.assert_allclose(benjamini_hochberg([3.0]), [1e-3], rtol=1e-13)


def test_benjamini_hochberg__p_far_below_the_smallest_double():
    """Among 100 tests the second, p = 1e-300, has q = 1e-300 * 100 / 2; the first, p = 1e-400, shows as 0."""
    scores = np.zeros(100)
    scores[:2] = 400.0, 300.0
    q = benjamini_hochberg(scores)
    assert q[0] == 0.0
    assert q[1] == pytest.approx(5e-299, rel=1e-10)
    assert (q[2:] == 1.0).all()


def test_benjamini_hochberg__p_of_zero():
    np.testing.assert_allclose(benjamini_hochberg([np.inf, 1.0]), [0.0, 0.1], rtol=1e-13)
