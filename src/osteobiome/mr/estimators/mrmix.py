"""MRMix (Qi & Chatterjee 2019, doi:10.1038/s41467-019-09432-2)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.core.text import significant
from osteobiome.mr.fit import BatchFit, beyond_range_is_a_status, check_level, check_option
from osteobiome.mr.registry import estimator
from osteobiome.mr.scaled import Scaled, labelled, obstacle, plain, strength_tests
from osteobiome.stats.mrmix import (
    CAP,
    effect_error,
    exact_peak,
    fit_at,
    grid_of,
    null_distance,
    null_error,
    null_peak,
    package_profile,
    profile,
    refine,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments

MIN_VARIANTS = 3
MAX_VARIANTS = 10_000
N_POINTS = 200
PEAKS = 3
"""Local maxima of the grid that are refined."""
CAPPED = 1e-9
FEW = 50
"""Variants below which the standard error, which holds for many, is far off."""
NO_PEAK = (
    "Not estimable: the share of valid variants has no peak that bends downwards, so no effect stands out and there is "
    "no standard error. Look at the ratios of single variants, or use a method that needs fewer variants."
)

Grid = Literal["data", "mrmix"]


def _from_data(data: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return effect, share, variance and standard error by the grid from the data and golden section."""
    grid = grid_of(data, N_POINTS)
    fits = profile(grid, data)
    share = fits[:, 0]
    if not np.isfinite(fits).all() or len(grid) < 3:
        return math.nan, math.nan, math.nan, math.nan
    capped = share >= CAP - CAPPED
    if capped.any():  # every variant valid: of such effects the one that fits best
        start = min(grid[capped].tolist(), key=lambda effect: null_distance(effect, data)[0])
        theta = null_peak(start, data)
        found = fit_at(theta, data)
        return theta, found[0], found[1], null_error(theta, data)
    peaks: NDArray[np.int64] = np.flatnonzero(
        (share >= np.append(-np.inf, share[:-1])) & (share >= np.append(share[1:], -np.inf))
    )
    peaks = peaks[np.argsort(-share[peaks], kind="stable")][:PEAKS]
    effects = [float(refine(grid[max(k - 1, 0)], grid[min(k + 1, len(grid) - 1)], data)) for k in peaks]
    effects += grid[peaks].tolist()  # on a peak that is no smooth one the grid point may stand higher
    theta = max(effects, key=lambda effect: (fit_at(effect, data)[0], -abs(effect)))
    theta = exact_peak(theta, data)
    top, variance, _ = fit_at(theta, data)
    return theta, top, variance, effect_error(data, theta=theta, share=top, variance=variance)


