"""The instruments of an exposure as a table for readers: strength, known loci, effects corrected for selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.schema import conform
from osteobiome.core.thresholds import CANDIDATE_P
from osteobiome.instruments.known_loci import mark_known_loci
from osteobiome.instruments.strength import f_statistic
from osteobiome.instruments.winners_curse import conditional_effects, empirical_bayes_effects, fiqt_effects

if TYPE_CHECKING:
    from numpy.typing import NDArray

GIVEN, THREE_SAMPLE = "given", "three_sample"
"""Why effects are not corrected: nobody knows what selected them; another study did."""


def described(
    frame: pl.DataFrame,
    *,
    exposure: str,
    selected_in: str,
    genome_build: str,
    p_threshold: float,
    uncorrected: str = "",
    strong: pl.DataFrame | None = None,
    n_tests: int | None = None,
) -> pl.DataFrame:
    """Describe the instruments of an exposure.

    Parameters
    ----------
    frame : polars.DataFrame
        Instruments, schema ``VARIANTS``.
    exposure, selected_in : str
        Trait ids; the second is the trait whose study selected.
    genome_build : str
        Of the positions.
    p_threshold : float
        Threshold that selected them.
    uncorrected : {"", "given", "three_sample"}
        Why effects are not corrected: raw effects are right there, or the selection is unknown.
    strong : polars.DataFrame, optional
        All variants of the exposure's study with p up to 1e-4, or up to the threshold where that is above, schema
        ``VARIANTS``. Left out, there is no correction by empirical Bayes; left out, or without ``n_tests``, none by
        false discovery rates.
    n_tests : int, optional
        Variants of that whole study.

    Returns
    -------
    polars.DataFrame
        Schema ``INSTRUMENTS``, in the order of the table.

    Notes
    -----
    Corrected effects stand beside the raw ones and enter no estimate: an estimator that corrects for selection takes
    raw effects, and winner's curse is never corrected twice. Three corrections are shown, as they fail differently: see
    :func:`~osteobiome.instruments.winners_curse.conditional_effects`,
    :func:`~osteobiome.instruments.winners_curse.fiqt_effects` and
    :func:`~osteobiome.instruments.winners_curse.empirical_bayes_effects`.
    """
    n = frame.height
    beta, se = (_numbers(frame, name) for name in ("beta", "se"))
    columns = [
        pl.lit(exposure).alias("exposure"),
        pl.lit(selected_in).alias("selected_in"),
        pl.Series("f_statistic", f_statistic(beta, se), dtype=pl.Float64),
    ]
    if uncorrected:
        status = [uncorrected] * n
        corrected = [np.full(n, np.nan)] * 5
    else:
        found = conditional_effects(beta, se, p_threshold=p_threshold)
        status = found.status.tolist()
        whole = _fiqt(frame, strong, n_tests), _empirical_bayes(frame, strong, max(CANDIDATE_P, p_threshold))
        corrected = [found.beta, found.ci_low, found.ci_high, *whole]
    names = ("beta_conditional", "ci_low_conditional", "ci_high_conditional", "beta_fiqt", "beta_empirical_bayes")
    columns += [pl.Series(name, v, dtype=pl.Float64).fill_nan(None) for name, v in zip(names, corrected, strict=True)]
    columns.append(pl.Series("correction_status", status, dtype=pl.String))
    full = mark_known_loci(frame, genome_build).with_columns(columns)
    return conform(full, "instruments")


def _fiqt(frame: pl.DataFrame, strong: pl.DataFrame | None, n_tests: int | None) -> NDArray[np.float64]:
    """Return effects corrected by false discovery rates, NaN where the whole study is not known."""
    if strong is None or n_tests is None:
        return np.full(frame.height, np.nan)
    found = fiqt_effects(_numbers(strong, "beta"), _numbers(strong, "se"), n_tests=n_tests)
    return _looked_up(frame, strong, found.beta)


def _empirical_bayes(frame: pl.DataFrame, strong: pl.DataFrame | None, p_max: float) -> NDArray[np.float64]:
    """Return effects corrected by the distribution of the strong ones, NaN where these are not known."""
    if strong is None:
        return np.full(frame.height, np.nan)
    found = empirical_bayes_effects(_numbers(strong, "beta"), _numbers(strong, "se"), p_max=p_max)
    return _looked_up(frame, strong, found.beta)


def _looked_up(frame: pl.DataFrame, strong: pl.DataFrame, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values of the strong variants that are instruments, NaN where there is none."""
    table = strong.select("variant_key", "line").with_columns(value=pl.Series(values, dtype=pl.Float64))
    met = frame.select("variant_key", "line").join(table, on=["variant_key", "line"], how="left", maintain_order="left")
    return met["value"].fill_null(np.nan).to_numpy()


def _numbers(frame: pl.DataFrame, name: str) -> NDArray[np.float64]:
    values: NDArray[np.float64] = frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return values
