"""Mode of the ratios when exposure effects have no error (Hartwig et al. 2017, doi:10.1093/ije/dyx102)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteobiome.core.estimate import Estimate
from osteobiome.mr.bootstrap import MIN_VARIANTS, Resampling
from osteobiome.mr.estimators.weighted_mode import fit_mode
from osteobiome.mr.fit import Reference
from osteobiome.mr.registry import estimator

if TYPE_CHECKING:
    from osteobiome.instruments import Instruments


@estimator(
    name="simple_mode_nome",
    label="Simple mode (NOME)",
    doi="10.1093/ije/dyx102",
    assumptions=(
        "every variant is associated with the exposure",
        "of all groups of variants with one and the same ratio, the largest acts on the outcome through the "
        "exposure only",
        "exposure effects are measured without error (NOME)",
        "variants are mutually uncorrelated",
    ),
    min_variants=MIN_VARIANTS,
    stochastic=True,
)
def simple_mode_nome(
    inst: Instruments,
    *,
    phi: float = 1.0,
    distribution: Reference = "t",
    n_bootstrap: int = 1000,
    seed: int | None = None,
    level: float = 0.95,
) -> Estimate:
    r"""Estimate by the simple mode, taking exposure effects as measured without error.

    Parameters
    ----------
    inst : Instruments
        Harmonised pair, n_variants >= 3. Variants whose exposure effect is 0 have no ratio and are left out.
    phi : float
        Factor on the bandwidth.
    distribution : {"t", "normal"}
        Reference distribution: t with n - 1 degrees of freedom, or normal.
    n_bootstrap : int
        Draws for the standard error.
    seed : int or None
        Seed of the draws; None draws one. The estimate records it.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        As :func:`osteobiome.mr.estimators.weighted_mode.weighted_mode`.

    Raises
    ------
    EstimationError
        Fewer than three variants with a ratio.
    SchemaError
        An option has a value that does not exist.

    Notes
    -----
    The estimate is that of :func:`osteobiome.mr.estimators.simple_mode.simple_mode`; ratios are drawn with the errors
    :math:`\sigma_{Yj}/|\hat\gamma_j|`, so the standard error is smaller, and too small when instruments are weak.

    References
    ----------
    Hartwig et al. 2017, doi:10.1093/ije/dyx102

    Examples
    --------
    >>> from osteobiome.instruments import Instruments
    >>> pair = Instruments.from_arrays([0.2, 0.2, 0.3, 0.3], [0.01] * 4, [0.09, 0.1, 0.16, 0.3], [0.02] * 4)
    >>> print(simple_mode_nome(pair, seed=1))
    simple_mode_nome: 0.4996 (se 0.056, 4 variants)
    """
    resampling = Resampling("simple_mode_nome", n_bootstrap, seed, level, distribution)
    return fit_mode(inst, resampling, weights="equal", errors="first_order", phi=phi).raise_if_failed()
