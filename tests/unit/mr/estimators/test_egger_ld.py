"""MR-Egger for correlated variants against dense matrix algebra, and honest refusals where there is no answer."""

import dataclasses

import numpy as np
import pytest

from osteobiome.core.errors import EstimationError, SchemaError
from osteobiome.instruments import Instruments
from osteobiome.mr.estimators import egger, egger_ld

pytestmark = pytest.mark.kernel


def correlated(n, seed=0, scatter=1.0):
    rng = np.random.default_rng([seed, n])
    factor = rng.normal(size=(n, n + 3))
    covariance = factor @ factor.T
    sd = np.sqrt(np.diag(covariance))
    ld = covariance / np.outer(sd, sd)
    ld = (ld + ld.T) / 2
    np.fill_diagonal(ld, 1.0)
    x, se_x, se_y = rng.normal(0, 0.1, n), rng.uniform(0.005, 0.02, n), rng.uniform(0.01, 0.05, n)
    noise = np.linalg.cholesky(ld * np.outer(se_y, se_y)) @ rng.normal(size=n)
    return Instruments.from_arrays(x, se_x, 0.4 * x + 0.05 * np.sign(x) + scatter * noise, se_y, ld_r=ld)


def oracle(pair):
    """Coefficients, fixed-effect errors and Q with the covariance inverted outright, effects turned one by one."""
    n = pair.n_variants
    x, y, ld = pair.beta_exposure.copy(), pair.beta_outcome.copy(), pair.ld_r.copy()
    for j in range(n):
        if x[j] < 0:
            x[j], y[j] = -x[j], -y[j]
            ld[j, :] *= -1
            ld[:, j] *= -1
    omega = np.linalg.inv(ld * np.outer(pair.se_outcome, pair.se_outcome))
    design = np.column_stack([np.ones(n), x])
    covariance = np.linalg.inv(design.T @ omega @ design)
    coefficients = covariance @ design.T @ omega @ y
    residual = y - design @ coefficients
    return coefficients, np.sqrt(np.diag(covariance)), residual @ omega @ residual


@pytest.mark.parametrize("n", [3, 4, 10, 40])
@pytest.mark.parametrize("scatter", [0.3, 3.0])
def test_egger_ld__equals_dense_algebra(n, scatter):
    pair = correlated(n, scatter=scatter)
    (intercept, slope), (se_intercept, se_slope), q = oracle(pair)
    phi = (q / (n - 2)) ** 0.5
    for model, factor in {
        "fixed": 1.0,
        "multiplicative": max(1.0, phi),
        "multiplicative_unfloored": phi,
    }.items():
        result = egger_ld(pair, model=model)
        test = result.diagnostic("egger_intercept")
        assert result.beta == pytest.approx(slope, rel=1e-8)
        assert result.se == pytest.approx(se_slope * factor, rel=1e-8)
        assert test.estimate == pytest.approx(intercept, rel=1e-8)
        assert test.se == pytest.approx(se_intercept * factor, rel=1e-8)
        assert test.statistic == pytest.approx(test.estimate / test.se, rel=1e-14)
        assert result.diagnostic("rucker_q").statistic == pytest.approx(q, rel=1e-7)
        assert result.diagnostic("rucker_q").df == n - 2


@pytest.mark.parametrize("n", [3, 12])
@pytest.mark.parametrize("options", [{}, {"distribution": "normal"}, {"model": "fixed"}])
def test_egger_ld__uncorrelated_variants_give_plain_egger(n, options):
    pair = dataclasses.replace(correlated(n), ld_r=np.eye(n))
    got, want = egger_ld(pair, **options), egger(pair, **options)
    assert got.beta == pytest.approx(want.beta, rel=1e-12)
    assert got.se == pytest.approx(want.se, rel=1e-12)
    assert got.neg_log_10_p_value == pytest.approx(want.neg_log_10_p_value, rel=1e-11)
    assert (got.distribution, got.df) == (want.distribution, want.df)
    for name in ("egger_intercept", "rucker_q", "i2", "mean_f", "min_f"):
        a, b = got.diagnostic(name), want.diagnostic(name)
        assert a.null == b.null
        for field in ("statistic", "df", "neg_log_10_p_value", "estimate", "se"):
            x, y = getattr(a, field), getattr(b, field)
            assert x == y or x == pytest.approx(y, rel=1e-11)


@pytest.mark.parametrize("turned", [[0], [1, 3], [0, 1, 2, 3, 4, 5]])
def test_egger_ld__other_effect_alleles_change_nothing(turned):
    pair = correlated(6)
    sign = np.ones(6)
    sign[turned] = -1.0
    other = dataclasses.replace(
        pair,
        beta_exposure=pair.beta_exposure * sign,
        beta_outcome=pair.beta_outcome * sign,
        ld_r=pair.ld_r * np.outer(sign, sign),
    )
    assert egger_ld(other).beta == pytest.approx(egger_ld(pair).beta, rel=1e-12)
    assert egger_ld(other).se == pytest.approx(egger_ld(pair).se, rel=1e-12)


