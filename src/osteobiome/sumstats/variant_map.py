"""A list of variants from a panel or a file, and what it adds to a table in which something is missing.

Names, positions, the other allele and frequencies are filled where they are missing; nothing that a file states is
changed. What the list answers in more than one way is left empty and counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    import numpy.typing as npt

    from osteobiome.core.rows import RowLedger

    Bools = npt.NDArray[np.bool_]
    Indices = npt.NDArray[np.int64]
    Keys = npt.NDArray[np.uint64]

COLUMNS: dict[str, type[pl.DataType]] = {
    "rsid": pl.String,
    "chromosome": pl.Int8,
    "position": pl.Int64,
    "effect_allele": pl.String,
    "other_allele": pl.String,
    "eaf": pl.Float64,
}
"""Columns of a list of variants, and those of a table that may be filled."""
_POSITION_BITS = 36
MAX_CANDIDATES = 16
"""Entries looked at per row; a name or place that has more is ambiguous."""
_NONE, _NOTHING = np.uint64(2**64 - 1), np.uint64(2**64 - 2)
"""Codes of an allele that is not given, and of one that can match nothing."""
_COUNTS = (
    "map_position_filled",
    "map_rsid_filled",
    "map_other_allele_filled",
    "map_eaf_filled",
    "map_not_found",
    "map_alleles_differ",
    "map_ambiguous",
    "map_eaf_palindromic",
    "map_position_differs",
)
_LETTERS = pl.Enum(["A", "C", "G", "T"])
_COMPLEMENT = (["A", "C", "G", "T"], ["T", "G", "C", "A"])


@dataclass(frozen=True, slots=True)
class _Index:
    """Where entries with a key stand: distinct sorted keys, and the stretch of ``order`` that belongs to each."""

    keys: Keys
    starts: Indices
    counts: Indices
    order: Indices

    @classmethod
    def of(cls, keys: Keys, is_there: Bools) -> _Index:
        """Sort the entries that have a key."""
        rows = np.flatnonzero(is_there)
        order = rows[np.argsort(keys[rows], kind="stable")]
        distinct, starts, counts = np.unique(keys[order], return_index=True, return_counts=True)
        return cls(distinct, starts.astype(np.int64), counts.astype(np.int64), order)

    def find(self, keys: Keys, is_there: Bools) -> tuple[Indices, Indices]:
        """Return where the entries of each key start in ``order``, and how many they are."""
        start, count = np.zeros(keys.shape, dtype=np.int64), np.zeros(keys.shape, dtype=np.int64)
        if not self.keys.size or not is_there.any():
            return start, count
        rows = np.flatnonzero(is_there)
        rows = rows[np.argsort(keys[rows])]  # sorted keys are found several times as fast
        at = np.minimum(np.searchsorted(self.keys, keys[rows]), self.keys.size - 1)
        is_hit = self.keys[at] == keys[rows]
        start[rows[is_hit]], count[rows[is_hit]] = self.starts[at[is_hit]], self.counts[at[is_hit]]
        return start, count


@dataclass(frozen=True, slots=True)
class _Entries:
    """Keys and allele codes of a table."""

    name: Keys
    has_name: Bools
    chromosome: Keys
    place: Keys
    has_place: Bools
    effect: Keys
    other: Keys

    @classmethod
    def of(cls, frame: pl.DataFrame) -> _Entries:
        """Encode the columns of a table."""
        place = pl.col("chromosome").cast(pl.Int64) * (1 << _POSITION_BITS) + pl.col("position")
        keys = frame.select(place.alias("place")).to_series()
        names = frame["rsid"]
        return cls(
            names.hash().to_numpy(),
            names.is_not_null().to_numpy(),
            frame["chromosome"].fill_null(0).cast(pl.UInt64).to_numpy(),
            keys.fill_null(0).cast(pl.UInt64).to_numpy(),
            keys.is_not_null().to_numpy(),
            _codes(frame["effect_allele"]),
            _codes(frame["other_allele"]),
        )


def _codes(alleles: pl.Series) -> Keys:
    """Return 0 to 3 for A, C, G, T, so that 3 minus a code is its complement, and a hash for any longer allele."""
    letter = alleles.cast(_LETTERS, strict=False).to_physical().cast(pl.UInt64)
    if letter.null_count():
        hashed = alleles.hash().to_numpy()
        is_letter = letter.is_not_null().to_numpy()
        codes = np.where(is_letter, letter.fill_null(0).to_numpy(), np.maximum(hashed, 4))
        return np.where(alleles.is_null().to_numpy(), _NONE, codes)
    return letter.to_numpy()


def _complement(codes: Keys) -> Keys:
    """Return the codes on the other strand; only single letters are read from it."""
    return np.where(codes < 4, np.uint64(3) - codes, np.where(codes == _NONE, _NONE, _NOTHING))


@dataclass(frozen=True, slots=True)
class _Found:
    """What the entries say that have a row's alleles; filled entry by entry.

    ``entry`` is the first of them, -1 if there is none. ``other`` is the code of the other allele on the row's strand,
    ``eaf`` the frequency of the row's effect allele, NaN if unknown. ``same_*``: all entries give the same.
    """

    entry: Indices
    is_flipped: Bools
    is_swapped: Bools
    other: Keys
    eaf: npt.NDArray[np.float64]
    is_palindromic: Bools
    same_name: Bools
    same_place: Bools
    same_other: Bools
    same_eaf: Bools

    @classmethod
    def nothing(cls, n_rows: int) -> _Found:
        """Start without entries."""
        no, yes = (np.full(n_rows, fill_value=value) for value in (False, True))
        return cls(
            np.full(n_rows, -1, dtype=np.int64),
            no,
            no.copy(),
            np.full(n_rows, _NONE),
            np.full(n_rows, np.nan),
            no.copy(),
            yes,
            yes.copy(),
            yes.copy(),
            yes.copy(),
        )

    def take(self, rows: Indices, entry: Indices, row: _Entries, known: _Known) -> None:
        """Hear one entry for each of ``rows``."""
        every = known.entries
        ours, theirs = (row.effect[rows], row.other[rows]), (every.effect[entry], every.other[entry])
        same, swapped = _fits(*ours, *theirs)
        flip_same, flip_swapped = _fits(_complement(ours[0]), _complement(ours[1]), *theirs)
        is_forward = same | swapped
        is_flipped = ~is_forward & (flip_same | flip_swapped)
        is_silent = (ours[0] == _NONE) | (theirs[0] == _NONE)  # no alleles on one side: nothing contradicts
        fits = is_forward | is_flipped | is_silent
        is_swapped = np.where(is_flipped, flip_swapped, swapped) & ~is_silent
        other = np.where(is_swapped, *theirs)
        other = np.where(is_silent, _NONE, np.where(is_flipped, _complement(other), other))
        eaf = np.where(is_swapped, 1.0 - known.eaf[entry], known.eaf[entry])
        eaf = np.where(is_silent, np.nan, eaf)

        is_new = fits & (self.entry[rows] < 0)
        new = rows[is_new]
        self.entry[new] = entry[is_new]
        self.is_flipped[new], self.is_swapped[new] = is_flipped[is_new], is_swapped[is_new]
        self.other[new], self.eaf[new] = other[is_new], eaf[is_new]
        self.is_palindromic[new] = _complement(theirs[0][is_new]) == theirs[1][is_new]

        is_more = fits & ~is_new
        more, here = rows[is_more], entry[is_more]
        first = self.entry[more]
        self.same_name[more] &= every.name[here] == every.name[first]
        self.same_place[more] &= every.place[here] == every.place[first]
        self.same_other[more] &= other[is_more] == self.other[more]
        both_unknown = np.isnan(eaf[is_more]) & np.isnan(self.eaf[more])
        self.same_eaf[more] &= (eaf[is_more] == self.eaf[more]) | both_unknown


@dataclass(frozen=True, slots=True)
class _Known:
    """The entries of a list, and their frequencies, NaN where unknown."""

    entries: _Entries
    eaf: npt.NDArray[np.float64]


def _fits(effect: Keys, other: Keys, first: Keys, second: Keys) -> tuple[Bools, Bools]:
    """Return where a row's alleles are those of an entry in the same order, and in the other; a missing one fits."""
    is_free = other == _NONE
    is_known = effect != _NONE
    same: Bools = is_known & (effect == first) & ((other == second) | is_free)
    swapped: Bools = is_known & (effect == second) & ((other == first) | is_free)
    return same, swapped & ~same


