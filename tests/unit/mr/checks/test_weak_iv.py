"""Confidence sets without strong instruments: against plain formulas and dense grids, and hard cases."""

import dataclasses
import itertools
import math
import time

import numpy as np
import pytest
from scipy import integrate, stats

from osteobiome.core.errors import SchemaError
from osteobiome.core.estimate import Status
from osteobiome.instruments import Instruments
from osteobiome.mr import ivw_fixed, maximum_likelihood, wald_ratio
from osteobiome.mr.checks.weak_iv import EMPTY, SEVERAL, STATISTICS, UNBOUNDED, WHOLE, weak_iv
from osteobiome.stats import weak_sets
from osteobiome.stats.tails import neg_log10_p_chi2
from osteobiome.stats.weak_sets import conditional_p, neg_log10_conditional_p

pytestmark = pytest.mark.kernel


def pair_of(n, *, mean_f=20.0, seed=0, theta=0.4, spread=0.5):
    """A pair whose ratio of standard errors differs between variants."""
    rng = np.random.default_rng([seed, n])
    se_x, se_y = 0.01 * np.exp(spread * rng.normal(size=n)), 0.02 * np.exp(spread * rng.normal(size=n))
    gamma = se_x * np.sqrt(max(mean_f - 1.0, 0.0)) * rng.choice([-1, 1], n)
    return Instruments.from_arrays(
        gamma + se_x * rng.normal(size=n), se_x, theta * gamma + se_y * rng.normal(size=n), se_y
    )


def integrated_p(m, tt, n):
    """Return the conditional p by the integral over the direction of S (Andrews, Moreira & Stock 2007)."""
    if n == 1:
        return stats.chi2.sf(m, 1)
    constant = math.exp(math.lgamma(n / 2) - math.lgamma((n - 1) / 2)) / math.sqrt(math.pi)

    def at(angle):
        s = math.sin(angle)
        return stats.chi2.cdf((tt + m) / (1 + tt * s * s / m), n) * math.cos(angle) ** (n - 2)

    edges = sorted({0.0, math.pi / 2, *(min(math.pi / 2, c * math.sqrt((m + 1) / (tt + 1))) for c in (1, 10))})
    return 1 - 2 * constant * sum(
        integrate.quad(at, a, b, epsabs=1e-13, epsrel=1e-12, limit=200)[0] for a, b in itertools.pairwise(edges)
    )


def accepted(pair, effect, level=0.95):
    """Return which tests accept an effect, from the formulas as they are printed."""
    x, sx, y, sy = pair.beta_exposure, pair.se_exposure, pair.beta_outcome, pair.se_outcome
    s = (y - effect * x) / np.sqrt(sy**2 + effect**2 * sx**2)
    t = (effect * y / sy**2 + x / sx**2) / np.sqrt(effect**2 / sy**2 + 1 / sx**2)
    d = t * sx * sy / (sy**2 + effect**2 * sx**2)
    ss, score, tt, n = s @ s, (s @ d) ** 2 / (d @ d), t @ t, x.size
    ratio = 0.5 * (ss - tt + np.sqrt((ss + tt) ** 2 - 4 * tt * (ss - score)))
    return (
        stats.chi2.sf(ss, n) >= 1 - level,
        stats.chi2.sf(score, 1) >= 1 - level,
        integrated_p(ratio, tt, n) >= 1 - level,
    )


@pytest.mark.parametrize("n", [1, 2, 3, 20, 150])
@pytest.mark.parametrize("tt", [0.3, 8.0, 300.0, 1e5])
def test_conditional_p__equals_the_integral_over_directions(n, tt):
    for m in (0.2, 3.84, 12.0, 40.0):
        assert conditional_p(m, tt, n) == pytest.approx(integrated_p(m, tt, n), abs=2e-9)


@pytest.mark.parametrize("n", [2, 5, 40])
@pytest.mark.parametrize("tt", [0.5, 20.0])
def test_conditional_p__equals_the_share_of_draws(n, tt):
    rng = np.random.default_rng(n)
    one, rest = rng.chisquare(1, 200_000), rng.chisquare(n - 1, 200_000)
    drawn = 0.5 * (one + rest - tt + np.sqrt((one + rest + tt) ** 2 - 4 * rest * tt))
    m = np.quantile(drawn, 0.9)
    assert conditional_p(m, tt, n) == pytest.approx(0.1, abs=4 * math.sqrt(0.09 / 200_000))


