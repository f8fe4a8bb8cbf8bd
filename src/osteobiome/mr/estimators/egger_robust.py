"""MR-Egger, robust (Rees et al. 2019, doi:10.1371/journal.pone.0222362)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.core.estimate import Estimate
from osteobiome.mr.fit import Model, beyond_range_is_a_status, check_level, check_option
from osteobiome.mr.lines import MODELS, as_estimate, outcome_of, robust
from osteobiome.mr.registry import estimator
from osteobiome.mr.scaled import Scaled, obstacle

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments

METHOD = "egger_robust"
MIN_VARIANTS = 4


@beyond_range_is_a_status
def _estimate(inst: Instruments, model: Model, level: float) -> Estimate:
    failure = obstacle(inst, method=METHOD, min_variants=MIN_VARIANTS, level=level)
    if failure is not None:
        return failure
    data = Scaled.of(inst)
    outcome = outcome_of(data, inst, intercept=True)
    weights = np.ones_like(data.x)
    line = robust(data, outcome, weights, intercept=True, model=model)
    return as_estimate(inst, data, line, method=METHOD, level=level)


@estimator(
    name=METHOD,
    label="MR-Egger, robust",
    short="Egger robust",
    doi="10.1371/journal.pone.0222362",
    assumptions=(
        "every variant is associated with the exposure",
        "no variant shares a cause with the outcome",
        "direct effects of the variants that keep their weight are independent of instrument strength (InSIDE)",
        "exposure effects are measured without error",
        "variants are mutually uncorrelated",
    ),
    min_variants=MIN_VARIANTS,
)
def egger_robust(inst: Instruments, *, model: Model = "multiplicative", level: float = 0.95) -> Estimate:
    r"""Estimate by a robust line with an intercept, which outliers do not move.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 4.
    model : {"multiplicative", "multiplicative_unfloored", "fixed"}
        ``multiplicative_unfloored`` is the error of MM regression, divided by its scale where that is below 1, as
        MendelianRandomization has it; ``multiplicative`` the same, but at least that of fixed effects for the variants
        that keep their weight; ``fixed`` is divided by the scale always.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        With ``egger_intercept``, ``residual_standard_error`` (scatter of the residuals in standard errors, without the
        floor), ``n_full_weight`` (variants that keep more than half of their weight), ``mean_f`` and ``min_f``.

    Raises
    ------
    EstimationError
        Too few variants, exposure effects all zero, or all alike.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    MM estimation (:func:`~osteobiome.stats.mm_regression.mm_regression`): the scale withstands outliers of up to half
    of the variants, the line has 95 % efficiency if there are none. MendelianRandomization calls ``lmrob``, which
    searches from random subsets and stops at 1e-7; here the search is exhaustive for up to 500 subsets, and its scale
    is never larger. Without the floor the standard error is often below what sampling errors make it: in 179 of 300
    simulated pairs of ten valid variants, whose intervals then cover 90 %, and 97 % with it. It fails when most
    variants are invalid and agree, and with few variants: the errors of robust regression are asymptotic.

    References
    ----------
    Rees et al. 2019, doi:10.1371/journal.pone.0222362 (robust and penalised regression of genetic
    associations); MM: Yohai 1987, doi:10.1214/aos/1176350366

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> on_outcome = [0.05, 0.11, 0.14, 0.4, 0.13]
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.2, 0.25], [0.01] * 5, on_outcome, [0.02] * 5)
    >>> print(egger_robust(pair))
    egger_robust: 0.4631 (se 0.136, 5 variants)
    """
    check_level(level)
    check_option("model", model, MODELS)
    return _estimate(inst, model, level).raise_if_failed()
