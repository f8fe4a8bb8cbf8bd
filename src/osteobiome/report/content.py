"""What the report reads: the tables of a finished study and the facts beside them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from osteobiome.core.thresholds import GENOME_WIDE_P, passes
from osteobiome.store import read_table

if TYPE_CHECKING:
    from pathlib import Path

TABLES = ("estimates", "diagnostics", "harmonised", "methods", "row_report", "traits", "published")


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that the page shows.

    Parameters
    ----------
    study : dict
        Facts of ``study.json``.
    estimates, diagnostics, harmonised, methods, row_report, traits, published : polars.DataFrame
        Tables of the store, schemas of the same names.
    """

    study: dict[str, Any]
    estimates: pl.DataFrame
    diagnostics: pl.DataFrame
    harmonised: pl.DataFrame
    methods: pl.DataFrame
    row_report: pl.DataFrame
    traits: pl.DataFrame
    published: pl.DataFrame

    def trait(self, trait_id: str) -> dict[str, Any]:
        """Return a trait's row."""
        return self.traits.row(by_predicate=pl.col("trait_id") == trait_id, named=True)

    def label(self, trait_id: str) -> str:
        """Return a trait's name for readers."""
        return str(self.trait(trait_id)["label"])

    def method_label(self, name: str) -> str:
        """Return a method's name for readers."""
        found = self.methods.filter(pl.col("name") == name)["label"]
        return str(found[0]) if len(found) else name

    def primary(self) -> pl.DataFrame:
        """Return the primary estimates in order."""
        return self.estimates.filter(pl.col("is_primary"))

    def of_pair(self, frame: pl.DataFrame, row: dict[str, Any]) -> pl.DataFrame:
        """Return the rows of a table that belong to one pair of one family."""
        return frame.filter(
            (pl.col("family") == row["family"])
            & (pl.col("exposure") == row["exposure"])
            & (pl.col("outcome") == row["outcome"])
        )

    def diagnostic(self, row: dict[str, Any], name: str) -> dict[str, Any] | None:
        """Return one diagnostic of an estimate, or None."""
        found = self.of_pair(self.diagnostics, row).filter(
            (pl.col("method") == row["method"]) & (pl.col("name") == name)
        )
        return found.row(0, named=True) if found.height else None

    def heterogeneity(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """Return the Q test of an estimate: Cochran's, or Rücker's if the method has an intercept."""
        return self.diagnostic(row, "cochran_q") or self.diagnostic(row, "rucker_q")

    def is_genome_wide(self, row: dict[str, Any]) -> bool:
        """Return whether every instrument of a pair passes genome-wide significance."""
        lowest = self.of_pair(self.harmonised, row)["neg_log_10_p_value_exposure"].min()
        return isinstance(lowest, float) and passes(lowest, GENOME_WIDE_P)

    def ld(self, family: str) -> str:
        """Return the ancestry of the LD matrix that a family used, or an empty text."""
        return str(next(f["ld"] for f in self.study["families"] if f["id"] == family))

    def exposure_direction(self, family: str) -> str:
        """Return ``higher`` or ``lower``."""
        return str(next(f["exposure_direction"] for f in self.study["families"] if f["id"] == family))


def read_content(folder: Path) -> Content:
    """Read the tables of a finished study.

    Parameters
    ----------
    folder : pathlib.Path
        Folder with ``study.json`` and ``tables``.
    """
    tables = {name: read_table(folder / "tables" / f"{name}.parquet", schema=name) for name in TABLES}
    return Content(study=json.loads((folder / "study.json").read_text(encoding="utf-8")), **tables)
