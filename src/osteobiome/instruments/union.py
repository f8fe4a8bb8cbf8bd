"""Many traits at the union of their instruments: arrays for kernels, and which variants each pair of traits has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.core.rows import RowLedger, RowReport
from osteobiome.instruments.pair import Instruments
from osteobiome.sumstats.palindromes import PalindromeOptions, frequencies_are_opposite, settle_palindromes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

VALUES = ("beta", "se", "eaf", "n")
_IDENTITY = ("variant_key", "rsid", "chromosome", "position", "effect_allele", "other_allele", "is_palindromic")


@dataclass(frozen=True, slots=True)
class TraitPanel:
    """Associations of some traits with some variants.

    Parameters
    ----------
    traits : tuple of str
        Names.
    variants : polars.DataFrame, shape (n_variants, 7)
        Sorted by ``variant_key``: rsid, chromosome, position, effect_allele, other_allele, is_palindromic.
    beta, se, eaf, n : numpy.ndarray, shape (n_traits, n_variants)
        For the effect allele of ``variants``, in the unit of each trait; NaN where unknown.
    valid : numpy.ndarray of bool, shape (n_traits, n_variants)
        Whether the trait has the variant.
    """

    traits: tuple[str, ...]
    variants: pl.DataFrame = field(repr=False)
    beta: NDArray[np.float64] = field(repr=False)
    se: NDArray[np.float64] = field(repr=False)
    eaf: NDArray[np.float64] = field(repr=False)
    n: NDArray[np.float64] = field(repr=False)
    valid: NDArray[np.bool_] = field(repr=False)

    @classmethod
    def of(cls, tables: Mapping[str, pl.DataFrame], *, keys: Sequence[int] | NDArray[np.int64]) -> TraitPanel:
        """Collect traits at some variants.

        Parameters
        ----------
        tables : mapping of polars.DataFrame
            Tables of schema ``variants`` by name of the trait.
        keys : sequence of int
            Variant keys; those that no trait has are left out.

        Raises
        ------
        SchemaError
            A table holds a variant twice.
        """
        wanted = pl.DataFrame({"variant_key": np.unique(np.asarray(keys, dtype=np.int64))})
        parts = {name: table.join(wanted, on="variant_key", how="semi") for name, table in tables.items()}
        for name, part in parts.items():
            if part["variant_key"].n_unique() < part.height:
                raise SchemaError(Fault("duplicate_variant", name, "a variant twice", "each variant once"))
        variants = pl.concat([part.select(_IDENTITY) for part in parts.values()])
        variants = variants.unique("variant_key", keep="first", maintain_order=True).sort("variant_key")
        shape = (len(parts), variants.height)
        arrays = {name: np.full(shape, np.nan) for name in VALUES}
        valid = np.zeros(shape, dtype=bool)
        for row, part in enumerate(parts.values()):
            place = np.searchsorted(variants["variant_key"].to_numpy(), part["variant_key"].to_numpy())
            valid[row, place] = True
            for name in VALUES:
                arrays[name][row, place] = part[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        return cls(tuple(parts), variants, arrays["beta"], arrays["se"], arrays["eaf"], arrays["n"], valid)

    def places(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where some variants stand; -1 for those that no trait has.

        Parameters
        ----------
        keys : numpy.ndarray of int64, shape (n,)
            Variant keys.
        """
        known = self.variants["variant_key"].to_numpy()
        if not known.size:
            return np.full(len(keys), -1, dtype=np.int64)
        place = np.minimum(np.searchsorted(known, keys), known.size - 1)
        return np.where(known[place] == keys, place, -1)


