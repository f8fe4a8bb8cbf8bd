"""Stand-ins for the variants that a stored trait lacks, from what it has and the genotypes of a panel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.core.errors import Fault, HarmonisationError
from osteobiome.core.schema import polars_schema
from osteobiome.core.thresholds import BASES_PER_KB
from osteobiome.ld.matching import PanelIndex
from osteobiome.ld.naming import variant_names
from osteobiome.ld.proxies import NO_PROXY, Proxies, ProxyOptions, find_proxies, restate_proxy
from osteobiome.sumstats.identity import MAX_POSITION, with_variant_key

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.ld.matching import PanelMatch
    from osteobiome.ld.panel import Panel

TARGETS_AT_ONCE = 8
"""Targets whose windows are read together: 8 windows of 1 Mb are some 80,000 variants."""
R2_DIGITS = 10
"""Digits after the point up to which values of r² count as different."""
REASON = np.dtype("U30")
NOWHERE = -1
"""Chromosome of a panel's variant without place."""
IDENTITY = (
    "variant_key", "id_key", "allele_class", "rsid", "chromosome", "position", "effect_allele", "other_allele",
    "is_palindromic",
)  # fmt: skip
_OF_FILE = ("is_beta_derived", "is_se_derived", "is_p_derived", "line")
"""What a stand-in takes over from the row of its proxy as it is."""


def trait_proxies(
    targets: pl.DataFrame,
    table: pl.DataFrame,
    panel: Panel,
    *,
    index: PanelIndex | None = None,
    options: ProxyOptions | None = None,
    reserved: pl.DataFrame | None = None,
    trust_strand: bool = False,
) -> pl.DataFrame:
    """Find a stand-in for each variant that a trait lacks, and its effect for the alleles of the variant.

    Parameters
    ----------
    targets : polars.DataFrame, shape (n_targets, n_columns)
        Variants that the trait lacks: columns variant_key, id_key, allele_class, rsid, chromosome, position,
        effect_allele, other_allele, is_palindromic, eaf of schema ``variants``.
    table : polars.DataFrame, shape (n_variants, n_columns)
        The trait, schema ``variants``. Rows within ``kb`` of a target, and rows without place, are looked for in the
        panel; no others are.
    panel : Panel
        Genotypes; those of targets and of rows near them are read, a few windows at a time.
    index : PanelIndex, optional
        Of this panel, if it is at hand.
    options : ProxyOptions, optional
        Thresholds; left out, the defaults.
    reserved : polars.DataFrame, optional
        Variants that may not stand in for others, as they are in use themselves: columns variant_key, id_key.
    trust_strand : bool
        Believe that targets, trait and panel are on the forward strand.

    Returns
    -------
    polars.DataFrame, shape (n_targets, 23)
        A row per target, in order: its identity (variant_key to is_palindromic); ``proxy_key`` and ``proxy`` (key, and
        name as :func:`osteobiome.ld.naming.variant_names` gives it), ``proxy_position`` (in the trait, base pairs),
        ``proxy_effect_allele`` and ``proxy_other_allele`` (those that go with the alleles of the target), ``r`` of the
        two effect alleles, never negative, ``r2``, ``distance`` (bases, in the panel, negative if the proxy stands
        before); ``beta``, ``se``, ``eaf``, ``n``, ``neg_log_10_p_value`` of the proxy, for the target's effect allele;
        ``reason`` why there is none: ``not_in_panel``, ``allele_mismatch``, ``palindromic_strand_unknown``,
        ``no_variation``, ``no_candidate_in_window``, ``r2_below_threshold``, ``proxy_taken``; empty where there is one.

    Notes
    -----
    A variant stands in for one target only, the one in highest r² (of equals the first): twice the same association
    would count as two. The choice is that of :func:`osteobiome.ld.proxies.find_proxies`, the effect that of
    :func:`osteobiome.ld.proxies.restate_proxy`: the proxy's own, unscaled. An A/T or C/G variant, target or candidate,
    takes part only if its strand is known: because frequencies of trait (of the target: its ``eaf``) and panel tell, or
    because all are trusted to be on the forward strand. Otherwise it might stand in with the wrong sign.

    Distances are of positions in the panel. Target and trait must be on one genome build; where the panel is on
    another, variants still meet by rsID.
    """
    chosen = options or ProxyOptions()
    known = index or PanelIndex(panel.variants)
    places = _Places.of(panel)
    wanted = _match(targets, panel, known, trust_strand=trust_strand)
    near = _near(table, _centres(targets, wanted, panel), math.floor(chosen.kb * BASES_PER_KB))
    if reserved is not None:
        for key in ("variant_key", "id_key"):
            near = near.join(reserved.select(key).drop_nulls(), on=key, how="anti", maintain_order="left")
    found = _match(near, panel, known, trust_strand=trust_strand)
    row_of = _first_of_each(found)
    proxies = _each_once(_search(panel, wanted, np.array(sorted(row_of), dtype=np.int64), places, chosen))
    at = pl.Series([row_of.get(row) for row in proxies.row.tolist()], dtype=pl.Int64)
    return _as_table(targets, near.select(pl.all().gather(at)), proxies, wanted.sign, _signs(found, at))


