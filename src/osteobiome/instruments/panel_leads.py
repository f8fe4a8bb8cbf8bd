r"""Leads to expect by chance for stored traits, from evenly spread stretches of a genotype panel.

A panel of eight million variants is looked at in a few stretches. Of a trait only its keys are read; traits with nearly
the same variants there share one calculation, so that many taxa of one consortium cost little more than one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import ConfigError, Fault
from osteobiome.instruments.null_leads import NullBlock, effective_leads
from osteobiome.ld.matching import NO_ALLELE
from osteobiome.sumstats.identity import orient, with_variant_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from osteobiome.instruments.windows import Region
    from osteobiome.ld.genotypes import Genotypes
    from osteobiome.ld.panel import Panel

SAME_VARIANTS = 0.95
"""Traits share a calculation if of the variants that either has at least this share is in both (Jaccard index)."""
_SCHEMA = {
    "trait_id": pl.String, "p_threshold": pl.Float64, "expected": pl.Float64, "expected_se": pl.Float64,
    "n_variants": pl.Int64, "share": pl.Float64, "n_draws": pl.Int64, "seed": pl.Int64, "below_noise": pl.Boolean,
    "message": pl.String,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LeadOptions:
    """How many leads by chance are counted.

    Parameters
    ----------
    p_thresholds : tuple of float
        Two-sided, above 0 and below 1.
    r2 : float
        Largest squared correlation of two leads, as in the study's clumping; from 0 to below 1.
    window_kb : float, optional
        Variants further apart do not clump each other.
    seed : int
        Of the draws.
    n_blocks : int
        Stretches of the panel, 2 or more.
    block_variants : int
        Variants of the panel in a stretch.
    n_draws : int
        Draws per stretch, 2 or more.

    Raises
    ------
    ConfigError
        A value is out of its range; every fault is listed.
    """

    p_thresholds: tuple[float, ...]
    r2: float
    window_kb: float | None
    seed: int
    n_blocks: int = 24
    block_variants: int = 1000
    n_draws: int = 200

    def __post_init__(self) -> None:
        """Look at every value."""
        checks = [
            ("r2", self.r2, 0.0 <= self.r2 < 1.0, "from 0 to below 1"),
            ("window_kb", self.window_kb, self.window_kb is None or self.window_kb > 0.0, "above 0, or left out"),
            ("n_blocks", self.n_blocks, self.n_blocks >= 2, "2 or more"),
            ("block_variants", self.block_variants, self.block_variants >= 1, "1 or more"),
            ("n_draws", self.n_draws, self.n_draws >= 2, "2 or more"),
            *(("p_thresholds", p, 0.0 < p < 1.0, "above 0 and below 1") for p in self.p_thresholds),
        ]
        faults = [
            Fault("bad_option", name, f"value {value}", wanted) for name, value, fine, wanted in checks if not fine
        ]
        if faults:
            raise ConfigError(*faults)


@dataclass(frozen=True, slots=True)
class PanelBlocks:
    """Stretches of a panel that stand for all of it.

    Parameters
    ----------
    rows : numpy.ndarray of int64, shape (n_rows,)
        Rows of the panel, rising.
    stretch : numpy.ndarray of int64, shape (n_rows,)
        Number of the stretch of each row, from 0.
    piece : numpy.ndarray of int64, shape (n_rows,)
        Number of its piece, from 0: a stretch that reaches into the next chromosome has two.
    share : float
        Rows of the stretches over all rows of the panel.
    """

    rows: NDArray[np.int64]
    stretch: NDArray[np.int64]
    piece: NDArray[np.int64]
    share: float

    @property
    def n_stretches(self) -> int:
        """Number of stretches."""
        return int(self.stretch[-1]) + 1


def panel_blocks(panel: Panel, *, options: LeadOptions) -> PanelBlocks:
    """Return which stretches of a panel are looked at: equally far apart, by nothing but the size of the panel.

    Parameters
    ----------
    panel : Panel
        In the order of the genome.
    options : LeadOptions
        ``n_blocks`` and ``block_variants``. A panel with no more variants than these is taken as a whole.
    """
    n, size = panel.n_variants, options.block_variants
    if n <= options.n_blocks * size:
        rows = np.arange(n, dtype=np.int64)
        n_stretches = -(-n // size)
        stretch = rows * n_stretches // n
    else:
        middle = (2 * np.arange(options.n_blocks, dtype=np.int64) + 1) * n // (2 * options.n_blocks)
        rows = ((middle - size // 2)[:, None] + np.arange(size, dtype=np.int64)).ravel()
        stretch = np.repeat(np.arange(options.n_blocks, dtype=np.int64), size)
    chromosome = panel.variants["chromosome"].gather(rows).fill_null(0).to_numpy()
    is_new = np.zeros(rows.size, dtype=np.int64)
    is_new[1:] = (np.diff(stretch) != 0) | (np.diff(chromosome) != 0)
    return PanelBlocks(rows, stretch, np.cumsum(is_new), rows.size / n)


def expected_leads(variants: Mapping[str, Path], panel: Panel, *, options: LeadOptions) -> pl.DataFrame:
    r"""Return how many leads each trait yields by chance, at each threshold.

    Parameters
    ----------
    variants : mapping of pathlib.Path
        ``variants.parquet`` of each trait, schema ``variants``. Its column ``variant_key`` alone is read.
    panel : Panel
        That the traits are clumped with, on their genome build.
    options : LeadOptions
        Thresholds and rule of the study's clumping; size of the calculation.

    Returns
    -------
    polars.DataFrame
        A row per trait and threshold, in the order given: trait_id, p_threshold, expected, expected_se, n_variants (of
        the trait in the stretches), share (of the panel's variants in the stretches), n_draws (per stretch), seed,
        below_noise (r² is below the panel's noise floor), message (why ``expected`` is null, else empty).

    Notes
    -----
    In stretch :math:`b` the variants of the trait that the panel has amount to :math:`M_b` tests
    (:func:`osteobiome.instruments.null_leads.effective_leads`; a variant that does not vary in the panel is none, as a
    study's clumping drops it). With a share :math:`f` of the panel's variants in :math:`n` stretches,

    .. math:: E = \frac{t}{f} \sum_b M_b,\qquad
        \mathrm{var}(E) = \frac{t^2}{f^2} \left[(1 - f)\, n\, s^2_M + f \sum_b v_b\right],

    where :math:`s^2_M` is the variance of :math:`M_b` between stretches and :math:`v_b` that of the draws (two-stage
    sampling; stretches are taken as if drawn at random).

    Variants that the panel lacks count nothing, as they never become leads. Traits that share at least 95 % of their
    variants in the stretches share a calculation: that of the first in the order of names, multiplied by the quotient
    of their numbers of variants. A trait without positions meets the panel by rs number and alleles; one with positions
    by these alone.

    ``expected`` is an upper bound of what the study's clumping leaves by chance. A stretch of a dense panel is shorter
    than the window, so that ties across its ends are lost. Strong LD, of variants that pass together, rarely reaches
    that far. What remains are leads that pass apart from each other and are in LD weakly or by chance (r² has noise of
    1/n of the panel). Of E leads about :math:`q E w / 2` are lost that way, or fewer, where :math:`w` is the mean share
    of the genome within the window of a lead and :math:`q` the share of such pairs above r²: 3 % with 20 leads in a
    genome of 2.9 Gb, 10 Mb on either side and q = 0.5. Where the window is no longer than a stretch, none are.

    ``below_noise`` marks that r² is so small that noise alone ties variants (q is then 0.3 or more). The clumping of
    the study ties them too and leaves fewer leads, so expected and observed numbers stay comparable: a larger r² for
    one of them would not compare like with like. Both are smaller than with exact LD.

    It is too low where statistics are inflated (stratification), which is no part of this null.

    References
    ----------
    Pe'er et al. 2008, doi:10.1002/gepi.20303 (effective number of tests of the genome)
    Hill WG, Weir BS (1988), doi:10.1016/0040-5809(88)90004-4 (noise of LD)

    Examples
    --------
    >>> from osteobiome.ld.panel import open_panel
    >>> panel = open_panel("reference/EUR.chr{chromosome}", genome_build="GRCh37")  # doctest: +SKIP
    >>> options = LeadOptions(p_thresholds=(1e-5,), r2=0.001, window_kb=10_000.0, seed=1)
    >>> expected_leads({"taxon": Path("results/taxon/variants.parquet")}, panel, options=options)  # doctest: +SKIP
    """
    blocks = panel_blocks(panel, options=options)
    keys = _Keys.of(panel.variants[blocks.rows])
    genotypes = panel.genotypes(blocks.rows)
    places = panel.variants["position"].gather(blocks.rows).cast(pl.Float64).fill_null(np.nan).to_numpy()
    below_noise = options.r2 < panel.noise_floor
    groups: list[_Group] = []
    found: dict[str, list[tuple[object, ...]]] = {}
    for trait_id in sorted(variants):
        is_there = keys.found_in(variants[trait_id])
        n_variants = int(is_there.sum())
        rest = (n_variants, blocks.share, options.n_draws, options.seed, below_noise)
        if not n_variants:
            message = f"none of the {blocks.rows.size} variants of the panel that were looked at is in the trait"
            found[trait_id] = [(trait_id, p, None, None, *rest, message) for p in options.p_thresholds]
            continue
        group = next((group for group in groups if group.is_alike(is_there)), None)
        if group is None:
            group = _Group.of(is_there, blocks, genotypes, places=places, options=options)
            groups.append(group)
        factor = n_variants / group.n_variants
        found[trait_id] = [
            (trait_id, p, p * factor * tests, p * factor * tests_se, *rest, "")
            for p, tests, tests_se in zip(options.p_thresholds, group.tests, group.tests_se, strict=True)
        ]
    return pl.DataFrame([row for name in variants for row in found[name]], schema=_SCHEMA, orient="row")


def window_leads(variants: Path, panel: Panel, region: Region, *, trait_id: str, options: LeadOptions) -> pl.DataFrame:
    """Return how many leads a trait yields by chance in one region, from all of the panel's variants there.

    Parameters
    ----------
    variants : pathlib.Path
        ``variants.parquet`` of the trait, schema ``variants``.
    panel : Panel
        That the trait is clumped with, on its genome build.
    region : Region
        Both ends inside.
    trait_id : str
        Of the trait.
    options : LeadOptions
        Thresholds and rule; the region is one block.

    Returns
    -------
    polars.DataFrame
        As :func:`expected_leads`; ``share`` is 1. Nothing is lost across ends: it is no bound.
    """
    rows = panel.variants.with_row_index("row").filter(region.holds())["row"].cast(pl.Int64).to_numpy()
    rows = rows[_Keys.of(panel.variants[rows]).found_in(variants)] if rows.size else rows
    rest = (rows.size, 1.0, options.n_draws, options.seed, options.r2 < panel.noise_floor)
    if not rows.size:
        message = "none of the variants of the panel in the window is in the trait"
        empty = [(trait_id, p, None, None, *rest, message) for p in options.p_thresholds]
        return pl.DataFrame(empty, schema=_SCHEMA, orient="row")
    position = panel.variants["position"].gather(rows).to_numpy()
    block = NullBlock.of_genotypes(f"window {region.chromosome}", panel.genotypes(rows), position=position)
    found = effective_leads(
        [block],
        p_thresholds=options.p_thresholds,
        r2=options.r2,
        window_kb=options.window_kb,
        n_draws=options.n_draws,
        seed=options.seed,
    )
    return pl.DataFrame(
        [
            (trait_id, p, p * one.count, p * one.count_se, *rest, "")
            for p, one in zip(options.p_thresholds, found, strict=True)
        ],
        schema=_SCHEMA,
        orient="row",
    )


def unclumped_leads(n_variants: int, p_threshold: float) -> float:
    """Return how many variants of a trait pass by chance where nothing is clumped: exact, whatever their LD.

    Parameters
    ----------
    n_variants : int
        Of the trait.
    p_threshold : float
        Two-sided, above 0 and below 1.

    Raises
    ------
    ConfigError
        A value is out of its range.

    Examples
    --------
    >>> unclumped_leads(8_000_000, 1e-5)
    80.0
    """
    if not 0.0 < p_threshold < 1.0:
        raise ConfigError(Fault("bad_option", "p_threshold", f"value {p_threshold}", "above 0 and below 1"))
    if n_variants < 0:
        raise ConfigError(Fault("bad_option", "n_variants", f"value {n_variants}", "0 or more"))
    return n_variants * p_threshold


@dataclass(frozen=True, slots=True)
class _Keys:
    """Keys under which a trait may have the variants of the stretches.

    Parameters
    ----------
    values : numpy.ndarray of int64, shape (n_keys,)
        Rising, each once.
    at : numpy.ndarray of int64, shape (n_keys,)
        Which variant of the stretches has it.
    n_variants : int
        Variants of the stretches.
    """

    values: NDArray[np.int64]
    at: NDArray[np.int64]
    n_variants: int

    @classmethod
    def of(cls, variants: pl.DataFrame) -> _Keys:
        """Make keys of places and alleles, and of names and alleles."""
        unknown = pl.lit(None, dtype=pl.Float64)
        columns = pl.col("counted").alias("effect_allele"), pl.col("other").alias("other_allele")
        plain = variants.with_row_index("at").filter(~pl.any_horizontal(pl.col("counted", "other").is_in(NO_ALLELE)))
        placed = orient(
            plain.select("at", "rsid", "chromosome", "position", *columns, unknown.alias("beta"), unknown.alias("eaf"))
        )
        named = placed.filter(pl.col("rsid").is_not_null()).with_columns(
            pl.lit(None, dtype=pl.Int8).alias("chromosome"), pl.lit(None, dtype=pl.Int64).alias("position")
        )
        placed = placed.drop_nulls(["chromosome", "position"])
        both = pl.concat([with_variant_key(part).select("variant_key", "at") for part in (placed, named)])
        values, first = np.unique(both["variant_key"].to_numpy(), return_index=True)
        return cls(values, both["at"].cast(pl.Int64).to_numpy()[first], variants.height)

    def found_in(self, path: Path) -> NDArray[np.bool_]:
        """Return which variants of the stretches a stored trait has."""
        wanted = pl.col("variant_key").is_in(pl.Series(self.values).implode())
        stored = pl.scan_parquet(path).select("variant_key").filter(wanted).collect(engine="streaming")
        is_there = np.zeros(self.n_variants, dtype=bool)
        is_there[self.at[np.searchsorted(self.values, stored["variant_key"].to_numpy())]] = True
        return is_there


@dataclass(frozen=True, slots=True)
class _Group:
    """Traits with nearly the same variants, and the number of tests of the first of them in the whole panel."""

    is_there: NDArray[np.bool_]
    n_variants: int
    tests: NDArray[np.float64]
    tests_se: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        is_there: NDArray[np.bool_],
        blocks: PanelBlocks,
        genotypes: Genotypes,
        *,
        places: NDArray[np.float64],
        options: LeadOptions,
    ) -> _Group:
        """Count the tests of the variants that are there."""
        counts = np.zeros((len(options.p_thresholds), blocks.n_stretches))
        noise = np.zeros(len(options.p_thresholds))
        rows = np.flatnonzero(is_there)
        for part in np.split(rows, np.flatnonzero(np.diff(blocks.piece[rows])) + 1):
            piece = blocks.piece[part[0]]
            name = f"rows from {blocks.rows[np.searchsorted(blocks.piece, piece)]}"
            block = NullBlock.of_genotypes(name, genotypes.take(part), position=places[part])
            found = effective_leads(
                [block],
                p_thresholds=options.p_thresholds,
                r2=options.r2,
                window_kb=options.window_kb,
                n_draws=options.n_draws,
                seed=options.seed,
            )
            counts[:, blocks.stretch[part[0]]] += [one.count for one in found]
            noise += [one.count_se**2 for one in found]
        tests_se = np.sqrt(_sampling_variance(counts, noise, share=blocks.share))
        return cls(is_there, rows.size, counts.sum(axis=1) / blocks.share, tests_se)

    def is_alike(self, is_there: NDArray[np.bool_]) -> bool:
        """Return whether another trait has nearly the same variants."""
        n_both = np.count_nonzero(self.is_there & is_there)
        n_either = np.count_nonzero(self.is_there | is_there)
        return bool(n_both >= SAME_VARIANTS * n_either)


def _sampling_variance(counts: NDArray[np.float64], noise: NDArray[np.float64], *, share: float) -> NDArray[np.float64]:
    """Return the variance of the whole panel's total, from counts of shape (n_thresholds, n_stretches)."""
    if share == 1.0:
        return noise
    between: NDArray[np.float64] = counts.shape[1] * counts.var(axis=1, ddof=1)
    return ((1.0 - share) * between + share * noise) / share**2
