"""Deletion diagnostics against explicit deletion."""

import numpy as np
import pytest

from osteobiome.stats.gls import gls_origin
from osteobiome.stats.influence import gls_deletions, origin_deletions, wls_deletions


def data(n, p, *, seed=1):
    rng = np.random.default_rng([seed, n, p])
    x = np.column_stack([rng.normal(1.0, 0.5, n) for _ in range(p)])
    correlation = 0.7 ** np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    se = rng.uniform(0.5, 2.0, n)
    return x, x @ np.ones(p) + se * rng.normal(size=n), correlation * np.outer(se, se)


def fitted(x, y, covariance):
    v = np.linalg.inv(covariance)
    information = x.T @ v @ x
    beta = np.linalg.solve(information, x.T @ v @ y)
    return beta, information, float((y - x @ beta) @ v @ (y - x @ beta))


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("n", [5, 12])
def test_gls_deletions__equal_explicit_deletion(n, p):
    x, y, covariance = data(n, p)
    got = gls_deletions(x, y, covariance)
    beta, information, q = fitted(x, y, covariance)
    for j in range(n):
        keep = np.arange(n) != j
        without, _, q_without = fitted(x[keep], y[keep], covariance[np.ix_(keep, keep)])
        moved = beta - without
        np.testing.assert_allclose(got.cooks_distance[j], moved @ information @ moved / (p * q / (n - p)), rtol=1e-8)
        sigma = q_without / (n - 1 - p)
        np.testing.assert_allclose(got.studentised_residual[j] ** 2, (q - q_without) / sigma, rtol=1e-8)
    assert (got.leverage >= 0).all()
    assert (got.leverage <= 1).all()


@pytest.mark.parametrize("is_linked", [False, True])
def test_origin_deletions__equal_fits_of_the_rest(is_linked):
    rng = np.random.default_rng(3)
    x, y, se = rng.normal(size=9), rng.normal(size=9), rng.uniform(0.5, 2.0, 9)
    ld = 0.6 ** np.abs(np.subtract.outer(np.arange(9), np.arange(9))) if is_linked else np.eye(9)
    found = origin_deletions(x / se, y / se, ld if is_linked else None)
    for j in range(9):
        keep = np.arange(9) != j
        want = gls_origin(x[keep], y[keep], se[keep], ld[np.ix_(keep, keep)])
        np.testing.assert_allclose([found.slope[j], found.se[j], found.q[j]], [want.slope, want.se, want.q], rtol=1e-9)
    assert not found.is_heavy.any()


def test_origin_deletions__a_response_that_decides_is_named():
    assert origin_deletions(np.array([1.0, 1.0, 1e3]), np.array([1.0, 2.0, 3.0])).is_heavy.tolist() == [
        False,
        False,
        True,
    ]
    assert origin_deletions(np.ones(40), np.r_[np.full(39, 1.0), 1e6]).is_heavy.tolist() == [False] * 39 + [True]


@pytest.mark.parametrize("p", [1, 2])
def test_deletions__without_correlation_are_the_same(p):
    x, y, covariance = data(9, p)
    variance = np.diag(covariance)
    one, other = wls_deletions(x, y, 1 / variance), gls_deletions(x, y, np.diag(variance))
    for name in ("leverage", "q_contribution", "studentised_residual", "cooks_distance"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9)
    assert one.leverage.sum() == pytest.approx(p)


def test_wls_deletions__by_hand():
    """y = 1, 2, 4 on x = 1, 2, 3: slope 17/14, residuals -3, -6, 5 in fourteenths, Q = 70/196."""
    got = wls_deletions(np.array([[1.0], [2.0], [3.0]]), np.array([1.0, 2.0, 4.0]), np.ones(3))
    np.testing.assert_allclose(got.leverage, [1 / 14, 4 / 14, 9 / 14], rtol=1e-12)
    np.testing.assert_allclose(got.q_contribution, [9 / 196, 36 / 196, 25 / 196], rtol=1e-12)
    # without the second: slope 13/10, Q = 0.1; prediction error -0.6, variance 0.1 (1 + 4/10)
    assert got.studentised_residual[1] == pytest.approx(-0.6 / np.sqrt(0.14), rel=1e-12)
    # slope moves by 13/10 - 17/14 = 6/70; information 14; scatter (70/196) / 2
    assert got.cooks_distance[1] == pytest.approx((6 / 70) ** 2 * 14 / (70 / 392), rel=1e-12)
    # the other two lie on one line through the origin: no scatter to judge the third by
    assert np.isnan(got.studentised_residual[2])


def test_wls_deletions__without_degrees_of_freedom():
    got = wls_deletions(np.array([[1.0], [2.0]]), np.array([1.0, 3.0]), np.ones(2))
    assert np.isnan(got.studentised_residual).all()
    assert np.isfinite(got.cooks_distance).all()
    alone = wls_deletions(np.array([[1.0]]), np.array([1.0]), np.ones(1))
    assert alone.leverage == pytest.approx(1.0)
    assert np.isnan(alone.cooks_distance).all()


def test_wls_deletions__a_variant_that_alone_decides():
    got = wls_deletions(np.array([[1.0], [0.0], [0.0]]), np.array([1.0, 0.5, -0.2]), np.ones(3))
    assert np.isnan(got.cooks_distance[0])
    np.testing.assert_array_equal(got.cooks_distance[1:], 0.0)


def test_wls_deletions__perfect_fit_has_no_scale():
    got = wls_deletions(np.array([[1.0], [2.0], [4.0]]), np.array([2.0, 4.0, 8.0]), np.ones(3))
    np.testing.assert_allclose(got.q_contribution, 0.0, atol=1e-25)
