"""Files of summary statistics and a panel: clumps of several as one set, stand-ins, conditional selection."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.errors import ConfigError, Fault
from osteobiome.core.thresholds import CANDIDATE_P, ROUNDING
from osteobiome.ld.matching import PanelIndex
from osteobiome.ld.naming import variant_names
from osteobiome.ld.of_file import MAX_BAD_ROWS, read_with_panel, refuse_unfit
from osteobiome.ld.target_list import listed_targets
from osteobiome.ld.trait_clumping import clump_traits_jointly
from osteobiome.ld.trait_conditional import FREQUENCY_DIFFERENCE, select_conditional_of_trait
from osteobiome.ld.trait_proxies import trait_proxies

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from osteobiome.core.findings import Finding
    from osteobiome.core.rows import RowReport
    from osteobiome.ld.conditional import ConditionalOptions
    from osteobiome.ld.of_file import FileFit, PanelFacts
    from osteobiome.ld.panel_clumping import PanelClumpOptions
    from osteobiome.ld.proxies import ProxyOptions
    from osteobiome.sumstats.request import Request

IN_FILE = "in_file"
"""Why a variant of a list has no stand-in: the file has the variant itself."""
_TEXTS = {"listed": pl.String, "reason": pl.String}
_TURNED = (("effect_allele", "other_allele"), ("proxy_effect_allele", "proxy_other_allele"))
_OF_PROXY = {
    "proxy": pl.String, "proxy_position": pl.Int64, "proxy_effect_allele": pl.String, "proxy_other_allele": pl.String,
    "r": pl.Float64, "r2": pl.Float64, "distance": pl.Int64, "beta": pl.Float64, "se": pl.Float64, "eaf": pl.Float64,
    "n": pl.Float64, "neg_log_10_p_value": pl.Float64,
}  # fmt: skip
_PLACE = {"chromosome": pl.Int8, "position": pl.Int64, "effect_allele": pl.String, "other_allele": pl.String}


@dataclass(frozen=True, slots=True)
class JointClumps:
    """What became of the candidates of several files, clumped as one set.

    Parameters
    ----------
    fits : tuple of FileFit
        How the panel fits each file.
    options : PanelClumpOptions
        Thresholds.
    table : polars.DataFrame, shape (n_candidates, 13)
        ``variant`` (rsID, or chromosome:position:effect:other where there is none or several have it), chromosome,
        position, effect_allele, other_allele; neg_log_10_p_value and f_statistic, the largest over files; ``file``
        where the variant is strongest, ``n_files`` in which it is a candidate, ``index_variant``, ``r2`` with it,
        ``reason`` (empty for index variants) and ``n_members`` (other candidates of the clump; null but for index
        variants).
    """

    fits: tuple[FileFit, ...]
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

    def by_reason(self) -> dict[str, int]:
        """Return the number of candidates that are no index variant, by reason."""
        return _by_reason(self.table)

    def as_dict(self) -> dict[str, object]:
        """Return the result as plain data for JSON."""
        return {
            "files": [fit.file for fit in self.fits],
            "panel": self.fits[0].panel,
            "options": asdict(self.options),
            "noise_floor": self.fits[0].fit.noise_floor,
            "r2_is_below_noise": self.options.r2 < self.fits[0].fit.noise_floor,
            "n_candidates": self.table.height,
            "n_index_variants": self.index_variants.height,
            "n_dropped": self.by_reason(),
            "index_variants": self.index_variants.drop("index_variant", "r2", "reason").to_dicts(),
            "not_in_panel": self.not_in_panel,
            "fits": [fit.as_dict() for fit in self.fits],
        }


@dataclass(frozen=True, slots=True)
class FileProxies:
    """Stand-ins for the variants of a list that a file lacks.

    Parameters
    ----------
    fit : FileFit
        How the panel fits the file.
    options : ProxyOptions
        Thresholds.
    table : polars.DataFrame, shape (n_listed, 18)
        A row per variant of the list, in its order, unknown names last: ``variant``, chromosome, position,
        effect_allele and other_allele as listed; ``proxy``, proxy_position, proxy_effect_allele, proxy_other_allele,
        ``r``, ``r2``, ``distance``, and of the proxy beta, se, eaf, n, neg_log_10_p_value, for the effect allele of the
        variant; ``reason`` as in :func:`osteobiome.ld.trait_proxies.trait_proxies`, or ``in_file``.
    """

    fit: FileFit
    options: ProxyOptions
    table: pl.DataFrame

    @property
    def found(self) -> pl.DataFrame:
        """Rows that have a proxy."""
        return self.table.filter(reason="")

    def by_reason(self) -> dict[str, int]:
        """Return the number of variants without a proxy, by reason."""
        return _by_reason(self.table)

    def as_dict(self) -> dict[str, object]:
        """Return the result as plain data for JSON."""
        return {
            "file": self.fit.file,
            "panel": self.fit.panel,
            "options": asdict(self.options),
            "n_listed": self.table.height,
            "n_proxies": self.found.height,
            "n_dropped": self.by_reason(),
            "variants": self.table.to_dicts(),
            "fit": self.fit.as_dict(),
        }


@dataclass(frozen=True, slots=True)
class FileSelection:
    """Variants of a file with effects of their own.

    Parameters
    ----------
    fit : FileFit
        How the panel fits the file.
    options : ConditionalOptions
        Thresholds.
    candidates_p : float
        Largest p of a variant that was looked at.
    max_frequency_difference : float
        Largest difference of frequencies of file and panel.
    table : polars.DataFrame, shape (n_chosen, 13)
        ``variant`` (rsID, or chromosome:position:effect:other where there is none or several have it) and the columns
        of :class:`osteobiome.ld.trait_conditional.TraitSelection` from chromosome on.
    rows : RowReport
        Rows of the file that reached the selection, and what became of the others.
    warnings : tuple of Finding
        What is to be doubted.
    """

    fit: FileFit
    options: ConditionalOptions
    candidates_p: float
    max_frequency_difference: float
    table: pl.DataFrame
    rows: RowReport
    warnings: tuple[Finding, ...]

    def as_dict(self) -> dict[str, object]:
        """Return the result as plain data for JSON."""
        return {
            "file": self.fit.file,
            "panel": self.fit.panel,
            "options": asdict(self.options),
            "candidates_p": self.candidates_p,
            "max_frequency_difference": self.max_frequency_difference,
            "n_in": self.rows.n_in,
            "n_kept": self.rows.n_kept,
            "n_dropped": self.rows.by_reason(),
            "notes": dict(self.rows.notes),
            "n_chosen": self.table.height,
            "chosen": self.table.to_dicts(),
            "warnings": [found.as_dict() for found in self.warnings],
            "fit": self.fit.as_dict(),
        }


def clump_files_jointly(
    paths: Sequence[Path],
    panel: PanelFacts,
    *,
    request: Request,
    options: PanelClumpOptions,
    allow_unfit: bool = False,
    max_bad_rows: float = MAX_BAD_ROWS,
) -> JointClumps:
    """Clump the variants of several files of summary statistics as one set.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        Files; each is read whole, one after the other, and its candidates are kept.
    panel : PanelFacts
        Panel.
    request : Request
        How the files are to be read, and the ancestry of their samples.
    options : PanelClumpOptions
        Thresholds.
    allow_unfit : bool
        Clump although the panel does not fit.
    max_bad_rows : float
        Share of rows that one fault may take.

    Returns
    -------
    JointClumps
        A row for each variant that is a candidate in some file: p at most ``p1``, or below ``p2``.

    Raises
    ------
    ConfigError
        A file that is named twice.
    InputFileError, SchemaError
        A file or the panel cannot be read, or the panel does not fit one of the files.
    """
    names = [str(path) for path in paths]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise ConfigError(
            *(Fault("file_twice", name, "a file that is named twice", "each file once") for name in twice)
        )
    opened = panel.open()
    index = PanelIndex(opened.variants)
    tables, fits = {}, []
    p = pl.col("neg_log_10_p_value")
    is_candidate = (p >= -math.log10(options.p1) - ROUNDING) | (p > -math.log10(options.p2) + ROUNDING)
    for path in paths:
        frame, fit = read_with_panel(path, opened, index, request=request, r2=options.r2, max_bad_rows=max_bad_rows)
        tables[str(path)] = frame.filter(is_candidate)
        fits.append(fit)
    refuse_unfit(fits, allow_unfit=allow_unfit)
    clumps = clump_traits_jointly(tables, opened, index=index, options=options)
    members = clumps.filter(reason="clumped").group_by("index_variant").len().rename({"len": "n_members"})
    named = clumps.with_columns(variant_names(clumps))
    return JointClumps(tuple(fits), options, _with_members(named, members))


def _with_members(named: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Return joint clumps with the number of members of each index variant."""
    joined = named.join(members, left_on="variant", right_on="index_variant", how="left", maintain_order="left")
    number = pl.when(pl.col("reason") == "").then(pl.col("n_members").fill_null(0).cast(pl.Int64))
    return joined.select(
        "variant", "chromosome", "position", "effect_allele", "other_allele", "neg_log_10_p_value", "f_statistic",
        pl.col("trait").alias("file"), pl.col("n_traits").alias("n_files"), "index_variant", "r2", "reason",
        number.alias("n_members"),
    )  # fmt: skip


