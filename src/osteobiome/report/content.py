"""What the report reads: the tables of a finished study and the facts beside them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from osteobiome.core.estimate import DOUBT, NULL_LEADS_DOUBT
from osteobiome.core.thresholds import ALPHA, GENOME_WIDE_P, passes
from osteobiome.store import read_table

if TYPE_CHECKING:
    from pathlib import Path

TABLES = (
    "estimates", "diagnostics", "harmonised", "influence", "leave_one_out", "instruments", "thresholds",
    "shared_instruments", "proxies", "controls", "regional", "genes", "methods", "row_report", "findings", "traits",
    "published",
)  # fmt: skip
DOUBTED_BY = {DOUBT: "independence", NULL_LEADS_DOUBT: "null_leads"}
"""Diagnostics that make a pair no finding, and the check that each comes from."""
PairId = tuple[str, str, str]
"""Family, exposure, outcome."""


@dataclass(frozen=True)
class Content:
    """Everything that the page shows.

    Parameters
    ----------
    study : dict
        Facts of ``study.json``.
    estimates, diagnostics, harmonised, influence, leave_one_out, instruments, thresholds, shared_instruments, \
proxies, controls, regional, genes, methods, row_report, findings, traits, published : polars.DataFrame
        Tables of the store, schemas of the same names.
    """

    study: dict[str, Any]
    estimates: pl.DataFrame
    diagnostics: pl.DataFrame
    harmonised: pl.DataFrame
    influence: pl.DataFrame
    leave_one_out: pl.DataFrame
    instruments: pl.DataFrame
    thresholds: pl.DataFrame
    shared_instruments: pl.DataFrame
    proxies: pl.DataFrame
    controls: pl.DataFrame
    regional: pl.DataFrame
    genes: pl.DataFrame
    methods: pl.DataFrame
    row_report: pl.DataFrame
    findings: pl.DataFrame
    traits: pl.DataFrame
    published: pl.DataFrame

    @cached_property
    def _traits(self) -> dict[str, dict[str, Any]]:
        return {row["trait_id"]: row for row in self.traits.to_dicts()}

    @cached_property
    def _methods(self) -> dict[str, str]:
        return {row["name"]: row["label"] for row in self.methods.to_dicts()}

    @cached_property
    def _diagnostics(self) -> dict[tuple[PairId, str, str], dict[str, Any]]:
        """Diagnostics by pair, method and name: a study has thousands, and every section asks for some."""
        found: dict[tuple[PairId, str, str], dict[str, Any]] = {}
        for row in self.diagnostics.to_dicts():
            found.setdefault((pair_id(row), row["method"], row["name"]), row)
        return found

    @cached_property
    def _parts(self) -> dict[str, dict[PairId, pl.DataFrame]]:
        return {}

    def trait(self, trait_id: str) -> dict[str, Any]:
        """Return a trait's row."""
        return self._traits[trait_id]

    def label(self, trait_id: str) -> str:
        """Return a trait's name for readers."""
        return str(self.trait(trait_id)["label"])

    def method_label(self, name: str) -> str:
        """Return a method's name for readers."""
        return str(self._methods.get(name, name))

    @cached_property
    def _short_labels(self) -> dict[str, str]:
        return {row["name"]: row["short_label"] or row["label"] for row in self.methods.to_dicts()}

    def short_label(self, name: str) -> str:
        """Return a method's name for figures."""
        return str(self._short_labels.get(name, name))

    def primary(self) -> pl.DataFrame:
        """Return the primary estimates in order."""
        return self._primary

    @cached_property
    def _primary(self) -> pl.DataFrame:
        return self.estimates.filter(pl.col("is_primary"))

    def of_pair(self, table: str, row: dict[str, Any]) -> pl.DataFrame:
        """Return the rows of a table that belong to one pair of one family.

        Parameters
        ----------
        table : str
            Name of a table with the columns family, exposure, outcome.
        row : dict
            With family, exposure, outcome of the pair.
        """
        frame: pl.DataFrame = getattr(self, table)
        if table not in self._parts:
            parts = frame.partition_by(["family", "exposure", "outcome"], as_dict=True, maintain_order=True)
            self._parts[table] = {(str(f), str(x), str(y)): part for (f, x, y), part in parts.items()}
        return self._parts[table].get(pair_id(row), frame.clear())

    def diagnostic(self, row: dict[str, Any], name: str, *, method: str = "") -> dict[str, Any] | None:
        """Return one diagnostic of an estimate, or None.

        Parameters
        ----------
        row : dict
            An estimate.
        name : str
            Name of the diagnostic.
        method : str
            Whose diagnostic, if not that of the estimate's own method.
        """
        return self._diagnostics.get((pair_id(row), method or row["method"], name))

    def doubt(self, row: dict[str, Any]) -> str:
        """Return why a pair can be no finding whatever its p, as half a sentence, or an empty text."""
        found = (self.diagnostic(row, name, method=method) for name, method in DOUBTED_BY.items())
        return " and ".join(str(test["message"]) for test in found if test)

    def is_finding(self, row: dict[str, Any]) -> bool:
        """Tell whether the false discovery rate within the family supports an estimate that can be believed."""
        return row["q_value"] is not None and row["q_value"] < ALPHA and not self.doubt(row)

    def decided_by(self, row: dict[str, Any]) -> str:
        """Return a variant without which the interval of a finding includes no effect, or an empty text."""
        if not self.is_finding(row):
            return ""
        refits = self.of_pair("leave_one_out", row).filter(kind="variant", status="ok")
        lost = refits.filter((pl.col("ci_low") <= 0) & (pl.col("ci_high") >= 0))["left_out"]
        return str(lost[0] or "an unnamed variant") if len(lost) else ""

    @cached_property
    def _row_reports(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for row in self.row_report.to_dicts():
            found.setdefault(row["subject"], []).append(row)
        return found

    def row_reports(self, subject: str) -> list[dict[str, Any]]:
        """Return the lines of the row report about a trait or a pair (``exposure -> outcome``)."""
        return self._row_reports.get(subject, [])

    def heterogeneity(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """Return the Q test of an estimate: Cochran's, or Rücker's if the method has an intercept."""
        return self.diagnostic(row, "cochran_q") or self.diagnostic(row, "rucker_q")

    def intercept(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """Return the test of the MR-Egger intercept of a pair, or None.

        If several estimators have one, it is that of MR-Egger, with the LD matrix if the primary estimate has it.

        Parameters
        ----------
        row : dict
            Primary estimate of the pair.
        """
        methods = self.of_pair("estimates", row)["method"].to_list()
        first = ["egger_ld", "egger"] if uses_ld(row["method"]) else ["egger", "egger_ld"]
        tests = (self.diagnostic(row, "egger_intercept", method=method) for method in [*first, *methods])
        return next((test for test in tests if test and test["neg_log_10_p_value"] is not None), None)

    def is_genome_wide(self, row: dict[str, Any]) -> bool:
        """Return whether every instrument of a pair was selected at genome-wide significance."""
        selection = self.study["selection"]
        if row["exposure"] in selection["three_sample"]:
            return row["exposure"] not in selection["relaxed"]
        lowest = self.of_pair("harmonised", row)["neg_log_10_p_value_exposure"].min()
        return isinstance(lowest, float) and passes(lowest, GENOME_WIDE_P)

    def why_relaxed(self, exposure: str) -> str:
        """Return the declared reason for the relaxed threshold of an exposure, or an empty text.

        A study states one reason for all (``reason``), or one for each exposure (``reasons``).
        """
        selection = self.study["selection"]
        if "reasons" in selection:
            return str(selection["reasons"].get(exposure, ""))
        return str(selection["reason"])

    @cached_property
    def shared(self) -> pl.DataFrame:
        """Return instruments that traits share, each case from one side: that of the larger taxon, or the first trait.

        Traits of one taxon stand in the order in which the study has them.
        """
        table = self.shared_instruments.filter(pl.col("relation") != "parent")
        pairs = table.select("trait_id", "related_trait").unique(maintain_order=True).rows()
        place = {pair: i for i, pair in enumerate(pairs)}
        first = [pair for pair in pairs if place[pair] <= place.get(pair[::-1], len(pairs))]
        chosen = pl.DataFrame(first, schema={"trait_id": pl.String, "related_trait": pl.String}, orient="row")
        return table.join(chosen, on=["trait_id", "related_trait"], how="semi", maintain_order="left")

    @cached_property
    def stand_ins(self) -> pl.DataFrame:
        """Return the table of proxies with a pair that stands in several families once."""
        case = ["exposure", "outcome", "rsid", "chromosome", "position", "effect_allele", "other_allele"]
        return self.proxies.unique(case, maintain_order=True)

    @property
    def stand_ins_used(self) -> pl.DataFrame:
        """Return the lines of the row report that count proxies among the variants of a pair."""
        return self.row_report.filter((pl.col("step") == "harmonise") & (pl.col("reason") == "stand_in_used"))

    @property
    def stand_ins_kept(self) -> pl.DataFrame:
        """Return the rows of ``stand_ins`` that are among the variants of their pair."""
        case = ["exposure", "outcome", "rsid", "chromosome", "position", "effect_allele", "other_allele"]
        kept = self.harmonised.filter(matched_by="proxy").select(case)
        found = self.stand_ins.filter(pl.col("proxy").is_not_null())
        return found.join(kept, on=case, how="semi", nulls_equal=True, maintain_order="left")

    def ld(self, family: str) -> str:
        """Return the ancestry of the LD matrix that a family used, or an empty text."""
        return str(next(f["ld"] for f in self.study["families"] if f["id"] == family))

    def exposure_direction(self, family: str) -> str:
        """Return ``higher`` or ``lower``."""
        return str(next(f["exposure_direction"] for f in self.study["families"] if f["id"] == family))


def pair_id(row: dict[str, Any]) -> PairId:
    """Return what names a pair: family, exposure, outcome."""
    return row["family"], row["exposure"], row["outcome"]


def uses_ld(method: str) -> bool:
    """Tell by its name whether an estimator takes an LD matrix."""
    return "ld" in method.split("_")


def read_content(folder: Path) -> Content:
    """Read the tables of a finished study.

    Parameters
    ----------
    folder : pathlib.Path
        Folder with ``study.json`` and ``tables``.
    """
    tables = {name: read_table(folder / "tables" / f"{name}.parquet", schema=name) for name in TABLES}
    return Content(study=json.loads((folder / "study.json").read_text(encoding="utf-8")), **tables)
