"""From stored traits to harmonised pairs: stand-ins, alleles, the Steiger filter, linkage disequilibrium, units."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from osteobiome.core.rows import MAX_LINES, DroppedRows, RowReport
from osteobiome.core.schema import conform, table
from osteobiome.core.text import reason
from osteobiome.core.thresholds import GENOME_WIDE_P, passes
from osteobiome.instruments import Instruments
from osteobiome.instruments.known_loci import mark_known_loci
from osteobiome.ld.matching import PanelIndex
from osteobiome.ld.panel import open_panel
from osteobiome.ld.panel_matrix import panel_ld
from osteobiome.ld.proxies import ProxyOptions
from osteobiome.ld.reading import read_ld
from osteobiome.ld.trait_proxies import trait_proxies, with_stand_ins
from osteobiome.mr.checks.steiger_filter import steiger_filter
from osteobiome.study.pair_checks import facts_of
from osteobiome.study.steps.ingest import read_ingested
from osteobiome.sumstats import PalindromeOptions, harmonise

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from osteobiome.ld import LdMatrix
    from osteobiome.ld.panel import Panel
    from osteobiome.sumstats import SumStats


@dataclass(frozen=True, slots=True)
class Pair:
    """A harmonised pair on its way to the estimators.

    Parameters
    ----------
    instruments : Instruments
        What the estimators take; exposure effects as the family states them.
    frame : polars.DataFrame
        The same variants as a table, effects as the files state them.
    rows : tuple of RowReport
        What was lost: in harmonising, and by the Steiger filter.
    proxies : polars.DataFrame
        Stand-ins that were looked for, schema ``PROXIES``.
    unfiltered : Instruments or None
        The variants before the Steiger filter, if it dropped some.
    ld_problem : str
        Variants for which there is no LD, in words.
    is_genome_wide : bool
        Whether every instrument was selected at genome-wide significance.
    filter_problem : str
        Why the Steiger filter could not look at the variants.
    outside_known_loci : Instruments or None
        The variants outside of loci known to act on many traits, if some are inside.
    """

    instruments: Instruments
    frame: pl.DataFrame
    rows: tuple[RowReport, ...]
    proxies: pl.DataFrame
    unfiltered: Instruments | None
    ld_problem: str
    is_genome_wide: bool
    filter_problem: str = ""
    outside_known_loci: Instruments | None = None


@dataclass(slots=True)
class PairReader:
    """Reads traits, LD and panels of a family once, and harmonises its pairs.

    Parameters
    ----------
    params : mapping
        Parameters of step ``mr``: pairs, traits, exposure_direction, palindromic, selection, steiger_filter, proxies,
        genome_build.
    locations : mapping of pathlib.Path
        ``x:<exposure>``, ``y:<outcome>``; ``ld:matrix`` and ``ld:variants``, or ``ld:panel``; for stand-ins
        ``panel:<ancestry>``.
    """

    params: Mapping[str, Any]
    locations: Mapping[str, Path]
    _traits: dict[str, SumStats] = field(default_factory=dict)
    _panels: dict[str, tuple[Panel, PanelIndex]] = field(default_factory=dict)
    _ld: LdMatrix | None = None

    def read(self) -> list[Pair]:
        """Return the pairs of the family in order."""
        if "ld:matrix" in self.locations:
            self._ld = read_ld(self.locations["ld:matrix"], self.locations.get("ld:variants"))
        return [self._pair(exposure, outcome) for exposure, outcome in self.params["pairs"]]

    def _trait(self, name: str) -> SumStats:
        if name not in self._traits:
            self._traits[name] = read_ingested(self.locations[name], trait_id=name[2:])
        return self._traits[name]

    def _panel(self, name: str) -> tuple[Panel, PanelIndex]:
        """Return a panel with its index."""
        if name not in self._panels:
            panel = open_panel(self.locations[name], ancestry=name.partition(":")[2])
            self._panels[name] = panel, PanelIndex(panel.variants)
        return self._panels[name]

    def _pair(self, exposure: str, outcome: str) -> Pair:
        """Harmonise one pair, drop what the Steiger filter drops, add unit and LD."""
        x, y = self._trait(f"x:{exposure}"), self._trait(f"y:{outcome}")
        proxies = self._proxies(x, y)
        if proxies["proxy_key"].is_not_null().any():
            y = replace(y, frame=with_stand_ins(y.frame, proxies))
        standing = proxies.filter(pl.col("proxy_key").is_not_null())
        settled = standing["variant_key"].to_list() if standing.height else ()
        result = harmonise(x, y, palindromes=PalindromeOptions(**_policy(self.params)), settled=settled)
        met = _marked(result.frame, proxies)
        used = met.filter(matched_by="proxy").height
        rows = replace(result.rows, notes=(*result.rows.notes, ("stand_in_used", used))) if used else result.rows
        frame, filtered, problem = self._filtered(met, exposure, outcome)
        whole = self._instruments(met, exposure, outcome, rows) if frame.height < met.height else None
        instruments = self._instruments(frame, exposure, outcome, rows)
        instruments, ld_problem = self._with_ld(instruments, frame, x.frame)
        return Pair(
            instruments,
            frame,
            (rows, *filtered),
            self._listed(proxies, exposure, outcome),
            whole,
            ld_problem,
            self._is_genome_wide(frame, exposure),
            problem,
            self._outside_known_loci(instruments, frame),
        )

    def _outside_known_loci(self, instruments: Instruments, frame: pl.DataFrame) -> Instruments | None:
        """Return the variants outside of known loci, LD included; None if all are."""
        inside = mark_known_loci(frame, self.params["genome_build"])["known_locus"].fill_null("") != ""
        return instruments.subset(~inside.to_numpy()) if inside.any() else None

    def _is_genome_wide(self, frame: pl.DataFrame, exposure: str) -> bool:
        """Return whether selection was genome-wide significant; p of three samples are not those of the selection."""
        selection = self.params["selection"][exposure]
        if selection["selected_in"] != exposure:
            return not selection["is_relaxed"]
        lowest = frame["neg_log_10_p_value_exposure"].min()
        return isinstance(lowest, float) and passes(lowest, GENOME_WIDE_P)

    def _proxies(self, x: SumStats, y: SumStats) -> pl.DataFrame:
        """Look for a stand-in of each instrument that the outcome lacks; none if the study asks for none."""
        section = self.params["proxies"]
        name = "" if section is None else f"panel:{section['panels'].get(x.trait_id, '')}"
        if name not in self.locations or (x.alignment and x.alignment == y.alignment):
            return _NO_PROXIES
        # another variant at the place of an instrument is not that instrument; one of its name may be
        absent = x.frame.join(y.frame.select("variant_key"), on="variant_key", how="anti").join(
            y.frame.select("id_key").drop_nulls(), on="id_key", how="anti"
        )
        if absent.is_empty():
            return _NO_PROXIES
        panel, index = self._panel(name)
        options = ProxyOptions(r2=section["r2"], kb=section["window_kb"])
        trusted = self.params["palindromic"]["policy"] == "keep_forward"
        # an instrument that the outcome has speaks for itself, and not for another one as well
        return trait_proxies(
            absent, y.frame, panel, index=index, options=options, reserved=x.frame, trust_strand=trusted
        )

    def _listed(self, proxies: pl.DataFrame, exposure: str, outcome: str) -> pl.DataFrame:
        """Return the stand-ins as rows of schema ``PROXIES``."""
        if proxies.is_empty():
            return table("proxies")
        names = {"family": self.params["family"], "exposure": exposure, "outcome": outcome}
        named = proxies.with_columns(pl.lit(value).alias(name) for name, value in names.items())
        return conform(named, "proxies")

    def _filtered(
        self, frame: pl.DataFrame, exposure: str, outcome: str
    ) -> tuple[pl.DataFrame, tuple[RowReport, ...], str]:
        """Leave out what explains more of the outcome, if the study asks for it."""
        if not self.params["steiger_filter"] or frame.is_empty():
            return frame, (), ""
        traits = self.params["traits"]
        natural = Instruments.from_frame(frame, exposure=exposure, outcome=outcome)
        found = steiger_filter(natural, facts_of(traits[exposure]), facts_of(traits[outcome]))
        if found.message:
            return frame, (), found.message
        stays = pl.Series(found.keeps, dtype=pl.Boolean)
        gone = tuple(frame.filter(~stays)["rsid"].fill_null(""))
        lost = (DroppedRows("explains_more_of_the_outcome", len(gone), (), gone[:MAX_LINES], "policy"),) if gone else ()
        rows = RowReport(f"{exposure} -> {outcome}", "steiger", frame.height, frame.height - len(gone), lost)
        return frame.filter(stays), (rows,), ""

    def _instruments(self, frame: pl.DataFrame, exposure: str, outcome: str, rows: RowReport) -> Instruments:
        """Return a pair; effects per unit lower exposure turn the estimate's exposure, never the table's."""
        traits = self.params["traits"]
        unit = f"{traits[outcome]['unit_label']} per {traits[exposure]['unit_label']}"
        made = Instruments.from_frame(frame, exposure=exposure, outcome=outcome)
        if self.params["exposure_direction"] == "lower":
            made = replace(made, beta_exposure=-made.beta_exposure)
            unit += " lower exposure"
        corrected = outcome in self.params["selection"][exposure]["selection_corrected"]
        return replace(made, unit=unit, rows=rows, selection="other_study" if corrected else "undeclared")

    def _with_ld(self, instruments: Instruments, frame: pl.DataFrame, stored: pl.DataFrame) -> tuple[Instruments, str]:
        """Attach the LD matrix of the variants, or say which are missing; ``stored`` has their keys."""
        trusted = self.params["palindromic"]["policy"] == "keep_forward"
        problems: dict[str, list[str]] = {}
        if frame.is_empty():
            return instruments, ""
        if self._ld is not None:
            ld_r, problems = self._ld.oriented(
                frame["rsid"].fill_null("").to_list(),
                frame["effect_allele"].to_list(),
                frame["other_allele"].to_list(),
                eaf=frame["eaf_exposure"].to_list(),
                trust_strand=trusted,
            )
        elif "ld:panel" in self.locations:
            panel, index = self._panel("ld:panel")
            identity = ["rsid", "chromosome", "position", "effect_allele", "other_allele"]
            keyed = frame.select(identity).join(
                stored, on=identity, how="left", nulls_equal=True, maintain_order="left"
            )
            ld_r, problems = panel_ld(keyed, panel, index=index, trust_strand=trusted)
        else:
            return instruments, ""
        words = "; ".join(f"{', '.join(names[:5])} ({reason(name)})" for name, names in problems.items())
        return replace(instruments, ld_r=ld_r), words


_NO_PROXIES = pl.DataFrame(schema={"proxy_key": pl.Int64})


def _policy(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a study does with palindromic variants, as options of harmonising."""
    policy = params["palindromic"]
    return {"policy": policy["policy"], "drop_between": tuple(policy["drop_between"])}


def _marked(frame: pl.DataFrame, proxies: pl.DataFrame) -> pl.DataFrame:
    """Say of the variants of a pair which of them a proxy stands for in the outcome."""
    found = proxies.filter(pl.col("proxy_key").is_not_null())
    if found.is_empty():
        return frame
    keys = ["chromosome", "position", "effect_allele", "other_allele"]
    marks = found.select(keys).unique().with_columns(stands_in=pl.lit(value=True))
    joined = frame.join(marks, on=keys, how="left", nulls_equal=True, maintain_order="left")
    by = pl.when(pl.col("stands_in").fill_null(value=False)).then(pl.lit("proxy")).otherwise("matched_by")
    return joined.with_columns(by.alias("matched_by")).drop("stands_in")
