"""IVW with additive random effects (DerSimonian & Laird 1986, doi:10.1016/0197-2456(86)90046-2)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.mr.fit import beyond_range_is_a_status, check_level, heterogeneity
from osteobiome.mr.registry import estimator
from osteobiome.mr.scaled import Scaled, concluded, labelled, obstacle, plain, strength_tests

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments

METHOD = "ivw_additive"
MIN_VARIANTS = 2


@beyond_range_is_a_status
def _estimate(inst: Instruments, level: float) -> Estimate:
    failure = obstacle(inst, method=METHOD, min_variants=MIN_VARIANTS, level=level)
    if failure is not None:
        return failure
    used = inst.beta_exposure != 0.0
    n = int(used.sum())
    if n < MIN_VARIANTS:
        return labelled(failed(METHOD, Status.TOO_FEW_INSTRUMENTS, n_variants=n, level=level), inst)
    pair = inst if n == inst.n_variants else inst.subset(used)
    data = Scaled.of(pair)
    ratio, weight = data.y / data.x, np.square(data.x / data.se_y)
    centre = float(np.sum(weight * ratio) / np.sum(weight))
    q = float(np.sum(weight * np.square(ratio - centre)))
    room = float(np.sum(weight) - np.sum(np.square(weight)) / np.sum(weight))
    tau2 = max(0.0, (q - (n - 1)) / room) if room > 0.0 else math.nan
    weight = 1.0 / (1.0 / weight + tau2)
    slope, se = float(np.sum(weight * ratio) / np.sum(weight)), 1.0 / math.sqrt(float(np.sum(weight)))
    beta, error, tau = np.ldexp([slope, se, math.sqrt(tau2)], data.exponent).tolist()
    tests = tuple(c.test(0) for c in heterogeneity("cochran_q", np.array([q]), np.array([n - 1.0])))
    lost = inst.n_variants - n
    message = f"{lost} of {inst.n_variants} variants have an exposure effect of 0, hence no ratio: left out."
    every = (*tests, plain("tau", tau), *strength_tests(pair))
    return concluded(pair, METHOD, beta=beta, se=error, level=level, tests=every, message=message if lost else "")


@estimator(
    name=METHOD,
    label="Inverse-variance weighted (additive random effects)",
    short="IVW additive",
    doi="10.1016/0197-2456(86)90046-2",
    assumptions=(
        "every variant is associated with the exposure",
        "no variant shares a cause with the outcome",
        "ratios of the variants scatter normally about the effect, as much for strong variants as for weak ones",
        "variants are mutually uncorrelated",
    ),
    min_variants=MIN_VARIANTS,
)
def ivw_additive(inst: Instruments, *, level: float = 0.95) -> Estimate:
    r"""Estimate by a meta-analysis of the ratios, whose true values scatter.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 2. Variants whose exposure effect is 0 have no ratio and are left out.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        With ``cochran_q``, ``i2``, ``tau`` (standard deviation of the ratios beyond error, in the unit of the
        estimate), ``mean_f`` and ``min_f``.

    Raises
    ------
    EstimationError
        Fewer than two variants with a ratio.
    SchemaError
        The level is not between 0 and 1.

    Notes
    -----
    With ratios :math:`r_j`, weights :math:`w_j = \hat\gamma_j^2/\sigma_{Yj}^2` and Cochran's Q,

    .. math:: \hat\tau^2 = \max\Big(0, \frac{Q - (n - 1)}{\sum w_j - \sum w_j^2/\sum w_j}\Big), \qquad
              \hat\theta = \frac{\sum_j r_j/(1/w_j + \hat\tau^2)}{\sum_j 1/(1/w_j + \hat\tau^2)}.

    Much scatter makes the weights alike, so weak variants count as much as strong ones; multiplicative random effects
    (``ivw``) leave them as they are, and are preferred in Mendelian randomization (Thompson & Sharp 1999; Bowden et
    al. 2017). With few variants :math:`\tau` is poorly known and the interval too short.

    References
    ----------
    DerSimonian & Laird 1986, doi:10.1016/0197-2456(86)90046-2; compared: Thompson & Sharp 1999,
    doi:10.1002/(SICI)1097-0258(19991030)18:20<2693::AID-SIM235>3.0.CO;2-V; Bowden et al. 2017, doi:10.1002/sim.7221

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.2], [0.01] * 4, [0.05, 0.11, 0.14, 0.4], [0.02] * 4)
    >>> print(ivw_additive(pair))
    ivw_additive: 0.8827 (se 0.391, 4 variants)
    """
    check_level(level)
    return _estimate(inst, level).raise_if_failed()
