"""Blocks going in and fitted blocks coming out: padding, weights, factors, statuses, options."""

import numpy as np
import pytest

from osteobiome import mr
from osteobiome.core.errors import EstimationError, SchemaError
from osteobiome.core.estimate import Status
from osteobiome.instruments import Instruments
from osteobiome.mr.fit import (
    OK,
    STATUSES,
    BatchFit,
    Block,
    TestColumn,
    check_level,
    check_option,
    heterogeneity,
    neg_log10_p,
    overdispersion,
    quantile,
    statuses,
    strength,
)

pytestmark = pytest.mark.kernel

ONE = Instruments.from_arrays([0.5], [0.1], [0.2], [0.3])
TWO = Instruments.from_arrays([1.0, -2.0], [0.1, 0.2], [3.0, 4.0], [0.5, 0.25])
NONE = Instruments.from_arrays([], [], [], [])


def array(*values):
    return np.array(values, dtype=np.float64)


def test_from_pairs__pads_to_one_width():
    block = Block.from_pairs([TWO, NONE, ONE])
    assert block.n_pairs == 3
    assert block.n_variants.tolist() == [2, 0, 1]
    assert block.mask.tolist() == [[True, True], [False, False], [True, False]]
    assert block.beta_exposure.tolist() == [[1.0, -2.0], [0.0, 0.0], [0.5, 0.0]]
    assert block.se_outcome[block.mask].tolist() == [0.5, 0.25, 0.3]


@pytest.mark.parametrize(("pairs", "shape"), [([], (0, 0)), ([NONE], (1, 0)), ([NONE, ONE], (2, 1))])
def test_from_pairs__nothing_to_pad(pairs, shape):
    assert Block.from_pairs(pairs).mask.shape == shape


def test_block__shapes_are_asserted():
    good = np.ones((2, 3))
    with pytest.raises(AssertionError):
        Block(good, good, good, np.ones((2, 2)), good > 0)
    with pytest.raises(AssertionError):
        Block(good[0], good[0], good[0], good[0], good[0] > 0)


def test_rows__is_a_slice_of_pairs():
    part = Block.from_pairs([TWO, NONE, ONE]).rows(1, 3)
    assert part.n_pairs == 2
    assert part.n_variants.tolist() == [0, 1]


def test_weights__first_and_second_order_by_hand():
    """Second order: 1 / (0.25 + (3 * 0.1 / 1)^2) and 1 / (0.0625 + (4 * 0.2 / 2)^2)."""
    block = Block.from_pairs([TWO, ONE])
    np.testing.assert_allclose(block.weights("first_order"), [[4.0, 16.0], [1 / 0.09, 0.0]], rtol=1e-14)
    np.testing.assert_allclose(block.weights("second_order")[0], [1 / (0.25 + 0.09), 1 / (0.0625 + 0.16)], rtol=1e-14)


def test_weights__variant_without_exposure_effect_has_no_second_order_weight():
    block = Block.from_pairs([Instruments.from_arrays([0.0, 1.0], [0.1] * 2, [0.0, 1.0], [1.0] * 2)])
    assert block.weights("first_order").tolist() == [[1.0, 1.0]]
    assert block.weights("second_order")[0, 0] == 0.0


@pytest.mark.parametrize("padding", [0.0, np.nan, np.inf])
def test_block__values_under_a_false_mask_are_never_looked_at(padding):
    """Anything may stand there, and no warning may arise from it."""
    mask = np.array([[True, True, False]])
    plain = Block.from_pairs([TWO])
    padded = [
        np.append(a, [[padding]], axis=1)
        for a in (plain.beta_exposure, plain.se_exposure, plain.beta_outcome, plain.se_outcome)
    ]
    block = Block(*padded, mask)
    for kind in ("first_order", "second_order"):
        np.testing.assert_array_equal(block.weights(kind)[:, :2], plain.weights(kind))
        assert block.weights(kind)[0, 2] == 0.0
    for got, want in zip(strength(block), strength(plain), strict=True):
        np.testing.assert_array_equal(got.statistic, want.statistic)


