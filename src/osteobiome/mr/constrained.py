"""Constrained maximum likelihood for a pair: what the three estimators of MR-cML share."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.mr.fit import BatchFit, beyond_range_is_a_status, check_level, check_option
from osteobiome.mr.scaled import Scaled, labelled, obstacle, plain, strength_tests
from osteobiome.stats.cml import DESCENT_TOLERANCE, descent_path, global_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.core.estimate import Test
    from osteobiome.instruments import Instruments

MIN_VARIANTS = 3
MAX_VARIANTS = 5000
"""More would take minutes: the work grows with the square of their number."""
TOLERANCE = 0.01
"""BIC that a better effect could be lower by at most; what is found is polished to the last digits."""
SPARE = 46.0
"""BIC above the best at which a model's weight is below 1e-10."""
MAX_SORTS = 400_000_000
"""Variants times sorts that a search may take."""

Search = Literal["global", "descent"]

ASSUMPTIONS = (
    "every variant is associated with the exposure",
    "of all groups of variants with one and the same ratio, the largest acts on the outcome through the exposure only "
    "(plurality)",
    "variants are mutually uncorrelated",
    "exposure and outcome studies have no person in common",
)


@dataclass(frozen=True, slots=True)
class Path:
    """Fits with 0, 1, 2 ... m - 2 invalid variants; arrays of shape (n_variants - 1,), scaled unit.

    Parameters
    ----------
    theta, se : numpy.ndarray
        Effect and its standard error; NaN where a descent stopped at no minimum.
    bic : numpy.ndarray
        Bayesian information criterion up to a constant.
    gap : float
        By how much an effect that was not looked at could lower the criterion; NaN for descent.
    """

    theta: NDArray[np.float64]
    se: NDArray[np.float64]
    bic: NDArray[np.float64]
    gap: float

    @property
    def best(self) -> int:
        """Number of invalid variants with the lowest criterion."""
        return int(np.argmin(self.bic))

    @property
    def weight(self) -> NDArray[np.float64]:
        """Weights of the models, shape (n_variants - 1,)."""
        shares = np.exp(-0.5 * (self.bic - self.bic.min()))
        weights: NDArray[np.float64] = shares / shares.sum()
        return weights

    def averaged(self) -> tuple[float, float]:
        """Return the model average and its standard error (Buckland et al. 1997, doi:10.2307/2533961)."""
        weight = self.weight
        used = weight > 0.0
        theta = float(np.sum(weight[used] * self.theta[used]))
        return theta, float(np.nansum(weight[used] * np.hypot(self.se[used], self.theta[used] - theta)))


def scale_of(data: Scaled) -> float:
    """Return the effect at which the errors of both traits weigh the same."""
    return float(np.median(data.se_y) / np.median(data.se_x))


