"""`compare_sumstats`: whether two files speak of the same variants, alleles and effects.

Variants meet by position, so the builds of both files must be known to be the same: :func:`read_for_comparison` takes
a build as declared, else as the file states it, else as the positions show it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, GenomeBuildError
from osteobiome.core.schema import polars_schema
from osteobiome.store import file_sha256
from osteobiome.sumstats.harmonisation import harmonise
from osteobiome.sumstats.palindromes import PalindromeOptions
from osteobiome.sumstats.table import SumStats, begin

if TYPE_CHECKING:
    from pathlib import Path

    from osteobiome.core.rows import RowReport
    from osteobiome.sumstats.request import Request

ENOUGH = 3
"""Variants below which no correlation is given."""


@dataclass(frozen=True, slots=True)
class FileComparison:
    """Two files at the variants that they share.

    Parameters
    ----------
    first, second : str
        Names.
    builds : tuple of (str, str)
        Genome build of either file's positions; empty if it is unknown or there are none.
    n_placed : tuple of (int, int)
        Variants of either file that have a position.
    n_first, n_second, n_common : int
        Kept variants of either file, and those that both have.
    rows : RowReport
        Why variants of the first file are not among the common ones.
    n_turned : int
        Common variants with alleles A/T or C/G that were turned because their frequencies lie on opposite sides of one
        half: they were read from the other strand.
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
    builds: tuple[str, str]
    n_placed: tuple[int, int]
    n_first: int
    n_second: int
    n_common: int
    rows: RowReport
    n_turned: int
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
            "genome_build_first": self.builds[0] or None,
            "genome_build_second": self.builds[1] or None,
            "n_first": self.n_first,
            "n_second": self.n_second,
            "n_common": self.n_common,
            "n_not_common": self.rows.by_reason(),
            "n_turned": self.n_turned,
            "n_identical": self.n_identical,
            "beta_correlation": self.beta_correlation,
            "eaf_correlation": self.eaf_correlation,
            "share_same_sign": self.share_same_sign,
            "n_strong": self.n_strong,
            "se_ratio": self.se_ratio,
            "largest": self.largest.to_dicts(),
        }


def read_for_comparison(path: Path, *, request: Request) -> SumStats:
    """Read a file whole, with its genome build, whoever knows it.

    Parameters
    ----------
    path : pathlib.Path
        File to read.
    request : Request
        How to read. A build that it does not declare is the one that the file states, or else the one that the
        positions of known markers show.

    Returns
    -------
    SumStats
        ``genome_build`` is empty if the build stays unknown, or if there are no positions.

    Raises
    ------
    InputFileError, SchemaError
        The file cannot be read as declared, none of its rows is good, or what it holds is not what it declares.
    """
    ingest = begin(
        path,
        trait_id=str(path),
        file_format=request.file_format,
        columns=request.columns,
        options=request.options,
    )
    # a comparison is for looking at a file, so bad rows are left out, however many
    frames = list(ingest.checked_frames(max_bad_rows=1.0))
    build = (ingest.genome_build or ingest.inferred_build()) if ingest.n_placed else ""
    alignment = file_sha256(path) if ingest.fmt.is_prealigned else ""
    frame = pl.concat(frames) if frames else pl.DataFrame(schema=polars_schema("variants"))
    return SumStats(str(path), frame, ingest.report(), build, alignment, tuple(ingest.findings()))


def compare_sumstats(first: SumStats, second: SumStats) -> FileComparison:
    """Compare the effects of two files at the variants that they share.

    Parameters
    ----------
    first, second : SumStats
        Read by :func:`read_for_comparison`.

    Returns
    -------
    FileComparison

    Raises
    ------
    GenomeBuildError
        The positions are on different builds.
    """
    builds = first.genome_build, second.genome_build
    if all(builds) and builds[0] != builds[1]:
        raise _on_two_builds(first, second)
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
        builds=builds,
        n_placed=(first.frame["position"].count(), second.frame["position"].count()),
        n_first=first.frame.height,
        n_second=second.frame.height,
        n_common=frame.height,
        rows=pair.rows,
        n_turned=dict(pair.rows.notes).get("palindromic_turned", 0),
        n_identical=int(same.sum()),
        beta_correlation=_correlation(*beta),
        eaf_correlation=_correlation(both["eaf_exposure"].to_numpy(), both["eaf_outcome"].to_numpy()),
        share_same_sign=float(np.mean(np.sign(beta[0][strong]) == np.sign(beta[1][strong]))) if strong.any() else None,
        n_strong=int(strong.sum()),
        se_ratio=float(np.median(se[1] / se[0])) if frame.height else None,
        largest=largest,
    )


def _on_two_builds(first: SumStats, second: SumStats) -> GenomeBuildError:
    """Return the error of :func:`harmonise`, with what to do about it."""
    return GenomeBuildError(
        Fault(
            "builds_differ",
            f"{first.trait_id} and {second.trait_id}",
            f"positions on {first.genome_build} and on {second.genome_build}",
            "positions on one genome build",
            f"Bring the second to the build of the first: osteobiome sumstats convert {second.trait_id} "
            f"--build {second.genome_build} --lift-to {first.genome_build} --to ssf --out NEW.tsv.gz",
        )
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
