"""Constrained maximum likelihood for a pair: what the three estimators of MR-cML share."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.core.text import significant
from osteobiome.mr.fit import BatchFit, beyond_range_is_a_status, check_level, check_option
from osteobiome.mr.naming import called_invalid
from osteobiome.mr.scaled import Scaled, labelled, obstacle, plain, strength_tests
from osteobiome.stats.cml import ALL, farthest, global_path
from osteobiome.stats.cml_descent import DESCENT_TOLERANCE, descend, descent_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.core.estimate import Test
    from osteobiome.instruments import Instruments

MIN_VARIANTS = 3
MAX_VARIANTS = 5000
"""More would take minutes: the work grows faster than their number, and 5,000 take a few seconds."""
TOLERANCE = 0.01
"""BIC that a better effect could be lower by at most; what is found is polished to the last digits."""
SPARE = 46.0
"""BIC above the best at which a model's weight is below 1e-10."""
BOUNDED = 3.841458820694124
"""By how much the criterion must be higher at an infinite effect: else its 95 % confidence set has no end."""
NEGLIGIBLE = 0.05
"""Weight of models without a bounded effect up to which they are left out of an average."""
UNSEEN = 1e-6
"""Weight of models up to which nothing is said of them, and up to which they need no standard error."""
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
    margin : numpy.ndarray
        By how much the criterion is higher at an infinite effect.
    gap : float
        By how much an effect that was not looked at could lower the criterion; NaN for descent.
    invalid : numpy.ndarray of bool, shape (n_variants,)
        Variants that the model with the lowest criterion leaves out, in the order of the fitted data.
    """

    theta: NDArray[np.float64]
    se: NDArray[np.float64]
    bic: NDArray[np.float64]
    margin: NDArray[np.float64]
    gap: float
    invalid: NDArray[np.bool_]

    @property
    def best(self) -> int:
        """Number of invalid variants with the lowest criterion."""
        return int(np.argmin(self.bic))

    @property
    def weight(self) -> NDArray[np.float64]:
        """Weights of the models, shape (n_variants - 1,)."""
        return weights_of(self.bic)

    @property
    def is_unbounded(self) -> NDArray[np.bool_]:
        """Models whose effect may just as well be infinite, shape (n_variants - 1,)."""
        unbounded: NDArray[np.bool_] = self.margin < BOUNDED
        return unbounded

    def averaged(self) -> tuple[float, float]:
        """Return the model average and its standard error (Buckland et al. 1997, doi:10.2307/2533961).

        Models without a bounded effect are left out. The error is NaN if a model that counts has none.
        """
        bic = np.where(self.is_unbounded, np.inf, self.bic)
        bic = np.where(np.isnan(self.se) & (weights_of(bic) <= UNSEEN), np.inf, bic)
        weight = weights_of(bic)
        used = weight > 0.0
        theta = float(np.sum(weight[used] * self.theta[used]))
        return theta, float(np.sum(weight[used] * np.hypot(self.se[used], self.theta[used] - theta)))


def weights_of(bic: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights of models by their criterion, of which one at least is finite."""
    shares = np.exp(-0.5 * (bic - bic.min()))
    weights: NDArray[np.float64] = shares / shares.sum()
    return weights


def scale_of(data: Scaled) -> float:
    """Return the effect at which the errors of both traits weigh the same."""
    return float(np.median(data.se_y) / np.median(data.se_x))


