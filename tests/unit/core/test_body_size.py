"""Words that are about body weight, fat or shape, and words that only look like it."""

import pytest

from osteobiome.core.body_size import is_body_size


@pytest.mark.parametrize(
    "text",
    ["weight", "Body weight", "BMI", "bmi2", "WHRadjBMI", "Waist-to-hip ratio", "hip circumference", "fat mass",
     "Lean mass", "adiposity", "Obesity", "overweight", "body composition", "whole-body fat", "WHR"],
)  # fmt: skip
def test_is_body_size__yes(text):
    assert is_body_size(text)


@pytest.mark.parametrize(
    "text",
    ["", "age", "sex", "height", "fatty acids", "Omega-3 fatty acids", "low-molecular-weight thiols",
     "molecular weight", "hip bone mineral density", "hip fracture", "fatigue", "sulfate", "submission"],
)  # fmt: skip
def test_is_body_size__no(text):
    assert not is_body_size(text)
