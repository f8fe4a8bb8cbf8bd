"""MR-Egger with its options, by hand and at the edges."""

import dataclasses

import numpy as np
import pytest

from osteobiome.core.errors import EstimationError, SchemaError
from osteobiome.instruments import Instruments
from osteobiome.mr import egger

pytestmark = pytest.mark.kernel

# x = 1, 2, 3; y = 2, 3, 7; slope 5/2, intercept -1, Sxx 2, Q = 3/2 with one degree of freedom (se 1)
X, Y = [1.0, 2.0, 3.0], [2.0, 3.0, 7.0]
PAIR = Instruments.from_arrays(X, [0.1] * 3, Y, [1.0] * 3)


@pytest.mark.parametrize(
    ("se", "model", "factor"),
    [
        (1.0, "multiplicative", 1.5**0.5),
        (1.0, "multiplicative_unfloored", 1.5**0.5),
        (1.0, "fixed", 1.0),
        (2.0, "multiplicative", 2.0),
        (2.0, "multiplicative_unfloored", 1.5**0.5),
        (2.0, "fixed", 2.0),
    ],
)
def test_egger__models_by_hand(se, model, factor):
    result = egger(Instruments.from_arrays(X, [0.1] * 3, Y, [se] * 3), model=model)
    intercept = result.diagnostic("egger_intercept")
    assert result.beta == pytest.approx(2.5, rel=1e-14)
    assert result.se == pytest.approx(2**-0.5 * factor, rel=1e-14)
    assert intercept.estimate == pytest.approx(-1.0, rel=1e-13)
    assert intercept.se == pytest.approx((7 / 3) ** 0.5 * factor, rel=1e-13)
    assert intercept.statistic == pytest.approx(intercept.estimate / intercept.se, rel=1e-15)
    assert result.diagnostic("rucker_q").statistic == pytest.approx(1.5 / se**2, rel=1e-13)
    assert result.diagnostic("rucker_q").df == 1.0


def test_egger__reference_distribution_of_slope_and_intercept():
    """With one degree of freedom the t distribution is Cauchy: p = 2 atan(1 / t) / pi."""
    t, normal = egger(PAIR), egger(PAIR, distribution="normal")
    assert (t.distribution, t.df, normal.distribution, normal.df) == ("t", 1.0, "normal", None)
    assert t.p_value == pytest.approx(2 * np.arctan(t.se / t.beta) / np.pi, rel=1e-12)
    intercept = t.diagnostic("egger_intercept")
    assert intercept.df == 1.0
    assert intercept.p_value == pytest.approx(2 * np.arctan(abs(1 / intercept.statistic)) / np.pi, rel=1e-12)
    assert normal.diagnostic("egger_intercept").df is None
    assert normal.p_value < t.p_value
    assert (normal.beta, normal.se) == (t.beta, t.se)


def test_egger__does_not_depend_on_the_orientation_of_variants():
    turned = Instruments.from_arrays([1.0, -2.0, -3.0], [0.1] * 3, [2.0, -3.0, -7.0], [1.0] * 3)
    assert egger(turned) == egger(PAIR)


def test_egger__dilution_is_weighted_by_the_outcome():
    pair = Instruments.from_arrays([1.0, 4.0, 4.0], [0.5] * 3, [1.0, 2.0, 3.0], [1.0, 2.0, 2.0])
    # sizes / se: 1, 2, 2 with errors 1/2, 1/4, 1/4: weights 4, 16, 16, mean 17/9, Q = 32/9
    assert egger(pair).diagnostic("i2_gx").statistic == pytest.approx((32 / 9 - 2) / (32 / 9), rel=1e-13)


@pytest.mark.parametrize(
    ("x", "status"),
    [
        ([], "no_common_variants"),
        ([0.1], "too_few_instruments"),
        ([0.1, 0.2], "too_few_instruments"),
        ([0.0, 0.0, 0.0], "zero_exposure_effect"),
        ([0.1, -0.1, 0.1], "no_spread_of_exposure_effects"),
    ],
)
def test_egger__failures_carry_a_status(x, status):
    n = len(x)
    with pytest.raises(EstimationError) as caught:
        egger(Instruments.from_arrays(x, [0.01] * n, np.arange(n), [1.0] * n))
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"model": "random"}, "option model"),
        ({"distribution": "z"}, "option distribution"),
        ({"level": 1}, "option level"),
    ],
)
def test_egger__bad_options(options, match):
    with pytest.raises(SchemaError, match=match):
        egger(PAIR, **options)


@pytest.mark.parametrize("outcome", [[0.0, 0.0, 0.0], [0.2, 0.4, 0.6], [0.3, 0.5, 0.7], [0.07, 0.14, 0.21]])
def test_egger__unfloored_with_a_perfect_line_has_no_error_to_take(outcome):
    """A residual of 0 up to rounding would make both errors 0: a status, never NaN, and no warning."""
    pair = Instruments.from_arrays([0.25, 0.5, 0.75], [0.01] * 3, outcome, [0.5] * 3)
    with pytest.raises(EstimationError) as caught:
        egger(pair, model="multiplicative_unfloored")
    assert caught.value.status == "no_scatter"


def test_egger__perfect_line_with_the_floor():
    pair = Instruments.from_arrays([0.1, 0.2, 0.3], [0.01] * 3, [0.25, 0.45, 0.65], [0.02] * 3)
    result = egger(pair)
    assert result.beta == pytest.approx(2.0, rel=1e-12)
    assert result.diagnostic("egger_intercept").estimate == pytest.approx(0.05, rel=1e-12)
    assert result.se == pytest.approx(0.02 / 0.02**0.5, rel=1e-12)


def test_egger__labels():
    inst = dataclasses.replace(PAIR, exposure="bmi", outcome="bmd", unit="SD per SD")
    result = egger(inst)
    assert (result.method, result.exposure, result.outcome, result.unit) == ("egger", "bmi", "bmd", "SD per SD")
