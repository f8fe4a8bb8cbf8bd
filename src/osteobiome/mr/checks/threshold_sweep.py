"""The estimate at several thresholds of the instruments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.mr.batch import grid
from osteobiome.mr.registry import ESTIMATORS
from osteobiome.stats.tails import neg_log10_p_normal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osteobiome.core.estimate import Estimate
    from osteobiome.instruments import Instruments

THRESHOLDS = (5e-8, 5e-7, 5e-6, 5e-5, 5e-4)


@dataclass(frozen=True, slots=True)
class Swept:
    """One threshold.

    Parameters
    ----------
    p_threshold : float
        Variants with an exposure p value up to this are kept.
    n_variants : int
        How many these are.
    mean_f : float or None
        Mean F statistic of them; None without variants.
    estimate : Estimate
        From them, or the status why there is none.
    """

    p_threshold: float
    n_variants: int
    mean_f: float | None
    estimate: Estimate

    def as_dict(self) -> dict[str, object]:
        """Return plain data for tables."""
        e = self.estimate
        return {
            "p_threshold": self.p_threshold,
            "n_variants": self.n_variants,
            "mean_f": self.mean_f,
            "method": e.method,
            "status": str(e.status),
            "beta": e.beta,
            "se": e.se,
            "ci_low": e.ci_low,
            "ci_high": e.ci_high,
            "neg_log_10_p_value": e.neg_log_10_p_value,
            "message": e.message,
        }


def threshold_sweep(
    inst: Instruments, *, thresholds: Sequence[float] = THRESHOLDS, method: str = "ivw", seed: int = 1
) -> tuple[Swept, ...]:
    r"""Estimate again from the variants that pass each of several thresholds on the exposure.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    thresholds : sequence of float
        Thresholds of the two-sided exposure p value, above 0 and up to 1; any order, repeated ones count once.
    method : str
        Name of an estimator; a threshold that leaves one variant has its Wald ratio.
    seed : int
        Seed of a method that draws random numbers.

    Returns
    -------
    tuple of Swept
        One per threshold, strictest first. A threshold that leaves too few variants has a status, and is not left out.

    Raises
    ------
    SchemaError
        No threshold, or one that is no p value.
    UnknownNameError
        The method is not registered.

    Notes
    -----
    The p value is that of :math:`\hat\gamma_j/\sigma_{Xj}`, compared on the scale of logarithms. Estimates share
    variants and are no independent confirmations. A lax threshold adds weak instruments, which draw the estimate
    towards zero in two samples and towards the confounded association in one, and adds winner's curse; a trend over
    thresholds is a sign of either, or of pleiotropy that goes with strength. A table that was selected at a threshold
    says nothing about laxer ones: their rows repeat its own.

    References
    ----------
    Weak instruments: Burgess & Thompson 2011, doi:10.1093/ije/dyr036

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.05], [0.02] * 4, [0.05, 0.11, 0.14, 0.1], [0.02] * 4)
    >>> [(row.n_variants, round(row.mean_f, 1), round(row.estimate.beta, 3)) for row in threshold_sweep(pair,
    ...     thresholds=[5e-8, 0.05])]
    [(2, 162.5, 0.492), (4, 89.1, 0.519)]
    """
    ESTIMATORS[method]  # raises with the nearest match
    wanted = sorted({float(p) for p in thresholds})
    if not wanted or not all(0.0 < p <= 1.0 for p in wanted):
        found = "no threshold" if not wanted else f"thresholds {', '.join(f'{p:g}' for p in wanted)}"
        raise SchemaError(Fault("bad_option", "option thresholds", found, "p values above 0 and up to 1"))
    with np.errstate(over="ignore"):  # an infinite F is an honest answer to an absurd effect
        z = inst.beta_exposure / inst.se_exposure
        f = np.square(z)
    score = neg_log10_p_normal(z)
    masks = [score >= -np.log10(p) for p in wanted]
    rows = grid([inst.subset(mask) for mask in masks], [method], seed=seed)
    return tuple(
        Swept(p, int(mask.sum()), float(f[mask].mean()) if mask.any() else None, row[0])
        for p, mask, row in zip(wanted, masks, rows, strict=True)
    )
