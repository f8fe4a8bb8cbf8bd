"""What makes two rows the same variant, and which way round its effect is written.

A single-nucleotide variant is (chromosome, position, allele class). The four classes do not depend on strand or order:
{A,C} is {G,T} and {A,G} is {C,T} read from the other strand; A/T and C/G are palindromic. Effects are turned to the
class's first allele, so that two traits meet by an integer join and a sign. Longer variants are trimmed and keep their
exact alleles; they are never read from the other strand.

Keys are Int64. A variant with a position has chromosome, position and 23 bits that tell variants of one position apart:
the class, or a hash of the exact alleles. So a table sorted by key is sorted along the genome. Variants known by a name
only have bit 61 set: an rs number with the class, or a hash of name and alleles. Where a hash decides, two different
variants with one key are looked for and fatal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from osteobiome.stats.hashing import fnv1a_64

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLASS_INDEL = 4
_LETTERS = {"A": 0, "C": 1, "G": 2, "T": 3}
_NUCLEOTIDES = pl.Enum(list(_LETTERS))
_LONG = 4
"""Code of an allele that is not a single letter."""
_CLASS = np.full((5, 5), CLASS_INDEL, dtype=np.int8)
"""Class by the codes of effect and other allele."""
_FIRST = np.zeros((5, 5), dtype=bool)
"""Whether the effect allele is the class's first allele on one of the strands."""
for _pairs, _class in (("AC CA GT TG", 0), ("AG GA CT TC", 1), ("AT TA", 2), ("CG GC", 3)):
    for _pair in _pairs.split():
        _CLASS[_LETTERS[_pair[0]], _LETTERS[_pair[1]]] = _class
for _pair in ("AC", "AG", "TG", "TC", "AT", "CG"):
    _FIRST[_LETTERS[_pair[0]], _LETTERS[_pair[1]]] = True
_KIND_SHIFT = 60
_HASH_BITS = 60
_SITE_BITS = 23
"""Bits below chromosome and position."""
_N_SITES = 16
"""The class of a single-nucleotide variant is below this, the hash of longer alleles is not."""
_POSITION_BITS = 32
_CHROMOSOMES = (
    {str(i): i for i in range(1, 26)}
    | {"X": 23, "Y": 24, "M": 25, "MT": 25}
    | dict.fromkeys(("XY", "PAR", "PAR1", "PAR2"), 23)
    | {f"NC_{i:06}": i for i in range(1, 25)}
    | {"NC_012920": 25}
)
"""Names without version; the pseudo-autosomal regions lie on X. NC_ accessions are those of RefSeq, human genome."""
MAX_POSITION = 2**32 - 1


def chromosome(column: str) -> pl.Expr:
    """Return a chromosome column as Int8 (X 23, Y 24, MT 25); anything else becomes null.

    The pseudo-autosomal regions (XY, PAR, PAR1, PAR2) are X. RefSeq accessions such as ``NC_000001.11`` are known, of
    whatever version: they say nothing here about the genome build.
    """
    name = pl.col(column).str.strip_chars().str.to_uppercase().str.strip_prefix("CHR")
    name = name.str.replace(r"^0+([1-9])", "$1").str.replace(r"^(?:(\d+)\.0|(NC_\d{6})\.\d+)$", "$1$2")
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


def orient(frame: pl.DataFrame, *, remember: bool = False) -> pl.DataFrame:
    """Turn every effect to the first allele of its class and add ``allele_class`` and ``is_palindromic``.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns effect_allele, other_allele (upper-case nucleotides), beta, eaf, position (may be null).

    remember : bool
        Add ``is_turned`` and ``eaf_before``, for :func:`turned_back`.

    Returns
    -------
    polars.DataFrame
        The same rows; where the order was the other way round, alleles are swapped, beta changes sign and eaf becomes
        1 - eaf.
    """
    frame = _trim_long(frame)
    pair = _pair_codes(frame)
    classes, is_first = _CLASS.take(pair), _FIRST.take(pair)
    is_long = classes == CLASS_INDEL
    if is_long.any():
        rows = frame.filter(pl.Series(is_long))
        sizes = rows["effect_allele"].str.len_chars(), rows["other_allele"].str.len_chars()
        shorter = (sizes[0] < sizes[1]) | ((sizes[0] == sizes[1]) & (rows["effect_allele"] < rows["other_allele"]))
        is_first[is_long] = shorter.to_numpy()
    frame = frame.with_columns(pl.Series("allele_class", classes), pl.Series("__first__", is_first))
    first = pl.col("__first__")
    marks = [(~first).alias("is_turned"), pl.col("eaf").alias("eaf_before")] if remember else []
    return frame.with_columns(
        *marks,
        pl.when(first).then("effect_allele").otherwise("other_allele").alias("effect_allele"),
        pl.when(first).then("other_allele").otherwise("effect_allele").alias("other_allele"),
        pl.when(first).then(pl.col("beta")).otherwise(-pl.col("beta")).alias("beta"),
        pl.when(first).then(pl.col("eaf")).otherwise(1.0 - pl.col("eaf")).alias("eaf"),
        _is_palindromic(),
    ).drop("__first__")


