"""Generalised least squares through the origin and with an intercept, and the verdict on a correlation matrix."""

import numpy as np
import pytest
from numpy.linalg import LinAlgError

from osteobiome.stats.gls import both_whitened, definiteness, gls_line, gls_origin

pytestmark = pytest.mark.kernel


def test_definiteness__identity():
    assert definiteness(np.eye(3)) == ("ok", 1.0, 1.0)


def test_definiteness__two_variants_have_eigenvalues_one_plus_minus_r():
    verdict, smallest, condition = definiteness(np.array([[1.0, 0.8], [0.8, 1.0]]))
    assert verdict == "ok"
    assert smallest == pytest.approx(0.2, rel=1e-14)
    assert condition == pytest.approx(9.0, rel=1e-13)


def test_definiteness__copy_of_a_variant_is_singular():
    verdict, smallest, condition = definiteness(np.ones((2, 2)))
    assert verdict == "singular"
    assert abs(smallest) < 1e-12
    assert condition == np.inf


def test_definiteness__impossible_correlations():
    """r12 = r13 = 0.9 and r23 = -0.9 cannot be: the smallest eigenvalue is 1 - 1.8."""
    r = np.array([[1.0, 0.9, 0.9], [0.9, 1.0, -0.9], [0.9, -0.9, 1.0]])
    verdict, smallest, condition = definiteness(r)
    assert verdict == "not_positive_semidefinite"
    assert smallest == pytest.approx(-0.8, rel=1e-13)
    assert condition == np.inf


@pytest.mark.parametrize(
    ("gap", "verdict"),
    [
        (1e-9, "ok"),
        (1e-12, "singular"),
        (0.0, "singular"),
        (-1e-12, "singular"),
        (-1e-6, "not_positive_semidefinite"),
    ],
)
def test_definiteness__tolerance_is_relative_to_the_largest_eigenvalue(gap, verdict):
    r = 1.0 - gap
    assert definiteness(np.array([[1.0, r], [r, 1.0]]))[0] == verdict


def test_definiteness__one_variant():
    assert definiteness(np.array([[1.0]])) == ("ok", 1.0, 1.0)


def test_gls_origin__hand_computed():
    """x = 1, 2; y = 5, 11 (se 1): with r = 1/2 the inverse is 4/3 [[1, -1/2], [-1/2, 1]].

    x'Wx = 4, x'Wy = 4/3 (5 + 22 - (11 + 10) / 2) = 22: slope 5.5, se 1/2, residual -1/2, 0 with Q = 1/3.
    """
    fit = gls_origin(np.array([1.0, 2.0]), np.array([5.0, 11.0]), np.ones(2), np.array([[1.0, 0.5], [0.5, 1.0]]))
    assert fit.slope == pytest.approx(5.5, rel=1e-14)
    assert fit.se == pytest.approx(0.5, rel=1e-14)
    assert fit.q == pytest.approx(1 / 3, rel=1e-13)
    assert fit.condition == pytest.approx(3.0, rel=1e-13)


def test_gls_origin__standard_errors_of_very_different_size():
    """The correlation is factorised, not the covariance, so 12 orders of magnitude do no harm."""
    se = np.array([1e-6, 1.0, 1e6])
    r = np.array([[1.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 1.0]])
    z = np.array([1.0, 2.0, 3.0])
    fit = gls_origin(z * se, 2.0 * z * se, se, r)
    assert fit.slope == pytest.approx(2.0, rel=1e-13)
    assert fit.se == pytest.approx(float(z @ np.linalg.inv(r) @ z) ** -0.5, rel=1e-12)
    assert fit.q == pytest.approx(0.0, abs=1e-20)


