"""Whether variants that a method takes as independent can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.estimate import Test
from osteobiome.core.text import count, p_value, significant
from osteobiome.instruments.loci import loci
from osteobiome.mr.registry import ESTIMATORS
from osteobiome.stats.tails import neg_log10_p_chi2_lower

if TYPE_CHECKING:
    from osteobiome.core.estimate import Estimate
    from osteobiome.instruments import Instruments

CLOSE_KB = 1_000.0
"""Variants nearer than this may be correlated; the usual window of clumping is ten times as wide."""
MANY_CLOSE = 0.1
"""Share of variants beyond one per locus above which it is said; our choice."""
TOO_LITTLE_SCATTER = 6.0
"""Minus log10 of the lower tail of Q above which so little scatter is no chance; our choice, far beyond many pairs."""


def independence(inst: Instruments, estimate: Estimate) -> tuple[Test, ...]:
    r"""Look for signs that an estimate counts correlated variants as independent.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    estimate : Estimate
        Primary estimate of the pair, with its diagnostics.

    Returns
    -------
    tuple of Test
        ``n_loci``: number of loci, if all positions are known. ``variants_close_together`` and ``too_little_scatter``
        only where there is something to say: the message is the sentence.

    Notes
    -----
    Two signs. Many variants per locus, for a method that neither uses an LD matrix nor takes one variant per locus. And
    a heterogeneity statistic far in its lower tail: copies of one signal agree more than independent variants can.
    Correlated variants repeat one piece of information, so standard errors are too small and no p value of such an
    estimate is a finding. Neither sign proves correlation; their absence proves nothing.

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.1, 0.1], [0.01] * 3, [0.05, 0.05, 0.05], [0.02] * 3)
    >>> [test.name for test in independence(pair, ESTIMATORS["ivw"].function(pair))]
    []
    """
    entry = ESTIMATORS[estimate.method]
    found: list[Test] = []
    n_loci = _n_loci(inst)
    if n_loci:
        found.append(Test("n_loci", float(n_loci)))
        allowed = entry.needs_ld or entry.needs_positions
        if not allowed and inst.n_variants - n_loci > max(1.0, MANY_CLOSE * inst.n_variants):
            where = count(n_loci, "locus", "loci")
            message = (
                f"{inst.n_variants} variants in {where} (no gap of {CLOSE_KB:g} kb within one) count as independent"
            )
            found.append(Test("variants_close_together", float(inst.n_variants - n_loci), message=message))
    q = estimate.diagnostic("cochran_q") or estimate.diagnostic("rucker_q")
    if q is not None and q.statistic is not None and q.df and not entry.needs_ld:
        score = float(neg_log10_p_chi2_lower(q.statistic, q.df))
        if score > TOO_LITTLE_SCATTER:
            message = (
                f"the variants agree more than independent ones can (Q = {significant(q.statistic)} on {q.df:.0f} "
                f"degrees of freedom, p = {p_value(score)} for so little scatter)"
            )
            found.append(Test("too_little_scatter", q.statistic, q.df, score, message=message))
    return tuple(found)


def _n_loci(inst: Instruments) -> int:
    """Return the number of loci, 0 if a position is unknown."""
    if inst.chromosome is None or inst.position is None:
        return 0
    number = loci(inst.chromosome, inst.position, window_kb=CLOSE_KB)
    return 0 if number.size == 0 or np.any(number < 0) else int(number.max()) + 1
