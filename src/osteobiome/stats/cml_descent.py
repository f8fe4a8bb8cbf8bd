"""Constrained maximum likelihood by the packages' own search: a descent from an effect of 0.

Shape convention: as in :mod:`osteobiome.stats.cml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.cml import limits_of_effects
from osteobiome.stats.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

DESCENT_STEPS = 100
DESCENT_TOLERANCE = 1e-7
"""When and by how much MRcML's own descent has to move to go on."""


@kernel
def descend(
    x: NDArray[np.float64],
    vx: NDArray[np.float64],
    y: NDArray[np.float64],
    vy: NDArray[np.float64],
    n_invalid: int,
    tolerance: float,
) -> tuple[float, NDArray[np.float64], NDArray[np.bool_]]:
    """Return effect, true exposure effects and valid variants where coordinate descent from an effect of 0 ends.

    Parameters
    ----------
    x, vx, y, vy, tolerance
        As in :func:`descent_path`.
    n_invalid : int
        Variants that are left out.
    """
    theta = 0.0
    truth = np.zeros(x.size)
    valid = np.ones(x.size, dtype=np.bool_)
    for _ in range(DESCENT_STEPS):
        before = theta
        order = np.argsort(-np.square(y - theta * truth) / vy, kind="mergesort")
        valid[:] = True
        valid[order[:n_invalid]] = False
        direct = np.where(valid, 0.0, y - theta * truth)
        truth = (x / vx + theta * (y - direct) / vy) / (1.0 / vx + theta * theta / vy)
        theta = np.sum((y - direct) * truth / vy) / np.sum(truth * truth / vy)
        if not abs(theta - before) > tolerance:
            break
    return theta, truth, valid


@kernel
def descent_path(
    x: NDArray[np.float64],
    vx: NDArray[np.float64],
    y: NDArray[np.float64],
    vy: NDArray[np.float64],
    tolerance: float,
) -> NDArray[np.float64]:
    """Return where coordinate descent from an effect of 0 ends for every K.

    Numbers are those of :func:`osteobiome.stats.cml.global_path`. It is what MRcML does without random starts: in turn
    the set of invalid variants, the true exposure effects (first 0) and the effect are set to their best, until the
    effect moves by no more than the tolerance.

    Parameters
    ----------
    x, vx, y, vy : numpy.ndarray, shape (n_variants,)
        As in :func:`osteobiome.stats.cml.fill_distances`; n_variants >= 2.
    tolerance : float
        In the unit of the effect.
    """
    m = x.size
    out = np.empty((4, m - 1))
    far = limits_of_effects(x, vx)
    for k in range(m - 1):
        theta, truth, valid = descend(x, vx, y, vy, k, tolerance)
        value = 0.0
        bend = 0.0
        for j in range(m):
            if valid[j]:
                value += (x[j] - truth[j]) ** 2 / vx[j] + (y[j] - theta * truth[j]) ** 2 / vy[j]
                lean = 2.0 * truth[j] * theta - y[j]
                bend += truth[j] ** 2 / vy[j] - lean * lean / (vy[j] * vy[j] / vx[j] + theta * theta * vy[j])
        out[0, k], out[1, k], out[2, k] = theta, value, 2.0 * bend
        out[3, k] = far[k] - value
    return out
