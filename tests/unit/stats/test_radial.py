"""Radial kernels against slow, separate definitions."""

import numpy as np
import pytest
from scipy import optimize

from osteobiome.stats.radial import exact_kernel, iterative_kernel, radial_contributions

pytestmark = pytest.mark.kernel

NAMES = ("beta_exposure", "se_exposure", "beta_outcome", "se_outcome")


def simulated(n, *, seed, strength=6.0, scatter=1.0, ratio=0.3):
    """Return x, sx, y, sy of one pair; error ratios differ between variants."""
    rng = np.random.default_rng(seed)
    sx = rng.uniform(0.5, 2.0, n) * 0.01
    sy = rng.uniform(0.5, 2.0, n) * 0.02
    truth = rng.normal(0.0, strength * 0.01, n)
    x = truth + sx * rng.normal(size=n)
    return x, sx, ratio * truth + scatter * sy * rng.normal(size=n), sy


def block(*pairs):
    """Return arrays of shape (n_pairs, n_variants) with padding that must not be looked at, and the mask."""
    width = max(len(pair[0]) for pair in pairs) + 2
    data = np.full((4, len(pairs), width), np.nan)
    mask = np.zeros((len(pairs), width), dtype=bool)
    for i, pair in enumerate(pairs):
        data[:, i, : len(pair[0])] = pair
        mask[i, : len(pair[0])] = True
    return (*data, mask)


def exact_q(pair, slope, phi=1.0):
    x, sx, y, sy = pair
    return float(np.sum((y - slope * x) ** 2 / (phi * sy**2 + slope**2 * sx**2)))


