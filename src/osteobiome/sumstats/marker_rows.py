"""Rows of a file beside the known variants that they meet by name or by place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.core.findings import MAX_EXAMPLES, Example
from osteobiome.sumstats.reference import BUILDS

if TYPE_CHECKING:
    import numpy.typing as npt

    Bools = npt.NDArray[np.bool_]
    Codes = npt.NDArray[np.int8]
    Indices = npt.NDArray[np.int64]

COLUMNS: dict[str, type[pl.DataType]] = {
    "rsid": pl.String,
    "chromosome": pl.Int8,
    "position": pl.Int64,
    "effect_allele": pl.String,
    "other_allele": pl.String,
    "eaf": pl.Float64,
    "line": pl.Int64,
}
"""What is looked at of a file."""
MARKER_COLUMNS = ("rsid", "chromosome", "position_grch37", "position_grch38", "allele_1", "allele_2", "frequency")
FORWARD, FLIPPED, INCOMPATIBLE, UNKNOWN = 1, -1, 0, -2
_LETTERS = pl.Enum(["A", "C", "G", "T"])
_LONG, _NO_ALLELE = 4, 5
PLACE = pl.col("chromosome").cast(pl.Int64) * (1 << 36) + pl.col("position")
"""Chromosome and position as one integer."""
KEYS = ("rsid", "key_grch37", "key_grch38")


def usable_markers(reference: pl.DataFrame) -> pl.DataFrame:
    """Return single-nucleotide markers with a key per build; names and places that occur twice name no marker."""
    missing = [name for name in MARKER_COLUMNS if name not in reference.columns]
    if missing:
        raise SchemaError(
            Fault(
                "no_marker_column",
                "reference of known variants",
                f"no column '{missing[0]}'",
                "the columns " + ", ".join(MARKER_COLUMNS),
                "Add it; a position that is not known may be empty",
            )
        )
    letters = [pl.col(name).cast(_LETTERS, strict=False).is_not_null() for name in ("allele_1", "allele_2")]
    table = reference.filter(*letters, pl.col("allele_1") != pl.col("allele_2"))
    # all markers the same way round, else the correlation depends on how the reference happens to be written
    first_is_2 = pl.col("allele_1") > pl.col("allele_2")
    base = pl.col("chromosome").cast(pl.Int64) * (1 << 36)
    table = table.select(
        pl.col("rsid").str.to_lowercase(),
        pl.col("chromosome").cast(pl.Int8),
        pl.col("position_grch37").cast(pl.Int64),
        pl.col("position_grch38").cast(pl.Int64),
        pl.min_horizontal("allele_1", "allele_2").alias("allele_1"),
        pl.max_horizontal("allele_1", "allele_2").alias("allele_2"),
        pl.when(first_is_2).then(1.0 - pl.col("frequency")).otherwise("frequency").alias("frequency"),
        (base + pl.col("position_grch37")).cast(pl.Int64).alias("key_grch37"),
        (base + pl.col("position_grch38")).cast(pl.Int64).alias("key_grch38"),
    )
    return table.with_columns(pl.when(pl.col(key).is_unique()).then(key).alias(key) for key in KEYS)


def _codes(column: pl.Series) -> Codes:
    """Return 0 to 3 for A, C, G, T, 4 for any other allele and 5 for none; 3 minus a letter is its complement."""
    code = column.cast(_LETTERS, strict=False).to_physical().cast(pl.Int8).fill_null(_LONG)
    return np.where(column.is_null().to_numpy(), np.int8(_NO_ALLELE), code.to_numpy())


@dataclass(frozen=True, slots=True)
class Met:
    """Rows that meet a marker, the markers, and which one each row meets by name and by place; -1 for none.

    ``has_place`` marks rows with a position, ``is_unnamed_letter`` rows of single letters without an rs number.
    """

    rows: pl.DataFrame
    markers: pl.DataFrame
    by_name: Indices
    by_place: dict[str, Indices]
    has_place: Bools
    is_unnamed_letter: Bools

    def at(self, build: str, *, offset: int = 0) -> Bools:
        """Return which rows stand at the position that their name's marker has on one build, or this far behind it."""
        if not self.markers.height:
            return np.zeros(self.rows.height, dtype=np.bool_)
        marker = self.markers[np.maximum(self.by_name, 0)]
        same = (marker["chromosome"] == self.rows["chromosome"]) & (
            marker[f"position_{build.lower()}"] + offset == self.rows["position"]
        )
        is_at: Bools = same.fill_null(value=False).to_numpy() & (self.by_name >= 0)
        return is_at


