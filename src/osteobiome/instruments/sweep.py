"""What each threshold of selection would give: number and strength of instruments, and leads to expect by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import ConfigError, Fault
from osteobiome.instruments.null_leads import EXPLORATORY_SHARE
from osteobiome.instruments.selection import select
from osteobiome.instruments.strength import f_statistic, i2_gx
from osteobiome.stats.steiger import r_from_effect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osteobiome.instruments.selection import Clumping

THRESHOLDS = (5e-8, 1e-7, 1e-6, 1e-5)


def swept(p_threshold: float, *, by: str) -> tuple[float, ...]:
    """Return the thresholds that are tried beside the declared one.

    Index variants at a threshold are those of a looser one that pass it, as clumping by p begins with the strongest:
    one pass at the loosest serves all. Clumping by F does not, so the declared one is the only one there.

    Parameters
    ----------
    p_threshold : float
        The declared one.
    by : {"p", "f"}
        What ranks the variants.
    """
    return tuple(sorted({p_threshold, *THRESHOLDS})) if by == "p" else (p_threshold,)


def threshold_sweep(
    frame: pl.DataFrame,
    *,
    trait_id: str,
    thresholds: Sequence[float] = THRESHOLDS,
    clumping: Clumping | None = None,
    null_leads: Mapping[float, float] | None = None,
) -> pl.DataFrame:
    r"""Select instruments at several thresholds and describe each set.

    Parameters
    ----------
    frame : polars.DataFrame
        Schema ``VARIANTS``; all variants, or the candidates that pass the loosest threshold.
    trait_id : str
        Exposure.
    thresholds : sequence of float
        Two-sided p, each above 0 and at most 1.
    clumping : callable, optional
        As in :func:`osteobiome.instruments.selection.select`. Left out, variants are taken as listed and a locus counts
        as often as it has variants.
    null_leads : mapping of float to float, optional
        Leads to expect by chance at each threshold
        (:func:`osteobiome.instruments.null_leads.null_leads`, ``expected``).

    Returns
    -------
    polars.DataFrame, shape (n_thresholds, 10)
        From the strictest threshold on: trait_id, p_threshold, n_variants, mean_f, min_f, i2_gx, n_with_size (variants
        whose sample size is known), variance_explained (over these), expected_null_leads, is_exploratory. Null where a
        number does not exist: no variants, fewer than two for I²_GX, no sample size, no expectation given.

    Raises
    ------
    ConfigError
        A threshold is out of range, or given twice.

    Notes
    -----
    The share of variance is the sum of :math:`F_j/(n_j - 2 + F_j)` over the instruments, which needs neither the unit
    of the trait nor the allele frequency; winner's curse makes it too large, as it does F. A threshold is to be
    declared before a study is run: this table is for planning, not for choosing the result that pleases.

    References
    ----------
    F and I²_GX: Bowden et al. 2016, doi:10.1093/ije/dyw220; variance: Hemani et al. 2017,
    doi:10.1371/journal.pgen.1007081

    Examples
    --------
    >>> table = pl.DataFrame({"beta": [0.06, 0.05], "se": [0.01, 0.01], "n": [1002.0, 1002.0], "line": [2, 3],
    ...                       "neg_log_10_p_value": [8.7, 6.2], "rsid": ["rs1", "rs2"]})
    >>> found = threshold_sweep(table, trait_id="bmi", thresholds=[5e-8, 1e-5], null_leads={5e-8: 0.04, 1e-5: 6.0})
    >>> found.select("n_variants", "min_f", "is_exploratory").rows()
    [(1, 36.0, False), (2, 25.0, True)]
    """
    faults = [
        Fault("bad_option", "thresholds", f"value {p}", "above 0 and at most 1") for p in thresholds if not 0 < p <= 1
    ]
    if len(set(thresholds)) < len(thresholds):
        faults.append(Fault("bad_option", "thresholds", "one of them twice", "each threshold once"))
    if faults:
        raise ConfigError(*faults)
    expected = null_leads or {}
    rows = []
    for threshold in sorted(thresholds):
        kept, _ = select(frame, trait_id=trait_id, p_threshold=threshold, clumping=clumping)
        rows.append(described_set(kept, trait_id=trait_id, threshold=threshold, expected=expected.get(threshold)))
    return pl.concat([pl.DataFrame(schema=_SCHEMA), *rows])


_SCHEMA = {
    "trait_id": pl.String(),
    "p_threshold": pl.Float64(),
    "n_variants": pl.Int64(),
    "mean_f": pl.Float64(),
    "min_f": pl.Float64(),
    "i2_gx": pl.Float64(),
    "n_with_size": pl.Int64(),
    "variance_explained": pl.Float64(),
    "expected_null_leads": pl.Float64(),
    "is_exploratory": pl.Boolean(),
}


def described_set(
    kept: pl.DataFrame, *, trait_id: str, threshold: float, expected: float | None = None
) -> pl.DataFrame:
    """Describe the instruments of one threshold, as a row of :func:`threshold_sweep`.

    Parameters
    ----------
    kept : polars.DataFrame
        Instruments, schema ``VARIANTS``.
    trait_id : str
        Exposure.
    threshold : float
        Largest p.
    expected : float, optional
        Leads to expect by chance.
    """
    beta, se, n = (kept[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in ("beta", "se", "n"))
    strength = f_statistic(beta, se)
    share = np.square(r_from_effect(beta, se, n))
    known = np.isfinite(share)
    row = {
        "trait_id": trait_id,
        "p_threshold": threshold,
        "n_variants": kept.height,
        "mean_f": float(strength.mean()) if kept.height else None,
        "min_f": float(strength.min()) if kept.height else None,
        "i2_gx": float(i2_gx(beta, se)) if kept.height > 1 else None,
        "n_with_size": int(known.sum()),
        "variance_explained": float(share[known].sum()) if known.any() else None,
        "expected_null_leads": expected,
        # without instruments there is nothing that chance could have yielded
        "is_exploratory": expected > EXPLORATORY_SHARE * kept.height if expected is not None and kept.height else None,
    }
    return pl.DataFrame([row], schema=_SCHEMA, orient="row")
