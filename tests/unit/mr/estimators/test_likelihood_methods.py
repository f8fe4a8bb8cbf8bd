"""Hard cases of likelihood, debiased, penalised and robust methods."""

import dataclasses
import time

import numpy as np
import pytest

from osteobiome import mr
from osteobiome.core.errors import EstimationError, SchemaError
from osteobiome.core.estimate import Status
from osteobiome.instruments import Instruments
from osteobiome.mr import ESTIMATORS
from osteobiome.mr.checks.sign import sign_test

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


@pytest.mark.slow
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


FORMS = ("profile", "observed", "shrinkage")
LOSSES = ("l2", "huber", "tukey")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("overdispersion", [True, False])
def test_forms_of_raps__see_no_units_alleles_or_order(form, loss, overdispersion):
    pair = pair_of(14, seed=8, direct=0.03)
    options = {"form": form, "loss": loss, "overdispersion": overdispersion}
    want = mr.raps(pair, **options)
    sign, order = np.where(np.arange(14) % 3, 1.0, -1.0), np.random.default_rng(2).permutation(14)
    x, sx, y, sy = (v[order] for v in (sign * pair.beta_exposure, pair.se_exposure, sign * pair.beta_outcome,
                                      pair.se_outcome))  # fmt: skip
    got = mr.raps(Instruments.from_arrays(1000 * x, 1000 * sx, -0.125 * y, 0.125 * sy), **options)
    assert got.beta == pytest.approx(-0.125e-3 * want.beta, rel=1e-9)
    assert got.se == pytest.approx(0.125e-3 * want.se, rel=1e-9)
    tau2 = [result.diagnostic("tau2").statistic for result in (got, want)]
    assert tau2[0] == pytest.approx(0.125**2 * tau2[1], rel=1e-8)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("case", ["one_zero", "all_equal", "three", "orders", "strong"])
def test_forms_of_raps__hard_cases(form, loss, case):
    rng = np.random.default_rng(5)
    if case == "one_zero":
        pair = pair_of(20)
        x = pair.beta_exposure.copy()
        x[3] = 0.0
        pair, want, near = Instruments.from_arrays(x, pair.se_exposure, pair.beta_outcome, pair.se_outcome), 0.4, 0.1
    elif case == "all_equal":
        x = np.array([0.05, 0.1, -0.2, 0.3, 0.15, -0.25])
        pair, want, near = Instruments.from_arrays(x, np.full(6, 0.002), 0.7 * x, np.full(6, 0.01)), 0.7, 0.007
    elif case == "three":
        pair, want, near = pair_of(3, seed=3), 0.4, 0.3
    elif case == "orders":
        se, x = np.geomspace(1e-6, 1.0, 40), rng.uniform(0.1, 0.3, 40)
        y = 0.5 * x + se * rng.normal(size=40)
        pair, want, near = Instruments.from_arrays(x, np.full(40, 1e-7), y, se), 0.5, 1e-3
    else:
        x, se = np.linspace(0.05, 0.3, 200), np.full(200, 1e-4)
        y = 0.4 * x + se * rng.normal(size=200)
        pair, want, near = Instruments.from_arrays(x, np.full(200, 1e-6), y, se), 0.4, 1e-3
    result = mr.raps(pair, form=form, loss=loss)
    assert result.beta == pytest.approx(want, abs=near)
    assert 0 < result.se < 1
    if case == "strong":
        assert result.neg_log_10_p_value > 320


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_raps__tukey_withstands_an_outlier_of_largest_weight(form):
    pair = pair_of(30, seed=9)
    y, se = pair.beta_outcome.copy(), pair.se_outcome.copy()
    se[0], y[0] = 0.005, y[0] + 3.0
    spoilt = Instruments.from_arrays(pair.beta_exposure, pair.se_exposure, y, se)
    assert mr.raps(spoilt, form=form, loss="tukey").beta == pytest.approx(0.4, abs=0.15)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_forms_of_raps__a_hundred_thousand_variants_take_seconds(form):
    pair = pair_of(100_000, direct=0.01)
    mr.raps(pair_of(10), form=form)  # compile
    start = time.process_time()
    result = mr.raps(pair, form=form)
    assert time.process_time() - start < 30.0  # many times what it takes
    assert result.beta == pytest.approx(0.4, abs=0.02)


