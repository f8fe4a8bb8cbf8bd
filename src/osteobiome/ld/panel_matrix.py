"""Signed correlation of the variants of a pair from the genotypes of a panel, as estimators with LD take it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from osteobiome.ld.correlation import ld_matrix, varies
from osteobiome.ld.matching import PanelIndex

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from osteobiome.ld.panel import Panel

NO_VARIATION = "no_variation_in_panel"


def panel_ld(
    frame: pl.DataFrame, panel: Panel, *, index: PanelIndex | None = None, trust_strand: bool = False
) -> tuple[NDArray[np.float64] | None, dict[str, list[str]]]:
    r"""Return r of some variants, counted in their effect alleles.

    Parameters
    ----------
    frame : polars.DataFrame, shape (n_variants, n_columns)
        Columns variant_key, id_key, rsid, effect_allele, other_allele, eaf of schema ``variants``.
    panel : Panel
        Genotypes; only those of these variants are read.
    index : PanelIndex, optional
        Of this panel, if it is at hand.
    trust_strand : bool
        Believe that all are on the forward strand; else the strand of A/T and C/G variants is told by frequencies.

    Returns
    -------
    ld_r : numpy.ndarray, shape (n_variants, n_variants), or None
        None if a variant has no r: a matrix with holes is no matrix.
    problems : dict of list of str
        ``not_in_panel``, ``allele_mismatch``, ``palindromic_strand_unknown`` and ``no_variation_in_panel`` with the
        variants concerned; empty if all is well.

    Notes
    -----
    A genotype that was not called counts as the mean of its variant, so the matrix has no negative eigenvalue. It has
    rank at most one less than the people of the panel: of more variants it is singular, which the estimators say. With
    n people r is off by about :math:`1/\sqrt n`; estimators that invert the matrix magnify that.
    """
    known = index or PanelIndex(panel.variants)
    found = known.match(frame, trust_strand=trust_strand, frequency=lambda rows: panel.genotypes(rows).frequency())
    genotypes = panel.genotypes(found.row[found.is_found])
    problem = found.reason.cast(str).to_numpy().astype(np.dtype("U30"))
    problem[np.flatnonzero(found.is_found)[~varies(genotypes)]] = NO_VARIATION
    problems: dict[str, list[str]] = {}
    for name, why in zip(frame["rsid"].fill_null("").to_list(), problem.tolist(), strict=True):
        if why:
            problems.setdefault(why, []).append(name)
    if problems:
        return None, problems
    sign = found.sign.astype(np.float64)
    return ld_matrix(genotypes) * np.outer(sign, sign), {}
