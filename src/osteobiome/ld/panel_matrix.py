"""Signed correlation of the variants of a pair from the genotypes of a panel, as estimators with LD take it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.ld.correlation import ld_matrix, varies
from osteobiome.ld.matching import PanelIndex
from osteobiome.ld.naming import variant_names
from osteobiome.sumstats.identity import add_keys, orient

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from osteobiome.ld.panel import Panel

NO_VARIATION = "no_variation_in_panel"
_ALLELES = ("effect_allele", "other_allele")


def panel_ld(
    frame: pl.DataFrame, panel: Panel, *, index: PanelIndex | None = None, trust_strand: bool = False
) -> tuple[NDArray[np.float64] | None, dict[str, list[str]]]:
    r"""Return r of some variants, counted in their effect alleles.

    Parameters
    ----------
    frame : polars.DataFrame, shape (n_variants, n_columns)
        Columns rsid, effect_allele, other_allele, and either variant_key and id_key, as in schema ``variants``, or
        chromosome and position, as in schema ``harmonised``. Frequencies are those of column eaf, else of
        eaf_exposure, else unknown.
    panel : Panel
        Genotypes; only those of these variants are read.
    index : PanelIndex, optional
        Of this panel, if it is at hand.
    trust_strand : bool
        Believe that all are on the forward strand; else the strand of A/T and C/G variants is told by frequencies.

    Returns
    -------
    ld_r : numpy.ndarray, shape (n_variants, n_variants), or None
        Rows and columns in the order of ``frame``, whatever its names: variants meet the panel by place and alleles
        first. None if a variant has no r: a matrix with holes is no matrix.
    problems : dict of list of str
        ``not_in_panel``, ``allele_mismatch``, ``palindromic_strand_unknown`` and ``no_variation_in_panel`` with the
        variants concerned, named as :func:`osteobiome.ld.naming.variant_names` does; empty if all is well.

    Notes
    -----
    A genotype that was not called counts as the mean of its variant, so the matrix has no negative eigenvalue. It has
    rank at most one less than the people of the panel: of more variants it is singular, which the estimators say. With
    n people r is off by about :math:`1/\sqrt n`; estimators that invert the matrix magnify that. A variant that stands
    in two rows of ``frame`` has r of 1 or -1 with itself, and the matrix is singular, too.

    Examples
    --------
    >>> from osteobiome.ld.panel import open_panel
    >>> pair = pl.read_parquet("results/harmonised.parquet")  # doctest: +SKIP
    >>> ld_r, problems = panel_ld(pair, open_panel("reference/EUR"))  # doctest: +SKIP
    """
    known = index or PanelIndex(panel.variants)
    found = known.match(
        _keyed(frame), trust_strand=trust_strand, frequency=lambda rows: panel.genotypes(rows).frequency()
    )
    genotypes = panel.genotypes(found.row[found.is_found])
    reasons = found.reason.to_list()
    for i in np.flatnonzero(found.is_found)[~varies(genotypes)].tolist():
        reasons[i] = NO_VARIATION
    problems: dict[str, list[str]] = {}
    if any(reasons):
        for why, name in zip(reasons, variant_names(frame), strict=True):
            if why:
                problems.setdefault(why, []).append(name)
        return None, problems
    sign = found.sign.astype(np.float64)
    return ld_matrix(genotypes) * np.outer(sign, sign), {}


def _keyed(frame: pl.DataFrame) -> pl.DataFrame:
    """Return what a panel is asked with; keys are made where they are not all there."""
    unknown = pl.lit(None, dtype=pl.Float64)
    source = next((name for name in ("eaf", "eaf_exposure") if name in frame.columns), None)
    eaf = (unknown if source is None else pl.col(source).cast(pl.Float64)).alias("eaf")
    has_keys = {"variant_key", "id_key"} <= set(frame.columns) and not frame["variant_key"].null_count()
    if has_keys:
        return frame.select("variant_key", "id_key", *_ALLELES, eaf)
    is_named = frame["rsid"].is_not_null()
    name = pl.col("rsid").fill_null("")  # the key of a variant without a place is made from it, and meets no row
    place = pl.col("chromosome").cast(pl.Int8), pl.col("position").cast(pl.Int64)
    keyed = add_keys(orient(frame.select(name, *place, *_ALLELES, unknown.alias("beta"), eaf)))
    id_key = pl.when(is_named).then("id_key").alias("id_key")
    # orienting may swap the alleles: keys do not depend on that, the sign does
    return keyed.select("variant_key", id_key).hstack(frame.select(*_ALLELES, eaf))
