"""The lasso with one direct effect per variant: optimality conditions, and the matrices of the definition."""

import numpy as np
import pytest

from osteobiome.stats.lasso import choice_of, limits, path, penalties_of, scales, solve

pytestmark = pytest.mark.kernel


def some(n=20, seed=0):
    rng = np.random.default_rng([seed, n])
    u = rng.uniform(0.5, 6.0, n)
    return u, 0.4 * u + rng.normal(size=n) + np.where(rng.random(n) < 0.3, rng.normal(0, 8, n), 0.0)


@pytest.mark.parametrize("n", [3, 20])
def test_scales__are_those_of_the_projected_design(n):
    u, _ = some(n)
    design = np.eye(n) - np.outer(u, u) / (u @ u)
    np.testing.assert_allclose(scales(u), design.std(axis=0), rtol=1e-12)


def test_scales__a_variant_with_all_the_weight_has_no_direct_effect_of_its_own():
    got = scales(np.array([1e12, 1.0, 2.0, 3.0]))
    assert np.isinf(got[0])
    assert np.isfinite(got[1:]).all()


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("share", [1e-3, 0.05, 0.3, 1.0])
def test_solve__pulls_of_both_sides_are_equal(seed, share):
    u, z = some(seed=seed)
    limit = share * limits(penalties_of(u, z, scales(u))[0], scales(u))
    for start in (0.0, 5.0, -40.0):
        theta = solve(start, u, z, limit)
        pulls = u * np.clip(z - theta * u, -limit, limit)
        assert abs(pulls.sum()) <= 1e-12 * np.abs(pulls).sum()


def test_path__objective_is_below_that_of_random_neighbours():
    u, z = some()
    scale = scales(u)
    penalties = penalties_of(u, z, scale)
    rng = np.random.default_rng(1)
    fits = path(u, z, scale, penalties)
    for k in (0, 10, 40, 99):
        theta = fits[k, 0]
        limit = u.size * penalties[k] * scale

        def objective(theta, direct, limit=limit):
            return 0.5 * np.sum((z - theta * u - direct) ** 2) + np.sum(limit * np.abs(direct))

        miss = z - theta * u
        direct = np.sign(miss) * np.maximum(np.abs(miss) - limit, 0.0)
        best = objective(theta, direct)
        for _ in range(200):
            size = 10.0 ** rng.uniform(-6, 0)
            assert objective(theta + size * rng.normal(), direct + size * rng.normal(size=u.size)) >= best
        assert fits[k, 2] == np.sum(np.abs(direct) <= 1e-9)


def test_path__largest_penalty_has_no_direct_effect_and_the_next_has_one():
    u, z = some()
    fits = path(u, z, scales(u), penalties_of(u, z, scales(u)))
    assert fits[0, 2] == 20
    assert fits[1, 2] < 20
    assert fits[0, 0] == pytest.approx((u @ z) / (u @ u), rel=1e-12)


def test_penalties_of__variants_that_agree_have_no_path():
    u = np.array([1.0, 2.0, 3.0])
    assert penalties_of(u, 0.5 * u, scales(u)).size == 0


def test_choice_of__last_before_the_jump():
    """Rows in descending penalty: residual standard error 3, 2, 0.9 with 10, 9, 8 valid variants."""
    fits = np.zeros((3, 5))
    fits[:, 2] = 10, 9, 8
    fits[:, 4] = 9 * 9.0, 8 * 4.0, 7 * 0.81
    assert choice_of(fits, 3.84) == 2  # rises by 1.1 > 3.84 / 9
    assert choice_of(fits, 9.95) == 1  # 1.1 < 9.95 / 9, and 1.0 > 9.95 / 10
    assert choice_of(fits, 100.0) == 0


def test_choice_of__no_penalty_leaves_two_valid_variants():
    fits = np.zeros((3, 5))
    fits[:, 2] = 1, 1, 0
    fits[:, 3:] = np.nan
    assert choice_of(fits, 3.84) == -1
