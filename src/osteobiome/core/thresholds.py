"""Conventional thresholds of the field, in one place; each is printed where it decides something."""

from __future__ import annotations

import math

ALPHA = 0.05
"""Level of tests, of false discovery rates, and one minus the coverage of intervals."""
GENOME_WIDE_P = 5e-8
"""Genome-wide significance (Pe'er et al. 2008, doi:10.1002/gepi.20303)."""
WEAK_F = 10.0
"""Below this an F statistic counts as weak (Staiger & Stock 1997, doi:10.2307/2171753)."""
DILUTED_I2_GX = 0.9
"""Below this MR-Egger is visibly diluted (Bowden et al. 2016, doi:10.1093/ije/dyw220)."""
FEW_VARIANTS = 3
"""With fewer variants pleiotropy cannot be looked at."""
CANDIDATE_P = 1e-4
"""Largest p of a candidate: ten times above the loosest threshold in use for taxa (1e-5)."""
BASES_PER_KB = 1000.0
"""Windows are declared in thousands of base pairs."""
ROUNDING = 1e-9
"""Slack on the scale of minus log10, so that a p equal to a threshold passes it."""


def passes(neg_log_10_p_value: float, p_threshold: float) -> bool:
    """Tell whether a p value is at most the threshold.

    Examples
    --------
    >>> passes(-math.log10(5e-8), 5e-8), passes(4.0, 5e-8)
    (True, False)
    """
    return neg_log_10_p_value >= -math.log10(p_threshold) - ROUNDING


def neg_log10(value: float | None) -> float | None:
    """Return minus log10 of a p or q value; 0 becomes infinite, None stays None."""
    if value is None:
        return None
    return -math.log10(value) if value > 0 else math.inf
