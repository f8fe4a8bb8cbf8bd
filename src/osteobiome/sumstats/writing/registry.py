"""What a writer is, what it is told about the trait, and the list of writers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from osteobiome.core.registry import Registry

if TYPE_CHECKING:
    import datetime
    from pathlib import Path

    from osteobiome.core.rows import RowLedger, RowReport
    from osteobiome.sumstats.formats.registry import Side


@dataclass(frozen=True, slots=True)
class TraitFacts:
    """What a file should say about its trait besides the rows.

    Parameters
    ----------
    trait_id : str
        Name of the trait.
    label : str
        Name for readers; empty: the trait_id is used.
    genome_build : str
        ``GRCh37``, ``GRCh38``, or empty if unknown.
    n, n_cases : int or None
        People, and cases among them; None if unknown, or if the trait is no case-control trait.
    unit : str
        Unit of beta.
    ancestry, sex : str
        Of the sample, as declared; empty if unknown.
    is_simulated : bool
        The rows come from simulated data.
    source : str
        Name of the file that the rows were read from.
    source_sha256 : str
        SHA-256 of that file.
    adjusted_for : str
        Covariates, separated by commas or semicolons.
    gwas_id : str
        Accession in the GWAS Catalog, such as GCST90000123.
    """

    trait_id: str
    label: str = ""
    genome_build: str = ""
    n: int | None = None
    n_cases: int | None = None
    unit: str = ""
    ancestry: str = ""
    sex: str = ""
    is_simulated: bool = False
    source: str = ""
    source_sha256: str = ""
    adjusted_for: str = ""
    gwas_id: str = ""

    @property
    def name(self) -> str:
        """Label, or trait_id where there is none."""
        return self.label or self.trait_id


@dataclass(frozen=True, slots=True)
class Job:
    """One file to be written.

    Parameters
    ----------
    folder : pathlib.Path
        Temporary folder; what the writer makes under the names of its targets is moved to its place at the end, all
        else is deleted.
    name : str
        Final name of the file.
    facts : TraitFacts
        What is known about the trait.
    side : {"exposure", "outcome"}
        Suffix of the columns, for formats that have one.
    date : datetime.date or None
        Day that the file says it was written on; None: it says none.
    ledger : RowLedger
        Counts the rows that go in; the writer records those that the format cannot hold.
    """

    folder: Path
    name: str
    facts: TraitFacts
    side: Side
    date: datetime.date | None
    ledger: RowLedger

    @property
    def path(self) -> Path:
        """Temporary place of the file."""
        return self.folder / self.name

    @property
    def spool(self) -> Path:
        """Folder for what a writer needs on disk in between."""
        spool = self.folder / "spool"
        spool.mkdir(exist_ok=True)
        return spool


@dataclass(frozen=True, slots=True)
class Written:
    """What came out of writing.

    Parameters
    ----------
    paths : tuple of pathlib.Path
        Files written, the table first.
    rows : RowReport
        Rows in, written, and left out because the format cannot hold them.
    """

    paths: tuple[Path, ...]
    rows: RowReport


def one_file(path: Path) -> tuple[Path, ...]:
    """Return the targets of a writer that makes one file."""
    return (path,)


@dataclass(frozen=True, slots=True)
class Writer:
    """One format that summary statistics can be written in.

    Parameters
    ----------
    name, label : str
        Name in commands; name for readers.
    suffixes : tuple of str
        How a file of this format may end.
    write : callable
        ``write(frames, job)``: frames of schema ``variants``, in order, to ``job.path``; returns the rows written.
    reads_back_as : str
        Name of the format in ``FORMATS`` that reads the file; empty if none does.
    targets : callable
        ``targets(path)``: all files that are made, the table first.
    as_in_file : bool
        Whether a conversion keeps the effect allele of the file that it reads; False: effects are turned to the first
        allele of the variant's class, as the store has them.
    """

    name: str
    label: str
    suffixes: tuple[str, ...]
    write: Callable[[Iterator[pl.DataFrame], Job], int]
    reads_back_as: str = ""
    targets: Callable[[Path], tuple[Path, ...]] = one_file
    as_in_file: bool = True


WRITERS: Registry[Writer] = Registry("writer")
