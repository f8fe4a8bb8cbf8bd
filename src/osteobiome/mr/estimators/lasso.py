"""MR-Lasso (Rees et al. 2019, doi:10.1371/journal.pone.0222362)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.mr.fit import BatchFit, Reference, beyond_range_is_a_status, check_level, check_option, heterogeneity
from osteobiome.mr.naming import called_invalid
from osteobiome.mr.registry import estimator
from osteobiome.mr.scaled import Scaled, labelled, obstacle, plain, strength_tests
from osteobiome.stats.lasso import choice_of, limits, path, penalties_of, scales, stop_of
from osteobiome.stats.tails import normal_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments

MIN_VARIANTS = 3


@beyond_range_is_a_status
def _estimate(
    inst: Instruments, penalty: float | None, heterogeneity_level: float, distribution: Reference, level: float
) -> Estimate:
    failure = obstacle(inst, method="lasso", min_variants=MIN_VARIANTS, level=level)
    if failure is not None:
        return failure
    data = Scaled.of(inst)
    chosen, row = _chosen(data, penalty, heterogeneity_level)
    theta, _, n_valid, slope, q = row
    valid = _valid(data, chosen, theta)
    square = float(np.sum(np.square((data.x / data.se_y)[valid])))
    n = inst.n_variants
    if n_valid < 2.0:
        words = f"{Status.NO_VALID_VARIANT.message} Valid: {int(n_valid)} of {n}."
        return labelled(failed("lasso", Status.NO_VALID_VARIANT, n_variants=n, message=words, level=level), inst)
    df = n_valid - 1.0
    se = math.sqrt(max(1.0, q / df) / square) if square > 0.0 else math.nan
    beta, error, direct = np.ldexp([slope, se, theta], data.exponent).tolist()
    if not (math.isfinite(beta) and 0.0 < error < math.inf and math.isfinite(q)):
        return labelled(failed("lasso", Status.NOT_FINITE, n_variants=n, level=level), inst)
    fit = BatchFit(
        "lasso",
        np.array([beta]),
        np.array([error]),
        np.array([df]) if distribution == "t" else None,
        np.array([n]),
        np.zeros(1, dtype=np.int8),
        heterogeneity("cochran_q", np.array([q]), np.array([df])),
        level,
    ).estimates()[0]
    tests = (plain("n_valid", n_valid), plain("penalty", chosen), plain("penalised_estimate", direct))
    invalid = np.empty(n, dtype=bool)
    invalid[data.order] = ~valid
    words = called_invalid(inst, invalid)
    return labelled(replace(fit, diagnostics=(*fit.diagnostics, *tests, *strength_tests(inst)), message=words), inst)


def _chosen(
    data: Scaled, penalty: float | None, heterogeneity_level: float
) -> tuple[float, tuple[float, float, float, float, float]]:
    """Return the penalty and its row of the path; a penalty of infinity if the variants agree to the last digit."""
    u, z = data.x / data.se_y, data.y / data.se_y
    scale = scales(u)
    grid = penalties_of(u, z, scale) if penalty is None else np.array([penalty])
    if grid.size == 0:
        return math.inf, _row(path(u, z, np.ones(u.size), np.array([math.inf]))[0])
    fits = path(u, z, scale, grid)
    if penalty is not None:
        return penalty, _row(fits[0])
    fits = fits[: stop_of(fits, u, z)]
    k = choice_of(fits, normal_quantile(1.0 - heterogeneity_level) ** 2)
    return float(grid[k]), _row(fits[k])


def _row(values: NDArray[np.float64]) -> tuple[float, float, float, float, float]:
    """Return a row of the path as plain numbers."""
    theta, unexplained, count, slope, q = values.tolist()
    return theta, unexplained, count, slope, q


def _valid(data: Scaled, penalty: float, theta: float) -> NDArray[np.bool_]:
    """Return which variants have no direct effect, in canonical order."""
    u, z = data.x / data.se_y, data.y / data.se_y
    valid: NDArray[np.bool_] = np.abs(z - theta * u) <= limits(penalty, scales(u))
    return valid


def lasso_valid(
    inst: Instruments, *, penalty: float | None = None, heterogeneity_level: float = 0.05
) -> NDArray[np.bool_]:
    """Return which variants MR-Lasso calls valid, shape (n_variants,).

    Parameters
    ----------
    inst : Instruments
        Harmonised pair with at least one effect on the exposure.
    penalty, heterogeneity_level
        As in :func:`lasso`.

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.2], [0.01] * 4, [0.05, 0.11, 0.14, 0.4], [0.02] * 4)
    >>> lasso_valid(pair).tolist()
    [True, True, True, False]
    """
    data = Scaled.of(inst)
    chosen, (theta, *_) = _chosen(data, penalty, heterogeneity_level)
    result = np.empty(inst.n_variants, dtype=bool)
    result[data.order] = _valid(data, chosen, theta)
    return result


@estimator(
    name="lasso",
    label="MR-Lasso",
    doi="10.1371/journal.pone.0222362",
    assumptions=(
        "every variant is associated with the exposure",
        "most variants act on the outcome through the exposure only; the others do so by large direct effects",
        "exposure effects are measured without error",
        "variants are mutually uncorrelated",
    ),
    min_variants=MIN_VARIANTS,
)
def lasso(
    inst: Instruments,
    *,
    penalty: float | None = None,
    heterogeneity_level: float = 0.05,
    distribution: Reference = "normal",
    level: float = 0.95,
) -> Estimate:
    r"""Estimate by IVW from the variants to which a lasso gives no direct effect.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 3. Effects on the exposure may be 0.
    penalty : float or None
        :math:`\lambda` of the Notes, without unit; None leaves the choice to the rule of heterogeneity.
    heterogeneity_level : float
        Level of the rule, between 0 and 1.
    distribution : {"normal", "t"}
        Reference distribution of interval and p value; t has one degree of freedom less than there are valid variants.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        With ``cochran_q`` and ``i2`` of the valid variants, ``n_valid``, ``penalty``, ``penalised_estimate`` (of the
        lasso itself), ``mean_f`` and ``min_f``. The message names the variants called invalid, the first five of many;
        all of them: :func:`lasso_valid`.

    Raises
    ------
    EstimationError
        Fewer than three variants, exposure effects all zero, or fewer than two valid variants (``no_valid_variant``).
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    .. math:: \min_{\theta, a} \frac{1}{2n} \sum_j \frac{(\hat\Gamma_j - \theta\hat\gamma_j - a_j)^2}{\sigma_{Yj}^2}
              + \lambda \sum_j c_j |a_j|

    with :math:`c_j` the standard deviation of the column of :math:`a_j` once :math:`\theta` is projected out, as glmnet
    standardises. It is solved exactly for each of 100 penalties (:mod:`osteobiome.stats.lasso`). Going up from the
    smallest, the rule takes the last before the residual standard error of the variants with :math:`a_j = 0` passes 1
    and jumps by more than the :math:`\chi^2_1` quantile over their number. From these variants an IVW estimate with
    multiplicative random effects is taken.

    MendelianRandomization's ``mr_lasso`` has the same penalties (100, to a ten-thousandth of the largest, ended early
    as glmnet does), rule and estimate. It builds matrices of n by n, and a regression on no variant stops it where a
    penalty leaves none valid; such penalties are passed over here.
    The standard error takes the choice of variants as known. It fails when most variants are pleiotropic or direct
    effects are small. Under balanced pleiotropy, where every variant has a direct effect, those with the largest ones
    are left out and the scatter of the others is too small: intervals are too short. With 20 variants and direct
    effects of about one standard error, 79 % of the 95 % intervals held the effect, with ``ivw``, whose error grows
    with the scatter of all variants, 89 % (simulated: ``docs/methods/calibration.md``).

    References
    ----------
    Rees et al. 2019, doi:10.1371/journal.pone.0222362; path of penalties: Friedman et al. 2010,
    doi:10.18637/jss.v033.i01

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.2], [0.01] * 4, [0.05, 0.11, 0.14, 0.4], [0.02] * 4)
    >>> result = lasso(pair)
    >>> print(result)
    lasso: 0.4929 (se 0.0535, 4 variants)
    >>> result.diagnostic("n_valid").statistic
    3.0
    """
    check_option("distribution", distribution, ("normal", "t"))
    check_level(level)
    if not 0.0 < heterogeneity_level < 1.0:
        found = f"value {heterogeneity_level}"
        raise SchemaError(Fault("bad_option", "option heterogeneity_level", found, "a share between 0 and 1"))
    if penalty is not None and not 0.0 < penalty < math.inf:
        raise SchemaError(Fault("bad_option", "option penalty", f"value {penalty}", "a finite number above 0, or None"))
    return _estimate(inst, penalty, heterogeneity_level, distribution, level).raise_if_failed()