@pytest.mark.parametrize("size", [1e-3, 1e-4, 1e-6])
@pytest.mark.parametrize("overdispersion", [True, False])
def test_raps__tukey_finds_a_well_narrower_than_its_grid(size, overdispersion):
    """Away from the effect every variant counts as an outlier, and the loss is level."""
    rng = np.random.default_rng(5)
    x = np.linspace(0.05, 0.3, 200)
    y = 0.4 * x + size * rng.normal(size=200)
    pair = Instruments.from_arrays(x, np.full(200, size / 100), y, np.full(200, size))
    result = mr.raps(pair, loss="tukey", overdispersion=overdispersion)
    assert result.beta == pytest.approx(mr.raps(pair, overdispersion=overdispersion).beta, abs=result.se)
    assert result.beta == pytest.approx(0.4, abs=5 * result.se)


def test_raps__unknown_form_is_refused():
    with pytest.raises(SchemaError):
        mr.raps(pair_of(5), form="observed_")


COUNTS_ROWS = ("raps", "ivw_additive", "ivw_robust", "ivw_robust_penalised", "egger_robust")
"""Methods whose scatter is judged over the number of rows, whatever their weight."""


@pytest.mark.parametrize("name", [*METHODS, "ivw", "ivw_unweighted"])
def test_a_variant_without_weight__changes_nothing(name):
    """An outcome effect known so badly that its weight is 0; without weights, an exposure effect of nearly 0."""
    pair = pair_of(25, seed=6)
    extra = (1e-9, 1e-12, 0.0, 1e9) if name == "ivw_unweighted" else (0.1, 0.01, 0.0, 1e9)
    sides = pair.beta_exposure, pair.se_exposure, pair.beta_outcome, pair.se_outcome
    with_it = Instruments.from_arrays(*(np.append(v, one) for v, one in zip(sides, extra, strict=True)))
    near = 0.02 if name in COUNTS_ROWS else 1e-9
    assert fit(name, with_it).beta == pytest.approx(fit(name, pair).beta, rel=near)


def test_sign__of_a_hundred_thousand_variants_does_not_underflow():
    x = np.full(100_000, 0.1)
    test = sign_test(Instruments.from_arrays(x, x, x, x))
    assert test.estimate == 1.0
    assert test.neg_log_10_p_value == pytest.approx((100_000 - 1) * np.log10(2.0), rel=1e-9)


def test_sign__without_any_sign_says_so():
    zero, se = np.zeros(3), np.full(3, 0.1)
    test = sign_test(Instruments.from_arrays(zero, se, np.ones(3), se))
    assert test.statistic is None
    assert test.message


def ld_pair(n, *, seed=1, r=0.6, effect=0.4):
    """Return correlated variants, errors correlated likewise."""
    rng = np.random.default_rng(seed)
    rho = r ** np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    root = np.linalg.cholesky(rho)
    x = rng.uniform(0.05, 0.3, n) * rng.choice([-1, 1], n)
    seen, y = x + 0.01 * root @ rng.normal(size=n), effect * x + 0.02 * root @ rng.normal(size=n)
    return Instruments.from_arrays(seen, np.full(n, 0.01), y, np.full(n, 0.02), ld_r=rho)


@pytest.mark.parametrize("model", ["fixed", "multiplicative"])
def test_likelihood_ld__of_independent_variants_is_that_without_a_matrix(model):
    pair = pair_of(9, direct=0.03)
    with_matrix = dataclasses.replace(pair, ld_r=np.eye(9))
    ours, want = mr.maximum_likelihood_ld(with_matrix, model=model), mr.maximum_likelihood(pair, model=model)
    assert (ours.beta, ours.se) == (pytest.approx(want.beta, rel=1e-10), pytest.approx(want.se, rel=1e-10))


