"""Whether variants that a method takes as independent can be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.estimate import DOUBT, Test
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
"""Share of variants with a near neighbour, beyond what chance gives, above which it is said; our choice."""
GENOME_KB = 2.85e6
"""Length of the euchromatic genome (doi:10.1038/nature03001), for neighbours by chance."""
TOO_LITTLE_SCATTER = 6.0
"""Minus log10 of the lower tail of Q above which so little scatter is no chance; our choice, far beyond many pairs."""
FEWEST_DF = 10
"""Below this Q says nothing about scatter: rounded effects of a few variants may agree exactly."""


def independence(inst: Instruments, estimate: Estimate, *, clumped: bool = False) -> tuple[Test, ...]:
    r"""Look for signs that an estimate counts correlated variants as independent.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    estimate : Estimate
        Primary estimate of the pair, with its diagnostics.
    clumped : bool
        The instruments were clumped by linkage disequilibrium: neighbours are then no doubt, only worth knowing.

    Returns
    -------
    tuple of Test
        ``n_loci``: number of loci, if all positions are known. Only where there is something to say, and then the
        message is the sentence: ``variants_close_together``; after clumping ``neighbours_after_clumping`` (a signal of
        |z| 50 shows through at a neighbour of r² 0.02 with |z| 7); ``too_little_scatter``. ``independence_in_doubt``
        if the estimate can be no finding: variants lie close together and were not clumped, or scatter too little
        where positions cannot be looked at.

    Notes
    -----
    Two signs. More variants with a neighbour within 1,000 kb than :math:`n (1 - e^{-n w / L})` of n variants placed at
    random on a genome of length L, by a tenth of n, for a method that neither uses an LD matrix nor takes one variant
    per locus. And a heterogeneity statistic far in its lower tail: copies of one signal agree more than independent
    variants can. Overlapping samples and standard errors inflated by genomic control lower Q, too: 592 independent
    variants with errors times :math:`\sqrt{1.5}` have the second sign. So it withholds a finding only where positions
    are unknown. Correlated variants repeat one piece of information, so standard errors are too small. Neither sign
    proves correlation; their absence proves nothing.

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.1, 0.1], [0.01] * 3, [0.05, 0.07, 0.02], [0.02] * 3)
    >>> [test.name for test in independence(pair, ESTIMATORS["ivw"].function(pair))]
    []
    """
    entry = ESTIMATORS[estimate.method]
    n, n_loci = inst.n_variants, _n_loci(inst)
    found = [Test("n_loci", float(n_loci))] if n_loci else []
    if n_loci and not (entry.needs_ld or entry.needs_positions):
        by_chance = n * -math.expm1(-n * CLOSE_KB / GENOME_KB)
        if n - n_loci - by_chance > max(1.0, MANY_CLOSE * n):
            where = count(n_loci, "locus", "loci")
            message = f"{n} variants in {where} (gaps up to {CLOSE_KB:g} kb) are counted as independent"
            name = "neighbours_after_clumping" if clumped else "variants_close_together"
            found.append(Test(name, float(n - n_loci), message=message))
    found += _scatter(estimate) if not entry.needs_ld else []
    doubts = [t.message for t in found if t.name == "variants_close_together" or (t.message and not n_loci)]
    return tuple(found) + ((Test(DOUBT, None, message=" and ".join(doubts)),) if doubts else ())


def _scatter(estimate: Estimate) -> list[Test]:
    """Return the test of too little scatter, if it says something."""
    q = estimate.diagnostic("cochran_q") or estimate.diagnostic("rucker_q")
    if q is None or q.statistic is None or q.df is None or q.df < FEWEST_DF:
        return []
    score = float(neg_log10_p_chi2_lower(q.statistic, q.df))
    if score <= TOO_LITTLE_SCATTER:
        return []
    message = (
        f"the variants agree more than independent ones can (Q = {significant(q.statistic)} on {q.df:.0f} degrees of "
        f"freedom, p = {p_value(score)} for so little scatter)"
    )
    return [Test("too_little_scatter", q.statistic, q.df, score, message=message)]


def _n_loci(inst: Instruments) -> int:
    """Return the number of loci, 0 if a position is unknown."""
    if inst.chromosome is None or inst.position is None:
        return 0
    number = loci(inst.chromosome, inst.position, window_kb=CLOSE_KB)
    return 0 if number.size == 0 or np.any(number < 0) else int(number.max()) + 1
