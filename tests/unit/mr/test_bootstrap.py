"""Ratios in a form that alleles, order and units do not change, and estimates by draws."""

import dataclasses

import numpy as np
import pytest

from osteobiome.core.errors import EstimationError, SchemaError
from osteobiome.instruments import Instruments
from osteobiome.mr.bootstrap import MAX_DRAWS, Fitted, Ratios, Resampling, fit_ratios
from osteobiome.stats.random import stream_key

pytestmark = pytest.mark.kernel

PAIR = Instruments.from_arrays([0.2, -0.1, 0.4, 0.1], [0.02] * 4, [0.1, 0.2, 0.1, -0.3], [0.05, 0.05, 0.04, 0.01])
PLAIN = Resampling("some_method", 100, 5, 0.95)


def constant(beta=1.0, se=0.5, error=0.1):
    return lambda ratios, key: Fitted(beta, se, error)


def same(a, b):
    for field in ("effects", "sign", "column"):
        np.testing.assert_array_equal(getattr(a, field), getattr(b, field))


def test_ratios__by_hand():
    ratios = Ratios.of(PAIR)
    scale = 2.0**ratios.exponent
    np.testing.assert_allclose(ratios.ratio * scale, [-3.0, -2.0, 0.25, 0.5], rtol=1e-15)
    np.testing.assert_allclose(ratios.se("first_order") * scale, [0.1, 0.5, 0.1, 0.25], rtol=1e-14)
    second = [np.hypot(0.1, 0.6), np.hypot(0.5, 0.4), np.hypot(0.1, 0.0125), np.hypot(0.25, 0.05)]
    np.testing.assert_allclose(ratios.se("second_order") * scale, second, rtol=1e-14)


def test_ratios__weights_are_shares_of_the_largest():
    ratios = Ratios.of(PAIR)
    np.testing.assert_allclose(ratios.weight("first_order"), [1.0, 0.04, 1.0, 0.16], rtol=1e-14)
    se = ratios.se("second_order")
    np.testing.assert_allclose(ratios.weight("second_order"), se.min() ** 2 / se**2, rtol=1e-14)
    assert ratios.weight("equal").tolist() == [1.0] * 4


def test_ratios__order_of_variants_changes_nothing():
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(4)
        fields = ("beta_exposure", "se_exposure", "beta_outcome", "se_outcome")
        same(Ratios.of(Instruments.from_arrays(*(getattr(PAIR, name)[order] for name in fields))), Ratios.of(PAIR))


def test_ratios__effect_alleles_change_nothing():
    sign = np.array([-1.0, 1.0, -1.0, -1.0])
    turned = dataclasses.replace(PAIR, beta_exposure=PAIR.beta_exposure * sign, beta_outcome=PAIR.beta_outcome * sign)
    same(Ratios.of(turned), Ratios.of(PAIR))


def test_ratios__direction_of_the_exposure_changes_signs_only():
    a, b = Ratios.of(PAIR), Ratios.of(dataclasses.replace(PAIR, beta_exposure=-PAIR.beta_exposure))
    np.testing.assert_array_equal(a.ratio, -b.ratio[::-1])
    np.testing.assert_array_equal(a.column, b.column[::-1])


def test_ratios__units_that_are_powers_of_two_change_the_exponent_only():
    other = dataclasses.replace(PAIR, beta_outcome=PAIR.beta_outcome * 2.0**400, se_outcome=PAIR.se_outcome * 2.0**400)
    same(Ratios.of(other), Ratios.of(PAIR))
    assert Ratios.of(other).exponent == Ratios.of(PAIR).exponent + 400


def test_ratios__columns_are_places_by_strength():
    """Strengths on the exposure are 10, 5, 20 and 5; of equals, the one with the weaker outcome effect comes first."""
    ratios = Ratios.of(PAIR)
    by_ratio = dict(zip((ratios.ratio * 2.0**ratios.exponent).round(3).tolist(), ratios.column.tolist(), strict=True))
    assert by_ratio == {-2.0: 0, -3.0: 1, 0.5: 2, 0.25: 3}


def test_ratios__without_any_outcome_effect():
    ratios = Ratios.of(dataclasses.replace(PAIR, beta_outcome=np.zeros(4)))
    assert ratios.ratio.tolist() == [0.0] * 4
    assert ratios.sign.tolist() == [1.0] * 4


def test_fit_ratios__scales_back_and_records_the_draws():
    exponent = Ratios.of(PAIR).exponent
    result = fit_ratios(PAIR, PLAIN, constant())
    assert (result.beta, result.se) == (2.0**exponent, 0.5 * 2.0**exponent)
    assert result.diagnostic("bootstrap_se_error").statistic == 0.1 * 2.0**exponent
    assert (result.seed, result.n_draws, result.n_variants, result.method) == (5, 100, 4, "some_method")
    assert (result.distribution, result.df, result.message) == ("normal", None, "")
    t = fit_ratios(PAIR, dataclasses.replace(PLAIN, distribution="t"), constant())
    assert (t.distribution, t.df) == ("t", 3.0)