def search_limits(
    n_variants: int, sample_size: float, tolerance: float, *, spare: float = SPARE
) -> tuple[float, float, float, int]:
    """Return penalty, spare, tolerance and budget of a search."""
    return math.log(sample_size), spare, tolerance, max(MAX_SORTS // n_variants, 1000)


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
        spare = math.inf if data.x.size <= ALL else SPARE  # for a few hundred variants even models without weight
        limits = search_limits(data.x.size, sample_size, TOLERANCE, spare=spare)
        fit, _, gap = global_path(*arrays, scale_of(data), *limits)
    else:
        fit = descent_path(*arrays, descent_tolerance(data))
    theta, q, bend, margin = fit
    se = np.sqrt(np.where(bend > 0.0, 2.0 / bend, np.nan))
    bic = q + math.log(sample_size) * np.arange(q.size)
    best = int(np.argmin(bic))
    if search == "global":
        invalid = farthest(float(theta[best]), best, arrays)
    else:  # what the descent left out need not be what lies farthest from where it ended
        invalid = ~descend(*arrays, best, descent_tolerance(data))[2]
    return Path(theta, se, bic, margin, gap, invalid)


@dataclass(frozen=True, slots=True)
class SampleSize:
    """People behind a criterion.

    Parameters
    ----------
    people : float or None
        None if no usable number is known.
    message : str
        Where the number comes from, or why there is none.
    """

    people: float | None
    message: str = ""


def sample_size_of(inst: Instruments, n: float | None = None) -> SampleSize:
    """Return the sample size that was given, or else the smallest behind any association of the pair.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    n : float or None
        As given by the user.
    """
    if n is not None:
        return SampleSize(n)
    known: dict[str, float] = {}
    for name in ("n_exposure", "n_outcome"):
        values = getattr(inst, name)
        if values is None:
            continue
        numbers = np.asarray(values, dtype=np.float64)
        numbers = numbers[~np.isnan(numbers)]
        if numbers.size and not (numbers.min() > 1.0 and numbers.min() < math.inf):
            words = f"Not estimable: {name} holds a sample size of {numbers.min():g}, and people are wanted, above 1."
            return SampleSize(None, f"{words} Mend the column, or leave it out and give n.")
        if numbers.size:
            known[name] = float(numbers.min())
    if not known:
        return SampleSize(None)
    name = min(known, key=lambda key: known[key])
    return SampleSize(known[name], f"Sample size in the criterion: {known[name]:,.0f}, the smallest of {name}.")


def check_cml(*, n: float | None, search: str, level: float) -> None:
    """Raise SchemaError if an option has a value that does not exist."""
    check_option("search", search, ("global", "descent"))
    check_level(level)
    if n is not None and not 1.0 < n < math.inf:
        raise SchemaError(Fault("bad_option", "option n", f"value {n}", "a number of people above 1, or None"))


def cml_obstacle(
    inst: Instruments, *, method: str, sample_size: SampleSize, max_variants: int, level: float
) -> Estimate | None:
    """Return why a pair cannot be estimated, or None."""
    failure = obstacle(inst, method=method, min_variants=MIN_VARIANTS, level=level)
    if failure is None and inst.n_variants > max_variants:
        words = f"Not estimable: the method takes up to {max_variants} variants, and there are {inst.n_variants}."
        status = Status.TOO_MANY_INSTRUMENTS
        failure = failed(method, status, n_variants=inst.n_variants, message=words, level=level)
    if failure is None and sample_size.people is None:
        status = Status.MISSING_SAMPLE_SIZE
        failure = failed(method, status, n_variants=inst.n_variants, message=sample_size.message, level=level)
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
    size = sample_size_of(inst, n)
    failure = cml_obstacle(inst, method=method, sample_size=size, max_variants=MAX_VARIANTS, level=level)
    if failure is not None:
        return failure
    assert size.people is not None
    data = Scaled.of(inst)
    path = path_of(data, size.people, search)
    share = float(path.weight[path.is_unbounded].sum()) if average else float(path.is_unbounded[path.best])
    if share > NEGLIGIBLE:
        return unbounded(inst, method=method, share=share, average=average, level=level)
    theta, se = path.averaged() if average else (float(path.theta[path.best]), float(path.se[path.best]))
    numbers = np.ldexp([theta, se], data.exponent)
    tests = path_tests(path, size.people)
    result = finished(inst, method=method, numbers=numbers, tests=tests, level=level)
    if result.status is not Status.OK:
        return result
    words = (size.message, left_out_words(share), called_invalid(inst, invalid_of(data, path)))
    return replace(result, message=" ".join(filter(None, words)))


def left_out_words(share: float) -> str:
    """Return that models without a bounded effect are left out of an average, if their weight is worth a word."""
    if share <= UNSEEN:
        return ""
    return f"Models with {significant(100.0 * share, 2)} % of the weight do not exclude an infinite effect: left out."


def unbounded(
    inst: Instruments, *, method: str, share: float, average: bool, level: float, where: str = ""
) -> Estimate:
    """Return the status that the data do not exclude an infinite effect.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair.
    method : str
        Name of the estimator.
    share : float
        Weight of the models without a bounded effect.
    average : bool
        Whether models are averaged.
    level : float
        Coverage the interval would have had.
    where : str
        In which data, if not only in those of the pair.
    """
    what, whose = "the model with the lowest BIC does", "it calls"
    if average:
        what, whose = f"models with {significant(100.0 * share, 2)} % of the weight do", "they call"
    words = (
        f"Not estimable: {what} not exclude an infinite effect{where}: a group of as many variants as {whose} valid "
        "fits an infinite effect nearly as well. Choose stronger instruments."
    )
    return labelled(failed(method, Status.TOO_WEAK, n_variants=inst.n_variants, message=words, level=level), inst)


def path_tests(path: Path, sample_size: float) -> tuple[Test, ...]:
    """Return the diagnostics of a path."""
    return (
        plain("n_invalid", float(path.best)),
        plain("bic", float(path.bic.min())),
        plain("sample_size", sample_size),
        plain("search_gap", path.gap),
    )


def finished(
    inst: Instruments, *, method: str, numbers: NDArray[np.float64], tests: tuple[Test, ...], level: float
) -> Estimate:
    """Return the estimate with a normal interval, or the status that the arithmetic broke down."""
    theta, se = numbers.tolist()
    n = inst.n_variants
    if not (math.isfinite(theta) and 0.0 < se < math.inf):
        stopped = math.isfinite(theta) and math.isnan(se)
        words = "Not estimable: the descent ended at no minimum of the criterion. Use the global search."
        status = Status.NOT_CONVERGED if stopped else Status.NOT_FINITE
        return labelled(failed(method, status, n_variants=n, message=words if stopped else "", level=level), inst)
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
    size = sample_size_of(inst, n)
    failure = cml_obstacle(inst, method="cml_bic", sample_size=size, max_variants=MAX_VARIANTS, level=0.95)
    if failure is not None:
        failure.raise_if_failed()
    assert size.people is not None
    data = Scaled.of(inst)
    found = invalid_of(data, path_of(data, size.people, "global"))
    return tuple(int(j) for j in np.flatnonzero(found))


def invalid_of(data: Scaled, path: Path) -> NDArray[np.bool_]:
    """Return the variants that the best model calls invalid, in the order of the pair.

    Parameters
    ----------
    data : Scaled
        Pair in canonical form.
    path : Path
        Its fits.
    """
    found = np.zeros(data.x.size, dtype=bool)
    found[data.order[path.invalid]] = True
    return found
