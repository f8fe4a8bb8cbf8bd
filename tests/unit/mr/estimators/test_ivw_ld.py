"""IVW for correlated variants against dense matrix algebra, and honest refusals where there is no answer."""

import dataclasses

import numpy as np
import pytest

from osteobiome.core.errors import EstimationError, SchemaError
from osteobiome.instruments import Instruments
from osteobiome.mr import ivw, ivw_fixed, ivw_ld, ivw_ld_fixed

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
    y = 0.4 * x + scatter * np.linalg.cholesky(ld * np.outer(se_y, se_y)) @ rng.normal(size=n)
    return Instruments.from_arrays(x, se_x, y, se_y, ld_r=ld)


def oracle(pair):
    """Slope, fixed-effect error and Q with the covariance inverted outright."""
    omega = np.linalg.inv(pair.ld_r * np.outer(pair.se_outcome, pair.se_outcome))
    x, y = pair.beta_exposure, pair.beta_outcome
    slope = x @ omega @ y / (x @ omega @ x)
    residual = y - slope * x
    return slope, (x @ omega @ x) ** -0.5, residual @ omega @ residual


@pytest.mark.parametrize("n", [2, 3, 10, 40])
@pytest.mark.parametrize("scatter", [0.3, 3.0])
def test_ivw_ld__equals_dense_algebra(n, scatter):
    pair = correlated(n, scatter=scatter)
    slope, se, q = oracle(pair)
    phi = (q / (n - 1)) ** 0.5
    for result, factor in (
        (ivw_ld_fixed(pair), 1.0),
        (ivw_ld(pair, model="fixed"), 1.0),
        (ivw_ld(pair), max(1.0, phi)),
        (ivw_ld(pair, model="multiplicative_unfloored"), phi),
    ):
        assert result.beta == pytest.approx(slope, rel=1e-8)
        assert result.se == pytest.approx(se * factor, rel=1e-8)
        assert result.diagnostic("cochran_q").statistic == pytest.approx(q, rel=1e-8)
        assert result.diagnostic("cochran_q").df == n - 1


@pytest.mark.parametrize("n", [1, 2, 12])
def test_ivw_ld__uncorrelated_variants_give_plain_ivw(n):
    pair = dataclasses.replace(correlated(n), ld_r=np.eye(n))
    for got, want in ((ivw_ld(pair), ivw(pair)), (ivw_ld_fixed(pair), ivw_fixed(pair))):
        assert got.beta == pytest.approx(want.beta, rel=1e-13)
        assert got.se == pytest.approx(want.se, rel=1e-13)
        assert got.neg_log_10_p_value == pytest.approx(want.neg_log_10_p_value, rel=1e-12)
        assert got.diagnostic("mean_f") == want.diagnostic("mean_f")


@pytest.mark.parametrize("turned", [[0], [1, 3], [0, 1, 2, 3, 4]])
def test_ivw_ld__other_effect_alleles_change_nothing(turned):
    pair = correlated(5)
    sign = np.ones(5)
    sign[turned] = -1.0
    other = dataclasses.replace(
        pair,
        beta_exposure=pair.beta_exposure * sign,
        beta_outcome=pair.beta_outcome * sign,
        ld_r=pair.ld_r * np.outer(sign, sign),
    )
    a, b = ivw_ld(pair), ivw_ld(other)
    assert a.beta == pytest.approx(b.beta, rel=1e-12)
    assert a.se == pytest.approx(b.se, rel=1e-12)


def test_ivw_ld__matrix_in_the_wrong_alleles_does_change_the_result():
    pair = correlated(5)
    sign = np.array([-1.0, 1, 1, 1, 1])
    wrong = dataclasses.replace(pair, ld_r=pair.ld_r * np.outer(sign, sign))
    assert abs(ivw_ld(pair).beta - ivw_ld(wrong).beta) > 1e-3


def test_ivw_ld__diagnostics_of_the_matrix():
    ld = np.array([[1.0, -0.8, 0.0], [-0.8, 1.0, 0.1], [0.0, 0.1, 1.0]])
    result = ivw_ld(dataclasses.replace(correlated(3), ld_r=ld))
    eigenvalues = np.linalg.eigvalsh(ld)
    assert result.diagnostic("max_abs_ld_r").statistic == 0.8
    condition = result.diagnostic("ld_condition_number").statistic
    assert condition == pytest.approx(eigenvalues[-1] / eigenvalues[0], rel=1e-10)


def test_ivw_ld__one_variant():
    result = ivw_ld(Instruments.from_arrays([-0.5], [0.1], [0.2], [0.3], ld_r=[[1.0]]))
    assert (result.beta, result.se) == (pytest.approx(-0.4), pytest.approx(0.6))
    assert result.diagnostic("max_abs_ld_r").statistic == 0.0
    assert result.diagnostic("cochran_q").statistic is None


def test_ivw_ld__t_distribution():
    result = ivw_ld(correlated(2), distribution="t")
    assert (result.distribution, result.df) == ("t", 1.0)
    assert result.ci_high - result.beta == pytest.approx(12.706204736174707 * result.se, rel=1e-10)