class VariantMap:
    """A list of variants that fills what a table lacks.

    Parameters
    ----------
    table : polars.DataFrame, shape (n_entries, n_columns)
        Columns rsid, chromosome (Int8), position (Int64, 1-based), and, if known, effect_allele, other_allele
        (upper-case, null where unknown) and eaf, the frequency of effect_allele. A site with three alleles has two
        entries.
    """

    def __init__(self, table: pl.DataFrame) -> None:
        absent = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in COLUMNS.items() if name not in table.columns]
        self.table = table.with_columns(absent).select(pl.col(name).cast(dtype) for name, dtype in COLUMNS.items())
        entries = _Entries.of(self.table)
        self._known = _Known(entries, self.table["eaf"].fill_null(np.nan).to_numpy())
        self._by_name = _Index.of(entries.name, entries.has_name)
        self._by_place = _Index.of(entries.place, entries.has_place)
        self._order = np.concatenate([self._by_name.order, self._by_place.order])
        self._offers = [name for name in COLUMNS if self.table[name].null_count() < self.table.height]

    @property
    def provides(self) -> frozenset[str]:
        """Columns that the list can fill, wholly or in part."""
        return frozenset(self._offers) - {"effect_allele"}  # which allele an effect belongs to, no list can know

    def __len__(self) -> int:
        """Return the number of entries."""
        return self.table.height

    def fill(self, frame: pl.DataFrame, *, ledger: RowLedger | None = None) -> tuple[pl.DataFrame, dict[str, int]]:
        """Fill what is missing in a table, or in one chunk of it.

        Parameters
        ----------
        frame : polars.DataFrame, shape (n_rows, n_columns)
            Columns rsid (String), chromosome (Int8), position (Int64), effect_allele, other_allele (String, upper-case)
            and eaf (Float64); null where unknown. Further columns travel along.
        ledger : RowLedger, optional
            Told of each count as a note.

        Returns
        -------
        polars.DataFrame
            The same rows in the same order.
        dict of str to int
            Rows filled: ``map_position_filled``, ``map_rsid_filled``, ``map_other_allele_filled``, ``map_eaf_filled``.
            Rows that lack something and meet no entry: ``map_not_found``; entries, but none with these alleles:
            ``map_alleles_differ``; entries that answer differently: ``map_ambiguous``; a frequency that would need the
            strand: ``map_eaf_palindromic``; a position other than that of the row's name: ``map_position_differs``.

        Notes
        -----
        A row meets the entries of its name, or, if the list does not have the name, those of its place. Of these, the
        entries count that have the row's alleles on the given strand or on the other one; alleles of several letters
        are compared as they stand. Only rows that lack something which the list can offer are looked at. Names and long
        alleles are compared by hashes of 64 bits: among ten million names against ten million others, two different
        ones meet with a chance of 1 in 100,000.
        """
        counts = dict.fromkeys(_COUNTS, 0)
        if not self._offers:
            return frame, counts
        lacks = frame.select(pl.any_horizontal([pl.col(name).is_null() for name in self._offers]).alias("lacks"))
        rows = np.flatnonzero(lacks["lacks"].to_numpy())
        if not rows.size:
            return frame, counts
        is_whole = rows.size == frame.height
        part = frame.select(list(COLUMNS)) if is_whole else frame.select(list(COLUMNS))[rows]
        row = _Entries.of(part)
        found, n_entries = self._match(row)
        filled = self._filled(part, row, found, counts)
        counts["map_not_found"] = int((n_entries == 0).sum())
        counts["map_alleles_differ"] = int(((n_entries > 0) & (found.entry < 0)).sum())
        if is_whole:
            frame = frame.with_columns(filled)
        else:  # scatter changes a series in place, and the caller's is not ours to change
            index = pl.Series(rows)
            frame = frame.with_columns(frame[new.name].clone().scatter(index, new) for new in filled)
        if ledger is not None:
            for name, count in counts.items():
                ledger.note(name, count)
        return frame, counts

    def _match(self, row: _Entries) -> tuple[_Found, Indices]:
        """Let every entry of a row's name or place speak; return what they say and how many there are."""
        start, count = self._by_name.find(row.name, row.has_name)
        second, second_count = self._by_place.find(row.place, row.has_place & (count == 0))
        is_second = second_count > 0
        start = np.where(is_second, second + self._by_name.order.size, start)
        count = np.where(is_second, second_count, count)
        found = _Found.nothing(count.size)
        for k in range(int(min(count.max(initial=0), MAX_CANDIDATES))):
            rows = np.flatnonzero(count > k)
            found.take(rows, self._order[start[rows] + k], row, self._known)
        is_heard = count <= MAX_CANDIDATES
        for same in (found.same_name, found.same_place, found.same_other, found.same_eaf):
            np.logical_and(same, is_heard, out=same)
        return found, count

    def _filled(self, part: pl.DataFrame, row: _Entries, found: _Found, counts: dict[str, int]) -> list[pl.Series]:
        """Return the columns in which something was filled, and count it."""
        is_met = found.entry >= 0
        entry = np.maximum(found.entry, 0)
        known = self._known.entries
        has_place, has_name, place = known.has_place[entry], known.has_name[entry], known.place[entry]
        lacks = {name: part[name].is_null().to_numpy() for name in COLUMNS}
        on_other = ~lacks["chromosome"] & has_place & (row.chromosome != place >> np.uint64(_POSITION_BITS))
        wants_place = is_met & lacks["position"] & has_place
        wants_name = is_met & lacks["rsid"] & has_name
        wants_other = is_met & lacks["other_allele"] & (found.other != _NONE)
        takes_other = wants_other & found.same_other
        has_both = ~lacks["effect_allele"] & (~lacks["other_allele"] | takes_other)
        wants_eaf = is_met & lacks["eaf"] & has_both & ~np.isnan(found.eaf)
        takes = {
            "position": wants_place & found.same_place & ~on_other,
            "rsid": wants_name & found.same_name,
            "other_allele": takes_other,
            "eaf": wants_eaf & found.same_eaf & ~found.is_palindromic,
        }
        ambiguous = (wants_place & ~found.same_place) | (wants_name & ~found.same_name)
        ambiguous |= (wants_other & ~found.same_other) | (wants_eaf & ~found.same_eaf)
        is_elsewhere = (row.has_place & (row.place != place)) | (lacks["position"] & on_other)
        counts["map_ambiguous"] = int(ambiguous.sum())
        counts["map_eaf_palindromic"] = int((wants_eaf & found.same_eaf & found.is_palindromic).sum())
        counts["map_position_differs"] = int((is_met & has_place & found.same_place & is_elsewhere).sum())
        for name, mask in takes.items():
            counts[f"map_{name}_filled"] = int(mask.sum())
        filled = []
        for name in COLUMNS:
            mask = takes.get("position" if name == "chromosome" else name)
            if mask is not None and mask.any():
                filled.append(_where(mask, self._values(name, entry, found), part[name]))
        return filled

    def _values(self, name: str, entry: Indices, found: _Found) -> pl.Series:
        """Return what the entries give for one column."""
        if name == "eaf":
            return pl.Series(found.eaf)
        if name != "other_allele":
            return self.table[name].gather(entry)
        pair = (self.table["effect_allele"].gather(entry), self.table["other_allele"].gather(entry))
        allele = _where(found.is_swapped, *pair)
        if not found.is_flipped.any():
            return allele
        return _where(found.is_flipped, allele.str.replace_many(*_COMPLEMENT), allele)


def _where(mask: Bools, new: pl.Series, old: pl.Series) -> pl.Series:
    """Return ``new`` where the mask says so, else ``old``."""
    return new.zip_with(pl.Series(mask), old).alias(old.name)