def _as_package(data: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return the same as MRMix: 201 effects from -1 to 1, the mean of those that share the highest share."""
    grid = np.arange(-100, 101) / 100.0
    fits = package_profile(grid, data)
    top = fits[:, 0] == fits[:, 0].max()
    if not top.any():
        return math.nan, math.nan, math.nan, math.nan
    theta, share, variance = float(grid[top].mean()), float(fits[:, 0].max()), float(fits[top, 1].mean())
    return theta, share, variance, effect_error(data, theta=theta, share=share, variance=variance)


def _message(data: NDArray[np.float64], theta: float, share: float, variance: float, grid: Grid, exponent: int) -> str:
    """Return what is to be said about where an estimate was found, and about its mixture."""
    low, high = (-1.0, 1.0) if grid == "mrmix" else grid_of(data, N_POINTS)[[0, -1]].tolist()
    words = []
    if theta in (low, high):
        ends = " to ".join(significant(math.ldexp(end, exponent)) for end in (low, high))
        where = "the package's grid" if grid == "mrmix" else "the range of the ratios, which is searched"
        words.append(
            f"The share of valid variants is highest at the end of {where} ({ends}): no effect stands out, and the "
            "estimate means little."
        )
        if grid == "mrmix":
            words.append("grid 'data' searches where the ratios lie.")
    if share >= CAP - CAPPED:
        words.append("Every variant is called valid, so invalid_sd is that of no variant.")
    elif share <= 1.0 - CAP + CAPPED:
        words.append("No variant is called valid at any effect, and the estimate means nothing.")
    elif grid == "data" and variance <= 2.0 * float(np.median(data[3] + theta**2 * data[1])) * (1.0 + CAPPED):
        words.append(
            "Invalid variants scatter no more than the bound of twice the median sampling variance, so that valid and "
            "invalid ones are hardly told apart: valid_share and the standard error are rough."
        )
    if data.shape[1] < FEW:
        words.append(f"The standard error holds for many variants, {FEW} or more, and there are {data.shape[1]}.")
    return " ".join(words)


@beyond_range_is_a_status
def _estimate(inst: Instruments, grid: Grid, level: float) -> Estimate:
    failure = obstacle(inst, method="mrmix", min_variants=MIN_VARIANTS, level=level)
    if failure is not None:
        return failure
    n = inst.n_variants
    if n > MAX_VARIANTS:
        words = f"Not estimable: the method takes up to {MAX_VARIANTS} variants, and there are {n}."
        status = Status.TOO_MANY_INSTRUMENTS
        return labelled(failed("mrmix", status, n_variants=n, message=words, level=level), inst)
    if grid == "data":
        scaled = Scaled.of(inst)
        data = np.stack([scaled.x, np.square(scaled.se_x), scaled.y, np.square(scaled.se_y)])
        exponent, exponent_y = scaled.exponent, scaled.exponent_y
    else:
        effects = (inst.beta_exposure, np.square(inst.se_exposure), inst.beta_outcome, np.square(inst.se_outcome))
        data, exponent, exponent_y = np.stack(effects), 0, 0
    usable = bool(np.isfinite(data).all() and (data[[1, 3]] > 0.0).all())
    theta, share, variance, se = (
        (_from_data(data) if grid == "data" else _as_package(data)) if usable else [math.nan] * 4
    )
    beta, error, spread = np.ldexp([theta, se, math.sqrt(variance)], [exponent, exponent, exponent_y]).tolist()
    if not (math.isfinite(beta) and 0.0 < error < math.inf):
        words = NO_PEAK if usable and math.isfinite(beta) and not math.isfinite(se) else ""
        return labelled(failed("mrmix", Status.NOT_FINITE, n_variants=n, message=words, level=level), inst)
    fit = BatchFit(
        "mrmix", np.array([beta]), np.array([error]), None, np.array([n]), np.zeros(1, dtype=np.int8), (), level
    ).estimates()[0]
    message = _message(data, theta, share, variance, grid, exponent)
    tests = (plain("valid_share", share), plain("invalid_sd", spread), *strength_tests(inst))
    return labelled(replace(fit, diagnostics=tests, message=message), inst)


@estimator(
    name="mrmix",
    label="MRMix",
    doi="10.1038/s41467-019-09432-2",
    assumptions=(
        "every variant is associated with the exposure",
        "of all groups of variants with one and the same ratio, the largest acts on the outcome through the exposure "
        "only (plurality)",
        "residuals of the other variants are normally distributed about zero with one variance",
        "variants are mutually uncorrelated",
        "exposure and outcome studies have no person in common",
    ),
    min_variants=MIN_VARIANTS,
    max_variants=MAX_VARIANTS,
)
def mrmix(inst: Instruments, *, grid: Grid = "data", level: float = 0.95) -> Estimate:
    r"""Estimate the effect at which the largest share of variants is valid.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, 3 to 10,000 variants; 50 or more are needed for the large-sample error to hold.
    grid : {"data", "mrmix"}
        ``data`` searches the range of the ratios and refines the best places. ``mrmix`` is the grid of the package,
        from -1 to 1 in steps of 0.01, with its bounds for the variance, in whatever unit the effects have: for
        checking it.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        With ``valid_share`` (:math:`\pi_0`), ``invalid_sd`` (:math:`\sigma`, in outcome units), ``mean_f`` and
        ``min_f``. The message says if the estimate lies at the end of the range that is searched, with its ends, if the
        mixture has one part only or parts that are hardly told apart, and if there are fewer than 50 variants.

    Raises
    ------
    EstimationError
        Fewer than three or more than 10,000 variants, exposure effects all zero, or a share without a peak.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    At every :math:`\theta` the residuals :math:`\hat\Gamma_j - \theta\hat\gamma_j` are fitted by

    .. math:: \pi_0 N(0, \sigma_{Yj}^2 + \theta^2\sigma_{Xj}^2) + (1 - \pi_0) N(0, \sigma^2),

    and the estimate has the highest :math:`\hat\pi_0`. Its standard error is that of the delta method
    (:func:`osteobiome.stats.mrmix.effect_error`). Invalid variants scatter with at least twice the median sampling
    variance, as else both components could change their parts. Where :math:`\hat\pi_0` reaches its bound of 0.9999,
    every variant is valid: then effect and error are those of ``maximum_likelihood`` with fixed effects, which
    maximises :math:`-\frac12\sum_j (\hat\Gamma_j - \theta\hat\gamma_j)^2 / (\sigma_{Yj}^2 + \theta^2\sigma_{Xj}^2)`.

    MRMix 0.1 looks at effects from -1 to 1 only and has a largest variance of 0.01, both for effects standardised to
    variance 1; for other units it prints the best of a range that holds no good effect, without a warning (LDL
    cholesterol on coronary disease: -0.58 with 12 % valid, where the ratios lie about 2.8). :math:`\hat\pi_0` can
    have several peaks of one height, which the standard error does not show. With a few variants the error is far off,
    and the share may be highest at the end of the range; the message then says so. The range is that of the ratios of
    strong variants, with two standard errors to either side (:func:`osteobiome.stats.mrmix.grid_of`).

    References
    ----------
    Qi & Chatterjee 2019, doi:10.1038/s41467-019-09432-2

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> x = [0.1, 0.2, 0.3, 0.2, 0.25, 0.15]
    >>> y = [0.05, 0.11, 0.14, 0.5, -0.3, 0.08]
    >>> result = mrmix(Instruments.from_arrays(x, [0.01] * 6, y, [0.02] * 6))
    >>> print(result)
    mrmix: 0.4981 (se 0.0514, 6 variants)
    >>> round(result.diagnostic("valid_share").statistic, 4)
    0.6473
    """
    check_option("grid", grid, ("data", "mrmix"))
    check_level(level)
    return _estimate(inst, grid, level).raise_if_failed()
