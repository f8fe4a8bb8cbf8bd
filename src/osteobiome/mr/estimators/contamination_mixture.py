"""Contamination mixture method, maximised exactly (Burgess et al. 2020, doi:10.1038/s41467-019-14156-4)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.core.estimate import Estimate, Status, failed
from osteobiome.mr.fit import beyond_range_is_a_status, check_level, check_option
from osteobiome.mr.naming import called_invalid
from osteobiome.mr.registry import estimator
from osteobiome.mr.scaled import Scaled, labelled, obstacle, plain, strength_tests
from osteobiome.stats.contamination import gain, highest, level_set, reach
from osteobiome.stats.tails import neg_log10_p_chi2, normal_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.instruments import Instruments

MIN_VARIANTS = 3
SPREAD = 1.5
"""Standard deviation of invalid ratios in units of the standard deviation of all ratios: the method's own default."""
NO_SPREAD = 1e-12
"""Standard deviation of the ratios, as share of the largest, below which they are one and the same."""

Overdispersed = Literal["divided", "multiplied"]


@dataclass(frozen=True, slots=True)
class _Fit:
    """Numbers of a fit in the scaled unit; ``ratio`` is 2 (g(max) - g(0)), before overdispersion."""

    theta: float
    se: float
    psi: float
    phi2: float
    ratio: float
    valid: NDArray[np.bool_]
    intervals: tuple[tuple[float, float], ...]


def _spread(ratio: NDArray[np.float64], se: NDArray[np.float64]) -> float:
    """Return the default of psi; of ratios that do not differ, from what their errors would make them differ by."""
    sd = float(np.std(ratio, ddof=1))
    if sd <= NO_SPREAD * float(np.abs(ratio).max()):
        sd = float(np.median(se))
    return SPREAD * sd


def _fit(ratio: NDArray[np.float64], se: NDArray[np.float64], psi: float, level: float) -> _Fit:
    """Maximise the profile and cut it at the level."""
    weight = 1.0 / np.square(se)
    distance = reach(ratio, se, psi)
    nothing = _Fit(math.nan, math.nan, psi, math.nan, math.nan, np.zeros(ratio.size, dtype=bool), ())
    if not (np.isfinite(distance).all() and np.isfinite(weight).all()):
        return nothing
    theta, value = highest(ratio, weight, distance)
    valid = np.abs(ratio - theta) < distance
    n_valid = int(valid.sum())
    if n_valid == 0:
        return nothing
    q = float(np.sum(weight[valid] * np.square(ratio[valid] - theta)))
    phi2 = max(1.0, q / (n_valid - 1)) if n_valid > 1 else 1.0
    cut = value - 0.5 * normal_quantile(level) ** 2 * phi2
    ratio_statistic = max(0.0, 2.0 * (value - gain(0.0, ratio, weight, distance)[0]))
    se_theta = math.sqrt(phi2 / float(weight[valid].sum()))
    intervals = tuple(level_set(ratio, weight, distance, level=cut))
    return _Fit(theta, se_theta, psi, phi2, ratio_statistic, valid, intervals)


@beyond_range_is_a_status
def _estimate(inst: Instruments, psi: float | None, level: float, in_p: Overdispersed) -> Estimate:
    method = "contamination_mixture"
    failure = obstacle(inst, method=method, min_variants=MIN_VARIANTS, level=level)
    if failure is not None:
        return failure
    used = inst.beta_exposure != 0.0
    n = int(used.sum())
    lost = inst.n_variants - n
    words = f"{lost} of {inst.n_variants} variants have an exposure effect of 0, hence no ratio: left out."
    message = words if lost else ""
    if n < MIN_VARIANTS:
        message = f"{Status.TOO_FEW_INSTRUMENTS.message} {message}"
        return labelled(failed(method, Status.TOO_FEW_INSTRUMENTS, n_variants=n, message=message, level=level), inst)
    pair = inst.subset(used) if lost else inst
    data = Scaled.of(pair)
    ratio, se = data.y / data.x, data.se_y / data.x
    fit = _fit(ratio, se, _spread(ratio, se) if psi is None else math.ldexp(psi, -data.exponent), level)
    theta, se_theta, psi_used = np.ldexp([fit.theta, fit.se, fit.psi], data.exponent).tolist()
    if not (math.isfinite(theta) and 0.0 < se_theta < math.inf and fit.intervals):
        return labelled(failed(method, Status.NOT_FINITE, n_variants=n, level=level), inst)
    ends = np.ldexp(np.array(fit.intervals), data.exponent)
    invalid = used.copy()
    invalid[np.flatnonzero(used)[data.order]] = ~fit.valid
    message = " ".join(filter(None, (message, called_invalid(inst, invalid))))
    statistic = fit.ratio / fit.phi2 if in_p == "divided" else fit.ratio * fit.phi2
    result = Estimate(
        method,
        beta=theta,
        se=se_theta,
        level=level,
        ci_low=float(ends.min()),
        ci_high=float(ends.max()),
        ci_set=tuple((float(low), float(high)) for low, high in ends),
        neg_log_10_p_value=float(neg_log10_p_chi2(statistic, 1.0)),
        n_variants=n,
        message=message,
        diagnostics=(
            plain("n_valid", int(fit.valid.sum())),
            plain("psi", psi_used),
            plain("overdispersion", math.sqrt(fit.phi2)),
            plain("n_intervals", len(ends)),
            *strength_tests(pair),
        ),
    )
    return labelled(result, inst)


