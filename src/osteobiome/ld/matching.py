"""Variants of a trait and rows of a panel: where each stands, which way round it is counted, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.sumstats.identity import CLASS_INDEL, add_keys, orient
from osteobiome.sumstats.palindromes import ROUNDING, PalindromeOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from osteobiome.ld.panel import Panel

NOT_IN_PANEL, ALLELE_MISMATCH, STRAND_UNKNOWN = "not_in_panel", "allele_mismatch", "palindromic_strand_unknown"
REASONS = ("", NOT_IN_PANEL, ALLELE_MISMATCH, STRAND_UNKNOWN)
"""Why a variant has no row; empty where it has one."""
PALINDROMES = PalindromeOptions()
NO_ALLELE = ("0", ".")
"""How PLINK writes an allele that nobody in the panel has."""
MAX_ENTRIES = 32
"""Rows of one name that are looked at; a name with more is no name."""
_SITE = 1 << 23
"""Keys of one position differ in this many lowest values (see :mod:`osteobiome.sumstats.identity`)."""
_HAS_PLACE = 1 << 60
"""Keys below hold chromosome and position."""
_N_CLASSES = 4
"""Classes of single-nucleotide variants; the lowest bits of their keys."""
_PALINDROMIC = (2, 3)
"""A/T and C/G."""
_BOTH = ("effect_allele", "other_allele")


@dataclass(frozen=True, slots=True)
class PanelMatch:
    """Where the variants of a trait stand in a panel.

    Parameters
    ----------
    row : numpy.ndarray of int64, shape (n_variants,)
        Row of the panel; -1 where there is none.
    sign : numpy.ndarray of int8, shape (n_variants,)
        +1 where the panel counts the effect allele, -1 where it counts the other one, 0 where there is no row.
    reason : polars.Series of Enum ``REASONS``, shape (n_variants,)
        Empty where there is a row; else why not.
    is_by_name : numpy.ndarray of bool, shape (n_variants,)
        Met by rsID, as the panel has no such variant at its place.
    is_flipped : numpy.ndarray of bool, shape (n_variants,)
        Letters of the two are those of opposite strands; never for palindromes, whose letters do not tell.
    n_panel_duplicates : int
        Rows of the panel that repeat the variant of a row before; they are never used.
    """

    row: NDArray[np.int64]
    sign: NDArray[np.int8]
    reason: pl.Series
    is_by_name: NDArray[np.bool_]
    is_flipped: NDArray[np.bool_]
    n_panel_duplicates: int

    @property
    def is_found(self) -> NDArray[np.bool_]:
        """Where there is a row."""
        return self.row >= 0

    def counts(self) -> dict[str, int]:
        """Return the number of variants without a row, by reason."""
        numbers = self.reason.value_counts()
        found = dict(zip(numbers[self.reason.name].to_list(), numbers["count"].to_list(), strict=True))
        return {reason: found[reason] for reason in REASONS[1:] if reason in found}


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Values in rising order, and where each came from; of equal ones the first comes first."""

    values: NDArray[np.int64]
    rows: NDArray[np.int64]

    @classmethod
    def of(cls, values: pl.Series, wanted: pl.Series) -> _Sorted:
        """Sort the wanted values."""
        rows = wanted.arg_true().to_numpy().astype(np.int64)
        kept = values.to_numpy() if rows.size == len(values) else values.gather(rows).to_numpy()
        if (kept[1:] >= kept[:-1]).all():  # a panel sorted by place has its keys nearly so
            return cls(kept, rows)
        order = np.argsort(kept)  # three times as fast as a stable one; the few equal values are put in order below
        kept = kept[order]
        is_tie = np.zeros(kept.size, dtype=bool)
        same = kept[1:] == kept[:-1]
        is_tie[1:] |= same
        is_tie[:-1] |= same
        ties = np.flatnonzero(is_tie)
        order[ties] = order[ties][np.lexsort((order[ties], kept[ties]))]
        return cls(kept, order if rows.size == len(values) else rows[order])

    def first(self, wanted: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the first row that holds each wanted value, -1 where none does."""
        if not self.values.size:
            return np.full(wanted.size, -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.values, wanted), self.values.size - 1)
        return np.where(self.values[at] == wanted, self.rows[at], -1)

    def stretch(self, wanted: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where the stretch of each wanted value begins, and how long it is."""
        begin = np.searchsorted(self.values, wanted)
        return begin, np.searchsorted(self.values, wanted, side="right") - begin


class PanelIndex:
    """The variants of a panel by key and by name; made once, asked for each trait.

    Parameters
    ----------
    variants : polars.DataFrame, shape (n_panel, n_columns)
        Columns rsid, chromosome, position, counted, other, as :class:`osteobiome.ld.panel.Panel` has them.

    Notes
    -----
    Variants get the key that traits have (:mod:`osteobiome.sumstats.identity`), and keys and names are sorted: a trait
    then costs a binary search for each of its variants. Of rows with one key the first counts. A row with an allele
    that PLINK could not name (``0``: nobody has it) meets nothing, as its genotypes say nothing.

    Examples
    --------
    >>> from osteobiome.ld.matching import PanelIndex
    >>> panel = {"rsid": ["rs1"], "chromosome": [1], "position": [100], "counted": ["G"], "other": ["A"]}
    >>> index = PanelIndex(pl.DataFrame(panel, schema_overrides={"chromosome": pl.Int8}))
    >>> trait = pl.DataFrame({"rsid": ["rs1"], "chromosome": [1], "position": [100], "effect_allele": ["A"],
    ...     "other_allele": ["G"], "beta": [0.1], "eaf": [0.3]}, schema_overrides={"chromosome": pl.Int8})
    >>> found = index.match(add_keys(orient(trait)))
    >>> found.row.tolist(), found.sign.tolist()
    ([0], [-1])
    """

    def __init__(self, variants: pl.DataFrame) -> None:
        columns = pl.col("counted").alias("effect_allele"), pl.col("other").alias("other_allele")
        unknown = pl.lit(None, dtype=pl.Float64)
        name = pl.col("rsid").fill_null("")  # its key must be made of something; it is not looked at
        frame = variants.select(name, "chromosome", "position", *columns, unknown.alias("beta"), unknown.alias("eaf"))
        keyed = add_keys(orient(frame, remember=True))
        has_alleles = ~(variants["counted"].is_in(NO_ALLELE) | variants["other"].is_in(NO_ALLELE))
        is_placed = keyed["variant_key"] < _HAS_PLACE
        has_name = variants["rsid"].is_not_null()
        self._variants = variants
        self._is_turned = keyed["is_turned"].to_numpy()
        self._class = keyed["allele_class"].to_numpy()
        self._alleles = keyed.select("effect_allele", "other_allele")
        self._names = _Sorted.of(keyed["id_key"], has_name & has_alleles)
        self._keys = _Sorted.of(keyed["variant_key"], is_placed & has_alleles)
        self.n_variants = variants.height
        self.n_without_allele = int((~has_alleles).sum())
        self.n_duplicates = int((self._keys.values[1:] == self._keys.values[:-1]).sum())

    def match(
        self,
        frame: pl.DataFrame,
        *,
        trust_strand: bool = False,
        frequency: Callable[[NDArray[np.int64]], NDArray[np.float64]] | None = None,
    ) -> PanelMatch:
        """Find the variants of a trait.

        Parameters
        ----------
        frame : polars.DataFrame, shape (n_variants, n_columns)
            Columns of schema ``variants``: variant_key, id_key, effect_allele, other_allele, eaf.
        trust_strand : bool
            Believe that trait and panel are on the forward strand.
        frequency : callable, optional
            Frequency of the counted allele for some rows of the panel, NaN where unknown. Without it, and without
            trust, no A/T or C/G variant has a sign.

        Returns
        -------
        PanelMatch
            In the order of ``frame``.
        """
        ours = _Oriented.of(frame)
        row = self._keys.first(frame["variant_key"].to_numpy())
        row = np.where(self._fits(row, ours), row, -1)
        by_name, is_named = self._by_name(frame["id_key"], ours, unmet=row < 0)
        is_by_name = by_name >= 0
        row = np.where(is_by_name, by_name, row)
        at = np.maximum(row, 0)
        turned = self._is_turned[at] if self.n_variants else np.zeros(row.size, dtype=bool)
        sign = np.where(row < 0, 0, np.where(turned == ours.is_turned, 1, -1)).astype(np.int8)
        reason = np.where(row >= 0, 0, np.where(is_named | self._is_taken(frame["variant_key"], ours), 2, 1))
        if not trust_strand:
            asked = np.flatnonzero((row >= 0) & ours.is_palindromic)
            theirs = frequency(row[asked]) if frequency is not None else np.full(asked.size, np.nan)
            eaf = frame["eaf"].fill_null(np.nan).to_numpy()[asked]
            sign[asked] = sign_by_frequency(eaf, theirs)
        lost = (row >= 0) & (sign == 0)
        reason[lost], row[lost] = 3, -1
        return PanelMatch(
            row=row,
            sign=sign,
            reason=pl.Series("reason", REASONS, dtype=pl.Enum(REASONS)).gather(reason),
            is_by_name=is_by_name & (row >= 0),
            is_flipped=self._is_flipped(frame, row, ours),
            n_panel_duplicates=self.n_duplicates,
        )

    def places_of_names(self, frame: pl.DataFrame) -> NDArray[np.int64]:
        """Return the row that has the name and the alleles of each variant, wherever it lies; -1 where none has.

        Parameters
        ----------
        frame : polars.DataFrame, shape (n_variants, n_columns)
            Columns id_key, effect_allele, other_allele.
        """
        every = np.ones(frame.height, dtype=bool)
        return self._by_name(frame["id_key"], _Oriented.of(frame), unmet=every)[0]

    def _by_name(
        self, names: pl.Series, ours: _Oriented, *, unmet: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the first row with the name and the alleles, -1 where none has; and where the name is in the panel."""
        row = np.full(len(names), -1, dtype=np.int64)
        is_named = np.zeros(len(names), dtype=bool)
        asked = np.flatnonzero(unmet & names.is_not_null().to_numpy())
        begin, count = self._names.stretch(names.fill_null(0).to_numpy()[asked])
        is_named[asked] = count > 0
        for k in range(int(min(count.max(initial=0), MAX_ENTRIES))):
            here = np.flatnonzero((count > k) & (row[asked] < 0))
            found = self._names.rows[begin[here] + k]
            fits = self._fits(found, ours.take(asked[here]))
            row[asked[here[fits]]] = found[fits]
        return row, is_named

    def _fits(self, row: NDArray[np.int64], ours: _Oriented) -> NDArray[np.bool_]:
        """Return where a row holds the alleles of our variant, on either strand; longer ones must be the same."""
        if not self.n_variants:
            return np.zeros(row.size, dtype=bool)
        fits: NDArray[np.bool_] = (row >= 0) & (self._class[row] == ours.classes)
        long = np.flatnonzero(fits & (ours.classes == CLASS_INDEL))
        if long.size:
            theirs, mine = self._alleles[row[long]], ours.alleles[long]
            fits[long] = ((theirs[_BOTH[0]] == mine[_BOTH[0]]) & (theirs[_BOTH[1]] == mine[_BOTH[1]])).to_numpy()
        return fits

    def _is_taken(self, keys: pl.Series, ours: _Oriented) -> NDArray[np.bool_]:
        """Return where the panel has a single-nucleotide variant at the place of ours: then with other alleles."""
        key: NDArray[np.int64] = keys.to_numpy()
        site = key - key % _SITE
        values = self._keys.values
        if not values.size:
            return np.zeros(key.size, dtype=bool)
        next_value: NDArray[np.int64] = values[np.minimum(np.searchsorted(values, site), values.size - 1)]
        is_there: NDArray[np.bool_] = (next_value >= site) & (next_value < site + _N_CLASSES)
        return is_there & (key < _HAS_PLACE) & (ours.classes < CLASS_INDEL)

    def _is_flipped(self, frame: pl.DataFrame, row: NDArray[np.int64], ours: _Oriented) -> NDArray[np.bool_]:
        """Return where letters are those of opposite strands."""
        asked = np.flatnonzero((row >= 0) & ~ours.is_palindromic & (ours.classes != CLASS_INDEL))
        flipped = np.zeros(row.size, dtype=bool)
        counted = self._variants["counted"].gather(row[asked])
        pair = [frame[name].gather(asked) for name in _BOTH]
        flipped[asked] = ((counted != pair[0]) & (counted != pair[1])).to_numpy()
        return flipped


@dataclass(frozen=True, slots=True)
class _Oriented:
    """Alleles of a trait's variants, as their keys see them."""

    classes: NDArray[np.int8]
    is_turned: NDArray[np.bool_]
    alleles: pl.DataFrame

    @classmethod
    def of(cls, frame: pl.DataFrame) -> _Oriented:
        unknown = pl.lit(None, dtype=pl.Float64)
        place = pl.lit(0, dtype=pl.Int64).alias("position")
        alleles = frame.select(*_BOTH, place, unknown.alias("beta"), unknown.alias("eaf"))
        turned = orient(alleles, remember=True)
        return cls(turned["allele_class"].to_numpy(), turned["is_turned"].to_numpy(), turned.select(_BOTH))

    @property
    def is_palindromic(self) -> NDArray[np.bool_]:
        is_palindromic: NDArray[np.bool_] = np.isin(self.classes, _PALINDROMIC)
        return is_palindromic

    def take(self, rows: NDArray[np.int64]) -> _Oriented:
        return _Oriented(self.classes[rows], self.is_turned[rows], self.alleles[rows])


def sign_by_frequency(eaf: NDArray[np.float64], counted: NDArray[np.float64]) -> NDArray[np.int8]:
    """Return which way round a palindrome is counted, by the side of one half on which its frequencies lie.

    Parameters
    ----------
    eaf : numpy.ndarray, shape (n,)
        Frequency of the effect allele; NaN if unknown.
    counted : numpy.ndarray, shape (n,)
        Frequency of the counted allele in the panel; NaN if unknown.

    Returns
    -------
    numpy.ndarray of int8, shape (n,)
        +1 if they lie on the same side, -1 if not, 0 if one is unknown or between 0.42 and 0.58.

    Examples
    --------
    >>> sign_by_frequency(np.array([0.2, 0.2, 0.5]), np.array([0.3, 0.7, 0.1])).tolist()
    [1, -1, 0]
    """
    low, high = PALINDROMES.drop_between
    tells = np.ones(eaf.size, dtype=bool)
    for value in (eaf, counted):
        tells &= ~np.isnan(value) & ~((value > low + ROUNDING) & (value < high - ROUNDING))
    return np.where(tells, np.where((eaf < 0.5) == (counted < 0.5), 1, -1), 0).astype(np.int8)


def match_variants(
    frame: pl.DataFrame, panel: Panel, *, index: PanelIndex | None = None, trust_strand: bool = False
) -> PanelMatch:
    """Find the variants of a trait in a panel.

    Variants meet by key (place and alleles), else by rsID if the alleles fit. Single-nucleotide variants may stand on
    opposite strands; A/T and C/G variants are settled by letters where both sides are trusted to be on the forward
    strand, else by frequency.

    Parameters
    ----------
    frame : polars.DataFrame, shape (n_variants, n_columns)
        Columns of schema ``variants``: variant_key, id_key, effect_allele, other_allele, eaf.
    panel : Panel
        Genotypes of its A/T and C/G variants are read where frequencies are needed.
    index : PanelIndex, optional
        Of this panel, if several traits are asked for.
    trust_strand : bool
        Believe that trait and panel are on the forward strand.

    Returns
    -------
    PanelMatch
        In the order of ``frame``.
    """
    index = index or PanelIndex(panel.variants)
    return index.match(frame, trust_strand=trust_strand, frequency=lambda rows: panel.genotypes(rows).frequency())