def lowest(pair, phi=1.0):
    """Return the smallest exact Q over a very fine grid of all slopes, refined; and its slope."""
    x, sx, y, sy = pair
    slopes = np.tan(np.linspace(-np.pi / 2, np.pi / 2, 20_003)[1:-1]) * np.median(sy / sx)
    q = ((y - slopes[:, None] * x) ** 2 / (phi * sy**2 + (slopes[:, None] * sx) ** 2)).sum(axis=1)
    best = int(q.argmin())
    around = slopes[max(best - 1, 0)], slopes[min(best + 1, len(slopes) - 1)]
    found = optimize.minimize_scalar(lambda b: exact_q(pair, b, phi), bounds=around, options={"xatol": 1e-12})
    return (found.fun, found.x) if found.fun < q[best] else (q[best], slopes[best])


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("strength", [0.5, 2.0, 10.0])
def test_exact_kernel__finds_the_lowest_of_all_slopes(seed, strength):
    pair = simulated(9, seed=seed, strength=strength, scatter=2.0)
    slope, se, q = exact_kernel(*block(pair))[0, :3]
    assert q <= lowest(pair)[0] * (1 + 1e-12)
    assert q == pytest.approx(exact_q(pair, slope), rel=1e-9)
    x, sx, _, sy = pair
    assert se == pytest.approx(np.sum(x**2 / (sy**2 + slope**2 * sx**2)) ** -0.5, rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_exact_kernel__random_effects_solve_both_equations(seed):
    pair = simulated(11, seed=seed, scatter=2.5)
    slope, _, phi = exact_kernel(*block(pair))[0, 3:]
    assert phi > 1.0
    assert exact_q(pair, slope, phi) == pytest.approx(10.0, rel=1e-10)
    assert exact_q(pair, slope, phi) <= lowest(pair, phi)[0] * (1 + 1e-12)


def test_exact_kernel__random_effects_without_excess_scatter_are_fixed_effects():
    pair = simulated(10, seed=3, scatter=0.3)
    fixed, fixed_se, q, slope, se, phi = exact_kernel(*block(pair))[0]
    assert q < 9.0
    assert (slope, se, phi) == (fixed, fixed_se, 1.0)


def test_exact_kernel__sandwich_equals_numerical_derivatives():
    """Scores and their derivatives by central differences, put together as in doi:10.1198/000313002753631330."""
    pair = simulated(14, seed=5, scatter=2.5)
    slope, se, phi = exact_kernel(*block(pair))[0, 3:]
    x, sx, y, sy = pair

    def terms(b, f):
        return (y - b * x) ** 2 / (f * sy**2 + b**2 * sx**2)

    def scores(b, f, h=1e-4):
        return np.array([(terms(b + h, f) - terms(b - h, f)) / (2 * h), terms(b, f) - 13 / 14])

    h = 1e-4
    jacobian = np.column_stack(
        [
            (scores(slope + h, phi) - scores(slope - h, phi)).sum(axis=1) / (2 * h),
            (scores(slope, phi + h) - scores(slope, phi - h)).sum(axis=1) / (2 * h),
        ]
    )
    inverse = np.linalg.inv(jacobian)
    spread = scores(slope, phi) @ scores(slope, phi).T
    assert se == pytest.approx(np.sqrt((inverse @ spread @ inverse.T)[0, 0] * 14 / 13), rel=1e-5)


def test_exact_kernel__units_and_alleles_do_not_matter():
    x, sx, y, sy = simulated(10, seed=2, scatter=2.0)
    base = exact_kernel(*block((x, sx, y, sy)))[0]
    scaled = exact_kernel(*block((x * 1e6, sx * 1e6, y, sy)))[0]
    np.testing.assert_allclose(scaled[[0, 1, 3, 4]] * 1e6, base[[0, 1, 3, 4]], rtol=1e-9)
    np.testing.assert_allclose(scaled[[2, 5]], base[[2, 5]], rtol=1e-9)
    sign = np.where(np.arange(10) % 2, -1.0, 1.0)
    np.testing.assert_allclose(exact_kernel(*block((x * sign, sx, y * sign, sy)))[0], base, rtol=1e-9)


def test_exact_kernel__one_and_two_variants_and_none():
    one = (np.array([0.2]), np.array([0.01]), np.array([-0.1]), np.array([0.02]))
    two = (np.array([0.2, 0.1]), np.full(2, 0.01), np.array([-0.1, 0.3]), np.full(2, 0.02))
    data = block(one, two)
    data[4][1, 2:] = False
    result = exact_kernel(*data)
    np.testing.assert_allclose(result[0, [0, 3]], -0.5, rtol=1e-12)
    assert result[0, 2] == pytest.approx(0.0, abs=1e-20)
    assert np.isfinite(result[1, 3])
    assert np.isnan(result[1, 4])  # two points cannot tell their own spread
    assert np.isnan(exact_kernel(*(a[:, :0] for a in data))).all()


def test_iterative_kernel__is_a_fixed_point_and_stops_when_told():
    pair = simulated(10, seed=1, scatter=1.5)
    x, sx, y, sy = pair

    def step(slope):
        w = 1 / (sy**2 + slope**2 * sx**2)
        return np.sum(w * x * y) / np.sum(w * x * x)

    slope, se, q, rounds = iterative_kernel(*block(pair), 0.0, 1000)[0]
    assert slope == pytest.approx(step(slope), rel=1e-13)
    w = 1 / (sy**2 + slope**2 * sx**2)
    assert (se, q) == (
        pytest.approx(np.sum(w * x * x) ** -0.5, rel=1e-12),
        pytest.approx(np.sum(w * (y - slope * x) ** 2), rel=1e-12),
    )
    early = iterative_kernel(*block(pair), 1e-3, 1000)[0]
    expected, count = 0.0, 0
    while True:
        expected, before, count = step(expected), expected, count + 1
        if abs(expected - before) < 1e-3:
            break
    assert (early[0], early[3]) == (pytest.approx(expected, rel=1e-14), count)
    assert count < rounds


def test_iterative_kernel__gives_up_and_says_so():
    pair = simulated(10, seed=1)
    assert np.isnan(iterative_kernel(*block(pair), 0.0, 2)).all()
    nothing = (np.zeros(3), np.ones(3), np.ones(3), np.ones(3))
    assert np.isnan(iterative_kernel(*block(nothing), 0.0, 10)).all()


@pytest.mark.parametrize("weights", ["first_order", "second_order", "modified_second_order"])
@pytest.mark.parametrize("regression", ["ivw", "egger"])
def test_radial_contributions__equal_least_squares_on_the_plot(weights, regression):
    pair = simulated(8, seed=4, scatter=2.0)
    x, sx, y, sy = pair
    *data, mask = block(pair, simulated(10, seed=9))
    fit = radial_contributions(
        **dict(zip(NAMES, data, strict=True)), mask=mask, regression=regression, weights=weights, alpha=0.2
    )
    ratio = y / x

    def least_squares(w):
        columns = [np.sqrt(w)] if regression == "ivw" else [np.ones(8), np.sqrt(w)]
        design = np.column_stack(columns)
        coefficients = np.linalg.lstsq(design, ratio * np.sqrt(w), rcond=None)[0]
        return coefficients, ratio * np.sqrt(w) - design @ coefficients

    w = x**2 / sy**2
    if weights == "second_order":
        w = 1 / (sy**2 / x**2 + y**2 * sx**2 / x**4)
    if weights == "modified_second_order":
        w = x**2 / (sy**2 + least_squares(w)[0][-1] ** 2 * sx**2)
    coefficients, residual = least_squares(w)
    np.testing.assert_allclose(fit.slope[0], coefficients[-1], rtol=1e-10)
    np.testing.assert_allclose(fit.root_weight[0, :8], np.sqrt(w), rtol=1e-12)
    np.testing.assert_allclose(fit.weighted_ratio[0, :8], ratio * np.sqrt(w), rtol=1e-12)
    np.testing.assert_allclose(fit.q_contribution[0, :8], residual**2, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(fit.q[0], residual @ residual, rtol=1e-10)
    p = 10.0 ** -fit.neg_log_10_p_value[0, :8]
    assert fit.is_outlier[0, :8].tolist() == (p < 0.2 / 8).tolist()
    assert not fit.is_outlier[0, 8:].any()
    assert np.isnan(fit.q_contribution[0, 8:]).all()
    if regression == "egger":
        np.testing.assert_allclose(fit.intercept[0], coefficients[0], rtol=1e-9)


def test_radial_contributions__outlier_level_is_shared_or_not():
    x, y = np.full((1, 4), 0.1), np.array([[0.05, 0.05, 0.05, 0.1]])
    same = {"beta_exposure": x, "se_exposure": np.full((1, 4), 1e-6), "beta_outcome": y}
    # term of the last variant: (0.0375 / 0.0174)^2 = 4.64, p = 0.031
    shared = radial_contributions(**same, se_outcome=np.full((1, 4), 0.0174))
    alone = radial_contributions(**same, se_outcome=np.full((1, 4), 0.0174), adjust="none")
    assert shared.is_outlier.tolist() == [[False] * 4]
    assert alone.is_outlier.tolist() == [[False, False, False, True]]


@pytest.mark.parametrize("regression", ["ivw", "egger"])
def test_radial_contributions__variant_without_exposure_effect_has_no_ratio(regression):
    x, sx, y, sy = simulated(6, seed=8)
    x[2] = 0.0
    rest = np.arange(6) != 2
    data = dict(zip(NAMES, (v[np.newaxis] for v in (x, sx, y, sy)), strict=True))
    fewer = dict(zip(NAMES, (v[np.newaxis, rest] for v in (x, sx, y, sy)), strict=True))
    fit, other = (
        radial_contributions(**data, regression=regression),
        radial_contributions(**fewer, regression=regression),
    )
    np.testing.assert_allclose(fit.slope, other.slope, rtol=1e-12)
    assert fit.root_weight[0, 2] == 0.0
