"""Influence of single variants on a fit (Cook 1977, doi:10.1080/00401706.1977.10489493)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from osteobiome.core.errors import EstimationError
from osteobiome.mr.checks.table_rows import TableRows, values_or_none
from osteobiome.mr.fit import beyond_range_is_a_status, check_option
from osteobiome.mr.naming import variant_names
from osteobiome.mr.registry import ESTIMATORS
from osteobiome.stats.influence import Deletions, gls_deletions, wls_deletions
from osteobiome.stats.tails import neg_log10_p_chi2

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments

ALPHA = 0.05
"""Level of the outlier call, shared among the variants (Bonferroni)."""
MIN_VARIANTS = {"ivw": 2, "egger": 3}


def influence(inst: Instruments, *, method: Literal["ivw", "egger"] = "ivw", family: str = "") -> TableRows:
    r"""Return how much each variant moves the fit, and how far it lies off.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair. With ``ld_r`` the fit is that with the LD matrix.
    method : {"ivw", "egger"}
        Regression through the origin or with intercept, weights :math:`1/\sigma_{Yj}^2`.
    family : str
        Value of that column.

    Returns
    -------
    TableRows
        Schema ``influence``; ``method`` is ``ivw_ld`` or ``egger_ld`` with an LD matrix. No rows and a message if there
        is no fit. Values that do not exist are None: the studentised residual needs one variant more than the fit
        itself, and a variant that alone decides a parameter has neither residual nor Cook's distance.

    Raises
    ------
    SchemaError
        The method does not exist.

    Notes
    -----
    Without LD: leverage is the diagonal of the hat matrix, ``q_contribution`` the variant's term of Cochran's or
    Rücker's Q, the studentised residual R's ``rstudent`` and Cook's distance R's ``cooks.distance`` of the weighted
    ``lm``. With LD there is more than one way to generalise these; here each is what deleting the variant, with its row
    and column of the LD matrix, does to the fit: leverage is the share of the variant's own information that the fit
    uses up, ``q_contribution`` the squared residual given the residuals of the correlated neighbours (these do not add
    up to Q), the studentised residual and Cook's distance those of the refit. Without correlation they are the same.

    ``is_outlier``: p of ``q_contribution`` (chi-squared, one degree of freedom) below 0.05 / n. The fit has been pulled
    towards the outlier, so few are found among few variants.

    References
    ----------
    Cook 1977, doi:10.1080/00401706.1977.10489493; correlated responses: Baade 2018, doi:10.48550/arXiv.1809.01319;
    Q contributions: Bowden et al. 2018, doi:10.1093/ije/dyy101

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3], [0.01] * 3, [0.05, 0.1, 0.45], [0.02] * 3)
    >>> [round(row["cooks_distance"], 3) for row in influence(pair).rows()]
    [0.021, 0.576, 3.6]
    """
    check_option("method", method, tuple(MIN_VARIANTS))
    name = method if inst.ld_r is None else f"{method}_ld"
    if inst.n_variants < MIN_VARIANTS[method]:
        message = f"Not estimable: influence needs {MIN_VARIANTS[method]} variants, there are {inst.n_variants}."
        return TableRows("influence", message=message)
    try:
        # the estimator knows why there may be no fit: no effect on the exposure, no spread, a singular LD matrix
        ESTIMATORS[name].function(inst)
    except EstimationError as error:
        return TableRows("influence", message=error.faults[0].found)
    fit = _fit(inst, method)
    n = inst.n_variants
    p = neg_log10_p_chi2(fit.q_contribution, 1.0)
    columns: dict[str, list[object]] = {
        "family": [family] * n,
        "exposure": [inst.exposure] * n,
        "outcome": [inst.outcome] * n,
        "method": [name] * n,
        "rsid": [*variant_names(inst.rsid, n)],
        "leverage": [*fit.leverage.tolist()],
        "q_contribution": [*fit.q_contribution.tolist()],
        "neg_log_10_p_value": [*p.tolist()],
        "studentised_residual": [*values_or_none(fit.studentised_residual)],
        "cooks_distance": [*values_or_none(fit.cooks_distance)],
        "is_outlier": [*(p > -np.log10(ALPHA / n)).tolist()],
    }
    return TableRows("influence", columns)


@beyond_range_is_a_status
def _fit(inst: Instruments, method: str) -> Deletions:
    """Return the deletion diagnostics of a pair that has a fit."""
    # MR-Egger turns every variant to a positive exposure effect; correlations turn with it
    turned = np.where((method == "egger") & (inst.beta_exposure < 0.0), -1.0, 1.0)
    x, y = inst.beta_exposure * turned, inst.beta_outcome * turned
    design = x[:, np.newaxis] if method == "ivw" else np.column_stack([np.ones_like(x), x])
    if inst.ld_r is None:
        return wls_deletions(design, y, 1.0 / np.square(inst.se_outcome))
    signed_se = inst.se_outcome * turned
    return gls_deletions(design, y, inst.ld_r * np.outer(signed_se, signed_se))
