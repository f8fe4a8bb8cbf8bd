"""Reading one trait: from a file to a checked table in canonical orientation, in memory or on disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.errors import InputFileError, SchemaError
from osteobiome.core.findings import fault_of
from osteobiome.core.schema import polars_schema
from osteobiome.store import file_sha256
from osteobiome.sumstats.formats import FORMATS
from osteobiome.sumstats.ingest import Ingest
from osteobiome.sumstats.options import IngestOptions
from osteobiome.sumstats.reading import open_table
from osteobiome.sumstats.resolving import resolve_columns
from osteobiome.sumstats.sniffing import columns_not_found, mapped_format, sniff
from osteobiome.sumstats.stated import stated_by

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from osteobiome.core.findings import Finding
    from osteobiome.core.rows import RowReport
    from osteobiome.sumstats.formats.registry import Side

__all__ = ["IngestOptions", "SumStats", "begin", "read_sumstats", "resolve_columns"]


@dataclass(frozen=True, slots=True)
class SumStats:
    """Summary statistics of one trait.

    Parameters
    ----------
    trait_id : str
        Name of the trait.
    frame : polars.DataFrame
        Schema ``VARIANTS``, sorted by key, effects turned to the first allele of each class.
    rows : RowReport
        What was dropped and why.
    genome_build : str
        ``GRCh37``, ``GRCh38`` or empty if the table has no positions.
    alignment : str
        Hash of a table that its authors harmonised; two traits with the same hash need no allele check.
    findings : tuple of Finding
        What was found in the file besides dropped rows.
    """

    trait_id: str
    frame: pl.DataFrame
    rows: RowReport
    genome_build: str = ""
    alignment: str = ""
    findings: tuple[Finding, ...] = ()


def begin(
    path: Path,
    *,
    trait_id: str,
    file_format: str | None = None,
    columns: Mapping[str, str] | None = None,
    options: IngestOptions | None = None,
) -> Ingest:
    """Open a file and find out what its columns mean; nothing but the header is read.

    Parameters
    ----------
    path : pathlib.Path
        File: plain, gzip, bgzip, zstd, xz, zip with one member, or Parquet.
    trait_id : str
        Name of the trait, for messages and the row report.
    file_format : str, optional
        Name of a registered format; left out, the header tells.
    columns : mapping of str, optional
        Our names to those of the file, for a table of no known format; excludes ``file_format``.
    options : IngestOptions, optional
        How to read.

    Raises
    ------
    InputFileError, SchemaError
        The file cannot be read as declared.
    UnknownNameError
        The format is not registered.
    ConfigError
        ``columns`` holds a name that is none of ours.
    """
    declared = mapped_format(columns) if columns else FORMATS[file_format] if file_format else None
    table = open_table(path)
    absent = columns_not_found(columns or {}, table.header, where=str(path))
    if absent:
        raise SchemaError(*absent)
    fmt = declared or sniff(table.header, where=str(path))
    return Ingest(table, fmt=fmt, trait_id=trait_id, options=options or IngestOptions(), stated=stated_by(table))


def read_sumstats(
    path: Path,
    *,
    file_format: str | None = None,
    trait_id: str,
    side: Side = "outcome",
    genome_build: str = "",
    columns: Mapping[str, str] | None = None,
    options: IngestOptions | None = None,
    allow: frozenset[str] = frozenset(),
) -> SumStats:
    """Read, check and orient the summary statistics of one trait, into memory.

    Parameters
    ----------
    path : pathlib.Path
        File: plain, gzip, bgzip, zstd, xz, zip with one member, or Parquet.
    file_format : str, optional
        Name of a registered format; left out, the header tells.
    trait_id : str
        Name of the trait, for messages and the row report.
    side : {"exposure", "outcome"}
        Role of the trait; decides which half of a two-trait table is read.
    genome_build : str
        Build of the positions; empty if unknown.
    columns : mapping of str, optional
        Our names to those of the file, for a table of no known format.
    options : IngestOptions, optional
        Everything else; holds ``side`` and ``genome_build`` itself, which are then not to be given.
    allow : frozenset of str
        Whole-file faults that are known and accepted.

    Returns
    -------
    SumStats
        Table, row report, build, findings.

    Raises
    ------
    InputFileError, SchemaError
        The file cannot be read as declared, or what it holds is not what it declares.
    UnknownNameError
        The format is not registered.
    """
    options = options or IngestOptions(side=side, genome_build=genome_build)
    ingest = begin(path, trait_id=trait_id, file_format=file_format, columns=columns, options=options)
    frames = list(ingest.sorted_frames())
    frame = pl.concat(frames) if frames else pl.DataFrame(schema=polars_schema("variants"))
    findings = ingest.findings()
    fatal = [found for found in findings if found.severity == "fatal" and found.id not in allow]
    if fatal:
        raise InputFileError(*(fault_of(found, where=str(path)) for found in fatal))
    alignment = file_sha256(path) if ingest.fmt.is_prealigned else ""
    return SumStats(trait_id, frame, ingest.report(), ingest.genome_build, alignment, tuple(findings))