@pytest.mark.parametrize(
    ("model", "factors"),
    [
        ("fixed", [1.0, 1.0, 1.0, 1.0]),
        ("multiplicative", [2.0, 1.0, 1.0, 1.0]),
        ("multiplicative_unfloored", [2.0, 0.5, 0.0, 1.0]),
    ],
)
def test_overdispersion__three_models(model, factors):
    q, df = array(12.0, 0.75, 0.0, 0.0), array(3.0, 3.0, 3.0, 0.0)
    np.testing.assert_allclose(overdispersion(q, df, model), factors, rtol=1e-15)


def test_overdispersion__missing_q_stays_missing():
    assert np.isnan(overdispersion(array(np.nan), array(3.0), "multiplicative")[0])


def test_heterogeneity__i2_by_hand():
    test, i2 = heterogeneity("cochran_q", array(8.0, 1.0, 0.0, 5.0), array(2.0, 2.0, 2.0, 0.0))
    assert test.name == "cochran_q"
    assert test.null
    np.testing.assert_allclose(i2.statistic, [0.75, 0.0, 0.0, np.nan], rtol=1e-15)
    np.testing.assert_allclose(test.statistic, [8.0, 1.0, 0.0, np.nan])
    np.testing.assert_allclose(test.df, [2.0, 2.0, 2.0, np.nan])
    # with two degrees of freedom p = exp(-q / 2)
    expected = array(4.0, 0.5, 0.0, np.nan) / np.log(10.0)
    np.testing.assert_allclose(test.neg_log_10_p_value, expected, atol=1e-15)


def test_heterogeneity__without_a_q_there_is_no_i2():
    """A pair that could not be fitted has no Q, so its I² is missing and not 0."""
    _, i2 = heterogeneity("cochran_q", array(np.nan), array(2.0))
    assert np.isnan(i2.statistic[0])


def test_strength__mean_and_minimum_by_hand():
    mean, smallest = strength(Block.from_pairs([TWO, NONE, ONE]))
    assert (mean.name, smallest.name) == ("mean_f", "min_f")
    np.testing.assert_allclose(mean.statistic, [100.0, np.nan, 25.0], rtol=1e-13)
    np.testing.assert_allclose(smallest.statistic, [100.0, np.nan, 25.0], rtol=1e-13)


def test_statuses__first_rule_wins():
    first, second = np.array([True, False, False]), np.array([True, True, False])
    result = statuses(3, [(first, Status.NO_COMMON_VARIANTS), (second, Status.SINGULAR)])
    assert [STATUSES[i] for i in result] == [Status.NO_COMMON_VARIANTS, Status.SINGULAR, Status.OK]


def test_statuses__ok_is_zero():
    assert OK == 0
    assert statuses(2, []).tolist() == [0, 0]


def test_test_column__missing_becomes_none():
    column = TestColumn("q", array(1.0, np.nan), array(2.0, np.nan), array(0.5, np.nan), "null", array(3.0, 4.0))
    good, bad = column.test(0), column.test(1)
    assert (good.statistic, good.df, good.neg_log_10_p_value, good.estimate, good.se) == (1.0, 2.0, 0.5, 3.0, None)
    assert (bad.statistic, bad.df, bad.neg_log_10_p_value, bad.estimate) == (None, None, None, 4.0)


def fit(df=None, level=0.95):
    return BatchFit(
        "ivw",
        array(1.0, np.nan),
        array(0.5, np.nan),
        df,
        np.array([4, 0]),
        np.array([0, STATUSES.index(Status.NO_COMMON_VARIANTS)], dtype=np.int8),
        (TestColumn("mean_f", array(50.0, np.nan)),),
        level,
    )


def test_batch_fit__normal_by_hand():
    good, bad = fit().estimates()
    assert good.ci_low == pytest.approx(1 - 1.959963984540054 * 0.5, rel=1e-14)
    assert good.ci_high == pytest.approx(1 + 1.959963984540054 * 0.5, rel=1e-14)
    assert good.ci_set == ((good.ci_low, good.ci_high),)
    assert good.p_value == pytest.approx(0.0455002638963584, rel=1e-12)
    assert (good.distribution, good.df, good.n_variants) == ("normal", None, 4)
    assert (bad.status, bad.beta, bad.ci_low, bad.ci_set) == (Status.NO_COMMON_VARIANTS, None, None, ())
    assert bad.diagnostic("mean_f").statistic is None


