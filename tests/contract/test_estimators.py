"""What every registered estimator must do, whatever its mathematics."""

import dataclasses
import importlib
import inspect
import math
import pkgutil
import re

import numpy as np
import pytest

from osteobiome.core.errors import EstimationError
from osteobiome.core.estimate import Estimate, Status
from osteobiome.core.schema import polars_schema
from osteobiome.instruments import Instruments
from osteobiome.mr import ESTIMATORS, Block, estimators, grid

NAMES = tuple(ESTIMATORS)
STOCHASTIC = tuple(name for name in NAMES if ESTIMATORS[name].stochastic)
FILES = tuple(module.name for module in pkgutil.iter_modules(estimators.__path__))
UNBOUNDED = ("contamination_mixture",)
"""Estimators whose confidence set may be the whole line."""
TESTS_BY_DRAWS = ("presso",)
"""Estimators whose draws serve tests, not the estimate or its error; they may leave variants out."""
MEANS_OF_DRAWS = ("cml_ma_bic_dp", "simss")
"""Estimators whose estimate is itself a mean over draws, with its Monte Carlo error."""
FROM_CANDIDATES = tuple(name for name in NAMES if ESTIMATORS[name].needs_candidates)
"""Estimators that select by themselves: they need weak candidates too, and say how many they selected."""
SECTIONS = ("Parameters", "Returns", "Raises", "Notes", "References", "Examples")


def make_pair(name: str, n: int | None = None, *, seed: int = 1) -> Instruments:
    """Return a pair that the estimator can fit: as many variants as it allows, with LD if it needs it."""
    entry = ESTIMATORS[name]
    n = n if n is not None else min(12, entry.max_variants or 12)
    rng = np.random.default_rng([seed, n])
    ld = None
    if entry.needs_ld:
        ld = 0.6 ** np.abs(np.subtract.outer(np.arange(n), np.arange(n))) if n else np.empty((0, 0))
    x = rng.normal(0.0, 0.1, n)
    if name in FROM_CANDIDATES:  # strong ones, and every fourth weak
        x = np.where(np.arange(n) % 4 == 3, 0.001, 0.4) * np.sign(x) * rng.uniform(0.5, 1.5, n)
    se_y = rng.uniform(0.01, 0.05, n) * (4.0 if name in FROM_CANDIDATES else 1.0)  # a p value that 1 - p can hold
    pair = Instruments.from_arrays(
        x, rng.uniform(0.005, 0.02, n), 0.4 * x + 2 * se_y * rng.normal(size=n), se_y, ld_r=ld
    )
    return dataclasses.replace(
        pair,
        exposure="bmi",
        outcome="bmd",
        unit="SD per SD",
        rsid=tuple(f"rs{i}" for i in range(n)),
        n_exposure=np.full(n, 1e5),
        n_outcome=np.full(n, 5e4),
        chromosome=np.ones(n),
        position=1e7 * (1.0 + np.arange(n)),  # every variant is a locus of its own
        selection="complete" if entry.needs_candidates else "undeclared",
    )


def fit(name: str, pair: Instruments, **options: float) -> Estimate:
    """Call the estimator; those that draw random numbers get the seed that ``grid`` uses by default."""
    entry = ESTIMATORS[name]
    return entry.function(pair, **({"seed": 1} if entry.stochastic else {}), **options)


def same(a: Estimate, b: Estimate, *, factor: float = 1.0, rel: float = 1e-9) -> None:
    """Assert that two estimates agree, the first being ``factor`` times the second; diagnostics are free of units."""
    assert a.status is b.status is Status.OK
    assert a.beta == pytest.approx(b.beta * factor, rel=rel, abs=1e-12)
    assert a.se == pytest.approx(b.se * abs(factor), rel=rel)
    ends = sorted((b.ci_low * factor, b.ci_high * factor))
    assert (a.ci_low, a.ci_high) == (pytest.approx(ends[0], rel=rel), pytest.approx(ends[1], rel=rel))
    assert a.neg_log_10_p_value == pytest.approx(b.neg_log_10_p_value, rel=rel)
    assert (a.n_variants, a.distribution, a.df) == (b.n_variants, b.distribution, b.df)


