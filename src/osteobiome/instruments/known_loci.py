"""Loci that are known to act on many traits, and which variants lie in them.

A variant there may reach the outcome by a way that does not lead through the exposure. It is marked, not dropped; a
study shows the primary estimate without such variants, too. Where the table comes from stands in ``data/ORIGIN.toml``.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import polars as pl

from osteobiome.core.errors import Fault, SchemaError
from osteobiome.core.thresholds import BASES_PER_KB
from osteobiome.instruments.loci import check_window
from osteobiome.sumstats.reference import chromosome_lengths

FLANK_KB = 250.0
"""Variants this far from a gene are still counted to its locus: LD reaches beyond genes."""
_FILE = "known_loci.csv"


def known_loci(build: str) -> pl.DataFrame:
    """Return loci that are known to act on many traits.

    Parameters
    ----------
    build : str
        ``GRCh37`` or ``GRCh38``.

    Returns
    -------
    polars.DataFrame, shape (n_loci, 7)
        Sorted by place: locus, chromosome (Int8), start, end (first and last base of its genes, 1-based), genes, why,
        doi.

    Raises
    ------
    GenomeBuildError
        The build is neither of the two.

    Notes
    -----
    The list is short and made by hand: a locus that is missing from it is not thereby free of pleiotropy.

    References
    ----------
    One DOI per row; Watanabe et al. 2019, doi:10.1038/s41588-019-0481-0, on how common pleiotropy is.

    Examples
    --------
    >>> known_loci("GRCh38").filter(pl.col("locus") == "APOE").select("chromosome", "start", "end").row(0)
    (19, 44890569, 44919349)
    """
    chromosome_lengths(build)  # refuses any other build
    ends = (pl.col(f"{name}_{build.lower()}").alias(name) for name in ("start", "end"))
    return _table().select("locus", "chromosome", *ends, "genes", "why", "doi").sort("chromosome", "start")


@lru_cache(maxsize=1)
def _table() -> pl.DataFrame:
    content = files("osteobiome.instruments").joinpath("data", _FILE).read_bytes()
    return pl.read_csv(content, schema_overrides={"chromosome": pl.Int8})


def mark_known_loci(
    frame: pl.DataFrame, build: str, *, flank_kb: float = FLANK_KB, loci: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return a table with the known locus of each variant.

    Parameters
    ----------
    frame : polars.DataFrame, shape (n_variants, n_columns)
        Columns chromosome and position (1-based base pairs); further columns travel along.
    build : str
        Genome build of the positions.
    flank_kb : float
        Reach of a locus beyond its genes, in thousands of base pairs.
    loci : polars.DataFrame, optional
        In place of the bundled table: columns locus, chromosome, start and end, on the same build.

    Returns
    -------
    polars.DataFrame, shape (n_variants, n_columns + 1)
        The rows in their order with the column ``known_locus``: a name, or several separated by "; "; empty outside all
        loci; null where a variant has no position, as then nobody can tell.

    Raises
    ------
    GenomeBuildError
        The build is neither GRCh37 nor GRCh38.
    SchemaError
        The flank is negative, or a column is missing.

    Examples
    --------
    >>> table = pl.DataFrame({"chromosome": [19, 19], "position": [45_411_941, 1_000_000]})
    >>> mark_known_loci(table, "GRCh37")["known_locus"].to_list()
    ['APOE', '']
    """
    check_window(flank_kb)
    missing = [name for name in ("chromosome", "position") if name not in frame.columns]
    if missing:
        raise SchemaError(*(Fault("missing_column", "table of variants", f"no column '{name}'") for name in missing))
    chromosome_lengths(build)
    table = known_loci(build) if loci is None else loci
    reach = round(flank_kb * BASES_PER_KB)
    names = [
        pl.when((pl.col("chromosome") == chromosome) & pl.col("position").is_between(start - reach, end + reach)).then(
            pl.lit(name)
        )
        for name, chromosome, start, end in table.select("locus", "chromosome", "start", "end").iter_rows()
    ]
    found = pl.concat_str(names, separator="; ", ignore_nulls=True) if names else pl.lit("")
    has_place = pl.col("chromosome").is_not_null() & pl.col("position").is_not_null()
    return frame.with_columns(pl.when(has_place).then(found).otherwise(None).alias("known_locus"))
