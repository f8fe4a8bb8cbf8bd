"""Which variants of an exposure may become instruments at all, whatever their p: cis windows and what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from osteobiome.core.rows import RowLedger, RowReport
from osteobiome.instruments.known_loci import known_loci, mark_known_loci
from osteobiome.instruments.windows import Exclusions, Region, record_drop, within_region, without_excluded


@dataclass(frozen=True, slots=True)
class Eligibility:
    """What a study declares about the places of instruments.

    Parameters
    ----------
    exclude_loci : sequence of str
        Known loci (:func:`osteobiome.instruments.known_loci.known_loci`) whose variants are left out.
    exclusions : Exclusions, optional
        Identifiers and regions that are left out.
    cis : Region, optional
        Only variants inside become instruments.
    genome_build : str
        Of the positions; needed if any of these is declared.

    Examples
    --------
    >>> table = pl.DataFrame({"rsid": ["rs1", "rs2"], "chromosome": [17, 6], "position": [43_800_000, 32_000_000],
    ...                       "line": [2, 3]})
    >>> kept, rows = Eligibility(exclude_loci=("HLA",), genome_build="GRCh37").apply(table, trait_id="sclerostin")
    >>> kept["rsid"].to_list(), rows.by_reason()
    (['rs1'], {'in_excluded_locus': 1})
    """

    exclude_loci: Sequence[str] = ()
    exclusions: Exclusions | None = None
    cis: Region | None = None
    genome_build: str = ""

    def apply(self, frame: pl.DataFrame, *, trait_id: str) -> tuple[pl.DataFrame, RowReport]:
        """Leave out what is not eligible.

        Parameters
        ----------
        frame : polars.DataFrame
            Schema ``VARIANTS``; the columns rsid, chromosome, position and line are enough.
        trait_id : str
            Exposure, for the row report.

        Returns
        -------
        frame : polars.DataFrame
            What is eligible, in its order.
        rows : RowReport
            With ``in_excluded_locus``, ``excluded_by_rsid``, ``excluded_by_region``, ``outside_cis_window`` and
            ``no_position`` (of a cis window). A variant without a position is in no locus or region that could be
            compared: it stays and is counted in the notes.

        Raises
        ------
        GenomeBuildError
            A region is on another build.
        """
        ledger = RowLedger(trait_id, "eligibility", frame.height)
        kept = frame
        if self.exclude_loci:
            inside = in_loci(kept, self.exclude_loci, genome_build=self.genome_build)
            record_drop(ledger, "in_excluded_locus", kept.filter(inside))
            ledger.note("locus_unknown_without_position", inside.null_count())
            kept = kept.filter(~inside.fill_null(value=False))
        if self.exclusions is not None:
            kept, rows = without_excluded(kept, self.exclusions, build=self.genome_build, trait_id=trait_id)
            ledger.enter(rows)
        if self.cis is not None:
            kept, rows = within_region(kept, self.cis, build=self.genome_build, trait_id=trait_id)
            ledger.enter(rows)
        return kept, ledger.close(kept.height)


def in_loci(frame: pl.DataFrame, names: Sequence[str], *, genome_build: str) -> pl.Series:
    """Return which variants lie in some of the known loci; null where a variant has no position.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns chromosome and position.
    names : sequence of str
        Names of known loci.
    genome_build : str
        ``GRCh37`` or ``GRCh38``.
    """
    loci = known_loci(genome_build).filter(pl.col("locus").is_in(list(names)))
    return mark_known_loci(frame, genome_build, loci=loci)["known_locus"] != ""
