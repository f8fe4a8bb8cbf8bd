"""Effect and standard error from what a file has: odds ratio, hazard ratio, Z, interval, p value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.stats.tails import normal_quantile, z_from_neg_log10_p

if TYPE_CHECKING:
    from collections.abc import Iterable

SOURCES_OF_BETA = (("beta",), ("odds_ratio",), ("hazard_ratio",), ("z", "se"), ("z", "n", "eaf"))
SOURCES_OF_SE = (("se",), ("ci_low", "ci_high"), ("z",), ("p_value",), ("neg_log_10_p_value",))
_LEVEL = 0.95
TELLING_P = 0.036
"""Minus log10 of p above which p gives a standard error: that of |z| = 0.1. Nearer to 1 the rounding of p decides."""


def can_make_beta(columns: Iterable[str]) -> bool:
    """Tell whether an effect can be had from these columns.

    Examples
    --------
    >>> can_make_beta(["odds_ratio"]), can_make_beta(["z", "n"])
    (True, False)
    """
    names = set(columns)
    return any(names.issuperset(source) for source in SOURCES_OF_BETA)


def can_make_se(columns: Iterable[str]) -> bool:
    """Tell whether a standard error can be had from these columns."""
    names = set(columns)
    return any(names.issuperset(source) for source in SOURCES_OF_SE)


def with_effects(frame: pl.DataFrame) -> pl.DataFrame:
    r"""Add ``beta_`` and ``se_``, row by row from the best source, with flags where they were computed.

    Parameters
    ----------
    frame : polars.DataFrame, shape (n_rows, n_columns)
        Parsed chunk (``sumstats.parsing``).

    Returns
    -------
    polars.DataFrame
        With ``beta_`` and ``se_`` (Float64, null where no source has them), ``is_beta_derived``, ``is_se_derived``, and
        for each source that was used a Boolean column such as ``beta_from_odds_ratio``.

    Notes
    -----
    Effect: ``beta``; else the logarithm of the odds ratio or hazard ratio; else Z times the standard error; else, from
    a Z statistic, the sample size
    :math:`n` and the frequency :math:`f`, for a trait in units of its standard deviation,
    :math:`\\hat\\beta = z\\,s`, :math:`s = 1/\\sqrt{2 f (1 - f)(n + z^2)}` (Zhu et al. 2016, doi:10.1038/ng.3538).
    Standard error: ``se``; else a 95 % interval's width over :math:`2 \\times 1.96` (of logarithms if the effect is a
    ratio); else that :math:`s`, or :math:`\\hat\\beta/z`; else :math:`|\\hat\\beta|/z_p` with the :math:`z_p` of the
    two-sided p value. A p of 0 or above 0.92 gives no standard error, nor does an effect of 0. An effect from Z, n and
    f is made only where the file has no column of effects: it would be on another scale than the others.
    """
    columns = frozenset(frame.columns)
    return _with_se(_with_beta(frame, columns), columns)


def _with_beta(frame: pl.DataFrame, columns: frozenset[str]) -> pl.DataFrame:
    used: list[pl.Series] = []
    beta = frame["beta"] if "beta" in columns else _nothing(frame)
    given = beta.is_not_null()
    for ratio in ("odds_ratio", "hazard_ratio"):
        if ratio in columns and beta.null_count():
            log = frame.select(pl.when(pl.col(ratio) > 0).then(pl.col(ratio).log())).to_series()
            beta = _filled(beta, log, f"beta_from_{ratio}", used)
    if {"z", "se"} <= columns and beta.null_count():
        beta = _filled(beta, frame.select(pl.col("z") * pl.col("se")).to_series(), "beta_from_z_and_se", used)
    # in SD of the trait: beside effects on the file's own scale it would be a second scale in one column
    has_own_scale = not columns.isdisjoint({"beta", "odds_ratio", "hazard_ratio"})
    if {"z", "n", "eaf"} <= columns and beta.null_count() and not has_own_scale:
        beta = _filled(beta, frame.select(pl.col("z") * _se_of_z()).to_series(), "beta_from_z", used)
    return frame.with_columns(beta.alias("beta_"), (~given & beta.is_not_null()).alias("is_beta_derived"), *used)


def _nothing(frame: pl.DataFrame) -> pl.Series:
    return pl.Series([None], dtype=pl.Float64).new_from_index(0, frame.height)


def _se_of_z() -> pl.Expr:
    """Return the standard error that belongs to a Z statistic, for a trait of unit variance."""
    variance = 2.0 * pl.col("eaf") * (1.0 - pl.col("eaf"))
    usable = (pl.col("eaf") > 0) & (pl.col("eaf") < 1) & (pl.col("n") > 0)
    return pl.when(usable).then(1.0 / (variance * (pl.col("n") + pl.col("z").pow(2))).sqrt())


def _with_se(frame: pl.DataFrame, columns: frozenset[str]) -> pl.DataFrame:
    used: list[pl.Series] = []
    se = frame["se"] if "se" in columns else _nothing(frame)
    given = se.is_not_null()
    if {"ci_low", "ci_high"} <= columns and se.null_count():
        se = _filled(se, _from_interval(frame, columns), "se_from_interval", used)
    if "z" in columns and se.null_count():
        made = pl.when(pl.col("z") != 0).then(pl.col("beta_") / pl.col("z")).otherwise(None)
        if "beta_from_z" in frame.columns:
            made = pl.when("beta_from_z").then(_se_of_z()).otherwise(made)
        se = _filled(se, frame.select(made).to_series(), "se_from_z", used)
    logs = [name for name in ("neg_log_10_p_value", "p") if name in columns]
    if logs and se.null_count():
        p = frame.select(pl.coalesce(logs)).to_series()
        se = _filled(se, _from_p(frame["beta_"], p, wanted=se.is_null()), "se_from_p_value", used)
    return frame.with_columns(se.alias("se_"), (~given & se.is_not_null()).alias("is_se_derived"), *used)


def _from_interval(frame: pl.DataFrame, columns: frozenset[str]) -> pl.Series:
    """Return standard errors from 95 % intervals, which are on the scale of the file's effect."""
    low, high = pl.col("ci_low"), pl.col("ci_high")
    width = 2.0 * normal_quantile(_LEVEL)
    plain = pl.when(high > low).then((high - low) / width)
    log = pl.when((low > 0) & (high > low)).then((high.log() - low.log()) / width)
    ratios = [name for name in ("odds_ratio", "hazard_ratio") if name in columns]
    # an interval belongs to the ratio where the row has one that lies inside it
    inside = [((pl.col(name) >= low) & (pl.col(name) <= high)).fill_null(value=False) for name in ratios]
    # one that holds neither the effect nor the ratio is no interval of them
    plain = pl.when((pl.col("beta_") >= low) & (pl.col("beta_") <= high)).then(plain)
    made = pl.when(pl.any_horizontal(inside)).then(log).otherwise(plain) if inside else plain
    return frame.select(made).to_series()


def _from_p(beta: pl.Series, p: pl.Series, *, wanted: pl.Series) -> pl.Series:
    """Return standard errors from effects and minus log10 p, where they can be had."""
    usable = wanted & p.is_not_null() & p.is_finite() & (p > TELLING_P) & beta.is_not_null() & (beta != 0)
    se = np.full(len(beta), np.nan)
    where = usable.fill_null(value=False).to_numpy()
    se[where] = np.abs(beta.filter(usable).to_numpy()) / z_from_neg_log10_p(p.filter(usable).to_numpy())
    return pl.Series(se).fill_nan(None)


def _filled(values: pl.Series, more: pl.Series, name: str, used: list[pl.Series]) -> pl.Series:
    """Fill gaps from another source, and remember which ones."""
    filled = values.zip_with(values.is_not_null(), more)
    is_new = values.is_null() & filled.is_not_null()
    if is_new.any():
        used.append(is_new.alias(name))
    return filled


FROM = (
    "beta_from_odds_ratio", "beta_from_hazard_ratio", "beta_from_z_and_se", "beta_from_z",
    "se_from_interval", "se_from_z", "se_from_p_value",
)  # fmt: skip
"""Columns that :func:`with_effects` may add to say what was computed from what."""
