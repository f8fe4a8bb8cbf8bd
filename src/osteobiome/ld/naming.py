"""What a variant is called in tables and messages."""

from __future__ import annotations

import polars as pl

_ALLELES = ("effect_allele", "other_allele")
_PLACE = ("chromosome", "position")
UNKNOWN = "?"


def variant_names(frame: pl.DataFrame) -> pl.Series:
    """Return what each variant is called: its rsID, or place and alleles if it has none or another variant has it, too.

    Parameters
    ----------
    frame : polars.DataFrame, shape (n_variants, n_columns)
        Columns rsid, effect_allele, other_allele, and chromosome and position if they are known.

    Returns
    -------
    polars.Series of str, shape (n_variants,)
        ``variant``. Of variants without a place an rsID that several have is followed by the alleles; without either,
        ``?`` stands for the place. A variant that stands in two rows has one name.

    Examples
    --------
    >>> variants = pl.DataFrame({"rsid": ["rs1", "rs2", "rs2", None], "chromosome": [1, 1, 1, 1],
    ...     "position": [5, 9, 9, 7], "effect_allele": ["A", "A", "A", "C"], "other_allele": ["G", "G", "T", "T"]})
    >>> variant_names(variants).to_list()
    ['rs1', '1:9:A:G', '1:9:A:T', '1:7:C:T']
    """
    place = [
        pl.col(name).cast(pl.String) if name in frame.columns else pl.lit(None, dtype=pl.String).alias(name)
        for name in _PLACE
    ]
    known = frame.select("rsid", *place, *_ALLELES)
    rsid, has_place = pl.col("rsid"), pl.all_horizontal(pl.col(_PLACE).is_not_null())
    has_name = rsid.is_not_null() & (rsid != "")
    is_shared = pl.struct(*_PLACE, *_ALLELES).n_unique().over("rsid") > 1
    chromosome, position, *alleles = (pl.col(name).fill_null(UNKNOWN) for name in (*_PLACE, *_ALLELES))
    by_place = pl.format("{}:{}:{}:{}", chromosome, position, *alleles)
    by_alleles = pl.format("{}:{}:{}", rsid.fill_null(""), *alleles)
    longer = pl.when(has_name & ~has_place).then(by_alleles).otherwise(by_place)
    return known.select(pl.when(has_name & ~is_shared).then(rsid).otherwise(longer).alias("variant")).to_series()
