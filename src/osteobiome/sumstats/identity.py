"""What makes two rows the same variant, and which way round its effect is written.

A single-nucleotide variant is (chromosome, position, allele class). The four classes do not depend on strand or order:
{A,C} is {G,T} and {A,G} is {C,T} read from the other strand; A/T and C/G are palindromic. Effects are turned to the
class's first allele, so that two traits meet by an integer join and a sign. Longer variants are trimmed and keep their
exact alleles; they are never read from the other strand.

Keys are Int64 with two bits for the kind: 0 position and class, 1 position and hashed alleles, 2 rs number and class,
3 hashed name and alleles. Kinds 0 and 2 are exact encodings; for 1 and 3 a collision is looked for and fatal.
"""

from __future__ import annotations

import hashlib

import polars as pl

from osteobiome.core.errors import Fault, HarmonisationError

CLASS_INDEL = 4
_CLASS = {
    "AC": 0, "CA": 0, "GT": 0, "TG": 0,
    "AG": 1, "GA": 1, "CT": 1, "TC": 1,
    "AT": 2, "TA": 2,
    "CG": 3, "GC": 3,
}  # fmt: skip
_FIRST = {"AC", "AG", "TG", "TC", "AT", "CG"}
"""Pairs (effect, other) in which the effect allele is the class's first allele on one of the strands."""
_KIND_SHIFT = 60
_HASH_BITS = 60
_CHROMOSOMES = {str(i): i for i in range(1, 26)} | {"X": 23, "Y": 24, "M": 25, "MT": 25}
MAX_POSITION = 2**32 - 1


def chromosome(column: str) -> pl.Expr:
    """Return a chromosome column as Int8 (X 23, Y 24, MT 25); anything else becomes null."""
    name = pl.col(column).str.strip_chars().str.to_uppercase().str.strip_prefix("CHR")
    name = name.str.replace(r"^0+([1-9])", "$1").str.replace(r"^(\d+)\.0$", "$1")
    return name.replace_strict(_CHROMOSOMES, default=None, return_dtype=pl.Int8)


def trim(effect: str, other: str) -> tuple[str, str, int]:
    """Return two alleles without shared suffix and prefix, and how far the position moves.

    Examples
    --------
    >>> trim("ATC", "AGC")
    ('T', 'G', 1)
    >>> trim("CAA", "CA")
    ('CA', 'C', 0)
    """
    while min(len(effect), len(other)) > 1 and effect[-1] == other[-1]:
        effect, other = effect[:-1], other[:-1]
    shift = 0
    while min(len(effect), len(other)) > 1 and effect[0] == other[0]:
        effect, other, shift = effect[1:], other[1:], shift + 1
    return effect, other, shift


def orient(frame: pl.DataFrame) -> pl.DataFrame:
    """Turn every effect to the first allele of its class and add ``allele_class`` and ``is_palindromic``.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns effect_allele, other_allele (upper-case nucleotides), beta, eaf, position (may be null).

    Returns
    -------
    polars.DataFrame
        The same rows; where the order was the other way round, alleles are swapped, beta changes sign and eaf becomes
        1 - eaf.
    """
    frame = _trim_long(frame)
    pair = pl.concat_str("effect_allele", "other_allele")
    is_snv = (pl.col("effect_allele").str.len_chars() == 1) & (pl.col("other_allele").str.len_chars() == 1)
    shorter_first = (pl.col("effect_allele").str.len_chars() < pl.col("other_allele").str.len_chars()) | (
        (pl.col("effect_allele").str.len_chars() == pl.col("other_allele").str.len_chars())
        & (pl.col("effect_allele") < pl.col("other_allele"))
    )
    frame = frame.with_columns(
        pl.when(is_snv)
        .then(pair.replace_strict(_CLASS, default=CLASS_INDEL, return_dtype=pl.Int8))
        .otherwise(pl.lit(CLASS_INDEL, dtype=pl.Int8))
        .alias("allele_class"),
        pl.when(is_snv).then(pair.is_in(list(_FIRST))).otherwise(shorter_first).alias("__first__"),
    )
    first = pl.col("__first__")
    return frame.with_columns(
        pl.when(first).then("effect_allele").otherwise("other_allele").alias("effect_allele"),
        pl.when(first).then("other_allele").otherwise("effect_allele").alias("other_allele"),
        pl.when(first).then(pl.col("beta")).otherwise(-pl.col("beta")).alias("beta"),
        pl.when(first).then(pl.col("eaf")).otherwise(1.0 - pl.col("eaf")).alias("eaf"),
        pl.col("allele_class").is_in([2, 3]).alias("is_palindromic"),
    ).drop("__first__")


