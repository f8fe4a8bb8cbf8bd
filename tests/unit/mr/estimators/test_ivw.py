"""IVW with its options, by hand and at the edges."""

import dataclasses

import numpy as np
import pytest

from osteobiome.core.errors import EstimationError, SchemaError
from osteobiome.instruments import Instruments
from osteobiome.mr import ESTIMATORS, Block, ivw, ivw_fixed

pytestmark = pytest.mark.kernel

# x = 1, 2; y = 1, 4; se 1: slope 9/5, se 1/sqrt 5, Q = 4/5 with one degree of freedom
CALM = Instruments.from_arrays([1.0, 2.0], [0.1, 0.1], [1.0, 4.0], [1.0, 1.0])
# the same with se 1/4: Q = 64/5, factor sqrt(12.8)
SCATTERED = Instruments.from_arrays([1.0, 2.0], [0.1, 0.1], [1.0, 4.0], [0.25, 0.25])


@pytest.mark.parametrize(
    ("pair", "model", "factor"),
    [
        (CALM, "multiplicative", 1.0),
        (CALM, "multiplicative_unfloored", 0.8**0.5),
        (CALM, "fixed", 1.0),
        (SCATTERED, "multiplicative", 12.8**0.5),
        (SCATTERED, "multiplicative_unfloored", 12.8**0.5),
        (SCATTERED, "fixed", 1.0),
    ],
)
def test_ivw__models_by_hand(pair, model, factor):
    result = ivw(pair, model=model)
    assert result.beta == pytest.approx(1.8, rel=1e-14)
    assert result.se == pytest.approx(pair.se_outcome[0] * 5**-0.5 * factor, rel=1e-14)
    assert result.diagnostic("cochran_q").statistic == pytest.approx(0.8 / pair.se_outcome[0] ** 2, rel=1e-13)
    assert result.diagnostic("cochran_q").df == 1.0


def test_ivw__i2_and_f_by_hand():
    result = ivw(SCATTERED)
    assert result.diagnostic("i2").statistic == pytest.approx(11.8 / 12.8, rel=1e-13)
    assert result.diagnostic("mean_f").statistic == pytest.approx(250.0, rel=1e-13)
    assert result.diagnostic("min_f").statistic == pytest.approx(100.0, rel=1e-13)


def test_ivw__second_order_weights_by_hand():
    """Variances 1 + (1 * .1 / 1)^2 and 1 + (4 * .1 / 2)^2."""
    w = np.array([1 / 1.01, 1 / 1.04])
    result = ivw(CALM, weights="second_order", model="fixed")
    sum_xx = float((w * [1.0, 4.0]).sum())
    assert result.beta == pytest.approx(float((w * [1.0, 8.0]).sum()) / sum_xx, rel=1e-14)
    assert result.se == pytest.approx(sum_xx**-0.5, rel=1e-14)


def test_ivw__second_order_leaves_out_variants_without_exposure_effect():
    pair = Instruments.from_arrays([0.0, 1.0, 2.0], [0.1] * 3, [5.0, 1.0, 4.0], [1.0] * 3)
    result = ivw(pair, weights="second_order")
    assert result.n_variants == 2
    assert result.beta == ivw(CALM, weights="second_order").beta
    assert ivw(pair).n_variants == 3


def test_ivw__t_has_n_minus_one_degrees_of_freedom():
    normal, t = ivw(SCATTERED), ivw(SCATTERED, distribution="t")
    assert (normal.distribution, normal.df) == ("normal", None)
    assert (t.distribution, t.df) == ("t", 1.0)
    assert t.ci_high - t.beta == pytest.approx(12.706204736174707 * t.se, rel=1e-10)
    assert t.p_value > normal.p_value


def test_ivw__level():
    assert ivw(CALM, level=0.5).ci_high == pytest.approx(1.8 + 0.6744897501960817 * 5**-0.5, rel=1e-13)


def test_ivw__one_variant_is_the_wald_ratio():
    result = ivw(Instruments.from_arrays([-0.5], [0.1], [0.2], [0.3]))
    assert (result.beta, result.se, result.n_variants) == (-0.4, 0.6, 1)
    assert result.diagnostic("cochran_q").statistic is None
    assert result.diagnostic("i2").statistic is None


