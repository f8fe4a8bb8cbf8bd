"""Estimates as values: a number or a reason, never neither and never both."""

import dataclasses

import polars as pl
import pytest

from osteobiome.core.columns import DIAGNOSTICS, ESTIMATES
from osteobiome.core.errors import EstimationError
from osteobiome.core.estimate import Estimate, Status, Test, failed
from osteobiome.core.schema import polars_schema

GOOD = Estimate(
    "ivw",
    beta=-0.25,
    se=0.1,
    ci_low=-0.446,
    ci_high=-0.054,
    ci_set=((-0.446, -0.054),),
    neg_log_10_p_value=400.0,
    n_variants=12,
    exposure="bmi",
    outcome="bmd",
    diagnostics=(Test("cochran_q", 14.0, 11.0, 0.63, "one effect"), Test("mean_f", 50.0)),
)


def test_estimate__number_without_reason_and_reason_without_number():
    with pytest.raises(AssertionError, match="status ok with beta None"):
        Estimate("ivw")
    with pytest.raises(AssertionError, match="status ok"):
        Estimate("ivw", beta=1.0)
    with pytest.raises(AssertionError, match=r"status singular with beta 1\.0"):
        Estimate("ivw", Status.SINGULAR, beta=1.0, se=1.0)


def test_estimate__is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        GOOD.beta = 1.0


def test_estimate__p_value_for_display():
    assert GOOD.p_value == 0.0  # underflows; the stored form does not
    assert dataclasses.replace(GOOD, neg_log_10_p_value=2.0).p_value == pytest.approx(0.01)
    assert failed("ivw", Status.SINGULAR, n_variants=3).p_value is None


def test_estimate__diagnostics_by_name():
    assert GOOD.diagnostic("mean_f").statistic == 50.0
    assert GOOD.diagnostic("nothing") is None


def test_estimate__as_dict_is_plain():
    data = GOOD.as_dict()
    assert data["status"] == "ok"
    assert type(data["status"]) is str
    assert data["ci_set"] == [[-0.446, -0.054]]
    assert data["p_value"] == 0.0
    assert "diagnostics" not in data
    assert set(data) - {"p_value"} == set(ESTIMATES)


def test_estimate__to_frame_has_the_declared_schema():
    for estimate in (GOOD, failed("egger", Status.TOO_FEW_INSTRUMENTS, n_variants=2)):
        frame = estimate.to_frame()
        assert dict(frame.schema) == polars_schema("estimates")
        assert frame.height == 1
    assert GOOD.to_frame()["ci_set"].to_list() == [[[-0.446, -0.054]]]


def test_estimate__diagnostic_dicts_are_rows_of_the_schema():
    rows = GOOD.diagnostic_dicts()
    assert [set(row) for row in rows] == [set(DIAGNOSTICS)] * 2
    assert [row["name"] for row in rows] == ["cochran_q", "mean_f"]
    assert {row["method"] for row in rows} == {"ivw"}
    assert pl.DataFrame(rows, schema=polars_schema("diagnostics")).height == 2


def test_estimate__one_line_for_terminals():
    assert str(GOOD) == "ivw: -0.25 (se 0.1, 12 variants)"
    assert str(failed("ivw", Status.SINGULAR, n_variants=3)) == "ivw: singular"


def test_failed__says_why():
    estimate = failed("egger", Status.TOO_FEW_INSTRUMENTS, n_variants=2, level=0.9)
    assert estimate.beta is None
    assert estimate.n_variants == 2
    assert estimate.level == 0.9
    assert estimate.message == Status.TOO_FEW_INSTRUMENTS.message
    assert failed("egger", Status.SINGULAR, n_variants=2, message="mine").message == "mine"


def test_raise_if_failed__returns_or_raises():
    assert GOOD.raise_if_failed() is GOOD
    with pytest.raises(EstimationError) as caught:
        failed("egger", Status.NO_SPREAD, n_variants=4).label(exposure="bmi", outcome="bmd").raise_if_failed()
    assert caught.value.status == "no_spread_of_exposure_effects"
    assert caught.value.faults[0].where == "bmi -> bmd"
    with pytest.raises(EstimationError) as caught:
        failed("egger", Status.NO_SPREAD, n_variants=4).raise_if_failed()
    assert caught.value.faults[0].where == "egger"


def test_label__keeps_the_unit_unless_told():
    labelled = dataclasses.replace(GOOD, unit="SD per SD").label(exposure="a", outcome="b")
    assert (labelled.exposure, labelled.outcome, labelled.unit) == ("a", "b", "SD per SD")
    assert GOOD.label(exposure="a", outcome="b", unit="log odds per SD").unit == "log odds per SD"


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.OK])
def test_status__message_says_what_and_what_to_do(status):
    assert status.message.startswith("Not estimable: ")
    assert status.message.endswith(".")
    assert status.message.count(". ") >= 1  # a reason, then an advice


def test_status__ok_has_nothing_to_say():
    assert Status.OK.message == ""


def test_test__plain_data():
    assert Test("q", 1.0, 2.0, 3.0, "null", 4.0, 5.0).as_dict() == {
        "name": "q",
        "statistic": 1.0,
        "df": 2.0,
        "neg_log_10_p_value": 3.0,
        "null": "null",
        "estimate": 4.0,
        "se": 5.0,
        "message": "",
        "p_value": 1e-3,
    }
    assert Test("mean_f", 50.0).p_value is None
