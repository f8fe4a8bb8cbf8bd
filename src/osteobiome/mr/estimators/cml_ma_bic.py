"""Constrained maximum likelihood, models averaged (Xue et al. 2021, doi:10.1016/j.ajhg.2021.05.014)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.core.estimate import Estimate
from osteobiome.mr.constrained import ASSUMPTIONS, MAX_VARIANTS, MIN_VARIANTS, Search, check_cml, fit_cml
from osteobiome.mr.registry import estimator

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments


@estimator(
    name="cml_ma_bic",
    label="Constrained maximum likelihood, BIC model average",
    short="cML-MA-BIC",
    doi="10.1016/j.ajhg.2021.05.014",
    assumptions=ASSUMPTIONS,
    min_variants=MIN_VARIANTS,
    max_variants=MAX_VARIANTS,
)
def cml_ma_bic(
    inst: Instruments, *, n: float | None = None, search: Search = "global", level: float = 0.95
) -> Estimate:
    r"""Estimate the effect with any number of invalid variants, averaged over that number.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, 3 to 5,000 variants. Effects on the exposure may be 0.
    n : float or None
        Sample size for the criterion; None takes the smallest behind any association of the pair, as the authors
        advise. If none is known either, the status is ``missing_sample_size``.
    search : {"global", "descent"}
        ``global`` finds the highest likelihood of all effects. ``descent`` is what MRcML and MendelianRandomization's
        ``mr_cML`` do without random starts: it begins at an effect of 0 and takes the first optimum.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        With ``n_invalid`` (of the best model), ``bic`` (lowest), ``sample_size``, ``search_gap`` (by how much an effect
        that was not looked at could lower the criterion at most), ``mean_f`` and ``min_f``. The message says where the
        sample size comes from, and names the variants that the best model calls invalid, the first five of many.

    Raises
    ------
    EstimationError
        Fewer than three or more than 5,000 variants, exposure effects all zero, no sample size or one that is no
        number of people, or more than 5 % of the weight on models whose likelihood does not exclude an infinite effect
        (``too_weak_instruments``); up to 5 % are left out, and the message says so. Or a descent that ended at no
        minimum for a model that counts (``not_converged``).
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    For K invalid variants, from 0 to m - 2, the likelihood leaves

    .. math:: Q_K = \min_\theta \sum_{j \in S_K(\theta)}
              \frac{(\hat\Gamma_j - \theta\hat\gamma_j)^2}{\sigma_{Yj}^2 + \theta^2\sigma_{Xj}^2}, \quad
              \mathrm{BIC}_K = Q_K + K \log n,

    with the m - K best fitting variants in :math:`S_K`. The standard error of :math:`\hat\theta_K` is
    :math:`\sqrt{2/Q_K''}`. Weights are :math:`w_K \propto \exp(-\mathrm{BIC}_K/2)`, the estimate is
    :math:`\sum_K w_K\hat\theta_K`, and its error
    :math:`\sum_K w_K \sqrt{\mathrm{se}_K^2 + (\hat\theta_K - \hat\theta)^2}`.

    :math:`Q_K` has many local minima. The packages find the one next to 0, or with random starts others: fasting
    glucose on type 2 diabetes (17 variants) has 1.49 from the former and 2.10 from the latter; ours is the lowest
    there is (:mod:`osteobiome.stats.cml`). The standard error takes the choice of variants as known and is too small
    when it is not; ``cml_ma_bic_dp`` mends that. It fails when invalid variants agree with each other better than the
    valid ones. A model whose criterion at an infinite effect is higher by less than 3.84 (the 5 % point of
    :math:`\chi^2_1`) has no bounded effect, and no average may hold it.

    References
    ----------
    Xue et al. 2021, doi:10.1016/j.ajhg.2021.05.014; model average: Buckland et al. 1997, doi:10.2307/2533961

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.1, 0.2, 0.3, 0.2], [0.01] * 4, [0.05, 0.11, 0.14, 0.4], [0.02] * 4)
    >>> result = cml_ma_bic(pair, n=10_000)
    >>> print(result)
    cml_ma_bic: 0.4927 (se 0.0552, 4 variants)
    >>> result.diagnostic("n_invalid").statistic
    1.0
    """
    check_cml(n=n, search=search, level=level)
    return fit_cml(inst, method="cml_ma_bic", average=True, n=n, search=search, level=level).raise_if_failed()
