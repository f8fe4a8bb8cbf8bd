"""MR-GRIP: MR-Egger independent of effect alleles (Dudbridge et al. 2025, doi:10.1371/journal.pgen.1011967)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.mr.fit import (
    Model,
    Reference,
    TestColumn,
    beyond_range_is_a_status,
    check_level,
    check_option,
    heterogeneity,
    neg_log10_p,
    overdispersion,
)
from osteobiome.mr.registry import estimator
from osteobiome.mr.scaled import Scaled, concluded, labelled, obstacle, strength_tests
from osteobiome.stats.wls import egger_kernel

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments

METHOD = "grip"
MIN_VARIANTS = 3
NULL = "direct effects do not covary with exposure effects"


@beyond_range_is_a_status
def _estimate(inst: Instruments, *, model: Model, distribution: Reference, level: float) -> Estimate:
    failure = obstacle(inst, method=METHOD, min_variants=MIN_VARIANTS, level=level)
    if failure is not None:
        return failure
    used = inst.beta_exposure != 0.0
    n = int(used.sum())
    if n < MIN_VARIANTS:
        return labelled(failed(METHOD, Status.TOO_FEW_INSTRUMENTS, n_variants=n, level=level), inst)
    pair = inst if n == inst.n_variants else inst.subset(used)
    data = Scaled.of(pair)
    columns = np.square(data.x), data.y * data.x, 1.0 / np.square(data.x * data.se_y)
    slope, se, intercept, se_intercept, q, _ = egger_kernel(*(column[None, :] for column in columns))[0]
    if np.isnan(slope):
        return labelled(failed(METHOD, Status.NO_SPREAD, n_variants=n, level=level), inst)
    df = np.array([n - 2.0])
    factor = float(overdispersion(np.array([q]), df, model)[0])
    df_used = df if distribution == "t" else None
    beta, error = np.ldexp([slope, se * factor], data.exponent).tolist()
    product = np.ldexp([intercept, se_intercept * factor], data.exponent_y + data.exponent_x)
    ratio = product[:1] / product[1:]
    test = TestColumn("grip_intercept", ratio, df_used, neg_log10_p(ratio, df_used), NULL, product[:1], product[1:])
    tests = [test.test(0), *(column.test(0) for column in heterogeneity("rucker_q", np.array([q]), df))]
    lost = inst.n_variants - n
    message = f"{lost} of {inst.n_variants} variants have an exposure effect of 0, hence no weight: left out."
    return concluded(
        pair,
        METHOD,
        beta=beta,
        se=error,
        level=level,
        df=float(df[0]) if distribution == "t" else None,
        tests=(*tests, *strength_tests(pair)),
        message=message if lost else "",
    )


@estimator(
    name=METHOD,
    label="MR-GRIP",
    doi="10.1371/journal.pgen.1011967",
    assumptions=(
        "every variant is associated with the exposure",
        "no variant shares a cause with the outcome",
        "the product of direct effect and exposure effect has one mean for all variants, strong or weak (VICE)",
        "exposure effects are measured without error",
        "variants are mutually uncorrelated",
    ),
    min_variants=MIN_VARIANTS,
)
def grip(
    inst: Instruments,
    *,
    model: Model = "multiplicative",
    distribution: Reference = "t",
    level: float = 0.95,
) -> Estimate:
    r"""Estimate as MR-Egger does, but from products of effects, in which no choice of alleles can be seen.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 3. Variants whose exposure effect is 0 have no weight and are left out.
    model : {"multiplicative", "multiplicative_unfloored", "fixed"}
        How scatter enters the standard error; ``multiplicative_unfloored`` is TwoSampleMR's ``mr_grip``.
    distribution : {"t", "normal"}
        Reference distribution of interval and p value; t has n - 2 degrees of freedom.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        With ``grip_intercept`` (mean product of direct and exposure effect), ``rucker_q``, ``i2``, ``mean_f`` and
        ``min_f``.

    Raises
    ------
    EstimationError
        Fewer than three variants with an exposure effect, or all of one strength.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    The line :math:`\hat\gamma_j\hat\Gamma_j = \alpha + \theta\hat\gamma_j^2` is fitted with the weights
    :math:`1/(\hat\gamma_j\sigma_{Yj})^2`. Turning an allele changes the sign of both effects, so neither product nor
    square. The estimate that TwoSampleMR adjusts for weak instruments (``b.adj``) is not computed. It fails when direct
    effects grow with exposure effects, and is imprecise when the variants are of similar strength.

    References
    ----------
    Dudbridge et al. 2025, doi:10.1371/journal.pgen.1011967

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.2], [0.01] * 4, [0.05, 0.11, 0.14, 0.4], [0.02] * 4)
    >>> print(grip(pair))
    grip: 0.7645 (se 0.66, 4 variants)
    """
    check_option("model", model, ("multiplicative", "multiplicative_unfloored", "fixed"))
    check_option("distribution", distribution, ("t", "normal"))
    check_level(level)
    return _estimate(inst, model=model, distribution=distribution, level=level).raise_if_failed()