def test_likelihood_ld__with_exact_exposure_effects_is_ivw_with_the_matrix():
    pair = dataclasses.replace(ld_pair(8), se_exposure=np.full(8, 1e-9))
    want = mr.ivw_ld(pair)
    assert mr.maximum_likelihood_ld(pair).beta == pytest.approx(want.beta, rel=1e-9)
    assert mr.maximum_likelihood_ld(pair).se == pytest.approx(want.se, rel=1e-9)


@pytest.mark.parametrize("case", ["one_zero", "all_equal", "two", "orders", "many"])
def test_likelihood_ld__hard_cases(case):
    pair, near = ld_pair(12), 0.1
    if case == "one_zero":
        x = pair.beta_exposure.copy()
        x[4] = 0.0
        pair = dataclasses.replace(pair, beta_exposure=x)
    elif case == "all_equal":
        pair, near = dataclasses.replace(pair, beta_outcome=0.4 * pair.beta_exposure), 1e-9
    elif case == "two":
        pair, near = ld_pair(2, seed=4), 0.3
    elif case == "orders":
        se = np.geomspace(1e-6, 1.0, 12)
        y = 0.4 * pair.beta_exposure + se * np.random.default_rng(1).normal(size=12)
        pair = dataclasses.replace(pair, se_outcome=se, beta_outcome=y, se_exposure=np.full(12, 1e-7))
        near = 1e-4
    else:
        pair, near = ld_pair(500), 0.03
    start = time.process_time()
    result = mr.maximum_likelihood_ld(pair)
    assert time.process_time() - start < 30.0
    assert result.beta == pytest.approx(0.4, abs=near)
    assert result.se > 0


@pytest.mark.slow
def test_likelihood_ld__a_weak_exposure_is_not_biased_towards_zero_as_ivw_is():
    """Exposure errors as large as the effects: IVW with the matrix is halved, the likelihood is not."""
    found = {"ivw_ld": [], "maximum_likelihood_ld": []}
    for seed in range(60):
        rng = np.random.default_rng([13, seed])
        n = 60
        rho = 0.5 ** np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
        root, se = np.linalg.cholesky(rho), np.full(n, 0.01)
        x = 0.014 * root @ rng.normal(size=n)
        seen, y = x + 0.01 * root @ rng.normal(size=n), 0.5 * x + 0.004 * root @ rng.normal(size=n)
        pair = Instruments.from_arrays(seen, se, y, np.full(n, 0.004), ld_r=rho)
        for name, values in found.items():
            values.append(fit(name, pair).beta)
    error = np.std(found["maximum_likelihood_ld"]) / np.sqrt(60)
    assert np.mean(found["ivw_ld"]) < 0.4
    assert np.mean(found["maximum_likelihood_ld"]) == pytest.approx(0.5, abs=5 * error)


def test_grip__adjustment_mends_weak_instruments_or_has_no_number():
    rng = np.random.default_rng(17)
    n = 20_000
    gamma = 0.02 * np.abs(rng.normal(size=n))
    se = np.full(n, 0.01)
    pair = Instruments.from_arrays(gamma + se * rng.normal(size=n), se, 0.5 * gamma + se * rng.normal(size=n), se)
    plain, test = mr.grip(pair), mr.grip(pair).diagnostic("grip_weak_adjusted")
    assert plain.beta < 0.45
    assert test.estimate == pytest.approx(0.5, abs=4 * test.se)
    assert test.se < 0.05
    weak = Instruments.from_arrays([0.01, 0.011, -0.012, 0.01], np.full(4, 0.02), [0.1, 0.2, 0.1, 0.0], np.full(4, 0.1))
    nothing = mr.grip(weak).diagnostic("grip_weak_adjusted")
    assert (nothing.estimate is None) == (nothing.se is None) == (nothing.neg_log_10_p_value is None)
