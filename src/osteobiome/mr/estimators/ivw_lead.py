"""IVW on the strongest variant of each locus (Burgess et al. 2013, doi:10.1002/gepi.21758)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.estimate import Estimate, Status, Test, failed
from osteobiome.instruments.loci import loci
from osteobiome.mr.estimators.ivw import ivw_batch
from osteobiome.mr.fit import Block, Model, Reference, Weights, check_level, check_option
from osteobiome.mr.registry import estimator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments


def lead_variants(inst: Instruments, *, window_kb: float = 1000.0) -> NDArray[np.bool_]:
    """Return which variants are the strongest of their locus; ties go to the first on the genome.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair with chromosome and position of every variant.
    window_kb : float
        Largest distance between neighbours of one locus, in thousands of base pairs.

    Returns
    -------
    numpy.ndarray of bool, shape (n_variants,)
        One true per locus: the variant with the largest |z| on the exposure.
    """
    assert inst.chromosome is not None
    assert inst.position is not None
    number = loci(inst.chromosome, inst.position, window_kb=window_kb)
    with np.errstate(over="ignore"):  # an infinite z is the strongest
        z = np.abs(inst.beta_exposure / inst.se_exposure)
    order = np.lexsort((inst.position, -z, number))
    is_lead = np.zeros(inst.n_variants, dtype=bool)
    first = np.concatenate(([True], np.diff(number[order]) != 0))
    is_lead[order[first]] = True
    return is_lead


@estimator(
    name="ivw_lead",
    label="Inverse-variance weighted, strongest variant of each locus",
    short="IVW, lead variants",
    doi="10.1002/gepi.21758",
    assumptions=(
        "every variant is associated with the exposure",
        "no variant shares a cause with the outcome",
        "pleiotropic effects average to zero and are independent of instrument strength",
        "variants farther apart than the window are uncorrelated",
    ),
    needs_positions=True,
    min_variants=1,
)
def ivw_lead(
    inst: Instruments,
    *,
    window_kb: float = 1000.0,
    model: Model = "multiplicative",
    weights: Weights = "first_order",
    distribution: Reference = "normal",
    level: float = 0.95,
) -> Estimate:
    r"""Estimate by IVW from one variant per locus, whatever else was given.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair with ``chromosome`` and ``position`` of every variant.
    window_kb : float
        Neighbours within this distance (thousands of base pairs) belong to one locus.
    model : {"multiplicative", "multiplicative_unfloored", "fixed"}
        How scatter enters the standard error; see :func:`osteobiome.mr.estimators.ivw.ivw`.
    weights : {"first_order", "second_order"}
        Whether the error of the exposure effects enters the weights.
    distribution : {"normal", "t"}
        Reference distribution of interval and p value.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        ``n_variants`` is the number of loci; ``n_variants_given`` stands among the diagnostics, beside those of
        ``ivw``. One locus gives the Wald ratio of its strongest variant, and the message says so.

    Raises
    ------
    EstimationError
        ``missing_positions``, no variant, or exposure effects all zero.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    Correlated variants of one gene are not independent evidence: IVW of n copies of one variant has an interval too
    narrow by the root of n. Per locus the variant with the largest :math:`|\hat\gamma_j/\sigma_{Xj}|` is kept, then
    :math:`\hat\theta` is that of ``ivw``. It fails where LD reaches beyond the window, and it picks the winner, so
    winner's curse of the exposure effect pulls it towards the null. An LD matrix says more: see ``ivw_ld``.

    References
    ----------
    IVW: Burgess et al. 2013, doi:10.1002/gepi.21758; choice of the variants: clumping by distance, Purcell et al. 2007,
    doi:10.1086/519795

    Examples
    --------
    >>> from dataclasses import replace
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3], [0.01] * 3, [0.05, 0.11, 0.14], [0.02] * 3)
    >>> pair = replace(pair, chromosome=np.array([8.0, 8.0, 8.0]), position=np.array([1e6, 1.2e6, 9e6]))
    >>> print(ivw_lead(pair))
    ivw_lead: 0.4923 (se 0.0555, 2 variants)
    """
    check_option("model", model, ("multiplicative", "multiplicative_unfloored", "fixed"))
    check_option("weights", weights, ("first_order", "second_order"))
    check_option("distribution", distribution, ("normal", "t"))
    check_level(level)
    estimate = _fit(inst, window_kb=window_kb, model=model, weights=weights, distribution=distribution, level=level)
    return estimate.label(exposure=inst.exposure, outcome=inst.outcome, unit=inst.unit).raise_if_failed()


def _fit(
    inst: Instruments, *, window_kb: float, model: Model, weights: Weights, distribution: Reference, level: float
) -> Estimate:
    n = inst.n_variants
    if n == 0:
        return failed("ivw_lead", Status.NO_COMMON_VARIANTS, n_variants=0, level=level)
    if inst.chromosome is None or inst.position is None:
        return failed("ivw_lead", Status.MISSING_POSITIONS, n_variants=n, level=level)
    unknown = int(np.sum(np.isnan(inst.chromosome) | np.isnan(inst.position)))
    if unknown:
        message = f"{Status.MISSING_POSITIONS.message} Without one: {unknown} of {n} variants."
        return failed("ivw_lead", Status.MISSING_POSITIONS, n_variants=n, message=message, level=level)
    leads = inst.subset(lead_variants(inst, window_kb=window_kb))
    block = Block.from_pairs([leads])
    fit = ivw_batch(block, method="ivw_lead", model=model, weights=weights, distribution=distribution, level=level)
    estimate = fit.estimates()[0]
    estimate = replace(estimate, diagnostics=(*estimate.diagnostics, Test("n_variants_given", float(n))))
    if estimate.status is Status.OK and leads.n_variants == 1:
        name = leads.rsid[0] if leads.rsid else "its strongest variant"
        message = f"One locus: Wald ratio of {name}, the strongest of {n} variants." if n > 1 else "One variant."
        estimate = replace(estimate, message=message)
    return estimate
