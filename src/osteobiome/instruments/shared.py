"""Instruments that traits of one taxon, or of one inside another, share: two tests of one signal are one finding."""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.errors import ConfigError, Fault
from osteobiome.core.thresholds import BASES_PER_KB
from osteobiome.instruments.loci import check_window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SPLIT = re.compile(r"[|;]|\.(?=[a-z]_{1,2})")
_NAMELESS = re.compile(r"[a-z]{1,2}(_[0-9]{1,2})?_{0,2}")
"""A rank without a name, in lower case: ``g__``, ``s_`` or, as SILVA has it, ``d_5__``."""
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
    Ranks without a name at the end (``g__;s__``) do not count; a lineage of such ranks only is none. Upper and lower
    case are the same. A name without a lineage (``genus.Bifidobacterium.id.436``) cannot be placed this way: give pairs
    by hand. Ranks left out in the middle of a lineage, or two names of one taxon, are not seen.

    Examples
    --------
    >>> related_taxa({"family": "k__B|f__F|g__", "genus": "k__B|f__F|g__G", "other": "k__B|f__Fa|g__H"})
    (('family', 'genus'),)
    """
    parts = {trait: _ranks(text) for trait, text in lineages.items()}
    return tuple(
        (above, below)
        for above, short in parts.items()
        for below, long in parts.items()
        if 0 < len(short) < len(long) and long[: len(short)] == short
    )


def same_taxa(lineages: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return which traits are of one taxon, such as its presence and its abundance.

    Parameters
    ----------
    lineages : mapping of str to str
        As for :func:`related_taxa`.

    Returns
    -------
    tuple of (str, str)
        Each pair once, in the order of the mapping.

    Examples
    --------
    >>> same_taxa({"presence": "k__B;g__G;s__", "abundance": "k__B; g__G", "none": "k__;g__", "empty": ""})
    (('presence', 'abundance'),)
    """
    parts = {trait: _ranks(text) for trait, text in lineages.items()}
    return tuple((one, other) for one, other in combinations(parts, 2) if parts[one] and parts[one] == parts[other])


def _ranks(lineage: str) -> tuple[str, ...]:
    """Return the ranks of a lineage in lower case, without those at the end that have no name."""
    ranks = [part.strip().casefold() for part in _SPLIT.split(lineage) if part.strip()]
    while ranks and _NAMELESS.fullmatch(ranks[-1]):
        ranks.pop()
    return tuple(ranks)


def shared_instruments(
    instruments: Mapping[str, pl.DataFrame],
    related: Sequence[tuple[str, str]],
    *,
    same: Sequence[tuple[str, str]] = (),
    window_kb: float = 500.0,
) -> pl.DataFrame:
    """Mark instruments that related traits have in common.

    Parameters
    ----------
    instruments : mapping of polars.DataFrame
        Instruments of each trait: variant_key, rsid, chromosome and position.
    related : sequence of (str, str)
        Pairs of traits, the one that contains the other first; see :func:`related_taxa`.
    same : sequence of (str, str)
        Pairs of traits of one taxon; see :func:`same_taxa`.
    window_kb : float
        Variants of related traits as near as this count as one signal, in thousands of base pairs; 0 leaves only the
        same position.

    Returns
    -------
    polars.DataFrame
        A row per instrument and variant of a related trait that it meets: trait_id, variant_key, rsid, related_trait,
        relation (``parent``, ``child`` or ``same``: what the related trait is to it), shared_by (``variant`` or
        ``window``), related_variant. Each case appears from both sides.

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
        Fault("bad_relation", name, f"the pair {above}, {below}", "two traits with a table of instruments")
        for name, pairs in (("related", related), ("same", same))
        for above, below in pairs
        if above == below or not {above, below} <= instruments.keys()
    ]
    if faults:
        raise ConfigError(*faults)
    found = [pl.DataFrame(schema=_SCHEMA)]
    cases = [
        *((above, below, ("child", "parent")) for above, below in dict.fromkeys(related)),
        *((one, other, ("same", "same")) for one, other in dict.fromkeys(same)),
    ]
    for one, two, relations in cases:
        for trait, other, relation in zip((one, two), (two, one), relations, strict=True):
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
