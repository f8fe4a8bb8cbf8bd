"""What debiased and penalised IVW share: moments of a pair, scatter beyond sampling error, standard error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.mr.scaled import Scaled


@dataclass(frozen=True, slots=True)
class Moments:
    r"""Sums over variants, weighted by the precision of the outcome effects.

    Parameters
    ----------
    x, y, x2, sx2, weight : numpy.ndarray, shape (n_variants,)
        Exposure and outcome effect, squared exposure effect and squared error of it, :math:`1/\sigma_Y^2`.
    numerator : float
        :math:`\sum_j w_j\hat\gamma_j\hat\Gamma_j`.
    denominator : float
        :math:`\sum_j w_j(\hat\gamma_j^2 - \sigma_{Xj}^2)`.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    x2: NDArray[np.float64]
    sx2: NDArray[np.float64]
    weight: NDArray[np.float64]
    numerator: float
    denominator: float

    @classmethod
    def of(cls, data: Scaled) -> Self:
        """Sum over the variants of a pair."""
        weight = 1.0 / np.square(data.se_y)
        x2, sx2 = np.square(data.x), np.square(data.se_x)
        numerator = float(np.sum(weight * data.x * data.y))
        return cls(data.x, data.y, x2, sx2, weight, numerator, float(np.sum(weight * (x2 - sx2))))

    def scatter(self, slope: float) -> float:
        """Return the variance of direct effects, by the weighted mean of squared residuals; at least 0."""
        excess = np.square(self.y - slope * self.x) - 1.0 / self.weight - slope * slope * self.sx2
        return max(0.0, float(np.sum(excess * self.weight) / np.sum(self.weight)))

    def variance(self, slope: float, tau2: float) -> float:
        """Return the variance of the numerator minus ``slope`` times the denominator."""
        own = self.x2 * self.weight * (1.0 + tau2 * self.weight)
        inherited = slope * slope * self.sx2 * (self.x2 + self.sx2) * np.square(self.weight)
        return float(np.sum(own + inherited))

    @property
    def condition(self) -> float:
        """Return the effective strength: (mean F - 1) times the root of the number of variants."""
        return float((np.mean(self.x2 / self.sx2) - 1.0) * math.sqrt(self.x2.size))