@pytest.mark.parametrize("n", [2, 30, 400, 20_000])
@pytest.mark.parametrize("m", [0.5, 50.0, 3000.0, 1e5])
def test_neg_log10_conditional_p__lies_between_one_and_all_degrees_of_freedom_and_meets_both(n, m):
    """Where p is no double, too: 20,000 variants gave p of 1 beside a set without 0."""
    strong, none = (float(neg_log10_p_chi2(m, float(df))) for df in (1, n))
    assert neg_log10_conditional_p(m, 1e14, n) == pytest.approx(strong, rel=1e-8)
    assert neg_log10_conditional_p(m, 1e-9, n) == pytest.approx(none, rel=1e-8, abs=1e-12)
    found = [neg_log10_conditional_p(m, tt, n) for tt in (1.0, 1e2, 1e4, 1e6)]
    assert found == sorted(found)
    assert none - 1e-12 <= found[0] <= found[-1] <= strong + 1e-12


@pytest.mark.parametrize("n", [1, 5, 400])
@pytest.mark.parametrize("tt", [0.1, 30.0, 1e5])
def test_neg_log10_conditional_p__is_the_logarithm_of_p(n, tt):
    for m in (0.3, 4.0, 60.0, 900.0):
        assert neg_log10_conditional_p(m, tt, n) == pytest.approx(-math.log10(conditional_p(m, tt, n)), abs=1e-9)


def test_sets__p_of_no_effect_agrees_with_the_set_for_many_variants():
    rng = np.random.default_rng(5)
    x = rng.uniform(0.05, 0.2, 5000)
    pair = Instruments.from_arrays(x, [0.01] * 5000, 0.3 * x + 0.02 * rng.normal(size=5000), [0.02] * 5000)
    *_, ratio = weak_iv(pair)
    assert ratio.ci_set[0][0] > 0.2
    assert ratio.no_effect.neg_log_10_p_value > 1000.0


def test_conditional_p__far_tail_keeps_its_digits():
    """With T'T without limit it is chi-squared with one degree of freedom, with T'T of 0 with all of them."""
    assert conditional_p(400.0, 1e12, 30) == pytest.approx(stats.chi2.sf(400.0, 1), rel=1e-3)
    assert conditional_p(400.0, 1e-12, 30) == pytest.approx(stats.chi2.sf(400.0, 30), rel=1e-6)


@pytest.mark.parametrize("mean_f", [1.0, 2.0, 5.0, 40.0])
@pytest.mark.parametrize("n", [2, 6, 15])
def test_sets__hold_what_the_printed_formulas_accept(n, mean_f):
    pair = pair_of(n, mean_f=mean_f, seed=int(mean_f))
    effects = 2.0 * np.tan(np.linspace(-1.5, 1.5, 61))
    sets = weak_iv(pair)
    wanted = np.array([accepted(pair, effect) for effect in effects])
    np.testing.assert_array_equal([[s.covers(effect) for s in sets] for effect in effects], wanted)


@pytest.mark.parametrize("mean_f", [3.0, 40.0])
def test_sets__change_sides_at_their_ends(mean_f):
    for seed in range(5):
        pair = pair_of(8, mean_f=mean_f, seed=seed, spread=1.0)
        for k, found in enumerate(weak_iv(pair)):
            for low, high in found.ci_set:
                for end, out in ((low, -1), (high, 1)):
                    if math.isfinite(end):
                        step = 1e-7 * out * abs(end)
                        assert not accepted(pair, end + step)[k]
                        assert accepted(pair, end - step)[k]


def test_sets__with_one_ratio_of_errors_the_ends_are_closed_forms():
    """Anderson-Rubin is then a quadratic in the effect."""
    pair = pair_of(6, mean_f=30.0, spread=0.0)
    x, y, v_x, v_y = pair.beta_exposure, pair.beta_outcome, 0.01**2, 0.02**2
    limit = stats.chi2.isf(0.05, 6)
    roots = np.sort(np.roots([x @ x - limit * v_x, -2 * x @ y, y @ y - limit * v_y]))
    np.testing.assert_allclose(weak_iv(pair)[0].ci_set, [roots], rtol=1e-11)