def turn(pair: Instruments, which: list[int]) -> Instruments:
    """Return the pair with the other effect allele for some variants, in both traits and in the LD matrix."""
    sign = np.ones(pair.n_variants)
    sign[which] = -1.0
    return dataclasses.replace(
        pair,
        beta_exposure=pair.beta_exposure * sign,
        beta_outcome=pair.beta_outcome * sign,
        ld_r=None if pair.ld_r is None else pair.ld_r * np.outer(sign, sign),
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("c", [2.0, 0.125, -1.0, 1000.0])
def test_estimator__rescaling_the_exposure_rescales_the_estimate(name, c):
    pair = make_pair(name)
    scaled = dataclasses.replace(pair, beta_exposure=pair.beta_exposure * c, se_exposure=pair.se_exposure * abs(c))
    same(fit(name, scaled), fit(name, pair), factor=1 / c)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("c", [2.0, 0.125, -1.0, 1000.0])
def test_estimator__rescaling_the_outcome_rescales_the_estimate(name, c):
    pair = make_pair(name)
    scaled = dataclasses.replace(pair, beta_outcome=pair.beta_outcome * c, se_outcome=pair.se_outcome * abs(c))
    same(fit(name, scaled), fit(name, pair), factor=c)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("which", ["first", "odd", "all"])
def test_estimator__other_effect_alleles_change_nothing(name, which):
    pair = make_pair(name)
    n = pair.n_variants
    places = {"first": [0], "odd": list(range(1, n, 2)), "all": list(range(n))}[which]
    same(fit(name, turn(pair, places)), fit(name, pair))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_estimator__order_of_variants_changes_nothing(name, seed):
    pair = make_pair(name)
    order = np.random.default_rng(seed).permutation(pair.n_variants)
    shuffled = Instruments.from_arrays(
        pair.beta_exposure[order],
        pair.se_exposure[order],
        pair.beta_outcome[order],
        pair.se_outcome[order],
        ld_r=None if pair.ld_r is None else pair.ld_r[np.ix_(order, order)],
    )
    # names of the pair are part of the seed
    shuffled = dataclasses.replace(
        shuffled,
        exposure=pair.exposure,
        outcome=pair.outcome,
        n_exposure=pair.n_exposure[order],
        n_outcome=pair.n_outcome[order],
        chromosome=pair.chromosome[order],
        position=pair.position[order],
        selection=pair.selection,
    )
    same(fit(name, shuffled), fit(name, pair))


@pytest.mark.parametrize("name", NAMES)
def test_estimator__is_deterministic_and_leaves_its_input_alone(name):
    pair = make_pair(name)
    before = [a.copy() for a in (pair.beta_exposure, pair.se_exposure, pair.beta_outcome, pair.se_outcome)]
    assert fit(name, pair) == fit(name, pair)
    for was, now in zip(
        before, (pair.beta_exposure, pair.se_exposure, pair.beta_outcome, pair.se_outcome), strict=True
    ):
        np.testing.assert_array_equal(was, now)


@pytest.mark.parametrize("name", STOCHASTIC)
def test_estimator__draws_depend_on_seed_and_pair_alone(name):
    pairs = [dataclasses.replace(make_pair(name, seed=i), outcome=f"y{i}") for i in range(3)]
    alone = [fit(name, pair) for pair in pairs]
    assert [row[0] for row in grid(pairs, [name])] == alone
    assert [row[1] for row in grid(pairs[::-1], ["ivw", name], workers=2)] == alone[::-1]
    renamed = dataclasses.replace(pairs[0], outcome="other")
    ((other,),) = grid(pairs[:1], [name], seed=2)
    assert other.seed == 2
    for again in (fit(name, renamed), other):
        if name in MEANS_OF_DRAWS:
            error = alone[0].diagnostic("bootstrap_error").statistic
            assert 0.0 < abs(again.beta - alone[0].beta) < 6.0 * error  # four times the error of a difference
        else:
            assert again.beta == alone[0].beta
        if name in TESTS_BY_DRAWS:
            assert again.se == alone[0].se
        else:
            assert again.se != alone[0].se


@pytest.mark.parametrize("name", STOCHASTIC)
def test_estimator__a_seed_that_was_drawn_is_recorded(name):
    pair = make_pair(name)
    result = ESTIMATORS[name].function(pair)
    assert result.seed is not None
    assert result.n_draws == inspect.signature(ESTIMATORS[name].function).parameters["n_bootstrap"].default
    assert ESTIMATORS[name].function(pair, seed=result.seed) == result


@pytest.mark.parametrize("name", STOCHASTIC)
def test_estimator__monte_carlo_error_of_the_standard_error_shrinks_with_the_draws(name):
    pair = make_pair(name)
    results = [ESTIMATORS[name].function(pair, seed=1, n_bootstrap=n) for n in (400, 6400)]
    if name in TESTS_BY_DRAWS:  # its tests have errors of their own, the standard error has none
        assert results[0].se == results[1].se
        return
    few, many = (result.diagnostic("bootstrap_se_error").statistic for result in results)
    assert 2 < few / many < 8  # 4 is expected


@pytest.mark.parametrize("name", NAMES)
def test_estimator__single_equals_batch(name):
    entry = ESTIMATORS[name]
    sizes = [1] * 4 if entry.max_variants == 1 else [max(entry.min_variants, 2) + i for i in (0, 9, 3, 40)]
    pairs = [make_pair(name, n, seed=i) for i, n in enumerate(sizes)]
    for pair, (estimate,) in zip(pairs, grid(pairs, [name]), strict=True):
        assert estimate == fit(name, pair)
    if entry.batch is not None:
        for pair, estimate in zip(pairs, entry.batch(Block.from_pairs(pairs)).estimates(), strict=True):
            want = fit(name, pair)
            assert (estimate.beta, estimate.se, estimate.ci_set) == (want.beta, want.se, want.ci_set)
            assert estimate.neg_log_10_p_value == want.neg_log_10_p_value


@pytest.mark.parametrize("name", NAMES)
def test_estimator__result_is_complete_and_fits_the_schema(name):
    pair = make_pair(name)
    result = fit(name, pair)
    frame = result.to_frame()
    assert dict(frame.schema) == polars_schema("estimates")
    assert frame.height == 1
    assert result.method == name
    assert (result.exposure, result.outcome, result.unit) == ("bmi", "bmd", "SD per SD")
    assert result.n_variants == pair.n_variants or (
        name in (*TESTS_BY_DRAWS, *FROM_CANDIDATES) and result.n_variants < pair.n_variants
    )
    numbers = [result.beta, result.se, result.ci_low, result.ci_high, result.neg_log_10_p_value]
    assert all(isinstance(value, float) and math.isfinite(value) for value in numbers)
    assert result.se > 0
    assert result.ci_low < result.beta < result.ci_high
    assert result.neg_log_10_p_value >= 0
    assert result.ci_set == ((result.ci_low, result.ci_high),)
    assert (result.df is None) == (result.distribution == "normal")


@pytest.mark.parametrize("name", NAMES)
def test_estimator__interval_and_p_value_agree(name):
    """The interval at level 1 - p ends at 0."""
    pair = make_pair(name)
    p = fit(name, pair).p_value
    result = fit(name, pair, level=1.0 - p)
    nearest_end = min((result.ci_low, result.ci_high), key=abs)
    assert nearest_end == pytest.approx(0.0, abs=1e-6 * abs(result.beta))


@pytest.mark.parametrize("name", NAMES)
def test_estimator__diagnostics_are_named_once_and_make_sense(name):
    tests = fit(name, make_pair(name)).diagnostics
    assert {"mean_f", "min_f"} <= {test.name for test in tests}
    assert len({test.name for test in tests}) == len(tests)
    for test in tests:
        for value in (test.statistic, test.df, test.neg_log_10_p_value, test.estimate, test.se):
            assert value is None or math.isfinite(value)
        assert (test.neg_log_10_p_value is None) == (test.null == "") or test.statistic is None


@pytest.mark.parametrize("name", NAMES)
def test_estimator__too_few_variants_is_a_declared_status(name):
    entry = ESTIMATORS[name]
    for n in range(entry.min_variants):
        pair = make_pair(name, n)
        expected = Status.NO_COMMON_VARIANTS if n == 0 else Status.TOO_FEW_INSTRUMENTS
        with pytest.raises(EstimationError) as caught:
            entry.function(pair)
        assert caught.value.status == expected
        if n != 1:  # in a grid one variant always gives the Wald ratio
            ((estimate,),) = grid([pair], [name])
            assert estimate.status is expected
            assert estimate.message == expected.message
            assert estimate.to_frame().height == 1


@pytest.mark.parametrize("name", [name for name in NAMES if ESTIMATORS[name].max_variants])
def test_estimator__too_many_variants_is_a_declared_status(name):
    with pytest.raises(EstimationError) as caught:
        fit(name, make_pair(name, ESTIMATORS[name].max_variants + 1))
    assert caught.value.status == Status.TOO_MANY_INSTRUMENTS


@pytest.mark.parametrize("name", NAMES)
def test_estimator__smallest_number_of_variants_works(name):
    assert fit(name, make_pair(name, ESTIMATORS[name].min_variants)).status is Status.OK


@pytest.mark.parametrize("name", NAMES)
def test_estimator__exposure_effects_of_zero_have_a_status(name):
    pair = make_pair(name)
    nothing = dataclasses.replace(pair, beta_exposure=np.zeros(pair.n_variants))
    with pytest.raises(EstimationError) as caught:
        fit(name, nothing)
    assert caught.value.status == Status.ZERO_EXPOSURE_EFFECT


@pytest.mark.parametrize("name", [name for name in NAMES if ESTIMATORS[name].needs_ld])
def test_estimator__missing_ld_has_a_status(name):
    with pytest.raises(EstimationError) as caught:
        fit(name, dataclasses.replace(make_pair(name), ld_r=None))
    assert caught.value.status == Status.MISSING_LD


@pytest.mark.parametrize("name", NAMES)
def test_estimator__outcome_effects_of_zero_give_an_estimate_of_zero(name):
    pair = make_pair(name)
    result = fit(name, dataclasses.replace(pair, beta_outcome=np.zeros(pair.n_variants)))
    assert result.beta == pytest.approx(0.0, abs=1e-15)
    assert result.p_value == pytest.approx(1.0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("factor", [1e-200, 1e-100, 1e100, 1e200])
@pytest.mark.parametrize("scaled", ["exposure", "outcome", "both", "se_exposure", "se_outcome"])
def test_estimator__absurd_magnitudes_are_finite_numbers_or_a_status(name, factor, scaled):
    """No NaN, no infinite estimate, no warning; an infinite p or F is an honest answer."""
    exposure, outcome = ("beta_exposure", "se_exposure"), ("beta_outcome", "se_outcome")
    fields = {"exposure": exposure, "outcome": outcome, "both": exposure + outcome}.get(scaled, (scaled,))
    pair = make_pair(name)
    pair = dataclasses.replace(pair, **{field: getattr(pair, field) * factor for field in fields})
    try:
        result = fit(name, pair)
    except EstimationError:
        return
    assert all(map(math.isfinite, (result.beta, result.se)))
    ends = (result.ci_low, result.ci_high)
    assert all(map(math.isfinite, ends)) or (name in UNBOUNDED and ends == (-math.inf, math.inf))
    assert result.se > 0
    assert not math.isnan(result.neg_log_10_p_value)
    for test in result.diagnostics:
        for value in (test.statistic, test.df, test.neg_log_10_p_value, test.estimate, test.se):
            assert value is None or not math.isnan(value)


@pytest.mark.parametrize("name", NAMES)
def test_estimator__entry_is_filled_in(name):
    entry = ESTIMATORS[name]
    assert entry.name == name
    assert entry.label
    assert re.fullmatch(r"10\.\d{4,9}/\S+", entry.doi)
    assert entry.assumptions
    assert all(text and not text.endswith(".") for text in entry.assumptions)
    assert entry.min_variants >= 1
    assert entry.max_variants in (0, 1) or entry.max_variants >= 100 * entry.min_variants


def test_estimators__labels_differ():
    assert len({entry.label for _, entry in ESTIMATORS.items()}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_estimator__signature_is_data_then_keywords_with_defaults(name):
    first, *options = inspect.signature(ESTIMATORS[name].function).parameters.values()
    assert first.name == "inst"
    for option in options:
        assert option.kind is inspect.Parameter.KEYWORD_ONLY
        assert option.default is not inspect.Parameter.empty


@pytest.mark.parametrize("name", NAMES)
def test_estimator__docstring_has_every_section_in_order(name):
    entry = ESTIMATORS[name]
    text = inspect.getdoc(entry.function)
    places = [text.find(f"\n{section}\n{'-' * len(section)}\n") for section in SECTIONS]
    assert -1 not in places, dict(zip(SECTIONS, places, strict=True))
    assert places == sorted(places)
    references = text[places[4] : places[5]]
    assert f"doi:{entry.doi}" in references
    assert ">>>" in text[places[5] :]
    for parameter in inspect.signature(entry.function).parameters:
        assert re.search(rf"^{parameter} : ", text, flags=re.MULTILINE), parameter


def test_files__one_estimator_each_with_the_name_of_the_file():
    assert set(FILES) == set(NAMES)
    by_module = {}
    for name, entry in ESTIMATORS.items():
        by_module.setdefault(entry.function.__module__.rpartition(".")[2], []).append(name)
    assert by_module == {name: [name] for name in FILES}


@pytest.mark.parametrize("name", FILES)
def test_files__first_line_cites_the_method(name):
    module = importlib.import_module(f"osteobiome.mr.estimators.{name}")
    assert f"doi:{ESTIMATORS[name].doi}" in module.__doc__.splitlines()[0]
