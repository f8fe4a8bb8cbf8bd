"""Many pairs at once: the same bits as one by one, whatever the order, the chunks and the threads."""

import dataclasses
import functools

import numpy as np
import pytest

from osteobiome import mr
from osteobiome.core.errors import UnknownNameError
from osteobiome.core.estimate import Status
from osteobiome.instruments import Instruments
from osteobiome.mr import ESTIMATORS, Block, batch, fit_block, grid
from osteobiome.mr.fit import STATUSES


def make_pair(n, *, seed=0, **labels):
    rng = np.random.default_rng([seed, n])
    pair = Instruments.from_arrays(
        rng.normal(0, 0.1, n),
        rng.uniform(0.005, 0.02, n),
        rng.normal(0, 0.1, n),
        rng.uniform(0.01, 0.05, n),
        ld_r=np.eye(n),
    )
    return dataclasses.replace(pair, **labels)


SIZES = (3, 40, 7, 2, 11, 200, 9, 3, 16, 17, 5, 30)
PAIRS = [make_pair(n, seed=i, exposure=f"x{i}", outcome=f"y{i}", unit="SD") for i, n in enumerate(SIZES)]
BATCHED = [name for name, entry in ESTIMATORS.items() if entry.batch is not None and not entry.max_variants]
NEEDS_NO_LD = [name for name, entry in ESTIMATORS.items() if not entry.needs_ld]
METHODS = ("ivw", "ivw_fixed", "egger", "ivw_ld", "ivw_ld_fixed")


def scalar(name, pair):
    """Return the scalar call's estimate, or None where it raises."""
    entry = ESTIMATORS[name]
    return None if pair.n_variants < entry.min_variants else entry.function(pair)


@pytest.mark.parametrize("method", METHODS)
def test_grid__equals_scalar_calls_bit_for_bit(method):
    for pair, (estimate,) in zip(PAIRS, grid(PAIRS, [method]), strict=True):
        single = scalar(method, pair)
        if single is None:
            assert estimate.status is Status.TOO_FEW_INSTRUMENTS
        else:
            # numbers, interval, p, status and labels; the diagnostics have a test of their own
            assert dataclasses.replace(estimate, diagnostics=()) == dataclasses.replace(single, diagnostics=())


@pytest.mark.parametrize("method", METHODS)
def test_grid__diagnostics_equal_scalar_calls_bit_for_bit(method):
    """Mean F and I²_GX, too: which pairs share a block must not show in the last digit."""
    different = set()
    for pair, (estimate,) in zip(PAIRS, grid(PAIRS, [method]), strict=True):
        single = scalar(method, pair)
        if single is not None:
            different |= {a.name for a, b in zip(estimate.diagnostics, single.diagnostics, strict=True) if a != b}
    assert different == set()


@pytest.mark.parametrize("method", METHODS)
def test_grid__diagnostics_equal_scalar_calls_to_rounding(method):
    for pair, (estimate,) in zip(PAIRS, grid(PAIRS, [method]), strict=True):
        single = scalar(method, pair)
        if single is not None:
            for got, want in zip(estimate.diagnostics, single.diagnostics, strict=True):
                assert got.name == want.name
                assert got.statistic == pytest.approx(want.statistic, rel=1e-13)


def test_grid__order_of_pairs_has_no_effect():
    forward = grid(PAIRS, METHODS)
    backward = grid(PAIRS[::-1], METHODS)[::-1]
    assert [[dataclasses.replace(e, diagnostics=()) for e in row] for row in forward] == [
        [dataclasses.replace(e, diagnostics=()) for e in row] for row in backward
    ]


def test_grid__threads_and_chunks_have_no_effect(monkeypatch):
    alone = grid(PAIRS, METHODS)
    for chunk in (1, 2, 5):
        monkeypatch.setattr(batch, "fit_block", functools.partial(fit_block, chunk=chunk))
        for workers in (1, 3):
            assert grid(PAIRS, METHODS, workers=workers) == alone