def test_gls_origin__indefinite_matrix_raises():
    r = np.array([[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(LinAlgError):
        gls_origin(np.ones(2), np.ones(2), np.ones(2), r)


def test_gls_origin__shapes_are_asserted():
    with pytest.raises(AssertionError):
        gls_origin(np.ones(2), np.ones(3), np.ones(2), np.eye(2))


def test_gls_line__hand_computed():
    """x = 0, 1, 2; y = 1, 1, 4 (se 1); r = 1/2 between the first two, so the inverse is 4/3 [[1, -1/2], [-1/2, 1]] + 1.

    1'W1 = 7/3, 1'Wx = 8/3, x'Wx = 16/3, 1'Wy = 16/3, x'Wy = 26/3; determinant 112/9 - 64/9 = 16/3: slope
    (7/3 26/3 - 8/3 16/3) / (16/3) = 9/8, intercept (16/3 16/3 - 8/3 26/3) / (16/3) = 1.
    """
    r = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]])
    fit = gls_line(np.array([0.0, 1.0, 2.0]), np.array([1.0, 1.0, 4.0]), se_y=np.ones(3), correlation=r)
    assert fit.slope == pytest.approx(9 / 8, rel=1e-14)
    assert fit.intercept == pytest.approx(1.0, rel=1e-14)
    assert fit.se == pytest.approx((7 / 16) ** 0.5, rel=1e-14)
    assert fit.se_intercept == pytest.approx(1.0, rel=1e-14)
    # residuals 0, -9/8, 3/4: 4/3 81/64 + 9/16
    assert fit.q == pytest.approx(4 / 3 * 81 / 64 + 9 / 16, rel=1e-14)
    assert fit.condition == pytest.approx(3.0, rel=1e-13)


def test_gls_line__keeps_its_digits_when_regressors_are_nearly_equal():
    """x = 1 + 1e-7 z: the two-by-two inverse would leave two digits of the slope."""
    rng = np.random.default_rng(2)
    z, se = rng.normal(size=8), rng.uniform(0.5, 2.0, 8)
    r = 0.5 ** np.abs(np.subtract.outer(np.arange(8), np.arange(8)))
    x = 1.0 + 1e-7 * z
    fit = gls_line(x, 3.0 + 2.0 * (x - 1.0), se_y=se, correlation=r)
    assert fit.slope == pytest.approx(2.0, rel=1e-7)
    assert fit.intercept + fit.slope == pytest.approx(3.0, rel=1e-12)


@pytest.mark.parametrize("x", [np.ones(4), np.zeros(4), np.full(4, 0.1) * (1 + 1e-16)])
def test_gls_line__without_spread_does_not_exist(x):
    fit = gls_line(x, np.arange(4.0), se_y=np.array([1.0, 2.0, 3.0, 4.0]), correlation=np.eye(4))
    assert np.isnan([fit.slope, fit.se, fit.intercept, fit.se_intercept, fit.q]).all()
    assert fit.condition == 1.0


def test_gls_line__shapes_are_asserted():
    with pytest.raises(AssertionError):
        gls_line(np.ones(2), np.ones(3), se_y=np.ones(2), correlation=np.eye(2))
    with pytest.raises(AssertionError):
        gls_line(np.ones(1), np.ones(1), se_y=np.ones(1), correlation=np.eye(1))


def test_both_whitened__makes_both_covariances_diagonal_at_once():
    rng = np.random.default_rng(21)
    n = 7
    rho = 0.7 ** np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    x, y = rng.normal(size=(2, n))
    sx, sy = np.exp(rng.normal(size=n)), np.exp(3 * rng.normal(size=n))
    first, second, se, condition = both_whitened((x, sx, y, sy), rho)
    assert condition == pytest.approx(np.linalg.cond(rho), rel=1e-10)
    for theta in (-40.0, -0.3, 0.0, 0.01, 2.0, 1e5):
        covariance = rho * (np.outer(sy, sy) + theta**2 * np.outer(sx, sx))
        want = (y - theta * x) @ np.linalg.solve(covariance, y - theta * x)
        assert np.sum(np.square(second - theta * first) / (1 + np.square(theta * se))) == pytest.approx(want, rel=1e-8)


def test_both_whitened__of_independent_variants_divides_by_the_second_errors():
    x, sx, y, sy = np.array([0.1, 0.2]), np.array([0.01, 0.03]), np.array([0.3, 0.1]), np.array([0.02, 0.05])
    first, second, se, _ = both_whitened((x, sx, y, sy), np.eye(2))
    order = np.argsort(-sx / sy)
    np.testing.assert_allclose(se, (sx / sy)[order])
    np.testing.assert_allclose(first * second, (x * y / sy**2)[order])
