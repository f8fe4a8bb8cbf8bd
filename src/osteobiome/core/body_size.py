"""Whether a trait or covariate is about body size: adjusting for such a heritable trait can open a collider.

(Aschard et al. 2015, doi:10.1016/j.ajhg.2014.12.021)
"""

from __future__ import annotations

import re

_WORDS = re.compile(
    r"(?<!molecular[ -])\bweight\b|\bbmi|\bbody (mass|fat|size|composition)|\bfat\b|\badipos|\bobes|\bwaist|\bhip circ"
    r"|\bwhr|\b(lean|fat) mass|\boverweight",
    re.IGNORECASE,
)


def is_body_size(text: str) -> bool:
    """Tell whether a label or covariate is about body weight, fat or shape.

    Examples
    --------
    >>> [is_body_size(t) for t in ("Body fat percentage", "BMI2", "WHRadjBMI", "waist circumference")]
    [True, True, True, True]
    >>> [is_body_size(t) for t in ("DHEA sulfate", "Omega-3 fatty acids", "Low-molecular-weight thiols")]
    [False, False, False]
    """
    return _WORDS.search(text) is not None
