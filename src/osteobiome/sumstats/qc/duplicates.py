"""Several rows of one variant: copies are one, contradictions are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.errors import Fault, HarmonisationError
from osteobiome.core.rows import MAX_LINES
from osteobiome.sumstats.identity import CLASS_INDEL, is_hashed_name

if TYPE_CHECKING:
    from osteobiome.core.rows import RowLedger

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
        _check_hashes(repeated)
    # turning an allele round computes 1 - eaf: equal up to the last bits is equal
    digits = {"eaf": 9, "neg_log_10_p_value": 6}
    rounded = repeated.with_columns(pl.col(name).round(digits[name]) for name in values if name in digits)
    distinct = rounded.group_by(key).agg(pl.struct(values).n_unique().alias("__distinct__"))
    conflicting = distinct.filter(pl.col("__distinct__") > 1)[key].implode()
    is_conflict = is_repeated & pl.col(key).is_in(conflicting)
    is_copy = is_repeated & ~is_conflict & ~pl.col("line").eq(pl.col("line").min().over(key))
    for reason, condition in (("duplicate", is_copy), ("duplicate_conflicting", is_conflict)):
        rows = frame.filter(condition).sort("line")
        shown = rows.head(MAX_LINES)
        ledger.drop(reason, rows.height, lines=shown["line"].to_list(), examples=shown["rsid"].fill_null("").to_list())
    return frame.filter(~is_conflict & ~is_copy)


def _check_hashes(repeated: pl.DataFrame) -> None:
    """Raise if two different variants share a key; only keys made by a hash can."""
    is_long = pl.col("allele_class") == CLASS_INDEL
    by_alleles = repeated.filter(is_long).select("variant_key", "effect_allele", "other_allele")
    by_name = repeated.filter(is_hashed_name("variant_key")).select("variant_key", "rsid", "allele_class")
    for rows in (by_alleles, by_name):
        if rows.unique()["variant_key"].is_duplicated().any():
            raise HarmonisationError(
                Fault("hash_collision", "the table", "two different variants with one key", "distinct keys",
                      "Report this file to the developers: it is one in a million")
            )  # fmt: skip
