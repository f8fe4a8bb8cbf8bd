"""Hard cases of likelihood, debiased, penalised and robust methods."""

import time

import numpy as np
import pytest

from osteobiome import mr
from osteobiome.core.errors import EstimationError
from osteobiome.core.estimate import Status
from osteobiome.instruments import Instruments
from osteobiome.mr import ESTIMATORS

METHODS = (
    "divw", "pivw", "maximum_likelihood", "raps", "ivw_additive", "grip", "ivw_penalised", "ivw_robust",
    "ivw_robust_penalised", "egger_penalised", "egger_robust",
)  # fmt: skip
ORIGIN = tuple(name for name in METHODS if not name.startswith("egger") and name != "grip")
"""Methods whose line goes through the origin."""


def pair_of(n, *, seed=1, effect=0.4, se_y=0.02, direct=0.0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.05, 0.3, n) * rng.choice([-1, 1], n)
    seen = x + 0.01 * rng.normal(size=n)
    y = effect * x + direct * rng.normal(size=n) + se_y * rng.normal(size=n)
    return Instruments.from_arrays(seen, np.full(n, 0.01), y, np.full(n, se_y))


def fit(name, pair, **options):
    return getattr(mr, name)(pair, **options)


@pytest.mark.parametrize("name", METHODS)
def test_one_exposure_effect_of_zero__changes_little(name):
    pair = pair_of(20)
    x = pair.beta_exposure.copy()
    x[3] = 0.0
    zero = Instruments.from_arrays(x, pair.se_exposure, pair.beta_outcome, pair.se_outcome)
    assert fit(name, zero).beta == pytest.approx(fit(name, pair).beta, abs=0.1)


@pytest.mark.parametrize("name", METHODS)
def test_all_ratios_equal__are_the_estimate(name):
    x = np.array([0.05, 0.1, -0.2, 0.3, 0.15, -0.25])
    pair = Instruments.from_arrays(x, np.full(6, 0.002), 0.7 * x, np.full(6, 0.01))
    result = fit(name, pair)
    assert result.beta == pytest.approx(0.7, rel=0.01)
    assert result.se > 0


@pytest.mark.parametrize("name", METHODS)
def test_two_and_three_variants__give_a_number_or_say_how_many_are_needed(name):
    for n in (2, 3):
        pair = pair_of(n, seed=3)
        if n < ESTIMATORS[name].min_variants:
            with pytest.raises(EstimationError) as caught:
                fit(name, pair)
            assert caught.value.status == Status.TOO_FEW_INSTRUMENTS
        else:
            assert np.isfinite([fit(name, pair).beta, fit(name, pair).se]).all()


@pytest.mark.parametrize("name", METHODS)
def test_errors_over_six_orders__the_precise_variants_decide(name):
    rng = np.random.default_rng(5)
    n = 40
    se = np.geomspace(1e-6, 1.0, n)
    x = rng.uniform(0.1, 0.3, n)
    pair = Instruments.from_arrays(x, np.full(n, 1e-7), 0.5 * x + se * rng.normal(size=n), se)
    result = fit(name, pair)
    assert result.beta == pytest.approx(0.5, abs=1e-2 if name == "ivw_additive" else 1e-3)


@pytest.mark.parametrize("name", METHODS)
def test_strong_effects__p_does_not_underflow(name):
    rng = np.random.default_rng(7)
    x, se = np.linspace(0.05, 0.3, 200), 1e-4
    y = 0.4 * x + se * rng.normal(size=200)
    result = fit(name, Instruments.from_arrays(x, np.full(200, 1e-6), y, np.full(200, se)))
    assert result.neg_log_10_p_value > 320


@pytest.mark.parametrize("name", ["ivw_penalised", "ivw_robust", "ivw_robust_penalised", "egger_robust", "raps"])
def test_outlier_of_largest_weight__does_not_move_the_line(name):
    pair = pair_of(30, seed=9)
    y, se = pair.beta_outcome.copy(), pair.se_outcome.copy()
    se[0], y[0] = 0.005, y[0] + 3.0
    spoilt = Instruments.from_arrays(pair.beta_exposure, pair.se_exposure, y, se)
    options = {"loss": "tukey"} if name == "raps" else {}
    assert fit(name, spoilt, **options).beta == pytest.approx(0.4, abs=0.15)
    assert abs(mr.ivw(spoilt).beta - 0.4) > 0.5


@pytest.mark.parametrize("name", METHODS)
def test_a_hundred_thousand_variants__take_seconds(name):
    pair = pair_of(100_000, direct=0.01)
    fit(name, pair_of(10))  # compile
    start = time.process_time()
    result = fit(name, pair)
    assert time.process_time() - start < 30.0  # many times what it takes
    assert result.beta == pytest.approx(0.4, abs=0.02)


def test_divw__denominator_that_is_not_above_zero_is_a_status():
    pair = Instruments.from_arrays([0.01, -0.01, 0.005], [0.02] * 3, [0.1, 0.2, 0.1], [0.05] * 3)
    with pytest.raises(EstimationError) as caught:
        mr.divw(pair)
    assert caught.value.status == Status.TOO_WEAK
    assert np.isfinite(mr.pivw(pair).beta)


def test_pivw__without_penalty_is_divw():
    pair = pair_of(12)
    assert mr.pivw(pair, penalty=0.0).beta == pytest.approx(mr.divw(pair).beta, rel=1e-12)


def test_debiasing__mends_weak_instruments():
    """Variants of mean F about 2, not selected: IVW is half of the truth, the debiased estimates are not."""
    estimates = {"ivw": [], "divw": [], "raps": []}
    for seed in range(60):
        rng = np.random.default_rng([11, seed])
        x, error = 0.01 * rng.normal(size=500), 0.01 * rng.normal(size=(2, 500))
        se = np.full(500, 0.01)
        pair = Instruments.from_arrays(x + error[0], se, 0.5 * x + error[1], se)
        for name, found in estimates.items():
            options = {"overdispersion": False} if name == "raps" else {}
            found.append(fit(name, pair, **options).beta)
    means = {name: np.mean(found) for name, found in estimates.items()}
    error = max(np.std(found) for found in estimates.values()) / np.sqrt(60)
    assert means["ivw"] == pytest.approx(0.25, abs=0.03)
    assert means["divw"] == pytest.approx(0.5, abs=5 * error)
    assert means["raps"] == pytest.approx(0.5, abs=5 * error)


def test_maximum_likelihood__psi_takes_account_of_common_people():
    """With errors that go together and weak variants, the estimate without psi is pulled towards their ratio."""
    rng = np.random.default_rng(4)
    n, psi = 4000, 0.6
    x = 0.02 * rng.normal(size=n)
    shared = rng.normal(size=(2, n))
    error_y = psi * shared[0] + np.sqrt(1 - psi**2) * shared[1]
    pair = Instruments.from_arrays(x + 0.01 * shared[0], np.full(n, 0.01), 0.2 * x + 0.01 * error_y, np.full(n, 0.01))
    assert mr.maximum_likelihood(pair, psi=psi).beta == pytest.approx(0.2, abs=0.03)
    assert mr.maximum_likelihood(pair).beta > 0.28
