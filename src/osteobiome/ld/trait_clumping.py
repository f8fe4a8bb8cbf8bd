"""Clumping stored traits with a panel: each by itself, all in one pass over its genotypes, or all as one set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.schema import table
from osteobiome.ld.correlation import varies
from osteobiome.ld.matching import PanelIndex
from osteobiome.ld.naming import variant_names
from osteobiome.ld.panel_clumping import NOT_IN_PANEL, Candidates, PanelClumpOptions, clump_joint, clump_many

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from osteobiome.ld.matching import PanelMatch
    from osteobiome.ld.panel import Panel
    from osteobiome.ld.panel_clumping import PanelClumps

CONSTANT = "no_variation_in_panel"
"""Reason of a candidate that is the same in all people of the panel."""


def clump_traits(
    tables: Mapping[str, pl.DataFrame],
    panel: Panel,
    *,
    index: PanelIndex | None = None,
    options: PanelClumpOptions | None = None,
    keep_constant: bool = True,
) -> dict[str, pl.DataFrame]:
    """Clump the candidates of several traits, each trait by itself.

    Parameters
    ----------
    tables : mapping of polars.DataFrame
        Candidates of each trait, schema ``variants``.
    panel : Panel
        Genotypes; only those of candidates are read, each once.
    index : PanelIndex, optional
        Of this panel, if it is at hand.
    options : PanelClumpOptions, optional
        Thresholds; left out, the defaults.
    keep_constant : bool
        Keep candidates that do not vary in the panel as clumps of their own, as PLINK does. Nothing is known of their
        correlation with others; with False their reason is ``no_variation_in_panel``.

    Returns
    -------
    dict of polars.DataFrame
        Schema ``clumps`` per trait, a row per candidate, in the order of its table: ``reason`` is empty for the index
        variants; a candidate of other alleles in the panel is ``not_in_panel``.

    Notes
    -----
    Which way round a panel counts an allele plays no part in r², so A/T and C/G variants need no strand here.
    """
    index = index or PanelIndex(panel.variants)
    found = {name: index.match(frame, trust_strand=True) for name, frame in tables.items()}
    rows = [match.row[match.row >= 0] for match in found.values()]
    union = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *rows]))
    genotypes = panel.genotypes(union)
    usable = np.ones(union.size, dtype=bool) if keep_constant else varies(genotypes)
    candidates = [_candidates(tables[name], match, union) for name, match in found.items()]
    constant = [(one.row >= 0) & ~usable[np.maximum(one.row, 0)] if union.size else one.row >= 0 for one in candidates]
    for one, gone in zip(candidates, constant, strict=True):
        one.row[gone] = NOT_IN_PANEL
    chromosome, position = _places(panel, union)
    clumps = clump_many(genotypes, candidates, chromosome=chromosome, position=position, options=options)
    for made, gone in zip(clumps, constant, strict=True):
        made.reason[gone] = CONSTANT
    return {name: _as_table(name, frame, one) for (name, frame), one in zip(tables.items(), clumps, strict=True)}


def _places(panel: Panel, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return chromosome and position of rows of a panel; those without a place lie together on a chromosome -1."""
    places = panel.variants.select(pl.col("chromosome", "position").cast(pl.Int64).gather(rows))
    unplaced = pl.any_horizontal(pl.col("chromosome", "position").is_null())
    known = places.select(
        pl.when(unplaced).then(-1).otherwise("chromosome").alias("chromosome"),
        pl.when(unplaced).then(0).otherwise("position").alias("position"),
    )
    return known["chromosome"].to_numpy(), known["position"].to_numpy()


def _candidates(frame: pl.DataFrame, match: PanelMatch, union: NDArray[np.int64]) -> Candidates:
    """Return the variants of a trait as rows of the genotypes that were read."""
    row = np.where(match.row >= 0, np.searchsorted(union, match.row), NOT_IN_PANEL)
    strength = frame.select((pl.col("beta") / pl.col("se")).pow(2)).to_series()
    p = frame["neg_log_10_p_value"]
    return Candidates(row, p.cast(pl.Float64).fill_null(np.nan).to_numpy(), strength.fill_null(np.nan).to_numpy())


def _as_table(trait_id: str, frame: pl.DataFrame, clumps: PanelClumps) -> pl.DataFrame:
    """Return what became of each candidate."""
    at = pl.Series(clumps.index).set(pl.Series(clumps.index < 0), None)
    return frame.select(
        pl.lit(trait_id).alias("exposure"),
        "variant_key", "rsid", "chromosome", "position", "neg_log_10_p_value",
        variant_names(frame).gather(at).alias("index_variant"),
        pl.Series("r2", np.abs(clumps.signed_r2)).fill_nan(None),
        pl.Series("reason", clumps.reason.astype(str).tolist(), dtype=pl.String),
    )  # fmt: skip