def _trim_long(frame: pl.DataFrame) -> pl.DataFrame:
    """Trim alleles of more than one nucleotide; there are few of them, so a loop will do."""
    long = (frame["effect_allele"].str.len_chars() > 1) | (frame["other_allele"].str.len_chars() > 1)
    if not long.any():
        return frame
    rows = frame.with_row_index("__row__").filter(long)
    trimmed = [trim(e, o) for e, o in zip(rows["effect_allele"], rows["other_allele"], strict=True)]
    patch = pl.DataFrame(
        {
            "__row__": rows["__row__"],
            "effect_allele": [t[0] for t in trimmed],
            "other_allele": [t[1] for t in trimmed],
            "position": rows["position"] + pl.Series([t[2] for t in trimmed], dtype=pl.Int64),
        }
    )
    return frame.with_row_index("__row__").update(patch, on="__row__").drop("__row__")


def add_keys(frame: pl.DataFrame, *, where: str) -> pl.DataFrame:
    """Add ``variant_key`` and ``id_key`` to an oriented table.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns rsid, chromosome, position, allele_class, effect_allele, other_allele.
    where : str
        Name of the table for messages.

    Raises
    ------
    HarmonisationError
        If two different variants share a hash; nothing is merged by accident.
    """
    has_position = pl.col("chromosome").is_not_null() & pl.col("position").is_not_null()
    is_snv = pl.col("allele_class") < CLASS_INDEL
    rs_number = pl.col("rsid").str.extract(r"^(?i:rs)([0-9]{1,14})$", 1).cast(pl.Int64, strict=False)
    place = (
        (pl.col("chromosome").cast(pl.Int64) * (1 << 36))
        + (pl.col("position") * 16)
        + pl.col("allele_class").cast(pl.Int64)
    )
    frame = frame.with_columns(rs_number.alias("__rs__"))
    alleles = pl.concat_str("effect_allele", "other_allele", separator=":")
    class_or_alleles = pl.when(is_snv).then(pl.col("allele_class").cast(pl.String)).otherwise(alleles)
    text = (
        pl.when(has_position & ~is_snv)
        .then(pl.concat_str(pl.col("chromosome"), pl.col("position"), alleles, separator=":"))
        .when(~has_position & (pl.col("__rs__").is_null() | ~is_snv))
        .then(pl.concat_str(pl.col("rsid"), class_or_alleles, separator="|"))
        .otherwise(None)
    )
    named = pl.when(pl.col("__rs__").is_null()).then(pl.col("rsid"))
    frame = frame.with_columns(text.alias("__text__"), named.alias("__named__"))
    frame = frame.with_columns(
        _hashed(frame["__text__"], where).alias("__hash__"), _hashed(frame["__named__"], where).alias("__name_hash__")
    )
    by_number = (2 << _KIND_SHIFT) + pl.col("__rs__") * 16
    return frame.with_columns(
        pl.when(has_position & is_snv)
        .then(place)
        .when(has_position)
        .then((1 << _KIND_SHIFT) + pl.col("__hash__"))
        .when(pl.col("__text__").is_null())
        .then(by_number + pl.col("allele_class").cast(pl.Int64))
        .otherwise((3 << _KIND_SHIFT) + pl.col("__hash__"))
        .cast(pl.Int64)
        .alias("variant_key"),
        pl.when(pl.col("__rs__").is_not_null())
        .then(by_number)
        .otherwise((3 << _KIND_SHIFT) + pl.col("__name_hash__"))
        .cast(pl.Int64)
        .alias("id_key"),
    ).drop("__rs__", "__text__", "__named__", "__hash__", "__name_hash__")


def _hashed(text: pl.Series, where: str) -> pl.Series:
    """Return 60-bit hashes of the distinct texts; null stays null."""
    distinct = text.drop_nulls().unique()
    if distinct.is_empty():
        return pl.Series([None] * len(text), dtype=pl.Int64)
    hashes = {value: _hash(value) for value in distinct}
    if len(set(hashes.values())) != len(hashes):
        raise HarmonisationError(
            Fault("hash_collision", where, "two different variants with one key", "distinct keys",
                  "Report this file to the developers: it is one in 10^9")
        )  # fmt: skip
    return text.replace_strict(hashes, default=None, return_dtype=pl.Int64)


def _hash(text: str) -> int:
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - _HASH_BITS)
