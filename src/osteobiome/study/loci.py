"""Regions to be shown: checks of the [[locus]] blocks, their LD matrix and their table of genes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.errors import Fault, OsteobiomeError, SchemaError, nearest
from osteobiome.sumstats.identity import chromosome
from osteobiome.sumstats.numbers import number
from osteobiome.sumstats.reading import LINE, read_text_table

if TYPE_CHECKING:
    from pathlib import Path

    from osteobiome.study.config import LdFiles, LocusSection
    from osteobiome.study.study import Study

GENE_COLUMNS = ("gene", "chromosome", "start", "end", "strand")
STRANDS = {"+": 1, "1": 1, "+1": 1, "-": -1, "-1": -1, "−1": -1, "": None, ".": None, "NA": None}


def read_genes(path: Path) -> pl.DataFrame:
    """Read a table of genes.

    Parameters
    ----------
    path : pathlib.Path
        Text table with columns gene, chromosome, start, end (base pairs, 1-based, both ends included) and strand
        (+1, -1, + or -; may be empty).

    Returns
    -------
    polars.DataFrame
        The columns of the ``GENES`` schema without ``locus``. Rows on chromosomes that the study cannot have (patches,
        scaffolds) are left out.

    Raises
    ------
    InputFileError
        The file cannot be read.
    SchemaError
        A column is missing, or a row has no name, no positions, an end before its start, or another strand.
    """
    raw = read_text_table(path)
    missing = [name for name in GENE_COLUMNS if name not in raw.columns]
    if missing:
        raise SchemaError(
            Fault(
                "missing_column",
                str(path),
                f"no column '{missing[0]}'",
                ", ".join(GENE_COLUMNS),
                nearest(missing[0], [name for name in raw.columns if name not in {LINE, *GENE_COLUMNS}]),
            )
        )
    text = raw.filter(chromosome("chromosome").is_not_null())
    genes = text.select(
        pl.col("gene").fill_null(""),
        chromosome("chromosome").alias("chromosome"),
        *(number(name).cast(pl.Int64, strict=False).alias(name) for name in ("start", "end")),
        pl.col("strand").fill_null("").alias("strand"),
        LINE,
    )
    checks = (
        (pl.col("gene") == "", "gene", "a name"),
        (pl.col("start").is_null() | pl.col("end").is_null(), "start", "whole numbers as start and end"),
        (
            (pl.col("start") < 1) | (pl.col("end") < pl.col("start")),
            "end",
            "1 or more, and an end not before its start",
        ),
        (~pl.col("strand").is_in(list(STRANDS)), "strand", "+1, -1, +, - or nothing"),
    )
    faults = []
    for is_bad, column, wanted in checks:
        bad = genes.filter(is_bad)
        if bad.height:
            line = bad[LINE][0]
            value = text.filter(pl.col(LINE) == line)[column][0]
            faults.append(Fault("bad_gene", f"{path}, line {line}", f"{column} {value!r}", wanted))
    if faults:
        raise SchemaError(*faults)
    strand = pl.col("strand").replace_strict(STRANDS, return_dtype=pl.Int8)
    return genes.with_columns(strand).select(GENE_COLUMNS)


def locus_ld_name(study: Study, block: LocusSection) -> str:
    """Return the name of a region's LD matrix: the declared one, or the only one there is; else an empty text.

    Parameters
    ----------
    study : Study
        The study.
    block : LocusSection
        The region.
    """
    files = study.ld_files()
    if block.ld is not None:
        return block.ld
    return next(iter(files)) if len(files) == 1 else ""


def locus_ld(study: Study, block: LocusSection) -> LdFiles | None:
    """Return the LD matrix of a region, if there is one.

    Parameters
    ----------
    study : Study
        The study.
    block : LocusSection
        The region.
    """
    return study.ld_files().get(locus_ld_name(study, block))


def locus_faults(study: Study, *, max_bytes: int) -> list[Fault]:
    """Return every fault of the [[locus]] blocks.

    Parameters
    ----------
    study : Study
        The study, before its notes are made.
    max_bytes : int
        Files above this size are not looked into before the run.
    """
    faults: list[Fault] = []
    seen: set[str] = set()
    for i, block in enumerate(study.config.locus):
        where = f"{study.path.name}: locus[{i}]"
        if block.id in seen:
            faults.append(Fault("duplicate_locus", where, f"locus '{block.id}' twice", "one name per locus"))
        seen.add(block.id)
        unknown = [(k, name) for k, name in enumerate(block.traits) if name not in study.traits]
        for k, name in unknown:
            hint = nearest(name, study.traits)
            place = f"{where}.traits[{k}]"
            faults.append(
                Fault("unknown_trait", place, f"trait '{name}' is not in the trait table", "a trait_id", hint)
            )
        if block.start >= block.end:
            found = f"start {block.start} and end {block.end}"
            faults.append(Fault("bad_region", where, found, "a start before the end", "Positions are base pairs"))
        elif not unknown:
            faults += _variant_faults(study, block, where=where, max_bytes=max_bytes)
        faults += _ld_faults(study, block, where=f"{where}.ld")
        faults += _gene_faults(study, block)
    return faults


def _ld_faults(study: Study, block: LocusSection, *, where: str) -> list[Fault]:
    names = study.ld_files()
    if block.ld is not None and block.ld not in names:
        known = ", ".join(names) or "[ld] has no matrix"
        return [Fault("unknown_ld", where, f"no LD matrix '{block.ld}'", known, nearest(block.ld, names))]
    if block.ld is None and len(names) > 1:
        return [
            Fault(
                "ambiguous_ld", where, f"{len(names)} LD matrices", f"one of {', '.join(names)}", "Name one: ld = ..."
            )
        ]
    return []


def _gene_faults(study: Study, block: LocusSection) -> list[Fault]:
    if block.genes is None:
        return []
    try:
        read_genes(study.folder / block.genes)
    except OsteobiomeError as error:
        return list(error.faults)
    return []


def _variant_faults(study: Study, block: LocusSection, *, where: str, max_bytes: int) -> list[Fault]:
    """Look for the region in the first trait, and for the lead variant in all of them."""
    names = list(dict.fromkeys(block.traits))
    for trait_id in names:
        frame = _small_table(study, trait_id, max_bytes)
        if frame is None:
            return []  # too large, so the step says it; or not readable, which is a fault of its own
        inside = in_region(frame, (block.chromosome, block.start, block.end))
        if trait_id == names[0] and inside.is_empty():
            region = f"{block.chromosome}:{block.start}-{block.end}"
            hint = "Look at chromosome, build and ends; a file without positions cannot be shown"
            found = f"no variant of trait '{trait_id}' in {region}"
            return [Fault("empty_region", where, found, "variants of the first trait", hint)]
        if block.lead is None or inside.filter(pl.col("rsid") == block.lead).height:
            return []
    found = f"variant '{block.lead}' is in no file of {', '.join(names[:3])}{' ...' if len(names) > 3 else ''}"
    return [
        Fault(
            "unknown_lead", f"{where}.lead", found, "a variant of the region", "Leave `lead` out to take the smallest p"
        )
    ]


def _small_table(study: Study, trait_id: str, max_bytes: int) -> pl.DataFrame | None:
    """Return a trait's variants, or None if the file is large or cannot be read."""
    path = study.file_of(trait_id)
    try:
        if path.stat().st_size > max_bytes:
            return None
        ingest = study.reading(trait_id).begin(path, trait_id=trait_id, variant_map=study.variant_map)
        return pl.concat(ingest.sorted_frames())
    except (OSError, OsteobiomeError):
        return None


def in_region(frame: pl.DataFrame, region: tuple[int, int, int]) -> pl.DataFrame:
    """Return the variants of a region, in order of position.

    Parameters
    ----------
    frame : polars.DataFrame
        Schema ``VARIANTS``.
    region : (int, int, int)
        Chromosome, first and last position (base pairs, both ends included).
    """
    chromosome_number, start, end = region
    inside = (pl.col("chromosome") == chromosome_number) & pl.col("position").is_between(start, end)
    return frame.filter(inside).sort("position", "variant_key")
