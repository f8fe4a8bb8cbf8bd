"""GWAS-VCF (Lyon et al. 2021, doi:10.1186/s13059-020-02248-0): one sample column holds the trait.

The effect allele is written as ALT and the other allele as REF. REF is not checked against a reference sequence, so it
is the reference allele only if the file that was read had it as its other allele; the header says so. Numbers are text
and read back as the same doubles. Rows without a position cannot be written: they are counted as ``no_position``. VCF
has no room for some characters in identifiers (white space, semicolon; in the field ID also colon and comma): they are
percent-encoded as VCF 4.3 does, as is the percent sign.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.provenance import version
from osteobiome.sumstats.metadata import SIMULATED
from osteobiome.sumstats.reference import BUILDS, chromosome_lengths
from osteobiome.sumstats.writing.cells import real, whole
from osteobiome.sumstats.writing.files import new_text, put_line, put_rows
from osteobiome.sumstats.writing.order import in_genome_order
from osteobiome.sumstats.writing.registry import WRITERS, Writer
from osteobiome.sumstats.writing.ssf import HAS_PLACE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osteobiome.sumstats.writing.registry import Job, TraitFacts

CHROMOSOMES = (*(str(i) for i in range(1, 23)), "X", "Y", "MT")
FIELDS = (
    ("ES", "A", "Float", "Effect size estimate relative to the alternative allele"),
    ("SE", "A", "Float", "Standard error of effect size estimate"),
    ("LP", "A", "Float", "-log10 p-value for effect estimate"),
    ("AF", "A", "Float", "Alternate allele frequency in the association study"),
    ("SS", "A", "Float", "Sample size used to estimate genetic effect"),
    ("ID", "1", "String", "Study variant identifier"),
)
COLUMNS = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT")
_ENCODED = {";": "%3B", " ": "%20", "\t": "%09", "\n": "%0A", "\r": "%0D"}
_ENCODED_IN_FIELD = _ENCODED | {":": "%3A", ",": "%2C"}


def write(frames: Iterator[pl.DataFrame], job: Job) -> int:
    """Write one trait as GWAS-VCF.

    Parameters
    ----------
    frames : iterator of polars.DataFrame
        Schema ``variants``.
    job : Job
        Where to, and what is known about the trait; rows without a position are recorded in its ledger.

    Returns
    -------
    int
        Rows written.
    """
    n_rows = 0
    sample = re.sub(r"\s", "_", job.facts.trait_id) or "trait"
    with new_text(job.path) as (text, _):
        for line in header(job.facts, sample=sample, date=job.date.isoformat() if job.date else ""):
            put_line(text, [line], separator="")
        put_line(text, [*COLUMNS, sample], separator="\t")
        for frame in in_genome_order(_placed(frames, job), job.spool):
            put_rows(text, frame.select(_cells(sample)), separator="\t", missing=".", quote=False)
            n_rows += frame.height
    return n_rows


def _placed(frames: Iterator[pl.DataFrame], job: Job) -> Iterator[pl.DataFrame]:
    """Yield the rows that have a position, and record the others."""
    for frame in frames:
        lost = frame.filter(~HAS_PLACE)
        job.ledger.drop(
            "no_position",
            lost.height,
            lines=lost["line"].head(20).to_list(),
            examples=[name or "" for name in lost["rsid"].head(20)],
            kind="policy",
        )
        yield frame.filter(HAS_PLACE).drop("variant_key", "id_key", "line")


def _cells(sample: str) -> list[pl.Expr]:
    names = pl.col("chromosome").replace_strict(dict(enumerate(CHROMOSOMES, start=1)), return_dtype=pl.String)
    values = [real("beta"), real("se"), real("neg_log_10_p_value"), real("eaf")]
    fields = [value.cast(pl.String) for value in values] + [whole("n"), _encoded("rsid", _ENCODED_IN_FIELD)]
    return [
        names.alias("#CHROM"),
        pl.col("position").alias("POS"),
        _encoded("rsid", _ENCODED).alias("ID"),
        pl.col("other_allele").alias("REF"),
        pl.col("effect_allele").alias("ALT"),
        pl.lit(".").alias("QUAL"),
        pl.lit("PASS").alias("FILTER"),
        pl.lit(".").alias("INFO"),
        pl.lit(":".join(name for name, *_ in FIELDS)).alias("FORMAT"),
        pl.concat_str([field.fill_null(".") for field in fields], separator=":").alias(sample),
    ]


def _encoded(column: str, characters: dict[str, str]) -> pl.Expr:
    text = pl.col(column).str.replace_all("%", "%25", literal=True)
    return text.str.replace_many(list(characters), list(characters.values()))


def header(facts: TraitFacts, *, sample: str, date: str) -> list[str]:
    """Return the lines above the column names.

    Parameters
    ----------
    facts : TraitFacts
        What is known about the trait.
    sample : str
        Name of the sample column.
    date : str
        ISO date, or empty.
    """
    lines = ["##fileformat=VCFv4.2", f"##source=osteobiome {version()}"]
    lines += [f"##fileDate={date.replace('-', '')}"] if date else []
    lines += [f"##SIMULATED={SIMULATED}"] if facts.is_simulated else []
    lines += [
        "##REF_is_other_allele=The effect allele is written as ALT and the other allele as REF; REF is not checked "
        "against a reference sequence",
        '##FILTER=<ID=PASS,Description="All filters passed">',
    ]
    lines += [f'##FORMAT=<ID={i},Number={n},Type={t},Description="{text}">' for i, n, t, text in FIELDS]
    if facts.genome_build in BUILDS:
        sizes = chromosome_lengths(facts.genome_build).values()
        pairs = zip(CHROMOSOMES, sizes, strict=True)
        lines += [f"##contig=<ID={name},length={size},assembly={facts.genome_build}>" for name, size in pairs]
    else:
        lines += [f"##contig=<ID={name}>" for name in CHROMOSOMES]
    known = {
        "Description": facts.name,
        "StudyType": "CaseControl" if facts.n_cases else "",
        "TotalSamples": str(facts.n or ""),
        "TotalCases": str(facts.n_cases or ""),
        "Unit": facts.unit,
        "Population": facts.ancestry,
        "Sex": facts.sex,
        "SourceFile": facts.source,
        "SourceSHA256": facts.source_sha256,
    }
    told = "".join(f",{key}={_quoted(value)}" for key, value in known.items() if value)
    return [*lines, f"##SAMPLE=<ID={sample}{told}>"]


def _quoted(value: str) -> str:
    """Return a value as VCF quotes it; on one line."""
    text = re.sub(r"\s", " ", value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


WRITERS.add("vcf", Writer("vcf", "GWAS-VCF", (".vcf", ".vcf.gz", ".vcf.bgz"), write, "gwas_vcf"))