def turned_back(frame: pl.DataFrame) -> pl.DataFrame:
    """Return oriented rows with the effect allele that they had before; ``orient(..., remember=True)`` made the marks.

    Parameters
    ----------
    frame : polars.DataFrame
        Oriented rows with ``is_turned`` and ``eaf_before``; alleles stay trimmed.
    """
    turned = pl.col("is_turned")
    return frame.with_columns(
        pl.when(turned).then("other_allele").otherwise("effect_allele").alias("effect_allele"),
        pl.when(turned).then("effect_allele").otherwise("other_allele").alias("other_allele"),
        pl.when(turned).then(-pl.col("beta")).otherwise("beta").alias("beta"),
        pl.col("eaf_before").alias("eaf"),
    ).drop("is_turned", "eaf_before")


def _is_palindromic() -> pl.Expr:
    return pl.col("allele_class").is_in([2, 3]).alias("is_palindromic")


def _pair_codes(frame: pl.DataFrame) -> NDArray[np.uint8]:
    """Return places in ``_CLASS`` and ``_FIRST``, row by row; letters are 0 to 3 there, longer alleles 4."""
    effect, other = (
        frame[name].cast(_NUCLEOTIDES, strict=False).to_physical().cast(pl.UInt8).fill_null(_LONG).to_numpy()
        for name in ("effect_allele", "other_allele")
    )
    code: NDArray[np.uint8] = effect * np.uint8(_CLASS.shape[1]) + other
    return code


def _trim_long(frame: pl.DataFrame) -> pl.DataFrame:
    """Trim alleles of more than one nucleotide; many rows share few pairs, so each pair is trimmed once."""
    alleles = ["effect_allele", "other_allele"]
    long = (frame["effect_allele"].str.len_bytes() > 1) | (frame["other_allele"].str.len_bytes() > 1)
    if not long.any():
        return frame
    pairs = frame.filter(long).select(alleles).unique()
    trimmed = [trim(effect, other) for effect, other in pairs.rows()]
    changes = pairs.with_columns(
        pl.Series("__effect__", [new[0] for new in trimmed], dtype=pl.String),
        pl.Series("__other__", [new[1] for new in trimmed], dtype=pl.String),
        pl.Series("__shift__", [new[2] for new in trimmed], dtype=pl.Int64),
    ).filter((pl.col("__effect__") != pl.col("effect_allele")) | (pl.col("__other__") != pl.col("other_allele")))
    if changes.is_empty():
        return frame
    return (
        frame.join(changes, on=alleles, how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("__effect__", "effect_allele").alias("effect_allele"),
            pl.coalesce("__other__", "other_allele").alias("other_allele"),
            pl.col("position") + pl.col("__shift__").fill_null(0),
        )
        .drop("__effect__", "__other__", "__shift__")
    )


FROM_KEY = ("chromosome", "position", "allele_class", "is_palindromic", "id_key")
"""Columns that :func:`with_identity` makes again from the key, the name and the alleles."""


def with_identity(frame: pl.DataFrame) -> pl.DataFrame:
    """Add ``FROM_KEY`` to oriented rows that have their key; rows on their way through a sort need not carry them.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns variant_key, rsid, effect_allele, other_allele.

    Returns
    -------
    polars.DataFrame
        Chromosome and position are null where the key is made from a name.
    """
    key = frame["variant_key"].to_numpy()
    detail = key & ((1 << _SITE_BITS) - 1)
    classes = np.where(detail < _N_SITES, detail, CLASS_INDEL).astype(np.int8)
    chromosome = pl.Series((key >> (_POSITION_BITS + _SITE_BITS)).astype(np.int8))
    position = pl.Series((key >> _SITE_BITS) & ((1 << _POSITION_BITS) - 1))
    has_place = key < (1 << _KIND_SHIFT)
    if not has_place.all():  # a key made from a name holds neither place nor, if a hash, a class
        classes[~has_place] = _CLASS.take(_pair_codes(frame.filter(pl.Series(~has_place))))
        nowhere = pl.Series(~has_place)
        chromosome, position = chromosome.set(nowhere, None), position.set(nowhere, None)
    return frame.with_columns(
        chromosome.alias("chromosome"),
        position.alias("position"),
        pl.Series("allele_class", classes),
        _id_keys(frame["rsid"]).alias("id_key"),
    ).with_columns(_is_palindromic())


def add_keys(frame: pl.DataFrame) -> pl.DataFrame:
    """Add ``variant_key`` and ``id_key`` to an oriented table.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns rsid, chromosome, position, allele_class, effect_allele, other_allele.
    """
    return with_variant_key(frame).with_columns(_id_keys(frame["rsid"]).alias("id_key"))