def test_sets__one_variant_is_fieller():
    """All three are one test; with F below 3.84 the set is unbounded, and strong instruments give the Wald interval."""
    strong = Instruments.from_arrays([0.5], [1e-6], [0.2], [0.02])
    wald = wald_ratio(strong)
    for found in weak_iv(strong):
        np.testing.assert_allclose(found.ci_set[0], (wald.ci_low, wald.ci_high), rtol=1e-6)
    vague = Instruments.from_arrays([0.05], [0.03], [0.2], [0.02])
    first, _, third = weak_iv(vague)
    assert first.message == third.message == UNBOUNDED
    assert first.ci_set[0][0] == -math.inf
    assert first.ci_set[-1][1] == math.inf
    assert not first.covers(0.0)
    np.testing.assert_allclose(third.ci_set, first.ci_set, rtol=1e-9)


@pytest.mark.parametrize("mean_f", [4.0, 30.0])
@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_sets__along_the_score_hold_the_estimate_by_maximum_likelihood(mean_f, spread):
    pair = pair_of(20, mean_f=mean_f, spread=spread)
    best = maximum_likelihood(pair).beta
    assert all(found.covers(best) for found in weak_iv(pair)[1:])


def test_sets__strong_instruments_give_the_interval_of_ivw():
    pair = pair_of(30, mean_f=1e8)
    pair = dataclasses.replace(pair, se_exposure=pair.se_exposure * 1e-3)
    reference = ivw_fixed(pair)
    for found in weak_iv(pair)[1:]:
        low, high = next(part for part in found.ci_set if part[0] < reference.beta < part[1])
        assert low == pytest.approx(reference.ci_low, abs=0.02 * reference.se)
        assert high == pytest.approx(reference.ci_high, abs=0.02 * reference.se)


def test_sets__no_instrument_at_all_rejects_nothing():
    pair = dataclasses.replace(pair_of(10), beta_exposure=np.zeros(10), beta_outcome=np.zeros(10))
    for found in weak_iv(pair):
        assert found.ci_set == ((-math.inf, math.inf),)
        assert found.message == WHOLE
        assert not found.is_bounded


def test_sets__pleiotropy_empties_anderson_rubin():
    pair = pair_of(12, mean_f=100.0)
    pair.beta_outcome[:4] += 0.3
    first, second, third = weak_iv(pair)
    assert first.ci_set == ()
    assert first.message == EMPTY
    assert first.is_bounded
    assert second.message == SEVERAL
    assert third.ci_set


@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
def test_sets__and_the_test_of_no_effect_agree(level):
    for seed in range(20):
        for found in weak_iv(pair_of(7, mean_f=4.0, theta=0.2, seed=seed), level=level):
            assert found.covers(0.0) == (found.no_effect.p_value >= 1 - level)


def test_sets__far_tail_of_no_effect_is_finite():
    pair = pair_of(20, mean_f=1e6)
    for found in weak_iv(pair):
        assert 40.0 < found.no_effect.neg_log_10_p_value < math.inf
    assert weak_iv(dataclasses.replace(pair, se_outcome=pair.se_outcome / 1e3))[2].no_effect.p_value == 0.0


@pytest.mark.parametrize("c", [2.0, -1.0, 1000.0])
def test_sets__follow_units_and_know_no_order_or_allele(c):
    pair = pair_of(9, mean_f=6.0)
    order, sign = np.random.default_rng(0).permutation(9), np.array([1, -1, 1, 1, -1, 1, -1, 1, 1.0])
    other = Instruments.from_arrays(
        (c * sign * pair.beta_exposure)[order],
        (abs(c) * pair.se_exposure)[order],
        (sign * pair.beta_outcome)[order],
        pair.se_outcome[order],
    )
    for one, two in zip(weak_iv(pair), weak_iv(other), strict=True):
        np.testing.assert_allclose(np.sort(np.ravel(two.ci_set)), np.sort(np.ravel(one.ci_set) / c), rtol=1e-9)


