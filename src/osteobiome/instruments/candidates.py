"""Strong associations of a trait, set aside at ingest, so that choosing instruments need not read whole files."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.rows import MAX_LINES
from osteobiome.core.thresholds import CANDIDATE_P, ROUNDING
from osteobiome.store import read_table, write_table

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Weak:
    """Variants that do not pass a threshold, for the row report.

    Parameters
    ----------
    count : int
        How many.
    lines : tuple of int
        The first twenty lines of the file that hold one.
    names : tuple of str
        Identifiers of the variants there.
    """

    count: int
    lines: tuple[int, ...]
    names: tuple[str, ...]

    @classmethod
    def among(cls, table: pl.LazyFrame, *, p_threshold: float) -> Weak:
        """Count the variants of a table that do not pass.

        Parameters
        ----------
        table : polars.LazyFrame
            Columns neg_log_10_p_value, line and rsid.
        p_threshold : float
            Largest p value, between 0 and 1.
        """
        weak = table.filter(~passes(p_threshold)).select("line", "rsid")
        count = int(weak.select(pl.len()).collect(engine="streaming").item())
        first = weak.bottom_k(MAX_LINES, by="line").collect(engine="streaming").sort("line")
        return cls(count, tuple(first["line"]), tuple(first["rsid"].fill_null("")))


def passes(p_threshold: float) -> pl.Expr:
    """Return which variants pass; p equal to the threshold does, however either was rounded on its way to a logarithm.

    Parameters
    ----------
    p_threshold : float
        Largest p value, between 0 and 1.
    """
    return pl.col("neg_log_10_p_value") >= -math.log10(p_threshold) - ROUNDING


def write_candidates(variants: Path, target: Path) -> None:
    """Set the candidates of a stored trait aside.

    Parameters
    ----------
    variants : pathlib.Path
        Table of schema ``variants``.
    target : pathlib.Path
        Table of schema ``candidates`` to write.
    """
    strong = pl.scan_parquet(variants).filter(passes(CANDIDATE_P)).collect(engine="streaming")
    write_table(strong.sort("variant_key", "line"), target, schema="candidates")


def passing(folder: Path, *, p_threshold: float) -> tuple[pl.DataFrame, Weak]:
    """Return the variants of a stored trait that pass a threshold, and what is to be said of the others.

    Parameters
    ----------
    folder : pathlib.Path
        Folder with ``variants.parquet`` and ``candidates.parquet``.
    p_threshold : float
        Largest p value, between 0 and 1. Up to ``CANDIDATE_P`` the candidates alone are read, and of the other variants
        no more than p, line and identifier.
    """
    name = "candidates" if p_threshold <= CANDIDATE_P else "variants"
    strong = read_table(folder / f"{name}.parquet", schema=name).filter(passes(p_threshold))
    return strong, Weak.among(pl.scan_parquet(folder / "variants.parquet"), p_threshold=p_threshold)
