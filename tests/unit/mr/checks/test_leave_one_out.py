"""Refits without a variant or a locus: equal to fits of the rest, and honest where there are none."""

import dataclasses
import sys

import numpy as np
import pytest

from osteobiome.core.errors import SchemaError, UnknownNameError
from osteobiome.core.estimate import Status
from osteobiome.core.schema import polars_schema
from osteobiome.instruments import Instruments
from osteobiome.mr.checks import TableRows, leave_one_locus_out, leave_one_out, single_variant, stack
from osteobiome.mr.registry import ESTIMATORS

NUMBERS = ("beta", "se", "ci_low", "ci_high", "neg_log_10_p_value", "n_variants")
CLOSED = [name for name, entry in ESTIMATORS.items() if not entry.stochastic and entry.max_variants != 1]


def pair_of(n, *, seed=1):
    rng = np.random.default_rng([seed, n])
    x = rng.normal(0.0, 0.1, n)
    pair = Instruments.from_arrays(
        x,
        [0.01] * n,
        0.5 * x + 0.04 * rng.normal(size=n),
        [0.02] * n,
        rsid=[f"rs{i}" for i in range(n)],
        ld_r=0.3 ** np.abs(np.subtract.outer(np.arange(n), np.arange(n))) if n else np.empty((0, 0)),
    )
    chromosome = np.repeat([3.0, 1.0, 2.0], [2, n - 3, 1]) if n > 3 else np.full(n, 3.0)
    place = 1e6 + 1e5 * np.arange(n)
    pair = dataclasses.replace(pair, exposure="bmi", outcome="bmd", chromosome=chromosome, position=place)
    return dataclasses.replace(pair, n_exposure=np.full(n, 1e5), n_outcome=np.full(n, 1e5))


@pytest.mark.parametrize("method", CLOSED)
def test_leave_one_out__equals_fits_of_the_rest(method):
    # all are hits: declared, as a list of hits is refused by methods that select
    pair = dataclasses.replace(pair_of(7), selection="complete")
    result = leave_one_out(pair, method=method, family="f")
    for i, row in enumerate(result.rows()):
        want = ESTIMATORS[method].function(pair.subset(np.arange(7) != i))
        assert [row[name] for name in NUMBERS] == [getattr(want, name) for name in NUMBERS]
        assert (row["left_out"], row["kind"], row["status"], row["message"]) == (
            f"rs{i}",
            "variant",
            "ok",
            want.message,
        )
    assert dict(result.to_frame().schema) == polars_schema("leave_one_out")


@pytest.mark.parametrize("method", ["ivw", "ivw_ld"])
@pytest.mark.parametrize("odd", ["none", "a heavy variant", "an outlier", "one effect"])
def test_leave_one_out__of_many_by_formula_equals_refits(monkeypatch, odd, method):
    pair = pair_of(40)
    x, y, se = pair.beta_exposure.copy(), pair.beta_outcome.copy(), pair.se_outcome.copy()
    if odd == "a heavy variant":
        se[7] = 1e-9
    if odd == "an outlier":
        y[7] = 1e5
    if odd == "one effect":
        x[np.arange(40) != 7] = 0.0
    pair = dataclasses.replace(pair, beta_exposure=x, beta_outcome=y, se_outcome=se)
    refits = leave_one_out(pair, method=method, family="f").rows()
    monkeypatch.setitem(sys.modules[leave_one_out.__module__].MANY, method, 10)
    for row, want in zip(leave_one_out(pair, method=method, family="f").rows(), refits, strict=True):
        numbers = ([float("nan") if r[name] is None else r[name] for name in NUMBERS] for r in (row, want))
        np.testing.assert_allclose(*numbers, rtol=1e-9)
        assert {k: v for k, v in row.items() if k not in NUMBERS} == {k: v for k, v in want.items() if k not in NUMBERS}
    assert [row["status"] for row in refits].count("zero_exposure_effect") == (odd == "one effect")


def test_leave_one_out__of_many_with_a_copy_is_refitted(monkeypatch):
    """Without one of two copies the matrix is regular, which no formula for the whole can tell."""
    pair = pair_of(12)
    ld = pair.ld_r.copy()
    ld[3, :], ld[:, 3] = ld[2, :], ld[:, 2]
    ld[3, 3] = ld[2, 3] = ld[3, 2] = 1.0
    monkeypatch.setitem(sys.modules[leave_one_out.__module__].MANY, "ivw_ld", 10)
    rows = leave_one_out(dataclasses.replace(pair, ld_r=ld), method="ivw_ld").rows()
    assert [i for i, row in enumerate(rows) if row["status"] == "ok"] == [2, 3]