def search_limits(n_variants: int, sample_size: float, tolerance: float) -> tuple[float, float, float, int]:
    """Return penalty, spare, tolerance and budget of a search."""
    return math.log(sample_size), SPARE, tolerance, max(MAX_SORTS // n_variants, 1000)


def descent_tolerance(data: Scaled) -> float:
    """Return the step at which MRcML stops, in the scaled unit."""
    return float(np.ldexp(DESCENT_TOLERANCE, -data.exponent))


def path_of(data: Scaled, sample_size: float, search: Search) -> Path:
    """Return the fits by number of invalid variants.

    Parameters
    ----------
    data : Scaled
        Pair in canonical form.
    sample_size : float
        People, for the criterion.
    search : {"global", "descent"}
        As in :func:`osteobiome.mr.estimators.cml_ma_bic.cml_ma_bic`.
    """
    arrays = (data.x, np.square(data.se_x), data.y, np.square(data.se_y))
    gap = math.nan
    if search == "global":
        fit, _, gap = global_path(*arrays, scale_of(data), *search_limits(data.x.size, sample_size, TOLERANCE))
    else:
        fit = descent_path(*arrays, descent_tolerance(data))
    theta, q, bend = fit
    se = np.sqrt(np.where(bend > 0.0, 2.0 / bend, np.nan))
    return Path(theta, se, q + math.log(sample_size) * np.arange(q.size), gap)


def sample_size_of(inst: Instruments) -> float | None:
    """Return the smallest sample size behind any association of the pair; None if none is known."""
    known = [
        float(np.nanmin(values))
        for values in (inst.n_exposure, inst.n_outcome)
        if values is not None and np.isfinite(values).any()
    ]
    return min(known) if known else None


def check_cml(*, n: float | None, search: str, level: float) -> None:
    """Raise SchemaError if an option has a value that does not exist."""
    check_option("search", search, ("global", "descent"))
    check_level(level)
    if n is not None and not 1.0 < n < math.inf:
        raise SchemaError(Fault("bad_option", "option n", f"value {n}", "a number of people above 1, or None"))


def cml_obstacle(
    inst: Instruments, *, method: str, sample_size: float | None, max_variants: int, level: float
) -> Estimate | None:
    """Return why a pair cannot be estimated, or None."""
    failure = obstacle(inst, method=method, min_variants=MIN_VARIANTS, level=level)
    if failure is None and inst.n_variants > max_variants:
        words = f"Not estimable: the method takes up to {max_variants} variants, and there are {inst.n_variants}."
        status = Status.TOO_MANY_INSTRUMENTS
        failure = failed(method, status, n_variants=inst.n_variants, message=words, level=level)
    if failure is None and sample_size is None:
        failure = failed(method, Status.MISSING_SAMPLE_SIZE, n_variants=inst.n_variants, level=level)
    return None if failure is None else labelled(failure, inst)


@beyond_range_is_a_status
def fit_cml(
    inst: Instruments, *, method: str, average: bool, n: float | None, search: Search, level: float
) -> Estimate:
    """Fit one pair and return an estimate with its status.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    method : str
        Name of the estimator.
    average : bool
        Whether models are averaged, or the best is taken.
    n, search, level
        As in :func:`osteobiome.mr.estimators.cml_ma_bic.cml_ma_bic`.
    """
    size = sample_size_of(inst) if n is None else n
    failure = cml_obstacle(inst, method=method, sample_size=size, max_variants=MAX_VARIANTS, level=level)
    if failure is not None:
        return failure
    assert size is not None
    data = Scaled.of(inst)
    path = path_of(data, size, search)
    theta, se = path.averaged() if average else (float(path.theta[path.best]), float(path.se[path.best]))
    numbers = np.ldexp([theta, se], data.exponent)
    return finished(inst, method=method, numbers=numbers, tests=path_tests(path), level=level)


def path_tests(path: Path) -> tuple[Test, ...]:
    """Return the diagnostics of a path."""
    return (
        plain("n_invalid", float(path.best)),
        plain("bic", float(path.bic.min())),
        plain("search_gap", path.gap),
    )


def finished(
    inst: Instruments, *, method: str, numbers: NDArray[np.float64], tests: tuple[Test, ...], level: float
) -> Estimate:
    """Return the estimate with a normal interval, or the status that the arithmetic broke down."""
    theta, se = numbers.tolist()
    n = inst.n_variants
    if not (math.isfinite(theta) and 0.0 < se < math.inf):
        return labelled(failed(method, Status.NOT_FINITE, n_variants=n, level=level), inst)
    fit = BatchFit(
        method, np.array([theta]), np.array([se]), None, np.array([n]), np.zeros(1, dtype=np.int8), (), level
    ).estimates()[0]
    return replace(labelled(fit, inst), diagnostics=(*tests, *strength_tests(inst)))


def invalid_variants(inst: Instruments, *, n: float | None = None) -> tuple[int, ...]:
    """Return the places of the variants that the model with the lowest criterion calls invalid.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 3.
    n : float or None
        Sample size; None takes the smallest behind any association of the pair.

    Raises
    ------
    EstimationError
        Too few or too many variants, no effect on the exposure, or no sample size.

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.2], [0.01] * 4, [0.05, 0.11, 0.14, 0.4], [0.02] * 4)
    >>> invalid_variants(pair, n=10_000)
    (3,)
    """
    check_cml(n=n, search="global", level=0.95)
    size = sample_size_of(inst) if n is None else n
    failure = cml_obstacle(inst, method="cml_bic", sample_size=size, max_variants=MAX_VARIANTS, level=0.95)
    if failure is not None:
        failure.raise_if_failed()
    assert size is not None
    data = Scaled.of(inst)
    path = path_of(data, size, "global")
    theta = float(path.theta[path.best])
    distance = np.square(data.y - theta * data.x) / (np.square(data.se_y) + np.square(theta * data.se_x))
    worst = np.argsort(distance)[data.x.size - path.best :]
    return tuple(sorted(int(j) for j in data.order[worst]))
