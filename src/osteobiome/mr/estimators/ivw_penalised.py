"""Inverse-variance weighted, penalised (Rees et al. 2019, doi:10.1371/journal.pone.0222362)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.core.estimate import Estimate
from osteobiome.mr.fit import Model, beyond_range_is_a_status, check_level, check_option
from osteobiome.mr.lines import MODELS, as_estimate, least_squares, outcome_of, penalised_from_median, too_far
from osteobiome.mr.registry import estimator
from osteobiome.mr.scaled import Scaled, obstacle

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments

METHOD = "ivw_penalised"
MIN_VARIANTS = 2


@beyond_range_is_a_status
def _estimate(inst: Instruments, model: Model, level: float) -> Estimate:
    failure = obstacle(inst, method=METHOD, min_variants=MIN_VARIANTS, level=level)
    if failure is not None:
        return failure
    data = Scaled.of(inst)
    outcome = outcome_of(data, inst, intercept=False)
    weights = penalised_from_median(data, outcome)
    if weights is None:
        return too_far(inst, method=METHOD, level=level)
    line = least_squares(data, outcome, weights, intercept=False, model=model)
    return as_estimate(inst, data, line, method=METHOD, level=level)


@estimator(
    name=METHOD,
    label="Inverse-variance weighted, penalised",
    short="IVW penalised",
    doi="10.1371/journal.pone.0222362",
    assumptions=(
        "every variant is associated with the exposure",
        "no variant shares a cause with the outcome",
        "direct effects of the variants that keep their weight average to zero",
        "exposure effects are measured without error",
        "variants are mutually uncorrelated",
    ),
    min_variants=MIN_VARIANTS,
)
def ivw_penalised(inst: Instruments, *, model: Model = "multiplicative", level: float = 0.95) -> Estimate:
    r"""Estimate by IVW after variants far from the median ratio have lost their weight.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 2.
    model : {"multiplicative", "multiplicative_unfloored", "fixed"}
        ``multiplicative`` multiplies standard errors by the scatter of residuals where that is above 1,
        ``fixed`` never, ``multiplicative_unfloored`` always.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        With ``residual_standard_error`` (scatter of the residuals in standard errors, without the floor),
        ``n_full_weight`` (variants that keep more than half of their weight), ``mean_f`` and ``min_f``.

    Raises
    ------
    EstimationError
        No variant near the line, too few variants, exposure effects all zero.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    The weight :math:`1/\sigma_{Yj}^2` of a variant is multiplied by :math:`\min(1, 100\,p_j)`, where :math:`p_j` is
    that of its squared distance from :math:`\tilde\theta\hat\gamma_j`, :math:`\tilde\theta` the median of the ratios,
    in standard errors, as chi-squared with one degree of freedom. Less scatter than sampling error explains is no
    precision. It fails when most variants are invalid and agree, and its error does not know that the data chose the
    weights.

    References
    ----------
    Rees et al. 2019, doi:10.1371/journal.pone.0222362 (robust and penalised regression of genetic associations)

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> on_outcome = [0.05, 0.11, 0.14, 0.4, 0.13]
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.2, 0.25], [0.01] * 5, on_outcome, [0.02] * 5)
    >>> print(ivw_penalised(pair))
    ivw_penalised: 0.5012 (se 0.0444, 5 variants)
    """
    check_level(level)
    check_option("model", model, MODELS)
    return _estimate(inst, model, level).raise_if_failed()
