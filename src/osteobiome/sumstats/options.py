"""How a file is to be read, besides its format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from osteobiome.sumstats.formats.registry import Side
    from osteobiome.sumstats.maps import VariantMap

CHUNK_BYTES = 12_000_000
"""Text read at a time; two chunks are worked on at once."""


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How a file is to be read.

    Parameters
    ----------
    genome_build : str
        Build of the positions as declared; empty if unknown.
    side : {"exposure", "outcome"}
        Which half of a two-trait table is read.
    trait : str, optional
        Which trait of a table that holds several.
    lift_to : str
        Build to bring the positions to; empty to leave them.
    ancestry : str
        Ancestry of the sample; only an undeclared or European one is expected to have the frequencies of the bundled
        reference.
    as_in_file : bool
        Give rows back with the effect allele of the file, not turned to the first of its class; for writing them anew.
    variant_map : VariantMap, optional
        Fills positions, identifiers, other alleles and frequencies that the file lacks.
    reference : polars.DataFrame, optional
        Markers with frequencies to compare with, in place of the bundled European ones.
    compare : bool
        Whether to compare with markers at all.
    chunk_bytes : int
        Text read at a time; no result depends on it.
    """

    genome_build: str = ""
    side: Side = "outcome"
    trait: str | None = None
    lift_to: str = ""
    ancestry: str = ""
    as_in_file: bool = False
    variant_map: VariantMap | None = None
    reference: pl.DataFrame | None = field(default=None, repr=False)
    compare: bool = True
    chunk_bytes: int = CHUNK_BYTES