@pytest.mark.parametrize("method", BATCHED)
@pytest.mark.parametrize("chunk", [1, 3, 7, 100])
@pytest.mark.parametrize("workers", [1, 2])
def test_fit_block__chunks_and_threads_have_no_effect(method, chunk, workers):
    block = Block.from_pairs(PAIRS)
    (whole,) = fit_block(block, method)
    parts = fit_block(block, method, workers=workers, chunk=chunk)
    assert len(parts) == -(-len(PAIRS) // chunk)
    for name in ("beta", "se", "n_variants", "status"):
        np.testing.assert_array_equal(np.concatenate([getattr(p, name) for p in parts]), getattr(whole, name))
    for i, column in enumerate(whole.tests):
        np.testing.assert_array_equal(np.concatenate([p.tests[i].statistic for p in parts]), column.statistic)


def test_fit_block__no_pairs():
    assert fit_block(Block.from_pairs([]), "ivw") == []
    assert fit_block(Block.from_pairs([]), "ivw", workers=2) == []


def test_fit_block__estimator_without_batch_form():
    with pytest.raises(TypeError, match="'ivw_ld' has no batch form"):
        fit_block(Block.from_pairs(PAIRS), "ivw_ld")


def test_grid__results_follow_pairs_and_methods():
    results = grid(PAIRS[:3], ["egger", "ivw"])
    assert [[e.method for e in row] for row in results] == [["egger", "ivw"]] * 3
    assert [row[0].exposure for row in results] == ["x0", "x1", "x2"]
    assert {row[1].unit for row in results} == {"SD"}


def test_grid__nothing_to_do():
    assert grid([], ["ivw"]) == []
    assert grid(PAIRS[:2], []) == [[], []]


def test_grid__unknown_method():
    with pytest.raises(UnknownNameError, match="Did you mean 'egger'"):
        grid(PAIRS, ["eger"])


@pytest.mark.kernel
def test_grid__one_variant_has_one_estimate_the_wald_ratio():
    one = make_pair(1, exposure="bmi", outcome="bmd")
    first, single, last = grid([PAIRS[0], one, PAIRS[1]], ["ivw", "egger", "ivw_ld"])
    assert len(first) == len(last) == 3
    (estimate,) = single
    assert estimate.method == "wald_ratio"
    assert estimate.status is Status.OK
    assert estimate.beta == one.beta_outcome[0] / one.beta_exposure[0]
    assert estimate.message == "One variant is left: Wald ratio in place of ivw, egger, ivw_ld."
    assert (estimate.exposure, estimate.outcome) == ("bmi", "bmd")


@pytest.mark.kernel
def test_grid__wald_ratio_that_was_asked_for_needs_no_remark():
    ((estimate,),) = grid([make_pair(1)], ["wald_ratio"])
    assert estimate.message == ""


@pytest.mark.kernel
def test_grid__one_variant_without_exposure_effect():
    ((estimate,),) = grid([Instruments.from_arrays([0.0], [0.1], [0.1], [0.1])], ["ivw"])
    assert (estimate.method, estimate.status) == ("wald_ratio", Status.ZERO_EXPOSURE_EFFECT)
    assert estimate.message == Status.ZERO_EXPOSURE_EFFECT.message


def pair_of(x, ld=None):
    n = len(x)
    return Instruments.from_arrays(x, [0.01] * n, np.linspace(0.1, 0.3, n), [0.02] * n, ld_r=ld)


IMPOSSIBLE = np.array([[1.0, 0.9, 0.9], [0.9, 1.0, -0.9], [0.9, -0.9, 1.0]])
STATUS_CASES = [
    *((name, pair_of([]), Status.NO_COMMON_VARIANTS) for name in ESTIMATORS),
    ("egger", pair_of([0.1, 0.2]), Status.TOO_FEW_INSTRUMENTS),
    ("wald_ratio", pair_of([0.1, 0.2]), Status.TOO_MANY_INSTRUMENTS),
    ("ivw", pair_of([0.0, 0.0]), Status.ZERO_EXPOSURE_EFFECT),
    ("ivw_fixed", pair_of([0.0, 0.0]), Status.ZERO_EXPOSURE_EFFECT),
    ("egger", pair_of([0.0, 0.0, 0.0]), Status.ZERO_EXPOSURE_EFFECT),
    ("ivw_ld", pair_of([0.0, 0.0], np.eye(2)), Status.ZERO_EXPOSURE_EFFECT),
    ("egger", pair_of([0.1, -0.1, 0.1]), Status.NO_SPREAD),
    ("ivw", pair_of([1e-200, 2e-200]), Status.NOT_FINITE),
    ("ivw_fixed", pair_of([1e200, 2e200]), Status.NOT_FINITE),
    ("ivw_ld", pair_of([0.1, 0.2]), Status.MISSING_LD),
    ("ivw_ld_fixed", pair_of([0.1, 0.2]), Status.MISSING_LD),
    ("ivw_ld", pair_of([0.1, 0.2], [[1, np.nan], [np.nan, 1]]), Status.MISSING_LD),
    ("ivw_ld", pair_of([0.1, 0.2], np.ones((2, 2))), Status.SINGULAR),
    ("ivw_ld_fixed", pair_of([0.1, 0.2], np.ones((2, 2))), Status.SINGULAR),
    ("ivw_ld", pair_of([0.1, 0.2, 0.3], IMPOSSIBLE), Status.NOT_POSITIVE_SEMIDEFINITE),
    ("ivw_ld_fixed", pair_of([0.1, 0.2, 0.3], IMPOSSIBLE), Status.NOT_POSITIVE_SEMIDEFINITE),
    ("ivw_lead", pair_of([0.1, 0.2]), Status.MISSING_POSITIONS),
    ("cml_bic", pair_of([0.1, 0.2, 0.3]), Status.MISSING_SAMPLE_SIZE),
    ("divw", Instruments.from_arrays([0.01, 0.02], [0.1] * 2, [0.1] * 2, [0.1] * 2), Status.TOO_WEAK),
    ("raps", Instruments.from_arrays([0.1, 0.2, 0.3], [0.01] * 3, [0.1, 0.3, 0.2], [1e-200] * 3), Status.NOT_CONVERGED),
    ("rivw", pair_of([0.1, 0.2, 0.3, 0.2]), Status.ALREADY_SELECTED),
    (
        "three_sample_ivw",
        dataclasses.replace(pair_of([0.1, 0.2]), selection="corrected"),
        Status.ALREADY_CORRECTED,
    ),
]


@pytest.mark.kernel
@pytest.mark.parametrize(("method", "pair", "status"), STATUS_CASES)
def test_grid__failure_is_a_status_with_a_message(method, pair, status):
    pair = dataclasses.replace(pair, exposure="bmi", outcome="bmd", unit="SD")
    ((estimate,),) = grid([pair], [method])
    assert estimate.status is status
    assert estimate.method == method
    assert estimate.message.startswith(status.message)
    assert estimate.n_variants == pair.n_variants
    for name in ("beta", "se", "ci_low", "ci_high", "neg_log_10_p_value", "p_value"):
        assert getattr(estimate, name) is None
    assert (estimate.exposure, estimate.outcome, estimate.unit) == ("bmi", "bmd", "SD")
    assert estimate.to_frame().height == 1


def test_grid__every_status_is_reached():
    """All but those of a model outside the defaults and of an exposure that has no instruments to begin with."""
    apart = {Status.OK, Status.NO_SCATTER, Status.NO_INSTRUMENTS, Status.NO_VALID_VARIANT}
    assert {status for _, _, status in STATUS_CASES} == set(STATUSES) - apart


def test_grid__a_bad_pair_leaves_its_neighbours_alone():
    good = grid(PAIRS[:2], ["ivw", "egger"])
    mixed = grid([PAIRS[0], pair_of([0.0] * 4), pair_of([]), PAIRS[1]], ["ivw", "egger"])
    for row, want in ((mixed[0], good[0]), (mixed[3], good[1])):
        assert [(e.beta, e.se, e.neg_log_10_p_value) for e in row] == [
            (e.beta, e.se, e.neg_log_10_p_value) for e in want
        ]


def test_mr__exports_every_estimator():
    assert {name for name in ESTIMATORS if getattr(mr, name) is ESTIMATORS[name].function} == set(ESTIMATORS)
