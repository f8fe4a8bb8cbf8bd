r"""Weights that shrink for values far from a centre, without underflow.

Shape convention: one pair at a time, arrays are ``(n_variants,)``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.stats.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

PENALTY = 20.0
"""Factor of Bowden et al. 2016 (doi:10.1002/gepi.21965): down to a p value of 1 / 20 nothing happens."""
DIRECT = 37.0
"""Normal deviate up to which its tail probability is a double."""


@kernel
def log_two_sided(z: float) -> float:
    r"""Return the natural logarithm of the two-sided normal p value of z, for z of any size.

    Parameters
    ----------
    z : float
        Statistic, >= 0, no unit.

    Notes
    -----
    From 37 on, where the p value leaves the range of doubles, five terms of the asymptotic series of Abramowitz &
    Stegun 26.2.12: :math:`\ln(2\phi(z)/z) + \ln(1 - z^{-2} + 3z^{-4} - 15z^{-6} + 105z^{-8})`, off by less than 1e-12.
    """
    if z <= DIRECT:
        return math.log(math.erfc(z / math.sqrt(2.0)))
    u = 1.0 / (z * z)
    series = 1.0 - u * (1.0 - u * (3.0 - u * (15.0 - u * 105.0)))
    return -0.5 * z * z + math.log(math.sqrt(2.0 / math.pi) / z * series)


@kernel
def penalise(
    values: NDArray[np.float64],
    se: NDArray[np.float64],
    weight: NDArray[np.float64],
    centre: float,
    factor: float,
    out: NDArray[np.float64],
) -> None:
    r"""Fill weights that shrink for values far from a centre.

    Parameters
    ----------
    values, se, weight : numpy.ndarray, shape (n_variants,)
        Values, their standard errors, their weights before the penalty.
    centre : float
        What they are compared with.
    factor : float
        Penalty factor: a value keeps its weight as long as its p value is above 1 / factor.
    out : numpy.ndarray, shape (n_variants,)
        Is overwritten with :math:`w_j \min(1, f\,p_j)`, divided by the largest, where :math:`p_j` is the p value of
        :math:`(\text{value}_j - \text{centre})/\sigma_j`. Sizes are compared as logarithms, so that not all weights
        are 0 when every p value is below 1e-308.
    """
    largest = -np.inf
    for j in range(values.size):
        penalty = min(0.0, math.log(factor) + log_two_sided(abs(values[j] - centre) / se[j]))
        out[j] = math.log(weight[j]) + penalty if weight[j] > 0.0 else -np.inf
        largest = max(largest, out[j])
    for j in range(values.size):
        out[j] = math.exp(out[j] - largest)


@kernel
def penalised_weights(
    values: NDArray[np.float64], se: NDArray[np.float64], weight: NDArray[np.float64], centre: float, factor: float
) -> NDArray[np.float64]:
    """Return what :func:`penalise` fills, in a new array; parameters as there."""
    out = np.empty(values.size)
    penalise(values, se, weight, centre, factor, out)
    return out
