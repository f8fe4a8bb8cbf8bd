"""Goodness of fit of constrained likelihood on perturbed data: other pairs than those of the recorded table."""

import pytest

from tests.calibration.measure import N_FIT, recorded_fits
from tests.calibration.perturbed_fit import SETTINGS, rejected

pytestmark = pytest.mark.calibration

SEED, N = 2, 100
TESTED = [label for label in SETTINGS if label.startswith(("10 ", "20 "))]


@pytest.mark.parametrize("label", TESTED)
def test_goodness_of_fit__rejects_as_often_as_recorded(check_same, label):
    found = rejected(SETTINGS[label], SEED, N)
    for count, share in zip(found[:3], recorded_fits()[label], strict=True):
        check_same(count, N, share, N_FIT)


def test_table__has_every_setting():
    assert list(recorded_fits()) == list(SETTINGS)


def test_table__valid_variants_and_invalid_ones_far_off_are_rejected_nearly_as_often_as_they_should_be(check_same):
    for label, shares in recorded_fits().items():
        if "by 8" not in label:
            assert max(shares[:2]) < 0.11, label
            assert min(shares[:2]) > 0.02, label
