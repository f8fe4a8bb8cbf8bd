"""The Wald ratio of one variant, by hand and at the edges."""

import numpy as np
import pytest

from osteobiome.core.errors import EstimationError, SchemaError
from osteobiome.instruments import Instruments
from osteobiome.mr import Block, wald_ratio
from osteobiome.mr.estimators.wald_ratio import wald_ratio_batch, wald_ratios

pytestmark = pytest.mark.kernel

ONE = Instruments.from_arrays([-0.5], [0.1], [0.2], [0.3])


@pytest.mark.parametrize(("order", "se"), [("first", 0.6), ("second", (0.36 + 0.0064) ** 0.5)])
def test_wald_ratio__by_hand(order, se):
    """Ratio -0.4; first order 0.3 / 0.5; second order adds (0.4 * 0.1 / 0.5)^2."""
    result = wald_ratio(ONE, order=order)
    assert result.beta == pytest.approx(-0.4, rel=1e-14)
    assert result.se == pytest.approx(se, rel=1e-14)
    assert result.n_variants == 1
    assert result.diagnostic("mean_f").statistic == result.diagnostic("min_f").statistic == pytest.approx(25.0)


def test_wald_ratios__keep_shape_and_mark_what_has_no_denominator():
    ratio, se = wald_ratios(
        np.array([[0.5, 0.0]]), np.array([[0.1, 0.1]]), np.array([[1.0, 1.0]]), np.array([[0.1, 0.1]])
    )
    np.testing.assert_allclose(ratio, [[2.0, np.nan]])
    np.testing.assert_allclose(se, [[0.2, np.nan]])


@pytest.mark.parametrize(
    ("x", "status"),
    [([], "no_common_variants"), ([0.1, 0.2], "too_many_instruments"), ([0.0], "zero_exposure_effect")],
)
def test_wald_ratio__failures_carry_a_status(x, status):
    n = len(x)
    with pytest.raises(EstimationError) as caught:
        wald_ratio(Instruments.from_arrays(x, [0.1] * n, [0.1] * n, [0.1] * n))
    assert caught.value.status == status


def test_wald_ratio__bad_options():
    with pytest.raises(SchemaError, match="option order"):
        wald_ratio(ONE, order="third")
    with pytest.raises(SchemaError, match="option level"):
        wald_ratio(ONE, level=1.5)


def test_wald_ratio_batch__the_variant_may_stand_anywhere_in_the_row():
    """Padding before the variant, other values under the mask."""
    values = np.array([[9.0, 9.0, 0.5], [0.25, 9.0, 9.0]])
    mask = np.array([[False, False, True], [True, False, False]])
    fit = wald_ratio_batch(Block(values, np.ones((2, 3)), values * 2, np.ones((2, 3)), mask))
    np.testing.assert_allclose(fit.beta, [2.0, 2.0])
    np.testing.assert_allclose(fit.se, [2.0, 4.0])
    assert fit.status.tolist() == [0, 0]


def test_wald_ratio_batch__mixed_block():
    pairs = [ONE, Instruments.from_arrays([], [], [], []), Instruments.from_arrays([1, 2], [1, 1], [1, 1], [1, 1])]
    estimates = wald_ratio_batch(Block.from_pairs(pairs)).estimates()
    assert [str(e.status) for e in estimates] == ["ok", "no_common_variants", "too_many_instruments"]
    assert estimates[0].beta == wald_ratio(ONE).beta