def test_ivw_ld__copy_of_a_variant_is_singular_and_not_repaired():
    pair = correlated(4)
    again = np.array([0, 1, 2, 3, 3])
    copied = Instruments.from_arrays(
        pair.beta_exposure[again],
        pair.se_exposure[again],
        pair.beta_outcome[again],
        pair.se_outcome[again],
        ld_r=pair.ld_r[np.ix_(again, again)],
    )
    for function in (ivw_ld, ivw_ld_fixed):
        with pytest.raises(EstimationError) as caught:
            function(copied)
        assert caught.value.status == "singular"


def broken(change):
    ld = np.array([[1.0, 0.9, 0.9], [0.9, 1.0, 0.7], [0.9, 0.7, 1.0]])
    change(ld)
    return dataclasses.replace(correlated(3), ld_r=ld)


def set_entries(*entries):
    def change(ld):
        for i, j, value in entries:
            ld[i, j] = value

    return change


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (set_entries((1, 2, -0.7), (2, 1, -0.7)), "not_positive_semidefinite"),
        (set_entries((1, 2, 0.6)), "not_positive_semidefinite"),
        (set_entries((0, 0, 0.9)), "not_positive_semidefinite"),
        (set_entries((1, 2, np.nan), (2, 1, np.nan)), "missing_ld"),
        (set_entries((1, 2, np.inf), (2, 1, np.inf)), "missing_ld"),
    ],
    ids=["negative-eigenvalue", "asymmetric", "diagonal", "nan", "inf"],
)
@pytest.mark.parametrize("function", [ivw_ld, ivw_ld_fixed])
def test_ivw_ld__unusable_matrix(function, change, status):
    with pytest.raises(EstimationError) as caught:
        function(broken(change))
    assert caught.value.status == status


def test_ivw_ld__negative_eigenvalue_is_named():
    with pytest.raises(EstimationError, match=r"Smallest eigenvalue: -0\.4"):
        ivw_ld(broken(set_entries((1, 2, -0.3), (2, 1, -0.3))))


@pytest.mark.parametrize("change", [set_entries((1, 2, 0.6)), set_entries((0, 0, 1.1))], ids=["asymmetric", "diagonal"])
def test_ivw_ld__message_does_not_blame_a_negative_eigenvalue_that_is_not_there(change):
    pair = broken(change)
    assert np.linalg.eigvalsh((pair.ld_r + pair.ld_r.T) / 2)[0] > 0
    with pytest.raises(EstimationError, match="not symmetric or its diagonal is not 1") as caught:
        ivw_ld(pair)
    assert "has a negative eigenvalue" not in str(caught.value)


@pytest.mark.parametrize("outcome", [[0.0, 0.0, 0.0], [0.1, 0.2, 0.3]])
def test_ivw_ld__unfloored_with_a_perfect_fit_has_no_error_to_take(outcome):
    ld = [[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]]
    pair = Instruments.from_arrays([0.1, 0.2, 0.3], [0.01] * 3, outcome, [0.02] * 3, ld_r=ld)
    with pytest.raises(EstimationError) as caught:
        ivw_ld(pair, model="multiplicative_unfloored")
    assert caught.value.status == "no_scatter"
    assert ivw_ld(pair).status == "ok"


@pytest.mark.parametrize(
    ("pair", "options", "status"),
    [
        (Instruments.from_arrays([], [], [], []), {}, "no_common_variants"),
        (Instruments.from_arrays([0.1, 0.2], [1, 1], [1, 2], [1, 1]), {}, "missing_ld"),
        (Instruments.from_arrays([0, 0], [1, 1], [1, 2], [1, 1], ld_r=np.eye(2)), {}, "zero_exposure_effect"),
        (Instruments.from_arrays([1], [1], [1], [1], ld_r=np.eye(1)), {"distribution": "t"}, "too_few_instruments"),
    ],
)
def test_ivw_ld__failures_carry_a_status(pair, options, status):
    with pytest.raises(EstimationError) as caught:
        ivw_ld(pair, **options)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"model": "random"}, "option model"),
        ({"distribution": "z"}, "option distribution"),
        ({"level": 2}, "option level"),
    ],
)
def test_ivw_ld__bad_options(options, match):
    with pytest.raises(SchemaError, match=match):
        ivw_ld(correlated(3), **options)


def test_ivw_ld_fixed__checks_its_level():
    with pytest.raises(SchemaError, match="option level"):
        ivw_ld_fixed(correlated(3), level=-1.0)


def test_ivw_ld__labels():
    inst = dataclasses.replace(correlated(3), exposure="bmi", outcome="bmd", unit="SD")
    for result in (ivw_ld(inst), ivw_ld_fixed(inst)):
        assert (result.exposure, result.outcome, result.unit) == ("bmi", "bmd", "SD")
    assert ivw_ld_fixed(inst).method == "ivw_ld_fixed"
