"""What stands in the way of estimates from correlated variants, and what to say about their matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.estimate import Status
from osteobiome.mr.fit import TestColumn
from osteobiome.stats.gls import definiteness

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments

SYMMETRY = 1e-6


def ld_obstacle(inst: Instruments) -> tuple[Status, str]:
    """Return the reason why there can be no estimate from correlated variants, or ok.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, with or without ``ld_r``.

    Returns
    -------
    status : Status
        ``no_common_variants``, ``missing_ld``, ``zero_exposure_effect``, ``not_positive_semidefinite``, ``singular`` or
        ok.
    message : str
        Sentence for readers where the status says too little, else empty.
    """
    if inst.n_variants == 0:
        return Status.NO_COMMON_VARIANTS, ""
    if inst.ld_r is None or not np.isfinite(inst.ld_r).all():
        return Status.MISSING_LD, ""
    if not np.any(inst.beta_exposure):
        return Status.ZERO_EXPOSURE_EFFECT, ""
    if not np.allclose(inst.ld_r, inst.ld_r.T, atol=SYMMETRY) or not np.allclose(
        np.diag(inst.ld_r), 1.0, atol=SYMMETRY
    ):
        return Status.NOT_POSITIVE_SEMIDEFINITE, (
            "Not estimable: the LD matrix is not symmetric or its diagonal is not 1, so it holds no correlations. "
            "Give signed r, rows and columns in the same order."
        )
    verdict, smallest, _ = definiteness(inst.ld_r)
    status = Status(verdict)
    if status is Status.NOT_POSITIVE_SEMIDEFINITE:
        return status, f"{status.message} Smallest eigenvalue: {smallest:.3g}."
    return status, ""


def ld_diagnostics(ld_r: NDArray[np.float64], condition: float) -> tuple[TestColumn, TestColumn]:
    """Return condition number and largest correlation of a matrix as diagnostics.

    Parameters
    ----------
    ld_r : numpy.ndarray, shape (n_variants, n_variants)
        Signed correlation.
    condition : float
        Its condition number.
    """
    off = np.abs(ld_r - np.diag(np.diag(ld_r)))
    return (
        TestColumn("ld_condition_number", np.array([condition])),
        TestColumn("max_abs_ld_r", np.array([off.max(initial=0.0)])),
    )