def test_fit_ratios__stream_has_seed_pair_and_method_in_its_name():
    keys = []

    def fit(ratios, key):
        keys.append(int(key))
        return Fitted(1.0, 1.0, 0.1)

    pair = dataclasses.replace(PAIR, exposure="bmi", outcome="bmd")
    fit_ratios(pair, PLAIN, fit)
    assert keys == [int(stream_key(5, "bmi", "bmd", "some_method"))]


def test_fit_ratios__draws_a_seed_that_gives_the_same_again():
    result = fit_ratios(PAIR, dataclasses.replace(PLAIN, seed=None), constant())
    assert result.seed is not None
    others = [fit_ratios(PAIR, dataclasses.replace(PLAIN, seed=None), constant()).seed for _ in range(3)]
    assert len({result.seed, *others}) > 1


@pytest.mark.parametrize(("n_zero", "words"), [(1, "1 variant has"), (2, "2 variants have")])
def test_fit_ratios__variants_without_a_ratio_are_left_out_and_counted(n_zero, words):
    plus = Instruments.from_arrays(
        np.append(PAIR.beta_exposure, [0.0] * n_zero),
        np.append(PAIR.se_exposure, [0.01] * n_zero),
        np.append(PAIR.beta_outcome, [0.5] * n_zero),
        np.append(PAIR.se_outcome, [0.01] * n_zero),
    )
    result, want = fit_ratios(plus, PLAIN, constant()), fit_ratios(PAIR, PLAIN, constant())
    assert result.n_variants == 4
    assert result.message.startswith(f"{words} an exposure effect of 0")
    assert dataclasses.replace(result, message="") == want
    assert result.diagnostic("min_f") == want.diagnostic("min_f")


@pytest.mark.parametrize(
    ("exposure", "status", "n"),
    [
        ([], "no_common_variants", 0),
        ([0.1], "too_few_instruments", 1),
        ([0.1, 0.2], "too_few_instruments", 2),
        ([0.0, 0.0], "too_few_instruments", 2),
        ([0.0, 0.0, 0.0], "zero_exposure_effect", 3),
        ([0.0, 0.1, 0.2, 0.0], "too_few_instruments", 2),
    ],
)
def test_fit_ratios__obstacles(exposure, status, n):
    size = len(exposure)
    result = fit_ratios(Instruments.from_arrays(exposure, [0.1] * size, [0.1] * size, [0.1] * size), PLAIN, constant())
    assert (result.status, result.n_variants, result.n_draws) == (status, n, None)


def test_fit_ratios__too_few_ratios_say_what_was_left_out():
    pair = Instruments.from_arrays([0.0, 0.1, 0.2, 0.0], [0.1] * 4, [0.1] * 4, [0.1] * 4)
    message = fit_ratios(pair, PLAIN, constant()).message
    assert message.endswith("2 variants have an exposure effect of 0, hence no ratio: left out.")
    assert message.startswith("Not estimable: the method needs more variants")


@pytest.mark.parametrize("numbers", [(np.nan, 1.0, 0.1), (1.0, np.inf, 0.1), (1.0, 1.0, np.nan), (1.0, 0.0, 0.0)])
def test_fit_ratios__what_is_no_number_is_a_status(numbers):
    result = fit_ratios(PAIR, PLAIN, constant(*numbers))
    assert result.status == "not_finite"
    assert ("draws do not differ" in result.message) == (numbers[1] == 0.0)


def test_fit_ratios__a_factor_beyond_doubles_is_a_status():
    tiny = dataclasses.replace(PAIR, beta_exposure=PAIR.beta_exposure * 1e-200, se_exposure=PAIR.se_exposure * 1e-200)
    huge = dataclasses.replace(tiny, beta_outcome=tiny.beta_outcome * 1e200, se_outcome=tiny.se_outcome * 1e200)
    assert fit_ratios(tiny, PLAIN, constant()).status == "ok"
    assert fit_ratios(huge, PLAIN, constant()).status == "not_finite"


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"n_draws": 1}, "option n_bootstrap"),
        ({"n_draws": MAX_DRAWS + 1}, "option n_bootstrap"),
        ({"seed": -1}, "option seed"),
        ({"seed": 2**63}, "option seed"),
        ({"level": 1.0}, "option level"),
    ],
)
def test_resampling__bad_options(options, match):
    with pytest.raises(SchemaError, match=match):
        dataclasses.replace(PLAIN, **options)


def test_fit_ratios__raises_as_a_scalar_call_would():
    with pytest.raises(EstimationError):
        fit_ratios(Instruments.from_arrays([], [], [], []), PLAIN, constant()).raise_if_failed()
