"""The evidence record and the direction that a test supports."""

import pytest

from osteobiome.core.columns import EVIDENCE
from osteobiome.core.evidence import Evidence, direction
from osteobiome.core.schema import table

RECORD = Evidence(
    "trait:bmi",
    "biolink:affects",
    "trait:bmd",
    "increases",
    "mr",
    "ivw",
    0.2,
    0.05,
    "SD per SD",
    4.2,
    None,
    "ok",
    "two-sample MR",
    "moderate",
    "statistical_association",
    "computational_model",
    False,
    "doi:10.1/x",
    "CC0",
)


def test_evidence__fields_are_the_declared_columns():
    assert tuple(RECORD.as_dict()) == EVIDENCE
    frame = table("evidence", [RECORD.as_dict()])
    assert frame.row(0, named=True)["effect"] == 0.2


@pytest.mark.parametrize(
    ("effect", "neg_log10", "alpha", "expected"),
    [
        (0.2, 3.0, 0.05, "increases"),
        (-0.2, 3.0, 0.05, "decreases"),
        (0.2, 1.2, 0.05, "unclear"),
        (0.2, 3.0, 0.001, "unclear"),  # p equal to alpha is not below it
        (None, 3.0, 0.05, "unclear"),
        (0.2, None, 0.05, "unclear"),
        (0.2, 400.0, 0.05, "increases"),
    ],
)
def test_direction__follows_the_test(effect, neg_log10, alpha, expected):
    assert direction(effect, neg_log10, alpha=alpha) == expected
