"""Penalised and robust lines: exposure effects of 0, far tails, the floor, and what packages make of few variants."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from osteobiome import mr
from osteobiome.core.errors import EstimationError, SchemaError
from osteobiome.instruments import Instruments
from osteobiome.mr.profiles import as_mendelianrandomization

IVW = ("ivw_penalised", "ivw_robust", "ivw_robust_penalised")
EGGER = ("egger_penalised", "egger_robust")
PENALISED = ("ivw_penalised", "ivw_robust_penalised", "egger_penalised")
ROBUST = ("ivw_robust", "ivw_robust_penalised", "egger_robust")


def valid(seed=0, n=12, *, theta=0.4):
    """Return a pair whose variants all share one effect."""
    rng = np.random.default_rng(seed)
    x, se_y = rng.uniform(0.05, 0.2, n), rng.uniform(0.01, 0.02, n)
    return Instruments.from_arrays(x, np.full(n, 0.002), theta * x + se_y * rng.normal(size=n), se_y)


def test_penalised_egger__takes_the_allele_of_a_variant_without_exposure_effect_as_given():
    """With no variant far from the line it is MR-Egger itself, which turns variants with an effect below 0 only."""
    x = np.array([0.1, 0.2, 0.3, 0.25, 0.0])
    y = np.array([0.06, 0.11, 0.17, 0.15, -0.01])
    pair = Instruments.from_arrays(x, [0.01] * 5, y, [0.02] * 5)
    plain, penalised = mr.egger(pair), mr.egger_penalised(pair)
    assert_allclose([penalised.beta, penalised.se], [plain.beta, plain.se], rtol=1e-10)
    flipped = Instruments.from_arrays(x, [0.01] * 5, y * [1, 1, 1, 1, -1], [0.02] * 5)
    assert mr.egger_penalised(flipped).beta != pytest.approx(plain.beta, rel=1e-3)
    assert mr.egger_robust(flipped).beta != pytest.approx(mr.egger_robust(pair).beta, rel=1e-3)


@pytest.mark.parametrize("name", PENALISED)
def test_penalised__a_variant_sixty_errors_away_is_as_if_it_were_not_there(name):
    pair = valid(n=40)
    with_outlier = valid(n=40)
    with_outlier.beta_outcome[0] += 60.0 * with_outlier.se_outcome[0]
    # a heavy tail moves the first line; what is left of the others' weights is nearly all
    result = getattr(mr, name)(with_outlier)
    rest = getattr(mr, name)(pair.subset(np.arange(40) > 0))
    assert result.beta == pytest.approx(rest.beta, abs=rest.se)
    assert result.se == pytest.approx(rest.se, rel=0.3)


@pytest.mark.parametrize("name", ["ivw_penalised", "egger_penalised"])
@pytest.mark.parametrize("size", [1e3, 1e12])
def test_penalised__no_variant_near_the_line_is_a_status(name, size):
    """Where p of every variant underflows, weights are 0 of 0: the reason is said."""
    x = np.array([0.1, 0.12, 0.14, 0.16, 0.18, 0.2])
    y = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0]) * x
    pair = Instruments.from_arrays(x, [0.01] * 6, y, [1.0 / size] * 6)
    with pytest.raises(EstimationError) as caught:
        getattr(mr, name)(pair)
    assert caught.value.status == "no_valid_variant"
    assert "do not share one effect" in str(caught.value)


def test_penalised__variants_without_weight_are_no_degrees_of_freedom():
    """Twenty near the line and three far away: the scatter is that of twenty."""
    x = np.linspace(0.1, 0.2, 23)
    y = 0.4 * x + 0.01 * np.resize([1.0, -1.0, 0.3], 23)
    y[20:] += np.array([80.0, -80.0, 90.0])
    pair = Instruments.from_arrays(x, [0.002] * 23, y, [0.01] * 20 + [1.0] * 3)
    result, rest = mr.ivw_penalised(pair), mr.ivw_penalised(pair.subset(np.arange(23) < 20))
    scatter, of_rest = (found.diagnostic("residual_standard_error").statistic for found in (result, rest))
    assert scatter == pytest.approx(of_rest, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "n_below"), [("ivw_robust", 134), ("ivw_robust_penalised", 138), ("egger_robust", 179)]
)
def test_robust__floor_by_fixed_effects_is_needed_for_coverage(name, n_below):
    """The figures of the pages: 300 pairs of ten valid variants."""
    fixed = mr.egger if name == "egger_robust" else mr.ivw
    options = {"model": "fixed", "distribution": "normal"} if name == "egger_robust" else {"model": "fixed"}
    below, covered = 0, np.zeros(2, dtype=int)
    for seed in range(300):
        pair = valid(seed, n=10)
        floor = fixed(pair, **options).se
        models = [getattr(mr, name)(pair, model=model) for model in ("multiplicative_unfloored", "multiplicative")]
        # kept weights are at most 1, so the error of all variants at full weight is a bound
        assert models[1].se >= floor * (1 - 1e-12)
        below += models[0].se < floor
        covered += [found.ci_low <= 0.4 <= found.ci_high for found in models]
    assert below == n_below
    assert covered[0] < stats.binom.ppf(0.005, 300, 0.95)
    assert covered[1] >= stats.binom.ppf(0.005, 300, 0.95)


@pytest.mark.slow
def test_robust__error_that_does_not_exist_is_a_status():
    """MM regression of few variants may end with weights under which its error is no number."""
    rng, statuses = np.random.default_rng(0), set()
    for _ in range(400):
        n = int(rng.integers(4, 7))
        x, se_y = rng.uniform(0.05, 0.2, n), rng.uniform(0.01, 0.02, n)
        y = 0.4 * x + se_y * rng.normal(size=n) + (rng.random(n) < 0.4) * rng.normal(size=n) * 0.3
        pair = Instruments.from_arrays(x, [0.002] * n, y, se_y)
        try:
            result = mr.egger_robust(pair)
        except EstimationError as error:
            statuses.add(error.status)
            continue
        scale = result.diagnostic("residual_standard_error").statistic
        assert scale > 0.0
    assert statuses == {"not_converged"}


@pytest.mark.parametrize("name", [*IVW, *EGGER])
def test_lines__model_that_does_not_exist_is_refused(name):
    with pytest.raises(SchemaError):
        getattr(mr, name)(valid(), model="random")


# --- as MendelianRandomization 0.10.0 gives it (R 4.5, run by a reviewer) ---------------------------------------------


def test_profile__egger_with_t_takes_the_wider_interval_and_the_larger_p():
    """Residual standard error 0.5: the t interval of the smaller error is narrower than the normal one."""
    x, y = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.06, 0.11, 0.14, 0.2])
    pair = Instruments.from_arrays(x, [0.01] * 4, y, [0.02] * 4)
    (result,) = as_mendelianrandomization(pair, methods=['mr_egger(distribution="t-dist")'])
    assert_allclose([result.ci_low, result.ci_high], [0.275, 0.625], atol=5e-4)
    assert result.p_value == pytest.approx(0.0073, abs=5e-5)


def test_profile__robust_ivw_of_three_variants_is_fixed():
    x, y = np.array([0.1, 0.2, 0.3]), np.array([0.05, 0.11, 0.14])
    pair = Instruments.from_arrays(x, [0.01] * 3, y, [0.02] * 3)
    (few,) = as_mendelianrandomization(pair, methods=["mr_ivw(robust=TRUE)"])
    assert few.se == mr.ivw_robust(pair, model="fixed").se
