"""Pseudo-samples: moments of what is drawn, and the method of each split against plain formulas."""

import numpy as np
import pytest

from osteobiome import mr
from osteobiome.instruments import Instruments
from osteobiome.stats.random import stream_key
from osteobiome.stats.sample_splits import (
    COUNT,
    WWSS,
    XX,
    XY,
    XY_MIRRORED,
    YY,
    YY_MIRRORED,
    debiased_fits,
    ivw_fits,
    split_of,
    split_sums,
)

KEY = stream_key(7, "splits")


def sums_of(effects, split, *, psi=0.0, cutoff=0.0, n_draws=1, sign=None):
    effects = np.asarray(effects, dtype=float)
    n = effects.shape[1]
    sign = np.ones(n) if sign is None else sign
    return split_sums(effects, sign, np.arange(n), (cutoff, psi), split, KEY, n_draws)


@pytest.mark.parametrize("exposure_share", [None, 0.3])
@pytest.mark.parametrize("select", [0.5, 0.2])
def test_split_sums__parts_have_the_moments_of_parts_of_the_people(select, exposure_share):
    """A single variant, always selected: mean and covariance over draws of x and y given the whole sample."""
    psi, n_draws = 0.4, 100_000
    split = split_of(select, exposure_share)
    sums = sums_of([[2.0], [1.0], [3.0], [1.0]], split, psi=psi, n_draws=n_draws)
    y = 0.5 * (sums[:, YY] - sums[:, YY_MIRRORED])  # y² - y'² = 4 middle apart; only its mean is used
    x2, xy = sums[:, XX], 0.5 * (sums[:, XY] + sums[:, XY_MIRRORED])
    share_x = (1.0 - select) * (1.0 if exposure_share is None else exposure_share)
    share_y = (1.0 - select) * (1.0 if exposure_share is None else 1.0 - exposure_share)
    assert split.scale_x**2 == pytest.approx(1.0 / share_x)
    assert split.scale_y**2 == pytest.approx(1.0 / share_y)
    # the variance of a part is that of the whole plus that of the part given the whole
    given = 1.0 / share_x - 1.0
    # disjoint parts are independent, so given the whole their covariance is minus that of the whole
    covariance = psi * (given if exposure_share is None else -1.0)
    for values, want in ((x2, 4.0 + given), (xy, 6.0 + covariance), (y, 0.0)):
        assert abs(values.mean() - want) < 4.0 * values.std() / np.sqrt(n_draws)


def test_split_sums__selecting_part_is_independent_of_the_rest():
    """Over data and split together: the mean of what is selected is the true effect times the count."""
    rng = np.random.default_rng(1)
    mu, n = 4.0, 200_000
    z = mu + rng.normal(size=n)
    one = np.ones(n)
    split = split_of(0.5, None)
    sums = sums_of([z, one, one, one], split, cutoff=5.0 * np.sqrt(2.0))[0]
    chosen = sums[COUNT]
    assert 0.01 * n < chosen < 0.2 * n
    # x has variance 2 in half of the people
    assert abs(sums[XX] / chosen - (mu**2 + 2.0)) < 4.0 * np.sqrt((4 * mu**2 * 2.0 + 2 * 4.0) / chosen)
    assert sums[WWSS] == chosen


def test_split_sums__mirrored_noise_turns_with_the_sign():
    effects = [[5.0, 6.0], [1.0, 1.0], [0.0, 0.0], [1.0, 1.0]]
    split = split_of(0.5, 0.5)
    there = sums_of(effects, split, n_draws=50)
    turned = sums_of(effects, split, n_draws=50, sign=-np.ones(2))
    np.testing.assert_array_equal(there[:, XY], turned[:, XY_MIRRORED])
    np.testing.assert_array_equal(there[:, XY], -there[:, XY_MIRRORED])


def test_fits__equal_the_registered_estimators_when_nothing_is_split():
    """With hardly any people in the selecting part the rest is the whole sample, and the fits are divw and ivw."""
    rng = np.random.default_rng(2)
    x = rng.uniform(0.05, 0.2, 30)
    y = 0.4 * x + 0.05 * rng.normal(size=30)
    pair = Instruments.from_arrays(x, np.full(30, 0.01), y, np.full(30, 0.02))
    split = split_of(1e-14, None)
    sums = sums_of([x, pair.se_exposure, y, pair.se_outcome], split)
    for fits, result in ((debiased_fits(sums, split), mr.divw(pair)), (ivw_fits(sums, split), mr.ivw(pair))):
        np.testing.assert_allclose(fits[0], result.beta, rtol=1e-5)
        np.testing.assert_allclose(np.sqrt(fits[1] + fits[2]), result.se, rtol=1e-5)


def test_debiased_fits__denominator_near_zero_gives_no_estimate():
    split = split_of(1e-14, None)
    weak = sums_of([[1.0, 1.2, 0.8], [1.0] * 3, [1.0] * 3, [1.0] * 3], split)
    assert np.isnan(debiased_fits(weak, split)).all()
    assert np.isfinite(ivw_fits(weak, split)).all()
