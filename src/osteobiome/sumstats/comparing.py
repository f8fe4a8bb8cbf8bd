"""`compare_sumstats`: whether two files speak of the same variants, alleles and effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.sumstats.harmonisation import PalindromeOptions, harmonise

if TYPE_CHECKING:
    from osteobiome.core.rows import RowReport
    from osteobiome.sumstats.table import SumStats

ENOUGH = 3
"""Variants below which no correlation is given."""


@dataclass(frozen=True, slots=True)
class FileComparison:
    """Two files at the variants that they share.

    Parameters
    ----------
    first, second : str
        Names.
    n_first, n_second, n_common : int
        Kept variants of either file, and those that both have.
    rows : RowReport
        Why variants of the first file are not among the common ones.
    n_identical : int
        Common variants whose effect and standard error are equal to 1e-9 of their size.
    beta_correlation, eaf_correlation : float or None
        Pearson's correlations of effects and of frequencies of one allele; None where they do not exist.
    share_same_sign : float or None
        Share of common variants with effects of one sign, among those with p below 1e-5 in the first file.
    n_strong : int
        How many those are.
    se_ratio : float or None
        Median of the second file's standard error over the first's.
    largest : polars.DataFrame
        The five common variants whose effects differ most, in units of the standard error of the difference; those that
        differ by less than a thousandth are left out.
    """

    first: str
    second: str
    n_first: int
    n_second: int
    n_common: int
    rows: RowReport
    n_identical: int
    beta_correlation: float | None
    eaf_correlation: float | None
    share_same_sign: float | None
    n_strong: int
    se_ratio: float | None
    largest: pl.DataFrame

    def as_dict(self) -> dict[str, object]:
        """Return the comparison as plain data for JSON."""
        return {
            "first": self.first,
            "second": self.second,
            "n_first": self.n_first,
            "n_second": self.n_second,
            "n_common": self.n_common,
            "n_not_common": self.rows.by_reason(),
            "n_identical": self.n_identical,
            "beta_correlation": self.beta_correlation,
            "eaf_correlation": self.eaf_correlation,
            "share_same_sign": self.share_same_sign,
            "n_strong": self.n_strong,
            "se_ratio": self.se_ratio,
            "largest": self.largest.to_dicts(),
        }


def compare_sumstats(first: SumStats, second: SumStats) -> FileComparison:
    """Compare the effects of two files at the variants that they share.

    Parameters
    ----------
    first, second : SumStats
        Read by :func:`osteobiome.sumstats.read_sumstats`.

    Returns
    -------
    FileComparison

    Raises
    ------
    GenomeBuildError
        The positions are on different builds.
    """
    pair = harmonise(first, second, palindromes=PalindromeOptions(policy="frequency"))
    frame = pair.frame
    beta = [frame[f"beta_{side}"].to_numpy() for side in ("exposure", "outcome")]
    se = [frame[f"se_{side}"].to_numpy() for side in ("exposure", "outcome")]
    same = _close(*beta) & _close(*se)
    strong = frame["neg_log_10_p_value_exposure"].to_numpy() > _STRONG
    both = frame.drop_nulls(["eaf_exposure", "eaf_outcome"])
    z = (beta[1] - beta[0]) / np.hypot(*se)
    largest = (
        frame.select("rsid", "chromosome", "position", "effect_allele", "other_allele", "beta_exposure", "beta_outcome")
        .rename({"beta_exposure": "beta_first", "beta_outcome": "beta_second"})
        .with_columns(pl.Series("z_of_difference", z))
        .filter(~pl.Series(_close(*beta, within=_VISIBLE)))
        .sort(pl.col("z_of_difference").abs(), descending=True)
        .head(5)
    )
    return FileComparison(
        first=first.trait_id,
        second=second.trait_id,
        n_first=first.frame.height,
        n_second=second.frame.height,
        n_common=frame.height,
        rows=pair.rows,
        n_identical=int(same.sum()),
        beta_correlation=_correlation(*beta),
        eaf_correlation=_correlation(both["eaf_exposure"].to_numpy(), both["eaf_outcome"].to_numpy()),
        share_same_sign=float(np.mean(np.sign(beta[0][strong]) == np.sign(beta[1][strong]))) if strong.any() else None,
        n_strong=int(strong.sum()),
        se_ratio=float(np.median(se[1] / se[0])) if frame.height else None,
        largest=largest,
    )


_STRONG = 5.0


_VISIBLE = 1e-3
"""Relative difference of effects that shows when three digits of them are printed."""


def _close(x: np.ndarray, y: np.ndarray, *, within: float = 1e-9) -> np.ndarray:
    """Tell where two numbers differ by no more than a share of the larger one."""
    return np.asarray(np.abs(x - y) <= within * np.maximum(np.abs(x), np.abs(y)))


def _correlation(x: np.ndarray, y: np.ndarray) -> float | None:
    if len(x) < ENOUGH or np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        return None
    return float(np.corrcoef(x, y)[0, 1])
