"""Stand-ins for variants that a trait lacks: the one in highest LD, and its effect for the alleles of the absent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.errors import ConfigError, Fault
from osteobiome.core.thresholds import BASES_PER_KB
from osteobiome.stats.bits import plane_counts, r_of_pairs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from osteobiome.ld.genotypes import Genotypes

NO_PROXY = -1
"""Row of a proxy that does not exist."""
EQUAL_R2 = 12
"""r² that agree to this many decimals are equal: what is left is rounding."""
REASON = np.dtype("U24")


@dataclass(frozen=True, slots=True)
class ProxyOptions:
    """What may stand in for a variant.

    Parameters
    ----------
    r2 : float
        Smallest r² with it, in (0, 1].
    kb : float
        Largest distance in kilobases; at least 0.

    Raises
    ------
    ConfigError
        A value is out of its range.
    """

    r2: float = 0.8
    kb: float = 500.0

    def __post_init__(self) -> None:
        """Look at both values."""
        checks = (
            ("r2", self.r2, 0.0 < self.r2 <= 1.0, "a number above 0 and at most 1"),
            ("kb", self.kb, 0.0 <= self.kb < math.inf, "a number of kilobases, at least 0"),
        )
        faults = [
            Fault("proxy_option_out_of_range", name, f"{value!r}", want) for name, value, ok, want in checks if not ok
        ]
        if faults:
            raise ConfigError(*faults)


@dataclass(frozen=True, slots=True)
class Proxies:
    """Best proxy of each absent variant; arrays of shape (n_targets,).

    Parameters
    ----------
    row : numpy.ndarray of int64
        Row of the proxy; -1 for none.
    r : numpy.ndarray of float64
        Correlation of copies of the counted alleles of target and proxy: above 0 the counted alleles go together,
        below 0 the counted allele of one goes with the other allele of the other. NaN without a proxy.
    distance : numpy.ndarray of int64
        Bases from the target to the proxy, negative if it stands before; 0 without a proxy.
    reason : numpy.ndarray of str
        Why there is none: ``not_in_panel`` (the target), ``no_variation`` (of the target in the panel),
        ``no_candidate_in_window``, ``r2_below_threshold``; empty where there is one.
    """

    row: NDArray[np.int64]
    r: NDArray[np.float64]
    distance: NDArray[np.int64]
    reason: NDArray[np.str_]

    @property
    def r2(self) -> NDArray[np.float64]:
        """Return r² with the target."""
        return np.square(self.r)

    @property
    def phase(self) -> NDArray[np.int64]:
        """Return 1 where the counted alleles go together, -1 where they go apart, 0 without a proxy."""
        return np.sign(np.nan_to_num(self.r)).astype(np.int64)


def find_proxies(
    genotypes: Genotypes,
    target: ArrayLike,
    candidate: ArrayLike,
    *,
    chromosome: ArrayLike,
    position: ArrayLike,
    options: ProxyOptions | None = None,
) -> Proxies:
    r"""Return the best proxy of each absent variant.

    Parameters
    ----------
    genotypes : Genotypes
        Of a panel that has the absent variants and the candidates.
    target : array_like of int, shape (n_targets,)
        Rows of the variants that the trait lacks; -1 where the panel lacks them too.
    candidate : array_like of int, shape (n_candidates,)
        Rows of the variants that the trait has; a target among them is not its own proxy.
    chromosome, position : array_like of int, shape (genotypes.n_variants,)
        Places of the rows of the genotypes, position in bases.
    options : ProxyOptions, optional
        Thresholds; left out, the defaults.

    Returns
    -------
    Proxies
        Every target has a proxy or a reason.

    Notes
    -----
    Of the candidates on the same chromosome at a distance of at most ``kb``, the one with the highest :math:`r^2` of
    copies, over the people called at both; :math:`r^2 \ge` ``r2``. Of equal ones (to 12 decimals) the nearest, then the
    one that stands first, then the lower row. Choosing the candidate of smallest p in the trait instead would select on
    the outcome.

    References
    ----------
    Hemani et al. 2018, doi:10.7554/eLife.34408 (proxies in two-sample Mendelian randomisation)

    Examples
    --------
    >>> from osteobiome.ld.genotypes import Genotypes
    >>> people = Genotypes.from_dosages(np.array([[0, 0, 1, 2], [2, 2, 1, 0], [0, 1, 1, 2]], dtype=np.int8))
    >>> found = find_proxies(people, [0], [1, 2], chromosome=[1, 1, 1], position=[10, 30, 20])
    >>> found.row.tolist(), found.r.tolist(), found.distance.tolist()
    ([1], [-1.0], [20])
    """
    chosen = options or ProxyOptions()
    chromosomes, positions = (np.asarray(values, dtype=np.int64) for values in (chromosome, position))
    assert chromosomes.shape == positions.shape == (genotypes.n_variants,)
    rows = np.unique(np.asarray(candidate, dtype=np.int64))
    rows = rows[np.lexsort((rows, positions[rows], chromosomes[rows]))]
    bounds = _Windows(chromosomes[rows], positions[rows], math.floor(chosen.kb * BASES_PER_KB))
    planes = genotypes.one, genotypes.two, genotypes.called
    counts = plane_counts(*planes)
    targets = np.asarray(target, dtype=np.int64)
    n = targets.size
    out = Proxies(np.full(n, NO_PROXY), np.full(n, np.nan), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=REASON))
    for k, row in enumerate(targets.tolist()):
        if row < 0:
            out.reason[k] = "not_in_panel"
            continue
        near = rows[bounds.around(int(chromosomes[row]), int(positions[row]))]
        near = near[near != row]
        itself = np.array([row])
        if np.isnan(r_of_pairs(*planes, counts, genotypes.n_people, itself, itself)[0]):
            out.reason[k] = "no_variation"
        elif near.size == 0:
            out.reason[k] = "no_candidate_in_window"
        else:
            r = r_of_pairs(*planes, counts, genotypes.n_people, np.full(near.size, row), near)
            distance = positions[near] - positions[row]
            best = _best(r, distance)
            if not r[best] * r[best] >= chosen.r2 - 10.0**-EQUAL_R2:
                out.reason[k] = "r2_below_threshold"
                continue
            out.row[k], out.r[k], out.distance[k] = near[best], r[best], distance[best]
    return out


def _best(r: NDArray[np.float64], distance: NDArray[np.int64]) -> int:
    """Return the candidate of highest r², then the nearest, then the first; candidates stand in order of place."""
    r2 = np.round(np.square(np.nan_to_num(r)), EQUAL_R2)
    return int(np.lexsort((distance, np.abs(distance), -r2))[0])


@dataclass(frozen=True, slots=True)
class _Windows:
    """Candidates in order of place, and how far a window reaches."""

    chromosome: NDArray[np.int64]
    position: NDArray[np.int64]
    reach: int

    def around(self, chromosome: int, position: int) -> slice:
        """Return the candidates within reach of a place."""
        first, last = np.searchsorted(self.chromosome, [chromosome, chromosome + 1])
        inside = self.position[first:last]
        begin = np.searchsorted(inside, position - self.reach, side="left")
        end = np.searchsorted(inside, position + self.reach, side="right")
        return slice(int(first + begin), int(first + end))


@dataclass(frozen=True, slots=True)
class Restated:
    """Effect of a proxy as if it were of its target; arrays of shape (n_variants,).

    Parameters
    ----------
    beta : numpy.ndarray of float64
        Effect of the proxy per copy of the allele that goes with the effect allele of the target; NaN without a proxy.
    eaf : numpy.ndarray of float64
        Frequency of that allele of the proxy (not of the target's allele, which differs unless r² is 1).
    effect_allele, other_allele : numpy.ndarray of str
        Alleles of the proxy that go with the effect allele and the other allele of the target; empty without a proxy.
    """

    beta: NDArray[np.float64]
    eaf: NDArray[np.float64]
    effect_allele: NDArray[np.str_]
    other_allele: NDArray[np.str_]


def restate_proxy(
    proxies: Proxies,
    *,
    beta: ArrayLike,
    eaf: ArrayLike,
    effect_allele: ArrayLike,
    other_allele: ArrayLike,
    sign_of_target: ArrayLike,
    sign_of_proxy: ArrayLike,
) -> Restated:
    r"""Return the effects of proxies for the alleles of their targets.

    Parameters
    ----------
    proxies : Proxies
        What :func:`find_proxies` returned; everything else has one value per target.
    beta, eaf : array_like, shape (n_targets,)
        Effect and frequency in the trait, of the proxy, per copy of its effect allele. NaN where unknown.
    effect_allele, other_allele : array_like of str, shape (n_targets,)
        Alleles of the proxy in the trait.
    sign_of_target : array_like of int, shape (n_targets,)
        1 if the effect allele of the target is the allele that the panel counts, -1 if it is the other one.
    sign_of_proxy : array_like of int, shape (n_targets,)
        The same of the proxy and its effect allele in the trait.

    Returns
    -------
    Restated
        The standard error is that of the proxy, unchanged.

    Notes
    -----
    The alleles turn if :math:`\operatorname{sign}(r) \, s_t \, s_p = -1`: then :math:`\beta' = -\beta`, and the
    frequency is :math:`1 - f`. The effect stays that of the proxy: were the target causal, the proxy's effect would be
    :math:`r \sqrt{p_t q_t / (p_p q_p)}` times that of the target, and nothing is scaled up for it; with a threshold of
    0.8 the z-score of the proxy is about 0.89 of the target's or more. r comes from the panel, so a panel of other
    ancestry may give another phase.

    References
    ----------
    Hemani et al. 2018, doi:10.7554/eLife.34408

    Examples
    --------
    >>> apart = Proxies(np.array([1]), np.array([-0.95]), np.array([20]), np.array([""]))
    >>> found = restate_proxy(apart, beta=[0.2], eaf=[0.3], effect_allele=["C"], other_allele=["T"],
    ...                       sign_of_target=[1], sign_of_proxy=[1])
    >>> found.beta.tolist(), found.eaf.tolist(), found.effect_allele.tolist(), found.other_allele.tolist()
    ([-0.2], [0.7], ['T'], ['C'])
    """
    turn = proxies.phase * np.asarray(sign_of_target, dtype=np.int64) * np.asarray(sign_of_proxy, dtype=np.int64)
    exists = proxies.row != NO_PROXY
    effects, frequency = np.asarray(beta, dtype=np.float64), np.asarray(eaf, dtype=np.float64)
    alleles = np.asarray(effect_allele, dtype=str), np.asarray(other_allele, dtype=str)
    assert effects.shape == frequency.shape == alleles[0].shape == alleles[1].shape == turn.shape
    return Restated(
        np.where(exists, turn * effects, np.nan),
        np.where(exists, np.where(turn > 0, frequency, 1.0 - frequency), np.nan),
        np.where(exists, np.where(turn > 0, alleles[0], alleles[1]), ""),
        np.where(exists, np.where(turn > 0, alleles[1], alleles[0]), ""),
    )