def test_egger_ld__matrix_in_the_wrong_alleles_does_change_the_result():
    pair = correlated(5)
    sign = np.array([-1.0, 1, 1, 1, 1])
    wrong = dataclasses.replace(pair, ld_r=pair.ld_r * np.outer(sign, sign))
    assert abs(egger_ld(pair).beta - egger_ld(wrong).beta) > 1e-3


def test_egger_ld__diagnostics():
    ld = np.array([[1.0, -0.8, 0.0], [-0.8, 1.0, 0.1], [0.0, 0.1, 1.0]])
    result = egger_ld(dataclasses.replace(correlated(3), ld_r=ld))
    eigenvalues = np.linalg.eigvalsh(ld)
    assert result.diagnostic("max_abs_ld_r").statistic == 0.8
    condition = result.diagnostic("ld_condition_number").statistic
    assert condition == pytest.approx(eigenvalues[-1] / eigenvalues[0], rel=1e-10)
    assert result.diagnostic("i2_gx") is None


def test_egger_ld__reference_distribution():
    """Three variants leave one degree of freedom: Cauchy."""
    pair = correlated(3)
    t, normal = egger_ld(pair), egger_ld(pair, distribution="normal")
    assert (t.distribution, t.df, normal.distribution, normal.df) == ("t", 1.0, "normal", None)
    assert t.ci_high - t.beta == pytest.approx(12.706204736174707 * t.se, rel=1e-10)
    assert t.diagnostic("egger_intercept").df == 1.0
    assert normal.diagnostic("egger_intercept").df is None


def change(pair, **entries):
    ld = pair.ld_r.copy()
    for place, value in entries.items():
        i, j = int(place[1]), int(place[2])
        ld[i, j] = value
    return dataclasses.replace(pair, ld_r=ld)


LD3 = np.array([[1.0, 0.9, 0.9], [0.9, 1.0, 0.7], [0.9, 0.7, 1.0]])
THREE = dataclasses.replace(correlated(3), ld_r=LD3)
AGAIN = np.array([0, 1, 2, 3, 3])
FOUR = correlated(4)
COPIED = Instruments.from_arrays(
    *(getattr(FOUR, name)[AGAIN] for name in ("beta_exposure", "se_exposure", "beta_outcome", "se_outcome")),
    ld_r=FOUR.ld_r[np.ix_(AGAIN, AGAIN)],
)


@pytest.mark.parametrize(
    ("pair", "options", "status"),
    [
        (Instruments.from_arrays([], [], [], []), {}, "no_common_variants"),
        (correlated(2), {}, "too_few_instruments"),
        (dataclasses.replace(correlated(2), ld_r=None), {}, "too_few_instruments"),
        (dataclasses.replace(THREE, ld_r=None), {}, "missing_ld"),
        (change(THREE, m12=np.nan, m21=np.nan), {}, "missing_ld"),
        (change(THREE, m12=-0.7, m21=-0.7), {}, "not_positive_semidefinite"),
        (change(THREE, m12=0.6), {}, "not_positive_semidefinite"),
        (change(THREE, m00=0.9), {}, "not_positive_semidefinite"),
        (COPIED, {}, "singular"),
        (dataclasses.replace(THREE, beta_exposure=np.zeros(3)), {}, "zero_exposure_effect"),
        (dataclasses.replace(THREE, beta_exposure=np.full(3, 0.3)), {}, "no_spread_of_exposure_effects"),
        (
            dataclasses.replace(FOUR, beta_exposure=np.array([0.3, -0.3, 0.3, -0.3])),
            {},
            "no_spread_of_exposure_effects",
        ),
        (
            dataclasses.replace(THREE, beta_outcome=np.zeros(3)),
            {"model": "multiplicative_unfloored"},
            "no_scatter",
        ),
        (dataclasses.replace(THREE, beta_outcome=np.array([1e200, 2e200, 5e200])), {}, "not_finite"),
    ],
)
def test_egger_ld__failures_carry_a_status(pair, options, status):
    with pytest.raises(EstimationError) as caught:
        egger_ld(pair, **options)
    assert caught.value.status == status


def test_egger_ld__nearly_equal_exposure_effects_are_no_spread_for_a_bad_matrix_too():
    """With a condition number of 1e8 rounding alone makes a spread of 1e-24; it is not taken for one."""
    r = 1 - 2e-8
    pair = dataclasses.replace(
        THREE, ld_r=np.array([[1, r, 0.0], [r, 1, 0.0], [0, 0, 1.0]]), beta_exposure=np.full(3, 0.1) * [1, 1, -1]
    )
    with pytest.raises(EstimationError) as caught:
        egger_ld(pair)
    assert caught.value.status == "no_spread_of_exposure_effects"


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"model": "random"}, "option model"),
        ({"distribution": "z"}, "option distribution"),
        ({"level": 2}, "option level"),
    ],
)
def test_egger_ld__bad_options(options, match):
    with pytest.raises(SchemaError, match=match):
        egger_ld(THREE, **options)