def with_stand_ins(table: pl.DataFrame, proxies: pl.DataFrame) -> pl.DataFrame:
    r"""Return a trait with its stand-ins: rows of the targets that carry the effects of their proxies.

    Parameters
    ----------
    table : polars.DataFrame
        The trait, schema ``variants``, sorted by key.
    proxies : polars.DataFrame
        From :func:`trait_proxies` for this table.

    Returns
    -------
    polars.DataFrame
        Schema ``variants``, sorted by key: the rows of ``table``, and one per target that has a proxy. ``line`` is that
        of the proxy in the file.

    Raises
    ------
    HarmonisationError
        A target that the table has, or that comes twice.

    Notes
    -----
    Nothing is scaled. With one causal variant, the target, the z-score of a proxy is on average :math:`r` times what
    the target's would have been: at r² 0.8 about 0.89. The effect per allele is
    :math:`r\sqrt{p_tq_t/(p_pq_p)}` times the target's, with allele frequencies p and q = 1 - p of target and proxy, so
    ratios of an outcome's stand-in to the exposure's own effect are drawn towards 0 where the frequencies are alike.

    The frequency is that of the proxy's allele. It says nothing of the strand of an A/T or C/G target, whose alleles
    the panel has settled: tell :func:`osteobiome.sumstats.harmonisation.harmonise` so (``settled``).
    """
    assert table["variant_key"].is_sorted()
    found = proxies.filter(pl.col("proxy_key").is_not_null())
    taken = table.filter(pl.col("variant_key").is_in(found["variant_key"].implode()))
    doubled = found.filter(pl.col("variant_key").is_duplicated())
    faults = [
        Fault(
            code, f"variant {variant_names(part)[0]}", what, "targets that the trait lacks, each once", "Leave it out"
        )
        for part, code, what in (
            (taken, "target_in_trait", "a stand-in for a variant that the trait has"),
            (doubled, "target_twice", "two stand-ins for one variant"),
        )
        if part.height
    ]
    if faults:
        raise HarmonisationError(*faults)
    of_proxy = table.filter(pl.col("variant_key").is_in(found["proxy_key"].implode()))
    of_proxy = of_proxy.select(pl.col("variant_key").alias("proxy_key"), *_OF_FILE).unique("proxy_key", keep="first")
    schema = polars_schema("variants")
    rows = found.join(of_proxy, on="proxy_key", how="left").select(pl.col(name).cast(schema[name]) for name in schema)
    rows, whole = rows.sort("variant_key"), table.select(*schema)
    cuts = [0, *np.searchsorted(table["variant_key"].to_numpy(), rows["variant_key"].to_numpy()).tolist(), table.height]
    pieces = [whole[cuts[k] : cuts[k + 1]] for k in range(rows.height + 1)]
    added = [rows[k : k + 1] for k in range(rows.height)]
    # slices of whole columns: a merge or a sort would look at every value of millions of rows
    return pl.concat(
        [part for pair in zip(pieces, [*added, rows.clear()], strict=True) for part in pair], rechunk=False
    )


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the rows of a panel lie; chromosome ``NOWHERE`` for those without place."""

    chromosome: NDArray[np.int64]
    position: NDArray[np.int64]

    @classmethod
    def of(cls, panel: Panel) -> _Places:
        placed = pl.all_horizontal(pl.col("chromosome", "position").is_not_null())
        places = panel.variants.select(
            pl.when(placed).then(pl.col(name).cast(pl.Int64)).otherwise(NOWHERE).alias(name)
            for name in ("chromosome", "position")
        )
        return cls(places["chromosome"].to_numpy(), places["position"].to_numpy())


def _match(frame: pl.DataFrame, panel: Panel, index: PanelIndex, *, trust_strand: bool) -> PanelMatch:
    """Find variants in the panel; the genotypes of palindromes are read in pieces for their frequencies."""
    return index.match(frame, trust_strand=trust_strand, frequency=panel.frequency)


def _centres(targets: pl.DataFrame, wanted: PanelMatch, panel: Panel) -> pl.DataFrame:
    """Return the places of the targets that the panel has: their own, or those of the panel if they have none."""
    rows = pl.Series(wanted.row).set(~pl.Series(wanted.is_found), None)
    theirs = panel.variants.select(pl.col("chromosome", "position").gather(rows))
    own = targets.select(
        pl.when(pl.all_horizontal(pl.col("chromosome", "position").is_not_null())).then(pl.col(name)).alias(name)
        for name in ("chromosome", "position")
    )
    places = own.select(own[name].fill_null(theirs[name]).cast(pl.Int64) for name in own.columns)
    return places.filter(pl.Series(wanted.is_found)).drop_nulls()


def _near(table: pl.DataFrame, centres: pl.DataFrame, reach: int) -> pl.DataFrame:
    """Return the rows of a trait that lie near a place or nowhere, and have an effect."""
    if not centres.height:
        return table.clear()
    if not table["variant_key"].is_sorted():
        table = table.sort("variant_key")
    keys = table["variant_key"].to_numpy()
    first, last = (
        np.searchsorted(keys, _lowest_key(centres["chromosome"], centres["position"] + step))
        for step in (-min(reach, MAX_POSITION), min(reach, MAX_POSITION) + 1)
    )
    steps = np.zeros(keys.size + 1, dtype=np.int32)
    np.add.at(steps, first, 1)
    np.add.at(steps, last, -1)
    is_near = pl.Series(np.cumsum(steps[:-1]) > 0) | table["position"].is_null()
    has_effect = pl.col("beta").is_finite() & pl.col("se").is_finite()
    return table.filter(is_near).filter(has_effect)


def _lowest_key(chromosome: pl.Series, position: pl.Series) -> NDArray[np.int64]:
    """Return what is above the keys of all variants before a place, and not above those of variants there."""
    letter = pl.lit("A")
    places = pl.DataFrame({"chromosome": chromosome, "position": position.clip(0, MAX_POSITION)}).with_columns(
        pl.lit(0, dtype=pl.Int8).alias("allele_class"), letter.alias("effect_allele"), letter.alias("other_allele")
    )
    return with_variant_key(places)["variant_key"].to_numpy()


def _first_of_each(found: PanelMatch) -> dict[int, int]:
    """Return, for each row of the panel that was met, which variant met it: by place first, then the first one."""
    met = np.flatnonzero(found.is_found)
    met = met[np.argsort(found.is_by_name[met], kind="stable")]
    rows, first = np.unique(found.row[met], return_index=True)
    return dict(zip(rows.tolist(), met[first].tolist(), strict=True))


def _signs(found: PanelMatch, at: pl.Series) -> NDArray[np.int8]:
    """Return which way round the panel counts the proxies; 0 for none."""
    return pl.Series(found.sign).gather(at).fill_null(0).to_numpy()


def _search(
    panel: Panel, wanted: PanelMatch, candidate: NDArray[np.int64], places: _Places, options: ProxyOptions
) -> Proxies:
    """Find the proxies, a few windows at a time; rows are those of the panel."""
    n = wanted.row.size
    reason = np.array(wanted.reason.cast(pl.String).to_list(), dtype=REASON)
    result = Proxies(np.full(n, NO_PROXY), np.full(n, np.nan), np.zeros(n, dtype=np.int64), reason)
    chromosome, position = places.chromosome[candidate], places.position[candidate]
    order = np.lexsort((candidate, position, chromosome))
    order = order[chromosome[order] != NOWHERE]
    candidate, chromosome, position = candidate[order], chromosome[order], position[order]
    asked = np.flatnonzero(wanted.is_found)
    asked = asked[np.lexsort((places.position[wanted.row[asked]], places.chromosome[wanted.row[asked]]))]
    reach = math.floor(options.kb * BASES_PER_KB)
    for begin in range(0, asked.size, TARGETS_AT_ONCE):
        these = asked[begin : begin + TARGETS_AT_ONCE]
        target = wanted.row[these]
        inside = np.zeros(candidate.size, dtype=bool)
        for row in target.tolist():
            of = np.searchsorted(chromosome, [places.chromosome[row], places.chromosome[row] + 1])
            edges = [places.position[row] - reach, places.position[row] + reach + 1]
            low, high = of[0] + np.searchsorted(position[of[0] : of[1]], edges)
            inside[low:high] = True
        rows = np.unique(np.concatenate([target, candidate[inside]]))
        part = find_proxies(
            panel.genotypes(rows),
            np.searchsorted(rows, target),
            np.searchsorted(rows, candidate[inside]),
            chromosome=places.chromosome[rows],
            position=places.position[rows],
            options=options,
        )
        result.row[these] = np.where(part.row == NO_PROXY, NO_PROXY, rows[part.row])
        result.r[these], result.distance[these], result.reason[these] = part.r, part.distance, part.reason
    return result


def _each_once(found: Proxies) -> Proxies:
    """Return proxies without those that stand in for another target with a higher r²."""
    best: dict[int, int] = {}
    strength = np.nan_to_num(found.r2, nan=-1.0).round(R2_DIGITS)  # equal ones stay equal however they were summed
    for k in np.argsort(-strength, kind="stable").tolist():
        best.setdefault(int(found.row[k]), k)
    taken = np.array([row != NO_PROXY and best[int(row)] != k for k, row in enumerate(found.row.tolist())], dtype=bool)
    row = np.where(taken, NO_PROXY, found.row)
    r, distance = np.where(taken, np.nan, found.r), np.where(taken, 0, found.distance)
    return Proxies(row, r, distance, np.where(taken, "proxy_taken", found.reason).astype(REASON))


def _as_table(
    targets: pl.DataFrame,
    proxy: pl.DataFrame,
    proxies: Proxies,
    sign: NDArray[np.int8],
    sign_of_proxy: NDArray[np.int8],
) -> pl.DataFrame:
    """Return targets beside their proxies; ``proxy`` has a row for each, of nulls where there is none."""
    restated = restate_proxy(
        proxies,
        beta=proxy["beta"].fill_null(np.nan).to_numpy(),
        eaf=proxy["eaf"].fill_null(np.nan).to_numpy(),
        effect_allele=proxy["effect_allele"].fill_null("").to_list(),
        other_allele=proxy["other_allele"].fill_null("").to_list(),
        sign_of_target=sign,
        sign_of_proxy=sign_of_proxy,
    )
    exists = pl.Series(proxies.row != NO_PROXY)

    def where(column: str, values: NDArray[np.generic], dtype: type[pl.DataType] = pl.Float64) -> pl.Series:
        series = pl.Series(column, values.tolist(), dtype=dtype).set(~exists, None)
        return series.fill_nan(None) if dtype is pl.Float64 else series

    return targets.select(IDENTITY).with_columns(
        proxy["variant_key"].alias("proxy_key"),
        variant_names(proxy).alias("proxy").set(~exists, None),
        proxy["position"].alias("proxy_position"),
        where("proxy_effect_allele", restated.effect_allele, pl.String),
        where("proxy_other_allele", restated.other_allele, pl.String),
        where("r", np.abs(proxies.r)),
        where("r2", proxies.r2),
        where("distance", proxies.distance, pl.Int64),
        where("beta", restated.beta),
        proxy["se"],
        where("eaf", restated.eaf),
        proxy["n"],
        proxy["neg_log_10_p_value"],
        pl.Series("reason", proxies.reason.astype(str).tolist(), dtype=pl.String),
    )
