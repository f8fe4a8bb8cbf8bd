"""Lists of variants from files: PLINK, VCF, or a table with a header."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.errors import Fault, InputFileError, SchemaError
from osteobiome.sumstats.identity import chromosome
from osteobiome.sumstats.reading import LINE, read_bytes, read_text_table
from osteobiome.sumstats.variant_map import COLUMNS, VariantMap

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["VariantMap", "read_variant_map"]

BIM = ("chromosome", "rsid", "centimorgan", "position", "effect_allele", "other_allele")
_PLINK_CHROMOSOMES = {"25": "23", "XY": "23", "26": "25"}
"""PLINK numbers the pseudo-autosomal part of X 25 and MT 26 (https://www.cog-genomics.org/plink/1.9/input#allow_extra_chr)."""
_NO_NAME = ("", ".", "NA")
_NO_ALLELE = ("", ".", "NA", "0", "*", "<NON_REF>")
_NAMES = {
    "rsid": ("rsid", "rs_id", "snp", "id", "variant_id", "markername", "marker"),
    "chromosome": ("chromosome", "chr", "chrom", "#chrom"),
    "position": ("position", "pos", "bp", "base_pair_location"),
}
"""Names of columns, in any case."""
_PAIRS = (
    ("effect_allele", "other_allele"), ("alt", "ref"), ("a1", "a2"), ("allele1", "allele2"), ("allele_1", "allele_2"),
)  # fmt: skip
"""Pairs of allele columns; a frequency is that of the first."""
_FREQUENCIES = ("eaf", "effect_allele_frequency", "alt_freqs", "alt_freq", "a1_freq", "frequency")
"""``maf`` is not among them: it does not say of which allele."""


def read_variant_map(path: Path) -> VariantMap:
    """Read a list of variants.

    Parameters
    ----------
    path : pathlib.Path
        PLINK ``.bim`` (six columns, no header), ``.pvar`` or VCF (header ``#CHROM``; frequencies of INFO key AF are
        read), or a table with a header that names rsid, chromosome and position and perhaps a pair of alleles
        (effect_allele and other_allele, alt and ref, a1 and a2) and the frequency of the first of them. Plain or
        compressed.

    Returns
    -------
    VariantMap
        One entry per variant and alternative allele. In a ``.bim`` A1 counts as effect allele, in a VCF ALT.

    Raises
    ------
    InputFileError
        The file cannot be read, or no entry has a place.
    SchemaError
        No name or no place.
    """
    stem = path.name.lower()
    for ending in (".gz", ".bgz", ".zst", ".xz"):
        stem = stem.removesuffix(ending)
    if stem.endswith((".bim", ".pvar", ".vcf")):
        content, where = read_bytes(path), str(path)
        is_vcf = any(line.startswith(b"#CHROM") for line in _first_lines(content))
        table = _vcf(content, where) if is_vcf else _bim(content, where)
    else:
        table = _table(path)
    table = table.with_columns(
        _unless(pl.col("rsid"), _NO_NAME),
        *(_unless(pl.col(name).str.to_uppercase(), _NO_ALLELE) for name in ("effect_allele", "other_allele")),
    )
    is_placed = pl.col("chromosome").is_not_null() & pl.col("position").is_not_null()
    usable = table.filter(pl.col("rsid").is_not_null() | is_placed)
    if usable.is_empty():
        raise InputFileError(
            Fault(
                "no_usable_variant",
                str(path),
                "no variant with a name or a place",
                "names such as rs12, or chromosomes 1-22, X, Y, MT with positions",
                "Look at the first lines of the file",
            )
        )
    return VariantMap(usable.select(list(COLUMNS)))


def _unless(column: pl.Expr, nothing: tuple[str, ...]) -> pl.Expr:
    """Return null where a cell says that there is nothing."""
    return pl.when(~column.is_in(list(nothing))).then(column)


def _first_lines(content: bytes) -> list[bytes]:
    """Return the comment lines at the start, and the line after them."""
    lines, start = [], 0
    while True:
        end = content.find(b"\n", start)
        lines.append(content[start : end if end >= 0 else len(content)])
        if end < 0 or not lines[-1].startswith(b"#"):
            return lines
        start = end + 1


def _bim(content: bytes, where: str) -> pl.DataFrame:
    """Return the entries of a .bim file, or of a .pvar file without a header, which has the same columns."""
    first = content.partition(b"\n")[0]
    n_cells = len(first.split())
    if n_cells != len(BIM):
        raise InputFileError(
            Fault(
                "not_a_bim",
                where,
                f"{n_cells} columns in the first line",
                "six columns without a header: chromosome, name, centimorgan, position, A1, A2",
                "Give the file the ending that says what it is",
                line=1,
            )
        )
    separator = "\t" if b"\t" in first else " "
    schema = dict.fromkeys(BIM, pl.String)
    table = _csv(content, where, separator=separator, schema=schema)
    number = pl.col("chromosome").str.to_uppercase().str.strip_prefix("CHR").replace(_PLINK_CHROMOSOMES)
    return _typed(table.with_columns(number.alias("chromosome"), pl.lit(None, dtype=pl.Float64).alias("eaf")))


def _vcf(content: bytes, where: str) -> pl.DataFrame:
    """Return an entry per alternative allele of a VCF or .pvar file."""
    table = _csv(content, where, separator="\t", schema=None)
    missing = [name for name in ("#CHROM", "POS", "ID", "REF", "ALT") if name not in table.columns]
    if missing:
        raise SchemaError(
            Fault(
                "no_vcf_column", where, f"no column '{missing[0]}'", "the columns of a VCF", "Look at the header line"
            )
        )
    n_alleles = pl.col("effect_allele").list.len()
    info = pl.col("INFO") if "INFO" in table.columns else pl.lit("", dtype=pl.String)
    table = table.select(
        pl.col("#CHROM").alias("chromosome"),
        pl.col("POS").alias("position"),
        pl.col("ID").alias("rsid"),
        pl.col("REF").alias("other_allele"),
        pl.col("ALT").str.split(",").alias("effect_allele"),
        info.str.extract(r"(?:^|;)AF=([^;]+)", 1).str.split(",").alias("eaf"),
    )
    is_paired = (pl.col("eaf").list.len() == n_alleles).fill_null(value=False)
    many = table.filter(is_paired).explode("effect_allele", "eaf")
    bare = table.filter(~is_paired).explode("effect_allele").with_columns(pl.lit(None, dtype=pl.String).alias("eaf"))
    return _typed(pl.concat([many, bare]))


def _csv(content: bytes, where: str, *, separator: str, schema: dict[str, type[pl.String]] | None) -> pl.DataFrame:
    """Return text columns; lines that start with ## are left out."""
    try:
        return pl.read_csv(
            content,
            separator=separator,
            has_header=schema is None,
            schema=schema,
            columns=None if schema else _vcf_columns(content),
            infer_schema=False,
            quote_char=None,
            comment_prefix="##",
        )
    except pl.exceptions.PolarsError as error:
        found = str(error).splitlines()[0]
        raise InputFileError(
            Fault(
                "ragged_rows", where, found, "the same number of columns in every line", "Look at the end of the file"
            )
        ) from None


def _vcf_columns(content: bytes) -> list[str]:
    """Return the columns of a VCF that are of use, without those of its samples."""
    header = next(line for line in _first_lines(content) if line.startswith(b"#CHROM")).decode().rstrip("\r")
    return [name for name in header.split("\t") if name in {"#CHROM", "POS", "ID", "REF", "ALT", "INFO"}]


def _table(path: Path) -> pl.DataFrame:
    """Return the entries of a table with a header."""
    table = read_text_table(path).drop(LINE)
    here = {name.lower(): name for name in reversed(table.columns)}
    found = {ours: next((here[n] for n in names if n in here), None) for ours, names in _NAMES.items()}
    pair = next((p for p in _PAIRS if p[0] in here and p[1] in here), None)
    if pair is not None:
        found |= {"effect_allele": here[pair[0]], "other_allele": here[pair[1]]}
        found["eaf"] = next((here[n] for n in _FREQUENCIES if n in here), None)
    if found["rsid"] is None and (found["chromosome"] is None or found["position"] is None):
        raise SchemaError(
            Fault(
                "no_variant_columns",
                str(path),
                "no column of names and none of places; the header has " + ", ".join(table.columns[:12]),
                "a column such as rsid, or chromosome and position",
                "Rename the columns",
            )
        )
    nothing = pl.lit(None, dtype=pl.String)
    columns = [(pl.col(found[n]) if found.get(n) else nothing).alias(n) for n in COLUMNS]  # type: ignore[arg-type]
    return _typed(table.select(columns))


def _typed(table: pl.DataFrame) -> pl.DataFrame:
    """Return chromosomes, positions and frequencies as numbers; null where they make no sense."""
    position = pl.col("position").cast(pl.Int64, strict=False)
    eaf = pl.col("eaf").cast(pl.Float64, strict=False)
    return table.with_columns(
        chromosome("chromosome").alias("chromosome"),
        pl.when(position >= 1).then(position).alias("position"),
        pl.when(eaf.is_between(0.0, 1.0)).then(eaf).alias("eaf"),
    )