def met_markers(rows: pl.DataFrame, table: pl.DataFrame) -> Met:
    """Find the marker of each row by name and by place."""
    named = rows["rsid"].str.to_lowercase()
    place = rows.select(PLACE.alias("place")).to_series()
    by_place: dict[str, Indices] = {build: _looked_up(place, table[f"key_{build.lower()}"]) for build in BUILDS}
    has_rs_name = named.str.contains(r"^rs[0-9]").fill_null(value=False).to_numpy()
    effect, other = _codes(rows["effect_allele"]), _codes(rows["other_allele"])
    # a row with another rs number is another variant, and one with a longer allele is no single-nucleotide variant
    is_unnamed_letter = ~has_rs_name & (effect < _LONG) & (other != _LONG)
    has_place = place.is_not_null().to_numpy()
    return Met(rows, table, _looked_up(named, table["rsid"]), by_place, has_place, is_unnamed_letter)


def _looked_up(values: pl.Series, keys: pl.Series) -> Indices:
    """Return at which row of ``keys`` each value stands, -1 if at none."""
    side = pl.DataFrame({"key": keys, "row": np.arange(len(keys), dtype=np.int64)}).filter(pl.col("key").is_not_null())
    found = values.alias("key").to_frame().join(side, on="key", how="left", maintain_order="left")
    return found["row"].fill_null(-1).to_numpy()


@dataclass(frozen=True, slots=True)
class Alignment:
    """Rows beside their markers: on which strand the alleles agree, and which of the two the effect allele is."""

    rows: pl.DataFrame
    markers: pl.DataFrame
    strand: Codes
    is_allele_1: Bools
    is_palindromic: Bools

    @classmethod
    def of(cls, met: Met, which: Indices) -> Alignment:
        """Align the rows for which ``which`` names a marker."""
        chosen = np.flatnonzero(which >= 0)
        rows, table = met.rows[chosen], met.markers[which[chosen]]
        effect, other = _codes(rows["effect_allele"]), _codes(rows["other_allele"])
        first, second = _codes(table["allele_1"]), _codes(table["allele_2"])
        turned_effect, turned_other = (np.where(code < _LONG, 3 - code, code) for code in (effect, other))
        is_forward = _is_pair(effect, other, first, second)
        is_flipped = ~is_forward & _is_pair(turned_effect, turned_other, first, second)
        strand = np.select([effect == _NO_ALLELE, is_forward, is_flipped], [UNKNOWN, FORWARD, FLIPPED], INCOMPATIBLE)
        is_allele_1 = np.where(is_flipped, turned_effect, effect) == first
        return cls(rows, table, strand.astype(np.int8), is_allele_1, first == 3 - second)

    def examples(self, chosen: Bools, kind: str) -> tuple[Example, ...]:
        """Return the first chosen rows, with the alleles or the frequencies of both sides."""
        index = np.flatnonzero(chosen)[:MAX_EXAMPLES]
        shown = []
        for row, marker, first in zip(
            self.rows[index].iter_rows(named=True),
            self.markers[index].iter_rows(named=True),
            self.is_allele_1[index],
            strict=True,
        ):
            name = row["rsid"] or f"{row['chromosome']}:{row['position']}"
            if kind == "effect_allele":
                value = f"{name} {row['effect_allele']}/{row['other_allele'] or '?'}"
                value += f" against {marker['allele_1']}/{marker['allele_2']}"
            else:
                known = marker["frequency"] if first else 1.0 - marker["frequency"]
                value = f"{name} {row['eaf']:.4g} against {known:.4g}"
            shown.append(Example(row["line"], kind, value))
        return tuple(shown)


def _is_pair(effect: Codes, other: Codes, first: Codes, second: Codes) -> Bools:
    """Return where the alleles of a row are those of the marker in either order; an unknown other allele fits."""
    is_free = other == _NO_ALLELE
    fits: Bools = ((effect == first) & ((other == second) | is_free)) | (
        (effect == second) & ((other == first) | is_free)
    )
    return fits