def test_sets__errors_over_six_orders_of_magnitude():
    rng = np.random.default_rng(4)
    se, x = 10.0 ** np.linspace(-6, 0, 25), rng.uniform(0.1, 0.4, 25)
    pair = Instruments.from_arrays(x, np.full(25, 1e-7), 0.5 * x + se * rng.normal(size=25), se)
    reference = ivw_fixed(pair)
    for k, found in enumerate(weak_iv(pair)[1:], start=1):
        low, high = next(part for part in found.ci_set if part[0] < reference.beta < part[1])
        assert low == pytest.approx(reference.ci_low, abs=0.02 * reference.se)
        assert high == pytest.approx(reference.ci_high, abs=0.02 * reference.se)
        assert accepted(pair, high * (1 - 1e-9))[k]
        assert not accepted(pair, high * (1 + 1e-9))[k]


def spread_pair(seed, *, decades=6.0):
    """A pair whose standard errors of both traits are spread over many orders of magnitude."""
    rng = np.random.default_rng([seed, 77])
    n = int(rng.integers(1, 12))
    se_x, se_y = (1e-3 * 10.0 ** rng.uniform(-decades / 2, decades / 2, n) for _ in range(2))
    gamma = rng.normal(size=n) * se_x * 10.0 ** rng.uniform(-1, 4)
    theta = rng.choice([0.0, 0.5, 1e-4])
    return Instruments.from_arrays(
        gamma + se_x * rng.normal(size=n), se_x, theta * gamma + se_y * rng.normal(size=n), se_y
    )


@pytest.mark.parametrize("decades", [6.0, 12.0])
def test_sets__over_many_decades_hold_what_a_dense_grid_accepts(decades):
    half = np.logspace(-14, 14, 1501)
    grid = np.concatenate([-half[::-1], half])
    for seed in range(25):
        pair = spread_pair(seed, decades=decades)
        for found, limit in zip(
            weak_iv(pair)[:2], (stats.chi2.isf(0.05, pair.n_variants), 3.841458820694124), strict=True
        ):
            s = (pair.beta_outcome[:, None] - grid * pair.beta_exposure[:, None]) / (
                v := np.sqrt(pair.se_outcome[:, None] ** 2 + (grid * pair.se_exposure[:, None]) ** 2)
            )
            if found.statistic == "anderson_rubin":
                value = np.sum(s**2, axis=0)
            else:
                t = grid * pair.beta_outcome[:, None] * pair.se_exposure[:, None] ** 2
                d = (t + pair.beta_exposure[:, None] * pair.se_outcome[:, None] ** 2) / v**3
                value = np.sum(s * d, axis=0) ** 2 / np.sum(d * d, axis=0)
            covered = np.array([found.covers(effect) for effect in grid])
            assert found.n_undecided == 0
            np.testing.assert_array_equal((covered != (value <= limit)) & (abs(value - limit) > 1e-5), False)


def test_sets__over_many_decades_likelihood_ratio_changes_sides_at_its_ends():
    for seed in range(12):
        pair = spread_pair(seed)
        found = weak_iv(pair)[2]
        for low, high in found.ci_set:
            for end, out in ((low, -1), (high, 1)):
                if math.isfinite(end):
                    step = 1e-6 * out * abs(end)
                    assert not accepted(pair, end + step)[2]
                    assert accepted(pair, end - step)[2]


def test_sets__one_variant_that_dominates():
    """The others turn D round where T of the large one vanishes, on an arc that S hardly notices."""
    pair = pair_of(6, mean_f=50.0)
    pair.se_exposure[0] = pair.se_outcome[0] = 1e-9
    first, second, third = weak_iv(pair)
    ratio = pair.beta_outcome[0] / pair.beta_exposure[0]
    assert second.covers(ratio)
    assert third.covers(ratio)
    assert third.ci_set[-1][1] - third.ci_set[-1][0] < 1e-5
    assert (first.status, second.status, third.status) == (Status.OK,) * 3
    for effect in np.concatenate([-np.logspace(-4, 4, 300), np.logspace(-4, 4, 300)]):
        assert (first.covers(effect), second.covers(effect)) == accepted(pair, effect)[:2]


