"""Instruments that a taxon shares with one that contains it: two tests of one signal are not two findings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.errors import ConfigError, Fault
from osteobiome.core.thresholds import BASES_PER_KB
from osteobiome.instruments.loci import check_window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SPLIT = re.compile(r"[|;]|\.(?=[a-z]_{1,2})")
_SCHEMA = {
    "trait_id": pl.String(),
    "variant_key": pl.Int64(),
    "rsid": pl.String(),
    "related_trait": pl.String(),
    "relation": pl.String(),
    "shared_by": pl.String(),
    "related_variant": pl.String(),
}


def related_taxa(lineages: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return which taxa contain which others, at any distance.

    Parameters
    ----------
    lineages : mapping of str to str
        Lineage of each trait from the root on, parts separated by "|", ";" or by "." before a rank prefix, such as
        ``k__Bacteria|p__Firmicutes|c__Clostridia``.

    Returns
    -------
    tuple of (str, str)
        The trait that contains the other one, and that other; in the order of the mapping.

    Notes
    -----
    A name without a lineage (``genus.Bifidobacterium.id.436``) cannot be placed this way: give pairs by hand. Ranks
    left out in the middle of a lineage, or two names of one taxon, are not seen.

    Examples
    --------
    >>> related_taxa({"family": "k__B|f__F", "genus": "k__B|f__F|g__G", "other": "k__B|f__Fa|g__H"})
    (('family', 'genus'),)
    """
    parts = {trait: tuple(filter(None, map(str.strip, _SPLIT.split(text)))) for trait, text in lineages.items()}
    return tuple(
        (above, below)
        for above, short in parts.items()
        for below, long in parts.items()
        if 0 < len(short) < len(long) and long[: len(short)] == short
    )


def shared_instruments(
    instruments: Mapping[str, pl.DataFrame], related: Sequence[tuple[str, str]], *, window_kb: float = 500.0
) -> pl.DataFrame:
    """Mark instruments that related traits have in common.

    Parameters
    ----------
    instruments : mapping of polars.DataFrame
        Instruments of each trait: variant_key, rsid, chromosome and position.
    related : sequence of (str, str)
        Pairs of traits, the one that contains the other first; see :func:`related_taxa`.
    window_kb : float
        Variants of related traits as near as this count as one signal, in thousands of base pairs; 0 leaves only the
        same position.

    Returns
    -------
    polars.DataFrame
        A row per instrument and variant of a related trait that it meets: trait_id, variant_key, rsid, related_trait,
        relation (``parent`` or ``child``: what the related trait is to it), shared_by (``variant`` or ``window``),
        related_variant. Each case appears from both sides.

    Raises
    ------
    ConfigError
        A pair names a trait without instruments table, or a trait with itself.
    SchemaError
        The window is negative.

    Notes
    -----
    Nearness stands in for LD: a signal may be shared over a longer distance, and two signals may lie side by side.
    Nothing is dropped.

    Examples
    --------
    >>> table = pl.DataFrame({"variant_key": [1, 2], "rsid": ["rs1", "rs2"], "chromosome": [2, 9], "position": [5, 6]})
    >>> found = shared_instruments({"family": table, "genus": table[:1]}, [("family", "genus")])
    >>> found.select("trait_id", "rsid", "relation", "shared_by").rows()
    [('family', 'rs1', 'child', 'variant'), ('genus', 'rs1', 'parent', 'variant')]
    """
    check_window(window_kb)
    faults = [
        Fault("bad_relation", "related", f"the pair {above}, {below}", "two traits with a table of instruments")
        for above, below in related
        if above == below or not {above, below} <= instruments.keys()
    ]
    if faults:
        raise ConfigError(*faults)
    found = [pl.DataFrame(schema=_SCHEMA)]
    for above, below in dict.fromkeys(related):
        for trait, other, relation in ((above, below, "child"), (below, above, "parent")):
            met = _met(instruments[trait], instruments[other], window_kb)
            names = pl.lit(trait).alias("trait_id"), pl.lit(other).alias("related_trait")
            found.append(met.with_columns(*names, pl.lit(relation).alias("relation")).select(*_SCHEMA))
    return pl.concat(found)


def _met(mine: pl.DataFrame, other: pl.DataFrame, window_kb: float) -> pl.DataFrame:
    """Return the pairs of variants that are the same or near each other."""
    columns = ["variant_key", "rsid", "chromosome", "position"]
    left = mine.select(columns).with_row_index("row")
    pairs = left.join(other.select(columns), how="cross", suffix="_other")
    same = pl.col("variant_key") == pl.col("variant_key_other")
    near = (pl.col("chromosome") == pl.col("chromosome_other")) & (
        (pl.col("position") - pl.col("position_other")).abs() <= window_kb * BASES_PER_KB
    )
    return (
        pairs.filter(same | near.fill_null(value=False))
        .with_columns(
            pl.when(same).then(pl.lit("variant")).otherwise(pl.lit("window")).alias("shared_by"),
            pl.col("rsid_other").alias("related_variant"),
        )
        .sort("row", "position_other", "variant_key_other")
    )
