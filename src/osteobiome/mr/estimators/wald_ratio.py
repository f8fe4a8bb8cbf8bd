"""Wald ratio of a single variant (Lawlor et al. 2008, doi:10.1002/sim.3034)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.core.estimate import Estimate, Status
from osteobiome.mr.fit import (
    OK,
    BatchFit,
    Block,
    beyond_range,
    beyond_range_is_a_status,
    check_level,
    check_option,
    statuses,
    strength,
)
from osteobiome.mr.registry import estimator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments

Order = Literal["first", "second"]


def wald_ratios(
    beta_exposure: NDArray[np.float64],
    se_exposure: NDArray[np.float64],
    beta_outcome: NDArray[np.float64],
    se_outcome: NDArray[np.float64],
    *,
    order: Order = "first",
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Return the ratio of each variant and its standard error.

    Parameters
    ----------
    beta_exposure, se_exposure, beta_outcome, se_outcome : numpy.ndarray, shape (..., n_variants)
        Effects and standard errors, units of the traits.
    order : {"first", "second"}
        Terms of the delta method: :math:`\sigma_Y/|\hat\gamma|`, or
        :math:`\sqrt{\sigma_Y^2/\hat\gamma^2 + \hat\Gamma^2\sigma_X^2/\hat\gamma^4}`.

    Returns
    -------
    ratio, se : numpy.ndarray, shape (..., n_variants)
        NaN where the exposure effect is 0.

    Examples
    --------
    >>> x = np.array([0.2])
    >>> ratio, se = wald_ratios(x, np.array([0.02]), np.array([0.1]), np.array([0.03]), order="second")
    >>> ratio.item(), round(se.item(), 6)
    (0.5, 0.158114)
    """
    x = np.where(beta_exposure == 0.0, np.nan, beta_exposure)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # an exposure effect of almost nothing
        ratio = beta_outcome / x
        se = se_outcome / np.abs(x)
        if order == "second":
            se = np.hypot(se, ratio * se_exposure / x)
    return ratio, se


@beyond_range_is_a_status
def wald_ratio_batch(block: Block, *, order: Order = "first", level: float = 0.95) -> BatchFit:
    """Return the ratio for every pair of a block that has exactly one variant.

    Parameters
    ----------
    block : Block
        Pairs, shape (n_pairs, n_variants).
    order, level
        As in :func:`wald_ratio`.
    """
    n = block.n_variants
    if block.mask.shape[1]:
        only = block.mask.argmax(axis=1)[:, np.newaxis]
        values = (
            np.take_along_axis(a, only, axis=1)[:, 0]
            for a in (block.beta_exposure, block.se_exposure, block.beta_outcome, block.se_outcome)
        )
        ratio, se = wald_ratios(*values, order=order)
    else:
        ratio, se = np.full(block.n_pairs, np.nan), np.full(block.n_pairs, np.nan)
    status = statuses(
        block.n_pairs,
        [
            (n == 0, Status.NO_COMMON_VARIANTS),
            (n > 1, Status.TOO_MANY_INSTRUMENTS),
            (np.isnan(ratio), Status.ZERO_EXPOSURE_EFFECT),
            (beyond_range(ratio, se), Status.NOT_FINITE),
        ],
    )
    ok = status == OK
    return BatchFit(
        "wald_ratio", np.where(ok, ratio, np.nan), np.where(ok, se, np.nan), None, n, status, strength(block), level
    )


@estimator(
    name="wald_ratio",
    label="Wald ratio",
    short="Wald ratio",
    doi="10.1002/sim.3034",
    assumptions=(
        "the variant is associated with the exposure",
        "the variant shares no cause with the outcome",
        "the variant acts on the outcome through the exposure only",
    ),
    min_variants=1,
    max_variants=1,
    batch=wald_ratio_batch,
)
def wald_ratio(inst: Instruments, *, order: Order = "first", level: float = 0.95) -> Estimate:
    r"""Estimate the effect of an exposure from one variant.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants = 1.
    order : {"first", "second"}
        Terms of the delta method in the standard error; ``first`` is what TwoSampleMR prints.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        :math:`\hat\Gamma/\hat\gamma` in outcome units per exposure unit, with ``mean_f`` and ``min_f``.

    Raises
    ------
    EstimationError
        No variant, several variants, or an exposure effect of zero.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    With one variant pleiotropy cannot be seen; ask for colocalisation. Both orders misbehave for F below about 10,
    where the ratio has no finite variance.

    References
    ----------
    Lawlor et al. 2008, doi:10.1002/sim.3034; second order: Bowden et al. 2019, doi:10.1093/ije/dyy258

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> print(wald_ratio(Instruments.from_arrays([0.2], [0.02], [0.1], [0.03])))
    wald_ratio: 0.5 (se 0.15, 1 variants)
    """
    check_option("order", order, ("first", "second"))
    check_level(level)
    fit = wald_ratio_batch(Block.from_pairs([inst]), order=order, level=level)
    return fit.estimates()[0].label(exposure=inst.exposure, outcome=inst.outcome, unit=inst.unit).raise_if_failed()
