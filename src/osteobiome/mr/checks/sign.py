"""Whether effects on exposure and outcome agree in sign more often than chance would have it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from osteobiome.core.estimate import Test

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments

NULL = "effects on exposure and outcome agree in sign as often as not"
NONE = "Not estimable: no variant has an effect on both traits."


def sign_test(inst: Instruments) -> Test:
    r"""Test the signs of the effects, whatever their sizes and errors.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair. Variants with an effect of exactly 0 on either trait take no part.

    Returns
    -------
    Test
        ``sign_concordance``: share of agreeing minus share of disagreeing variants (-1 to 1) as estimate, number of
        variants as statistic, minus log10 of the two-sided p.

    Notes
    -----
    The number of agreeing variants is binomial with one half; p is the exact two-sided one, twice the smaller tail.
    No effect is estimated: the share depends on strength and size of samples as much as on the effect. It equals
    TwoSampleMR's ``mr_sign``, and withstands any outlier.

    References
    ----------
    Hemani et al. 2018, doi:10.7554/eLife.34408 (TwoSampleMR)

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, -0.3, 0.2], [0.01] * 4, [0.05, 0.1, -0.1, -0.4], [0.02] * 4)
    >>> test = sign_test(pair)
    >>> test.estimate, round(test.p_value, 6)
    (0.5, 0.625)
    """
    product = np.sign(inst.beta_exposure) * np.sign(inst.beta_outcome)
    n, agree = int(np.count_nonzero(product)), int((product > 0).sum())
    if not n:
        return Test("sign_concordance", None, null=NULL, message=NONE)
    fewer = min(agree, n - agree)
    # twice the lower tail on the scale of logarithms, as it underflows with many variants
    tail = special.logsumexp(
        special.gammaln(n + 1)
        - special.gammaln(np.arange(fewer + 1) + 1)
        - special.gammaln(n - np.arange(fewer + 1) + 1)
        - n * math.log(2.0)
    )
    score = max(0.0, -(math.log(2.0) + float(tail)) / math.log(10.0)) if 2 * agree != n else 0.0
    return Test("sign_concordance", float(n), None, score, NULL, 2.0 * agree / n - 1.0)
