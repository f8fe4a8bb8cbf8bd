"""Variants inside or outside of regions: cis windows of genes, and lists of what is to be left out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.errors import Fault, GenomeBuildError, InputFileError, SchemaError
from osteobiome.core.rows import MAX_LINES, RowLedger, RowReport
from osteobiome.core.thresholds import BASES_PER_KB
from osteobiome.instruments.loci import check_window
from osteobiome.sumstats.reference import chromosome_lengths

if TYPE_CHECKING:
    from pathlib import Path

_CHROMOSOMES = {"X": 23, "Y": 24, "M": 25, "MT": 25}
_RANGE = re.compile(r"(?:chr)?(\w+):([\d,]+)(?:-([\d,]+))?", re.IGNORECASE)
_HEAD = ("#", "track", "browser")


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of one chromosome.

    Parameters
    ----------
    chromosome : int
        1-22, 23 = X, 24 = Y, 25 = MT.
    start, end : int
        First and last base, 1-based, both inside.
    build : str
        Genome build, ``GRCh37`` or ``GRCh38``.
    name : str
        For readers, such as a gene.

    Raises
    ------
    SchemaError
        The region begins before 1 or after its end, or the chromosome is unknown.
    GenomeBuildError
        The build is neither of the two.

    Examples
    --------
    >>> Region(17, 41_831_099, 41_836_156, build="GRCh37", name="SOST").widened(kb=100.0).start
    41731099
    """

    chromosome: int
    start: int
    end: int
    build: str
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no region."""
        if self.chromosome not in chromosome_lengths(self.build) or not 1 <= self.start <= self.end:
            raise SchemaError(
                Fault(
                    "bad_region",
                    self.name or "region",
                    f"{self.chromosome}:{self.start}-{self.end}",
                    "chromosome 1 to 25, and a first base from 1 to the last one",
                )
            )

    def widened(self, *, kb: float) -> Region:
        """Return the region with as much on either side, as far as the chromosome goes to the left.

        Parameters
        ----------
        kb : float
            Thousands of base pairs, 0 or more.
        """
        check_window(kb)
        reach = round(kb * BASES_PER_KB)
        return Region(self.chromosome, max(1, self.start - reach), self.end + reach, self.build, self.name)

    def holds(self) -> pl.Expr:
        """Return which rows lie inside, for a table with chromosome and position; null where a place is unknown."""
        return (pl.col("chromosome") == self.chromosome) & pl.col("position").is_between(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Exclusions:
    """What is not to become an instrument.

    Parameters
    ----------
    rsids : tuple of str
        Identifiers.
    regions : tuple of Region
        Stretches of the genome, all on one build.
    source : str
        Where the list comes from, for messages.
    """

    rsids: tuple[str, ...] = ()
    regions: tuple[Region, ...] = ()
    source: str = "exclusions"


def within_region(
    frame: pl.DataFrame, region: Region, *, build: str, trait_id: str, flank_kb: float = 0.0
) -> tuple[pl.DataFrame, RowReport]:
    """Keep the variants of a cis window.

    Parameters
    ----------
    frame : polars.DataFrame
        Schema ``VARIANTS``.
    region : Region
        Gene or other stretch.
    build : str
        Genome build of the positions of the table.
    trait_id : str
        Exposure, for the row report.
    flank_kb : float
        Reach of the window beyond the region, in thousands of base pairs.

    Returns
    -------
    frame : polars.DataFrame
        Variants inside, in their order.
    rows : RowReport
        With ``outside_cis_window`` and ``no_position``.

    Raises
    ------
    GenomeBuildError
        Table and region are on different builds.

    Examples
    --------
    >>> table = pl.DataFrame({"rsid": ["rs1", "rs2"], "chromosome": [17, 17], "position": [41_800_000, 42_000_000],
    ...                       "line": [2, 3]})
    >>> gene = Region(17, 41_831_099, 41_836_156, build="GRCh37")
    >>> kept, rows = within_region(table, gene, build="GRCh37", trait_id="sclerostin", flank_kb=100.0)
    >>> kept["rsid"].to_list(), rows.by_reason()
    (['rs1'], {'outside_cis_window': 1})
    """
    _same_build(region, build)
    window = region.widened(kb=flank_kb)
    ledger = RowLedger(trait_id, "cis_window", frame.height)
    inside = frame.select(window.holds()).to_series()
    record_drop(ledger, "no_position", frame.filter(inside.is_null()))
    record_drop(ledger, "outside_cis_window", frame.filter(~inside))
    kept = frame.filter(inside)
    return kept, ledger.close(kept.height)


def without_excluded(
    frame: pl.DataFrame, exclusions: Exclusions, *, build: str, trait_id: str
) -> tuple[pl.DataFrame, RowReport]:
    """Leave out what a list names.

    Parameters
    ----------
    frame : polars.DataFrame
        Schema ``VARIANTS``.
    exclusions : Exclusions
        Identifiers and regions.
    build : str
        Genome build of the positions of the table.
    trait_id : str
        Exposure, for the row report.

    Returns
    -------
    frame : polars.DataFrame
        The other variants, in their order.
    rows : RowReport
        With ``excluded_by_rsid`` and ``excluded_by_region``; a variant that both name counts for the first. The notes
        count the kept variants that a region could not be compared with (``region_unknown``: no position), and the
        identifiers of the list that are in no row of ``frame`` (``listed_but_absent``): not of the file, where the
        frame holds candidates only, as in a study.

    Raises
    ------
    GenomeBuildError
        Table and regions are on different builds.

    Examples
    --------
    >>> table = pl.DataFrame({"rsid": ["rs1", "rs2", "rs3"], "chromosome": [1, 6, 1], "position": [5, 30_000_000, 9],
    ...                       "line": [2, 3, 4]})
    >>> out = Exclusions(("rs1",), (Region(6, 28_000_000, 34_000_000, build="GRCh37", name="HLA"),))
    >>> kept, rows = without_excluded(table, out, build="GRCh37", trait_id="bmi")
    >>> kept["rsid"].to_list(), rows.by_reason()
    (['rs3'], {'excluded_by_rsid': 1, 'excluded_by_region': 1})
    """
    for region in exclusions.regions:
        _same_build(region, build)
    ledger = RowLedger(trait_id, "exclusions", frame.height)
    named = frame["rsid"].is_in(list(exclusions.rsids)).fill_null(value=False)
    record_drop(ledger, "excluded_by_rsid", frame.filter(named))
    absent = set(exclusions.rsids) - set(frame["rsid"].drop_nulls())
    rest = frame.filter(~named)
    if exclusions.regions:
        inside = rest.select(pl.any_horizontal(region.holds() for region in exclusions.regions)).to_series()
        record_drop(ledger, "excluded_by_region", rest.filter(inside))
        ledger.note("region_unknown", int(inside.null_count()))
        rest = rest.filter(~inside.fill_null(value=False))
    ledger.note("listed_but_absent", len(absent))
    return rest, ledger.close(rest.height)


def read_exclusions(path: Path, *, build: str) -> Exclusions:
    """Read a list of identifiers and regions, one to a line.

    Parameters
    ----------
    path : pathlib.Path
        Text in UTF-8. A line holds an rsID (``rs123``), a place or region counted from 1 with both ends inside
        (``6:28477797-33448354``, ``chr6:28,477,797``), or three columns or more as in BED files, where the start counts
        from 0 and the end is outside (``chr6  28477796  33448354  HLA``). Empty lines and lines that begin with "#",
        "track" or "browser" are passed over.
    build : str
        Genome build of the regions.

    Returns
    -------
    Exclusions
        In the order of the file, each identifier once.

    Raises
    ------
    InputFileError
        The file cannot be read, or a line is none of these; every such line is listed.
    GenomeBuildError
        The build is neither GRCh37 nor GRCh38.
    """
    chromosome_lengths(build)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputFileError(_unreadable(path, error)) from None
    rsids: dict[str, None] = {}
    regions, faults = [], []
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.lower().startswith(_HEAD):
            continue
        try:
            entry = _entry(text, build)
        except SchemaError as error:
            faults.append(_bad_line(path, number, error.faults[0].found))
            continue
        if isinstance(entry, Region):
            regions.append(entry)
        elif entry is not None:
            rsids[entry] = None
        else:
            faults.append(_bad_line(path, number, f"'{text[:60]}'"))
    if faults:
        raise InputFileError(*faults)
    return Exclusions(tuple(rsids), tuple(regions), path.name)


def _unreadable(path: Path, error: Exception) -> Fault:
    """Return why a list cannot be read, and what to do."""
    wanted = "a text file in UTF-8 with an rsID or a region on each line"
    if isinstance(error, UnicodeDecodeError):
        return Fault("unreadable_file", str(path), "a file that is not in UTF-8", wanted, "Save it as UTF-8 text")
    if isinstance(error, FileNotFoundError):
        return Fault("missing_file", str(path), "no such file", wanted, "Look at the path, seen from the study file")
    found = "a folder" if isinstance(error, IsADirectoryError) else f"a file that cannot be read ({error})"
    return Fault("unreadable_file", str(path), found, wanted, "Name a file that can be read")


def _entry(text: str, build: str) -> Region | str | None:
    """Return what a line names; None if that is nothing we know."""
    cells = text.split()
    if len(cells) >= 3:
        chromosome = _chromosome(cells[0])
        if chromosome is None or not (cells[1].isdecimal() and cells[2].isdecimal()):
            return None
        return Region(chromosome, int(cells[1]) + 1, int(cells[2]), build, cells[3] if len(cells) > 3 else "")
    if len(cells) > 1:
        return None
    found = _RANGE.fullmatch(text)
    if found:
        chromosome, first = _chromosome(found[1]), int(found[2].replace(",", ""))
        last = int(found[3].replace(",", "")) if found[3] else first
        return None if chromosome is None else Region(chromosome, first, last, build, text)
    return text if re.fullmatch(r"rs\d+", text) else None


def _chromosome(text: str) -> int | None:
    """Return the number of a chromosome however it is written."""
    name = text.upper().removeprefix("CHR")
    number = _CHROMOSOMES.get(name, int(name) if name.isdecimal() else 0)
    return number if 1 <= number <= 25 else None


def _bad_line(path: Path, number: int, found: str) -> Fault:
    wanted = "an rsID, a region such as 6:28477797-33448354, or columns of a BED file"
    return Fault("bad_exclusion", f"{path}, line {number}", found, wanted, "Repair or delete the line", line=number)


def _same_build(region: Region, build: str) -> None:
    """Raise unless a region is on the build of the table."""
    if region.build != build:
        name = region.name or f"{region.chromosome}:{region.start}-{region.end}"
        raise GenomeBuildError(
            Fault("build_mismatch", name, f"a region on {region.build}", build, "Give the region on the table's build")
        )


def record_drop(ledger: RowLedger, reason: str, rows: pl.DataFrame) -> None:
    """Record rows that a declared rule leaves out, in the order of the file.

    Parameters
    ----------
    ledger : RowLedger
        Account of the step.
    reason : str
        Why they go.
    rows : polars.DataFrame
        Columns line and rsid.
    """
    first = rows.sort("line").head(MAX_LINES)
    examples = first["rsid"].fill_null("").to_list()
    ledger.drop(reason, rows.height, lines=first["line"].to_list(), examples=examples, kind="policy")
