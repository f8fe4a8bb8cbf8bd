"""Constrained maximum likelihood, best model (Xue et al. 2021, doi:10.1016/j.ajhg.2021.05.014)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.core.estimate import Estimate
from osteobiome.mr.constrained import ASSUMPTIONS, MAX_VARIANTS, MIN_VARIANTS, Search, check_cml, fit_cml
from osteobiome.mr.registry import estimator

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments


@estimator(
    name="cml_bic",
    label="Constrained maximum likelihood, model with the lowest BIC",
    short="cML-BIC",
    doi="10.1016/j.ajhg.2021.05.014",
    assumptions=ASSUMPTIONS,
    min_variants=MIN_VARIANTS,
    max_variants=MAX_VARIANTS,
)
def cml_bic(inst: Instruments, *, n: float | None = None, search: Search = "global", level: float = 0.95) -> Estimate:
    r"""Estimate the effect from the variants that the model with the lowest BIC calls valid.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, 3 to 5,000 variants. Effects on the exposure may be 0.
    n : float or None
        Sample size for the criterion; None takes the smallest behind any association of the pair. If none is known
        either, the status is ``missing_sample_size``.
    search : {"global", "descent"}
        ``global`` finds the highest likelihood of all effects; ``descent`` is MRcML without random starts, as in
        :func:`osteobiome.mr.estimators.cml_ma_bic.cml_ma_bic`.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        With ``n_invalid``, ``bic``, ``sample_size``, ``search_gap`` (by how much an effect that was not looked at could
        lower the criterion at most), ``mean_f`` and ``min_f``. The message says where the sample size comes from, and
        names the variants called invalid, the first five of many; all of them:
        :func:`osteobiome.mr.constrained.invalid_variants`.

    Raises
    ------
    EstimationError
        Fewer than three or more than 5,000 variants, exposure effects all zero, no sample size or one that is no
        number of people, an infinite effect that the likelihood does not exclude (``too_weak_instruments``), or a
        descent that ended at no minimum (``not_converged``).
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    The model is that of :func:`osteobiome.mr.estimators.cml_ma_bic.cml_ma_bic`: :math:`\hat\theta_K` with the K that
    has the lowest :math:`\mathrm{BIC}_K = Q_K + K\log n`, and the standard error :math:`\sqrt{2/Q_K''}` of maximum
    likelihood from the variants left, which ignores that they were chosen by looking at the data. Prefer the model
    average. It fails when invalid variants agree with each other better than the valid ones. Under balanced
    pleiotropy, where every variant has a direct effect, the variants left are those that happen to agree: with 20
    variants and direct effects of about one standard error, 73.5 % of the 95 % intervals held the effect, of the model
    average 77.7 %, with ``ivw`` 89 % (simulated: ``docs/methods/calibration.md``). There is no estimate if the
    criterion at an infinite effect is higher by less than 3.84, the 5 % point of :math:`\chi^2_1`: then a group of as
    many variants fits an infinite effect nearly as well, and no effect is too large for the data.

    References
    ----------
    Xue et al. 2021, doi:10.1016/j.ajhg.2021.05.014

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.2], [0.01] * 4, [0.05, 0.11, 0.14, 0.4], [0.02] * 4)
    >>> print(cml_bic(pair, n=10_000))
    cml_bic: 0.493 (se 0.0551, 4 variants)
    """
    check_cml(n=n, search=search, level=level)
    return fit_cml(inst, method="cml_bic", average=False, n=n, search=search, level=level).raise_if_failed()