@estimator(
    name="contamination_mixture",
    label="Contamination mixture",
    doi="10.1038/s41467-019-14156-4",
    assumptions=(
        "every variant is associated with the exposure",
        "of all groups of variants with one and the same ratio, the largest acts on the outcome through the exposure "
        "only (plurality)",
        "ratios of invalid variants are normally distributed about zero",
        "exposure effects are measured without error",
        "variants are mutually uncorrelated",
    ),
    min_variants=MIN_VARIANTS,
)
def contamination_mixture(
    inst: Instruments,
    *,
    psi: float | None = None,
    overdispersion_in_p: Overdispersed = "divided",
    level: float = 0.95,
) -> Estimate:
    r"""Estimate the effect at which most variants are better explained as valid than as invalid.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 3. Variants whose exposure effect is 0 have no ratio and are left out.
    psi : float or None
        Standard deviation of the ratios of invalid variants, in outcome units per exposure unit; None is 1.5 times the
        standard deviation of all ratios, as in MendelianRandomization. If the ratios are all equal it is 1.5 times the
        median of their standard errors.
    overdispersion_in_p : {"divided", "multiplied"}
        How :math:`\phi^2` enters the p value. ``divided`` agrees with the interval. MendelianRandomization 0.10
        multiplies, so that its p value falls where its interval widens; ``multiplied`` is there to check it.
    level : float
        Coverage of the confidence set, between 0 and 1.

    Returns
    -------
    Estimate
        ``ci_set`` may hold several intervals, or the whole line if no effect can be told from another; ``ci_low`` and
        ``ci_high`` are its outermost ends. With ``n_valid``, ``psi``, ``overdispersion`` (:math:`\phi`),
        ``n_intervals``, ``mean_f`` and ``min_f``; the message names the variants called invalid, the first five of
        many. The p value is that of the likelihood ratio; the standard error is the curvature at the maximum, and
        describes one peak only: the interval is not the estimate give or take 1.96 of it.

    Raises
    ------
    EstimationError
        Fewer than three variants with a ratio.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    Variant j is either valid, :math:`r_j \sim N(\theta, s_j^2)`, or not, :math:`r_j \sim N(0, \psi^2 + s_j^2)`, with
    :math:`r_j = \hat\Gamma_j/\hat\gamma_j` and :math:`s_j = \sigma_{Yj}/|\hat\gamma_j|`. For every :math:`\theta` it
    takes the likelier of both, and the estimate maximises the sum :math:`\ell(\theta)` of their logarithms. This
    profile is a parabola between 2 n known points, so its highest point is found by one sort
    (:mod:`osteobiome.stats.contamination`). The confidence set is

    .. math:: \{\theta : 2\ell(\hat\theta) - 2\ell(\theta) \le \chi^2_{1} \phi^2\}, \quad
              \phi^2 = \max(1, Q_\mathrm{valid} / (n_\mathrm{valid} - 1)).

    MendelianRandomization's ``mr_conmix`` evaluates the profile on a grid of step 0.01 over the range of the ratios:
    its estimate and ends lie within one step of ours, its likelihood is never higher, and in units where 0.01 is a
    large effect it misses the peak. The default of psi depends on outliers: one variant with a tiny exposure effect
    makes it huge, and the larger psi, the further from its ratio a variant still counts as valid. It fails when
    invalid variants agree with each other more than the valid ones do.

    The method answers which effect most variants share, and interval and p take the variants called valid for known.
    Under balanced pleiotropy, where every variant has a direct effect of its own, there is no such group: the variants
    near the highest point are called valid because they agree, their agreement passes for precision, and invalid ratios
    about zero are set aside, which moves the estimate away from 0. With 20 variants and direct effects of about one
    standard error, 70.5 % of the 95 % intervals held the effect of 0.3, and the mean estimate was 0.370; with ``ivw``
    89 %, and 0.296 (simulated: ``docs/methods/calibration.md``). Believe it only where ``n_valid`` is most of the
    variants, and next to a method whose error grows with the scatter, such as ``ivw``.

    References
    ----------
    Burgess et al. 2020, doi:10.1038/s41467-019-14156-4

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.2], [0.01] * 4, [0.05, 0.11, 0.14, 0.4], [0.02] * 4)
    >>> result = contamination_mixture(pair)
    >>> print(result)
    contamination_mixture: 0.4929 (se 0.0535, 4 variants)
    >>> result.diagnostic("n_valid").statistic
    3.0
    """
    check_option("overdispersion_in_p", overdispersion_in_p, ("divided", "multiplied"))
    check_level(level)
    if psi is not None and not 0.0 < psi < math.inf:
        raise SchemaError(Fault("bad_option", "option psi", f"value {psi}", "a finite number above 0, or None"))
    return _estimate(inst, psi, level, overdispersion_in_p).raise_if_failed()