def test_sets__where_every_t_vanishes_there_is_no_part():
    """Equal effects and errors: at an effect of -1 the score has no direction, which is no sign of an effect of -1."""
    for n in (1, 3):
        pair = Instruments.from_arrays([0.1] * n, [0.01] * n, [0.1] * n, [0.01] * n)
        assert all(len(found.ci_set) == 1 and not found.covers(-1.0) for found in weak_iv(pair))
    nothing = Instruments.from_arrays([0.0] * 4, [0.01] * 4, [0.1, 0.2, 0.3, 0.1], [0.01, 0.02, 0.05, 0.01])
    assert not any(found.covers(0.0) or found.n_undecided for found in weak_iv(nothing))


def test_sets__a_search_that_is_cut_off_is_a_superset_and_says_so(monkeypatch):
    pair = spread_pair(3)
    whole = weak_iv(pair)
    monkeypatch.setattr(weak_sets, "MIN_ARCS", 12)
    monkeypatch.setattr(weak_sets, "MAX_ARCS", 12)
    for full, cut in zip(whole, weak_iv(pair), strict=True):
        assert cut.n_undecided > 0
        assert cut.status is Status.OK
        assert "cut off" in cut.message
        for low, high in full.ci_set:
            assert any(a <= low <= high <= b for a, b in cut.ci_set)


@pytest.mark.parametrize("value", [1e300, 1e-300])
@pytest.mark.parametrize("name", ["beta_exposure", "se_exposure", "beta_outcome", "se_outcome"])
def test_sets__one_absurd_value_is_never_an_empty_set(name, value):
    pair = pair_of(6)
    getattr(pair, name)[2] = value
    for found in weak_iv(pair):
        assert found.n_undecided == 0
        if found.status is not Status.OK:
            assert found.status is Status.NOT_FINITE
            assert found.no_effect.statistic is None
            assert found.message == Status.NOT_FINITE.message
        elif not found.ci_set:
            assert found.message == EMPTY
            assert name.startswith("beta")


def test_sets__effects_beyond_the_digits_of_doubles_have_a_status():
    pair = Instruments.from_arrays([0.1, 0.2, 0.3], [1e-16] * 3, [0.05, 0.1, 0.15], [1e-16] * 3)
    assert all(found.status is Status.NOT_FINITE and found.ci_set == () for found in weak_iv(pair))


def test_sets__equal_ratios_and_one_exposure_effect_of_zero():
    x = np.array([0.1, -0.2, 0.4, 0.3, 0.0])
    pair = Instruments.from_arrays(x, [0.01] * 5, 0.5 * x, [0.02] * 5)
    for found in weak_iv(pair):
        assert found.covers(0.5)
        assert found.n_variants == 5


def test_sets__a_hundred_thousand_variants():
    weak_iv(pair_of(5))  # compiled
    pair = pair_of(100_000, mean_f=3.0)
    start = time.perf_counter()
    third = weak_iv(pair)[2]
    assert time.perf_counter() - start < 10.0
    assert third.is_bounded
    assert third.ci_set[0][1] - third.ci_set[0][0] < 0.05


@pytest.mark.parametrize("factor", [1e-200, 1e200])
@pytest.mark.parametrize("name", ["beta_exposure", "se_exposure", "beta_outcome", "se_outcome"])
def test_sets__absurd_magnitudes_have_a_message_or_a_set(name, factor):
    pair = pair_of(6)
    for found in weak_iv(dataclasses.replace(pair, **{name: getattr(pair, name) * factor})):
        assert not any(math.isnan(end) for part in found.ci_set for end in part)
        if found.no_effect.statistic is None:
            assert found.ci_set == ()
            assert "Check the units" in found.message


def test_sets__no_variants_have_a_message():
    nothing = Instruments.from_arrays([], [], [], [])
    assert [s.statistic for s in weak_iv(nothing)] == list(STATISTICS)
    assert all(s.ci_set == () and "no instrument of the exposure was found" in s.message for s in weak_iv(nothing))


def test_level__must_be_a_share():
    with pytest.raises(SchemaError, match="option level"):
        weak_iv(pair_of(3), level=95)
