"""Groups of variants with effects of their own: several ways from one exposure to one outcome."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.core.estimate import Status
from osteobiome.mr.fit import beyond_range_is_a_status
from osteobiome.mr.scaled import Scaled, obstacle
from osteobiome.stats.mixture import fit_mixture, junk_scale, log_densities, mean_errors, posteriors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments

MIN_VARIANTS = 4
MAX_VARIANTS = 10_000
MAX_CLUSTERS = 10

Kind = Literal["substantive", "null", "junk"]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A group of variants.

    Parameters
    ----------
    kind : {"substantive", "null", "junk"}
        Variants that share an effect, have none, or fit in nowhere.
    mean, se : float or None
        Effect in outcome units per exposure unit, and its standard error; None for the junk, error None for the null
        or where the information is singular.
    share : float
        Estimated share of variants.
    n_variants : int
        Variants for which this is the most probable cluster.
    """

    kind: Kind
    mean: float | None
    se: float | None
    share: float
    n_variants: int


@dataclass(frozen=True, slots=True)
class Clustering:
    """The clusters of a pair.

    Parameters
    ----------
    status : Status
        ``ok``, or why there are no clusters.
    message : str
        Sentence for readers; empty if all is well.
    clusters : tuple of Cluster
        Substantive ones by effect, then null, then junk.
    probability : numpy.ndarray, shape (n_variants, n_clusters)
        Of every variant to belong to each cluster; NaN for variants without a ratio.
    bic : tuple of float
        Criterion by number of substantive clusters, from 0, as far as they were tried.
    log_likelihood : float or None
        Of the chosen number.
    exposure, outcome, unit : str
        Of the pair.
    """

    status: Status
    message: str = ""
    clusters: tuple[Cluster, ...] = ()
    probability: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)), repr=False)
    bic: tuple[float, ...] = ()
    log_likelihood: float | None = None
    exposure: str = ""
    outcome: str = ""
    unit: str = ""

    @property
    def n_substantive(self) -> int:
        """Number of substantive clusters."""
        return sum(cluster.kind == "substantive" for cluster in self.clusters)

    def best(self) -> NDArray[np.int64]:
        """Return the most probable cluster of each variant, shape (n_variants,); -1 without a ratio."""
        known = ~np.isnan(self.probability).any(axis=1)
        place = np.full(len(self.probability), -1, dtype=np.int64)
        if known.any():
            place[known] = np.argmax(self.probability[known], axis=1)
        return place


def clusters(inst: Instruments, *, max_clusters: int = MAX_CLUSTERS) -> Clustering:
    r"""Group variants by their ratio estimates, with a cluster for no effect and one for the rest.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, 4 to 10,000 variants. Variants whose exposure effect is 0 have no ratio and are left out.
    max_clusters : int
        Substantive clusters at most, 1 or more.

    Returns
    -------
    Clustering
        With its status; nothing is raised for data that cannot be clustered.

    Raises
    ------
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    With ratios :math:`r_j = \hat\Gamma_j/\hat\gamma_j` and errors :math:`s_j = \sigma_{Yj}/|\hat\gamma_j|`, a cluster
    is :math:`N(\mu_k, s_j^2)`, the null :math:`N(0, s_j^2)` and the junk a t distribution with 4 degrees of freedom
    about 0, as wide as all ratios. Shares and effects are found by expectation-maximisation, the number of clusters by
    the lowest BIC, :math:`-2\ell + (2K + 1)\log m`, with starts that depend on the data alone
    (:func:`osteobiome.stats.mixture.fit_mixture`).

    A cluster is a group of variants with one ratio, not a mechanism. The errors of the exposure effects are not
    counted, so that with weak instruments one cluster may come apart into several. Standard errors take the number of
    clusters as known. mrclust begins at k-means with random centres and random shares, and its answer changes with the
    seed.

    References
    ----------
    Foley et al. 2021, doi:10.1093/bioinformatics/btaa778

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> x = [0.1, 0.12, 0.2, 0.15, 0.11, 0.14, 0.13, 0.16]
    >>> y = [0.05, 0.06, 0.1, 0.075, -0.11, -0.14, -0.13, -0.16]
    >>> result = clusters(Instruments.from_arrays(x, [0.01] * 8, y, [0.004] * 8))
    >>> [(cluster.kind, cluster.n_variants) for cluster in result.clusters]
    [('substantive', 4), ('substantive', 4), ('null', 0), ('junk', 0)]
    >>> [round(cluster.mean, 3) for cluster in result.clusters[:2]]
    [-1.0, 0.5]
    """
    if max_clusters < 1:
        raise SchemaError(Fault("bad_option", "option max_clusters", f"value {max_clusters}", "1 or more"))
    found = _clusters(inst, max_clusters)
    return replace(found, exposure=inst.exposure, outcome=inst.outcome, unit=inst.unit)


@beyond_range_is_a_status
def _clusters(inst: Instruments, max_clusters: int) -> Clustering:
    """Return the clusters without the names of the pair."""
    failure = obstacle(inst, method="clusters", min_variants=MIN_VARIANTS, level=0.95)
    if failure is not None:
        return Clustering(failure.status, failure.message)
    if inst.n_variants > MAX_VARIANTS:
        words = f"Not estimable: the method takes up to {MAX_VARIANTS} variants, and there are {inst.n_variants}."
        return Clustering(Status.TOO_MANY_INSTRUMENTS, words)
    used = inst.beta_exposure != 0.0
    lost = inst.n_variants - int(used.sum())
    message = f"{lost} of {inst.n_variants} variants have an exposure effect of 0, hence no ratio." if lost else ""
    if inst.n_variants - lost < MIN_VARIANTS:
        words = f"{Status.TOO_FEW_INSTRUMENTS.message} {message}"
        return Clustering(Status.TOO_FEW_INSTRUMENTS, words)
    data = Scaled.of(inst.subset(used) if lost else inst)
    ratio, se = data.y / data.x, data.se_y / data.x
    scale = junk_scale(ratio, se)
    if not (np.isfinite([scale, *ratio, *se]).all() and (se > 0.0).all()):
        return Clustering(Status.NOT_FINITE, Status.NOT_FINITE.message)
    fits = fit_mixture(ratio, se, max_clusters=min(max_clusters, ratio.size - 1), scale=scale)
    shift = ratio.size * data.exponent * math.log(2.0)  # densities per unit of the traits, not of the scaled ratios
    bic = tuple(fit.bic(ratio.size) + 2.0 * shift for fit in fits)
    fit = fits[int(np.argmin(bic))]
    errors = np.ldexp(mean_errors(ratio, se, fit, scale=scale), data.exponent)
    share, value = posteriors(log_densities(ratio, se, fit.mean, scale), fit.weight)
    counts = np.bincount(np.argmax(share, axis=1), minlength=fit.weight.size)
    found = [
        Cluster("substantive", float(mean), float(error) if np.isfinite(error) else None, float(part), int(count))
        for mean, error, part, count in zip(
            np.ldexp(fit.mean, data.exponent), errors, fit.weight[:-2], counts[:-2], strict=True
        )
    ]
    found.append(Cluster("null", 0.0, None, float(fit.weight[-2]), int(counts[-2])))
    found.append(Cluster("junk", None, None, float(fit.weight[-1]), int(counts[-1])))
    probability = np.full((inst.n_variants, fit.weight.size), np.nan)
    probability[np.flatnonzero(used)[data.order]] = share
    return Clustering(Status.OK, message, tuple(found), probability, bic, float(value) - shift)