def proxies_for_file(
    path: Path,
    panel: PanelFacts,
    variants: Path,
    *,
    request: Request,
    options: ProxyOptions,
    trust_strand: bool = False,
    allow_unfit: bool = False,
    max_bad_rows: float = MAX_BAD_ROWS,
) -> FileProxies:
    """Find stand-ins for the variants of a list that a file of summary statistics lacks.

    Parameters
    ----------
    path : pathlib.Path
        File; it is read whole.
    panel : PanelFacts
        Panel.
    variants : pathlib.Path
        List, as :func:`osteobiome.ld.target_list.listed_targets` reads it.
    request : Request
        How the file is to be read, and the ancestry of its sample.
    options : ProxyOptions
        Thresholds.
    trust_strand : bool
        Believe that list, file and panel are on the forward strand.
    allow_unfit : bool
        Go on although the panel does not fit.
    max_bad_rows : float
        Share of rows that one fault may take.

    Returns
    -------
    FileProxies
        Every variant of the list has a proxy or a reason.

    Raises
    ------
    InputFileError, SchemaError
        List, file or panel cannot be read, or the panel does not fit.
    """
    opened = panel.open()
    targets, unknown = listed_targets(variants, opened)
    index = PanelIndex(opened.variants)
    frame, fit = read_with_panel(path, opened, index, request=request, r2=None, max_bad_rows=max_bad_rows)
    refuse_unfit([fit], allow_unfit=allow_unfit)
    at_place = targets["variant_key"].is_in(frame["variant_key"].implode())
    ids = (
        frame.select("id_key", "allele_class").drop_nulls().filter(pl.col("id_key").is_in(targets["id_key"].implode()))
    )
    names = targets.join(ids.unique(), on=["id_key", "allele_class"], how="semi")["variant_key"]
    is_there = at_place | targets["variant_key"].is_in(names.implode())
    absent = targets.filter(~is_there)
    found = trait_proxies(absent, frame, opened, index=index, options=options, trust_strand=trust_strand)
    columns = [name for name in found.columns if name not in targets.columns or name == "eaf"]
    own = targets.drop("eaf")
    table = own.join(found.select("variant_key", *columns), on="variant_key", how="left", maintain_order="left")
    table = table.with_columns(pl.when(is_there).then(pl.lit(IN_FILE)).otherwise("reason").alias("reason"))
    lost = pl.DataFrame({"listed": list(unknown), "reason": ["not_in_panel"] * len(unknown)}, schema_overrides=_TEXTS)
    return FileProxies(fit, options, pl.concat([_as_listed(table), _as_listed(lost)]))