def with_variant_key(frame: pl.DataFrame) -> pl.DataFrame:
    """Add ``variant_key`` to an oriented table.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns rsid, chromosome, position, allele_class, effect_allele, other_allele.
    """
    alleles = pl.concat_str("effect_allele", "other_allele", separator=":")
    low = frame["allele_class"].to_numpy().astype(np.int64)
    is_long = low == CLASS_INDEL
    if is_long.any():
        exact = frame.filter(pl.Series(is_long)).select(alleles).to_series()
        low[is_long] = _N_SITES + _hashes(exact).view(np.int64) % ((1 << _SITE_BITS) - _N_SITES)
    place = (
        (pl.col("chromosome").cast(pl.Int64) * (1 << (_POSITION_BITS + _SITE_BITS)))
        + pl.col("position") * (1 << _SITE_BITS)
        + pl.Series(low)
    )
    frame = frame.with_columns(place.alias("variant_key"))
    unplaced = frame["variant_key"].is_null()
    return _name_keys(frame, unplaced) if unplaced.any() else frame


def _id_keys(names: pl.Series) -> pl.Series:
    """Return keys of identifiers, whatever the alleles; null where there is no identifier."""
    number = rs_numbers(names)
    key = (2 << _KIND_SHIFT) + number * 16
    is_named = number.is_null() & names.is_not_null()
    if not is_named.any():
        return key
    filled = key.fill_null(0).to_numpy(writable=True)
    filled[is_named.to_numpy()] = (3 << _KIND_SHIFT) + _hashes(names.filter(is_named)).view(np.int64)
    return pl.Series(filled).set(names.is_null(), None)


def is_hashed_name(column: str) -> pl.Expr:
    """Return where a key was made by hashing a name."""
    return pl.col(column) >= (3 << _KIND_SHIFT)


def rs_numbers(names: pl.Series) -> pl.Series:
    """Return the number of each ``rs`` identifier as Int64; null for any other name.

    Examples
    --------
    >>> rs_numbers(pl.Series(["rs12", "RS7", "1:100:A:G", "rs-3"])).to_list()
    [12, 7, None, None]
    """
    digits = names.str.strip_prefix("rs")
    number = digits.cast(pl.Int64, strict=False)
    size = digits.str.len_bytes()
    unsettled = names.is_not_null() & (number.is_null() | (number < 0) | (size == names.str.len_bytes()) | (size > 14))
    if not unsettled.any():
        return number
    exact = names.filter(unsettled).str.extract(r"^(?i:rs)([0-9]{1,14})$", 1).cast(pl.Int64, strict=False)
    filled = number.fill_null(-1).to_numpy(writable=True)
    filled[unsettled.fill_null(value=False).to_numpy()] = exact.fill_null(-1).to_numpy()
    result = pl.Series(names.name, filled)
    return result.set(result < 0, None)


def _name_keys(frame: pl.DataFrame, unplaced: pl.Series) -> pl.DataFrame:
    """Give the variants without a position a key made from their name and alleles; without either it stays null."""
    unplaced &= frame["rsid"].is_not_null()
    rows = frame.filter(unplaced)
    rows = rows.with_columns(_id_keys(rows["rsid"]).alias("id_key"))
    is_snv = pl.col("allele_class") < CLASS_INDEL
    alleles = pl.concat_str("effect_allele", "other_allele", separator=":")
    detail = pl.when(is_snv).then(pl.col("allele_class").cast(pl.String)).otherwise(alleles)
    hashed = pl.Series(_hashes(rows.select(pl.concat_str("rsid", detail, separator="|")).to_series()).view(np.int64))
    is_exact = is_snv & (pl.col("id_key") < (3 << _KIND_SHIFT))
    keys = rows.select(
        pl.when(is_exact)
        .then(pl.col("id_key") + pl.col("allele_class").cast(pl.Int64))
        .otherwise((3 << _KIND_SHIFT) + hashed)
        .alias("variant_key")
    ).to_series()
    result = frame["variant_key"].fill_null(0).to_numpy(writable=True)
    result[unplaced.to_numpy()] = keys.to_numpy()
    return frame.with_columns(pl.Series("variant_key", result).set(frame["variant_key"].is_null() & ~unplaced, None))


def _hashes(texts: pl.Series) -> NDArray[np.uint64]:
    """Return 60-bit hashes of texts without nulls."""
    sizes = texts.str.len_bytes().to_numpy()
    data = np.frombuffer(str(texts.str.join("").item()).encode(), dtype=np.uint8)
    whole = fnv1a_64(data, np.cumsum(sizes, dtype=np.int64))
    # folding the cut bits in keeps what they know
    return (whole >> np.uint64(_HASH_BITS)) ^ (whole & np.uint64((1 << _HASH_BITS) - 1))
