"""GWAS-VCF of the IEU OpenGWAS project (Lyon et al. 2021, doi:10.1186/s13059-020-02248-0).

The effect (ES) belongs to the alternative allele, ALT; so do AF and EZ. Values stand in the column of the one sample,
in the order that FORMAT gives row by row. A line of several alternative alleles becomes one row each; a key that has
not one value for each allele is missing for all of them, as nobody can tell whose values these are. Several samples are
several traits: such a file has to be split by sample. Sample sizes that the preamble gives for the whole trait are not
read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.errors import Fault, InputFileError
from osteobiome.sumstats.formats.naming import bare
from osteobiome.sumstats.formats.registry import FORMATS, LINE, Columns, Format, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

FIXED = {"rsid": "ID", "chromosome": "CHROM", "position": "POS", "effect_allele": "ALT", "other_allele": "REF"}
NINE = frozenset({"CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"})
"""What stands before the samples in a VCF."""
FIELDS = {
    "beta": "ES",
    "se": "SE",
    "neg_log_10_p_value": "LP",
    "eaf": "AF",
    "n": "SS",
    "z": "EZ",
    "n_cases": "NC",
    "info": "SI",
}
FOR_ALL = frozenset({"n", "n_cases"})
"""What one value may give for all alleles of a line: how many people there are does not depend on the allele."""


def columns(header: Sequence[str], side: Side) -> Columns:
    """Return our names for a VCF header; all values stand for the column of the sample.

    Raises
    ------
    InputFileError
        Several samples, that is, several traits.
    """
    del side
    names = bare(header)
    found = {ours: names[theirs] for ours, theirs in FIXED.items() if theirs in names}
    if "FORMAT" not in names:
        return found
    samples = [name for bared, name in names.items() if bared not in NINE]
    if len(samples) > 1:
        shown = ", ".join(samples[:5]) + (" ..." if len(samples) > 5 else "")
        raise InputFileError(
            Fault(
                "several_traits",
                "header of the VCF",
                f"{len(samples)} samples: {shown}",
                "one sample, that is, one trait; samples of a VCF are not chosen among",
                "Split the file by sample, for example with 'bcftools view -s NAME'",
            )
        )
    if samples:
        found |= dict.fromkeys(FIELDS, samples[0]) | {"_format": names["FORMAT"]}
    return found


def expected(name: str, side: Side) -> str:
    """Return the VCF column, or the key of FORMAT, of one of our names."""
    del side
    return FIXED.get(name) or FIELDS.get("neg_log_10_p_value" if name == "p_value" else name, name)


def prepare(frame: pl.DataFrame) -> pl.DataFrame:
    """Take the values of the sample apart and split lines of several alternative alleles."""
    return _one_allele_each(_unpacked(frame)) if "_format" in frame.columns else frame


def _unpacked(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with the values of the sample in columns, each found by the FORMAT of its row."""
    formats = frame["_format"].drop_nulls().unique(maintain_order=True).to_list()
    keys = [kind.split(":") for kind in formats]
    longest = max((len(each) for each in keys), default=1)
    kind = pl.col("_format").replace_strict({name: i for i, name in enumerate(formats)}, return_dtype=pl.UInt32)
    frame = frame.with_columns(
        pl.col("beta").str.split_exact(":", longest - 1).alias("__values__"),
        kind.alias("__kind__"),
        _has_comma("effect_allele", "beta").alias("_several"),
    )

    def field(key: str) -> pl.Expr:
        places: dict[int, list[int]] = {}
        for i, each in enumerate(keys):
            if key in each:
                places.setdefault(each.index(key), []).append(i)
        cell = pl.lit(None, dtype=pl.String)
        for place, kinds in places.items():
            there = pl.col("__values__").struct.field(f"field_{place}")
            is_there = pl.col("__kind__").is_in(kinds) if len(kinds) < len(keys) else pl.col("__kind__").is_not_null()
            cell = pl.when(is_there & (there != ".")).then(there).otherwise(cell)  # the dot is missing in VCF
        return cell

    values = [field(key).alias(ours) for ours, key in FIELDS.items()]
    identifier = pl.when(pl.col("rsid") != ".").then(pl.col("rsid"))
    values += [pl.coalesce(identifier, field("ID")).alias("rsid")] if "rsid" in frame.columns else []
    return frame.with_columns(values).drop("__values__", "__kind__")


def _has_comma(*columns: str) -> pl.Expr:
    return pl.any_horizontal([pl.col(name).str.contains(",", literal=True).fill_null(value=False) for name in columns])


def _one_allele_each(frame: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each alternative allele; keys with another number of values than alleles become missing."""
    several = pl.col("_several")
    rows = frame.filter(several)
    if rows.is_empty():
        return frame
    size = pl.col("effect_allele").str.count_matches(",", literal=True) + 1
    rows = rows.with_columns(pl.int_ranges(size).alias("__allele__"), size.alias("__size__")).explode("__allele__")
    cells = {name: pl.col(name).str.split(",") for name in ("effect_allele", *FIELDS)}
    own = {name: cell.list.get(pl.col("__allele__"), null_on_oob=True) for name, cell in cells.items()}
    values = [
        pl.when(cell.list.len() == pl.col("__size__"))
        .then(own[name])
        .when((cell.list.len() == 1) & (name in FOR_ALL))
        .then(cell.list.first())
        .alias(name)
        for name, cell in cells.items()
    ]
    # a dot within a list of values is missing, too
    rows = rows.with_columns(values).with_columns(
        [pl.when(pl.col(name) != ".").then(pl.col(name)).alias(name) for name in FIELDS]
    )
    rows = rows.drop("__allele__", "__size__")
    return pl.concat([frame.filter(~several), rows]).sort(LINE, maintain_order=True)


FORMATS.add(
    "gwas_vcf",
    Format(
        "gwas_vcf",
        "GWAS-VCF",
        columns,
        expected,
        signature=(NINE,),
        rank=90,
        prepare=prepare,
        effect="ALT",
        source="Lyon et al. 2021, doi:10.1186/s13059-020-02248-0",
    ),
)