@dataclass(frozen=True, slots=True)
class PairIndex:
    """Which variants each pair of traits has, as a ragged list: losses are per pair.

    Parameters
    ----------
    pairs : tuple of (str, str)
        Exposure and outcome.
    begin : numpy.ndarray of int64, shape (n_pairs + 1,)
        Pair ``i`` has the entries from ``begin[i]`` to ``begin[i + 1]``.
    variant : numpy.ndarray of int64, shape (n_entries,)
        Column of the panel.
    sign : numpy.ndarray of int8, shape (n_entries,)
        -1 where the outcome effect of a palindromic variant is to be turned, else +1.
    rows : tuple of RowReport
        Instruments of each pair in, kept, dropped by reason.
    """

    pairs: tuple[tuple[str, str], ...]
    begin: NDArray[np.int64] = field(repr=False)
    variant: NDArray[np.int64] = field(repr=False)
    sign: NDArray[np.int8] = field(repr=False)
    rows: tuple[RowReport, ...] = field(repr=False)

    @classmethod
    def of(
        cls,
        panel: TraitPanel,
        pairs: Sequence[tuple[str, str]],
        *,
        instruments: Mapping[str, NDArray[np.int64]],
        palindromes: PalindromeOptions | None = None,
    ) -> PairIndex:
        """Find the variants of each pair.

        Variants meet by key; :func:`osteobiome.sumstats.harmonise` also looks for those that meet by name.

        Parameters
        ----------
        panel : TraitPanel
            Traits at the union of all instruments.
        pairs : sequence of (str, str)
            Exposure and outcome.
        instruments : mapping of numpy.ndarray of int64
            Variant keys of the instruments of each exposure.
        palindromes : PalindromeOptions, optional
            As in :func:`osteobiome.sumstats.harmonise`.
        """
        options = palindromes or PalindromeOptions()
        made = [_pair(panel, pair, instruments[pair[0]], options) for pair in pairs]
        sizes = [len(variant) for variant, _, _ in made]
        none = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int8)
        return cls(
            tuple(pairs),
            np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
            np.concatenate([none[0], *[variant for variant, _, _ in made]]),
            np.concatenate([none[1], *[sign for _, sign, _ in made]]),
            tuple(rows for _, _, rows in made),
        )

    def instruments(self, panel: TraitPanel, number: int) -> Instruments:
        """Return one pair as estimators take it.

        Parameters
        ----------
        panel : TraitPanel
            The panel that the index was made of.
        number : int
            Which pair.
        """
        exposure, outcome = self.pairs[number]
        inside = slice(self.begin[number], self.begin[number + 1])
        variant, sign = self.variant[inside], self.sign[inside].astype(np.float64)
        x, y = panel.traits.index(exposure), panel.traits.index(outcome)
        names = panel.variants[variant.tolist()]
        eaf = panel.eaf[y, variant]
        return Instruments(
            panel.beta[x, variant],
            panel.se[x, variant],
            sign * panel.beta[y, variant],
            panel.se[y, variant],
            rsid=tuple(name or "" for name in names["rsid"]),
            effect_allele=tuple(names["effect_allele"]),
            eaf_exposure=_known(panel.eaf[x, variant]),
            eaf_outcome=_known(np.where(sign > 0, eaf, 1.0 - eaf)),
            n_exposure=_known(panel.n[x, variant]),
            n_outcome=_known(panel.n[y, variant]),
            chromosome=_known(names["chromosome"].cast(pl.Float64).fill_null(np.nan).to_numpy()),
            position=_known(names["position"].cast(pl.Float64).fill_null(np.nan).to_numpy()),
            exposure=exposure,
            outcome=outcome,
            rows=self.rows[number],
        )


def _known(values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    return None if np.isnan(values).all() else values


def _pair(
    panel: TraitPanel, pair: tuple[str, str], keys: NDArray[np.int64], options: PalindromeOptions
) -> tuple[NDArray[np.int64], NDArray[np.int8], RowReport]:
    """Return the variants that both traits have, the sign of each, and the account of the others."""
    x, y = (panel.traits.index(name) for name in pair)
    place = panel.places(np.unique(keys))
    ledger = RowLedger(f"{pair[0]} -> {pair[1]}", "harmonise", len(place))
    known = place[place >= 0]
    ledger.drop("not_in_exposure", len(place) - int(panel.valid[x, known].sum()), kind="policy")
    known = known[panel.valid[x, known]]
    met = known[panel.valid[y, known]]
    ledger.drop("not_in_outcome", len(known) - len(met), kind="policy")
    frame = pl.DataFrame(
        {
            "column": met,
            "is_palindromic": panel.variants["is_palindromic"].to_numpy()[met],
            "eaf_exposure": pl.Series(panel.eaf[x, met]).fill_nan(None),
            "eaf_outcome": pl.Series(panel.eaf[y, met]).fill_nan(None),
            "rsid": panel.variants["rsid"].gather(met),
            "line": met,
        }
    )
    settled = settle_palindromes(frame, ledger, options=options, opposite=frequencies_are_opposite(frame))
    return settled["column"].to_numpy(), settled["sign"].to_numpy(), ledger.close(settled.height)