@pytest.mark.parametrize("method", ["ivw", "egger", "ivw_ld"])
def test_leave_one_locus_out__equals_fits_of_the_rest(method):
    pair = pair_of(8)
    rows = leave_one_locus_out(pair, method=method).rows()
    assert [row["left_out"] for row in rows] == ["1:1200000-1600000", "2:1700000-1700000", "3:1000000-1100000"]
    for number, row in zip((1.0, 2.0, 3.0), rows, strict=True):
        rest = pair.subset(pair.chromosome != number)
        want = ESTIMATORS[method].function(rest)
        assert [row[name] for name in NUMBERS] == [getattr(want, name) for name in NUMBERS]
        assert row["status"] == want.status
        assert row["kind"] == "locus"


def test_leave_one_locus_out__window_splits():
    assert len(leave_one_locus_out(pair_of(8), window_kb=50)) == 8


@pytest.mark.parametrize("method", ["egger", "ivw_ld"])
def test_leave_one_out__refit_that_does_not_exist_is_a_row_with_a_reason(method):
    pair = pair_of(3)
    if method == "ivw_ld":
        # without the last variant two copies of one are left
        ld = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        pair = dataclasses.replace(pair, ld_r=ld)
    rows = leave_one_out(pair, method=method).rows()
    failed = rows if method == "egger" else rows[2:]
    for row in failed:
        assert row["status"] == (Status.TOO_FEW_INSTRUMENTS if method == "egger" else Status.SINGULAR)
        assert row["message"].startswith("Not estimable")
        assert [row[name] for name in NUMBERS[:5]] == [None] * 5
        assert row["n_variants"] == 2
    assert [row["status"] for row in rows if row not in failed] == (["ok", "ok"] if method == "ivw_ld" else [])


def test_leave_one_out__one_of_two_is_the_ratio_of_the_other():
    pair = pair_of(2)
    rows = leave_one_out(pair).rows()
    assert rows[0]["beta"] == pytest.approx(pair.beta_outcome[1] / pair.beta_exposure[1])


@pytest.mark.parametrize("n", [0, 1])
def test_leave_one_out__needs_two_variants(n):
    result = leave_one_out(pair_of(n))
    assert len(result) == 0
    assert result.message.startswith("Not estimable: leaving one out needs two variants")
    assert result.to_frame().height == 0


def test_leave_one_locus_out__reasons_for_no_rows():
    pair = pair_of(4)
    one = dataclasses.replace(pair, chromosome=np.full(4, 17.0))
    message = leave_one_locus_out(one).message
    assert "all 4 variants lie in one locus (17:1000000-1300000)" in message
    assert leave_one_locus_out(dataclasses.replace(pair, position=None)).message == Status.MISSING_POSITIONS.message
    some = dataclasses.replace(pair, position=np.array([1e6, np.nan, np.nan, 1e6]))
    assert "2 of 4 variants" in leave_one_locus_out(some).message
    assert leave_one_locus_out(pair_of(0)).message == Status.NO_COMMON_VARIANTS.message


def test_leave_one_out__chunks_change_nothing(monkeypatch):
    import importlib

    module = importlib.import_module("osteobiome.mr.checks.leave_one_out")
    whole = leave_one_out(pair_of(11))
    monkeypatch.setattr(module, "CELLS", 25)
    assert leave_one_out(pair_of(11)).columns == whole.columns


def test_leave_one_out__unknown_and_stochastic_methods_are_refused():
    with pytest.raises(UnknownNameError):
        leave_one_out(pair_of(4), method="ivv")
    for name in (name for name, entry in ESTIMATORS.items() if entry.stochastic):
        with pytest.raises(SchemaError, match="random numbers"):
            leave_one_out(pair_of(4), method=name)


def test_single_variant__failures_are_values():
    pair = pair_of(3)
    pair = dataclasses.replace(pair, beta_exposure=pair.beta_exposure * [1, 0, 1])
    result = single_variant(pair)
    assert [estimate.status for estimate in result.estimates] == ["ok", "zero_exposure_effect", "ok"]
    assert result.estimates[0].exposure == "bmi"
    assert [estimate.method for estimate in result.together] == ["ivw", "egger"]
    nothing = single_variant(pair_of(0))
    assert nothing.estimates == ()
    assert [estimate.status for estimate in nothing.together] == ["no_common_variants"] * 2


def test_stack__joins_and_fills():
    parts = [leave_one_out(pair_of(3)), leave_one_out(pair_of(1)), TableRows("leave_one_out", {"left_out": ["x"]})]
    frame = stack("leave_one_out", parts)
    assert frame["left_out"].to_list() == ["rs0", "rs1", "rs2", "x"]
    assert frame["beta"].null_count() == 1
    assert stack("leave_one_out", []).height == 0


def test_table_rows__names_of_variants_without_identifier():
    pair = dataclasses.replace(pair_of(2), rsid=())
    assert leave_one_out(pair).columns["left_out"] == ["variant 1", "variant 2"]
