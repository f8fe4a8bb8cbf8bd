"""Several rows of one variant: copies are one, contradictions are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.rows import MAX_LINES
from osteobiome.sumstats.identity import CLASS_INDEL, is_hashed_name

if TYPE_CHECKING:
    from osteobiome.core.rows import DropKind, RowLedger

VALUES = ("beta", "se", "eaf", "neg_log_10_p_value", "n")
"""Columns in which two rows of one variant must agree to count as copies."""


def drop_duplicates(
    frame: pl.DataFrame, ledger: RowLedger, *, key: str = "variant_key", values: tuple[str, ...] = VALUES
) -> pl.DataFrame:
    """Keep one of several identical rows of a variant; drop all of them if they disagree.

    Which of two contradicting rows is right cannot be known, and keeping the first would make the result depend on
    the order of the file.

    Parameters
    ----------
    frame : polars.DataFrame
        Rows with ``key``, ``values``, ``line`` and ``rsid``; a null key is never a duplicate.
    ledger : RowLedger
        Takes ``duplicate`` and ``duplicate_conflicting``.
    key : str
        Column that names the variant.
    values : tuple of str
        Columns in which copies must agree.
    """
    if frame[key].is_sorted() and not frame.select((pl.col(key) == pl.col(key).shift()).any()).item():
        return frame  # sorted tables are large, and this is quick
    is_repeated = pl.col(key).is_duplicated() & pl.col(key).is_not_null()
    repeated = frame.filter(is_repeated)
    if repeated.is_empty():
        return frame
    if key == "variant_key":
        shared = _colliding(repeated)
        if not shared.is_empty():
            is_shared = frame[key].is_in(shared.implode())
            _enter(frame.filter(is_shared), ledger, "hash_collision", kind="policy")
            return drop_duplicates(frame.filter(~is_shared), ledger, key=key, values=values)
    # turning an allele round computes 1 - eaf: equal up to the last bits is equal
    digits = {"eaf": 9, "neg_log_10_p_value": 6}
    rounded = repeated.with_columns(pl.col(name).round(digits[name]) for name in values if name in digits)
    distinct = rounded.group_by(key).agg(pl.struct(values).n_unique().alias("__distinct__"))
    conflicting = distinct.filter(pl.col("__distinct__") > 1)[key].implode()
    is_conflict = is_repeated & pl.col(key).is_in(conflicting)
    is_copy = is_repeated & ~is_conflict & ~pl.col("line").eq(pl.col("line").min().over(key))
    copies, conflicts = (frame.select(one).to_series() for one in (is_copy, is_conflict))
    _enter(frame.filter(copies), ledger, "duplicate", kind="fault")
    _enter(frame.filter(conflicts), ledger, "duplicate_conflicting", kind="fault")
    return frame.filter(~copies & ~conflicts)


def _enter(rows: pl.DataFrame, ledger: RowLedger, reason: str, *, kind: DropKind) -> None:
    shown = rows.sort("line").head(MAX_LINES)
    names = shown["rsid"].fill_null("").to_list()
    ledger.drop(reason, rows.height, lines=shown["line"].to_list(), examples=names, kind=kind)


def _colliding(repeated: pl.DataFrame) -> pl.Series:
    """Return keys that two different variants share; only keys made by a hash can be shared.

    Of n pairs of longer variants at one position each, n / 2^23 share a key: 1 in 100 files with 10^5 such pairs has
    one. Which of the two a key means cannot be told, so both are left out.
    """
    is_long = pl.col("allele_class") == CLASS_INDEL
    by_alleles = repeated.filter(is_long).select("variant_key", "effect_allele", "other_allele")
    by_name = repeated.filter(is_hashed_name("variant_key")).select("variant_key", "rsid", "allele_class")
    shared = [
        rows.unique().filter(pl.col("variant_key").is_duplicated())["variant_key"] for rows in (by_alleles, by_name)
    ]
    return pl.concat(shared).unique()