@pytest.mark.parametrize(
    ("pair", "options", "status"),
    [
        (([], [], [], []), {}, "no_common_variants"),
        (([0.0, 0.0], [1, 1], [1, 2], [1, 1]), {}, "zero_exposure_effect"),
        (([0.0, 0.0], [1, 1], [1, 2], [1, 1]), {"weights": "second_order"}, "zero_exposure_effect"),
        (([1.0], [1], [1], [1]), {"distribution": "t"}, "too_few_instruments"),
    ],
)
def test_ivw__failures_carry_a_status(pair, options, status):
    inst = dataclasses.replace(Instruments.from_arrays(*pair), exposure="bmi", outcome="bmd")
    with pytest.raises(EstimationError) as caught:
        ivw(inst, **options)
    assert caught.value.status == status
    assert caught.value.faults[0].where == "bmi -> bmd"
    assert caught.value.faults[0].found.startswith("Not estimable")


def test_ivw__pair_without_a_fit_has_no_heterogeneity():
    """A number for I² next to a failed estimate would read as 'no heterogeneity'."""
    block = Block.from_pairs([Instruments.from_arrays([0.0, 0.0], [1, 1], [1, 2], [1, 1])])
    (estimate,) = ESTIMATORS["ivw"].batch(block).estimates()
    assert estimate.diagnostic("cochran_q").statistic is None
    assert estimate.diagnostic("i2").statistic is None


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"model": "random"}, "option model"),
        ({"weights": "delta"}, "option weights"),
        ({"distribution": "z"}, "option distribution"),
        ({"level": 95}, "option level"),
    ],
)
def test_ivw__bad_options(options, match):
    with pytest.raises(SchemaError, match=match):
        ivw(CALM, **options)


@pytest.mark.parametrize("outcome", [[0.0, 0.0, 0.0], [0.1, 0.2, 0.3], [0.07, 0.14, 0.21]])
@pytest.mark.parametrize("weights", ["first_order", "second_order"])
def test_ivw__unfloored_with_a_perfect_fit_has_no_error_to_take(outcome, weights):
    """Q = 0 up to rounding would make the standard error 0: a status, never NaN, and no warning."""
    pair = Instruments.from_arrays([0.1, 0.2, 0.3], [0.01] * 3, outcome, [0.02] * 3)
    with pytest.raises(EstimationError) as caught:
        ivw(pair, model="multiplicative_unfloored", weights=weights)
    assert caught.value.status == "no_scatter"


def test_ivw__unfloored_single_variant_has_no_scatter_to_miss():
    pair = Instruments.from_arrays([0.1], [0.01], [0.2], [0.02])
    assert ivw(pair, model="multiplicative_unfloored").se == pytest.approx(0.2)


def test_ivw__perfect_fit_with_the_floor():
    result = ivw(Instruments.from_arrays([0.1, 0.2, 0.3], [0.01] * 3, [0.0] * 3, [0.02] * 3))
    assert result.beta == 0.0
    assert result.p_value == 1.0
    assert result.diagnostic("i2").statistic == 0.0


def test_ivw__enormous_effect_keeps_its_p():
    pair = Instruments.from_arrays([1.0, 1.0], [0.01] * 2, [1.0, 1.0], [0.01] * 2)
    result = ivw(pair)
    assert result.neg_log_10_p_value > 4000
    assert result.p_value == 0.0


def test_ivw__labels():
    inst = dataclasses.replace(CALM, exposure="bmi", outcome="bmd", unit="SD per SD")
    result = ivw(inst)
    assert (result.method, result.exposure, result.outcome, result.unit) == ("ivw", "bmi", "bmd", "SD per SD")


def test_ivw_fixed__is_ivw_with_the_fixed_model():
    a, b = ivw_fixed(SCATTERED, level=0.9), ivw(SCATTERED, model="fixed", level=0.9)
    assert a.method == "ivw_fixed"
    assert dataclasses.replace(a, method="ivw") == b


def test_ivw_fixed__checks():
    with pytest.raises(SchemaError, match="option level"):
        ivw_fixed(CALM, level=0.0)
    with pytest.raises(EstimationError):
        ivw_fixed(Instruments.from_arrays([], [], [], []))