def _as_listed(table: pl.DataFrame) -> pl.DataFrame:
    """Return targets and proxies the way round in which the list has them; columns that are lacking are null."""
    if "is_turned" in table.columns:
        turned = pl.col("is_turned")
        swaps = [pl.when(turned).then(b).otherwise(a).alias(a) for pair in _TURNED for a, b in (pair, pair[::-1])]
        beta = pl.when(turned).then(-pl.col("beta")).otherwise("beta")
        eaf = pl.when(turned).then(1.0 - pl.col("eaf")).otherwise("eaf")
        table = table.with_columns(*swaps, beta.alias("beta"), eaf.alias("eaf"))
    columns = _PLACE | _OF_PROXY
    lacking = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in columns.items() if name not in table.columns]
    return table.with_columns(lacking).select(pl.col("listed").alias("variant"), *columns, "reason")


def select_in_file(
    path: Path,
    panel: PanelFacts,
    *,
    request: Request,
    options: ConditionalOptions,
    candidates_p: float = CANDIDATE_P,
    max_frequency_difference: float = FREQUENCY_DIFFERENCE,
    n_people: float | None = None,
    trust_strand: bool = False,
    allow_unfit: bool = False,
    max_bad_rows: float = MAX_BAD_ROWS,
) -> FileSelection:
    """Choose the variants of a file of summary statistics that have effects of their own.

    Parameters
    ----------
    path : pathlib.Path
        File; it is read whole.
    panel : PanelFacts
        Panel.
    request : Request
        How the file is to be read, and the ancestry of its sample.
    options : ConditionalOptions
        Thresholds.
    candidates_p : float
        Only variants with p at most this are looked at.
    max_frequency_difference : float
        Variants whose allele has a frequency further than this from that in the panel are left out.
    n_people : float, optional
        Sample size of the rows that give none.
    trust_strand : bool
        Believe that file and panel are on the forward strand.
    allow_unfit : bool
        Go on although the panel does not fit.
    max_bad_rows : float
        Share of rows that one fault may take.

    Returns
    -------
    FileSelection
        Chosen variants, with effects alone and given the others.

    Raises
    ------
    ConfigError
        A threshold or a sample size out of its range.
    InputFileError, SchemaError
        File or panel cannot be read, or the panel does not fit.
    """
    if n_people is not None and not 2.0 < n_people < math.inf:
        raise ConfigError(Fault("sample_size_out_of_range", "n", f"{n_people:g}", "more than 2 people"))
    opened = panel.open()
    index = PanelIndex(opened.variants)
    frame, fit = read_with_panel(path, opened, index, request=request, r2=None, max_bad_rows=max_bad_rows)
    refuse_unfit([fit], allow_unfit=allow_unfit)
    sized = frame.with_columns(pl.col("n").fill_null(pl.lit(n_people, dtype=pl.Float64)))
    found = select_conditional_of_trait(
        sized, opened, index=index, options=options, candidates_p=candidates_p,
        max_frequency_difference=max_frequency_difference, trust_strand=trust_strand, trait_id=str(path),
    )  # fmt: skip
    table = found.chosen.with_columns(variant_names(found.chosen)).drop("variant_key", "rsid")
    named = table.select("variant", pl.exclude("variant"))
    return FileSelection(fit, options, candidates_p, max_frequency_difference, named, found.rows, found.warnings)


def _by_reason(table: pl.DataFrame) -> dict[str, int]:
    """Return the number of rows with a reason, by reason."""
    counts = table.filter(pl.col("reason") != "").group_by("reason").len().sort("reason")
    return dict(counts.rows())