def test_batch_fit__t_by_hand():
    """Two degrees of freedom: quantile 4.302653, p = 1 - t / sqrt(t^2 + 2) with t = 2."""
    good = fit(df=array(2.0, -1.0)).estimates()[0]
    assert good.ci_low == pytest.approx(1 - 4.302652729696142 * 0.5, rel=1e-10)
    assert good.p_value == pytest.approx(1 - 2 / 6**0.5, rel=1e-12)
    assert (good.distribution, good.df) == ("t", 2.0)


def test_batch_fit__level_widens_the_interval():
    narrow, wide = (fit(level=level).estimates()[0] for level in (0.5, 0.99))
    assert wide.ci_high - wide.ci_low > narrow.ci_high - narrow.ci_low
    assert (narrow.level, fit(level=0.99).estimates()[1].level) == (0.5, 0.99)


def test_reference__df_decides():
    assert quantile(0.95, None) == pytest.approx(1.959963984540054)
    assert quantile(0.95, array(2.0))[0] == pytest.approx(4.302652729696142)
    assert neg_log10_p(array(2.0), None)[0] < neg_log10_p(array(2.0), array(1e6))[0] + 1e-3
    assert neg_log10_p(array(2.0), array(2.0))[0] < neg_log10_p(array(2.0), None)[0]


def test_check_option__names_the_choices():
    check_option("model", "fixed", ("fixed", "random"))
    with pytest.raises(SchemaError) as caught:
        check_option("model", "fixd", ("fixed", "random"))
    (fault,) = caught.value.faults
    assert (fault.code, fault.where, fault.expected) == ("bad_option", "option model", "one of fixed, random")
    assert fault.hint == "Did you mean 'fixed'?"


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, 95.0, float("nan")])
def test_check_level__is_a_share(level):
    with pytest.raises(SchemaError, match="a share between 0 and 1"):
        check_level(level)


def test_check_level__accepts_shares():
    check_level(0.5)
    check_level(0.999)


@pytest.mark.parametrize("method", ["egger", "egger_bootstrap", "grip", "egger_radial", "ivw_radial"])
@pytest.mark.parametrize("value", [1e-300, 1e-200, 1e200, 1e300])
def test_status__of_values_beyond_doubles_is_not_a_lack_of_spread_or_of_variants(method, value):
    options = {"seed": 1} if method == "egger_bootstrap" else {}
    effects = [0.1, 0.2, 0.3, 0.4, 0.15], [0.01] * 5, [0.06, 0.11, 0.14, 0.2, 0.08]
    for errors in ([value] * 5, [0.02] * 4 + [value]):
        pair = Instruments.from_arrays(*effects, errors)
        if value > 1.0 and errors[0] < 1.0:  # one variant without weight
            assert getattr(mr, method)(pair, **options).n_variants >= 4
            continue
        with pytest.raises(EstimationError) as caught:
            getattr(mr, method)(pair, **options)
        assert caught.value.status == Status.NOT_FINITE
    alike = Instruments.from_arrays([0.2] * 5, *effects[1:], [0.02] * 5)
    if method != "ivw_radial":
        with pytest.raises(EstimationError) as caught:
            getattr(mr, method)(alike, **options)
        assert caught.value.status == Status.NO_SPREAD


def test_status__too_few_says_how_many_there_were():
    pair = Instruments.from_arrays([0.1, 0.2, 0.0, 0.0, 0.0], [0.01] * 5, [0.06, 0.11, 0.14, 0.2, 0.08], [0.02] * 5)
    for batch in (mr.ESTIMATORS["egger_radial"].batch, mr.ESTIMATORS["egger"].batch):
        few = batch(Block.from_pairs([pair.subset(np.arange(5) < 2)])).estimates()[0]
        assert (few.status, few.n_variants) == (Status.TOO_FEW_INSTRUMENTS, 2)
    radial = mr.ESTIMATORS["egger_radial"].batch(Block.from_pairs([pair])).estimates()[0]
    assert (radial.status, radial.n_variants) == (Status.TOO_FEW_INSTRUMENTS, 2)
    pair.se_outcome[:] = 1e300
    for name in ("egger", "ivw_radial"):
        lost = mr.ESTIMATORS[name].batch(Block.from_pairs([pair])).estimates()[0]
        assert (lost.status, lost.n_variants) == (Status.NOT_FINITE, 5)