def clump_traits_jointly(
    tables: Mapping[str, pl.DataFrame],
    panel: Panel,
    *,
    index: PanelIndex | None = None,
    options: PanelClumpOptions | None = None,
) -> pl.DataFrame:
    """Clump the candidates of several traits as one set, such as multivariable MR needs.

    Parameters
    ----------
    tables : mapping of polars.DataFrame
        Candidates of each trait, schema ``variants``.
    panel : Panel
        Genotypes; only those of candidates are read.
    index : PanelIndex, optional
        Of this panel, if it is at hand.
    options : PanelClumpOptions, optional
        Thresholds; left out, the defaults.

    Returns
    -------
    polars.DataFrame, shape (n_variants, 13)
        A row per variant of any trait, sorted by key: variant_key, rsid, chromosome, position, effect_allele,
        other_allele, ``neg_log_10_p_value`` and ``f_statistic`` (both the largest over traits; null where none has
        one), ``trait`` (where the variant is strongest: by p or by F, as the options say; of equals the first),
        ``n_traits`` (that have the variant), ``index_variant`` and ``r2`` with it, and ``reason``, empty for index
        variants.

    Notes
    -----
    A variant is as strong as in the trait where it is strongest. No two index variants that lie within ``kb`` of each
    other have r² above ``r2``; the union of sets that were clumped trait by trait does not have that property. Variants
    of two traits are one if they have one key: place and alleles, or name and alleles without a place. Two that have
    different keys and meet one row of the panel, as one of them by name, have r² 1 there, and one of them clumps the
    other.

    Which way round a panel counts an allele plays no part in r², so A/T and C/G variants need no strand here.
    """
    chosen = options or PanelClumpOptions()
    index = index or PanelIndex(panel.variants)
    union = _union(tables, by=chosen.by)
    match = index.match(union, trust_strand=True)
    rows = np.unique(match.row[match.row >= 0])
    chromosome, position = _places(panel, rows)
    p, f = (union[name].fill_null(np.nan).to_numpy() for name in ("neg_log_10_p_value", "f_statistic"))
    clumps = clump_joint(
        panel.genotypes(rows),
        np.where(match.row >= 0, np.searchsorted(rows, match.row), NOT_IN_PANEL),
        p[None, :],
        chromosome=chromosome,
        position=position,
        f_statistic=f[None, :],
        options=chosen,
    )
    at = pl.Series(clumps.index).set(pl.Series(clumps.index < 0), None)
    return union.select(
        "variant_key", "rsid", "chromosome", "position", "effect_allele", "other_allele", "neg_log_10_p_value",
        "f_statistic", "trait", "n_traits",
        variant_names(union).gather(at).alias("index_variant"),
        pl.Series("r2", np.abs(clumps.signed_r2)).fill_nan(None),
        pl.Series("reason", clumps.reason.astype(str).tolist(), dtype=pl.String),
    )  # fmt: skip


def _union(tables: Mapping[str, pl.DataFrame], *, by: str) -> pl.DataFrame:
    """Return each variant of any trait once, as the trait has it where it is strongest, sorted by key."""
    columns = ("variant_key", "id_key", "rsid", "chromosome", "position", "effect_allele", "other_allele", "eaf")
    f = (pl.col("beta") / pl.col("se")).pow(2).fill_nan(None).alias("f_statistic")
    p = pl.col("neg_log_10_p_value").fill_nan(None)
    frames = [
        frame.select(*columns, p, f, pl.lit(name).alias("trait"), pl.lit(k).alias("order"))
        for k, (name, frame) in enumerate(tables.items())
    ]
    if not frames:
        frames = [table("variants").select(*columns, p, f, pl.lit("").alias("trait"), pl.lit(0).alias("order"))]
    strength = "f_statistic" if by == "f" else "neg_log_10_p_value"
    ranked = pl.concat(frames).sort(
        "variant_key", strength, "order", descending=[False, True, False], nulls_last=True, maintain_order=True
    )
    return ranked.with_columns(
        pl.col("neg_log_10_p_value", "f_statistic").max().over("variant_key"),
        pl.len().over("variant_key").cast(pl.Int64).alias("n_traits"),
    ).unique("variant_key", keep="first", maintain_order=True)
