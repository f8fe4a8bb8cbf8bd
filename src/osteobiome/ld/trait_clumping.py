"""Clumping stored traits with a panel: all of them in one pass over its genotypes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.ld.matching import PanelIndex
from osteobiome.ld.panel_clumping import NOT_IN_PANEL, Candidates, clump_many

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from osteobiome.ld.matching import PanelMatch
    from osteobiome.ld.panel import Panel
    from osteobiome.ld.panel_clumping import PanelClumpOptions, PanelClumps


def clump_traits(
    tables: Mapping[str, pl.DataFrame],
    panel: Panel,
    *,
    index: PanelIndex | None = None,
    options: PanelClumpOptions | None = None,
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
    places = panel.variants.select(pl.col("chromosome", "position").gather(union))
    clumps = clump_many(
        panel.genotypes(union),
        [_candidates(tables[name], match, union) for name, match in found.items()],
        chromosome=places["chromosome"].to_numpy(),
        position=places["position"].to_numpy(),
        options=options,
    )
    return {name: _as_table(name, frame, one) for (name, frame), one in zip(tables.items(), clumps, strict=True)}


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
        frame["rsid"].gather(at).alias("index_variant"),
        pl.Series("r2", np.abs(clumps.signed_r2)).fill_nan(None),
        pl.Series("reason", clumps.reason.astype(str).tolist(), dtype=pl.String),
    )  # fmt: skip
