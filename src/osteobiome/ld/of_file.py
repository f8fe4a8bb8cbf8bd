"""One file of summary statistics and one panel: whether the panel fits the file, and how the file clumps with it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.errors import ConfigError, Fault, InputFileError, nearest
from osteobiome.core.findings import fault_of
from osteobiome.core.schema import polars_schema
from osteobiome.core.thresholds import ROUNDING
from osteobiome.ld.fit import check_fit
from osteobiome.ld.matching import PanelIndex
from osteobiome.ld.naming import variant_names
from osteobiome.ld.output import free_names, system_errors
from osteobiome.ld.panel import open_panel
from osteobiome.ld.sources.vcf import convert_vcf
from osteobiome.ld.trait_clumping import clump_traits
from osteobiome.sumstats.reference import BUILDS
from osteobiome.sumstats.table import begin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osteobiome.core.rows import RowReport
    from osteobiome.ld.fit import PanelFit
    from osteobiome.ld.panel import Panel
    from osteobiome.ld.panel_clumping import PanelClumpOptions
    from osteobiome.sumstats.request import Request

MAX_BAD_ROWS = 0.05
"""Share of rows that one fault may take, as in the study file."""
_BED_ENDINGS = (".bed", ".bim", ".fam")
A_FIT = "a panel that fits"
"""What is expected where a panel does not fit and that is not allowed."""
PANEL_BUILD = "genome build of the panel"
"""Where a build that is none is said to stand."""


@dataclass(frozen=True, slots=True)
class PanelFacts:
    """A panel and how it was declared.

    Parameters
    ----------
    path : str
        As for :func:`osteobiome.ld.panel.open_panel`.
    ancestry : str
        Of its people; empty if unknown.
    genome_build : str
        ``GRCh37`` or ``GRCh38``; empty if unknown.
    """

    path: str
    ancestry: str = ""
    genome_build: str = ""

    def open(self) -> Panel:
        """Open the panel.

        Raises
        ------
        ConfigError
            The genome build is none of the two.
        InputFileError
            As :func:`osteobiome.ld.panel.open_panel`.
        """
        if self.genome_build and self.genome_build not in BUILDS:
            hint = nearest(self.genome_build, BUILDS)
            found = f"'{self.genome_build}'"
            raise ConfigError(Fault("unknown_build", PANEL_BUILD, found, "GRCh37 or GRCh38", hint))
        return open_panel(self.path, ancestry=self.ancestry, genome_build=self.genome_build)


@dataclass(frozen=True, slots=True)
class FileFit:
    """How a panel fits a file.

    Parameters
    ----------
    file : str
        Path as given.
    genome_build : str
        Build of the file, as declared or as its positions show; empty if unknown.
    rows : RowReport
        Rows read, kept and dropped.
    panel : str
        Path as given.
    n_people, n_left_out : int
        People of the panel, and those left out as they are no founders.
    n_panel_variants : int
        Variants of the panel.
    fit : PanelFit
        Verdict, numbers and findings.
    """

    file: str
    genome_build: str
    rows: RowReport
    panel: str
    n_people: int
    n_left_out: int
    n_panel_variants: int
    fit: PanelFit

    def as_dict(self) -> dict[str, object]:
        """Return the result as plain data for JSON."""
        fit = self.fit
        return {
            "file": self.file,
            "genome_build": self.genome_build or None,
            "n_in": self.rows.n_in,
            "n_kept": self.rows.n_kept,
            "n_dropped": self.rows.by_reason(),
            "panel": self.panel,
            "n_people": self.n_people,
            "n_people_left_out": self.n_left_out,
            "n_panel_variants": self.n_panel_variants,
            "noise_floor": fit.noise_floor,
            "verdict": fit.verdict,
            "doubts": sorted(fit.doubts),
            "n_looked_at": fit.n_looked_at,
            "n_found": fit.n_found,
            "share_found": fit.share_found,
            "n_allele_mismatch": fit.n_allele_mismatch,
            "share_alleles_agree": fit.share_alleles_agree,
            "n_flipped": fit.n_flipped,
            "n_compared": fit.n_compared,
            "frequency_correlation": fit.frequency_correlation,
            "n_monomorphic": fit.n_monomorphic,
            "n_badly_called": fit.n_badly_called,
            "share_missing": fit.share_missing,
            "findings": [found.as_dict() for found in fit.findings],
        }


@dataclass(frozen=True, slots=True)
class FileClumps:
    """What became of the candidates of a file.

    Parameters
    ----------
    fit : FileFit
        How the panel fits the file.
    options : PanelClumpOptions
        Thresholds.
    table : polars.DataFrame, shape (n_candidates, 11)
        ``variant`` (rsID, or chromosome:position:effect:other where there is none or several rows have it),
        chromosome, position, effect_allele, other_allele, neg_log_10_p_value, f_statistic, ``index_variant``, ``r2``
        with it, ``reason`` (empty for index variants) and ``n_members`` (other candidates of the clump; null but for
        index variants).
    """

    fit: FileFit
    options: PanelClumpOptions
    table: pl.DataFrame

    @property
    def index_variants(self) -> pl.DataFrame:
        """Rows of the index variants, strongest first."""
        strength = "f_statistic" if self.options.by == "f" else "neg_log_10_p_value"
        return self.table.filter(reason="").sort(strength, descending=True, maintain_order=True)

    @property
    def not_in_panel(self) -> list[str]:
        """Candidates that the panel lacks, or has with other alleles; they are in no clump."""
        return self.table.filter(reason="not_in_panel")["variant"].to_list()

    @property
    def is_below_noise(self) -> bool:
        """Whether the threshold of r² is below what unlinked variants have by chance in so few people."""
        return self.options.r2 < self.fit.fit.noise_floor

    def by_reason(self) -> dict[str, int]:
        """Return the number of candidates that are no index variant, by reason."""
        counts = self.table.filter(pl.col("reason") != "").group_by("reason").len().sort("reason")
        return dict(counts.rows())

    def as_dict(self) -> dict[str, object]:
        """Return the result as plain data for JSON."""
        return {
            "file": self.fit.file,
            "panel": self.fit.panel,
            "options": asdict(self.options),
            "noise_floor": self.fit.fit.noise_floor,
            "r2_is_below_noise": self.is_below_noise,
            "n_candidates": self.table.height,
            "n_index_variants": self.index_variants.height,
            "n_dropped": self.by_reason(),
            "index_variants": self.index_variants.drop("index_variant", "r2", "reason").to_dicts(),
            "not_in_panel": self.not_in_panel,
            "fit": self.fit.as_dict(),
        }


def check_file(
    path: Path,
    panel: PanelFacts,
    *,
    request: Request,
    r2: float | None = None,
    max_bad_rows: float = MAX_BAD_ROWS,
) -> FileFit:
    """Compare a file of summary statistics with a panel.

    Parameters
    ----------
    path : pathlib.Path
        File; it is read whole.
    panel : PanelFacts
        Panel.
    request : Request
        How the file is to be read, and the ancestry of its sample.
    r2 : float, optional
        Threshold of r² that is to be used with the panel, from 0 to below 1.
    max_bad_rows : float
        Share of rows that one fault may take.

    Returns
    -------
    FileFit
        Also where the panel does not fit: its verdict says so.

    Raises
    ------
    ConfigError
        ``r2`` out of range, or a genome build that is not known.
    InputFileError, SchemaError
        File or panel cannot be read.
    """
    if r2 is not None and not 0.0 <= r2 < 1.0:
        raise ConfigError(Fault("r2_out_of_range", "r2", f"{r2:g}", "a number from 0 to below 1"))
    opened = panel.open()
    index = PanelIndex(opened.variants)
    return read_with_panel(path, opened, index, request=request, r2=r2, max_bad_rows=max_bad_rows)[1]


def clump_file(
    path: Path,
    panel: PanelFacts,
    *,
    request: Request,
    options: PanelClumpOptions,
    allow_unfit: bool = False,
    max_bad_rows: float = MAX_BAD_ROWS,
) -> FileClumps:
    """Clump the variants of a file of summary statistics with a panel.

    Parameters
    ----------
    path : pathlib.Path
        File; it is read whole.
    panel : PanelFacts
        Panel.
    request : Request
        How the file is to be read, and the ancestry of its sample.
    options : PanelClumpOptions
        Thresholds.
    allow_unfit : bool
        Clump although the panel does not fit.
    max_bad_rows : float
        Share of rows that one fault may take.

    Returns
    -------
    FileClumps
        A row for each candidate: p at most ``p1``, or below ``p2``. Other variants can neither lead a clump nor be
        listed in one, so leaving them out changes no result.

    Raises
    ------
    InputFileError, SchemaError
        File or panel cannot be read, or the panel does not fit.
    """
    opened = panel.open()
    index = PanelIndex(opened.variants)
    frame, fit = read_with_panel(path, opened, index, request=request, r2=options.r2, max_bad_rows=max_bad_rows)
    refuse_unfit([fit], allow_unfit=allow_unfit)
    p = pl.col("neg_log_10_p_value")
    is_candidate = (p >= -math.log10(options.p1) - ROUNDING) | (p > -math.log10(options.p2) + ROUNDING)
    candidates = frame.filter(is_candidate)
    named = candidates.with_columns(variant_names(candidates).alias("rsid"))
    clumps = clump_traits({"": named}, opened, index=index, options=options)[""]
    return FileClumps(fit, options, _as_table(named, clumps))


def convert_panel(source: Path, prefix: Path, *, overwrite: bool = False) -> tuple[tuple[Path, ...], RowReport]:
    """Convert a VCF or BCF file to PLINK 1 files, unless files would be lost.

    Parameters
    ----------
    source : pathlib.Path
        VCF, plain or packed, or BCF.
    prefix : pathlib.Path
        ``.bed``, ``.bim`` and ``.fam`` are put behind it; if it ends in one of them, that ending is taken off first.
    overwrite : bool
        Replace files that are there.

    Returns
    -------
    paths : tuple of pathlib.Path
        The three files.
    rows : RowReport
        As from :func:`osteobiome.ld.sources.vcf.convert_vcf`.

    Raises
    ------
    InputFileError
        As from ``convert_vcf``.
    StoreWriteError
        A file is there already or cannot be written.
    """
    stem = prefix.with_suffix("") if prefix.suffix in _BED_ENDINGS else prefix
    paths = tuple(Path(f"{stem}{ending}") for ending in _BED_ENDINGS)
    free_names(paths, overwrite=overwrite)
    with system_errors(stem):
        rows = convert_vcf(source, stem)
    return paths, rows


def read_with_panel(
    path: Path, panel: Panel, index: PanelIndex, *, request: Request, r2: float | None, max_bad_rows: float
) -> tuple[pl.DataFrame, FileFit]:
    """Read a file of summary statistics, and compare it with a panel.

    Parameters
    ----------
    path : pathlib.Path
        File; it is read whole.
    panel : Panel
        Opened panel.
    index : PanelIndex
        Of this panel.
    request : Request
        How the file is to be read, and the ancestry of its sample.
    r2 : float or None
        Threshold of r² that is to be used with the panel.
    max_bad_rows : float
        Share of rows that one fault may take.

    Returns
    -------
    frame : polars.DataFrame
        Schema ``variants``, sorted by key.
    fit : FileFit
        Also where the panel does not fit.

    Raises
    ------
    InputFileError, SchemaError
        The file cannot be read.
    """
    ingest = begin(
        path, trait_id=str(path), file_format=request.file_format, columns=request.columns, options=request.options
    )
    frames = list(ingest.checked_frames(max_bad_rows=max_bad_rows))
    frame = pl.concat(frames) if frames else pl.DataFrame(schema=polars_schema("variants"))
    ancestry, build = request.options.ancestry, ingest.genome_build
    fit = check_fit(frame, panel, index=index, genome_build=build, ancestry=ancestry, r2_threshold=r2)
    people = panel.n_people, panel.n_left_out
    return frame, FileFit(str(path), build, ingest.report(), panel.path, *people, panel.n_variants, fit)


def refuse_unfit(fits: Sequence[FileFit], *, allow_unfit: bool) -> None:
    """Raise if a panel does not fit one of some files, unless that is allowed.

    Parameters
    ----------
    fits : sequence of FileFit
        How a panel fits files.
    allow_unfit : bool
        Whether to go on all the same.

    Raises
    ------
    InputFileError
        With what is fatal, for each of the files.
    """
    faults = [
        fault_of(found, where=f"{fit.panel} for {fit.file}")
        for fit in fits
        for found in fit.fit.findings
        if found.severity == "fatal" and fit.fit.verdict == "refused"
    ]
    if faults and not allow_unfit:
        raise InputFileError(*(Fault(f.code, f.where, f.found, A_FIT, f.hint) for f in faults))


def _as_table(named: pl.DataFrame, clumps: pl.DataFrame) -> pl.DataFrame:
    """Return what became of each candidate."""
    members = clumps.filter(reason="clumped").group_by("index_variant").len().rename({"len": "n_members"})
    facts = named.select("effect_allele", "other_allele", (pl.col("beta") / pl.col("se")).pow(2).alias("f_statistic"))
    return (
        pl.concat([clumps, facts], how="horizontal")
        .join(members, on="index_variant", how="left", maintain_order="left")
        .with_columns(
            pl.when(pl.col("reason") == "").then(pl.col("n_members").fill_null(0).cast(pl.Int64)).alias("n_members")
        )
        .select(
            pl.col("rsid").alias("variant"), "chromosome", "position", "effect_allele", "other_allele",
            "neg_log_10_p_value", "f_statistic", "index_variant", "r2", "reason", "n_members",
        )
    )  # fmt: skip
